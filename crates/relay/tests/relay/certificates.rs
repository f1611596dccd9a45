//! Who gets in at all.

use hydra_link::{LinkError, RelayLink};

use crate::pki::{Ca, Validity};
use crate::raw::{Raw, options};
use crate::world::{World, link_config};

/// Neither our link nor a raw client gets as far as CONNACK with these certificates.
async fn is_kept_out(world: &World, certified: Option<crate::pki::Certified>) {
    if let Some(certified) = certified.clone() {
        let config = link_config(world.addr(), "hub:a", &world.ca, certified);
        match RelayLink::connect(config).await {
            Err(LinkError::Connect { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    // With TLS 1.3 the client may believe for a moment that the handshake has succeeded.
    if let Ok(mut raw) = Raw::dial(world.addr(), &world.ca, certified).await {
        let connect = mqtt5_protocol::packet::connect::ConnectPacket::new(options("hub:a"));
        let sent = raw.send(&connect).await;
        assert!(sent.is_err() || raw.recv().await.is_err());
    }
    assert_eq!(world.relay.stats().await.unwrap().bytes_in, 0);
}

#[tokio::test]
async fn a_certificate_of_another_ca_is_refused() {
    let world = World::start().await;
    is_kept_out(&world, Some(Ca::new("relay CA").client("hub:a"))).await;
}

#[tokio::test]
async fn no_certificate_is_refused() {
    let world = World::start().await;
    is_kept_out(&world, None).await;
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    let world = World::start().await;
    for validity in [Validity::Expired, Validity::NotYet] {
        let certified = world.ca.client_with(&["hub:a"], validity);
        is_kept_out(&world, Some(certified)).await;
    }
}

#[tokio::test]
async fn a_certificate_signed_by_a_client_is_refused() {
    let world = World::start().await;
    let forged = world.ca.client("hub:a").forge("provider:supplier");
    is_kept_out(&world, Some(forged)).await;
}

#[tokio::test]
async fn a_server_certificate_is_no_client_certificate() {
    let world = World::start().await;
    is_kept_out(&world, Some(world.server.clone())).await;
}

#[tokio::test]
async fn a_certificate_that_names_no_party_is_not_authorized() {
    let world = World::start().await;
    for names in [
        &["cert:hub:a"][..],
        &["hub:+"],
        &["hub:a/supplier"],
        &["relay"],
        &[],
        &["hub:a", "provider:supplier"],
        // In form, but not registered.
        &["hub:z"],
        &["provider:nobody"],
    ] {
        let certified = world.ca.client_with(names, Validity::Now);
        for client_id in ["hub:a", "", names.first().unwrap_or(&"x")] {
            let mut raw = Raw::dial(world.addr(), &world.ca, Some(certified.clone()))
                .await
                .unwrap();
            assert_eq!(
                raw.connect(options(client_id)).await,
                (0x87, false),
                "{names:?} as {client_id}"
            );
            assert!(raw.recv().await.is_err());
        }
    }
}

#[tokio::test]
async fn a_client_refuses_a_relay_of_another_ca() {
    let world = World::start().await;
    let other = Ca::new("relay CA");
    let config = link_config(world.addr(), "hub:a", &other, world.ca.client("hub:a"));
    assert!(matches!(
        RelayLink::connect(config).await,
        Err(LinkError::Connect { .. })
    ));
}
