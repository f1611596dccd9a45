//! A card behind T=1 on a byte line: a socket, or a terminal (serial line or pseudoterminal).

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use hydra_wire::t1::{Block, BlockError, HostEnd, HostStep, Incoming, T1Error};
use hydra_wire::{Atr, AtrError, CardLink};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios;
use thiserror::Error;

/// The host takes as much as a block holds.
const IFSD: u8 = 254;
/// Patience for a block, and for an ATR; generous, for the line may lead through a network.
const BLOCK_WAIT: Duration = Duration::from_secs(5);
/// Silence after which a broken block is over.
const CHARACTER_WAIT: Duration = Duration::from_millis(300);

/// Where a card's line is: `tcp:HOST:PORT`, `unix:PATH`, `tty:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Tcp(String),
    /// A socket.
    Unix(PathBuf),
    /// A terminal.
    Tty(PathBuf),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.split_once(':') {
            Some(("tcp", address)) if address.contains(':') => Ok(Self::Tcp(address.to_owned())),
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("tty", path)) if !path.is_empty() => Ok(Self::Tty(path.into())),
            _ => Err(AddressError(text.to_owned())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tty(path) => write!(f, "tty:{}", path.display()),
        }
    }
}

/// Text that names no line.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no line to a card: tcp:HOST:PORT, unix:PATH or tty:PATH")]
pub struct AddressError(String);

/// Why there was no answer. Nobody knows whether the card has executed the command.
#[derive(Debug, Error)]
pub enum LineError {
    /// The line cannot be opened, or it broke.
    #[error("the line to the card failed")]
    Line(#[from] io::Error),
    /// The line was closed at the other end.
    #[error("the card's end closed the line")]
    Closed,
    /// Nothing came.
    #[error("the card sends no answer to reset")]
    NoAtr,
    /// What came is no ATR.
    #[error("what the card sent is no answer to reset")]
    Atr(#[source] AtrError),
    /// The ATR asks for what is not spoken here.
    #[error("the card's answer to reset offers no T=1 with LRC")]
    Protocol,
    /// The protocol gave up.
    #[error("T=1 failed")]
    T1(#[from] T1Error),
    /// The card answered what nobody asked.
    #[error("the card answered what was not asked")]
    Unasked,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tty(OwnedFd),
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            Self::Tty(terminal) => terminal.as_fd(),
        }
    }
}

impl Stream {
    fn open(address: &Address) -> io::Result<Self> {
        Ok(match address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                Self::Tcp(stream)
            }
            Address::Unix(path) => Self::Unix(UnixStream::connect(path)?),
            Address::Tty(path) => {
                let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
                let terminal = rustix::fs::open(path, flags, Mode::empty())?;
                let mut settings = termios::tcgetattr(&terminal)?;
                settings.make_raw();
                termios::tcsetattr(&terminal, termios::OptionalActions::Now, &settings)?;
                Self::Tty(terminal)
            }
        })
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
            Self::Tty(terminal) => {
                while !bytes.is_empty() {
                    let written = rustix::io::write(&*terminal, bytes)?;
                    bytes = &bytes[written..];
                }
                Ok(())
            }
        }
    }

    /// What has come within this time; nothing is nothing.
    fn receive(&mut self, patience: Duration) -> Result<Vec<u8>, LineError> {
        let mut asked = [PollFd::new(self, PollFlags::IN)];
        let patience = rustix::time::Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(patience.subsec_nanos()),
        };
        let ready = loop {
            match poll(&mut asked, Some(&patience)) {
                Ok(count) => break count > 0,
                Err(Errno::INTR) => {}
                Err(error) => return Err(io::Error::from(error).into()),
            }
        };
        if !ready {
            return Ok(Vec::new());
        }
        let mut bytes = vec![0; 4096];
        let read = match self {
            Self::Tcp(stream) => stream.read(&mut bytes),
            Self::Unix(stream) => stream.read(&mut bytes),
            Self::Tty(terminal) => rustix::io::read(&*terminal, &mut bytes).map_err(Into::into),
        };
        match read {
            Ok(0) => Err(LineError::Closed),
            Ok(read) => {
                bytes.truncate(read);
                Ok(bytes)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A connection to a card's line.
pub struct T1Link {
    stream: Stream,
    incoming: Incoming,
    end: HostEnd,
    /// Whether the ATR that came with the connection has not been taken yet.
    fresh: bool,
}

impl T1Link {
    /// Connects; the card gets power, and its ATR is there for the first [`CardLink::reset`].
    pub fn open(address: &Address) -> Result<Self, LineError> {
        Ok(Self {
            stream: Stream::open(address)?,
            incoming: Incoming::default(),
            end: HostEnd::new(32),
            fresh: true,
        })
    }

    fn atr(&mut self) -> Result<(Atr, Vec<u8>), LineError> {
        let mut bytes = Vec::new();
        loop {
            let come = self.stream.receive(BLOCK_WAIT)?;
            if come.is_empty() {
                return Err(LineError::NoAtr);
            }
            bytes.extend(come);
            if let Some((atr, length)) = Atr::read(&bytes).map_err(LineError::Atr)? {
                let rest = bytes.split_off(length);
                self.incoming.push(&rest);
                return Ok((atr, bytes));
            }
        }
    }

    /// Sends a block and what the protocol wants after it, until there is an outcome.
    fn exchange(&mut self, mut block: Block) -> Result<HostStep, LineError> {
        let mut waits = 1;
        loop {
            self.stream.send(&block.to_bytes())?;
            let received = self.block(BLOCK_WAIT * u32::from(waits))?;
            match self.end.receive(received)? {
                HostStep::Send(next) => (block, waits) = (next, 1),
                HostStep::Extend(next, times) => (block, waits) = (next, times),
                outcome => return Ok(outcome),
            }
        }
    }

    fn block(&mut self, patience: Duration) -> Result<Result<Block, BlockError>, LineError> {
        let mut patience = patience;
        loop {
            if let Some(block) = self.incoming.block() {
                if block.is_err() {
                    // The rest of what broke must not be taken for another block.
                    while !self.stream.receive(CHARACTER_WAIT)?.is_empty() {}
                    self.incoming.silence();
                }
                return Ok(block);
            }
            let come = self.stream.receive(patience)?;
            if come.is_empty() {
                let error = self.incoming.silence().unwrap_or(BlockError::Truncated);
                return Ok(Err(error));
            }
            self.incoming.push(&come);
            patience = CHARACTER_WAIT;
        }
    }

    fn supervise(&mut self, request: Block) -> Result<(), LineError> {
        match self.exchange(request)? {
            HostStep::Done => Ok(()),
            _ => Err(LineError::Unasked),
        }
    }
}

impl CardLink for T1Link {
    type Error = LineError;

    fn reset(&mut self) -> Result<Vec<u8>, LineError> {
        if !std::mem::take(&mut self.fresh) {
            self.incoming.silence();
            let request = self.end.reset();
            self.supervise(request)?;
        }
        let (atr, bytes) = self.atr()?;
        if atr.crc || !atr.protocols.contains(&1) {
            return Err(LineError::Protocol);
        }
        self.end = HostEnd::new(atr.ifsc);
        let request = self.end.announce(IFSD);
        self.supervise(request)?;
        Ok(bytes)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LineError> {
        let first = self.end.transmit(command);
        match self.exchange(first)? {
            HostStep::Response(response) => Ok(response),
            _ => Err(LineError::Unasked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_s_name_is_read_as_it_is_written() {
        for text in [
            "tcp:localhost:7816",
            "tcp:[::1]:1",
            "unix:card",
            "tty:/dev/pts/3",
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "",
            "tcp",
            "tcp:7816",
            "unix:",
            "tty:",
            "/dev/pts/3",
            "udp:a:1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
