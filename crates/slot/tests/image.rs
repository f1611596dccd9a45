//! A card in a file: it is there whole or not at all, for one slot at a time.
#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail the test by panicking"
)]

use std::fs;
use std::io;
use std::path::Path;

use hydra_card::CardConfig;
use hydra_crypto::SeededRandom;
use hydra_slot::{Slot, SlotError};
use hydra_wire::{CardLink, Command, Response};

fn random() -> Box<SeededRandom> {
    Box::new(SeededRandom::new(b"slot"))
}

fn create(path: &Path) -> Result<Slot, SlotError> {
    Slot::create(path, random(), CardConfig::default(), |_| Ok(()))
}

fn sequence_counter(slot: &mut Slot) -> Vec<u8> {
    let command = Command::new(0x80, 0xCA, 0x00, 0xC1).with_le(256);
    let response = slot.transmit(&command.to_bytes()).unwrap();
    Response::parse(&response).unwrap().data
}

#[test]
fn what_the_card_keeps_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let mut slot = create(&path).unwrap();
    assert_eq!(sequence_counter(&mut slot), [0xC1, 3, 0, 0, 0]);
    let initialize_update = Command::new(0x80, 0x50, 0, 0).with_data(&[7; 8]);
    slot.transmit(&initialize_update.to_bytes()).unwrap();
    drop(slot);
    let mut slot = Slot::open(&path, random()).unwrap();
    assert_eq!(sequence_counter(&mut slot), [0xC1, 3, 0, 0, 1]);
    let atr = slot.reset().unwrap();
    assert_eq!(atr[0], 0x3B);
    assert_eq!(atr[1..].iter().fold(0, |sum, byte| sum ^ byte), 0);
}

#[test]
fn one_image_one_slot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let slot = create(&path).unwrap();
    assert!(matches!(
        Slot::open(&path, random()),
        Err(SlotError::InUse { .. })
    ));
    assert!(matches!(create(&path), Err(SlotError::File { .. })));
    drop(slot);
    Slot::open(&path, random()).unwrap();
}

#[test]
fn a_card_whose_record_nobody_kept_does_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let result = Slot::create(&path, random(), CardConfig::default(), |_| {
        Err(io::Error::other("the safe is full"))
    });
    let error = result.unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("the safe is full"), "{error}: {why}");
    assert!(!path.exists());
    // What is left of the attempt is in nobody's way.
    let mut kept = None;
    Slot::create(&path, random(), CardConfig::default(), |record| {
        kept = Some(record.card_id);
        Ok(())
    })
    .unwrap();
    assert!(kept.is_some());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn files_that_hold_no_card_are_refused_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let refused = |what: &str| {
        let error = Slot::open(&path, random()).unwrap_err().to_string();
        assert!(error.contains("card.img"), "{what}: {error}");
    };
    refused("none");
    fs::write(&path, b"").unwrap();
    refused("empty");
    fs::write(&path, vec![0; 100_000]).unwrap();
    refused("zeros");
    fs::write(&path, b"a text of no interest").unwrap();
    refused("text");

    fs::remove_file(&path).unwrap();
    drop(create(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    for at in (0..used).step_by(used / 50) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, damaged).unwrap();
        // A page may be one that is not in use; a card that opens is the one that was made.
        if let Ok(mut slot) = Slot::open(&path, random()) {
            assert_eq!(sequence_counter(&mut slot), [0xC1, 3, 0, 0, 0], "byte {at}");
        }
    }
}
