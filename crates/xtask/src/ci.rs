//! The whole of CI, step by step; it goes on after a failure and counts at the end.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::root;

/// A step: its name, the program, its arguments, and what to set in its environment.
struct Step(
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

const STEPS: &[Step] = &[
    Step("format", "cargo", &["fmt", "--all", "--check"], &[]),
    Step(
        "lints of rustc and clippy",
        "cargo",
        &[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        &[],
    ),
    Step(
        "documentation",
        "cargo",
        &[
            "doc",
            "--locked",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ],
        &[("RUSTDOCFLAGS", "-D warnings")],
    ),
    Step(
        "no_std",
        "cargo",
        &[
            "build",
            "--locked",
            "--manifest-path",
            "tests/nostd/Cargo.toml",
            "--target-dir",
            "target/nostd",
        ],
        &[],
    ),
    Step(
        "tests",
        "cargo",
        &["test", "--locked", "--workspace", "--no-fail-fast"],
        &[],
    ),
    Step("licences", "cargo", &["xtask", "licences"], &[]),
    Step(
        "demo",
        "cargo",
        &["run", "--locked", "--release", "--", "demo"],
        &[],
    ),
];

/// Runs every step; fails if one does.
pub(crate) fn run() -> Result<()> {
    let mut failed = Vec::new();
    let mut passed = 0;
    for Step(name, program, arguments, environment) in STEPS {
        println!("\n=== {name}: {program} {}", arguments.join(" "));
        let begun = Instant::now();
        let status = Command::new(program)
            .args(*arguments)
            .envs(environment.iter().copied())
            .current_dir(root())
            .stdin(Stdio::null())
            .status();
        let seconds = begun.elapsed().as_secs();
        match status {
            Ok(status) if status.success() => {
                passed += 1;
                println!("=== {name}: passed in {seconds} s");
            }
            Ok(status) => {
                failed.push(*name);
                println!("=== {name}: FAILED ({status}) after {seconds} s");
            }
            Err(error) => {
                failed.push(*name);
                println!("=== {name}: FAILED ({error})");
            }
        }
    }
    println!("\nsteps: {passed} passed, {} failed", failed.len());
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("failed: {}", failed.join(", "))
    }
}
