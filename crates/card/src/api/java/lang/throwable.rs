//! What exceptions have in common; they differ in nothing but their class.

use hydra_cap::api::ClassId;
use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;

/// The word that holds the reason of a `CardException` or `CardRuntimeException`.
const REASON: u16 = 0;

/// `Throwable()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `CardException(short)` and its like.
pub(crate) fn construct_with_reason(
    cx: &mut Cx<'_>,
    this: ObjRef,
    reason: i16,
) -> Result<(), Stop> {
    set_reason(cx, this, reason)
}

/// `throwIt`: the JCRE's own instance, so that nothing is left behind.
pub(crate) fn throw_it(cx: &mut Cx<'_>, class: ClassId, reason: i16) -> Result<(), Stop> {
    Err(cx.vm.throw_known(class, reason))
}

/// `getReason`
pub(crate) fn get_reason(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    cx.short(this, REASON)
}

/// `setReason`
pub(crate) fn set_reason(cx: &mut Cx<'_>, this: ObjRef, reason: i16) -> Result<(), Stop> {
    cx.set_short(this, REASON, reason)
}
