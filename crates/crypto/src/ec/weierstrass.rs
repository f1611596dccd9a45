use alloc::vec;
use alloc::vec::Vec;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Limb, Odd, Uint};
use subtle::ConditionallySelectable;
use zeroize::{Zeroize, Zeroizing};

use super::nonce::Nonces;
use super::{EcError, EcParameters};
use crate::leftmost_bits;
use crate::rsa::strip;

/// A curve y² = x³ + a x + b over the integers modulo an odd p, of any parameters that fit into L limbs.
///
/// The group law is the complete one of Renes, Costello and Batina (2016, algorithms 1 and 3): it has no cases, and holds
/// for every two points whose difference is not of order two, so for all in a subgroup of odd order. A multiplication
/// walks the scalar in steps of four bits, of which there are as many as the order has, and looks its table up whole. What
/// depends on a scalar's value is so neither a branch nor an address.
#[derive(Clone, Debug)]
pub(super) struct Weierstrass<const L: usize> {
    p: FixedMontyParams<L>,
    n: FixedMontyParams<L>,
    a: FixedMontyForm<L>,
    b: FixedMontyForm<L>,
    /// 3 b
    b3: FixedMontyForm<L>,
    g: Point<L>,
    field_len: usize,
    order_bits: u32,
}

/// X : Y : Z; Z is zero at infinity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point<const L: usize> {
    x: FixedMontyForm<L>,
    y: FixedMontyForm<L>,
    z: FixedMontyForm<L>,
}

impl<const L: usize> Weierstrass<L> {
    pub(super) fn new(parameters: &EcParameters<'_>) -> Result<Self, EcError> {
        let p = modulus::<L>(parameters.p)?;
        let n = modulus::<L>(parameters.n)?;
        let a = FixedMontyForm::new(&below(parameters.a, p.modulus())?, &p);
        let b = FixedMontyForm::new(&below(parameters.b, p.modulus())?, &p);
        // 4 a³ + 27 b² is not zero: no cusp, no crossing.
        let a3 = a.square().mul(&a);
        let a34 = a3.double().double();
        let b2 = b.square();
        let small = FixedMontyForm::new(&Uint::from_u8(27), &p);
        if a34.add(&b2.mul(&small)).as_montgomery() == &Uint::ZERO {
            return Err(EcError::Curve);
        }
        let one = FixedMontyForm::one(&p);
        let mut curve = Self {
            a,
            b,
            b3: b.double().add(&b),
            g: Point {
                x: one,
                y: one,
                z: one,
            },
            field_len: strip(parameters.p).len(),
            order_bits: n.modulus().as_ref().bit_width(),
            p,
            n,
        };
        curve.g = curve.point(parameters.g)?;
        Ok(curve)
    }

    pub(super) fn field_len(&self) -> usize {
        self.field_len
    }

    pub(super) fn order_bits(&self) -> u32 {
        self.order_bits
    }

    fn order_len(&self) -> usize {
        // At most 72.
        usize::try_from(self.order_bits.div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// An uncompressed point of the curve (SEC 1 §2.3.4).
    pub(super) fn point(&self, bytes: &[u8]) -> Result<Point<L>, EcError> {
        let Some((4, coordinates)) = bytes.split_first() else {
            return Err(EcError::Point);
        };
        if coordinates.len() != 2 * self.field_len {
            return Err(EcError::Point);
        }
        let (x, y) = coordinates.split_at(self.field_len);
        let [x, y] = [x, y].map(|value| below(value, self.p.modulus()).map_err(|_| EcError::Point));
        let point = Point {
            x: FixedMontyForm::new(&x?, &self.p),
            y: FixedMontyForm::new(&y?, &self.p),
            z: FixedMontyForm::one(&self.p),
        };
        let right = point.x.square().add(&self.a).mul(&point.x).add(&self.b);
        if point.y.square().as_montgomery() == right.as_montgomery() {
            Ok(point)
        } else {
            Err(EcError::Point)
        }
    }

    /// A private scalar: neither zero nor as large as the order.
    fn scalar(&self, bytes: &[u8]) -> Result<Zeroizing<Uint<L>>, EcError> {
        let scalar = Zeroizing::new(below(bytes, self.n.modulus()).map_err(|_| EcError::Scalar)?);
        if scalar.is_zero().into() {
            return Err(EcError::Scalar);
        }
        Ok(scalar)
    }

    pub(super) fn check_scalar(&self, bytes: &[u8]) -> Result<(), EcError> {
        self.scalar(bytes).map(|_| ())
    }

    /// A hash modulo the order, as long as the order.
    pub(super) fn reduced(&self, hash: &[u8]) -> Vec<u8> {
        self.bytes(&self.digest(hash), self.order_len())
    }

    pub(super) fn public(&self, scalar: &[u8]) -> Result<Vec<u8>, EcError> {
        let scalar = self.scalar(scalar)?;
        self.encode(&self.multiply(&self.g, &scalar))
    }

    /// The scalar times the point.
    pub(super) fn product(&self, scalar: &[u8], point: &[u8]) -> Result<Vec<u8>, EcError> {
        let scalar = self.scalar(scalar)?;
        self.encode(&self.multiply(&self.point(point)?, &scalar))
    }

    pub(super) fn sum(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, EcError> {
        self.encode(&self.add(&self.point(first)?, &self.point(second)?))
    }

    /// ECDSA (FIPS 186-5 §6.4.1) with the nonces given: r ‖ s.
    pub(super) fn sign(
        &self,
        scalar: &[u8],
        hash: &[u8],
        nonces: &mut Nonces,
    ) -> Result<Vec<u8>, EcError> {
        let d = FixedMontyForm::new(&*self.scalar(scalar)?, &self.n);
        let z = FixedMontyForm::new(&self.digest(hash), &self.n);
        // A nonce fails once in 2^order; an order so small that it fails often makes no signature.
        for _ in 0..256 {
            let candidate = nonces.next(self.order_bits);
            let Ok(mut k) = self.scalar(&candidate) else {
                continue;
            };
            let point = self.multiply(&self.g, &k);
            let mut k_form = FixedMontyForm::new(&k, &self.n);
            k.zeroize();
            let Some((x, _)) = self.affine(&point) else {
                continue;
            };
            let r = FixedMontyForm::new(&reduce(&x, &self.n), &self.n);
            let inverse = k_form.invert().into_option();
            k_form.zeroize();
            let Some(inverse) = inverse else {
                continue;
            };
            let s = d.mul(&r).add(&z).mul(&inverse);
            let (r, s) = (r.retrieve(), s.retrieve());
            if r == Uint::ZERO || s == Uint::ZERO {
                continue;
            }
            let mut out = self.bytes(&r, self.order_len());
            out.extend(self.bytes(&s, self.order_len()));
            return Ok(out);
        }
        Err(EcError::Curve)
    }

    /// ECDSA's verification (FIPS 186-5 §6.4.2) of r ‖ s. Everything here is public.
    pub(super) fn verify(&self, point: &[u8], hash: &[u8], signature: &[u8]) -> bool {
        self.check(point, hash, signature).unwrap_or(false)
    }

    fn check(&self, point: &[u8], hash: &[u8], signature: &[u8]) -> Result<bool, EcError> {
        let point = self.point(point)?;
        if signature.len() != 2 * self.order_len() {
            return Ok(false);
        }
        let (r, s) = signature.split_at(self.order_len());
        let (r, s) = (self.scalar(r)?, self.scalar(s)?);
        let s = FixedMontyForm::new(&s, &self.n);
        let inverse = s.invert_vartime().into_option().ok_or(EcError::Scalar)?;
        let z = FixedMontyForm::new(&self.digest(hash), &self.n);
        let u1 = z.mul(&inverse).retrieve();
        let u2 = FixedMontyForm::new(&r, &self.n).mul(&inverse).retrieve();
        let sum = self.add(&self.multiply(&self.g, &u1), &self.multiply(&point, &u2));
        Ok(self
            .affine(&sum)
            .is_some_and(|(x, _)| reduce(&x, &self.n) == *r))
    }

    /// A hash as a number below the order: its leftmost bits, as many as the order has (FIPS 186-5 §6.4.1).
    fn digest(&self, hash: &[u8]) -> Uint<L> {
        let bits = leftmost_bits(hash, self.order_bits);
        reduce(&uint(&bits).unwrap_or(Uint::ZERO), &self.n)
    }

    fn multiply(&self, point: &Point<L>, scalar: &Uint<L>) -> Point<L> {
        let infinity = Point {
            x: FixedMontyForm::zero(&self.p),
            y: FixedMontyForm::one(&self.p),
            z: FixedMontyForm::zero(&self.p),
        };
        let mut table = [infinity; 16];
        for i in 1..16 {
            table[i] = self.add(&table[i - 1], point);
        }
        let mut sum = infinity;
        let digits = self.order_len() * 2;
        let bytes = Zeroizing::new(self.bytes(scalar, digits / 2));
        for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            for _ in 0..4 {
                sum = self.double(&sum);
            }
            let entry = self.lookup(&table, digit);
            sum = self.add(&sum, &entry);
        }
        sum
    }

    /// An entry of the table, by reading all of them.
    fn lookup(&self, table: &[Point<L>; 16], digit: u8) -> Point<L> {
        let mut chosen = [Uint::<L>::ZERO; 3];
        for (i, point) in (0u8..).zip(table) {
            let hit = subtle::ConstantTimeEq::ct_eq(&i, &digit);
            for (value, from) in chosen.iter_mut().zip([&point.x, &point.y, &point.z]) {
                let from = from.as_montgomery().as_words();
                for (word, from) in value.as_mut_words().iter_mut().zip(from) {
                    word.conditional_assign(from, hit);
                }
            }
        }
        let [x, y, z] = chosen.map(|value| FixedMontyForm::from_montgomery(value, &self.p));
        Point { x, y, z }
    }

    /// Algorithm 1: 12 multiplications, 3 by a and 2 by 3 b.
    fn add(&self, p: &Point<L>, q: &Point<L>) -> Point<L> {
        let t0 = p.x.mul(&q.x);
        let t1 = p.y.mul(&q.y);
        let t2 = p.z.mul(&q.z);
        // X1 Y2 + X2 Y1, X1 Z2 + X2 Z1, Y1 Z2 + Y2 Z1
        let xy = p.x.add(&p.y).mul(&q.x.add(&q.y)).sub(&t0.add(&t1));
        let xz = p.x.add(&p.z).mul(&q.x.add(&q.z)).sub(&t0.add(&t2));
        let yz = p.y.add(&p.z).mul(&q.y.add(&q.z)).sub(&t1.add(&t2));
        let s = self.b3.mul(&t2).add(&self.a.mul(&xz));
        let (minus, plus) = (t1.sub(&s), t1.add(&s));
        let at2 = self.a.mul(&t2);
        let m = t0.double().add(&t0).add(&at2);
        let k = self.b3.mul(&xz).add(&self.a.mul(&t0.sub(&at2)));
        Point {
            x: xy.mul(&minus).sub(&yz.mul(&k)),
            y: minus.mul(&plus).add(&m.mul(&k)),
            z: yz.mul(&plus).add(&xy.mul(&m)),
        }
    }

    /// Algorithm 3: 8 multiplications, 3 squarings, 3 by a and 2 by 3 b.
    fn double(&self, p: &Point<L>) -> Point<L> {
        let t0 = p.x.square();
        let t1 = p.y.square();
        let t2 = p.z.square();
        let xy = p.x.mul(&p.y).double();
        let xz = p.x.mul(&p.z).double();
        let yz = p.y.mul(&p.z).double();
        let s = self.a.mul(&xz).add(&self.b3.mul(&t2));
        let (minus, plus) = (t1.sub(&s), t1.add(&s));
        let at2 = self.a.mul(&t2);
        let k = self.a.mul(&t0.sub(&at2)).add(&self.b3.mul(&xz));
        let m = t0.double().add(&t0).add(&at2);
        Point {
            x: xy.mul(&minus).sub(&yz.mul(&k)),
            y: minus.mul(&plus).add(&m.mul(&k)),
            z: yz.mul(&t1).double().double(),
        }
    }

    fn affine(&self, point: &Point<L>) -> Option<(Uint<L>, Uint<L>)> {
        let inverse = point.z.invert().into_option()?;
        Some((
            point.x.mul(&inverse).retrieve(),
            point.y.mul(&inverse).retrieve(),
        ))
    }

    /// 04 ‖ x ‖ y
    fn encode(&self, point: &Point<L>) -> Result<Vec<u8>, EcError> {
        let (x, y) = self.affine(point).ok_or(EcError::Point)?;
        let mut out = vec![4];
        for mut value in [x, y] {
            let mut bytes = self.bytes(&value, self.field_len);
            out.extend_from_slice(&bytes);
            bytes.zeroize();
            value.zeroize();
        }
        Ok(out)
    }

    fn bytes(&self, value: &Uint<L>, length: usize) -> Vec<u8> {
        let mut all = value.to_be_bytes();
        let all: &mut [u8] = all.as_mut();
        let out = all
            .get(all.len().saturating_sub(length)..)
            .unwrap_or_default()
            .to_vec();
        all.zeroize();
        out
    }
}

/// An odd modulus of at least 3.
fn modulus<const L: usize>(bytes: &[u8]) -> Result<FixedMontyParams<L>, EcError> {
    let value = uint::<L>(bytes).ok_or(EcError::Curve)?;
    if value.bit_width_vartime() < 2 {
        return Err(EcError::Curve);
    }
    let odd = Odd::new(value).into_option().ok_or(EcError::Curve)?;
    Ok(FixedMontyParams::new(odd))
}

fn below<const L: usize>(bytes: &[u8], modulus: &Odd<Uint<L>>) -> Result<Uint<L>, EcError> {
    let value = uint::<L>(bytes).ok_or(EcError::Curve)?;
    let (_, borrow) = value.borrowing_sub(modulus.as_ref(), Limb::ZERO);
    if borrow == Limb::ZERO {
        return Err(EcError::Curve);
    }
    Ok(value)
}

fn reduce<const L: usize>(value: &Uint<L>, modulus: &FixedMontyParams<L>) -> Uint<L> {
    value.rem(modulus.modulus().as_nz_ref())
}

/// A big-endian number, if it fits.
fn uint<const L: usize>(bytes: &[u8]) -> Option<Uint<L>> {
    let size = L * Limb::BYTES;
    let over = bytes.len().saturating_sub(size);
    let (high, low) = bytes.split_at(over);
    if high.iter().any(|byte| *byte != 0) {
        return None;
    }
    let mut whole = Zeroizing::new(vec![0; size]);
    whole[size - low.len()..].copy_from_slice(low);
    Some(Uint::from_be_slice(&whole))
}
