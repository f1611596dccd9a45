//! The broker without I/O: `step(now, event)` in, actions out.
//!
//! A topic has one reader (see [`Registry`]), so a message has one addressee and one queue. The shell carries out the
//! actions of a step, or of many steps together, in two strokes: first everything that is to be stored, and a sync; then
//! everything that is to be sent. So nothing is acknowledged that is not on disk.

mod connect;
mod publish;
mod session;
mod subscribe;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mqtt5_protocol::packet::Packet;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::disconnect::DisconnectPacket;
use mqtt5_protocol::types::ReasonCode;

use crate::journal::Record;
use crate::{Identity, Limits, Registry, TopicTraffic};
use session::{Held, Session};

/// Names a connection; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// A client has connected with a verified certificate; the party in it, if it names one.
    Opened {
        /// The new connection.
        connection: ConnectionId,
        /// Who it is.
        party: Option<Identity>,
    },
    /// A packet has come.
    Packet {
        /// Over which connection.
        connection: ConnectionId,
        /// The packet.
        packet: Packet,
    },
    /// The connection has sent what can't be taken, and is to be told why.
    Refused {
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: ReasonCode,
    },
    /// The connection is gone.
    Lost {
        /// Which.
        connection: ConnectionId,
    },
    /// Time has passed.
    Tick,
    /// The relay closes.
    Shutdown,
}

/// What the shell has to do.
#[derive(Debug)]
pub enum Action {
    /// Keep the record. One that must be on disk before anything of this step is sent says so.
    Store(Record),
    /// The records up to here must be on disk before anything of this step is sent.
    Sync,
    /// Send the packet.
    Send(ConnectionId, Packet),
    /// Close the connection, once what was sent is on its way.
    Close(ConnectionId),
}

/// The broker's state.
#[derive(Debug)]
pub struct Broker {
    limits: Limits,
    registry: Registry,
    connections: HashMap<ConnectionId, Connection>,
    sessions: BTreeMap<Identity, Session>,
    traffic: BTreeMap<String, TopicTraffic>,
    last_number: u64,
}

/// One connection.
#[derive(Debug)]
struct Connection {
    party: Option<Arc<Identity>>,
    /// CONNECT has come and was accepted.
    accepted: bool,
}

impl Broker {
    /// A broker that remembers nothing.
    pub fn new(registry: Registry, limits: Limits) -> Self {
        Self {
            limits,
            registry,
            connections: HashMap::new(),
            sessions: BTreeMap::new(),
            traffic: BTreeMap::new(),
            last_number: 0,
        }
    }

    /// A broker that remembers `records`. Parties whose connection the last relay took with it count as away from now on.
    pub fn restore(registry: Registry, limits: Limits, records: Vec<Record>, now: u64) -> Self {
        let mut broker = Self::new(registry, limits);
        for record in records {
            broker.replay(record, now);
        }
        // A session that was to end with its connection did.
        broker.sessions.retain(|_, session| session.expiry != 0);
        broker.obey_registry(now, &mut Vec::new());
        broker
    }

    fn replay(&mut self, record: Record, now: u64) {
        match record {
            Record::Session { party, expiry } => {
                let session = self.sessions.entry(party).or_default();
                session.expiry = expiry;
                session.away_since = Some(now);
            }
            Record::Ended { party } => {
                self.sessions.remove(&party);
            }
            Record::Away { party, since } => {
                if let Some(session) = self.sessions.get_mut(&party) {
                    session.away_since = Some(since);
                }
            }
            Record::Subscribed { party, filter } => {
                if let Some(session) = self.sessions.get_mut(&party) {
                    session.subscriptions.insert(filter);
                }
            }
            Record::Unsubscribed { party, filter } => {
                if let Some(session) = self.sessions.get_mut(&party) {
                    session.subscriptions.remove(&filter);
                }
            }
            Record::Message {
                number,
                to,
                topic,
                payload,
            } => {
                self.last_number = self.last_number.max(number);
                let traffic = self.traffic.entry(topic.clone()).or_default();
                traffic.messages += 1;
                traffic.bytes += payload.len() as u64;
                if let Some(session) = self.sessions.get_mut(&to) {
                    session.enqueue(Held {
                        number,
                        topic,
                        payload,
                    });
                }
            }
            Record::Settled { number, to } => {
                if let Some(session) = self.sessions.get_mut(&to) {
                    session.settled(number);
                }
            }
            Record::Metered {
                topic,
                messages,
                bytes,
            } => {
                let traffic = self.traffic.entry(topic).or_default();
                traffic.messages = messages;
                traffic.bytes = bytes;
            }
        }
    }

    /// The records that [`Broker::restore`] needs to remember everything.
    ///
    /// Meters come last: they count the messages before them.
    pub fn snapshot(&self) -> impl Iterator<Item = Record> + '_ {
        let sessions = self.sessions.iter().flat_map(|(party, session)| {
            let begin = Record::Session {
                party: party.clone(),
                expiry: session.expiry,
            };
            let away = session.away_since.map(|since| Record::Away {
                party: party.clone(),
                since,
            });
            let filters = session
                .subscriptions
                .iter()
                .map(|filter| Record::Subscribed {
                    party: party.clone(),
                    filter: filter.clone(),
                });
            let messages = session.messages().map(|held| Record::Message {
                number: held.number,
                to: party.clone(),
                topic: held.topic.clone(),
                payload: held.payload.clone(),
            });
            std::iter::once(begin)
                .chain(away)
                .chain(filters)
                .chain(messages)
        });
        let meters = self.traffic.iter().map(|(topic, traffic)| Record::Metered {
            topic: topic.clone(),
            messages: traffic.messages,
            bytes: traffic.bytes,
        });
        sessions.chain(meters)
    }

    /// What has gone through each topic.
    pub fn traffic(&self) -> &BTreeMap<String, TopicTraffic> {
        &self.traffic
    }

    /// How many messages wait, or are on their way and not acknowledged.
    pub fn waiting(&self) -> usize {
        self.sessions.values().map(Session::len).sum()
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The register.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Changes the register; what is no longer allowed ends at once.
    pub fn change_registry(
        &mut self,
        now: u64,
        change: impl FnOnce(&mut Registry),
        actions: &mut Vec<Action>,
    ) {
        change(&mut self.registry);
        self.obey_registry(now, actions);
    }

    /// One step. `now` is in seconds since 1970 UTC.
    pub fn step(&mut self, now: u64, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Opened { connection, party } => {
                let party = party.map(Arc::new);
                let accepted = false;
                self.connections
                    .insert(connection, Connection { party, accepted });
            }
            Event::Packet { connection, packet } => self.packet(now, connection, packet, actions),
            Event::Refused { connection, reason } => {
                self.expel(now, connection, reason, actions);
            }
            Event::Lost { connection } => self.gone(now, connection, None, actions),
            Event::Tick => self.expire(now, actions),
            Event::Shutdown => {
                let connections: Vec<_> = self.connections.keys().copied().collect();
                for connection in connections {
                    self.expel(now, connection, ReasonCode::ServerShuttingDown, actions);
                }
            }
        }
    }

    fn packet(&mut self, now: u64, id: ConnectionId, packet: Packet, actions: &mut Vec<Action>) {
        // Packets that were under way when the connection was closed.
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let party = match (&packet, connection.accepted, &connection.party) {
            (Packet::Connect(_), false, party) => {
                let party = party.clone();
                if let Packet::Connect(connect) = packet {
                    self.connect(now, id, party, &connect, actions);
                }
                return;
            }
            (_, true, Some(party)) => party.clone(),
            // Nothing before CONNECT is answered (MQTT 5 §3.1).
            _ => {
                self.connections.remove(&id);
                actions.push(Action::Close(id));
                return;
            }
        };
        match packet {
            Packet::Publish(publish) => self.publish(now, id, &party, publish, actions),
            Packet::PubAck(puback) => self.acknowledged(&party, puback.packet_id, actions),
            Packet::Subscribe(subscribe) => self.subscribe(now, id, &party, &subscribe, actions),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(id, &party, &unsubscribe, actions),
            Packet::PingReq => actions.push(Action::Send(id, Packet::PingResp)),
            Packet::Disconnect(disconnect) => {
                let expiry = disconnect.properties.get_session_expiry_interval();
                self.gone(now, id, expiry, actions);
                actions.push(Action::Close(id));
            }
            _ => self.expel(now, id, ReasonCode::ProtocolError, actions),
        }
    }

    /// Says why, and closes the connection. Before CONNECT was accepted there is no DISCONNECT to send (MQTT 5 §3.14).
    fn expel(&mut self, now: u64, id: ConnectionId, reason: ReasonCode, actions: &mut Vec<Action>) {
        if let Some(connection) = self.connections.get(&id) {
            if connection.accepted {
                let farewell = Packet::Disconnect(DisconnectPacket::new(reason));
                actions.push(Action::Send(id, farewell));
            }
            actions.push(Action::Close(id));
            self.gone(now, id, None, actions);
        }
    }

    /// The connection is no more; its session waits, or ends if it was to.
    fn gone(&mut self, now: u64, id: ConnectionId, expiry: Option<u32>, actions: &mut Vec<Action>) {
        let Some(Connection {
            party: Some(party), ..
        }) = self.connections.remove(&id)
        else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&*party) else {
            return;
        };
        if session.connection != Some(id) {
            return;
        }
        session.connection = None;
        session.away_since = Some(now);
        // A session that was to end with its connection stays so (MQTT 5 §3.14.2.2.2).
        if let Some(expiry) = expiry.filter(|_| session.expiry != 0) {
            session.expiry = expiry.min(self.limits.session_expiry);
            actions.push(Action::Store(Record::Session {
                party: Identity::clone(&party),
                expiry: session.expiry,
            }));
        }
        if session.expiry == 0 {
            self.end_session(&party, actions);
        } else {
            actions.push(Action::Store(Record::Away {
                party: Identity::clone(&party),
                since: now,
            }));
        }
    }

    fn end_session(&mut self, party: &Identity, actions: &mut Vec<Action>) {
        if self.sessions.remove(party).is_some() {
            actions.push(Action::Store(Record::Ended {
                party: party.clone(),
            }));
        }
    }

    /// Ends the sessions of those who have been away too long.
    fn expire(&mut self, now: u64, actions: &mut Vec<Action>) {
        let too_long = |session: &Session| {
            let end = |since: u64| since.saturating_add(u64::from(session.expiry));
            session.away_since.is_some_and(|since| end(since) < now)
        };
        let expired = self
            .sessions
            .iter()
            .filter(|(_, session)| too_long(session));
        let expired: Vec<Identity> = expired.map(|(party, _)| party.clone()).collect();
        for party in expired {
            self.end_session(&party, actions);
        }
    }

    /// Takes away what the register does not allow (any more): connections, sessions, queued messages.
    fn obey_registry(&mut self, now: u64, actions: &mut Vec<Action>) {
        let unknown = |connection: &Connection| {
            let known = |party: &Arc<Identity>| self.registry.knows(party);
            connection.accepted && !connection.party.as_ref().is_some_and(known)
        };
        let connections = self.connections.iter().filter(|(_, c)| unknown(c));
        let connections: Vec<ConnectionId> = connections.map(|(id, _)| *id).collect();
        for connection in connections {
            self.expel(now, connection, ReasonCode::NotAuthorized, actions);
        }
        let sessions = self
            .sessions
            .keys()
            .filter(|party| !self.registry.knows(party));
        let sessions: Vec<Identity> = sessions.cloned().collect();
        for party in sessions {
            self.end_session(&party, actions);
        }
        for (party, session) in &mut self.sessions {
            session.retain(|held| {
                let allowed = self.registry.may_receive(party, &held.topic);
                if !allowed {
                    actions.push(Action::Store(Record::Settled {
                        number: held.number,
                        to: party.clone(),
                    }));
                }
                allowed
            });
        }
    }
}

/// How long a connection that asked for `connect.keep_alive` may be silent, in seconds (MQTT 5 §3.2.2.3.14).
pub(crate) fn keep_alive(connect: &ConnectPacket, limits: &Limits) -> u16 {
    match connect.keep_alive {
        0 => limits.keep_alive,
        asked => asked.min(limits.keep_alive),
    }
}

#[cfg(test)]
mod tests;
