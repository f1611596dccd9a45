use alloc::vec::Vec;

use hydra_crypto::EcCurve;
use hydra_vm::{ObjRef, Stop};

use super::{ec_key, key};
use crate::api::{CryptoReason, Cx, cost};

key::components! {
    key::VALUE, ec_key::set_point:
    /// `setW`: an uncompressed point. Whether it is on the curve is looked at when it is used, for the curve may still change.
    pub(crate) fn set_w(bytes);
    /// `getW`: the number of bytes.
    pub(crate) fn get_w(bytes);
}

/// The key for a computation, its curve and point: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if it is none.
pub(crate) fn point(cx: &mut Cx<'_>, this: ObjRef) -> Result<(EcCurve, Vec<u8>), Stop> {
    let bytes = key::required(cx, this, key::VALUE)?;
    let curve = ec_key::curve(cx, this)?;
    cx.charge(cost::curve(curve.field_len()))?;
    match curve.check_point(&bytes) {
        Ok(()) => Ok((curve, bytes.to_vec())),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
