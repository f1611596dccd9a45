use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use hydra_crypto::{Checksum, Hash};
use zeroize::Zeroizing;

use super::javacard::security::random_data::Seeded;
use super::javacard::security::signature::{mac, recovery};
use super::javacardx::crypto::cipher;

/// What an object of `javacard.security` or `javacardx.crypto` has taken of a message: intermediate state, which is
/// no part of a transaction and gone after a reset (API 3.0.5, class `Cipher`), so it is kept beside the heap, by the
/// object that it belongs to.
pub(crate) enum Running {
    /// A message digest, or the digest of a signature that hashes first.
    Hash(Box<Hash>),
    /// A symmetric cipher.
    Cipher(Box<cipher::Work>),
    /// A cipher that authenticates.
    Aead(Box<cipher::aead::Work>),
    /// A checksum.
    Checksum(Checksum),
    /// The message of an RSA cipher.
    Block(Zeroizing<Vec<u8>>),
    /// A signature that is a message authentication code.
    Mac(Box<mac::Work>),
    /// A signature that holds the beginning of the message.
    Recovery(Box<recovery::Work>),
    /// A random sequence that a seed determines.
    Seeded(Seeded),
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash(_) => "Hash",
            Self::Cipher(_) => "Cipher",
            Self::Aead(_) => "Aead",
            Self::Checksum(_) => "Checksum",
            Self::Block(_) => "Block",
            Self::Mac(_) => "Mac",
            Self::Recovery(_) => "Recovery",
            Self::Seeded(_) => "Seeded",
        })
    }
}
