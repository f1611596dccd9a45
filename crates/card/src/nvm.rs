//! Non-volatile memory: a checksummed journal of key-value records over a small [`Storage`] trait.
//!
//! One [`Journal::commit`] is one durable step: it is there whole or not at all, whatever byte the power fails at and
//! whichever unsynced writes are lost, and it costs one `sync`. A medium that was altered afterwards makes
//! [`Journal::open`] fail, so that the card goes mute instead of wrong. What a software card cannot see: a medium put
//! back to an earlier content as a whole, or whose newest commit was blanked to zeros.
//!
//! ```
//! use hydra_card::nvm::{Journal, MemoryStorage};
//!
//! let mut journal = Journal::format(MemoryStorage::new())?;
//! journal.commit(&[(1, Some(b"one".to_vec())), (2, Some(b"two".to_vec()))])?;
//! journal.commit(&[(1, None)])?;
//! let (_, records) = Journal::open(journal.into_storage())?;
//! assert_eq!(records.into_iter().collect::<Vec<_>>(), [(2, b"two".to_vec())]);
//! # Ok::<(), hydra_card::nvm::NvmError>(())
//! ```

mod journal;
mod layout;
mod memory;

pub use journal::{Journal, Records};
pub use memory::MemoryStorage;

use alloc::boxed::Box;
use core::fmt;

/// A medium of bytes that survives power. Nothing is promised about writes until [`Storage::sync`] returns: each may
/// have happened, be lost, or stop after any of its bytes.
pub trait Storage {
    /// How many bytes there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset`; all of it lies below [`Storage::len`].
    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError>;

    /// Writes `bytes` at `offset`; all of it lies below [`Storage::len`].
    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError>;

    /// Returns once everything written is durable.
    fn sync(&mut self) -> Result<(), StorageError>;

    /// Makes the medium at least `len` bytes long; what is added reads as zeros. A medium of fixed size answers
    /// [`StorageError::Full`].
    fn grow(&mut self, len: usize) -> Result<(), StorageError>;
}

impl<T: Storage + ?Sized> Storage for Box<T> {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError> {
        (**self).read(offset, buf)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError> {
        (**self).write(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        (**self).sync()
    }

    fn grow(&mut self, len: usize) -> Result<(), StorageError> {
        (**self).grow(len)
    }
}

/// What a medium can answer instead of doing its work.
#[derive(Debug)]
pub enum StorageError {
    /// The access goes beyond the medium's end.
    OutOfBounds {
        /// First byte of the access.
        offset: usize,
        /// Length of the access.
        len: usize,
    },
    /// The medium can't become this long.
    Full {
        /// The length asked for.
        len: usize,
    },
    /// The device's own error.
    Device(Box<dyn core::error::Error + Send + Sync>),
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds { offset, len } => {
                write!(f, "{len} bytes at offset {offset} lie beyond the medium")
            }
            Self::Full { len } => write!(f, "the medium can't hold {len} bytes"),
            Self::Device(error) => write!(f, "the medium failed: {error}"),
        }
    }
}

impl core::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Device(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Why non-volatile memory can't be opened or written. After any of these the card is mute.
#[derive(Debug)]
pub enum NvmError {
    /// The medium was never formatted (or formatting did not finish).
    Blank,
    /// Bytes are not what was written; the offset of the first that shows it.
    Corrupt {
        /// Byte offset on the medium.
        offset: usize,
        /// What was found wrong there.
        what: &'static str,
    },
    /// A commit failed before, so that the medium's state is unknown until it is opened again.
    Poisoned,
    /// More than the journal's format can hold.
    TooLarge {
        /// Bytes that should have been stored.
        len: usize,
    },
    /// The medium failed.
    Storage(StorageError),
}

impl fmt::Display for NvmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("the medium holds no card"),
            Self::Corrupt { offset, what } => {
                write!(f, "the card's memory is damaged at offset {offset}: {what}")
            }
            Self::Poisoned => f.write_str("an earlier commit failed"),
            Self::TooLarge { len } => write!(f, "{len} bytes are too many for one commit"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NvmError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StorageError> for NvmError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}
