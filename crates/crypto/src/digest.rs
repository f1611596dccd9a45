use core::fmt;
use core::ops::Deref;

use ::sha2::Digest as _;
use ::sha2::digest::common::hazmat::{SerializableState, SerializedState};

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
    /// The first of SHA-256, SHA-384 and SHA-512 that is as long as an order of so many bits.
    pub(crate) fn for_order(bits: u32) -> Self {
        match bits {
            0..=256 => Self::Sha256,
            257..=384 => Self::Sha384,
            _ => Self::Sha512,
        }
    }

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

    /// Bytes of the state between two blocks, where that is a chaining value: of all but SHA-3.
    pub const fn chaining_len(self) -> Option<usize> {
        match self {
            Self::Md5 => Some(16),
            Self::Ripemd160 | Self::Sha1 => Some(20),
            Self::Sha224 | Self::Sha256 => Some(32),
            Self::Sha384 | Self::Sha512 => Some(64),
            Self::Sha3_224 | Self::Sha3_256 | Self::Sha3_384 | Self::Sha3_512 => None,
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

    /// Goes on after the first `length` bytes of a message, which left this chaining value in the function's byte order.
    /// `None` unless the value has its length and the message whole blocks so far.
    pub fn resume(algorithm: HashAlgorithm, chaining: &[u8], length: u64) -> Option<Self> {
        fn load<H: SerializableState>(state: &Stored) -> Option<H> {
            let mut stored = SerializedState::<H>::default();
            stored
                .get_mut(..state.len)?
                .copy_from_slice(&state.bytes[..state.len]);
            H::deserialize(&stored).ok()
        }
        let state = Stored::new(algorithm, chaining, length)?;
        Some(Self(match algorithm {
            HashAlgorithm::Md5 => Inner::Md5(load(&state)?),
            HashAlgorithm::Ripemd160 => Inner::Ripemd160(load(&state)?),
            HashAlgorithm::Sha1 => Inner::Sha1(load(&state)?),
            HashAlgorithm::Sha224 => Inner::Sha224(load(&state)?),
            HashAlgorithm::Sha256 => Inner::Sha256(load(&state)?),
            HashAlgorithm::Sha384 => Inner::Sha384(load(&state)?),
            HashAlgorithm::Sha512 => Inner::Sha512(load(&state)?),
            _ => return None,
        }))
    }

    /// The chaining value, if the function has one and the message whole blocks so far.
    pub fn chaining(&self) -> Option<HashValue> {
        let algorithm = self.algorithm();
        let len = algorithm.chaining_len()?;
        let mut value = [0; 64];
        each!(&self.0, hasher => {
            let stored = hasher.serialize();
            // The byte after the number of blocks says how many bytes wait for a whole one.
            if stored.get(len + count_len(algorithm)) != Some(&0) {
                return None;
            }
            value.get_mut(..len)?.copy_from_slice(stored.get(..len)?);
        });
        swap_words(algorithm, value.get_mut(..len)?);
        Some(HashValue::from(value.get(..len)?))
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

/// A state as the library stores it: the chaining value in words with their low byte first, the number of blocks, and
/// an empty block.
struct Stored {
    bytes: [u8; 80],
    len: usize,
}

impl Stored {
    fn new(algorithm: HashAlgorithm, chaining: &[u8], length: u64) -> Option<Self> {
        let value = algorithm.chaining_len()?;
        let block = u64::try_from(algorithm.block_len()).ok()?;
        if chaining.len() != value || !length.is_multiple_of(block) {
            return None;
        }
        let mut bytes = [0; 80];
        bytes[..value].copy_from_slice(chaining);
        swap_words(algorithm, &mut bytes[..value]);
        let blocks = (length / block).to_le_bytes();
        bytes[value..value + 8].copy_from_slice(&blocks);
        Some(Self {
            bytes,
            len: value + count_len(algorithm),
        })
    }
}

/// Bytes of the number of blocks: SHA-384 and SHA-512 count in 128 bits.
fn count_len(algorithm: HashAlgorithm) -> usize {
    if algorithm.block_len() == 128 { 16 } else { 8 }
}

/// Between the function's order of bytes in a word and the library's, which is low byte first.
fn swap_words(algorithm: HashAlgorithm, value: &mut [u8]) {
    let word = match algorithm {
        HashAlgorithm::Md5 | HashAlgorithm::Ripemd160 => return,
        HashAlgorithm::Sha384 | HashAlgorithm::Sha512 => 8,
        _ => 4,
    };
    value.chunks_exact_mut(word).for_each(<[u8]>::reverse);
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
