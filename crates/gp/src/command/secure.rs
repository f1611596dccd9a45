use alloc::vec::Vec;

use super::{CommandError, LE, apdu as command, ins, owned, parameters};
use crate::scp03::SecurityLevel;

/// Amendment D §7.1.1 INITIALIZE UPDATE
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitializeUpdate {
    /// Version of the key set; 00 leaves the choice to the card.
    pub key_version: u8,
    /// 8 bytes, or 16 in the S16 mode.
    pub host_challenge: Vec<u8>,
}

impl InitializeUpdate {
    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        if apdu.p2 != 0 || apdu.p1 > 0x7F && apdu.p1 != 0xFF {
            return Err(parameters(apdu));
        }
        if !matches!(apdu.data.len(), 8 | 16) {
            return Err(CommandError::Length(apdu.data.len()));
        }
        Ok(Self {
            key_version: apdu.p1,
            host_challenge: owned(&apdu.data),
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        command(
            ins::INITIALIZE_UPDATE,
            self.key_version,
            0x00,
            &self.host_challenge,
        )
        .with_le(LE)
    }
}

/// Amendment D §7.1.2 EXTERNAL AUTHENTICATE
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalAuthenticate {
    /// What secure messaging protects from now on.
    pub level: SecurityLevel,
    /// 8 bytes, or 16 in the S16 mode.
    pub host_cryptogram: Vec<u8>,
    /// 8 bytes, or 16 in the S16 mode.
    pub mac: Vec<u8>,
}

impl ExternalAuthenticate {
    pub(crate) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        if apdu.p2 != 0 {
            return Err(parameters(apdu));
        }
        if !matches!(apdu.data.len(), 16 | 32) {
            return Err(CommandError::Length(apdu.data.len()));
        }
        let (host_cryptogram, mac) = apdu.data.split_at(apdu.data.len() / 2);
        Ok(Self {
            level: SecurityLevel::try_from(apdu.p1).map_err(|_| parameters(apdu))?,
            host_cryptogram: owned(host_cryptogram),
            mac: owned(mac),
        })
    }

    pub(crate) fn to_apdu(&self) -> hydra_wire::Command {
        let mut data = self.host_cryptogram.clone();
        data.extend_from_slice(&self.mac);
        hydra_wire::Command::new(0x84, ins::EXTERNAL_AUTHENTICATE, self.level.byte(), 0x00)
            .with_data(&data)
    }
}
