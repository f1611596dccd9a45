//! The card's end of vpcd's protocol, questioned by a reader of the test's own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;

use hydra_card::CardConfig;
use hydra_crypto::SeededRandom;
use hydra_slot::{Slot, vpcd};

fn card(image: &Path) -> Slot {
    let random = Box::new(SeededRandom::new(b"slot"));
    Slot::create(image, random, CardConfig::default(), |_| Ok(())).unwrap()
}

/// The reader's end.
struct Reader(TcpStream);

impl Reader {
    fn say(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap();
        // Apart, as the real one does.
        self.0.write_all(&length.to_be_bytes()).unwrap();
        self.0.write_all(message).unwrap();
    }

    fn hear(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut message = vec![0; u16::from_be_bytes(length).into()];
        self.0.read_exact(&mut message).unwrap();
        message
    }

    fn ask(&mut self, message: &[u8]) -> Vec<u8> {
        self.say(message);
        self.hear()
    }
}

/// Serves a new card while `talk` talks to it; what came of serving it.
fn with_reader(talk: impl FnOnce(Reader)) -> Result<(), vpcd::VpcdError> {
    let folder = tempfile::tempdir().unwrap();
    let mut slot = card(&folder.path().join("card.img"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let served =
        std::thread::spawn(move || vpcd::serve(&mut slot, TcpStream::connect(address).unwrap()));
    talk(Reader(listener.accept().unwrap().0));
    served.join().unwrap()
}

const SELECT: [u8; 5] = [0x00, 0xA4, 0x04, 0x00, 0x00];
const OPEN_CHANNEL: [u8; 5] = [0x00, 0x70, 0x00, 0x00, 0x01];

#[test]
fn a_card_answers_its_reader_and_forgets_channels_without_power() {
    with_reader(|mut reader| {
        reader.say(&[1]);
        let atr = reader.ask(&[4]);
        assert_eq!(atr[0], 0x3B);
        // ISO/IEC 7816-3 §8.2.5: the check byte makes the sum of all after TS zero.
        assert_eq!(atr[1..].iter().fold(0, |sum, byte| sum ^ byte), 0);
        assert_eq!(reader.ask(&SELECT)[..2], [0x6F, 0x10]);
        assert_eq!(reader.ask(&OPEN_CHANNEL), [1, 0x90, 0x00]);
        assert_eq!(reader.ask(&OPEN_CHANNEL), [2, 0x90, 0x00]);
        // Warm reset, and power off and on again.
        for again in [&[2][..], &[0, 1]] {
            again.iter().for_each(|control| reader.say(&[*control]));
            assert_eq!(reader.ask(&[4]), atr);
            assert_eq!(reader.ask(&OPEN_CHANNEL), [1, 0x90, 0x00]);
        }
        // Neither a control nor a command, and then what is no command at all.
        reader.say(&[]);
        reader.say(&[0xEE]);
        assert_eq!(reader.ask(&[0xFF, 0xFF]), [0x67, 0x00]);
        assert_eq!(reader.ask(&SELECT)[..2], [0x6F, 0x10]);
    })
    .unwrap();
}

#[test]
fn a_card_without_power_says_nothing() {
    with_reader(|mut reader| {
        reader.say(&[0]);
        assert_eq!(reader.ask(&SELECT), []);
        reader.say(&[1]);
        assert_eq!(reader.ask(&SELECT)[..2], [0x6F, 0x10]);
    })
    .unwrap();
}

#[test]
fn a_reader_that_goes_away_inside_a_message_is_told_where() {
    for (sent, told) in [
        (&[0][..], "after 1 of a message's 2 bytes"),
        (&[0, 9, 0x00, 0xA4], "after 4 of a message's 11 bytes"),
    ] {
        let error = with_reader(|mut reader| {
            reader.0.write_all(sent).unwrap();
            reader.0.shutdown(Shutdown::Both).unwrap();
        })
        .unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}
