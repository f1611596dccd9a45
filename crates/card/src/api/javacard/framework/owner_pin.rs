//! A PIN and its try counter.
//!
//! The secret is one byte array: try limit, maximum size, tries left, their complement, length, PIN. The tries left are
//! kept twice so that a single altered byte is noticed. They go down, and the journal has it, before anything is
//! compared, so that cutting the power never buys a try. Neither does aborting a transaction or failing an installation:
//! what these put back goes down too.
//!
//! The `OwnerPINx` kinds keep the same secret in the same words.

use alloc::vec::Vec;

use hydra_cap::api::{ClassId, class_id};
use hydra_vm::{Atomicity, ContextId, Fault, ObjRef, Stop, Storage};
use zeroize::Zeroizing;

use crate::api::{Cx, cost};

const EXCEPTION: &str = "javacard/framework/PINException";
/// The word that holds the secret.
const SECRET: u16 = 0;
/// The word that holds a CLEAR_ON_RESET byte array: the validated flag, and what `decrementTriesRemaining` left.
const VALIDATED: u16 = 1;

/// The class whose `check` uses a try that was taken before.
pub(crate) const WITH_PREDECREMENT: &str = "javacard/framework/OwnerPINxWithPredecrement";
const PREDECREMENTS: ClassId = class_id(WITH_PREDECREMENT);
/// `decrementTriesRemaining` took a try.
const TAKEN: u8 = 1;
/// It was called, but there was none.
const BLOCKED: u8 = 2;

const LIMIT: u16 = 0;
const MAX_SIZE: u16 = 1;
const TRIES: u16 = 2;
const LENGTH: u16 = 4;
const PIN: usize = 5;
/// The length of a PIN that was never set, which nothing equals.
const UNSET: u8 = 0xFF;

/// `OwnerPIN(byte tryLimit, byte maxPINSize)`
pub(crate) fn construct(
    cx: &mut Cx<'_>,
    this: ObjRef,
    try_limit: i8,
    max_size: i8,
) -> Result<(), Stop> {
    check_sizes(cx, try_limit, max_size)?;
    let size = i16::from(max_size) + 5;
    let secret = cx.new_own_bytes(size, Storage::Persistent)?;
    let limit = try_limit.cast_unsigned();
    let head = [limit, max_size.cast_unsigned(), limit, !limit, UNSET];
    cx.own_write(secret, 0, &head, Atomicity::Atomic)?;
    cx.set_object(this, SECRET, secret)?;
    let flag = cx.new_own_bytes(2, Storage::ClearOnReset)?;
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
    let taken = if cx.vm.is_instance_of(this, PREDECREMENTS)? {
        let taken = flags(cx, this)?[1];
        set_validated(cx, this, false)?;
        if taken == 0 {
            // ILLEGAL_STATE
            return cx.throw(EXCEPTION, 2);
        }
        taken == TAKEN
    } else {
        set_validated(cx, this, false)?;
        take_try(cx, this)?
    };
    if !taken {
        return Ok(false);
    }
    let secret = read(cx, this)?;
    let given = Zeroizing::new(cx.bytes(pin, offset, i16::from(length))?);
    let right = secret
        .pin()?
        .is_some_and(|pin| hydra_crypto::ct_eq(&given, pin));
    if !right {
        return Ok(false);
    }
    give_all_tries(cx, this, secret.limit()?)?;
    set_flags(cx, this, [1, 0])?;
    Ok(true)
}

/// `decrementTriesRemaining` of an `OwnerPINxWithPredecrement`: the tries left.
pub(crate) fn predecrement(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    set_validated(cx, this, false)?;
    let taken = take_try(cx, this)?;
    set_flags(cx, this, [0, if taken { TAKEN } else { BLOCKED }])?;
    get_tries_remaining(cx, this)
}

/// Takes a try and makes that durable; whether there was one.
fn take_try(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    let Some(tries) = read(cx, this)?.tries()?.checked_sub(1) else {
        return Ok(false);
    };
    cx.charge(cost::SYNC)?;
    set_tries(cx, this, tries, Atomicity::NonAtomic)?;
    let secret = cx.object(this, SECRET)?;
    cx.vm.amend(secret, TRIES, |[tries, complement]| {
        *tries = tries.saturating_sub(1);
        *complement = !*tries;
    })?;
    // Nothing of an installation is durable before its end but this. If the write fails, the card goes mute at the end
    // of the command; until then no PIN is compared.
    let durable = match cx.state.installing {
        Some(_) => cx.state.commit_array(cx.vm, secret),
        None => cx.state.commit(cx.vm),
    };
    Ok(durable.is_ok())
}

/// Back to the limit, whatever becomes of the transaction in progress: then to the limit that there is without it.
fn give_all_tries(cx: &mut Cx<'_>, this: ObjRef, limit: u8) -> Result<(), Stop> {
    set_tries(cx, this, limit, Atomicity::NonAtomic)?;
    let secret = cx.object(this, SECRET)?;
    let amended = cx.vm.amend(secret, LIMIT, |[limit, _, tries, complement]| {
        *tries = *limit;
        *complement = !*limit;
    });
    Ok(amended?)
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
    Ok(flags(cx, this)?[0] == 1)
}

/// `setValidatedFlag`
pub(crate) fn set_validated_flag(cx: &mut Cx<'_>, this: ObjRef, value: bool) -> Result<(), Stop> {
    set_validated(cx, this, value)
}

/// `reset`: back to the limit, if validated.
pub(crate) fn reset(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    if get_validated_flag(cx, this)? {
        return reset_and_unblock(cx, this);
    }
    set_validated(cx, this, false)
}

/// `resetAndUnblock`: back to the limit, not validated.
pub(crate) fn reset_and_unblock(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    set_validated(cx, this, false)?;
    let limit = read(cx, this)?.limit()?;
    give_all_tries(cx, this, limit)
}

/// `update`: a new PIN, all tries.
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    pin: ObjRef,
    offset: i16,
    length: i8,
) -> Result<(), Stop> {
    let secret = read(cx, this)?;
    let max_size = secret.at(MAX_SIZE)?;
    if i16::from(length) > i16::from(max_size) {
        return illegal_value(cx);
    }
    let new = Zeroizing::new(cx.bytes(pin, offset, i16::from(length))?);
    let limit = secret.limit()?;
    // One write, so that no power cut leaves half of it. Zeros are where a longer PIN was.
    let mut bytes = Zeroizing::new(Vec::with_capacity(3 + usize::from(max_size)));
    bytes.extend([limit, !limit, length.cast_unsigned()]);
    bytes.extend_from_slice(&new);
    bytes.resize(3 + usize::from(max_size), 0);
    let array = cx.object(this, SECRET)?;
    cx.own_write(array, 2, &bytes, Atomicity::Atomic)?;
    set_validated(cx, this, false)
}

/// Throws unless there may be a PIN of this try limit and size.
pub(crate) fn check_sizes(cx: &mut Cx<'_>, try_limit: i8, max_size: i8) -> Result<(), Stop> {
    if try_limit < 1 || max_size < 1 {
        return illegal_value(cx);
    }
    Ok(())
}

/// `PINException.ILLEGAL_VALUE`
pub(crate) fn illegal_value<T>(cx: &mut Cx<'_>) -> Result<T, Stop> {
    cx.throw(EXCEPTION, 1)
}

/// `getTryLimit` of an `OwnerPINx`.
pub(crate) fn limit(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    Ok(read(cx, this)?.limit()?.cast_signed())
}

/// `setTryLimit` of an `OwnerPINx`: one write, in the transaction in progress.
pub(crate) fn set_limit(cx: &mut Cx<'_>, this: ObjRef, limit: i8) -> Result<(), Stop> {
    if limit < 1 {
        return illegal_value(cx);
    }
    let max_size = read(cx, this)?.at(MAX_SIZE)?;
    let limit = limit.cast_unsigned();
    let secret = cx.object(this, SECRET)?;
    let head = [limit, max_size, limit, !limit];
    cx.own_write(secret, 0, &head, Atomicity::Atomic)?;
    set_validated(cx, this, false)
}

/// `setTriesRemaining` of an `OwnerPINx`: in the transaction in progress.
pub(crate) fn set_tries_remaining(cx: &mut Cx<'_>, this: ObjRef, tries: i8) -> Result<(), Stop> {
    let limit = limit(cx, this)?;
    if !(0..=limit).contains(&tries) {
        return illegal_value(cx);
    }
    set_tries(cx, this, tries.cast_unsigned(), Atomicity::Atomic)?;
    set_validated(cx, this, false)
}

struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    fn at(&self, index: u16) -> Result<u8, Stop> {
        self.0
            .get(usize::from(index))
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

    fn pin(&self) -> Result<Option<&[u8]>, Stop> {
        let length = self.at(LENGTH)?;
        if length == UNSET {
            return Ok(None);
        }
        self.0
            .get(PIN..PIN + usize::from(length))
            .map(Some)
            .ok_or(Stop::Fault(Fault::DanglingReference))
    }
}

fn read(cx: &mut Cx<'_>, this: ObjRef) -> Result<Secret, Stop> {
    let secret = cx.object(this, SECRET)?;
    cx.own_bytes(secret).map(Zeroizing::new).map(Secret)
}

fn set_tries(cx: &mut Cx<'_>, this: ObjRef, tries: u8, atomicity: Atomicity) -> Result<(), Stop> {
    let secret = cx.object(this, SECRET)?;
    cx.own_write(secret, 2, &[tries, !tries], atomicity)
}

/// Sets the validated flag, and forgets a try taken before.
fn set_validated(cx: &mut Cx<'_>, this: ObjRef, value: bool) -> Result<(), Stop> {
    set_flags(cx, this, [u8::from(value), 0])
}

fn set_flags(cx: &mut Cx<'_>, this: ObjRef, value: [u8; 2]) -> Result<(), Stop> {
    let flags = cx.object(this, VALIDATED)?;
    cx.vm
        .write_bytes(flags, 0, &value, ContextId::JCRE, Atomicity::NonAtomic)
}

fn flags(cx: &mut Cx<'_>, this: ObjRef) -> Result<[u8; 2], Stop> {
    let flags = cx.object(this, VALIDATED)?;
    let bytes = cx.own_bytes(flags)?;
    <[u8; 2]>::try_from(bytes).map_err(|_| Fault::DanglingReference.into())
}
