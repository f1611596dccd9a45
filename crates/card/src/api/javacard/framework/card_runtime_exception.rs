use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::java::lang::throwable;

/// `getReason`
pub(crate) fn get_reason(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    throwable::get_reason(cx, this)
}

/// `setReason`
pub(crate) fn set_reason(cx: &mut Cx<'_>, this: ObjRef, reason: i16) -> Result<(), Stop> {
    throwable::set_reason(cx, this, reason)
}
