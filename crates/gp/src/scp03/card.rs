use alloc::vec::Vec;

use hydra_crypto::{AesKey, ct_eq};
use hydra_wire::{Aid, Command, Response, StatusWord};

use super::derivation::{SessionKeys, card_challenge};
use super::messaging::{Messaging, Step, is_secured};
use super::{MAX_SEQUENCE, Mode, SecurityLevel, sequence_bytes};
use crate::KeySet;
use crate::command::ExternalAuthenticate;

/// The card's end of a session that is open.
///
/// After a command that is not protected as agreed the session is closed for good: its keys are gone and every later
/// command gets 6982.
pub struct CardSession {
    messaging: Option<Messaging>,
    level: SecurityLevel,
    key_version: u8,
    dek: AesKey,
}

/// The card's end between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
pub struct CardPending {
    messaging: Messaging,
    host_cryptogram: Vec<u8>,
    key_version: u8,
    dek: AesKey,
}

impl CardSession {
    /// Amendment D §7.1.1 INITIALIZE UPDATE, in the S8 mode: the host's challenge has 8 bytes, else 6A80.
    ///
    /// `sequence` is the key set's counter for this session: the caller has counted it up and made that durable before
    /// the answer leaves. `domain` is the AID of the selected security domain. A counter beyond three bytes is used up:
    /// 6985.
    pub fn initialize_update(
        keys: &KeySet,
        sequence: u32,
        domain: &Aid,
        diversification: &[u8; 10],
        host_challenge: &[u8],
    ) -> Result<(CardPending, Response), StatusWord> {
        Self::initialize_update_in(
            Mode::S8,
            keys,
            sequence,
            domain,
            diversification,
            host_challenge,
        )
    }

    /// [`CardSession::initialize_update`] for a card of either mode.
    pub fn initialize_update_in(
        mode: Mode,
        keys: &KeySet,
        sequence: u32,
        domain: &Aid,
        diversification: &[u8; 10],
        host_challenge: &[u8],
    ) -> Result<(CardPending, Response), StatusWord> {
        if host_challenge.len() != mode.len() {
            return Err(StatusWord::WRONG_DATA);
        }
        if sequence > MAX_SEQUENCE {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let challenge = card_challenge(&keys.enc, mode, sequence, domain);
        let session = SessionKeys::derive(keys, host_challenge, &challenge);
        let context = [host_challenge, &challenge];
        let host_cryptogram = session.host_cryptogram(mode, &context);

        let mut data = diversification.to_vec();
        data.extend([keys.version, 0x03, mode.parameter()]);
        data.extend_from_slice(&challenge);
        data.extend(session.card_cryptogram(mode, &context));
        data.extend(sequence_bytes(sequence));
        let pending = CardPending {
            messaging: Messaging {
                keys: session,
                mode,
                level: SecurityLevel::NONE,
                step: Step::START,
            },
            host_cryptogram,
            key_version: keys.version,
            dek: keys.dek.clone(),
        };
        Ok((pending, Response::ok(data)))
    }

    /// Checks a command and takes its protection off.
    ///
    /// 6982 when it is not protected as the session's level demands, or the session is closed; 6988 when its MAC or its
    /// padding is wrong. Either closes the session. The command keeps its channel; its class no longer says that it
    /// was secured.
    pub fn unwrap(&mut self, command: &Command) -> Result<Command, StatusWord> {
        // Taken out first: whatever ends this function early has closed the session.
        let mut messaging = self
            .messaging
            .take()
            .ok_or(StatusWord::SECURITY_STATUS_NOT_SATISFIED)?;
        if is_secured(command.cla) != self.level.has_c_mac() {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let plain = messaging
            .unwrap_command(command.clone())
            .map_err(|_| StatusWord::INCORRECT_SECURE_MESSAGING)?;
        self.messaging = Some(messaging);
        Ok(plain)
    }

    /// Protects the response to the command that was unwrapped last. With R-MAC, errors go as a bare status word.
    pub fn wrap(&self, response: Response) -> Response {
        match &self.messaging {
            Some(messaging) => messaging.wrap_response(messaging.step, response),
            None => Response::status(response.sw),
        }
    }

    /// Whether the session still stands.
    pub fn is_open(&self) -> bool {
        self.messaging.is_some()
    }

    /// What the session protects.
    pub fn level(&self) -> SecurityLevel {
        self.level
    }

    /// Version of the key set that the session was opened with.
    pub fn key_version(&self) -> u8 {
        self.key_version
    }

    /// The static data encryption key: PUT KEY's keys come under it (Amendment D §6.2.8).
    pub fn dek(&self) -> &AesKey {
        &self.dek
    }
}

impl CardPending {
    /// Amendment D §7.1.2 EXTERNAL AUTHENTICATE
    ///
    /// Answer 9000 when it gives a session. 6982 when it carries no MAC, 6300 when the host's cryptogram is wrong, 6988
    /// when the MAC is; the session does not come about then.
    pub fn external_authenticate(mut self, command: &Command) -> Result<CardSession, StatusWord> {
        if !is_secured(command.cla) {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let request = ExternalAuthenticate::read(command)?;
        if request.host_cryptogram.len() != self.messaging.mode.len() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if !ct_eq(&request.host_cryptogram, &self.host_cryptogram) {
            return Err(StatusWord::AUTHENTICATION_FAILED);
        }
        self.messaging
            .open_mac(&mut command.clone())
            .map_err(|_| StatusWord::INCORRECT_SECURE_MESSAGING)?;
        self.messaging.level = request.level;
        Ok(CardSession {
            messaging: Some(self.messaging),
            level: request.level,
            key_version: self.key_version,
            dek: self.dek,
        })
    }
}

impl core::fmt::Debug for CardSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CardSession")
            .field("open", &self.is_open())
            .field("level", &self.level)
            .field("key_version", &self.key_version)
            .finish_non_exhaustive()
    }
}

impl core::fmt::Debug for CardPending {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CardPending")
            .field("key_version", &self.key_version)
            .finish_non_exhaustive()
    }
}
