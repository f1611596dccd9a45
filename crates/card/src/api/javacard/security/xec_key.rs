use hydra_crypto::EcCurve;
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use super::key::{self, Family, K, Length, PARAMETERS, VALUE};
use super::{ec_key, named_parameter_spec};
use crate::api::{CryptoReason, Cx, cost};

/// The word of the specification that the key was made with; its name is in that of the cofactor.
pub(super) const PARAMS: u16 = PARAMETERS[4];
pub(super) const NAME: u16 = K;

/// Bytes of every key of Ed25519 and X25519 (RFC 7748 §5, RFC 8032 §5.1.2).
const LENGTH: usize = 32;

/// `getParams`
pub(crate) fn get_params(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    cx.object(this, PARAMS)
}

/// `getEncodingLength`: of a public key of a curve over a prime field, that of an uncompressed point.
pub(crate) fn get_encoding_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    let size = key::bytes(cx, this)?;
    let point = curve(cx, this)?.is_some() && key::family(cx, this)? == Family::XecPublic;
    cx.length(if point { 1 + 2 * size } else { size })
}

key::components! {
    VALUE, set:
    /// `setEncoded`: 32 bytes of Ed25519 or X25519; of a curve over a prime field a number or an uncompressed point.
    /// `ILLEGAL_VALUE` for another length.
    pub(crate) fn set_encoded(bytes);
    /// `getEncoded`: the number of bytes.
    pub(crate) fn get_encoded(bytes);
}

fn set(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    (source, offset, length): (ObjRef, i16, i16),
) -> Result<(), Stop> {
    if curve(cx, this)?.is_some() {
        return match key::family(cx, this)? {
            Family::XecPublic => ec_key::set_point(cx, this, word, (source, offset, length)),
            _ => key::set_whole(cx, this, word, (source, offset, length)),
        };
    }
    if cx.object(this, key::CIPHER)?.is_null() && cx.bytes(source, offset, length)?.len() != LENGTH
    {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    key::set(
        cx,
        this,
        word,
        (source, offset),
        Length::Given(length, LENGTH),
    )
}

/// The curve over a prime field that a key was made for by name; `None` for any other key.
pub(super) fn curve(cx: &mut Cx<'_>, this: ObjRef) -> Result<Option<EcCurve>, Stop> {
    if !matches!(
        key::family(cx, this)?,
        Family::XecPublic | Family::XecPrivate
    ) {
        return Ok(None);
    }
    let name = cx.short(this, NAME)?;
    Ok(named_parameter_spec::curve(name).and_then(|named| EcCurve::named(named).ok()))
}

/// The key for a computation, or `UNINITIALIZED_KEY`.
pub(super) fn value(cx: &mut Cx<'_>, this: ObjRef) -> Result<Zeroizing<[u8; LENGTH]>, Stop> {
    cx.charge(cost::curve(LENGTH))?;
    let bytes = key::required(cx, this, VALUE)?;
    match <[u8; LENGTH]>::try_from(bytes.as_slice()) {
        Ok(value) => Ok(Zeroizing::new(value)),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
