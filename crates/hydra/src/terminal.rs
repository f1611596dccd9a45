//! Which card a command talks to: one in an image file, one behind T=1 on a line, or one in a reader.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use hydra_reader::t1::{Address, LineError, T1Link};
use hydra_slot::Slot;
use hydra_wire::CardLink;
use thiserror::Error;

use crate::card;
use crate::print;
use crate::protect::Protect;
use crate::trace::{self, Traced};

/// Where the card is, and what opens it.
#[derive(Args)]
pub(crate) struct Where {
    #[command(flatten)]
    at: Place,
    #[command(flatten)]
    protect: Protect,
}

/// One of the places.
#[derive(Args)]
#[group(required = true, multiple = false, id = "terminal")]
struct Place {
    /// A card in an image file that is not in use
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// A card behind T=1: tcp:HOST:PORT, unix:PATH or tty:PATH
    #[arg(long, value_name = "LINE")]
    connect: Option<Address>,
    /// A card in the PC/SC reader whose name holds this
    #[cfg(feature = "pcsc")]
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
}

impl Where {
    /// The image, if the card is in one.
    pub(crate) fn image(&self) -> Option<&Path> {
        self.at.image.as_deref()
    }

    /// Opens the way to the card, traced as wanted. The card gets its reset from whoever talks to it.
    pub(crate) fn open(&self, trace: &trace::Options) -> Result<Traced<Terminal>> {
        Ok(trace.link(self.terminal(trace)?))
    }

    fn terminal(&self, trace: &trace::Options) -> Result<Terminal> {
        if self.at.image.is_none() {
            trace.check_remote()?;
        }
        #[cfg(feature = "pcsc")]
        if let Some(name) = &self.at.reader {
            return Ok(Terminal::Reader(hydra_reader::pcsc::PcscLink::open(name)?));
        }
        if let Some(address) = &self.at.connect {
            let link = T1Link::open(address).with_context(|| address.to_string())?;
            return Ok(Terminal::Line(link));
        }
        let image = self.at.image.as_deref().context("no card is named")?;
        let mut slot = card::open(image, &self.protect)?;
        trace.watch(&mut slot)?;
        Ok(Terminal::Image(Box::new(Told(slot))))
    }
}

/// A way to a card.
pub(crate) enum Terminal {
    Image(Box<Told>),
    Line(T1Link),
    #[cfg(feature = "pcsc")]
    Reader(hydra_reader::pcsc::PcscLink),
}

/// Why no answer came.
#[derive(Debug, Error)]
pub(crate) enum TerminalError {
    #[error(transparent)]
    Card(#[from] hydra_card::Mute),
    #[error(transparent)]
    Line(#[from] LineError),
    #[cfg(feature = "pcsc")]
    #[error(transparent)]
    Reader(#[from] hydra_reader::pcsc::PcscError),
}

impl CardLink for Terminal {
    type Error = TerminalError;

    fn reset(&mut self) -> Result<Vec<u8>, TerminalError> {
        Ok(match self {
            Self::Image(slot) => slot.reset()?,
            Self::Line(link) => link.reset()?,
            #[cfg(feature = "pcsc")]
            Self::Reader(link) => link.reset()?,
        })
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TerminalError> {
        Ok(match self {
            Self::Image(slot) => slot.transmit(command)?,
            Self::Line(link) => link.transmit(command)?,
            #[cfg(feature = "pcsc")]
            Self::Reader(link) => link.transmit(command)?,
        })
    }
}

/// A card whose faults are told on standard error: to the host an applet's is `6F00` like any exception, and a load file's
/// `6A80` like any wrong data.
pub(crate) struct Told(pub(crate) Slot);

impl CardLink for Told {
    type Error = <Slot as CardLink>::Error;

    fn reset(&mut self) -> Result<Vec<u8>, Self::Error> {
        self.0.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Self::Error> {
        let response = self.0.transmit(command);
        if let Some(fault) = self.0.card().take_fault() {
            print::aside(format_args!("an applet was stopped: {fault}"));
        }
        if let Some(uncaught) = self.0.card().take_uncaught() {
            print::aside(format_args!("an applet did not catch {uncaught}"));
        }
        if let Some(refusal) = self.0.card().take_load_refusal() {
            for fault in refusal.to_string().lines() {
                print::aside(format_args!("the load file was refused: {fault}"));
            }
        }
        response
    }
}
