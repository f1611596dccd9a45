//! The whole of CI, step by step; it goes on after a failure and counts at the end.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::root;

/// Each step's name and its command line, which has no quoting. Lints and documentation look at the same targets with the
/// same features, so that dependencies are checked once; the demo is played by the program that the tests run.
const STEPS: &[(&str, &str)] = &[
    ("format", "cargo fmt --all --check"),
    (
        "lints",
        "cargo clippy --locked --workspace --all-targets --features hydra/pcsc -- -D warnings",
    ),
    (
        "documentation",
        "cargo doc --locked --workspace --no-deps --document-private-items --features hydra/pcsc --lib --bins --examples",
    ),
    ("licences", "cargo xtask licences"),
    (
        "no_std",
        "cargo check --locked --manifest-path tests/nostd/Cargo.toml --target-dir target/nostd",
    ),
    (
        "build",
        "cargo test --locked --workspace --features hydra/pcsc --no-run",
    ),
    ("demo", "hydra demo"),
    ("applets", "hydra cap rebuild applets --check"),
    ("fuzz", "cargo xtask fuzz --runs 3000"),
    (
        "tests",
        "cargo test --locked --workspace --features hydra/pcsc --no-fail-fast",
    ),
];

/// What the lines `test result: …` of all test programs add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tests {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// `cargo xtask ci [STEP…]`: runs every step, or those that are named; fails if one does.
pub(crate) fn run(chosen: impl Iterator<Item = String>) -> Result<()> {
    let chosen: Vec<String> = chosen.collect();
    let mut steps = STEPS.to_vec();
    for name in &chosen {
        ensure!(
            steps.iter().any(|(known, _)| known == name),
            "no step {name}"
        );
    }
    if !chosen.is_empty() {
        steps.retain(|(name, _)| chosen.iter().any(|chosen| chosen == name));
    }
    let mut failed = Vec::new();
    let mut tests = Tests::default();
    for (name, line) in &steps {
        println!("\n=== {name}: {line}");
        let begun = Instant::now();
        let status = step(line, &mut tests)?;
        let verdict = if status.success() { "passed" } else { "FAILED" };
        println!("=== {name}: {verdict} in {} s", begun.elapsed().as_secs());
        if !status.success() {
            failed.push(*name);
        }
    }
    println!(
        "\n{} of {} steps passed",
        steps.len() - failed.len(),
        steps.len()
    );
    println!(
        "{} passed, {} failed, {} skipped",
        tests.passed, tests.failed, tests.ignored
    );
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("failed: {}", failed.join(", "))
    }
}

/// Runs one command line, passes on what it prints, and counts the tests in it.
fn step(line: &str, tests: &mut Tests) -> Result<ExitStatus> {
    let mut words = line.split_whitespace();
    let program = words.next().context("a step without a program")?;
    let mut command = match program {
        // The step "build" puts it beside this program.
        "hydra" => Command::new(std::env::current_exe()?.with_file_name("hydra")),
        program => Command::new(program),
    };
    let mut child = command
        .args(words)
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {program}"))?;
    let output = child.stdout.take().context("no output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        tests.count(&line);
    }
    Ok(child.wait()?)
}

impl Tests {
    /// Adds a line `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    fn count(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|line| line.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            if let Some((number, what)) = count.split_once(' ') {
                let number: u64 = number.parse().unwrap_or(0);
                match what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_programs_are_added_up() {
        let mut tests = Tests::default();
        for line in [
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "running 5 tests",
            "test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.10s",
        ] {
            tests.count(line);
        }
        assert_eq!(
            tests,
            Tests {
                passed: 7,
                failed: 1,
                ignored: 1
            }
        );
    }
}
