use alloc::vec;
use alloc::vec::Vec;

use zeroize::{Zeroize, Zeroizing};

use crate::hmac::Hmac;
use crate::{HashAlgorithm, leftmost_bits};

/// The nonces of RFC 6979 §3.2: HMAC_DRBG over the private scalar and the hash.
pub(crate) struct Nonces {
    algorithm: HashAlgorithm,
    key: Zeroizing<Vec<u8>>,
    value: Zeroizing<Vec<u8>>,
    fresh: bool,
}

impl Nonces {
    /// `scalar` as long as the order; `reduced` is the hash's leftmost bits modulo the order, as long.
    pub(crate) fn new(algorithm: HashAlgorithm, scalar: &[u8], reduced: &[u8]) -> Self {
        let mut nonces = Self {
            algorithm,
            key: Zeroizing::new(vec![0; algorithm.len()]),
            value: Zeroizing::new(vec![1; algorithm.len()]),
            fresh: true,
        };
        nonces.update(&[0], &[scalar, reduced]);
        nonces.update(&[1], &[scalar, reduced]);
        nonces
    }

    /// The next candidate, of `bits` bits: the caller takes it if it is a scalar.
    pub(crate) fn next(&mut self, bits: u32) -> Zeroizing<Vec<u8>> {
        if !self.fresh {
            self.update(&[0], &[]);
        }
        self.fresh = false;
        let length = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        let mut bytes = Zeroizing::new(Vec::new());
        while bytes.len() < length {
            self.value = self.mac(&[&self.value]);
            bytes.extend_from_slice(&self.value);
        }
        Zeroizing::new(leftmost_bits(&bytes, bits))
    }

    fn update(&mut self, step: &[u8], data: &[&[u8]]) {
        let mut parts: Vec<&[u8]> = vec![&self.value, step];
        parts.extend(data);
        self.key = self.mac(&parts);
        self.value = self.mac(&[&self.value]);
    }

    fn mac(&self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let mut mac = Hmac::new(self.algorithm, &self.key);
        for part in parts {
            mac.update(part);
        }
        Zeroizing::new(mac.finish().to_vec())
    }
}

impl Drop for Nonces {
    fn drop(&mut self) {
        self.key.zeroize();
        self.value.zeroize();
    }
}
