//! The table of cipher algorithms (API 3.2, `Cipher` and `AEADCipher`).

use hydra_crypto::{HashAlgorithm, Padding};

use crate::api::Split;
use crate::api::javacard::security::key;

/// A cipher algorithm: the number of a constant, 0 if it has none, and the parts that make it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheme {
    /// `Cipher.ALG_…`
    pub(crate) number: i8,
    /// `Cipher.CIPHER_…`
    pub(crate) cipher: i8,
    /// `Cipher.PAD_…`
    pub(crate) padding: i8,
    pub(crate) family: Family,
}

/// What computes a cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Block by block, with keys of this family.
    Block(key::Family, Chaining, Padding),
    /// Byte by byte or with ciphertext stealing: AES.
    Stream(Stream),
    /// Authenticated encryption: AES.
    Aead(Aead),
    /// RSA over one block.
    Rsa(Block),
}

/// What RSA is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// The message, as long as the modulus.
    Whole,
    /// PKCS #1 v1.5: type 2 with a public key, type 1 with a private key.
    Pkcs1,
    /// EME-OAEP with a hash.
    Oaep(HashAlgorithm),
}

/// How blocks depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chaining {
    Ecb,
    Cbc,
}

/// The modes that need no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Ctr,
    Cfb,
    Xts,
}

/// The modes that authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aead {
    Gcm,
    Ccm,
}

/// The numbered algorithms: number, cipher, padding. The constants for AES with blocks of 192 and 256 bits are not among
/// them: AES has blocks of 128 bits.
const NUMBERED: &[[i8; 3]] = &[
    [1, 3, PAD_NOPAD],
    [2, 3, 2],
    [3, 3, 3],
    [4, 3, 6],
    [5, 4, PAD_NOPAD],
    [6, 4, 2],
    [7, 4, 3],
    [8, 4, 6],
    [10, RSA, PAD_PKCS1],
    [12, RSA, PAD_NOPAD],
    [13, 1, PAD_NOPAD],
    [14, 2, PAD_NOPAD],
    [15, RSA, PAD_PKCS1_OAEP],
    [22, 1, 2],
    [23, 1, 3],
    [24, 1, 6],
    [25, 2, 2],
    [26, 2, 3],
    [27, 2, 6],
    [28, 9, PAD_NOPAD],
    [29, 10, PAD_NOPAD],
    [-16, 8, PAD_NOPAD],
    [-13, -15, PAD_NULL],
    [-12, -14, PAD_NULL],
];

const PAD_NULL: i8 = 0;
const PAD_NOPAD: i8 = 1;
const PAD_PKCS1: i8 = 7;
const PAD_PKCS1_OAEP: i8 = 9;

/// `CIPHER_RSA`
const RSA: i8 = 7;

impl Scheme {
    /// By `Cipher.ALG_…`.
    pub(super) fn by_number(number: i8) -> Option<Self> {
        let [_, cipher, padding] = NUMBERED.iter().find(|row| row[0] == number)?;
        Self::by_parts(*cipher, *padding)
    }

    /// By the two arguments of `getInstance`.
    pub(super) fn by_parts(cipher: i8, padding: i8) -> Option<Self> {
        let family = Family::of(cipher, padding)?;
        let row = NUMBERED.iter().find(|row| row[1..] == [cipher, padding]);
        Some(Self {
            number: row.map_or(0, |row| row[0]),
            cipher,
            padding,
            family,
        })
    }

    /// Whether it takes keys of a family and size.
    pub(super) fn takes(&self, family: key::Family, bits: i16) -> bool {
        match self.family {
            // Keys of 512 bits are for XTS alone.
            Family::Block(of, ..) => family == of && bits <= 256,
            Family::Stream(Stream::Xts) => family == key::Family::Aes && matches!(bits, 256 | 512),
            Family::Stream(_) | Family::Aead(_) => family == key::Family::Aes && bits <= 256,
            Family::Rsa(_) => matches!(
                family,
                key::Family::RsaPublic | key::Family::RsaPrivate | key::Family::RsaCrt
            ),
        }
    }

    /// Bytes of the initial vector that `init` takes; 0 for none, `None` for any.
    pub(super) fn iv_length(&self) -> Option<usize> {
        match self.family {
            Family::Block(_, Chaining::Ecb, _) | Family::Rsa(_) => Some(0),
            Family::Block(key::Family::Des, ..) => Some(8),
            Family::Block(..) | Family::Stream(_) => Some(16),
            Family::Aead(_) => None,
        }
    }

    /// Bytes of what it makes of this many.
    pub(super) fn encrypted_length(&self, length: usize) -> usize {
        let Family::Block(family, _, padding) = self.family else {
            return length;
        };
        let size = if family == key::Family::Des { 8 } else { 16 };
        match padding {
            Padding::None | Padding::Zeros => length.next_multiple_of(size),
            Padding::Bit | Padding::Count => (length / size + 1) * size,
        }
    }

    /// What is made of the key.
    pub(super) fn split(&self) -> Split {
        match self.family {
            Family::Stream(Stream::Xts) => Split::Halves,
            _ => Split::Whole,
        }
    }
}

impl Family {
    fn of(cipher: i8, padding: i8) -> Option<Self> {
        use Chaining::{Cbc, Ecb};
        use key::Family::{Aes, Des};
        let block = |family, chaining| {
            let padding = match padding {
                PAD_NOPAD => Padding::None,
                2 => Padding::Zeros,
                3 => Padding::Bit,
                6 => Padding::Count,
                _ => return None,
            };
            Some(Self::Block(family, chaining, padding))
        };
        let stream = |mode| matches!(padding, PAD_NULL | PAD_NOPAD).then_some(Self::Stream(mode));
        let aead = |mode| (padding == PAD_NULL).then_some(Self::Aead(mode));
        let oaep = |function| Some(Self::Rsa(Block::Oaep(function)));
        match cipher {
            RSA => match padding {
                PAD_NOPAD => Some(Self::Rsa(Block::Whole)),
                PAD_PKCS1 => Some(Self::Rsa(Block::Pkcs1)),
                PAD_PKCS1_OAEP => oaep(HashAlgorithm::Sha1),
                13 => oaep(HashAlgorithm::Sha224),
                14 => oaep(HashAlgorithm::Sha256),
                15 => oaep(HashAlgorithm::Sha384),
                16 => oaep(HashAlgorithm::Sha512),
                17 => oaep(HashAlgorithm::Sha3_224),
                18 => oaep(HashAlgorithm::Sha3_256),
                19 => oaep(HashAlgorithm::Sha3_384),
                20 => oaep(HashAlgorithm::Sha3_512),
                _ => None,
            },
            1 => block(Aes, Cbc),
            2 => block(Aes, Ecb),
            3 => block(Des, Cbc),
            4 => block(Des, Ecb),
            8 => stream(Stream::Ctr),
            9 => stream(Stream::Cfb),
            10 => stream(Stream::Xts),
            -15 => aead(Aead::Gcm),
            -14 => aead(Aead::Ccm),
            _ => None,
        }
    }
}
