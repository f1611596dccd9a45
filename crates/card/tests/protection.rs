//! Images that are encrypted, or whose rollback a counter notices: what is refused, what leaks, and power that fails
//! anywhere.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use hydra_card::nvm::{
    ImageKey, Journal, Medium, MemoryStorage, NvmError, Protection, Records, Storage,
};
use hydra_testkit::{Cut, PowerCut};

type Changes = Vec<(u64, Option<Vec<u8>>)>;

fn key(byte: u8) -> ImageKey {
    ImageKey::new([byte; 32])
}

fn sealed<S: Storage>(storage: S) -> Medium<S> {
    Medium::new(storage).protected(Protection {
        key: Some(key(7)),
        counter: None,
    })
}

fn counted(medium: &PowerCut) -> Medium<PowerCut> {
    Medium::new(medium.clone()).protected(Protection {
        key: Some(key(7)),
        counter: Some(medium.counter()),
    })
}

fn value(seed: u8, len: usize) -> Option<Vec<u8>> {
    Some(vec![seed; len])
}

/// Small commits, one of several blocks, and two that fold.
fn steps() -> Vec<Changes> {
    vec![
        vec![(1, value(1, 10))],
        vec![(2, value(2, 700)), (1, None)],
        vec![(3, value(3, 40_000)), (1, value(4, 3))],
        vec![(3, value(5, 30_000))],
        vec![(1, value(6, 3))],
    ]
}

fn states() -> Vec<Records> {
    let mut states = vec![Records::new()];
    for changes in steps() {
        let mut next = states.last().unwrap().clone();
        for (key, value) in changes {
            match value {
                Some(value) => next.insert(key, value),
                None => next.remove(&key),
            };
        }
        states.push(next);
    }
    states
}

fn error<S>(result: Result<(Journal<S>, Records), NvmError>) -> NvmError {
    match result {
        Ok(_) => panic!("the image was opened"),
        Err(error) => error,
    }
}

#[test]
fn an_encrypted_image_opens_with_its_key_alone() {
    let mut journal = Journal::format(sealed(MemoryStorage::new())).unwrap();
    for changes in steps() {
        journal.commit(&changes).unwrap();
    }
    let medium = journal.into_storage();
    let (_, records) = Journal::open(sealed(medium.clone())).unwrap();
    assert_eq!(&records, states().last().unwrap());
    assert!(matches!(
        error(Journal::open(medium.clone())),
        NvmError::KeyNeeded
    ));
    let other = Medium::new(medium).protected(Protection {
        key: Some(key(8)),
        counter: None,
    });
    assert!(matches!(error(Journal::open(other)), NvmError::WrongKey));
    let plain = Journal::format(MemoryStorage::new()).unwrap();
    assert!(matches!(
        error(Journal::open(sealed(plain.into_storage()))),
        NvmError::NotEncrypted
    ));
}

#[test]
fn what_is_stored_is_nowhere_on_an_encrypted_medium() {
    let secret = b"a key that must not be found";
    let found = |bytes: &[u8]| bytes.windows(8).any(|part| part == &secret[..8]);
    let write = |medium: Medium<MemoryStorage>| {
        let mut journal = Journal::format(medium).unwrap();
        // In a commit, and in a snapshot after the journal was folded.
        journal
            .commit(&[(1_u64, Some(secret.to_vec())), (2, value(0, 60_000))])
            .unwrap();
        journal.commit(&[(2_u64, value(1, 60_000))]).unwrap();
        journal.into_storage()
    };
    assert!(found(write(MemoryStorage::new().into()).as_bytes()));
    assert!(!found(write(sealed(MemoryStorage::new())).as_bytes()));
}

/// Every vector and ciphertext of a medium's journal and snapshot, cut into cipher blocks.
fn blocks(medium: &MemoryStorage) -> BTreeSet<[u8; 16]> {
    let areas = &medium.as_bytes()[8192..];
    // Payloads begin 18 bytes into a block; a snapshot begins its area.
    let journal = areas.chunks_exact(256).flat_map(|block| {
        let (payload, _) = block[18..247].as_chunks::<16>();
        payload.to_vec()
    });
    let (whole, _) = areas.as_chunks::<16>();
    journal
        .chain(whole.iter().copied())
        .filter(|block| block.iter().filter(|byte| **byte == 0).count() < 5)
        .collect()
}

#[test]
fn nothing_is_encrypted_twice_alike_when_an_image_is_put_back() {
    let mut journal = Journal::format(sealed(MemoryStorage::new())).unwrap();
    journal.commit(&[(1_u64, value(1, 50))]).unwrap();
    let kept = journal.into_storage();
    // Two lives from here, with commits of the same sizes at the same places, and a fold.
    let live = |seed: u8| {
        let (mut journal, _) = Journal::open(sealed(kept.clone())).unwrap();
        for round in 0..300_u16 {
            let [high, low] = round.to_be_bytes();
            let value = [vec![high, low, seed], vec![0; 100]].concat();
            journal.commit(&[(2_u64, Some(value))]).unwrap();
        }
        journal.into_storage()
    };
    let (first, second) = (blocks(&live(1)), blocks(&live(2)));
    let before = blocks(&kept);
    assert!(first.len() > 1500, "{}", first.len());
    let twice: Vec<_> = first.intersection(&second).collect();
    assert!(
        twice.iter().all(|block| before.contains(*block)),
        "{} blocks are in both",
        twice.len()
    );
    // What was done again exactly is all that can be seen to be the same.
    assert_eq!(first, blocks(&live(1)));
}

#[test]
fn a_torn_commit_and_the_one_in_its_place_differ() {
    let fresh = Journal::format(sealed(MemoryStorage::new()))
        .unwrap()
        .into_storage();
    let attempt = |seed| {
        let cut = Cut {
            write: 0,
            bytes: 300,
            loss: hydra_testkit::Loss::None,
        };
        let medium = PowerCut::cut(fresh.clone(), cut);
        let (mut journal, _) = Journal::open(sealed(medium.clone())).unwrap();
        assert!(journal.commit(&[(1_u64, value(seed, 400))]).is_err());
        let (mut journal, records) = Journal::open(sealed(medium.restart())).unwrap();
        assert!(records.is_empty());
        journal.commit(&[(1_u64, value(seed + 1, 400))]).unwrap();
        journal.into_storage()
    };
    let medium = attempt(1);
    let (first, last) = medium.as_bytes().split_at(8192 + 256 * 258);
    let blocks = |bytes: &[u8]| -> BTreeSet<[u8; 16]> {
        let of = bytes.chunks_exact(256).filter(|block| block[255] == 0xA5);
        of.flat_map(|block| block[18..247].as_chunks::<16>().0.to_vec())
            .filter(|block| *block != [0; 16])
            .collect()
    };
    let (first, last) = (blocks(&first[8192..]), blocks(last));
    assert!(first.len() >= 14 && last.len() >= 24);
    assert!(first.is_disjoint(&last));
}

#[test]
fn histories_do_not_mix() {
    let mut journal = Journal::format(sealed(MemoryStorage::new())).unwrap();
    journal.commit(&[(1_u64, value(1, 50))]).unwrap();
    let kept = journal.into_storage();
    let live = |seed: u8| {
        let (mut journal, _) = Journal::open(sealed(kept.clone())).unwrap();
        journal.commit(&[(2_u64, value(seed, 50))]).unwrap();
        journal.commit(&[(3_u64, value(seed, 50))]).unwrap();
        journal.into_storage()
    };
    let (mine, theirs) = (live(1), live(2));
    let differ = |at: &usize| mine.as_bytes()[*at..at + 256] != theirs.as_bytes()[*at..at + 256];
    let places: Vec<usize> = (0..mine.len()).step_by(256).filter(differ).collect();
    assert_eq!(places.len(), 2, "two commits");
    for at in places {
        let mut mixed = mine.clone();
        mixed.as_bytes_mut()[at..at + 256].copy_from_slice(&theirs.as_bytes()[at..at + 256]);
        let error = error(Journal::open(sealed(mixed)));
        assert!(matches!(error, NvmError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn no_bit_of_an_encrypted_image_may_change() {
    let mut journal = Journal::format(sealed(MemoryStorage::new())).unwrap();
    for changes in steps() {
        journal.commit(&changes).unwrap();
    }
    let good = journal.into_storage();
    let expected = states().pop().unwrap();
    let mut refused = 0;
    for at in (0..good.len()).step_by(97).chain(0..130).chain(4096..4226) {
        let mut altered = good.clone();
        altered.as_bytes_mut()[at] ^= 0x10;
        match Journal::open(sealed(altered)) {
            Ok((_, records)) => assert!(records == expected, "byte {at} altered the state"),
            Err(NvmError::Corrupt { .. }) => refused += 1,
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    assert!(refused > 100, "{refused}");
}

/// Plays the steps until power fails; how many commits returned.
fn play(medium: &PowerCut) -> usize {
    let Ok((mut journal, _)) = Journal::open(counted(medium)) else {
        return 0;
    };
    steps()
        .iter()
        .take_while(|changes| journal.commit(changes).is_ok())
        .count()
}

fn made() -> (MemoryStorage, u64) {
    let medium = PowerCut::new(MemoryStorage::new());
    Journal::format(counted(&medium)).unwrap();
    (medium.restart(), medium.counted())
}

#[test]
fn power_may_fail_between_image_and_counter() {
    let (image, counter) = made();
    let states = states();
    let whole = PowerCut::cut_with_counter(image.clone(), counter, None);
    assert_eq!(play(&whole), steps().len());
    let cuts = whole.cuts(0);
    for cut in &cuts {
        let medium = PowerCut::cut_with_counter(image.clone(), counter, Some(*cut));
        let done = play(&medium);
        assert!(medium.has_failed(), "{cut:?}");
        // It comes up again, and again, whatever power does to the first attempt.
        let (left, at) = (medium.restart(), medium.counted());
        let second = PowerCut::cut_with_counter(left.clone(), at, None);
        Journal::open(counted(&second)).unwrap_or_else(|error| panic!("{cut:?}: {error}"));
        let again = if cut.write.is_multiple_of(3) {
            second.cuts(0)
        } else {
            Vec::new()
        };
        let attempts = again.into_iter().step_by(5).map(Some).chain([None]);
        for attempt in attempts {
            let medium = PowerCut::cut_with_counter(left.clone(), at, attempt);
            let _ = Journal::open(counted(&medium));
            let medium = PowerCut::cut_with_counter(medium.restart(), medium.counted(), None);
            let (mut journal, records) = Journal::open(counted(&medium))
                .unwrap_or_else(|error| panic!("{cut:?}, {attempt:?}: {error}"));
            assert!(
                records == states[done] || Some(&records) == states.get(done + 1),
                "{cut:?}, {attempt:?} after {done} commits"
            );
            journal.commit(&[(9_u64, value(9, 9))]).unwrap();
        }
    }
    assert!(cuts.len() > 300, "{}", cuts.len());
}

#[test]
fn an_image_that_was_put_back_is_refused() {
    let (image, counter) = made();
    let medium = PowerCut::cut_with_counter(image.clone(), counter, None);
    let (mut journal, _) = Journal::open(counted(&medium)).unwrap();
    let mut copies = vec![image];
    for changes in steps() {
        copies.push(medium.restart());
        journal.commit(&changes).unwrap();
    }
    let newest = medium.restart();
    let at = medium.counted();
    for (index, copy) in copies.into_iter().enumerate() {
        let put_back = PowerCut::cut_with_counter(copy, at, None);
        let error = error(Journal::open(counted(&put_back)));
        let NvmError::RolledBack { image, counter } = error else {
            panic!("{index}: {error}");
        };
        assert!(image < counter && counter == at);
        assert_eq!(put_back.writes(), 0, "it was touched");
    }
    let medium = PowerCut::cut_with_counter(newest.clone(), at, None);
    Journal::open(counted(&medium)).unwrap();
    // A counter that is further behind than any cut leaves it is another's.
    let other = PowerCut::cut_with_counter(newest, at - 3, None);
    assert!(matches!(
        error(Journal::open(counted(&other))),
        NvmError::OtherCounter { .. }
    ));
}

/// Whoever can take the power away keeps a commit that never returned, lets the card go on from the image before it, and
/// brings it back.
#[test]
fn an_image_that_is_put_back_under_a_running_card_is_noticed() {
    for protect in [counted, |medium: &PowerCut| medium.clone().into()] {
        let medium = PowerCut::new(MemoryStorage::new());
        let mut journal = Journal::format(protect(&medium)).unwrap();
        journal.commit(&[(1_u64, value(1, 40_000))]).unwrap();
        let older = medium.restart();
        journal.commit(&[(2_u64, value(2, 10))]).unwrap();
        medium.clone().write(0, older.as_bytes()).unwrap();
        // What is folded is read from the medium.
        let folded = journal.commit(&[(1_u64, value(3, 30_000))]);
        assert!(matches!(folded, Err(NvmError::Corrupt { .. })));
        let next = journal.commit(&[(2_u64, value(2, 10))]);
        assert!(matches!(next, Err(NvmError::Poisoned)));
    }
}

#[test]
fn a_commit_that_was_cut_off_does_not_come_back() {
    let (image, counter) = made();
    let opened = PowerCut::cut_with_counter(image, counter, None);
    Journal::open(counted(&opened)).unwrap();
    let (base, at) = (opened.restart(), opened.counted());
    // The write and its sync happen, the counter's step does not. The opening itself takes one write and two steps.
    let cut = Cut {
        write: 4,
        bytes: 0,
        loss: hydra_testkit::Loss::None,
    };
    let medium = PowerCut::cut_with_counter(base.clone(), at, Some(cut));
    let (mut journal, _) = Journal::open(counted(&medium)).unwrap();
    let before = medium.restart();
    assert!(journal.commit(&[(1_u64, value(1, 4))]).is_err());
    let (aside, at) = (medium.restart(), medium.counted());
    // Both are good now: nobody was told anything.
    for image in [&before, &aside] {
        let medium = PowerCut::cut_with_counter(image.clone(), at, None);
        Journal::open(counted(&medium)).unwrap();
    }
    // The card goes on from the older one. Then the other is gone for good, commit or not.
    let medium = PowerCut::cut_with_counter(before, at, None);
    let (mut journal, _) = Journal::open(counted(&medium)).unwrap();
    for _ in 0..3 {
        let back = PowerCut::cut_with_counter(aside.clone(), medium.counted(), None);
        let error = error(Journal::open(counted(&back)));
        assert!(matches!(error, NvmError::RolledBack { .. }), "{error}");
        journal.commit(&[(2_u64, value(2, 4))]).unwrap();
    }
}

#[test]
fn two_cards_on_one_counter_do_not_both_go_on() {
    let (image, counter) = made();
    let first = PowerCut::cut_with_counter(image.clone(), counter, None);
    let (mut one, _) = Journal::open(counted(&first)).unwrap();
    one.commit(&[(1_u64, value(1, 1))]).unwrap();
    // The second has a copy of the newest image, and the first one's counter.
    let copy = Medium::new(first.restart()).protected(Protection {
        key: Some(key(7)),
        counter: Some(first.counter()),
    });
    let (mut two, _) = Journal::open(copy).unwrap();
    let error = one.commit(&[(1_u64, value(2, 1))]).unwrap_err();
    assert!(matches!(error, NvmError::CounterMoved { .. }), "{error}");
    assert!(matches!(
        one.commit(&[(1_u64, value(2, 1))]),
        Err(NvmError::Poisoned)
    ));
    // The step that it took is missed by the second: neither can be trusted to be the only one.
    assert!(two.commit(&[(1_u64, value(3, 1))]).is_err());
}

#[test]
fn a_counter_belongs_to_the_image() {
    let (image, _) = made();
    assert!(matches!(
        error(Journal::open(sealed(image))),
        NvmError::CounterNeeded
    ));
    let plain = Journal::format(sealed(MemoryStorage::new())).unwrap();
    let medium = PowerCut::new(plain.into_storage());
    assert!(matches!(
        error(Journal::open(counted(&medium))),
        NvmError::NotCounted
    ));
}
