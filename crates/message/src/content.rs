use alloc::vec::Vec;

use crate::cbor::{Reader, written};
use crate::{Digest, Error, Salt};

/// What an applet hands to the outbox: `[claims, hidden]`, a map and an array of `[key, value]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    claims: &'a [u8],
    hidden: Vec<(u64, &'a [u8])>,
}

impl<'a> Content<'a> {
    /// Reads the applet's bytes. Claims and hidden values may be any deterministic CBOR; the keys of hidden claims
    /// are unsigned integers, none twice.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes)?;
        reader.array_of(2, "an array of claims and hidden claims")?;
        if !reader.is_map() {
            return Err(reader.unexpected("a map of claims"));
        }
        let claims = reader.item()?;
        let count = reader.array("an array of hidden claims")?;
        let mut hidden: Vec<(u64, &[u8])> = Vec::new();
        for _ in 0..count {
            reader.array_of(2, "a hidden claim [key, value]")?;
            let repeated = reader.unexpected("a key that no other hidden claim has");
            let key = reader.u64("an unsigned key")?;
            if hidden.iter().any(|(k, _)| *k == key) {
                return Err(repeated);
            }
            hidden.push((key, reader.item()?));
        }
        Ok(Self { claims, hidden })
    }

    /// How many salts the message needs.
    pub fn hidden_count(&self) -> usize {
        self.hidden.len()
    }

    /// The map of claims, encoded.
    pub fn claims(&self) -> &'a [u8] {
        self.claims
    }

    /// Each hidden claim with its salt.
    pub fn disclosures(&self, salts: &[Salt]) -> Result<Vec<Disclosure>, Error> {
        if salts.len() != self.hidden.len() {
            return Err(Error::Salts {
                needed: self.hidden.len(),
                given: salts.len(),
            });
        }
        Ok(self
            .hidden
            .iter()
            .zip(salts)
            .map(|((key, value), salt)| Disclosure {
                salt: *salt,
                key: *key,
                value: value.to_vec(),
            })
            .collect())
    }
}

/// What opens one hidden claim: `[salt, key, value]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// Keeps the value from being guessed from its hash.
    pub salt: Salt,
    /// The claim's key.
    pub key: u64,
    /// The claim's value, encoded.
    pub value: Vec<u8>,
}

impl Disclosure {
    /// `[salt, key, value]` as CBOR: the preimage of [`digest`](Self::digest).
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut out = written(|w| w.array(3)?.bytes(&self.salt)?.u64(self.key)?.ok())?;
        out.extend_from_slice(&self.value);
        Ok(out)
    }

    /// The hash that stands for the claim in the signed payload.
    pub fn digest(&self) -> Result<Digest, Error> {
        Ok(hydra_crypto::sha256(&self.to_bytes()?))
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.array_of(3, "a disclosure [salt, key, value]")?;
        Ok(Self {
            salt: reader.bytes_of("a salt of 16 bytes")?,
            key: reader.u64("an unsigned key")?,
            value: reader.item()?.to_vec(),
        })
    }
}
