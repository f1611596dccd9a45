use hydra_vm::{ObjRef, Stop};

use super::ber_tag;
use crate::api::{Cx, tlv};

/// `ConstructedBERTag()`: empty.
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `init(byte[], short)`: the tag of a constructed TLV.
pub(crate) fn init_bytes_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
) -> Result<(), Stop> {
    ber_tag::init_from(cx, this, array, offset, true)
}

/// `init(byte, short)`: of a class and a number.
pub(crate) fn init_byte_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    class: i8,
    number: i16,
) -> Result<(), Stop> {
    let bytes = tlv::make_tag(cx, class.into(), true, number)?;
    tlv::set_tag(cx, this, &bytes)
}
