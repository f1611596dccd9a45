//! Repository checks: `cargo xtask ci` is the whole of CI, here and there.

mod arrows;
mod ci;
mod fuzz;
mod invariants;
mod licences;
mod lints;
mod specs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask ci|arrows|fuzz|invariants|licences|lints|specs";

fn main() -> ExitCode {
    if fuzz::is_rustc() {
        return exit(fuzz::rustc());
    }
    exit(match std::env::args().nth(1).as_deref() {
        Some("ci") => ci::run(std::env::args().skip(2)),
        Some("fuzz") => fuzz::run(std::env::args().skip(2)),
        Some("arrows") => arrows::check(),
        Some("invariants") => invariants::check(),
        Some("licences") => licences::check(),
        Some("lints") => lints::check(),
        Some("specs") => specs::check(),
        _ => Err(anyhow::anyhow!(USAGE)),
    })
}

fn exit(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
