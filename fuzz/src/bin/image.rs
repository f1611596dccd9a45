//! A changed image: refused with a place and a reason, or a card that answers. Changes below the checksums too: the records themselves.
#![no_main]

use hydra_card::Card;
use hydra_card::nvm::{Journal, MemoryStorage};
use hydra_crypto::SeededRandom;
use hydra_fuzz::World;
use hydra_wire::Response;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&first, changes)) = data.split_first() else {
        return;
    };
    let image = World::get().image();
    let image = if first & 1 == 0 {
        let mut image = image.to_vec();
        for change in changes.chunks_exact(5) {
            let at = u32::from_be_bytes([change[0], change[1], change[2], change[3]]);
            let at = at as usize % image.len();
            image[at] ^= change[4];
        }
        image
    } else {
        with_changed_records(image, changes)
    };
    use_card(image);
});

/// Changes records: which one, what to do, where, and a byte.
fn with_changed_records(image: &[u8], changes: &[u8]) -> Vec<u8> {
    let storage = MemoryStorage::from_bytes(image.to_vec());
    let (mut journal, records) = Journal::open(storage).expect("the image opens");
    let mut records: Vec<(u64, Option<Vec<u8>>)> = records
        .into_iter()
        .map(|(key, value)| (key, Some(value)))
        .collect();
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

fn use_card(image: Vec<u8>) {
    let storage = Box::new(MemoryStorage::from_bytes(image));
    let Ok(mut card) = Card::open(storage, Box::new(SeededRandom::new(b"fuzz"))) else {
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
