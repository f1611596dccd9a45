//! What a cipher object is at: its key expanded, and the message in progress.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hydra_vm::{Fault, ObjRef, Stop};
use zeroize::Zeroizing;

use super::scheme::Scheme;
use super::symmetric::{Direction, Message};
use super::{KEY, MODE, MODE_ENCRYPT};
use crate::api::javacard::security::key;
use crate::api::{CryptoReason, Cx, Keyed, Running};

/// The state of a symmetric cipher object.
pub(crate) struct Work {
    key: ObjRef,
    mode: i16,
    keyed: Keyed,
    message: Message,
}

/// Bytes of an applet's: array, offset, length.
pub(in super::super) type Bytes = (ObjRef, i16, i16);

/// Begins anew with a key and an initial vector.
pub(super) fn begin(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    (key, mode): (ObjRef, i16),
    iv: &[u8],
) -> Result<(), Stop> {
    // The expanded key is worth keeping when it is the same again.
    if let Some(Running::Cipher(work)) = cx.state.running.get_mut(&this)
        && work.key == key
        && work.keyed.split() == scheme.split()
        && let Some(value) = key::value(cx.vm, key, key::VALUE)?
        && work.keyed.is_current(value)
    {
        work.mode = mode;
        let message = Message::new(scheme, &work.keyed, iv);
        work.message = message.ok_or(Fault::TypeConfusion)?;
        return Ok(());
    }
    let keyed = Keyed::new(cx, key, scheme.split())?;
    let message = Message::new(scheme, &keyed, iv).ok_or(Fault::TypeConfusion)?;
    let work = Box::new(Work {
        key,
        mode,
        keyed,
        message,
    });
    cx.state.running.insert(this, Running::Cipher(work));
    Ok(())
}

/// Takes more of a message; how many bytes came out.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    data: Bytes,
    (target, target_offset): (ObjRef, i16),
) -> Result<i16, Stop> {
    let direction = resume(cx, this, scheme)?;
    let mut bytes = waiting(cx, this);
    cx.read_into(data, &mut bytes)?;
    let length = bytes.len();
    let ready = match cx.state.running.get(&this) {
        Some(Running::Cipher(work)) => {
            let (message, keyed) = (&work.message, &work.keyed);
            message.ready(scheme, keyed, direction, length)
        }
        _ => return Err(Fault::TypeConfusion.into()),
    };
    // Before anything changes.
    let count = cx.length(ready)?;
    cx.check(target, target_offset, count)?;
    if let Some(Running::Cipher(work)) = cx.state.running.get_mut(&this) {
        let done = work
            .message
            .update(&work.keyed, direction, &mut bytes, ready);
        done.map_err(|_| Fault::TypeConfusion)?;
    }
    cx.write(target, target_offset, &bytes[..ready])?;
    cx.state.recycle(bytes);
    Ok(count)
}

/// Ends a message; how many bytes came out. The next one has an initial vector of zeros, whether this one could be ended
/// or not; only arguments that are refused change nothing.
pub(super) fn finish(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    data: Bytes,
    (target, target_offset): (ObjRef, i16),
) -> Result<i16, Stop> {
    let direction = resume(cx, this, scheme)?;
    let mut bytes = waiting(cx, this);
    cx.read_into(data, &mut bytes)?;
    let last = match cx.state.running.get(&this) {
        Some(Running::Cipher(work)) => Message::last(scheme, &work.keyed, direction, bytes.len()),
        _ => return Err(Fault::TypeConfusion.into()),
    };
    let least = cx.length(last.unwrap_or_default())?;
    cx.check(target, target_offset, least)?;
    let ended = end(cx, this, scheme, direction, &mut bytes)?;
    if ended.is_none() {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    let count = cx.length(bytes.len())?;
    cx.write(target, target_offset, &bytes)?;
    cx.state.recycle(bytes);
    Ok(count)
}

/// Decrypts a whole value for the platform itself (`KeyEncryption`); `None` if it can't be.
pub(super) fn decrypt(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    value: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, Stop> {
    let direction = resume(cx, this, scheme)?;
    if direction != Direction::Decrypt {
        return Ok(None);
    }
    let mut bytes = waiting(cx, this);
    bytes.extend_from_slice(value);
    let ended = end(cx, this, scheme, direction, &mut bytes)?;
    Ok(ended.map(|()| bytes))
}

fn end(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    direction: Direction,
    bytes: &mut Vec<u8>,
) -> Result<Option<()>, Stop> {
    let Some(Running::Cipher(work)) = cx.state.running.get_mut(&this) else {
        return Err(Fault::TypeConfusion.into());
    };
    let next = Message::new(scheme, &work.keyed, &[]).ok_or(Fault::TypeConfusion)?;
    let message = core::mem::replace(&mut work.message, next);
    Ok(message.finish(scheme, &work.keyed, direction, bytes))
}

/// Makes sure that the object has its key expanded and a message, a new one if it had none: after a reset, or when the
/// key or what `init` was told is not what it was. Throws if it is not initialised or its key is not set.
fn resume(cx: &mut Cx<'_>, this: ObjRef, scheme: &Scheme) -> Result<Direction, Stop> {
    let key = cx.object(this, KEY)?;
    if key.is_null() {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    let mode = cx.short(this, MODE)?;
    let direction = if mode == MODE_ENCRYPT {
        Direction::Encrypt
    } else {
        Direction::Decrypt
    };
    let Some(value) = key::value(cx.vm, key, key::VALUE)? else {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    };
    if let Some(Running::Cipher(work)) = cx.state.running.get(&this)
        && work.key == key
        && work.mode == mode
        && work.keyed.is_current(value)
    {
        return Ok(direction);
    }
    begin(cx, this, scheme, (key, mode), &[])?;
    Ok(direction)
}

/// What waits in an object, in a buffer that has room for more.
fn waiting(cx: &mut Cx<'_>, this: ObjRef) -> Zeroizing<Vec<u8>> {
    let mut bytes = cx.state.buffer();
    if let Some(Running::Cipher(work)) = cx.state.running.get(&this) {
        bytes.extend_from_slice(work.message.pending());
    }
    bytes
}
