use hydra_vm::{ObjRef, Stop};

use super::key::{self, Length};
use crate::api::Cx;

/// `AESKey.setKey`: as many bytes as the key has.
pub(crate) fn set_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
) -> Result<(), Stop> {
    let length = key::bytes(cx, this)?;
    key::set(
        cx,
        this,
        key::VALUE,
        (source, offset),
        Length::Plain(length),
    )
}

/// `AESKey.getKey`: the number of bytes.
pub(crate) fn get_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i8, Stop> {
    let [_, length] = key::give(cx, this, key::VALUE, (target, offset))?.to_be_bytes();
    Ok(length.cast_signed())
}
