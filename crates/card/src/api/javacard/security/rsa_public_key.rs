use hydra_crypto::rsa::RsaPublic;
use hydra_vm::{ObjRef, Stop};

use super::key::{self, PARAMETERS, VALUE};
use crate::api::{CryptoReason, Cx};

/// `setModulus`
pub(crate) fn set_modulus(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    key::set_number(cx, this, VALUE, (source, offset, length), size)
}

/// `setExponent`: of any length up to the modulus's.
pub(crate) fn set_exponent(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let longest = key::bytes(cx, this)?;
    key::set(
        cx,
        this,
        PARAMETERS[0],
        (source, offset),
        key::Length::Given(length, longest),
    )
}

/// `getModulus`: the number of bytes.
pub(crate) fn get_modulus(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, VALUE, (target, offset))
}

/// `getExponent`: the number of bytes.
pub(crate) fn get_exponent(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARAMETERS[0], (target, offset))
}

/// The key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if its numbers are no key.
pub(crate) fn rsa(cx: &mut Cx<'_>, this: ObjRef) -> Result<RsaPublic, Stop> {
    let modulus = key::required(cx, this, VALUE)?;
    let exponent = key::required(cx, this, PARAMETERS[0])?;
    match RsaPublic::new(&modulus, &exponent) {
        Ok(key) => Ok(key),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
