//! Sequences of commands on a fresh card, in the clear or under the issuer's session: each gets a status word, and a card is left.
#![no_main]

use hydra_fuzz::World;
use hydra_wire::{Command, Response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let world = World::get();
    let mut issued = world.card();
    let Some((&first, mut rest)) = data.split_first() else {
        return;
    };
    let mut commands = Vec::new();
    while let [length, tail @ ..] = rest {
        let (command, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        commands.push(command);
        rest = tail;
    }
    if first & 1 == 0 {
        let mut selected = false;
        for command in commands {
            selected |= world.selects_the_victim(command);
            let answer = issued.card.process(command);
            assert!(Response::parse(&answer).is_ok(), "no status word");
        }
        if selected {
            world.check_answers(&mut issued);
        } else {
            world.check(&mut issued, &[]);
        }
    } else {
        // Under the issuer's keys content may well change; what must stay is a card that starts and answers.
        let _ = issued.session(|client| {
            for command in commands {
                if let Ok(command) = Command::parse(command) {
                    client.transmit("fuzz", &command)?;
                }
            }
            Ok(())
        });
        issued.power_cycle().expect("the card starts again");
        assert!(
            !issued
                .card
                .process(&[0x00, 0xA4, 0x04, 0x00, 0x00])
                .is_empty()
        );
    }
});
