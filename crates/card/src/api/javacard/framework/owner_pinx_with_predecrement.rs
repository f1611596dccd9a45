use hydra_vm::{ObjRef, Stop};

use super::owner_pin;
use crate::api::Cx;

/// `decrementTriesRemaining`: takes the try that the next `check` may use; the tries left.
pub(crate) fn decrement_tries_remaining(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    owner_pin::predecrement(cx, this)
}
