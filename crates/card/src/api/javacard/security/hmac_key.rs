use hydra_vm::{ObjRef, Stop};

use super::key::{self, Length};
use crate::api::Cx;

/// `HMACKey.setKey`: a key of any length.
pub(crate) fn set_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let length = Length::Given(length, usize::MAX);
    key::set(cx, this, key::VALUE, (source, offset), length)
}

/// `HMACKey.getKey`: the number of bytes, as far as a byte holds it.
pub(crate) fn get_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i8, Stop> {
    let [_, length] = key::give(cx, this, key::VALUE, (target, offset))?.to_be_bytes();
    Ok(length.cast_signed())
}
