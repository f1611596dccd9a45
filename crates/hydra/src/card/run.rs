use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, ValueEnum};
use hydra_card::Protocol;
use hydra_slot::{t1, vpcd};
use hydra_wire::CardLink;

use super::open;
use crate::print;
use crate::protect::Protect;
use crate::terminal::Told;
use crate::trace;

/// How long a card waits before it looks again for a reader that is not there.
const AGAIN: Duration = Duration::from_millis(500);

/// Run a card in a virtual reader of pcscd, or behind T=1 on a line, until it is told to stop.
///
/// The virtual reader comes from the package vsmartcard-vpcd; it listens on port 35963. When it goes away the card waits for it to
/// come back. A line serves one host after another; power comes and goes with the connection. Whoever can connect has the card.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  hydra card run --image card.img --vpcd 127.0.0.1:35963\n  hydra card run --image card.img --listen tcp:127.0.0.1:7816\n  hydra card run --image card.img --listen pty --trace"
)]
pub(crate) struct Run {
    /// The card
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    #[command(flatten)]
    protect: Protect,
    /// Where the virtual reader listens
    #[arg(
        long,
        value_name = "HOST:PORT",
        value_parser = host_and_port,
        required_unless_present = "listen",
        conflicts_with = "listen"
    )]
    vpcd: Option<String>,
    /// Where to listen for T=1: tcp:HOST:PORT, unix:PATH or pty, a terminal whose name is printed
    #[arg(long, value_name = "LINE")]
    listen: Option<Listen>,
    /// The transmission protocol in the virtual reader
    #[arg(long, value_enum, default_value = "t1", conflicts_with = "listen")]
    protocol: Transmission,
    #[command(flatten)]
    trace: trace::Options,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Transmission {
    T0,
    T1,
}

impl From<Transmission> for Protocol {
    fn from(transmission: Transmission) -> Self {
        match transmission {
            Transmission::T0 => Self::T0,
            Transmission::T1 => Self::T1,
        }
    }
}

impl Run {
    pub(super) fn run(self) -> Result<()> {
        let mut slot = open(&self.image, &self.protect)?;
        slot.card().reset_into(self.protocol.into())?;
        self.trace.watch(&mut slot)?;
        let mut card = self.trace.link(Told(slot));
        let image = self.image.display().to_string();
        let served = match (self.vpcd, self.listen) {
            (Some(reader), _) => {
                print::aside(format_args!(
                    "card of {image} waits for the reader at {reader}"
                ));
                std::thread::spawn(move || in_reader(&mut card, &reader))
            }
            (None, Some(listen)) => {
                let line = listen.open()?;
                // A script that started the card reads from here where it is.
                print::line(line.name()?)?;
                print::aside(format_args!("card of {image} waits for hosts"));
                std::thread::spawn(move || on_line(&mut card, &line))
            }
            (None, None) => bail!("neither --vpcd nor --listen"),
        };
        // Every answer was durable before it left, so the card may stop at any moment.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            let mut look = tokio::time::interval(AGAIN);
            loop {
                tokio::select! {
                    _ = terminate.recv() => return Ok(()),
                    _ = tokio::signal::ctrl_c() => return Ok(()),
                    _ = look.tick() => if served.is_finished() { break },
                }
            }
            match served.join() {
                Ok(result) => result,
                Err(_) => Err(anyhow!("the card's thread panicked")),
            }
        })
    }
}

/// Puts the card into the reader, again and again as the reader comes and goes.
fn in_reader(card: &mut impl CardLink, reader: &str) -> Result<()> {
    let mut told = String::new();
    loop {
        match TcpStream::connect(reader) {
            Ok(stream) => {
                told.clear();
                print::aside("in the reader");
                match vpcd::serve(card, stream) {
                    Ok(()) => print::aside("the reader went away"),
                    Err(error @ vpcd::VpcdError::Card(_)) => return Err(error.into()),
                    Err(error) => print::aside(format_args!("{:#}", anyhow::Error::from(error))),
                }
            }
            // It is not there yet.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            // It may be one day; that it can't be now is said once.
            Err(error) => {
                let error = error.to_string();
                if error != told {
                    print::aside(format_args!("{reader}: {error}"));
                    told = error;
                }
            }
        }
        std::thread::sleep(AGAIN);
    }
}

/// Where a reader can listen.
fn host_and_port(text: &str) -> Result<String> {
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    let port: u16 = port.parse().unwrap_or(0);
    ensure!(
        !host.is_empty() && port > 0,
        "a host and a port from 1 to 65535 are needed, such as 127.0.0.1:35963"
    );
    Ok(text.to_owned())
}

/// Serves one host after another.
fn on_line(card: &mut (impl CardLink + Send), line: &t1::Line) -> Result<()> {
    loop {
        match line.serve(card) {
            Ok(()) => print::aside("the host went away"),
            Err(error @ t1::T1Error::Card(_)) => return Err(error.into()),
            Err(error) => print::aside(format_args!(
                "the host went away: {:#}",
                anyhow::Error::from(error)
            )),
        }
    }
}

/// A line to listen on.
#[derive(Clone, Debug)]
enum Listen {
    Tcp(String),
    Unix(PathBuf),
    Terminal,
}

impl Listen {
    fn open(&self) -> Result<t1::Line> {
        match self {
            Self::Tcp(address) => t1::Line::tcp(address).with_context(|| address.clone()),
            Self::Unix(path) => t1::Line::unix(path).with_context(|| path.display().to_string()),
            Self::Terminal => t1::Line::terminal().context("making a terminal"),
        }
    }
}

impl FromStr for Listen {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("tcp", address)) if address.contains(':') => Ok(Self::Tcp(address.to_owned())),
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            None if text == "pty" => Ok(Self::Terminal),
            _ => bail!("{text:?} is no line to listen on: tcp:HOST:PORT, unix:PATH or pty"),
        }
    }
}
