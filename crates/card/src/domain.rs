//! Security domains: the issuer's and the providers' (GPCS 2.3.1 §7), their secure channel and their commands (§11).
//!
//! Whatever changes the card or tells of its content comes under SCP03 with all its protections (level `33`).
//! Content is managed by the ISD alone; a provider's domain keeps its keys, its certificates and its recipients, and
//! personalises its applications.

mod begin;
pub(crate) mod chain;
mod content;
mod get_data;
pub(crate) mod keys;
pub(crate) mod recipients;
pub(crate) mod session;
mod set_status;
mod status;
mod store_data;

use alloc::vec;
use alloc::vec::Vec;

use hydra_gp::command::ins;
use hydra_gp::{CardState, Command as GpCommand, Delete, Install, PutKey};
use hydra_wire::{Command, Response, StatusWord};

use crate::card::{Card, Mute};
use crate::open::Lifetime;
use crate::open::registry::{self, Entry, Kind};
pub(crate) use begin::Beginning;
use session::{Instruction, SecureChannel, Session};

impl Card {
    /// Carries out a command to the security domain that is selected on channel `at`.
    pub(crate) fn domain_command(
        &mut self,
        at: u8,
        domain: &Entry,
        command: &Command,
    ) -> Result<Response, Mute> {
        let Some(channel) = self.open.channels.get_mut(&at) else {
            return Ok(StatusWord::CHANNEL_NOT_SUPPORTED.into());
        };
        let mut session = core::mem::take(&mut channel.session);
        let response = self.in_session(at, domain, &mut session, command);
        if let Some(channel) = self.open.channels.get_mut(&at) {
            channel.session = session;
        }
        response
    }

    /// Amendment D §5.6: a secure channel, once open, protects every command until a new one is begun.
    fn in_session(
        &mut self,
        at: u8,
        domain: &Entry,
        session: &mut Session,
        command: &Command,
    ) -> Result<Response, Mute> {
        if command.cla & 0x80 != 0 && command.ins == ins::INITIALIZE_UPDATE && is_plain(command) {
            return self.initialize_update(domain, session, command);
        }
        let plain = match core::mem::take(&mut session.secure_channel) {
            SecureChannel::Pending(pending) if command.ins == ins::EXTERNAL_AUTHENTICATE => {
                return Ok(match pending.external_authenticate(command) {
                    Ok(open) => {
                        session.secure_channel = SecureChannel::Open(open);
                        StatusWord::NO_ERROR.into()
                    }
                    Err(status) => status.into(),
                });
            }
            SecureChannel::Open(mut open) => {
                let plain = open.unwrap(command);
                session.secure_channel = SecureChannel::Open(open);
                match plain {
                    Ok(plain) => plain,
                    Err(status) => {
                        session.continue_with(Instruction::Other);
                        return Ok(status.into());
                    }
                }
            }
            SecureChannel::None | SecureChannel::Pending(_) if is_plain(command) => command.clone(),
            SecureChannel::None | SecureChannel::Pending(_) => {
                return Ok(StatusWord::SECURITY_STATUS_NOT_SATISFIED.into());
            }
        };
        let response = self
            .execute(at, domain, session, &plain)
            .unwrap_or_else(Response::from);
        Ok(match &session.secure_channel {
            SecureChannel::Open(open) => open.wrap(response),
            SecureChannel::None | SecureChannel::Pending(_) => response,
        })
    }

    /// Amendment D §7.1.1 INITIALIZE UPDATE. The sequence counter is durable before anything is derived from it, so
    /// that no power cut gives a second try at the same challenge.
    fn initialize_update(
        &mut self,
        domain: &Entry,
        session: &mut Session,
        command: &Command,
    ) -> Result<Response, Mute> {
        session.secure_channel = SecureChannel::None;
        session.continue_with(Instruction::Other);
        let beginning = match Beginning::of(self.runtime.vm_mut(), domain.id, command) {
            Ok(beginning) => beginning,
            Err(status) => return Ok(status.into()),
        };
        self.commit_record(beginning.record())?;
        Ok(match beginning.answer(self.runtime.vm(), domain) {
            Ok((pending, response)) => {
                session.secure_channel = SecureChannel::Pending(pending);
                response
            }
            Err(status) => status.into(),
        })
    }

    /// A command after secure messaging was taken off.
    fn execute(
        &mut self,
        at: u8,
        domain: &Entry,
        session: &mut Session,
        command: &Command,
    ) -> Result<Response, StatusWord> {
        let command = match GpCommand::try_from(command) {
            Ok(command) => command,
            Err(error) => {
                session.continue_with(Instruction::Other);
                return Err(error.status());
            }
        };
        session.continue_with(match command {
            GpCommand::Load(_) => Instruction::Load,
            GpCommand::StoreData(_) => Instruction::StoreData,
            GpCommand::GetStatus(_) => Instruction::GetStatus,
            _ => Instruction::Other,
        });
        // GPCS 2.3.1 Table 11-2 asks for less: that the session was authenticated. How much more is protected is the host's choice.
        let protected = match &session.secure_channel {
            SecureChannel::Open(open) => open.is_open() && open.level().has_c_mac(),
            SecureChannel::None | SecureChannel::Pending(_) => false,
        };
        let public = matches!(&command, GpCommand::GetData(get) if get_data::is_public(get.tag));
        if !protected && !public {
            return Err(match command {
                GpCommand::ExternalAuthenticate(_) | GpCommand::InitializeUpdate(_) => {
                    StatusWord::CONDITIONS_NOT_SATISFIED
                }
                _ => StatusWord::SECURITY_STATUS_NOT_SATISFIED,
            });
        }
        // GPCS 2.3.1 §5.1.1.4, Table 11-1: a locked card changes neither content nor data.
        let changes = !matches!(
            &command,
            GpCommand::GetData(_) | GpCommand::GetStatus(_) | GpCommand::SetStatus(_)
        );
        if changes && Lifetime::load(self.runtime.vm()).state >= CardState::Locked {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        match command {
            GpCommand::GetData(get) => self.get_data(domain, session, &get),
            GpCommand::SetStatus(request) => self.set_status(domain, &request),
            GpCommand::GetStatus(question) => self.get_status(domain, session, question),
            GpCommand::Install(Install::Personalization(instance)) => {
                self.install_for_personalization(domain, session, &instance)
            }
            GpCommand::Install(install) => {
                authorized(domain)?;
                match install {
                    Install::Load(request) => self.install_for_load(domain, session, request),
                    Install::Install(request) => self.install(&request, registry::INSTALLED),
                    Install::InstallAndMakeSelectable(request) => {
                        self.install(&request, registry::SELECTABLE)
                    }
                    Install::MakeSelectable(request) => self.make_selectable(&request),
                    Install::Personalization(_) => Err(StatusWord::INCORRECT_P1P2),
                }
            }
            GpCommand::Load(load) => {
                authorized(domain)?;
                self.load(session, &load)
            }
            GpCommand::Delete(Delete::Key { id, version }) => self.delete_key(domain, id, version),
            GpCommand::Delete(delete) => {
                authorized(domain)?;
                self.delete(at, &delete)
            }
            GpCommand::PutKey(put) => self.put_key(domain, session, &put),
            GpCommand::StoreData(block) => self.store_data(domain, session, &block),
            GpCommand::InitializeUpdate(_) | GpCommand::ExternalAuthenticate(_) => {
                Err(StatusWord::CONDITIONS_NOT_SATISFIED)
            }
            GpCommand::Select(_) | GpCommand::ManageChannel(_) => {
                Err(StatusWord::INS_NOT_SUPPORTED)
            }
        }
    }

    /// GPCS 2.3.1 §11.8 PUT KEY: a whole SCP03 key set of AES-128 keys. A provider's domain becomes PERSONALIZED with
    /// its first.
    fn put_key(
        &mut self,
        domain: &Entry,
        session: &Session,
        put: &PutKey,
    ) -> Result<Response, StatusWord> {
        let SecureChannel::Open(open) = &session.secure_channel else {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        };
        if !SCP03_VERSIONS.contains(&put.new_version) {
            return Err(StatusWord::WRONG_DATA);
        }
        let set = put.open_key_set(open.dek())?;
        if set.enc.len() != AES_128 {
            return Err(StatusWord::WRONG_DATA);
        }
        let vm = self.runtime.vm_mut();
        keys::put(vm, domain.id, put.old_version, &set)?;
        if domain.kind == Kind::Domain && domain.life_cycle == registry::SELECTABLE {
            let mut personalized = domain.clone();
            personalized.life_cycle = registry::PERSONALIZED;
            registry::put(vm, &personalized);
        }
        Ok(put.response())
    }

    /// GPCS 2.3.1 §11.2.2.3.2 DELETE \[key\]: a whole key set by its version.
    fn delete_key(
        &mut self,
        domain: &Entry,
        id: Option<u8>,
        version: Option<u8>,
    ) -> Result<Response, StatusWord> {
        let (None, Some(version)) = (id, version) else {
            return Err(StatusWord::WRONG_DATA);
        };
        keys::delete(self.runtime.vm_mut(), domain.id, version)?;
        Ok(done())
    }
}

/// Key versions of SCP03 (GPCS 2.3.1, Amendment D): what PUT KEY may bring.
const SCP03_VERSIONS: core::ops::RangeInclusive<u8> = 0x30..=0x3F;
/// Length of an AES-128 key.
const AES_128: usize = 16;

/// Content management is the ISD's (authorized management; GPCS 2.3.1 §9.1.3.2).
fn authorized(domain: &Entry) -> Result<(), StatusWord> {
    match domain.kind {
        Kind::Issuer => Ok(()),
        _ => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
    }
}

/// The one byte `00` that says that there is no confirmation.
fn done() -> Response {
    Response::ok(vec![0x00])
}

/// The key diversification data tells which card it is to who knows it: the beginning of a hash of its id. The id itself stands in
/// signed messages, and INITIALIZE UPDATE's answer passes the relay in the clear.
fn diversification_data(lifetime: &Lifetime) -> [u8; 10] {
    let mut data = [0; 10];
    data.copy_from_slice(&hydra_crypto::sha256(&lifetime.card_id)[..10]);
    data
}

/// Whether the class byte claims no secure messaging of any kind.
fn is_plain(command: &Command) -> bool {
    if command.cla & 0x40 == 0 {
        command.cla & 0x0C == 0
    } else {
        command.cla & 0x20 == 0
    }
}

/// Data objects of a value that must hold these and may hold others.
fn push_all(out: &mut Vec<u8>, objects: &[(u32, &[u8])]) {
    for (tag, value) in objects {
        hydra_wire::tlv::push(out, *tag, value);
    }
}
