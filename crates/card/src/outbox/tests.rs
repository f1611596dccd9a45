use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use hydra_crypto::{PublicKey, SecretKey, SeededRandom, sha256};
use hydra_gp::Privileges;
use hydra_message::{Attestation, Payload, Sign1, open};
use hydra_wire::{Aid, Frame, SIZE_CLASSES, StatusWord, tlv};

use super::*;
use crate::domain::{chain, recipients};
use crate::nvm::MemoryStorage;
use crate::open::records::Owned;
use crate::open::registry::{Applet, Entry, LoadFile};
use crate::vt::queue::Output;
use crate::{Card, CardConfig};

const INSTANCE: u16 = 9;
/// `[{1: 7}, [[20, 1000], [21, h'00']]]`
const STATEMENT: &[u8] = &[
    0x82, 0xA1, 0x01, 0x07, 0x82, 0x82, 0x14, 0x19, 0x03, 0xE8, 0x82, 0x15, 0x41, 0x00,
];
/// `[{1: []}, []]`
const INTERVALS: &[u8] = &[0x82, 0xA1, 0x01, 0x80, 0x80];
const CERTIFICATE: &[u8] = &[0x30, 0x03, 0x02, 0x01, 0x01];

fn aid(text: &str) -> Aid {
    text.parse().expect("an AID")
}

fn secret(name: &str) -> SecretKey {
    SecretKey::draw(&mut SeededRandom::new(b"recipients"), name, 0)
}

/// A card with a domain that may speak, and an applet of the domain's.
struct Home {
    card: Card,
    attestation_key: [u8; 65],
}

impl Home {
    fn new() -> Self {
        let (mut card, record) = Card::create(
            Box::new(MemoryStorage::new()),
            Box::new(SeededRandom::new(b"card")),
            CardConfig::default(),
        )
        .expect("a card");
        let vm = card.runtime.vm_mut();
        let (domain, file, applet) = (EntryId(10), EntryId(11), EntryId(12));
        let entry = |id, name: &str, kind| Entry {
            id,
            aid: aid(name),
            kind,
            life_cycle: registry::SELECTABLE,
            privileges: Privileges::NONE,
            domain,
        };
        let mut own = entry(domain, "F0485944520102", Kind::Domain);
        own.domain = EntryId::ISSUER;
        registry::put(vm, &own);
        vm.record_put(Owned::DomainKey.key(domain), &*secret("domain").to_bytes());
        let loaded = Kind::LoadFile(LoadFile {
            package: Some(1),
            version: [1, 0],
            code: [0xC0; 32],
            modules: Vec::new(),
        });
        registry::put(vm, &entry(file, "F0485944520202", loaded));
        let instance = Kind::Applet(Applet {
            instance: INSTANCE,
            load_file: file,
            module: aid("F048594452020201"),
        });
        registry::put(vm, &entry(applet, "F04859445202020101", instance));
        chain::store(vm, domain, &[CERTIFICATE]).expect("a chain");
        let mut home = Self {
            card,
            attestation_key: record.attestation_key,
        };
        home.recipient(1, "supplier");
        home.recipient(2, "householder");
        home.policy(1, 1, "supplier", 1, 100_000);
        home.policy(2, 2, "householder", 1, 100_000);
        home
    }

    fn recipient(&mut self, destination: u8, name: &str) {
        let mut value = tlv::object(0x54, &[destination]);
        tlv::push(&mut value, 0x57, &secret(name).public().to_bytes());
        tlv::push(&mut value, 0x58, name.as_bytes());
        recipients::store(self.card.runtime.vm_mut(), EntryId(10), &value).expect("a recipient");
    }

    fn policy(&mut self, purpose: u8, destination: u8, port: &str, granted: u8, budget: u32) {
        let mut value = tlv::object(0x4F, aid("F0485944520102").as_bytes());
        tlv::push(&mut value, 0x53, &[purpose]);
        tlv::push(&mut value, 0x54, &[destination]);
        tlv::push(&mut value, 0x50, port.as_bytes());
        tlv::push(&mut value, 0x55, &[granted]);
        tlv::push(&mut value, 0x56, &budget.to_be_bytes());
        policy::store(self.card.runtime.vm_mut(), &value).expect("a policy");
    }

    fn send(&mut self, purpose: u8, destination: u8, message: &[u8]) -> Result<u32, StatusWord> {
        let vm = self.card.runtime.vm_mut();
        let random = &mut *self.card.open.random;
        send(vm, random, INSTANCE, purpose, destination, message)
    }

    /// Takes everything out of the queue.
    fn outputs(&mut self) -> Vec<Output> {
        let mut all = Vec::new();
        while let Some((key, output)) = queue::oldest(self.card.runtime.vm()) {
            queue::forget(self.card.runtime.vm_mut(), key);
            all.push(output);
        }
        all
    }
}

/// What the recipient reads, its signature checked.
fn read(output: &Output, name: &str) -> (Payload, Vec<u8>) {
    let signed = open(&output.payload, name, &secret(name)).expect("it opens");
    let sign1 = Sign1::parse(&signed).expect("a COSE_Sign1");
    sign1
        .verify(&secret("domain").public())
        .expect("the domain's signature");
    assert_eq!(sign1.x5chain, [CERTIFICATE]);
    (Payload::parse(&sign1.payload).expect("a payload"), signed)
}

#[test]
fn a_statement_goes_to_the_provider_and_its_copy_to_the_householder() {
    let mut home = Home::new();
    assert_eq!(home.send(1, 1, STATEMENT), Ok(1));
    let outputs = home.outputs();
    let ports: Vec<_> = outputs
        .iter()
        .map(|output| String::from_utf8_lossy(output.port.as_bytes()).to_string())
        .collect();
    assert_eq!(ports, ["supplier", "householder"]);
    let (statement, _) = read(&outputs[0], "supplier");
    assert_eq!(statement.claims, [0xA1, 0x01, 0x07]);
    assert_eq!(statement.hidden.len(), 2);
    assert_eq!(statement.disclosures, None);
    assert_eq!(statement.sender, aid("F0485944520102"));
    assert_eq!(statement.instance, aid("F04859445202020101"));

    let (copy, _) = read(&outputs[1], "householder");
    assert_eq!(copy.hidden, statement.hidden);
    let disclosures = copy.disclosures.expect("the householder's copy opens all");
    assert_eq!(disclosures[0].value, [0x19, 0x03, 0xE8]);
    assert_ne!(disclosures[0].salt, disclosures[1].salt);
    assert_eq!(copy.recipient, "householder");

    // The relay's frame is exactly a size class, or one or two bytes short of it.
    for output in &outputs {
        let frame = Frame {
            kind: output.kind,
            correlation: output.correlation,
            payload: output.payload.clone(),
        };
        assert!(SIZE_CLASSES.contains(&frame.to_bytes().len()));
    }
}

#[test]
fn a_message_carries_what_open_says_about_the_code() {
    let mut home = Home::new();
    home.send(1, 1, STATEMENT).expect("sent");
    let (_, signed) = read(&home.outputs()[0], "supplier");
    let attestation = Sign1::parse(&signed).expect("signed").attestation;
    let attestation = Attestation::parse(&attestation.expect("attested")).expect("read");
    let key = PublicKey::from_bytes(&home.attestation_key).expect("a point");
    attestation
        .sign1
        .verify(&key)
        .expect("the card's signature");
    let subject = attestation.subject;
    assert_eq!(subject.point, secret("domain").public().to_bytes());
    assert_eq!(subject.code, Some((aid("F04859445202020101"), [0xC0; 32])));
}

#[test]
fn messages_are_counted_and_chained() {
    let mut home = Home::new();
    let mut previous = [[0; 32]; 2];
    for n in 1..=3 {
        assert_eq!(home.send(1, 1, STATEMENT), Ok(n));
        let outputs = home.outputs();
        for (side, name) in ["supplier", "householder"].into_iter().enumerate() {
            let (payload, signed) = read(&outputs[side], name);
            assert_eq!(payload.counter, n);
            assert_eq!(payload.previous, previous[side]);
            previous[side] = sha256(&signed);
        }
    }
    // Intervals share the householder's counter, and have a chain of their own.
    assert_eq!(home.send(2, 2, INTERVALS), Ok(4));
    let outputs = home.outputs();
    assert_eq!(outputs.len(), 1);
    let (payload, _) = read(&outputs[0], "householder");
    assert_eq!((payload.counter, payload.previous), (4, [0; 32]));
    // Each output has a number of its own.
    assert_eq!(outputs[0].correlation, 7);
}

#[test]
fn nothing_goes_without_consent() {
    let mut home = Home::new();
    let refused = Err(StatusWord::CONDITIONS_NOT_SATISFIED);
    home.policy(1, 1, "supplier", 0, 100_000);
    assert_eq!(home.send(1, 1, STATEMENT), refused);
    // There is no policy for measurements at all.
    assert_eq!(home.send(3, 1, STATEMENT), refused);
    // Nor for other domains' applets.
    let vm = home.card.runtime.vm_mut();
    let random = &mut *home.card.open.random;
    assert_eq!(send(vm, random, INSTANCE + 1, 1, 1, STATEMENT), refused);
    assert!(home.outputs().is_empty());
    home.policy(1, 1, "supplier", 1, 100_000);
    assert_eq!(home.send(1, 1, STATEMENT), Ok(1));
}

#[test]
fn the_budget_counts_sealed_bytes() {
    let mut home = Home::new();
    home.send(1, 1, STATEMENT).expect("sent");
    let size = home.outputs()[0].payload.len();
    let twice = u32::try_from(2 * size + 1).expect("small");
    home.policy(1, 1, "supplier", 1, twice);
    assert_eq!(home.send(1, 1, STATEMENT), Ok(2));
    assert_eq!(home.send(1, 1, STATEMENT), Ok(3));
    assert_eq!(home.outputs().len(), 4);
    assert_eq!(
        home.send(1, 1, STATEMENT),
        Err(StatusWord::NOT_ENOUGH_MEMORY)
    );
    assert!(home.outputs().is_empty());
    // What was refused was not counted.
    home.policy(1, 1, "supplier", 1, twice);
    assert_eq!(home.send(1, 1, STATEMENT), Ok(4));
}

#[test]
fn a_domain_that_is_not_personalised_does_not_speak() {
    for missing in [Owned::Chain, Owned::Recipients] {
        let mut home = Home::new();
        let vm = home.card.runtime.vm_mut();
        vm.record_delete(missing.key(EntryId(10)));
        assert_eq!(
            home.send(1, 1, STATEMENT),
            Err(StatusWord::CONDITIONS_NOT_SATISFIED)
        );
        assert!(home.outputs().is_empty());
    }
    // A provider alone is not enough: the copy has to go somewhere.
    let mut home = Home::new();
    let vm = home.card.runtime.vm_mut();
    vm.record_delete(Owned::Recipients.key(EntryId(10)));
    home.recipient(1, "supplier");
    assert_eq!(
        home.send(1, 1, STATEMENT),
        Err(StatusWord::CONDITIONS_NOT_SATISFIED)
    );
}

#[test]
fn content_that_the_protocol_does_not_have_is_refused() {
    let mut home = Home::new();
    let wrong = Err(StatusWord::WRONG_DATA);
    assert_eq!(home.send(9, 1, STATEMENT), wrong);
    assert_eq!(home.send(1, 3, STATEMENT), wrong);
    assert_eq!(
        home.send(1, 2, STATEMENT),
        wrong,
        "a statement is the provider's"
    );
    assert_eq!(
        home.send(2, 1, INTERVALS),
        wrong,
        "intervals are the householder's"
    );
    for cut in 0..STATEMENT.len() {
        assert_eq!(home.send(1, 1, &STATEMENT[..cut]), wrong);
    }
    assert_eq!(home.send(1, 1, STATEMENT), Ok(1));
}

#[test]
fn an_aborted_transaction_takes_the_message_back() {
    let mut home = Home::new();
    home.card.runtime.vm_mut().begin().expect("none is open");
    assert_eq!(home.send(1, 1, STATEMENT), Ok(1));
    assert_eq!(home.send(1, 1, STATEMENT), Ok(2));
    home.card.runtime.vm_mut().abort().expect("one is open");
    assert!(home.outputs().is_empty());
    home.card.runtime.vm_mut().begin().expect("none is open");
    assert_eq!(home.send(1, 1, STATEMENT), Ok(1));
    home.card.runtime.vm_mut().commit().expect("one is open");
    let outputs = home.outputs();
    assert_eq!(read(&outputs[0], "supplier").0.counter, 1);
    assert_eq!(outputs[0].correlation, 1);
}

#[test]
fn a_new_chain_of_the_attestation_key_is_in_the_next_message() {
    let mut home = Home::new();
    let carried = |home: &mut Home| {
        home.send(1, 1, STATEMENT).expect("sent");
        let (_, signed) = read(&home.outputs()[0], "supplier");
        let attestation = Sign1::parse(&signed).expect("signed").attestation;
        let attestation = Attestation::parse(&attestation.expect("attested"));
        attestation.expect("read").sign1.x5chain
    };
    assert_eq!(carried(&mut home), Vec::<Vec<u8>>::new());
    let vm = home.card.runtime.vm_mut();
    chain::store(vm, EntryId::ISSUER, &[CERTIFICATE]).expect("a chain");
    attestation::forget_all(vm);
    assert_eq!(carried(&mut home), vec![CERTIFICATE.to_vec()]);
}
