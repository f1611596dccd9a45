use hydra_crypto::PublicKey;
use hydra_vm::{ObjRef, Stop};

use super::{ec_key, key};
use crate::api::{CryptoReason, Cx};

/// `setW`: an uncompressed point.
pub(crate) fn set_w(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let bytes = cx.bytes(source, offset, length)?;
    if bytes.len() != PublicKey::LEN || bytes[0] != 4 {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    key::put(cx, this, key::VALUE, &bytes)
}

/// `getW`: the number of bytes.
pub(crate) fn get_w(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, key::VALUE, (target, offset))
}

/// The key for a computation: `UNINITIALIZED_KEY` or `ILLEGAL_VALUE` if it is none.
pub(crate) fn point(cx: &mut Cx<'_>, this: ObjRef) -> Result<PublicKey, Stop> {
    let bytes = key::required(cx, this, key::VALUE)?;
    ec_key::check_curve(cx, this)?;
    match PublicKey::from_bytes(&bytes) {
        Ok(point) => Ok(point),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
