//! The card as its surroundings see it: made, powered up, reset, and given commands.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::mem::take;

use hydra_cap::CapError;
use hydra_crypto::{Random, SecretKey};
use hydra_gp::{CardState, KeySet, Privileges};
use hydra_vm::{CodeSharing, Fault, LinkError, Observer, Vm};
use hydra_wire::{Aid, AidError, CardLink, Command, Response, StatusWord};

use crate::domain::keys;
use crate::nvm::{Medium, NvmError};
use crate::open::channel::HOST_CHANNELS;
use crate::open::registry::{self, Entry, EntryId, Kind, LoadFile};
use crate::open::{Lifetime, Open, records};
use crate::profile::Profile;
use crate::runtime::{CardStorage, OpenError, Runtime, Uncaught};
use crate::tpdu::Waiting;
use crate::vt::Port;
use crate::vt::route::{self, Route, Target};

/// AID of the issuer security domain.
pub(crate) const ISSUER_DOMAIN: &[u8] = &[0xA0, 0, 0, 1, 0x51, 0, 0, 0];
/// AID of the resident load file of supplementary security domains.
pub(crate) const DOMAIN_FILE: &[u8] = &[0xA0, 0, 0, 1, 0x51, 0x53, 0x50];
/// AID of its one module.
pub(crate) const DOMAIN_MODULE: &[u8] = &[0xA0, 0, 0, 1, 0x51, 0x53, 0x50, 0x41];
/// AID of the virtual terminal.
pub(crate) const TERMINAL: &[u8] = &[0xF0, 0x48, 0x59, 0x44, 0x52, 0x00, 0x01];

/// Answer to reset (ISO/IEC 7816-3 §8): T=1 alone, IFSC 254. Check byte.
const ATR_T1: [u8; 18] = [
    0x3B, 0x8B, 0x81, 0x31, 0xFE, 0x45, // interface bytes
    0x80, 0x73, 0xC0, 0x21, 0x1F, 0x55, 0x48, 0x59, 0x44, 0x52, 0x41, 0x9E,
];
/// The same for T=0 alone, which has neither interface bytes nor a check byte. Historical bytes of both (ISO/IEC 7816-4
/// §12.1.1): card capabilities (selection by full and partial name; channels assigned by either side, eight or more of
/// them) and the card issuer's data, "HYDRA". Extended lengths and chaining are not announced: an applet takes them or not.
const ATR_T0: [u8; 13] = [
    0x3B, 0x0B, // eleven historical bytes
    0x80, 0x73, 0xC0, 0x21, 0x1F, 0x55, 0x48, 0x59, 0x44, 0x52, 0x41,
];

/// The transmission protocol that carries commands, as applets see it (`APDU.getProtocol`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// T=0: commands are TPDUs, and 61xx and 6Cxx say how much there is.
    T0,
    /// T=1: commands are APDUs.
    #[default]
    T1,
}

/// What a card is made with; what is `None` is drawn.
#[derive(Clone, Debug, Default)]
pub struct CardConfig {
    /// Names the card in its messages.
    pub card_id: Option<[u8; 8]>,
    /// The issuer security domain's first key set.
    pub issuer_keys: Option<KeySet>,
    /// How much the card has.
    pub profile: Profile,
}

/// What the Card Issuer knows of a card from its making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManufacturingRecord {
    /// Names the card in its messages.
    pub card_id: [u8; 8],
    /// The issuer security domain's key set.
    pub issuer_keys: KeySet,
    /// The uncompressed P-256 point of the key that signs the card's attestations.
    pub attestation_key: [u8; 65],
}

/// Whether load files that have a Descriptor component are verified before they are linked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadVerification {
    /// They are, and refused if they break a rule.
    #[default]
    On,
    /// They are only linked, like those without a Descriptor: for tests of what the VM does with ill-typed programs.
    Off,
}

/// What is wrong with a load file that a card refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadRefusal {
    /// It is no CAP file.
    Unreadable(CapError),
    /// It breaks rules of the verifier: these, of which there is at least one.
    Unsound(Vec<hydra_cap::verify::Fault>),
    /// It does not go with what is on the card, or the linker found something that it can't link.
    Unlinked(LinkError),
}

/// A line for each fault.
impl fmt::Display for LoadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Unsound(faults) => {
                for (i, fault) in faults.iter().enumerate() {
                    let separator = if i == 0 { "" } else { "\n" };
                    write!(f, "{separator}{fault}")?;
                }
                Ok(())
            }
            Self::Unlinked(error) => error.fmt(f),
        }
    }
}

/// A secure element: its memory, its applets and its state since the last reset.
///
/// Whatever a command changed is durable before its response is returned. When memory fails the card is mute until it
/// is opened again.
pub struct Card {
    pub(crate) runtime: Runtime,
    pub(crate) open: Open,
    protocol: Protocol,
    pub(crate) load_verification: LoadVerification,
    pub(crate) load_refusal: Option<LoadRefusal>,
    /// The last command: a short one's room is used for the next.
    command: Command,
    mute: bool,
}

impl Card {
    /// Makes a card on an empty medium: a storage, with what protects it if it is protected.
    pub fn create(
        medium: impl Into<Medium<CardStorage>>,
        mut random: Box<dyn Random + Send>,
        config: CardConfig,
    ) -> Result<(Self, ManufacturingRecord), CardError> {
        let record = |random: &mut dyn Random| {
            let card_id = config.card_id.unwrap_or_else(|| {
                let mut id = [0; 8];
                random.draw("card id", 0, &mut id);
                id
            });
            let issuer_keys = config
                .issuer_keys
                .clone()
                .unwrap_or_else(|| KeySet::draw(random, ISSUER_KEY_VERSION, "issuer keys", 0));
            (card_id, issuer_keys)
        };
        let (card_id, issuer_keys) = record(&mut random);
        let attestation_key = SecretKey::draw(&mut random, "attestation key", 0);

        let mut salt = [0; 16];
        random.draw("image salt", 0, &mut salt);
        let mut runtime = Runtime::create(medium.into().salted(salt), config.profile)?;
        let vm = runtime.vm_mut();
        Lifetime {
            card_id,
            state: CardState::Secured,
            keys_drawn: 0,
        }
        .store(vm);
        vm.record_put(records::ATTESTATION_KEY, &*attestation_key.to_bytes());
        furnish(vm)?;
        keys::put(vm, EntryId::ISSUER, 0, &issuer_keys).map_err(|_| CardError::IssuerKeys)?;
        runtime.commit()?;
        let record = ManufacturingRecord {
            card_id,
            issuer_keys,
            attestation_key: attestation_key.public().to_bytes(),
        };
        Ok((Self::powered_up(runtime, random), record))
    }

    /// Powers up the card on this medium.
    pub fn open(
        medium: impl Into<Medium<CardStorage>>,
        random: Box<dyn Random + Send>,
    ) -> Result<Self, CardError> {
        let runtime = Runtime::open(medium)?;
        if let Some(key) = Open::unreadable(runtime.vm()) {
            return Err(CardError::Record { key });
        }
        Ok(Self::powered_up(runtime, random))
    }

    fn powered_up(runtime: Runtime, random: Box<dyn Random + Send>) -> Self {
        Self {
            runtime,
            open: Open::new(random),
            protocol: Protocol::default(),
            load_verification: LoadVerification::On,
            load_refusal: None,
            command: Command::default(),
            mute: false,
        }
    }

    /// Resets the card: channels are closed, transient objects cleared, an open transaction is undone. The answer is the
    /// ATR, or nothing from a mute card.
    pub fn reset(&mut self) -> Result<Vec<u8>, Mute> {
        if self.mute {
            return Err(Mute);
        }
        self.open.reset();
        if self.runtime.reset(self.protocol).is_err() {
            self.mute = true;
            return Err(Mute);
        }
        self.commit()?;
        Ok(match self.protocol {
            Protocol::T0 => ATR_T0.to_vec(),
            Protocol::T1 => ATR_T1.to_vec(),
        })
    }

    /// Resets the card into a protocol, as a reader's choice does; it stays with later resets.
    pub fn reset_into(&mut self, protocol: Protocol) -> Result<Vec<u8>, Mute> {
        self.protocol = protocol;
        self.reset()
    }

    /// Carries out one command APDU and answers with the response APDU. A mute card answers `6F00`.
    pub fn process(&mut self, command: &[u8]) -> Vec<u8> {
        self.answer(command)
            .unwrap_or(StatusWord::UNKNOWN.into())
            .into_bytes()
    }

    /// [`Self::process`] with the response in a buffer of the caller's, so that nobody makes one for each command.
    pub fn process_into(&mut self, command: &[u8], response: &mut Vec<u8>) {
        response.clear();
        match self.answer(command) {
            Ok(Response { data, sw }) => {
                response.extend_from_slice(&data);
                response.extend_from_slice(&sw.0.to_be_bytes());
                self.runtime.recycle_response(data);
            }
            Err(Mute) => response.extend_from_slice(&StatusWord::UNKNOWN.0.to_be_bytes()),
        }
    }

    /// Says how load files are treated, until the card is powered up again.
    pub fn set_load_verification(&mut self, verification: LoadVerification) {
        self.load_verification = verification;
    }

    /// The fault that stopped an applet since this was asked last, the last if there were several: code that no
    /// converter made, a stack that is too small, or a command that took too long. To the terminal all are `6F00`.
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.runtime.take_fault()
    }

    /// The exception that an applet let through since this was asked last, the last if there were several; not an
    /// `ISOException`, whose reason the terminal gets. To the terminal all others are `6F00`.
    pub fn take_uncaught(&mut self) -> Option<Uncaught> {
        self.runtime.take_uncaught()
    }

    /// Why the last load file was refused whose content was at fault, since this was asked last. The terminal gets a status
    /// word.
    pub fn take_load_refusal(&mut self) -> Option<LoadRefusal> {
        self.load_refusal.take()
    }

    /// Watches every bytecode that is executed from now on.
    pub fn observe(&mut self, observer: Option<Arc<dyn Observer>>) {
        self.runtime.vm_mut().observe(observer);
    }

    /// Shares code with other cards of this process that share theirs in the same place, see [`SharedCode`]. Without
    /// this, a card's code is its own.
    ///
    /// [`SharedCode`]: crate::SharedCode
    pub fn share_code(&mut self, sharing: Arc<dyn CodeSharing>) {
        self.runtime.vm_mut().share_code(sharing);
    }

    fn answer(&mut self, command: &[u8]) -> Result<Response, Mute> {
        if self.mute {
            return Err(Mute);
        }
        let response = match self.protocol {
            Protocol::T0 => self.exchange_tpdu(command),
            Protocol::T1 => self.exchange_apdu(command),
        };
        if response.is_ok() {
            self.commit()?;
        }
        response
    }

    /// One command of the host, as T=1 carries it.
    fn exchange_apdu(&mut self, bytes: &[u8]) -> Result<Response, Mute> {
        let mut command = take(&mut self.command);
        if command.read(bytes).is_err() {
            return Ok(StatusWord::WRONG_LENGTH.into());
        }
        let response = self.host_command(&command);
        if command.data.capacity() <= KEPT {
            self.command = command;
        }
        response
    }

    /// The channel that a command's class byte names.
    pub(crate) fn channel_of(command: &Command) -> Result<u8, StatusWord> {
        // ISO/IEC 7816-4 §5.4.1: FF is no class; 001x xxxx is reserved.
        if command.cla == 0xFF || command.cla & 0xE0 == 0x20 {
            return Err(StatusWord::CLA_NOT_SUPPORTED);
        }
        debug_assert!(command.channel() < HOST_CHANNELS);
        Ok(command.channel())
    }

    /// One command of the host, with a response that Le has room for.
    fn host_command(&mut self, command: &Command) -> Result<Response, Mute> {
        let at = match Self::channel_of(command) {
            Ok(at) => at,
            Err(sw) => return Ok(sw.into()),
        };
        let room = match (command.ne, command.extended) {
            (Some(ne), _) => usize::try_from(ne).unwrap_or(usize::MAX),
            (None, false) => 256,
            (None, true) => 65_536,
        };
        let answer = if let Some(channel) = self.open.channels.get_mut(&at)
            && let Some(Waiting::Fetched(rest)) = channel.waiting.take()
            && command.cla & 0x80 == 0
            && command.ins == INS_GET_RESPONSE
        {
            Ok(rest)
        } else {
            self.dispatch(at, command)
        };
        match answer {
            Ok(response) if is_too_long(&response, room) => Ok(self.part(at, response, room)),
            answer => answer,
        }
    }

    fn commit(&mut self) -> Result<(), Mute> {
        self.runtime.commit().map_err(|_| {
            self.mute = true;
            Mute
        })
    }

    /// Makes one record durable before the command goes on.
    pub(crate) fn commit_record(&mut self, key: u32) -> Result<(), Mute> {
        self.runtime.commit_record(key).map_err(|_| {
            self.mute = true;
            Mute
        })
    }
}

impl CardLink for Card {
    type Error = Mute;

    fn reset(&mut self) -> Result<Vec<u8>, Mute> {
        Self::reset(self)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Mute> {
        self.answer(command).map(Response::into_bytes)
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("mute", &self.mute)
            .finish_non_exhaustive()
    }
}

/// Room for a command's data that is kept for the next: as much as short ones take, however it has grown.
const KEPT: usize = 512;
/// ISO/IEC 7816-4 §11.7.1 GET RESPONSE
pub(crate) const INS_GET_RESPONSE: u8 = 0xC0;
/// Key version of the issuer security domain's first key set.
const ISSUER_KEY_VERSION: u8 = 0x30;

/// The port whose scripts a new card takes.
const ISSUER_PORT: &[u8] = b"issuer";

/// Whether there is no room for a response, so that a part of it waits for GET RESPONSE (ISO/IEC 7816-4 §5.3.4, GPCS 2.3.1
/// §11.1.5.2). One that is no plain success is never parted: its status word would come too late.
fn is_too_long(response: &Response, room: usize) -> bool {
    response.data.len() > room && response.sw.is_success()
}

/// Enters what is resident: the ISD, the load file of supplementary domains, the virtual terminal.
fn furnish(vm: &mut Vm) -> Result<(), AidError> {
    let issuer = EntryId::ISSUER;
    let privileges = Privileges::SECURITY_DOMAIN
        | Privileges::AUTHORIZED_MANAGEMENT
        | Privileges::GLOBAL_DELETE
        | Privileges::GLOBAL_REGISTRY
        | Privileges::FINAL_APPLICATION
        | Privileges::CARD_RESET;
    let entries = [
        (
            ISSUER_DOMAIN,
            Kind::Issuer,
            registry::SELECTABLE,
            privileges,
        ),
        (
            DOMAIN_FILE,
            Kind::LoadFile(LoadFile {
                package: None,
                version: [1, 0],
                code: [0; 32],
                modules: alloc::vec![Aid::new(DOMAIN_MODULE)?],
            }),
            registry::LOADED,
            Privileges::NONE,
        ),
        (
            TERMINAL,
            Kind::Terminal,
            registry::SELECTABLE,
            Privileges::NONE,
        ),
    ];
    // The way in for everything else.
    if let Some(port) = Port::new(ISSUER_PORT) {
        let target = Target::Script;
        route::put(vm, 0, &Route { port, target });
    }
    for (id, (aid, kind, life_cycle, privileges)) in (issuer.0..).zip(entries) {
        let entry = Entry {
            id: EntryId(id),
            aid: Aid::new(aid)?,
            kind,
            life_cycle,
            privileges,
            domain: issuer,
        };
        registry::put(vm, &entry);
    }
    Ok(())
}

/// The card does not answer: its memory failed. It must be opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the card is mute: its memory failed")
    }
}

impl core::error::Error for Mute {}

/// Why there is no card on a medium.
#[derive(Debug)]
pub enum CardError {
    /// The memory cannot be read or written.
    Nvm(NvmError),
    /// The runtime cannot be restored from it.
    Runtime(OpenError),
    /// A record of OPEN's cannot be read.
    Record {
        /// Its key.
        key: u32,
    },
    /// A resident application's AID is no AID.
    Aid(AidError),
    /// The issuer's key set cannot be put.
    IssuerKeys,
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nvm(error) => error.fmt(f),
            Self::Runtime(error) => error.fmt(f),
            Self::Record { key } => write!(f, "the card's record {key:08X} cannot be read"),
            Self::Aid(error) => error.fmt(f),
            Self::IssuerKeys => f.write_str("the issuer's key set cannot be put"),
        }
    }
}

impl core::error::Error for CardError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Their words are this error's own.
            Self::Nvm(error) => error.source(),
            Self::Runtime(error) => error.source(),
            Self::Aid(error) => error.source(),
            Self::Record { .. } | Self::IssuerKeys => None,
        }
    }
}

impl From<NvmError> for CardError {
    fn from(error: NvmError) -> Self {
        Self::Nvm(error)
    }
}

impl From<OpenError> for CardError {
    fn from(error: OpenError) -> Self {
        Self::Runtime(error)
    }
}

impl From<AidError> for CardError {
    fn from(error: AidError) -> Self {
        Self::Aid(error)
    }
}
