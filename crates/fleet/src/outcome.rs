//! What a played month comes to, as each party sees it: the demo prints it, `--json` writes it.

use serde::Serialize;
use serde_json::Value;

/// Everything that happened, party by party.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The bill as the householder sees it.
    pub statement: Statement,
    /// The bill as the energy supplier sees it.
    pub supplier: Supplier,
    /// The health record as telecare keeps it: FHIR R4 resources.
    pub health: Vec<Value>,
    /// What the relay handled and what a search of it found.
    pub relay: Relay,
    /// What each party received.
    pub parties: Vec<Party>,
    /// What was found that must not be; nothing, if all is well. Not part of `--json`.
    #[serde(skip)]
    pub wrong: Vec<String>,
    /// How long the months took to play, seconds; not part of `--json`, where two runs with one seed are alike.
    #[serde(skip)]
    pub seconds: f64,
}

/// The householder's view of the statement.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// First day, included, `YYYY-MM-DD` UTC.
    pub from: String,
    /// Last day, excluded.
    pub to: String,
    /// Account the bill is for.
    pub account: String,
    /// Name of the tariff.
    pub tariff: String,
    /// One line a rate, in the tariff's order.
    pub lines: Vec<Line>,
    /// Standing charge, pence.
    pub standing_pence: u64,
    /// VAT, pence.
    pub vat_pence: u64,
    /// The figure, pence.
    pub total_pence: u64,
    /// Slots of the period without a reading.
    pub missing_intervals: u64,
    /// Readings of a slot that had one.
    pub repeated_intervals: u64,
    /// Opening register, Wh.
    pub opening_wh: u64,
    /// Closing register, Wh.
    pub closing_wh: u64,
    /// Whether the readings were authenticated by the meter.
    pub authenticated: bool,
    /// Whether the tariff gives the same bill, and the Merkle tree the same root, from the intervals kept at home.
    pub recomputed: bool,
}

/// A line of the bill.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The rate's name.
    pub name: String,
    /// Energy at this rate, Wh.
    pub wh: u64,
    /// Its price, pence.
    pub pence: u64,
}

/// The supplier's view: the figure and nothing finer.
#[derive(Clone, Debug, Serialize)]
pub struct Supplier {
    /// The figure, pence.
    pub total_pence: u64,
    /// Whether signature, certificate chain, attestation and counter hold.
    pub verified: bool,
    /// The signed statement (COSE_Sign1), hexadecimal.
    pub cose: String,
    /// What the statement opens beyond the figure: nothing, if all is well.
    #[serde(skip)]
    pub finer: Option<String>,
}

/// What the relay handled.
#[derive(Clone, Debug, Serialize)]
pub struct Relay {
    /// Messages published by hub and providers.
    pub messages: u64,
    /// Their payload bytes, padding included, TLS excluded.
    pub bytes: u64,
    /// Places where a plaintext or a canary was found in all bytes that the relay handled.
    pub plaintext_hits: u64,
    /// Bytes searched: everything in and out of the relay inside TLS. Not part of `--json`: how the acknowledgements fall together
    /// is a matter of timing.
    #[serde(skip)]
    pub searched: u64,
    /// Whether the same search finds each plaintext planted in a copy of those bytes.
    pub control_found: bool,
    /// What the relay could read: who talked to whom, and in which sizes.
    pub topics: Vec<Topic>,
    /// The names of scripts' commands, which it could read too.
    pub commands: Vec<&'static str>,
    /// What it could read beyond that: nothing, if all is well.
    #[serde(skip)]
    pub clear: Vec<String>,
}

/// Traffic of one topic.
#[derive(Clone, Debug, Serialize)]
pub struct Topic {
    /// The topic's name.
    pub name: String,
    /// Messages published to it.
    pub messages: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// What could be read in it, in a few words.
    pub readable: String,
}

/// What one party received.
#[derive(Clone, Debug, Serialize)]
pub struct Party {
    /// Who.
    pub name: String,
    /// Messages received.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What it read in them, in a few words.
    pub learnt: String,
}
