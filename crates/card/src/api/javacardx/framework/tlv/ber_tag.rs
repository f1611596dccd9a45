use hydra_cap::api::{ClassId, class_id};
use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::ber;
use crate::api::tlv::{self, TlvReason};

const CLASS: ClassId = class_id("javacardx/framework/tlv/BERTag");

/// `BERTag()`: empty.
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `getInstance`
pub(crate) fn get_instance(cx: &mut Cx<'_>, array: ObjRef, offset: i16) -> Result<ObjRef, Stop> {
    let bytes = cx.tag_at(array, offset)?;
    tlv::new_tag(cx, &bytes)
}

/// `toBytes(short, boolean, short, byte[], short)`: its size.
pub(crate) fn to_bytes_short_boolean_short_bytes_short(
    cx: &mut Cx<'_>,
    class: i16,
    constructed: bool,
    number: i16,
    array: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    cx.check(array, offset, 0)?;
    let bytes = tlv::make_tag(cx, class, constructed, number)?;
    cx.write(array, offset, &bytes)?;
    tlv::short(cx, bytes.len())
}

/// `size(byte[], short)`
pub(crate) fn size_bytes_short(cx: &mut Cx<'_>, array: ObjRef, offset: i16) -> Result<i8, Stop> {
    let bytes = cx.tag_at(array, offset)?;
    byte(cx, bytes.len())
}

/// `tagNumber(byte[], short)`
pub(crate) fn tag_number_bytes_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    let bytes = cx.tag_at(array, offset)?;
    number(cx, &bytes)
}

/// `isConstructed(byte[], short)`
pub(crate) fn is_constructed_bytes_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
) -> Result<bool, Stop> {
    let bytes = cx.tag_at(array, offset)?;
    Ok(ber::is_constructed(&bytes))
}

/// `tagClass(byte[], short)`
pub(crate) fn tag_class_bytes_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
) -> Result<i8, Stop> {
    let bytes = cx.tag_at(array, offset)?;
    Ok(ber::tag_class(&bytes).cast_signed())
}

/// `verifyFormat(byte[], short)`
pub(crate) fn verify_format(cx: &mut Cx<'_>, array: ObjRef, offset: i16) -> Result<bool, Stop> {
    let rest = cx.rest(array, offset)?;
    match ber::tag(&rest) {
        Ok(tag) => Ok(tag.len() <= ber::MAX_TAG),
        Err(ber::BerFault::Cut) => cx.out_of_bounds(),
        Err(_) => Ok(false),
    }
}

/// `size()`
pub(crate) fn size(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let bytes = tlv::filled_tag(cx, this)?;
    byte(cx, bytes.len())
}

/// `toBytes(byte[], short)`
pub(crate) fn to_bytes_bytes_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    let bytes = tlv::filled_tag(cx, this)?;
    cx.write(array, offset, &bytes)?;
    tlv::short(cx, bytes.len())
}

/// `tagNumber()`
pub(crate) fn tag_number(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    let bytes = tlv::filled_tag(cx, this)?;
    number(cx, &bytes)
}

/// `isConstructed()`
pub(crate) fn is_constructed(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    let bytes = tlv::filled_tag(cx, this)?;
    Ok(ber::is_constructed(&bytes))
}

/// `tagClass()`
pub(crate) fn tag_class(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let bytes = tlv::filled_tag(cx, this)?;
    Ok(ber::tag_class(&bytes).cast_signed())
}

/// `equals(BERTag)`: the same bytes; throws for nothing.
pub(crate) fn equals(cx: &mut Cx<'_>, this: ObjRef, other: ObjRef) -> Result<bool, Stop> {
    if other.is_null() || cx.vm.check_access(other, cx.context()).is_err() {
        return Ok(false);
    }
    Ok(tlv::tag_bytes(cx, this)? == tlv::tag_bytes(cx, other)?)
}

/// `equals(Object)`: another tag with the same bytes.
pub(crate) fn equals_object(cx: &mut Cx<'_>, this: ObjRef, other: ObjRef) -> Result<bool, Stop> {
    Ok(!other.is_null() && is_tag(cx, other)? && equals(cx, this, other)?)
}

/// Whether it is a tag object.
pub(crate) fn is_tag(cx: &mut Cx<'_>, object: ObjRef) -> Result<bool, Stop> {
    Ok(cx.vm.is_instance_of(object, CLASS)?)
}

/// `init(byte[], short)` of both kinds of tags.
pub(super) fn init_from(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    constructed: bool,
) -> Result<(), Stop> {
    let bytes = cx.tag_at(array, offset)?;
    if ber::is_constructed(&bytes) != constructed {
        return cx.tlv_error(TlvReason::MalformedTag);
    }
    tlv::set_tag(cx, this, &bytes)
}

fn number(cx: &mut Cx<'_>, tag: &[u8]) -> Result<i16, Stop> {
    match ber::tag_number(tag) {
        Some(number) => Ok(number),
        None => cx.tlv_error(TlvReason::TagNumber),
    }
}

fn byte(cx: &mut Cx<'_>, size: usize) -> Result<i8, Stop> {
    match i8::try_from(size) {
        Ok(size) => Ok(size),
        Err(_) => cx.tlv_error(TlvReason::TagSize),
    }
}
