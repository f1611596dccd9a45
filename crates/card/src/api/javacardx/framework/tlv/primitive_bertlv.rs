use alloc::vec::Vec;

use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::ber::{self, BerFault, Event, Header};
use crate::api::tlv::{self, TlvReason};

/// `PrimitiveBERTLV(short numValueBytes)`: empty, with room for a value.
pub(crate) fn construct(cx: &mut Cx<'_>, this: ObjRef, capacity: i16) -> Result<(), Stop> {
    tlv::construct(cx, this, capacity)
}

/// `getValueOffset`: where the value of a TLV in an array begins.
pub(crate) fn get_value_offset(cx: &mut Cx<'_>, array: ObjRef, offset: i16) -> Result<i16, Stop> {
    let rest = cx.rest(array, offset)?;
    let header = primitive(cx, &rest)?;
    let value = tlv::short(cx, header.value)?;
    tlv::short(cx, header.end())?;
    Ok(offset.wrapping_add(value))
}

/// `toBytes(byte[], short, byte[], short, short, byte[], short)`: a TLV of a tag and a value; its size.
#[allow(clippy::too_many_arguments, reason = "the arguments of the method")]
pub(crate) fn to_bytes(
    cx: &mut Cx<'_>,
    tag: ObjRef,
    tag_offset: i16,
    value: ObjRef,
    value_offset: i16,
    value_length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let tag = cx.tag_at(tag, tag_offset)?;
    let value = cx.bytes(value, value_offset, value_length)?;
    cx.check(target, target_offset, 0)?;
    if ber::is_constructed(&tag) {
        return cx.tlv_error(TlvReason::MalformedTag);
    }
    put(cx, target, target_offset, &tag, &value)
}

/// `appendValue(byte[], short, byte[], short, short)`: at the end of a TLV in an array; its new size.
pub(crate) fn append_value_bytes_short_bytes_short_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    value: ObjRef,
    value_offset: i16,
    value_length: i16,
) -> Result<i16, Stop> {
    let rest = cx.rest(array, offset)?;
    let more = cx.bytes(value, value_offset, value_length)?;
    let header = primitive(cx, &rest)?;
    let Some(old) = rest.get(header.value..header.end()) else {
        return cx.out_of_bounds();
    };
    put(cx, array, offset, header.tag, &[old, &more].concat())
}

/// `init(byte[], short, short)`: from a whole TLV; its size.
pub(crate) fn init_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    let bytes = cx.bytes(array, offset, length)?;
    let events = cx.ber(ber::walk_one(&bytes), TlvReason::MalformedTlv)?;
    let [Event::Primitive(tag, value)] = events.as_slice() else {
        return cx.tlv_error(TlvReason::MalformedTlv);
    };
    let tag = tlv::new_tag(cx, bytes.get(tag.clone()).unwrap_or_default())?;
    tlv::set_value(cx, this, tag, bytes.get(value.clone()).unwrap_or_default())
}

/// `init(PrimitiveBERTag, byte[], short, short)`: keeps the tag object; its size.
pub(crate) fn init_primitive_ber_tag_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    tag: ObjRef,
    value: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    cx.check_object(tag)?;
    let value = cx.bytes(value, offset, length)?;
    tlv::set_value(cx, this, tag, &value)
}

/// `appendValue(byte[], short, short)`: its size.
pub(crate) fn append_value_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    value: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    let more = cx.bytes(value, offset, length)?;
    let mut all: Vec<u8> = tlv::value(cx, this)?;
    all.extend(more);
    tlv::set_value(cx, this, ObjRef::NULL, &all)
}

/// `replaceValue`: its size.
pub(crate) fn replace_value(
    cx: &mut Cx<'_>,
    this: ObjRef,
    value: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    let value = cx.bytes(value, offset, length)?;
    tlv::set_value(cx, this, ObjRef::NULL, &value)
}

/// `getValue`: the number of bytes copied.
pub(crate) fn get_value(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    let value = tlv::value(cx, this)?;
    cx.write(target, offset, &value)?;
    tlv::short(cx, value.len())
}

/// The header of a primitive TLV.
fn primitive<'a>(cx: &mut Cx<'_>, bytes: &'a [u8]) -> Result<Header<'a>, Stop> {
    let header = match Header::read(bytes) {
        Ok(header) if ber::is_constructed(header.tag) => Err(BerFault::Malformed),
        header => header,
    };
    cx.ber(header, TlvReason::MalformedTlv)
}

fn put(
    cx: &mut Cx<'_>,
    target: ObjRef,
    offset: i16,
    tag: &[u8],
    value: &[u8],
) -> Result<i16, Stop> {
    let bytes = ber::make(tag, value);
    let size = tlv::short(cx, bytes.len())?;
    cx.write(target, offset, &bytes)?;
    Ok(size)
}
