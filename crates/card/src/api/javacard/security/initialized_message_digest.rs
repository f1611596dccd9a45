use hydra_crypto::Hash;
use hydra_vm::{ObjRef, Stop};

use super::message_digest;
use crate::api::{CryptoReason, Cx, Running};

/// `InitializedMessageDigest()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `InitializedMessageDigest.OneShot.open`, for the functions that can go on from an intermediate value.
pub(super) fn open(cx: &mut Cx<'_>, number: i8) -> Result<ObjRef, Stop> {
    if !message_digest::is_intermediate(number) {
        return cx.no_such_algorithm();
    }
    message_digest::open_as(
        cx,
        "javacard/security/InitializedMessageDigest$OneShot",
        number,
    )
}

/// `setInitialDigest`: goes on after the beginning of a message that was hashed elsewhere.
#[allow(clippy::too_many_arguments, reason = "the Java method has as many")]
pub(crate) fn set_initial_digest(
    cx: &mut Cx<'_>,
    this: ObjRef,
    digest: ObjRef,
    offset: i16,
    length: i16,
    count: ObjRef,
    count_offset: i16,
    count_length: i16,
) -> Result<(), Stop> {
    let number = message_digest::get_algorithm(cx, this)?;
    let hash = resumed(
        cx,
        number,
        (digest, offset, length),
        (count, count_offset, count_length),
    )?;
    cx.state.running.insert(this, Running::Hash(hash.into()));
    Ok(())
}

/// A computation that goes on from an intermediate value: `ILLEGAL_VALUE` if the value has not the function's length, or
/// the number of bytes is zero, no whole blocks, or beyond the function.
pub(super) fn resumed(
    cx: &mut Cx<'_>,
    number: i8,
    (digest, offset, length): (ObjRef, i16, i16),
    (count, count_offset, count_length): (ObjRef, i16, i16),
) -> Result<Hash, Stop> {
    let digest = cx.bytes(digest, offset, length)?;
    let count = cx.bytes(count, count_offset, count_length)?;
    let total = count
        .iter()
        .try_fold(0_u64, |total, byte| {
            Some(total.checked_mul(0x100)? | u64::from(*byte))
        })
        // The functions count bits in 64 bits.
        .filter(|total| *total > 0 && *total < 1 << 61);
    let hash = total
        .zip(message_digest::algorithm(number))
        .and_then(|(total, function)| Hash::resume(function, &digest, total));
    match hash {
        Some(hash) => Ok(hash),
        None => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
