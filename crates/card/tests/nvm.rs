//! The journal on a medium whose power fails at every write, and on media that were altered.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use hydra_card::nvm::{Journal, MemoryStorage, NvmError, Records, Storage, StorageError};
use hydra_testkit::{Cut, Loss, PowerCut};

type Changes = Vec<(u64, Option<Vec<u8>>)>;

/// A step that makes the journal do everything: several blocks, deletion, and folding into a new area.
fn steps() -> Vec<Changes> {
    let value = |seed: usize, len: usize| {
        Some(
            (0..len)
                .map(|i| u8::try_from((i * 7 + seed) % 251).unwrap())
                .collect::<Vec<_>>(),
        )
    };
    vec![
        vec![(1, value(1, 10))],
        vec![(2, value(2, 700)), (3, value(3, 0)), (1, None)],
        vec![(4, value(4, 30_000))],
        vec![(4, value(5, 20_000)), (2, value(6, 1))],
        // Beyond the first area's journal: folds.
        vec![(5, value(7, 25_000))],
        vec![(1, value(8, 1500)), (3, None)],
        vec![(6, value(9, 60_000))],
        vec![(6, value(10, 50_000)), (7, value(11, 3))],
        vec![(7, None)],
    ]
}

fn apply(records: &mut Records, changes: &Changes) {
    for (key, value) in changes {
        match value {
            Some(value) => records.insert(*key, value.clone()),
            None => records.remove(key),
        };
    }
}

/// The states before the first step and after each.
fn states() -> Vec<Records> {
    let mut states = vec![Records::new()];
    for changes in steps() {
        let mut next = states.last().unwrap().clone();
        apply(&mut next, &changes);
        states.push(next);
    }
    states
}

fn fresh() -> MemoryStorage {
    Journal::format(MemoryStorage::new())
        .unwrap()
        .into_storage()
}

/// Plays the steps until power fails; answers how many commits returned.
fn play(medium: &PowerCut) -> usize {
    let Ok((mut journal, _)) = Journal::open(medium.clone()) else {
        return 0;
    };
    steps()
        .iter()
        .take_while(|changes| journal.commit(changes).is_ok())
        .count()
}

#[test]
fn commits_survive() {
    let medium = PowerCut::new(fresh());
    assert_eq!(play(&medium), steps().len());
    let (_, records) = Journal::open(medium.restart()).unwrap();
    assert_eq!(&records, states().last().unwrap());
}

#[test]
fn power_may_fail_at_every_write() {
    let states = states();
    let whole = PowerCut::new(fresh());
    play(&whole);
    let mut cuts = 0;
    for write in 0..whole.writes() {
        let lengths = [
            0,
            1,
            8,
            17,
            18,
            40,
            48,
            49,
            247,
            248,
            255,
            256,
            257,
            511,
            512,
            3000,
            usize::MAX,
        ];
        let torn = lengths.map(|bytes| (bytes, Loss::None));
        let lost = [1, 2, 5, 6, 0b1010, u64::MAX].into_iter().flat_map(|bits| {
            [0, 300, usize::MAX]
                .into_iter()
                .flat_map(move |bytes| [(bytes, Loss::Subset(bits)), (bytes, Loss::Sectors(bits))])
        });
        for (bytes, loss) in torn.into_iter().chain(lost) {
            let cut = Cut { write, bytes, loss };
            let medium = PowerCut::cut(fresh(), cut);
            let done = play(&medium);
            assert!(medium.has_failed(), "{cut:?}");
            let (mut journal, records) = Journal::open(medium.restart()).unwrap();
            assert!(
                records == states[done] || records == states[done + 1],
                "{cut:?} after {done} commits left neither the old nor the new state"
            );
            // And the card goes on from there.
            let mut expected = records;
            for changes in steps().into_iter().take(2) {
                journal.commit(&changes).unwrap();
                apply(&mut expected, &changes);
            }
            let (_, records) = Journal::open(journal.into_storage()).unwrap();
            assert_eq!(records, expected, "{cut:?}");
            cuts += 1;
        }
    }
    assert!(cuts > 500, "{cuts}");
}

#[test]
fn power_may_fail_at_every_byte_of_a_small_commit() {
    let changes: Changes = vec![(1, Some(vec![0xA5; 300])), (2, Some(vec![0; 40]))];
    let mut after = Records::new();
    apply(&mut after, &changes);
    for bytes in 0..=512 {
        let cut = Cut {
            write: 0,
            bytes,
            loss: Loss::None,
        };
        let medium = PowerCut::cut(fresh(), cut);
        let (mut journal, _) = Journal::open(medium.clone()).unwrap();
        assert!(journal.commit(&changes).is_err());
        assert!(matches!(journal.commit(&changes), Err(NvmError::Poisoned)));
        let (_, records) = Journal::open(medium.restart()).unwrap();
        let expected = if bytes == 512 {
            &after
        } else {
            &Records::new()
        };
        assert_eq!(&records, expected, "after {bytes} bytes");
    }
}

#[test]
fn power_may_fail_while_a_torn_journal_is_opened() {
    // Power failed inside a commit, then again at each write of the recovery.
    let first = PowerCut::cut(
        fresh(),
        Cut {
            write: 1,
            bytes: 300,
            loss: Loss::None,
        },
    );
    assert_eq!(play(&first), 1);
    let torn = first.restart();
    let recovery = PowerCut::new(torn.clone());
    Journal::open(recovery.clone()).unwrap();
    assert!(recovery.writes() >= 3);
    for write in 0..recovery.writes() {
        for bytes in [0, 1, 20, 48, 49, 200, usize::MAX] {
            for loss in [
                Loss::None,
                Loss::Subset(1),
                Loss::Subset(2),
                Loss::Sectors(1),
            ] {
                let cut = Cut { write, bytes, loss };
                let medium = PowerCut::cut(torn.clone(), cut);
                assert!(Journal::open(medium.clone()).is_err());
                let (_, records) = Journal::open(medium.restart()).unwrap();
                assert_eq!(records, states()[1], "{cut:?}");
            }
        }
    }
}

#[test]
fn an_altered_medium_is_refused_or_read_right() {
    let medium = PowerCut::new(fresh());
    play(&medium);
    let good = medium.restart();
    let expected = states().pop().unwrap();
    let mut refused = 0;
    for at in (0..good.len()).step_by(131).chain(0..64).chain(4096..4160) {
        for mask in [0x01, 0xFF] {
            let mut altered = good.clone();
            altered.as_bytes_mut()[at] ^= mask;
            match Journal::open(altered) {
                Ok((_, records)) => assert!(records == expected, "byte {at} altered the state"),
                Err(NvmError::Corrupt { .. }) => refused += 1,
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn a_page_of_garbage_is_refused_or_read_right() {
    let medium = PowerCut::new(fresh());
    play(&medium);
    let good = medium.restart();
    let expected = states().pop().unwrap();
    for page in 0..good.len() / 512 {
        let mut altered = good.clone();
        for (i, byte) in altered.as_bytes_mut()[page * 512..][..512]
            .iter_mut()
            .enumerate()
        {
            *byte = u8::try_from((i * 31 + page * 17) % 255 + 1).unwrap();
        }
        match Journal::open(altered) {
            Ok((_, records)) => assert!(records == expected, "page {page} altered the state"),
            Err(NvmError::Corrupt { .. }) => {}
            Err(error) => panic!("page {page}: {error}"),
        }
    }
}

#[test]
fn a_truncated_or_blank_medium_is_told_apart() {
    assert!(matches!(
        Journal::open(MemoryStorage::new()),
        Err(NvmError::Blank)
    ));
    assert!(matches!(
        Journal::open(MemoryStorage::from_bytes(vec![0; 100_000])),
        Err(NvmError::Blank)
    ));
    let mut short = fresh().as_bytes().to_vec();
    short.truncate(20_000);
    assert!(matches!(
        Journal::open(MemoryStorage::from_bytes(short)),
        Err(NvmError::Corrupt { .. })
    ));
}

#[test]
fn formatting_may_be_cut() {
    let whole = PowerCut::new(MemoryStorage::new());
    Journal::format(whole.clone()).unwrap();
    for write in 0..whole.writes() {
        for bytes in [0, 1, 8, 30, 48, 49, usize::MAX] {
            let medium = PowerCut::cut(
                MemoryStorage::new(),
                Cut {
                    write,
                    bytes,
                    loss: Loss::None,
                },
            );
            assert!(Journal::format(medium.clone()).is_err());
            match Journal::open(medium.restart()) {
                Ok((_, records)) => assert_eq!(records, Records::new()),
                Err(NvmError::Blank) => {}
                Err(error) => panic!("write {write}, {bytes} bytes: {error}"),
            }
        }
    }
}

#[test]
fn the_medium_stays_small() {
    let mut journal = Journal::format(MemoryStorage::new()).unwrap();
    for round in 0..3000_u64 {
        journal
            .commit(&[(
                round % 40,
                Some(vec![u8::try_from(round % 256).unwrap(); 500]),
            )])
            .unwrap();
    }
    // 40 records of 500 bytes: at most three areas of a snapshot and 64 KiB of journal, and the headers.
    assert!(
        journal.storage().len() < 270_000,
        "{}",
        journal.storage().len()
    );
    let (_, records) = Journal::open(journal.into_storage()).unwrap();
    assert_eq!(records.len(), 40);
}

/// A medium that counts.
#[derive(Clone, Default)]
struct Counting {
    medium: Arc<Mutex<(MemoryStorage, u32, u32)>>,
}

impl Counting {
    fn counts(&self) -> (u32, u32) {
        let medium = self.medium.lock().unwrap();
        (medium.1, medium.2)
    }
}

impl Storage for Counting {
    fn len(&self) -> usize {
        self.medium.lock().unwrap().0.len()
    }

    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError> {
        self.medium.lock().unwrap().0.read(offset, buf)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError> {
        let mut medium = self.medium.lock().unwrap();
        medium.1 += 1;
        medium.0.write(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.medium.lock().unwrap().2 += 1;
        Ok(())
    }

    fn grow(&mut self, len: usize) -> Result<(), StorageError> {
        self.medium.lock().unwrap().0.grow(len)
    }
}

#[test]
fn a_durable_step_costs_one_write_and_one_sync() {
    let medium = Counting::default();
    let mut journal = Journal::format(medium.clone()).unwrap();
    // Records as a card with applets has them.
    for key in 0..100_u64 {
        journal.commit(&[(key, Some(vec![1; 200]))]).unwrap();
    }
    let (writes, syncs) = medium.counts();
    let commits = 10_000_u32;
    let mut alone = 0;
    for round in 0..commits {
        let before = medium.counts();
        let value = round.to_be_bytes().repeat(10);
        journal
            .commit(&[(u64::from(round % 100), Some(value))])
            .unwrap();
        let after = medium.counts();
        if (after.0 - before.0, after.1 - before.1) == (1, 1) {
            alone += 1;
        }
    }
    // All but those that fold the journal, and the mean with them.
    assert!(alone >= commits - commits / 250, "{alone} of {commits}");
    let (writes, syncs) = (medium.counts().0 - writes, medium.counts().1 - syncs);
    assert!(writes <= commits + commits / 25, "{writes} writes");
    assert!(syncs <= commits + commits / 80, "{syncs} syncs");
}
