//! Value and maximum are byte arrays of the configured size, right justified; they change as fields do, in the
//! transaction in progress.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use hydra_vm::{Atomicity, ObjRef, Stop, Storage};

use super::MAX_BYTES;
use crate::api::number::Number;
use crate::api::{Cx, cost};

/// The word that holds the value.
const VALUE: u16 = 0;
/// The word that holds the largest value allowed.
const MAXIMUM: u16 = 1;

/// `BigNumber(short maxBytes)`
pub(crate) fn construct(cx: &mut Cx<'_>, this: ObjRef, max_bytes: i16) -> Result<(), Stop> {
    let Some(size) = usize::try_from(max_bytes)
        .ok()
        .filter(|_| (1..=MAX_BYTES).contains(&max_bytes))
    else {
        return cx.arithmetic();
    };
    let value = cx.new_own_bytes(max_bytes, Storage::Persistent)?;
    cx.set_object(this, VALUE, value)?;
    let maximum = cx.new_own_bytes(max_bytes, Storage::Persistent)?;
    cx.own_write(maximum, 0, &vec![0xFF; size], Atomicity::Atomic)?;
    cx.set_object(this, MAXIMUM, maximum)
}

/// `getMaxBytesSupported`
pub(crate) fn get_max_bytes_supported(_: &mut Cx<'_>) -> Result<i16, Stop> {
    Ok(MAX_BYTES)
}

/// `setMaximum`: not below the value.
pub(crate) fn set_maximum(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
    format: i8,
) -> Result<(), Stop> {
    let maximum = operand(cx, (array, offset, length), format)?;
    if maximum < get(cx, this, VALUE)? {
        return cx.arithmetic();
    }
    put(cx, this, MAXIMUM, &maximum)
}

/// `init`
pub(crate) fn init(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
    format: i8,
) -> Result<(), Stop> {
    let value = operand(cx, (array, offset, length), format)?;
    set(cx, this, &value)
}

/// `add`
pub(crate) fn add(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
    format: i8,
) -> Result<(), Stop> {
    let other = operand(cx, (array, offset, length), format)?;
    let sum = get(cx, this, VALUE)?.add(&other);
    set(cx, this, &sum)
}

/// `subtract`
pub(crate) fn subtract(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
    format: i8,
) -> Result<(), Stop> {
    let other = operand(cx, (array, offset, length), format)?;
    match get(cx, this, VALUE)?.subtract(&other) {
        Some(difference) => set(cx, this, &difference),
        None => cx.arithmetic(),
    }
}

/// `multiply`
pub(crate) fn multiply(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
    format: i8,
) -> Result<(), Stop> {
    let other = operand(cx, (array, offset, length), format)?;
    let value = get(cx, this, VALUE)?;
    cx.charge(cost::product(value.len(), other.len()))?;
    let product = value.multiply(&other);
    set(cx, this, &product)
}

/// `compareTo(BigNumber)`
pub(crate) fn compare_to_big_number(
    cx: &mut Cx<'_>,
    this: ObjRef,
    other: ObjRef,
) -> Result<i8, Stop> {
    cx.check_object(other)?;
    let other = get(cx, other, VALUE)?;
    compare(cx, this, &other)
}

/// `compareTo(byte[], short, short, byte)`
pub(crate) fn compare_to_bytes_short_short_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
    format: i8,
) -> Result<i8, Stop> {
    let other = operand(cx, (array, offset, length), format)?;
    compare(cx, this, &other)
}

/// `toBytes`: right justified.
pub(crate) fn to_bytes(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    count: i16,
    format: i8,
) -> Result<(), Stop> {
    cx.check(array, offset, count)?;
    let bytes = written(cx, this, format)?;
    let padding = usize::try_from(count)
        .ok()
        .filter(|count| *count > 0)
        .and_then(|count| count.checked_sub(bytes.len()));
    let Some(padding) = padding else {
        return cx.arithmetic();
    };
    let mut out = vec![0; padding];
    out.extend(bytes);
    cx.write(array, offset, &out)
}

/// `getByteLength`
pub(crate) fn get_byte_length(cx: &mut Cx<'_>, this: ObjRef, format: i8) -> Result<i16, Stop> {
    let bytes = written(cx, this, format)?;
    // At most 617 digits.
    Ok(i16::try_from(bytes.len()).unwrap_or(i16::MAX))
}

/// `reset`: to 0.
pub(crate) fn reset(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    put(cx, this, VALUE, &Number::from_hex(&[]))
}

/// `FORMAT_BCD` and `FORMAT_HEX`.
enum Format {
    Bcd,
    Hex,
}

fn format_of(cx: &mut Cx<'_>, format: i8) -> Result<Format, Stop> {
    match format {
        1 => Ok(Format::Bcd),
        2 => Ok(Format::Hex),
        _ => cx.arithmetic(),
    }
}

/// The number in an array of the applet's.
fn operand(
    cx: &mut Cx<'_>,
    (array, offset, length): (ObjRef, i16, i16),
    format: i8,
) -> Result<Number, Stop> {
    let bytes = cx.bytes(array, offset, length)?;
    if bytes.is_empty() {
        return cx.arithmetic();
    }
    let number = match format_of(cx, format)? {
        // No operand can be larger than twice the largest number and be of use.
        Format::Bcd => Number::from_bcd(&bytes, 2 * usize::from(MAX_BYTES.unsigned_abs())),
        Format::Hex => Some(Number::from_hex(&bytes)),
    };
    match number {
        Some(number) => Ok(number),
        None => cx.arithmetic(),
    }
}

fn written(cx: &mut Cx<'_>, this: ObjRef, format: i8) -> Result<Vec<u8>, Stop> {
    let format = format_of(cx, format)?;
    let value = get(cx, this, VALUE)?;
    Ok(match format {
        Format::Bcd => value.to_bcd(),
        Format::Hex => value.to_hex(),
    })
}

fn compare(cx: &mut Cx<'_>, this: ObjRef, other: &Number) -> Result<i8, Stop> {
    Ok(match get(cx, this, VALUE)?.cmp(other) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

fn get(cx: &mut Cx<'_>, this: ObjRef, word: u16) -> Result<Number, Stop> {
    let own = cx.object(this, word)?;
    cx.own_bytes(own).map(|bytes| Number::from_hex(&bytes))
}

/// Sets the value, which must not be above the maximum.
fn set(cx: &mut Cx<'_>, this: ObjRef, value: &Number) -> Result<(), Stop> {
    if *value > get(cx, this, MAXIMUM)? {
        return cx.arithmetic();
    }
    put(cx, this, VALUE, value)
}

fn put(cx: &mut Cx<'_>, this: ObjRef, word: u16, number: &Number) -> Result<(), Stop> {
    let own = cx.object(this, word)?;
    let size = cx.own_bytes(own)?.len();
    let Some(padding) = size.checked_sub(number.len()) else {
        return cx.arithmetic();
    };
    let mut bytes = vec![0; padding];
    bytes.extend(number.to_hex().iter().skip(usize::from(number.len() == 0)));
    cx.own_write(own, 0, &bytes, Atomicity::Atomic)
}
