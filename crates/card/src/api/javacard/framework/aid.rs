use alloc::vec::Vec;

use hydra_vm::{Atomicity, ObjRef, Stop, Storage};

use crate::api::Cx;

const CLASS: &str = "javacard/framework/AID";
/// The word that holds the byte array of the AID.
pub(crate) const BYTES: u16 = 0;

/// `AID(byte[], short, byte)`
pub(crate) fn construct(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i8,
) -> Result<(), Stop> {
    let bytes = cx.bytes(array, offset, i16::from(length))?;
    if !(5..=16).contains(&bytes.len()) {
        // SystemException.ILLEGAL_VALUE
        return cx.throw("javacard/framework/SystemException", 1);
    }
    let own = cx.new_own_bytes(i16::from(length), Storage::Persistent)?;
    cx.own_write(own, 0, &bytes, Atomicity::Atomic)?;
    cx.set_object(this, BYTES, own)
}

/// `getBytes`: all of them; their number.
pub(crate) fn get_bytes(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i8, Stop> {
    let bytes = content(cx, this)?;
    cx.write(target, offset, &bytes)?;
    count(&bytes)
}

/// `getPartialBytes`: those from `aid_offset`; `length` 0 is all the rest.
pub(crate) fn get_partial_bytes(
    cx: &mut Cx<'_>,
    this: ObjRef,
    aid_offset: i16,
    target: ObjRef,
    offset: i16,
    length: i8,
) -> Result<i8, Stop> {
    let bytes = content(cx, this)?;
    let start = usize::try_from(aid_offset).ok();
    let rest = start.and_then(|start| bytes.get(start..));
    let part = rest.and_then(|rest| match usize::try_from(length).ok()? {
        0 => Some(rest),
        length => rest.get(..length),
    });
    let Some(part) = part.map(<[u8]>::to_vec) else {
        return cx.out_of_bounds();
    };
    cx.write(target, offset, &part)?;
    count(&part)
}

/// `equals(Object)`: the same bytes in another AID object.
pub(crate) fn equals_object(cx: &mut Cx<'_>, this: ObjRef, other: ObjRef) -> Result<bool, Stop> {
    if other.is_null() {
        return Ok(false);
    }
    cx.check_object(other)?;
    Ok(cx.vm.is_instance(other, CLASS)? && content(cx, this)? == content(cx, other)?)
}

/// `equals(byte[], short, byte)`
pub(crate) fn equals_bytes_short_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i8,
) -> Result<bool, Stop> {
    if array.is_null() {
        return Ok(false);
    }
    let bytes = cx.bytes(array, offset, i16::from(length))?;
    Ok(bytes == content(cx, this)?)
}

/// `partialEquals`: whether the AID begins with these bytes.
pub(crate) fn partial_equals(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i8,
) -> Result<bool, Stop> {
    if array.is_null() {
        return Ok(false);
    }
    let bytes = cx.bytes(array, offset, i16::from(length))?;
    Ok(content(cx, this)?.starts_with(&bytes))
}

/// `RIDEquals`: the same first five bytes.
pub(crate) fn rid_equals(cx: &mut Cx<'_>, this: ObjRef, other: ObjRef) -> Result<bool, Stop> {
    if other.is_null() {
        return Ok(false);
    }
    cx.check_object(other)?;
    Ok(content(cx, this)?.get(..5) == content(cx, other)?.get(..5))
}

/// The bytes of an AID object.
pub(crate) fn content(cx: &mut Cx<'_>, aid: ObjRef) -> Result<Vec<u8>, Stop> {
    let own = cx.object(aid, BYTES)?;
    cx.own_bytes(own)
}

fn count(bytes: &[u8]) -> Result<i8, Stop> {
    // An AID has at most 16 bytes.
    Ok(i8::try_from(bytes.len()).unwrap_or(i8::MAX))
}
