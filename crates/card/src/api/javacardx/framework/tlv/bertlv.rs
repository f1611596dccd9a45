use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::ber::{self, Header};
use crate::api::tlv::{self, TlvReason};

/// `BERTLV()`: empty.
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `getInstance`: a primitive or constructed TLV with everything in it.
pub(crate) fn get_instance(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i16,
) -> Result<ObjRef, Stop> {
    let bytes = cx.bytes(array, offset, length)?;
    let events = cx.ber(ber::walk_one(&bytes), TlvReason::MalformedTlv)?;
    match tlv::build(cx, &bytes, &events)?.first() {
        Some(top) => Ok(*top),
        None => cx.tlv_error(TlvReason::MalformedTlv),
    }
}

/// `verifyFormat`
pub(crate) fn verify_format(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i16,
) -> Result<bool, Stop> {
    let bytes = cx.bytes(array, offset, length)?;
    Ok(ber::walk_one(&bytes).is_ok())
}

/// `getTag(byte[], short, byte[], short)`: copies the tag; its size.
pub(crate) fn get_tag_bytes_short_bytes_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let rest = cx.rest(array, offset)?;
    let tag = cx.ber(
        Header::read(&rest).map(|header| header.tag),
        TlvReason::MalformedTlv,
    )?;
    cx.write(target, target_offset, tag)?;
    tlv::short(cx, tag.len())
}

/// `getLength(byte[], short)`
pub(crate) fn get_length_bytes_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    let rest = cx.rest(array, offset)?;
    let header = cx.ber(Header::read(&rest), TlvReason::MalformedTlv)?;
    match i16::try_from(header.length) {
        Ok(length) => Ok(length),
        Err(_) => cx.tlv_error(TlvReason::TlvLength),
    }
}

/// `toBytes`: its size.
pub(crate) fn to_bytes(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    let bytes = tlv::encode(cx, this)?;
    cx.write(array, offset, &bytes)?;
    tlv::short(cx, bytes.len())
}

/// `getTag()`: the tag object itself.
pub(crate) fn get_tag(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    tlv::tag_of(cx, this)
}

/// `getLength()`
pub(crate) fn get_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    tlv::length(cx, this)
}

/// `size`
pub(crate) fn size(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    let bytes = tlv::encode(cx, this)?;
    tlv::short(cx, bytes.len())
}
