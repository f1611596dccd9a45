use alloc::vec::Vec;

use hydra_vm::{ObjRef, Stop};

use super::{ec_private_key, ec_public_key, key};
use crate::api::{CryptoReason, Cx, Digest};

/// `ALG_ECDSA_SHA`
const ECDSA_SHA: i8 = 17;
/// `ALG_ECDSA_SHA_256`
const ECDSA_SHA_256: i8 = 33;
/// `SIG_CIPHER_ECDSA`
const SIG_CIPHER_ECDSA: i8 = 5;

/// The words of a signature: algorithm, mode, key.
const ALGORITHM: u16 = 0;
const MODE: u16 = 1;
const KEY: u16 = 2;

const MODE_SIGN: i16 = 1;
const MODE_VERIFY: i16 = 2;

/// The longest DER signature: two integers of 33 bytes.
const LENGTH: i16 = 72;

/// `Signature()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Signature.getInstance(byte, boolean)`: ECDSA with SHA-1 and SHA-256.
pub(crate) fn get_instance_byte_boolean(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    if !matches!(algorithm, ECDSA_SHA | ECDSA_SHA_256) {
        return cx.no_such_algorithm();
    }
    let object = cx.new_object("javacard/security/Signature")?;
    cx.set_short(object, ALGORITHM, i16::from(algorithm))?;
    cx.state.digests.remove(&object);
    Ok(object)
}

/// `Signature.getInstance(byte digest, byte cipher, byte padding, boolean)`
pub(crate) fn get_instance_byte_byte_byte_boolean(
    cx: &mut Cx<'_>,
    digest: i8,
    cipher: i8,
    padding: i8,
    external: bool,
) -> Result<ObjRef, Stop> {
    let algorithm = match (digest, cipher, padding) {
        (Digest::SHA1, SIG_CIPHER_ECDSA, 0) => ECDSA_SHA,
        (Digest::SHA256, SIG_CIPHER_ECDSA, 0) => ECDSA_SHA_256,
        _ => return cx.no_such_algorithm(),
    };
    get_instance_byte_boolean(cx, algorithm, external)
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

/// `getMessageDigestAlgorithm`
pub(crate) fn get_message_digest_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    Ok(match get_algorithm(cx, this)? {
        ECDSA_SHA => Digest::SHA1,
        _ => Digest::SHA256,
    })
}

/// `getCipherAlgorithm`
pub(crate) fn get_cipher_algorithm(_: &mut Cx<'_>, _: ObjRef) -> Result<i8, Stop> {
    Ok(SIG_CIPHER_ECDSA)
}

/// `getPaddingAlgorithm`: none.
pub(crate) fn get_padding_algorithm(_: &mut Cx<'_>, _: ObjRef) -> Result<i8, Stop> {
    Ok(0)
}

/// `getLength`: at most.
pub(crate) fn get_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    initialised(cx, this)?;
    Ok(LENGTH)
}

/// `init(Key, byte)`
pub(crate) fn init_key_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    mode: i8,
) -> Result<(), Stop> {
    cx.check_object(object)?;
    let kind = key::get_type(cx, object)?;
    let fits = match i16::from(mode) {
        MODE_SIGN => matches!(kind, 12 | 30 | 31),
        MODE_VERIFY => kind == 11,
        _ => false,
    };
    if !fits {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    if !key::is_initialized(cx, object)? {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    }
    cx.set_short(this, MODE, i16::from(mode))?;
    cx.set_object(this, KEY, object)?;
    cx.state.digests.remove(&this);
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
    initialised(cx, this)?;
    let digest = taken(cx, this, (data, offset, length))?;
    cx.state.digests.insert(this, digest);
    Ok(())
}

/// `sign`: the signature's length; it is the DER sequence of r and s.
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
    let secret = ec_private_key::scalar(cx, object)?;
    let digest = taken(cx, this, (data, offset, length))?;
    cx.state.digests.remove(&this);
    let signature = secret.sign_hash(&hash(digest));
    let der = to_der(&signature);
    cx.write(target, target_offset, &der)?;
    // At most 72.
    Ok(i16::try_from(der.len()).unwrap_or(LENGTH))
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
    let point = ec_public_key::point(cx, object)?;
    let signature = cx.bytes(signature, signature_offset, signature_length)?;
    let digest = taken(cx, this, (data, offset, length))?;
    cx.state.digests.remove(&this);
    Ok(from_der(&signature)
        .is_some_and(|signature| point.verify_hash(&hash(digest), &signature).is_ok()))
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

/// The hash so far with more of the applet's bytes.
fn taken(
    cx: &mut Cx<'_>,
    this: ObjRef,
    (data, offset, length): (ObjRef, i16, i16),
) -> Result<Digest, Stop> {
    let running = match cx.state.digests.get(&this) {
        Some(digest) => Some(digest.clone()),
        None => Digest::new(get_message_digest_algorithm(cx, this)?),
    };
    let Some(mut digest) = running else {
        return cx.no_such_algorithm();
    };
    let context = cx.context();
    digest.update(cx.vm.byte_range(data, offset, length, context)?);
    Ok(digest)
}

/// A hash as ECDSA's number of 256 bits: a shorter one is that number as it stands (FIPS 186-5 §6.4.1).
fn hash(digest: Digest) -> [u8; 32] {
    let bytes = digest.finish();
    let mut out = [0; 32];
    out[32 - bytes.len()..].copy_from_slice(&bytes);
    out
}

/// r ‖ s as SEQUENCE of two INTEGERs (ANSI X9.62).
fn to_der(signature: &[u8; 64]) -> Vec<u8> {
    let mut body = Vec::new();
    for number in signature.chunks(32) {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = &number[zeros.min(31)..];
        let sign = usize::from(digits[0] >= 0x80);
        body.push(0x02);
        body.push(length_byte(digits.len() + sign));
        body.extend(core::iter::repeat_n(0, sign));
        body.extend_from_slice(digits);
    }
    let mut out = Vec::from([0x30, length_byte(body.len())]);
    out.extend(body);
    out
}

/// The reverse of [`to_der`]; `None` for anything but that form.
fn from_der(der: &[u8]) -> Option<[u8; 64]> {
    let (&[0x30, length], mut rest) = der.split_first_chunk()? else {
        return None;
    };
    if rest.len() != usize::from(length) {
        return None;
    }
    let mut out = [0; 64];
    for number in out.chunks_mut(32) {
        let (&[0x02, length], after) = rest.split_first_chunk()? else {
            return None;
        };
        let (digits, after) = after.split_at_checked(usize::from(length))?;
        let digits = match digits {
            // A zero stands only before a digit that would be taken for a sign; r and s are never zero.
            [0, digits @ ..] => {
                Some(digits).filter(|digits| digits.first().is_some_and(|byte| *byte >= 0x80))?
            }
            [first, ..] if *first < 0x80 => digits,
            _ => return None,
        };
        let start = number.len().checked_sub(digits.len())?;
        number[start..].copy_from_slice(digits);
        rest = after;
    }
    rest.is_empty().then_some(out)
}

fn length_byte(length: usize) -> u8 {
    // At most 70.
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_round_trips() {
        for (first, second) in [(0x01, 0x80), (0xFF, 0x00), (0x7F, 0x7F), (0x00, 0xFF)] {
            let mut signature = [0x55; 64];
            signature[0] = first;
            signature[32] = second;
            signature[33] = second;
            let der = to_der(&signature);
            assert_eq!(from_der(&der), Some(signature));
            for cut in 0..der.len() {
                assert_eq!(from_der(&der[..cut]), None);
            }
        }
    }

    #[test]
    fn der_is_minimal() {
        let mut signature = [0; 64];
        signature[31] = 1;
        signature[63] = 0x80;
        let der = [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80];
        assert_eq!(to_der(&signature), der);
        assert_eq!(from_der(&der), Some(signature));
        assert_eq!(from_der(&[0x30, 8, 2, 2, 0, 1, 2, 2, 0, 0x80]), None);
        assert_eq!(from_der(&[0x30, 6, 2, 1, 0x80, 2, 1, 1]), None);
    }
}
