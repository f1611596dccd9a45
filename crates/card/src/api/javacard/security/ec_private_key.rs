use hydra_crypto::SecretKey;
use hydra_vm::{ObjRef, Stop};

use super::{ec_key, key};
use crate::api::{CryptoReason, Cx};

/// `setS`: a number, left-padded.
pub(crate) fn set_s(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let bytes = cx.bytes(source, offset, length)?;
    let mut scalar = [0; 32];
    let Some(start) = scalar.len().checked_sub(bytes.len()) else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    scalar[start..].copy_from_slice(&bytes);
    key::put(cx, this, key::VALUE, &scalar)
}

/// `getS`: the number of bytes.
pub(crate) fn get_s(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, key::VALUE, (target, offset))
}

/// The key for a computation: `UNINITIALIZED_KEY` or `ILLEGAL_VALUE` if it is none.
pub(crate) fn scalar(cx: &mut Cx<'_>, this: ObjRef) -> Result<SecretKey, Stop> {
    let bytes = key::required(cx, this, key::VALUE)?;
    ec_key::check_curve(cx, this)?;
    let key = <[u8; 32]>::try_from(bytes.as_slice())
        .ok()
        .and_then(|bytes| SecretKey::from_bytes(&bytes).ok());
    match key {
        Some(key) => Ok(key),
        None => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
