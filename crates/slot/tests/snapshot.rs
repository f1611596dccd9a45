//! Snapshots of an image: taken, listed, gone back to; nothing is lost on the way.
#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail the test by panicking"
)]

use std::fs;
use std::path::Path;

use hydra_card::CardConfig;
use hydra_crypto::SeededRandom;
use hydra_slot::{Slot, SlotError, snapshot};

fn card(image: &Path, seed: &[u8]) -> Slot {
    let random = Box::new(SeededRandom::new(seed));
    Slot::create(image, random, CardConfig::default(), |_| Ok(())).unwrap()
}

/// A card that was used and is another now.
fn become_another(image: &Path, seed: &[u8]) -> Vec<u8> {
    fs::remove_file(image).unwrap();
    drop(card(image, seed));
    fs::read(image).unwrap()
}

#[test]
fn a_snapshot_is_gone_back_to_and_what_was_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("card.img");
    drop(card(&image, b"one"));
    let first = fs::read(&image).unwrap();
    snapshot::take(&image, "first").unwrap();
    fs::remove_file(&image).unwrap();
    let another = card(&image, b"another");
    let second = fs::read(&image).unwrap();
    for result in [
        snapshot::restore(&image, "first"),
        snapshot::take(&image, "second"),
        snapshot::replace(&image, "first"),
    ] {
        assert!(matches!(result, Err(SlotError::InUse { .. })), "{result:?}");
    }
    drop(another);
    assert_ne!(second, first);
    snapshot::restore(&image, "first").unwrap();
    assert_eq!(fs::read(&image).unwrap(), first);
    let random = Box::new(SeededRandom::new(b"slot"));
    drop(Slot::open(&image, random).unwrap());
    assert_eq!(snapshot::list(&image).unwrap(), ["before-restore", "first"]);
    // It was not the image's last way: back, and back again.
    snapshot::restore(&image, snapshot::ASIDE).unwrap();
    assert_eq!(fs::read(&image).unwrap(), second);
    snapshot::restore(&image, snapshot::ASIDE).unwrap();
    assert_eq!(fs::read(&image).unwrap(), first);
    let missing = snapshot::restore(&image, "third").unwrap_err();
    assert!(missing.to_string().contains("third"), "{missing}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    // A damaged image is gone back from.
    fs::write(&image, b"damaged").unwrap();
    snapshot::restore(&image, "first").unwrap();
    assert_eq!(fs::read(&image).unwrap(), first);
}

#[test]
fn a_snapshot_is_replaced_only_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("card.img");
    drop(card(&image, b"one"));
    let kept = folder.path().join("card.img.snapshots/first");
    snapshot::take(&image, "first").unwrap();
    let first = fs::read(&kept).unwrap();
    let second = become_another(&image, b"two");
    assert!(matches!(
        snapshot::take(&image, "first"),
        Err(SlotError::SnapshotExists { .. })
    ));
    assert_eq!(fs::read(&kept).unwrap(), first);
    snapshot::replace(&image, "first").unwrap();
    assert_eq!(fs::read(&kept).unwrap(), second);
    for result in [
        snapshot::take(&image, snapshot::ASIDE),
        snapshot::replace(&image, snapshot::ASIDE),
    ] {
        assert!(matches!(result, Err(SlotError::SnapshotReserved { .. })));
    }
    for name in ["", "..", "a/b", ".hidden", "x.new"] {
        for result in [
            snapshot::take(&image, name),
            snapshot::replace(&image, name),
        ] {
            assert!(
                matches!(result, Err(SlotError::SnapshotName { .. })),
                "{name}"
            );
        }
    }
    assert_eq!(snapshot::list(&image).unwrap(), ["first"]);
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("card.img");
    assert!(snapshot::take(&image, "first").is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // Copies that were cut short go with the next.
    drop(card(&image, b"one"));
    let snapshots = folder.path().join("card.img.snapshots");
    fs::create_dir(&snapshots).unwrap();
    let left = [
        snapshots.join("first.new"),
        snapshots.join("before-restore.new"),
        folder.path().join("card.img.new"),
    ];
    let cut_short = || {
        left.iter()
            .for_each(|path| fs::write(path, b"part").unwrap())
    };
    let gone = || left.iter().all(|path| !path.exists());
    cut_short();
    snapshot::take(&image, "other").unwrap();
    assert!(gone());
    cut_short();
    snapshot::restore(&image, "other").unwrap();
    assert!(gone());
    assert_eq!(snapshot::list(&image).unwrap(), ["before-restore", "other"]);
}
