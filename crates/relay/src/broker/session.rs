use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use mqtt5_protocol::QoS;
use mqtt5_protocol::packet::publish::PublishPacket;

use super::ConnectionId;

/// A message in the relay's care.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) number: u64,
    pub(super) topic: String,
    pub(super) payload: Bytes,
}

/// What the relay keeps for a party, connected or not (MQTT 5 §4.1).
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) subscriptions: BTreeSet<String>,
    pub(super) connection: Option<ConnectionId>,
    /// How long, in seconds, the session outlives its connection.
    pub(super) expiry: u32,
    /// Since when nobody is connected, seconds since 1970 UTC.
    pub(super) away_since: Option<u64>,
    /// How many messages the client takes unacknowledged.
    pub(super) window: usize,
    /// Sent and not acknowledged, in order, with their packet identifiers.
    flying: VecDeque<(u16, Held)>,
    /// Not sent yet, in order.
    queue: VecDeque<Held>,
    bytes: usize,
    last_packet_id: u16,
}

impl Session {
    pub(super) fn len(&self) -> usize {
        self.flying.len() + self.queue.len()
    }

    /// Bytes of payload held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Held> {
        self.flying.iter().map(|(_, held)| held).chain(&self.queue)
    }

    pub(super) fn enqueue(&mut self, held: Held) {
        self.bytes += held.payload.len();
        self.queue.push_back(held);
    }

    /// Forgets the messages for which `keep` is false.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Held) -> bool) {
        self.flying.retain(|(_, held)| keep(held));
        self.queue.retain(|held| keep(held));
        self.bytes = self.messages().map(|held| held.payload.len()).sum();
    }

    /// Forgets a message, while nothing is on its way.
    pub(super) fn settled(&mut self, number: u64) {
        let position = self.queue.iter().position(|held| held.number == number);
        if let Some(held) = position.and_then(|position| self.queue.remove(position)) {
            self.bytes -= held.payload.len();
        }
    }

    /// What to send on a new connection: what was sent and not acknowledged, again and first (MQTT 5 §4.4).
    pub(super) fn resume(&mut self) -> Vec<PublishPacket> {
        // The new connection may take fewer at once than the old one did.
        while self.flying.len() > self.window
            && let Some((_, held)) = self.flying.pop_back()
        {
            self.queue.push_front(held);
        }
        let again = self.flying.iter().map(|(id, held)| {
            let mut packet = packet(*id, held);
            packet.dup = true;
            packet
        });
        again.collect()
    }

    /// The next message to send, if somebody is connected and the window has room.
    pub(super) fn send_next(&mut self) -> Option<(ConnectionId, PublishPacket)> {
        let connection = self.connection?;
        if self.flying.len() >= self.window {
            return None;
        }
        let held = self.queue.pop_front()?;
        let id = self.next_packet_id();
        let packet = packet(id, &held);
        self.flying.push_back((id, held));
        Some((connection, packet))
    }

    /// The client has acknowledged a message: its number.
    pub(super) fn acknowledged(&mut self, packet_id: u16) -> Option<u64> {
        let position = self.flying.iter().position(|(id, _)| *id == packet_id)?;
        let (_, held) = self.flying.remove(position)?;
        self.bytes -= held.payload.len();
        Some(held.number)
    }

    fn next_packet_id(&mut self) -> u16 {
        loop {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            let id = self.last_packet_id;
            if !self.flying.iter().any(|(flying, _)| *flying == id) {
                return id;
            }
        }
    }
}

fn packet(id: u16, held: &Held) -> PublishPacket {
    PublishPacket::new(held.topic.clone(), held.payload.clone(), QoS::AtLeastOnce)
        .with_packet_id(id)
}
