//! ECDSA (FIPS 186-5 §6) on P-256.

use alloc::vec::Vec;

use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::javacard::security::{ec_private_key, ec_public_key};

/// The longest DER signature: two integers of 33 bytes.
pub(super) const LENGTH: i16 = 72;

/// The signature over a digest: the DER sequence of r and s.
pub(super) fn sign(cx: &mut Cx<'_>, key: ObjRef, hash: &[u8]) -> Result<Vec<u8>, Stop> {
    let secret = ec_private_key::scalar(cx, key)?;
    Ok(to_der(&secret.sign_hash(&number(hash))))
}

/// Whether a signature is that over a digest.
pub(super) fn verify(
    cx: &mut Cx<'_>,
    key: ObjRef,
    hash: &[u8],
    signature: &[u8],
) -> Result<bool, Stop> {
    let point = ec_public_key::point(cx, key)?;
    Ok(from_der(signature)
        .is_some_and(|signature| point.verify_hash(&number(hash), &signature).is_ok()))
}

/// A hash as ECDSA's number of 256 bits: a shorter one is that number as it stands (FIPS 186-5 §6.4.1).
fn number(hash: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().rev().zip(hash.iter().rev()) {
        *to = *from;
    }
    out
}

/// r ‖ s as SEQUENCE of two INTEGERs (ANSI X9.62).
fn to_der(signature: &[u8; 64]) -> Vec<u8> {
    let mut body = Vec::new();
    for number in signature.chunks(32) {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = &number[zeros.min(31)..];
        let sign = usize::from(digits[0] >= 0x80);
        body.push(0x02);
        body.push(length_byte(digits.len() + sign));
        body.extend(core::iter::repeat_n(0, sign));
        body.extend_from_slice(digits);
    }
    let mut out = Vec::from([0x30, length_byte(body.len())]);
    out.extend(body);
    out
}

/// The reverse of [`to_der`]; `None` for anything but that form.
fn from_der(der: &[u8]) -> Option<[u8; 64]> {
    let (&[0x30, length], mut rest) = der.split_first_chunk()? else {
        return None;
    };
    if rest.len() != usize::from(length) {
        return None;
    }
    let mut out = [0; 64];
    for number in out.chunks_mut(32) {
        let (&[0x02, length], after) = rest.split_first_chunk()? else {
            return None;
        };
        let (digits, after) = after.split_at_checked(usize::from(length))?;
        let digits = match digits {
            // A zero stands only before a digit that would be taken for a sign; r and s are never zero.
            [0, digits @ ..] => {
                Some(digits).filter(|digits| digits.first().is_some_and(|byte| *byte >= 0x80))?
            }
            [first, ..] if *first < 0x80 => digits,
            _ => return None,
        };
        let start = number.len().checked_sub(digits.len())?;
        number[start..].copy_from_slice(digits);
        rest = after;
    }
    rest.is_empty().then_some(out)
}

fn length_byte(length: usize) -> u8 {
    // At most 70.
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_round_trips() {
        for (first, second) in [(0x01, 0x80), (0xFF, 0x00), (0x7F, 0x7F), (0x00, 0xFF)] {
            let mut signature = [0x55; 64];
            signature[0] = first;
            signature[32] = second;
            signature[33] = second;
            let der = to_der(&signature);
            assert_eq!(from_der(&der), Some(signature));
            for cut in 0..der.len() {
                assert_eq!(from_der(&der[..cut]), None);
            }
        }
    }

    #[test]
    fn der_is_minimal() {
        let mut signature = [0; 64];
        signature[31] = 1;
        signature[63] = 0x80;
        let der = [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80];
        assert_eq!(to_der(&signature), der);
        assert_eq!(from_der(&der), Some(signature));
        assert_eq!(from_der(&[0x30, 8, 2, 2, 0, 1, 2, 2, 0, 0x80]), None);
        assert_eq!(from_der(&[0x30, 6, 2, 1, 0x80, 2, 1, 1]), None);
    }
}
