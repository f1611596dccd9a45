//! `hydra bench`: what this machine does, with the physical limit beside each row where there is one.

mod card;
mod home;
mod idle;
mod limit;
mod message;

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;

use crate::print;

/// Runs of each row; the median, the least and the most of them are printed.
const RUNS: usize = 5;
/// How long one run of a quick row takes.
const RUN: Duration = Duration::from_millis(200);

/// Measure this machine: bytecodes, APDUs, readings, statements.
///
/// Each row is the median of five runs, with the slowest and the fastest. Rows that begin with "limit" measure what the row above cannot
/// beat on this machine: the same bytes over loopback without a hub, a disk's fdatasync, the signature alone.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra bench --rows echo --json")]
pub(crate) struct Bench {
    /// Only the rows whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    rows: String,
    /// Print the rows as one JSON array
    #[arg(long)]
    json: bool,
}

/// A row's name, what its number is, and what measures it once.
type Measured = (&'static str, Unit, fn() -> Result<f64>);

/// What a row's number is.
#[derive(Clone, Copy, Serialize)]
enum Unit {
    /// Events a second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Bytes of memory.
    #[serde(rename = "B")]
    Bytes,
}

const ROWS: &[Measured] = &[
    (
        "bytecodes: short additions and array stores",
        Unit::PerSecond,
        card::bytecodes,
    ),
    (
        "bytecodes: 10,000 virtual calls with fields",
        Unit::PerSecond,
        card::virtual_calls,
    ),
    ("1,000 throws and catches", Unit::PerSecond, card::throws),
    ("10,000 copies of 64 bytes", Unit::PerSecond, card::copies),
    (
        "limit: 10,000 copies of 64 bytes",
        Unit::PerSecond,
        limit::copies,
    ),
    (
        "1,000 copies of 16,000 bytes, less the calls",
        Unit::PerSecond,
        card::long_copies,
    ),
    (
        "limit: 1,000 copies of 16,000 bytes",
        Unit::PerSecond,
        limit::long_copies,
    ),
    (
        "1,000 comparisons of 16,000 bytes, less the calls",
        Unit::PerSecond,
        card::long_comparisons,
    ),
    (
        "limit: 1,000 comparisons of 16,000 bytes",
        Unit::PerSecond,
        limit::long_comparisons,
    ),
    (
        "1,000 fills of 16,000 bytes, less the calls",
        Unit::PerSecond,
        card::long_fills,
    ),
    (
        "limit: 1,000 fills of 16,000 bytes",
        Unit::PerSecond,
        limit::long_fills,
    ),
    (
        "256 new objects and a deletion request",
        Unit::PerSecond,
        card::objects,
    ),
    (
        "256 transactions of two writes",
        Unit::PerSecond,
        card::transactions,
    ),
    (
        "echo 16 bytes through the card",
        Unit::PerSecond,
        card::echo_16,
    ),
    (
        "echo 240 bytes through the card",
        Unit::PerSecond,
        card::echo_240,
    ),
    (
        "AES-128-CBC 240 bytes through the card",
        Unit::PerSecond,
        card::aes_cbc,
    ),
    (
        "limit: AES-128-CBC 240 bytes",
        Unit::PerSecond,
        limit::aes_cbc,
    ),
    (
        "SHA-256 240 bytes through the card",
        Unit::PerSecond,
        card::sha_256,
    ),
    (
        "SHA-256 240 bytes, the digest written",
        Unit::PerSecond,
        card::sha_256_written,
    ),
    ("limit: SHA-256 240 bytes", Unit::PerSecond, limit::sha_256),
    (
        "ECDSA P-256 signature through the card",
        Unit::PerSecond,
        card::signature,
    ),
    ("limit: P-256 signature", Unit::PerSecond, limit::sign),
    ("limit: P-256 verification", Unit::PerSecond, limit::verify),
    (
        "RSA-2048 signature through the card",
        Unit::PerSecond,
        card::rsa_signature,
    ),
    (
        "limit: RSA-2048 private operation",
        Unit::PerSecond,
        limit::rsa,
    ),
    (
        "4 bytes written through the card, in memory",
        Unit::PerSecond,
        card::written_in_memory,
    ),
    (
        "4 bytes written, image encrypted, in memory",
        Unit::PerSecond,
        card::written_encrypted,
    ),
    (
        "4 bytes written through the card, in a file",
        Unit::PerSecond,
        card::written_in_a_file,
    ),
    (
        "card with eight applets opened",
        Unit::PerSecond,
        idle::open,
    ),
    (
        "idle card with eight applets, beyond its code",
        Unit::Bytes,
        idle::card,
    ),
    ("code that idle cards share", Unit::Bytes, idle::code),
    ("10,000 idle cards in one process", Unit::Bytes, idle::city),
    (
        "reading, socket to applet, card in memory",
        Unit::PerSecond,
        home::in_memory,
    ),
    (
        "reading, socket to applet, card in a file",
        Unit::PerSecond,
        home::in_a_file,
    ),
    (
        "limit: push and confirmation over loopback",
        Unit::PerSecond,
        home::loopback,
    ),
    (
        "limit: 256 bytes and fdatasync",
        Unit::PerSecond,
        home::fdatasync,
    ),
    (
        "statement signed and sealed",
        Unit::PerSecond,
        message::signed_and_sealed,
    ),
    (
        "statement opened and verified",
        Unit::PerSecond,
        message::opened_and_verified,
    ),
];

/// What came of a row.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    unit: Unit,
    median: f64,
    min: f64,
    max: f64,
}

impl Bench {
    /// Measures and prints.
    pub(crate) fn run(self) -> Result<()> {
        let chosen: Vec<Measured> = ROWS
            .iter()
            .copied()
            .filter(|(name, ..)| name.contains(&self.rows))
            .collect();
        if chosen.is_empty() {
            bail!("no row's name contains \"{}\"", self.rows);
        }
        // All rows once, then all again: what else the machine does falls on a row and its limit alike.
        let mut runs = vec![Vec::with_capacity(RUNS); chosen.len()];
        for _ in 0..RUNS {
            for ((.., measure), runs) in chosen.iter().zip(&mut runs) {
                runs.push(measure()?);
            }
        }
        let rows: Vec<Row> = chosen
            .iter()
            .zip(runs)
            .map(|((name, unit, _), runs)| Row::new(name, *unit, runs))
            .collect();
        if self.json {
            print::line(serde_json::to_string_pretty(&rows)?)
        } else {
            rows.iter().try_for_each(print::line)
        }
    }
}

impl Row {
    fn new(name: &'static str, unit: Unit, mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        Self {
            name,
            unit,
            median: runs[runs.len() / 2],
            min: runs[0],
            max: runs[runs.len() - 1],
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            unit,
            median,
            min,
            max,
        } = self;
        let unit = match unit {
            Unit::PerSecond => "/s",
            Unit::Bytes => " B",
        };
        write!(
            f,
            "{name:<46} {median:>12.0}{unit}   ({min:.0} to {max:.0})"
        )
    }
}

/// How often a second this can be done: over and over for a fifth of a second, after a tenth of that to warm up.
fn repeated(mut act: impl FnMut() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    let mut warm = 0_u32;
    while begun.elapsed() < RUN / 10 {
        act()?;
        warm += 1;
    }
    // Reading the clock takes a tenth of the shortest act's time, so it is read a hundred times only.
    let batch = (warm / 10).max(1);
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < RUN {
        for _ in 0..batch {
            act()?;
        }
        count += batch;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
