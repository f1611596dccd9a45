//! The table of signature algorithms (API 3.2, `Signature`).

use crate::api::javacard::security::{key, message_digest};

/// A signature algorithm: the number of a constant, 0 if it has none, and the parts that make it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scheme {
    /// `Signature.ALG_…`
    pub(super) number: i8,
    /// `MessageDigest.ALG_…`
    pub(super) digest: i8,
    /// `Signature.SIG_CIPHER_…`
    pub(super) cipher: i8,
    /// `Cipher.PAD_…`
    pub(super) padding: i8,
    pub(super) family: Family,
}

/// What computes a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// ECDSA over a digest, the signature in DER.
    Ecdsa,
}

/// The numbered algorithms: number, digest, cipher, padding.
const NUMBERED: &[[i8; 4]] = &[[17, 1, SIG_CIPHER_ECDSA, 0], [33, 4, SIG_CIPHER_ECDSA, 0]];

const SIG_CIPHER_ECDSA: i8 = 5;

impl Scheme {
    /// By `Signature.ALG_…`.
    pub(super) fn by_number(number: i8) -> Option<Self> {
        let [_, digest, cipher, padding] = NUMBERED.iter().find(|row| row[0] == number)?;
        Self::by_parts(*digest, *cipher, *padding)
    }

    /// By the three arguments of `getInstance`.
    pub(super) fn by_parts(digest: i8, cipher: i8, padding: i8) -> Option<Self> {
        let family = Family::of(digest, cipher, padding)?;
        let row = NUMBERED
            .iter()
            .find(|row| row[1..] == [digest, cipher, padding]);
        Some(Self {
            number: row.map_or(0, |row| row[0]),
            digest,
            cipher,
            padding,
            family,
        })
    }

    /// Whether it signs with keys of a family.
    pub(super) fn signs_with(&self, family: key::Family) -> bool {
        match self.family {
            Family::Ecdsa => family == key::Family::EcPrivate,
        }
    }

    /// Whether it verifies with keys of a family.
    pub(super) fn verifies_with(&self, family: key::Family) -> bool {
        match self.family {
            Family::Ecdsa => family == key::Family::EcPublic,
        }
    }
}

impl Family {
    fn of(digest: i8, cipher: i8, padding: i8) -> Option<Self> {
        match (cipher, padding) {
            // P-256 takes a hash of at most its own length.
            (SIG_CIPHER_ECDSA, 0) => message_digest::algorithm(digest)
                .is_some_and(|function| function.len() <= 32)
                .then_some(Self::Ecdsa),
            _ => None,
        }
    }
}
