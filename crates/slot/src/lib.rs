//! What a card is plugged into: an image file that holds its memory, locked against a second process, and the card
//! running in this process as a [`CardLink`].
//!
//! [`vpcd`] puts a card into a virtual reader of pcscd, [`t1`] behind a socket or a terminal, [`snapshot`] goes back to
//! how an image was. What is in the image is `card`'s business.
//!
//! ```
//! use hydra_card::CardConfig;
//! use hydra_crypto::SeededRandom;
//! use hydra_slot::Slot;
//! use hydra_wire::CardLink;
//!
//! let folder = tempfile::tempdir()?;
//! let image = folder.path().join("card.img");
//! let random = || Box::new(SeededRandom::new(b"example"));
//! // The manufacturing record is kept before the image gets its name: there is no card that nobody knows.
//! let mut slot = Slot::create(&image, random(), CardConfig::default(), |_record| Ok(()))?;
//! assert_eq!(slot.transmit(&[0x00, 0xA4, 0x04, 0x00, 0x00])?[0], 0x6F);
//! drop(slot);
//! let slot = Slot::open(&image, random())?;
//! assert!(Slot::open(&image, random()).is_err(), "one image, one process");
//! # drop(slot);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

mod code;
mod counter;
mod image;
pub mod snapshot;
pub mod t1;
pub mod vpcd;

pub use code::CodeCache;
pub use counter::CounterFile;
pub use image::ImageFile;

use self::counter::Forgetful;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use hydra_card::nvm::{Medium, MemoryStorage, Protection};
use hydra_card::{Card, CardConfig, CardError, ManufacturingRecord, Mute, Random};
use hydra_wire::CardLink;
use thiserror::Error;

/// A new image begins with this many bytes, written once, so that later commits change no file metadata.
const FIRST_SIZE: usize = 1 << 20;

/// A card in an image file, running in this process.
#[derive(Debug)]
pub struct Slot {
    card: Card,
}

/// Why there is no card in the slot.
#[derive(Debug, Error)]
pub enum SlotError {
    /// The file system's own error.
    #[error("{action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// Another slot, here or in another process, has the image open.
    #[error("{} is in use", path.display())]
    InUse {
        /// The image.
        path: PathBuf,
    },
    /// There is no snapshot of this name.
    #[error("{} has no snapshot {name}", image.display())]
    NoSnapshot {
        /// The image.
        image: PathBuf,
        /// The name.
        name: String,
    },
    /// There is a snapshot of this name already.
    #[error("{} has a snapshot {name} already", image.display())]
    SnapshotExists {
        /// The image.
        image: PathBuf,
        /// The name.
        name: String,
    },
    /// A snapshot can't have this name.
    #[error(
        "{name:?} is no name for a snapshot: up to 64 letters, digits, '-', '_' and '.', without a '.' at the beginning or \".new\" at the end"
    )]
    SnapshotName {
        /// The name.
        name: String,
    },
    /// The name is that of what a restoration puts aside.
    #[error("the snapshot {name} is what `restore` puts aside: take another name")]
    SnapshotReserved {
        /// The name.
        name: String,
    },
    /// The image was made with a counter, so that the card starts from its newest state alone.
    #[error(
        "{} was made with a counter: its card starts from no older state, so it has no snapshots to go back to; nothing was changed. To go back and forth, make a card without a counter",
        path.display()
    )]
    Counted {
        /// The image, or a snapshot of it.
        path: PathBuf,
    },
    /// The image holds no card that can run.
    #[error("{}", path.display())]
    Card {
        /// The image.
        path: PathBuf,
        /// The card's own words.
        source: CardError,
    },
}

fn file_error(action: &'static str, path: &Path, source: io::Error) -> SlotError {
    SlotError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

impl Slot {
    /// Makes a card in a new image. `keep` gets the manufacturing record and must have made it durable when it returns;
    /// only then does the image get its name, so that a crash leaves either no card or one whose keys are known.
    pub fn create(
        path: &Path,
        random: Box<dyn Random + Send>,
        config: CardConfig,
        keep: impl FnOnce(&ManufacturingRecord) -> io::Result<()>,
    ) -> Result<Self, SlotError> {
        Self::create_protected(path, Protection::default(), random, config, keep)
    }

    /// Makes a card in a new image that is encrypted, or whose rollback is noticed, or both.
    pub fn create_protected(
        path: &Path,
        protection: Protection,
        random: Box<dyn Random + Send>,
        config: CardConfig,
        keep: impl FnOnce(&ManufacturingRecord) -> io::Result<()>,
    ) -> Result<Self, SlotError> {
        if path.exists() {
            return Err(file_error(
                "create",
                path,
                io::ErrorKind::AlreadyExists.into(),
            ));
        }
        let unfinished = image::beside(path, ".new");
        let image = ImageFile::create(&unfinished, FIRST_SIZE)?;
        let medium = Medium::from(Box::new(image)).protected(protection);
        let failed = |action, path| move |source| file_error(action, path, source);
        let make = || {
            let (card, record) =
                Card::create(medium, random, config).map_err(|source| SlotError::Card {
                    path: unfinished.clone(),
                    source,
                })?;
            keep(&record).map_err(failed("keep the manufacturing record of", path))?;
            fs::rename(&unfinished, path).map_err(failed("name", path))?;
            Ok(card)
        };
        let card = make().inspect_err(|_| {
            // Why it failed is what there is to say.
            let _ = fs::remove_file(&unfinished);
        })?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("make durable", folder))?;
        Ok(Self { card })
    }

    /// Powers up the card of an image.
    pub fn open(path: &Path, random: Box<dyn Random + Send>) -> Result<Self, SlotError> {
        Self::open_protected(path, Protection::default(), random)
    }

    /// Powers up the card of an image that was made with this protection.
    pub fn open_protected(
        path: &Path,
        protection: Protection,
        random: Box<dyn Random + Send>,
    ) -> Result<Self, SlotError> {
        let image = ImageFile::open(path)?;
        let medium = Medium::from(Box::new(image)).protected(protection);
        let card = Card::open(medium, random).map_err(|source| SlotError::Card {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { card })
    }

    /// Powers up a copy in memory of the card of an image that was made with this protection, to look at it: neither the
    /// image nor the counter is written, and what the card does is forgotten.
    pub fn look(
        path: &Path,
        protection: Protection,
        random: Box<dyn Random + Send>,
    ) -> Result<Self, SlotError> {
        let mut file = image::open_to_read(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|source| file_error("read", path, source))?;
        let counter = protection
            .counter
            .map(|counter| Box::new(Forgetful::new(counter)) as Box<_>);
        let protection = Protection {
            counter,
            ..protection
        };
        let memory = Box::new(MemoryStorage::from_bytes(bytes));
        let card =
            Card::open(Medium::from(memory).protected(protection), random).map_err(|source| {
                SlotError::Card {
                    path: path.to_owned(),
                    source,
                }
            })?;
        Ok(Self { card })
    }

    /// The card itself.
    pub fn card(&mut self) -> &mut Card {
        &mut self.card
    }
}

impl CardLink for Slot {
    type Error = Mute;

    fn reset(&mut self) -> Result<Vec<u8>, Mute> {
        self.card.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Mute> {
        self.card.transmit(command)
    }
}
