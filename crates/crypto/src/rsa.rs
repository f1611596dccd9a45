//! RSA (RFC 8017) with any odd modulus: the raw operation of public keys, of private keys with an exponent, and of
//! private keys with the Chinese remainder theorem; key pairs; the paddings.
//!
//! Private operations take a time that depends on the lengths of the key's parts alone: `crypto-bigint`'s Montgomery
//! exponentiation looks its table up whole, and the reduction modulo the primes and the recombination do not branch on
//! a value. Nothing is blinded: a private key of Java Card does not hold the public exponent. Operations of public
//! keys depend on the length of the exponent, which is public.

mod padding;
mod pair;

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
        length: usize,
    },
}

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
        Ok(Self(Form::Crt {
            p,
            q,
            dp: number(dp),
            dq: number(dq),
            inverse,
            modulus,
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

    /// RSADP and RSASP1 (RFC 8017 §5.1.2, §5.2.1): the message to the private exponent, as long as the modulus.
    pub fn apply(&self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, OutOfRange> {
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
                p,
                q,
                dp,
                dq,
                inverse,
                modulus,
                length,
            } => {
                let base = below(message, modulus)?;
                let mut first = BoxedMontyForm::new(residue(&base, p), p).pow(dp);
                let mut second = BoxedMontyForm::new(residue(&base, q), q).pow(dq).retrieve();
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
                (power, *length)
            }
        };
        let out = Zeroizing::new(padded(&power, length));
        power.zeroize();
        Ok(out)
    }
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

/// The message, as a number, is not below the modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message is not below the modulus")
    }
}

impl core::error::Error for OutOfRange {}
