//! The householder's side: holds the key of the copies, keeps statements with their salts, the intervals and the
//! measurements, and recomputes every bill from the intervals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hydra_crypto::{SecretKey, sha256};
use hydra_message::{
    Digest, Intervals, Measurement, Purpose, Statement, StatementDetail, merkle, open,
};
use hydra_tariff::{Interval, Period, Tariff};
use serde::Serialize;

use crate::Seconds;
use crate::ca::TrustRoot;
use crate::event::{Event, Log};
use crate::provider::{StateError, Traffic};
use crate::verify::{Admission, Refusal, Speaker, Streams, Verified, verify};

/// Who the householder is, and whom to believe.
pub struct HouseholderConfig {
    /// The name that copies are sealed to.
    pub name: String,
    /// The key of the copies.
    pub key: SecretKey,
    /// The issuer's root.
    pub root: TrustRoot,
    /// The duties of the home.
    pub speakers: Vec<Speaker>,
    /// The tariff as it was agreed: a bill under another one is not recomputed.
    pub tariff: Tariff,
    /// Length of an interval as it was agreed, seconds.
    pub interval: u32,
}

/// The householder.
pub struct Householder {
    name: String,
    key: SecretKey,
    root: TrustRoot,
    speakers: Vec<Speaker>,
    tariff: Tariff,
    interval: u32,
    log: Log,
    seen: BTreeSet<Digest>,
    streams: Streams,
    /// Intervals of the period that no statement has closed yet, in order of arrival.
    running: Vec<(u32, u32)>,
    bills: Vec<HouseholdBill>,
    measurements: Vec<Measurement>,
    /// The opened copies, oldest first.
    copies: Vec<Vec<u8>>,
    refused: Vec<Refusal>,
    traffic: Traffic,
}

/// A statement's copy, opened, with the intervals it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdBill {
    /// What the supplier sees.
    pub statement: Statement,
    /// What it does not.
    pub detail: StatementDetail,
    /// `(start, Wh)`, in order of arrival.
    pub intervals: Vec<(u32, u32)>,
    /// The copy: COSE_Sign1 with the disclosures.
    pub sign1: Vec<u8>,
}

/// A bill as `--json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementView {
    /// Start of the period, seconds UTC.
    pub from: u32,
    /// Its end, excluded.
    pub to: u32,
    /// The account.
    pub account: String,
    /// Name of the tariff.
    pub tariff: String,
    /// A line a rate.
    pub lines: Vec<LineView>,
    /// Standing charge.
    pub standing_pence: u64,
    /// VAT.
    pub vat_pence: u64,
    /// Everything.
    pub total_pence: u64,
    /// Intervals that never came.
    pub missing_intervals: u32,
    /// Intervals that came again.
    pub repeated_intervals: u32,
    /// Register at the start.
    pub opening_wh: u64,
    /// Register at the end.
    pub closing_wh: u64,
    /// Whether the meter authenticated its readings.
    pub authenticated: bool,
    /// Whether the tariff gives the same bill, and the tree the same root, from the intervals kept here.
    pub recomputed: bool,
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// The rate.
    pub name: String,
    /// Energy.
    pub wh: u64,
    /// Its price.
    pub pence: u64,
}

/// Where a bill and its recomputation part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// The statement is under another tariff.
    #[error("the statement is under another tariff than was agreed")]
    Tariff,
    /// The intervals are not those of the signed tree.
    #[error("the intervals kept here are not those of the statement's tree")]
    Intervals,
    /// The registers.
    #[error("the energy of the intervals is not the difference of the registers")]
    Registers,
    /// The bounds, or the slots that have an interval and those that have none.
    #[error("the statement counts other slots than those of the intervals kept here")]
    Count,
    /// A line.
    #[error("the line {0}")]
    Line(String),
    /// The standing charge.
    #[error("the standing charge")]
    Standing,
    /// The VAT.
    #[error("the VAT")]
    Vat,
    /// The total.
    #[error("the total")]
    Total,
}

impl Householder {
    /// The householder whose copies are in `folder`, or in memory.
    pub fn open(folder: Option<&Path>, config: HouseholderConfig) -> Result<Self, StateError> {
        let (log, events) = Log::open(folder)?;
        let mut householder = Self {
            name: config.name,
            key: config.key,
            root: config.root,
            speakers: config.speakers,
            tariff: config.tariff,
            interval: config.interval,
            log,
            seen: BTreeSet::new(),
            streams: Streams::default(),
            running: Vec::new(),
            bills: Vec::new(),
            measurements: Vec::new(),
            copies: Vec::new(),
            refused: Vec::new(),
            traffic: Traffic::default(),
        };
        for (record, event) in events.iter().enumerate() {
            let Event::Copy { at, sealed } = event else {
                return Err(householder
                    .log
                    .foreign(record, "not an event of the householder"));
            };
            householder.take(*at, sealed);
        }
        Ok(householder)
    }

    /// The point that copies are to be sealed to.
    pub fn point(&self) -> [u8; 65] {
        self.key.public().to_bytes()
    }

    /// Takes a sealed copy; when this returns it is durable and may be acknowledged. What does not hold is kept and
    /// [`refused`](Self::refused).
    pub fn deliver(&mut self, now: Seconds, sealed: &[u8]) -> Result<(), StateError> {
        if self.seen.contains(&sha256(sealed)) {
            return Ok(());
        }
        self.log.keep(&Event::Copy {
            at: now,
            sealed: sealed.to_vec(),
        })?;
        self.take(now, sealed);
        Ok(())
    }

    fn take(&mut self, at: Seconds, sealed: &[u8]) {
        if !self.seen.insert(sha256(sealed)) {
            return;
        }
        self.traffic.messages += 1;
        self.traffic.bytes += sealed.len() as u64;
        let admitted = open(sealed, &self.name, &self.key)
            .map_err(Refusal::Message)
            .and_then(|sign1| verify(&sign1, &self.name, &self.speakers, &self.root, at))
            .and_then(|verified| self.streams.admit(verified));
        let result = match admitted {
            Ok(Admission::Next(messages)) => messages.into_iter().try_for_each(|m| self.message(m)),
            Ok(Admission::Duplicate | Admission::Early { .. }) => Ok(()),
            Err(why) => Err(why),
        };
        if let Err(why) = result {
            tracing::warn!(%why, "refused");
            self.refused.push(why);
        }
    }

    fn message(&mut self, message: Verified) -> Result<(), Refusal> {
        let payload = &message.payload;
        self.copies.push(message.sign1.clone());
        match payload.purpose {
            Purpose::Intervals => {
                let Intervals(intervals) =
                    Intervals::parse(&payload.claims).map_err(Refusal::Claims)?;
                self.running.extend(intervals);
            }
            Purpose::Measurement => {
                let measurement = Measurement::parse(&payload.claims).map_err(Refusal::Claims)?;
                self.measurements.push(measurement);
            }
            Purpose::Statement => {
                let disclosures = payload.disclosures.as_deref().unwrap_or_default();
                self.bills.push(HouseholdBill {
                    statement: Statement::parse(&payload.claims).map_err(Refusal::Claims)?,
                    detail: StatementDetail::from_disclosures(disclosures)
                        .map_err(Refusal::Claims)?,
                    intervals: std::mem::take(&mut self.running),
                    sign1: message.sign1,
                });
            }
        }
        Ok(())
    }

    /// The bills, oldest first.
    pub fn bills(&self) -> &[HouseholdBill] {
        &self.bills
    }

    /// Intervals since the last bill.
    pub fn running(&self) -> &[(u32, u32)] {
        &self.running
    }

    /// The measurements, oldest first.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// The signed copies (COSE_Sign1) that hold, oldest first: what left the home, word for word.
    pub fn copies(&self) -> &[Vec<u8>] {
        &self.copies
    }

    /// Copies that were refused, and why.
    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }

    /// How many copies of each purpose it has opened and believed.
    pub fn kinds(&self) -> BTreeMap<Purpose, u64> {
        self.streams.kinds()
    }

    /// What came.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Checks a bill against the tariff, the intervals and the tree; the first difference.
    pub fn recompute(&self, bill: &HouseholdBill) -> Result<(), Difference> {
        let (statement, detail) = (&bill.statement, &bill.detail);
        if sha256(&self.tariff.to_compiled()) != statement.tariff_hash {
            return Err(Difference::Tariff);
        }
        let root = merkle::root_of_intervals(&detail.leaf_salt_key, &bill.intervals);
        if root != detail.merkle_root {
            return Err(Difference::Intervals);
        }
        let intervals: Vec<Interval> = bill
            .intervals
            .iter()
            .map(|(start, wh)| Interval {
                start: *start,
                wh: *wh,
            })
            .collect();
        let energy: u64 = intervals.iter().map(|i| u64::from(i.wh)).sum();
        if detail.opening_wh.checked_add(energy) != Some(detail.closing_wh) {
            return Err(Difference::Registers);
        }
        let Ok(period) = Period::new(statement.from, statement.to, self.interval) else {
            return Err(Difference::Count);
        };
        let filled = period.filled(intervals.iter().map(|interval| interval.start));
        let counts = (
            statement.slots_expected,
            statement.slots_received,
            statement.missing,
        );
        if counts != (period.slots(), filled, period.slots() - filled)
            || !intervals
                .iter()
                .all(|interval| period.contains(interval.start))
        {
            return Err(Difference::Count);
        }
        let Ok(computed) = self.tariff.bill(&intervals, period.days()) else {
            return Err(Difference::Total);
        };
        if computed.lines.len() != detail.rates.len() {
            return Err(Difference::Tariff);
        }
        for (line, (wh, pence)) in computed.lines.iter().zip(&detail.rates) {
            if (line.wh.0, line.pence.0) != (*wh, *pence) {
                return Err(Difference::Line(line.name.clone()));
            }
        }
        if computed.standing.0 != detail.standing_pence {
            return Err(Difference::Standing);
        }
        if computed.vat.0 != detail.vat_pence {
            return Err(Difference::Vat);
        }
        if computed.total.0 != statement.total_pence {
            return Err(Difference::Total);
        }
        Ok(())
    }

    /// A bill as `--json` shows it.
    pub fn view(&self, bill: &HouseholdBill) -> StatementView {
        let (statement, detail) = (&bill.statement, &bill.detail);
        let names = self.tariff.rates().iter().map(|rate| rate.name.clone());
        StatementView {
            from: statement.from,
            to: statement.to,
            account: statement.account.clone(),
            tariff: self.tariff.name().to_owned(),
            lines: names
                .zip(&detail.rates)
                .map(|(name, (wh, pence))| LineView {
                    name,
                    wh: *wh,
                    pence: *pence,
                })
                .collect(),
            standing_pence: detail.standing_pence,
            vat_pence: detail.vat_pence,
            total_pence: statement.total_pence,
            missing_intervals: statement.missing,
            repeated_intervals: statement.repeated,
            opening_wh: detail.opening_wh,
            closing_wh: detail.closing_wh,
            authenticated: statement.authentication != 0,
            recomputed: self.recompute(bill).is_ok(),
        }
    }
}

impl std::fmt::Debug for Householder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Householder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
