use hydra_vm::{ObjRef, Stop};

use super::key::{self, VALUE};
use crate::api::Cx;

/// `setY`
pub(crate) fn set_y(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    key::set_number(cx, this, VALUE, (source, offset, length), size)
}

/// `getY`: the number of bytes.
pub(crate) fn get_y(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, VALUE, (target, offset))
}
