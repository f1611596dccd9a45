//! Elliptic curves over prime fields, of any parameters up to 576 bits, and over binary fields: key pairs, ECDSA, products
//! and sums of points.
//!
//! Scalars are secret, and every path that uses one is constant-time in it. P-256, P-384, P-521, secp256k1 and
//! brainpoolP256r1 and P384r1 are recognised by their parameters and go to the RustCrypto curves; all others to the
//! module `weierstrass`, whose formulas have no cases and whose arithmetic is `crypto-bigint`'s. Not constant-time are
//! reading parameters and points and verifying signatures, where nothing is secret, and curves over binary fields. A curve whose order is even or
//! whose parameters are no curve's at all gives wrong products and errors; it leaks no more than that.

mod binary;
mod library;
mod named;
mod nonce;
mod weierstrass;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crypto_bigint::{U256, U384, U576};
use zeroize::Zeroizing;

use crate::rsa::strip;
use crate::{HashAlgorithm, rsa};
use binary::Binary;
use library::Library;
pub(crate) use named::hex;
pub use named::{NamedBinaryCurve, NamedCurve};
pub(crate) use nonce::Nonces;
use weierstrass::Weierstrass;

/// The parameters of a curve y² = x³ + a x + b over the integers modulo p: numbers big-endian with any leading zeros, the
/// generator as an uncompressed point (SEC 1 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcParameters<'a> {
    /// The field's prime.
    pub p: &'a [u8],
    /// The first coefficient.
    pub a: &'a [u8],
    /// The second coefficient.
    pub b: &'a [u8],
    /// The generator.
    pub g: &'a [u8],
    /// The generator's order.
    pub n: &'a [u8],
}

impl EcParameters<'_> {
    /// Whether these are the same numbers.
    fn same(&self, other: &EcParameters<'_>) -> bool {
        [self.p, self.a, self.b, self.n].map(strip)
            == [other.p, other.a, other.b, other.n].map(strip)
            && self.g == other.g
    }
}

/// The parameters of a curve y² + x y = x³ + a x² + b over a binary field: field elements as the bits of their polynomials,
/// big-endian, the generator as an uncompressed point (SEC 1 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinaryParameters<'a> {
    /// The reduction polynomial, of three or five terms.
    pub polynomial: &'a [u8],
    /// The first coefficient.
    pub a: &'a [u8],
    /// The second coefficient.
    pub b: &'a [u8],
    /// The generator.
    pub g: &'a [u8],
    /// The generator's order.
    pub n: &'a [u8],
}

/// A curve that can be worked with.
#[derive(Clone, Debug)]
pub struct EcCurve(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Library(Library),
    Bits256(Box<Weierstrass<{ U256::LIMBS }>>),
    Bits384(Box<Weierstrass<{ U384::LIMBS }>>),
    Bits576(Box<Weierstrass<{ U576::LIMBS }>>),
    Binary(Box<Binary>),
}

macro_rules! each {
    ($curve:expr, $inner:ident => $body:expr) => {
        match &$curve.0 {
            Kind::Library($inner) => $body,
            Kind::Bits256($inner) => $body,
            Kind::Bits384($inner) => $body,
            Kind::Bits576($inner) => $body,
            Kind::Binary($inner) => $body,
        }
    };
}

impl EcCurve {
    /// The curve of these parameters. It is checked that p and n are odd and at most 576 bits, a and b below p, the curve not
    /// singular and the generator on it; not that p and n are primes.
    pub fn new(parameters: &EcParameters<'_>) -> Result<Self, EcError> {
        match Library::ALL
            .iter()
            .find(|library| library.named().parameters().same(parameters))
        {
            Some(library) => Ok(Self(Kind::Library(*library))),
            None => Self::generic(parameters),
        }
    }

    /// A curve by name.
    pub fn named(name: NamedCurve) -> Result<Self, EcError> {
        Self::new(&name.parameters())
    }

    /// The curve of these parameters, by the formulas that serve any curve: [`Self::new`] without the recognition.
    pub fn generic(parameters: &EcParameters<'_>) -> Result<Self, EcError> {
        let bits = [parameters.p, parameters.n]
            .map(|number| rsa::number(strip(number)).bit_width())
            .into_iter()
            .max();
        Ok(Self(match bits {
            Some(..=256) => Kind::Bits256(Box::new(Weierstrass::new(parameters)?)),
            Some(..=384) => Kind::Bits384(Box::new(Weierstrass::new(parameters)?)),
            Some(..=576) => Kind::Bits576(Box::new(Weierstrass::new(parameters)?)),
            _ => return Err(EcError::Curve),
        }))
    }

    /// The curve of these parameters over a binary field. It is checked that the generator is on it and n is odd; not that
    /// the polynomial is irreducible and n a prime.
    pub fn binary(parameters: &BinaryParameters<'_>) -> Result<Self, EcError> {
        Ok(Self(Kind::Binary(Box::new(Binary::new(parameters)?))))
    }

    /// Bytes of a coordinate.
    pub fn field_len(&self) -> usize {
        each!(self, curve => curve.field_len())
    }

    /// Bits of the generator's order.
    pub fn order_bits(&self) -> u32 {
        each!(self, curve => curve.order_bits())
    }

    /// Bytes of a scalar, and of each half of a signature.
    pub fn order_len(&self) -> usize {
        // At most 72.
        usize::try_from(self.order_bits().div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// A private scalar drawn by rejection (FIPS 186-5 §A.2.2), [`Self::order_len`] bytes. `draw` gives random bytes.
    pub fn draw(&self, draw: &mut dyn FnMut(&mut [u8])) -> Result<Zeroizing<Vec<u8>>, EcError> {
        let bits = self.order_bits();
        // Each draw fails at most every other time; 256 failures are no accident.
        for _ in 0..256 {
            let mut scalar = Zeroizing::new(vec![0; self.order_len()]);
            draw(&mut scalar);
            if let Some(first) = scalar.first_mut() {
                *first &= 0xFF >> ((8 - bits % 8) % 8);
            }
            if self.check_scalar(&scalar).is_ok() {
                return Ok(scalar);
            }
        }
        Err(EcError::Curve)
    }

    /// Whether these bytes are a private scalar: neither zero nor as large as the order.
    pub fn check_scalar(&self, scalar: &[u8]) -> Result<(), EcError> {
        each!(self, curve => curve.check_scalar(scalar))
    }

    /// Whether these bytes are an uncompressed point of the curve, other than infinity.
    pub fn check_point(&self, point: &[u8]) -> Result<(), EcError> {
        each!(self, curve => curve.point(point).map(|_| ()))
    }

    /// The public point of a private scalar, uncompressed.
    pub fn public(&self, scalar: &[u8]) -> Result<Vec<u8>, EcError> {
        each!(self, curve => curve.public(scalar))
    }

    /// The product of a private scalar and a point, uncompressed; [`EcError::Point`] when that is infinity. ECDH's shared
    /// secret (NIST SP 800-56A §5.7.1.2) is its x.
    pub fn multiply(&self, scalar: &[u8], point: &[u8]) -> Result<Zeroizing<Vec<u8>>, EcError> {
        each!(self, curve => curve.product(scalar, point)).map(Zeroizing::new)
    }

    /// The sum of two points, uncompressed; [`EcError::Point`] when that is infinity.
    pub fn add(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, EcError> {
        each!(self, curve => curve.sum(first, second))
    }

    /// ECDSA (FIPS 186-5 §6.4.1) over a hash of any length, with RFC 6979's nonce made by HMAC of SHA-256, SHA-384 or
    /// SHA-512, the first that is as long as the order: r ‖ s, [`Self::order_len`] bytes each.
    pub fn sign(&self, scalar: &[u8], hash: &[u8]) -> Result<Vec<u8>, EcError> {
        match &self.0 {
            Kind::Library(library) => library.sign(scalar, hash),
            Kind::Binary(curve) => curve.sign(scalar, hash),
            Kind::Bits256(curve) => curve.sign(scalar, hash, &mut self.nonces(scalar, hash)?),
            Kind::Bits384(curve) => curve.sign(scalar, hash, &mut self.nonces(scalar, hash)?),
            Kind::Bits576(curve) => curve.sign(scalar, hash, &mut self.nonces(scalar, hash)?),
        }
    }

    /// Whether r ‖ s is the point's ECDSA signature over a hash (FIPS 186-5 §6.4.2).
    pub fn verify(&self, point: &[u8], hash: &[u8], signature: &[u8]) -> bool {
        each!(self, curve => curve.verify(point, hash, signature))
    }

    fn nonces(&self, scalar: &[u8], hash: &[u8]) -> Result<Nonces, EcError> {
        let algorithm = HashAlgorithm::for_order(self.order_bits());
        let scalar = fixed(scalar, self.order_len()).ok_or(EcError::Scalar)?;
        let reduced = match &self.0 {
            Kind::Library(_) | Kind::Binary(_) => return Err(EcError::Curve),
            Kind::Bits256(curve) => curve.reduced(hash),
            Kind::Bits384(curve) => curve.reduced(hash),
            Kind::Bits576(curve) => curve.reduced(hash),
        };
        Ok(Nonces::new(algorithm, &scalar, &reduced))
    }
}

/// A number in so many bytes, if it fits.
fn fixed(number: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let number = strip(number);
    let mut out = Zeroizing::new(vec![0; length]);
    out.get_mut(length.checked_sub(number.len())?..)?
        .copy_from_slice(number);
    Some(out)
}

/// Why a curve does not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcError {
    /// The parameters are no curve's, or one of more than 576 bits.
    Curve,
    /// The point is not on the curve, is infinity, or is not uncompressed.
    Point,
    /// The private scalar is zero or not below the order.
    Scalar,
}

impl fmt::Display for EcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Curve => "the parameters are no curve's, or a larger one's than 576 bits",
            Self::Point => "not an uncompressed point of the curve",
            Self::Scalar => "the private scalar is zero or not below the order",
        })
    }
}

impl core::error::Error for EcError {}
