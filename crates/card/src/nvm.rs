//! Non-volatile memory: a checksummed journal of key-value records over a small [`Storage`] trait.
//!
//! One [`Journal::commit`] is one durable step: it is there whole or not at all, whatever byte the power fails at and
//! whichever unsynced writes are lost, and it costs one write and one `sync`. When the journal is full, which it is once it
//! has outgrown the snapshot twice and 256 blocks, a commit writes a new snapshot beside the old: three syncs, no more
//! often than every 256 commits of up to 229 bytes. A medium that was altered afterwards makes [`Journal::open`] fail, so
//! that the card goes mute instead of wrong. A new snapshot is made of what the card has in memory
//! ([`Journal::commit_all`]); where a commit must read the journal back for it, it fails unless the journal ends where the
//! card left it.
//!
//! **Versions.** A header says the image's format and the version of the records, and every format from 2 on has a
//! header of 128 bytes that begins with "HydraNV" and the format's digit and ends in its checksum: so a build tells an
//! image of a later one ([`NvmError::Version`]) from a damaged one ([`NvmError::Corrupt`]). A build opens every format
//! and version of the records that there was. An older format is folded into the present one when it is opened, older
//! records are migrated one version after the other (`runtime::migrate`); either way the whole of the new image takes
//! the old one's place in one step. `vectors/image` has an image of each, which every later build must open; whoever
//! changes the records' layout raises `runtime::migrate::VERSION`, writes the step from the version before, and adds an
//! image. Formats: 1 (no version, no encryption), 2 (slower checksums), 3.
//!
//! **Encryption** ([`ImageKey`]) is AES-256-SIV over snapshot and commits, each bound to all before it; the module `seal`
//! says why no nonce repeats and what still leaks. It is done before the bytes go the ways above, so power may fail as
//! before.
//!
//! **Rollback** ([`MonotonicCounter`]). With a counter every commit carries a value, one more than the commit's before.
//! The commit is written first, then the counter is raised to its value, and only then [`Journal::commit`] returns: what
//! the world learns of a commit it learns when older images are old. Power may fail between the two; so opening takes
//! images that are ahead of the counter, and to end such images' lives, opening is itself a commit whose value is two
//! above the counter, to which the counter is then raised:
//!
//! - image below the counter: put back, [`NvmError::RolledBack`]. Every image that was the newest once is below as soon
//!   as a later commit has returned.
//! - ahead by one: a commit that did not return, or an opening that was cut short in the middle. By two: an opening that was
//!   cut short before its first step. All lead on from a state that nothing later was answered from. Ahead by more:
//!   not this image's counter, [`NvmError::OtherCounter`].
//! - A commit that was written and cut off, kept aside, and brought back after the card went on from the image before it:
//!   its value is at most one above what the counter was, and the next opening went two above.
//! - Two cards at once on one counter: the second one's opening takes the first one's next value away, and the first goes
//!   mute ([`NvmError::CounterMoved`]) before it answers. Yet an opening that is cut short takes nothing away, so a counter must
//!   be lent to one card at a time.
//!
//! Without a counter a software card cannot see a medium that was put back to an earlier content as a whole, or whose
//! newest commits were blanked to zeros.
//!
//! ```
//! use hydra_card::nvm::{Journal, MemoryStorage};
//!
//! let mut journal = Journal::format(MemoryStorage::new())?;
//! journal.commit(&[(1_u64, Some(b"one".to_vec())), (2, Some(b"two".to_vec()))])?;
//! journal.commit(&[(1_u64, None)])?;
//! let (_, records) = Journal::open(journal.into_storage())?;
//! assert_eq!(records.into_iter().collect::<Vec<_>>(), [(2, b"two".to_vec())]);
//! # Ok::<(), hydra_card::nvm::NvmError>(())
//! ```

mod counter;
mod journal;
mod layout;
mod medium;
mod memory;
mod seal;

pub use counter::{CounterError, MonotonicCounter};
pub use journal::{Journal, Records, is_counted};
pub use medium::{Medium, Protection};
pub use memory::MemoryStorage;
pub use seal::ImageKey;

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
            Self::Device(_) => f.write_str("the medium failed"),
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
    /// The image, or what is in it, is of a later build's making.
    Version {
        /// The image's format, or its records.
        part: &'static str,
        /// The version that it has.
        found: u16,
        /// The latest that this build reads.
        reads: u16,
    },
    /// The image is encrypted, and no key was given.
    KeyNeeded,
    /// The image is encrypted with another key, or its header was forged.
    WrongKey,
    /// A key was given for an image that is not encrypted.
    NotEncrypted,
    /// The image was made with a counter, and none was given.
    CounterNeeded,
    /// A counter was given for an image that was made without one.
    NotCounted,
    /// The image is older than the newest that the counter knows of.
    RolledBack {
        /// The image's value.
        image: u64,
        /// The counter's.
        counter: u64,
    },
    /// The counter is further behind than the image's own can be.
    OtherCounter {
        /// The image's value.
        image: u64,
        /// The counter's.
        counter: u64,
    },
    /// Somebody else raised the counter while the card ran.
    CounterMoved {
        /// The value that the card would have raised it to.
        expected: u64,
        /// The one it has.
        found: u64,
    },
    /// The counter is at its end.
    CounterExhausted,
    /// The counter failed.
    Counter(CounterError),
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
            Self::Version { part, found, reads } => write!(
                f,
                "the image is of a later build: its {part} has version {found}, this build reads versions up to {reads}"
            ),
            Self::KeyNeeded => f.write_str("the image is encrypted: its key is needed"),
            Self::WrongKey => f.write_str("the key is not the image's"),
            Self::NotEncrypted => f.write_str("there is a key, but the image is not encrypted"),
            Self::CounterNeeded => {
                f.write_str("the image was made with a monotonic counter, which is needed")
            }
            Self::NotCounted => {
                f.write_str("there is a monotonic counter, but the image was made without one")
            }
            Self::RolledBack { image, counter } => write!(
                f,
                "the image was put back to an older one: it is at {image}, the counter at {counter}"
            ),
            Self::OtherCounter { image, counter } => write!(
                f,
                "the counter is not the image's: it is at {counter}, the image at {image}"
            ),
            Self::CounterMoved { expected, found } => write!(
                f,
                "the counter moved to {found} beside the card, which expected {expected}"
            ),
            Self::CounterExhausted => f.write_str("the counter is at its end"),
            Self::Counter(error) => error.fmt(f),
            Self::Poisoned => f.write_str("an earlier commit failed"),
            Self::TooLarge { len } => write!(f, "{len} bytes are too many for one commit"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NvmError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Their words are this error's own.
            Self::Storage(error) => error.source(),
            Self::Counter(error) => error.source(),
            _ => None,
        }
    }
}

impl From<StorageError> for NvmError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}
