//! Random commands: whatever comes, the card answers with a status word, and afterwards it is still a card.

use hydra_crypto::{Random, SeededRandom};
use hydra_wire::{Command, Response, tlv};

use crate::host::{Bench, OK, aid, applet_route, cap, isd, script_route, terminal};

/// Numbers that follow from a seed.
struct Dice {
    random: SeededRandom,
    throws: u64,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self {
            random: SeededRandom::new(&seed.to_be_bytes()),
            throws: 0,
        }
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.random.draw("dice", self.throws, &mut bytes);
        self.throws += 1;
        bytes
    }

    fn below(&mut self, limit: usize) -> usize {
        let bytes = self.bytes(4);
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Data as commands have it: often data objects, sometimes anything.
    fn data(&mut self, depth: usize) -> Vec<u8> {
        let known: [&[u8]; 6] = [
            &[0xA0, 0, 0, 1, 0x51, 0, 0, 0],
            &[0xF0, 0x4C, 0x41, 0x42, 0x42, 0x45, 0x4E, 0x43],
            &[0xF0, 0x48, 0x59, 0x44, 0x52, 0, 1],
            b"issuer",
            b"meter.electricity",
            &[0, 0, 0, 1],
        ];
        match self.below(4) {
            0 => {
                let len = self.below(40);
                self.bytes(len)
            }
            1 => self.pick(&known).to_vec(),
            2 if depth < 3 => {
                let tags = [
                    0x4F, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5C,
                    0x5D, 0xE1, 0xE2, 0xE3, 0xE4, 0xC4, 0xC9, 0xEF, 0xAA, 0x22, 0x7F21, 0xD0, 0xD2,
                ];
                let mut out = Vec::new();
                for _ in 0..self.below(4) {
                    let value = self.data(depth + 1);
                    tlv::push(&mut out, self.pick(&tags), &value);
                }
                out
            }
            _ => {
                let mut out = Vec::new();
                for _ in 0..self.below(6) {
                    let value = self.pick(&known);
                    out.push(u8::try_from(value.len()).unwrap());
                    out.extend_from_slice(value);
                }
                out
            }
        }
    }

    fn command(&mut self) -> Command {
        let cla = self.pick(&[0x00, 0x80, 0x84, 0x81, 0x01, 0x40, 0xC0, 0xE0, 0x90, 0xFF]);
        let ins = self.pick(&[
            0xA4, 0x70, 0x50, 0x82, 0xE6, 0xE8, 0xE4, 0xF2, 0xD8, 0xE2, 0xCA, 0xC0, 0xC2, 0x12,
            0x14, 0x01, 0x08, 0x00,
        ]);
        let p1 = self.pick(&[
            0x00, 0x04, 0x80, 0x81, 0x02, 0x0C, 0x20, 0x30, 0x33, 0x90, 0x40, 0x10,
        ]);
        let p2 = self.pick(&[0x00, 0x00, 0x01, 0x02, 0x03, 0x80, 0x81, 0x66, 0xE0]);
        let data = self.data(0);
        let mut command = Command::new(cla, ins, p1, p2).with_data(&data);
        command.ne = self.pick(&[None, Some(1), Some(256)]);
        command
    }
}

fn furnished() -> Bench {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load("F04C414242454E43", &isd(), &cap("bench"));
    issuer.install(
        "F04C414242454E43",
        "F04C414242454E4301",
        "F04C414242454E4301",
    );
    let mut routes = applet_route(
        "meter.electricity",
        "F04C414242454E4301",
        [0x80, 0x01, 0, 0],
    );
    routes.extend(script_route("supplier"));
    issuer.store(&routes);
    bench
}

#[test]
fn random_commands_without_a_session_change_no_content() {
    let mut bench = furnished();
    let before = bench.inventory();
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        bench.card.reset().unwrap();
        let start = dice
            .pick(&[isd(), terminal(), aid("F04C414242454E4301")].each_ref())
            .clone();
        bench.select(&start);
        for _ in 0..60 {
            let command = dice.command().to_bytes();
            assert!(Response::parse(&bench.card.process(&command)).is_ok());
            // And its bytes cut or changed anywhere.
            let mut broken = command.clone();
            let at = dice.below(broken.len());
            broken[at] ^= dice.bytes(1)[0];
            broken.truncate(dice.below(broken.len()) + 1);
            assert!(Response::parse(&bench.card.process(&broken)).is_ok());
        }
    }
    bench.power_cycle();
    assert_eq!(bench.inventory(), before);
}

#[test]
fn random_commands_under_the_issuers_keys_leave_a_card() {
    for seed in 100..112 {
        let mut bench = furnished();
        let mut dice = Dice::new(seed);
        let mut issuer = bench.issuer();
        for _ in 0..60 {
            let mut command = dice.command();
            command.cla = 0x80;
            if command.ins == 0xA4 || command.ins == 0x50 || command.ins == 0x82 {
                continue;
            }
            // A session survives every command that is protected as agreed.
            issuer.send_apdu(&command);
        }
        assert_eq!(issuer.get_data(0x00D3).data, [0xD3, 1, 0x33]);
        bench.power_cycle();
        assert_eq!(bench.inventory()[0].aid, isd());
    }
}

#[test]
fn random_scripts_and_messages_leave_a_terminal() {
    let mut bench = furnished();
    for seed in 200..210 {
        let mut dice = Dice::new(seed);
        assert_eq!(bench.select(&terminal()), OK);
        for correlation in 0..40u32 {
            let mut content = Vec::new();
            for _ in 0..dice.below(6) {
                let command = dice.command();
                tlv::push(&mut content, 0x22, &command.to_bytes());
            }
            let payload = match dice.below(3) {
                0 => dice.data(0),
                _ => tlv::object(0xAA, &content),
            };
            let port: &[u8] = dice.pick(&[b"issuer".as_slice(), b"supplier", b"meter.electricity"]);
            let mut envelope = tlv::object(0x50, port);
            tlv::push(&mut envelope, 0x59, &correlation.to_be_bytes());
            tlv::push(&mut envelope, 0x5A, &payload);
            let envelope = Command::new(0x80, 0xC2, 0, 0).with_data(&tlv::object(0xE4, &envelope));
            let response = bench.send(&envelope);
            assert!(response.sw.is_success_or_warning(), "{response:?}");
        }
    }
    assert!(!crate::terminal::Hub::new(&mut bench).drain().is_empty());
}
