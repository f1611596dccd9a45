//! The five programs of vectors/caps, in every compact format, loaded over SCP03, answer as the reference
//! implementation did.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use hydra_cap::CapFile;
use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig};
use hydra_crypto::SeededRandom;
use hydra_gp::Privileges;
use hydra_reader::GpClient;
use hydra_testkit::{Dialogue, PowerCut};
use hydra_wire::Aid;

const FORMATS: [&str; 3] = ["2.1-jc222", "2.1-jc305", "2.3-compact"];
const ISSUER_DOMAIN: &str = "A000000151000000";

/// A CAP file and the applet in it, if it is no library.
struct Program {
    file: &'static str,
    applet: Option<&'static str>,
}

const BENCH: Program = Program {
    file: "bench",
    applet: Some("F04C414242454E4301"),
};
const INTS: Program = Program {
    file: "ints",
    applet: Some("F04C4142494E5401"),
};
const LAB: [Program; 3] = [
    Program {
        file: "lablib",
        applet: None,
    },
    Program {
        file: "labsrv",
        applet: Some("F04C4142000201"),
    },
    Program {
        file: "labapp",
        applet: Some("F04C4142000301"),
    },
];

fn vectors() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/caps"))
}

fn cap(format: &str, program: &Program) -> CapFile {
    let path = vectors()
        .join(format)
        .join(program.file)
        .with_extension("cap");
    CapFile::from_zip(&fs::read(path).unwrap()).unwrap()
}

/// A card with these programs, loaded and installed by its issuer over SCP03, then powered off and on again.
fn card(format: &str, programs: &[Program]) -> Card {
    let medium = PowerCut::new(MemoryStorage::new());
    let random = || Box::new(SeededRandom::new(b"dialogues"));
    let (mut card, record) =
        Card::create(Box::new(medium.clone()), random(), CardConfig::default()).unwrap();
    let domain: Aid = ISSUER_DOMAIN.parse().unwrap();
    let mut client = GpClient::connect(&mut card).unwrap();
    client.select_issuer_domain().unwrap();
    client
        .authenticate(&record.issuer_keys, &[1, 2, 3, 4, 5, 6, 7, 8])
        .unwrap();
    for program in programs {
        let cap = cap(format, program);
        client
            .load(cap.aid(), &domain, &cap.to_load_file())
            .unwrap();
        if let Some(applet) = program.applet {
            let applet: Aid = applet.parse().unwrap();
            client
                .install(cap.aid(), &applet, &applet, Privileges::NONE, &[])
                .unwrap();
        }
    }
    Card::open(Box::new(medium.restart()), random()).unwrap()
}

fn play(programs: &[Program], dialogue: &str, pairs: usize) {
    let text = fs::read_to_string(vectors().join(dialogue)).unwrap();
    let dialogue: Dialogue = text.parse().unwrap();
    for format in FORMATS {
        let mut card = card(format, programs);
        match dialogue.play(|command| card.process(command)) {
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
    play(&[BENCH], "bench.dialogue", 53);
}

#[test]
fn ints() {
    play(&[INTS], "ints.dialogue", 2883);
}

#[test]
fn lab() {
    play(&LAB, "app.dialogue", 22);
}
