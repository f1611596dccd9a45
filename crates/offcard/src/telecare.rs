//! Telecare: says who the patient of a home is, and turns measurements into FHIR R4 Observations.

use std::collections::BTreeMap;
use std::path::Path;

use hydra_gp::Install;
use hydra_message::{Measurement, Purpose};

use crate::Seconds;
use crate::event::Event;
use crate::handover::Handover;
use crate::protocol;
use crate::provider::{Happened, Outbound, Provider, ProviderConfig, StateError};
use crate::verify::{Refusal, Verified};
use crate::wan::Party;

pub mod fhir;

use fhir::Observation;

/// How far a home's personalisation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The card has not confirmed yet.
    Personalizing,
    /// Measurements come.
    Ready,
    /// The card refused; why.
    Failed(String),
}

/// Telecare.
#[derive(Debug)]
pub struct Telecare {
    engine: Provider,
    patients: BTreeMap<String, Patient>,
}

#[derive(Debug)]
struct Patient {
    reference: String,
    progress: Progress,
    observations: Vec<Observation>,
    originals: Vec<Vec<u8>>,
}

const PERSONALIZE: u32 = 1;
const PATIENT: u16 = 0x8101;

impl Telecare {
    /// Telecare whose state is in `folder`, or in memory.
    pub fn open(folder: Option<&Path>, config: ProviderConfig) -> Result<Self, StateError> {
        let (engine, events) = Provider::open(folder, config)?;
        let mut telecare = Self {
            engine,
            patients: BTreeMap::new(),
        };
        for (record, event) in events.iter().enumerate() {
            if let Some(happened) = telecare.engine.replay(event) {
                telecare.happened(happened);
            } else if let Event::Patient {
                hub,
                reference,
                householder,
            } = event
            {
                telecare.begin(hub, reference, householder);
            } else {
                return Err(telecare.engine.foreign(record, "not an event of telecare"));
            }
        }
        Ok(telecare)
    }

    /// Takes a home over from the issuer. A second time it changes nothing.
    pub fn enrol(&mut self, handover: Handover) -> Result<(), StateError> {
        self.engine.enrol(handover)
    }

    /// Tells the card of a home that was taken over who the patient is: an id of 1 to 32 bytes, as FHIR has them.
    /// The same patient again changes nothing.
    pub fn care_for(
        &mut self,
        hub: &str,
        householder: &[u8; 65],
        reference: &str,
    ) -> Result<(), StateError> {
        let known = self.patients.get(hub);
        if known.is_some_and(|patient| patient.reference == reference) {
            return Ok(());
        }
        self.engine.keep(&Event::Patient {
            hub: hub.to_owned(),
            reference: reference.to_owned(),
            householder: *householder,
        })?;
        self.begin(hub, reference, householder);
        Ok(())
    }

    fn begin(&mut self, hub: &str, reference: &str, householder: &[u8; 65]) {
        let (observations, originals) = self
            .patients
            .remove(hub)
            .map(|patient| (patient.observations, patient.originals))
            .unwrap_or_default();
        self.patients.insert(
            hub.to_owned(),
            Patient {
                reference: reference.to_owned(),
                progress: Progress::Personalizing,
                observations,
                originals,
            },
        );
        let Some(handover) = self.engine.handover(hub) else {
            return;
        };
        let install = Install::Personalization(handover.instance.clone());
        let mut commands = self.engine.domain_commands(hub, householder);
        commands.push(hydra_gp::Command::Install(install).to_apdu());
        commands.extend(protocol::store_groupings([(PATIENT, reference.as_bytes())]));
        self.engine.request(hub, PERSONALIZE, commands);
    }

    /// How far a home is; `None` before its patient is known.
    pub fn progress(&self, hub: &str) -> Option<&Progress> {
        self.patients.get(hub).map(|patient| &patient.progress)
    }

    /// The Observations of a home, in the order of their messages.
    pub fn observations(&self, hub: &str) -> &[Observation] {
        self.patients
            .get(hub)
            .map_or(&[], |patient| patient.observations.as_slice())
    }

    /// The signed messages (COSE_Sign1) behind the Observations, in their order.
    pub fn originals(&self, hub: &str) -> &[Vec<u8>] {
        self.patients
            .get(hub)
            .map_or(&[], |patient| patient.originals.as_slice())
    }

    /// The engine, for what it refused and what it received.
    pub fn engine(&self) -> &Provider {
        &self.engine
    }

    fn happened(&mut self, happened: Happened) {
        match happened {
            Happened::Nothing => {}
            Happened::Messages { hub, messages } => {
                for message in messages {
                    if let Err(why) = self.measurement(&hub, &message) {
                        self.engine.refuse(&hub, why);
                    }
                }
            }
            Happened::Answer { hub, result, .. } => {
                if let Some(patient) = self.patients.get_mut(&hub) {
                    let done = result.and_then(|o| o.complete().map_err(|error| error.to_string()));
                    patient.progress = match done {
                        Ok(_) => Progress::Ready,
                        Err(why) => Progress::Failed(why),
                    };
                }
            }
        }
    }

    fn measurement(&mut self, hub: &str, message: &Verified) -> Result<(), Refusal> {
        let payload = &message.payload;
        if payload.purpose != Purpose::Measurement {
            return Err(Refusal::Purpose(payload.purpose));
        }
        let measurement = Measurement::parse(&payload.claims).map_err(Refusal::Claims)?;
        let patient = self
            .patients
            .get_mut(hub)
            .filter(|patient| patient.reference == measurement.patient)
            .ok_or(Refusal::Terms { what: "patient" })?;
        patient
            .observations
            .extend(fhir::observations(&payload.card_id, &measurement));
        patient.originals.push(message.sign1.clone());
        Ok(())
    }
}

impl Party for Telecare {
    fn deliver(&mut self, now: Seconds, hub: &str, frame: &[u8]) -> Result<(), StateError> {
        let happened = self.engine.deliver(now, hub, frame)?;
        self.happened(happened);
        Ok(())
    }

    fn outbound(&mut self) -> Result<Vec<Outbound>, StateError> {
        self.engine.outbound()
    }

    fn taken(&mut self, sent: &Outbound) -> Result<(), StateError> {
        self.engine.taken(&sent.hub, sent.correlation)
    }
}
