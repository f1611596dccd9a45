//! Curve parameters. They are kept as they are set; keys work when they are those of P-256.

use hydra_vm::{ObjRef, Stop};

use super::key::{self, K, PARAMETERS};
use crate::api::{CryptoReason, Cx};

/// What the parameters of P-256 are (NIST SP 800-186 §3.2.1.3): p, a, b, G, n.
const P256: [&[u8]; 5] = [&P, &A, &B, &G, &N];

const P: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
];
const A: [u8; 32] = {
    let mut a = P;
    a[31] = 0xFC;
    a
};
const B: [u8; 32] = [
    0x5A, 0xC6, 0x35, 0xD8, 0xAA, 0x3A, 0x93, 0xE7, 0xB3, 0xEB, 0xBD, 0x55, 0x76, 0x98, 0x86, 0xBC,
    0x65, 0x1D, 0x06, 0xB0, 0xCC, 0x53, 0xB0, 0xF6, 0x3B, 0xCE, 0x3C, 0x3E, 0x27, 0xD2, 0x60, 0x4B,
];
const G: [u8; 65] = [
    0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
    0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2,
    0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E,
    0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51,
    0xF5,
];
const N: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// `setFieldFP`
pub(crate) fn set_field_fp(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    set(cx, this, 0, (source, offset, length))
}

/// `setA`
pub(crate) fn set_a(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    set(cx, this, 1, (source, offset, length))
}

/// `setB`
pub(crate) fn set_b(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    set(cx, this, 2, (source, offset, length))
}

/// `setG`
pub(crate) fn set_g(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    set(cx, this, 3, (source, offset, length))
}

/// `setR`
pub(crate) fn set_r(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    set(cx, this, 4, (source, offset, length))
}

/// `getField`: the number of bytes.
pub(crate) fn get_field(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARAMETERS[0], (target, offset))
}

/// `getA`: the number of bytes.
pub(crate) fn get_a(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARAMETERS[1], (target, offset))
}

/// `getB`: the number of bytes.
pub(crate) fn get_b(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARAMETERS[2], (target, offset))
}

/// `getG`: the number of bytes.
pub(crate) fn get_g(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARAMETERS[3], (target, offset))
}

/// `getR`: the number of bytes.
pub(crate) fn get_r(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARAMETERS[4], (target, offset))
}

/// `setK`: the cofactor.
pub(crate) fn set_k(cx: &mut Cx<'_>, this: ObjRef, cofactor: i16) -> Result<(), Stop> {
    cx.set_short(this, K, cofactor)
}

/// `getK`
pub(crate) fn get_k(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    match cx.short(this, K)? {
        0 => cx.crypto_error(CryptoReason::UninitializedKey),
        cofactor => Ok(cofactor),
    }
}

/// `copyDomainParametersFrom`
pub(crate) fn copy_domain_parameters_from(
    cx: &mut Cx<'_>,
    this: ObjRef,
    other: ObjRef,
) -> Result<(), Stop> {
    cx.check_object(other)?;
    for word in PARAMETERS {
        let value = key::required(cx, other, word)?;
        key::put(cx, this, word, &value)?;
    }
    let cofactor = cx.short(other, K)?;
    cx.set_short(this, K, cofactor)
}

/// Throws `CryptoException.ILLEGAL_VALUE` unless a key's parameters, where set, are those of P-256.
pub(crate) fn check_curve(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    for (word, expected) in PARAMETERS.into_iter().zip(P256) {
        if key::value(cx.vm, this, word)?.is_some_and(|value| value != expected) {
            return cx.crypto_error(CryptoReason::IllegalValue);
        }
    }
    if cx.short(this, K)? > 1 {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    Ok(())
}

/// Gives a key the parameters of P-256 where it has none: a pair that is generated without any gets the usual curve.
pub(crate) fn fill_curve(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    for (word, value) in PARAMETERS.into_iter().zip(P256) {
        if key::value(cx.vm, this, word)?.is_none() {
            key::put(cx, this, word, value)?;
        }
    }
    if cx.short(this, K)? == 0 {
        cx.set_short(this, K, 1)?;
    }
    Ok(())
}

fn set(
    cx: &mut Cx<'_>,
    this: ObjRef,
    parameter: usize,
    (source, offset, length): (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let bytes = cx.bytes(source, offset, length)?;
    let size = P256[parameter].len();
    // Numbers may come shorter than the field; a point may not.
    if bytes.len() > size || parameter == 3 && bytes.len() != size {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    let mut value = alloc::vec![0; size - bytes.len()];
    value.extend(bytes);
    key::put(cx, this, PARAMETERS[parameter], &value)
}
