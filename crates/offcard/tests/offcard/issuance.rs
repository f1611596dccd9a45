//! The issuer and a real card, which meet over the virtual terminal as they do behind a hub.

use std::path::Path;

use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig};
use hydra_crypto::{PublicKey, SeededRandom};
use hydra_gp::GetStatus;
use hydra_message::Destination;
use hydra_offcard::issuer::{CardIssuer, CardRecord, Duty, Package, Plan, Progress};
use hydra_offcard::provider::Outbound;
use hydra_offcard::wan::Party;
use hydra_testkit::PowerCut;
use hydra_wire::{Command, Frame, FrameKind, Response, StatusWord, tlv};

use crate::pen::{HUB, NOW, authority};

/// A hub that only passes scripts on: ENVELOPE, FETCH, TERMINAL RESPONSE.
pub(crate) struct Hub {
    card: Card,
    medium: PowerCut,
    pub(crate) envelopes: u32,
}

const TERMINAL: &str = "F0485944520001";

impl Hub {
    pub(crate) fn new() -> (Self, CardRecord) {
        let medium = PowerCut::new(MemoryStorage::new());
        let random = Box::new(SeededRandom::new(b"card"));
        let (card, record) =
            Card::create(Box::new(medium.clone()), random, CardConfig::default()).unwrap();
        let record = CardRecord {
            card_id: record.card_id,
            keys: record.issuer_keys,
            attestation_key: PublicKey::from_bytes(&record.attestation_key).unwrap(),
        };
        let mut hub = Self {
            card,
            medium,
            envelopes: 0,
        };
        hub.select();
        (hub, record)
    }

    fn select(&mut self) {
        let selected = self.send(&Command::select(&TERMINAL.parse().unwrap()));
        assert!(selected.sw.is_success(), "{}", selected.sw);
    }

    pub(crate) fn power_cycle(&mut self) {
        self.medium = PowerCut::new(self.medium.restart());
        let random = Box::new(SeededRandom::new(b"card"));
        self.card = Card::open(Box::new(self.medium.clone()), random).unwrap();
        self.select();
    }

    fn send(&mut self, command: &Command) -> Response {
        Response::parse(&self.card.process(&command.to_bytes())).unwrap()
    }

    /// Hands a frame from a port of the relay to the card, and gives the frames that come out for it.
    pub(crate) fn play(&mut self, port: &str, frame: &[u8]) -> Vec<Vec<u8>> {
        let frame = Frame::parse(frame).unwrap();
        assert_eq!(frame.kind, FrameKind::Script);
        self.envelope(port, frame.correlation, &frame.payload);
        self.fetch()
            .into_iter()
            .map(|(to, frame)| {
                assert_eq!(to, port);
                frame.to_bytes()
            })
            .collect()
    }

    /// ENVELOPE: a payload from a port; for a device's port the applet's response.
    pub(crate) fn envelope(
        &mut self,
        port: &str,
        correlation: u32,
        payload: &[u8],
    ) -> Option<Response> {
        let mut value = tlv::object(0x50, port.as_bytes());
        tlv::push(&mut value, 0x59, &correlation.to_be_bytes());
        tlv::push(&mut value, 0x5A, payload);
        let envelope = Command::new(0x80, 0xC2, 0, 0).with_data(&tlv::object(0xE4, &value));
        let response = self.send(&envelope.with_le(65_536));
        self.envelopes += 1;
        assert!(
            response.sw.is_success() || response.sw.0 >> 8 == 0x91,
            "{port}: {}",
            response.sw
        );
        let answer = tlv::find(&response.data, 0x5B).unwrap()?;
        Some(Response::parse(answer).unwrap())
    }

    /// FETCH and TERMINAL RESPONSE until nothing waits: ports and frames.
    pub(crate) fn fetch(&mut self) -> Vec<(String, Frame)> {
        let mut outputs = Vec::new();
        loop {
            let fetched = self.send(&Command::new(0x80, 0x12, 0, 0).with_le(65_536));
            if fetched.sw == StatusWord::DATA_NOT_FOUND {
                return outputs;
            }
            let output = tlv::find(&fetched.data, 0xD0).unwrap().unwrap();
            let field = |tag| tlv::find(output, tag).unwrap().unwrap();
            let kind = match field(0x5C) {
                [0x01] => FrameKind::Message,
                [0x03] => FrameKind::ScriptResponse,
                other => panic!("kind {other:?}"),
            };
            let frame = Frame {
                kind,
                correlation: u32::from_be_bytes(field(0x59).try_into().unwrap()),
                payload: field(0x5A).to_vec(),
            };
            outputs.push((String::from_utf8(field(0x50).to_vec()).unwrap(), frame));
            let mut done = tlv::object(0x59, field(0x59));
            tlv::push(&mut done, 0x50, field(0x50));
            tlv::push(&mut done, 0x5C, field(0x5C));
            tlv::push(&mut done, 0x5D, &[0x00]);
            let confirmed = self.send(&Command::new(0x80, 0x14, 0, 0).with_data(&done));
            assert!(confirmed.sw.is_success() || confirmed.sw.0 >> 8 == 0x91);
        }
    }
}

fn cap(name: &'static str) -> Vec<u8> {
    let path = format!(
        "{}/../../vectors/caps/2.3-compact/{name}.cap",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(path).unwrap()
}

/// The official converter's programs in the places of ours.
fn plan() -> Plan {
    let duty = |provider: &str, domain: &str, name| {
        let package = Package::from_cap(name, &cap(name)).unwrap();
        Duty {
            provider: provider.to_owned(),
            domain: domain.parse().unwrap(),
            module: package.modules[0].clone(),
            instance: package.modules[0].clone(),
            package,
            devices: vec![(format!("device.{name}"), [0x80, 1, 0, 0])],
            policies: vec![(
                hydra_message::Purpose::Statement,
                Destination::Provider,
                provider.to_owned(),
            )],
        }
    };
    Plan {
        library: Package::from_cap("lablib", &cap("lablib")).unwrap(),
        duties: vec![
            duty("supplier", "F0485944520102", "labsrv"),
            duty("telecare", "F0485944520103", "bench"),
        ],
    }
}

pub(crate) fn issuer(folder: Option<&Path>) -> CardIssuer {
    let random = Box::new(SeededRandom::new(b"issuer"));
    CardIssuer::open(folder, authority(), plan(), random).unwrap()
}

/// Sends what the issuer has to send, once; whether it had anything.
pub(crate) fn step(issuer: &mut CardIssuer, hub: &mut Hub) -> bool {
    let frames: Vec<Outbound> = issuer.outbound().unwrap();
    let any = !frames.is_empty();
    for frame in frames {
        assert_eq!(frame.hub, HUB);
        issuer.taken(&frame).unwrap();
        for answer in hub.play("issuer", &frame.frame) {
            issuer.deliver(NOW, HUB, &answer).unwrap();
        }
    }
    any
}

#[test]
fn a_new_card_is_brought_to_the_plan() {
    let (mut hub, record) = Hub::new();
    let mut issuer = issuer(None);
    assert_eq!(issuer.progress(HUB), None);
    issuer.issue(HUB, record.clone()).unwrap();
    while step(&mut issuer, &mut hub) {}
    assert_eq!(issuer.progress(HUB), Some(Progress::Complete));
    // Inspection, furnishing, library, and for each duty domain, package, applet, keys.
    assert_eq!(hub.envelopes, 3 + 2 * 4);

    for (provider, duty) in ["supplier", "telecare"].into_iter().zip(plan().duties) {
        let handover = issuer.handover(HUB, provider).unwrap();
        assert_eq!(handover.card_id, record.card_id);
        assert_eq!(handover.domain, duty.domain);
        assert_eq!(handover.code_hash, duty.package.code_hash);
        // The keys work: the domain lets its provider in, and lists its applet.
        let mut script = hydra_gp::script::HostScript::new();
        script
            .open(&hydra_gp::script::Target {
                keys: &handover.keys,
                sequence: 1,
                domain: &handover.domain,
                host_challenge: [1; 8],
            })
            .unwrap();
        let status = GetStatus::all(hydra_gp::StatusScope::Applications);
        script
            .push(&hydra_gp::Command::GetStatus(status).to_apdu())
            .unwrap();
        let frame = Frame {
            kind: FrameKind::Script,
            correlation: 77,
            payload: script.commands().to_bytes(),
        };
        let answers = hub.play(provider, &frame.to_bytes());
        let answer = Frame::parse(&answers[0]).unwrap();
        let answer = hydra_gp::script::ResponseScript::parse(&answer.payload).unwrap();
        let responses = script.read(&answer).unwrap().complete().unwrap();
        let entries = hydra_gp::StatusEntry::read_all(&responses[0].data).unwrap();
        assert!(entries.iter().any(|entry| entry.aid == duty.instance));
    }
}

/// The issuer is killed before and after each thing it does, the card loses power between; it always ends at the plan.
#[test]
fn an_issuer_that_is_killed_anywhere_finds_what_is_missing() {
    for stop in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let (mut hub, record) = Hub::new();
        let mut things = 0;
        let mut alive = || {
            things += 1;
            things <= stop
        };
        let mut one = issuer(Some(folder.path()));
        one.issue(HUB, record).unwrap();
        'killed: loop {
            let frames = one.outbound().unwrap();
            if frames.is_empty() || !alive() {
                break;
            }
            for frame in frames {
                // Published, and killed before that was known.
                let answers = hub.play("issuer", &frame.frame);
                if !alive() {
                    // The relay keeps the answer for whoever comes next.
                    drop(one);
                    one = issuer(Some(folder.path()));
                    for answer in answers {
                        one.deliver(NOW, HUB, &answer).unwrap();
                    }
                    break 'killed;
                }
                one.taken(&frame).unwrap();
                for answer in answers {
                    one.deliver(NOW, HUB, &answer).unwrap();
                    // The relay delivers twice.
                    one.deliver(NOW, HUB, &answer).unwrap();
                }
            }
        }
        drop(one);
        hub.power_cycle();
        let mut two = issuer(Some(folder.path()));
        while step(&mut two, &mut hub) {}
        assert_eq!(two.progress(HUB), Some(Progress::Complete), "stop {stop}");
        assert!(two.handover(HUB, "supplier").is_some());
        assert!(two.handover(HUB, "telecare").is_some());
    }
}

/// Somebody else has worked on the card: the counter is not the expected one, a package is gone.
#[test]
fn the_issuer_goes_by_what_the_card_says() {
    let folder = tempfile::tempdir().unwrap();
    let (mut hub, record) = Hub::new();
    let mut first = issuer(Some(folder.path()));
    first.issue(HUB, record.clone()).unwrap();
    while step(&mut first, &mut hub) {}
    drop(first);

    // Another host with the issuer's keys removes an applet and its package.
    let plan = plan();
    let mut script = hydra_gp::script::HostScript::new();
    script
        .open(&hydra_gp::script::Target {
            keys: &record.keys,
            sequence: 12,
            domain: &"A000000151000000".parse().unwrap(),
            host_challenge: [1; 8],
        })
        .unwrap();
    let delete = hydra_gp::Delete::object_and_related(&plan.duties[1].package.aid);
    script
        .push(&hydra_gp::Command::Delete(delete).to_apdu())
        .unwrap();
    let frame = Frame {
        kind: FrameKind::Script,
        correlation: 4_000,
        payload: script.commands().to_bytes(),
    };
    let answer = hub.play("issuer", &frame.to_bytes());
    let answer = Frame::parse(&answer[0]).unwrap();
    let answer = hydra_gp::script::ResponseScript::parse(&answer.payload).unwrap();
    script.read(&answer).unwrap().complete().unwrap();

    let mut second = issuer(Some(folder.path()));
    assert_eq!(second.progress(HUB), Some(Progress::Working));
    let before = hub.envelopes;
    while step(&mut second, &mut hub) {}
    assert_eq!(second.progress(HUB), Some(Progress::Complete));
    // A counter that was wrong, the inspection, package, applet.
    assert_eq!(hub.envelopes - before, 4);
}

#[test]
fn wrong_keys_are_given_up_with_a_reason() {
    let (mut hub, mut record) = Hub::new();
    record.keys.mac = hydra_crypto::AesKey::aes128(&[1; 16]);
    let mut issuer = issuer(None);
    issuer.issue(HUB, record).unwrap();
    while step(&mut issuer, &mut hub) {}
    let Some(Progress::Failed(why)) = issuer.progress(HUB) else {
        panic!("{:?}", issuer.progress(HUB));
    };
    assert!(why.contains("Inspect"), "{why}");
}
