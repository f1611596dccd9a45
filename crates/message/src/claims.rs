//! The claims of each purpose, typed (protocols §8).

use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Reader, written};
use crate::{Digest, Disclosure, Error};

/// The figure: what a supplier sees of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Start of the period, seconds UTC, inclusive.
    pub from: u32,
    /// End of the period, seconds UTC, exclusive.
    pub to: u32,
    /// The supplier's account.
    pub account: String,
    /// SHA-256 of the compiled tariff document.
    pub tariff_hash: Digest,
    /// What is to be paid, pence.
    pub total_pence: u64,
    /// Intervals that the period has.
    pub slots_expected: u32,
    /// Intervals that arrived.
    pub slots_received: u32,
    /// Intervals that never arrived.
    pub missing: u32,
    /// Intervals that came again and were not counted.
    pub repeated: u32,
    /// How the readings were authenticated: 0, not at all.
    pub authentication: u8,
}

impl Statement {
    /// Reads a payload's claims.
    pub fn parse(claims: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(claims)?;
        r.map_of(10, "the ten claims of a statement")?;
        r.exactly(1, "claim 1, from")?;
        let from = r.u32("seconds")?;
        r.exactly(2, "claim 2, to")?;
        let to = r.u32("seconds")?;
        r.exactly(3, "claim 3, account")?;
        let account = name(&mut r)?;
        r.exactly(4, "claim 4, tariff hash")?;
        let tariff_hash = r.bytes_of("a hash of 32 bytes")?;
        r.exactly(5, "claim 5, total")?;
        let total_pence = r.u64("pence")?;
        r.exactly(6, "claim 6, slots expected")?;
        let slots_expected = r.u32("a number of intervals")?;
        r.exactly(7, "claim 7, slots received")?;
        let slots_received = r.u32("a number of intervals")?;
        r.exactly(8, "claim 8, missing")?;
        let missing = r.u32("a number of intervals")?;
        r.exactly(9, "claim 9, repeated")?;
        let repeated = r.u32("a number of intervals")?;
        r.exactly(10, "claim 10, authentication")?;
        let unknown = r.unexpected("authentication 0");
        let authentication = r.u8("authentication")?;
        if authentication != 0 {
            return Err(unknown);
        }
        Ok(Self {
            from,
            to,
            account,
            tariff_hash,
            total_pence,
            slots_expected,
            slots_received,
            missing,
            repeated,
            authentication,
        })
    }

    /// The claims as an applet writes them.
    pub fn to_claims(&self) -> Result<Vec<u8>, Error> {
        written(|w| {
            w.map(10)?;
            w.u8(1)?.u32(self.from)?.u8(2)?.u32(self.to)?;
            w.u8(3)?.str(&self.account)?;
            w.u8(4)?.bytes(&self.tariff_hash)?;
            w.u8(5)?.u64(self.total_pence)?;
            w.u8(6)?.u32(self.slots_expected)?;
            w.u8(7)?.u32(self.slots_received)?;
            w.u8(8)?.u32(self.missing)?;
            w.u8(9)?.u32(self.repeated)?;
            w.u8(10)?.u8(self.authentication)?.ok()
        })
    }
}

/// What a statement hides from the supplier and discloses to the householder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementDetail {
    /// Register at the start of the period, Wh.
    pub opening_wh: u64,
    /// Register at its end, Wh.
    pub closing_wh: u64,
    /// Wh and pence of each rate, in the tariff's order.
    pub rates: Vec<(u64, u64)>,
    /// Standing charge, pence.
    pub standing_pence: u64,
    /// VAT, pence.
    pub vat_pence: u64,
    /// Merkle root of the intervals.
    pub merkle_root: Digest,
    /// The key from which every leaf's salt comes.
    pub leaf_salt_key: Digest,
}

const OPENING: u64 = 20;
const CLOSING: u64 = 21;
const RATES: u64 = 30;
const RATES_END: u64 = 38;
const STANDING: u64 = 40;
const VAT: u64 = 41;
const ROOT: u64 = 50;
const LEAF_SALT_KEY: u64 = 51;

impl StatementDetail {
    /// Reads the disclosures of a copy: 20, 21, 30 and up (1 to 8 rates), 40, 41, 50, 51, in this order. Offsets in
    /// errors are those within the disclosed value.
    pub fn from_disclosures(disclosures: &[Disclosure]) -> Result<Self, Error> {
        let mut next = disclosures.iter().peekable();
        let mut take = |key: u64, expected: &'static str| {
            next.next()
                .filter(|disclosure| disclosure.key == key)
                .ok_or(Error::Unexpected { at: 0, expected })
        };
        let opening_wh = number(take(OPENING, "disclosure 20, opening register")?)?;
        let closing_wh = number(take(CLOSING, "disclosure 21, closing register")?)?;
        let mut rates = Vec::new();
        let count = disclosures
            .iter()
            .filter(|d| (RATES..RATES_END).contains(&d.key))
            .count();
        for key in (RATES..).take(count.max(1)) {
            let disclosure = take(key, "disclosure 30 and up, a rate")?;
            let mut r = Reader::new(&disclosure.value)?;
            r.array_of(2, "[Wh, pence]")?;
            rates.push((r.u64("Wh")?, r.u64("pence")?));
        }
        let standing_pence = number(take(STANDING, "disclosure 40, standing charge")?)?;
        let vat_pence = number(take(VAT, "disclosure 41, VAT")?)?;
        let merkle_root = digest(take(ROOT, "disclosure 50, Merkle root")?)?;
        let leaf_salt_key = digest(take(LEAF_SALT_KEY, "disclosure 51, leaf salt key")?)?;
        if next.next().is_some() {
            return Err(Error::Unexpected {
                at: 0,
                expected: "no disclosure after 51",
            });
        }
        Ok(Self {
            opening_wh,
            closing_wh,
            rates,
            standing_pence,
            vat_pence,
            merkle_root,
            leaf_salt_key,
        })
    }

    /// The array of hidden claims as an applet writes it.
    pub fn to_hidden(&self) -> Result<Vec<u8>, Error> {
        written(|w| {
            w.array(self.rates.len() as u64 + 6)?;
            w.array(2)?.u64(OPENING)?.u64(self.opening_wh)?;
            w.array(2)?.u64(CLOSING)?.u64(self.closing_wh)?;
            for (key, (wh, pence)) in (RATES..).zip(&self.rates) {
                w.array(2)?.u64(key)?.array(2)?.u64(*wh)?.u64(*pence)?;
            }
            w.array(2)?.u64(STANDING)?.u64(self.standing_pence)?;
            w.array(2)?.u64(VAT)?.u64(self.vat_pence)?;
            w.array(2)?.u64(ROOT)?.bytes(&self.merkle_root)?;
            w.array(2)?
                .u64(LEAF_SALT_KEY)?
                .bytes(&self.leaf_salt_key)?
                .ok()
        })
    }
}

fn number(disclosure: &Disclosure) -> Result<u64, Error> {
    Reader::new(&disclosure.value)?.u64("an unsigned integer")
}

fn digest(disclosure: &Disclosure) -> Result<Digest, Error> {
    Reader::new(&disclosure.value)?.bytes_of("32 bytes")
}

fn name(r: &mut Reader<'_>) -> Result<String, Error> {
    let wrong = r.unexpected("a text of 1 to 32 bytes");
    let text = r.text("a text")?;
    if text.is_empty() || text.len() > 32 {
        return Err(wrong);
    }
    Ok(text.into())
}

/// Energy by interval, for the householder alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervals(
    /// `(start, Wh)`, start in seconds UTC, in order of arrival.
    pub Vec<(u32, u32)>,
);

impl Intervals {
    /// Reads a payload's claims.
    pub fn parse(claims: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(claims)?;
        r.map_of(1, "the one claim of intervals")?;
        r.exactly(1, "claim 1, intervals")?;
        let mut intervals = Vec::new();
        for _ in 0..r.array("an array of intervals")? {
            r.array_of(2, "an interval [start, Wh]")?;
            intervals.push((r.u32("seconds")?, r.u32("Wh")?));
        }
        Ok(Self(intervals))
    }

    /// The claims as an applet writes them.
    pub fn to_claims(&self) -> Result<Vec<u8>, Error> {
        written(|w| {
            w.map(1)?.u8(1)?.array(self.0.len() as u64)?;
            for (start, wh) in &self.0 {
                w.array(2)?.u32(*start)?.u32(*wh)?;
            }
            Ok(())
        })
    }
}

/// A health measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// When it was taken, seconds UTC.
    pub time: u32,
    /// The device's measurement id.
    pub id: u32,
    /// The patient reference.
    pub patient: String,
    /// What was measured.
    pub observed: Observed,
}

/// The values of a [`Measurement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Kind 1.
    Weight {
        /// Grams.
        grams: u32,
    },
    /// Kind 2.
    BloodPressure {
        /// Systolic pressure, mmHg.
        systolic: u16,
        /// Diastolic pressure, mmHg.
        diastolic: u16,
        /// Pulse, per minute.
        pulse: u16,
    },
}

impl Measurement {
    /// Reads a payload's claims.
    pub fn parse(claims: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(claims)?;
        let wrong_count = r.unexpected("five claims of a weight or seven of a blood pressure");
        let count = r.map("the claims of a measurement")?;
        r.exactly(1, "claim 1, kind")?;
        let unknown = r.unexpected("kind 1 or 2");
        let kind = r.u8("a kind")?;
        match (kind, count) {
            (1, 5) | (2, 7) => {}
            (1 | 2, _) => return Err(wrong_count),
            _ => return Err(unknown),
        }
        r.exactly(2, "claim 2, time")?;
        let time = r.u32("seconds")?;
        r.exactly(3, "claim 3, id")?;
        let id = r.u32("a measurement id")?;
        r.exactly(4, "claim 4, patient")?;
        let patient = name(&mut r)?;
        let observed = if kind == 1 {
            r.exactly(5, "claim 5, grams")?;
            Observed::Weight {
                grams: r.u32("grams")?,
            }
        } else {
            r.exactly(6, "claim 6, systolic")?;
            let systolic = r.u16("mmHg")?;
            r.exactly(7, "claim 7, diastolic")?;
            let diastolic = r.u16("mmHg")?;
            r.exactly(8, "claim 8, pulse")?;
            let pulse = r.u16("beats per minute")?;
            Observed::BloodPressure {
                systolic,
                diastolic,
                pulse,
            }
        };
        Ok(Self {
            time,
            id,
            patient,
            observed,
        })
    }

    /// The claims as an applet writes them.
    pub fn to_claims(&self) -> Result<Vec<u8>, Error> {
        written(|w| {
            let (kind, count) = match self.observed {
                Observed::Weight { .. } => (1, 5),
                Observed::BloodPressure { .. } => (2, 7),
            };
            w.map(count)?.u8(1)?.u8(kind)?;
            w.u8(2)?.u32(self.time)?.u8(3)?.u32(self.id)?;
            w.u8(4)?.str(&self.patient)?;
            match self.observed {
                Observed::Weight { grams } => w.u8(5)?.u32(grams)?.ok(),
                Observed::BloodPressure {
                    systolic,
                    diastolic,
                    pulse,
                } => {
                    w.u8(6)?.u16(systolic)?.u8(7)?.u16(diastolic)?;
                    w.u8(8)?.u16(pulse)?.ok()
                }
            }
        })
    }
}
