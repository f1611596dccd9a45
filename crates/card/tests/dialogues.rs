//! The five programs of vectors/caps, in every compact format, loaded over SCP03, answer as the reference
//! implementation did.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use hydra_cap::CapFile;
use hydra_testkit::{Dialogue, Issued};

const FORMATS: [&str; 3] = ["2.1-jc222", "2.1-jc305", "2.3-compact"];

fn vectors() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/caps"))
}

/// A card with these programs, loaded and installed by its issuer over SCP03, then powered off and on again.
fn card(format: &str, programs: &[&str]) -> Issued {
    let mut issued = Issued::new("dialogues").unwrap();
    for program in programs {
        let path = vectors().join(format).join(program).with_extension("cap");
        let cap = CapFile::from_zip(&fs::read(path).unwrap()).unwrap();
        issued.add(&cap).unwrap();
    }
    issued.power_cycle().unwrap();
    issued
}

fn play(programs: &[&str], dialogue: &str, pairs: usize) {
    let text = fs::read_to_string(vectors().join(dialogue)).unwrap();
    let dialogue: Dialogue = text.parse().unwrap();
    for format in FORMATS {
        let mut issued = card(format, programs);
        match dialogue.play(|command| issued.card.process(command)) {
            Ok(played) => assert_eq!(played, pairs),
            Err(wrong) => panic!(
                "{format}: {} of {pairs} answers differ, first {}",
                wrong.len(),
                wrong[0]
            ),
        }
    }
}

#[test]
fn bench() {
    play(&["bench"], "bench.dialogue", 53);
}

#[test]
fn ints() {
    play(&["ints"], "ints.dialogue", 2883);
}

#[test]
fn lab() {
    play(&["lablib", "labsrv", "labapp"], "app.dialogue", 22);
}
