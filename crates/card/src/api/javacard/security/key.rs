//! What all keys have in common, and where their words are.
//!
//! A key's value and each of its components is a byte array of its own: two bytes that say how many follow, plus one,
//! and those. Zero says that it is not set; transient keys have transient arrays, so clearing them unsets the key.

pub(in crate::api) mod kind;

pub(crate) use kind::{Family, Kind, XEC_PRIVATE_NUMBER, XEC_PUBLIC_NUMBER};

use alloc::vec;
use alloc::vec::Vec;

use hydra_vm::{Atomicity, Fault, FieldKind, ObjRef, Stop, Storage, Vm};
use zeroize::Zeroizing;

use crate::api::javacardx::crypto::cipher;
use crate::api::{CryptoReason, Cx};

/// The word that holds `JCSystem.MEMORY_TYPE_…` and below it the type, `KeyBuilder.TYPE_…`.
const TYPE: u16 = 0;
/// The word that holds the size in bits.
const SIZE: u16 = 1;
/// The word of an EC key's cofactor, 0 when not set.
pub(crate) const K: u16 = 2;
/// The word of the cipher that decrypts what is set (`KeyEncryption`).
pub(crate) const CIPHER: u16 = 3;
/// The word of the value: a secret key, W or S, X or Y, the modulus or P of RSA.
pub(crate) const VALUE: u16 = 4;
/// The words of the other components: of a curve p, A, B, G and R; of RSA the exponent, or Q, PQ, DP1 and DQ1;
/// of Diffie-Hellman and DSA p, g and q.
pub(crate) const PARAMETERS: [u16; 5] = [5, 6, 7, 8, ORDER];
/// The last of them: the generator's order.
pub(crate) const ORDER: u16 = 9;

/// The words of every key.
pub(crate) const FIELDS: &[FieldKind] = &[
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Short,
    FieldKind::Ref,
    FieldKind::Ref,
    FieldKind::Ref,
    FieldKind::Ref,
    FieldKind::Ref,
    FieldKind::Ref,
    FieldKind::Ref,
];

/// Bytes before a component.
const HEADER: usize = 2;

/// Makes a key object, with room for its value.
pub(crate) fn make(cx: &mut Cx<'_>, kind: &Kind, bits: i16) -> Result<ObjRef, Stop> {
    let object = cx.new_object(kind.class)?;
    let [memory, number] = [kind.memory(), kind.number].map(i8::cast_unsigned);
    cx.set_short(object, TYPE, i16::from_be_bytes([memory, number]))?;
    cx.set_short(object, SIZE, bits)?;
    reserve(cx, object, VALUE, kind.family.value_length(bits))?;
    Ok(object)
}

/// `Key.clearKey`: zeros, not set.
pub(crate) fn clear_key(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    for word in family(cx, this)?.cleared() {
        let array = cx.object(this, *word)?;
        if !array.is_null() {
            erase(cx, array)?;
        }
    }
    Ok(())
}

/// `Key.getSize`: bits.
pub(crate) fn get_size(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    cx.short(this, SIZE)
}

/// Bytes of a key, from its size.
pub(crate) fn bytes(cx: &mut Cx<'_>, this: ObjRef) -> Result<usize, Stop> {
    Ok(usize::from(get_size(cx, this)?.unsigned_abs()).div_ceil(8))
}

/// `Key.getType`
pub(crate) fn get_type(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, kind] = cx.short(this, TYPE)?.to_be_bytes();
    Ok(match kind.cast_signed() {
        XEC_PRIVATE_NUMBER => XEC_PUBLIC_NUMBER,
        kind => kind,
    })
}

/// `Key.isInitialized`: every component that its family needs.
pub(crate) fn is_initialized(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    for word in family(cx, this)?.required() {
        if value(cx.vm, this, *word)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What kind of key a key object is.
pub(crate) fn kind(cx: &mut Cx<'_>, this: ObjRef) -> Result<&'static Kind, Stop> {
    let [memory, number] = cx.short(this, TYPE)?.to_be_bytes().map(u8::cast_signed);
    Kind::of(number, memory).ok_or_else(|| Fault::TypeConfusion.into())
}

/// What a key object is good for.
pub(crate) fn family(cx: &mut Cx<'_>, this: ObjRef) -> Result<Family, Stop> {
    kind(cx, this).map(|kind| kind.family)
}

/// The family of a key that an applet passed: throws `NullPointerException` or `SecurityException`; `None` if it is no
/// key of the platform's.
pub(crate) fn passed(cx: &mut Cx<'_>, key: ObjRef) -> Result<Option<Family>, Stop> {
    cx.check_object(key)?;
    let class = cx.vm.class_name(key)?;
    if !class.is_some_and(Kind::is_class) {
        return Ok(None);
    }
    family(cx, key).map(Some)
}

/// As [`passed`], where null is a key that does not fit.
pub(crate) fn given(cx: &mut Cx<'_>, key: ObjRef) -> Result<Option<Family>, Stop> {
    if key.is_null() {
        return Ok(None);
    }
    passed(cx, key)
}

/// The object that holds a component of a key: the domain parameters that it shares (`buildKeyWithSharedDomain`) stand in
/// the word of the first of them, else the key itself.
fn holder(vm: &Vm, key: ObjRef, word: u16) -> Result<ObjRef, Stop> {
    if !PARAMETERS.contains(&word) {
        return Ok(key);
    }
    let hydra_vm::Value::Ref(first) = vm.field(key, PARAMETERS[0])? else {
        return Err(Fault::TypeConfusion.into());
    };
    let shares = !first.is_null() && vm.array(first)?.is_none();
    Ok(if shares { first } else { key })
}

/// Makes a new key share the domain parameters of another object.
pub(super) fn share(cx: &mut Cx<'_>, key: ObjRef, domain: ObjRef) -> Result<(), Stop> {
    cx.set_object(key, PARAMETERS[0], domain)
}

/// The cofactor of a key's curve, 0 when not set.
pub(super) fn cofactor(cx: &mut Cx<'_>, key: ObjRef) -> Result<i16, Stop> {
    let holder = holder(cx.vm, key, PARAMETERS[0])?;
    cx.short(holder, K)
}

/// Sets the cofactor of a key's curve.
pub(super) fn set_cofactor(cx: &mut Cx<'_>, key: ObjRef, cofactor: i16) -> Result<(), Stop> {
    let holder = holder(cx.vm, key, PARAMETERS[0])?;
    if cx.short(holder, K)? == cofactor {
        return Ok(());
    }
    cx.set_short(holder, K, cofactor)
}

/// The component in a word, if it is set.
pub(crate) fn value(vm: &Vm, key: ObjRef, word: u16) -> Result<Option<&[u8]>, Stop> {
    let key = holder(vm, key, word)?;
    let hydra_vm::Value::Ref(array) = vm.field(key, word)? else {
        return Err(Fault::TypeConfusion.into());
    };
    if array.is_null() {
        return Ok(None);
    }
    let Some((header, rest)) = vm.own_bytes(array)?.split_first_chunk::<HEADER>() else {
        return Ok(None);
    };
    Ok(usize::from(u16::from_be_bytes(*header))
        .checked_sub(1)
        .and_then(|length| rest.get(..length)))
}

/// The component in a word, or `UNINITIALIZED_KEY`.
pub(crate) fn required(
    cx: &mut Cx<'_>,
    key: ObjRef,
    word: u16,
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    match value(cx.vm, key, word)? {
        Some(value) => Ok(Zeroizing::new(value.to_vec())),
        None => cx.crypto_error(CryptoReason::UninitializedKey),
    }
}

/// Copies the component in a word to the applet; its length.
pub(crate) fn give(
    cx: &mut Cx<'_>,
    key: ObjRef,
    word: u16,
    (target, offset): (ObjRef, i16),
) -> Result<i16, Stop> {
    let bytes = required(cx, key, word)?;
    cx.write(target, offset, &bytes)?;
    // A component is shorter than an array can be.
    Ok(i16::try_from(bytes.len()).unwrap_or(i16::MAX))
}

/// Sets a component.
pub(crate) fn put(cx: &mut Cx<'_>, key: ObjRef, word: u16, value: &[u8]) -> Result<(), Stop> {
    let Some(marked) = u16::try_from(value.len())
        .ok()
        .and_then(|l| l.checked_add(1))
    else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    let key = holder(cx.vm, key, word)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER + value.len()));
    bytes.extend(marked.to_be_bytes());
    bytes.extend_from_slice(value);
    cx.whole(|cx| {
        reserve(cx, key, word, value.len())?;
        let array = cx.object(key, word)?;
        cx.own_write(array, 0, &bytes, Atomicity::Atomic)
    })
}

/// Sets a component from an applet's bytes, decrypted first if the key has a cipher for that (`KeyEncryption`):
/// `ILLEGAL_VALUE` if that fails or the length is wrong.
pub(crate) fn set(
    cx: &mut Cx<'_>,
    key: ObjRef,
    word: u16,
    (source, offset): (ObjRef, i16),
    length: Length,
) -> Result<(), Stop> {
    let cipher = cx.object(key, CIPHER)?;
    let given = match length {
        Length::Given(length, _) => length,
        Length::Plain(bytes) if cipher.is_null() => cx.length(bytes)?,
        Length::Plain(bytes) => {
            let bytes = cipher::encrypted_length(cx, cipher, bytes)?;
            cx.length(bytes)?
        }
    };
    let mut bytes = Zeroizing::new(cx.bytes(source, offset, given)?);
    if !cipher.is_null() {
        match cipher::decrypt(cx, cipher, &bytes)? {
            Some(plain) => bytes = plain,
            None => return cx.crypto_error(CryptoReason::IllegalValue),
        }
    }
    let fits = match length {
        // Method 1 leaves its zeros.
        Length::Plain(expected) => {
            let fits = bytes.len() >= expected && bytes[expected..].iter().all(|byte| *byte == 0);
            bytes.truncate(expected);
            fits
        }
        Length::Given(_, longest) => !bytes.is_empty() && bytes.len() <= longest,
    };
    if !fits {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    put(cx, key, word, &bytes)
}

/// Sets a component that is a number of at most `size` bytes from an applet's, decrypted first if the key has a cipher for
/// that: it is kept with exactly `size` bytes. `ILLEGAL_VALUE` if it is larger.
pub(crate) fn set_number(
    cx: &mut Cx<'_>,
    key: ObjRef,
    word: u16,
    (source, offset, length): (ObjRef, i16, i16),
    size: usize,
) -> Result<(), Stop> {
    let cipher = cx.object(key, CIPHER)?;
    let mut bytes = Zeroizing::new(cx.bytes(source, offset, length)?);
    if !cipher.is_null() {
        match cipher::decrypt(cx, cipher, &bytes)? {
            Some(plain) => bytes = plain,
            None => return cx.crypto_error(CryptoReason::IllegalValue),
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    let Some(missing) = size.checked_sub(digits.len()).filter(|_| !bytes.is_empty()) else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    let mut value = Zeroizing::new(vec![0; missing]);
    value.extend_from_slice(digits);
    put(cx, key, word, &value)
}

/// Sets a component that is a number of the key's size.
pub(super) fn set_whole(
    cx: &mut Cx<'_>,
    key: ObjRef,
    word: u16,
    source: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let size = bytes(cx, key)?;
    set_number(cx, key, word, source, size)
}

/// Writes the natives that set and get a component: `$set` sets the bytes of an applet as the component in a word, the getter
/// gives them back with their number.
macro_rules! components {
    ($($word:expr, $set:path: $(#[$set_doc:meta])* pub(crate) fn $setter:ident(bytes); $(#[$get_doc:meta])* pub(crate) fn $getter:ident(bytes);)*) => {$(
        $(#[$set_doc])*
        pub(crate) fn $setter(
            cx: &mut $crate::api::Cx<'_>,
            this: hydra_vm::ObjRef,
            source: hydra_vm::ObjRef,
            offset: i16,
            length: i16,
        ) -> Result<(), hydra_vm::Stop> {
            $set(cx, this, $word, (source, offset, length))
        }

        $(#[$get_doc])*
        pub(crate) fn $getter(
            cx: &mut $crate::api::Cx<'_>,
            this: hydra_vm::ObjRef,
            target: hydra_vm::ObjRef,
            offset: i16,
        ) -> Result<i16, hydra_vm::Stop> {
            $crate::api::javacard::security::key::give(cx, this, $word, (target, offset))
        }
    )*};
}
pub(super) use components;

/// How long a component is that an applet sets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// The key says: so many bytes once decrypted.
    Plain(usize),
    /// The applet says, as it gives it; at most so many bytes once decrypted.
    Given(i16, usize),
}

/// Makes sure that a component of this length has room. An array that is too small goes, and what was in it with it.
fn reserve(cx: &mut Cx<'_>, key: ObjRef, word: u16, length: usize) -> Result<(), Stop> {
    let array = cx.object(key, word)?;
    if !array.is_null() && cx.vm.own_bytes(array)?.len() >= HEADER + length {
        return Ok(());
    }
    let Ok(length) = i16::try_from(HEADER + length) else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    let storage: Storage = kind(cx, key)?.storage;
    let larger = cx.new_own_bytes(length, storage)?;
    cx.set_object(key, word, larger)?;
    if array.is_null() {
        return Ok(());
    }
    erase(cx, array)
}

fn erase(cx: &mut Cx<'_>, array: ObjRef) -> Result<(), Stop> {
    let zeros = vec![0; cx.vm.own_bytes(array)?.len()];
    cx.own_write(array, 0, &zeros, Atomicity::Atomic)
}
