use mqtt5_protocol::packet::Packet;
use mqtt5_protocol::packet::suback::{SubAckPacket, SubAckReasonCode};
use mqtt5_protocol::packet::subscribe::{SubscribePacket, TopicFilter};
use mqtt5_protocol::packet::unsuback::{UnsubAckPacket, UnsubAckReasonCode};
use mqtt5_protocol::packet::unsubscribe::UnsubscribePacket;
use mqtt5_protocol::types::ReasonCode;
use mqtt5_protocol::{PropertyId, QoS, is_valid_topic_filter};

use super::{Action, Broker, ConnectionId};
use crate::Identity;
use crate::journal::Record;

/// The most filters a session may have: a party has no use for more, and each costs memory and time.
const FILTERS_MAX: usize = 1_024;

impl Broker {
    /// SUBSCRIBE (MQTT 5 §3.8).
    pub(super) fn subscribe(
        &mut self,
        now: u64,
        id: ConnectionId,
        party: &Identity,
        subscribe: &SubscribePacket,
        actions: &mut Vec<Action>,
    ) {
        if subscribe.packet_id == 0 || subscribe.filters.is_empty() {
            return self.expel(now, id, ReasonCode::ProtocolError, actions);
        }
        if subscribe
            .properties
            .contains(PropertyId::SubscriptionIdentifier)
        {
            let reason = ReasonCode::SubscriptionIdentifiersNotSupported;
            return self.expel(now, id, reason, actions);
        }
        let mut suback = SubAckPacket::new(subscribe.packet_id);
        for filter in &subscribe.filters {
            suback = suback.add_reason_code(self.subscribe_one(party, filter, actions));
        }
        // A subscription that is confirmed outlives the relay.
        actions.push(Action::Sync);
        actions.push(Action::Send(id, Packet::SubAck(suback)));
    }

    fn subscribe_one(
        &mut self,
        party: &Identity,
        wanted: &TopicFilter,
        actions: &mut Vec<Action>,
    ) -> SubAckReasonCode {
        let filter = &wanted.filter;
        if filter.starts_with("$share/") {
            return SubAckReasonCode::SharedSubscriptionsNotSupported;
        }
        if !is_valid_topic_filter(filter) {
            return SubAckReasonCode::TopicFilterInvalid;
        }
        if !self.registry.may_subscribe(party, filter) {
            return SubAckReasonCode::NotAuthorized;
        }
        // QoS 0 would lose messages; it can't be raised (MQTT 5 §3.8.4).
        if wanted.options.qos == QoS::AtMostOnce {
            return SubAckReasonCode::ImplementationSpecificError;
        }
        let Some(session) = self.sessions.get_mut(party) else {
            return SubAckReasonCode::UnspecifiedError;
        };
        if session.subscriptions.len() >= FILTERS_MAX && !session.subscriptions.contains(filter) {
            return SubAckReasonCode::QuotaExceeded;
        }
        if session.subscriptions.insert(filter.clone()) {
            actions.push(Action::Store(Record::Subscribed {
                party: party.clone(),
                filter: filter.clone(),
            }));
        }
        SubAckReasonCode::GrantedQoS1
    }

    /// UNSUBSCRIBE (MQTT 5 §3.10). What is queued already is still delivered.
    pub(super) fn unsubscribe(
        &mut self,
        id: ConnectionId,
        party: &Identity,
        unsubscribe: &UnsubscribePacket,
        actions: &mut Vec<Action>,
    ) {
        let mut unsuback = UnsubAckPacket::new(unsubscribe.packet_id);
        for filter in &unsubscribe.filters {
            let session = self.sessions.get_mut(party);
            let existed = session.is_some_and(|session| session.subscriptions.remove(filter));
            if existed {
                actions.push(Action::Store(Record::Unsubscribed {
                    party: party.clone(),
                    filter: filter.clone(),
                }));
            }
            unsuback = unsuback.add_reason_code(match existed {
                true => UnsubAckReasonCode::Success,
                false => UnsubAckReasonCode::NoSubscriptionExisted,
            });
        }
        actions.push(Action::Send(id, Packet::UnsubAck(unsuback)));
    }
}
