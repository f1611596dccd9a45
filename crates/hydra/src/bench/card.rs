//! A card in memory with the program `bench.cap`, loaded over SCP03, behind OPEN, runtime, VM and journal.

use anyhow::{Context, Result, ensure};
use hydra_cap::CapFile;
use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig};
use hydra_crypto::{Random, SystemRandom};
use hydra_gp::Privileges;
use hydra_reader::GpClient;
use hydra_wire::Command;

use super::repeated;

const CAP: &[u8] = include_bytes!("../../../../vectors/caps/2.1-jc305/bench.cap");
/// What INS 02 executes when P1 P2 ask for 10,000 rounds.
const BYTECODES: f64 = 151_768.0;

pub(super) fn bytecodes() -> Result<f64> {
    let apdus = rate(&Command::new(0x80, 0x02, 0x00, 0x00).with_le(256))?;
    Ok(apdus * BYTECODES)
}

pub(super) fn echo_16() -> Result<f64> {
    rate(&data(0x01, 16))
}

pub(super) fn echo_240() -> Result<f64> {
    rate(&data(0x01, 240))
}

pub(super) fn signature() -> Result<f64> {
    rate(&data(0x05, 32))
}

fn data(ins: u8, length: usize) -> Command {
    Command::new(0x80, ins, 0x00, 0x00)
        .with_data(&vec![0x5A; length])
        .with_le(256)
}

fn rate(command: &Command) -> Result<f64> {
    let mut card = card()?;
    let command = command.to_bytes();
    repeated(|| {
        let answer = card.process(&command);
        ensure!(
            answer.ends_with(&[0x90, 0x00]),
            "the card answered {answer:02X?}"
        );
        Ok(())
    })
}

fn card() -> Result<Card> {
    let cap = CapFile::from_zip(CAP)?;
    let applet = &cap
        .applets()
        .first()
        .context("bench.cap has no applet")?
        .aid;
    let domain = "A000000151000000".parse()?;
    let mut random = SystemRandom::new()?;
    let mut challenge = [0; 8];
    random.draw("host challenge", 0, &mut challenge);
    let storage = Box::new(MemoryStorage::new());
    let (mut card, record) = Card::create(storage, Box::new(random), CardConfig::default())?;
    let mut client = GpClient::attach(&mut card);
    client.select_issuer_domain()?;
    client.authenticate(&record.issuer_keys, &challenge)?;
    client.load(cap.aid(), &domain, &cap.to_load_file())?;
    client.install(cap.aid(), applet, applet, Privileges::NONE, &[])?;
    let selected = card.process(&Command::select(applet).to_bytes());
    ensure!(
        selected.ends_with(&[0x90, 0x00]),
        "SELECT answered {selected:02X?}"
    );
    Ok(card)
}
