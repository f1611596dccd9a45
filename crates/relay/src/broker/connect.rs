use std::sync::Arc;

use mqtt5_protocol::PropertyId;
use mqtt5_protocol::packet::Packet;
use mqtt5_protocol::packet::connack::ConnAckPacket;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::types::ReasonCode;

use super::{Action, Broker, ConnectionId, keep_alive};
use crate::Identity;
use crate::journal::Record;

/// How many messages a client is given unacknowledged at most, whatever it asks for.
const WINDOW: u16 = 256;

impl Broker {
    /// CONNECT (MQTT 5 §3.1).
    pub(super) fn connect(
        &mut self,
        now: u64,
        id: ConnectionId,
        party: Option<Arc<Identity>>,
        connect: &ConnectPacket,
        actions: &mut Vec<Action>,
    ) {
        let known = party.filter(|party| self.registry.knows(party));
        let party = match known.ok_or(ReasonCode::NotAuthorized) {
            Ok(party) => match self.refusal(&party, connect) {
                None => party,
                Some(reason) => return self.refuse(id, reason, actions),
            },
            Err(reason) => return self.refuse(id, reason, actions),
        };

        // Another connection of the same party gives way (MQTT 5 §3.1.4).
        if let Some(old) = self
            .sessions
            .get(&*party)
            .and_then(|session| session.connection)
        {
            self.expel(now, old, ReasonCode::SessionTakenOver, actions);
        }
        // CONNACK promises what the session is from now on: a fallen relay must remember it so.
        if connect.clean_start {
            self.end_session(&party, actions);
            actions.push(Action::Sync);
        }
        let asked = connect
            .properties
            .get_session_expiry_interval()
            .unwrap_or(0);
        let expiry = asked.min(self.limits.session_expiry);
        let present = self.sessions.contains_key(&*party);
        let session = self.sessions.entry(Identity::clone(&party)).or_default();
        if !present || session.expiry != expiry {
            actions.push(Action::Store(Record::Session {
                party: Identity::clone(&party),
                expiry,
            }));
            actions.push(Action::Sync);
        }
        session.expiry = expiry;
        session.connection = Some(id);
        session.away_since = None;
        let window = connect.properties.get_receive_maximum().unwrap_or(u16::MAX);
        session.window = usize::from(window.min(WINDOW));
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.accepted = true;
        }

        let limit = u32::try_from(self.limits.packet).unwrap_or(u32::MAX);
        let mut connack = ConnAckPacket::new(present, ReasonCode::Success)
            .with_maximum_qos(1)
            .with_retain_available(false)
            .with_maximum_packet_size(limit)
            .with_subscription_identifier_available(false)
            .with_shared_subscription_available(false);
        if expiry != asked {
            connack = connack.with_session_expiry_interval(expiry);
        }
        if connect.client_id.is_empty() {
            connack = connack.with_assigned_client_id(party.to_string());
        }
        let silence = keep_alive(connect, &self.limits);
        if silence != connect.keep_alive {
            connack = connack.with_server_keep_alive(silence);
        }
        actions.push(Action::Send(id, Packet::ConnAck(connack)));
        for packet in session.resume() {
            actions.push(Action::Send(id, Packet::Publish(packet)));
        }
        self.send_queued(&party, actions);
    }

    /// Why this CONNECT is not accepted from this party. It may claim to be nobody but the party in its certificate.
    fn refusal(&self, party: &Identity, connect: &ConnectPacket) -> Option<ReasonCode> {
        let identity = party.to_string();
        let properties = &connect.properties;
        let takes = properties.get_maximum_packet_size().map(usize::try_from);
        if connect.protocol_version != 5 {
            Some(ReasonCode::UnsupportedProtocolVersion)
        } else if properties.contains(PropertyId::AuthenticationMethod) {
            Some(ReasonCode::BadAuthenticationMethod)
        } else if !connect.client_id.is_empty() && connect.client_id != identity {
            Some(ReasonCode::ClientIdentifierNotValid)
        } else if connect
            .username
            .as_ref()
            .is_some_and(|name| *name != identity)
        {
            Some(ReasonCode::BadUsernameOrPassword)
        } else if connect.will.as_ref().is_some_and(|will| will.retain) {
            Some(ReasonCode::RetainNotSupported)
        } else if connect.will.is_some() {
            // A message that its sender has not sealed at that moment has no place here.
            Some(ReasonCode::NotAuthorized)
        } else if takes.is_some_and(|takes| takes.is_ok_and(|takes| takes < self.limits.packet)) {
            // A client that can't take every message would lose some without a word.
            Some(ReasonCode::PacketTooLarge)
        } else if properties.get_receive_maximum() == Some(0) {
            Some(ReasonCode::ProtocolError)
        } else {
            None
        }
    }

    fn refuse(&mut self, id: ConnectionId, reason: ReasonCode, actions: &mut Vec<Action>) {
        self.connections.remove(&id);
        let connack = ConnAckPacket::new(false, reason);
        actions.push(Action::Send(id, Packet::ConnAck(connack)));
        actions.push(Action::Close(id));
    }
}
