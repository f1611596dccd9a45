use hydra_vm::{ArrayKind, ObjRef, Stop, Storage};

use super::jc_system;
use crate::api::Cx;

const SYSTEM: &str = "javacard/framework/SystemException";

/// `assertIntegrity`: `SecurityException` if the array does not hold what was written to it.
pub(crate) fn assert_integrity(cx: &mut Cx<'_>, array: ObjRef) -> Result<(), Stop> {
    sensitive(cx, array)?;
    if cx.vm.is_intact(array)? {
        Ok(())
    } else {
        cx.throw("java/lang/SecurityException", 0)
    }
}

/// `isIntegritySensitive`
pub(crate) fn is_integrity_sensitive(cx: &mut Cx<'_>, object: ObjRef) -> Result<bool, Stop> {
    cx.check_object(object)?;
    Ok(cx.vm.is_integrity_sensitive(object)?)
}

/// `isIntegritySensitiveArraysSupported`
pub(crate) fn is_integrity_sensitive_arrays_supported(_: &mut Cx<'_>) -> Result<bool, Stop> {
    Ok(true)
}

/// `makeIntegritySensitiveArray`: of a type and a memory type.
pub(crate) fn make_integrity_sensitive_array(
    cx: &mut Cx<'_>,
    kind: i8,
    memory: i8,
    length: i16,
) -> Result<ObjRef, Stop> {
    let kind = jc_system::array_kind(cx, kind)?;
    let array = match memory {
        0 => {
            let owner = cx.vm.caller();
            cx.vm.new_array(kind, length, owner, Storage::Persistent)?
        }
        _ => jc_system::make_transient(cx, kind, length, memory)?,
    };
    cx.vm.set_integrity_sensitive(array)?;
    Ok(array)
}

/// `clearArray`: whether it is intact or not; its length. All or nothing.
pub(crate) fn clear_array(cx: &mut Cx<'_>, array: ObjRef) -> Result<i16, Stop> {
    sensitive(cx, array)?;
    let (kind, length) = cx.vm.array(array)?.unwrap_or((ArrayKind::Byte, 0));
    if !matches!(kind, ArrayKind::Boolean | ArrayKind::Byte) {
        cx.reserve(array, 8 * usize::from(length))?;
    }
    cx.vm.clear_array(array)?;
    // Lengths of arrays are shorts.
    Ok(i16::try_from(length).unwrap_or(i16::MAX))
}

/// Throws what a non-atomic write to a persistent integrity-sensitive array does: `ILLEGAL_VALUE`.
pub(crate) fn refuse_non_atomic(cx: &mut Cx<'_>, array: ObjRef) -> Result<(), Stop> {
    if !array.is_null()
        && cx.vm.is_integrity_sensitive(array)?
        && cx.vm.storage(array)? == Storage::Persistent
    {
        return cx.throw(SYSTEM, 1);
    }
    Ok(())
}

/// Throws unless it is an integrity-sensitive array within the applet's reach: `ILLEGAL_VALUE`.
fn sensitive(cx: &mut Cx<'_>, array: ObjRef) -> Result<(), Stop> {
    cx.check_object(array)?;
    if cx.vm.is_integrity_sensitive(array)? {
        Ok(())
    } else {
        cx.throw(SYSTEM, 1)
    }
}
