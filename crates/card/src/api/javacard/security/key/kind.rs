//! The table of key types (API 3.2, `KeyBuilder`).

use hydra_vm::Storage;

use super::{PARAMETERS, VALUE};

/// A type of key that [`KeyBuilder`](crate::api::javacard::security::key_builder) makes.
pub(crate) struct Kind {
    /// `KeyBuilder.TYPE_…`
    pub(crate) number: i8,
    /// `KeyBuilder.ALG_TYPE_…`
    pub(crate) algorithm: i8,
    pub(crate) class: &'static str,
    pub(crate) storage: Storage,
    pub(crate) family: Family,
}

/// What a key is good for, whatever its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Aes,
    Des,
    Hmac,
    Generic,
    RsaPublic,
    RsaPrivate,
    RsaCrt,
    EcPublic,
    EcPrivate,
    DhPublic,
    DhPrivate,
    XecPublic,
    XecPrivate,
    DsaPublic,
    DsaPrivate,
    /// Of a curve over a binary field.
    BinaryPublic,
    BinaryPrivate,
    /// Shared domain parameters.
    DhDomain,
    DsaDomain,
    BinaryDomain,
    EcDomain,
}

const KINDS: &[Kind] = {
    use Family::{
        Aes, BinaryDomain, BinaryPrivate, BinaryPublic, Des, DhDomain, DhPrivate, DhPublic,
        DsaDomain, DsaPrivate, DsaPublic, EcDomain, EcPrivate, EcPublic, Generic, Hmac, RsaCrt,
        RsaPrivate, RsaPublic, XecPrivate, XecPublic,
    };
    use Storage::{ClearOnDeselect, ClearOnReset, Persistent};
    &[
        kind(1, 1, DES, ClearOnReset, Des),
        kind(2, 1, DES, ClearOnDeselect, Des),
        kind(3, 1, DES, Persistent, Des),
        kind(4, 11, RSA_PUBLIC, Persistent, RsaPublic),
        kind(5, 12, RSA_PRIVATE, Persistent, RsaPrivate),
        kind(6, 13, RSA_CRT, Persistent, RsaCrt),
        kind(7, 3, DSA_PUBLIC, Persistent, DsaPublic),
        kind(8, 4, DSA_PRIVATE, Persistent, DsaPrivate),
        kind(9, 5, EC_PUBLIC, Persistent, BinaryPublic),
        kind(10, 6, EC_PRIVATE, Persistent, BinaryPrivate),
        kind(11, 7, EC_PUBLIC, Persistent, EcPublic),
        kind(12, 8, EC_PRIVATE, Persistent, EcPrivate),
        kind(13, 2, AES, ClearOnReset, Aes),
        kind(14, 2, AES, ClearOnDeselect, Aes),
        kind(15, 2, AES, Persistent, Aes),
        kind(19, 9, HMAC, ClearOnReset, Hmac),
        kind(20, 9, HMAC, ClearOnDeselect, Hmac),
        kind(21, 9, HMAC, Persistent, Hmac),
        kind(22, 12, RSA_PRIVATE, ClearOnReset, RsaPrivate),
        kind(23, 12, RSA_PRIVATE, ClearOnDeselect, RsaPrivate),
        kind(24, 13, RSA_CRT, ClearOnReset, RsaCrt),
        kind(25, 13, RSA_CRT, ClearOnDeselect, RsaCrt),
        kind(26, 4, DSA_PRIVATE, ClearOnReset, DsaPrivate),
        kind(27, 4, DSA_PRIVATE, ClearOnDeselect, DsaPrivate),
        kind(28, 6, EC_PRIVATE, ClearOnReset, BinaryPrivate),
        kind(29, 6, EC_PRIVATE, ClearOnDeselect, BinaryPrivate),
        kind(30, 8, EC_PRIVATE, ClearOnReset, EcPrivate),
        kind(31, 8, EC_PRIVATE, ClearOnDeselect, EcPrivate),
        kind(32, 14, DH_PUBLIC, Persistent, DhPublic),
        kind(33, 14, DH_PUBLIC, ClearOnDeselect, DhPublic),
        kind(34, 14, DH_PUBLIC, ClearOnReset, DhPublic),
        kind(35, 15, DH_PRIVATE, Persistent, DhPrivate),
        kind(36, 15, DH_PRIVATE, ClearOnDeselect, DhPrivate),
        kind(37, 15, DH_PRIVATE, ClearOnReset, DhPrivate),
        kind(38, 19, DH_DOMAIN, Persistent, DhDomain),
        kind(39, 18, DSA_DOMAIN, Persistent, DsaDomain),
        kind(40, 16, EC_DOMAIN, Persistent, BinaryDomain),
        kind(41, 17, EC_DOMAIN, Persistent, EcDomain),
        // One type for both halves, which have numbers of their own here.
        kind(XEC_PUBLIC_NUMBER, -1, XEC_PUBLIC, Persistent, XecPublic),
        kind(XEC_PUBLIC_NUMBER, -1, XEC_PUBLIC, ClearOnReset, XecPublic),
        kind(
            XEC_PUBLIC_NUMBER,
            -1,
            XEC_PUBLIC,
            ClearOnDeselect,
            XecPublic,
        ),
        kind(XEC_PRIVATE_NUMBER, -2, XEC_PRIVATE, Persistent, XecPrivate),
        kind(
            XEC_PRIVATE_NUMBER,
            -2,
            XEC_PRIVATE,
            ClearOnReset,
            XecPrivate,
        ),
        kind(
            XEC_PRIVATE_NUMBER,
            -2,
            XEC_PRIVATE,
            ClearOnDeselect,
            XecPrivate,
        ),
        // One type for every memory.
        kind(42, 20, GENERIC, Persistent, Generic),
        kind(42, 20, GENERIC, ClearOnReset, Generic),
        kind(42, 20, GENERIC, ClearOnDeselect, Generic),
    ]
};

/// A value and a whole curve.
const EC: &[u16] = &{
    let [p, a, b, g, r] = PARAMETERS;
    [VALUE, p, a, b, g, r]
};

/// Modulus and exponent.
const RSA: &[u16] = &[VALUE, PARAMETERS[0]];

/// P, Q, PQ, DP1, DQ1.
const CRT: &[u16] = &{
    let [q, pq, dp1, dq1, _] = PARAMETERS;
    [VALUE, q, pq, dp1, dq1]
};

/// A whole curve.
const EC_PARAMETERS: &[u16] = &PARAMETERS;

/// p and g; the order q may be missing.
const DH_PARAMETERS: &[u16] = &{
    let [p, g, ..] = PARAMETERS;
    [p, g]
};

/// p, g and q.
const DSA_PARAMETERS: &[u16] = &{
    let [p, g, q, _, _] = PARAMETERS;
    [p, g, q]
};

/// A value, p, g and q.
const DSA: &[u16] = &{
    let [p, g, q, _, _] = PARAMETERS;
    [VALUE, p, g, q]
};

/// A value, p and g; the order q may be missing.
const DH: &[u16] = &[VALUE, PARAMETERS[0], PARAMETERS[1]];

const AES: &str = "javacard/security/AESKey";
const DES: &str = "javacard/security/DESKey";
const HMAC: &str = "javacard/security/HMACKey";
const GENERIC: &str = "javacard/security/GenericSecretKey";
/// `KeyBuilder.TYPE_XEC`, and a number for private keys that is nowhere seen.
pub(crate) const XEC_PUBLIC_NUMBER: i8 = -1;
pub(crate) const XEC_PRIVATE_NUMBER: i8 = -2;

const XEC_PUBLIC: &str = "javacard/security/XECPublicKey";
const XEC_PRIVATE: &str = "javacard/security/XECPrivateKey";
const RSA_PUBLIC: &str = "javacard/security/RSAPublicKey";
const RSA_PRIVATE: &str = "javacard/security/RSAPrivateKey";
const RSA_CRT: &str = "javacard/security/RSAPrivateCrtKey";
const DH_PUBLIC: &str = "javacard/security/DHPublicKey";
const DH_PRIVATE: &str = "javacard/security/DHPrivateKey";
const EC_PUBLIC: &str = "javacard/security/ECPublicKey";
const EC_PRIVATE: &str = "javacard/security/ECPrivateKey";
const DSA_PUBLIC: &str = "javacard/security/DSAPublicKey";
const DSA_PRIVATE: &str = "javacard/security/DSAPrivateKey";
// Domain parameters are keys whose interface is not one of `Key`'s.
const DH_DOMAIN: &str = "javacard/security/DHKey";
const DSA_DOMAIN: &str = "javacard/security/DSAKey";
const EC_DOMAIN: &str = "javacard/security/ECKey";

/// The classes of the platform's keys.
pub(crate) const CLASSES: [&str; 18] = [
    AES,
    DES,
    HMAC,
    GENERIC,
    XEC_PUBLIC,
    XEC_PRIVATE,
    RSA_PUBLIC,
    RSA_PRIVATE,
    RSA_CRT,
    DH_PUBLIC,
    DH_PRIVATE,
    EC_PUBLIC,
    EC_PRIVATE,
    DSA_PUBLIC,
    DSA_PRIVATE,
    DH_DOMAIN,
    DSA_DOMAIN,
    EC_DOMAIN,
];

const fn kind(
    number: i8,
    algorithm: i8,
    class: &'static str,
    storage: Storage,
    family: Family,
) -> Kind {
    Kind {
        number,
        algorithm,
        class,
        storage,
        family,
    }
}

impl Kind {
    /// By `KeyBuilder.TYPE_…`.
    pub(crate) fn by_number(number: i8) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.number == number)
    }

    /// By `KeyBuilder.TYPE_…` and `JCSystem.MEMORY_TYPE_…`.
    pub(super) fn of(number: i8, memory: i8) -> Option<&'static Self> {
        KINDS
            .iter()
            .find(|kind| kind.number == number && kind.memory() == memory)
    }

    /// One of the kinds of `KeyBuilder.buildXECKey`.
    pub(crate) fn xec(number: i8, memory: i8) -> Option<&'static Self> {
        Self::of(number, memory)
    }

    /// By `KeyBuilder.ALG_TYPE_…` and `JCSystem.MEMORY_TYPE_…`.
    pub(crate) fn by_algorithm(algorithm: i8, memory: i8) -> Option<&'static Self> {
        KINDS
            .iter()
            .find(|kind| kind.algorithm == algorithm && kind.memory() == memory)
    }

    /// Whether a class of the API is that of a platform's key.
    pub(crate) fn is_class(class: &str) -> bool {
        CLASSES.contains(&class)
    }

    /// `JCSystem.MEMORY_TYPE_…`
    pub(crate) fn memory(&self) -> i8 {
        match self.storage {
            Storage::Persistent | Storage::Session => 0,
            Storage::ClearOnReset => 1,
            Storage::ClearOnDeselect => 2,
        }
    }
}

impl Family {
    /// Whether there are keys of this many bits.
    pub(crate) fn has_size(self, bits: i16) -> bool {
        match self {
            // 512 bits are two keys, for XTS.
            Self::Aes => matches!(bits, 128 | 192 | 256 | 512),
            Self::Des => matches!(bits, 64 | 128 | 192),
            // Of any length in whole bytes.
            Self::Hmac | Self::Generic => bits > 0 && bits % 8 == 0,
            // Of any curve over a prime field; the standard names 112 to 521 bits.
            Self::EcPublic | Self::EcPrivate | Self::EcDomain => (112..=521).contains(&bits),
            // Of any field with a trinomial or pentanomial; the standard names 113, 131, 163 and 193 bits.
            Self::BinaryPublic | Self::BinaryPrivate | Self::BinaryDomain => {
                (113..=571).contains(&bits)
            }
            Self::DsaPublic | Self::DsaPrivate | Self::DsaDomain => {
                (512..=3072).contains(&bits) && bits % 64 == 0
            }
            // `buildXECKey` makes them.
            Self::XecPublic | Self::XecPrivate => false,
            // Every size that the standard names, and those between.
            Self::RsaPublic | Self::RsaPrivate | Self::RsaCrt => {
                (512..=4096).contains(&bits) && bits % 32 == 0
            }
            Self::DhPublic | Self::DhPrivate | Self::DhDomain => {
                (512..=4096).contains(&bits) && bits % 32 == 0
            }
        }
    }

    /// Bytes to keep for the value of a key of this many bits.
    pub(super) fn value_length(self, bits: i16) -> usize {
        let bytes = usize::from(bits.unsigned_abs()).div_ceil(8);
        match self {
            Self::EcPublic | Self::BinaryPublic => 1 + 2 * bytes,
            // FIPS 186-4 §4.2: q has at most 256 bits.
            Self::DsaPrivate => 32,
            Self::DhDomain | Self::DsaDomain | Self::BinaryDomain | Self::EcDomain => 0,
            // Keys of other lengths get their room when they are set.
            Self::Hmac => bytes.max(64),
            Self::RsaCrt => bytes / 2,
            Self::Aes
            | Self::Des
            | Self::Generic
            | Self::EcPrivate
            | Self::BinaryPrivate
            | Self::DsaPublic
            | Self::RsaPublic
            | Self::RsaPrivate
            | Self::DhPublic
            | Self::DhPrivate
            | Self::XecPublic
            | Self::XecPrivate => bytes,
        }
    }

    /// The family of the domain parameters that keys of this one can share.
    pub(crate) fn domain(self) -> Option<Self> {
        match self {
            Self::DhPublic | Self::DhPrivate => Some(Self::DhDomain),
            Self::DsaPublic | Self::DsaPrivate => Some(Self::DsaDomain),
            Self::BinaryPublic | Self::BinaryPrivate => Some(Self::BinaryDomain),
            Self::EcPublic | Self::EcPrivate => Some(Self::EcDomain),
            _ => None,
        }
    }

    /// The words of the components without which the key is not initialised.
    pub(super) fn required(self) -> &'static [u16] {
        match self {
            Self::Aes
            | Self::Des
            | Self::Hmac
            | Self::Generic
            | Self::XecPublic
            | Self::XecPrivate => &[VALUE],
            Self::RsaPublic | Self::RsaPrivate => RSA,
            Self::RsaCrt => CRT,
            Self::DhPublic | Self::DhPrivate => DH,
            Self::EcPublic | Self::EcPrivate | Self::BinaryPublic | Self::BinaryPrivate => EC,
            Self::DsaPublic | Self::DsaPrivate => DSA,
            Self::DhDomain => DH_PARAMETERS,
            Self::DsaDomain => DSA_PARAMETERS,
            Self::EcDomain | Self::BinaryDomain => EC_PARAMETERS,
        }
    }

    /// The words of the components that `clearKey` clears.
    pub(super) fn cleared(self) -> &'static [u16] {
        match self {
            Self::RsaPublic | Self::RsaPrivate => RSA,
            Self::RsaCrt => CRT,
            Self::DhDomain | Self::DsaDomain => DSA_PARAMETERS,
            Self::EcDomain | Self::BinaryDomain => EC_PARAMETERS,
            _ => &[VALUE],
        }
    }
}
