use hydra_vm::{ObjRef, Stop};

use super::MAX_BYTES;
use crate::api::Cx;
use crate::api::number::{Number, is_bcd};

/// `BCDUtil()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `getMaxBytesSupported`
pub(crate) fn get_max_bytes_supported(_: &mut Cx<'_>) -> Result<i16, Stop> {
    Ok(MAX_BYTES)
}

/// `convertToHex`: the number of bytes written.
pub(crate) fn convert_to_hex(
    cx: &mut Cx<'_>,
    bcd: ObjRef,
    offset: i16,
    length: i16,
    hex: ObjRef,
    hex_offset: i16,
) -> Result<i16, Stop> {
    let bytes = input(cx, bcd, offset, length)?;
    let Some(number) = Number::from_bcd(&bytes, MAX_BYTES.unsigned_abs().into()) else {
        return cx.arithmetic();
    };
    output(cx, hex, hex_offset, &number.to_hex())
}

/// `convertToBCD`: the number of bytes written.
pub(crate) fn convert_to_bcd(
    cx: &mut Cx<'_>,
    hex: ObjRef,
    offset: i16,
    length: i16,
    bcd: ObjRef,
    bcd_offset: i16,
) -> Result<i16, Stop> {
    let bytes = input(cx, hex, offset, length)?;
    if length > MAX_BYTES {
        return cx.arithmetic();
    }
    output(cx, bcd, bcd_offset, &Number::from_hex(&bytes).to_bcd())
}

/// `isBCDFormat`
pub(crate) fn is_bcd_format(
    cx: &mut Cx<'_>,
    bcd: ObjRef,
    offset: i16,
    length: i16,
) -> Result<bool, Stop> {
    let bytes = input(cx, bcd, offset, length)?;
    Ok(is_bcd(&bytes))
}

fn input(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i16,
) -> Result<alloc::vec::Vec<u8>, Stop> {
    let bytes = cx.bytes(array, offset, length)?;
    if bytes.is_empty() {
        return cx.arithmetic();
    }
    Ok(bytes)
}

fn output(cx: &mut Cx<'_>, array: ObjRef, offset: i16, bytes: &[u8]) -> Result<i16, Stop> {
    cx.write(array, offset, bytes)?;
    // At most 617 digits.
    Ok(i16::try_from(bytes.len()).unwrap_or(i16::MAX))
}
