//! GCM takes its initial vector with the usual `init` and refuses that of eight arguments; CCM takes that alone, since it
//! has to know all lengths before it begins.

use hydra_vm::{ObjRef, Stop};

use super::cipher::aead::{self, Told};
use super::cipher::{self, Aead, Family};
use crate::api::{CryptoReason, Cx};

/// `AEADCipher()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `init(Key, byte)`: GCM with an initial vector of zeros.
pub(crate) fn init_key_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    key: ObjRef,
    mode: i8,
) -> Result<(), Stop> {
    let key = start(cx, this, Aead::Gcm, (key, mode))?;
    aead::begin(cx, this, key, Ok(&aead::GCM_ZERO))
}

/// `init(Key, byte, byte[], short, short)`: GCM with an initial vector of any length but zero.
pub(crate) fn init_key_byte_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    key: ObjRef,
    mode: i8,
    iv: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let key = start(cx, this, Aead::Gcm, (key, mode))?;
    let iv = cx.bytes(iv, offset, length)?;
    aead::begin(cx, this, key, Ok(&iv))
}

/// `init(Key, byte, byte[], short, short, short, short, short)`: CCM with a nonce and all lengths.
#[allow(clippy::too_many_arguments, reason = "the Java method has as many")]
pub(crate) fn init_key_byte_bytes_short_short_short_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    key: ObjRef,
    mode: i8,
    nonce: ObjRef,
    offset: i16,
    length: i16,
    aad: i16,
    text: i16,
    tag: i16,
) -> Result<(), Stop> {
    let key = start(cx, this, Aead::Ccm, (key, mode))?;
    let nonce = cx.bytes(nonce, offset, length)?;
    let lengths = [aad, text, tag].map(usize::try_from);
    let [Ok(aad), Ok(text), Ok(tag)] = lengths else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    let told = Told {
        nonce: &nonce,
        aad,
        text,
        tag,
    };
    aead::begin(cx, this, key, Err(told))
}

/// `updateAAD`
pub(crate) fn update_aad(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    aead::update_aad(cx, this, (data, offset, length))
}

/// `retrieveTag`: the number of bytes.
pub(crate) fn retrieve_tag(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    let tag = aead::tag(cx, this, length)?;
    let count = usize::from(length.unsigned_abs()).min(tag.len());
    cx.write(target, offset, &tag[..count])?;
    Ok(length)
}

/// `verifyTag`
pub(crate) fn verify_tag(
    cx: &mut Cx<'_>,
    this: ObjRef,
    tag: ObjRef,
    offset: i16,
    length: i16,
    required: i16,
) -> Result<bool, Stop> {
    let received = cx.bytes(tag, offset, length)?;
    aead::verify(cx, this, &received, required)
}

/// Checks what `init` is given, and notes it; `INVALID_INIT` if the cipher is not of this mode.
fn start(
    cx: &mut Cx<'_>,
    this: ObjRef,
    mode: Aead,
    (key, direction): (ObjRef, i8),
) -> Result<(ObjRef, i16), Stop> {
    let scheme = cipher::scheme(cx, this)?;
    if scheme.family != Family::Aead(mode) {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    cipher::check_key(cx, &scheme, key, direction)?;
    let noted = (key, i16::from(direction));
    cipher::note_init(cx, this, noted)?;
    Ok(noted)
}
