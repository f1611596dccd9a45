//! Cards that wait: how soon one is there, and what many of them hold.

use std::fs;
use std::hint::black_box;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, ensure};
use hydra_cap::CapFile;
use hydra_card::Card;
use hydra_card::nvm::{MemoryStorage, Storage, StorageError};
use hydra_crypto::SeededRandom;
use hydra_slot::CodeCache;
use hydra_wire::Command;

use super::card::{install, new_card};
use super::repeated;

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
const CARDS: u32 = 200;
/// Cards of one process.
const CITY: u32 = 10_000;

/// The image of a card with eight applets, made once.
fn image() -> Result<&'static [u8]> {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(image) = IMAGE.get() {
        return Ok(image);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("card.img");
    let storage = hydra_slot::ImageFile::create(&path, 1 << 20)?;
    let (mut made, record) = new_card(Box::new(storage))?;
    for program in PROGRAMS {
        install(&mut made, &record, &CapFile::from_zip(program)?, "")?;
    }
    install(
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

/// What one more card takes beyond the code that it shares with those before it.
pub(super) fn card() -> Result<f64> {
    let code = CodeCache::new();
    // The first brings the code.
    let first = opened(image()?, Some(&code))?;
    let taken = taken_by(CARDS, Some(&code));
    core::mem::forget((first, code));
    taken
}

/// What the code takes that cards share: what a card that shares nothing takes, without what one that shares takes.
pub(super) fn code() -> Result<f64> {
    Ok(taken_by(CARDS, None)? - card()?)
}

/// What ten thousand cards take together with their code, when each has answered a SELECT. They are opened once, however
/// often the row is run.
pub(super) fn city() -> Result<f64> {
    static TAKEN: OnceLock<f64> = OnceLock::new();
    if let Some(taken) = TAKEN.get() {
        return Ok(*taken);
    }
    let each = taken_by(CITY, Some(&CodeCache::new()))?;
    Ok(*TAKEN.get_or_init(|| each * f64::from(CITY)))
}

/// What a card takes of the process's resident memory, its medium not counted: the mean of so many.
fn taken_by(count: u32, code: Option<&Arc<CodeCache>>) -> Result<f64> {
    let image = image()?;
    let asked = CapFile::from_zip(PROGRAMS[TWICE])?;
    let asked = asked.applets().first().context("it has an applet")?;
    let select = Command::select(&asked.aid).to_bytes();
    let before = resident()?;
    let mut cards = Vec::new();
    for _ in 0..count {
        cards.push(opened(image, code)?);
    }
    for card in &mut cards {
        let answer = card.process(&select);
        ensure!(
            answer.ends_with(&[0x90, 0x00]),
            "a card answered {answer:02X?}"
        );
    }
    let taken = resident()?.saturating_sub(before);
    // They stay until the process ends: memory that is given back would hide what the next run takes.
    core::mem::forget(black_box(cards));
    Ok(f64::from(u32::try_from(taken)?) / f64::from(count))
}

fn opened(image: &'static [u8], code: Option<&Arc<CodeCache>>) -> Result<Card> {
    let mut card = Card::open(Box::new(Shared(image)), random())?;
    if let Some(code) = code {
        card.share_code(code.clone());
    }
    Ok(card)
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
