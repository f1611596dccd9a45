use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;

/// `ParityBit()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `set`: makes the low bit of each byte the parity of the other seven.
pub(crate) fn set(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i16,
    even: bool,
) -> Result<(), Stop> {
    let mut bytes = cx.bytes(array, offset, length)?;
    for byte in &mut bytes {
        let odd = (*byte >> 1).count_ones() % 2 == 1;
        *byte = *byte & 0xFE | u8::from(odd == even);
    }
    cx.write(array, offset, &bytes)
}
