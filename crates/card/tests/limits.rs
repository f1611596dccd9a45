//! What a card's profile gives, and what happens when it is used up: the exception or status word that the standard
//! names, and a card that goes on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_cap::CapFile;
use hydra_card::Profile;
use hydra_testkit::{Issued, cap, status};
use hydra_vm::{Fault, Limits};
use hydra_wire::{Aid, Command, Response, StatusWord};

const LODGER: &str = "F048594452F003";
const FIRST: &str = "F048594452F00301";
const OK: StatusWord = StatusWord::NO_ERROR;
/// SystemException.NO_TRANSIENT_SPACE and NO_RESOURCE, as the applet reports them.
const NO_TRANSIENT_SPACE: StatusWord = StatusWord(0x6602);
const NO_RESOURCE: StatusWord = StatusWord(0x6605);

/// A small card whose commands are short.
const SMALL: Profile = Profile {
    limits: Limits {
        steps: 200_000,
        ..Profile::CLASSIC.limits
    },
};

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn loaded(profile: Profile) -> Issued {
    let mut issued = Issued::with_profile("limits", profile).unwrap();
    issued.load(&cap("runtime/shelf/shelf").unwrap()).unwrap();
    issued.load(&cap("runtime/lodger/lodger").unwrap()).unwrap();
    issued
}

fn installed(profile: Profile) -> Issued {
    let mut issued = loaded(profile);
    assert_eq!(install(&mut issued, &[]), OK);
    assert!(issued.select(&aid(FIRST)).sw.is_success());
    issued
}

fn install(issued: &mut Issued, parameters: &[u8]) -> StatusWord {
    status(issued.install(&aid(LODGER), &aid(FIRST), &aid(FIRST), parameters)).unwrap()
}

fn ask(issued: &mut Issued, ins: u8, p1: u8, value: u16) -> Response {
    let data = value.to_be_bytes();
    issued.send(&Command::new(0x80, ins, p1, 0).with_data(&data).with_le(256))
}

/// `getAvailableMemory` in both forms: all 32 bits, and at most 32767.
fn available(issued: &mut Issued, kind: u8) -> u32 {
    let answer = ask(issued, 0x15, kind, 0);
    let (long, short) = answer.data.split_at(4);
    let long = u32::from_be_bytes(long.try_into().unwrap());
    let short = u16::from_be_bytes(short.try_into().unwrap());
    assert_eq!(u32::from(short), long.min(32767));
    long
}

#[test]
fn code_that_does_not_fit_is_refused_and_leaves_room_for_what_does() {
    let files =
        ["shelf", "lodger", "tenant"].map(|name| cap(&format!("runtime/{name}/{name}")).unwrap());
    // What a card keeps of them: no Descriptor.
    let size = |cap: &CapFile| CapFile::from_load_file(&cap.to_load_file()).unwrap().size();
    let code = size(&files[0]) + size(&files[1]) + size(&files[2]) - 1;
    let limits = Limits {
        code,
        ..Limits::STANDARD
    };
    let mut issued = Issued::with_profile("code", Profile { limits }).unwrap();
    assert_eq!(status(issued.load(&files[0])).unwrap(), OK);
    assert_eq!(status(issued.load(&files[1])).unwrap(), OK);
    assert_eq!(
        status(issued.load(&files[2])).unwrap(),
        StatusWord::NOT_ENOUGH_MEMORY
    );
    issued.power_cycle().unwrap();
    assert_eq!(
        status(issued.load(&files[2])).unwrap(),
        StatusWord::NOT_ENOUGH_MEMORY
    );
    issued.delete(files[1].aid()).unwrap();
    assert_eq!(status(issued.load(&files[2])).unwrap(), OK);
}

#[test]
fn an_installation_that_runs_out_of_memory_is_6a84_and_leaves_nothing() {
    let mut issued = loaded(SMALL);
    for _ in 0..3 {
        // Persistent memory and transient memory.
        assert_eq!(install(&mut issued, &[1]), StatusWord::NOT_ENOUGH_MEMORY);
        assert_eq!(install(&mut issued, &[2]), StatusWord::NOT_ENOUGH_MEMORY);
        assert_eq!(issued.select(&aid(FIRST)).sw, StatusWord::NOT_FOUND);
    }
    assert_eq!(install(&mut issued, &[]), OK);
}

#[test]
fn memory_that_runs_out_is_the_system_exception_of_its_kind() {
    let mut issued = installed(SMALL);
    let first = available(&mut issued, 0);
    assert!(first < 32 * 1024 && first > 30 * 1024, "{first}");
    let mut held = 0;
    loop {
        let answer = ask(&mut issued, 0x10, 0, 1000).sw;
        if answer != OK {
            assert_eq!(answer, NO_RESOURCE);
            break;
        }
        held += 1;
    }
    let left = available(&mut issued, 0);
    assert!(left < 1100, "{left}");
    // An array and a link, with what the card needs beside them.
    assert_eq!(first - left, held * (1000 + 4 + 2 * 8));
    // What is free can be used to the last byte but for the objects' own needs.
    let last = u16::try_from(left - 2 * 8 - 4).unwrap();
    assert_eq!(ask(&mut issued, 0x10, 0, last + 1).sw, NO_RESOURCE);
    assert_eq!(ask(&mut issued, 0x10, 0, last).sw, OK);
    assert_eq!(ask(&mut issued, 0x10, 0, 0).sw, NO_RESOURCE);

    // The rest of the card is not affected, and everything is as it was after the applet lets go.
    issued.power_cycle().unwrap();
    assert!(issued.select(&aid(FIRST)).sw.is_success());
    assert_eq!(ask(&mut issued, 0x10, 0, 0).sw, NO_RESOURCE);
    assert_eq!(ask(&mut issued, 0x18, 0, 0).sw, OK);
    // At the latest after an object had no room.
    ask(&mut issued, 0x10, 0, 1000);
    assert_eq!(ask(&mut issued, 0x18, 0, 0).sw, OK);
    assert_eq!(ask(&mut issued, 0x19, 0, 0).sw, OK);
    assert_eq!(available(&mut issued, 0), first);
}

#[test]
fn transient_memory_runs_out_by_its_event() {
    for (event, kind) in [(1, 1), (2, 2)] {
        let mut issued = installed(SMALL);
        let free = available(&mut issued, kind);
        // The question's own array.
        let used = if kind == 1 { 4 } else { 0 };
        assert_eq!(free, 2 * 1024 - used);
        let size = u16::try_from(free).unwrap();
        assert_eq!(
            ask(&mut issued, 0x11, event, size + 1).sw,
            NO_TRANSIENT_SPACE
        );
        assert_eq!(ask(&mut issued, 0x11, event, size - 5).sw, OK);
        assert_eq!(ask(&mut issued, 0x11, event, 100).sw, NO_TRANSIENT_SPACE);
        let other = if kind == 1 { 2 } else { 1 };
        assert_eq!(ask(&mut issued, 0x11, other, 100).sw, OK);
    }
}

#[test]
fn garbage_is_collected_between_commands_when_memory_is_low() {
    let mut issued = installed(SMALL);
    let first = available(&mut issued, 0);
    // Thirty times as much as there is.
    for _ in 0..100 {
        assert_eq!(ask(&mut issued, 0x12, 10, 1000).sw, OK);
    }
    // What lives stays, also while it takes most of the memory.
    for _ in 0..26 {
        assert_eq!(ask(&mut issued, 0x10, 0, 1000).sw, OK);
    }
    for _ in 0..100 {
        assert_eq!(ask(&mut issued, 0x12, 1, 900).sw, OK);
    }
    assert_eq!(ask(&mut issued, 0x18, 0, 0).sw, OK);
    // Nobody asked for it; the applet asks now.
    assert_eq!(ask(&mut issued, 0x19, 0, 0).sw, OK);
    assert!(available(&mut issued, 0) >= first);
}

#[test]
fn a_stack_that_overflows_ends_the_command_and_is_named() {
    let mut issued = installed(SMALL);
    assert_eq!(ask(&mut issued, 0x13, 0, 20).data, [0, 20]);
    assert_eq!(
        ask(&mut issued, 0x13, 0, 2000),
        Response::status(StatusWord::UNKNOWN)
    );
    assert_eq!(issued.card.take_fault(), Some(Fault::StackOverflow));
    assert_eq!(ask(&mut issued, 0x13, 0, 20).data, [0, 20]);
    assert_eq!(issued.card.take_fault(), None);
    // The same call is nothing to a card with more of it.
    let mut issued = installed(Profile::STANDARD);
    assert_eq!(ask(&mut issued, 0x13, 0, 200).data, [0, 200]);
}

#[test]
fn a_runaway_applet_is_stopped_and_named() {
    let mut issued = installed(SMALL);
    assert_eq!(
        ask(&mut issued, 0x14, 0, 0),
        Response::status(StatusWord::UNKNOWN)
    );
    assert_eq!(issued.card.take_fault(), Some(Fault::StepLimit));
    assert_eq!(ask(&mut issued, 0x13, 0, 20).data, [0, 20]);
    issued.delete(&aid(FIRST)).unwrap();
    assert_eq!(install(&mut issued, &[3]), StatusWord::UNKNOWN);
    assert_eq!(issued.card.take_fault(), Some(Fault::StepLimit));
    assert_eq!(issued.select(&aid(FIRST)).sw, StatusWord::NOT_FOUND);
    assert_eq!(install(&mut issued, &[]), OK);
}

/// Natives take from a command's steps what their work is worth: each of them ends a loop soon.
#[test]
fn a_runaway_applet_may_not_hide_in_natives() {
    let mut issued = installed(SMALL);
    // Fills of 4 KiB, copies, digests, products of 128 and 4,096 bytes, PIN checks, RSA keys.
    for (kind, most) in [(2, 3000), (1, 3000), (3, 3000), (4, 20), (5, 10), (6, 20)] {
        assert_eq!(ask(&mut issued, 0x14, kind, 0).sw, StatusWord::UNKNOWN);
        assert_eq!(issued.card.take_fault(), Some(Fault::StepLimit), "{kind}");
        let rounds = ask(&mut issued, 0x1A, 0, 0).data;
        let rounds = u16::from_be_bytes(rounds.try_into().unwrap());
        assert!((1..=most).contains(&rounds), "{kind}: {rounds} rounds");
    }
}

#[test]
fn a_commit_buffer_that_is_full_is_a_transaction_exception() {
    let mut issued = installed(SMALL);
    let answer = ask(&mut issued, 0x17, 0, 0);
    let capacity = u16::try_from(SMALL.limits.commit).unwrap().to_be_bytes();
    assert_eq!(answer.data, [capacity, capacity].concat());
    assert_eq!(ask(&mut issued, 0x16, 0, 800).sw, OK);
    // TransactionException.BUFFER_FULL
    assert_eq!(ask(&mut issued, 0x16, 0, 2000).sw, StatusWord(0x6613));
    assert_eq!(ask(&mut issued, 0x16, 0, 800).sw, OK);
}

#[test]
fn a_card_keeps_its_profile() {
    let mut issued = installed(SMALL);
    let before = available(&mut issued, 0);
    issued.power_cycle().unwrap();
    assert!(issued.select(&aid(FIRST)).sw.is_success());
    // But for the array of the first question.
    let after = available(&mut issued, 0);
    assert_eq!(after, before - 8);
    assert_eq!(ask(&mut issued, 0x14, 0, 0).sw, StatusWord::UNKNOWN);
    assert_eq!(issued.card.take_fault(), Some(Fault::StepLimit));
}
