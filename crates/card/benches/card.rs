//! A card in memory: bytecodes a second, and commands a second through OPEN, runtime, VM and journal.
#![allow(clippy::expect_used, reason = "a benchmark stops where it can't go on")]

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hydra_cap::CapFile;
use hydra_testkit::Issued;
use hydra_wire::Command;

/// What bench.cap executes for INS 02 with 10,000 rounds.
const BYTECODES: u64 = 151_768;

fn card() -> Issued {
    let mut issued = Issued::new("bench").expect("a card");
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../vectors/caps/2.1-jc222/bench.cap"
    );
    let cap = CapFile::from_zip(&fs::read(path).expect("bench.cap")).expect("a CAP file");
    let applet = issued.add(&cap).expect("bench.cap is installed");
    let selected = issued.select(&applet.expect("it has an applet"));
    assert!(selected.sw.is_success());
    issued
}

fn run(criterion: &mut Criterion, name: &str, throughput: Throughput, command: &Command) {
    let mut card = card().card;
    let command = command.to_bytes();
    assert!(card.process(&command).ends_with(&[0x90, 0x00]), "{name}");
    let mut group = criterion.benchmark_group("card");
    group.throughput(throughput);
    group.bench_function(name, |bencher| {
        bencher.iter(|| card.process(black_box(&command)));
    });
    group.finish();
}

fn benches(criterion: &mut Criterion) {
    let command = |ins: u8, count: u16| {
        let [p1, p2] = count.to_be_bytes();
        Command::new(0x80, ins, p1, p2).with_le(256)
    };
    let data = |ins: u8, length: usize| command(ins, 0).with_data(&vec![0x5A; length]);
    let one = Throughput::Elements(1);
    run(
        criterion,
        "bytecodes",
        Throughput::Elements(BYTECODES),
        &command(0x02, 0),
    );
    run(criterion, "echo 16", one.clone(), &data(0x01, 16));
    run(criterion, "echo 240", one.clone(), &data(0x01, 240));
    run(criterion, "aes-128-cbc 240", one.clone(), &data(0x03, 240));
    run(
        criterion,
        "ecdsa p-256 sha-256",
        one.clone(),
        &data(0x05, 32),
    );
    run(criterion, "sha-256 240", one.clone(), &data(0x06, 240));
    run(
        criterion,
        "256 objects and deletion",
        one.clone(),
        &command(0x07, 256),
    );
    run(
        criterion,
        "256 transactions",
        one.clone(),
        &command(0x08, 256),
    );
    run(
        criterion,
        "10,000 invokevirtual",
        one.clone(),
        &command(0x09, 10_000),
    );
    run(
        criterion,
        "10,000 arrayCopy 64",
        one.clone(),
        &command(0x0A, 10_000),
    );
    run(
        criterion,
        "1,000 throw and catch",
        one,
        &command(0x0E, 1000),
    );
}

criterion_group!(card_benches, benches);
criterion_main!(card_benches);
