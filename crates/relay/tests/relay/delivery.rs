//! What is acknowledged arrives.

use std::sync::{Arc, Mutex};

use hydra_link::{LinkError, RelayLink};
use hydra_relay::{Passage, Relay, Tap};
use tokio::time::timeout;

use crate::world::{DEADLINE, World, next, relay_config, take};

const UP: &str = "hydra/a/supplier/up";
const DOWN: &str = "hydra/a/supplier/down";

#[tokio::test]
async fn a_thousand_messages_each_way_arrive_once_and_in_order() {
    let world = World::start().await;
    let (hub, mut hub_in) = world.link("hub:a").await;
    let (supplier, mut supplier_in) = world.link("provider:supplier").await;
    let send = |sender: hydra_link::LinkSender, topic: &'static str| async move {
        for number in 0..1_000_u32 {
            sender
                .publish(topic, number.to_be_bytes().to_vec())
                .await
                .unwrap();
        }
    };
    let sending = [
        tokio::spawn(send(hub, UP)),
        tokio::spawn(send(supplier, DOWN)),
    ];
    for number in 0..1_000_u32 {
        assert_eq!(
            take(&mut supplier_in).await,
            (UP.to_owned(), number.to_be_bytes().to_vec())
        );
        assert_eq!(
            take(&mut hub_in).await,
            (DOWN.to_owned(), number.to_be_bytes().to_vec())
        );
    }
    for task in sending {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn messages_wait_for_a_party_that_is_away() {
    let world = World::start().await;
    let (supplier, _supplier_in) = world.link("provider:supplier").await;
    // The hub has been there once; now it sleeps.
    drop(world.link("hub:a").await);
    for number in 0..200_u8 {
        supplier.publish(DOWN, vec![number; 600]).await.unwrap();
    }
    let (_hub, mut hub_in) = world.link("hub:a").await;
    for number in 0..200_u8 {
        assert_eq!(take(&mut hub_in).await.1, [number; 600]);
    }
}

#[tokio::test]
async fn a_message_waits_with_its_sender_until_somebody_subscribes() {
    let recorder = Arc::new(Recorder::default());
    let tap = recorder.clone();
    let world = World::start_with(|config| config.tap = Some(tap)).await;
    let (hub, _hub_in) = world.link("hub:a").await;
    let early = tokio::spawn(async move { hub.publish(UP, b"early".to_vec()).await });
    // Until the relay has said once that it does not take it: PUBACK with reason 10, "no matching subscribers".
    let refused = |bytes: &[u8]| matches!(bytes, [0x40, 4, _, _, 0x10, 0]);
    while !recorder.0.lock().unwrap()[1].windows(6).any(refused) {
        tokio::task::yield_now().await;
    }
    let (_supplier, mut supplier_in) = world.link("provider:supplier").await;
    assert_eq!(take(&mut supplier_in).await.1, b"early");
    early.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_queue_makes_the_sender_wait() {
    let world = World::start_with(|config| config.limits.queue_messages = 3).await;
    let (supplier, _supplier_in) = world.link("provider:supplier").await;
    drop(world.link("hub:a").await);
    let sending = tokio::spawn(async move {
        for number in 0..10_u8 {
            supplier.publish(DOWN, vec![number]).await.unwrap();
        }
    });
    while world.relay.stats().await.unwrap().waiting < 3 {
        tokio::task::yield_now().await;
    }
    let (_hub, mut hub_in) = world.link("hub:a").await;
    for number in 0..10_u8 {
        assert_eq!(take(&mut hub_in).await.1, [number]);
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn what_a_consumer_has_not_dealt_with_comes_to_its_successor() {
    let world = World::start().await;
    let (hub, _hub_in) = world.link("hub:a").await;
    let (supplier, mut supplier_in) = world.link("provider:supplier").await;
    for number in 0..3_u8 {
        hub.publish(UP, vec![number]).await.unwrap();
    }
    assert_eq!(take(&mut supplier_in).await.1, [0]);
    let in_hand = next(&mut supplier_in).await;
    assert_eq!(in_hand.payload, [1]);
    drop((supplier, supplier_in));
    drop(in_hand);

    let (_supplier, mut successor) = world.link("provider:supplier").await;
    let mut seen = vec![take(&mut successor).await.1[0]];
    while seen.last() != Some(&2) {
        seen.push(take(&mut successor).await.1[0]);
    }
    // The acknowledgement of the first may have been lost with the link; what follows it may not.
    assert!(seen == [1, 2] || seen == [0, 1, 2], "{seen:?}");
}

#[tokio::test]
async fn what_is_dropped_comes_again_on_the_same_link() {
    let world = World::start().await;
    let (hub, _hub_in) = world.link("hub:a").await;
    let (_supplier, mut supplier_in) = world.link("provider:supplier").await;
    for number in 0..3_u8 {
        hub.publish(UP, vec![number]).await.unwrap();
    }
    drop(next(&mut supplier_in).await);
    let mut seen = Vec::new();
    while !seen.ends_with(&[0, 1, 2]) {
        seen.push(take(&mut supplier_in).await.1[0]);
        assert!(seen.len() < 6, "{seen:?}");
    }
}

#[tokio::test]
async fn links_outlive_their_relay() {
    let store = tempfile::tempdir().unwrap();
    let mut world = World::start_with(|config| config.store = Some(store.path().to_owned())).await;
    let (hub, _hub_in) = world.link("hub:a").await;
    let (_supplier, mut supplier_in) = world.link("provider:supplier").await;
    hub.publish(UP, b"before".to_vec()).await.unwrap();
    assert_eq!(take(&mut supplier_in).await.1, b"before");

    let mut config = relay_config(&world.ca, &world.server);
    config.bind = world.addr();
    config.store = Some(store.path().to_owned());
    world.relay.shutdown().await.unwrap();
    // Published while there is no relay.
    let published = tokio::spawn(async move {
        hub.publish(UP, b"between".to_vec()).await.unwrap();
        hub
    });
    world.relay = Relay::start(config).await.unwrap();
    loop {
        let payload = take(&mut supplier_in).await.1;
        if payload != b"before" {
            assert_eq!(payload, b"between");
            break;
        }
    }
    let _hub = timeout(DEADLINE, published).await.unwrap().unwrap();
    // The meter goes on where it was.
    assert_eq!(world.relay.stats().await.unwrap().topics[UP].messages, 2);
}

#[tokio::test]
async fn a_message_up_to_the_limit_passes_and_one_above_is_named() {
    let world = World::start().await;
    let (hub, _hub_in) = world.link("hub:a").await;
    let (_supplier, mut supplier_in) = world.link("provider:supplier").await;
    let large: Vec<u8> = (0..1_000_000_u32).map(|i| i.to_be_bytes()[3]).collect();
    hub.publish(UP, large.clone()).await.unwrap();
    assert_eq!(take(&mut supplier_in).await.1, large);
    match hub.publish(UP, vec![0; 1024 * 1024]).await {
        Err(LinkError::TooLarge { topic, limit, .. }) => {
            assert_eq!((topic.as_str(), limit), (UP, 1024 * 1024));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn connecting_waits_for_a_relay_that_is_not_there_yet_but_not_for_ever() {
    let world = World::start().await;
    let mut config = world.config("hub:a");
    let mut relay = relay_config(&world.ca, &world.server);
    relay.bind = world.addr();
    world.relay.shutdown().await.unwrap();

    config.patience = std::time::Duration::ZERO;
    let refused = RelayLink::connect(config.clone()).await.unwrap_err();
    assert!(matches!(refused, LinkError::Connect { .. }), "{refused}");

    config.patience = DEADLINE;
    let connecting = tokio::spawn(RelayLink::connect(config));
    let _relay = Relay::start(relay).await.unwrap();
    timeout(DEADLINE, connecting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[derive(Default)]
struct Recorder(Mutex<[Vec<u8>; 2]>);

impl Tap for Recorder {
    fn record(&self, _connection: u64, passage: Passage, bytes: &[u8]) {
        self.0.lock().unwrap()[passage as usize].extend_from_slice(bytes);
    }
}

#[tokio::test]
async fn the_tap_sees_every_byte_both_ways() {
    let recorder = Arc::new(Recorder::default());
    let tap = recorder.clone();
    let world = World::start_with(|config| config.tap = Some(tap)).await;
    let (hub, _hub_in) = world.link("hub:a").await;
    let (_supplier, mut supplier_in) = world.link("provider:supplier").await;
    let canary = b"a canary that the relay can read";
    hub.publish(UP, canary.to_vec()).await.unwrap();
    assert_eq!(take(&mut supplier_in).await.1, canary);

    let stats = world.relay.stats().await.unwrap();
    world.relay.shutdown().await.unwrap();
    let seen = recorder.0.lock().unwrap();
    let count =
        |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).filter(|w| *w == what).count();
    assert_eq!((count(&seen[0], canary), count(&seen[1], canary)), (1, 1));
    assert!(count(&seen[0], b"hub:a") > 0 && count(&seen[0], UP.as_bytes()) == 1);
    assert!(stats.bytes_in <= seen[0].len() as u64 && stats.bytes_in > canary.len() as u64);
    assert_eq!(stats.topics[UP].bytes, canary.len() as u64);
    assert_eq!(stats.topics[UP].messages, 1);
}
