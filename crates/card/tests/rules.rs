//! The rules of JCRE 3.0.5 chapters 6 and 7 as an applet meets them: `vectors/runtime/rules` tries, and
//! `vectors/runtime/server` is on the other side of the firewall. Access by each bytecode is in `vectors/firewall`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_cap::CapFile;
use hydra_card::Profile;
use hydra_testkit::Issued;
use hydra_wire::{Aid, Command, Response, StatusWord};

const RULES: &str = "F048594452F00501";
/// The applet caught a SecurityException.
const REFUSED: u16 = 0x5EC0;
/// It caught a TransactionException, with this reason added.
const TRANSACTION: u16 = 0x7A00;

fn card() -> Issued {
    let mut issued = Issued::with_profile("rules", Profile::CLASSIC).unwrap();
    for name in ["shelf", "server", "rules"] {
        let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/runtime");
        let bytes = std::fs::read(format!("{vectors}/{name}/{name}.cap")).unwrap();
        issued.add(&CapFile::from_zip(&bytes).unwrap()).unwrap();
    }
    select(&mut issued);
    issued
}

fn select(issued: &mut Issued) {
    let applet: Aid = RULES.parse().unwrap();
    assert!(issued.select(&applet).sw.is_success());
}

fn ask(issued: &mut Issued, ins: u8, which: u8) -> Response {
    issued.send(&Command::new(0x80, ins, which, 0).with_le(256))
}

/// Asks for each of these in order, on one card.
fn check(issued: &mut Issued, ins: u8, rules: &[(u8, &str, u16)]) {
    let mut wrong = Vec::new();
    for (which, rule, expected) in rules {
        let answer = ask(issued, ins, *which);
        if answer.sw != StatusWord::NO_ERROR || answer.data != expected.to_be_bytes() {
            wrong.push(format!(
                "{which}: {rule}: {expected:04X}, not {answer:02X?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn entry_points_and_global_arrays_are_kept_only_if_they_are_permanent() {
    let rules = [
        (0, "an AID in a static field, a field and an array", 1),
        (1, "the APDU in a static field", REFUSED),
        (2, "the APDU in a field", REFUSED),
        (3, "the APDU in an array", REFUSED),
        (4, "the APDU buffer in a static field", REFUSED),
        (5, "the APDU buffer in a field", REFUSED),
        (6, "the APDU buffer in an array", REFUSED),
        (7, "the JCRE's exception in a field", REFUSED),
        (8, "an exception of its own in a field", 2),
        (9, "the APDU in a local variable", 1),
        (29, "the AID of another applet", 1),
    ];
    check(&mut card(), 0x01, &rules);
}

#[test]
fn nothing_but_shareable_methods_crosses_between_contexts() {
    let rules = [
        (10, "the server reads the APDU buffer", 42),
        (11, "the server reads an array of the client's", REFUSED),
        (12, "the client reads an array of the server's", REFUSED),
        (13, "the client casts what the server made", REFUSED),
        (
            15,
            "a shareable object as an instance of its class",
            REFUSED,
        ),
        (16, "a shareable object as an instance of its interface", 1),
        (
            23,
            "the server reads what the client left in a static field",
            REFUSED,
        ),
        (25, "a method of an object that is not shareable", REFUSED),
        (26, "references are compared", 1),
        (27, "a native reads an array of the server's", REFUSED),
        (28, "a native writes an array of the server's", REFUSED),
    ];
    check(&mut card(), 0x01, &rules);
}

#[test]
fn a_server_knows_its_client_and_chooses_it() {
    let rules = [
        (14, "no object for this parameter", 1),
        (17, "the server's client", 8),
        (18, "the client that its server calls back", 1),
        (19, "an applet that the JCRE called", 0),
        (24, "an AID that is not there", 1),
    ];
    check(&mut card(), 0x01, &rules);
}

#[test]
fn exceptions_cross_between_contexts_but_only_the_jcre_s_can_be_used() {
    let rules = [
        (20, "an ISOException of the JCRE's", 0x6999),
        (21, "an exception that the server made is caught", 3),
        (22, "and asked", REFUSED),
    ];
    check(&mut card(), 0x01, &rules);
}

#[test]
fn a_transaction_begins_and_ends_once() {
    let rules = [
        (0, "a second beginning", TRANSACTION + 1),
        (1, "a commit without beginning", TRANSACTION + 2),
        (2, "an abort without beginning", TRANSACTION + 2),
        (3, "the depth before, within and after", 10),
        (15, "capacity is used and comes back", 11),
    ];
    check(&mut card(), 0x02, &rules);
}

#[test]
fn an_abort_takes_back_what_is_persistent_and_nothing_else() {
    let rules = [
        (4, "fields, arrays and static fields", 3),
        (5, "a commit keeps them", 6),
        (6, "transient arrays and local variables stay", 22),
        (7, "non-atomic methods stay", 35),
        (8, "tries of a PIN stay", 4),
        (9, "objects that were made are gone, references null", 11),
        (14, "what a server did in it too", 1),
        (16, "the APDU buffer stays", 2),
    ];
    check(&mut card(), 0x02, &rules);
}

#[test]
fn a_transaction_that_is_open_when_the_applet_returns_is_aborted() {
    let mut issued = card();
    check(&mut issued, 0x02, &[(5, "a value to begin with", 6)]);
    check(
        &mut issued,
        0x02,
        &[(10, "left open", 0), (12, "taken back", 2)],
    );
    assert_eq!(
        ask(&mut issued, 0x02, 11),
        Response::status(StatusWord(0x6A80))
    );
    check(&mut issued, 0x02, &[(12, "after an exception too", 2)]);
    check(
        &mut issued,
        0x02,
        &[(13, "a caught exception takes nothing back", 5)],
    );
    issued.power_cycle().unwrap();
    select(&mut issued);
    check(&mut issued, 0x02, &[(12, "durable", 5)]);
}
