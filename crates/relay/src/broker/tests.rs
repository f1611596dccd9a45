use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use mqtt5_protocol::packet::puback::PubAckPacket;
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::packet::subscribe::SubscribePacket;
use mqtt5_protocol::{ConnectOptions, QoS};
use proptest::prelude::*;

use super::*;

const UP: &str = "hydra/a/supplier/up";
const HUB: ConnectionId = ConnectionId(1);
const SUPPLIER: ConnectionId = ConnectionId(2);

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.serve("supplier", "a");
    registry
}

fn hub() -> Identity {
    Identity::Hub("a".to_owned())
}

fn supplier() -> Identity {
    Identity::Provider("supplier".to_owned())
}

/// A broker and what it has said and stored.
struct Bench {
    broker: Broker,
    now: u64,
    stored: Vec<Record>,
    /// How many of the records are certainly on disk.
    synced: usize,
    sent: Vec<(ConnectionId, Packet)>,
    closed: Vec<ConnectionId>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Broker::new(registry(), Limits::default()), Vec::new())
    }

    fn with(broker: Broker, stored: Vec<Record>) -> Self {
        Self {
            broker,
            now: 1_000,
            synced: stored.len(),
            stored,
            sent: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// A step; its actions in the two strokes of the shell.
    fn step(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.broker.step(self.now, event, &mut actions);
        let sync = actions.iter().any(|action| matches!(action, Action::Sync));
        for action in actions {
            match action {
                Action::Store(record) => self.stored.push(record),
                Action::Sync => {}
                Action::Send(connection, packet) => self.sent.push((connection, packet)),
                Action::Close(connection) => self.closed.push(connection),
            }
        }
        if sync {
            self.synced = self.stored.len();
        }
    }

    fn packet(&mut self, connection: ConnectionId, packet: Packet) {
        self.step(Event::Packet { connection, packet });
    }

    fn connect(&mut self, connection: ConnectionId, party: Identity, expiry: u32, window: u16) {
        let mut options = ConnectOptions::new(party.to_string());
        options.clean_start = false;
        options.properties.session_expiry_interval = Some(expiry);
        options.properties.receive_maximum = Some(window);
        let connect = ConnectPacket::new(options);
        let party = Some(party);
        self.step(Event::Opened { connection, party });
        self.packet(connection, Packet::Connect(Box::new(connect)));
    }

    fn subscribe(&mut self, connection: ConnectionId, filter: &str) {
        let subscribe = SubscribePacket::new(1).add_filter(filter, QoS::AtLeastOnce);
        self.packet(connection, Packet::Subscribe(subscribe));
    }

    fn publish(&mut self, payload: &[u8]) -> ReasonCode {
        let publish = PublishPacket::new(UP, payload.to_vec(), QoS::AtLeastOnce);
        self.packet(HUB, Packet::Publish(publish.with_packet_id(9)));
        let pubacks = self
            .sent
            .iter()
            .rev()
            .filter_map(|(to, packet)| match packet {
                Packet::PubAck(puback) if *to == HUB => Some(puback.reason_code),
                _ => None,
            });
        pubacks.into_iter().next().unwrap()
    }

    fn acknowledge(&mut self, connection: ConnectionId, packet_id: u16) {
        self.packet(connection, Packet::PubAck(PubAckPacket::new(packet_id)));
    }

    /// Takes what was sent to the connection as messages: identifier, DUP, payload.
    fn messages(&mut self, connection: ConnectionId) -> Vec<(u16, bool, Bytes)> {
        let mut messages = Vec::new();
        self.sent.retain(|(to, packet)| match packet {
            Packet::Publish(publish) if *to == connection => {
                let id = publish.packet_id.unwrap();
                messages.push((id, publish.dup, publish.payload.clone()));
                false
            }
            _ => true,
        });
        messages
    }
}

/// Both ends connected, the supplier subscribed.
fn bench(window: u16) -> Bench {
    let mut bench = Bench::new();
    bench.connect(HUB, hub(), 100, 10);
    bench.connect(SUPPLIER, supplier(), 100, window);
    bench.subscribe(SUPPLIER, "hydra/+/supplier/up");
    bench
}

fn payloads(messages: &[(u16, bool, Bytes)]) -> Vec<&[u8]> {
    messages
        .iter()
        .map(|(_, _, payload)| &payload[..])
        .collect()
}

#[test]
fn an_acknowledgement_follows_a_sync_of_the_message() {
    let mut bench = bench(10);
    assert_eq!(bench.publish(b"m"), ReasonCode::Success);
    assert_eq!(bench.synced, bench.stored.len());
    let stored =
        |record: &Record| matches!(record, Record::Message { payload, .. } if payload[..] == *b"m");
    assert!(bench.stored.iter().any(stored));
}

#[test]
fn a_session_is_on_disk_before_it_is_confirmed() {
    let mut bench = Bench::new();
    for (connection, expiry) in [(1, 100), (2, 1_000)] {
        bench.connect(ConnectionId(connection), supplier(), expiry, 10);
        assert_eq!(bench.synced, bench.stored.len());
        let party = supplier();
        assert_eq!(
            bench.stored.last(),
            Some(&Record::Session { party, expiry })
        );
    }
    bench.subscribe(ConnectionId(2), "hydra/a/supplier/up");
    assert_eq!(bench.synced, bench.stored.len());
}

#[test]
fn the_window_holds_back_and_an_acknowledgement_opens_it() {
    let mut bench = bench(2);
    for byte in 0..5 {
        bench.publish(&[byte]);
    }
    let first = bench.messages(SUPPLIER);
    assert_eq!(payloads(&first), [[0], [1]]);
    bench.acknowledge(SUPPLIER, first[0].0);
    let second = bench.messages(SUPPLIER);
    assert_eq!(payloads(&second), [[2]]);
    // An identifier that is on its way is never given to another message.
    assert_ne!(second[0].0, first[1].0);
    bench.acknowledge(SUPPLIER, 999);
    assert!(bench.messages(SUPPLIER).is_empty());
}

#[test]
fn a_resumed_session_gets_what_it_had_in_hand_again_and_first() {
    let mut bench = bench(2);
    for byte in 0..4 {
        bench.publish(&[byte]);
    }
    let first = bench.messages(SUPPLIER);
    bench.step(Event::Lost {
        connection: SUPPLIER,
    });
    assert!(bench.messages(SUPPLIER).is_empty());
    let again = ConnectionId(3);
    bench.connect(again, supplier(), 100, 3);
    let messages = bench.messages(again);
    assert_eq!(payloads(&messages), [[0], [1], [2]]);
    assert_eq!(
        messages
            .iter()
            .map(|(id, dup, _)| (*id, *dup))
            .take(2)
            .collect::<Vec<_>>(),
        [(first[0].0, true), (first[1].0, true)]
    );
    assert!(!messages[2].1);
    // A late word from the old connection changes nothing.
    bench.step(Event::Lost {
        connection: SUPPLIER,
    });
    bench.publish(&[4]);
    bench.acknowledge(again, messages[0].0);
    assert_eq!(payloads(&bench.messages(again)), [[3]]);
}

#[test]
fn a_session_ends_when_its_party_stays_away_and_not_before() {
    let mut bench = bench(10);
    bench.step(Event::Lost {
        connection: SUPPLIER,
    });
    bench.now += 100;
    bench.step(Event::Tick);
    assert_eq!(bench.publish(b"m"), ReasonCode::Success);
    bench.now += 1;
    bench.step(Event::Tick);
    assert_eq!(bench.publish(b"m"), ReasonCode::NoMatchingSubscribers);
    assert!(bench.stored.contains(&Record::Ended { party: supplier() }));
}

#[test]
fn a_session_without_expiry_ends_with_its_connection_even_if_the_relay_falls() {
    let mut bench = Bench::new();
    bench.connect(HUB, hub(), 100, 10);
    bench.connect(SUPPLIER, supplier(), 0, 10);
    bench.subscribe(SUPPLIER, "hydra/+/supplier/up");
    let fallen = Broker::restore(registry(), Limits::default(), bench.stored.clone(), 1_000);
    assert_eq!(fallen.sessions(), 1);
    bench.step(Event::Lost {
        connection: SUPPLIER,
    });
    assert_eq!(bench.publish(b"m"), ReasonCode::NoMatchingSubscribers);
}

#[test]
fn a_snapshot_restores_everything() {
    let mut bench = bench(1);
    for byte in 0..4 {
        bench.publish(&[byte]);
    }
    let first = bench.messages(SUPPLIER);
    bench.acknowledge(SUPPLIER, first[0].0);
    bench.step(Event::Lost { connection: HUB });
    let snapshot: Vec<Record> = bench.broker.snapshot().collect();
    let by_history = Broker::restore(registry(), Limits::default(), bench.stored, 2_000);
    let by_snapshot = Broker::restore(registry(), Limits::default(), snapshot, 2_000);
    assert_eq!(
        by_history.snapshot().collect::<Vec<_>>(),
        by_snapshot.snapshot().collect::<Vec<_>>()
    );
    assert_eq!(by_snapshot.waiting(), 3);
    let traffic = TopicTraffic {
        messages: 4,
        bytes: 4,
    };
    assert_eq!(by_snapshot.traffic()[UP], traffic);
    // Numbers go on: a message that is settled later must not be mistaken for an older one.
    let mut bench = Bench::with(by_snapshot, Vec::new());
    bench.connect(HUB, hub(), 100, 10);
    bench.publish(b"new");
    let number = |record: &Record| match record {
        Record::Message { number, .. } => Some(*number),
        _ => None,
    };
    assert_eq!(bench.stored.iter().find_map(number), Some(5));
}

#[test]
fn a_restored_relay_forgets_what_the_register_no_longer_allows() {
    let mut bench = bench(10);
    bench.publish(b"m");
    let broker = Broker::restore(Registry::new(), Limits::default(), bench.stored.clone(), 0);
    assert_eq!((broker.sessions(), broker.waiting()), (0, 0));
    let mut registry = registry();
    registry.withdraw("supplier", "a");
    let broker = Broker::restore(registry, Limits::default(), bench.stored, 0);
    assert_eq!((broker.sessions(), broker.waiting()), (2, 0));
}

#[derive(Clone, Debug)]
enum Step {
    Publish,
    /// The supplier acknowledges the n-th message it holds.
    Acknowledge(usize),
    Leave,
    Come,
    /// The relay is killed; this many of the records that were not synced reach the disk.
    Fall(usize),
    Tick(u64),
    Compact,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Publish),
        4 => (0..4_usize).prop_map(Step::Acknowledge),
        1 => Just(Step::Leave),
        2 => Just(Step::Come),
        1 => (0..4_usize).prop_map(Step::Fall),
        1 => (0..60_u64).prop_map(Step::Tick),
        1 => Just(Step::Compact),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    /// Whatever happens in whatever order: each acknowledged message reaches the supplier, and nothing else does.
    #[test]
    fn what_was_acknowledged_arrives(steps in steps()) {
        let mut bench = bench(3);
        let mut next_connection = 10;
        let mut connection = Some(SUPPLIER);
        let mut acknowledged = BTreeSet::new();
        let mut received = BTreeSet::new();
        let mut in_hand: BTreeMap<u16, u32> = BTreeMap::new();
        let mut last = 0_u32;
        for step in [Step::Come].into_iter().chain(steps).chain([Step::Come]) {
            match step {
                Step::Publish => {
                    last += 1;
                    if bench.publish(&last.to_be_bytes()) == ReasonCode::Success {
                        acknowledged.insert(last);
                    }
                }
                Step::Acknowledge(index) => {
                    if let (Some(connection), Some(id)) = (connection, in_hand.keys().nth(index).copied()) {
                        in_hand.remove(&id);
                        bench.acknowledge(connection, id);
                    }
                }
                Step::Leave => {
                    if let Some(connection) = connection.take() {
                        bench.step(Event::Lost { connection });
                    }
                }
                Step::Come => {
                    next_connection += 1;
                    connection = Some(ConnectionId(next_connection));
                    in_hand.clear();
                    bench.connect(ConnectionId(next_connection), supplier(), 1_000_000, 3);
                }
                Step::Fall(more) => {
                    let kept = (bench.synced + more).min(bench.stored.len());
                    let mut stored = std::mem::take(&mut bench.stored);
                    stored.truncate(kept);
                    let broker = Broker::restore(registry(), Limits::default(), stored.clone(), bench.now);
                    bench = Bench { now: bench.now, ..Bench::with(broker, stored) };
                    connection = None;
                    bench.connect(HUB, hub(), 100, 10);
                }
                Step::Tick(seconds) => {
                    bench.now += seconds;
                    bench.step(Event::Tick);
                }
                Step::Compact => {
                    bench.stored = bench.broker.snapshot().collect();
                    bench.synced = bench.stored.len();
                }
            }
            if let Some(connection) = connection {
                for (id, _, payload) in bench.messages(connection) {
                    let number = u32::from_be_bytes(payload[..].try_into().unwrap());
                    in_hand.insert(id, number);
                    received.insert(number);
                    prop_assert!(in_hand.len() <= 3);
                }
            }
        }
        // At the end the supplier takes everything.
        let connection = connection.unwrap();
        while let Some((id, _)) = in_hand.pop_first() {
            bench.acknowledge(connection, id);
            for (id, _, payload) in bench.messages(connection) {
                let number = u32::from_be_bytes(payload[..].try_into().unwrap());
                in_hand.insert(id, number);
                received.insert(number);
            }
        }
        prop_assert_eq!(bench.broker.waiting(), 0);
        prop_assert_eq!(received, acknowledged);
    }
}
