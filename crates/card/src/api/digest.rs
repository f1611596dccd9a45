use alloc::vec::Vec;

use hydra_crypto::{Sha1, Sha256};

/// A hash computation in progress.
#[derive(Clone, Debug)]
pub(crate) enum Digest {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Digest {
    /// `MessageDigest.ALG_…`
    pub(crate) const SHA1: i8 = 1;
    pub(crate) const SHA256: i8 = 4;

    /// A fresh computation, if the platform has the algorithm.
    pub(crate) fn new(algorithm: i8) -> Option<Self> {
        match algorithm {
            Self::SHA1 => Some(Self::Sha1(Sha1::new())),
            Self::SHA256 => Some(Self::Sha256(Sha256::new())),
            _ => None,
        }
    }

    /// Bytes of an algorithm's digest.
    pub(crate) fn length(algorithm: i8) -> i8 {
        match algorithm {
            Self::SHA1 => 20,
            _ => 32,
        }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Sha1(sha) => sha.update(data),
            Self::Sha256(sha) => sha.update(data),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(sha) => sha.finish().to_vec(),
            Self::Sha256(sha) => sha.finish().to_vec(),
        }
    }
}
