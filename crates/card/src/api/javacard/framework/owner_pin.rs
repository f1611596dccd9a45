//! A PIN and its try counter.
//!
//! The secret is one byte array: try limit, maximum size, tries left, their complement, length, PIN. The tries left are
//! kept twice so that a single altered byte is noticed. They go down, and the journal has it, before anything is
//! compared, so that cutting the power never buys a try.

use alloc::vec::Vec;

use hydra_vm::{Atomicity, ContextId, Fault, ObjRef, Stop, Storage};

use crate::api::Cx;

const EXCEPTION: &str = "javacard/framework/PINException";
/// The word that holds the secret.
const SECRET: u16 = 0;
/// The word that holds the validated flag, a CLEAR_ON_RESET byte array of one.
const VALIDATED: u16 = 1;

const LIMIT: usize = 0;
const MAX_SIZE: usize = 1;
const TRIES: usize = 2;
const LENGTH: usize = 4;
const PIN: usize = 5;

/// `OwnerPIN(byte tryLimit, byte maxPINSize)`
pub(crate) fn construct(
    cx: &mut Cx<'_>,
    this: ObjRef,
    try_limit: i8,
    max_size: i8,
) -> Result<(), Stop> {
    if try_limit < 1 || max_size < 1 {
        // ILLEGAL_VALUE
        return cx.throw(EXCEPTION, 1);
    }
    let size = i16::from(max_size) + 5;
    let secret = cx.new_own_bytes(size, Storage::Persistent)?;
    let limit = try_limit.cast_unsigned();
    let head = [limit, max_size.cast_unsigned(), limit, !limit, 0];
    cx.own_write(secret, 0, &head, Atomicity::Atomic)?;
    cx.set_object(this, SECRET, secret)?;
    let flag = cx.new_own_bytes(1, Storage::ClearOnReset)?;
    cx.set_object(this, VALIDATED, flag)
}

/// `check`: null or bounds exceptions cost a try as well.
pub(crate) fn check(
    cx: &mut Cx<'_>,
    this: ObjRef,
    pin: ObjRef,
    offset: i16,
    length: i8,
) -> Result<bool, Stop> {
    set_validated(cx, this, false)?;
    let secret = read(cx, this)?;
    let Some(tries) = secret.tries()?.checked_sub(1) else {
        return Ok(false);
    };
    set_tries(cx, this, tries, Atomicity::NonAtomic)?;
    // An installation is undone as a whole if it fails, so nothing of it is durable before its end.
    if cx.state.installing.is_none() && cx.state.commit(cx.vm).is_err() {
        // The card goes mute at the end of the command; until then no PIN is compared.
        return Ok(false);
    }
    let given = cx.bytes(pin, offset, i16::from(length))?;
    if !hydra_crypto::ct_eq(&given, secret.pin()?) {
        return Ok(false);
    }
    set_tries(cx, this, secret.limit()?, Atomicity::NonAtomic)?;
    set_validated(cx, this, true)?;
    Ok(true)
}

/// `getTriesRemaining`
pub(crate) fn get_tries_remaining(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let tries = read(cx, this)?.tries()?;
    Ok(tries.cast_signed())
}

/// `isValidated`
pub(crate) fn is_validated(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    get_validated_flag(cx, this)
}

/// `getValidatedFlag`
pub(crate) fn get_validated_flag(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    let flag = cx.object(this, VALIDATED)?;
    Ok(cx.own_bytes(flag)? == [1])
}

/// `setValidatedFlag`
pub(crate) fn set_validated_flag(cx: &mut Cx<'_>, this: ObjRef, value: bool) -> Result<(), Stop> {
    set_validated(cx, this, value)
}

/// `reset`: back to the limit, if validated.
pub(crate) fn reset(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    if get_validated_flag(cx, this)? {
        reset_and_unblock(cx, this)?;
    }
    Ok(())
}

/// `resetAndUnblock`: back to the limit, not validated.
pub(crate) fn reset_and_unblock(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    set_validated(cx, this, false)?;
    let limit = read(cx, this)?.limit()?;
    set_tries(cx, this, limit, Atomicity::NonAtomic)
}

/// `update`: a new PIN, all tries.
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    pin: ObjRef,
    offset: i16,
    length: i8,
) -> Result<(), Stop> {
    let new = cx.bytes(pin, offset, i16::from(length))?;
    let secret = read(cx, this)?;
    if new.len() > usize::from(secret.at(MAX_SIZE)?) {
        return cx.throw(EXCEPTION, 1);
    }
    let limit = secret.limit()?;
    // One write, so that no power cut leaves half of it.
    let mut bytes = Vec::from([limit, !limit, length.cast_unsigned()]);
    bytes.extend(new);
    let array = cx.object(this, SECRET)?;
    cx.own_write(array, 2, &bytes, Atomicity::Atomic)?;
    set_validated(cx, this, false)
}

struct Secret(Vec<u8>);

impl Secret {
    fn at(&self, index: usize) -> Result<u8, Stop> {
        self.0
            .get(index)
            .copied()
            .ok_or(Stop::Fault(Fault::DanglingReference))
    }

    fn limit(&self) -> Result<u8, Stop> {
        self.at(LIMIT)
    }

    fn tries(&self) -> Result<u8, Stop> {
        let tries = self.at(TRIES)?;
        if self.at(TRIES + 1)? == !tries {
            Ok(tries)
        } else {
            Err(Fault::DanglingReference.into())
        }
    }

    fn pin(&self) -> Result<&[u8], Stop> {
        let length = usize::from(self.at(LENGTH)?);
        self.0
            .get(PIN..PIN + length)
            .ok_or(Stop::Fault(Fault::DanglingReference))
    }
}

fn read(cx: &mut Cx<'_>, this: ObjRef) -> Result<Secret, Stop> {
    let secret = cx.object(this, SECRET)?;
    cx.own_bytes(secret).map(Secret)
}

fn set_tries(cx: &mut Cx<'_>, this: ObjRef, tries: u8, atomicity: Atomicity) -> Result<(), Stop> {
    let secret = cx.object(this, SECRET)?;
    cx.own_write(secret, 2, &[tries, !tries], atomicity)
}

fn set_validated(cx: &mut Cx<'_>, this: ObjRef, value: bool) -> Result<(), Stop> {
    let flag = cx.object(this, VALIDATED)?;
    let byte = [u8::from(value)];
    cx.vm
        .write_bytes(flag, 0, &byte, ContextId::JCRE, Atomicity::NonAtomic)
}
