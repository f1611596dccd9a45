//! The interface `PIN`, of an `OwnerPIN` that is called through it.

use hydra_vm::{ObjRef, Stop};

use super::owner_pin;
use crate::api::Cx;

/// `PIN.check`
pub(crate) fn check(
    cx: &mut Cx<'_>,
    this: ObjRef,
    pin: ObjRef,
    offset: i16,
    length: i8,
) -> Result<bool, Stop> {
    owner_pin::check(cx, this, pin, offset, length)
}

/// `PIN.getTriesRemaining`
pub(crate) fn get_tries_remaining(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    owner_pin::get_tries_remaining(cx, this)
}

/// `PIN.isValidated`
pub(crate) fn is_validated(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    owner_pin::is_validated(cx, this)
}

/// `PIN.reset`
pub(crate) fn reset(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    owner_pin::reset(cx, this)
}
