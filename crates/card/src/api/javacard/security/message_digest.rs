use alloc::boxed::Box;

use hydra_crypto::{Hash, HashAlgorithm};
use hydra_vm::{Fault, ObjRef, Stop};

use crate::api::{CryptoReason, Cx, Running, one_shot};

/// The word that holds the algorithm.
const ALGORITHM: u16 = 0;

/// `MessageDigest()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `MessageDigest.getInstance`. Whether others may use it is the firewall's matter.
pub(crate) fn get_instance(cx: &mut Cx<'_>, number: i8, _external: bool) -> Result<ObjRef, Stop> {
    if algorithm(number).is_none() {
        return cx.no_such_algorithm();
    }
    make(cx, "javacard/security/MessageDigest", number)
}

/// `MessageDigest.getInitializedMessageDigestInstance`
pub(crate) fn get_initialized_message_digest_instance(
    cx: &mut Cx<'_>,
    number: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    if !is_intermediate(number) {
        return cx.no_such_algorithm();
    }
    make(cx, "javacard/security/InitializedMessageDigest", number)
}

/// `MessageDigest.isIntermediateMessageDigestSupported`
pub(crate) fn is_intermediate_message_digest_supported(
    _: &mut Cx<'_>,
    number: i8,
) -> Result<bool, Stop> {
    Ok(is_intermediate(number))
}

/// Whether a function can stop between two blocks and go on from a value: all but SHA-3.
pub(super) fn is_intermediate(number: i8) -> bool {
    algorithm(number).is_some_and(|function| function.chaining_len().is_some())
}

fn make(cx: &mut Cx<'_>, class: &str, number: i8) -> Result<ObjRef, Stop> {
    let object = cx.new_object(class)?;
    cx.set_short(object, ALGORITHM, i16::from(number))?;
    Ok(object)
}

/// `MessageDigest.OneShot.open`
pub(super) fn open(cx: &mut Cx<'_>, number: i8) -> Result<ObjRef, Stop> {
    if algorithm(number).is_none() {
        return cx.no_such_algorithm();
    }
    open_as(cx, "javacard/security/MessageDigest$OneShot", number)
}

/// Opens an object of one of the `OneShot` classes of digests.
pub(super) fn open_as(cx: &mut Cx<'_>, class: &'static str, number: i8) -> Result<ObjRef, Stop> {
    let object = one_shot::open(cx, class)?;
    cx.set_short(object, ALGORITHM, i16::from(number))?;
    Ok(object)
}

/// The hash function of `MessageDigest.ALG_…`.
pub(crate) fn algorithm(number: i8) -> Option<HashAlgorithm> {
    Some(match number {
        1 => HashAlgorithm::Sha1,
        2 => HashAlgorithm::Md5,
        3 => HashAlgorithm::Ripemd160,
        4 => HashAlgorithm::Sha256,
        5 => HashAlgorithm::Sha384,
        6 => HashAlgorithm::Sha512,
        7 => HashAlgorithm::Sha224,
        8 => HashAlgorithm::Sha3_224,
        9 => HashAlgorithm::Sha3_256,
        10 => HashAlgorithm::Sha3_384,
        11 => HashAlgorithm::Sha3_512,
        _ => return None,
    })
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

/// `getLength`
pub(crate) fn get_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let length = function(cx, this)?.len();
    // At most 64.
    Ok(i8::try_from(length).unwrap_or(i8::MAX))
}

/// `reset`
pub(crate) fn reset(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    cx.state.running.remove(&this);
    Ok(())
}

/// `update`
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let function = function(cx, this)?;
    take(cx, this, function, (data, offset, length)).map(|_| ())
}

/// `doFinal`: the digest's length; the object is fresh afterwards.
pub(crate) fn do_final(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let function = function(cx, this)?;
    // At most 64.
    let size = i16::try_from(function.len()).unwrap_or(i16::MAX);
    cx.check(target, target_offset, size)?;
    let data = cx.last_input((data, offset, length));
    let digest = take(cx, this, function, data)?.finish_reset();
    cx.write(target, target_offset, &digest)?;
    Ok(size)
}

/// `doIntermediateMessageDigest`: the value after the whole blocks so far, its length; the computation goes on.
/// `ILLEGAL_USE` if there are none, the last one is not whole, or the function has no such value.
pub(crate) fn do_intermediate_message_digest(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let value = match cx.state.running.get(&this) {
        Some(Running::Hash(hash)) => hash.chaining(),
        _ => None,
    };
    let Some(value) = value else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    cx.write(target, target_offset, &value)?;
    cx.length(value.len())
}

fn function(cx: &mut Cx<'_>, this: ObjRef) -> Result<HashAlgorithm, Stop> {
    match algorithm(get_algorithm(cx, this)?) {
        Some(function) => Ok(function),
        None => cx.no_such_algorithm(),
    }
}

/// Lets an object's computation take bytes of the applet's.
pub(crate) fn take<'a>(
    cx: &'a mut Cx<'_>,
    this: ObjRef,
    function: HashAlgorithm,
    (data, offset, length): (ObjRef, i16, i16),
) -> Result<&'a mut Hash, Stop> {
    cx.charge_processed(length)?;
    let context = cx.context();
    let data = cx.vm.byte_range(data, offset, length, context)?;
    let fresh = || Running::Hash(Box::new(Hash::new(function)));
    let running = cx.state.running.entry(this).or_insert_with(fresh);
    match running {
        Running::Hash(hash) => {
            hash.update(data);
            Ok(hash)
        }
        _ => Err(Fault::TypeConfusion.into()),
    }
}
