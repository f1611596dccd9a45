//! A changed program on a card, with and without its Descriptor, with the card's verification on and off: whatever it does, the card goes
//! on, and the applet beside it keeps its data and its secret. What the verifier has accepted never ends in a fault of types.
#![no_main]

use hydra_cap::CapFile;
use hydra_card::LoadVerification;
use hydra_fuzz::{UNVERIFIED, VICTIM, World, changed_load_file, programs};
use hydra_gp::Privileges;
use hydra_testkit::breaks_a_promise;
use hydra_vm::Fault;
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
    let first = data.first().copied().unwrap_or_default();
    let domain = "A000000151000000".parse().expect("an AID");
    // The library that the application's seeds import, so that its signatures are known.
    if index > 2 {
        let library = &programs()[2];
        let bytes = library.to_load_file_with_descriptor();
        let _ = issued.session(|client| client.load(library.aid(), &domain, &bytes));
    }
    if first & UNVERIFIED != 0 {
        issued.card.set_load_verification(LoadVerification::Off);
    }
    // A change may have made the Descriptor a component of another name, and the card then has nothing to verify.
    let verified = first & UNVERIFIED == 0
        && CapFile::from_load_file(&bytes).is_ok_and(|cap| cap.descriptor().is_some());
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
            let fault = issued.card.take_fault();
            assert!(
                !verified || !fault.is_some_and(breaks_a_promise),
                "a verified program ended in {fault:?}"
            );
            if fault == Some(Fault::StepLimit) {
                // It takes long to get there, and the next command would get there again.
                break;
            }
        }
    }
    world.check(&mut issued, &answers);
});
