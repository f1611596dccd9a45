//! The observed programs as converted here, loaded over SCP03, answer as the reference
//! implementation did with the official converters' files.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use hydra_cap::Format;
use hydra_testkit::{Dialogue, Issued};
use support::{Workbench, program, vectors};

fn play(release: &str, format: Format, names: &[&str], dialogue: &str, pairs: usize) {
    let all = Workbench::new(release).programs(format);
    let mut issued = Issued::new("converted").unwrap();
    for name in names {
        issued.add(&program(&all, name).cap_file).unwrap();
    }
    issued.power_cycle().unwrap();
    let text = std::fs::read_to_string(vectors().join("caps").join(dialogue)).unwrap();
    let dialogue: Dialogue = text.parse().unwrap();
    match dialogue.play(|command| issued.card.process(command)) {
        Ok(played) => assert_eq!(played, pairs),
        Err(wrong) => panic!(
            "{release}: {} of {pairs} answers differ, first {}",
            wrong.len(),
            wrong[0]
        ),
    }
}

#[test]
fn bench() {
    play("2.2.2", Format::V2_1, &["bench"], "bench.dialogue", 53);
}

#[test]
fn ints() {
    play("3.0.5", Format::V2_1, &["ints"], "ints.dialogue", 2883);
}

#[test]
fn lab() {
    let names = ["lablib", "labsrv", "labapp"];
    play("3.0.5", Format::V2_1, &names, "app.dialogue", 22);
}

#[test]
fn lab_in_the_newest_format() {
    let names = ["lablib", "labsrv", "labapp"];
    play("3.2.0", Format::V2_3, &names, "app.dialogue", 22);
}
