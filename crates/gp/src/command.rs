//! The commands of GPCS 2.3.1 §11 as types, from and to [`hydra_wire::Command`].
//!
//! Reading expects a command as it is after secure messaging was taken off: only EXTERNAL AUTHENTICATE carries the
//! indication in its class byte. The logical channel is the bearer's business and not part of a command here.

use alloc::vec::Vec;
use core::fmt;

use hydra_wire::StatusWord;

mod channel;
mod data;
mod delete;
mod install;
mod load;
mod put_key;
mod secure;
mod select;
mod status;

pub use channel::ManageChannel;
pub use data::{DataEncryption, DataFormat, Dgi, GetData, StoreData, dgis, push_dgi};
pub use delete::Delete;
pub use install::{Install, InstallApplication, InstallForLoad, MakeSelectable};
pub use load::Load;
pub use put_key::PutKey;
pub use secure::{ExternalAuthenticate, InitializeUpdate};
pub use select::{FileInformation, Occurrence, Select};
pub use status::{GetStatus, SetStatus, SetStatusScope, StatusScope};

/// One command to a security domain or to the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// GPCS 2.3.1 §11.2 DELETE
    Delete(Delete),
    /// GPCS 2.3.1 §11.3 GET DATA
    GetData(GetData),
    /// GPCS 2.3.1 §11.4 GET STATUS
    GetStatus(GetStatus),
    /// GPCS 2.3.1 §11.5 INSTALL
    Install(Install),
    /// GPCS 2.3.1 §11.6 LOAD
    Load(Load),
    /// GPCS 2.3.1 §11.7 MANAGE CHANNEL
    ManageChannel(ManageChannel),
    /// GPCS 2.3.1 §11.8 PUT KEY
    PutKey(PutKey),
    /// GPCS 2.3.1 §11.9 SELECT
    Select(Select),
    /// GPCS 2.3.1 §11.10 SET STATUS
    SetStatus(SetStatus),
    /// GPCS 2.3.1 §11.11 STORE DATA
    StoreData(StoreData),
    /// Amendment D §7.1.1 INITIALIZE UPDATE
    InitializeUpdate(InitializeUpdate),
    /// Amendment D §7.1.2 EXTERNAL AUTHENTICATE
    ExternalAuthenticate(ExternalAuthenticate),
}

/// Instruction bytes.
pub mod ins {
    /// MANAGE CHANNEL
    pub const MANAGE_CHANNEL: u8 = 0x70;
    /// INITIALIZE UPDATE
    pub const INITIALIZE_UPDATE: u8 = 0x50;
    /// EXTERNAL AUTHENTICATE
    pub const EXTERNAL_AUTHENTICATE: u8 = 0x82;
    /// SELECT
    pub const SELECT: u8 = 0xA4;
    /// GET DATA
    pub const GET_DATA: u8 = 0xCA;
    /// PUT KEY
    pub const PUT_KEY: u8 = 0xD8;
    /// STORE DATA
    pub const STORE_DATA: u8 = 0xE2;
    /// DELETE
    pub const DELETE: u8 = 0xE4;
    /// INSTALL
    pub const INSTALL: u8 = 0xE6;
    /// LOAD
    pub const LOAD: u8 = 0xE8;
    /// SET STATUS
    pub const SET_STATUS: u8 = 0xF0;
    /// GET STATUS
    pub const GET_STATUS: u8 = 0xF2;
}

impl Command {
    /// The command on channel 0 and without secure messaging. Le is there where the command may be answered with data.
    pub fn to_apdu(&self) -> hydra_wire::Command {
        match self {
            Self::Delete(command) => command.to_apdu(),
            Self::GetData(command) => command.to_apdu(),
            Self::GetStatus(command) => command.to_apdu(),
            Self::Install(command) => command.to_apdu(),
            Self::Load(command) => command.to_apdu(),
            Self::ManageChannel(command) => command.to_apdu(),
            Self::PutKey(command) => command.to_apdu(),
            Self::Select(command) => command.to_apdu(),
            Self::SetStatus(command) => command.to_apdu(),
            Self::StoreData(command) => command.to_apdu(),
            Self::InitializeUpdate(command) => command.to_apdu(),
            Self::ExternalAuthenticate(command) => command.to_apdu(),
        }
    }
}

impl From<&Command> for hydra_wire::Command {
    fn from(command: &Command) -> Self {
        command.to_apdu()
    }
}

impl TryFrom<&hydra_wire::Command> for Command {
    type Error = CommandError;

    fn try_from(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        let class = Class::of(apdu.cla)?;
        // ISO/IEC 7816-4 commands go with either class; GlobalPlatform's own are proprietary (GPCS 2.3.1 §11.1.4).
        let iso = matches!(apdu.ins, ins::SELECT | ins::MANAGE_CHANNEL | ins::GET_DATA);
        if matches!(apdu.ins, ins::SELECT | ins::MANAGE_CHANNEL) && class.proprietary
            || !iso && !class.proprietary && known(apdu.ins)
        {
            return Err(CommandError::Class(apdu.cla));
        }
        if class.secured && apdu.ins != ins::EXTERNAL_AUTHENTICATE && known(apdu.ins) {
            return Err(CommandError::SecureMessaging(apdu.cla));
        }
        Ok(match apdu.ins {
            ins::DELETE => Self::Delete(Delete::read(apdu)?),
            ins::GET_DATA => Self::GetData(GetData::read(apdu)?),
            ins::GET_STATUS => Self::GetStatus(GetStatus::read(apdu)?),
            ins::INSTALL => Self::Install(Install::read(apdu)?),
            ins::LOAD => Self::Load(Load::read(apdu)?),
            ins::MANAGE_CHANNEL => Self::ManageChannel(ManageChannel::read(apdu)?),
            ins::PUT_KEY => Self::PutKey(PutKey::read(apdu)?),
            ins::SELECT => Self::Select(Select::read(apdu)?),
            ins::SET_STATUS => Self::SetStatus(SetStatus::read(apdu)?),
            ins::STORE_DATA => Self::StoreData(StoreData::read(apdu)?),
            ins::INITIALIZE_UPDATE => Self::InitializeUpdate(InitializeUpdate::read(apdu)?),
            ins::EXTERNAL_AUTHENTICATE => {
                Self::ExternalAuthenticate(ExternalAuthenticate::read(apdu)?)
            }
            other => return Err(CommandError::Instruction(other)),
        })
    }
}

fn known(instruction: u8) -> bool {
    matches!(
        instruction,
        ins::DELETE
            | ins::GET_DATA
            | ins::GET_STATUS
            | ins::INSTALL
            | ins::LOAD
            | ins::MANAGE_CHANNEL
            | ins::PUT_KEY
            | ins::SELECT
            | ins::SET_STATUS
            | ins::STORE_DATA
            | ins::INITIALIZE_UPDATE
            | ins::EXTERNAL_AUTHENTICATE
    )
}

/// What a class byte says besides the channel (ISO/IEC 7816-4 §5.4.1, GPCS 2.3.1 §11.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) proprietary: bool,
    pub(crate) secured: bool,
}

impl Class {
    /// Refuses command chaining, ISO secure messaging and the reserved classes.
    pub(crate) fn of(cla: u8) -> Result<Self, CommandError> {
        let chained = cla & 0x10 != 0;
        let reserved = cla & 0x60 == 0x20;
        if chained || reserved {
            return Err(CommandError::Class(cla));
        }
        let secured = if cla & 0x40 != 0 {
            cla & 0x20 != 0
        } else {
            match cla & 0x0C {
                0x00 => false,
                0x04 => true,
                _ => return Err(CommandError::SecureMessaging(cla)),
            }
        };
        Ok(Self {
            proprietary: cla & 0x80 != 0,
            secured,
        })
    }
}

/// Le 00 of a command that is answered with data.
const LE: u32 = 256;

fn apdu(ins: u8, p1: u8, p2: u8, data: &[u8]) -> hydra_wire::Command {
    hydra_wire::Command::new(0x80, ins, p1, p2).with_data(data)
}

/// Why an APDU is no command of GlobalPlatform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The class byte does not go with the instruction, or asks for chaining.
    Class(u8),
    /// The class byte claims secure messaging where none is, or of a kind that GlobalPlatform does not use.
    SecureMessaging(u8),
    /// No command has this instruction byte.
    Instruction(u8),
    /// P1 and P2 have no meaning for the instruction.
    Parameters {
        /// First parameter.
        p1: u8,
        /// Second parameter.
        p2: u8,
    },
    /// The data field has a length that the instruction never has.
    Length(usize),
    /// The data field makes no sense from this byte on.
    Data {
        /// Byte offset in the data field.
        at: usize,
        /// What was being read.
        what: &'static str,
    },
}

impl CommandError {
    /// The status word that a card answers (GPCS 2.3.1 §11.1.3).
    pub fn status(&self) -> StatusWord {
        match self {
            Self::Class(_) => StatusWord::CLA_NOT_SUPPORTED,
            Self::SecureMessaging(_) => StatusWord::SECURE_MESSAGING_NOT_SUPPORTED,
            Self::Instruction(_) => StatusWord::INS_NOT_SUPPORTED,
            Self::Parameters { .. } => StatusWord::INCORRECT_P1P2,
            Self::Length(_) => StatusWord::WRONG_LENGTH,
            Self::Data { .. } => StatusWord::WRONG_DATA,
        }
    }
}

impl From<CommandError> for StatusWord {
    fn from(error: CommandError) -> Self {
        error.status()
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(cla) => write!(f, "class {cla:02X} does not go with the instruction"),
            Self::SecureMessaging(cla) => {
                write!(
                    f,
                    "class {cla:02X} claims secure messaging that is not there"
                )
            }
            Self::Instruction(ins) => write!(f, "no command has the instruction {ins:02X}"),
            Self::Parameters { p1, p2 } => {
                write!(f, "P1 {p1:02X} P2 {p2:02X} mean nothing to the instruction")
            }
            Self::Length(len) => write!(f, "the data field cannot have {len} bytes"),
            Self::Data { at, what } => write!(f, "data field, offset {at}: {what}"),
        }
    }
}

impl core::error::Error for CommandError {}

fn parameters(apdu: &hydra_wire::Command) -> CommandError {
    CommandError::Parameters {
        p1: apdu.p1,
        p2: apdu.p2,
    }
}

fn owned(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}
