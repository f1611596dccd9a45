use hydra_vm::{ArrayKind, Atomicity, ObjRef, Stop};

use crate::api::Cx;
use crate::api::javacard::framework::jc_system;

/// `makeInt(byte, byte, byte, byte)`: the high one first.
pub(crate) fn make_int_byte_byte_byte_byte(
    _: &mut Cx<'_>,
    a: i8,
    b: i8,
    c: i8,
    d: i8,
) -> Result<i32, Stop> {
    Ok(i32::from_be_bytes([a, b, c, d].map(i8::cast_unsigned)))
}

/// `makeInt(short, short)`: the high one first.
pub(crate) fn make_int_short_short(_: &mut Cx<'_>, high: i16, low: i16) -> Result<i32, Stop> {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ok(i32::from_be_bytes([a, b, c, d]))
}

/// `getInt`
pub(crate) fn get_int(cx: &mut Cx<'_>, array: ObjRef, offset: i16) -> Result<i32, Stop> {
    let context = cx.context();
    match cx.vm.byte_range(array, offset, 4, context)? {
        [a, b, c, d] => Ok(i32::from_be_bytes([*a, *b, *c, *d])),
        _ => cx.out_of_bounds(),
    }
}

/// `setInt`: atomic, as a field's write is. The offset after it.
pub(crate) fn set_int(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    value: i32,
) -> Result<i16, Stop> {
    let context = cx.context();
    let bytes = value.to_be_bytes();
    cx.vm
        .write_bytes(array, offset, &bytes, context, Atomicity::Atomic)?;
    Ok(offset.wrapping_add(4))
}

/// `makeTransientIntArray`
pub(crate) fn make_transient_int_array(
    cx: &mut Cx<'_>,
    length: i16,
    event: i8,
) -> Result<ObjRef, Stop> {
    jc_system::make_transient(cx, ArrayKind::Int, length, event)
}
