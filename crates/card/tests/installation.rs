//! Installations that fail, and what stays of them (JCRE 3.0.5 §7.6.3, §11.2): `vectors/runtime/settler` is installed in
//! every way, `vectors/runtime/warden` is called by it meanwhile.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_card::nvm::Journal;
use hydra_testkit::{Issued, PowerCut, cap, status};
use hydra_vm::Fault;
use hydra_wire::{Aid, Command, Response, StatusWord};

const PACKAGE: &str = "F048594452F009";
const MODULE: &str = "F048594452F00901";
/// The client that the warden has a secret for.
const FRIEND: &str = "F048594452F00902";
const OTHER: &str = "F048594452F00903";
const WARDEN: &str = "F048594452F00801";

const OK: StatusWord = StatusWord::NO_ERROR;
const NOT_REGISTERED: StatusWord = StatusWord::CONDITIONS_NOT_SATISFIED;

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn card() -> Issued {
    let mut issued = Issued::new("installation").unwrap();
    issued.add(&cap("runtime/warden/warden").unwrap()).unwrap();
    issued
        .load(&cap("runtime/settler/settler").unwrap())
        .unwrap();
    issued
}

/// Installs an applet in a way that it knows.
fn install(issued: &mut Issued, instance: &str, how: u8, value: u16) -> StatusWord {
    let [high, low] = value.to_be_bytes();
    let result = issued.install(
        &aid(PACKAGE),
        &aid(MODULE),
        &aid(instance),
        &[how, high, low],
    );
    status(result).unwrap()
}

fn ask(issued: &mut Issued, applet: &str, ins: u8) -> Response {
    assert_eq!(issued.select(&aid(applet)).sw, OK, "{applet}");
    issued.send(&Command::new(0x80, ins, 0, 0).with_le(256))
}

/// Whether there is such an applet to select. The issuer's domain first, for an applet would get the command.
fn is_there(issued: &mut Issued, applet: &str) -> bool {
    issued.select(&aid("A000000151000000"));
    let sw = issued.select(&aid(applet)).sw;
    assert!(sw == OK || sw == StatusWord::NOT_FOUND, "{sw:?}");
    sw == OK
}

/// The warden's tries left, its count, and whether it keeps an object.
fn warden(issued: &mut Issued) -> [u8; 4] {
    ask(issued, WARDEN, 0).data.try_into().unwrap()
}

#[test]
fn an_aborted_registration_is_none() {
    let ways = [
        (1, NOT_REGISTERED, "of an object from before"),
        (2, NOT_REGISTERED, "of an object made in it"),
        (3, OK, "and once more"),
        (4, OK, "committed instead"),
        (5, NOT_REGISTERED, "left to the runtime"),
    ];
    for (how, expected, what) in ways {
        let mut issued = card();
        assert_eq!(install(&mut issued, OTHER, how, 0), expected, "{what}");
        assert_eq!(is_there(&mut issued, OTHER), expected == OK, "{what}");
        // The next applet gets what that one may have left, and its AID is its own.
        assert_eq!(install(&mut issued, FRIEND, 0, 0), OK, "{what}");
        for _ in 0..2 {
            let friend = ask(&mut issued, FRIEND, 1);
            assert_eq!(friend.data, aid(FRIEND).as_bytes(), "{what}");
            assert_eq!(ask(&mut issued, FRIEND, 2).data, [0x77, 0x77]);
            if expected == OK {
                let other = ask(&mut issued, OTHER, 1);
                assert_eq!(other.data, aid(OTHER).as_bytes(), "{what}");
                let refused = StatusWord::SECURITY_STATUS_NOT_SATISFIED;
                assert_eq!(ask(&mut issued, OTHER, 2).sw, refused);
            }
            assert_eq!(is_there(&mut issued, OTHER), expected == OK, "{what}");
            assert_eq!(issued.card.take_fault(), None);
            issued.power_cycle().unwrap();
        }
    }
}

#[test]
fn an_applet_registers_an_object_of_its_own() {
    let mut issued = card();
    assert_eq!(install(&mut issued, FRIEND, 0, 0), OK);
    assert_eq!(install(&mut issued, OTHER, 6, 0), StatusWord::UNKNOWN);
    assert!(!is_there(&mut issued, OTHER));
    assert_eq!(ask(&mut issued, FRIEND, 1).data, aid(FRIEND).as_bytes());
}

#[test]
fn an_applet_that_registered_is_installed_whatever_it_throws_then() {
    for how in 11..=13 {
        let mut issued = card();
        assert_eq!(install(&mut issued, FRIEND, 0, 0), OK);
        assert_eq!(install(&mut issued, OTHER, how, 0), OK);
        for _ in 0..2 {
            // What was not in a transaction stays.
            assert_eq!(ask(&mut issued, FRIEND, 3).data, [1, 0, 1, 0, 0, 3, 1]);
            assert_eq!(ask(&mut issued, OTHER, 1).data, aid(OTHER).as_bytes());
            issued.power_cycle().unwrap();
        }
    }
}

#[test]
fn an_applet_that_is_stopped_after_it_registered_is_not_installed() {
    let mut issued = card();
    assert_eq!(install(&mut issued, FRIEND, 0, 0), OK);
    // Its stack overflows.
    assert_eq!(install(&mut issued, OTHER, 14, 0), StatusWord::UNKNOWN);
    assert_eq!(issued.card.take_fault(), Some(Fault::StackOverflow));
    assert!(!is_there(&mut issued, OTHER));
    assert_eq!(ask(&mut issued, FRIEND, 3).data, [1, 0, 0, 0, 0, 3, 1]);
}

#[test]
fn no_try_comes_back_with_an_installation() {
    for how in [7, 8] {
        let mut issued = card();
        for (guess, left) in [(0x1111, 2), (0x2222, 1), (0x3333, 0), (0x1234, 0)] {
            // Whether right or wrong is not told once no try is left.
            assert_eq!(
                install(&mut issued, OTHER, how, guess),
                StatusWord(0x6600 + left)
            );
            issued.power_cycle().unwrap();
        }
        assert_eq!(warden(&mut issued), [0, 0, 0, 0], "{how}");
    }
    let mut issued = card();
    assert_eq!(install(&mut issued, OTHER, 7, 0x1111), StatusWord(0x6602));
    assert_eq!(install(&mut issued, OTHER, 7, 0x1234), StatusWord(0x6613));
    assert_eq!(warden(&mut issued)[0], 3);
}

#[test]
fn a_try_in_an_installation_is_durable_before_it_is_compared() {
    let mut issued = card();
    let fresh = issued.medium.restart();
    let whole = PowerCut::new(fresh.clone());
    issued.open(whole.clone()).unwrap();
    let before = whole.writes();
    assert_eq!(install(&mut issued, OTHER, 7, 0x1111), StatusWord(0x6602));
    let cuts = whole.cuts(before);
    assert!(cuts.len() > 2);
    let mut tries = Vec::new();
    for cut in cuts {
        let medium = PowerCut::cut(fresh.clone(), cut);
        if issued.open(medium.clone()).is_ok() {
            let result = issued.install(&aid(PACKAGE), &aid(MODULE), &aid(OTHER), &[7, 0x11, 0x11]);
            assert_ne!(status(result).ok(), Some(OK));
        }
        issued.open(PowerCut::new(medium.restart())).unwrap();
        assert!(!is_there(&mut issued, OTHER));
        let [left, counted @ ..] = warden(&mut issued);
        assert_eq!(counted, [0, 0, 0]);
        tries.push(left);
    }
    // Three until the try is taken, then two for good.
    assert!(tries.is_sorted_by(|a, b| a >= b), "{tries:?}");
    assert!(tries.contains(&2), "{tries:?}");
}

#[test]
fn what_others_did_stays_and_the_context_is_as_before() {
    let mut issued = card();
    assert_eq!(install(&mut issued, FRIEND, 0, 0), OK);
    let before = ask(&mut issued, FRIEND, 3);
    // First, count, content, tries left, a PIN that is right.
    assert_eq!(before.data, [1, 0, 0, 0, 0, 3, 1]);
    for round in 1..=2 {
        assert_eq!(install(&mut issued, OTHER, 9, 0), StatusWord(0x6601));
        // Counted for good; what it was given to keep is gone.
        assert_eq!(warden(&mut issued), [3, 0, round, 0]);
        // The try at the context's own PIN counts, and the PIN is the old one.
        assert_eq!(ask(&mut issued, FRIEND, 3).data, [1, 0, 0, 0, 0, 2, 1]);
        issued.power_cycle().unwrap();
        assert_eq!(warden(&mut issued), [3, 0, round, 0]);
        assert_eq!(ask(&mut issued, FRIEND, 3).data, before.data);
    }
    // A transaction of the warden's within the installation's own goes with it.
    assert_eq!(install(&mut issued, OTHER, 8, 0), StatusWord(0x6602));
    assert_eq!(warden(&mut issued), [2, 0, 2, 0]);
    assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
    assert_eq!(issued.card.take_fault(), None);
}

#[test]
fn no_random_bytes_come_twice() {
    let mut issued = card();
    let drawn: Vec<u16> = (0..4)
        .map(|_| install(&mut issued, OTHER, 10, 0).0)
        .collect();
    for (i, one) in drawn.iter().enumerate() {
        assert!(!drawn[..i].contains(one), "{drawn:04X?}");
    }
    assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
    let draws = ask(&mut issued, OTHER, 4).data;
    let (aborted, after) = draws.split_at(16);
    assert_ne!(aborted, after);
}

#[test]
fn an_abort_takes_nothing_of_a_try_back() {
    let mut issued = card();
    assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
    let answer = ask(&mut issued, OTHER, 5).data;
    // Three are left; of five in a transaction one is taken, and of the three with it. A right guess gives all back.
    assert_eq!(answer, [3, 4, 2, 0, 1, 9, 5, 5]);
}

#[test]
fn the_available_memory_is_answered_whole_or_not_at_all() {
    let mut issued = card();
    assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
    assert_eq!(ask(&mut issued, OTHER, 6).data, [0, 1, 0, 2, 0, 3]);
}

#[test]
fn an_int_field_is_written_whole_or_not_at_all() {
    let mut issued = card();
    assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
    // TransactionException.BUFFER_FULL
    let answer = ask(&mut issued, OTHER, 7).data;
    assert_eq!(answer, [3, 0x33, 0x33, 0x44, 0x44]);
}

#[test]
fn the_longest_arrays_have_room_for_every_index() {
    for (which, expected) in [
        (0, [0xFF, 0xFF]),
        (1, [0, 5]),
        (2, [0, 0]),
        (3, [0x7F, 0xFF]),
    ] {
        let mut issued = card();
        assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
        assert_eq!(issued.select(&aid(OTHER)).sw, OK);
        let answer = issued.send(&Command::new(0x80, 8, which, 0).with_le(256));
        assert_eq!(answer.data, expected, "{which}");
    }
}

#[test]
fn what_is_written_together_changes_whole_or_not_at_all() {
    for which in 0..4 {
        let mut issued = card();
        assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
        assert_eq!(issued.select(&aid(OTHER)).sw, OK);
        let mut seen = [false; 2];
        for room in 0..80 {
            let answer = issued.send(&Command::new(0x80, 9, which, room).with_le(256));
            // TransactionException.BUFFER_FULL, or both things are others.
            match *answer.data {
                [3, 0, 0] => seen[0] = true,
                [0, 1, 1] => seen[1] = true,
                _ => panic!("{which}, room for {room}: {answer:02X?}"),
            }
        }
        assert_eq!(seen, [true; 2], "{which}");
    }
}

#[test]
fn nothing_is_left_of_a_secret_that_was_replaced() {
    let mut issued = card();
    assert_eq!(install(&mut issued, OTHER, 0, 0), OK);
    assert_eq!(issued.select(&aid(OTHER)).sw, OK);
    let (old, new) = ([0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58], [0x61; 16]);
    let command = Command::new(0x80, 10, 0, 0).with_data(&[&old[..], &new].concat());
    assert_eq!(issued.send(&command).sw, OK);
    let (_, records) = Journal::open(issued.medium.restart()).unwrap();
    let anywhere = |bytes: &[u8]| {
        records
            .values()
            .any(|record| record.windows(bytes.len()).any(|part| part == bytes))
    };
    assert!(anywhere(&new));
    assert!(!anywhere(&old[..3]) && !anywhere(&old[3..]));
}
