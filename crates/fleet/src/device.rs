//! What the simulated devices have in common: frames go to the hub in order, a window at a time, and again until they are confirmed.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many frames a device has unconfirmed at most.
const WINDOW: usize = 16;
/// How often in a row a device connects without getting anything confirmed.
const ATTEMPTS: u32 = 10;
/// The pause after the first failed attempt; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One frame, and what its confirmation repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) token: u32,
    pub(crate) bytes: Vec<u8>,
}

/// How a hub confirms: bytes received so far → the token of the first confirmation and the bytes it takes, `None` until it is whole.
pub(crate) type ReadConfirmation = fn(&[u8]) -> Result<Option<(u32, usize)>, String>;

/// Delivers the frames in order; returns when the last is confirmed. `progress` hears how many are.
///
/// A lost connection is made again, and what was not confirmed is sent again, with the same numbers.
pub(crate) async fn deliver(
    hub: SocketAddr,
    frames: impl IntoIterator<Item = Frame>,
    read: ReadConfirmation,
    progress: impl FnMut(u64),
) -> Result<(), DeviceError> {
    let mut device = Device {
        frames: frames.into_iter(),
        unconfirmed: VecDeque::new(),
        confirmed: 0,
        read,
        progress,
    };
    let mut attempts = 0;
    loop {
        let before = device.confirmed;
        let source = match device.converse(hub).await {
            Ok(()) => return Ok(()),
            Err(Broken::Io(source)) => source,
            Err(Broken::Protocol(what)) => return Err(DeviceError::Protocol { hub, what }),
        };
        attempts = if device.confirmed > before {
            1
        } else {
            attempts + 1
        };
        if attempts == ATTEMPTS {
            return Err(DeviceError::GaveUp {
                hub,
                waiting: device.unconfirmed.len(),
                source,
            });
        }
        tokio::time::sleep((PAUSE * 2_u32.pow(attempts - 1)).min(LONGEST_PAUSE)).await;
    }
}

struct Device<I, P> {
    frames: I,
    /// Sent or to be sent again, oldest first.
    unconfirmed: VecDeque<Frame>,
    confirmed: u64,
    read: ReadConfirmation,
    progress: P,
}

enum Broken {
    Io(io::Error),
    Protocol(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<I: Iterator<Item = Frame>, P: FnMut(u64)> Device<I, P> {
    /// One connection: what is unconfirmed again, then what comes after it.
    async fn converse(&mut self, hub: SocketAddr) -> Result<(), Broken> {
        let mut stream = TcpStream::connect(hub).await?;
        stream.set_nodelay(true)?;
        let again: Vec<u8> = self
            .unconfirmed
            .iter()
            .flat_map(|frame| frame.bytes.clone())
            .collect();
        stream.write_all(&again).await?;
        let mut received = Vec::new();
        loop {
            let mut out = Vec::new();
            while self.unconfirmed.len() < WINDOW {
                let Some(frame) = self.frames.next() else {
                    break;
                };
                out.extend_from_slice(&frame.bytes);
                self.unconfirmed.push_back(frame);
            }
            if self.unconfirmed.is_empty() {
                return Ok(());
            }
            stream.write_all(&out).await?;
            if stream.read_buf(&mut received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            while let Some((token, used)) = (self.read)(&received).map_err(Broken::Protocol)? {
                received.drain(..used);
                self.confirm(token)?;
            }
            (self.progress)(self.confirmed);
        }
    }

    /// Confirmations come in the order of the frames.
    fn confirm(&mut self, token: u32) -> Result<(), Broken> {
        let what = match self.unconfirmed.pop_front() {
            Some(frame) if frame.token == token => {
                self.confirmed += 1;
                return Ok(());
            }
            Some(frame) => format!("it confirmed {token:#X} instead of {:#X}", frame.token),
            None => format!("it confirmed {token:#X} while nothing waited"),
        };
        Err(Broken::Protocol(what))
    }
}

/// Why a device could not deliver.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The hub is not there, or drops the connection again and again: it is stopped, or the card refuses what the device sends.
    #[error("the hub at {hub} took none of the {waiting} frames that wait")]
    GaveUp {
        /// The hub's address for the device.
        hub: SocketAddr,
        /// Frames sent and not confirmed.
        waiting: usize,
        /// How the last attempt ended.
        source: io::Error,
    },
    /// The hub answered what it should not.
    #[error("the hub at {hub} broke the protocol: {what}")]
    Protocol {
        /// The hub's address for the device.
        hub: SocketAddr,
        /// What it did.
        what: String,
    },
}
