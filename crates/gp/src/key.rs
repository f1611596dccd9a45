//! Keys as GlobalPlatform moves and lists them: key sets, PUT KEY's blocks with their check values, key information.

use alloc::vec::Vec;
use core::fmt;

use hydra_crypto::{AesKey, aes_cbc_decrypt, aes_cbc_encrypt, aes_ecb_encrypt};
use hydra_wire::{StatusWord, tlv};
use zeroize::Zeroizing;

use crate::command::CommandError;
use crate::fields::{Fields, push_lv};

/// Key type of an AES key (GPCS 2.3.1 Table 11-16).
pub const AES: u8 = 0x88;

/// An SCP03 key set: three static AES keys of one length under one version (Amendment D §6.1).
#[derive(Clone, PartialEq, Eq)]
pub struct KeySet {
    /// Key version number, 01 to 7F.
    pub version: u8,
    /// Key-ENC, identifier 1.
    pub enc: AesKey,
    /// Key-MAC, identifier 2.
    pub mac: AesKey,
    /// Key-DEK, identifier 3: encrypts keys and other secret data.
    pub dek: AesKey,
}

impl KeySet {
    /// A key set of these keys.
    pub fn new(version: u8, enc: AesKey, mac: AesKey, dek: AesKey) -> Self {
        Self {
            version,
            enc,
            mac,
            dek,
        }
    }

    /// An AES-128 key set drawn from `random`; the keys' draws are named `purpose` with `.enc`, `.mac` and `.dek`.
    pub fn draw(
        random: &mut dyn hydra_crypto::Random,
        version: u8,
        purpose: &str,
        counter: u64,
    ) -> Self {
        let mut key =
            |part: &str| AesKey::draw(random, &alloc::format!("{purpose}.{part}"), counter);
        Self::new(version, key("enc"), key("mac"), key("dek"))
    }

    /// Version, key length, and the keys one after another, for storing them.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(2 + 3 * 32));
        // A key has at most 32 bytes.
        out.extend([self.version, u8::try_from(self.enc.len()).unwrap_or(0)]);
        for key in [&self.enc, &self.mac, &self.dek] {
            out.extend_from_slice(key.as_bytes());
        }
        out
    }

    /// Reads what [`KeySet::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [version, len, keys @ ..] = bytes else {
            return None;
        };
        let len = usize::from(*len);
        if !matches!(len, 16 | 24 | 32) || keys.len() != 3 * len {
            return None;
        }
        let key = |n: usize| AesKey::new(&keys[n * len..(n + 1) * len]).ok();
        Some(Self::new(*version, key(0)?, key(1)?, key(2)?))
    }

    /// What a card lists of the key set.
    pub fn info(&self) -> [KeyInfo; 3] {
        let length = u8::try_from(self.enc.len()).unwrap_or(0);
        [1, 2, 3].map(|id| KeyInfo {
            id,
            version: self.version,
            key_type: AES,
            length,
        })
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet(version {:02X})", self.version)
    }
}

/// The check value of an AES key: the first three bytes of the encryption of sixteen bytes 01 (Amendment D §7.2.2).
pub fn check_value(key: &AesKey) -> [u8; 3] {
    let [a, b, c, ..] = aes_ecb_encrypt(key, &[0x01; 16]);
    [a, b, c]
}

/// One key of PUT KEY: type, encrypted value, check value (GPCS 2.3.1 §11.8.2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBlock {
    /// Key type.
    pub key_type: u8,
    /// The encrypted key, after its clear length where that is given.
    pub value: Vec<u8>,
    /// Key check value; may be empty.
    pub check_value: Vec<u8>,
}

impl KeyBlock {
    /// An AES key under the data encryption key: AES-CBC with a zero vector, padded to whole blocks, after the key's
    /// clear length (Amendment D §7.2.1).
    pub fn aes(key: &AesKey, dek: &AesKey) -> Self {
        let mut padded = Zeroizing::new(key.as_bytes().to_vec());
        padded.resize(key.len().next_multiple_of(16), 0);
        let mut value = Vec::from([u8::try_from(key.len()).unwrap_or(0)]);
        // Padded to whole blocks just now.
        value.extend(aes_cbc_encrypt(dek, &[0; 16], &padded).unwrap_or_default());
        Self {
            key_type: AES,
            value,
            check_value: check_value(key).to_vec(),
        }
    }

    /// The AES key, with or without its clear length before it: 9484 when the type is not AES, 6A80 when the block is
    /// malformed, 9485 when the check value does not fit. A missing check value is not taken.
    pub fn open(&self, dek: &AesKey) -> Result<AesKey, StatusWord> {
        if self.key_type != AES {
            return Err(StatusWord::ALGORITHM_NOT_SUPPORTED);
        }
        // The clear length is there exactly when the block is not whole cipher blocks.
        let (len, encrypted) = match self.value.as_slice() {
            [len, encrypted @ ..] if !self.value.len().is_multiple_of(16) => {
                (usize::from(*len), encrypted)
            }
            encrypted => (encrypted.len(), encrypted),
        };
        if len.next_multiple_of(16) != encrypted.len() {
            return Err(StatusWord::WRONG_DATA);
        }
        let clear = Zeroizing::new(
            aes_cbc_decrypt(dek, &[0; 16], encrypted).map_err(|_| StatusWord::WRONG_DATA)?,
        );
        let key = clear
            .get(..len)
            .and_then(|bytes| AesKey::new(bytes).ok())
            .ok_or(StatusWord::WRONG_DATA)?;
        if !hydra_crypto::ct_eq(&check_value(&key), &self.check_value) {
            return Err(StatusWord::WRONG_CHECK_VALUE);
        }
        Ok(key)
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, CommandError> {
        let at = fields.at();
        let key_type = fields.byte("key type")?;
        // FF announces the extended format; A1 and B0 and their like have more parts than one. None is taken yet.
        if matches!(key_type, 0xFF | 0xA0..=0xBF) {
            return Err(CommandError::Data {
                at,
                what: "key type that is not supported",
            });
        }
        Ok(Self {
            key_type,
            value: fields.lv("key value")?.to_vec(),
            check_value: fields.lv("key check value")?.to_vec(),
        })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.key_type);
        push_lv(out, &self.value);
        push_lv(out, &self.check_value);
    }
}

/// One key in the key information template (GPCS 2.3.1 §11.3.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Key identifier.
    pub id: u8,
    /// Key version number.
    pub version: u8,
    /// Key type.
    pub key_type: u8,
    /// Length in bytes.
    pub length: u8,
}

impl KeyInfo {
    /// The template E0 of these keys.
    pub fn template(keys: &[Self]) -> Vec<u8> {
        let mut content = Vec::new();
        for key in keys {
            tlv::push(
                &mut content,
                0xC0,
                &[key.id, key.version, key.key_type, key.length],
            );
        }
        tlv::object(0xE0, &content)
    }

    /// The keys of a template E0, with or without the tag around it; what is not in the plain format is left out.
    pub fn read_template(bytes: &[u8]) -> Result<Vec<Self>, tlv::TlvError> {
        let content = tlv::find(bytes, 0xE0)?.unwrap_or(bytes);
        let mut keys = Vec::new();
        for object in tlv::iter(content) {
            if let tlv::Tlv {
                tag: 0xC0,
                value: [id, version, key_type, length, ..],
            } = object?
                && *key_type != 0xFF
            {
                keys.push(Self {
                    id: *id,
                    version: *version,
                    key_type: *key_type,
                    length: *length,
                });
            }
        }
        Ok(keys)
    }
}
