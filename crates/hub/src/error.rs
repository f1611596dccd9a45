use crate::RouterError;
use hydra_link::LinkError;

/// Why a hub does not start or stopped by itself. What it had in hand is with the card, the devices and the relay, and
/// comes again when it is started again.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A listener can't be opened on loopback.
    #[error("listening for {what}")]
    Listen {
        /// What for.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The way to the card failed.
    #[error("reaching the card")]
    Card(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The card answered what the virtual terminal never answers.
    #[error("talking to the card's virtual terminal")]
    Router(#[from] RouterError),
    /// The relay's link ended.
    #[error("reaching the relay")]
    Link(#[source] LinkError),
    /// A task of the hub panicked.
    #[error("a task of the hub failed: {0}")]
    Task(String),
}
