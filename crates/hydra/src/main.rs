//! `hydra`: the one binary. Argument parsing and wiring only; what it runs lives in the crates below.

mod bench;
mod cap;
mod demo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A home's data does its work without giving the home away.
#[derive(Parser)]
#[command(name = "hydra", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play a month of a real home, and every server, in one process.
    Demo(demo::Demo),
    /// Convert and inspect CAP files.
    #[command(subcommand)]
    Cap(cap::Cap),
    /// Measure this machine: bytecodes, APDUs, readings, statements.
    Bench(bench::Bench),
}

/// Exit codes: 0 done, 1 it failed, 2 the command line is wrong.
fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Cap(cap) => cap.run(),
        Command::Bench(bench) => bench.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hydra: {error:#}");
            ExitCode::FAILURE
        }
    }
}
