//! The client against a small card of its own: registry, loads, keys and STORE DATA are really kept, every command goes
//! through SCP03.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use hydra_crypto::{AesKey, SeededRandom};
use hydra_gp::load_file::Loading;
use hydra_gp::scp03::{CardPending, CardSession, HostError, SecurityLevel};
use hydra_gp::{
    ApplicationState, Command, DataFormat, Delete, Install, InstallForLoad, KeySet, Occurrence,
    Privileges, StatusEntry, StatusScope,
};
use hydra_reader::{ClientError, GpClient};
use hydra_wire::{Aid, CardLink, Command as Apdu, Response, StatusWord};

const ISD: &str = "A000000151000000";
const PACKAGE: &str = "F0485944520202";
const MODULE: &str = "F048594452020201";
const INSTANCE: &str = "F04859445202020101";

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn keys(version: u8) -> KeySet {
    KeySet::draw(
        &mut SeededRandom::new(b"reader"),
        version,
        "set",
        u64::from(version),
    )
}

/// One security domain with a registry of its own.
struct SmallCard {
    keys: BTreeMap<u8, KeySet>,
    sequence: u32,
    pending: Option<CardPending>,
    session: Option<CardSession>,
    channel: u8,
    loading: Option<(Aid, Loading)>,
    files: BTreeMap<Aid, Vec<u8>>,
    applications: BTreeMap<Aid, StatusEntry>,
    personalizing: Option<Aid>,
    stored: Vec<(Option<Aid>, Vec<u8>)>,
    /// Entries that one GET STATUS answers.
    page: usize,
    given: usize,
    /// Alters the next response on its way.
    alter: bool,
    /// Answers as over T=0: data waits for GET RESPONSE.
    waiting: Option<Response>,
    holds_back: bool,
    cut: bool,
}

impl SmallCard {
    fn new() -> Self {
        Self {
            keys: BTreeMap::from([(0x30, keys(0x30))]),
            sequence: 0,
            pending: None,
            session: None,
            channel: 0,
            loading: None,
            files: BTreeMap::new(),
            applications: BTreeMap::new(),
            personalizing: None,
            stored: Vec::new(),
            page: 2,
            given: 0,
            alter: false,
            waiting: None,
            holds_back: false,
            cut: false,
        }
    }

    fn process(&mut self, apdu: &Apdu) -> Result<Response, StatusWord> {
        if apdu.ins == 0xC0 {
            return self
                .waiting
                .take()
                .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        if apdu.channel() != self.channel && apdu.ins != 0x70 {
            return Err(StatusWord::CHANNEL_NOT_SUPPORTED);
        }
        // SELECT and MANAGE CHANNEL are the card's, whatever the session.
        match Command::try_from(apdu) {
            Ok(Command::Select(select)) => {
                self.session = None;
                return if aid(ISD).starts_with(&select.name) {
                    Ok(Response::ok(vec![0x6F, 0]))
                } else {
                    Err(StatusWord::NOT_FOUND)
                };
            }
            Ok(Command::ManageChannel(hydra_gp::ManageChannel::Open)) => {
                self.channel = 1;
                return Ok(Response::ok(vec![1]));
            }
            Ok(Command::ManageChannel(hydra_gp::ManageChannel::Close(1))) => {
                self.channel = 0;
                return Ok(Response::ok(vec![]));
            }
            Ok(Command::InitializeUpdate(request)) => {
                self.session = None;
                self.sequence += 1;
                let keys = self
                    .keys
                    .get(&request.key_version)
                    .ok_or(StatusWord::DATA_NOT_FOUND)?;
                let (pending, response) = CardSession::initialize_update(
                    keys,
                    self.sequence,
                    &aid(ISD),
                    &[0; 10],
                    &request.host_challenge,
                )?;
                self.pending = Some(pending);
                return Ok(response);
            }
            Ok(Command::ExternalAuthenticate(_)) => {
                let pending = self
                    .pending
                    .take()
                    .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
                self.session = Some(pending.external_authenticate(apdu)?);
                return Ok(Response::ok(vec![]));
            }
            _ => {}
        }
        let mut session = self
            .session
            .take()
            .ok_or(StatusWord::SECURITY_STATUS_NOT_SATISFIED)?;
        let plain = session.unwrap(apdu)?;
        let answer = Command::try_from(&plain)
            .map_err(|error| error.status())
            .and_then(|command| self.execute(command, session.dek()))
            .unwrap_or_else(Response::status);
        let mut wrapped = session.wrap(answer);
        self.session = Some(session);
        if std::mem::take(&mut self.alter) {
            wrapped.data[0] ^= 1;
        }
        Ok(wrapped)
    }

    fn execute(&mut self, command: Command, dek: &AesKey) -> Result<Response, StatusWord> {
        let done = Ok(Response::ok(vec![0]));
        match command {
            Command::GetStatus(question) => {
                let entries: Vec<Vec<u8>> = match question.scope {
                    StatusScope::Applications => self
                        .applications
                        .values()
                        .map(|entry| entry.to_bytes(&question.tags))
                        .collect(),
                    _ => self
                        .files
                        .keys()
                        .map(|aid| StatusEntry::new(aid, 0x01).to_bytes(&question.tags))
                        .collect(),
                };
                if question.occurrence == Occurrence::First {
                    self.given = 0;
                }
                let page: Vec<u8> = entries
                    .iter()
                    .skip(self.given)
                    .take(self.page)
                    .flatten()
                    .copied()
                    .collect();
                self.given += self.page;
                if entries.is_empty() {
                    return Err(StatusWord::DATA_NOT_FOUND);
                }
                Ok(Response {
                    data: page,
                    sw: if self.given < entries.len() {
                        StatusWord::MORE_DATA
                    } else {
                        StatusWord::NO_ERROR
                    },
                })
            }
            Command::Install(Install::Load(load)) => {
                self.loading = Some((load.load_file, Loading::new(100_000)));
                done
            }
            Command::Load(block) => {
                let (aid, mut loading) = self
                    .loading
                    .take()
                    .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
                match loading.take(&block)? {
                    Some(file) => drop(self.files.insert(aid, file.data_block)),
                    None => self.loading = Some((aid, loading)),
                }
                done
            }
            Command::Install(Install::InstallAndMakeSelectable(install)) => {
                if !self.files.contains_key(&install.load_file) {
                    return Err(StatusWord::DATA_NOT_FOUND);
                }
                let entry = StatusEntry {
                    privileges: Some(install.privileges),
                    ..StatusEntry::new(&install.instance, ApplicationState::SELECTABLE.to_byte())
                };
                self.applications.insert(install.instance, entry);
                done
            }
            Command::Install(Install::Personalization(aid)) => {
                if !self.applications.contains_key(&aid) {
                    return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
                }
                self.personalizing = Some(aid);
                done
            }
            Command::StoreData(store) => {
                self.stored.push((self.personalizing.clone(), store.data));
                if store.last {
                    self.personalizing = None;
                }
                Ok(Response::ok(vec![]))
            }
            Command::Delete(Delete::Object { aid, .. }) => self
                .applications
                .remove(&aid)
                .map(|_| Response::ok(vec![0]))
                .ok_or(StatusWord::DATA_NOT_FOUND),
            Command::Delete(Delete::ObjectAndRelated { aid, .. }) => {
                self.applications.clear();
                self.files
                    .remove(&aid)
                    .map(|_| Response::ok(vec![0]))
                    .ok_or(StatusWord::DATA_NOT_FOUND)
            }
            Command::PutKey(put) => {
                let keys = put.open_key_set(dek)?;
                self.keys.insert(keys.version, keys);
                Ok(put.response())
            }
            Command::GetData(get) if get.tag == 0x00C1 => {
                let [_, a, b, c] = self.sequence.to_be_bytes();
                Ok(Response::ok(vec![0xC1, 3, a, b, c]))
            }
            _ => Err(StatusWord::DATA_NOT_FOUND),
        }
    }
}

impl CardLink for SmallCard {
    type Error = std::io::Error;

    fn reset(&mut self) -> Result<Vec<u8>, Self::Error> {
        self.session = None;
        self.channel = 0;
        Ok(vec![0x3B, 0x80])
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Self::Error> {
        if self.cut {
            return Err(std::io::Error::other("unplugged"));
        }
        let apdu = Apdu::parse(command).unwrap();
        let response = self.process(&apdu).unwrap_or_else(Response::status);
        if self.holds_back && apdu.ins != 0xC0 && !response.data.is_empty() {
            let len = u16::try_from(response.data.len()).unwrap() & 0xFF;
            self.waiting = Some(response);
            return Ok(Response::status(StatusWord(0x6100 | len)).to_bytes());
        }
        Ok(response.to_bytes())
    }
}

fn authenticated(card: &mut SmallCard) -> GpClient<&mut SmallCard> {
    let mut client = GpClient::connect(card).unwrap();
    client.select_issuer_domain().unwrap();
    client.authenticate(&keys(0x30), &[3; 8]).unwrap();
    client
}

#[test]
fn a_package_is_loaded_installed_personalised_and_deleted() {
    let content: Vec<u8> = (0..3000u16).flat_map(u16::to_be_bytes).collect();
    let mut card = SmallCard::new();
    let mut client = authenticated(&mut card);
    assert_eq!(client.list(StatusScope::Applications).unwrap(), []);
    client.load(&aid(PACKAGE), &aid(ISD), &content).unwrap();
    client
        .install(
            &aid(PACKAGE),
            &aid(MODULE),
            &aid(INSTANCE),
            Privileges::NONE,
            &[],
        )
        .unwrap();
    client
        .personalize(&aid(INSTANCE), [&b"one"[..], b"two"])
        .unwrap();
    client
        .store_data(DataFormat::BerTlv, [&[0x7F, 0x21, 0][..]])
        .unwrap();
    let listed = client.list(StatusScope::Applications).unwrap();
    assert_eq!(
        listed,
        [StatusEntry {
            privileges: Some(Privileges::NONE),
            ..StatusEntry::new(&aid(INSTANCE), 0x07)
        }]
    );
    assert_eq!(
        client.list(StatusScope::LoadFiles).unwrap()[0].aid,
        aid(PACKAGE)
    );
    assert_eq!(client.get_data(0x00C1).unwrap(), [0xC1, 3, 0, 0, 1]);
    drop(client);
    assert_eq!(card.files[&aid(PACKAGE)], content);
    let instance = Some(aid(INSTANCE));
    assert_eq!(
        card.stored,
        [
            (instance.clone(), b"one".to_vec()),
            (instance, b"two".to_vec()),
            (None, vec![0x7F, 0x21, 0])
        ]
    );

    let mut client = authenticated(&mut card);
    client.delete(&aid(INSTANCE)).unwrap();
    assert!(matches!(
        client.delete(&aid(INSTANCE)),
        Err(ClientError::Refused {
            action: "DELETE",
            sw: StatusWord::DATA_NOT_FOUND
        })
    ));
    // A refusal is no end of the session.
    client.delete_related(&aid(PACKAGE)).unwrap();
    drop(client);
    assert!(card.files.is_empty());
}

#[test]
fn keys_are_put_confirmed_and_used() {
    let mut card = SmallCard::new();
    let mut client = authenticated(&mut card);
    client.put_keys(0, &keys(0x31)).unwrap();
    client.select_issuer_domain().unwrap();
    assert!(client.session().is_none());
    client.authenticate(&keys(0x31), &[4; 8]).unwrap();
    assert_eq!(
        client
            .session()
            .map(|session| (session.key_version(), session.level())),
        Some((0x31, SecurityLevel::FULL))
    );
    // A version that the card does not have.
    assert!(matches!(
        client.authenticate(&keys(0x32), &[4; 8]),
        Err(ClientError::SecureChannel {
            source: HostError::Status(StatusWord::DATA_NOT_FOUND),
            ..
        })
    ));
    assert!(matches!(
        client.put_keys(0, &keys(0x33)),
        Err(ClientError::NotAuthenticated { action: "PUT KEY" })
    ));
}

#[test]
fn wrong_keys_are_noticed_by_the_host() {
    let mut card = SmallCard::new();
    let mut client = GpClient::connect(&mut card).unwrap();
    client.select(&aid(ISD)).unwrap();
    let mut wrong = keys(0x33);
    wrong.version = 0x30;
    assert!(matches!(
        client.authenticate(&wrong, &[3; 8]),
        Err(ClientError::SecureChannel {
            source: HostError::CardCryptogram,
            ..
        })
    ));
    assert!(client.session().is_none());
}

#[test]
fn a_long_registry_comes_in_parts() {
    let mut card = SmallCard::new();
    for n in 0..5 {
        let aid = Aid::new(&[0xF0, 1, 2, 3, 4, n]).unwrap();
        card.applications
            .insert(aid.clone(), StatusEntry::new(&aid, 0x07));
    }
    let mut client = authenticated(&mut card);
    let listed = client.list(StatusScope::Applications).unwrap();
    assert_eq!(listed.len(), 5);
    assert!(listed.is_sorted_by_key(|entry| entry.aid.clone()));
}

#[test]
fn an_altered_response_ends_the_session() {
    let mut card = SmallCard::new();
    authenticated(&mut card);
    card.alter = true;
    let mut client = GpClient::attach(&mut card);
    client.authenticate(&keys(0x30), &[5; 8]).unwrap();
    assert!(matches!(
        client.get_data(0x00C1),
        Err(ClientError::SecureChannel {
            source: HostError::ResponseMac,
            ..
        })
    ));
    assert!(client.session().is_none());
    // Without it the card refuses.
    assert!(matches!(
        client.get_data(0x00C1),
        Err(ClientError::Refused {
            sw: StatusWord::SECURITY_STATUS_NOT_SATISFIED,
            ..
        })
    ));
}

#[test]
fn a_failing_link_is_named_with_what_was_done() {
    let mut card = SmallCard::new();
    authenticated(&mut card);
    card.cut = true;
    let mut client = GpClient::attach(&mut card);
    let error = client.select(&aid(ISD)).unwrap_err();
    assert_eq!(error.to_string(), "SELECT: the link to the card failed");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "unplugged");
}

#[test]
fn data_that_waits_is_fetched() {
    let mut card = SmallCard::new();
    card.holds_back = true;
    let mut client = authenticated(&mut card);
    assert_eq!(client.get_data(0x00C1).unwrap(), [0xC1, 3, 0, 0, 1]);
}

#[test]
fn another_channel_is_opened_and_closed() {
    let mut card = SmallCard::new();
    let mut client = GpClient::connect(&mut card).unwrap();
    assert_eq!(client.open_channel().unwrap(), 1);
    client.select_issuer_domain().unwrap();
    client.authenticate(&keys(0x30), &[3; 8]).unwrap();
    assert_eq!(client.get_data(0x00C1).unwrap(), [0xC1, 3, 0, 0, 1]);
    client.close_channel().unwrap();
    client.select_issuer_domain().unwrap();
}

#[test]
fn what_does_not_fit_is_not_sent() {
    let mut card = SmallCard::new();
    let mut client = authenticated(&mut card);
    let max = client.session().unwrap().max_data();
    let items = |len| [vec![7; len]];
    let fits = items(max);
    client
        .store_data(DataFormat::Dgi, fits.iter().map(Vec::as_slice))
        .unwrap();
    for too_long in [max + 1, 300] {
        let items = items(too_long);
        let refused = client.store_data(DataFormat::Dgi, items.iter().map(Vec::as_slice));
        assert!(matches!(
            refused,
            Err(ClientError::TooLong { len, max: 239, .. }) if len == too_long
        ));
    }
    // Nothing went out, so the session stands.
    client.get_data(0x00C1).unwrap();
    let announcement = InstallForLoad::new(&aid(PACKAGE), &aid(ISD));
    assert!(matches!(
        client.load_with(announcement, &vec![0; 256 * 0x8000]),
        Err(ClientError::TooManyBlocks(_))
    ));
}
