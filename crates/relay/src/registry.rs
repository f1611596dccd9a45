//! Which hubs and providers there are and who may talk to whom: the whole of the relay's authorisation.

use std::collections::{BTreeMap, BTreeSet};

use crate::Identity;
use crate::identity::is_name;

/// The register of hubs, of providers, and of which provider serves which hub.
///
/// ```
/// use hydra_relay::{Identity, Registry};
///
/// let mut registry = Registry::new();
/// registry.serve("supplier", "h1");
/// let hub: Identity = "hub:h1".parse()?;
/// assert!(registry.may_publish(&hub, "hydra/h1/supplier/up"));
/// assert!(!registry.may_publish(&hub, "hydra/h2/supplier/up"));
/// # Ok::<(), hydra_relay::IdentityError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    hubs: BTreeSet<String>,
    /// Provider → the hubs it serves.
    providers: BTreeMap<String, BTreeSet<String>>,
}

impl Registry {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a hub.
    pub fn add_hub(&mut self, hub: &str) {
        self.hubs.insert(hub.to_owned());
    }

    /// Strikes a hub out, with everything that waits for it.
    pub fn remove_hub(&mut self, hub: &str) {
        self.hubs.remove(hub);
        for hubs in self.providers.values_mut() {
            hubs.remove(hub);
        }
    }

    /// Enters a provider, which serves nobody yet.
    pub fn add_provider(&mut self, provider: &str) {
        self.providers.entry(provider.to_owned()).or_default();
    }

    /// Strikes a provider out, with everything that waits for it.
    pub fn remove_provider(&mut self, provider: &str) {
        self.providers.remove(provider);
    }

    /// The provider serves the hub from now on. Enters both if they are new.
    pub fn serve(&mut self, provider: &str, hub: &str) {
        self.add_hub(hub);
        let hubs = self.providers.entry(provider.to_owned()).or_default();
        hubs.insert(hub.to_owned());
    }

    /// The provider does not serve the hub any more.
    pub fn withdraw(&mut self, provider: &str, hub: &str) {
        if let Some(hubs) = self.providers.get_mut(provider) {
            hubs.remove(hub);
        }
    }

    /// Whether the party is registered at all.
    pub fn knows(&self, party: &Identity) -> bool {
        match party {
            Identity::Hub(hub) => self.hubs.contains(hub),
            Identity::Provider(provider) => self.providers.contains_key(provider),
        }
    }

    /// Whether the provider serves the hub.
    pub fn serves(&self, provider: &str, hub: &str) -> bool {
        let hubs = self.providers.get(provider);
        self.hubs.contains(hub) && hubs.is_some_and(|hubs| hubs.contains(hub))
    }

    /// Whether the party may publish to the topic: a hub up, a provider down.
    pub fn may_publish(&self, party: &Identity, topic: &str) -> bool {
        self.route(topic).is_some_and(|route| route.from == *party)
    }

    /// Whether the party may receive what is published to the topic.
    pub fn may_receive(&self, party: &Identity, topic: &str) -> bool {
        self.route(topic).is_some_and(|route| route.to == *party)
    }

    /// Whether the party may subscribe to the filter. `+` may stand for the other side of a conversation: what it does not
    /// serve is not delivered to it.
    pub fn may_subscribe(&self, party: &Identity, filter: &str) -> bool {
        match (party, levels(filter)) {
            (Identity::Hub(id), Some((hub, port, "down"))) => {
                hub == id && (port == "+" || is_name(port))
            }
            (Identity::Provider(name), Some((hub, port, "up"))) => {
                port == name && (hub == "+" || self.serves(name, hub))
            }
            _ => false,
        }
    }

    /// The register as an access list of Mosquitto, for operators who put that broker in the relay's place. It needs
    /// `use_identity_as_username` and `use_username_as_clientid`. (Its `pattern` rules can't tell `hub:` from the id.)
    pub fn to_mosquitto(&self) -> String {
        let mut list = String::new();
        for hub in &self.hubs {
            list += &format!("user hub:{hub}\n");
            for (provider, hubs) in &self.providers {
                if hubs.contains(hub) {
                    list += &format!("topic write hydra/{hub}/{provider}/up\n");
                    list += &format!("topic read hydra/{hub}/{provider}/down\n");
                }
            }
        }
        for (provider, hubs) in &self.providers {
            list += &format!("user provider:{provider}\n");
            for hub in hubs.intersection(&self.hubs) {
                list += &format!("topic read hydra/{hub}/{provider}/up\n");
                list += &format!("topic write hydra/{hub}/{provider}/down\n");
            }
        }
        list
    }

    /// From whom to whom a topic runs, if it is a topic between parties that may talk.
    pub(crate) fn route(&self, topic: &str) -> Option<Route> {
        let (hub, port, direction) = levels(topic)?;
        if !self.serves(port, hub) {
            return None;
        }
        let hub = Identity::Hub(hub.to_owned());
        let provider = Identity::Provider(port.to_owned());
        match direction {
            "up" => Some(Route {
                from: hub,
                to: provider,
            }),
            "down" => Some(Route {
                from: provider,
                to: hub,
            }),
            _ => None,
        }
    }
}

/// The two parties of a topic.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) from: Identity,
    pub(crate) to: Identity,
}

/// Hub, port and direction of `hydra/<hub>/<port>/<direction>`.
fn levels(topic: &str) -> Option<(&str, &str, &str)> {
    let mut levels = topic.strip_prefix("hydra/")?.split('/');
    match (levels.next(), levels.next(), levels.next(), levels.next()) {
        (Some(hub), Some(port), Some(direction), None) => Some((hub, port, direction)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Registry {
        let mut registry = Registry::new();
        registry.serve("supplier", "a");
        registry.serve("supplier", "b");
        registry.serve("telecare", "a");
        registry
    }

    fn hub(id: &str) -> Identity {
        Identity::Hub(id.to_owned())
    }

    fn provider(name: &str) -> Identity {
        Identity::Provider(name.to_owned())
    }

    /// Every party against every topic: exactly the pairs that serve each other may.
    #[test]
    fn publishing_and_receiving_are_for_the_two_ends_alone() {
        let registry = registry();
        let parties = [
            hub("a"),
            hub("b"),
            hub("c"),
            provider("supplier"),
            provider("telecare"),
            provider("nobody"),
        ];
        let served = [("a", "supplier"), ("b", "supplier"), ("a", "telecare")];
        for h in ["a", "b", "c"] {
            for p in ["supplier", "telecare", "nobody"] {
                let (up, down) = (format!("hydra/{h}/{p}/up"), format!("hydra/{h}/{p}/down"));
                for party in &parties {
                    let speaks = served.contains(&(h, p));
                    assert_eq!(registry.may_publish(party, &up), speaks && *party == hub(h));
                    assert_eq!(
                        registry.may_receive(party, &down),
                        speaks && *party == hub(h)
                    );
                    assert_eq!(
                        registry.may_publish(party, &down),
                        speaks && *party == provider(p)
                    );
                    assert_eq!(
                        registry.may_receive(party, &up),
                        speaks && *party == provider(p)
                    );
                }
            }
        }
    }

    #[test]
    fn subscriptions_stay_on_ones_own_side() {
        let registry = registry();
        for (party, filter, allowed) in [
            (hub("a"), "hydra/a/supplier/down", true),
            (hub("a"), "hydra/a/+/down", true),
            (hub("a"), "hydra/a/supplier/up", false),
            (hub("a"), "hydra/a/+/up", false),
            (hub("a"), "hydra/a/+/+", false),
            (hub("a"), "hydra/a/#", false),
            (hub("a"), "hydra/+/supplier/down", false),
            (hub("a"), "hydra/b/supplier/down", false),
            (hub("a"), "+/a/supplier/down", false),
            (hub("a"), "#", false),
            (provider("supplier"), "hydra/a/supplier/up", true),
            (provider("supplier"), "hydra/+/supplier/up", true),
            (provider("supplier"), "hydra/+/supplier/down", false),
            (provider("supplier"), "hydra/+/+/up", false),
            (provider("supplier"), "hydra/a/telecare/up", false),
            (provider("supplier"), "hydra/c/supplier/up", false),
            (provider("telecare"), "hydra/b/telecare/up", false),
            (provider("telecare"), "hydra/#", false),
            (provider("telecare"), "$SYS/#", false),
            (provider("telecare"), "$share/g/hydra/+/telecare/up", false),
        ] {
            assert_eq!(
                registry.may_subscribe(&party, filter),
                allowed,
                "{party} {filter}"
            );
        }
    }

    #[test]
    fn a_withdrawn_service_may_nothing() {
        let mut registry = registry();
        registry.withdraw("telecare", "a");
        assert!(!registry.may_receive(&provider("telecare"), "hydra/a/telecare/up"));
        assert!(!registry.may_publish(&hub("a"), "hydra/a/telecare/up"));
        registry.remove_hub("b");
        assert!(!registry.knows(&hub("b")));
        registry.serve("supplier", "b");
        registry.remove_hub("b");
        registry.add_hub("b");
        assert!(!registry.serves("supplier", "b"));
    }
}
