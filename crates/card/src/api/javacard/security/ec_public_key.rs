use alloc::vec::Vec;

use hydra_crypto::EcCurve;
use hydra_vm::{ObjRef, Stop};

use super::{ec_key, key};
use crate::api::{CryptoReason, Cx};

/// `setW`: an uncompressed point. Whether it is on the curve is looked at when it is used, for the curve may still change.
pub(crate) fn set_w(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    ec_key::set_point(cx, this, key::VALUE, (source, offset, length))
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

/// The key for a computation, its curve and point: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if it is none.
pub(crate) fn point(cx: &mut Cx<'_>, this: ObjRef) -> Result<(EcCurve, Vec<u8>), Stop> {
    let bytes = key::required(cx, this, key::VALUE)?;
    let curve = ec_key::curve(cx, this)?;
    match curve.check_point(&bytes) {
        Ok(()) => Ok((curve, bytes)),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
