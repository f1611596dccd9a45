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

fn make(path: &Path, counter: &Path) -> Slot {
    let protection = protection(counter);
    Slot::create_protected(
        path,
        protection,
        random(),
        CardConfig::default(),
        |_| Ok(()),
    )
    .unwrap()
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
    drop(make(&path, &counter));
    let early = fs::read(&path).unwrap();
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
    fs::write(&path, early).unwrap();
    let error = reason(Slot::open_protected(&path, protection(&counter), random()));
    assert!(error.contains("put back to an older one"), "{error}");
    // A counter that begins again is not the image's.
    let fresh = folder.path().join("fresh");
    let error = reason(Slot::open_protected(&path, protection(&fresh), random()));
    assert!(error.contains("the counter is not the image's"), "{error}");
}

#[test]
fn a_card_with_a_counter_does_not_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, counter) = (
        folder.path().join("card.img"),
        folder.path().join("counter"),
    );
    drop(Slot::create(&path, random(), CardConfig::default(), |_| Ok(())).unwrap());
    snapshot::take(&path, "uncounted").unwrap();
    fs::remove_file(&path).unwrap();
    drop(make(&path, &counter));
    let before = fs::read(&path).unwrap();
    // One from a time before snapshots were refused, and one of another card that had no counter.
    fs::write(folder.path().join("card.img.snapshots/old"), &before).unwrap();
    for result in [
        snapshot::take(&path, "new"),
        snapshot::replace(&path, "old"),
        snapshot::restore(&path, "old"),
        snapshot::restore(&path, "uncounted"),
    ] {
        assert!(
            matches!(result, Err(SlotError::Counted { .. })),
            "{result:?}"
        );
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(snapshot::list(&path).unwrap(), ["old", "uncounted"]);
    drop(Slot::open_protected(&path, protection(&counter), random()).unwrap());
    // Nor does a card without a counter become one with it.
    let other = folder.path().join("other.img");
    drop(Slot::create(&other, random(), CardConfig::default(), |_| Ok(())).unwrap());
    fs::create_dir(folder.path().join("other.img.snapshots")).unwrap();
    fs::write(folder.path().join("other.img.snapshots/old"), &before).unwrap();
    let result = snapshot::restore(&other, "old");
    assert!(
        matches!(result, Err(SlotError::Counted { .. })),
        "{result:?}"
    );
}

#[test]
fn who_looks_at_a_card_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, counter) = (
        folder.path().join("card.img"),
        folder.path().join("counter"),
    );
    let to_read = || Protection {
        key: Some(ImageKey::new([9; 32])),
        counter: Some(Box::new(CounterFile::open_to_read(&counter).unwrap())),
    };
    let made = make(&path, &counter);
    // Not while it is in use.
    assert!(matches!(
        CounterFile::open_to_read(&counter),
        Err(SlotError::InUse { .. })
    ));
    assert!(matches!(
        Slot::look(&path, Protection::default(), random()),
        Err(SlotError::InUse { .. })
    ));
    drop(made);
    let files = || (fs::read(&path).unwrap(), fs::read(&counter).unwrap());
    let before = files();
    for path in [&path, &counter] {
        let mut permissions = fs::metadata(path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions).unwrap();
    }
    let mut slot = Slot::look(&path, to_read(), random()).unwrap();
    // It runs, and what it does is forgotten.
    let initialize_update = Command::new(0x80, 0x50, 0, 0).with_data(&[7; 8]);
    let answer = slot.transmit(&initialize_update.to_bytes()).unwrap();
    assert!(answer.ends_with(&[0x90, 0x00]));
    // Two may look at once.
    drop(Slot::look(&path, to_read(), random()).unwrap());
    drop(slot);
    assert!(files() == before);
    assert!(
        CounterFile::open_to_read(&counter)
            .unwrap()
            .increment()
            .is_err()
    );
    assert!(matches!(
        CounterFile::open_to_read(&folder.path().join("none")),
        Err(SlotError::File { .. })
    ));
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
