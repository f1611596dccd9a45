//! The whole way of a measurement: ceremony, home device, virtual terminal, applet, outbox, recipient.

use hydra_card::nvm::MemoryStorage;
use hydra_crypto::{PublicKey, SecretKey, SeededRandom, sha256};
use hydra_gp::command::push_dgi;
use hydra_gp::{Command as Gp, DataFormat, Install, StoreData};
use hydra_message::{Attestation, Measurement, Observed, Payload, Sign1, open};
use hydra_testkit::{Cut, Loss, PowerCut};
use hydra_wire::{Aid, FrameKind, StatusWord, tlv};

use crate::host::{Bench, OK, aid, applet_route, health, isd, key_set, load_file};
use crate::terminal::{Hub, Output};

const LIBRARY: &str = "F0485944520201";
const PACKAGE: &str = "F0485944520203";
const MODULE: &str = "F048594452020301";
const INSTANCE: &str = "F04859445202030101";
const SCALE: &str = "health.scale";
const CERTIFICATE: &[u8] = &[0x30, 0x03, 0x02, 0x01, 0x01];

fn applet(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../../applets/{name}/{name}.cap",
        env!("CARGO_MANIFEST_DIR")
    );
    load_file(&std::fs::read(path).unwrap())
}

fn secret(name: &str) -> SecretKey {
    SecretKey::draw(&mut SeededRandom::new(b"recipients"), name, 0)
}

fn recipient(destination: u8, name: &str) -> Vec<u8> {
    let mut value = tlv::object(0x54, &[destination]);
    tlv::push(&mut value, 0x57, &secret(name).public().to_bytes());
    tlv::push(&mut value, 0x58, name.as_bytes());
    tlv::object(0xE3, &value)
}

fn policy(domain: &Aid, granted: u8) -> Vec<u8> {
    let mut value = tlv::object(0x4F, domain.as_bytes());
    tlv::push(&mut value, 0x53, &[3]);
    tlv::push(&mut value, 0x54, &[1]);
    tlv::push(&mut value, 0x50, b"telecare");
    tlv::push(&mut value, 0x55, &[granted]);
    tlv::push(&mut value, 0x56, &1_000_000u32.to_be_bytes());
    tlv::object(0xE2, &value)
}

fn weight(id: u32, grams: u32) -> Vec<u8> {
    let mut data = vec![0x01];
    for word in [id, 1_360_000_000 + id, grams] {
        data.extend(word.to_be_bytes());
    }
    data
}

/// A card with a telehealth duty, as the issuer leaves it to the provider.
fn issued() -> Bench {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load(LIBRARY, &isd(), &applet("outbox"));
    issuer.make_domain(&health());
    issuer.load(PACKAGE, &health(), &applet("telehealth"));
    issuer.install(PACKAGE, MODULE, INSTANCE);
    let mut objects = applet_route(SCALE, INSTANCE, [0x80, 0xD2, 0, 0]);
    objects.extend(policy(&health(), 1));
    objects.extend(tlv::object(0x7F21, CERTIFICATE));
    issuer.store(&objects);
    let issuer_keys = bench.record.issuer_keys.clone();
    bench
        .session(&health(), &issuer_keys)
        .put_keys(0, &key_set(0x31, 1));
    bench
}

/// The same after the provider has personalised its domain and its applet.
fn personalised() -> Bench {
    let mut bench = issued();
    let mut provider = bench.session(&health(), &key_set(0x31, 1));
    let mut objects = tlv::object(0x7F21, CERTIFICATE);
    objects.extend(recipient(1, "telecare"));
    objects.extend(recipient(2, "householder"));
    provider.store(&objects);
    provider.ok(&Gp::Install(Install::Personalization(aid(INSTANCE))));
    let mut dgi = Vec::new();
    push_dgi(&mut dgi, 0x8101, b"patient-1");
    provider.ok(&Gp::StoreData(StoreData::single(DataFormat::Dgi, &dgi)));
    bench
}

/// What the recipient reads; its signature is the domain's, whose key the card attests.
fn read(bench: &Bench, output: &Output, name: &str) -> (Payload, Vec<u8>) {
    assert_eq!(output.kind, FrameKind::Message as u8);
    let signed = open(&output.payload, name, &secret(name)).unwrap();
    let sign1 = Sign1::parse(&signed).unwrap();
    let attestation = Attestation::parse(sign1.attestation.as_ref().unwrap()).unwrap();
    let card = PublicKey::from_bytes(&bench.record.attestation_key).unwrap();
    attestation.sign1.verify(&card).unwrap();
    let subject = attestation.subject;
    assert_eq!(
        subject.code,
        Some((aid(INSTANCE), sha256(&applet("telehealth"))))
    );
    let domain = PublicKey::from_bytes(&subject.point).unwrap();
    sign1.verify(&domain).unwrap();
    (Payload::parse(&sign1.payload).unwrap(), signed)
}

#[test]
fn a_measurement_reaches_the_clinic_and_the_householder() {
    let mut bench = personalised();
    let mut hub = Hub::new(&mut bench);
    let mut previous = [0; 32];
    for (id, grams) in [(1, 81_500), (2, 81_300)] {
        assert_eq!(hub.deliver(SCALE, &weight(id, grams)).sw, OK);
        // The hub repeats itself: nothing more goes out.
        assert_eq!(hub.deliver(SCALE, &weight(id, grams)).sw, OK);
        let outputs = hub.drain();
        let ports: Vec<_> = outputs.iter().map(|output| output.port.as_str()).collect();
        assert_eq!(ports, ["telecare", "householder"]);
        let (payload, signed) = read(hub.0, &outputs[0], "telecare");
        assert_eq!((payload.counter, payload.previous), (id, previous));
        previous = sha256(&signed);
        let measurement = Measurement::parse(&payload.claims).unwrap();
        assert_eq!(measurement.patient, "patient-1");
        assert_eq!(measurement.observed, Observed::Weight { grams });
        let (copy, _) = read(hub.0, &outputs[1], "householder");
        assert_eq!(copy.claims, payload.claims);
    }
}

#[test]
fn nothing_is_taken_before_the_personalisation() {
    let mut bench = issued();
    let mut hub = Hub::new(&mut bench);
    assert_eq!(
        hub.deliver(SCALE, &weight(1, 80_000)).sw,
        StatusWord::CONDITIONS_NOT_SATISFIED
    );
    assert!(hub.drain().is_empty());
}

#[test]
fn without_consent_the_applet_takes_nothing_and_loses_nothing() {
    let mut bench = personalised();
    bench.issuer().store(&policy(&health(), 0));
    let mut hub = Hub::new(&mut bench);
    assert_eq!(
        hub.deliver(SCALE, &weight(1, 80_000)).sw,
        StatusWord::CONDITIONS_NOT_SATISFIED
    );
    assert!(hub.drain().is_empty());
    // The applet's transaction went back with the message: the same measurement is new once consent is there.
    bench.issuer().store(&policy(&health(), 1));
    let mut hub = Hub::new(&mut bench);
    assert_eq!(hub.deliver(SCALE, &weight(1, 80_000)).sw, OK);
    let outputs = hub.drain();
    assert_eq!(read(hub.0, &outputs[0], "telecare").0.counter, 1);
}

#[test]
fn power_fails_while_a_measurement_is_delivered() {
    let base: MemoryStorage = personalised().medium.restart();
    let on = |medium: PowerCut| {
        let mut bench = Bench::new();
        bench.medium = medium;
        bench.power_up();
        bench
    };
    let mut whole = on(PowerCut::new(base.clone()));
    let before = whole.medium.writes();
    let mut hub = Hub::new(&mut whole);
    assert_eq!(hub.deliver(SCALE, &weight(1, 70_000)).sw, OK);
    let expected = hub.drain();
    let writes = before..whole.medium.writes();
    assert!(!writes.is_empty());

    for write in writes {
        for bytes in [0, 1, 100, 1_000, usize::MAX] {
            let loss = Loss::Sectors(0b10);
            let mut bench = on(PowerCut::cut(base.clone(), Cut { write, bytes, loss }));
            let mut hub = Hub::new(&mut bench);
            hub.envelope(SCALE, 1, &weight(1, 70_000));
            // Fetch and confirm as far as power lasts.
            let mut received: Vec<Output> = Vec::new();
            while let Some(output) = hub.try_fetch() {
                hub.confirm(&output, 0);
                received.push(output);
            }
            bench.power_cycle();
            let mut hub = Hub::new(&mut bench);
            assert_eq!(hub.deliver(SCALE, &weight(1, 70_000)).sw, OK);
            received.extend(hub.drain());
            // What came before the cut may come again, but it is the same.
            received.dedup();
            assert_eq!(received, expected, "write {write}, {bytes} bytes");
        }
    }
}
