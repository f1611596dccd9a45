//! The five programs of vectors/caps, in every format, loaded over SCP03, answer as the reference implementation did.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use hydra_cap::CapFile;
use hydra_card::{Card, Protocol};
use hydra_testkit::{Dialogue, Issued, behind_a_full_block};
use hydra_wire::{Aid, Command};

const EXTENDED: &str = "2.3-extended";
const BENCH: &str = "F04C414242454E4301";
const INTS: &str = "F04C4142494E5401";
const FORMATS: [&str; 3] = ["2.1-jc222", "2.1-jc305", "2.3-compact"];

fn vectors() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/caps"))
}

fn file(folder: &str, program: &str) -> CapFile {
    hydra_testkit::cap(&format!("caps/{folder}/{program}")).unwrap()
}

/// A card with these programs, loaded over SCP03 and all their applets installed, under these AIDs or else their own,
/// then powered off and on again.
fn card(folder: &str, programs: &[&str], instances: &[&str]) -> Issued {
    let programs = programs.iter().map(|program| file(folder, program));
    card_with(&programs.collect::<Vec<_>>(), instances)
}

fn card_with(programs: &[CapFile], instances: &[&str]) -> Issued {
    let mut issued = Issued::new("dialogues").unwrap();
    for cap in programs {
        issued.load(cap).unwrap();
        for (i, applet) in cap.applets().iter().enumerate() {
            let named = instances.get(i).map(|aid| aid.parse().unwrap());
            let instance: Aid = named.unwrap_or_else(|| applet.aid.clone());
            issued
                .install(cap.aid(), &applet.aid, &instance, &[])
                .unwrap();
        }
    }
    issued.power_cycle().unwrap();
    issued
}

/// Sends an APDU over T=0 as a host must (ISO/IEC 7816-3 §12.2): no Le after data, again with the length that 6Cxx tells, and
/// GET RESPONSE for what 61xx announces.
fn over_t0(card: &mut Card, apdu: &[u8]) -> Vec<u8> {
    let mut tpdu = Command::parse(apdu).unwrap();
    if !tpdu.data.is_empty() {
        tpdu.ne = None;
    }
    let mut answer = card.process(&tpdu.to_bytes());
    if let [0x6C, length] = answer[..] {
        tpdu.ne = Some(length.into());
        answer = card.process(&tpdu.to_bytes());
    }
    let mut whole = Vec::new();
    while let [data @ .., 0x61, length] = answer.as_slice() {
        whole.extend_from_slice(data);
        let get = Command::new(tpdu.cla & 0x03, 0xC0, 0, 0).with_le((*length).into());
        answer = card.process(&get.to_bytes());
    }
    whole.extend(answer);
    whole
}

fn dialogue(name: &str) -> Dialogue {
    let text = fs::read_to_string(vectors().join(name)).unwrap();
    text.parse().unwrap()
}

fn play(programs: &[&str], name: &str, pairs: usize) {
    for format in FORMATS {
        let card = card(format, programs, &[]);
        answers(card, format, name, pairs);
    }
}

fn play_extended(program: &str, name: &str, pairs: usize) {
    let card = card(EXTENDED, &[program], &[BENCH, INTS]);
    answers(card, program, name, pairs);
}

fn answers(mut issued: Issued, what: &str, name: &str, pairs: usize) {
    // One buffer for all: nothing of an answer is left for the next.
    let mut answer = Vec::new();
    let played = dialogue(name).play(|command| {
        issued.card.process_into(command, &mut answer);
        answer.clone()
    });
    match played {
        Ok(played) => assert_eq!(played, pairs),
        Err(wrong) => panic!(
            "{what}: {} of {pairs} answers differ, first {}",
            wrong.len(),
            wrong[0]
        ),
    }
}

#[test]
fn bench() {
    play(&["bench"], "bench.dialogue", 53);
    play_extended("bench-3.2.0", "bench.dialogue", 53);
    play_extended("bench-ints-2pkg-res", "bench.dialogue", 53);
}

#[test]
fn ints() {
    play(&["ints"], "ints.dialogue", 2883);
    play_extended("bench-ints-2pkg-res", "ints.dialogue", 2883);
}

#[test]
fn lab() {
    play(&["lablib", "labsrv", "labapp"], "app.dialogue", 22);
}

#[test]
fn every_answer_is_the_same_over_t0() {
    for (programs, name, pairs) in [
        (&["bench"][..], "bench.dialogue", 53),
        (&["ints"], "ints.dialogue", 2883),
        (&["lablib", "labsrv", "labapp"], "app.dialogue", 22),
    ] {
        let mut issued = card("2.1-jc305", programs, &[]);
        let atr = issued.card.reset_into(Protocol::T0).unwrap();
        assert_eq!(atr[..2], [0x3B, 0x0B]);
        let played = dialogue(name).play(|apdu| over_t0(&mut issued.card, apdu));
        match played {
            Ok(played) => assert_eq!(played, pairs),
            Err(wrong) => panic!("{name}: {} differ, first {}", wrong.len(), wrong[0]),
        }
    }
}

/// The three packages of one file share a context (JCRE 3.1 §6.1.2), so that nothing stands between the applets: the
/// one reads the other's array, and a call between them is no context switch, so no context came before the JCRE's.
#[test]
fn lab_in_one_file() {
    let mut issued = card(EXTENDED, &["lab-3pkg"], &[]);
    let wrong = dialogue("app.dialogue")
        .play(|command| issued.card.process(command))
        .unwrap_err();
    let differ: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        differ,
        [
            "line 17: 8004000500 was answered 00009000 instead of 6A01",
            "line 18: 8005000500 was answered 00009000 instead of 00079000",
        ]
    );
}

/// An offset in a block has 16 bits, one in the Method component more (JCVM 3.2 §6.10). The card verifies the file.
#[test]
fn code_beyond_64_kib_runs() {
    let cap = behind_a_full_block(&file(EXTENDED, "bench-ints-2pkg-res")).unwrap();
    let mut applets = cap.applets().iter();
    assert!(applets.all(|applet| applet.install_method > 0xFFFF));
    for (name, pairs) in [("bench.dialogue", 53), ("ints.dialogue", 2883)] {
        let card = card_with(std::slice::from_ref(&cap), &[BENCH, INTS]);
        answers(card, "beyond 64 KiB", name, pairs);
    }
}

/// Classes of one package extend those of another in the same file, and both have package-visible methods.
#[test]
fn two_packages_number_their_package_visible_methods_apart() {
    let card = card(EXTENDED, &["pq-2pkg"], &[]);
    answers(card, "pq-2pkg", "pq.dialogue", 7);
}
