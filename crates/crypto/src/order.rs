//! Numbers modulo the order of a group, for ECDSA over binary fields and DSA.

use alloc::vec::Vec;

use crypto_bigint::BoxedUint;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use zeroize::{Zeroize, Zeroizing};

use crate::ec::Nonces;
use crate::rsa::{below, number, odd, padded, residue};
use crate::{HashAlgorithm, leftmost_bits};

/// A private scalar divided by a small number, modulo an odd order: what a key agreement with cofactor multiplication takes
/// so that it agrees with one without (IEEE 1363-2000 §7.2.2, compatibility mode). `None` where that is not possible.
pub fn divided_scalar(scalar: &[u8], divisor: u16, order: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let order = Order::new(order)?;
    let divisor = residue(&number(&divisor.to_be_bytes()), &order.n);
    let inverse = BoxedMontyForm::new(divisor, &order.n)
        .invert_vartime()
        .into_option()?;
    let mut scalar = BoxedMontyForm::new(order.scalar(scalar)?, &order.n);
    let mut quotient = scalar.mul(&inverse).retrieve();
    scalar.zeroize();
    let bytes = Zeroizing::new(order.bytes(&quotient));
    quotient.zeroize();
    Some(bytes)
}

/// The numbers modulo an odd order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    n: BoxedMontyParams,
    bits: u32,
    length: usize,
}

impl Order {
    /// `None` unless the order is odd and more than 1.
    pub(crate) fn new(order: &[u8]) -> Option<Self> {
        let n = odd(order).ok()?;
        let bits = n.modulus().as_ref().bit_width();
        let length = usize::try_from(bits.div_ceil(8)).ok()?;
        Some(Self { n, bits, length })
    }

    pub(crate) fn bits(&self) -> u32 {
        self.bits
    }

    /// Bytes of a number.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A number that is neither zero nor as large as the order.
    pub(crate) fn scalar(&self, bytes: &[u8]) -> Option<BoxedUint> {
        let scalar = below(bytes, self.n.modulus().as_ref()).ok()?;
        bool::from(scalar.is_nonzero()).then_some(scalar)
    }

    /// A hash as a number below the order: its leftmost bits, as many as the order has (FIPS 186-5 §6.4.1).
    pub(crate) fn digest(&self, hash: &[u8]) -> BoxedUint {
        residue(&number(&leftmost_bits(hash, self.bits)), &self.n)
    }

    pub(crate) fn bytes(&self, value: &BoxedUint) -> Vec<u8> {
        padded(value, self.length)
    }

    /// RFC 6979's nonces for a private number and a hash, by HMAC of SHA-256, SHA-384 or SHA-512, the first that is as long
    /// as the order.
    pub(crate) fn nonces(&self, scalar: &BoxedUint, hash: &[u8]) -> Nonces {
        let algorithm = HashAlgorithm::for_order(self.bits);
        let scalar = Zeroizing::new(self.bytes(scalar));
        Nonces::new(algorithm, &scalar, &self.bytes(&self.digest(hash)))
    }

    /// The signature r ‖ s of a hash (FIPS 186-5 §6.4.1, FIPS 186-4 §4.6). `commit` gives what a nonce times the generator
    /// (or the generator to its power) is as a number, or `None` where that is no number.
    pub(crate) fn sign(
        &self,
        scalar: &BoxedUint,
        hash: &[u8],
        mut commit: impl FnMut(&BoxedUint) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let mut nonces = self.nonces(scalar, hash);
        let d = BoxedMontyForm::new(scalar.clone(), &self.n);
        let z = BoxedMontyForm::new(self.digest(hash), &self.n);
        // A nonce fails once in 2^order; an order so small that it fails often makes no signature.
        for _ in 0..256 {
            let candidate = nonces.next(self.bits);
            let Some(mut k) = self.scalar(&candidate) else {
                continue;
            };
            let commitment = commit(&k);
            let mut k_form = BoxedMontyForm::new(k.clone(), &self.n);
            k.zeroize();
            let inverse = k_form.invert().into_option();
            k_form.zeroize();
            let (Some(commitment), Some(inverse)) = (commitment, inverse) else {
                continue;
            };
            let r = residue(&number(&commitment), &self.n);
            let s = d
                .mul(&BoxedMontyForm::new(r.clone(), &self.n))
                .add(&z)
                .mul(&inverse)
                .retrieve();
            if bool::from(r.is_zero() | s.is_zero()) {
                continue;
            }
            return Some([self.bytes(&r), self.bytes(&s)].concat());
        }
        None
    }

    /// Whether r ‖ s is a signature of a hash: `commit` gives, for u1 and u2, what u1 times the generator and u2 times the
    /// public key give as a number. Everything here is public.
    pub(crate) fn verify(
        &self,
        hash: &[u8],
        signature: &[u8],
        commit: impl FnOnce(&BoxedUint, &BoxedUint) -> Option<Vec<u8>>,
    ) -> bool {
        self.check(hash, signature, commit).unwrap_or(false)
    }

    fn check(
        &self,
        hash: &[u8],
        signature: &[u8],
        commit: impl FnOnce(&BoxedUint, &BoxedUint) -> Option<Vec<u8>>,
    ) -> Option<bool> {
        if signature.len() != 2 * self.length {
            return None;
        }
        let (r, s) = signature.split_at(self.length);
        let (r, s) = (self.scalar(r)?, self.scalar(s)?);
        let inverse = BoxedMontyForm::new(s, &self.n)
            .invert_vartime()
            .into_option()?;
        let z = BoxedMontyForm::new(self.digest(hash), &self.n);
        let u1 = z.mul(&inverse).retrieve();
        let u2 = BoxedMontyForm::new(r.clone(), &self.n)
            .mul(&inverse)
            .retrieve();
        let found = residue(&number(&commit(&u1, &u2)?), &self.n);
        Some(found == r)
    }
}
