//! Cards of one process that hold one copy of their code, and nothing else in common.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use hydra_cap::CapFile;
use hydra_slot::CodeCache;
use hydra_testkit::{Issued, cap};
use hydra_wire::{Aid, Command, Response};

/// Its static byte counts its instances.
const PROBE: &str = "F048594452F00101";
const SECOND: &str = "F048594452F00102";
const LODGER: &str = "F048594452F00301";

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn probe() -> CapFile {
    cap("runtime/probe/probe").unwrap()
}

/// The library shelf, and the applet lodger that extends a class of it.
fn add_shelf_and_lodger(issued: &mut Issued) {
    issued.add(&cap("runtime/shelf/shelf").unwrap()).unwrap();
    issued.add(&cap("runtime/lodger/lodger").unwrap()).unwrap();
}

fn sharing(seed: &str, code: &Arc<CodeCache>) -> Issued {
    let mut issued = Issued::new(seed).unwrap();
    issued.card.share_code(code.clone());
    issued
}

fn ask(issued: &mut Issued, applet: &str, ins: u8, p1: u8) -> Response {
    assert!(issued.select(&aid(applet)).sw.is_success(), "{applet}");
    issued.send(&Command::new(0x80, ins, p1, 0).with_le(256))
}

/// How many instances the probe's package counts.
fn instances(issued: &mut Issued, applet: &str) -> u8 {
    ask(issued, applet, 0x22, 0).data[1]
}

#[test]
fn equal_code_is_there_once_and_goes_with_the_last_card() {
    let code = CodeCache::new();
    let mut cards = ["a", "b", "c"].map(|seed| {
        let mut issued = sharing(seed, &code);
        add_shelf_and_lodger(&mut issued);
        issued.add(&probe()).unwrap();
        assert_eq!(code.packages(), 3, "{seed}");
        issued
    });
    // A card that was opened links in another order of events than one that loaded.
    for issued in &mut cards {
        issued.power_cycle().unwrap();
        issued.card.share_code(code.clone());
        assert_eq!(code.packages(), 3);
        assert_eq!(instances(issued, PROBE), 1);
    }
    drop(cards);
    assert_eq!(code.packages(), 0);
}

#[test]
fn what_one_card_changes_the_other_does_not_see() {
    let code = CodeCache::new();
    let [mut a, mut b] = ["a", "b"].map(|seed| {
        let mut issued = sharing(seed, &code);
        issued.add(&probe()).unwrap();
        issued
    });
    assert_eq!(code.packages(), 1);
    // A second instance is counted in a static field.
    let (package, module) = (probe().aid().clone(), aid(PROBE));
    // What is asked for with 9 registers the AID that it is given.
    a.install(&package, &module, &aid(SECOND), &[9]).unwrap();
    assert_eq!(instances(&mut a, SECOND), 2);
    assert_eq!(instances(&mut b, PROBE), 1);
    assert_eq!(code.packages(), 1);
}

#[test]
fn a_package_that_one_card_deletes_stays_on_the_other() {
    let code = CodeCache::new();
    let [mut a, mut b] = ["a", "b"].map(|seed| {
        let mut issued = sharing(seed, &code);
        issued.add(&probe()).unwrap();
        add_shelf_and_lodger(&mut issued);
        issued
    });
    for object in [PROBE, &PROBE[..14], LODGER, &LODGER[..14]] {
        a.delete(&aid(object)).unwrap();
    }
    assert_eq!(code.packages(), 3);
    assert_eq!(instances(&mut b, PROBE), 1);
    assert!(ask(&mut b, LODGER, 0x19, 0).sw.is_success());
    // The library stayed on the first card; what comes back gets another number there than it has on the second.
    a.add(&cap("runtime/lodger/lodger").unwrap()).unwrap();
    assert!(ask(&mut a, LODGER, 0x19, 0).sw.is_success());
    drop(b);
    assert!(ask(&mut a, LODGER, 0x19, 0).sw.is_success());
    assert_eq!(code.packages(), 2);
}

#[test]
fn code_under_other_numbers_is_another() {
    let code = CodeCache::new();
    let (mut a, mut b) = (sharing("a", &code), sharing("b", &code));
    a.add(&probe()).unwrap();
    add_shelf_and_lodger(&mut a);
    add_shelf_and_lodger(&mut b);
    b.add(&probe()).unwrap();
    assert_eq!(code.packages(), 6);
    for issued in [&mut a, &mut b] {
        assert_eq!(instances(issued, PROBE), 1);
        assert!(ask(issued, LODGER, 0x19, 0).sw.is_success());
    }
}

#[test]
fn a_card_that_shares_does_what_it_does_alone() {
    let code = CodeCache::new();
    let mut others = sharing("others", &code);
    add_shelf_and_lodger(&mut others);
    others.add(&probe()).unwrap();
    let [alone, shared] = [None, Some(code.clone())].map(|code| {
        let mut issued = Issued::new("same").unwrap();
        if let Some(code) = code {
            issued.card.share_code(code);
        }
        add_shelf_and_lodger(&mut issued);
        issued.add(&probe()).unwrap();
        let said = [0x01, 0x10, 0x14, 0x22].map(|ins| ask(&mut issued, PROBE, ins, 0));
        issued.delete(&aid(LODGER)).unwrap();
        (said, issued.medium.restart().as_bytes().to_vec())
    });
    assert_eq!(code.packages(), 3);
    assert_eq!(alone.0, shared.0);
    assert!(alone.1 == shared.1, "the images differ");
}
