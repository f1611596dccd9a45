//! The table of signature algorithms (API 3.2, `Signature`).

use hydra_crypto::Padding;

use super::mac;
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
    /// A message authentication code.
    Mac(mac::Kind),
    /// RSA over a digest.
    Rsa(Block),
    /// ECDSA over a digest.
    Ecdsa(Form),
    /// DSA over a digest.
    Dsa,
    /// RSA over a digest and the beginning of the message.
    Recovery(Recovery),
    /// Ed25519 over the message itself.
    Eddsa,
}

/// What RSA is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// EMSA-PKCS1-v1_5.
    Pkcs1,
    /// EMSA-PSS.
    Pss,
    /// As PKCS #1, but the digest without its algorithm's name.
    Rfc2409,
}

/// Whether the verifier is given the message that a signature holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// It is: `Signature.verify`.
    Known,
    /// It is not: `SignatureMessageRecovery`.
    Unknown,
}

/// How r and s are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ANSI X9.62: a sequence in DER.
    Der,
    /// BSI TR-03111 §5.2.1: r ‖ s.
    Plain,
}

/// The numbered algorithms: number, digest, cipher, padding.
const NUMBERED: &[[i8; 4]] = &[
    [1, 0, DES_MAC4, PAD_NOPAD],
    [2, 0, DES_MAC8, PAD_NOPAD],
    [3, 0, DES_MAC4, PAD_ISO9797_M1],
    [4, 0, DES_MAC8, PAD_ISO9797_M1],
    [5, 0, DES_MAC4, PAD_ISO9797_M2],
    [6, 0, DES_MAC8, PAD_ISO9797_M2],
    [7, 0, DES_MAC4, PAD_PKCS5],
    [8, 0, DES_MAC8, PAD_PKCS5],
    [9, 1, RSA, PAD_ISO9796],
    [10, 1, RSA, PAD_PKCS1],
    [11, 2, RSA, PAD_PKCS1],
    [12, 3, RSA, PAD_ISO9796],
    [13, 3, RSA, PAD_PKCS1],
    [14, 1, DSA, PAD_NULL],
    [15, 1, RSA, PAD_RFC2409],
    [16, 2, RSA, PAD_RFC2409],
    [17, 1, ECDSA, PAD_NULL],
    [18, 0, AES_MAC128, PAD_NOPAD],
    [19, 0, DES_MAC4, PAD_ISO9797_1_M2_ALG3],
    [20, 0, DES_MAC8, PAD_ISO9797_1_M2_ALG3],
    [21, 1, RSA, PAD_PKCS1_PSS],
    [22, 2, RSA, PAD_PKCS1_PSS],
    [23, 3, RSA, PAD_PKCS1_PSS],
    [24, 1, HMAC, PAD_NULL],
    [25, 4, HMAC, PAD_NULL],
    [26, 5, HMAC, PAD_NULL],
    [27, 6, HMAC, PAD_NULL],
    [28, 2, HMAC, PAD_NULL],
    [29, 3, HMAC, PAD_NULL],
    [30, 1, RSA, PAD_ISO9796_MR],
    [31, 3, RSA, PAD_ISO9796_MR],
    [33, 4, ECDSA, PAD_NULL],
    [34, 5, ECDSA, PAD_NULL],
    [37, 7, ECDSA, PAD_NULL],
    [38, 6, ECDSA, PAD_NULL],
    [39, 7, RSA, PAD_PKCS1],
    [40, 4, RSA, PAD_PKCS1],
    [41, 5, RSA, PAD_PKCS1],
    [42, 6, RSA, PAD_PKCS1],
    [43, 7, RSA, PAD_PKCS1_PSS],
    [44, 4, RSA, PAD_PKCS1_PSS],
    [45, 5, RSA, PAD_PKCS1_PSS],
    [46, 6, RSA, PAD_PKCS1_PSS],
    [47, 0, DES_MAC4, PAD_ISO9797_1_M1_ALG3],
    [48, 0, DES_MAC8, PAD_ISO9797_1_M1_ALG3],
    [49, 0, AES_CMAC128, PAD_ISO9797_M2],
];

// `SIG_CIPHER_…`
const DES_MAC4: i8 = 1;
const DES_MAC8: i8 = 2;
const RSA: i8 = 3;
const DSA: i8 = 4;
const ECDSA: i8 = 5;
const AES_MAC128: i8 = 6;
const HMAC: i8 = 7;
const ECDSA_PLAIN: i8 = 9;
const AES_CMAC128: i8 = 10;
const EDDSA: i8 = 13;
const EDDSA_ED25519: i8 = 15;

const PAD_NULL: i8 = 0;
const PAD_NOPAD: i8 = 1;
const PAD_ISO9797_M1: i8 = 2;
const PAD_ISO9797_M2: i8 = 3;
const PAD_ISO9797_1_M1_ALG3: i8 = 4;
const PAD_ISO9797_1_M2_ALG3: i8 = 5;
const PAD_PKCS5: i8 = 6;
const PAD_PKCS1: i8 = 7;
const PAD_PKCS1_PSS: i8 = 8;
const PAD_ISO9796: i8 = 10;
const PAD_ISO9796_MR: i8 = 11;
const PAD_RFC2409: i8 = 12;

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

    /// Whether it signs with keys of a family and size.
    pub(super) fn signs_with(&self, family: key::Family, bits: i16) -> bool {
        match self.family {
            Family::Mac(kind) => kind.takes(family, bits),
            Family::Rsa(_) | Family::Recovery(_) => {
                matches!(family, key::Family::RsaPrivate | key::Family::RsaCrt)
            }
            Family::Dsa => family == key::Family::DsaPrivate,
            // `XecPrivate` of a curve over a prime field.
            Family::Ecdsa(_) => matches!(
                family,
                key::Family::EcPrivate | key::Family::BinaryPrivate | key::Family::XecPrivate
            ),
            Family::Eddsa => family == key::Family::XecPrivate,
        }
    }

    /// Whether it verifies with keys of a family and size.
    pub(super) fn verifies_with(&self, family: key::Family, bits: i16) -> bool {
        match self.family {
            Family::Mac(kind) => kind.takes(family, bits),
            Family::Rsa(_) | Family::Recovery(_) => family == key::Family::RsaPublic,
            Family::Dsa => family == key::Family::DsaPublic,
            Family::Ecdsa(_) => matches!(
                family,
                key::Family::EcPublic | key::Family::BinaryPublic | key::Family::XecPublic
            ),
            Family::Eddsa => family == key::Family::XecPublic,
        }
    }
}

impl Family {
    fn of(digest: i8, cipher: i8, padding: i8) -> Option<Self> {
        let filled = match padding {
            PAD_NOPAD => Some(Padding::None),
            PAD_ISO9797_M1 | PAD_ISO9797_1_M1_ALG3 => Some(Padding::Zeros),
            PAD_ISO9797_M2 | PAD_ISO9797_1_M2_ALG3 => Some(Padding::Bit),
            PAD_PKCS5 => Some(Padding::Count),
            _ => None,
        };
        let retail = matches!(padding, PAD_ISO9797_1_M1_ALG3 | PAD_ISO9797_1_M2_ALG3);
        let hashes = message_digest::algorithm(digest).is_some();
        match (cipher, padding) {
            (DES_MAC4 | DES_MAC8, _) if digest == 0 => {
                let length = if cipher == DES_MAC4 { 4 } else { 8 };
                Some(Self::Mac(if retail {
                    mac::Kind::Retail(filled?, length)
                } else {
                    mac::Kind::Cbc(key::Family::Des, filled?, length)
                }))
            }
            (AES_MAC128, _) if digest == 0 && !retail => {
                Some(Self::Mac(mac::Kind::Cbc(key::Family::Aes, filled?, 16)))
            }
            (AES_CMAC128, PAD_NULL | PAD_ISO9797_M2) if digest == 0 => {
                Some(Self::Mac(mac::Kind::Cmac))
            }
            (HMAC, PAD_NULL) => message_digest::algorithm(digest)
                .map(mac::Kind::Hmac)
                .map(Self::Mac),
            // Without a digest there are only hashes that the applet made itself.
            (RSA, PAD_PKCS1) if hashes || digest == 0 => Some(Self::Rsa(Block::Pkcs1)),
            (RSA, PAD_RFC2409) if hashes => Some(Self::Rsa(Block::Rfc2409)),
            (RSA, PAD_PKCS1_PSS) if hashes => Some(Self::Rsa(Block::Pss)),
            (RSA, PAD_ISO9796) if hashes => Some(Self::Recovery(Recovery::Known)),
            (RSA, PAD_ISO9796_MR) if hashes => Some(Self::Recovery(Recovery::Unknown)),
            (DSA, PAD_NULL) if hashes => Some(Self::Dsa),
            (ECDSA, PAD_NULL) if hashes || digest == 0 => Some(Self::Ecdsa(Form::Der)),
            (EDDSA | EDDSA_ED25519, PAD_NULL) if digest == 0 => Some(Self::Eddsa),
            (ECDSA_PLAIN, PAD_NULL) if hashes || digest == 0 => Some(Self::Ecdsa(Form::Plain)),
            _ => None,
        }
    }
}
