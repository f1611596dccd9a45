use alloc::vec::Vec;
use core::cmp::Ordering;

use hydra_vm::{Atomicity, ObjRef, Stop};

use crate::api::Cx;
use crate::api::components::{Components, UtilReason};

/// `arrayCopyRepack`: packs small components into larger ones, or unpacks them.
pub(crate) fn array_copy_repack(
    cx: &mut Cx<'_>,
    source: ObjRef,
    source_offset: i16,
    source_count: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    repack(
        cx,
        (source, source_offset, source_count),
        (target, target_offset),
        Atomicity::Atomic,
    )
}

/// `arrayCopyRepackNonAtomic`
pub(crate) fn array_copy_repack_non_atomic(
    cx: &mut Cx<'_>,
    source: ObjRef,
    source_offset: i16,
    source_count: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    repack(
        cx,
        (source, source_offset, source_count),
        (target, target_offset),
        Atomicity::NonAtomic,
    )
}

/// `arrayFillGeneric`
pub(crate) fn array_fill_generic(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    count: i16,
    value: ObjRef,
    value_offset: i16,
) -> Result<i16, Stop> {
    fill(
        cx,
        (array, offset, count),
        (value, value_offset),
        Atomicity::Atomic,
    )
}

/// `arrayFillGenericNonAtomic`
pub(crate) fn array_fill_generic_non_atomic(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    count: i16,
    value: ObjRef,
    value_offset: i16,
) -> Result<i16, Stop> {
    fill(
        cx,
        (array, offset, count),
        (value, value_offset),
        Atomicity::NonAtomic,
    )
}

/// `arrayCompareGeneric`: components have their sign, bytes too, as in `Util.arrayCompare`.
pub(crate) fn array_compare_generic(
    cx: &mut Cx<'_>,
    source: ObjRef,
    source_offset: i16,
    target: ObjRef,
    target_offset: i16,
    count: i16,
) -> Result<i8, Stop> {
    let [source, target] = Components::both(cx, source, target)?;
    source.range(cx, source_offset, count)?;
    target.range(cx, target_offset, count)?;
    if source.width != target.width {
        return cx.util_error(UtilReason::TypeMismatched);
    }
    let width = source.width;
    let source = source.read(cx, source_offset, count)?;
    let target = target.read(cx, target_offset, count)?;
    let source = source.chunks(width).map(ordered);
    Ok(match source.cmp(target.chunks(width).map(ordered)) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// `arrayFindGeneric`: the index of the first component equal to the bytes of `value`, from `offset` on, or -1.
pub(crate) fn array_find_generic(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    value: ObjRef,
    value_offset: i16,
) -> Result<i16, Stop> {
    cx.check_object(array)?;
    cx.check_object(value)?;
    let components = Components::of(cx, array)?;
    let rest = usize::try_from(offset)
        .ok()
        .and_then(|offset| components.length.checked_sub(offset));
    let Some(rest) = rest else {
        return cx.out_of_bounds();
    };
    let width = i16::try_from(components.width).unwrap_or(i16::MAX);
    let wanted = cx.bytes(value, value_offset, width)?;
    // Lengths of arrays are shorts.
    let rest = i16::try_from(rest).unwrap_or(i16::MAX);
    let bytes = components.read(cx, offset, rest)?;
    let mut numbered = bytes.chunks(components.width).zip(offset..);
    let found = numbered.find(|(component, _)| *component == wanted);
    Ok(found.map_or(-1, |(_, index)| index))
}

fn repack(
    cx: &mut Cx<'_>,
    (source, source_offset, source_count): (ObjRef, i16, i16),
    (target, target_offset): (ObjRef, i16),
    atomicity: Atomicity,
) -> Result<i16, Stop> {
    let [source, target] = Components::both(cx, source, target)?;
    let (_, count) = source.range(cx, source_offset, source_count)?;
    let size = count * source.width;
    if !size.is_multiple_of(target.width) {
        return cx.util_error(UtilReason::IllegalValue);
    }
    let Ok(target_count) = i16::try_from(size / target.width) else {
        return cx.out_of_bounds();
    };
    target.range(cx, target_offset, target_count)?;
    let bytes = source.read(cx, source_offset, source_count)?;
    target.write(cx, target_offset, &bytes, atomicity)?;
    Ok(target_offset.wrapping_add(target_count))
}

fn fill(
    cx: &mut Cx<'_>,
    (array, offset, count): (ObjRef, i16, i16),
    (value, value_offset): (ObjRef, i16),
    atomicity: Atomicity,
) -> Result<i16, Stop> {
    let [array, value] = Components::both(cx, array, value)?;
    if array.width != value.width {
        return cx.util_error(UtilReason::TypeMismatched);
    }
    let (_, components) = array.range(cx, offset, count)?;
    value.range(cx, value_offset, 1)?;
    let bytes: Vec<u8> = value.read(cx, value_offset, 1)?.repeat(components);
    array.write(cx, offset, &bytes, atomicity)?;
    Ok(offset.wrapping_add(count))
}

/// A component's value as it is ordered.
fn ordered(component: &[u8]) -> i32 {
    match *component {
        [byte] => byte.cast_signed().into(),
        [a, b] => i16::from_be_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]),
        _ => 0,
    }
}
