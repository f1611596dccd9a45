//! Scripts: many commands in one message, and their responses in one (ETSI TS 102 226 §5.2, expanded format with
//! definite lengths).

use alloc::vec::Vec;
use core::fmt;

use hydra_wire::tlv::{self, TlvError};
use hydra_wire::{ApduError, Command, Response};

mod host;

pub use host::{HostScript, Outcome, ScriptError, Stop, Target};

const COMMAND_SCRIPT: u32 = 0xAA;
const RESPONSE_SCRIPT: u32 = 0xAB;
const C_APDU: u32 = 0x22;
const R_APDU: u32 = 0x23;
const EXECUTED: u32 = 0x80;
const BAD_FORMAT: u32 = 0x90;

/// Commands to be executed one after another: `AA` {`22` C-APDU …} (TS 102 226 §5.2.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandScript {
    /// The commands.
    pub commands: Vec<Command>,
}

impl CommandScript {
    /// The script's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        for command in &self.commands {
            tlv::push(&mut content, C_APDU, &command.to_bytes());
        }
        tlv::object(COMMAND_SCRIPT, &content)
    }

    /// Reads a script; nothing may follow it.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let (base, content) = template(bytes, COMMAND_SCRIPT)?;
        let mut commands = Vec::new();
        for object in tlv::iter(content) {
            let object = object.map_err(|error| FormatError::tlv(error, base))?;
            let at = base + (object.value.as_ptr().addr() - content.as_ptr().addr());
            if object.tag != C_APDU {
                return Err(FormatError::Tag {
                    at,
                    tag: object.tag,
                });
            }
            commands.push(
                Command::parse(object.value).map_err(|error| FormatError::Apdu { at, error })?,
            );
        }
        Ok(Self { commands })
    }
}

/// The responses to a script: `AB` {`80` number executed, `23` R-APDU …} (TS 102 226 §5.2.1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseScript {
    /// How many commands were executed, the last one included if it failed.
    pub executed: u32,
    /// Their responses in order.
    pub responses: Vec<Response>,
    /// Why the rest of the script could not be read, when it could not.
    pub bad_format: Option<BadFormat>,
}

/// TS 102 226 Table 5.8: why a card could not read a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFormat {
    /// Unknown tag found.
    UnknownTag = 0x01,
    /// Wrong length found.
    WrongLength = 0x02,
    /// Length not found.
    LengthNotFound = 0x03,
}

impl ResponseScript {
    /// A script of which every response is here.
    pub fn new(responses: Vec<Response>) -> Self {
        Self {
            executed: u32::try_from(responses.len()).unwrap_or(u32::MAX),
            responses,
            bad_format: None,
        }
    }

    /// What a card answers to bytes that are no script.
    pub fn refused(reason: BadFormat) -> Self {
        Self {
            bad_format: Some(reason),
            ..Self::default()
        }
    }

    /// The script's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        let executed = self.executed.to_be_bytes();
        let first = executed.iter().position(|byte| *byte != 0).unwrap_or(3);
        tlv::push(&mut content, EXECUTED, &executed[first..]);
        for response in &self.responses {
            tlv::push(&mut content, R_APDU, &response.to_bytes());
        }
        if let Some(reason) = self.bad_format {
            tlv::push(&mut content, BAD_FORMAT, &[reason as u8]);
        }
        tlv::object(RESPONSE_SCRIPT, &content)
    }

    /// Reads a script; nothing may follow it.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let (base, content) = template(bytes, RESPONSE_SCRIPT)?;
        let mut script = Self::default();
        let mut counted = false;
        for object in tlv::iter(content) {
            let object = object.map_err(|error| FormatError::tlv(error, base))?;
            let at = base + (object.value.as_ptr().addr() - content.as_ptr().addr());
            match (object.tag, object.value) {
                (EXECUTED, value @ [_, ..]) if !counted && value.len() <= 4 => {
                    script.executed = value.iter().fold(0, |n, byte| n << 8 | u32::from(*byte));
                    counted = true;
                }
                (R_APDU, value) => script
                    .responses
                    .push(Response::parse(value).map_err(|error| FormatError::Apdu { at, error })?),
                (BAD_FORMAT, [0x01]) => script.bad_format = Some(BadFormat::UnknownTag),
                (BAD_FORMAT, [0x02]) => script.bad_format = Some(BadFormat::WrongLength),
                (BAD_FORMAT, [0x03]) => script.bad_format = Some(BadFormat::LengthNotFound),
                (tag, _) => return Err(FormatError::Tag { at, tag }),
            }
        }
        if !counted {
            return Err(FormatError::NotCounted);
        }
        Ok(script)
    }
}

fn template(bytes: &[u8], tag: u32) -> Result<(usize, &[u8]), FormatError> {
    let mut objects = tlv::iter(bytes);
    let object = objects
        .next()
        .unwrap_or(Err(TlvError::Truncated { at: 0 }))
        .map_err(|error| FormatError::tlv(error, 0))?;
    let base = object.value.as_ptr().addr() - bytes.as_ptr().addr();
    if object.tag != tag {
        return Err(FormatError::Tag {
            at: base,
            tag: object.tag,
        });
    }
    let end = base + object.value.len();
    if end != bytes.len() {
        return Err(FormatError::Trailing { at: end });
    }
    Ok((base, object.value))
}

/// Why bytes are no script; `at` is the byte offset of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// A data object is cut off or written in a way that is not supported.
    Tlv(TlvError),
    /// A data object that does not belong there.
    Tag {
        /// Byte offset.
        at: usize,
        /// Its tag.
        tag: u32,
    },
    /// A value that is no APDU.
    Apdu {
        /// Byte offset.
        at: usize,
        /// What is wrong with it.
        error: ApduError,
    },
    /// Bytes after the script.
    Trailing {
        /// Byte offset.
        at: usize,
    },
    /// A response script without the number of commands executed.
    NotCounted,
}

impl FormatError {
    fn tlv(error: TlvError, base: usize) -> Self {
        Self::Tlv(match error {
            TlvError::Truncated { at } => TlvError::Truncated { at: base + at },
            TlvError::Unsupported { at } => TlvError::Unsupported { at: base + at },
        })
    }

    /// What a card tells of it (TS 102 226 Table 5.8).
    pub fn reason(&self) -> BadFormat {
        match self {
            Self::Tag { .. } | Self::NotCounted => BadFormat::UnknownTag,
            Self::Tlv(TlvError::Truncated { .. }) => BadFormat::LengthNotFound,
            Self::Tlv(TlvError::Unsupported { .. }) | Self::Apdu { .. } | Self::Trailing { .. } => {
                BadFormat::WrongLength
            }
        }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tlv(error) => error.fmt(f),
            Self::Tag { at, tag } => {
                write!(
                    f,
                    "script, offset {at}: data object {tag:02X} does not belong there"
                )
            }
            Self::Apdu { at, error } => write!(f, "script, offset {at}: {error}"),
            Self::Trailing { at } => write!(f, "script, offset {at}: bytes after its end"),
            Self::NotCounted => f.write_str("the response script does not count its commands"),
        }
    }
}

impl core::error::Error for FormatError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Tlv(error) => Some(error),
            Self::Apdu { error, .. } => Some(error),
            _ => None,
        }
    }
}
