//! The bill equals its recomputation; what can't be read is refused with its line.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::run::{demo, play, python, root, text};

/// What a Python program with `decimal` makes of the same file.
fn recompute(readings: &Path, tariff: &Path, from: &str, to: &str) -> Value {
    let output = Command::new(python())
        .arg(root().join("tests/python/recompute_csv.py"))
        .args([readings, tariff])
        .args([from, to])
        .output()
        .expect("tests/install has made the virtual environment");
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn assert_same_bill(outcome: &Value, expected: &Value) {
    let statement = &outcome["statement"];
    for key in [
        "lines",
        "standing_pence",
        "vat_pence",
        "total_pence",
        "missing_intervals",
        "repeated_intervals",
    ] {
        assert_eq!(statement[key], expected[key], "{key}");
    }
    assert_eq!(statement["recomputed"], true);
    assert_eq!(outcome["supplier"]["total_pence"], expected["total_pence"]);
    assert_eq!(outcome["supplier"]["verified"], true);
    let keys: Vec<_> = outcome["supplier"]
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    assert_eq!(keys, ["cose", "total_pence", "verified"]);
    assert_eq!(outcome["relay"]["plaintext_hits"], 0);
    assert_eq!(outcome["relay"]["control_found"], true);
}

#[test]
fn the_default_month_equals_its_recomputation() {
    let outcome = play(&["--seed", "1"]);
    let data = root().join("data");
    let expected = recompute(
        &data.join("electricity-half-hourly.csv"),
        &data.join("two-rate.toml"),
        "2013-02-01",
        "2013-03-01",
    );
    assert_same_bill(&outcome, &expected);
    assert!(!outcome["health"].as_array().expect("a list").is_empty());
}

#[test]
fn other_months_tariffs_and_seeds_equal_their_recomputation() {
    let work = tempfile::tempdir().expect("a directory");
    let tariff = work.path().join("eight.toml");
    let mut toml = String::from(
        "name = \"eight rates\"\nstanding_charge = \"60.0001\"\nvat_percent = \"17.55\"\n",
    );
    for rate in 0..7 {
        let (price, hour) = (rate * 1234 + 1, 3 * rate);
        toml += &format!(
            "[[rate]]\nname = \"r{rate}\"\nprice = \"{}.{price:04}\"\n",
            rate * 7
        );
        toml += &format!(
            "windows = [\"{hour:02}:00-{hour:02}:30\", \"{:02}:30-{:02}:00\"]\n",
            hour + 1,
            hour + 2
        );
    }
    toml += "[[rate]]\nname = \"rest\"\nprice = \"99999.9999\"\n";
    std::fs::write(&tariff, toml).expect("written");
    let readings = root().join("data/electricity-half-hourly.csv");
    for (from, to, seed) in [
        ("2012-11-01", "2012-12-01", "7"),
        ("2013-07-26", "2013-07-27", "8"),
    ] {
        let outcome = play(&[
            "--from",
            from,
            "--to",
            to,
            "--seed",
            seed,
            "--tariff",
            tariff.to_str().expect("UTF-8"),
        ]);
        assert_same_bill(&outcome, &recompute(&readings, &tariff, from, to));
    }
}

#[test]
fn offsets_gaps_and_repeats_are_counted_as_the_meter_sent_them() {
    let work = tempfile::tempdir().expect("a directory");
    let readings = work.path().join("home.csv");
    std::fs::write(
        &readings,
        "start,kwh\n2024-01-01T00:00:00Z,0.0005\n2024-01-01 01:00:00,0.0015\n2024-01-01 03:00:00+01:00,1.2345\n\
         2024-01-01 02:00:00,9.9\n2024-01-01 03:00:00+00:00,0\n2024-01-01 05:00:00,2.5\n",
    )
    .expect("written");
    let path = readings.to_str().expect("UTF-8");
    let outcome = play(&[
        "--readings",
        path,
        "--from",
        "2024-01-01",
        "--to",
        "2024-01-02",
    ]);
    let tariff = root().join("data/two-rate.toml");
    assert_same_bill(
        &outcome,
        &recompute(&readings, &tariff, "2024-01-01", "2024-01-02"),
    );
    assert_eq!(outcome["statement"]["missing_intervals"], 19);
    assert_eq!(outcome["statement"]["repeated_intervals"], 1);
}

/// Rows off the grid: a late one fills its slot, a second in a slot fills no other; an interval that does not divide the day.
#[test]
fn rows_off_the_grid_hide_no_missing_slot() {
    let work = tempfile::tempdir().expect("a directory");
    let readings = work.path().join("home.csv");
    let tariff = root().join("data/two-rate.toml");
    let hours = |hours: std::ops::Range<u32>, minute: u32| -> String {
        let row = |hour| format!("2024-01-01 {hour:02}:{minute:02}:00,0.25\n");
        hours.map(row).collect()
    };
    for (rows, missing) in [
        // 05:00 is missing, and 04:10 does not stand for it.
        (hours(0..5, 0) + "2024-01-01 04:10:00,1\n" + &hours(6..24, 0), 1),
        // 05:00 is ten minutes late.
        (hours(0..5, 0) + "2024-01-01 05:10:00,1\n" + &hours(6..24, 0), 0),
        // All are a quarter late, and one is missing.
        (hours(0..20, 15) + &hours(21..24, 15), 1),
        // Slots of seven hours from midnight.
        (
            "2024-01-01 00:00:00,1\n2024-01-01 07:00:00,1\n2024-01-01 21:00:00,1\n2024-01-02 04:00:00,1\n"
                .to_owned(),
            1,
        ),
    ] {
        std::fs::write(&readings, format!("start,kwh\n{rows}")).expect("written");
        let path = readings.to_str().expect("UTF-8");
        let days = ["--from", "2024-01-01", "--to", "2024-01-02"];
        let outcome = play(&[&["--readings", path], &days[..]].concat());
        let expected = recompute(&readings, &tariff, days[1], days[3]);
        assert_same_bill(&outcome, &expected);
        assert_eq!(outcome["statement"]["missing_intervals"], missing, "{rows}");
    }
}

/// 2^31 seconds are more than the card counts: said before anything is made.
#[test]
fn a_period_that_no_card_can_bill_is_refused_at_once() {
    let work = tempfile::tempdir().expect("a directory");
    let readings = work.path().join("home.csv");
    std::fs::write(
        &readings,
        "start,kwh\n1970-01-02 00:00:00,1\n1970-01-02 00:30:00,1\n",
    )
    .expect("written");
    let keep = work.path().join("kept");
    let mut command = demo(&["--from", "1970-01-02", "--to", "2038-01-21"]);
    command.arg("--readings").arg(readings);
    command.arg("--keep").arg(&keep);
    let output = command.output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("a period of 24856 days is too long"),
        "{said}"
    );
    assert!(!keep.exists());
}

#[test]
fn bad_rows_and_tariffs_are_refused_with_their_line() {
    let work = tempfile::tempdir().expect("a directory");
    let readings = work.path().join("bad.csv");
    for (row, complaint) in [
        ("2024-01-01 00:30:00,-0.1", "negative"),
        ("2024-01-01 00:30:00,1e3x", "kWh"),
        ("2024-13-01 00:30:00,0.1", "start"),
        ("2024-01-01 00:30:00", "column"),
    ] {
        std::fs::write(
            &readings,
            format!("start,kwh\n2024-01-01 00:00:00,0.1\n{row}\n"),
        )
        .expect("written");
        let output = demo(&["--readings", readings.to_str().expect("UTF-8")])
            .output()
            .expect("runs");
        assert_eq!(output.status.code(), Some(1), "{row}");
        let message = text(&output);
        assert!(
            message.contains("bad.csv:3") && message.contains(complaint),
            "{row}: {message}"
        );
    }
    let tariff = work.path().join("bad.toml");
    std::fs::write(&tariff, "name = \"x\"\nstanding_charge = \"1\"\nvat_percent = \"5.555\"\n[[rate]]\nname = \"a\"\nprice = \"1\"\n")
        .expect("written");
    let output = demo(&["--tariff", tariff.to_str().expect("UTF-8")])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("bad.toml:3"), "{}", text(&output));
    assert_eq!(
        demo(&["--no-such-option"])
            .output()
            .expect("runs")
            .status
            .code(),
        Some(2)
    );
}
