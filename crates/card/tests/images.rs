//! Images that earlier builds made, and those of later ones: `vectors/image`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use hydra_card::nvm::{ImageKey, Journal, Medium, MemoryStorage, NvmError, Protection};
use hydra_card::{Card, CardError};
use hydra_crypto::SeededRandom;
use hydra_testkit::Dialogue;

/// The key of the encrypted ones.
const KEY: [u8; 32] = *b"golden image, key for tests only";

fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/image")).join(name)
}

fn image(name: &str) -> MemoryStorage {
    MemoryStorage::from_bytes(fs::read(file(name)).unwrap())
}

fn protection(name: &str) -> Protection {
    Protection {
        key: name.contains("encrypted").then(|| ImageKey::new(KEY)),
        counter: None,
    }
}

fn open(medium: hydra_testkit::PowerCut, name: &str) -> Result<Card, CardError> {
    let medium = Medium::from(Box::new(medium)).protected(protection(name));
    Card::open(medium, Box::new(SeededRandom::new(b"images")))
}

#[test]
fn every_earlier_image_opens() {
    let mut names: Vec<String> = fs::read_dir(file(""))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".image").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names, ["1", "2", "2-encrypted", "3", "3-encrypted"]);
    for name in &names {
        let made = image(&format!("{name}.image"));
        let medium = hydra_testkit::PowerCut::new(made);
        let mut card = open(medium.clone(), name).unwrap();
        // The same questions twice, with a power cycle between: the card goes on in the present format.
        let text = fs::read_to_string(file(&format!("{name}.dialogue"))).unwrap();
        let dialogue: Dialogue = text.parse().unwrap();
        for _ in 0..2 {
            for exchange in &dialogue.exchanges {
                let answer = card.process(&exchange.command);
                assert_eq!(
                    answer, exchange.expected,
                    "{name}: {:02X?}",
                    exchange.command
                );
            }
            let medium = hydra_testkit::PowerCut::new(medium.restart());
            assert!(medium.restart().as_bytes().starts_with(b"HydraNV3"));
            card = open(medium, name).unwrap();
        }
    }
}

/// An image whose headers were changed and are whole.
fn with_header(mut image: MemoryStorage, change: impl Fn(&mut [u8])) -> MemoryStorage {
    for at in [0, 4096] {
        let header = &mut image.as_bytes_mut()[at..at + 128];
        change(header);
        let crc = crc::Crc::<u64>::new(&crc::CRC_64_XZ).checksum(&header[..119]);
        header[119..127].copy_from_slice(&crc.to_be_bytes());
    }
    image
}

fn refused(image: MemoryStorage) -> CardError {
    match Card::open(Box::new(image), Box::new(SeededRandom::new(b"images"))) {
        Ok(_) => panic!("the image was opened"),
        Err(error) => error,
    }
}

#[test]
fn a_later_build_s_image_is_told_from_damage() {
    // Nothing but magic, format and checksum is known of it.
    let later = with_header(image("3.image"), |header| {
        header[7] = b'7';
        header[8..119].fill(0xEE);
    });
    assert_eq!(
        refused(later).to_string(),
        "the image is of a later build: its format has version 7, this build reads versions up to 3"
    );
    let records = with_header(image("3.image"), |header| {
        header[8..10].copy_from_slice(&[0, 9])
    });
    assert_eq!(
        refused(records).to_string(),
        "the image is of a later build: its records has version 9, this build reads versions up to 1"
    );
    for damage in [
        with_header(image("3.image"), |header| header[0] ^= 1),
        with_header(image("3.image"), |header| header[10] = 0x80),
        with_header(image("3.image"), |header| header[7] = b'0'),
    ] {
        let error = refused(damage).to_string();
        assert!(error.contains("damaged at offset 0"), "{error}");
    }
}

#[test]
fn the_last_generation_is_refused_and_does_not_overflow() {
    let empty = Journal::format(MemoryStorage::new()).unwrap();
    let last = with_header(empty.into_storage(), |header| header[16..24].fill(0xFF));
    let (mut journal, _) = Journal::open(last).unwrap();
    let mut error = None;
    for round in 0..300_u64 {
        if let Err(refused) = journal.commit(&[(round, Some(vec![1; 300]))]) {
            error = Some(refused);
            break;
        }
    }
    let error = error.unwrap();
    assert!(
        matches!(error, NvmError::Corrupt { offset: 0, .. }),
        "{error}"
    );
}

#[test]
fn an_error_says_everything_once() {
    let mut damaged = image("2.image");
    damaged.as_bytes_mut()[8448 + 300] ^= 0xFF;
    let wrong_key = Medium::from(Box::new(image("3-encrypted.image"))).protected(Protection {
        key: Some(ImageKey::new([1; 32])),
        counter: None,
    });
    let random = || Box::new(SeededRandom::new(b"images"));
    let errors = [
        refused(damaged),
        refused(MemoryStorage::new()),
        Card::open(wrong_key, random()).unwrap_err(),
        Card::open(Box::new(image("3-encrypted.image")), random()).unwrap_err(),
    ];
    for error in errors {
        let mut chain = vec![error.to_string()];
        let mut next = error.source();
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        for (index, said) in chain.iter().enumerate() {
            assert!(!said.is_empty());
            assert!(
                chain
                    .iter()
                    .skip(index + 1)
                    .all(|later| !said.contains(later.as_str())),
                "{chain:?}"
            );
        }
    }
}
