//! The Card Issuer: brings a card into the state that a [`Plan`] describes, over relay, hub and virtual terminal.
//!
//! It does not count its own steps: it asks the card what is there and does what is missing, so it doesn't matter where
//! it was killed or what somebody else has done meanwhile. Only secrets and what a card can't be asked for are remembered:
//! manufacturing records, the domains' keys, and what answered scripts have shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hydra_crypto::{PublicKey, Random};
use hydra_gp::command::Command as GpCommand;
use hydra_gp::load_file::load_commands;
use hydra_gp::script::Outcome;
use hydra_gp::{
    GetStatus, Install, InstallApplication, InstallForLoad, KeySet, Privileges, PutKey,
    StatusEntry, StatusScope,
};
use hydra_message::Attestation;
use hydra_wire::{Aid, Command, Frame, FrameKind, Response, StatusWord, tlv};

use crate::Seconds;
use crate::ca::{CertificationAuthority, CertifiedKey, IssueError};
use crate::event::{Event, Log};
use crate::exchange::{Answer, Exchange, Request};
use crate::handover::Handover;
use crate::protocol::{self, aid};
use crate::provider::{Outbound, StateError};
use crate::wan::Party;

mod plan;

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

/// How often a step may fail before the issuer gives up.
const ATTEMPTS: u32 = 4;

struct Card {
    record: CardRecord,
    exchange: Exchange,
    /// What the card says is there; nothing before it was asked.
    registry: Option<Registry>,
    furnished: bool,
    domain_keys: BTreeMap<usize, KeySet>,
    /// Duties whose domain keys the card may have taken already, though its answer has not shown it.
    keys_sent: BTreeSet<usize>,
    handovers: BTreeMap<usize, Handover>,
    attempts: BTreeMap<Task, u32>,
    failed: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Registry {
    load_files: BTreeSet<Aid>,
    applications: BTreeSet<Aid>,
    chain: Vec<Vec<u8>>,
}

/// What one script does. The numbers are in journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Asks what is there.
    Inspect,
    /// Chain of the attestation key, routes and policies.
    Furnish,
    /// The outbox library.
    Library,
    /// A duty's security domain.
    Domain(usize),
    /// Its package.
    Package(usize),
    /// Its applet.
    Applet(usize),
    /// Its domain's own key set, and the attestation of the domain's key.
    Keys(usize),
    /// The attestation again, under the domain's own key set.
    Attestation(usize),
}

impl Task {
    fn number(self) -> u32 {
        let (kind, duty) = match self {
            Self::Inspect => (1, 0),
            Self::Furnish => (2, 0),
            Self::Library => (3, 0),
            Self::Domain(duty) => (4, duty),
            Self::Package(duty) => (5, duty),
            Self::Applet(duty) => (6, duty),
            Self::Keys(duty) => (7, duty),
            Self::Attestation(duty) => (8, duty),
        };
        kind << 16 | u32::try_from(duty).unwrap_or(u32::from(u16::MAX))
    }

    fn from_number(number: u32) -> Option<Self> {
        let duty = usize::try_from(number & 0xFFFF).ok()?;
        Some(match number >> 16 {
            1 => Self::Inspect,
            2 => Self::Furnish,
            3 => Self::Library,
            4 => Self::Domain(duty),
            5 => Self::Package(duty),
            6 => Self::Applet(duty),
            7 => Self::Keys(duty),
            8 => Self::Attestation(duty),
            _ => return None,
        })
    }
}

/// Why a step failed on a card.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("{0}")]
    Script(hydra_gp::script::ScriptError),
    #[error("the card's answer has no {0}")]
    Answer(&'static str),
    #[error("the attestation of the domain's key: {0}")]
    Attestation(hydra_message::Error),
    #[error("the attestation is about something else than the domain's key")]
    OtherSubject,
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error(transparent)]
    Aid(#[from] hydra_wire::AidError),
    #[error("the load file is too large for LOAD")]
    TooLarge,
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
                return Err(crate::event::foreign(record, "not an issuer's event"));
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
        let card = Card {
            record,
            exchange: Exchange::new(hub),
            registry: None,
            furnished: false,
            domain_keys: BTreeMap::new(),
            keys_sent: BTreeSet::new(),
            handovers: BTreeMap::new(),
            attempts: BTreeMap::new(),
            failed: None,
        };
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

impl Card {
    fn begun(&mut self, sent: crate::event::ScriptSent) {
        if let Some(Task::Keys(duty)) = Task::from_number(sent.task) {
            self.keys_sent.insert(duty);
        }
        self.exchange.begun(sent);
    }

    fn attestation_chain(&self, ca: &CertificationAuthority) -> Result<Vec<Vec<u8>>, IssueError> {
        let subject = CertifiedKey::Attestation {
            card_id: self.record.card_id,
        };
        ca.issue(&subject, &self.record.attestation_key)
    }

    /// The next thing that is missing.
    fn missing(&self, plan: &Plan, ca: &CertificationAuthority) -> Option<Task> {
        let Some(registry) = &self.registry else {
            return Some(Task::Inspect);
        };
        let chain = self.attestation_chain(ca).unwrap_or_default();
        if !self.furnished || registry.chain != chain {
            return Some(Task::Furnish);
        }
        if !registry.load_files.contains(&plan.library.aid) {
            return Some(Task::Library);
        }
        for (index, duty) in plan.duties.iter().enumerate() {
            if !registry.applications.contains(&duty.domain) {
                return Some(Task::Domain(index));
            }
            if !registry.load_files.contains(&duty.package.aid) {
                return Some(Task::Package(index));
            }
            if !registry.applications.contains(&duty.instance) {
                return Some(Task::Applet(index));
            }
            if !self.handovers.contains_key(&index) {
                // Keys that were sent may be there: then the domain opens with them alone. The two take turns.
                let failures = |task| self.attempts.get(&task).copied().unwrap_or(0);
                let (keys, attestation) = (Task::Keys(index), Task::Attestation(index));
                let under_own =
                    self.keys_sent.contains(&index) && failures(attestation) < failures(keys);
                return Some(if under_own { attestation } else { keys });
            }
        }
        None
    }

    fn request(
        &self,
        task: Task,
        plan: &Plan,
        ca: &CertificationAuthority,
    ) -> Result<Request, StepError> {
        let issuer_domain: Aid = aid::ISSUER_DOMAIN.parse()?;
        let mut domain = issuer_domain.clone();
        let mut keys = self.record.keys.clone();
        let commands = match task {
            Task::Inspect => {
                let status = |scope| GpCommand::GetStatus(GetStatus::all(scope)).to_apdu();
                vec![
                    status(StatusScope::LoadFiles).with_le(65_536),
                    status(StatusScope::Applications).with_le(65_536),
                    // Last, because a card without a chain stops here.
                    protocol::get_long_data(0xBF21),
                ]
            }
            Task::Furnish => {
                let mut objects = protocol::chain_objects(&self.attestation_chain(ca)?);
                objects.extend(plan.objects());
                protocol::store_objects(&objects)
            }
            Task::Library => load(&plan.library, &issuer_domain)?,
            Task::Domain(index) => {
                let install = InstallApplication::new(
                    &aid::DOMAIN_FILE.parse()?,
                    &aid::DOMAIN_MODULE.parse()?,
                    &plan.duties[index].domain,
                    Privileges::SECURITY_DOMAIN,
                    &[],
                );
                vec![GpCommand::Install(Install::InstallAndMakeSelectable(install)).to_apdu()]
            }
            Task::Package(index) => {
                let duty = &plan.duties[index];
                load(&duty.package, &duty.domain)?
            }
            Task::Applet(index) => {
                let duty = &plan.duties[index];
                let install = InstallApplication::new(
                    &duty.package.aid,
                    &duty.module,
                    &duty.instance,
                    Privileges::NONE,
                    &[],
                );
                vec![GpCommand::Install(Install::InstallAndMakeSelectable(install)).to_apdu()]
            }
            Task::Keys(index) => {
                domain = plan.duties[index].domain.clone();
                let own = self
                    .domain_keys
                    .get(&index)
                    .ok_or(StepError::Answer("key set"))?;
                // In SCP03 the session's data encryption key is the static one.
                let put = PutKey::key_set(0, own, &keys.dek);
                vec![
                    protocol::get_long_data(0xDF20),
                    GpCommand::PutKey(put).to_apdu(),
                ]
            }
            Task::Attestation(index) => {
                domain = plan.duties[index].domain.clone();
                keys = self
                    .domain_keys
                    .get(&index)
                    .cloned()
                    .ok_or(StepError::Answer("key set"))?;
                vec![protocol::get_long_data(0xDF20)]
            }
        };
        Ok(Request {
            domain,
            keys,
            commands,
            task: task.number(),
        })
    }

    /// What an answered step has shown.
    fn done(
        &mut self,
        task: Task,
        outcome: Outcome,
        plan: &Plan,
        ca: &CertificationAuthority,
        hub: &str,
    ) -> Result<(), StepError> {
        if task == Task::Inspect {
            self.registry = Some(inspected(outcome)?);
            return Ok(());
        }
        let responses = outcome.complete().map_err(StepError::Script)?;
        let chain = self.attestation_chain(ca)?;
        // Between restarts the registry is kept up to date from what succeeded; a replayed journal has none.
        let registry = self.registry.get_or_insert_default();
        match task {
            Task::Inspect => {}
            Task::Furnish => {
                self.furnished = true;
                registry.chain = chain;
            }
            Task::Library => {
                registry.load_files.insert(plan.library.aid.clone());
            }
            Task::Domain(index) => {
                registry
                    .applications
                    .insert(plan.duties[index].domain.clone());
            }
            Task::Package(index) => {
                registry
                    .load_files
                    .insert(plan.duties[index].package.aid.clone());
            }
            Task::Applet(index) => {
                registry
                    .applications
                    .insert(plan.duties[index].instance.clone());
            }
            Task::Keys(index) | Task::Attestation(index) => {
                let handover = self.certify(index, &responses, plan, ca, hub)?;
                self.handovers.insert(index, handover);
            }
        }
        Ok(())
    }

    /// Checks the card's attestation of a domain's key, and certifies the key.
    fn certify(
        &self,
        index: usize,
        responses: &[Response],
        plan: &Plan,
        ca: &CertificationAuthority,
        hub: &str,
    ) -> Result<Handover, StepError> {
        let duty = plan
            .duties
            .get(index)
            .ok_or(StepError::Answer("duty of the plan"))?;
        let data = responses.first().map_or(&[][..], |response| &response.data);
        let bytes = tlv::find(data, 0xDF20)
            .ok()
            .flatten()
            .ok_or(StepError::Answer("attestation"))?;
        let attestation = Attestation::parse(bytes).map_err(StepError::Attestation)?;
        attestation
            .sign1
            .verify(&self.record.attestation_key)
            .map_err(StepError::Attestation)?;
        let subject = &attestation.subject;
        if subject.card_id != self.record.card_id || subject.domain != duty.domain {
            return Err(StepError::OtherSubject);
        }
        let key = PublicKey::from_bytes(&subject.point).map_err(|_| StepError::OtherSubject)?;
        let certified = CertifiedKey::Domain {
            card_id: subject.card_id,
            domain: duty.domain.clone(),
        };
        Ok(Handover {
            hub: hub.to_owned(),
            card_id: self.record.card_id,
            domain: duty.domain.clone(),
            instance: duty.instance.clone(),
            code_hash: duty.package.code_hash,
            keys: self
                .domain_keys
                .get(&index)
                .cloned()
                .ok_or(StepError::Answer("key set"))?,
            chain: ca.issue(&certified, &key)?,
        })
    }
}

fn load(package: &Package, domain: &Aid) -> Result<Vec<Command>, StepError> {
    let announce = Install::Load(InstallForLoad::new(&package.aid, domain));
    let mut commands = vec![GpCommand::Install(announce).to_apdu()];
    let blocks =
        load_commands(&package.load_file, protocol::max_data()).map_err(|_| StepError::TooLarge)?;
    commands.extend(
        blocks
            .into_iter()
            .map(|block| GpCommand::Load(block).to_apdu()),
    );
    Ok(commands)
}

/// The answers to [`Task::Inspect`]. The chain may be missing; everything else must have been answered.
fn inspected(outcome: Outcome) -> Result<Registry, StepError> {
    let mut responses = outcome.responses.into_iter();
    let mut entries = |what| -> Result<BTreeSet<Aid>, StepError> {
        let response = responses
            .next()
            .filter(|response| response.sw.is_success())
            .ok_or(StepError::Answer(what))?;
        let entries = StatusEntry::read_all(&response.data).map_err(|_| StepError::Answer(what))?;
        Ok(entries.into_iter().map(|entry| entry.aid).collect())
    };
    let load_files = entries("list of load files")?;
    let applications = entries("list of applications")?;
    let response = responses
        .next()
        .ok_or(StepError::Answer("certificate chain"))?;
    let mut chain = Vec::new();
    if response.sw.is_success() {
        let certificates = tlv::find(&response.data, 0xBF21).ok().flatten();
        for certificate in tlv::iter(certificates.unwrap_or_default()).flatten() {
            chain.push(certificate.value.to_vec());
        }
    } else if response.sw != StatusWord::DATA_NOT_FOUND {
        return Err(StepError::Answer("certificate chain"));
    }
    Ok(Registry {
        load_files,
        applications,
        chain,
    })
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
