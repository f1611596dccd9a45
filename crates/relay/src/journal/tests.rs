use super::*;
use crate::Identity;
use bytes::Bytes;

fn records() -> Vec<Record> {
    let party = Identity::Hub("h1".to_owned());
    let to = Identity::Provider("supplier".to_owned());
    let topic = "hydra/h1/supplier/up".to_owned();
    vec![
        Record::Session {
            party: party.clone(),
            expiry: 7,
        },
        Record::Subscribed {
            party: party.clone(),
            filter: "hydra/h1/+/down".to_owned(),
        },
        Record::Message {
            number: 1,
            to: to.clone(),
            topic: topic.clone(),
            payload: Bytes::from_static(b"sealed"),
        },
        Record::Settled { number: 1, to },
        Record::Metered {
            topic,
            messages: 1,
            bytes: 6,
        },
        Record::Unsubscribed {
            party: party.clone(),
            filter: "hydra/h1/+/down".to_owned(),
        },
        Record::Away {
            party: party.clone(),
            since: 1_700_000_000,
        },
        Record::Ended { party },
    ]
}

fn write_all(directory: &Path) {
    let (mut journal, _) = Journal::open(directory).unwrap();
    for record in records() {
        journal.push(&record);
    }
    journal.write(Durability::Synced).unwrap();
}

#[test]
fn records_come_back_as_they_were_written() {
    let directory = tempfile::tempdir().unwrap();
    write_all(directory.path());
    let (_, recovered) = Journal::open(directory.path()).unwrap();
    assert_eq!((recovered.records, recovered.cut), (records(), 0));
}

/// The file as it is when nothing of it was synced yet.
fn unsynced(directory: &Path) -> Vec<u8> {
    write_all(directory);
    let mut whole = fs::read(directory.join(NAME)).unwrap();
    whole[..FIRST].copy_from_slice(&first(FIRST as u64));
    whole
}

#[test]
fn a_file_cut_at_any_byte_keeps_the_whole_records_before_the_cut() {
    let directory = tempfile::tempdir().unwrap();
    let whole = unsynced(directory.path());
    let path = directory.path().join(NAME);
    let mut kept = 0;
    for cut in FIRST..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let (mut journal, recovered) = Journal::open(directory.path()).unwrap();
        let count = recovered.records.len();
        assert!(count == kept || count == kept + 1, "cut at {cut}");
        kept = count;
        assert_eq!(recovered.records, records()[..count], "cut at {cut}");
        // What is written next stands behind the good records.
        let next = Record::Settled {
            number: 99,
            to: Identity::Hub("h".to_owned()),
        };
        journal.push(&next);
        journal.write(Durability::Written).unwrap();
        drop(journal);
        let (_, again) = Journal::open(directory.path()).unwrap();
        assert_eq!(again.records.len(), count + 1, "cut at {cut}");
        assert_eq!(again.records.last(), Some(&next), "cut at {cut}");
    }
    assert_eq!(kept, records().len() - 1);
}

#[test]
fn a_flipped_bit_never_changes_a_record() {
    let directory = tempfile::tempdir().unwrap();
    let whole = unsynced(directory.path());
    let path = directory.path().join(NAME);
    for at in FIRST..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        let (_, recovered) = Journal::open(directory.path()).unwrap();
        let count = recovered.records.len();
        assert!(count < records().len(), "at {at}");
        assert_eq!(recovered.records, records()[..count], "at {at}");
    }
}

/// What was synced was acknowledged: a file without it is refused and left alone.
#[test]
fn what_was_synced_can_not_be_lost_unnoticed() {
    let directory = tempfile::tempdir().unwrap();
    write_all(directory.path());
    let path = directory.path().join(NAME);
    let whole = fs::read(&path).unwrap();
    let refused = |bytes: &[u8], at: usize| {
        fs::write(&path, bytes).unwrap();
        let error = Journal::open(directory.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "at {at}");
        assert!(error.to_string().contains("offset"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "at {at}");
    };
    for at in 0..whole.len() {
        refused(&whole[..at], at);
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        refused(&bytes, at);
    }
}

#[test]
fn another_file_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.journal");
    fs::write(&path, b"something else").unwrap();
    let error = Journal::open(directory.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(fs::read(&path).unwrap(), b"something else");
}

#[test]
fn two_relays_never_share_a_journal() {
    let directory = tempfile::tempdir().unwrap();
    let (_held, _) = Journal::open(directory.path()).unwrap();
    let error = Journal::open(directory.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
}

#[test]
fn compaction_says_the_same_in_less() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(directory.path()).unwrap();
    let message = |number| Record::Message {
        number,
        to: Identity::Hub("h".to_owned()),
        topic: "hydra/h/p/down".to_owned(),
        payload: Bytes::from(vec![7; 65_536]),
    };
    for number in 0..80 {
        assert!(!journal.wants_compaction() || number > 60);
        journal.push(&message(number));
        journal.write(Durability::Written).unwrap();
    }
    assert!(journal.wants_compaction());
    journal.compact([message(79)].into_iter()).unwrap();
    assert!(!journal.wants_compaction());
    journal.push(&message(80));
    journal.write(Durability::Written).unwrap();
    drop(journal);
    let (_, recovered) = Journal::open(directory.path()).unwrap();
    assert_eq!(recovered.records, [message(79), message(80)]);
}
