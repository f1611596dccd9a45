//! Curves over binary fields (SEC 1 §2.1.2), in a polynomial basis of up to 571 bits.
//!
//! Not constant-time: fields of characteristic 2 are withdrawn (NIST SP 800-186) and are here for applets that still ask for
//! them. A product walks the scalar with an addition at every bit, whose result is taken or not.

use alloc::vec;
use alloc::vec::Vec;

use crypto_bigint::BoxedUint;

use super::{BinaryParameters, EcError};
use crate::order::Order;
use crate::rsa::strip;

/// 64-bit words of an element.
const WORDS: usize = 9;

/// An element, the low word first.
type Element = [u64; WORDS];

/// A point other than infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Affine {
    x: Element,
    y: Element,
}

/// A curve y² + x y = x³ + a x² + b over GF(2^m).
#[derive(Clone, Debug)]
pub(super) struct Binary {
    m: usize,
    /// The exponents of the reduction polynomial below m.
    lower: Vec<usize>,
    a: Element,
    b: Element,
    g: Affine,
    n: Order,
}

impl Binary {
    pub(super) fn new(parameters: &BinaryParameters<'_>) -> Result<Self, EcError> {
        let bits: Vec<usize> = exponents(parameters.polynomial);
        let (&m, lower) = bits.split_first().ok_or(EcError::Curve)?;
        // A trinomial or a pentanomial, with a constant term.
        let shape = matches!(lower.len(), 2 | 4) && lower.last() == Some(&0);
        if !shape || !(2..64 * WORDS - 4).contains(&m) {
            return Err(EcError::Curve);
        }
        let n = Order::new(parameters.n).ok_or(EcError::Curve)?;
        let mut curve = Self {
            m,
            lower: lower.to_vec(),
            a: [0; WORDS],
            b: [0; WORDS],
            g: Affine {
                x: [0; WORDS],
                y: [0; WORDS],
            },
            n,
        };
        curve.a = curve.element(parameters.a).ok_or(EcError::Curve)?;
        curve.b = curve.element(parameters.b).ok_or(EcError::Curve)?;
        if curve.b == [0; WORDS] {
            return Err(EcError::Curve);
        }
        curve.g = curve.point(parameters.g).map_err(|_| EcError::Curve)?;
        Ok(curve)
    }

    pub(super) fn field_len(&self) -> usize {
        self.m.div_ceil(8)
    }

    pub(super) fn order_bits(&self) -> u32 {
        self.n.bits()
    }

    /// An uncompressed point of the curve (SEC 1 §2.3.4).
    pub(super) fn point(&self, bytes: &[u8]) -> Result<Affine, EcError> {
        let length = self.field_len();
        let Some((4, coordinates)) = bytes.split_first() else {
            return Err(EcError::Point);
        };
        if coordinates.len() != 2 * length {
            return Err(EcError::Point);
        }
        let (x, y) = coordinates.split_at(length);
        let point = Affine {
            x: self.element(x).ok_or(EcError::Point)?,
            y: self.element(y).ok_or(EcError::Point)?,
        };
        let Affine { x, y } = point;
        let left = add(&self.square(&y), &self.multiply(&x, &y));
        let square = self.square(&x);
        let right = add(
            &add(
                &self.multiply(&square, &x),
                &self.multiply(&self.a, &square),
            ),
            &self.b,
        );
        if left == right {
            Ok(point)
        } else {
            Err(EcError::Point)
        }
    }

    fn scalar(&self, bytes: &[u8]) -> Result<BoxedUint, EcError> {
        self.n.scalar(bytes).ok_or(EcError::Scalar)
    }

    pub(super) fn check_scalar(&self, bytes: &[u8]) -> Result<(), EcError> {
        self.scalar(bytes).map(|_| ())
    }

    pub(super) fn public(&self, scalar: &[u8]) -> Result<Vec<u8>, EcError> {
        let scalar = self.scalar(scalar)?;
        self.encode(self.product_of(&self.g, &scalar))
    }

    pub(super) fn product(&self, scalar: &[u8], point: &[u8]) -> Result<Vec<u8>, EcError> {
        let scalar = self.scalar(scalar)?;
        self.encode(self.product_of(&self.point(point)?, &scalar))
    }

    pub(super) fn sum(&self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, EcError> {
        self.encode(self.sum_of(Some(self.point(first)?), Some(self.point(second)?)))
    }

    pub(super) fn sign(&self, scalar: &[u8], hash: &[u8]) -> Result<Vec<u8>, EcError> {
        let scalar = self.scalar(scalar)?;
        let commit = |k: &BoxedUint| {
            self.product_of(&self.g, k)
                .map(|point| self.bytes(&point.x))
        };
        self.n.sign(&scalar, hash, commit).ok_or(EcError::Curve)
    }

    pub(super) fn verify(&self, point: &[u8], hash: &[u8], signature: &[u8]) -> bool {
        let Ok(point) = self.point(point) else {
            return false;
        };
        self.n.verify(hash, signature, |u1, u2| {
            let (first, second) = (self.product_of(&self.g, u1), self.product_of(&point, u2));
            self.sum_of(first, second).map(|sum| self.bytes(&sum.x))
        })
    }

    fn product_of(&self, point: &Affine, scalar: &BoxedUint) -> Option<Affine> {
        let mut sum = None;
        for bit in (0..self.n.bits()).rev() {
            sum = self.sum_of(sum, sum);
            let more = self.sum_of(sum, Some(*point));
            if scalar.bit_vartime(bit) {
                sum = more;
            }
        }
        sum
    }

    /// The group law; `None` is infinity.
    fn sum_of(&self, first: Option<Affine>, second: Option<Affine>) -> Option<Affine> {
        let (Some(p), Some(q)) = (first, second) else {
            return first.or(second);
        };
        let (slope, across) = if p.x == q.x {
            // The opposite of (x, y) is (x, x + y); (0, y) is its own.
            if p.y != q.y || p.x == [0; WORDS] {
                return None;
            }
            (
                add(&p.x, &self.multiply(&p.y, &self.invert(&p.x)?)),
                [0; WORDS],
            )
        } else {
            let across = add(&p.x, &q.x);
            let slope = self.multiply(&add(&p.y, &q.y), &self.invert(&across)?);
            (slope, across)
        };
        // x = λ² + λ + x1 + x2 + a, where x1 + x2 is zero in a doubling.
        let x = add(&add(&add(&self.square(&slope), &slope), &across), &self.a);
        let y = add(&add(&self.multiply(&slope, &add(&p.x, &x)), &x), &p.y);
        Some(Affine { x, y })
    }

    fn encode(&self, point: Option<Affine>) -> Result<Vec<u8>, EcError> {
        let point = point.ok_or(EcError::Point)?;
        let mut out = vec![4];
        out.extend(self.bytes(&point.x));
        out.extend(self.bytes(&point.y));
        Ok(out)
    }

    fn bytes(&self, element: &Element) -> Vec<u8> {
        let length = self.field_len();
        let all: Vec<u8> = element
            .iter()
            .rev()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        all[all.len() - length..].to_vec()
    }

    /// Bytes as an element, if its degree is below m.
    fn element(&self, bytes: &[u8]) -> Option<Element> {
        let mut element = [0; WORDS];
        for (index, byte) in strip(bytes).iter().rev().enumerate() {
            *element.get_mut(index / 8)? |= u64::from(*byte) << (8 * (index % 8));
        }
        (degree(&element).is_none_or(|degree| degree < self.m)).then_some(element)
    }

    fn square(&self, element: &Element) -> Element {
        self.multiply(element, element)
    }

    fn multiply(&self, a: &Element, b: &Element) -> Element {
        let mut product = [0u64; 2 * WORDS];
        for (i, word) in a.iter().enumerate().take(self.m / 64 + 1) {
            for bit in 0..64 {
                let mask = (word >> bit & 1).wrapping_neg();
                let mut carry = 0;
                for (j, other) in b.iter().enumerate() {
                    product[i + j] ^= (other << bit | carry) & mask;
                    carry = if bit == 0 { 0 } else { other >> (64 - bit) };
                }
                product[i + WORDS] ^= carry & mask;
            }
        }
        self.reduce(product)
    }

    fn reduce(&self, mut product: [u64; 2 * WORDS]) -> Element {
        for bit in (self.m..2 * self.m).rev() {
            if product[bit / 64] >> (bit % 64) & 1 == 1 {
                product[bit / 64] ^= 1 << (bit % 64);
                for lower in &self.lower {
                    let at = bit - self.m + lower;
                    product[at / 64] ^= 1 << (at % 64);
                }
            }
        }
        let mut element = [0; WORDS];
        element.copy_from_slice(&product[..WORDS]);
        element
    }

    /// The inverse by Euclid's algorithm; `None` for zero, and for what shares a factor with a reducible polynomial.
    fn invert(&self, element: &Element) -> Option<Element> {
        let mut v = [0; WORDS];
        for exponent in self.lower.iter().chain([&self.m]) {
            v[exponent / 64] |= 1 << (exponent % 64);
        }
        let mut u = *element;
        let mut g = ([0; WORDS], [0; WORDS]);
        g.0[0] = 1;
        loop {
            let (first, second) = (degree(&u)?, degree(&v)?);
            if first == 0 {
                return Some(g.0);
            }
            if first < second {
                core::mem::swap(&mut u, &mut v);
                g = (g.1, g.0);
                continue;
            }
            let shift = first - second;
            u = add(&u, &shifted(&v, shift));
            g.0 = add(&g.0, &shifted(&g.1, shift));
        }
    }
}

/// The exponents of the terms of a polynomial, the highest first.
fn exponents(polynomial: &[u8]) -> Vec<usize> {
    let bits = 8 * polynomial.len();
    (0..bits)
        .rev()
        .filter(|bit| polynomial[polynomial.len() - 1 - bit / 8] >> (bit % 8) & 1 == 1)
        .collect()
}

fn add(a: &Element, b: &Element) -> Element {
    let mut sum = *a;
    for (word, other) in sum.iter_mut().zip(b) {
        *word ^= other;
    }
    sum
}

fn shifted(element: &Element, bits: usize) -> Element {
    let (words, bits) = (bits / 64, bits % 64);
    let mut out = [0; WORDS];
    for index in (words..WORDS).rev() {
        out[index] = element[index - words] << bits;
        if bits > 0 && index > words {
            out[index] |= element[index - words - 1] >> (64 - bits);
        }
    }
    out
}

/// The degree of a polynomial; `None` for zero.
fn degree(element: &Element) -> Option<usize> {
    let index = element.iter().rposition(|word| *word != 0)?;
    // At most 63.
    let zeros = usize::try_from(element[index].leading_zeros()).unwrap_or(63);
    Some(64 * index + 63 - zeros)
}
