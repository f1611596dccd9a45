use core::fmt;
use core::ops::Deref;

use ::sha2::Digest as _;

/// The hash functions, chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// MD5 (RFC 1321): resists no collisions.
    Md5,
    /// RIPEMD-160 (ISO/IEC 10118-3).
    Ripemd160,
    /// SHA-1 (FIPS 180-4): resists no collisions.
    Sha1,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA3-224 (FIPS 202).
    Sha3_224,
    /// SHA3-256 (FIPS 202).
    Sha3_256,
    /// SHA3-384 (FIPS 202).
    Sha3_384,
    /// SHA3-512 (FIPS 202).
    Sha3_512,
}

/// Calls `$body` with the hasher of any algorithm.
macro_rules! each {
    ($inner:expr, $hasher:ident => $body:expr) => {
        match $inner {
            Inner::Md5($hasher) => $body,
            Inner::Ripemd160($hasher) => $body,
            Inner::Sha1($hasher) => $body,
            Inner::Sha224($hasher) => $body,
            Inner::Sha256($hasher) => $body,
            Inner::Sha384($hasher) => $body,
            Inner::Sha512($hasher) => $body,
            Inner::Sha3_224($hasher) => $body,
            Inner::Sha3_256($hasher) => $body,
            Inner::Sha3_384($hasher) => $body,
            Inner::Sha3_512($hasher) => $body,
        }
    };
}

impl HashAlgorithm {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Md5,
        Self::Ripemd160,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
    ];

    /// Bytes in a digest: 16 to 64.
    #[allow(clippy::len_without_is_empty, reason = "a digest is never empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Ripemd160 | Self::Sha1 => 20,
            Self::Sha224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    /// Bytes in a block of the message: HMAC's block (RFC 2104), the rate of SHA-3.
    pub const fn block_len(self) -> usize {
        match self {
            Self::Md5 | Self::Ripemd160 | Self::Sha1 | Self::Sha224 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
            Self::Sha3_224 => 144,
            Self::Sha3_256 => 136,
            Self::Sha3_384 => 104,
            Self::Sha3_512 => 72,
        }
    }

    /// The digest of a whole message.
    pub fn hash(self, data: &[u8]) -> HashValue {
        let mut hash = Hash::new(self);
        hash.update(data);
        hash.finish()
    }
}

/// A hash computation in progress.
#[derive(Clone)]
pub struct Hash(Inner);

#[derive(Clone)]
enum Inner {
    Md5(::md5::Md5),
    Ripemd160(::ripemd::Ripemd160),
    Sha1(::sha1::Sha1),
    Sha224(::sha2::Sha224),
    Sha256(::sha2::Sha256),
    Sha384(::sha2::Sha384),
    Sha512(::sha2::Sha512),
    Sha3_224(::sha3::Sha3_224),
    Sha3_256(::sha3::Sha3_256),
    Sha3_384(::sha3::Sha3_384),
    Sha3_512(::sha3::Sha3_512),
}

impl Hash {
    /// The digest of nothing yet.
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self(match algorithm {
            HashAlgorithm::Md5 => Inner::Md5(Default::default()),
            HashAlgorithm::Ripemd160 => Inner::Ripemd160(Default::default()),
            HashAlgorithm::Sha1 => Inner::Sha1(Default::default()),
            HashAlgorithm::Sha224 => Inner::Sha224(Default::default()),
            HashAlgorithm::Sha256 => Inner::Sha256(Default::default()),
            HashAlgorithm::Sha384 => Inner::Sha384(Default::default()),
            HashAlgorithm::Sha512 => Inner::Sha512(Default::default()),
            HashAlgorithm::Sha3_224 => Inner::Sha3_224(Default::default()),
            HashAlgorithm::Sha3_256 => Inner::Sha3_256(Default::default()),
            HashAlgorithm::Sha3_384 => Inner::Sha3_384(Default::default()),
            HashAlgorithm::Sha3_512 => Inner::Sha3_512(Default::default()),
        })
    }

    /// Which function it is.
    pub fn algorithm(&self) -> HashAlgorithm {
        match self.0 {
            Inner::Md5(_) => HashAlgorithm::Md5,
            Inner::Ripemd160(_) => HashAlgorithm::Ripemd160,
            Inner::Sha1(_) => HashAlgorithm::Sha1,
            Inner::Sha224(_) => HashAlgorithm::Sha224,
            Inner::Sha256(_) => HashAlgorithm::Sha256,
            Inner::Sha384(_) => HashAlgorithm::Sha384,
            Inner::Sha512(_) => HashAlgorithm::Sha512,
            Inner::Sha3_224(_) => HashAlgorithm::Sha3_224,
            Inner::Sha3_256(_) => HashAlgorithm::Sha3_256,
            Inner::Sha3_384(_) => HashAlgorithm::Sha3_384,
            Inner::Sha3_512(_) => HashAlgorithm::Sha3_512,
        }
    }

    /// Takes more of the message.
    pub fn update(&mut self, data: &[u8]) {
        each!(&mut self.0, hasher => hasher.update(data));
    }

    /// The digest of all that was taken.
    pub fn finish(mut self) -> HashValue {
        self.finish_reset()
    }

    /// The digest of all that was taken; then this is the digest of nothing yet.
    pub fn finish_reset(&mut self) -> HashValue {
        each!(&mut self.0, hasher => HashValue::from(&hasher.finalize_reset()))
    }

    /// Forgets what was taken.
    pub fn reset(&mut self) {
        each!(&mut self.0, hasher => ::sha2::Digest::reset(hasher));
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({:?})", self.algorithm())
    }
}

/// A digest or code of at most 64 bytes.
#[derive(Clone, Copy)]
pub struct HashValue {
    bytes: [u8; 64],
    len: usize,
}

impl HashValue {
    /// These bytes, but not more than 64.
    #[must_use]
    pub fn from(bytes: &[u8]) -> Self {
        let len = bytes.len().min(64);
        let mut value = Self {
            bytes: [0; 64],
            len,
        };
        value.bytes[..len].copy_from_slice(&bytes[..len]);
        value
    }
}

impl Deref for HashValue {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
