//! DSA (FIPS 186-4 §4), which FIPS 186-5 keeps for verifying alone.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crypto_bigint::BoxedUint;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use zeroize::Zeroizing;

use crate::ec::hex;
use crate::order::Order;
use crate::rsa::{below, odd, padded};

/// The domain p, q, g. Exponentiations with a private number are constant-time in it.
#[derive(Clone, Debug)]
pub struct DsaGroup {
    p: BoxedMontyParams,
    g: BoxedMontyForm,
    q: Order,
    length: usize,
}

impl DsaGroup {
    /// The domain of these numbers, big-endian. It is checked that p and q are odd, g is from 2 to p − 1, and g to the
    /// power of q is 1; not that p and q are primes.
    pub fn new(p: &[u8], q: &[u8], g: &[u8]) -> Result<Self, DsaError> {
        let p = odd(p).map_err(|_| DsaError::Domain)?;
        let order = Order::new(q).ok_or(DsaError::Domain)?;
        let bits = p.modulus().as_ref().bit_width();
        let length = usize::try_from(bits.div_ceil(8)).map_err(|_| DsaError::Domain)?;
        let group = Self {
            g: element(g, &p).ok_or(DsaError::Domain)?,
            p,
            q: order,
            length,
        };
        let power = group.g.pow(&crate::rsa::number(q)).retrieve();
        if bool::from(power.is_one()) {
            Ok(group)
        } else {
            Err(DsaError::Domain)
        }
    }

    /// The domain p, q, g of 512, 768 and 1024 bits that the Java Cryptography Architecture names in its appendix B.
    pub fn usual(bits: u16) -> Option<[&'static [u8]; 3]> {
        match bits {
            512 => Some([
                &const {
                    hex::<64>(
                        "FCA682CE8E12CABA26EFCCF7110E526DB078B05EDECBCD1EB4A208F3AE1617AE01F35B91A47E6DF63413C5E12ED0899BCD132ACD50D99151BDC43EE737592E17",
                    )
                },
                &const { hex::<20>("962EDDCC369CBA8EBB260EE6B6A126D9346E38C5") },
                &const {
                    hex::<64>(
                        "678471B27A9CF44EE91A49C5147DB1A9AAF244F05A434D6486931D2D14271B9E35030B71FD73DA179069B32E2935630E1C2062354D0DA20A6C416E50BE794CA4",
                    )
                },
            ]),
            768 => Some([
                &const {
                    hex::<96>(
                        "E9E642599D355F37C97FFD3567120B8E25C9CD43E927B3A9670FBEC5D890141922D2C3B3AD2480093799869D1E846AAB49FAB0AD26D2CE6A22219D470BCE7D777D4A21FBE9C270B57F607002F3CEF8393694CF45EE3688C11A8C56AB127A3DAF",
                    )
                },
                &const { hex::<20>("9CDBD84C9F1AC2F38D0F80F42AB952E7338BF511") },
                &const {
                    hex::<96>(
                        "30470AD5A005FB14CE2D9DCD87E38BC7D1B1C5FACBAECBE95F190AA7A31D23C4DBBCBE06174544401A5B2C020965D8C2BD2171D3668445771F74BA084D2029D83C1C158547F3A9F1A2715BE23D51AE4D3E5A1F6A7064F316933A346D3F529252",
                    )
                },
            ]),
            1024 => Some([
                &const {
                    hex::<128>(
                        "FD7F53811D75122952DF4A9C2EECE4E7F611B7523CEF4400C31E3F80B6512669455D402251FB593D8D58FABFC5F5BA30F6CB9B556CD7813B801D346FF26660B76B9950A5A49F9FE8047B1022C24FBBA9D7FEB7C61BF83B57E7C6A8A6150F04FB83F6D3C51EC3023554135A169132F675F3AE2B61D72AEFF22203199DD14801C7",
                    )
                },
                &const { hex::<20>("9760508F15230BCCB292B982A2EB840BF0581CF5") },
                &const {
                    hex::<128>(
                        "F7E1A085D69B3DDECBBCAB5C36B857B97994AFBBFA3AEA82F9574C0B3D0782675159578EBAD4594FE67107108180B449167123E84C281613B7CF09328CC8A6E13C167A8B547C8D28E0A3AE1E2BB3A675916EA37F0BFA213562F1FB627A01243BCCA4F1BEA8519089A883DFE15AE59F06928B665E807B552564014C3BFECF492A",
                    )
                },
            ]),
            _ => None,
        }
    }

    /// Bytes of a private number, and of each half of a signature.
    pub fn order_len(&self) -> usize {
        self.q.len()
    }

    /// A private number drawn by rejection (FIPS 186-4 §B.1.2), [`Self::order_len`] bytes. `draw` gives random bytes.
    pub fn draw(&self, draw: &mut dyn FnMut(&mut [u8])) -> Result<Zeroizing<Vec<u8>>, DsaError> {
        // Each draw fails at most every other time; 256 failures are no accident.
        for _ in 0..256 {
            let mut number = Zeroizing::new(vec![0; self.q.len()]);
            draw(&mut number);
            if let Some(first) = number.first_mut() {
                *first &= 0xFF >> ((8 - self.q.bits() % 8) % 8);
            }
            if self.q.scalar(&number).is_some() {
                return Ok(number);
            }
        }
        Err(DsaError::Domain)
    }

    /// The public number y of a private one, as long as p.
    pub fn public(&self, x: &[u8]) -> Result<Vec<u8>, DsaError> {
        let x = self.q.scalar(x).ok_or(DsaError::Key)?;
        Ok(padded(&self.g.pow(&x).retrieve(), self.length))
    }

    /// The signature of a hash (FIPS 186-4 §4.6) with RFC 6979's nonce: r ‖ s, [`Self::order_len`] bytes each.
    pub fn sign(&self, x: &[u8], hash: &[u8]) -> Result<Vec<u8>, DsaError> {
        let x = self.q.scalar(x).ok_or(DsaError::Key)?;
        let power = |k: &BoxedUint| Some(padded(&self.g.pow(k).retrieve(), self.length));
        self.q.sign(&x, hash, power).ok_or(DsaError::Domain)
    }

    /// Whether r ‖ s is the signature of a hash (FIPS 186-4 §4.7).
    pub fn verify(&self, y: &[u8], hash: &[u8], signature: &[u8]) -> bool {
        let Some(y) = element(y, &self.p) else {
            return false;
        };
        self.q.verify(hash, signature, |u1, u2| {
            let power = self.g.pow(u1).mul(&y.pow(u2)).retrieve();
            Some(padded(&power, self.length))
        })
    }
}

/// A number from 2 to p − 1.
fn element(bytes: &[u8], p: &BoxedMontyParams) -> Option<BoxedMontyForm> {
    let number = below(bytes, p.modulus().as_ref()).ok()?;
    (number.bit_width() > 1).then(|| BoxedMontyForm::new(number, p))
}

/// Why a domain does not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DsaError {
    /// p, q and g are no domain.
    Domain,
    /// The private number is zero or not below q.
    Key,
}

impl fmt::Display for DsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => "p, q and g are no domain of DSA",
            Self::Key => "the private number is zero or not below q",
        })
    }
}

impl core::error::Error for DsaError {}
