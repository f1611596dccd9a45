//! What the verifier accepts, the VM runs without a fault of types: programs with one or two instructions changed.

use hydra_cap::opcode::{Instruction, Opcode};
use hydra_cap::verify::{Imports, verify};
use hydra_cap::{CapFile, ComponentTag, MethodHeader};
use hydra_crypto::{Random, SeededRandom};
use hydra_gp::Privileges;
use hydra_testkit::{Issued, PowerCut, breaks_a_promise, cap};
use hydra_vm::Fault;
use hydra_wire::Command;

/// Runs a program on a card of its own; the faults that its commands ended with.
fn run(image: &Issued, cap: &CapFile) -> Vec<Fault> {
    let mut issued = Issued::new("verified").expect("a card");
    issued.record = image.record.clone();
    let medium = PowerCut::new(image.medium.restart());
    issued.open(medium).expect("the image opens");
    let domain = "A000000151000000".parse().expect("an AID");
    let loaded = issued
        .session(|client| client.load(cap.aid(), &domain, &cap.to_load_file_with_descriptor()));
    if loaded.is_err() {
        // Accepted by the verifier, and more than the card has room for.
        return Vec::new();
    }
    let mut faults = Vec::new();
    for applet in cap.applets() {
        let _ = issued.session(|client| {
            client.install(cap.aid(), &applet.aid, &applet.aid, Privileges::NONE, &[])
        });
        faults.extend(issued.card.take_fault());
        issued.select(&applet.aid);
        for ins in 0..=0x20 {
            let data = [ins, 1, 2, 3, 0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
            issued.send(&Command::new(0x80, ins, 0, 3).with_data(&data).with_le(256));
            let fault = issued.card.take_fault();
            faults.extend(fault);
            if fault == Some(Fault::StepLimit) {
                // It takes long to get there, and would again.
                break;
            }
        }
    }
    faults
}

/// Offset and length of each instruction of the described methods.
fn instructions(cap: &CapFile) -> Vec<(usize, usize)> {
    let code = cap.method_info();
    let classes = cap.descriptor().expect("a Descriptor").classes.iter();
    let methods = classes.flat_map(|class| &class.methods);
    let mut found = Vec::new();
    for method in methods.filter(|method| method.code_length > 0) {
        let start = usize::try_from(method.method).expect("an offset");
        let header = MethodHeader::read(&code[start..]).expect("a header");
        let mut at = start + usize::from(header.size);
        let end = at + usize::from(method.code_length);
        while at < end {
            let instruction = Instruction::decode(code, at).expect("an instruction");
            found.push((at, instruction.length));
            at += instruction.length;
        }
    }
    found
}

#[test]
fn what_the_verifier_accepts_never_confuses_types() {
    let mut image = Issued::new("verified").expect("a card");
    let library = cap("caps/2.1-jc305/lablib").expect("a CAP file");
    image
        .session(|client| {
            let domain = "A000000151000000".parse().expect("an AID");
            client.load(
                library.aid(),
                &domain,
                &library.to_load_file_with_descriptor(),
            )
        })
        .expect("the library");
    let files = [&library];
    let imports = Imports {
        exports: &[],
        files: &files,
    };
    let mut random = SeededRandom::new(b"changed programs");
    let mut draws = 0;
    let mut below = |limit: usize| {
        let mut bytes = [0; 4];
        random.draw("place", draws, &mut bytes);
        draws += 1;
        usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(0) % limit
    };
    let (mut accepted, mut refused) = (0, 0);
    for path in [
        "caps/2.1-jc305/ints",
        "caps/2.1-jc305/bench",
        "caps/2.1-jc305/labsrv",
        "runtime/probe/probe",
    ] {
        let program = cap(path).expect("a CAP file");
        let starts = instructions(&program);
        let mut of_this = 0;
        while of_this < 20 {
            let components = program.components();
            let mut raw: Vec<_> = components
                .map(|(tag, bytes)| (tag, bytes.to_vec()))
                .collect();
            let code = raw.iter_mut().find(|(tag, _)| *tag == ComponentTag::Method);
            let (_, code) = code.expect("code");
            // One or two instructions: another one with operands of the same form, or other operands.
            for _ in 0..=below(2) {
                let (at, length) = starts[below(starts.len())];
                let opcode = Opcode::from_byte(code[at]).expect("an instruction");
                let alike: Vec<_> = Opcode::ALL
                    .into_iter()
                    .filter(|other| other.layout() == opcode.layout())
                    .collect();
                if length == 1 || below(3) > 0 {
                    code[at] = alike[below(alike.len())].byte();
                } else {
                    let delta = u8::try_from(below(5)).expect("a byte");
                    let operand = &mut code[at + 1 + below(length - 1)];
                    *operand = operand.wrapping_add(delta).wrapping_sub(2);
                }
            }
            let changed = CapFile::from_components(raw);
            let Some(changed) = changed
                .ok()
                .filter(|changed| verify(changed, &imports).faults.is_empty())
            else {
                refused += 1;
                continue;
            };
            accepted += 1;
            of_this += 1;
            let faults = run(&image, &changed);
            assert!(
                !faults.iter().any(|fault| breaks_a_promise(*fault)),
                "{path}: {faults:?}"
            );
        }
    }
    assert!(
        accepted == 80 && refused > 100,
        "{accepted} accepted, {refused} refused"
    );
}
