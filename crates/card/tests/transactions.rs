//! Power fails at every write of a card that runs transactions: what it acknowledged is there, what it did not is there
//! whole or not at all.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use hydra_cap::CapFile;
use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig};
use hydra_crypto::SeededRandom;
use hydra_gp::Privileges;
use hydra_reader::GpClient;
use hydra_testkit::{Cut, Loss, PowerCut};
use hydra_wire::{Aid, Command};

const BENCH: &str = "F04C414242454E4301";

fn random() -> Box<SeededRandom> {
    Box::new(SeededRandom::new(b"transactions"))
}

/// The medium of a card with the measuring applet on it.
fn prepared() -> MemoryStorage {
    let medium = PowerCut::new(MemoryStorage::new());
    let (mut card, record) =
        Card::create(Box::new(medium.clone()), random(), CardConfig::default()).unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../vectors/caps/2.1-jc222/bench.cap"
    );
    let cap = CapFile::from_zip(&fs::read(path).unwrap()).unwrap();
    let mut client = GpClient::connect(&mut card).unwrap();
    client.select_issuer_domain().unwrap();
    client
        .authenticate(&record.issuer_keys, &[1, 2, 3, 4, 5, 6, 7, 8])
        .unwrap();
    let domain: Aid = "A000000151000000".parse().unwrap();
    client
        .load(cap.aid(), &domain, &cap.to_load_file())
        .unwrap();
    let applet: Aid = BENCH.parse().unwrap();
    client
        .install(cap.aid(), &applet, &applet, Privileges::NONE, &[])
        .unwrap();
    medium.restart()
}

fn send(card: &mut Card, ins: u8, count: u16) -> Vec<u8> {
    let [p1, p2] = count.to_be_bytes();
    card.process(&Command::new(0x80, ins, p1, p2).with_le(256).to_bytes())
}

/// The applet's counter, on a card that was just opened.
fn counter(medium: MemoryStorage) -> u16 {
    let mut card = Card::open(Box::new(medium), random()).unwrap();
    let applet: Aid = BENCH.parse().unwrap();
    card.process(&Command::select(&applet).to_bytes());
    let answer = send(&mut card, 0x0D, 0);
    assert_eq!(answer[2..], [0x90, 0x00], "{answer:02X?}");
    u16::from_be_bytes([answer[0], answer[1]])
}

/// Commands that change the applet's memory, and the counter after each: transactions, static fields, objects.
const STEPS: [(u8, u16, u16); 6] = [
    (0x08, 3, 2),
    (0x0B, 40, 2),
    (0x08, 60, 59),
    (0x07, 50, 59),
    (0x0C, 0, 59),
    (0x08, 9, 8),
];

/// Plays the steps until power fails; answers how many were acknowledged.
fn play(medium: &PowerCut) -> usize {
    let Ok(mut card) = Card::open(Box::new(medium.clone()), random()) else {
        return 0;
    };
    let applet: Aid = BENCH.parse().unwrap();
    if card.process(&Command::select(&applet).to_bytes()) != [0x90, 0x00] {
        return 0;
    }
    STEPS
        .iter()
        .take_while(|(ins, count, _)| send(&mut card, *ins, *count).ends_with(&[0x90, 0x00]))
        .count()
}

#[test]
fn a_cut_leaves_the_old_state_or_the_new_one() {
    let fresh = prepared();
    let counters: Vec<u16> = [0]
        .into_iter()
        .chain(STEPS.map(|(_, _, counter)| counter))
        .collect();
    let whole = PowerCut::new(fresh.clone());
    assert_eq!(play(&whole), STEPS.len());
    assert_eq!(counter(whole.restart()), 8);
    assert!(whole.writes() >= 4, "{}", whole.writes());
    for write in 0..whole.writes() {
        for bytes in [0, 1, 100, 255, 256, 257, 600, usize::MAX] {
            for loss in [
                Loss::None,
                Loss::Subset(1),
                Loss::Sectors(1),
                Loss::Sectors(2),
            ] {
                let cut = Cut { write, bytes, loss };
                let medium = PowerCut::cut(fresh.clone(), cut);
                let done = play(&medium);
                assert!(medium.has_failed(), "{cut:?}");
                assert!(done < STEPS.len(), "{cut:?}");
                let found = counter(medium.restart());
                let allowed = [counters[done], counters[done + 1]];
                assert!(allowed.contains(&found), "{cut:?} after {done}: {found}");
            }
        }
    }
}

#[test]
fn a_mute_card_stays_mute() {
    let medium = PowerCut::cut(
        prepared(),
        Cut {
            write: 0,
            bytes: 10,
            loss: Loss::None,
        },
    );
    let mut card = Card::open(Box::new(medium.clone()), random()).unwrap();
    let applet: Aid = BENCH.parse().unwrap();
    card.process(&Command::select(&applet).to_bytes());
    assert_eq!(send(&mut card, 0x08, 5), [0x6F, 0x00]);
    assert!(medium.has_failed());
    assert_eq!(send(&mut card, 0x0D, 0), [0x6F, 0x00]);
    assert!(card.reset().is_err());
}
