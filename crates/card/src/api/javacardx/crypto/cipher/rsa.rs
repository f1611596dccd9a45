//! RSA as a cipher (RFC 8017 §7): one block, applied when the message ends.

use alloc::vec;
use alloc::vec::Vec;

use hydra_crypto::rsa;
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use super::scheme::Block;
use super::work::Bytes;
use super::{KEY, MODE, MODE_ENCRYPT};
use crate::api::javacard::security::key::{self, Family};
use crate::api::javacard::security::{random_data, rsa_public_key, signature};
use crate::api::{CryptoReason, Cx, Running};

/// Takes more of a message, of which nothing comes out yet: `ILLEGAL_USE` if it is longer than the modulus.
pub(super) fn update(cx: &mut Cx<'_>, this: ObjRef, data: Bytes) -> Result<i16, Stop> {
    let message = taken(cx, this, data)?;
    cx.state.running.insert(this, Running::Block(message));
    Ok(0)
}

/// Ends a message; how many bytes came out. Once its last bytes could be read, the message is over, whatever comes of it.
pub(super) fn finish(
    cx: &mut Cx<'_>,
    this: ObjRef,
    block: Block,
    data: Bytes,
    (target, target_offset): (ObjRef, i16),
) -> Result<i16, Stop> {
    let message = taken(cx, this, data)?;
    // How many bytes come out of a decryption is known only then.
    cx.check(target, target_offset, 0)?;
    let out = apply(cx, this, block, &message);
    cx.state.running.remove(&this);
    let out = out?;
    cx.write(target, target_offset, &out)?;
    cx.length(out.len())
}

/// Decrypts a whole value for the platform itself (`KeyEncryption`).
pub(super) fn decrypt(
    cx: &mut Cx<'_>,
    this: ObjRef,
    block: Block,
    value: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, Stop> {
    if cx.short(this, MODE)? == MODE_ENCRYPT || cx.object(this, KEY)?.is_null() {
        return Ok(None);
    }
    apply(cx, this, block, value).map(Some)
}

/// What was taken so far with more of it; throws if the object is not initialised or its key is not set.
fn taken(cx: &mut Cx<'_>, this: ObjRef, data: Bytes) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let object = cx.object(this, KEY)?;
    if object.is_null() {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    if !key::is_initialized(cx, object)? {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    }
    let mut message = match cx.state.running.get(&this) {
        Some(Running::Block(message)) => message.clone(),
        _ => Zeroizing::default(),
    };
    cx.read_into(data, &mut message)?;
    if message.len() > key::bytes(cx, object)? {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    Ok(message)
}

/// `ILLEGAL_USE` if the message does not fit the block, or the block is not padded as it must be.
fn apply(
    cx: &mut Cx<'_>,
    this: ObjRef,
    block: Block,
    message: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let object = cx.object(this, KEY)?;
    let length = key::bytes(cx, object)?;
    let encrypts = cx.short(this, MODE)? == MODE_ENCRYPT;
    let public = key::family(cx, object)? == Family::RsaPublic;
    let input = if encrypts {
        let mut draw = |out: &mut [u8]| random_data::draw(cx, out);
        match block {
            Block::Whole => Some(message.to_vec()),
            Block::Pkcs1 if public => rsa::pkcs1_encode_encrypted(message, length, &mut draw),
            Block::Pkcs1 => rsa::pkcs1_encode_signed(message, length),
            Block::Oaep(function) => rsa::oaep_encode(function, message, length, &mut draw),
        }
    } else {
        Some(message.to_vec())
    };
    let Some(input) = input.filter(|input| input.len() == length) else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    let input = Zeroizing::new(input);
    let output = if public {
        rsa_public_key::rsa(cx, object)?
            .apply(&input)
            .map(Zeroizing::new)
    } else {
        let key = signature::rsa::private(cx, object)?;
        let output = key.apply(&input, &mut |out| random_data::draw(cx, out));
        // The key's parts do not fit together.
        if output == Err(rsa::PrivateError::Fault) {
            return cx.crypto_error(CryptoReason::IllegalValue);
        }
        output.map_err(|_| rsa::OutOfRange)
    };
    let Ok(power) = output else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    // A block of the key's size, even if its modulus begins with zeros.
    let mut output = Zeroizing::new(vec![0; length.saturating_sub(power.len())]);
    output.extend_from_slice(&power);
    if encrypts || block == Block::Whole {
        return Ok(output);
    }
    let message = match block {
        Block::Oaep(function) => rsa::oaep_decode(function, &output),
        _ if public => rsa::pkcs1_decode_signed(&output).map(<[u8]>::to_vec),
        _ => rsa::pkcs1_decode_encrypted(&output).map(<[u8]>::to_vec),
    };
    match message {
        Ok(message) => Ok(Zeroizing::new(message)),
        Err(_) => cx.crypto_error(CryptoReason::IllegalUse),
    }
}
