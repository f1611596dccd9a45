//! No party reads or writes another's topic, whatever it says.

use hydra_link::{LinkError, RelayLink};
use mqtt5_protocol::packet::Packet;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::packet::subscribe::SubscribePacket;
use mqtt5_protocol::types::{ProtocolVersion, WillMessage};
use mqtt5_protocol::{ConnectOptions, QoS};

use crate::raw::{Raw, options};
use crate::world::{World, reason, take};

async fn raw(world: &World, identity: &str) -> Raw {
    let certified = world.ca.client(identity);
    let dialled = Raw::dial(world.addr(), &world.ca, Some(certified)).await;
    dialled.unwrap()
}

/// Connected as who it is.
async fn honest(world: &World, identity: &str) -> Raw {
    let mut raw = raw(world, identity).await;
    assert_eq!(raw.connect(options(identity)).await, (0, false));
    raw
}

#[tokio::test]
async fn nobody_publishes_for_another() {
    let world = World::start().await;
    // All queues exist, so that a refusal can't be mistaken for "nobody listens".
    let (_a, _b) = (world.link("hub:a").await, world.link("hub:b").await);
    let (_s, _t) = (
        world.link("provider:supplier").await,
        world.link("provider:telecare").await,
    );
    for (party, topic) in [
        ("hub:a", "hydra/b/supplier/up"),
        ("hub:a", "hydra/a/supplier/down"),
        ("hub:a", "hydra/b/supplier/down"),
        ("hub:a", "hydra/a/nobody/up"),
        ("hub:a", "hydra/a/supplier/up/more"),
        ("hub:a", "hydra/a/supplier"),
        ("hub:a", "/hydra/a/supplier/up"),
        ("hub:a", "$SYS/hydra/a/supplier/up"),
        ("hub:b", "hydra/b/telecare/up"),
        ("provider:supplier", "hydra/a/telecare/down"),
        ("provider:supplier", "hydra/a/telecare/up"),
        ("provider:supplier", "hydra/a/supplier/up"),
        ("provider:supplier", "hydra/z/supplier/down"),
        ("provider:telecare", "hydra/b/telecare/down"),
        ("provider:telecare", "hydra/b/supplier/down"),
    ] {
        let (sender, _receiver) = RelayLink::connect(world.config(party)).await.unwrap();
        let refused = sender.publish(topic, b"forged".to_vec()).await.unwrap_err();
        assert_eq!(reason(&refused), Some(0x87), "{party} to {topic}");
    }
    let stats = world.relay.stats().await.unwrap();
    assert_eq!((stats.messages(), stats.waiting), (0, 0));
}

#[tokio::test]
async fn nobody_subscribes_for_another() {
    let world = World::start().await;
    for (party, filters) in [
        (
            "hub:a",
            &[
                "hydra/b/supplier/down",
                "hydra/b/+/down",
                "hydra/+/supplier/down",
                "hydra/a/supplier/up",
                "hydra/a/+/+",
                "hydra/a/#",
                "hydra/#",
                "#",
                "+/+/+/+",
                "+/a/+/down",
                "/#",
                "$SYS/#",
                "$SYS/broker/clients",
            ][..],
        ),
        (
            "provider:telecare",
            &[
                "hydra/a/supplier/up",
                "hydra/+/supplier/up",
                "hydra/+/+/up",
                "hydra/b/telecare/up",
                "hydra/a/telecare/down",
                "hydra/+/telecare/+",
                "hydra/+/telecare/#",
                "hydra/#",
                "#",
                "+/+/telecare/up",
                "$SYS/#",
            ],
        ),
    ] {
        let mut raw = honest(&world, party).await;
        for filter in filters {
            assert_eq!(raw.subscribe(filter).await, 0x87, "{party} to {filter}");
        }
        assert_eq!(raw.subscribe("hydra/+#/x").await, 0x8F);
        // And our own link says so.
        let mut config = world.config(party);
        config.subscriptions = vec![filters[0].to_owned()];
        let refused = RelayLink::connect(config).await.unwrap_err();
        assert_eq!(reason(&refused), Some(0x87));
        assert!(refused.to_string().contains(filters[0]), "{refused}");
    }
}

#[tokio::test]
async fn a_shared_subscription_is_refused() {
    let world = World::start().await;
    let mut raw = honest(&world, "provider:telecare").await;
    for filter in [
        "$share/g/hydra/+/telecare/up",
        "$share/g/hydra/+/supplier/up",
        "$share/g/#",
    ] {
        assert_eq!(raw.subscribe(filter).await, 0x9E, "{filter}");
    }
}

/// What everybody sends, everybody with the widest subscriptions allowed: each gets its own and no more.
#[tokio::test]
async fn each_party_receives_its_own_and_no_more() {
    let world = World::start().await;
    let (a, mut a_in) = world.link("hub:a").await;
    let (b, mut b_in) = world.link("hub:b").await;
    let (supplier, mut supplier_in) = world.link("provider:supplier").await;
    let (telecare, mut telecare_in) = world.link("provider:telecare").await;
    for (sender, topic) in [
        (&b, "hydra/b/supplier/up"),
        (&a, "hydra/a/telecare/up"),
        (&a, "hydra/a/supplier/up"),
        (&supplier, "hydra/b/supplier/down"),
        (&telecare, "hydra/a/telecare/down"),
        (&supplier, "hydra/a/supplier/down"),
    ] {
        sender
            .publish(topic, topic.as_bytes().to_vec())
            .await
            .unwrap();
    }
    for (receiver, topics) in [
        (
            &mut a_in,
            &["hydra/a/telecare/down", "hydra/a/supplier/down"][..],
        ),
        (&mut b_in, &["hydra/b/supplier/down"]),
        (
            &mut supplier_in,
            &["hydra/b/supplier/up", "hydra/a/supplier/up"],
        ),
        (&mut telecare_in, &["hydra/a/telecare/up"]),
    ] {
        for topic in topics {
            assert_eq!(
                take(receiver).await,
                ((*topic).to_owned(), topic.as_bytes().to_vec())
            );
        }
    }
    // Everything was for one of them, and nothing is left.
    let stats = world.relay.stats().await.unwrap();
    assert_eq!(stats.messages(), 6);
    assert_eq!(
        stats.bytes(),
        stats
            .topics
            .keys()
            .map(|topic| topic.len() as u64)
            .sum::<u64>()
    );
}

#[tokio::test]
async fn a_spoofed_client_id_is_refused() {
    let world = World::start().await;
    let (_sender, mut receiver) = world.link("hub:b").await;
    for client_id in [
        "hub:b",
        "provider:supplier",
        "cert:hub:b",
        "cert:00ff",
        "hub:a ",
        "HUB:A",
        "anything",
    ] {
        let mut raw = raw(&world, "hub:a").await;
        assert_eq!(
            raw.connect(options(client_id)).await,
            (0x85, false),
            "{client_id}"
        );
        assert!(raw.recv().await.is_err());
    }
    // The victim's session was not taken over: it still gets what is sent to it.
    let (supplier, _) = world.link("provider:supplier").await;
    supplier
        .publish("hydra/b/supplier/down", b"still there".to_vec())
        .await
        .unwrap();
    assert_eq!(take(&mut receiver).await.1, b"still there");
}

#[tokio::test]
async fn an_empty_client_id_becomes_the_certificates_identity() {
    let world = World::start().await;
    let mut raw = raw(&world, "hub:a").await;
    raw.send(&ConnectPacket::new(options(""))).await.unwrap();
    let Packet::ConnAck(connack) = raw.recv().await.unwrap() else {
        panic!()
    };
    let assigned = connack
        .properties
        .get(mqtt5_protocol::PropertyId::AssignedClientIdentifier);
    assert_eq!(
        assigned,
        Some(&mqtt5_protocol::PropertyValue::Utf8String(
            "hub:a".to_owned()
        ))
    );
}

#[tokio::test]
async fn a_spoofed_user_name_is_refused() {
    let world = World::start().await;
    for (name, password) in [
        ("hub:b", None),
        ("provider:supplier", Some(&b"secret"[..])),
        ("admin", Some(b"admin")),
    ] {
        let mut options = options("hub:a");
        options.username = Some(name.to_owned());
        options.password = password.map(<[u8]>::to_vec);
        let mut raw = raw(&world, "hub:a").await;
        assert_eq!(raw.connect(options).await, (0x86, false), "{name}");
    }
    let mut raw = raw(&world, "hub:a").await;
    let mut options = options("hub:a");
    options.properties.authentication_method = Some("SCRAM-SHA-1".to_owned());
    assert_eq!(raw.connect(options).await, (0x8C, false));
}

#[tokio::test]
async fn a_will_is_refused() {
    let world = World::start().await;
    let (_supplier, _supplier_in) = world.link("provider:supplier").await;
    for (topic, retain, expected) in [
        ("hydra/b/supplier/up", false, 0x87),
        ("hydra/a/supplier/up", false, 0x87),
        ("hydra/b/supplier/down", true, 0x9A),
    ] {
        let mut will = WillMessage::new(topic, b"last words".to_vec());
        will.retain = retain;
        let mut options = options("hub:a");
        options.will = Some(will);
        let mut raw = raw(&world, "hub:a").await;
        assert_eq!(raw.connect(options).await, (expected, false), "{topic}");
    }
    assert_eq!(world.relay.stats().await.unwrap().messages(), 0);
}

#[tokio::test]
async fn a_retained_message_is_refused() {
    let world = World::start().await;
    let (_supplier, _supplier_in) = world.link("provider:supplier").await;
    for topic in ["hydra/a/supplier/up", "hydra/b/supplier/up"] {
        let mut raw = honest_again(&world, "hub:a").await;
        let publish = PublishPacket::new(topic, b"kept".to_vec(), QoS::AtLeastOnce);
        raw.send(&publish.with_packet_id(1).with_retain(true))
            .await
            .unwrap();
        assert_eq!(raw.expelled().await, 0x9A);
    }
    assert_eq!(world.relay.stats().await.unwrap().messages(), 0);
}

/// Connected as who it is, with or without a session from before.
async fn honest_again(world: &World, identity: &str) -> Raw {
    let mut raw = raw(world, identity).await;
    assert_eq!(raw.connect(options(identity)).await.0, 0);
    raw
}

#[tokio::test]
async fn what_the_relay_does_not_offer_is_refused_with_its_reason() {
    let world = World::start().await;
    let (_supplier, _supplier_in) = world.link("provider:supplier").await;
    let topic = "hydra/a/supplier/up";
    let message = |qos| PublishPacket::new(topic, b"m".to_vec(), qos);

    for (publish, expected) in [
        (message(QoS::AtMostOnce), 0x9B),
        (message(QoS::ExactlyOnce).with_packet_id(1), 0x9B),
        (
            message(QoS::AtLeastOnce)
                .with_packet_id(1)
                .with_topic_alias(1),
            0x94,
        ),
    ] {
        let mut raw = honest_again(&world, "hub:a").await;
        raw.send(&publish).await.unwrap();
        assert_eq!(raw.expelled().await, expected, "{publish:?}");
    }

    // Properties would travel outside the sealed payload.
    let mut raw = honest_again(&world, "hub:a").await;
    let publish = message(QoS::AtLeastOnce).with_packet_id(1);
    raw.send(&publish.with_user_property("name".to_owned(), "value".to_owned()))
        .await
        .unwrap();
    let Packet::PubAck(puback) = raw.recv().await.unwrap() else {
        panic!()
    };
    assert_eq!(u8::from(puback.reason_code), 0x83);

    let subscribe = SubscribePacket::new(1).add_filter("hydra/a/+/down", QoS::AtMostOnce);
    raw.send(&subscribe).await.unwrap();
    let Packet::SubAck(suback) = raw.recv().await.unwrap() else {
        panic!()
    };
    assert_eq!(suback.reason_codes[0] as u8, 0x83);

    let subscribe = SubscribePacket::new(1).add_filter("hydra/a/+/down", QoS::AtLeastOnce);
    raw.send(&subscribe.with_subscription_identifier(5))
        .await
        .unwrap();
    assert_eq!(raw.expelled().await, 0xA1);

    let mut old = honest_again(&world, "hub:a").await;
    old.send(&ConnectPacket::new(options("hub:a")))
        .await
        .unwrap();
    assert_eq!(old.expelled().await, 0x82, "a second CONNECT");

    let mut small = options("hub:a");
    small.properties.maximum_packet_size = Some(1_000);
    assert_eq!(
        self::raw(&world, "hub:a").await.connect(small).await,
        (0x95, false)
    );
    assert_eq!(world.relay.stats().await.unwrap().messages(), 0);
}

#[tokio::test]
async fn nothing_goes_before_connect_and_nothing_but_mqtt_5() {
    let world = World::start().await;
    let (_supplier, _supplier_in) = world.link("provider:supplier").await;
    let mut early = raw(&world, "hub:a").await;
    let publish = PublishPacket::new("hydra/a/supplier/up", b"m".to_vec(), QoS::AtLeastOnce);
    early.send(&publish.with_packet_id(1)).await.unwrap();
    assert!(early.recv().await.is_err());

    let mut old = raw(&world, "hub:a").await;
    let connect = ConnectOptions::new("hub:a").with_protocol_version(ProtocolVersion::V311);
    old.send(&ConnectPacket::new_v311(connect)).await.unwrap();
    let Packet::ConnAck(connack) = old.recv().await.unwrap() else {
        panic!()
    };
    assert_eq!(u8::from(connack.reason_code), 0x84);

    // Not MQTT at all, and a packet larger than the relay takes.
    for (bytes, expected) in [(&b"\x00\x00"[..], 0x81), (b"\x32\xFF\xFF\xFF\x7F", 0x95)] {
        let mut raw = raw(&world, "hub:a").await;
        assert_eq!(raw.connect(options("hub:a")).await.0, 0);
        raw.send_bytes(bytes).await.unwrap();
        assert_eq!(raw.expelled().await, expected);
    }
    let mut garbage = raw(&world, "hub:a").await;
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "relay.".repeat(20));
    garbage.send_bytes(request.as_bytes()).await.unwrap();
    assert!(garbage.recv().await.is_err());
    assert_eq!(world.relay.stats().await.unwrap().messages(), 0);
}

#[tokio::test]
async fn a_second_connection_of_a_party_takes_the_sessions_place() {
    let world = World::start().await;
    let mut first = honest(&world, "hub:a").await;
    let mut second = raw(&world, "hub:a").await;
    assert_eq!(second.connect(options("hub:a")).await, (0, true));
    assert_eq!(first.expelled().await, 0x8E);

    // Our link ends then: two processes of one party would chase each other for ever.
    let (sender, mut receiver) = world.link("hub:a").await;
    let mut third = raw(&world, "hub:a").await;
    assert_eq!(third.connect(options("hub:a")).await, (0, true));
    assert!(receiver.recv().await.is_none());
    let ended = sender.publish("hydra/a/supplier/up", b"m".to_vec()).await;
    assert!(matches!(ended, Err(LinkError::Closed)));
}

#[tokio::test]
async fn a_withdrawn_party_gets_nothing_more() {
    let world = World::start().await;
    let (a, _a_in) = world.link("hub:a").await;
    drop(world.link("provider:telecare").await);
    a.publish("hydra/a/telecare/up", b"for telecare".to_vec())
        .await
        .unwrap();
    assert_eq!(world.relay.stats().await.unwrap().waiting, 1);

    world
        .relay
        .change_registry(|registry| registry.withdraw("telecare", "a"))
        .await
        .unwrap();
    assert_eq!(world.relay.stats().await.unwrap().waiting, 0);
    let refused = a
        .publish("hydra/a/telecare/up", b"again".to_vec())
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), Some(0x87));

    let mut telecare = honest_again(&world, "provider:telecare").await;
    world
        .relay
        .change_registry(|registry| registry.remove_provider("telecare"))
        .await
        .unwrap();
    assert_eq!(telecare.expelled().await, 0x87);
}
