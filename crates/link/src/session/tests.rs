use super::*;
use mqtt5_protocol::packet::suback::SubAckReasonCode;
use tokio::sync::oneshot;

type Confirmed = oneshot::Receiver<Result<(), LinkError>>;

fn session(subscriptions: &[&str]) -> Session {
    let mut config = LinkConfig::new("127.0.0.1:1", "hub:a", Vec::new(), Vec::new(), Vec::new());
    config.subscriptions = subscriptions.iter().map(|s| (*s).to_owned()).collect();
    Session::new(config)
}

/// Connected, with or without a session at the broker that takes `window` messages at once.
fn connect(session: &mut Session, present: bool, window: u16) -> Vec<Action> {
    session.connect();
    let connack = ConnAckPacket::new(present, ReasonCode::Success).with_receive_maximum(window);
    session.connected(&connack).unwrap()
}

fn publish(session: &mut Session, payload: u8) -> Confirmed {
    let (confirm, confirmed) = oneshot::channel();
    session.publish(Publish {
        topic: "hydra/a/p/up".to_owned(),
        payload: vec![payload],
        confirm,
    });
    confirmed
}

/// The messages among the actions: identifier, DUP, payload.
fn sent(actions: &[Action]) -> Vec<(u16, bool, u8)> {
    let publishes = actions.iter().filter_map(|action| match action {
        Action::Send(Packet::Publish(packet)) => {
            Some((packet.packet_id.unwrap(), packet.dup, packet.payload[0]))
        }
        _ => None,
    });
    publishes.collect()
}

fn payloads(actions: &[Action]) -> Vec<u8> {
    sent(actions)
        .iter()
        .map(|(_, _, payload)| *payload)
        .collect()
}

fn puback(session: &mut Session, id: u16, reason: ReasonCode) -> Vec<Action> {
    let packet = PubAckPacket::new_with_reason(id, reason);
    session.packet(Packet::PubAck(packet)).unwrap()
}

fn incoming(id: u16) -> Packet {
    let packet = PublishPacket::new("hydra/a/p/down", vec![1], QoS::AtLeastOnce);
    Packet::Publish(packet.with_packet_id(id))
}

/// The identifiers acknowledged by the actions.
fn acknowledged(actions: &[Action]) -> Vec<u16> {
    let pubacks = actions.iter().filter_map(|action| match action {
        Action::Send(Packet::PubAck(packet)) => Some(packet.packet_id),
        _ => None,
    });
    pubacks.collect()
}

#[test]
fn a_message_is_confirmed_by_its_own_acknowledgement() {
    let mut session = session(&[]);
    connect(&mut session, false, 2);
    let (mut first, mut second) = (publish(&mut session, 1), publish(&mut session, 2));
    let mut third = publish(&mut session, 3);
    let flying = sent(&session.send_waiting());
    assert_eq!(flying.len(), 2, "no more than the broker takes");
    let next = puback(&mut session, flying[1].0, ReasonCode::Success);
    assert_eq!(payloads(&next), [3]);
    assert!(first.try_recv().is_err());
    assert!(second.try_recv().unwrap().is_ok());
    assert!(third.try_recv().is_err());
    puback(&mut session, flying[0].0, ReasonCode::NotAuthorized);
    let refused = first.try_recv().unwrap().unwrap_err();
    assert!(matches!(refused, LinkError::Refused { reason: 0x87, .. }));
    // An acknowledgement of nothing confirms nothing.
    assert!(puback(&mut session, 999, ReasonCode::Success).is_empty());
    assert!(third.try_recv().is_err());
}

#[test]
fn a_resumed_session_sends_again_with_the_same_identifiers() {
    let mut session = session(&[]);
    connect(&mut session, false, 10);
    let _confirmed = [publish(&mut session, 1), publish(&mut session, 2)];
    let before = sent(&session.send_waiting());
    let _waiting = publish(&mut session, 3);
    let after = sent(&connect(&mut session, true, 10));
    assert_eq!(after[..2], [(before[0].0, true, 1), (before[1].0, true, 2)]);
    assert_eq!((after[2].1, after[2].2), (false, 3));
    let ids: std::collections::BTreeSet<u16> = after.iter().map(|(id, ..)| *id).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_forgotten_session_starts_over_in_order() {
    let mut session = session(&[]);
    connect(&mut session, false, 2);
    let _confirmed = [1, 2, 3].map(|payload| publish(&mut session, payload));
    assert_eq!(payloads(&session.send_waiting()), [1, 2]);
    let again = sent(&connect(&mut session, false, 10));
    assert_eq!(
        again
            .iter()
            .map(|(_, dup, payload)| (*dup, *payload))
            .collect::<Vec<_>>(),
        [(false, 1), (false, 2), (false, 3)]
    );
}

#[test]
fn what_the_broker_has_not_kept_is_offered_again() {
    let mut session = session(&[]);
    connect(&mut session, false, 10);
    let mut confirmed = [publish(&mut session, 1), publish(&mut session, 2)];
    let flying = sent(&session.send_waiting());
    puback(&mut session, flying[0].0, ReasonCode::NoMatchingSubscribers);
    puback(&mut session, flying[1].0, ReasonCode::QuotaExceeded);
    assert!(session.has_parked() && session.is_idle());
    assert!(
        confirmed
            .iter_mut()
            .all(|confirmed| confirmed.try_recv().is_err())
    );
    assert_eq!(payloads(&session.offer_parked()), [1, 2]);
}

#[test]
fn acknowledgements_go_out_in_the_order_of_arrival() {
    let mut session = session(&[]);
    connect(&mut session, true, 10);
    for id in [5, 6, 7] {
        session.packet(incoming(id)).unwrap();
    }
    assert!(acknowledged(&session.settled(Settled::Done(2))).is_empty());
    assert_eq!(acknowledged(&session.settled(Settled::Done(1))), [5, 6]);
    assert_eq!(acknowledged(&session.settled(Settled::Done(3))), [7]);
}

#[test]
fn a_delivery_of_an_old_connection_acknowledges_nothing_on_the_new_one() {
    let mut session = session(&[]);
    connect(&mut session, true, 10);
    session.packet(incoming(5)).unwrap();
    connect(&mut session, true, 10);
    session.packet(incoming(5)).unwrap();
    assert!(session.settled(Settled::Done(1)).is_empty());
    assert!(session.settled(Settled::Returned(1)).is_empty());
    assert_eq!(acknowledged(&session.settled(Settled::Done(2))), [5]);
}

#[test]
fn a_repetition_in_hand_is_not_delivered_twice() {
    let mut session = session(&[]);
    connect(&mut session, true, 10);
    assert_eq!(session.packet(incoming(5)).unwrap().len(), 1);
    assert!(session.packet(incoming(5)).unwrap().is_empty());
    session.settled(Settled::Done(1));
    assert_eq!(session.packet(incoming(5)).unwrap().len(), 1);
}

#[test]
fn a_returned_delivery_asks_for_a_new_connection() {
    let mut session = session(&[]);
    connect(&mut session, true, 10);
    session.packet(incoming(5)).unwrap();
    let actions = session.settled(Settled::Returned(1));
    assert!(matches!(actions[..], [Action::Reconnect]));
}

#[test]
fn a_refused_subscription_is_named() {
    let mut session = session(&["hydra/a/+/down", "hydra/b/+/down"]);
    let actions = connect(&mut session, false, 10);
    let Some(Action::Send(Packet::Subscribe(subscribe))) = actions.first() else {
        panic!("{actions:?}");
    };
    let suback = SubAckPacket::new(subscribe.packet_id)
        .add_reason_code(SubAckReasonCode::GrantedQoS1)
        .add_reason_code(SubAckReasonCode::NotAuthorized);
    let refused = session.packet(Packet::SubAck(suback)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the relay refused the subscription to hydra/b/+/down: reason 0x87"
    );
}

#[test]
fn what_a_broker_must_not_send_is_an_error() {
    for packet in [
        Packet::PingReq,
        Packet::Publish(PublishPacket::new("t", vec![1], QoS::AtMostOnce)),
        Packet::SubAck(SubAckPacket::new(7)),
    ] {
        let mut session = session(&[]);
        connect(&mut session, false, 10);
        let refused = session.packet(packet);
        assert!(
            matches!(refused, Err(LinkError::Protocol(_))),
            "{refused:?}"
        );
    }
}
