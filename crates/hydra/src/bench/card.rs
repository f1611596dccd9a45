//! A card in memory with the program `bench.cap`, loaded over SCP03, behind OPEN, runtime, VM and journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use hydra_cap::CapFile;
use hydra_cap::opcode::Opcode;
use hydra_card::nvm::{ImageKey, Medium, MemoryStorage, Protection, Storage};
use hydra_card::runtime::CardStorage;
use hydra_card::{Card, CardConfig, ManufacturingRecord};
use hydra_crypto::{Random, SystemRandom};
use hydra_gp::{Privileges, StatusScope};
use hydra_reader::GpClient;
use hydra_vm::{Observer, Package};
use hydra_wire::{Aid, Command};

use super::home::Folder;
use super::limit::{LONG, MOVES};
use super::repeated;

const CASES: &[u8] = include_bytes!("../../../../vectors/api/cases/cases.cap");
const ASYMMETRIC: &[u8] = include_bytes!("../../../../vectors/api/asymmetric/asymmetric.cap");
const CAP: &[u8] = include_bytes!("../../../../vectors/caps/2.1-jc305/bench.cap");
const MOVER: &[u8] = include_bytes!("../../../../vectors/runtime/mover/mover.cap");
const PURSE: &[u8] = include_bytes!("../../../../vectors/runtime/purse/purse.cap");

pub(super) fn bytecodes() -> Result<f64> {
    bytecode_rate(&rounds(0x02, 10_000))
}

pub(super) fn virtual_calls() -> Result<f64> {
    bytecode_rate(&rounds(0x09, 10_000))
}

/// Bytecodes a second: those of one run are counted, then runs are timed with nobody watching.
fn bytecode_rate(command: &Command) -> Result<f64> {
    let count = Arc::new(Count::default());
    let mut card = card()?;
    card.observe(Some(count.clone()));
    card.process(&command.to_bytes());
    let executed = u32::try_from(count.0.load(Ordering::Relaxed))?;
    Ok(rate(command)? * f64::from(executed))
}

#[derive(Default)]
struct Count(AtomicU64);

impl Observer for Count {
    fn instruction(&self, _: &Package, _: u32, _: Opcode) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn throws() -> Result<f64> {
    rate(&rounds(0x0E, 1_000))
}

pub(super) fn copies() -> Result<f64> {
    rate(&rounds(0x0A, 10_000))
}

pub(super) fn long_copies() -> Result<f64> {
    moved(1)
}

pub(super) fn long_comparisons() -> Result<f64> {
    moved(2)
}

pub(super) fn long_fills() -> Result<f64> {
    moved(3)
}

pub(super) fn objects() -> Result<f64> {
    rate(&rounds(0x07, 256))
}

pub(super) fn transactions() -> Result<f64> {
    rate(&rounds(0x08, 256))
}

pub(super) fn echo_16() -> Result<f64> {
    rate(&data(0x01, 16))
}

pub(super) fn echo_240() -> Result<f64> {
    rate(&data(0x01, 240))
}

pub(super) fn aes_cbc() -> Result<f64> {
    rate(&data(0x03, 240))
}

/// The digest goes to a persistent array, where it is already.
pub(super) fn sha_256() -> Result<f64> {
    rate(&data(0x06, 240))
}

/// Two messages by turns, so that each digest is written and durable before the answer.
pub(super) fn sha_256_written() -> Result<f64> {
    by_turns(&mut card()?, [&data(0x06, 240), &data(0x06, 239)])
}

pub(super) fn signature() -> Result<f64> {
    rate(&data(0x05, 32))
}

/// RSA-2048 with SHA-256 and PKCS #1, by the program of `vectors/api` for asymmetric keys.
pub(super) fn rsa_signature() -> Result<f64> {
    let (mut card, record) = new_card(Box::new(MemoryStorage::new()))?;
    install(&mut card, &record, &CapFile::from_zip(CASES)?, "")?;
    let applet = install(&mut card, &record, &CapFile::from_zip(ASYMMETRIC)?, "")?;
    card.process(&Command::select(&applet).to_bytes());
    let command = Command::new(0x80, 0x00, 0x8B, 0x00).with_le(256);
    repeat(&mut card, &command)
}

/// Four bytes of the purse's memo, durable before the answer: a commit of the journal each.
pub(super) fn written_in_memory() -> Result<f64> {
    written(Medium::from(
        Box::new(MemoryStorage::new()) as Box<dyn Storage + Send>
    ))
}

/// The same with the image encrypted.
pub(super) fn written_encrypted() -> Result<f64> {
    let storage: Box<dyn Storage + Send> = Box::new(MemoryStorage::new());
    written(Medium::from(storage).protected(Protection {
        key: Some(ImageKey::new([0x5A; 32])),
        counter: None,
    }))
}

/// The same in a file, where each is a write and an fdatasync.
pub(super) fn written_in_a_file() -> Result<f64> {
    let folder = Folder::new("write")?;
    let file = hydra_slot::ImageFile::create(&folder.path().join("card.img"), 1 << 20)?;
    written(Medium::from(Box::new(file) as Box<dyn Storage + Send>))
}

fn written(medium: Medium<CardStorage>) -> Result<f64> {
    let cap = CapFile::from_zip(PURSE)?;
    let random = Box::new(SystemRandom::new()?);
    let (mut card, record) = Card::create(medium, random, CardConfig::default())?;
    let applet = install(&mut card, &record, &cap, "")?;
    card.process(&Command::select(&applet).to_bytes());
    let write = |text: &[u8]| Command::new(0x80, 0x32, 0, 0).with_data(text);
    by_turns(&mut card, [&write(b"memo"), &write(b"note")])
}

fn rounds(ins: u8, count: u16) -> Command {
    let [p1, p2] = count.to_be_bytes();
    Command::new(0x80, ins, p1, p2).with_le(256)
}

fn data(ins: u8, length: usize) -> Command {
    Command::new(0x80, ins, 0x00, 0x00)
        .with_data(&vec![0x5A; length])
        .with_le(256)
}

fn rate(command: &Command) -> Result<f64> {
    repeat(&mut card()?, command)
}

/// Two commands by turns, so that each finds what the other wrote.
fn by_turns(card: &mut Card, commands: [&Command; 2]) -> Result<f64> {
    let [first, second] = commands.map(Command::to_bytes);
    let mut next = (first, second);
    let mut answer = Vec::new();
    repeated(|| {
        succeed(card, &next.0, &mut answer)?;
        std::mem::swap(&mut next.0, &mut next.1);
        Ok(())
    })
}

fn succeed(card: &mut Card, command: &[u8], answer: &mut Vec<u8>) -> Result<()> {
    card.process_into(command, answer);
    ensure!(
        answer.ends_with(&[0x90, 0x00]),
        "the card answered {answer:02X?}"
    );
    Ok(())
}

/// Commands a second; the first is not among them, for some make a key.
fn repeat(card: &mut Card, command: &Command) -> Result<f64> {
    let command = command.to_bytes();
    card.process(&command);
    let mut answer = Vec::new();
    repeated(|| succeed(card, &command, &mut answer))
}

/// A thousand times `Util.arrayCopyNonAtomic`, `arrayCompare` or `arrayFillNonAtomic`, as `ins` says, less the time of as
/// many that move nothing: what the bytes take, and not the loop around them.
fn moved(ins: u8) -> Result<f64> {
    let mut card = card_with(MOVER)?;
    let mut seconds = |length: u16| {
        let command = rounds(ins, MOVES).with_data(&length.to_be_bytes());
        repeat(&mut card, &command).map(f64::recip)
    };
    let calls = seconds(0)?;
    Ok((seconds(LONG)? - calls).recip())
}

fn card() -> Result<Card> {
    card_with(CAP)
}

/// A card whose only applet is selected.
fn card_with(cap: &[u8]) -> Result<Card> {
    let cap = CapFile::from_zip(cap)?;
    let (mut card, record) = new_card(Box::new(MemoryStorage::new()))?;
    let applet = install(&mut card, &record, &cap, "")?;
    let selected = card.process(&Command::select(&applet).to_bytes());
    ensure!(
        selected.ends_with(&[0x90, 0x00]),
        "SELECT answered {selected:02X?}"
    );
    Ok(card)
}

/// A new card on a medium.
pub(super) fn new_card(storage: Box<dyn Storage + Send>) -> Result<(Card, ManufacturingRecord)> {
    let random = Box::new(SystemRandom::new()?);
    Ok(Card::create(storage, random, CardConfig::default())?)
}

/// Loads a program, unless it is there, and installs its first applet under its own AID with `suffix`.
pub(super) fn install(
    card: &mut Card,
    record: &ManufacturingRecord,
    cap: &CapFile,
    suffix: &str,
) -> Result<Aid> {
    let mut challenge = [0; 8];
    SystemRandom::new()?.draw("host challenge", 0, &mut challenge);
    let mut client = GpClient::attach(card);
    client.select_issuer_domain()?;
    client.authenticate(&record.issuer_keys, &challenge)?;
    let listed = client.list(StatusScope::LoadFiles)?;
    if !listed.iter().any(|entry| entry.aid == *cap.aid()) {
        let domain = "A000000151000000".parse()?;
        client.load(cap.aid(), &domain, &cap.to_load_file())?;
    }
    let Some(applet) = cap.applets().first() else {
        return Ok(cap.aid().clone());
    };
    let instance: Aid = format!("{}{suffix}", applet.aid).parse()?;
    client.install(cap.aid(), &applet.aid, &instance, Privileges::NONE, &[])?;
    Ok(instance)
}
