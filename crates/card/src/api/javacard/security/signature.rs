//! Signatures: what they are made with is a [`Scheme`], which has a [`Family`]; a family's arithmetic is in a module
//! of its own.

mod ecdsa;
mod hashed;
mod scheme;

use hydra_vm::{FieldKind, ObjRef, Stop};

use super::key;
use crate::api::{CryptoReason, Cx};
use scheme::{Family, Scheme};

/// The words of a signature: its scheme (number, digest, cipher, padding), the mode (0 before `init`), the key.
const SCHEME: [u16; 4] = [0, 1, 2, 3];
const MODE: u16 = 4;
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
    let _key = initialised(cx, this)?;
    match scheme(cx, this)?.family {
        Family::Ecdsa => Ok(ecdsa::LENGTH),
    }
}

/// `init(Key, byte)`
pub(crate) fn init_key_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    mode: i8,
) -> Result<(), Stop> {
    let scheme = scheme(cx, this)?;
    let family = key::passed(cx, object)?;
    let fits = match i16::from(mode) {
        MODE_SIGN => family.is_some_and(|family| scheme.signs_with(family)),
        MODE_VERIFY => family.is_some_and(|family| scheme.verifies_with(family)),
        _ => false,
    };
    if !fits {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    if !key::is_initialized(cx, object)? {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    }
    if cx.short(this, MODE)? != i16::from(mode) {
        cx.set_short(this, MODE, i16::from(mode))?;
    }
    if cx.object(this, KEY)? != object {
        cx.set_object(this, KEY, object)?;
    }
    cx.state.running.remove(&this);
    Ok(())
}

/// `init(Key, byte, byte[], short, short)`: ECDSA has no parameters.
pub(crate) fn init_key_byte_bytes_short_short(
    cx: &mut Cx<'_>,
    _: ObjRef,
    _: ObjRef,
    _: i8,
    _: ObjRef,
    _: i16,
    _: i16,
) -> Result<(), Stop> {
    cx.crypto_error(CryptoReason::IllegalValue)
}

/// `update`
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let _key = initialised(cx, this)?;
    let scheme = scheme(cx, this)?;
    match scheme.family {
        Family::Ecdsa => hashed::update(cx, this, &scheme, (data, offset, length)),
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
    let data = (data, offset, length);
    let signature = match scheme.family {
        Family::Ecdsa => {
            let hash = hashed::finish(cx, this, &scheme, data)?;
            ecdsa::sign(cx, object, &hash)?
        }
    };
    cx.write(target, target_offset, &signature)?;
    // At most 512.
    Ok(i16::try_from(signature.len()).unwrap_or(i16::MAX))
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
    let data = (data, offset, length);
    let signature = cx.bytes(signature, signature_offset, signature_length)?;
    match scheme.family {
        Family::Ecdsa => {
            let hash = hashed::finish(cx, this, &scheme, data)?;
            ecdsa::verify(cx, object, &hash, &signature)
        }
    }
}

fn make(cx: &mut Cx<'_>, scheme: Option<Scheme>) -> Result<ObjRef, Stop> {
    let Some(scheme) = scheme else {
        return cx.no_such_algorithm();
    };
    let object = cx.new_object("javacard/security/Signature")?;
    let parts = [scheme.number, scheme.digest, scheme.cipher, scheme.padding];
    for (word, part) in SCHEME.into_iter().zip(parts) {
        cx.set_short(object, word, i16::from(part))?;
    }
    Ok(object)
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

fn initialised(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    let object = cx.object(this, KEY)?;
    if object.is_null() {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    Ok(object)
}

/// The key, if the object was initialised for this mode.
fn in_mode(cx: &mut Cx<'_>, this: ObjRef, mode: i16) -> Result<ObjRef, Stop> {
    let object = initialised(cx, this)?;
    if cx.short(this, MODE)? != mode {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    Ok(object)
}
