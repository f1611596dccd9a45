//! `--trace`: what crosses between host and card, decoded, and what the card executes, on standard error.

mod bytecode;
mod describe;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use hydra_slot::Slot;
use hydra_wire::{CardLink, Command, Response, hex};

use crate::print;

/// How much of what happens is printed.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Print every command and response, decoded, on standard error; with =bytecode every instruction too
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "apdu"
    )]
    trace: Option<Level>,
    /// A CAP file with a Debug or Descriptor component, whose names a trace of bytecode uses
    #[arg(long = "names", value_name = "FILE", requires = "trace")]
    names: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Commands and responses
    Apdu,
    /// Instructions too
    Bytecode,
}

impl Options {
    /// Watches the card of an image from now on, if that is wanted.
    pub(crate) fn watch(&self, slot: &mut Slot) -> Result<()> {
        if self.trace == Some(Level::Bytecode) {
            let printer = bytecode::Printer::new(&self.names)?;
            slot.card().observe(Some(Arc::new(printer)));
        }
        Ok(())
    }

    /// Says so if more is wanted than can be seen of a card that runs elsewhere.
    pub(crate) fn check_remote(&self) -> Result<()> {
        ensure!(
            self.trace != Some(Level::Bytecode),
            "only a card in an image file shows its bytecode: say --trace, or run that card with --trace=bytecode"
        );
        Ok(())
    }

    /// The link, traced if that is wanted.
    pub(crate) fn link<L: CardLink>(&self, link: L) -> Traced<L> {
        Traced {
            link,
            traced: self.trace.is_some(),
        }
    }
}

/// A link whose every command, response and reset is printed.
pub(crate) struct Traced<L> {
    link: L,
    traced: bool,
}

impl<L: CardLink> CardLink for Traced<L> {
    type Error = L::Error;

    fn reset(&mut self) -> Result<Vec<u8>, L::Error> {
        let atr = self.link.reset();
        if self.traced {
            match &atr {
                Ok(atr) => print::aside(format_args!("= reset, ATR {}", hex::encode(atr))),
                Err(error) => print::aside(format_args!("= reset: {error}")),
            }
        }
        atr
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, L::Error> {
        if !self.traced {
            return self.link.transmit(command);
        }
        print::aside(format_args!("> {}", hex::encode(command)));
        match Command::parse(command) {
            Ok(command) => print::aside(format_args!("  {}", describe::command(&command))),
            Err(error) => print::aside(format_args!("  {error}")),
        }
        let answer = self.link.transmit(command);
        match &answer {
            Ok(answer) => match Response::parse(answer) {
                Ok(response) => {
                    let data = hex::encode(&response.data);
                    let space = if data.is_empty() { "" } else { " " };
                    print::aside(format_args!("< {data}{space}{}", response.sw));
                }
                Err(error) => print::aside(format_args!("< {}: {error}", hex::encode(answer))),
            },
            Err(error) => print::aside(format_args!("< nothing: {error}")),
        }
        answer
    }
}
