use alloc::vec::Vec;

use hydra_crypto::EcCurve;
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use super::{ec_key, key};
use crate::api::{CryptoReason, Cx};

/// `setS`: a number.
pub(crate) fn set_s(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    key::set_number(cx, this, key::VALUE, (source, offset, length), size)
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

/// The key for a computation, its curve and scalar: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if it is none.
pub(crate) fn scalar(cx: &mut Cx<'_>, this: ObjRef) -> Result<(EcCurve, Zeroizing<Vec<u8>>), Stop> {
    let bytes = Zeroizing::new(key::required(cx, this, key::VALUE)?);
    let curve = ec_key::curve(cx, this)?;
    match curve.check_scalar(&bytes) {
        Ok(()) => Ok((curve, bytes)),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
