use std::fmt;
use std::str::FromStr;

/// Which way a topic runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The hub publishes, the provider subscribes.
    Up,
    /// The provider publishes, the hub subscribes.
    Down,
}

/// `hydra/<hub>/<port>/up` or `…/down` (docs/protocols.md §9). As a subscription filter, hub or port may be `+`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// The hub's id, without `hub:`.
    pub hub: String,
    /// The port: for a provider its name, without `provider:`.
    pub port: String,
    /// Which way.
    pub direction: Direction,
}

impl Topic {
    /// What the hub publishes to a provider.
    pub fn up(hub: &str, port: &str) -> Self {
        Self::new(hub, port, Direction::Up)
    }

    /// What a provider publishes to the hub.
    pub fn down(hub: &str, port: &str) -> Self {
        Self::new(hub, port, Direction::Down)
    }

    fn new(hub: &str, port: &str, direction: Direction) -> Self {
        Self {
            hub: hub.to_owned(),
            port: port.to_owned(),
            direction,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        write!(f, "hydra/{}/{}/{direction}", self.hub, self.port)
    }
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        let mut levels = text.split('/');
        let mut next = || levels.next().filter(|level| !level.is_empty());
        let topic = match (next(), next(), next(), next()) {
            (Some("hydra"), Some(hub), Some(port), Some("up")) => Self::up(hub, port),
            (Some("hydra"), Some(hub), Some(port), Some("down")) => Self::down(hub, port),
            _ => return Err(TopicError(text.to_owned())),
        };
        match levels.next() {
            None => Ok(topic),
            Some(_) => Err(TopicError(text.to_owned())),
        }
    }
}

/// The text is no topic of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not hydra/<hub>/<port>/up or …/down")]
pub struct TopicError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_read_what_they_write() {
        let topic = Topic::down("h1", "supplier");
        assert_eq!(topic.to_string(), "hydra/h1/supplier/down");
        assert_eq!("hydra/h1/supplier/down".parse(), Ok(topic));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "hydra",
            "hydra/h1/supplier",
            "hydra//supplier/up",
            "hydra/h1/supplier/sideways",
            "hydra/h1/supplier/up/",
            "other/h1/supplier/up",
        ] {
            assert_eq!(text.parse::<Topic>(), Err(TopicError(text.to_owned())));
        }
    }
}
