//! The runtime and its natives, questioned by an applet (vectors/runtime). The expectations follow from the API
//! documentation of Java Card 3.0.5.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use hydra_cap::CapFile;
use hydra_card::Protocol;
use hydra_crypto::{AesKey, PublicKey, aes_cbc_encrypt, sha1, sha256};
use hydra_reader::ClientError;
use hydra_testkit::{Cut, Issued, IssuerError, Loss, PowerCut};
use hydra_wire::{Aid, Command, Response, StatusWord};

const PACKAGE: &str = "F048594452F001";
const APPLET: &str = "F048594452F00101";

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn cap() -> CapFile {
    read("runtime/probe/probe.cap")
}

fn read(path: &str) -> CapFile {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors");
    CapFile::from_zip(&fs::read(format!("{vectors}/{path}")).unwrap()).unwrap()
}

/// A card with the applet, selected.
fn probe() -> Issued {
    let mut issued = Issued::new("runtime").unwrap();
    assert_eq!(issued.add(&cap()).unwrap(), Some(aid(APPLET)));
    select(&mut issued);
    issued
}

fn select(issued: &mut Issued) {
    assert_eq!(
        issued.select(&aid(APPLET)),
        Response::status(StatusWord::NO_ERROR)
    );
}

fn ask(issued: &mut Issued, ins: u8, p1: u8, data: &[u8]) -> Response {
    ask_on(issued, 0, ins, p1, data)
}

fn ask_on(issued: &mut Issued, channel: u8, ins: u8, p1: u8, data: &[u8]) -> Response {
    let command = Command::new(0x80, ins, p1, 0)
        .with_data(data)
        .with_le(256)
        .on_channel(channel);
    issued.send(&command)
}

fn answer(issued: &mut Issued, ins: u8, p1: u8, data: &[u8]) -> Vec<u8> {
    let response = ask(issued, ins, p1, data);
    assert_eq!(
        response.sw,
        StatusWord::NO_ERROR,
        "INS {ins:02X} P1 {p1:02X}"
    );
    response.data
}

/// Tries left and whether validated, after this PIN.
fn check_pin(issued: &mut Issued, pin: &[u8]) -> [u8; 3] {
    let answer = answer(issued, 0x01, 0, pin);
    [answer[0], answer[1], answer[2]]
}

#[test]
fn a_pin_counts_its_tries() {
    let mut issued = probe();
    assert_eq!(check_pin(&mut issued, &[1, 2, 3, 5]), [0, 2, 0]);
    assert_eq!(check_pin(&mut issued, &[1, 2, 3, 4]), [1, 3, 1]);
    // `reset` after a validation takes it back; without one it changes nothing.
    assert_eq!(answer(&mut issued, 0x04, 0, &[])[1..3], [3, 0]);
    assert_eq!(check_pin(&mut issued, &[1, 2, 3]), [0, 2, 0]);
    assert_eq!(answer(&mut issued, 0x04, 0, &[])[1..3], [2, 0]);
    // An exception costs a try too.
    assert_eq!(answer(&mut issued, 0x06, 0, &[])[..3], [2, 1, 0]);
    assert_eq!(check_pin(&mut issued, &[9; 8]), [0, 0, 0]);
    assert_eq!(check_pin(&mut issued, &[1, 2, 3, 4]), [0, 0, 0]);
    // Blocked for good: power does not help.
    issued.power_cycle().unwrap();
    select(&mut issued);
    assert_eq!(check_pin(&mut issued, &[1, 2, 3, 4]), [0, 0, 0]);
    assert_eq!(answer(&mut issued, 0x03, 0, &[])[1..3], [3, 0]);
    assert_eq!(check_pin(&mut issued, &[1, 2, 3, 4]), [1, 3, 1]);
    // The validated flag goes at reset, the counter stays.
    issued.power_cycle().unwrap();
    select(&mut issued);
    assert_eq!(answer(&mut issued, 0x02, 0, &[7, 7])[1..3], [3, 0]);
    assert_eq!(check_pin(&mut issued, &[7, 7]), [1, 3, 1]);
}

#[test]
fn an_abort_gives_no_try_back() {
    let mut issued = probe();
    assert_eq!(answer(&mut issued, 0x05, 0, &[]), [0, 2, 0, 0]);
    // Nor does an error at the end of the command.
    assert_eq!(ask(&mut issued, 0x07, 0, &[]).sw, StatusWord(0x6F77));
    assert_eq!(check_pin(&mut issued, &[1, 2, 3, 4]), [1, 3, 1]);
    assert_eq!(answer(&mut issued, 0x05, 0, &[]), [0, 2, 0, 0]);
}

#[test]
fn cutting_the_power_buys_no_try() {
    let mut issued = probe();
    let fresh = issued.medium.restart();
    // Where the writes of one wrong check are.
    let medium = PowerCut::new(fresh.clone());
    issued.open(medium.clone()).unwrap();
    select(&mut issued);
    let before = medium.writes();
    assert_eq!(check_pin(&mut issued, &[0; 4]), [0, 2, 0]);
    let first = before..medium.writes();
    assert!(!first.is_empty());
    for write in first.clone() {
        for bytes in [0, 100, 256, usize::MAX] {
            let cut = Cut {
                write,
                bytes,
                loss: Loss::None,
            };
            let medium = PowerCut::cut(fresh.clone(), cut);
            issued.open(medium.clone()).unwrap();
            select(&mut issued);
            // With the first write cut, nothing was compared: no answer tells right from wrong.
            let right = ask(&mut issued, 0x01, 0, &[1, 2, 3, 4]);
            assert!(medium.has_failed());
            assert_eq!(right, Response::status(StatusWord::UNKNOWN), "{cut:?}");
            issued.open(PowerCut::new(medium.restart())).unwrap();
            select(&mut issued);
            let tries = answer(&mut issued, 0x04, 0, &[])[1];
            assert!([2, 3].contains(&tries), "{cut:?}: {tries}");
            // The first write is one block of 256 bytes: the counter going down.
            let durable = write > first.start || bytes >= 256;
            assert_eq!(tries == 3, !durable, "{cut:?}: {tries}");
        }
    }
}

#[test]
fn natives_throw_what_the_standard_says() {
    let mut issued = probe();
    const NULL: u8 = 1;
    const BOUNDS: u8 = 2;
    const NEGATIVE: u8 = 3;
    const SECURITY: u8 = 4;
    const SYSTEM: u8 = 5;
    const TRANSACTION: u8 = 6;
    const APDU: u8 = 7;
    const CRYPTO: u8 = 8;
    const PIN: u8 = 9;
    const USER: u8 = 10;
    let expected: [(u8, u16); 32] = [
        (NULL, 0),
        (BOUNDS, 0),
        (BOUNDS, 0),
        (SYSTEM, 1),
        (NEGATIVE, 0),
        (TRANSACTION, 1),
        (TRANSACTION, 2),
        (TRANSACTION, 2),
        (APDU, 1),
        (APDU, 1),
        (APDU, 1),
        (APDU, 1),
        (CRYPTO, 3),
        (CRYPTO, 3),
        (CRYPTO, 3),
        (PIN, 1),
        (PIN, 1),
        (SYSTEM, 1),
        (NULL, 0),
        (CRYPTO, 2),
        (CRYPTO, 5),
        (CRYPTO, 4),
        (SYSTEM, 4),
        (CRYPTO, 2),
        (APDU, 2),
        (SECURITY, 0),
        (SECURITY, 0),
        (CRYPTO, 3),
        (USER, 0x1234),
        (BOUNDS, 0),
        (CRYPTO, 4),
        (BOUNDS, 0),
    ];
    for (case, (kind, reason)) in (0..).zip(expected) {
        let [high, low] = reason.to_be_bytes();
        assert_eq!(
            answer(&mut issued, 0x10, case, &[]),
            [kind, high, low],
            "case {case}"
        );
    }
}

#[test]
fn aids_are_the_runtimes() {
    let mut issued = probe();
    let mut expected = vec![8];
    expected.extend_from_slice(aid(APPLET).as_bytes());
    expected.extend([1, 1, 1, 0, 0, 1, 0, 1, 2, 1, 1]);
    assert_eq!(answer(&mut issued, 0x11, 0, &[]), expected);
    // No previous context, channel 0 twice, no transaction, version 3.0.5.
    assert_eq!(answer(&mut issued, 0x12, 0, &[]), [0, 1, 0, 0, 0, 3, 5]);
}

#[test]
fn transient_content_goes_when_it_should() {
    let mut issued = probe();
    assert_eq!(answer(&mut issued, 0x13, 5, &[]), [5, 5, 1, 2, 0]);
    assert_eq!(answer(&mut issued, 0x13, 0, &[]), [5, 5, 1, 2, 0]);
    // Deselected and selected again.
    select(&mut issued);
    assert_eq!(answer(&mut issued, 0x13, 0, &[])[..2], [5, 0]);
    assert_eq!(answer(&mut issued, 0x13, 6, &[])[..2], [6, 6]);
    issued.card.reset().unwrap();
    select(&mut issued);
    assert_eq!(answer(&mut issued, 0x13, 0, &[])[..2], [0, 0]);
}

#[test]
fn an_apdu_goes_through_its_states() {
    let mut issued = probe();
    // Nc, Ne, then the states: initial, full incoming, outgoing, length known, partial; the last is not sent.
    assert_eq!(
        answer(&mut issued, 0x14, 0, &[1, 2]),
        [2, 1, 0, 0, 2, 3, 4, 5, 0]
    );
    assert_eq!(answer(&mut issued, 0x33, 0, &[]), [1, 1, 1]);
}

#[test]
fn class_bytes_are_told_apart() {
    let mut issued = probe();
    let mut flags = |cla: u8| {
        let response = issued.send(&Command::new(cla, 0x32, 0, 0).with_le(256));
        assert_eq!(response.sw, StatusWord::NO_ERROR, "{cla:02X}");
        response.data
    };
    assert_eq!(flags(0x00), [1, 0, 0, 1]);
    assert_eq!(flags(0x80), [0, 0, 0, 1]);
    assert_eq!(flags(0x10), [1, 0, 1, 1]);
}

#[test]
fn long_commands_and_responses_pass() {
    let mut issued = probe();
    for length in [1, 200, 255, 256, 1000, 4000] {
        let data: Vec<u8> = (0..length)
            .map(|i| u8::try_from(i * 3 % 256).unwrap())
            .collect();
        let sum: u32 = data.iter().map(|byte| u32::from(*byte)).sum();
        let offset = if length > 255 { 7 } else { 5 };
        let expected: Vec<u8> = [offset, length, length, sum % 65_536]
            .into_iter()
            .flat_map(|number| u16::try_from(number).unwrap().to_be_bytes())
            .collect();
        assert_eq!(answer(&mut issued, 0x30, 0, &data), expected);
    }
    for length in [1_u16, 200, 256, 300, 3000] {
        let [p1, p2] = length.to_be_bytes();
        let response = issued.send(&Command::new(0x80, 0x31, p1, p2).with_le(4000));
        let expected: Vec<u8> = (0..length)
            .map(|i| u8::try_from(i % 200).unwrap())
            .collect();
        assert_eq!(response, Response::ok(expected));
    }
}

#[test]
fn random_bytes_never_come_twice() {
    let mut issued = probe();
    let mut seen = Vec::new();
    for round in 0..4 {
        if round == 2 {
            issued.power_cycle().unwrap();
            select(&mut issued);
        }
        let bytes = answer(&mut issued, 0x15, 0, &[]);
        for half in bytes.chunks(16) {
            assert!(!seen.contains(&half.to_vec()));
            seen.push(half.to_vec());
        }
    }
}

#[test]
fn signatures_verify_elsewhere_too() {
    let mut issued = probe();
    let answer = answer(&mut issued, 0x16, 0, &[]);
    let [right, wrong, key_length, length] = answer[..4] else {
        panic!("{answer:02X?}");
    };
    assert_eq!((right, wrong, key_length), (1, 0, 65));
    let (key, der) = answer[4..].split_at(65);
    assert_eq!(der.len(), usize::from(length));
    let mut raw = [0; 64];
    let mut rest = &der[2..];
    for number in raw.chunks_mut(32) {
        let (digits, after) = rest[2..].split_at(usize::from(rest[1]));
        let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
        number[32 - digits.len()..].copy_from_slice(digits);
        rest = after;
    }
    let key = PublicKey::from_bytes(key).unwrap();
    assert!(key.verify(&[0; 20], &raw).is_ok());
    assert!(key.verify(&[0; 19], &raw).is_err());
}

#[test]
fn aes_chains_over_updates() {
    let mut issued = probe();
    let bytes: Vec<u8> = (0..64).collect();
    let key = AesKey::new(&bytes[..16]).unwrap();
    let iv: [u8; 16] = bytes[16..32].try_into().unwrap();
    let mut expected = vec![0, 1, 13, 128, 16, 48, 0, 0];
    expected.extend(aes_cbc_encrypt(&key, &iv, &bytes[..48]).unwrap());
    assert_eq!(answer(&mut issued, 0x17, 0, &[]), expected);
}

#[test]
fn digests_run_side_by_side() {
    let mut issued = probe();
    let expected = [&sha1(b"abc")[..], &sha256(b"abc")[..]].concat();
    assert_eq!(answer(&mut issued, 0x18, 0, &[]), expected);
}

#[test]
fn garbage_is_freed_on_request() {
    let mut issued = probe();
    let free = |issued: &mut Issued| {
        let bytes = answer(issued, 0x1A, 0, &[]);
        u32::from_be_bytes(bytes.try_into().unwrap())
    };
    // The first question makes an array of its own, and the installation left garbage.
    free(&mut issued);
    answer(&mut issued, 0x19, 1, &[]);
    let before = free(&mut issued);
    answer(&mut issued, 0x19, 0, &[]);
    let littered = free(&mut issued);
    assert!(littered + 20 * 500 <= before, "{before} {littered}");
    answer(&mut issued, 0x19, 1, &[]);
    assert_eq!(free(&mut issued), before);
    issued.power_cycle().unwrap();
    select(&mut issued);
    assert_eq!(free(&mut issued), before);
}

#[test]
fn an_error_ends_the_command_and_its_transaction() {
    let mut issued = probe();
    let mut fail = |p1: u8| ask(&mut issued, 0x21, p1, &[]);
    assert_eq!(fail(0), Response::status(StatusWord(0x6A80)));
    assert_eq!(fail(1), Response::status(StatusWord::UNKNOWN));
    assert_eq!(fail(2), Response::status(StatusWord(0x6A81)));
    assert_eq!(fail(3), Response::status(StatusWord::NO_ERROR));
    let warning = Response {
        data: vec![7],
        sw: StatusWord(0x6310),
    };
    assert_eq!(fail(4), warning);
    assert_eq!(fail(5), Response::status(StatusWord(0x6A82)));
    // An applet that parts its answer itself announces the rest.
    let more = Response {
        data: vec![7],
        sw: StatusWord(0x610E),
    };
    assert_eq!(fail(7), more);
    // The stack overflows, and the next command finds the applet well.
    assert_eq!(fail(6), Response::status(StatusWord::UNKNOWN));
    // Of the writes, only the one outside of a transaction stays: an exception undoes no more than that.
    assert_eq!(answer(&mut issued, 0x22, 0, &[])[0], 1);
}

#[test]
fn an_installation_is_all_or_nothing() {
    let mut issued = Issued::new("runtime").unwrap();
    issued.load(&cap()).unwrap();
    let mut install = |how: u8| {
        let package = aid(PACKAGE);
        let applet = aid(APPLET);
        let result = issued.install(&package, &applet, &applet, &[how]);
        match result {
            Ok(()) => StatusWord::NO_ERROR,
            Err(ClientError::Refused { sw, .. }) => sw,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(install(1), StatusWord(0x6A55));
    assert_eq!(install(2), StatusWord::CONDITIONS_NOT_SATISFIED);
    assert_eq!(install(4), StatusWord::UNKNOWN);
    assert_eq!(install(6), StatusWord::NOT_ENOUGH_MEMORY);
    assert_eq!(install(8), StatusWord::UNKNOWN);
    // A failure is not called a success.
    assert_eq!(install(10), StatusWord::UNKNOWN);
    // One that uses a transaction of its own is the first that stays: the static field counted no other.
    assert_eq!(install(5), StatusWord::NO_ERROR);
    select(&mut issued);
    assert_eq!(answer(&mut issued, 0x22, 0, &[]), [9, 1]);
    // Another instance under another AID; they count together.
    let other = aid("F048594452F00102");
    issued
        .install(&aid(PACKAGE), &aid(APPLET), &other, &[9])
        .unwrap();
    issued.power_cycle().unwrap();
    assert!(issued.select(&other).sw.is_success());
    assert_eq!(answer(&mut issued, 0x22, 0, &[]), [0, 2]);
}

#[test]
fn a_transaction_that_install_leaves_open_is_undone() {
    let mut issued = Issued::new("runtime").unwrap();
    issued.load(&cap()).unwrap();
    let (package, applet) = (aid(PACKAGE), aid(APPLET));
    issued.install(&package, &applet, &applet, &[3]).unwrap();
    select(&mut issued);
    assert_eq!(answer(&mut issued, 0x22, 0, &[]), [0, 1]);
}

#[test]
fn an_applet_goes_before_its_package() {
    let mut issued = probe();
    fn refused<T>(result: Result<T, IssuerError>) -> StatusWord {
        match result {
            Err(ClientError::Refused { sw, .. }) => sw,
            Err(error) => panic!("{error}"),
            Ok(_) => StatusWord::NO_ERROR,
        }
    }
    let package = aid(PACKAGE);
    let conditions = StatusWord::CONDITIONS_NOT_SATISFIED;
    assert_eq!(refused(issued.delete(&package)), conditions);
    select(&mut issued);
    issued.delete(&aid(APPLET)).unwrap();
    assert_eq!(issued.select(&aid(APPLET)).sw, StatusWord::NOT_FOUND);
    issued.delete(&package).unwrap();
    issued.power_cycle().unwrap();
    // All of its room is free again.
    for _ in 0..3 {
        issued.add(&cap()).unwrap();
        issued.delete(&aid(APPLET)).unwrap();
        issued.delete(&package).unwrap();
    }
    issued.add(&cap()).unwrap();
    select(&mut issued);
}

#[test]
fn a_multiselectable_applet_is_told_of_every_channel() {
    let mut issued = probe();
    let open = Command::new(0x00, 0x70, 0, 0).with_le(1);
    let channel = issued.send(&open).data[0];
    assert_eq!(channel, 1);
    let on_channel = |channel| Command::select(&aid(APPLET)).on_channel(channel);
    assert!(issued.send(&on_channel(1)).sw.is_success());
    // select(), deselect(), select(true), select(false), deselect(true), deselect(false)
    assert_eq!(answer(&mut issued, 0x20, 0, &[])[..6], [1, 0, 1, 0, 0, 0]);
    assert_eq!(ask_on(&mut issued, 1, 0x12, 0, &[]).data[2..4], [1, 1]);
    // CLEAR_ON_DESELECT content lives as long as one of them.
    answer(&mut issued, 0x13, 5, &[]);
    let close = Command::new(0x00, 0x70, 0x80, 1);
    assert!(issued.send(&close).sw.is_success());
    assert_eq!(answer(&mut issued, 0x13, 0, &[])[..2], [5, 5]);
    assert_eq!(answer(&mut issued, 0x20, 0, &[])[..6], [1, 0, 1, 0, 1, 0]);
    select(&mut issued);
    assert_eq!(answer(&mut issued, 0x13, 0, &[])[..2], [5, 0]);
    assert_eq!(answer(&mut issued, 0x20, 0, &[])[..6], [2, 1, 1, 0, 1, 0]);
}

#[test]
fn an_applet_may_refuse_to_be_selected() {
    let mut issued = probe();
    answer(&mut issued, 0x23, 0x66, &[]);
    assert_eq!(issued.select(&aid(APPLET)).sw, StatusWord::SELECT_FAILED);
    // Nothing is selected now, not even the issuer's domain.
    assert_eq!(ask(&mut issued, 0x22, 0, &[]).sw, StatusWord::SELECT_FAILED);
    let get_data = Command::new(0x80, 0xCA, 0, 0x66).with_le(256);
    assert_eq!(issued.send(&get_data).sw, StatusWord::SELECT_FAILED);
    let issuer = Command::new(0x00, 0xA4, 0x04, 0).with_le(256);
    assert!(issued.send(&issuer).sw.is_success());
    assert!(issued.send(&get_data).sw.is_success());
}

#[test]
fn a_security_domain_hands_data_to_its_application() {
    let mut issued = probe();
    let grouping = [0x80, 0x01, 0x01, 0x55];
    issued
        .session(|client| client.personalize(&aid(APPLET), [&grouping[..]]))
        .unwrap();
    select(&mut issued);
    // The first byte after the header of STORE DATA.
    assert_eq!(answer(&mut issued, 0x22, 0, &[])[0], 0x80);
}

#[test]
fn other_applets_are_on_one_channel_at_a_time() {
    let mut issued = Issued::new("runtime").unwrap();
    for file in ["lablib", "labsrv", "labapp"] {
        issued
            .add(&read(&format!("caps/2.1-jc222/{file}.cap")))
            .unwrap();
    }
    let server = aid("F04C4142000201");
    let client = aid("F04C4142000301");
    let open = Command::new(0x00, 0x70, 0, 0).with_le(1);
    assert!(issued.select(&client).sw.is_success());
    assert_eq!(issued.send(&open).data, [1]);
    let select = |aid: &Aid| Command::select(aid).on_channel(1);
    assert_eq!(
        issued.send(&select(&client)).sw,
        StatusWord::CONDITIONS_NOT_SATISFIED
    );
    let add = Command::new(0x80, 0x03, 0, 5).with_le(256);
    assert_eq!(issued.send(&add).data, [0, 5]);
    // While the server is active elsewhere, its shareable object is out of reach (JCRE 3.0.5 §6.2.8.6).
    assert!(issued.send(&select(&server)).sw.is_success());
    assert_eq!(issued.send(&add).sw, StatusWord::UNKNOWN);
    assert!(
        issued
            .send(&Command::new(0x00, 0x70, 0x80, 1))
            .sw
            .is_success()
    );
    assert_eq!(issued.send(&add).data, [0, 10]);
}

#[test]
fn a_package_stays_while_another_imports_it() {
    let mut issued = Issued::new("runtime").unwrap();
    for file in ["lablib", "labsrv", "labapp"] {
        issued
            .add(&read(&format!("caps/2.3-compact/{file}.cap")))
            .unwrap();
    }
    let library = aid("F04C41420001");
    let refused = |result: Result<(), IssuerError>| match result {
        Err(ClientError::Refused { sw, .. }) => sw,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(issued.delete(&library)),
        StatusWord::CONDITIONS_NOT_SATISFIED
    );
    for object in [
        "F04C4142000301",
        "F04C4142000201",
        "F04C41420003",
        "F04C41420002",
        "F04C41420001",
    ] {
        issued.delete(&aid(object)).unwrap();
    }
    // A missing import is refused when the package comes.
    let app = read("caps/2.3-compact/labapp.cap");
    let result = issued.load(&app);
    assert!(matches!(result, Err(ClientError::Refused { .. })));
}

/// ISO/IEC 7816-3 §12.2, JCRE 3.0.5 §9.4.1.
#[test]
fn over_t0_lengths_are_told_and_fetched() {
    let mut issued = probe();
    issued.card.reset_into(Protocol::T0).unwrap();
    let mut ask = |tpdu: &[u8]| issued.card.process(tpdu);
    let mut select = vec![0x00, 0xA4, 0x04, 0x00, 0x08];
    select.extend_from_slice(aid(APPLET).as_bytes());
    assert_eq!(ask(&select), [0x90, 0x00]);
    // Case 2: Le too large is answered with the right one, and the command runs once: `getProtocol` is 0 here.
    assert_eq!(ask(&[0x80, 0x33, 0, 0, 0]), [0x6C, 3]);
    assert_eq!(ask(&[0x80, 0x33, 0, 0, 3]), [1, 1, 0, 0x90, 0x00]);
    // Le too small: the rest is to be fetched, with no more than there is.
    assert_eq!(ask(&[0x80, 0x33, 0, 0, 2]), [1, 1, 0x61, 1]);
    assert_eq!(ask(&[0x00, 0xC0, 0, 0, 2]), [0x6C, 1]);
    assert_eq!(ask(&[0x00, 0xC0, 0, 0, 1]), [0, 0x90, 0x00]);
    // Case 4: everything is to be fetched, in pieces if the host likes.
    assert_eq!(ask(&[0x80, 0x30, 0, 0, 2, 0x11, 0x22]), [0x61, 8]);
    assert_eq!(ask(&[0x00, 0xC0, 0, 0, 6]), [0, 5, 0, 2, 0, 2, 0x61, 2]);
    // In whichever class.
    assert_eq!(ask(&[0x80, 0xC0, 0, 0, 2]), [0, 0x33, 0x90, 0x00]);
    // Before it is received, data is not there.
    assert_eq!(ask(&[0x80, 0x34, 0, 0, 2, 0x11, 0x22]), [0x61, 6]);
    assert_eq!(ask(&[0x84, 0xC0, 0, 0, 6]), [2, 0, 0, 0, 0, 0, 0x90, 0x00]);
    // Another command in between, and there is nothing to fetch or to have again.
    assert_eq!(ask(&[0x80, 0x30, 0, 0, 1, 0]), [0x61, 8]);
    assert_eq!(ask(&[0x80, 0x33, 0, 0, 9]), [0x6C, 3]);
    assert_eq!(ask(&[0x80, 0x23, 7, 0]), [0x90, 0x00]);
    assert_eq!(ask(&[0x80, 0x33, 0, 0, 3]), [1, 1, 0, 0x90, 0x00]);
    // What is no TPDU.
    for wrong in [
        &[0x80, 0x33][..],
        &[0x80, 0x30, 0, 0, 0, 1],
        &[0x80, 0x30, 0, 0, 3, 1],
        &[0x80, 0x30, 0, 0, 1, 1, 2, 3],
    ] {
        assert_eq!(ask(wrong), [0x67, 0x00], "{wrong:02X?}");
    }
    // The protocol stays until the reader chooses another.
    assert_eq!(issued.card.reset().unwrap()[1], 0x0B);
    assert_eq!(issued.card.reset_into(Protocol::T1).unwrap()[1], 0x8B);
}

#[test]
fn nothing_may_be_sent_after_everything_unless_it_was_sent_at_once() {
    let mut issued = probe();
    select(&mut issued);
    assert_eq!(answer(&mut issued, 0x35, 0, &[]), [0x80]);
    // APDUException.ILLEGAL_USE
    assert_eq!(ask(&mut issued, 0x35, 1, &[]).sw, StatusWord::UNKNOWN);
    assert_eq!(issued.card.take_uncaught().and_then(|e| e.reason), Some(1));
}

#[test]
fn over_t1_data_is_in_the_buffer_with_the_header() {
    let mut issued = probe();
    select(&mut issued);
    let data = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
    assert_eq!(
        answer(&mut issued, 0x34, 0, &data),
        [6, 0x11, 0x22, 0x33, 0x44, 0x55]
    );
    assert_eq!(
        answer(&mut issued, 0x34, 0, &data[..2]),
        [2, 0x11, 0x22, 0, 0, 0]
    );
}

/// Fetches a response that a TPDU announced.
fn fetched(issued: &mut Issued, mut answer: Vec<u8>) -> Vec<u8> {
    let mut whole = Vec::new();
    while let [data @ .., 0x61, length] = answer.as_slice() {
        whole.extend_from_slice(data);
        answer = issued.card.process(&[0x00, 0xC0, 0, 0, *length]);
    }
    [whole, answer].concat()
}

/// A command with more data than P3 can count (JCRE 3.0.5 §9.4.4.1, ISO/IEC 7816-3 §12.2).
#[test]
fn over_t0_long_commands_come_in_envelopes() {
    let mut issued = probe();
    issued.card.reset_into(Protocol::T0).unwrap();
    let selected = issued
        .card
        .process(&Command::select(&aid(APPLET)).to_bytes());
    assert_eq!(selected, [0x90, 0x00]);
    let envelope = |issued: &mut Issued, data: &[u8]| {
        let command = Command::new(0x00, 0xC2, 0, 0).with_data(data);
        issued.card.process(&command.to_bytes())
    };
    for (length, le) in [(256, None), (300, Some(256)), (4000, Some(65_536))] {
        let data = vec![3; usize::from(length)];
        let mut command = Command::new(0x80, 0x30, 0, 0).with_data(&data);
        command.ne = le;
        for part in command.to_bytes().chunks(255) {
            assert_eq!(envelope(&mut issued, part), [0x90, 0x00]);
        }
        let answer = envelope(&mut issued, &[]);
        assert_eq!(answer, [0x61, 8]);
        let expected: Vec<u8> = [7, length, length, 3 * length]
            .into_iter()
            .flat_map(|number: u16| number.to_be_bytes())
            .chain([0x90, 0x00])
            .collect();
        assert_eq!(fetched(&mut issued, answer), expected, "{length} bytes");
    }
    // A long response: P3 of 0 is as much as the applet sends.
    let answer = issued.card.process(&[0x80, 0x31, 0x0B, 0xB8, 0]);
    assert_eq!(answer[256..], [0x61, 0]);
    let expected: Vec<u8> = (0..3000)
        .map(|i| u8::try_from(i % 200).unwrap())
        .chain([0x90, 0x00])
        .collect();
    assert_eq!(fetched(&mut issued, answer), expected);
    // `setOutgoing` gave 32,767 for that P3: it stands in bytes 1 and 2 here.
    assert_eq!(issued.card.process(&[0x80, 0x14, 0, 0, 0]), [0x6C, 9]);
    let answer = issued.card.process(&[0x80, 0x14, 0, 0, 9]);
    assert_eq!(answer[1..3], [0x7F, 0xFF]);
    // Nothing that was begun outlives another command, and what is incomplete or not for this channel is no command.
    let begun = Command::new(0x80, 0x30, 0, 0)
        .with_data(&[1; 300])
        .to_bytes();
    envelope(&mut issued, &begun[..255]);
    assert_eq!(issued.card.process(&[0x80, 0x23, 7, 0]), [0x90, 0x00]);
    assert_eq!(envelope(&mut issued, &[]), [0x6D, 0x00], "the applet's own");
    envelope(&mut issued, &begun[..255]);
    assert_eq!(envelope(&mut issued, &[]), [0x67, 0x00]);
    envelope(&mut issued, &begun[..255]);
    assert_eq!(issued.card.process(&[0x00, 0xC2, 1, 0]), [0x6A, 0x86]);
    let other = [&[0x81][..], &begun[1..]].concat();
    for part in other.chunks(255) {
        envelope(&mut issued, part);
    }
    assert_eq!(envelope(&mut issued, &[]), [0x6E, 0x00]);
    // Data that is no command goes to the applet.
    assert_eq!(envelope(&mut issued, &[0xD1, 3, 1, 2, 3]), [0x6D, 0x00]);
    // More than any command has.
    for _ in 0..257 {
        envelope(&mut issued, &begun[..255]);
    }
    assert_eq!(envelope(&mut issued, &begun[..255]), [0x67, 0x00]);
}

/// JCRE 3.0.5 §9.4.1.1: without chaining 61xx takes the place of 6Cxx, and nobody may ask for time.
#[test]
fn a_response_without_chaining_is_fetched() {
    let mut issued = Issued::new("runtime").unwrap();
    issued.load(&read("api/cases/cases.cap")).unwrap();
    let applet = issued
        .add(&read("api/javacard.framework/javacard.framework.cap"))
        .unwrap()
        .unwrap();
    issued.card.reset_into(Protocol::T0).unwrap();
    let mut select = vec![0x00, 0xA4, 0x04, 0x00];
    select.push(u8::try_from(applet.as_bytes().len()).unwrap());
    select.extend_from_slice(applet.as_bytes());
    issued.card.process(&select);
    assert_eq!(issued.card.process(&[0x80, 0x01, 0x61, 0, 0]), [0x61, 2]);
    assert_eq!(
        issued.card.process(&[0x00, 0xC0, 0, 0, 2]),
        [5, 6, 0x90, 0x00]
    );
}

/// API 3.0.5 `Applet.install`: `bLength` is at most 127. Cards in the field take more, and applets read the byte without its
/// sign; so does this card.
#[test]
fn installation_data_longer_than_127_bytes_has_a_length_without_sign() {
    let personal = aid("F048594452F00A01");
    let mut issued = Issued::new("personal").unwrap();
    let cap = read("runtime/personal/personal.cap");
    issued.load(&cap).unwrap();
    // The instance's AID, its privileges and its parameters, each after its length.
    let head = 1 + 8 + 1 + 1 + 1;
    for length in [head, 127, 128, 200] {
        let parameters: Vec<u8> = (1..=u8::try_from(length - head).unwrap()).collect();
        issued
            .install(cap.aid(), &personal, &personal, &parameters)
            .unwrap();
        assert!(issued.select(&personal).sw.is_success());
        let answer = answer(&mut issued, 0, 0, &[]);
        let (told, data) = answer.split_first().unwrap();
        assert_eq!(usize::from(*told), length);
        assert_eq!(data.len(), length);
        assert_eq!(
            data[head - 1..],
            [&[u8::try_from(length - head).unwrap()][..], &parameters].concat()
        );
        issued.delete(&personal).unwrap();
    }
}
