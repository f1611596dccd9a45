//! The client against the secure element itself: packages of the official converter are loaded over SCP03, installed,
//! answer as observed, and go again; a security domain gets keys of its own; a script prepared in advance plays.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use hydra_cap::CapFile;
use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig, ManufacturingRecord};
use hydra_crypto::{PublicKey, SecretKey, SeededRandom};
use hydra_gp::script::{HostScript, ResponseScript, Target};
use hydra_gp::{
    Command, DataFormat, GetData, Install, InstallApplication, KeyInfo, KeySet, Privileges, PutKey,
    StatusScope,
};
use hydra_message::Attestation;
use hydra_reader::{ClientError, GpClient};
use hydra_testkit::Dialogue;
use hydra_wire::{Aid, CardLink, StatusWord, tlv};

const ISD: &str = "A000000151000000";

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn new_card() -> (Card, ManufacturingRecord) {
    let random = SeededRandom::new(b"reader and card");
    let memory = Box::new(MemoryStorage::new());
    let (card, record) = Card::create(memory, Box::new(random), CardConfig::default()).unwrap();
    (card, record)
}

fn vector(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors/caps")
        .join(path)
}

fn load<L: CardLink>(client: &mut GpClient<L>, package: &str, path: &str) {
    let cap = CapFile::from_zip(&std::fs::read(vector(path)).unwrap()).unwrap();
    client
        .load(&aid(package), &aid(ISD), &cap.to_load_file())
        .unwrap();
}

fn install<L: CardLink>(client: &mut GpClient<L>, package: &str, applet: &str) {
    let applet = aid(applet);
    client
        .install(&aid(package), &applet, &applet, Privileges::NONE, &[])
        .unwrap();
}

fn play(client: &mut GpClient<&mut Card>, name: &str) -> usize {
    let text = std::fs::read_to_string(vector(name)).unwrap();
    let dialogue: Dialogue = text.parse().unwrap();
    let played = dialogue.play(|command| {
        let command = hydra_wire::Command::parse(command).unwrap();
        client.transmit_plain(&command).unwrap().to_bytes()
    });
    played.unwrap_or_else(|wrong| panic!("{name}: {} answers differ: {}", wrong.len(), wrong[0]))
}

#[test]
fn converted_packages_are_loaded_and_answer_as_observed() {
    for format in ["2.1-jc305", "2.3-compact"] {
        let (mut card, record) = new_card();
        let keys = record.issuer_keys;
        let mut client = GpClient::connect(&mut card).unwrap();
        client.select_issuer_domain().unwrap();
        client.authenticate(&keys, &[1; 8]).unwrap();
        load(&mut client, "F04C41420001", &format!("{format}/lablib.cap"));
        load(&mut client, "F04C41420002", &format!("{format}/labsrv.cap"));
        load(&mut client, "F04C41420003", &format!("{format}/labapp.cap"));
        install(&mut client, "F04C41420002", "F04C4142000201");
        install(&mut client, "F04C41420003", "F04C4142000301");
        let listed = client.list(StatusScope::Applications).unwrap();
        let installed = |text| {
            let wanted = aid(text);
            listed.iter().any(|entry| entry.aid == wanted)
        };
        assert!(installed("F04C4142000201") && installed("F04C4142000301"));
        assert!(play(&mut client, "app.dialogue") > 20);

        for (name, package) in [("bench", "F04C414242454E43"), ("ints", "F04C4142494E54")] {
            client.select_issuer_domain().unwrap();
            client.authenticate(&keys, &[2; 8]).unwrap();
            load(&mut client, package, &format!("{format}/{name}.cap"));
            install(&mut client, package, &format!("{package}01"));
            assert!(play(&mut client, &format!("{name}.dialogue")) > 10);
        }

        client.select_issuer_domain().unwrap();
        client.authenticate(&keys, &[3; 8]).unwrap();
        // The library is imported: it stays until nobody needs it.
        assert!(matches!(
            client.delete(&aid("F04C41420001")),
            Err(ClientError::Refused {
                sw: StatusWord::CONDITIONS_NOT_SATISFIED,
                ..
            })
        ));
        let packages = [
            "F04C41420003",
            "F04C41420002",
            "F04C41420001",
            "F04C414242454E43",
            "F04C4142494E54",
        ];
        for package in packages {
            client.delete_related(&aid(package)).unwrap();
        }
        let left = client.list(StatusScope::LoadFiles).unwrap();
        assert!(
            left.iter()
                .all(|entry| !entry.aid.starts_with(&[0xF0, 0x4C]))
        );
    }
}

#[test]
fn a_domain_gets_keys_of_its_own() {
    let (mut card, record) = new_card();
    let issuer_keys = record.issuer_keys;
    let attestation_key = PublicKey::from_bytes(&record.attestation_key).unwrap();
    let domain = aid("F0485944520102");
    let mut client = GpClient::connect(&mut card).unwrap();
    client.select(&aid(ISD)).unwrap();
    client.authenticate(&issuer_keys, &[1; 8]).unwrap();
    client
        .install(
            &aid("A0000001515350"),
            &aid("A000000151535041"),
            &domain,
            Privileges::SECURITY_DOMAIN,
            &[],
        )
        .unwrap();

    // Without keys of its own, it takes its parent's.
    client.select(&domain).unwrap();
    client.authenticate(&issuer_keys, &[2; 8]).unwrap();
    let attestation = client.get_data(0xDF20).unwrap();
    let attestation = tlv::find(&attestation, 0xDF20).unwrap().unwrap();
    let attestation = Attestation::parse(attestation).unwrap();
    attestation.sign1.verify(&attestation_key).unwrap();
    assert_eq!(attestation.subject.domain, domain);
    let own = KeySet::draw(&mut SeededRandom::new(b"own"), 0x31, "domain", 0);
    client.put_keys(0, &own).unwrap();

    client.select(&domain).unwrap();
    client.authenticate(&own, &[3; 8]).unwrap();
    let template = client.get_data(0x00E0).unwrap();
    assert_eq!(KeyInfo::read_template(&template).unwrap(), own.info());
    assert_eq!(client.get_data(0x00C1).unwrap(), [0xC1, 3, 0, 0, 1]);
    let provider = SecretKey::draw(&mut SeededRandom::new(b"own"), "provider", 0);
    let mut recipient = tlv::object(0x54, &[1]);
    tlv::push(&mut recipient, 0x57, &provider.public().to_bytes());
    tlv::push(&mut recipient, 0x58, b"supplier");
    client
        .store_data(DataFormat::BerTlv, [&tlv::object(0xE3, &recipient)[..]])
        .unwrap();
    // Another's keys do not open it any more.
    client.select(&domain).unwrap();
    let mut wrong = issuer_keys;
    wrong.version = 0x31;
    assert!(matches!(
        client.authenticate(&wrong, &[4; 8]),
        Err(ClientError::SecureChannel { .. })
    ));
}

#[test]
fn a_script_prepared_in_advance_plays_through_the_terminal() {
    let (mut card, record) = new_card();
    let domain = aid("F0485944520102");
    let install = InstallApplication::new(
        &aid("A0000001515350"),
        &aid("A000000151535041"),
        &domain,
        Privileges::SECURITY_DOMAIN,
        &[],
    );
    let own = KeySet::draw(&mut SeededRandom::new(b"own"), 0x31, "domain", 0);

    // Two sessions in one script: the issuer's domain makes a domain, and that one takes its keys.
    let mut script = HostScript::new();
    let isd = aid(ISD);
    let target = |sequence, domain, challenge| Target {
        keys: &record.issuer_keys,
        sequence,
        domain,
        host_challenge: [challenge; 8],
    };
    script.open(&target(1, &isd, 1)).unwrap();
    let command = Command::Install(Install::InstallAndMakeSelectable(install));
    script.push(&command.to_apdu()).unwrap();
    script.open(&target(2, &domain, 2)).unwrap();
    let attestation = Command::GetData(GetData::new(0xDF20));
    script.push(&attestation.to_apdu().with_le(65_536)).unwrap();
    let put = PutKey::key_set(0, &own, script.dek().unwrap());
    script
        .push(&Command::PutKey(put.clone()).to_apdu())
        .unwrap();

    let responses = through_terminal(&mut card, 7, &script);
    let plain = script.read(&responses).unwrap().complete().unwrap();
    assert_eq!(plain.len(), 3);
    let attested = tlv::find(&plain[1].data, 0xDF20).unwrap().unwrap();
    assert_eq!(Attestation::parse(attested).unwrap().subject.domain, domain);
    assert_eq!(plain[2].data, put.confirmation());

    // A host that has lost count is told the card's, and goes on.
    let keys = |sequence| {
        let mut script = HostScript::new();
        let target = Target {
            keys: &own,
            sequence,
            domain: &domain,
            host_challenge: [3; 8],
        };
        script.open(&target).unwrap();
        script
            .push(&Command::GetData(GetData::new(0x00C1)).to_apdu())
            .unwrap();
        script
    };
    let lost = keys(9);
    let error = lost
        .read(&through_terminal(&mut card, 8, &lost))
        .unwrap_err();
    assert_eq!(error.next_sequence(), Some(2));
    let found = keys(2);
    let responses = through_terminal(&mut card, 9, &found);
    let plain = found.read(&responses).unwrap().complete().unwrap();
    assert_eq!(plain[0].data, [0xC1, 3, 0, 0, 2]);
}

/// Hands a script to the virtual terminal and fetches what it made of it (protocols §4).
fn through_terminal(card: &mut Card, correlation: u32, script: &HostScript) -> ResponseScript {
    let mut client = GpClient::attach(card);
    client.select(&aid("F0485944520001")).unwrap();
    let correlation = correlation.to_be_bytes();
    let mut envelope = tlv::object(0x50, b"issuer");
    tlv::push(&mut envelope, 0x59, &correlation);
    tlv::push(&mut envelope, 0x5A, &script.commands().to_bytes());
    let envelope = hydra_wire::Command::new(0x80, 0xC2, 0, 0)
        .with_data(&tlv::object(0xE4, &envelope))
        .with_le(65_536);
    let response = client.transmit_plain(&envelope).unwrap();
    assert_eq!(response.sw.0 >> 8, 0x91);
    let fetch = hydra_wire::Command::new(0x80, 0x12, 0, 0).with_le(65_536);
    let output = client.transmit_plain(&fetch).unwrap().data;
    let output = tlv::find(&output, 0xD0).unwrap().unwrap();
    assert_eq!(tlv::find(output, 0x59).unwrap(), Some(&correlation[..]));
    let payload = tlv::find(output, 0x5A).unwrap().unwrap();
    let mut taken = tlv::object(0x59, &correlation);
    tlv::push(&mut taken, 0x50, b"issuer");
    tlv::push(&mut taken, 0x5C, &[0x03]);
    tlv::push(&mut taken, 0x5D, &[0x00]);
    let taken = hydra_wire::Command::new(0x80, 0x14, 0, 0).with_data(&taken);
    assert!(client.transmit_plain(&taken).unwrap().sw.is_success());
    ResponseScript::parse(payload).unwrap()
}
