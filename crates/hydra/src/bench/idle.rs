//! Cards that wait: how soon one is there, and what many of them hold.

use std::fs;
use std::hint::black_box;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use hydra_cap::CapFile;
use hydra_card::Card;
use hydra_card::nvm::{MemoryStorage, Storage, StorageError};
use hydra_crypto::SeededRandom;

use super::{card, repeated};

/// Libraries and applets, the applets eight with a second instance of the first.
const PROGRAMS: [&[u8]; 9] = [
    include_bytes!("../../../../applets/outbox/outbox.cap"),
    include_bytes!("../../../../vectors/caps/2.1-jc305/lablib.cap"),
    include_bytes!("../../../../vectors/caps/2.1-jc305/bench.cap"),
    include_bytes!("../../../../vectors/caps/2.1-jc305/ints.cap"),
    include_bytes!("../../../../vectors/caps/2.1-jc305/labsrv.cap"),
    include_bytes!("../../../../vectors/caps/2.1-jc305/labapp.cap"),
    include_bytes!("../../../../vectors/runtime/probe/probe.cap"),
    include_bytes!("../../../../applets/electricity/electricity.cap"),
    include_bytes!("../../../../applets/telehealth/telehealth.cap"),
];
/// Which of them is there twice.
const TWICE: usize = 2;
/// Cards that one run adds.
const CARDS: usize = 200;

/// The image of a card with eight applets, made once.
fn image() -> Result<&'static [u8]> {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(image) = IMAGE.get() {
        return Ok(image);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("card.img");
    let storage = hydra_slot::ImageFile::create(&path, 1 << 20)?;
    let (mut made, record) = card::new_card(Box::new(storage))?;
    for program in PROGRAMS {
        card::install(&mut made, &record, &CapFile::from_zip(program)?, "")?;
    }
    card::install(
        &mut made,
        &record,
        &CapFile::from_zip(PROGRAMS[TWICE])?,
        "02",
    )?;
    drop(made);
    Ok(IMAGE.get_or_init(|| fs::read(&path).unwrap_or_default()))
}

/// A medium that many cards share: nothing is written to an idle card's.
struct Shared(&'static [u8]);

impl Storage for Shared {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError> {
        let len = buf.len();
        let from = self.0.get(offset..).and_then(|rest| rest.get(..len));
        buf.copy_from_slice(from.ok_or(StorageError::OutOfBounds { offset, len })?);
        Ok(())
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError> {
        Err(StorageError::OutOfBounds {
            offset,
            len: bytes.len(),
        })
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    fn grow(&mut self, len: usize) -> Result<(), StorageError> {
        Err(StorageError::Full { len })
    }
}

fn random() -> Box<SeededRandom> {
    Box::new(SeededRandom::new(b"idle"))
}

pub(super) fn open() -> Result<f64> {
    let image = image()?;
    repeated(|| {
        let storage = MemoryStorage::from_bytes(image.to_vec());
        black_box(Card::open(Box::new(storage), random())?);
        Ok(())
    })
}

/// What one more card takes of the process's resident memory, its medium not counted.
pub(super) fn memory() -> Result<f64> {
    let image = image()?;
    // What the first card alone brings is shared by all.
    let first = Card::open(Box::new(Shared(image)), random())?;
    let before = resident()?;
    let mut cards = Vec::with_capacity(CARDS);
    for _ in 0..CARDS {
        cards.push(Card::open(Box::new(Shared(image)), random())?);
    }
    let taken = resident()?.saturating_sub(before);
    // They stay until the process ends: memory that is given back would hide what the next run takes.
    core::mem::forget((first, black_box(cards)));
    Ok(f64::from(u32::try_from(taken)?) / f64::from(u32::try_from(CARDS)?))
}

/// Bytes of this process that are in memory (proc(5), statm).
fn resident() -> Result<u64> {
    const PAGE: u64 = 4096;
    let text = fs::read_to_string("/proc/self/statm").context("this row needs Linux")?;
    let pages = text
        .split_whitespace()
        .nth(1)
        .context("statm is malformed")?;
    Ok(pages.parse::<u64>()? * PAGE)
}
