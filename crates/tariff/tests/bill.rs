//! Bills against two independent evaluators: one here that walks the day minute by minute, and a Python program with
//! `decimal`. Compiled documents against what they were compiled from.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test has nothing better to do"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hydra_tariff::{Bill, CompiledError, Interval, Tariff};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// A tariff in words: cuts of the day, and for each piece the rate that has it as a window (0 takes the rest).
#[derive(Clone, Debug)]
struct Draft {
    standing: String,
    vat: String,
    prices: Vec<String>,
    cuts: Vec<u16>,
    owners: Vec<usize>,
}

impl Draft {
    fn windows(&self, rate: usize) -> Vec<(u16, u16)> {
        let count = self.cuts.len();
        (0..count)
            .filter(|piece| rate > 0 && self.owners[*piece] == rate)
            .map(|piece| (self.cuts[piece], self.cuts[(piece + 1) % count]))
            .collect()
    }

    /// Rates that came out without a window are left out, but for rate 0.
    fn rates(&self) -> Vec<usize> {
        (0..self.prices.len())
            .filter(|rate| *rate == 0 || !self.windows(*rate).is_empty())
            .collect()
    }

    fn toml(&self) -> String {
        let mut text = format!(
            "name = \"drawn\"\nstanding_charge = \"{}\"\nvat_percent = \"{}\"\n",
            self.standing, self.vat
        );
        for rate in self.rates() {
            text += &format!(
                "[[rate]]\nname = \"r{rate}\"\nprice = \"{}\"\n",
                self.prices[rate]
            );
            let windows: Vec<String> = self
                .windows(rate)
                .into_iter()
                .map(|(start, end)| {
                    let time = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
                    format!("\"{}-{}\"", time(start), time(end))
                })
                .collect();
            if rate > 0 {
                text += &format!("windows = [{}]\n", windows.join(", "));
            }
        }
        text
    }

    /// The rate that owns a minute, found by walking back to the cut before it.
    fn owner(&self, minute: u16) -> usize {
        let mut at = minute;
        loop {
            if let Some(piece) = self.cuts.iter().position(|cut| *cut == at) {
                return self.owners[piece];
            }
            at = (at + 1_439) % 1_440;
        }
    }

    fn evaluate(&self, intervals: &[Interval], days: u32) -> (Vec<u64>, u64, u64, u64) {
        let mut exact = vec![0_u128; self.prices.len()];
        for interval in intervals {
            let rate = self.owner(u16::try_from((interval.start / 60) % 1_440).unwrap());
            exact[rate] += u128::from(interval.wh) * scaled(&self.prices[rate], 4);
        }
        let lines: Vec<u64> = self
            .rates()
            .into_iter()
            .map(|rate| nearest(exact[rate], 10_000_000))
            .collect();
        let standing = nearest(u128::from(days) * scaled(&self.standing, 4), 10_000);
        let net = lines.iter().sum::<u64>() + standing;
        let vat = nearest(u128::from(net) * scaled(&self.vat, 2), 10_000);
        (lines, standing, vat, net + vat)
    }
}

fn scaled(text: &str, places: usize) -> u128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut digits = format!("{whole}{fraction}");
    digits.extend(std::iter::repeat_n('0', places - fraction.len()));
    digits.parse().unwrap()
}

fn nearest(value: u128, unit: u128) -> u64 {
    let down = value / unit;
    let up = if (value % unit) * 2 >= unit { 1 } else { 0 };
    u64::try_from(down + up).unwrap()
}

fn draft() -> impl Strategy<Value = Draft> {
    let cuts = proptest::collection::btree_set(0..1_440_u16, 2..9);
    (
        cuts,
        proptest::collection::vec(0..4_usize, 9),
        proptest::collection::vec("[0-9]{1,3}(\\.[0-9]{1,4})?", 4),
        "[0-9]{1,3}(\\.[0-9]{1,4})?",
        "[0-9]{1,2}(\\.[0-9]{1,2})?",
    )
        .prop_map(|(cuts, owners, prices, standing, vat)| Draft {
            standing,
            vat,
            prices,
            cuts: cuts.into_iter().collect(),
            owners,
        })
}

fn intervals() -> impl Strategy<Value = Vec<Interval>> {
    let interval = (any::<u32>(), prop_oneof![0..5_000_u32, any::<u32>()])
        .prop_map(|(start, wh)| Interval { start, wh });
    proptest::collection::vec(interval, 0..60)
}

fn plain(bill: &Bill) -> (Vec<u64>, u64, u64, u64) {
    (
        bill.lines.iter().map(|line| line.pence.0).collect(),
        bill.standing.0,
        bill.vat.0,
        bill.total.0,
    )
}

proptest! {
    #[test]
    fn bills_equal_the_walk_through_the_day(draft in draft(), intervals in intervals(), days in 0..400_u32) {
        let tariff = Tariff::from_toml(&draft.toml()).unwrap();
        let bill = tariff.bill(&intervals, days).unwrap();
        prop_assert_eq!(plain(&bill), draft.evaluate(&intervals, days));
        let energy: u64 = intervals.iter().map(|i| u64::from(i.wh)).sum();
        prop_assert_eq!(bill.lines.iter().map(|line| line.wh.0).sum::<u64>(), energy);
    }

    #[test]
    fn compiled_documents_read_back(draft in draft()) {
        let tariff = Tariff::from_toml(&draft.toml()).unwrap();
        let bytes = tariff.to_compiled();
        prop_assert_eq!(Tariff::from_compiled(&bytes), Ok(tariff));
        for len in 0..bytes.len() {
            let at = match Tariff::from_compiled(&bytes[..len]) {
                Err(CompiledError::Truncated { at }) => at,
                other => panic!("{len} of {} bytes: {other:?}", bytes.len()),
            };
            prop_assert!(at <= len);
        }
        let mut longer = bytes.clone();
        longer.push(0);
        prop_assert_eq!(Tariff::from_compiled(&longer), Err(CompiledError::Trailing { at: bytes.len() }));
    }

    #[test]
    fn whatever_reads_as_compiled_is_a_tariff_of_these_bytes(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Some(version) = bytes.first_mut() {
            *version = 1;
        }
        if let Ok(tariff) = Tariff::from_compiled(&bytes) {
            prop_assert_eq!(tariff.to_compiled(), bytes);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*|(name|rate|price|windows|[\\[\\]=\"\n.0-9:-]){0,40}") {
        let lines = text.lines().count().max(1) + 1;
        if let Err(error) = Tariff::from_toml(&text) {
            prop_assert!((1..=lines).contains(&error.line));
        }
    }
}

#[test]
fn halves_are_rounded_away_from_zero_once_a_line() {
    let tariff = Tariff::from_toml(
        "name = \"n\"\nstanding_charge = \"0.5\"\nvat_percent = \"50\"\n[[rate]]\nname = \"r\"\nprice = \"0.5\"\n",
    )
    .unwrap();
    // 500 Wh at half a penny, twice: half a penny in all, not two rounded quarters.
    let intervals = [0, 1_800].map(|start| Interval { start, wh: 500 });
    let bill = tariff.bill(&intervals, 1).unwrap();
    assert_eq!(plain(&bill), (vec![1], 1, 1, 3));
}

#[test]
fn a_bill_beyond_64_bits_is_refused() {
    let tariff = Tariff::from_toml(
        "name = \"n\"\nstanding_charge = \"429496.7295\"\nvat_percent = \"655.35\"\n[[rate]]\nname = \"r\"\nprice = \"429496.7295\"\n",
    )
    .unwrap();
    let intervals = vec![
        Interval {
            start: 0,
            wh: u32::MAX
        };
        100_000
    ];
    let bill = tariff.bill(&intervals, u32::MAX).unwrap();
    assert!(bill.total.0 > u64::from(u32::MAX));
}

#[test]
fn bills_equal_those_of_decimal_arithmetic() {
    let mut runner = TestRunner::deterministic();
    let mut cases = Vec::new();
    let mut bills = Vec::new();
    for _ in 0..200 {
        let (draft, intervals, days) = (draft(), intervals(), 0..400_u32)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let toml = draft.toml();
        let bill = Tariff::from_toml(&toml)
            .unwrap()
            .bill(&intervals, days)
            .unwrap();
        let pairs: Vec<(u32, u32)> = intervals.iter().map(|i| (i.start, i.wh)).collect();
        cases.push(serde_json::json!({"toml": toml, "intervals": pairs, "days": days}));
        let lines: Vec<serde_json::Value> = bill
            .lines
            .iter()
            .map(|l| serde_json::json!({"name": l.name, "wh": l.wh.0, "pence": l.pence.0}))
            .collect();
        bills.push(serde_json::json!({
            "lines": lines,
            "standing_pence": bill.standing.0,
            "vat_pence": bill.vat.0,
            "total_pence": bill.total.0,
        }));
    }
    let out = python("bill.py", &serde_json::to_vec(&cases).unwrap());
    let theirs: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
    assert_eq!(theirs.len(), bills.len());
    for (index, (theirs, ours)) in theirs.iter().zip(&bills).enumerate() {
        assert_eq!(theirs, ours, "{}", cases[index]);
    }
}

fn python(program: &str, input: &[u8]) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let interpreter = std::env::var_os("HYDRA_PYTHON")
        .map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
    let mut child = Command::new(&interpreter)
        .arg(root.join("tests/python").join(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; make a virtual environment with tests/python/requirements.txt at .venv, or name one in HYDRA_PYTHON",
                interpreter.display()
            )
        });
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} failed");
    output.stdout
}
