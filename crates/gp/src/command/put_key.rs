use alloc::vec::Vec;

use hydra_wire::{Response, StatusWord};

use super::{CommandError, LE, apdu as command, ins, parameters};
use crate::fields::Fields;
use crate::key::{KeyBlock, KeySet};
use hydra_crypto::AesKey;

/// GPCS 2.3.1 §11.8 PUT KEY
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutKey {
    /// The version that is replaced; 00 puts new keys.
    pub old_version: u8,
    /// Identifier of the first key; the others follow it.
    pub first_id: u8,
    /// The version that the keys get.
    pub new_version: u8,
    /// The keys, encrypted, with their check values; at least one.
    pub keys: Vec<KeyBlock>,
}

impl PutKey {
    /// Puts an SCP03 key set, identifiers 1 to 3, encrypted under the session's data encryption key.
    pub fn key_set(old_version: u8, keys: &KeySet, dek: &AesKey) -> Self {
        Self {
            old_version,
            first_id: 1,
            new_version: keys.version,
            keys: [&keys.enc, &keys.mac, &keys.dek]
                .map(|key| KeyBlock::aes(key, dek))
                .to_vec(),
        }
    }

    /// The SCP03 key set that the command brings: keys 1 to 3 in one command, decrypted and checked. 6A80 when it is
    /// something else, 9484 when a key is not AES, 9485 when a check value is wrong.
    pub fn open_key_set(&self, dek: &AesKey) -> Result<KeySet, StatusWord> {
        let ([enc, mac, data], 1) = (self.keys.as_slice(), self.first_id) else {
            return Err(StatusWord::WRONG_DATA);
        };
        let (enc, mac, data) = (enc.open(dek)?, mac.open(dek)?, data.open(dek)?);
        if enc.len() != mac.len() || mac.len() != data.len() {
            return Err(StatusWord::WRONG_DATA);
        }
        Ok(KeySet::new(self.new_version, enc, mac, data))
    }

    /// What the card answers: the new version and the check values.
    pub fn response(&self) -> Response {
        Response::ok(self.confirmation())
    }

    /// The data of the card's answer, for the host to compare.
    pub fn confirmation(&self) -> Vec<u8> {
        let mut data = Vec::from([self.new_version]);
        for key in &self.keys {
            data.extend_from_slice(&key.check_value);
        }
        data
    }

    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        let several = apdu.p2 & 0x80 != 0;
        let first_id = apdu.p2 & 0x7F;
        // P1 bit 80 announces more PUT KEY commands; each here stands alone, as key sets fit one command.
        if apdu.p1 > 0x7F || first_id == 0 {
            return Err(parameters(apdu));
        }
        let mut fields = Fields::new(&apdu.data);
        let error = fields.error("a key version is 01 to 7F");
        let new_version = fields.byte("new key version")?;
        if !(0x01..=0x7F).contains(&new_version) {
            return Err(error);
        }
        let mut keys = Vec::new();
        while !fields.is_empty() {
            keys.push(KeyBlock::read(&mut fields)?);
        }
        if keys.is_empty() || keys.len() > 1 && !several {
            return Err(CommandError::Data {
                at: 1,
                what: "P2 and the number of keys disagree",
            });
        }
        if usize::from(first_id) + keys.len() > 0x80 {
            return Err(parameters(apdu));
        }
        Ok(Self {
            old_version: apdu.p1,
            first_id,
            new_version,
            keys,
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        let mut data = Vec::from([self.new_version]);
        for key in &self.keys {
            key.write(&mut data);
        }
        let several = if self.keys.len() > 1 { 0x80 } else { 0x00 };
        command(
            ins::PUT_KEY,
            self.old_version,
            several | self.first_id,
            &data,
        )
        .with_le(LE)
    }
}
