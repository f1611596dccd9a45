//! One relay, a CA, two hubs and two providers.

use std::net::SocketAddr;
use std::time::Duration;

use hydra_link::{Delivery, LinkConfig, LinkError, LinkReceiver, LinkSender, RelayLink};
use hydra_relay::{Registry, Relay, RelayConfig, RelayHandle};
use tokio::time::timeout;

use crate::pki::{Ca, Certified};

/// Longer than anything here takes; reaching it is a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) ca: Ca,
    pub(crate) server: Certified,
    pub(crate) relay: RelayHandle,
}

/// `supplier` serves both hubs, `telecare` only `a`.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.serve("supplier", "a");
    registry.serve("supplier", "b");
    registry.serve("telecare", "a");
    registry
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut RelayConfig)) -> Self {
        let ca = Ca::new("relay CA");
        let server = ca.server();
        let mut config = relay_config(&ca, &server);
        change(&mut config);
        let relay = Relay::start(config).await.unwrap();
        Self { ca, server, relay }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.relay.addr()
    }

    /// The configuration of a party's link, with the subscriptions it has in real life.
    pub(crate) fn config(&self, identity: &str) -> LinkConfig {
        let certified = self.ca.client(identity);
        let config = link_config(self.addr(), identity, &self.ca, certified);
        match identity.split_once(':').unwrap() {
            ("hub", id) => config.subscribe(format!("hydra/{id}/+/down")),
            (_, name) => config.subscribe(format!("hydra/+/{name}/up")),
        }
    }

    pub(crate) async fn link(&self, identity: &str) -> (LinkSender, LinkReceiver) {
        RelayLink::connect(self.config(identity)).await.unwrap()
    }
}

pub(crate) fn relay_config(ca: &Ca, server: &Certified) -> RelayConfig {
    let (chain, key) = (server.chain.clone(), server.key.clone());
    RelayConfig::new(ca.der.clone(), chain, key, registry())
}

pub(crate) fn link_config(
    addr: SocketAddr,
    identity: &str,
    ca: &Ca,
    certified: Certified,
) -> LinkConfig {
    let addr = addr.to_string();
    LinkConfig::new(
        addr,
        identity,
        ca.der.clone(),
        certified.chain,
        certified.key,
    )
}

/// The next delivery.
pub(crate) async fn next(receiver: &mut LinkReceiver) -> Delivery {
    timeout(DEADLINE, receiver.recv()).await.unwrap().unwrap()
}

/// The next delivery's topic and payload, acknowledged.
pub(crate) async fn take(receiver: &mut LinkReceiver) -> (String, Vec<u8>) {
    let delivery = next(receiver).await;
    let taken = (delivery.topic.clone(), delivery.payload.clone());
    delivery.done();
    taken
}

/// The reason code of a refusal.
pub(crate) fn reason(error: &LinkError) -> Option<u8> {
    match error {
        LinkError::Refused { reason, .. } => Some(*reason),
        _ => None,
    }
}
