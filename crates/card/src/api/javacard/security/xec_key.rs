use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use super::key::{self, K, Length, PARAMETERS, VALUE};
use crate::api::{CryptoReason, Cx};

/// The word of the specification that the key was made with; its name is in that of the cofactor.
pub(super) const PARAMS: u16 = PARAMETERS[4];
pub(super) const NAME: u16 = K;

/// Bytes of every key (RFC 7748 §5, RFC 8032 §5.1.2).
const LENGTH: usize = 32;

/// `getParams`
pub(crate) fn get_params(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    cx.object(this, PARAMS)
}

/// `getEncodingLength`
pub(crate) fn get_encoding_length(cx: &mut Cx<'_>, _: ObjRef) -> Result<i16, Stop> {
    cx.length(LENGTH)
}

/// `getEncoded`: the number of bytes.
pub(crate) fn get_encoded(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, VALUE, (target, offset))
}

/// `setEncoded`: `ILLEGAL_VALUE` unless it is 32 bytes.
pub(crate) fn set_encoded(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    if cx.object(this, key::CIPHER)?.is_null() && cx.bytes(source, offset, length)?.len() != LENGTH
    {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    key::set(
        cx,
        this,
        VALUE,
        (source, offset),
        Length::Given(length, LENGTH),
    )
}

/// The key for a computation, or `UNINITIALIZED_KEY`.
pub(super) fn value(cx: &mut Cx<'_>, this: ObjRef) -> Result<Zeroizing<[u8; LENGTH]>, Stop> {
    let bytes = Zeroizing::new(key::required(cx, this, VALUE)?);
    match <[u8; LENGTH]>::try_from(bytes.as_slice()) {
        Ok(value) => Ok(Zeroizing::new(value)),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
