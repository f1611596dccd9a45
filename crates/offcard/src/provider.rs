//! The engine of every provider: homes it was given, scripts to their cards, and messages from them.
//!
//! A message is in the journal before anything is done with it; what the journal holds decides everything else, so a
//! provider that was killed finds itself where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hydra_crypto::{Random, SecretKey, sha256};
use hydra_gp::script::Outcome;
use hydra_message::{Destination, Digest, Purpose, open};
use hydra_wire::{Command, Frame, FrameKind};

use crate::Seconds;
use crate::ca::TrustRoot;
pub use crate::event::StateError;
use crate::event::{Event, Log};
pub use crate::exchange::Outbound;
use crate::exchange::{Answer, Exchange, Request};
use crate::handover::Handover;
use crate::protocol;
use crate::verify::{Admission, Refusal, Streams, Verified, verify};

/// Who a provider is.
pub struct ProviderConfig {
    /// Its name: port, and key identifier of messages to it.
    pub name: String,
    /// The key that messages to it are sealed to.
    pub key: SecretKey,
    /// The issuer's root.
    pub root: TrustRoot,
    /// Challenges for the secure channels.
    pub random: Box<dyn Random + Send>,
}

/// What a provider's role makes of what the engine hands up.
#[derive(Debug)]
pub(crate) enum Happened {
    /// Messages that hold, in order.
    Messages {
        hub: String,
        messages: Vec<Verified>,
    },
    /// A script's answer.
    Answer {
        hub: String,
        task: u32,
        result: Result<Outcome, String>,
    },
    /// Nothing.
    Nothing,
}

/// A message that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it came from.
    pub hub: String,
    /// Why.
    pub why: Refusal,
}

/// The engine.
pub struct Provider {
    name: String,
    key: SecretKey,
    root: TrustRoot,
    random: Box<dyn Random + Send>,
    log: Log,
    homes: BTreeMap<String, Home>,
    seen: BTreeSet<Digest>,
    streams: Streams,
    refused: Vec<Refused>,
    traffic: Traffic,
}

/// What a party has received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages, without those that came again.
    pub messages: u64,
    /// Their sealed bytes.
    pub bytes: u64,
}

struct Home {
    handover: Handover,
    exchange: Exchange,
}

impl Provider {
    /// The engine over a folder, or in memory, and the events that its role has to play again.
    pub(crate) fn open(
        folder: Option<&Path>,
        config: ProviderConfig,
    ) -> Result<(Self, Vec<Event>), StateError> {
        let (log, events) = Log::open(folder)?;
        let provider = Self {
            name: config.name,
            key: config.key,
            root: config.root,
            random: config.random,
            log,
            homes: BTreeMap::new(),
            seen: BTreeSet::new(),
            streams: Streams::default(),
            refused: Vec::new(),
            traffic: Traffic::default(),
        };
        Ok((provider, events))
    }

    pub(crate) fn keep(&mut self, event: &Event) -> Result<(), StateError> {
        self.log.keep(event)
    }

    /// A record that is none of the role's.
    pub(crate) fn foreign(&self, record: usize, what: &str) -> StateError {
        self.log.foreign(record, what)
    }

    /// Plays an event of the engine's own again; `None` when it is not one.
    pub(crate) fn replay(&mut self, event: &Event) -> Option<Happened> {
        match event {
            Event::Enrolled(record) => {
                let handover = record.open()?;
                self.take_home(handover);
            }
            Event::Message { hub, at, sealed } => {
                return Some(self.message(hub, *at, sealed));
            }
            Event::Script(sent) => {
                if let Some(home) = self.homes.get_mut(&sent.hub) {
                    home.exchange.begun(sent.clone());
                }
            }
            Event::Taken { hub, correlation } => {
                if let Some(home) = self.homes.get_mut(hub) {
                    home.exchange.taken(*correlation);
                }
            }
            Event::Response {
                hub,
                correlation,
                response,
            } => return Some(self.response(hub, *correlation, response)),
            _ => return None,
        }
        Some(Happened::Nothing)
    }

    /// Takes a home over from the issuer; a second time it changes nothing.
    pub(crate) fn enrol(&mut self, handover: Handover) -> Result<(), StateError> {
        let known = self.homes.get(&handover.hub);
        if known.is_some_and(|home| home.handover == handover) {
            return Ok(());
        }
        self.log.keep(&Event::Enrolled((&handover).into()))?;
        self.take_home(handover);
        Ok(())
    }

    fn take_home(&mut self, handover: Handover) {
        let hub = handover.hub.clone();
        let exchange = Exchange::new(&hub);
        match self.homes.get_mut(&hub) {
            // The conversation goes on under the new title.
            Some(home) => home.handover = handover,
            None => {
                self.homes.insert(hub, Home { handover, exchange });
            }
        }
    }

    /// What the issuer handed over for a home.
    pub fn handover(&self, hub: &str) -> Option<&Handover> {
        self.homes.get(hub).map(|home| &home.handover)
    }

    /// Queues commands for the provider's domain on a home's card, unless they are under way already.
    pub(crate) fn request(&mut self, hub: &str, task: u32, commands: Vec<Command>) {
        if let Some(home) = self.homes.get_mut(hub)
            && !home.exchange.has_task(task)
        {
            home.exchange.queue(Request {
                domain: home.handover.domain.clone(),
                keys: home.handover.keys.clone(),
                commands,
                task,
            });
        }
    }

    /// The commands that put the chain of the domain's key and its recipients on the card.
    pub(crate) fn domain_commands(&self, hub: &str, householder: &[u8; 65]) -> Vec<Command> {
        let Some(handover) = self.handover(hub) else {
            return Vec::new();
        };
        let own = self.key.public().to_bytes();
        let mut objects = protocol::chain_objects(&handover.chain);
        objects.extend(protocol::recipient_object(
            Destination::Provider,
            &own,
            &self.name,
        ));
        objects.extend(protocol::recipient_object(
            Destination::Householder,
            householder,
            protocol::HOUSEHOLDER,
        ));
        protocol::store_objects(&objects)
    }

    /// Takes the payload of a relay message from a hub. Whatever this returns is durable.
    pub(crate) fn deliver(
        &mut self,
        now: Seconds,
        hub: &str,
        frame: &[u8],
    ) -> Result<Happened, StateError> {
        if !self.homes.contains_key(hub) {
            self.refuse(hub, Refusal::UnknownHub(hub.to_owned()));
            return Ok(Happened::Nothing);
        }
        let frame = match Frame::parse(frame) {
            Ok(frame) => frame,
            Err(error) => {
                self.refuse(hub, Refusal::Frame(error));
                return Ok(Happened::Nothing);
            }
        };
        match frame.kind {
            FrameKind::Message => {
                if self.seen.contains(&sha256(&frame.payload)) {
                    return Ok(Happened::Nothing);
                }
                self.log.keep(&Event::Message {
                    hub: hub.to_owned(),
                    at: now,
                    sealed: frame.payload.clone(),
                })?;
                Ok(self.message(hub, now, &frame.payload))
            }
            FrameKind::ScriptResponse => {
                let awaited = self
                    .homes
                    .get(hub)
                    .is_some_and(|home| home.exchange.awaits(frame.correlation));
                // An answer that came before, or one to nothing.
                if !awaited {
                    return Ok(Happened::Nothing);
                }
                self.log.keep(&Event::Response {
                    hub: hub.to_owned(),
                    correlation: frame.correlation,
                    response: frame.payload.clone(),
                })?;
                Ok(self.response(hub, frame.correlation, &frame.payload))
            }
            FrameKind::Script => {
                self.refuse(hub, Refusal::Unexpected);
                Ok(Happened::Nothing)
            }
        }
    }

    fn message(&mut self, hub: &str, at: Seconds, sealed: &[u8]) -> Happened {
        if !self.seen.insert(sha256(sealed)) {
            return Happened::Nothing;
        }
        self.traffic.messages += 1;
        self.traffic.bytes += sealed.len() as u64;
        match self.admit(hub, at, sealed) {
            Ok(Admission::Next(messages)) => Happened::Messages {
                hub: hub.to_owned(),
                messages,
            },
            Ok(Admission::Duplicate) => Happened::Nothing,
            Ok(Admission::Early { missing }) => {
                tracing::warn!(hub, missing, "a message came before one that is missing");
                Happened::Nothing
            }
            Err(why) => {
                self.refuse(hub, why);
                Happened::Nothing
            }
        }
    }

    fn admit(&mut self, hub: &str, at: Seconds, sealed: &[u8]) -> Result<Admission, Refusal> {
        let home = self
            .homes
            .get(hub)
            .ok_or_else(|| Refusal::UnknownHub(hub.to_owned()))?;
        let sign1 = open(sealed, &self.name, &self.key).map_err(Refusal::Message)?;
        let speaker = home.handover.speaker();
        let verified = verify(&sign1, &self.name, &[speaker], &self.root, at)?;
        self.streams.admit(verified)
    }

    fn response(&mut self, hub: &str, correlation: u32, response: &[u8]) -> Happened {
        let Some(Answer { task, result }) = self
            .homes
            .get_mut(hub)
            .and_then(|home| home.exchange.answered(correlation, response))
        else {
            return Happened::Nothing;
        };
        Happened::Answer {
            hub: hub.to_owned(),
            task,
            result: result.map_err(|error| error.to_string()),
        }
    }

    pub(crate) fn refuse(&mut self, hub: &str, why: Refusal) {
        tracing::warn!(hub, %why, "refused");
        self.refused.push(Refused {
            hub: hub.to_owned(),
            why,
        });
    }

    /// Frames that the relay has not taken yet. What is returned is durable as under way.
    pub(crate) fn outbound(&mut self) -> Result<Vec<Outbound>, StateError> {
        let mut frames = Vec::new();
        for home in self.homes.values_mut() {
            if let Some(sent) = home.exchange.next(&mut *self.random) {
                self.log.keep(&Event::Script(sent.clone()))?;
                home.exchange.begun(sent);
            }
            frames.extend(home.exchange.outbound());
        }
        Ok(frames)
    }

    /// The relay has a frame in its care.
    pub(crate) fn taken(&mut self, hub: &str, correlation: u32) -> Result<(), StateError> {
        if let Some(home) = self.homes.get_mut(hub) {
            self.log.keep(&Event::Taken {
                hub: hub.to_owned(),
                correlation,
            })?;
            home.exchange.taken(correlation);
        }
        Ok(())
    }

    /// Checks a kept message anew, as at the time when it came: signature, chains, attestation, and that its counter is
    /// its place in what came from its domain.
    pub fn holds(&self, hub: &str, sign1: &[u8], at: Seconds) -> bool {
        let Some(handover) = self.handover(hub) else {
            return false;
        };
        verify(sign1, &self.name, &[handover.speaker()], &self.root, at)
            .is_ok_and(|verified| self.streams.contains(&verified))
    }

    /// Messages that were refused, and why.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// What came.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// How many messages of each purpose it has opened and believed.
    pub fn kinds(&self) -> BTreeMap<Purpose, u64> {
        self.streams.kinds()
    }

    /// Messages that wait for one that is missing.
    pub fn early(&self) -> usize {
        self.streams.early()
    }

    /// The provider's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
