//! A card's manufacturing record as a file beside its image: what its issuer must know, keys included.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hydra_card::ManufacturingRecord;
use hydra_crypto::AesKey;
use hydra_gp::KeySet;
use hydra_wire::hex;
use serde::{Deserialize, Serialize};

/// The keys that GlobalPlatform tools try first: 40 to 4F, thrice. For development alone: everybody knows them.
const TEST_KEY: [u8; 16] = *b"@ABCDEFGHIJKLMNO";
/// Version of a new card's first key set.
const VERSION: u8 = 0x30;

/// The record as JSON, bytes in hexadecimal.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    card_id: String,
    key_version: u8,
    enc: String,
    mac: String,
    dek: String,
    attestation_key: String,
}

impl Record {
    /// What the making of a card gave.
    pub(crate) fn new(made: &ManufacturingRecord) -> Self {
        let keys = &made.issuer_keys;
        Self {
            card_id: hex::encode(&made.card_id),
            key_version: keys.version,
            enc: hex::encode(keys.enc.as_bytes()),
            mac: hex::encode(keys.mac.as_bytes()),
            dek: hex::encode(keys.dek.as_bytes()),
            attestation_key: hex::encode(&made.attestation_key),
        }
    }

    /// Where the record of an image is.
    pub(crate) fn path(image: &Path) -> PathBuf {
        let mut name = image.as_os_str().to_owned();
        name.push(".record.json");
        PathBuf::from(name)
    }

    /// Leaves the record, durably, for its owner alone.
    pub(crate) fn leave(&self, image: &Path) -> io::Result<()> {
        self.prepare(image)?.leave(image)
    }

    /// Writes the record beside the one there is, durably, for its owner alone.
    pub(crate) fn prepare(&self, image: &Path) -> io::Result<Prepared> {
        let mut path = Self::path(image).into_os_string();
        path.push(".new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        let text = serde_json::to_string_pretty(self)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .inspect_err(|_| {
                // A part of a record is none.
                let _ = std::fs::remove_file(&path);
            })?;
        Ok(Prepared(path.into()))
    }

    /// The record with another key set.
    pub(crate) fn with_keys(self, keys: &KeySet) -> Self {
        Self {
            key_version: keys.version,
            enc: hex::encode(keys.enc.as_bytes()),
            mac: hex::encode(keys.mac.as_bytes()),
            dek: hex::encode(keys.dek.as_bytes()),
            ..self
        }
    }

    /// The record of an image.
    pub(crate) fn find(image: &Path) -> Result<Self> {
        let path = Self::path(image);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{}: say --keys or --test-keys", path.display()))?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    /// The issuer security domain's key set.
    pub(crate) fn keys(&self) -> Result<KeySet> {
        let key = |text: &str| -> Result<AesKey> {
            let bytes = hex::decode(text).context("a key is not hexadecimal")?;
            Ok(AesKey::new(&bytes)?)
        };
        Ok(KeySet::new(
            self.key_version,
            key(&self.enc)?,
            key(&self.mac)?,
            key(&self.dek)?,
        ))
    }
}

/// A record that is written but not yet the image's.
pub(crate) struct Prepared(PathBuf);

impl Prepared {
    /// Makes it the image's record, in place of the one before.
    pub(crate) fn leave(self, image: &Path) -> io::Result<()> {
        std::fs::rename(&self.0, Record::path(image))
    }
}

/// The key set of tests and development.
pub(crate) fn test_keys() -> KeySet {
    let key = || AesKey::aes128(&TEST_KEY);
    KeySet::new(VERSION, key(), key(), key())
}

/// A key set on a command line: one key for all three, or the three one after another; hexadecimal.
pub(crate) fn keys(text: &str) -> Result<KeySet> {
    let bytes = hex::decode(text).context("keys are written in hexadecimal")?;
    let length = match bytes.len() {
        16 | 24 | 32 => bytes.len(),
        _ => bytes.len() / 3,
    };
    ensure!(
        matches!(length, 16 | 24 | 32)
            && matches!(bytes.len() / length, 1 | 3)
            && bytes.len() % length == 0,
        "keys are one or three AES keys of 16, 24 or 32 bytes, not {} bytes",
        bytes.len()
    );
    let mut parts = bytes.chunks_exact(length).cycle();
    let mut key = || AesKey::new(parts.next().unwrap_or_default());
    Ok(KeySet::new(VERSION, key()?, key()?, key()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_or_three() {
        let one = "404142434445464748494a4b4c4d4e4f";
        assert_eq!(keys(one).ok(), Some(test_keys()));
        assert_eq!(keys(&one.repeat(3)).ok(), Some(test_keys()));
        // 48 bytes are three keys of 16; 24 and 32 are one.
        assert_eq!(
            keys(&"11".repeat(24)).map(|keys| keys.enc.len()).ok(),
            Some(24)
        );
        for wrong in ["", "40", "4x", &"40".repeat(20), &"40".repeat(33)] {
            assert!(keys(wrong).is_err(), "{wrong}");
        }
    }
}
