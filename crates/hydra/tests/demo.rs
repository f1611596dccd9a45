//! `hydra demo` as its user runs it: months, tariffs, seeds, bad input, and a kill at any moment.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn python() -> PathBuf {
    std::env::var_os("HYDRA_PYTHON").map_or_else(|| root().join(".venv/bin/python"), PathBuf::from)
}

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydra"));
    command.arg("demo").args(arguments).stdin(Stdio::null());
    command
}

fn play(arguments: &[&str]) -> Value {
    let output = demo(arguments)
        .arg("--json")
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

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
fn two_runs_with_one_seed_print_the_same() {
    let options = ["--seed", "5", "--from", "2013-02-01", "--to", "2013-02-04"];
    for form in [&[][..], &["--json"]] {
        let first = demo(&options).args(form).output().expect("runs");
        let second = demo(&options).args(form).output().expect("runs");
        assert!(
            first.status.success() && !first.stdout.is_empty(),
            "{}",
            text(&first)
        );
        assert_eq!(first.stdout, second.stdout);
    }
    let cose = |seed| {
        play(&["--seed", seed, "--from", "2013-02-01", "--to", "2013-02-04"])["supplier"]["cose"]
            .clone()
    };
    assert_ne!(cose("5"), cose("6"));
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

/// Without a seed nothing can be foretold but the arithmetic; kept, it still resumes.
#[test]
fn the_system_s_generator_serves_as_well() {
    let days = ["--from", "2013-02-01", "--to", "2013-02-03"];
    assert_ne!(
        play(&days)["supplier"]["cose"],
        play(&days)["supplier"]["cose"]
    );
    let work = tempfile::tempdir().expect("a directory");
    let kept = [&days[..], &["--keep", work.path().to_str().expect("UTF-8")]].concat();
    let first = play(&kept);
    let again = play(&kept);
    assert_eq!(first["statement"], again["statement"]);
    assert_eq!(first["supplier"], again["supplier"]);
    let other = demo(&kept).args(["--seed", "1"]).output().expect("runs");
    assert_eq!(
        other.status.code(),
        Some(1),
        "another play in the same folder is refused"
    );
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

/// kill -9 at moments spread over a whole run; the same command resumes and the statement's claims are the same.
#[test]
fn a_killed_demo_resumes_without_losing_or_counting_twice() {
    let options = ["--seed", "3", "--from", "2013-02-18", "--to", "2013-02-25"];
    let whole = play(&options);
    let work = tempfile::tempdir().expect("a directory");
    let begun = Instant::now();
    let kept = play(
        &[
            &options[..],
            &["--keep", work.path().to_str().expect("UTF-8")],
        ]
        .concat(),
    );
    let length = begun.elapsed();
    assert_eq!(kept["statement"], whole["statement"]);
    for part in 1..=9u32 {
        let work = tempfile::tempdir().expect("a directory");
        let keep = work.path().to_str().expect("UTF-8").to_owned();
        let kept = [&options[..], &["--keep", &keep]].concat();
        for kill in 0..2u32 {
            let mut child = demo(&kept)
                .arg("--json")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("runs");
            let end = Instant::now() + length * (part + kill) / 11;
            while Instant::now() < end && child.try_wait().expect("waits").is_none() {
                std::thread::sleep(Duration::from_millis(2));
            }
            let _ = child.kill();
            child.wait().expect("ended");
        }
        let resumed = play(&kept);
        assert_eq!(
            resumed["statement"], whole["statement"],
            "killed at {part}/11"
        );
        assert_eq!(
            resumed["supplier"]["total_pence"],
            whole["supplier"]["total_pence"]
        );
        assert_eq!(resumed["supplier"]["verified"], true);
        assert_eq!(resumed["health"], whole["health"]);
        assert_eq!(resumed["relay"]["plaintext_hits"], 0);
    }
}

/// A reader that goes away, and a disk that is full, are no reason to panic.
#[test]
fn standard_output_may_end_early() {
    let options = ["--seed", "5", "--from", "2013-02-01", "--to", "2013-02-02"];
    let mut child = demo(&options)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ended").code(), Some(0));
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = demo(&options)
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}
