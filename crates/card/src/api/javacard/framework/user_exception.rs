use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::java::lang::throwable;

/// `UserException()`: reason 0.
pub(crate) fn construct(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    throwable::construct_with_reason(cx, this, 0)
}

/// `UserException(short)`
pub(crate) fn construct_short(cx: &mut Cx<'_>, this: ObjRef, reason: i16) -> Result<(), Stop> {
    throwable::construct_with_reason(cx, this, reason)
}
