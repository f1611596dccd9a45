use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use crypto_bigint::rand_core::{TryCryptoRng, TryRng};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Gcd, NonZero, Resize};
use crypto_primes::Flavor;
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use zeroize::{Zeroize, Zeroizing};

use super::{number, padded};
use crate::SeededRandom;
use crate::random::Random;

/// A new key pair (RFC 8017 §3): every part big-endian, those of the modulus's size with its length, the others with
/// half of it.
pub struct RsaPair {
    /// n = p q
    pub modulus: Vec<u8>,
    /// e, as it was asked for
    pub public_exponent: Vec<u8>,
    /// d = e⁻¹ mod lcm(p − 1, q − 1)
    pub private_exponent: Zeroizing<Vec<u8>>,
    /// The larger prime.
    pub p: Zeroizing<Vec<u8>>,
    /// The smaller prime.
    pub q: Zeroizing<Vec<u8>>,
    /// d mod (p − 1)
    pub dp: Zeroizing<Vec<u8>>,
    /// d mod (q − 1)
    pub dq: Zeroizing<Vec<u8>>,
    /// q⁻¹ mod p
    pub inverse: Zeroizing<Vec<u8>>,
}

impl RsaPair {
    /// A pair whose modulus has exactly `bits` bits, an even number from 512 to 4096, and whose public exponent is this odd
    /// number of at least 3. `draw` gives random bytes.
    ///
    /// The primes are drawn with their two highest bits set, sieved, and tested by a Miller-Rabin test to base 2 and a
    /// strong Lucas test (Baillie-PSW); they differ within their 100 highest bits (FIPS 186-5 §A.1.3).
    pub fn generate(
        bits: u16,
        public_exponent: &[u8],
        draw: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, BadExponent> {
        let e = number(public_exponent);
        if e.bit_width() < 2 || !e.bit_vartime(0) || e.bit_width() > u32::from(bits) / 2 {
            return Err(BadExponent);
        }
        let half = u32::from(bits / 2);
        let mut stream = Stream::new(draw);
        loop {
            let p = prime(&mut stream, half, &e);
            let q = prime(&mut stream, half, &e);
            if let Some(pair) = p.zip(q).and_then(|(p, q)| Self::of(p, q, &e, bits)) {
                return Ok(Self {
                    public_exponent: public_exponent.to_vec(),
                    ..pair
                });
            }
        }
    }

    /// The pair of two primes, unless they are too close to each other.
    fn of(p: BoxedUint, q: BoxedUint, e: &BoxedUint, bits: u16) -> Option<Self> {
        let (p, q) = if p.cmp_vartime(&q).is_ge() {
            (p, q)
        } else {
            (q, p)
        };
        let half = u32::from(bits / 2);
        if p.wrapping_sub(&q).bit_width() < half - 100 {
            return None;
        }
        let full = u32::from(bits);
        let one = BoxedUint::one();
        let (p1, q1) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
        let modulus = p.concatenating_mul(&q).resize(full);
        let divisor = p1.gcd(&q1).to_nz().into_option()?;
        let lcm = p1
            .wrapping_div(&divisor)
            .concatenating_mul(&q1)
            .resize(full);
        let lcm = lcm.to_nz().into_option()?;
        let d = e.clone().resize(full).invert_mod(&lcm).into_option()?;
        let dp = d.rem(&nonzero(&p1)?);
        let dq = d.rem(&nonzero(&q1)?);
        let inverse = q.invert_mod(&nonzero(&p)?).into_option()?;
        let (whole, part) = (
            usize::from(bits.div_ceil(8)),
            usize::from((bits / 2).div_ceil(8)),
        );
        let secret = |mut value: BoxedUint, length| {
            let bytes = Zeroizing::new(padded(&value, length));
            value.zeroize();
            bytes
        };
        Some(Self {
            modulus: padded(&modulus, whole),
            public_exponent: Vec::new(),
            private_exponent: secret(d, whole),
            p: secret(p, part),
            q: secret(q, part),
            dp: secret(dp, part),
            dq: secret(dq, part),
            inverse: secret(inverse, part),
        })
    }
}

impl fmt::Debug for RsaPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPair({} bits)", self.modulus.len() * 8)
    }
}

fn nonzero(value: &BoxedUint) -> Option<NonZero<BoxedUint>> {
    value.to_nz().into_option()
}

/// A prime of so many bits, the two highest set, with p − 1 coprime to the exponent.
fn prime(stream: &mut Stream, bits: u32, e: &BoxedUint) -> Option<BoxedUint> {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, bits, SetBits::TwoMsb).ok()?;
    crypto_primes::sieve_and_find(stream, sieve, |_, candidate: &BoxedUint| {
        let below = candidate.wrapping_sub(BoxedUint::one());
        let precision = below.bits_precision().max(e.bits_precision());
        let divisor = below.resize(precision).gcd(&e.clone().resize(precision));
        divisor.is_one().into() && crypto_primes::is_prime(Flavor::Any, candidate)
    })
    .ok()?
}

/// Random bytes that follow from one draw of 64: a search asks for some hundred candidates.
struct Stream {
    source: SeededRandom,
    counter: u64,
}

impl Stream {
    fn new(draw: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut seed = Zeroizing::new([0; 64]);
        draw(&mut *seed);
        Self {
            source: SeededRandom::new(&*seed),
            counter: 0,
        }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.source.draw("RSA primes", self.counter, out);
        self.counter += 1;
        Ok(())
    }
}

impl TryCryptoRng for Stream {}

/// A public exponent is an odd number of at least 3 and at most half the modulus's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadExponent;

impl fmt::Display for BadExponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the public exponent must be odd, at least 3 and at most half as long as the modulus",
        )
    }
}

impl core::error::Error for BadExponent {}
