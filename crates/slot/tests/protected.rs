//! A card in an encrypted file, with a counter beside it.
#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail the test by panicking"
)]

use std::error::Error;
use std::fs;
use std::path::Path;

use hydra_card::CardConfig;
use hydra_card::nvm::{ImageKey, MonotonicCounter, Protection};
use hydra_crypto::SeededRandom;
use hydra_slot::{CounterFile, Slot, SlotError, snapshot};
use hydra_wire::{CardLink, Command};

fn random() -> Box<SeededRandom> {
    Box::new(SeededRandom::new(b"slot"))
}

fn protection(counter: &Path) -> Protection {
    Protection {
        key: Some(ImageKey::new([9; 32])),
        counter: Some(Box::new(CounterFile::open(counter).unwrap())),
    }
}

fn reason(result: Result<Slot, SlotError>) -> String {
    let error = result.unwrap_err();
    error.source().unwrap().to_string()
}

#[test]
fn a_card_that_was_put_back_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, counter) = (
        folder.path().join("card.img"),
        folder.path().join("counter"),
    );
    let made = Slot::create_protected(
        &path,
        protection(&counter),
        random(),
        CardConfig::default(),
        |_| Ok(()),
    );
    drop(made.unwrap());
    snapshot::take(&path, "early").unwrap();
    let mut slot = Slot::open_protected(&path, protection(&counter), random()).unwrap();
    // Another card can't have the counter meanwhile.
    assert!(matches!(
        CounterFile::open(&counter),
        Err(SlotError::InUse { .. })
    ));
    let initialize_update = Command::new(0x80, 0x50, 0, 0).with_data(&[7; 8]);
    slot.transmit(&initialize_update.to_bytes()).unwrap();
    drop(slot);
    drop(Slot::open_protected(&path, protection(&counter), random()).unwrap());

    assert!(reason(Slot::open(&path, random())).contains("its key is needed"));
    snapshot::restore(&path, "early").unwrap();
    let error = reason(Slot::open_protected(&path, protection(&counter), random()));
    assert!(error.contains("put back to an older one"), "{error}");
    // A counter that begins again is not the image's.
    let fresh = folder.path().join("fresh");
    let error = reason(Slot::open_protected(&path, protection(&fresh), random()));
    assert!(error.contains("the counter is not the image's"), "{error}");
}

#[test]
fn a_counter_survives_a_step_that_was_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counter");
    let mut counter = CounterFile::open(&path).unwrap();
    assert_eq!(counter.value().unwrap(), 0);
    for value in 1..=5 {
        assert_eq!(counter.increment().unwrap(), value);
    }
    drop(counter);
    assert_eq!(CounterFile::open(&path).unwrap().value().unwrap(), 5);
    let whole = fs::read(&path).unwrap();
    // The step to 6 writes at 0; any part of it may have arrived.
    let mut next = whole.clone();
    next[..16].copy_from_slice(&[6_u64.to_be_bytes(), (!6_u64).to_be_bytes()].concat());
    for bytes in 0..=16 {
        let mut torn = whole.clone();
        torn[..bytes].copy_from_slice(&next[..bytes]);
        fs::write(&path, torn).unwrap();
        let value = CounterFile::open(&path).unwrap().value().unwrap();
        assert_eq!(value, if bytes == 16 { 6 } else { 5 }, "{bytes} bytes");
    }
    // What is no counter is told, not begun again.
    fs::write(&path, vec![0x55; whole.len()]).unwrap();
    assert!(matches!(
        CounterFile::open(&path),
        Err(SlotError::File { .. })
    ));
    // One that was being made begins.
    fs::write(&path, []).unwrap();
    assert_eq!(CounterFile::open(&path).unwrap().value().unwrap(), 0);
}
