//! Signatures: what they are made with is a [`Scheme`], which has a [`Family`]; a family's arithmetic is in a module
//! of its own.

mod dsa;
mod ecdsa;
mod eddsa;
mod hashed;
mod kept;
pub(crate) mod mac;
pub(crate) mod recovery;
pub(crate) mod rsa;
mod scheme;

use alloc::vec::Vec;

use hydra_crypto::ct_eq;
use hydra_vm::{Atomicity, FieldKind, ObjRef, Stop, Value};

use super::{key, message_digest, named_parameter_spec, xec_key};
use crate::api::{CryptoReason, Cx, one_shot};
use scheme::{Block, Family, Recovery, Scheme};

/// The words of a signature: its scheme (number, digest, cipher, padding), the mode (0 before `init`), the key.
const SCHEME: [u16; 4] = [0, 1, 2, 3];
/// The mode is in its two low bits; above them is one more than the bytes of PSS's salt, 0 for as many as the digest's.
const MODE: u16 = 4;
const MODE_BITS: i16 = 3;
const SALT_SHIFT: u32 = 2;
/// No digest, modulus or padding leaves room for a longer salt: 4096 bits hold 512 bytes.
const LONGEST_SALT: i16 = 512;
const KEY: u16 = 5;

/// The words of a signature.
pub(crate) const FIELDS: &[FieldKind] = &[
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Ref,
];

const MODE_SIGN: i16 = 1;
const MODE_VERIFY: i16 = 2;

/// `Signature()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Signature.getInstance(byte, boolean)`
pub(crate) fn get_instance_byte_boolean(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    make(cx, Scheme::by_number(algorithm))
}

/// `Signature.getInstance(byte digest, byte cipher, byte padding, boolean)`
pub(crate) fn get_instance_byte_byte_byte_boolean(
    cx: &mut Cx<'_>,
    digest: i8,
    cipher: i8,
    padding: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    make(cx, Scheme::by_parts(digest, cipher, padding))
}

/// `getAlgorithm`: 0 for a scheme without a number.
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    part(cx, this, 0)
}

/// `getMessageDigestAlgorithm`
pub(crate) fn get_message_digest_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    part(cx, this, 1)
}

/// `getCipherAlgorithm`
pub(crate) fn get_cipher_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    part(cx, this, 2)
}

/// `getPaddingAlgorithm`
pub(crate) fn get_padding_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    part(cx, this, 3)
}

/// `getLength`: at most.
pub(crate) fn get_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    let key = initialised(cx, this)?;
    if !key::is_initialized(cx, key)? {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    }
    match scheme(cx, this)?.family {
        Family::Mac(kind) => cx.length(kind.length()),
        // As long as the modulus.
        Family::Rsa(_) | Family::Recovery(_) => {
            let length = key::bytes(cx, key)?;
            cx.length(length)
        }
        Family::Eddsa => cx.length(eddsa::LENGTH),
        Family::Dsa => {
            let length = dsa::length(cx, key)?;
            cx.length(length)
        }
        Family::Ecdsa(form) => {
            let length = ecdsa::length(cx, key, form)?;
            cx.length(length)
        }
    }
}

/// `init(Key, byte)`: an initial vector of zeros, where the scheme has one.
pub(crate) fn init_key_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    key: ObjRef,
    mode: i8,
) -> Result<(), Stop> {
    let scheme = scheme(cx, this)?;
    check_key(cx, &scheme, key, mode)?;
    begin(cx, this, &scheme, (key, mode.into()), &[])
}

/// `init(Key, byte, byte[], short, short)`: an initial vector, or the number of bytes of PSS's salt in two; other schemes
/// have no parameters.
pub(crate) fn init_key_byte_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    key: ObjRef,
    mode: i8,
    parameters: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let scheme = scheme(cx, this)?;
    if scheme.family == Family::Recovery(Recovery::Unknown) {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    let expected = match scheme.family {
        Family::Mac(kind) => kind.iv_length(),
        Family::Rsa(Block::Pss) => Some(2),
        _ => None,
    };
    if expected.is_none() || expected != usize::try_from(length).ok() {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    check_key(cx, &scheme, key, mode)?;
    let parameters = cx.bytes(parameters, offset, length)?;
    if let (Family::Rsa(_), [high, low]) = (scheme.family, &parameters[..]) {
        let salt = i16::from_be_bytes([*high, *low]);
        if !(0..=LONGEST_SALT).contains(&salt) {
            return cx.crypto_error(CryptoReason::IllegalValue);
        }
        let mode = i16::from(mode) | (salt + 1) << SALT_SHIFT;
        return begin(cx, this, &scheme, (key, mode), &[]);
    }
    begin(cx, this, &scheme, (key, mode.into()), &parameters)
}

/// `setInitialDigest`: goes on after the beginning of a message that was hashed elsewhere; `ILLEGAL_USE` for a scheme
/// that does not hash the message first.
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
    let _key = initialised(cx, this)?;
    let scheme = scheme(cx, this)?;
    match scheme.family {
        Family::Mac(_) | Family::Recovery(_) | Family::Eddsa => {
            cx.crypto_error(CryptoReason::IllegalUse)
        }
        Family::Rsa(_) | Family::Dsa | Family::Ecdsa(_) => hashed::set_initial_digest(
            cx,
            this,
            &scheme,
            (digest, offset, length),
            (count, count_offset, count_length),
        ),
    }
}

/// `update`
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let key = initialised(cx, this)?;
    let scheme = scheme(cx, this)?;
    let data = (data, offset, length);
    match scheme.family {
        Family::Mac(kind) => mac::update(cx, this, kind, key, data),
        Family::Rsa(_) | Family::Dsa | Family::Ecdsa(_) => hashed::update(cx, this, &scheme, data),
        Family::Recovery(_) => recovery::update(cx, this, key, &scheme, data),
        Family::Eddsa => kept::update(cx, this, data, eddsa::LONGEST),
    }
}

/// `sign`: the signature's length.
pub(crate) fn sign(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let object = in_mode(cx, this, MODE_SIGN)?;
    let scheme = scheme(cx, this)?;
    let data = cx.last_input((data, offset, length));
    let signature = match scheme.family {
        Family::Mac(kind) => {
            let length = cx.length(kind.length())?;
            cx.check(target, target_offset, length)?;
            let code = mac::finish(cx, this, kind, object, data)?;
            cx.write(target, target_offset, &code)?;
            return Ok(length);
        }
        Family::Recovery(Recovery::Known) => recovery::sign(cx, this, object, &scheme, data)?.0,
        Family::Recovery(Recovery::Unknown) => {
            return cx.crypto_error(CryptoReason::IllegalUse);
        }
        Family::Rsa(_) | Family::Dsa | Family::Ecdsa(_) => {
            let hash = hashed::finish(cx, this, &scheme, data)?;
            sign_hash(cx, this, object, &scheme, &hash)?
        }
        Family::Eddsa => eddsa::sign(cx, this, object, data)?,
    };
    cx.write(target, target_offset, &signature)?;
    cx.length(signature.len())
}

/// `signPreComputedHash`: the signature's length. `ILLEGAL_USE` for an algorithm that hashes nothing, and for a hash of
/// another length than the digest's.
pub(crate) fn sign_pre_computed_hash(
    cx: &mut Cx<'_>,
    this: ObjRef,
    hash: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let object = in_mode(cx, this, MODE_SIGN)?;
    let scheme = scheme(cx, this)?;
    let hash = given_hash(cx, &scheme, (hash, offset, length))?;
    cx.state.running.remove(&this);
    let signature = sign_hash(cx, this, object, &scheme, &hash)?;
    cx.write(target, target_offset, &signature)?;
    cx.length(signature.len())
}

/// `verifyPreComputedHash`: as [`sign_pre_computed_hash`].
#[allow(clippy::too_many_arguments, reason = "the Java method has as many")]
pub(crate) fn verify_pre_computed_hash(
    cx: &mut Cx<'_>,
    this: ObjRef,
    hash: ObjRef,
    offset: i16,
    length: i16,
    signature: ObjRef,
    signature_offset: i16,
    signature_length: i16,
) -> Result<bool, Stop> {
    let object = in_mode(cx, this, MODE_VERIFY)?;
    let scheme = scheme(cx, this)?;
    let signature = cx.bytes(signature, signature_offset, signature_length)?;
    let hash = given_hash(cx, &scheme, (hash, offset, length))?;
    cx.state.running.remove(&this);
    verify_hash(cx, this, object, &scheme, &hash, &signature)
}

/// `verify`
#[allow(clippy::too_many_arguments, reason = "the Java method has as many")]
pub(crate) fn verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    signature: ObjRef,
    signature_offset: i16,
    signature_length: i16,
) -> Result<bool, Stop> {
    let object = in_mode(cx, this, MODE_VERIFY)?;
    let scheme = scheme(cx, this)?;
    let data = cx.last_input((data, offset, length));
    let signature = cx.bytes(signature, signature_offset, signature_length)?;
    match scheme.family {
        Family::Mac(kind) => {
            let code = mac::finish(cx, this, kind, object, data)?;
            Ok(ct_eq(&code, &signature))
        }
        Family::Recovery(Recovery::Known) => {
            recovery::verify(cx, this, object, &scheme, data, &signature)
        }
        Family::Recovery(Recovery::Unknown) => cx.crypto_error(CryptoReason::IllegalUse),
        Family::Rsa(_) | Family::Dsa | Family::Ecdsa(_) => {
            let hash = hashed::finish(cx, this, &scheme, data)?;
            verify_hash(cx, this, object, &scheme, &hash, &signature)
        }
        Family::Eddsa => eddsa::verify(cx, this, object, data, &signature),
    }
}

/// `ILLEGAL_USE` unless the object is one of those that recover a message.
fn check_recovers(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    if scheme(cx, this)?.family != Family::Recovery(Recovery::Unknown) {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    Ok(())
}

/// `SignatureMessageRecovery.beginVerify`
pub(super) fn begin_verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    (buffer, offset, length): (ObjRef, i16, i16),
) -> Result<i16, Stop> {
    check_recovers(cx, this)?;
    let object = in_mode(cx, this, MODE_VERIFY)?;
    let scheme = scheme(cx, this)?;
    let signature = cx.bytes(buffer, offset, length)?;
    let message = recovery::begin_verify(cx, this, object, &scheme, &signature)?;
    cx.write(buffer, offset, &message)?;
    cx.length(message.len())
}

/// `SignatureMessageRecovery.sign`
pub(super) fn sign_recoverable(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: (ObjRef, i16, i16),
    (target, target_offset): (ObjRef, i16),
    (recovered, recovered_offset): (ObjRef, i16),
) -> Result<i16, Stop> {
    check_recovers(cx, this)?;
    let object = in_mode(cx, this, MODE_SIGN)?;
    let scheme = scheme(cx, this)?;
    let size = key::bytes(cx, object)?;
    let size = cx.length(size)?;
    cx.check(target, target_offset, size)?;
    let context = cx.context();
    let _old = cx.vm.element(recovered, recovered_offset, context)?;
    let (signature, held) = recovery::sign(cx, this, object, &scheme, data)?;
    cx.write(target, target_offset, &signature)?;
    let held = Value::Short(cx.length(held)?);
    cx.vm.set_element(
        recovered,
        recovered_offset,
        held,
        context,
        Atomicity::NonAtomic,
    )?;
    cx.length(signature.len())
}

/// `SignatureMessageRecovery.verify`
pub(super) fn end_verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: (ObjRef, i16, i16),
) -> Result<bool, Stop> {
    check_recovers(cx, this)?;
    let _key = in_mode(cx, this, MODE_VERIFY)?;
    recovery::end_verify(cx, this, data)
}

/// The bytes of PSS's salt.
fn salt(cx: &mut Cx<'_>, this: ObjRef, hash: &[u8]) -> Result<usize, Stop> {
    let given = cx.short(this, MODE)?.unsigned_abs() >> SALT_SHIFT;
    Ok(usize::from(given).checked_sub(1).unwrap_or(hash.len()))
}

fn sign_hash(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    scheme: &Scheme,
    hash: &[u8],
) -> Result<Vec<u8>, Stop> {
    let function = message_digest::algorithm(scheme.digest);
    match scheme.family {
        Family::Rsa(block) => {
            let salt = salt(cx, this, hash)?;
            rsa::sign(cx, object, (block, function, salt), hash)
        }
        Family::Dsa => dsa::sign(cx, object, hash),
        Family::Ecdsa(form) => ecdsa::sign(cx, object, form, hash),
        Family::Mac(_) | Family::Recovery(_) | Family::Eddsa => {
            cx.crypto_error(CryptoReason::IllegalUse)
        }
    }
}

fn verify_hash(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    scheme: &Scheme,
    hash: &[u8],
    signature: &[u8],
) -> Result<bool, Stop> {
    let function = message_digest::algorithm(scheme.digest);
    match scheme.family {
        Family::Rsa(block) => {
            let salt = salt(cx, this, hash)?;
            rsa::verify(cx, object, (block, function, salt), hash, signature)
        }
        Family::Dsa => dsa::verify(cx, object, hash, signature),
        Family::Ecdsa(form) => ecdsa::verify(cx, object, form, hash, signature),
        Family::Mac(_) | Family::Recovery(_) | Family::Eddsa => {
            cx.crypto_error(CryptoReason::IllegalUse)
        }
    }
}

/// A hash that an applet made itself, if the scheme signs one of its length.
fn given_hash(
    cx: &mut Cx<'_>,
    scheme: &Scheme,
    (hash, offset, length): (ObjRef, i16, i16),
) -> Result<Vec<u8>, Stop> {
    let hash = cx.bytes(hash, offset, length)?;
    let function = message_digest::algorithm(scheme.digest);
    let fits = function.is_none_or(|function| function.len() == hash.len());
    let hashed = matches!(
        scheme.family,
        Family::Rsa(_) | Family::Dsa | Family::Ecdsa(_)
    );
    if !fits || !hashed {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    Ok(hash)
}

/// `Signature.OneShot.open`
pub(super) fn open(
    cx: &mut Cx<'_>,
    (digest, cipher, padding): (i8, i8, i8),
) -> Result<ObjRef, Stop> {
    let Some(scheme) = Scheme::by_parts(digest, cipher, padding) else {
        return cx.no_such_algorithm();
    };
    let object = one_shot::open(cx, "javacard/security/Signature$OneShot")?;
    set_scheme(cx, object, &scheme)?;
    Ok(object)
}

fn make(cx: &mut Cx<'_>, scheme: Option<Scheme>) -> Result<ObjRef, Stop> {
    let Some(scheme) = scheme else {
        return cx.no_such_algorithm();
    };
    let object = cx.new_object("javacard/security/Signature")?;
    set_scheme(cx, object, &scheme)?;
    Ok(object)
}

/// Makes a signature object one for a scheme.
fn set_scheme(cx: &mut Cx<'_>, object: ObjRef, scheme: &Scheme) -> Result<(), Stop> {
    let parts = [scheme.number, scheme.digest, scheme.cipher, scheme.padding];
    for (word, part) in SCHEME.into_iter().zip(parts) {
        cx.set_short(object, word, i16::from(part))?;
    }
    Ok(())
}

/// What the object was made for.
fn scheme(cx: &mut Cx<'_>, this: ObjRef) -> Result<Scheme, Stop> {
    let [digest, cipher, padding] = [part(cx, this, 1)?, part(cx, this, 2)?, part(cx, this, 3)?];
    match Scheme::by_parts(digest, cipher, padding) {
        Some(scheme) => Ok(scheme),
        // An applet's own subclass that leaves a method to this one.
        None => cx.crypto_error(CryptoReason::InvalidInit),
    }
}

fn part(cx: &mut Cx<'_>, this: ObjRef, index: usize) -> Result<i8, Stop> {
    let [_, part] = cx.short(this, SCHEME[index])?.to_be_bytes();
    Ok(part.cast_signed())
}

/// Throws unless `init` may be given this key and mode; whether the key is set is looked at first.
fn check_key(cx: &mut Cx<'_>, scheme: &Scheme, key: ObjRef, mode: i8) -> Result<(), Stop> {
    let fits = match key::passed(cx, key)? {
        Some(family) => {
            if !key::is_initialized(cx, key)? {
                return cx.crypto_error(CryptoReason::UninitializedKey);
            }
            let bits = key::get_size(cx, key)?;
            match i16::from(mode) {
                MODE_SIGN => scheme.signs_with(family, bits),
                MODE_VERIFY => scheme.verifies_with(family, bits),
                _ => false,
            }
        }
        None => false,
    };
    let xec = fits
        && matches!(
            key::family(cx, key)?,
            key::Family::XecPublic | key::Family::XecPrivate
        );
    // Keys that were made by name are of one class, whatever they are good for.
    let named = match scheme.family {
        _ if !xec => true,
        Family::Eddsa => cx.short(key, xec_key::NAME)? == named_parameter_spec::ED25519,
        _ => xec_key::curve(cx, key)?.is_some(),
    };
    if !fits || !named {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    Ok(())
}

/// Notes what `init` was given, where it is not that already (every write costs a commit), and begins anew.
fn begin(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    (key, mode): (ObjRef, i16),
    parameters: &[u8],
) -> Result<(), Stop> {
    if cx.short(this, MODE)? != mode {
        cx.set_short(this, MODE, mode)?;
    }
    if cx.object(this, KEY)? != key {
        cx.set_object(this, KEY, key)?;
    }
    match scheme.family {
        Family::Mac(kind) => mac::begin(cx, this, kind, key, parameters),
        _ => {
            cx.state.running.remove(&this);
            Ok(())
        }
    }
}

fn initialised(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    let object = cx.object(this, KEY)?;
    if object.is_null() {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    Ok(object)
}

/// The key, if the object was initialised, and for this mode: else `INVALID_INIT`.
fn in_mode(cx: &mut Cx<'_>, this: ObjRef, mode: i16) -> Result<ObjRef, Stop> {
    let object = initialised(cx, this)?;
    if cx.short(this, MODE)? & MODE_BITS != mode {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    Ok(object)
}
