//! What the tests say to a card, in words.

use hydra_cap::CapFile;
use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig, ManufacturingRecord};
use hydra_crypto::{Random, SeededRandom};
use hydra_gp::load_file::load_commands;
use hydra_gp::scp03::{HostSession, SecurityLevel};
use hydra_gp::{
    Command as Gp, Delete, GetData, GetStatus, Install, InstallApplication, InstallForLoad, KeySet,
    MakeSelectable, Occurrence, Privileges, PutKey, StatusEntry, StatusScope, StoreData,
};
use hydra_testkit::PowerCut;
use hydra_wire::{Aid, Command, Response, StatusWord, tlv};

pub(crate) const OK: StatusWord = StatusWord::NO_ERROR;

pub(crate) fn aid(text: &str) -> Aid {
    text.parse().expect("an AID")
}

pub(crate) fn isd() -> Aid {
    aid("A000000151000000")
}

/// The domains of the two duties.
pub(crate) fn energy() -> Aid {
    aid("F0485944520102")
}

pub(crate) fn health() -> Aid {
    aid("F0485944520103")
}

pub(crate) fn terminal() -> Aid {
    aid("F0485944520001")
}

/// The load file data block of a CAP file in vectors/caps.
pub(crate) fn cap(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../../vectors/caps/2.1-jc222/{name}.cap",
        env!("CARGO_MANIFEST_DIR")
    );
    load_file(&std::fs::read(&path).expect("the CAP file is there"))
}

pub(crate) fn load_file(zip: &[u8]) -> Vec<u8> {
    CapFile::from_zip(zip).expect("a CAP file").to_load_file()
}

/// A card on a medium that survives it, and somebody who knows its keys.
pub(crate) struct Bench {
    pub(crate) card: Card,
    pub(crate) record: ManufacturingRecord,
    pub(crate) medium: PowerCut,
    challenges: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let medium = PowerCut::new(MemoryStorage::new());
        let (card, record) = Card::create(
            Box::new(medium.clone()),
            Box::new(randomness()),
            CardConfig::default(),
        )
        .expect("a card is made");
        Self {
            card,
            record,
            medium,
            challenges: 0,
        }
    }

    /// Takes the power away and gives it back.
    pub(crate) fn power_cycle(&mut self) {
        self.medium = PowerCut::new(self.medium.restart());
        self.power_up();
    }

    /// Powers up the card that is on the medium.
    pub(crate) fn power_up(&mut self) {
        self.card = Card::open(Box::new(self.medium.clone()), Box::new(randomness()))
            .expect("the card powers up");
    }

    pub(crate) fn send(&mut self, command: &Command) -> Response {
        Response::parse(&self.card.process(&command.to_bytes())).expect("a response")
    }

    pub(crate) fn select(&mut self, name: &Aid) -> StatusWord {
        self.send(&Command::select(name).with_le(256)).sw
    }

    /// A session of level 33 on the basic channel.
    pub(crate) fn session(&mut self, domain: &Aid, keys: &KeySet) -> Session<'_> {
        self.session_on(0, domain, keys)
    }

    pub(crate) fn session_on(&mut self, channel: u8, domain: &Aid, keys: &KeySet) -> Session<'_> {
        assert_eq!(
            self.send(&Command::select(domain).on_channel(channel)).sw,
            OK,
            "SELECT {domain}"
        );
        self.authenticate(channel, keys, SecurityLevel::FULL)
    }

    /// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE to what is selected.
    pub(crate) fn authenticate(
        &mut self,
        channel: u8,
        keys: &KeySet,
        level: SecurityLevel,
    ) -> Session<'_> {
        let challenge = self.challenge();
        let (pending, command) = HostSession::open(keys, &challenge).expect("8 bytes");
        let answer = self.send(&command.on_channel(channel));
        assert_eq!(answer.sw, OK, "INITIALIZE UPDATE");
        let (host, command) = pending
            .answer(&answer, level)
            .expect("the card has the keys");
        assert_eq!(
            self.send(&command.on_channel(channel)).sw,
            OK,
            "EXTERNAL AUTHENTICATE"
        );
        Session {
            bench: self,
            host,
            channel,
        }
    }

    pub(crate) fn issuer(&mut self) -> Session<'_> {
        let keys = self.record.issuer_keys.clone();
        self.session(&isd(), &keys)
    }

    pub(crate) fn challenge(&mut self) -> [u8; 8] {
        let mut challenge = [0; 8];
        SeededRandom::new(b"host").draw("challenge", self.challenges, &mut challenge);
        self.challenges += 1;
        challenge
    }

    /// GET DATA without a session.
    pub(crate) fn get_data(&mut self, tag: u16) -> Response {
        let [p1, p2] = tag.to_be_bytes();
        self.send(&Command::new(0x80, 0xCA, p1, p2).with_le(65_536))
    }

    /// What the whole registry looks like to the issuer.
    pub(crate) fn inventory(&mut self) -> Vec<StatusEntry> {
        self.issuer().inventory()
    }
}

pub(crate) fn randomness() -> SeededRandom {
    SeededRandom::new(b"card")
}

/// A key set that follows from a number.
pub(crate) fn key_set(version: u8, number: u64) -> KeySet {
    KeySet::draw(
        &mut SeededRandom::new(b"keys"),
        version,
        "test keys",
        number,
    )
}

/// A secure channel.
pub(crate) struct Session<'a> {
    pub(crate) bench: &'a mut Bench,
    pub(crate) host: HostSession,
    channel: u8,
}

impl Session<'_> {
    /// Sends a command protected and gives the response plain, its R-MAC checked.
    pub(crate) fn send(&mut self, command: &Gp) -> Response {
        self.send_apdu(&command.to_apdu())
    }

    pub(crate) fn send_apdu(&mut self, command: &Command) -> Response {
        let (wrapped, ticket) = self.host.wrap(command).expect("short enough");
        let response = self.bench.send(&wrapped.on_channel(self.channel));
        self.host
            .unwrap(&ticket, &response)
            .expect("the card's response is authentic")
    }

    #[track_caller]
    pub(crate) fn ok(&mut self, command: &Gp) -> Vec<u8> {
        let response = self.send(command);
        assert_eq!(response.sw, OK, "{command:?}");
        response.data
    }

    #[track_caller]
    pub(crate) fn refused(&mut self, command: &Gp, status: u16) {
        assert_eq!(self.send(command).sw, StatusWord(status), "{command:?}");
    }

    /// INSTALL [for load] and LOAD; the status word of the command that failed, or of the last.
    pub(crate) fn try_load(&mut self, name: &Aid, domain: &Aid, block: &[u8]) -> StatusWord {
        self.try_load_with(InstallForLoad::new(name, domain), block)
    }

    pub(crate) fn try_load_with(&mut self, request: InstallForLoad, block: &[u8]) -> StatusWord {
        let sw = self.send(&Gp::Install(Install::Load(request))).sw;
        if sw != OK {
            return sw;
        }
        for load in load_commands(block, self.host.max_data()).expect("few enough blocks") {
            let sw = self.send(&Gp::Load(load)).sw;
            if sw != OK {
                return sw;
            }
        }
        OK
    }

    #[track_caller]
    pub(crate) fn load(&mut self, name: &str, domain: &Aid, block: &[u8]) {
        assert_eq!(self.try_load(&aid(name), domain, block), OK, "load {name}");
    }

    pub(crate) fn try_install(&mut self, file: &str, module: &str, instance: &str) -> StatusWord {
        self.try_install_with(file, module, instance, Privileges::NONE)
    }

    pub(crate) fn try_install_with(
        &mut self,
        file: &str,
        module: &str,
        instance: &str,
        privileges: Privileges,
    ) -> StatusWord {
        let request =
            InstallApplication::new(&aid(file), &aid(module), &aid(instance), privileges, &[]);
        self.send(&Gp::Install(Install::InstallAndMakeSelectable(request)))
            .sw
    }

    #[track_caller]
    pub(crate) fn install(&mut self, file: &str, module: &str, instance: &str) {
        assert_eq!(
            self.try_install(file, module, instance),
            OK,
            "install {instance}"
        );
    }

    #[track_caller]
    pub(crate) fn make_domain(&mut self, name: &Aid) {
        assert_eq!(self.try_make_domain(name), OK, "make domain {name}");
    }

    pub(crate) fn try_make_domain(&mut self, name: &Aid) -> StatusWord {
        self.try_install_with(
            "A0000001515350",
            "A000000151535041",
            &name.to_string(),
            Privileges::SECURITY_DOMAIN,
        )
    }

    pub(crate) fn make_selectable(instance: &str) -> Gp {
        Gp::Install(Install::MakeSelectable(MakeSelectable {
            instance: aid(instance),
            privileges: Privileges::NONE,
            parameters: Vec::new(),
            token: Vec::new(),
        }))
    }

    pub(crate) fn delete(&mut self, name: &str) -> StatusWord {
        self.send(&Gp::Delete(Delete::object(&aid(name)))).sw
    }

    pub(crate) fn delete_related(&mut self, name: &str) -> StatusWord {
        self.send(&Gp::Delete(Delete::object_and_related(&aid(name))))
            .sw
    }

    #[track_caller]
    pub(crate) fn put_keys(&mut self, old_version: u8, keys: &KeySet) {
        let put = PutKey::key_set(old_version, keys, self.host.dek());
        assert_eq!(self.ok(&Gp::PutKey(put.clone())), put.confirmation());
    }

    pub(crate) fn try_store(&mut self, objects: &[u8]) -> StatusWord {
        let size = self.host.max_data();
        let blocks = StoreData::sequence(hydra_gp::DataFormat::BerTlv, objects.chunks(size));
        let mut sw = OK;
        for block in blocks {
            sw = self.send(&Gp::StoreData(block)).sw;
            if sw != OK {
                break;
            }
        }
        sw
    }

    #[track_caller]
    pub(crate) fn store(&mut self, objects: &[u8]) {
        assert_eq!(self.try_store(objects), OK, "STORE DATA");
    }

    pub(crate) fn get_data(&mut self, tag: u16) -> Response {
        self.send_apdu(&Gp::GetData(GetData::new(tag)).to_apdu().with_le(65_536))
    }

    /// Everything that GET STATUS tells of a part of the registry, continuations included.
    pub(crate) fn list(&mut self, scope: StatusScope) -> Vec<StatusEntry> {
        let mut question = GetStatus::all(scope);
        question.tags = vec![0x4F, 0x9F, 0x70, 0xC5, 0xC4, 0xCC, 0xCE, 0x84];
        let mut entries = Vec::new();
        loop {
            let response = self.send(&Gp::GetStatus(question.clone()));
            if response.sw == StatusWord::DATA_NOT_FOUND {
                return entries;
            }
            entries.extend(StatusEntry::read_all(&response.data).expect("registry entries"));
            match response.sw {
                StatusWord::MORE_DATA => question.occurrence = Occurrence::Next,
                sw => {
                    assert_eq!(sw, OK, "GET STATUS");
                    return entries;
                }
            }
        }
    }

    pub(crate) fn inventory(&mut self) -> Vec<StatusEntry> {
        let mut all = self.list(StatusScope::IssuerDomain);
        all.extend(self.list(StatusScope::Applications));
        all.extend(self.list(StatusScope::LoadFilesAndModules));
        all
    }
}

/// `E1`: a route of the virtual terminal.
pub(crate) fn script_route(port: &str) -> Vec<u8> {
    let mut value = tlv::object(0x50, port.as_bytes());
    tlv::push(&mut value, 0x51, &[0x01]);
    tlv::object(0xE1, &value)
}

/// `E1`: a route of the virtual terminal.
pub(crate) fn applet_route(port: &str, applet: &str, header: [u8; 4]) -> Vec<u8> {
    let mut value = tlv::object(0x50, port.as_bytes());
    tlv::push(&mut value, 0x51, &[0x02]);
    tlv::push(&mut value, 0x4F, aid(applet).as_bytes());
    tlv::push(&mut value, 0x52, &header);
    tlv::object(0xE1, &value)
}

/// The value of a data object that must be there.
pub(crate) fn value(bytes: &[u8], tag: u32) -> Vec<u8> {
    tlv::find(bytes, tag)
        .expect("data objects")
        .unwrap_or_else(|| panic!("{tag:X} is there"))
        .to_vec()
}
