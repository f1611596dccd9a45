//! ECDSA (FIPS 186-5 §6) on any curve.

use alloc::vec;
use alloc::vec::Vec;

use hydra_vm::{ObjRef, Stop};

use super::scheme::Form;
use crate::api::javacard::security::{ec_key, ec_private_key, ec_public_key};
use crate::api::{CryptoReason, Cx};

/// Bytes of the longest signature of a key.
pub(super) fn length(cx: &mut Cx<'_>, key: ObjRef, form: Form) -> Result<usize, Stop> {
    let half = ec_key::curve(cx, key)?.order_len();
    Ok(match form {
        Form::Plain => 2 * half,
        Form::Der => der_length(half),
    })
}

/// The signature over a digest.
pub(super) fn sign(cx: &mut Cx<'_>, key: ObjRef, form: Form, hash: &[u8]) -> Result<Vec<u8>, Stop> {
    let (curve, secret) = ec_private_key::scalar(cx, key)?;
    match (curve.sign(&secret, hash), form) {
        (Ok(signature), Form::Plain) => Ok(signature),
        (Ok(signature), Form::Der) => Ok(to_der(&signature)),
        (Err(_), _) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

/// Whether a signature is that over a digest.
pub(super) fn verify(
    cx: &mut Cx<'_>,
    key: ObjRef,
    form: Form,
    hash: &[u8],
    signature: &[u8],
) -> Result<bool, Stop> {
    let (curve, point) = ec_public_key::point(cx, key)?;
    let signature = match form {
        Form::Plain => Some(signature.to_vec()),
        Form::Der => from_der(signature, curve.order_len()),
    };
    Ok(signature.is_some_and(|signature| curve.verify(&point, hash, &signature)))
}

/// Bytes of the longest [`to_der`]: each number with a sign byte; the sequence has a longer length from 128 bytes on.
pub(super) fn der_length(half: usize) -> usize {
    let body = 2 * (half + 3);
    body + if body < 0x80 { 2 } else { 3 }
}

/// r ‖ s as SEQUENCE of two INTEGERs (ANSI X9.62).
pub(super) fn to_der(signature: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for number in signature.chunks(signature.len() / 2) {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = &number[zeros.min(number.len() - 1)..];
        let sign = usize::from(digits[0] >= 0x80);
        body.push(0x02);
        body.push(length_byte(digits.len() + sign));
        body.extend(core::iter::repeat_n(0, sign));
        body.extend_from_slice(digits);
    }
    let mut out = vec![0x30];
    if body.len() >= 0x80 {
        out.push(0x81);
    }
    out.push(length_byte(body.len()));
    out.extend(body);
    out
}

/// The reverse of [`to_der`] for numbers of at most `half` bytes; `None` for anything but that form.
pub(super) fn from_der(der: &[u8], half: usize) -> Option<Vec<u8>> {
    let (length, mut rest) = match der {
        [0x30, 0x81, length, rest @ ..] if *length >= 0x80 => (length, rest),
        [0x30, length, rest @ ..] if *length < 0x80 => (length, rest),
        _ => return None,
    };
    if rest.len() != usize::from(*length) {
        return None;
    }
    let mut out = vec![0; 2 * half];
    for number in out.chunks_mut(half) {
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
    // At most 138.
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_round_trips() {
        for half in [14, 20, 32, 48, 66] {
            for (first, second) in [(0x01, 0x80), (0xFF, 0x00), (0x7F, 0x7F), (0x00, 0xFF)] {
                let mut signature = vec![0x55; 2 * half];
                signature[0] = first;
                signature[half] = second;
                signature[half + 1] = second;
                let der = to_der(&signature);
                assert_eq!(from_der(&der, half), Some(signature));
                for cut in 0..der.len() {
                    assert_eq!(from_der(&der[..cut], half), None);
                }
            }
        }
    }

    #[test]
    fn der_is_minimal() {
        let mut signature = vec![0; 64];
        signature[31] = 1;
        signature[63] = 0x80;
        let der = [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80];
        assert_eq!(to_der(&signature), der);
        assert_eq!(from_der(&der, 32), Some(signature));
        assert_eq!(from_der(&[0x30, 8, 2, 2, 0, 1, 2, 2, 0, 0x80], 32), None);
        assert_eq!(from_der(&[0x30, 6, 2, 1, 0x80, 2, 1, 1], 32), None);
        assert_eq!(from_der(&[0x30, 0x81, 7, 2, 1, 1, 2, 2, 0, 0x80], 32), None);
    }
}
