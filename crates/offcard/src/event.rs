//! What journals hold: everything that a party was handed or has decided, in order. A party's state is what comes of
//! these events, played again.

use std::path::{Path, PathBuf};

use hydra_gp::KeySet;
use hydra_wire::Aid;
use minicbor::{Decode, Encode};

use crate::handover::Handover;
use crate::journal::{self, Journal, JournalError};

/// One record of a journal. It has keys in it: no `Debug`.
#[derive(Clone, Encode, Decode)]
pub(crate) enum Event {
    /// A message came, at this time. Before anything is known of it.
    #[n(0)]
    Message {
        #[n(0)]
        hub: String,
        #[n(1)]
        at: u64,
        #[cbor(n(2), with = "minicbor::bytes")]
        sealed: Vec<u8>,
    },
    /// A script is to be sent.
    #[n(1)]
    Script(#[n(0)] ScriptSent),
    /// The relay has taken the script.
    #[n(2)]
    Taken {
        #[n(0)]
        hub: String,
        #[n(1)]
        correlation: u32,
    },
    /// A response script came.
    #[n(3)]
    Response {
        #[n(0)]
        hub: String,
        #[n(1)]
        correlation: u32,
        #[cbor(n(2), with = "minicbor::bytes")]
        response: Vec<u8>,
    },
    /// A provider was given a home.
    #[n(4)]
    Enrolled(#[n(0)] HandoverRecord),
    /// The issuer was given a card.
    #[n(5)]
    Issued {
        #[n(0)]
        hub: String,
        #[cbor(n(1), with = "minicbor::bytes")]
        card_id: [u8; 8],
        #[cbor(n(2), with = "minicbor::bytes")]
        keys: Vec<u8>,
        #[cbor(n(3), with = "minicbor::bytes")]
        attestation_key: Vec<u8>,
    },
    /// The issuer has drawn the keys of a duty's domain.
    #[n(6)]
    DomainKeys {
        #[n(0)]
        hub: String,
        #[n(1)]
        duty: u32,
        #[cbor(n(2), with = "minicbor::bytes")]
        keys: Vec<u8>,
    },
    /// A sealed copy came to the householder.
    #[n(7)]
    Copy {
        #[n(0)]
        at: u64,
        #[cbor(n(1), with = "minicbor::bytes")]
        sealed: Vec<u8>,
    },
    /// The supplier agreed terms with a home.
    #[n(8)]
    Terms {
        #[n(0)]
        hub: String,
        #[n(1)]
        account: String,
        #[cbor(n(2), with = "minicbor::bytes")]
        tariff: Vec<u8>,
        #[n(3)]
        from: u32,
        #[n(4)]
        to: u32,
        #[n(5)]
        interval: u32,
        #[cbor(n(6), with = "minicbor::bytes")]
        householder: [u8; 65],
    },
    /// Telecare was told who the patient is.
    #[n(9)]
    Patient {
        #[n(0)]
        hub: String,
        #[n(1)]
        reference: String,
        #[cbor(n(2), with = "minicbor::bytes")]
        householder: [u8; 65],
    },
}

/// Everything that makes a script, so that it can be made again.
#[derive(Clone, Encode, Decode)]
pub(crate) struct ScriptSent {
    #[n(0)]
    pub(crate) hub: String,
    #[n(1)]
    pub(crate) correlation: u32,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) keys: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) domain: Vec<u8>,
    #[n(4)]
    pub(crate) sequence: u32,
    #[cbor(n(5), with = "minicbor::bytes")]
    pub(crate) challenge: [u8; 8],
    #[n(6)]
    pub(crate) commands: Vec<Bytes>,
    #[n(7)]
    pub(crate) task: u32,
}

/// A [`Handover`] as it is kept.
#[derive(Clone, Encode, Decode)]
pub(crate) struct HandoverRecord {
    #[n(0)]
    hub: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    card_id: [u8; 8],
    #[n(2)]
    domain: Bytes,
    #[n(3)]
    instance: Bytes,
    #[cbor(n(4), with = "minicbor::bytes")]
    code_hash: [u8; 32],
    #[n(5)]
    keys: Bytes,
    #[n(6)]
    chain: Vec<Bytes>,
}

/// A byte string.
#[derive(Clone, Encode, Decode)]
#[cbor(transparent)]
pub(crate) struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] pub(crate) Vec<u8>);

impl From<&Handover> for HandoverRecord {
    fn from(handover: &Handover) -> Self {
        Self {
            hub: handover.hub.clone(),
            card_id: handover.card_id,
            domain: Bytes(handover.domain.as_bytes().to_vec()),
            instance: Bytes(handover.instance.as_bytes().to_vec()),
            code_hash: handover.code_hash,
            keys: Bytes(handover.keys.to_bytes().to_vec()),
            chain: handover.chain.iter().cloned().map(Bytes).collect(),
        }
    }
}

impl HandoverRecord {
    pub(crate) fn open(&self) -> Option<Handover> {
        Some(Handover {
            hub: self.hub.clone(),
            card_id: self.card_id,
            domain: Aid::new(&self.domain.0).ok()?,
            instance: Aid::new(&self.instance.0).ok()?,
            code_hash: self.code_hash,
            keys: KeySet::from_bytes(&self.keys.0)?,
            chain: self.chain.iter().map(|bytes| bytes.0.clone()).collect(),
        })
    }
}

/// Why a party's state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A whole and unchanged record says what this role never wrote: another role's journal, or another version's.
    #[error("record {record} of {} is none of this role's: {what}", path.display())]
    Record {
        /// The journal.
        path: PathBuf,
        /// Which record, from 0.
        record: usize,
        /// What is wrong with it.
        what: String,
    },
}

/// A journal of events.
#[derive(Debug)]
pub(crate) struct Log {
    journal: Journal,
    path: PathBuf,
}

impl Log {
    /// The log of a folder, and its events; without a folder, in memory.
    pub(crate) fn open(folder: Option<&Path>) -> Result<(Self, Vec<Event>), StateError> {
        let Some(folder) = folder else {
            let journal = Journal::in_memory();
            let path = PathBuf::new();
            return Ok((Self { journal, path }, Vec::new()));
        };
        let (journal, records) = Journal::open(folder)?;
        let path = folder.join(journal::NAME);
        let log = Self { journal, path };
        let events = records
            .iter()
            .enumerate()
            .map(|(record, bytes)| {
                minicbor::decode(bytes).map_err(|error| log.foreign(record, &error.to_string()))
            })
            .collect::<Result<Vec<Event>, StateError>>()?;
        Ok((log, events))
    }

    /// Keeps an event; returns when it is durable.
    pub(crate) fn keep(&mut self, event: &Event) -> Result<(), StateError> {
        let mut bytes = Vec::new();
        match minicbor::encode(event, &mut bytes) {
            Ok(()) => Ok(self.journal.append(&bytes)?),
            Err(error) => Err(self.foreign(0, &error.to_string())),
        }
    }

    /// A record that does not belong.
    pub(crate) fn foreign(&self, record: usize, what: &str) -> StateError {
        StateError::Record {
            path: self.path.clone(),
            record,
            what: what.to_owned(),
        }
    }
}
