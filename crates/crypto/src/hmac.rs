use core::fmt;

use zeroize::Zeroize;

use crate::{Hash, HashAlgorithm, HashValue, ct_eq};

/// HMAC (RFC 2104, FIPS 198-1) over any of the hash functions, in progress; the key has any length.
#[derive(Clone)]
pub struct Hmac {
    inner: Hash,
    outer: Hash,
}

impl Hmac {
    /// The MAC of nothing yet.
    pub fn new(algorithm: HashAlgorithm, key: &[u8]) -> Self {
        const LONGEST: usize = 144;
        let size = algorithm.block_len();
        let mut pad = [0; LONGEST];
        if key.len() > size {
            let short = algorithm.hash(key);
            pad[..short.len()].copy_from_slice(&short);
        } else {
            pad[..key.len()].copy_from_slice(key);
        }
        let pad = &mut pad[..size];
        let (mut inner, mut outer) = (Hash::new(algorithm), Hash::new(algorithm));
        pad.iter_mut().for_each(|byte| *byte ^= 0x36);
        inner.update(pad);
        pad.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5C);
        outer.update(pad);
        pad.zeroize();
        Self { inner, outer }
    }

    /// Takes more of the message.
    pub fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    /// The MAC of all that was taken.
    pub fn finish(mut self) -> HashValue {
        self.outer.update(&self.inner.finish());
        self.outer.finish()
    }

    /// Whether `mac` is the MAC of all that was taken; compared in constant time.
    pub fn verify(self, mac: &[u8]) -> bool {
        ct_eq(&self.finish(), mac)
    }
}

impl fmt::Debug for Hmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hmac({:?})", self.inner.algorithm())
    }
}
