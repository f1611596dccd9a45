//! What the device adapters have in common: a TCP listener, frames in, confirmations out.

mod serve;

use std::fmt;

pub(crate) use serve::{Answer, FromAdapter, Inbound, Reply, ToRouter, next_connection, serve};

/// What a device handed over, in the form that its applet takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The device's own number for it, which it never uses again.
    pub correlation: u32,
    /// Command data for the applet at the end of the port's route (protocols.md §5).
    pub payload: Vec<u8>,
    /// What the confirmation repeats to the device.
    pub token: u32,
}

/// A device's protocol over a byte stream.
pub(crate) trait Protocol: Copy + Send + Sync + 'static {
    /// The first frame in `buffer` and the bytes it takes; `None` until it is complete.
    fn read(&self, buffer: &[u8]) -> Result<Option<(Submission, usize)>, FrameError>;

    /// The bytes that tell the device that the card has it.
    fn confirmation(&self, token: u32) -> Vec<u8>;
}

/// A device's frame that can't be read: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// Byte offset in the frame.
    pub at: usize,
    /// What is wrong there.
    pub fault: FrameFault,
}

/// What is wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// The DLMS codec refuses it.
    #[error("{0}")]
    Dlms(dlms_cosem_rs::codec::ErrorKind),
    /// A value other than the protocol fixes at this place.
    #[error("{what} is {found:#X}, not {expected:#X}")]
    Unexpected {
        /// What stands there.
        what: &'static str,
        /// What it should be.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// A length that the protocol does not allow.
    #[error("{what} of {found} bytes")]
    Length {
        /// What has the length.
        what: &'static str,
        /// How long it is.
        found: usize,
    },
    /// A value that has no meaning here.
    #[error("{0}")]
    Value(&'static str),
}

impl FrameError {
    pub(crate) fn new(at: usize, fault: FrameFault) -> Self {
        Self { at, fault }
    }

    pub(crate) fn expect(
        at: usize,
        what: &'static str,
        expected: u64,
        found: u64,
    ) -> Result<(), Self> {
        if found == expected {
            return Ok(());
        }
        Err(Self::new(
            at,
            FrameFault::Unexpected {
                what,
                expected,
                found,
            },
        ))
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at offset {}: {}", self.at, self.fault)
    }
}

impl std::error::Error for FrameError {}

impl From<dlms_cosem_rs::codec::Error> for FrameError {
    fn from(error: dlms_cosem_rs::codec::Error) -> Self {
        Self::new(error.offset, FrameFault::Dlms(error.kind))
    }
}
