//! Power fails at every write of a whole load, install and personalise run. Whatever was done before is there, what was
//! being done is there or not, and the same steps taken again lead to the same card.

use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig, CardError};
use hydra_gp::load_file::load_commands;
use hydra_gp::scp03::{HostSession, SecurityLevel};
use hydra_gp::script::{HostScript, Outcome, ResponseScript, ScriptError, Target};
use hydra_gp::{
    Command as Gp, DataFormat, GetData, GetStatus, Install, InstallApplication, InstallForLoad,
    KeySet, Occurrence, Privileges, PutKey, StatusEntry, StatusScope, StoreData,
};
use hydra_testkit::{Cut, Loss, PowerCut};
use hydra_wire::{Aid, Command, Response, StatusWord};

use crate::host::{Bench, aid, applet_route, cap, energy, isd, key_set, randomness, terminal};
use crate::terminal::Hub;

const BENCH: &str = "F04C414242454E43";
const BENCH_APPLET: &str = "F04C414242454E4301";

/// The card does not answer any more.
#[derive(Debug)]
struct PowerIsOff;

/// An issuer that finds out what is there and does what is missing.
struct Issuer {
    card: Card,
    keys: KeySet,
    session: Option<HostSession>,
    challenge: u64,
}

impl Issuer {
    fn new(medium: &PowerCut, keys: &KeySet, attempt: u64) -> Result<Self, CardError> {
        Ok(Self {
            card: Card::open(Box::new(medium.clone()), Box::new(randomness()))?,
            keys: keys.clone(),
            session: None,
            challenge: attempt * 1000,
        })
    }

    fn plain(&mut self, command: &Command) -> Result<Response, PowerIsOff> {
        use hydra_wire::CardLink;
        let response = self
            .card
            .transmit(&command.to_bytes())
            .map_err(|_| PowerIsOff)?;
        Ok(Response::parse(&response).expect("a response"))
    }

    fn open(&mut self, domain: &Aid, keys: &KeySet) -> Result<(), PowerIsOff> {
        assert!(self.plain(&Command::select(domain))?.sw.is_success());
        self.challenge += 1;
        let challenge = self.challenge.to_be_bytes();
        let (pending, command) = HostSession::open(keys, &challenge).expect("8 bytes");
        let answer = self.plain(&command)?;
        let (session, command) = pending
            .answer(&answer, SecurityLevel::FULL)
            .expect("the card has the keys");
        assert!(self.plain(&command)?.sw.is_success());
        self.session = Some(session);
        Ok(())
    }

    fn send(&mut self, command: &Gp) -> Result<Response, PowerIsOff> {
        let mut session = self.session.take().expect("a session");
        let (wrapped, ticket) = session.wrap(&command.to_apdu()).expect("short");
        let response = self.plain(&wrapped)?;
        let response = session.unwrap(&ticket, &response).expect("authentic");
        self.session = Some(session);
        Ok(response)
    }

    fn ok(&mut self, command: &Gp) -> Result<Vec<u8>, PowerIsOff> {
        let response = self.send(command)?;
        assert_eq!(response.sw, StatusWord::NO_ERROR, "{command:?}");
        Ok(response.data)
    }

    fn inventory(&mut self) -> Result<Vec<StatusEntry>, PowerIsOff> {
        let keys = self.keys.clone();
        self.open(&isd(), &keys)?;
        let mut all = Vec::new();
        for scope in [StatusScope::Applications, StatusScope::LoadFilesAndModules] {
            let mut question = GetStatus::all(scope);
            loop {
                let response = self.send(&Gp::GetStatus(question.clone()))?;
                all.extend(StatusEntry::read_all(&response.data).expect("entries"));
                if response.sw != StatusWord::MORE_DATA {
                    break;
                }
                question.occurrence = Occurrence::Next;
            }
        }
        Ok(all)
    }

    /// Does what is missing; what it finds at the end.
    fn reconcile(&mut self) -> Result<Vec<StatusEntry>, PowerIsOff> {
        let there = self.inventory()?;
        let has = |name: &Aid| there.iter().any(|entry| entry.aid == *name);
        if self.send(&Gp::GetData(GetData::new(0x0042)))?.sw != StatusWord::NO_ERROR {
            let mut objects = applet_route("meter.electricity", BENCH_APPLET, [0x80, 1, 0, 0]);
            hydra_wire::tlv::push(&mut objects, 0x42, b"issuer");
            for block in StoreData::sequence(DataFormat::BerTlv, objects.chunks(20)) {
                self.ok(&Gp::StoreData(block))?;
            }
        }
        if !has(&energy()) {
            self.ok(&install(
                "A0000001515350",
                "A000000151535041",
                &energy().to_string(),
                Privileges::SECURITY_DOMAIN,
            ))?;
        }
        if !has(&aid(BENCH)) {
            let request = InstallForLoad::new(&aid(BENCH), &energy());
            self.ok(&Gp::Install(Install::Load(request)))?;
            for load in load_commands(&cap("bench"), 223).expect("few blocks") {
                self.ok(&Gp::Load(load))?;
            }
        }
        if !has(&aid(BENCH_APPLET)) {
            self.ok(&install(
                BENCH,
                BENCH_APPLET,
                BENCH_APPLET,
                Privileges::NONE,
            ))?;
        }
        let own = key_set(0x31, 1);
        let personalized = |entry: &StatusEntry| entry.aid == energy() && entry.life_cycle == 0x0F;
        if !there.iter().any(personalized) {
            let keys = self.keys.clone();
            self.open(&energy(), &keys)?;
            let put = PutKey::key_set(0, &own, self.session.as_ref().expect("open").dek());
            self.ok(&Gp::PutKey(put))?;
        }
        self.open(&energy(), &own)?;
        let stored = self.send(&Gp::GetData(GetData::new(0x0045)))?;
        if stored.sw != StatusWord::NO_ERROR {
            let object = StoreData::single(DataFormat::BerTlv, &[0x45, 1, 7]);
            self.ok(&Gp::StoreData(object))?;
        }
        // The applet counts in its persistent memory.
        self.plain(&Command::select(&aid(BENCH_APPLET)))?;
        self.plain(&Command::new(0x80, 0x08, 0, 3))?;
        let counted = self.plain(&Command::new(0x80, 0x0D, 0, 0).with_le(256))?;
        assert_eq!(counted.data, [0, 2]);
        self.inventory()
    }
}

fn install(file: &str, module: &str, instance: &str, privileges: Privileges) -> Gp {
    let request =
        InstallApplication::new(&aid(file), &aid(module), &aid(instance), privileges, &[]);
    Gp::Install(Install::InstallAndMakeSelectable(request))
}

#[test]
fn power_fails_at_every_write() {
    let medium = PowerCut::new(MemoryStorage::new());
    let (_, record) = Card::create(
        Box::new(medium.clone()),
        Box::new(randomness()),
        CardConfig::default(),
    )
    .unwrap();
    let made = medium.restart();

    let whole = PowerCut::new(made.clone());
    let mut issuer = Issuer::new(&whole, &record.issuer_keys, 0).unwrap();
    let expected = issuer.reconcile().unwrap();
    drop(issuer);
    let writes = whole.writes();
    assert!(writes > 10, "{writes} writes");

    let cuts = (0..writes).flat_map(|write| {
        // How much of the write arrives, and which sectors of it or unsynced writes before it.
        let bytes = [0, 1, 40, 512, 4_000, usize::MAX];
        let losses = [Loss::None, Loss::Subset(0b1), Loss::Sectors(0b101)];
        bytes
            .into_iter()
            .flat_map(move |bytes| losses.map(|loss| Cut { write, bytes, loss }))
    });
    for cut in cuts {
        let medium = PowerCut::cut(made.clone(), cut);
        let stopped = match Issuer::new(&medium, &record.issuer_keys, 1) {
            Ok(mut issuer) => issuer.reconcile().is_err(),
            Err(_) => true,
        };
        assert!(stopped && medium.has_failed(), "{cut:?}");
        let medium = PowerCut::new(medium.restart());
        let mut issuer = Issuer::new(&medium, &record.issuer_keys, 2)
            .unwrap_or_else(|error| panic!("{cut:?}: {error}"));
        let found = issuer
            .reconcile()
            .unwrap_or_else(|PowerIsOff| panic!("{cut:?}"));
        assert_eq!(found, expected, "{cut:?}");
    }
}

/// The same script again and again, as the relay delivers it, until its response is out.
fn deliver(
    bench: &mut Bench,
    script: &HostScript,
    correlation: u32,
) -> Option<Result<Vec<Response>, ScriptError>> {
    if bench.select(&terminal()) != StatusWord::NO_ERROR {
        return None;
    }
    let mut hub = Hub(bench);
    hub.envelope("issuer", correlation, &script.commands().to_bytes());
    let output = hub.try_fetch()?;
    assert_eq!(output.correlation, correlation);
    let answer = ResponseScript::parse(&output.payload).expect("a response script");
    hub.confirm(&output, 0);
    Some(script.read(&answer).and_then(Outcome::complete))
}

#[test]
fn power_fails_while_a_script_runs() {
    let base = Bench::new();
    let made = base.medium.restart();
    let prepared = |sequence: u32| {
        let mut script = HostScript::new();
        script
            .open(&Target {
                keys: &base.record.issuer_keys,
                sequence,
                domain: &isd(),
                host_challenge: u64::from(sequence).to_be_bytes(),
            })
            .unwrap();
        let domain = energy().to_string();
        let make = install(
            "A0000001515350",
            "A000000151535041",
            &domain,
            Privileges::SECURITY_DOMAIN,
        );
        script.push(&make.to_apdu()).unwrap();
        let object = StoreData::single(DataFormat::BerTlv, &[0x42, 1, 7]);
        script.push(&Gp::StoreData(object).to_apdu()).unwrap();
        script
    };
    let on = |medium: PowerCut| {
        let mut bench = Bench::new();
        bench.medium = medium;
        bench.power_up();
        bench
    };
    let mut whole = on(PowerCut::new(made.clone()));
    let before = whole.medium.writes();
    assert!(matches!(deliver(&mut whole, &prepared(1), 1), Some(Ok(_))));
    let writes = before..whole.medium.writes();
    assert!(writes.len() >= 3, "counter, script, confirmation");

    for write in writes {
        for bytes in [0, 1, 60, 500, usize::MAX] {
            let loss = Loss::None;
            let mut bench = on(PowerCut::cut(made.clone(), Cut { write, bytes, loss }));
            let before = deliver(&mut bench, &prepared(1), 1);
            bench.power_cycle();
            // The relay delivers it again. All of it was done, or none but the counting.
            let after = deliver(&mut bench, &prepared(1), 1);
            let done = match (before, after) {
                (Some(Ok(_)), Some(Ok(_)) | None) | (None, Some(Ok(_))) => true,
                (None, Some(Err(error))) => {
                    assert_eq!(error.next_sequence(), Some(3), "write {write}");
                    false
                }
                other => panic!("write {write}: {other:?}"),
            };
            let there = bench.select(&energy()) == StatusWord::NO_ERROR;
            assert_eq!(there, done, "write {write}");
            if !done {
                let again = deliver(&mut bench, &prepared(3), 2);
                assert!(matches!(again, Some(Ok(_))), "write {write}: {again:?}");
            }
            assert_eq!(bench.select(&isd()), StatusWord::NO_ERROR);
            assert_eq!(bench.get_data(0x0042).data, [0x42, 1, 7]);
        }
    }
}

#[test]
fn power_fails_while_the_card_is_made() {
    let medium = PowerCut::new(MemoryStorage::new());
    let create = |medium: &PowerCut| {
        Card::create(
            Box::new(medium.clone()),
            Box::new(randomness()),
            CardConfig::default(),
        )
    };
    create(&medium).unwrap();
    for write in 0..medium.writes() {
        let cut = Cut {
            write,
            bytes: 30,
            loss: Loss::None,
        };
        let medium = PowerCut::cut(MemoryStorage::new(), cut);
        assert!(create(&medium).is_err(), "write {write}");
        let medium = PowerCut::new(medium.restart());
        // Either there is no card yet, and one can be made, or it is whole.
        if let Err(error) = Card::open(Box::new(medium.clone()), Box::new(randomness())) {
            assert!(
                matches!(
                    error,
                    CardError::Runtime(_) | CardError::Nvm(_) | CardError::Record { .. }
                ),
                "write {write}: {error}"
            );
            create(&medium).unwrap();
        }
        Card::open(Box::new(medium), Box::new(randomness())).unwrap();
    }
}
