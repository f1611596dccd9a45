//! Integrity-sensitive arrays are not supported here, as the standard allows: the whole card image is checksummed.

use hydra_vm::{ObjRef, Stop};

use super::jc_system;
use crate::api::Cx;

const SYSTEM: &str = "javacard/framework/SystemException";

/// `assertIntegrity`: `ILLEGAL_VALUE`, since no array is integrity-sensitive.
pub(crate) fn assert_integrity(cx: &mut Cx<'_>, object: ObjRef) -> Result<(), Stop> {
    cx.check_object(object)?;
    cx.throw(SYSTEM, 1)
}

/// `isIntegritySensitive`
pub(crate) fn is_integrity_sensitive(_: &mut Cx<'_>, _: ObjRef) -> Result<bool, Stop> {
    Ok(false)
}

/// `isIntegritySensitiveArraysSupported`
pub(crate) fn is_integrity_sensitive_arrays_supported(_: &mut Cx<'_>) -> Result<bool, Stop> {
    Ok(false)
}

/// `makeIntegritySensitiveArray`: `ILLEGAL_USE`
pub(crate) fn make_integrity_sensitive_array(
    cx: &mut Cx<'_>,
    kind: i8,
    _: i8,
    _: i16,
) -> Result<ObjRef, Stop> {
    jc_system::array_kind(cx, kind)?;
    cx.throw(SYSTEM, 6)
}

/// `clearArray`: `ILLEGAL_VALUE`, since no array is integrity-sensitive.
pub(crate) fn clear_array(cx: &mut Cx<'_>, object: ObjRef) -> Result<i16, Stop> {
    cx.check_object(object)?;
    cx.throw(SYSTEM, 1)
}
