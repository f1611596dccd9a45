//! The Card Issuer: brings a card into the state that a [`Plan`] describes, over relay, hub and virtual terminal.
//!
//! It does not count its own steps: it asks the card what is there and does what is missing, so it doesn't matter where
//! it was killed or what somebody else has done meanwhile. Only secrets and what a card can't be asked for are remembered:
//! manufacturing records, the domains' keys, and what answered scripts have shown.

use std::collections::BTreeMap;
use std::path::Path;

use hydra_crypto::{PublicKey, Random};
use hydra_gp::KeySet;
use hydra_wire::{Frame, FrameKind};

use crate::Seconds;
use crate::ca::CertificationAuthority;
use crate::event::{Event, Log};
use crate::exchange::Answer;
use crate::handover::Handover;
use crate::protocol;
use crate::provider::{Outbound, StateError};
use crate::wan::Party;

mod card;
mod plan;

use card::{ATTEMPTS, Card, StepError, Task};
pub use plan::{Duty, Package, Plan, PlanError};

/// What the manufacturer tells the issuer of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRecord {
    /// The card.
    pub card_id: [u8; 8],
    /// The issuer security domain's first key set.
    pub keys: KeySet,
    /// The public attestation key.
    pub attestation_key: PublicKey,
}

/// The Card Issuer.
pub struct CardIssuer {
    ca: CertificationAuthority,
    plan: Plan,
    random: Box<dyn Random + Send>,
    log: Log,
    cards: BTreeMap<String, Card>,
}

/// How far a card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Scripts are under way.
    Working,
    /// Everything of the plan is there.
    Complete,
    /// The same step failed again and again; why.
    Failed(String),
}

impl CardIssuer {
    /// The issuer whose state is in `folder`, or in memory.
    pub fn open(
        folder: Option<&Path>,
        ca: CertificationAuthority,
        plan: Plan,
        random: Box<dyn Random + Send>,
    ) -> Result<Self, StateError> {
        let (log, events) = Log::open(folder)?;
        let mut issuer = Self {
            ca,
            plan,
            random,
            log,
            cards: BTreeMap::new(),
        };
        for (record, event) in events.iter().enumerate() {
            if !issuer.replay(event) {
                return Err(issuer.log.foreign(record, "not an issuer's event"));
            }
        }
        // What answers showed before the process died may be out of date; nothing is believed unasked.
        for card in issuer.cards.values_mut() {
            card.registry = None;
            card.attempts.clear();
            card.failed = None;
        }
        Ok(issuer)
    }

    fn replay(&mut self, event: &Event) -> bool {
        match event {
            Event::Issued {
                hub,
                card_id,
                keys,
                attestation_key,
            } => {
                let (Some(keys), Ok(attestation_key)) = (
                    KeySet::from_bytes(keys),
                    PublicKey::from_bytes(attestation_key),
                ) else {
                    return false;
                };
                let record = CardRecord {
                    card_id: *card_id,
                    keys,
                    attestation_key,
                };
                self.begin(hub, record);
            }
            Event::DomainKeys { hub, duty, keys } => {
                let (Some(card), Some(keys), Ok(duty)) = (
                    self.cards.get_mut(hub),
                    KeySet::from_bytes(keys),
                    usize::try_from(*duty),
                ) else {
                    return false;
                };
                card.domain_keys.insert(duty, keys);
            }
            Event::Script(sent) => {
                let Some(card) = self.cards.get_mut(&sent.hub) else {
                    return false;
                };
                card.begun(sent.clone());
            }
            Event::Taken { hub, correlation } => {
                if let Some(card) = self.cards.get_mut(hub) {
                    card.exchange.taken(*correlation);
                }
            }
            Event::Response {
                hub,
                correlation,
                response,
            } => self.response(hub, *correlation, response),
            _ => return false,
        }
        true
    }

    /// Takes a card into care: brings it to the plan. A card that is known already is looked after anyway.
    pub fn issue(&mut self, hub: &str, record: CardRecord) -> Result<(), StateError> {
        let known = self.cards.get(hub);
        if known.is_some_and(|card| card.record == record) {
            return Ok(());
        }
        self.log.keep(&Event::Issued {
            hub: hub.to_owned(),
            card_id: record.card_id,
            keys: record.keys.to_bytes().to_vec(),
            attestation_key: record.attestation_key.to_bytes().to_vec(),
        })?;
        self.begin(hub, record);
        Ok(())
    }

    fn begin(&mut self, hub: &str, record: CardRecord) {
        let card = Card::new(hub, record);
        self.cards.insert(hub.to_owned(), card);
    }

    /// How far a card is; `None` for a hub without one.
    pub fn progress(&self, hub: &str) -> Option<Progress> {
        let card = self.cards.get(hub)?;
        if let Some(why) = &card.failed {
            return Some(Progress::Failed(why.clone()));
        }
        let complete = card.exchange.is_idle() && card.missing(&self.plan, &self.ca).is_none();
        Some(if complete {
            Progress::Complete
        } else {
            Progress::Working
        })
    }

    /// Tries a card again that was given up.
    pub fn retry(&mut self, hub: &str) {
        if let Some(card) = self.cards.get_mut(hub) {
            card.failed = None;
            card.attempts.clear();
            card.registry = None;
        }
    }

    /// What a provider is handed for its domain on a card, once the domain has its keys and its certificate.
    pub fn handover(&self, hub: &str, provider: &str) -> Option<Handover> {
        let duty = self
            .plan
            .duties
            .iter()
            .position(|duty| duty.provider == provider)?;
        self.cards.get(hub)?.handovers.get(&duty).cloned()
    }

    /// The root certificate, DER, that everybody who checks a chain has to be given.
    pub fn root(&self) -> &[u8] {
        self.ca.root()
    }

    /// Queues the next step of each card that has none under way.
    fn advance(&mut self) -> Result<(), StateError> {
        for (hub, card) in &mut self.cards {
            if !card.exchange.is_idle() || card.failed.is_some() {
                continue;
            }
            let Some(task) = card.missing(&self.plan, &self.ca) else {
                continue;
            };
            if let Task::Keys(duty) = task
                && !card.domain_keys.contains_key(&duty)
            {
                // Kept before the card can get them: keys that only the card knows would lock the domain.
                let purpose = format!("domain keys {hub}");
                let number = u32::try_from(duty).unwrap_or(u32::MAX);
                let keys = KeySet::draw(
                    &mut *self.random,
                    protocol::DOMAIN_KEYS,
                    &purpose,
                    number.into(),
                );
                self.log.keep(&Event::DomainKeys {
                    hub: hub.clone(),
                    duty: number,
                    keys: keys.to_bytes().to_vec(),
                })?;
                card.domain_keys.insert(duty, keys);
            }
            match card.request(task, &self.plan, &self.ca) {
                Ok(request) => card.exchange.queue(request),
                Err(error) => card.failed = Some(error.to_string()),
            }
        }
        Ok(())
    }

    fn response(&mut self, hub: &str, correlation: u32, response: &[u8]) {
        let Some(card) = self.cards.get_mut(hub) else {
            return;
        };
        let Some(Answer { task, result }) = card.exchange.answered(correlation, response) else {
            return;
        };
        let Some(task) = Task::from_number(task) else {
            return;
        };
        let done = result
            .map_err(StepError::Script)
            .and_then(|outcome| card.done(task, outcome, &self.plan, &self.ca, hub));
        match done {
            Ok(()) => {
                card.attempts.remove(&task);
            }
            Err(error) => {
                let attempts = card.attempts.entry(task).or_default();
                *attempts += 1;
                tracing::warn!(hub, ?task, %error, attempts, "a step failed");
                if *attempts >= ATTEMPTS {
                    card.failed = Some(format!("{task:?}: {error}"));
                }
                // What the failed step has left on the card, the card knows.
                card.registry = None;
            }
        }
    }
}

impl Party for CardIssuer {
    fn deliver(&mut self, _now: Seconds, hub: &str, frame: &[u8]) -> Result<(), StateError> {
        let awaited = |correlation| {
            self.cards
                .get(hub)
                .is_some_and(|card| card.exchange.awaits(correlation))
        };
        match Frame::parse(frame) {
            Ok(frame) if frame.kind == FrameKind::ScriptResponse && awaited(frame.correlation) => {
                self.log.keep(&Event::Response {
                    hub: hub.to_owned(),
                    correlation: frame.correlation,
                    response: frame.payload.clone(),
                })?;
                self.response(hub, frame.correlation, &frame.payload);
            }
            // An answer that came before, or what no hub has to send to an issuer.
            Ok(frame) => tracing::debug!(hub, kind = ?frame.kind, "passed over"),
            Err(error) => tracing::warn!(hub, %error, "refused"),
        }
        Ok(())
    }

    fn outbound(&mut self) -> Result<Vec<Outbound>, StateError> {
        self.advance()?;
        let mut frames = Vec::new();
        for card in self.cards.values_mut() {
            if let Some(sent) = card.exchange.next(&mut *self.random) {
                self.log.keep(&Event::Script(sent.clone()))?;
                card.begun(sent);
            }
            frames.extend(card.exchange.outbound());
        }
        Ok(frames)
    }

    fn taken(&mut self, sent: &Outbound) -> Result<(), StateError> {
        if let Some(card) = self.cards.get_mut(&sent.hub) {
            self.log.keep(&Event::Taken {
                hub: sent.hub.clone(),
                correlation: sent.correlation,
            })?;
            card.exchange.taken(sent.correlation);
        }
        Ok(())
    }
}

impl std::fmt::Debug for CardIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardIssuer")
            .field("cards", &self.cards.len())
            .finish_non_exhaustive()
    }
}
