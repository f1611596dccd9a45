//! Curve parameters: any curve over a prime field whose numbers fit the key's size.

use hydra_crypto::{EcCurve, EcParameters, NamedCurve};
use hydra_vm::{ObjRef, Stop};

use super::key::{self, K, PARAMETERS};
use crate::api::{CryptoReason, Cx};

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

/// `setK`: the cofactor, at least 1.
pub(crate) fn set_k(cx: &mut Cx<'_>, this: ObjRef, cofactor: i16) -> Result<(), Stop> {
    if cofactor < 1 {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    cx.set_short(this, K, cofactor)
}

/// `getK`
pub(crate) fn get_k(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    match cx.short(this, K)? {
        0 => cx.crypto_error(CryptoReason::UninitializedKey),
        cofactor => Ok(cofactor),
    }
}

/// `copyDomainParametersFrom`: `ILLEGAL_VALUE` unless the other is an EC key of this size.
pub(crate) fn copy_domain_parameters_from(
    cx: &mut Cx<'_>,
    this: ObjRef,
    other: ObjRef,
) -> Result<(), Stop> {
    let fits = match key::passed(cx, other)? {
        Some(key::Family::EcPublic | key::Family::EcPrivate) => {
            key::get_size(cx, other)? == key::get_size(cx, this)?
        }
        _ => false,
    };
    if !fits {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    // All or nothing: what is missing is noticed before anything is copied.
    let mut values = [const { alloc::vec::Vec::new() }; 5];
    for (word, value) in PARAMETERS.into_iter().zip(&mut values) {
        *value = key::required(cx, other, word)?;
    }
    for (word, value) in PARAMETERS.into_iter().zip(&values) {
        key::put(cx, this, word, value)?;
    }
    let cofactor = cx.short(other, K)?;
    cx.set_short(this, K, cofactor)
}

/// The curve of a key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if the parameters are no curve's.
pub(crate) fn curve(cx: &mut Cx<'_>, this: ObjRef) -> Result<EcCurve, Stop> {
    let mut missing = false;
    let mut values = [&[][..]; 5];
    for (word, slot) in PARAMETERS.into_iter().zip(&mut values) {
        match key::value(cx.vm, this, word)? {
            Some(value) => *slot = value,
            None => missing = true,
        }
    }
    if missing {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    }
    let [p, a, b, g, n] = values;
    match EcCurve::new(&EcParameters { p, a, b, g, n }) {
        Ok(curve) => Ok(curve),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

/// Gives both keys of a pair the same parameters (API 3.0.5, `KeyPair.genKeyPair`): those of the public key, else of the
/// private key, else of the usual curve of the size, NIST's; `ILLEGAL_VALUE` where there is none.
pub(crate) fn share_curve(cx: &mut Cx<'_>, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    let usual = match key::get_size(cx, public)? {
        192 => Some(NamedCurve::P192),
        224 => Some(NamedCurve::P224),
        256 => Some(NamedCurve::P256),
        384 => Some(NamedCurve::P384),
        521 => Some(NamedCurve::P521),
        _ => None,
    };
    let usual = usual.map(|curve| {
        let EcParameters { p, a, b, g, n } = curve.parameters();
        [p, a, b, g, n]
    });
    for (index, word) in PARAMETERS.into_iter().enumerate() {
        let given = match key::value(cx.vm, public, word)? {
            Some(value) => Some(value),
            None => key::value(cx.vm, private, word)?,
        };
        let value = given.or_else(|| usual.map(|curve| curve[index]));
        let Some(value) = value.map(<[u8]>::to_vec) else {
            return cx.crypto_error(CryptoReason::IllegalValue);
        };
        for object in [public, private] {
            if key::value(cx.vm, object, word)? != Some(&value) {
                key::put(cx, object, word, &value)?;
            }
        }
    }
    let cofactor = match (cx.short(public, K)?, cx.short(private, K)?) {
        (0, 0) => 1,
        (0, cofactor) | (cofactor, _) => cofactor,
    };
    for object in [public, private] {
        if cx.short(object, K)? != cofactor {
            cx.set_short(object, K, cofactor)?;
        }
    }
    Ok(())
}

fn set(
    cx: &mut Cx<'_>,
    this: ObjRef,
    parameter: usize,
    source: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    match parameter {
        3 => set_point(cx, this, PARAMETERS[3], source),
        _ => key::set_number(cx, this, PARAMETERS[parameter], source, size),
    }
}

/// Sets a component that is an uncompressed point: 04, x and y, each as long as the field.
pub(super) fn set_point(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    (source, offset, length): (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    let bytes = cx.bytes(source, offset, length)?;
    match bytes.split_first() {
        Some((4, coordinates)) if coordinates.len() == 2 * size => {}
        _ => return cx.crypto_error(CryptoReason::IllegalValue),
    }
    key::put(cx, this, word, &bytes)
}
