//! The client's half of an MQTT 5 session, without I/O: what is on its way to the broker, and what the consumer holds.

use std::collections::VecDeque;
use std::time::Duration;

use mqtt5_protocol::packet::connack::ConnAckPacket;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::puback::PubAckPacket;
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::packet::suback::SubAckPacket;
use mqtt5_protocol::packet::subscribe::SubscribePacket;
use mqtt5_protocol::packet::{Packet, disconnect::DisconnectPacket};
use mqtt5_protocol::types::ReasonCode;
use mqtt5_protocol::{ConnectOptions, QoS};

use crate::link::{Publish, Settled};
use crate::{LinkConfig, LinkError};

/// How many messages we have on their way at once, if the broker takes that many.
const WINDOW: usize = 64;
/// How many unacknowledged deliveries we bear from a broker that pays no heed to the receive maximum.
const INCOMING_MAX: usize = 4_096;

/// What the shell has to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Send it.
    Send(Packet),
    /// Hand it to the consumer, under this number.
    Deliver {
        number: u64,
        topic: String,
        payload: Vec<u8>,
    },
    /// The broker has confirmed the subscriptions: the link is up.
    Ready,
    /// Drop the connection and make a new one.
    Reconnect,
}

/// A message on its way to the broker.
struct Outgoing {
    packet: PublishPacket,
    publish: Publish,
}

/// A message in the consumer's hands.
struct Incoming {
    number: u64,
    packet_id: u16,
    done: bool,
}

pub(crate) struct Session {
    config: LinkConfig,
    /// Not sent on this connection yet, in order.
    waiting: VecDeque<Outgoing>,
    /// Sent and not confirmed, in order.
    flying: VecDeque<Outgoing>,
    /// Not taken by the broker (nobody subscribed yet, or no room): to be offered again.
    parked: VecDeque<Outgoing>,
    /// Delivered on this connection and not acknowledged, in the broker's order.
    incoming: VecDeque<Incoming>,
    subscribe_id: Option<u16>,
    last_packet_id: u16,
    last_number: u64,
    window: usize,
    packet_limit: usize,
    keep_alive: Duration,
}

impl Session {
    pub(crate) fn new(config: LinkConfig) -> Self {
        Self {
            waiting: VecDeque::new(),
            flying: VecDeque::new(),
            parked: VecDeque::new(),
            incoming: VecDeque::new(),
            subscribe_id: None,
            last_packet_id: 0,
            last_number: 0,
            window: WINDOW,
            packet_limit: usize::MAX,
            keep_alive: config.keep_alive.max(Duration::from_secs(1)),
            config,
        }
    }

    /// How long the connection may be silent: ours, or the broker's if it asks for another (MQTT 5 §3.2.2.3.14).
    pub(crate) fn keep_alive(&self) -> Duration {
        self.keep_alive
    }

    /// The CONNECT of a new connection (MQTT 5 §3.1). What the consumer holds from the old one is void: the broker sends
    /// it again.
    pub(crate) fn connect(&mut self) -> Packet {
        self.incoming.clear();
        self.subscribe_id = None;
        let seconds = |duration: Duration| u32::try_from(duration.as_secs());
        let mut options = ConnectOptions::new(self.config.client_id.clone());
        options.clean_start = false;
        self.keep_alive = self.config.keep_alive.max(Duration::from_secs(1));
        options.keep_alive = self.keep_alive;
        options.properties.session_expiry_interval =
            Some(seconds(self.config.session_expiry).unwrap_or(u32::MAX));
        options.properties.receive_maximum = Some(self.config.receive_maximum.max(1));
        Packet::Connect(Box::new(ConnectPacket::new(options)))
    }

    /// The broker's answer to it. Subscribes, and sends again what it has not confirmed (MQTT 5 §4.4).
    pub(crate) fn connected(&mut self, connack: &ConnAckPacket) -> Result<Vec<Action>, LinkError> {
        if connack.reason_code != ReasonCode::Success {
            return Err(LinkError::Refused {
                what: "the connection".to_owned(),
                reason: connack.reason_code.into(),
            });
        }
        let granted = connack.receive_maximum().map_or(WINDOW, usize::from);
        self.window = granted.min(WINDOW);
        self.packet_limit = connack
            .maximum_packet_size()
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX);

        if let Some(seconds) = connack.properties.get_server_keep_alive() {
            self.keep_alive = Duration::from_secs(u64::from(seconds.max(1)));
        }

        let mut actions = Vec::new();
        if self.config.subscriptions.is_empty() {
            actions.push(Action::Ready);
        } else {
            let packet_id = self.next_packet_id();
            let mut subscribe = SubscribePacket::new(packet_id);
            for filter in &self.config.subscriptions {
                subscribe = subscribe.add_filter(filter.clone(), QoS::AtLeastOnce);
            }
            self.subscribe_id = Some(packet_id);
            actions.push(Action::Send(Packet::Subscribe(subscribe)));
        }
        if connack.session_present {
            for message in &mut self.flying {
                message.packet.dup = true;
                actions.push(Action::Send(Packet::Publish(message.packet.clone())));
            }
        } else {
            // The broker has forgotten the session: what was on its way starts over.
            while let Some(message) = self.flying.pop_back() {
                self.waiting.push_front(message);
            }
        }
        actions.extend(self.send_waiting());
        Ok(actions)
    }

    /// Whether the session can take another message without queueing more than a window of them.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WINDOW
    }

    /// Whether nothing waits for the broker any more.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.flying.is_empty()
    }

    /// Takes a message from the caller. Sends nothing by itself: see [`Session::send_waiting`].
    pub(crate) fn publish(&mut self, mut publish: Publish) {
        let payload = std::mem::take(&mut publish.payload);
        let packet = PublishPacket::new(publish.topic.clone(), payload, QoS::AtLeastOnce);
        self.waiting.push_back(Outgoing { packet, publish });
    }

    /// Sends what the window has room for.
    pub(crate) fn send_waiting(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        while self.flying.len() < self.window {
            let Some(mut message) = self.waiting.pop_front() else {
                break;
            };
            // One byte of type, four of length at most, and the packet identifier.
            let len = message.packet.body_encoded_size() + 5;
            if len > self.packet_limit {
                let error = LinkError::TooLarge {
                    topic: message.packet.topic_name,
                    len,
                    limit: self.packet_limit,
                };
                confirm(message.publish, Err(error));
                continue;
            }
            message.packet.dup = false;
            message.packet.packet_id = Some(self.next_packet_id());
            actions.push(Action::Send(Packet::Publish(message.packet.clone())));
            self.flying.push_back(message);
        }
        actions
    }

    /// Whether messages wait to be offered again.
    pub(crate) fn has_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    /// Offers again what the broker has not taken.
    pub(crate) fn offer_parked(&mut self) -> Vec<Action> {
        while let Some(message) = self.parked.pop_back() {
            self.waiting.push_front(message);
        }
        self.send_waiting()
    }

    /// A packet from the broker.
    pub(crate) fn packet(&mut self, packet: Packet) -> Result<Vec<Action>, LinkError> {
        match packet {
            Packet::Publish(publish) => self.deliver(publish),
            Packet::PubAck(puback) => Ok(self.confirmed(&puback)),
            Packet::SubAck(suback) => self.subscribed(&suback),
            Packet::PingResp => Ok(Vec::new()),
            Packet::Disconnect(packet) if packet.reason_code == ReasonCode::SessionTakenOver => {
                Err(LinkError::Closed)
            }
            Packet::Disconnect(_) => Ok(vec![Action::Reconnect]),
            other => Err(LinkError::Protocol(format!(
                "unexpected {}",
                other.packet_type_name()
            ))),
        }
    }

    /// PUBLISH (MQTT 5 §3.3).
    fn deliver(&mut self, publish: PublishPacket) -> Result<Vec<Action>, LinkError> {
        let Some(packet_id) = publish
            .packet_id
            .filter(|_| publish.qos == QoS::AtLeastOnce)
        else {
            return Err(LinkError::Protocol(format!(
                "a message to {} is not QoS 1",
                publish.topic_name
            )));
        };
        // Still in the consumer's hands: a repetition within one connection, which MQTT 5 §4.4 forbids and Mosquitto 2.0 does.
        let held = |incoming: &Incoming| incoming.packet_id == packet_id;
        if self.incoming.iter().any(held) {
            return Ok(Vec::new());
        }
        // The receive maximum itself is not enforced: Mosquitto 2.0 oversteps it when it empties a long queue.
        if self.incoming.len() >= INCOMING_MAX.max(usize::from(self.config.receive_maximum)) {
            return Err(LinkError::Protocol(
                "far more deliveries than the receive maximum".to_owned(),
            ));
        }
        self.last_number += 1;
        self.incoming.push_back(Incoming {
            number: self.last_number,
            packet_id,
            done: false,
        });
        Ok(vec![Action::Deliver {
            number: self.last_number,
            topic: publish.topic_name,
            payload: publish.payload.into(),
        }])
    }

    /// PUBACK (MQTT 5 §3.4).
    fn confirmed(&mut self, puback: &PubAckPacket) -> Vec<Action> {
        let position = self
            .flying
            .iter()
            .position(|message| message.packet.packet_id == Some(puback.packet_id));
        // An unknown identifier: the confirmation of something the broker had already confirmed before the connection broke.
        let Some(message) = position.and_then(|position| self.flying.remove(position)) else {
            return Vec::new();
        };
        match puback.reason_code {
            ReasonCode::Success => confirm(message.publish, Ok(())),
            // The broker has not kept it: nobody has subscribed yet, or the queue is full.
            ReasonCode::NoMatchingSubscribers | ReasonCode::QuotaExceeded => {
                self.parked.push_back(message);
            }
            reason => {
                let what = format!("the message to {}", message.packet.topic_name);
                let reason = reason.into();
                confirm(message.publish, Err(LinkError::Refused { what, reason }));
            }
        }
        self.send_waiting()
    }

    /// SUBACK (MQTT 5 §3.9).
    fn subscribed(&mut self, suback: &SubAckPacket) -> Result<Vec<Action>, LinkError> {
        if self.subscribe_id.take() != Some(suback.packet_id) {
            return Err(LinkError::Protocol("SUBACK for no subscription".to_owned()));
        }
        for (filter, reason) in self.config.subscriptions.iter().zip(&suback.reason_codes) {
            if !reason.is_success() {
                return Err(LinkError::Refused {
                    what: format!("the subscription to {filter}"),
                    reason: *reason as u8,
                });
            }
        }
        Ok(vec![Action::Ready])
    }

    /// The consumer has dealt with a delivery, or dropped it. Acknowledgements keep the broker's order (MQTT 5 §4.6).
    pub(crate) fn settled(&mut self, settled: Settled) -> Vec<Action> {
        let number = match settled {
            Settled::Done(number) | Settled::Returned(number) => number,
        };
        let Some(delivery) = self.incoming.iter_mut().find(|d| d.number == number) else {
            // From a connection that is gone.
            return Vec::new();
        };
        if matches!(settled, Settled::Returned(_)) {
            return vec![Action::Reconnect];
        }
        delivery.done = true;
        let mut actions = Vec::new();
        while let Some(delivery) = self.incoming.front().filter(|delivery| delivery.done) {
            let puback = PubAckPacket::new(delivery.packet_id);
            actions.push(Action::Send(Packet::PubAck(puback)));
            self.incoming.pop_front();
        }
        actions
    }

    /// The farewell that keeps the session (MQTT 5 §3.14).
    pub(crate) fn disconnect() -> Packet {
        Packet::Disconnect(DisconnectPacket::normal())
    }

    /// The link has ended: nobody is left waiting.
    pub(crate) fn close(self) {
        for message in self
            .flying
            .into_iter()
            .chain(self.waiting)
            .chain(self.parked)
        {
            confirm(message.publish, Err(LinkError::Closed));
        }
    }

    fn next_packet_id(&mut self) -> u16 {
        loop {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            let id = self.last_packet_id;
            let flies = |message: &Outgoing| message.packet.packet_id == Some(id);
            if !self.flying.iter().any(flies) {
                return id;
            }
        }
    }
}

fn confirm(publish: Publish, result: Result<(), LinkError>) {
    // The caller may have stopped waiting.
    let _ = publish.confirm.send(result);
}

#[cfg(test)]
mod tests;
