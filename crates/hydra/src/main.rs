//! `hydra`: the one binary. Argument parsing and wiring only; what it runs lives in the crates below.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod cap;
mod card;
mod demo;
mod gp;
mod print;
mod protect;
mod record;
mod terminal;
mod trace;

use std::process::ExitCode;

use anyhow::Result;
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
    /// Make, run and look into cards in image files.
    #[command(subcommand)]
    Card(card::Card),
    /// Convert and inspect CAP files.
    #[command(subcommand)]
    Cap(cap::Cap),
    /// Load, install, list and delete what is on a card.
    #[command(subcommand)]
    Gp(gp::Gp),
    /// Measure this machine: bytecodes, APDUs, readings, statements.
    Bench(bench::Bench),
}

/// Exit codes: 0 done, 1 it failed, 2 the command line is wrong.
fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // The help that was asked for, or what is wrong with the command line.
        Err(said) => return failed_or(print::seen(said.print()), said.exit_code()),
    };
    let result = match arguments.command {
        Command::Demo(demo) => demo.run(),
        Command::Card(card) => card.run(),
        Command::Cap(cap) => cap.run(),
        Command::Gp(gp) => gp.run(),
        Command::Bench(bench) => bench.run(),
    };
    failed_or(result, 0)
}

fn failed_or(result: Result<()>, code: i32) -> ExitCode {
    match result {
        Ok(()) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            print::aside(format_args!("hydra: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
