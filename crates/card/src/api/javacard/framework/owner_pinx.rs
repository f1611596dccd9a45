//! The interface `OwnerPINx`, of what `OwnerPINBuilder` makes. All but the check takes part in transactions.

use hydra_vm::{ObjRef, Stop};

use super::owner_pin;
use crate::api::Cx;

/// `update`: a new PIN, all tries.
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    pin: ObjRef,
    offset: i16,
    length: i8,
) -> Result<(), Stop> {
    owner_pin::update(cx, this, pin, offset, length)
}

/// `getTryLimit`
pub(crate) fn get_try_limit(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    owner_pin::limit(cx, this)
}

/// `setTryLimit`: and as many tries.
pub(crate) fn set_try_limit(cx: &mut Cx<'_>, this: ObjRef, limit: i8) -> Result<(), Stop> {
    owner_pin::set_limit(cx, this, limit)
}

/// `setTriesRemaining`: 0 blocks.
pub(crate) fn set_tries_remaining(cx: &mut Cx<'_>, this: ObjRef, tries: i8) -> Result<(), Stop> {
    owner_pin::set_tries_remaining(cx, this, tries)
}
