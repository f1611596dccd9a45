use hydra_vm::{Atomicity, ObjRef, Stop};

use super::sensitive_arrays::refuse_non_atomic;
use crate::api::Cx;

/// `arrayCompare`: bytes have their sign, as observed on the reference implementations.
pub(crate) fn array_compare(
    cx: &mut Cx<'_>,
    source: ObjRef,
    source_offset: i16,
    target: ObjRef,
    target_offset: i16,
    length: i16,
) -> Result<i8, Stop> {
    let context = cx.context();
    let (from, to) = ((source, source_offset), (target, target_offset));
    let (source, target) = cx.vm.byte_ranges(from, to, length, context)?;
    if source == target {
        return Ok(0);
    }
    let differ = source.iter().zip(target).find(|(a, b)| a != b);
    Ok(match differ {
        Some((a, b)) if a.cast_signed() < b.cast_signed() => -1,
        Some(_) => 1,
        None => 0,
    })
}

/// `arrayCopy`: all or nothing, also when power fails in between. A persistent array's write is one undo entry, and the
/// journal makes a command's writes durable together.
pub(crate) fn array_copy(
    cx: &mut Cx<'_>,
    source: ObjRef,
    source_offset: i16,
    target: ObjRef,
    target_offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    copy(
        cx,
        (source, source_offset),
        (target, target_offset),
        length,
        Atomicity::Atomic,
    )
}

/// `arrayCopyNonAtomic`
pub(crate) fn array_copy_non_atomic(
    cx: &mut Cx<'_>,
    source: ObjRef,
    source_offset: i16,
    target: ObjRef,
    target_offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    copy(
        cx,
        (source, source_offset),
        (target, target_offset),
        length,
        Atomicity::NonAtomic,
    )
}

/// `arrayFillNonAtomic`
pub(crate) fn array_fill_non_atomic(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i16,
    value: i8,
) -> Result<i16, Stop> {
    fill(cx, (array, offset), length, value, Atomicity::NonAtomic)
}

/// `arrayFill`
pub(crate) fn array_fill(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i16,
    value: i8,
) -> Result<i16, Stop> {
    fill(cx, (array, offset), length, value, Atomicity::Atomic)
}

/// `getShort`
pub(crate) fn get_short(cx: &mut Cx<'_>, array: ObjRef, offset: i16) -> Result<i16, Stop> {
    let context = cx.context();
    match cx.vm.byte_range(array, offset, 2, context)? {
        [high, low] => Ok(i16::from_be_bytes([*high, *low])),
        _ => cx.out_of_bounds(),
    }
}

/// `makeShort`
pub(crate) fn make_short(_: &mut Cx<'_>, high: i8, low: i8) -> Result<i16, Stop> {
    Ok(i16::from_be_bytes([
        high.cast_unsigned(),
        low.cast_unsigned(),
    ]))
}

/// `setShort`: atomic, as a field's write is. The offset after it.
pub(crate) fn set_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    value: i16,
) -> Result<i16, Stop> {
    let context = cx.context();
    let bytes = value.to_be_bytes();
    cx.vm
        .write_bytes(array, offset, &bytes, context, Atomicity::Atomic)?;
    Ok(offset.wrapping_add(2))
}

#[inline]
fn copy(
    cx: &mut Cx<'_>,
    (source, source_offset): (ObjRef, i16),
    (target, target_offset): (ObjRef, i16),
    length: i16,
    atomicity: Atomicity,
) -> Result<i16, Stop> {
    if atomicity == Atomicity::NonAtomic {
        refuse_non_atomic(cx, target)?;
    }
    let context = cx.context();
    let (from, to) = ((source, source_offset), (target, target_offset));
    cx.vm.copy_bytes(from, to, length, context, atomicity)?;
    Ok(target_offset.wrapping_add(length))
}

fn fill(
    cx: &mut Cx<'_>,
    (array, offset): (ObjRef, i16),
    length: i16,
    value: i8,
    atomicity: Atomicity,
) -> Result<i16, Stop> {
    if atomicity == Atomicity::NonAtomic {
        refuse_non_atomic(cx, array)?;
    }
    let context = cx.context();
    let value = value.cast_unsigned();
    cx.vm
        .fill_bytes((array, offset), length, value, context, atomicity)?;
    Ok(offset.wrapping_add(length))
}
