//! Builds the fuzz targets with libFuzzer's coverage and runs each of them for a number of executions or seconds.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::root;

/// What SanitizerCoverage must put into the code for libFuzzer. No address sanitizer: the code forbids `unsafe`.
const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "--cfg=fuzzing",
];

const TARGETS: [&str; 4] = ["apdu", "cap", "image", "program"];

/// Set for the build of the targets: this program then stands before `rustc`.
const WRAPPER: &str = "HYDRA_FUZZ_RUSTC";

/// Whether cargo calls this program in the place of `rustc`.
pub(crate) fn is_rustc() -> bool {
    std::env::var_os(WRAPPER).is_some()
}

/// Calls `rustc`, with coverage for this repository's crates alone: what libraries compare tells libFuzzer nothing, and costs most of the time.
pub(crate) fn rustc() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rustc = arguments.next().context("no rustc is named")?;
    let arguments: Vec<String> = arguments.collect();
    let crate_name = arguments
        .iter()
        .skip_while(|argument| *argument != "--crate-name")
        .nth(1)
        .map_or("", String::as_str);
    let ours = crate_name.starts_with("hydra_") || TARGETS.contains(&crate_name);
    // Build scripts and what they use are built without a target.
    let for_target = arguments.iter().any(|argument| argument == "--target");
    let mut command = Command::new(rustc);
    command.args(&arguments);
    if ours && for_target {
        command.args(COVERAGE);
    }
    ensure!(command.status()?.success(), "rustc failed");
    Ok(())
}

/// `cargo xtask fuzz [TARGET…] [--runs N] [--seconds N]`
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut chosen = Vec::new();
    let mut limits = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let mut number = || -> Result<u64> {
            let text = arguments.next().context("a number is missing")?;
            text.parse().with_context(|| format!("{text} is no number"))
        };
        match argument.as_str() {
            "--runs" => limits.push(format!("-runs={}", number()?)),
            "--seconds" => limits.push(format!("-max_total_time={}", number()?)),
            target => {
                ensure!(
                    TARGETS.contains(&target),
                    "{target} is none of {}",
                    TARGETS.join(", ")
                );
                chosen.push(target.to_owned());
            }
        }
    }
    if chosen.is_empty() {
        chosen = TARGETS.map(str::to_owned).to_vec();
    }
    ensure!(!limits.is_empty(), "say --runs N or --seconds N");
    let host = host()?;
    let status = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--locked",
            "--bins",
            "--target",
            &host,
        ])
        .args(["--manifest-path", "fuzz/Cargo.toml"])
        .args(["--target-dir", "target/fuzz"])
        .env("RUSTC_WRAPPER", std::env::current_exe()?)
        .env(WRAPPER, "1")
        .current_dir(root())
        .status()?;
    ensure!(status.success(), "the fuzz targets do not build");
    for target in chosen {
        let corpus = root().join("target/fuzz/corpus").join(&target);
        let found = root().join("target/fuzz/found");
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let program = root()
            .join("target/fuzz")
            .join(&host)
            .join("release")
            .join(&target);
        let status = Command::new(program)
            .arg(&corpus)
            .arg(format!("-artifact_prefix={}/{target}-", found.display()))
            .args([
                "-print_final_stats=1",
                "-timeout=30",
                "-max_len=2048",
                "-len_control=20",
                "-verbosity=0",
            ])
            .args(&limits)
            .current_dir(root())
            .status()?;
        ensure!(
            status.success(),
            "{target} found something: see {}",
            found.display()
        );
    }
    Ok(())
}

/// This machine's target triple. It must be named: only then can build scripts be told apart.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc names no host")
}
