//! Unsigned numbers of any size, for `javacardx.framework.math`. Not constant-time: these are amounts and counters.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Big-endian, without leading zeros; 0 has no bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number(Vec<u8>);

impl Number {
    /// From its bytes, the high one first.
    pub(crate) fn from_hex(bytes: &[u8]) -> Self {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Self(bytes.iter().skip(zeros).copied().collect())
    }

    /// From packed decimal digits, the high one first; `None` if a nibble is none, or the number has more than
    /// `most` bytes.
    pub(crate) fn from_bcd(bytes: &[u8], most: usize) -> Option<Self> {
        if !is_bcd(bytes) {
            return None;
        }
        // Little-endian meanwhile.
        let mut value: Vec<u8> = Vec::new();
        for byte in bytes {
            let mut carry = u16::from(byte >> 4) * 10 + u16::from(byte & 0x0F);
            for digit in &mut value {
                let [high, low] = (u16::from(*digit) * 100 + carry).to_be_bytes();
                *digit = low;
                carry = high.into();
            }
            if carry > 0 {
                // Less than 100 can be carried.
                value.push(carry.to_be_bytes()[1]);
            }
            if value.len() > most {
                return None;
            }
        }
        value.reverse();
        Some(Self(value))
    }

    /// Its bytes; one of 0.
    pub(crate) fn to_hex(&self) -> Vec<u8> {
        if self.0.is_empty() {
            vec![0]
        } else {
            self.0.clone()
        }
    }

    /// Packed decimal digits, the first nibble 0 if their number is odd; one byte of 0.
    pub(crate) fn to_bcd(&self) -> Vec<u8> {
        // Pairs of digits, the low one first.
        let mut pairs: Vec<u8> = Vec::new();
        for byte in &self.0 {
            let mut carry = u16::from(*byte);
            for pair in &mut pairs {
                let value = u16::from(*pair) * 256 + carry;
                *pair = (value % 100).to_be_bytes()[1];
                carry = value / 100;
            }
            while carry > 0 {
                pairs.push((carry % 100).to_be_bytes()[1]);
                carry /= 100;
            }
        }
        if pairs.is_empty() {
            pairs.push(0);
        }
        let packed = pairs
            .iter()
            .rev()
            .map(|pair| ((pair / 10) << 4) | (pair % 10));
        packed.collect()
    }

    /// How many bytes it has; 0 has none.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The sum.
    pub(crate) fn add(&self, other: &Self) -> Self {
        let mut sum = Vec::with_capacity(self.len().max(other.len()) + 1);
        let (mut a, mut b) = (self.0.iter().rev(), other.0.iter().rev());
        let mut carry = 0;
        loop {
            let (x, y) = (a.next(), b.next());
            if x.is_none() && y.is_none() {
                break;
            }
            let digit = |digit: Option<&u8>| u16::from(digit.copied().unwrap_or_default());
            let [high, low] = (digit(x) + digit(y) + carry).to_be_bytes();
            sum.push(low);
            carry = high.into();
        }
        sum.push(carry.to_be_bytes()[1]);
        sum.reverse();
        Self::from_hex(&sum)
    }

    /// The difference; `None` if it is negative.
    pub(crate) fn subtract(&self, other: &Self) -> Option<Self> {
        if (*self).cmp(other) == Ordering::Less {
            return None;
        }
        let mut difference = Vec::with_capacity(self.len());
        let mut subtrahend = other.0.iter().rev();
        let mut borrow = false;
        for digit in self.0.iter().rev() {
            let (value, first) = digit.overflowing_sub(subtrahend.next().copied().unwrap_or(0));
            let (value, second) = value.overflowing_sub(u8::from(borrow));
            difference.push(value);
            borrow = first || second;
        }
        difference.reverse();
        Some(Self::from_hex(&difference))
    }

    /// The product.
    pub(crate) fn multiply(&self, other: &Self) -> Self {
        // Little-endian meanwhile.
        let mut product = vec![0u8; self.len() + other.len()];
        for (i, a) in self.0.iter().rev().enumerate() {
            let mut carry = 0;
            let rest = product.iter_mut().skip(i);
            let digits = other.0.iter().rev().copied().map(Some);
            for (place, b) in rest.zip(digits.chain(core::iter::repeat(None))) {
                let b = b.unwrap_or(0);
                let [high, low] =
                    (u16::from(*a) * u16::from(b) + u16::from(*place) + carry).to_be_bytes();
                *place = low;
                carry = high.into();
            }
        }
        product.reverse();
        Self::from_hex(&product)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.len()
            .cmp(&other.len())
            .then_with(|| self.0.cmp(&other.0))
    }
}

/// Whether every nibble is a decimal digit.
pub(crate) fn is_bcd(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte >> 4 < 10 && byte & 0x0F < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers whose carries and lengths are interesting.
    fn numbers() -> impl Iterator<Item = u64> {
        [
            0,
            1,
            2,
            9,
            10,
            99,
            100,
            254,
            255,
            256,
            257,
            999,
            1000,
            65_535,
            65_536,
            0xFF_FFFF,
            0xFFFF_FFFF,
        ]
        .into_iter()
    }

    fn number(value: u64) -> Number {
        Number::from_hex(&value.to_be_bytes())
    }

    #[test]
    fn arithmetic_agrees_with_that_of_the_machine() {
        for a in numbers() {
            for b in numbers() {
                assert_eq!(number(a).add(&number(b)), number(a + b));
                assert_eq!(number(a).subtract(&number(b)), a.checked_sub(b).map(number));
                assert_eq!(number(a).cmp(&number(b)), a.cmp(&b));
                if let Some(product) = a.checked_mul(b) {
                    assert_eq!(number(a).multiply(&number(b)), number(product));
                }
            }
        }
    }

    #[test]
    fn decimal_digits_are_read_as_they_are_written() {
        for value in numbers() {
            let digits = alloc::format!("{value:018}");
            let bcd: Vec<u8> = digits
                .as_bytes()
                .chunks(2)
                .map(|pair| (pair[0] - b'0') << 4 | (pair[1] - b'0'))
                .collect();
            assert_eq!(Number::from_bcd(&bcd, 8), Some(number(value)));
            let written = number(value).to_bcd();
            assert!(bcd.ends_with(&written));
            assert!(written.len() == 1 || written[0] != 0, "{value}");
        }
        assert_eq!(Number::from_bcd(&[0x1A], 8), None);
        assert_eq!(Number::from_bcd(&[0x02, 0x56], 1), None);
        assert_eq!(number(0).to_hex(), [0]);
    }
}
