use hydra_vm::{ObjRef, Stop};

use super::key::{self, VALUE};
use crate::api::Cx;

/// `setX`
pub(crate) fn set_x(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    key::set_number(cx, this, VALUE, (source, offset, length), size)
}

/// `getX`: the number of bytes.
pub(crate) fn get_x(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, VALUE, (target, offset))
}
