//! RSA (RFC 8017) with any odd modulus: the raw operation of public keys, of private keys with an exponent, and of
//! private keys with the Chinese remainder theorem; key pairs; the paddings.
//!
//! Private operations take a time that depends on the lengths of the key's parts alone: `crypto-bigint`'s Montgomery
//! exponentiation looks its table up whole, and the reduction modulo the primes and the recombination do not branch on
//! a value. Operations of public keys depend on the length of the exponent, which is public.
//!
//! With the Chinese remainder theorem the exponents are blinded, each by 64 random bits' multiple of p − 1 or q − 1, and
//! the result is checked before it is given out, for one wrong half gives a factor of the modulus away (Boneh, DeMillo and
//! Lipton 1997): by the public exponent, which such a key does not hold but which follows when it is 3, 5, 17, 257 or
//! 65537, and else by a second computation. A key of modulus and exponent alone can't be blinded so, and a fault in it
//! gives no factor away.

mod padding;
mod pair;
mod recovery;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero, Resize};
use zeroize::{Zeroize, Zeroizing};

pub use padding::{
    BadPadding, oaep_decode, oaep_encode, pkcs1_decode_encrypted, pkcs1_decode_signed,
    pkcs1_encode_encrypted, pkcs1_encode_hash, pkcs1_encode_signed, pss_encode, pss_verify,
};
pub use pair::{BadExponent, RsaPair};
pub use recovery::{Recovered, iso9796_capacity, iso9796_decode, iso9796_encode};

/// A public key.
#[derive(Clone, Debug)]
pub struct RsaPublic {
    modulus: BoxedMontyParams,
    exponent: BoxedUint,
    length: usize,
}

impl RsaPublic {
    /// The key of this modulus, which must be odd and more than 1, and this exponent, which must not be zero; both big-endian.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, InvalidRsaKey> {
        let modulus = strip(modulus);
        let exponent = number(exponent);
        if exponent.is_zero().into() {
            return Err(InvalidRsaKey);
        }
        Ok(Self {
            modulus: odd(modulus)?,
            exponent,
            length: modulus.len(),
        })
    }

    /// Bytes of the modulus, and of what [`Self::apply`] gives.
    #[allow(clippy::len_without_is_empty, reason = "a modulus is never empty")]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Bits of the modulus.
    pub fn bits(&self) -> u32 {
        self.modulus.modulus().as_ref().bit_width()
    }

    /// RSAEP and RSAVP1 (RFC 8017 §5.1.1, §5.2.2): the message to the exponent, as long as the modulus.
    pub fn apply(&self, message: &[u8]) -> Result<Vec<u8>, OutOfRange> {
        let base = below(message, self.modulus.modulus().as_ref())?;
        let power = BoxedMontyForm::new(base, &self.modulus)
            .pow_bounded_exp(&self.exponent, self.exponent.bit_width())
            .retrieve();
        Ok(padded(&power, self.length))
    }
}

/// A private key. Wiped when dropped.
#[derive(Clone)]
pub struct RsaPrivate(Form);

#[derive(Clone)]
enum Form {
    Plain {
        modulus: BoxedMontyParams,
        exponent: BoxedUint,
        length: usize,
    },
    Crt {
        p: BoxedMontyParams,
        q: BoxedMontyParams,
        dp: BoxedUint,
        dq: BoxedUint,
        /// q⁻¹ mod p
        inverse: BoxedMontyForm,
        modulus: BoxedUint,
        /// The public exponent, if it is a usual one.
        public: Option<BoxedUint>,
        length: usize,
    },
}

/// The public exponents that are looked for.
const USUAL: [u32; 5] = [65537, 3, 17, 257, 5];

impl RsaPrivate {
    /// The key of this modulus, which must be odd and more than 1, and this private exponent; both big-endian.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, InvalidRsaKey> {
        let modulus = strip(modulus);
        Ok(Self(Form::Plain {
            modulus: odd(modulus)?,
            exponent: number(exponent),
            length: modulus.len(),
        }))
    }

    /// The key of these parts (RFC 8017 §3.2): the primes p and q, d mod (p − 1), d mod (q − 1), q⁻¹ mod p; all
    /// big-endian. The primes must be odd and more than 1; whether they are primes is not looked at.
    pub fn from_primes(
        p: &[u8],
        q: &[u8],
        dp: &[u8],
        dq: &[u8],
        inverse: &[u8],
    ) -> Result<Self, InvalidRsaKey> {
        let modulus = number(p).concatenating_mul(&number(q));
        let (p, q) = (odd(p)?, odd(q)?);
        let inverse = BoxedMontyForm::new(residue(&number(inverse), &p), &p);
        let length = usize::try_from(modulus.bit_width().div_ceil(8)).map_err(|_| InvalidRsaKey)?;
        let (dp, dq) = (number(dp), number(dq));
        let public = USUAL
            .into_iter()
            .map(|e| number(&e.to_be_bytes()))
            .find(|e| is_inverse(e, &dp, &p) && is_inverse(e, &dq, &q));
        Ok(Self(Form::Crt {
            p,
            q,
            dp,
            dq,
            inverse,
            modulus,
            public,
            length,
        }))
    }

    /// Bytes of the modulus, and of what [`Self::apply`] gives.
    #[allow(clippy::len_without_is_empty, reason = "a modulus is never empty")]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Plain { length, .. } | Form::Crt { length, .. } => *length,
        }
    }

    /// Bits of the modulus.
    pub fn bits(&self) -> u32 {
        match &self.0 {
            Form::Plain { modulus, .. } => modulus.modulus().as_ref().bit_width(),
            Form::Crt { modulus, .. } => modulus.bit_width(),
        }
    }

    /// RSADP and RSASP1 (RFC 8017 §5.1.2, §5.2.1): the message to the private exponent, as long as the modulus. `draw` gives
    /// random bytes.
    pub fn apply(
        &self,
        message: &[u8],
        draw: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Zeroizing<Vec<u8>>, PrivateError> {
        let (mut power, length) = match &self.0 {
            Form::Plain {
                modulus,
                exponent,
                length,
            } => {
                let base = below(message, modulus.modulus().as_ref())?;
                let power = BoxedMontyForm::new(base, modulus).pow(exponent).retrieve();
                (power, *length)
            }
            Form::Crt {
                modulus,
                public,
                length,
                ..
            } => {
                let base = below(message, modulus)?;
                let power = self.power(&base, draw);
                let right = match public {
                    Some(e) => {
                        let modulus = modulus.to_odd().into_option().ok_or(PrivateError::Fault)?;
                        let modulus = BoxedMontyParams::new_vartime(modulus);
                        BoxedMontyForm::new(power.clone(), &modulus)
                            .pow_bounded_exp(e, e.bit_width())
                            .retrieve()
                            == base
                    }
                    None => self.power(&base, draw) == power,
                };
                if !right {
                    return Err(PrivateError::Fault);
                }
                (power, *length)
            }
        };
        let out = Zeroizing::new(padded(&power, length));
        power.zeroize();
        Ok(out)
    }

    /// A number below the modulus to the private exponent, by its primes; of a key without them, zero.
    fn power(&self, base: &BoxedUint, draw: &mut dyn FnMut(&mut [u8])) -> BoxedUint {
        let Form::Crt {
            p,
            q,
            dp,
            dq,
            inverse,
            modulus,
            ..
        } = &self.0
        else {
            return BoxedUint::zero();
        };
        let half = |prime, exponent, draw: &mut dyn FnMut(&mut [u8])| {
            let mut exponent = blinded(exponent, prime, draw);
            let power = BoxedMontyForm::new(residue(base, prime), prime).pow(&exponent);
            exponent.zeroize();
            power
        };
        let mut first = half(p, dp, draw);
        let mut second = half(q, dq, draw).retrieve();
        // Garner: m = m2 + q ((m1 − m2) q⁻¹ mod p)
        let reduced = BoxedMontyForm::new(residue(&second, p), p);
        let mut difference = first.sub(&reduced).mul(inverse).retrieve();
        let precision = modulus.bits_precision();
        let power = q
            .modulus()
            .as_ref()
            .concatenating_mul(&difference)
            .resize(precision)
            .wrapping_add(second.clone().resize(precision));
        first.zeroize();
        second.zeroize();
        difference.zeroize();
        power
    }
}

/// Whether e d is 1 modulo a prime less one.
fn is_inverse(e: &BoxedUint, d: &BoxedUint, prime: &BoxedMontyParams) -> bool {
    let below = prime.modulus().as_ref().wrapping_sub(BoxedUint::one());
    let below = below.to_nz().into_option();
    below.is_some_and(|below| {
        let mut product = e.concatenating_mul(d);
        let one = product.rem(&below).is_one().into();
        product.zeroize();
        one
    })
}

/// An exponent and a random multiple of a prime less one.
fn blinded(
    exponent: &BoxedUint,
    prime: &BoxedMontyParams,
    draw: &mut dyn FnMut(&mut [u8]),
) -> BoxedUint {
    let mut random = Zeroizing::new([0; 8]);
    draw(&mut *random);
    let mut factor = number(&*random);
    let mut below = prime.modulus().as_ref().wrapping_sub(BoxedUint::one());
    let mut multiple = below.concatenating_mul(&factor);
    let precision = multiple.bits_precision().max(exponent.bits_precision()) + 64;
    let sum = multiple
        .clone()
        .resize(precision)
        .wrapping_add(exponent.clone().resize(precision));
    factor.zeroize();
    below.zeroize();
    multiple.zeroize();
    sum
}

impl Drop for RsaPrivate {
    fn drop(&mut self) {
        match &mut self.0 {
            Form::Plain { exponent, .. } => exponent.zeroize(),
            Form::Crt {
                dp, dq, inverse, ..
            } => {
                dp.zeroize();
                dq.zeroize();
                inverse.zeroize();
            }
        }
    }
}

impl fmt::Debug for RsaPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivate({} bits)", self.bits())
    }
}

/// What leading zeros stand before.
pub(crate) fn strip(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// A big-endian number, with the precision of its bytes.
pub(crate) fn number(bytes: &[u8]) -> BoxedUint {
    let bits = u32::try_from(bytes.len().saturating_mul(8)).unwrap_or(u32::MAX);
    BoxedUint::from_be_slice(bytes, bits.max(8)).unwrap_or_else(|_| BoxedUint::zero())
}

/// The numbers modulo this one, which must be odd and more than 1.
pub(crate) fn odd(modulus: &[u8]) -> Result<BoxedMontyParams, InvalidRsaKey> {
    let modulus = number(strip(modulus));
    if modulus.bit_width() < 2 {
        return Err(InvalidRsaKey);
    }
    let modulus = modulus.into_odd().into_option().ok_or(InvalidRsaKey)?;
    Ok(BoxedMontyParams::new(modulus))
}

/// A number modulo another, with that one's precision.
pub(crate) fn residue(value: &BoxedUint, modulus: &BoxedMontyParams) -> BoxedUint {
    let precision = modulus.bits_precision();
    let modulus: &NonZero<BoxedUint> = modulus.modulus().as_nz_ref();
    value.rem(modulus).resize(precision)
}

/// A message as a number, if it is below the modulus.
pub(crate) fn below(message: &[u8], modulus: &BoxedUint) -> Result<BoxedUint, OutOfRange> {
    let message = number(strip(message));
    // The message is no secret to the one who sent it.
    if message.cmp_vartime(modulus).is_ge() {
        return Err(OutOfRange);
    }
    Ok(message.resize(modulus.bits_precision()))
}

/// A number in so many bytes, which hold it.
pub(crate) fn padded(value: &BoxedUint, length: usize) -> Vec<u8> {
    let mut bytes = value.to_be_bytes();
    let mut out = vec![0; length];
    let digits = bytes.len().min(length);
    out[length - digits..].copy_from_slice(&bytes[bytes.len() - digits..]);
    bytes.zeroize();
    out
}

/// The bytes are no RSA key: an even modulus, a modulus of at most 1, an exponent of zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRsaKey;

impl fmt::Display for InvalidRsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an RSA key: the modulus must be odd, the exponent not zero")
    }
}

impl core::error::Error for InvalidRsaKey {}

/// Why a private operation gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateError {
    /// The message, as a number, is not below the modulus.
    OutOfRange,
    /// The result is wrong: the parts of the key do not fit together, or the machine has erred.
    Fault,
}

impl From<OutOfRange> for PrivateError {
    fn from(_: OutOfRange) -> Self {
        Self::OutOfRange
    }
}

impl fmt::Display for PrivateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange => OutOfRange.fmt(f),
            Self::Fault => f.write_str("the result of the private key is wrong"),
        }
    }
}

impl core::error::Error for PrivateError {}

/// The message, as a number, is not below the modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message is not below the modulus")
    }
}

impl core::error::Error for OutOfRange {}
