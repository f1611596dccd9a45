//! The objects of `Signature.ALG_…_MR`; any other signature object is cast to this interface too, and refuses what is not
//! `Signature`'s own with `ILLEGAL_USE`.

use hydra_vm::{ObjRef, Stop};

use super::signature;
use crate::api::Cx;

/// `init`
pub(crate) fn init(cx: &mut Cx<'_>, this: ObjRef, key: ObjRef, mode: i8) -> Result<(), Stop> {
    signature::init_key_byte(cx, this, key, mode)
}

/// `beginVerify`: the recovered bytes replace the signature; their number.
pub(crate) fn begin_verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    buffer: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    signature::begin_verify(cx, this, (buffer, offset, length))
}

/// `sign`: the signature's length; how many bytes of the message it holds goes to the other array.
#[allow(clippy::too_many_arguments, reason = "the Java method has as many")]
pub(crate) fn sign(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
    recovered: ObjRef,
    recovered_offset: i16,
) -> Result<i16, Stop> {
    signature::sign_recoverable(
        cx,
        this,
        (data, offset, length),
        (target, target_offset),
        (recovered, recovered_offset),
    )
}

/// `verify`
pub(crate) fn verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<bool, Stop> {
    signature::end_verify(cx, this, (data, offset, length))
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    signature::get_algorithm(cx, this)
}

/// `getLength`
pub(crate) fn get_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    signature::get_length(cx, this)
}

/// `update`
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    signature::update(cx, this, data, offset, length)
}
