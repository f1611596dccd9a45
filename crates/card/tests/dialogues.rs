//! The five programs of vectors/caps, in every format, loaded over SCP03, answer as the reference implementation did.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use hydra_cap::CapFile;
use hydra_testkit::{Dialogue, Issued};
use hydra_wire::Aid;

const EXTENDED: &str = "2.3-extended";
const BENCH: &str = "F04C414242454E4301";
const INTS: &str = "F04C4142494E5401";
const FORMATS: [&str; 3] = ["2.1-jc222", "2.1-jc305", "2.3-compact"];

fn vectors() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/caps"))
}

/// A card with these programs, loaded over SCP03 and all their applets installed, under these AIDs or else their own,
/// then powered off and on again.
fn card(folder: &str, programs: &[&str], instances: &[&str]) -> Issued {
    let mut issued = Issued::new("dialogues").unwrap();
    for program in programs {
        let path = vectors().join(folder).join(format!("{program}.cap"));
        let cap = CapFile::from_zip(&fs::read(path).unwrap()).unwrap();
        issued.load(&cap).unwrap();
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
    match dialogue(name).play(|command| issued.card.process(command)) {
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

/// Classes of one package extend those of another in the same file, and both have package-visible methods.
#[test]
fn two_packages_number_their_package_visible_methods_apart() {
    let card = card(EXTENDED, &["pq-2pkg"], &[]);
    answers(card, "pq-2pkg", "pq.dialogue", 7);
}
