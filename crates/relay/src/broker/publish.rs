use mqtt5_protocol::packet::Packet;
use mqtt5_protocol::packet::puback::PubAckPacket;
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::types::ReasonCode;
use mqtt5_protocol::{QoS, topic_matches_filter};

use super::{Action, Broker, ConnectionId, Held};
use crate::Identity;
use crate::journal::Record;

impl Broker {
    /// PUBLISH (MQTT 5 §3.3). PUBACK with reason 00 means: on disk, and the addressee will have it.
    pub(super) fn publish(
        &mut self,
        now: u64,
        id: ConnectionId,
        party: &Identity,
        publish: PublishPacket,
        actions: &mut Vec<Action>,
    ) {
        let packet_id = match publish.packet_id {
            Some(0) => return self.expel(now, id, ReasonCode::ProtocolError, actions),
            Some(packet_id) if publish.qos == QoS::AtLeastOnce => packet_id,
            _ => return self.expel(now, id, ReasonCode::QoSNotSupported, actions),
        };
        if publish.retain {
            return self.expel(now, id, ReasonCode::RetainNotSupported, actions);
        }
        if publish.topic_alias().is_some() {
            return self.expel(now, id, ReasonCode::TopicAliasInvalid, actions);
        }
        let reason = self.take(party, publish, actions);
        let puback = PubAckPacket::new_with_reason(packet_id, reason);
        actions.push(Action::Send(id, Packet::PubAck(puback)));
    }

    /// Takes a message into care, if it may be and somebody waits for it.
    fn take(
        &mut self,
        party: &Identity,
        publish: PublishPacket,
        actions: &mut Vec<Action>,
    ) -> ReasonCode {
        let route = self.registry.route(&publish.topic_name);
        let Some(route) = route.filter(|route| route.from == *party) else {
            return ReasonCode::NotAuthorized;
        };
        // Properties would pass the relay unsealed and unpadded.
        if !publish.properties.is_empty() {
            return ReasonCode::ImplementationSpecificError;
        }
        let Some(session) = self.sessions.get_mut(&route.to) else {
            return ReasonCode::NoMatchingSubscribers;
        };
        let matches = |filter: &String| topic_matches_filter(&publish.topic_name, filter);
        if !session.subscriptions.iter().any(matches) {
            return ReasonCode::NoMatchingSubscribers;
        }
        let bytes = session.bytes() + publish.payload.len();
        if session.len() >= self.limits.queue_messages || bytes > self.limits.queue_bytes {
            return ReasonCode::QuotaExceeded;
        }

        self.last_number += 1;
        let held = Held {
            number: self.last_number,
            topic: publish.topic_name,
            payload: publish.payload,
        };
        let traffic = self.traffic.entry(held.topic.clone()).or_default();
        traffic.messages += 1;
        traffic.bytes += held.payload.len() as u64;
        actions.push(Action::Store(Record::Message {
            number: held.number,
            to: route.to.clone(),
            topic: held.topic.clone(),
            payload: held.payload.clone(),
        }));
        actions.push(Action::Sync);
        session.enqueue(held);
        self.send_queued(&route.to, actions);
        ReasonCode::Success
    }

    /// Sends a party what waits for it, as far as its window goes.
    pub(super) fn send_queued(&mut self, party: &Identity, actions: &mut Vec<Action>) {
        let Some(session) = self.sessions.get_mut(party) else {
            return;
        };
        while let Some((connection, packet)) = session.send_next() {
            actions.push(Action::Send(connection, Packet::Publish(packet)));
        }
    }

    /// PUBACK from a receiver (MQTT 5 §3.4): the message is in its care now, or it does not want it.
    pub(super) fn acknowledged(
        &mut self,
        party: &Identity,
        packet_id: u16,
        actions: &mut Vec<Action>,
    ) {
        let session = self.sessions.get_mut(party);
        let Some(number) = session.and_then(|session| session.acknowledged(packet_id)) else {
            return;
        };
        // Not worth a sync: if it is lost, the message comes again.
        actions.push(Action::Store(Record::Settled {
            number,
            to: party.clone(),
        }));
        self.send_queued(party, actions);
    }
}
