use alloc::vec::Vec;
use core::fmt;

use hydra_crypto::{AesKey, ct_eq};
use hydra_wire::{Aid, Command, Response, StatusWord};

use super::derivation::{SessionKeys, card_challenge};
use super::messaging::{Broken, Messaging, Step, with_security};
use super::{MAX_SEQUENCE, Mode, SecurityLevel};
use crate::KeySet;
use crate::command::{ExternalAuthenticate, InitializeUpdate};

/// The host's end of a session.
#[derive(Clone)]
pub struct HostSession {
    messaging: Messaging,
    key_version: u8,
    dek: AesKey,
}

/// The host's end between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
#[derive(Clone)]
pub struct HostPending {
    keys: KeySet,
    mode: Mode,
    host_challenge: Vec<u8>,
}

/// Binds a response to its command. [`HostSession::wrap`] gives it out, [`HostSession::unwrap`] wants it back.
#[derive(Clone, Copy)]
pub struct Ticket(Step);

impl HostSession {
    /// Begins with INITIALIZE UPDATE. A challenge of 8 bytes asks for the S8 mode, of 16 for S16; it should be random
    /// and never be used again with these keys.
    pub fn open(
        keys: &KeySet,
        host_challenge: &[u8],
    ) -> Result<(HostPending, Command), StatusWord> {
        let mode = match host_challenge.len() {
            8 => Mode::S8,
            16 => Mode::S16,
            _ => return Err(StatusWord::WRONG_DATA),
        };
        let command = crate::Command::InitializeUpdate(InitializeUpdate {
            key_version: keys.version,
            host_challenge: host_challenge.to_vec(),
        });
        let pending = HostPending {
            keys: keys.clone(),
            mode,
            host_challenge: host_challenge.to_vec(),
        };
        Ok((pending, command.to_apdu()))
    }

    /// Protects a plain command.
    pub fn wrap(&mut self, command: &Command) -> Result<(Command, Ticket), HostError> {
        // Encryption adds 16 bytes at most, the MAC as many.
        if command.data.len() > 65_535 - 32 {
            return Err(HostError::TooLong(command.data.len()));
        }
        let wrapped = self.messaging.wrap_command(command.clone());
        Ok((wrapped, Ticket(self.messaging.step)))
    }

    /// Checks the response to the command of this ticket and makes it plain.
    ///
    /// With R-MAC a card sends errors bare and unprotected, so a status word other than 9000, 62xx and 63xx is only
    /// hearsay. After an error of this function nothing that the card says in this session can be believed.
    pub fn unwrap(&self, ticket: &Ticket, response: &Response) -> Result<Response, HostError> {
        self.messaging
            .unwrap_response(ticket.0, response.clone())
            .map_err(|broken| match broken {
                Broken::Mac => HostError::ResponseMac,
                Broken::Padding => HostError::ResponsePadding,
            })
    }

    /// What the session protects.
    pub fn level(&self) -> SecurityLevel {
        self.messaging.level
    }

    /// The most data that a command of the short form carries in this session.
    pub fn max_data(&self) -> usize {
        self.level().max_data(self.messaging.mode)
    }

    /// Version of the key set that the session was opened with.
    pub fn key_version(&self) -> u8 {
        self.key_version
    }

    /// The static data encryption key: PUT KEY's keys go under it.
    pub fn dek(&self) -> &AesKey {
        &self.dek
    }
}

impl HostPending {
    /// Takes the card's answer to INITIALIZE UPDATE, and goes on to EXTERNAL AUTHENTICATE when the card has shown that
    /// it holds the keys.
    pub fn answer(
        self,
        response: &Response,
        level: SecurityLevel,
    ) -> Result<(HostSession, Command), HostError> {
        let answer = self.authentic(response)?;
        let can = answer.parameter & 0x60;
        if level.has_r_mac() && can & 0x20 == 0 || level.has_r_encryption() && can & 0x40 == 0 {
            return Err(HostError::Level {
                level,
                parameter: answer.parameter,
            });
        }
        // Version 0 asked for whichever key set the card takes first.
        let (mut session, command) = self.proceed(&answer.card_challenge, level);
        session.key_version = answer.key_version;
        Ok((session, command))
    }

    /// Goes on to EXTERNAL AUTHENTICATE without the card's answer, from the counter and the domain that it will answer
    /// with. Whether it did is for [`HostPending::confirm`] to say.
    pub fn predict(
        &self,
        sequence: u32,
        domain: &Aid,
        level: SecurityLevel,
    ) -> Result<(HostSession, Command), HostError> {
        if sequence > MAX_SEQUENCE {
            return Err(HostError::SequenceUsedUp);
        }
        let challenge = card_challenge(&self.keys.enc, self.mode, sequence, domain);
        Ok(self.clone().proceed(&challenge, level))
    }

    /// Checks that the card answered INITIALIZE UPDATE as predicted. When it holds the keys but counts otherwise, the
    /// error gives its counter: the next session's is one more.
    pub fn confirm(
        &self,
        response: &Response,
        sequence: u32,
        domain: &Aid,
    ) -> Result<(), HostError> {
        let answer = self.authentic(response)?;
        let predicted = card_challenge(&self.keys.enc, self.mode, sequence, domain);
        if predicted == answer.card_challenge {
            return Ok(());
        }
        match answer.sequence {
            Some(card) if card != sequence => Err(HostError::Sequence {
                predicted: sequence,
                card,
            }),
            _ => Err(HostError::Challenge),
        }
    }

    /// The answer, once the card's cryptogram has been checked.
    fn authentic(&self, response: &Response) -> Result<InitializeUpdateResponse, HostError> {
        if !response.sw.is_success() {
            return Err(HostError::Status(response.sw));
        }
        let answer = InitializeUpdateResponse::read(&response.data)?;
        if answer.card_challenge.len() != self.mode.len() {
            return Err(HostError::Mode(answer.parameter));
        }
        if self.keys.version != 0 && answer.key_version != self.keys.version {
            return Err(HostError::KeyVersion(answer.key_version));
        }
        let session = SessionKeys::derive(&self.keys, &self.host_challenge, &answer.card_challenge);
        let cryptogram =
            session.card_cryptogram(self.mode, &[&self.host_challenge, &answer.card_challenge]);
        if !ct_eq(&cryptogram, &answer.card_cryptogram) {
            return Err(HostError::CardCryptogram);
        }
        Ok(answer)
    }

    fn proceed(self, card_challenge: &[u8], level: SecurityLevel) -> (HostSession, Command) {
        let keys = SessionKeys::derive(&self.keys, &self.host_challenge, card_challenge);
        let mut command = ExternalAuthenticate {
            level,
            host_cryptogram: keys
                .host_cryptogram(self.mode, &[&self.host_challenge, card_challenge]),
            mac: Vec::new(),
        }
        .to_apdu();
        command.cla = with_security(command.cla);
        let mut messaging = Messaging {
            keys,
            mode: self.mode,
            level,
            step: Step::START,
        };
        messaging.seal_mac(&mut command);
        let session = HostSession {
            messaging,
            key_version: self.keys.version,
            dek: self.keys.dek.clone(),
        };
        (session, command)
    }
}

/// What a card answers to INITIALIZE UPDATE under SCP03 (Amendment D §7.1.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitializeUpdateResponse {
    /// Key diversification data.
    pub diversification: [u8; 10],
    /// Version of the key set.
    pub key_version: u8,
    /// Parameter i.
    pub parameter: u8,
    /// Card challenge, 8 or 16 bytes.
    pub card_challenge: Vec<u8>,
    /// Card cryptogram, 8 or 16 bytes.
    pub card_cryptogram: Vec<u8>,
    /// Sequence counter; there when the challenge is pseudo-random.
    pub sequence: Option<u32>,
}

impl InitializeUpdateResponse {
    /// Reads the response data.
    pub fn read(data: &[u8]) -> Result<Self, HostError> {
        let malformed = HostError::Malformed { len: data.len() };
        let (diversification, rest) = data.split_first_chunk::<10>().ok_or(malformed)?;
        let [key_version, protocol, parameter, rest @ ..] = rest else {
            return Err(malformed);
        };
        if *protocol != 0x03 {
            return Err(HostError::Protocol(*protocol));
        }
        let len = if parameter & 0x01 == 0 { 8 } else { 16 };
        let (card_challenge, rest) = rest.split_at_checked(len).ok_or(malformed)?;
        let (card_cryptogram, rest) = rest.split_at_checked(len).ok_or(malformed)?;
        let sequence = match *rest {
            [] if parameter & 0x10 == 0 => None,
            [a, b, c] if parameter & 0x10 != 0 => Some(u32::from_be_bytes([0, a, b, c])),
            _ => return Err(malformed),
        };
        Ok(Self {
            diversification: *diversification,
            key_version: *key_version,
            parameter: *parameter,
            card_challenge: card_challenge.to_vec(),
            card_cryptogram: card_cryptogram.to_vec(),
            sequence,
        })
    }
}

impl fmt::Debug for HostSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostSession")
            .field("level", &self.level())
            .field("key_version", &self.key_version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HostPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostPending")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({})", self.0.counter)
    }
}

/// Why the host's end of a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The card refused INITIALIZE UPDATE.
    Status(StatusWord),
    /// The answer to INITIALIZE UPDATE has a wrong length.
    Malformed {
        /// Bytes in the answer.
        len: usize,
    },
    /// The card speaks another protocol than SCP03.
    Protocol(u8),
    /// The card speaks the other mode; its parameter i.
    Mode(u8),
    /// The card used keys of another version.
    KeyVersion(u8),
    /// The card's parameter i leaves out what the level asks for.
    Level {
        /// The level asked for.
        level: SecurityLevel,
        /// The card's parameter i.
        parameter: u8,
    },
    /// The card does not hold the keys.
    CardCryptogram,
    /// The card counts otherwise than predicted.
    Sequence {
        /// The counter that was predicted.
        predicted: u32,
        /// The counter that the card used.
        card: u32,
    },
    /// The card's challenge is not the pseudo-random one of its counter and the domain.
    Challenge,
    /// The sequence counter has no value left.
    SequenceUsedUp,
    /// A command's data is too long to be protected.
    TooLong(usize),
    /// A response's MAC is missing or wrong.
    ResponseMac,
    /// A response's data does not decrypt to something padded.
    ResponsePadding,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(sw) => write!(f, "the card refused INITIALIZE UPDATE: {sw}"),
            Self::Malformed { len } => {
                write!(f, "{len} bytes are no answer to INITIALIZE UPDATE")
            }
            Self::Protocol(scp) => write!(f, "the card speaks SCP{scp:02X}, not SCP03"),
            Self::Mode(i) => write!(f, "the card's parameter i = {i:02X} is of the other mode"),
            Self::KeyVersion(version) => write!(f, "the card used key version {version:02X}"),
            Self::Level { level, parameter } => write!(
                f,
                "a card with parameter i = {parameter:02X} has no {level:?}"
            ),
            Self::CardCryptogram => {
                f.write_str("the card cryptogram is wrong: the card does not hold these keys")
            }
            Self::Sequence { predicted, card } => write!(
                f,
                "the card's sequence counter is {card:06X}, not {predicted:06X}"
            ),
            Self::Challenge => {
                f.write_str("the card challenge does not follow from counter and domain")
            }
            Self::SequenceUsedUp => f.write_str("the sequence counter is used up"),
            Self::TooLong(len) => write!(f, "{len} bytes of data are too many to protect"),
            Self::ResponseMac => f.write_str("the response's MAC is missing or wrong"),
            Self::ResponsePadding => f.write_str("the response's data is not padded"),
        }
    }
}

impl core::error::Error for HostError {}
