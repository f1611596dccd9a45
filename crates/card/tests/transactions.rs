//! Power fails at every write of a card that runs transactions: what it acknowledged is there, what it did not is there
//! whole or not at all.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use hydra_cap::CapFile;
use hydra_testkit::{Cut, Issued, Loss, PowerCut};
use hydra_wire::{Aid, Command, Response, StatusWord};

const BENCH: &str = "F04C414242454E4301";

/// A card with the measuring applet on it.
fn prepared() -> Issued {
    let mut issued = Issued::new("transactions").unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../vectors/caps/2.1-jc222/bench.cap"
    );
    issued
        .add(&CapFile::from_zip(&fs::read(path).unwrap()).unwrap())
        .unwrap();
    issued
}

/// Goes on with another medium and selects the applet; whether power lasted.
fn select(issued: &mut Issued, medium: &PowerCut) -> bool {
    let applet: Aid = BENCH.parse().unwrap();
    issued.open(medium.clone()).is_ok() && issued.select(&applet).sw.is_success()
}

fn send(issued: &mut Issued, ins: u8, count: u16) -> Response {
    let [p1, p2] = count.to_be_bytes();
    issued.send(&Command::new(0x80, ins, p1, p2).with_le(256))
}

/// The applet's counter after power came back.
fn counter(issued: &mut Issued, medium: &PowerCut) -> u16 {
    assert!(select(issued, &PowerCut::new(medium.restart())));
    let answer = send(issued, 0x0D, 0);
    assert_eq!(answer.sw, StatusWord::NO_ERROR);
    u16::from_be_bytes([answer.data[0], answer.data[1]])
}

/// Commands that change the applet's memory, and the counter after each: transactions, static fields, objects.
const STEPS: [(u8, u16, u16); 6] = [
    (0x08, 3, 2),
    (0x0B, 40, 2),
    (0x08, 60, 59),
    (0x07, 50, 59),
    (0x0C, 0, 59),
    (0x08, 9, 8),
];

/// Plays the steps until power fails; answers how many were acknowledged.
fn play(issued: &mut Issued, medium: &PowerCut) -> usize {
    if !select(issued, medium) {
        return 0;
    }
    STEPS
        .iter()
        .take_while(|(ins, count, _)| send(issued, *ins, *count).sw.is_success())
        .count()
}

#[test]
fn a_cut_leaves_the_old_state_or_the_new_one() {
    let mut issued = prepared();
    let fresh = issued.medium.restart();
    let counters: Vec<u16> = [0]
        .into_iter()
        .chain(STEPS.map(|(_, _, counter)| counter))
        .collect();
    let whole = PowerCut::new(fresh.clone());
    assert_eq!(play(&mut issued, &whole), STEPS.len());
    assert_eq!(counter(&mut issued, &whole), 8);
    assert!(whole.writes() >= 4, "{}", whole.writes());
    for write in 0..whole.writes() {
        for bytes in [0, 1, 100, 255, 256, 257, 600, usize::MAX] {
            for loss in [
                Loss::None,
                Loss::Subset(1),
                Loss::Sectors(1),
                Loss::Sectors(2),
            ] {
                let cut = Cut { write, bytes, loss };
                let medium = PowerCut::cut(fresh.clone(), cut);
                let done = play(&mut issued, &medium);
                assert!(medium.has_failed(), "{cut:?}");
                assert!(done < STEPS.len(), "{cut:?}");
                let found = counter(&mut issued, &medium);
                let allowed = [counters[done], counters[done + 1]];
                assert!(allowed.contains(&found), "{cut:?} after {done}: {found}");
            }
        }
    }
}

#[test]
fn a_mute_card_stays_mute() {
    let mut issued = prepared();
    let cut = Cut {
        write: 0,
        bytes: 10,
        loss: Loss::None,
    };
    let medium = PowerCut::cut(issued.medium.restart(), cut);
    assert!(select(&mut issued, &medium));
    let mute = Response::status(StatusWord::UNKNOWN);
    assert_eq!(send(&mut issued, 0x08, 5), mute);
    assert!(medium.has_failed());
    assert_eq!(send(&mut issued, 0x0D, 0), mute);
    assert!(issued.card.reset().is_err());
}
