//! A changed program on a card, with and without its Descriptor: whatever it does, the card goes on, and the applet beside it keeps its
//! data and its secret.
#![no_main]

use hydra_fuzz::{VICTIM, World, changed_load_file, programs};
use hydra_gp::Privileges;
use hydra_wire::Command;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((index, bytes)) = changed_load_file(data) else {
        return;
    };
    if index == VICTIM {
        return;
    }
    let world = World::get();
    let mut issued = world.card();
    let program = &programs()[index];
    // The library that the application's seeds import.
    if index > 2 {
        let _ = issued.load(&programs()[2]);
    }
    let domain = "A000000151000000".parse().expect("an AID");
    let _ = issued.session(|client| client.load(program.aid(), &domain, &bytes));
    let mut answers = Vec::new();
    for applet in program.applets() {
        let _ = issued.session(|client| {
            client.install(
                program.aid(),
                &applet.aid,
                &applet.aid,
                Privileges::NONE,
                &[],
            )
        });
        answers.push(issued.select(&applet.aid).data);
        for ins in 0..=0x12 {
            let command = Command::new(0x80, ins, 0, 3)
                .with_data(&[ins; 20])
                .with_le(256);
            answers.push(issued.send(&command).data);
        }
    }
    world.check(&mut issued, &answers);
});
