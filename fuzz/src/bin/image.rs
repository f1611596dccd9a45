//! A changed image, plain or encrypted: refused with a place and a reason, or a card that answers. Changes below the checksums too:
//! of the headers, and of the records themselves.
#![no_main]

use std::sync::OnceLock;

use hydra_card::Card;
use hydra_card::nvm::{ImageKey, Journal, Medium, MemoryStorage, Protection, Records, Storage};
use hydra_crypto::SeededRandom;
use hydra_fuzz::World;
use hydra_wire::Response;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&first, changes)) = data.split_first() else {
        return;
    };
    let sealed = first & 4 != 0;
    let image = if sealed {
        encrypted()
    } else {
        World::get().image()
    };
    let image = match first & 3 {
        0 => with_changed_bytes(image, changes),
        1 => with_changed_headers(image, changes),
        _ => with_changed_records(image, changes, sealed),
    };
    use_card(image, sealed);
});

fn protected<S: Storage>(storage: S, sealed: bool) -> Medium<S> {
    Medium::new(storage).protected(Protection {
        key: sealed.then(|| ImageKey::new([0x5E; 32])),
        counter: None,
    })
}

/// The same card in an encrypted image.
fn encrypted() -> &'static [u8] {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let plain = MemoryStorage::from_bytes(World::get().image().to_vec());
        let (_, records) = Journal::open(plain).expect("the image opens");
        let mut journal =
            Journal::format(protected(MemoryStorage::new(), true)).expect("memory does not fail");
        let records: Vec<(u64, Option<Vec<u8>>)> = values(records);
        journal.commit(&records).expect("memory does not fail");
        journal.into_storage().as_bytes().to_vec()
    })
}

fn values(records: Records) -> Vec<(u64, Option<Vec<u8>>)> {
    records
        .into_iter()
        .map(|(key, value)| (key, Some(value)))
        .collect()
}

fn with_changed_bytes(image: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    for change in changes.chunks_exact(5) {
        let at = u32::from_be_bytes([change[0], change[1], change[2], change[3]]);
        let at = at as usize % image.len();
        image[at] ^= change[4];
    }
    image
}

/// Changes headers, which copy by the top bit, and makes their checksums right again.
fn with_changed_headers(image: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    for change in changes.chunks_exact(2) {
        let copy = usize::from(change[0] >> 7) * 4096;
        let header = &mut image[copy..copy + 128];
        header[usize::from(change[0] & 0x7F).min(118)] = change[1];
        let crc = crc::Crc::<u64>::new(&crc::CRC_64_XZ).checksum(&header[..119]);
        header[119..127].copy_from_slice(&crc.to_be_bytes());
    }
    image
}

/// Changes records: which one, what to do, where, and a byte.
fn with_changed_records(image: &[u8], changes: &[u8], sealed: bool) -> Vec<u8> {
    let storage = MemoryStorage::from_bytes(image.to_vec());
    let (mut journal, records) =
        Journal::open(protected(storage, sealed)).expect("the image opens");
    let mut records = values(records);
    for change in changes.chunks_exact(5) {
        let index = usize::from(u16::from_be_bytes([change[0], change[1]])) % records.len();
        let (_, Some(value)) = &mut records[index] else {
            continue;
        };
        match change[2] % 4 {
            0 => records[index].1 = None,
            1 => value.push(change[4]),
            2 => value.truncate(usize::from(change[3])),
            _ => {
                let at = usize::from(change[3]);
                if let Some(byte) = value.get_mut(at) {
                    *byte = change[4];
                }
            }
        }
    }
    journal.commit(&records).expect("memory does not fail");
    journal.into_storage().as_bytes().to_vec()
}

fn use_card(image: Vec<u8>, sealed: bool) {
    let storage: Box<dyn Storage + Send> = Box::new(MemoryStorage::from_bytes(image));
    let Ok(mut card) = Card::open(
        protected(storage, sealed),
        Box::new(SeededRandom::new(b"fuzz")),
    ) else {
        return;
    };
    let commands: [&[u8]; 5] = [
        &[0x00, 0xA4, 0x04, 0x00, 0x00],
        &[0x80, 0xCA, 0x00, 0x66, 0x00],
        &[
            0x00, 0xA4, 0x04, 0x00, 0x09, 0xF0, 0x4C, 0x41, 0x42, 0x42, 0x45, 0x4E, 0x43, 0x01,
        ],
        &[0x80, 0x06, 0x00, 0x00, 0x02, 0x01, 0x02, 0x00],
        &[0x80, 0x09, 0x00, 0x05, 0x00],
    ];
    for command in commands {
        assert!(Response::parse(&card.process(command)).is_ok());
    }
    let _ = card.reset();
}
