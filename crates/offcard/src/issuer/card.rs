//! A card in the issuer's care: what is missing on it, the script that brings one thing, and what its answer shows.

use std::collections::{BTreeMap, BTreeSet};

use hydra_crypto::PublicKey;
use hydra_gp::command::Command as GpCommand;
use hydra_gp::load_file::load_commands;
use hydra_gp::script::Outcome;
use hydra_gp::{
    GetStatus, Install, InstallApplication, InstallForLoad, KeySet, Privileges, PutKey,
    StatusEntry, StatusScope,
};
use hydra_message::Attestation;
use hydra_wire::{Aid, Command, Response, StatusWord, tlv};

use super::{CardRecord, Package, Plan};
use crate::ca::{CertificationAuthority, CertifiedKey, IssueError};
use crate::event::ScriptSent;
use crate::exchange::{Exchange, Request};
use crate::handover::Handover;
use crate::protocol::{self, aid};

/// How often a step may fail before the issuer gives up.
pub(super) const ATTEMPTS: u32 = 4;

pub(super) struct Card {
    pub(super) record: CardRecord,
    pub(super) exchange: Exchange,
    /// What the card says is there; nothing before it was asked.
    pub(super) registry: Option<Registry>,
    pub(super) furnished: bool,
    pub(super) domain_keys: BTreeMap<usize, KeySet>,
    /// Duties whose domain keys the card may have taken already, though its answer has not shown it.
    pub(super) keys_sent: BTreeSet<usize>,
    pub(super) handovers: BTreeMap<usize, Handover>,
    pub(super) attempts: BTreeMap<Task, u32>,
    pub(super) failed: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Registry {
    load_files: BTreeSet<Aid>,
    applications: BTreeSet<Aid>,
    chain: Vec<Vec<u8>>,
}

/// What one script does. The numbers are in journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
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
    pub(super) fn number(self) -> u32 {
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

    pub(super) fn from_number(number: u32) -> Option<Self> {
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
pub(super) enum StepError {
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

impl Card {
    pub(super) fn new(hub: &str, record: CardRecord) -> Self {
        Self {
            record,
            exchange: Exchange::new(hub),
            registry: None,
            furnished: false,
            domain_keys: BTreeMap::new(),
            keys_sent: BTreeSet::new(),
            handovers: BTreeMap::new(),
            attempts: BTreeMap::new(),
            failed: None,
        }
    }

    pub(super) fn begun(&mut self, sent: ScriptSent) {
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
    pub(super) fn missing(&self, plan: &Plan, ca: &CertificationAuthority) -> Option<Task> {
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

    pub(super) fn request(
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
    pub(super) fn done(
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
