//! Ciphers: what they do is a [`Scheme`], which has a [`Family`]; a family's arithmetic is in a module of its own.

pub(crate) mod aead;
mod rsa;
mod scheme;
mod symmetric;
mod work;

pub(super) use scheme::{Aead, Family, Scheme};
pub(crate) use work::Work;

use alloc::vec::Vec;

use hydra_vm::{FieldKind, ObjRef, Stop};
use zeroize::Zeroizing;

use crate::api::javacard::security::key;
use crate::api::{CryptoReason, Cx, one_shot};

/// The words of a cipher: its scheme (number, cipher, padding), the mode (0 before `init`), the key.
const SCHEME: [u16; 3] = [0, 1, 2];
pub(super) const MODE: u16 = 3;
pub(super) const KEY: u16 = 4;

/// The words of a cipher.
pub(crate) const FIELDS: &[FieldKind] = &[
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Ref,
];

const MODE_DECRYPT: i16 = 1;
pub(super) const MODE_ENCRYPT: i16 = 2;

/// `Cipher()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Cipher.getInstance(byte, boolean)`. Whether others may use it is the firewall's matter.
pub(crate) fn get_instance_byte_boolean(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    make(cx, Scheme::by_number(algorithm))
}

/// `Cipher.getInstance(byte cipher, byte padding, boolean)`
pub(crate) fn get_instance_byte_byte_boolean(
    cx: &mut Cx<'_>,
    cipher: i8,
    padding: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    make(cx, Scheme::by_parts(cipher, padding))
}

/// `getAlgorithm`: 0 for a scheme without a number.
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    part(cx, this, 0)
}

/// `getCipherAlgorithm`
pub(crate) fn get_cipher_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    part(cx, this, 1)
}

/// `getPaddingAlgorithm`
pub(crate) fn get_padding_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    part(cx, this, 2)
}

/// `init(Key, byte)`: an initial vector of zeros.
pub(crate) fn init_key_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    key: ObjRef,
    mode: i8,
) -> Result<(), Stop> {
    let scheme = scheme(cx, this)?;
    check_key(cx, &scheme, key, mode)?;
    begin(cx, this, &scheme, (key, mode), &[])
}

/// `init(Key, byte, byte[], short, short)`: an initial vector, where the mode has one.
pub(crate) fn init_key_byte_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    key: ObjRef,
    mode: i8,
    iv: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let scheme = scheme(cx, this)?;
    let wrong = scheme
        .iv_length()
        .is_some_and(|expected| expected == 0 || usize::try_from(length) != Ok(expected));
    if wrong {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    check_key(cx, &scheme, key, mode)?;
    let iv = cx.bytes(iv, offset, length)?;
    begin(cx, this, &scheme, (key, mode), &iv)
}

/// `update`: how many bytes came out; the rest waits.
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let scheme = scheme(cx, this)?;
    let (data, target) = ((data, offset, length), (target, target_offset));
    match scheme.family {
        Family::Block(..) | Family::Stream(_) => work::update(cx, this, &scheme, data, target),
        Family::Aead(_) => aead::update(cx, this, data, target),
        Family::Rsa(_) => rsa::update(cx, this, data),
    }
}

/// `doFinal`: how many bytes came out; the next message has an initial vector of zeros.
pub(crate) fn do_final(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let scheme = scheme(cx, this)?;
    let data = cx.last_input((data, offset, length));
    let target = (target, target_offset);
    match scheme.family {
        Family::Block(..) | Family::Stream(_) => work::finish(cx, this, &scheme, data, target),
        Family::Aead(_) => aead::finish(cx, this, data, target),
        Family::Rsa(block) => rsa::finish(cx, this, block, data, target),
    }
}

/// How many bytes a key's value of this length has when a cipher has encrypted it.
pub(crate) fn encrypted_length(
    cx: &mut Cx<'_>,
    cipher: ObjRef,
    length: usize,
) -> Result<usize, Stop> {
    Ok(scheme(cx, cipher)?.encrypted_length(length))
}

/// Decrypts a value with a cipher that an applet gave to a key (`KeyEncryption`); `None` if that is not possible.
pub(crate) fn decrypt(
    cx: &mut Cx<'_>,
    cipher: ObjRef,
    value: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, Stop> {
    one_shot::enter_any(cx, cipher)?;
    let scheme = scheme(cx, cipher)?;
    match scheme.family {
        Family::Block(..) | Family::Stream(_) => work::decrypt(cx, cipher, &scheme, value),
        Family::Rsa(block) => rsa::decrypt(cx, cipher, block, value),
        // Its tag would not be looked at.
        Family::Aead(_) => Ok(None),
    }
}

/// `Cipher.OneShot.open`
pub(super) fn open(cx: &mut Cx<'_>, (cipher, padding): (i8, i8)) -> Result<ObjRef, Stop> {
    let scheme = Scheme::by_parts(cipher, padding)
        // They are no `AEADCipher`.
        .filter(|scheme| !matches!(scheme.family, Family::Aead(_)));
    let Some(scheme) = scheme else {
        return cx.no_such_algorithm();
    };
    let object = one_shot::open(cx, "javacardx/crypto/Cipher$OneShot")?;
    set_scheme(cx, object, &scheme)?;
    Ok(object)
}

fn make(cx: &mut Cx<'_>, scheme: Option<Scheme>) -> Result<ObjRef, Stop> {
    let Some(scheme) = scheme else {
        return cx.no_such_algorithm();
    };
    let class = match scheme.family {
        Family::Aead(_) => "javacardx/crypto/AEADCipher",
        _ => "javacardx/crypto/Cipher",
    };
    let object = cx.new_object(class)?;
    set_scheme(cx, object, &scheme)?;
    Ok(object)
}

/// Makes a cipher object one for a scheme.
fn set_scheme(cx: &mut Cx<'_>, object: ObjRef, scheme: &Scheme) -> Result<(), Stop> {
    let parts = [scheme.number, scheme.cipher, scheme.padding];
    for (word, part) in SCHEME.into_iter().zip(parts) {
        cx.set_short(object, word, i16::from(part))?;
    }
    Ok(())
}

/// What the object was made for; `INVALID_INIT` for an applet's own subclass that leaves a method to this one.
pub(super) fn scheme(cx: &mut Cx<'_>, this: ObjRef) -> Result<Scheme, Stop> {
    let (cipher, padding) = (part(cx, this, 1)?, part(cx, this, 2)?);
    match Scheme::by_parts(cipher, padding) {
        Some(scheme) => Ok(scheme),
        None => cx.crypto_error(CryptoReason::InvalidInit),
    }
}

/// Throws unless `init` may be given this key and mode.
pub(super) fn check_key(
    cx: &mut Cx<'_>,
    scheme: &Scheme,
    key: ObjRef,
    mode: i8,
) -> Result<(), Stop> {
    let fits = match key::passed(cx, key)? {
        Some(_) if !key::is_initialized(cx, key)? => {
            return cx.crypto_error(CryptoReason::UninitializedKey);
        }
        Some(family) => scheme.takes(family, key::get_size(cx, key)?),
        None => false,
    };
    if !fits || !matches!(i16::from(mode), MODE_DECRYPT | MODE_ENCRYPT) {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    Ok(())
}

/// Notes the key and mode that `init` was given, if they are not those already: every write costs a commit.
pub(super) fn note_init(
    cx: &mut Cx<'_>,
    this: ObjRef,
    (key, mode): (ObjRef, i16),
) -> Result<(), Stop> {
    if cx.short(this, MODE)? != mode {
        cx.set_short(this, MODE, mode)?;
    }
    if cx.object(this, KEY)? != key {
        cx.set_object(this, KEY, key)?;
    }
    Ok(())
}

fn begin(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    (key, mode): (ObjRef, i8),
    iv: &[u8],
) -> Result<(), Stop> {
    let mode = i16::from(mode);
    note_init(cx, this, (key, mode))?;
    if let Family::Rsa(_) = scheme.family {
        cx.state.running.remove(&this);
        return Ok(());
    }
    work::begin(cx, this, scheme, (key, mode), iv)
}

fn part(cx: &mut Cx<'_>, this: ObjRef, index: usize) -> Result<i8, Stop> {
    let [_, part] = cx.short(this, SCHEME[index])?.to_be_bytes();
    Ok(part.cast_signed())
}
