//! Records of everything that lasts.
use alloc::vec::Vec;
use core::fmt;

/// The name of a record: its kind in the top byte, a number below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(pub u64);

/// What changed: a record's new bytes, or `None` when it is gone.
pub type Changes = Vec<(RecordKey, Option<Vec<u8>>)>;

/// Why records do not make a card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// A record is malformed at this offset.
    Record {
        /// Which.
        key: RecordKey,
        /// The byte.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A package's CAP file can't be linked again.
    Package(crate::link::LinkError),
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record {
                key,
                offset,
                reason,
            } => write!(f, "record {:016X}, offset {offset}: {reason}", key.0),
            Self::Package(error) => write!(f, "a package can't be linked: {error}"),
        }
    }
}

impl core::error::Error for RestoreError {}
