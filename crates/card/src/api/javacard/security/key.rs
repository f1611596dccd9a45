//! What all keys have in common, and where their words are.
//!
//! A key's value and each of its parameters is a byte array whose first byte is 1 once it is set; transient keys have a
//! transient value, so clearing it unsets it.

use alloc::vec::Vec;

use hydra_vm::{Atomicity, ObjRef, Stop, Storage};

use crate::api::{CryptoReason, Cx};

/// The word that holds the type, `KeyBuilder.TYPE_…`.
const TYPE: u16 = 0;
/// The word that holds the size in bits.
const SIZE: u16 = 1;
/// The word of an EC key's cofactor; 0 when not set, which stands for 1.
pub(crate) const K: u16 = 2;
/// The word of the value: a secret key, W or S.
pub(crate) const VALUE: u16 = 3;
/// The words of the curve's parameters.
pub(crate) const PARAMETERS: [u16; 5] = [4, 5, 6, 7, 8];

/// Makes a key object.
pub(crate) fn make(
    cx: &mut Cx<'_>,
    class: &str,
    kind: i8,
    bits: i16,
    value_length: i16,
    storage: Storage,
) -> Result<ObjRef, Stop> {
    let object = cx.new_object(class)?;
    cx.set_short(object, TYPE, i16::from(kind))?;
    cx.set_short(object, SIZE, bits)?;
    let value = cx.new_own_bytes(value_length + 1, storage)?;
    cx.set_object(object, VALUE, value)?;
    Ok(object)
}

/// `Key.clearKey`: zeros, not set.
pub(crate) fn clear_key(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    let value = cx.object(this, VALUE)?;
    let zeros = alloc::vec![0; cx.own_bytes(value)?.len()];
    cx.own_write(value, 0, &zeros, Atomicity::Atomic)
}

/// `Key.getSize`: bits.
pub(crate) fn get_size(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    cx.short(this, SIZE)
}

/// `Key.getType`
pub(crate) fn get_type(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, kind] = cx.short(this, TYPE)?.to_be_bytes();
    Ok(kind.cast_signed())
}

/// `Key.isInitialized`: the value, and of an EC key every parameter but K.
pub(crate) fn is_initialized(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    let mut words = Vec::from([VALUE]);
    if is_ec(get_type(cx, this)?) {
        words.extend(PARAMETERS);
    }
    for word in words {
        if value(cx, this, word)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a key type has curve parameters.
pub(crate) fn is_ec(kind: i8) -> bool {
    matches!(kind, 11 | 12 | 30 | 31)
}

/// The value or parameter in a word, if it is set.
pub(crate) fn value(cx: &mut Cx<'_>, key: ObjRef, word: u16) -> Result<Option<Vec<u8>>, Stop> {
    let array = cx.object(key, word)?;
    let bytes = cx.own_bytes(array)?;
    Ok(match bytes.split_first() {
        Some((1, value)) => Some(value.to_vec()),
        _ => None,
    })
}

/// The value or parameter in a word, or `UNINITIALIZED_KEY`.
pub(crate) fn required(cx: &mut Cx<'_>, key: ObjRef, word: u16) -> Result<Vec<u8>, Stop> {
    match value(cx, key, word)? {
        Some(value) => Ok(value),
        None => cx.crypto_error(CryptoReason::UninitializedKey),
    }
}

/// Sets a value or parameter; its array is made when it is the first.
pub(crate) fn put(cx: &mut Cx<'_>, key: ObjRef, word: u16, value: &[u8]) -> Result<(), Stop> {
    let mut bytes = Vec::from([1]);
    bytes.extend_from_slice(value);
    let mut array = cx.object(key, word)?;
    if array.is_null() {
        let Ok(length) = i16::try_from(bytes.len()) else {
            return cx.crypto_error(CryptoReason::IllegalValue);
        };
        array = cx.new_own_bytes(length, Storage::Persistent)?;
        cx.set_object(key, word, array)?;
    }
    cx.own_write(array, 0, &bytes, Atomicity::Atomic)
}
