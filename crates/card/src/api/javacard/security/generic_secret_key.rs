use hydra_vm::{ObjRef, Stop};

use super::key::{self, Length};
use crate::api::Cx;

/// `GenericSecretKey.setKey`: at most as many bytes as the key has.
pub(crate) fn set_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let length = Length::Given(length, key::bytes(cx, this)?);
    key::set(cx, this, key::VALUE, (source, offset), length)
}

/// `GenericSecretKey.getKey`: the number of bytes.
pub(crate) fn get_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, key::VALUE, (target, offset))
}
