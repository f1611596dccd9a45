use hydra_vm::{ObjRef, Stop};

use super::key;
use crate::api::{CryptoReason, Cx};

/// `AESKey.setKey`: as many bytes as the key has.
pub(crate) fn set_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
) -> Result<(), Stop> {
    let length = key::get_size(cx, this)? / 8;
    // ILLEGAL_VALUE when the array ends early: CryptoException, not a bounds exception.
    if !fits(cx, source, offset, length)? {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    let bytes = cx.bytes(source, offset, length)?;
    key::put(cx, this, key::VALUE, &bytes)
}

/// `AESKey.getKey`: the number of bytes.
pub(crate) fn get_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i8, Stop> {
    let length = key::give(cx, this, key::VALUE, (target, offset))?;
    // At most 32.
    Ok(i8::try_from(length).unwrap_or(i8::MAX))
}

fn fits(cx: &mut Cx<'_>, array: ObjRef, offset: i16, length: i16) -> Result<bool, Stop> {
    cx.check_object(array)?;
    let size = cx.vm.array(array)?.map_or(0, |(_, length)| length);
    Ok(offset >= 0 && i32::from(offset) + i32::from(length) <= i32::from(size))
}
