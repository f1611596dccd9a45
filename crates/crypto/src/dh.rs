use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use zeroize::Zeroizing;

use crate::rsa::{below, number, odd, padded, strip};

/// Diffie-Hellman over the integers modulo an odd prime (NIST SP 800-56A §5.7.1.1), with the parameters that are given.
/// Exponentiations are constant-time in the private value.
#[derive(Clone, Debug)]
pub struct DhGroup {
    p: BoxedMontyParams,
    length: usize,
}

impl DhGroup {
    /// The group modulo p, big-endian; p must be odd and more than 1.
    pub fn new(p: &[u8]) -> Result<Self, DhError> {
        Ok(Self {
            p: odd(p).map_err(|_| DhError::Modulus)?,
            length: strip(p).len(),
        })
    }

    /// Bytes of p and of every element.
    #[allow(clippy::len_without_is_empty, reason = "a modulus is never empty")]
    pub fn len(&self) -> usize {
        self.length
    }

    /// The element to the power of the private value, as long as p: the public value of a generator, the shared secret of a
    /// peer's public value. The element must be from 2 to p − 2 (NIST SP 800-56A §5.6.2.3.1), and so must the secret be.
    pub fn power(&self, element: &[u8], private: &[u8]) -> Result<Zeroizing<Vec<u8>>, DhError> {
        let element = below(element, self.p.modulus().as_ref()).map_err(|_| DhError::Element)?;
        let value = BoxedMontyForm::new(element, &self.p);
        if self.trivial(&value) {
            return Err(DhError::Element);
        }
        let power = value.pow(&number(private));
        if self.trivial(&power) {
            return Err(DhError::Element);
        }
        Ok(Zeroizing::new(padded(&power.retrieve(), self.length)))
    }

    /// A private value (NIST SP 800-56A §5.6.1.1.3): from 1 to q − 1, or, without q, from 1 to 2^(bits of p − 1) − 1; as long as p.
    /// `draw` gives random bytes.
    pub fn draw(
        &self,
        q: Option<&[u8]>,
        draw: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Zeroizing<Vec<u8>>, DhError> {
        let limit = q.map(|q| number(strip(q)));
        let bits = limit
            .as_ref()
            .map_or(self.p.modulus().as_ref().bit_width() - 1, |q| q.bit_width());
        let length = usize::try_from(bits.div_ceil(8)).map_err(|_| DhError::Modulus)?;
        if length > self.length {
            return Err(DhError::Modulus);
        }
        // Each draw fails at most every other time; 256 failures are no accident.
        for _ in 0..256 {
            let mut value = Zeroizing::new(vec![0; self.length]);
            let digits = &mut value[self.length - length..];
            draw(digits);
            if let Some(first) = digits.first_mut() {
                *first &= 0xFF >> ((8 - bits % 8) % 8);
            }
            let drawn = number(&value);
            let fits = limit
                .as_ref()
                .is_none_or(|limit| drawn.cmp_vartime(limit).is_lt());
            if fits && bool::from(drawn.is_nonzero()) {
                return Ok(value);
            }
        }
        Err(DhError::Modulus)
    }

    /// Whether it is 0, 1 or −1.
    fn trivial(&self, value: &BoxedMontyForm) -> bool {
        let one = BoxedMontyForm::one(&self.p);
        let minus = BoxedMontyForm::zero(&self.p).sub(&one);
        bool::from(value.is_zero())
            || value.as_montgomery() == one.as_montgomery()
            || value.as_montgomery() == minus.as_montgomery()
    }
}

/// Why a group does not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DhError {
    /// p is even or at most 1, or q is larger.
    Modulus,
    /// The element, or what it gives, is not from 2 to p − 2.
    Element,
}

impl fmt::Display for DhError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Modulus => "no parameters of Diffie-Hellman: p must be odd, q not larger",
            Self::Element => "the public value is not from 2 to p - 2",
        })
    }
}

impl core::error::Error for DhError {}
