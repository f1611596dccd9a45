use alloc::vec::Vec;

use hydra_crypto::EcCurve;
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use super::{ec_key, key};
use crate::api::{CryptoReason, Cx, cost};

key::components! {
    key::VALUE, ec_key::set_order:
    /// `setS`
    pub(crate) fn set_s(bytes);
    /// `getS`: the number of bytes.
    pub(crate) fn get_s(bytes);
}

/// The key for a computation, its curve and scalar: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if it is none.
pub(crate) fn scalar(cx: &mut Cx<'_>, this: ObjRef) -> Result<(EcCurve, Zeroizing<Vec<u8>>), Stop> {
    let bytes = key::required(cx, this, key::VALUE)?;
    let curve = ec_key::curve(cx, this)?;
    cx.charge(cost::curve(curve.field_len()))?;
    match curve.check_scalar(&bytes) {
        Ok(()) => Ok((curve, bytes)),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
