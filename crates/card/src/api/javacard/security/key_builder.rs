use hydra_vm::{ObjRef, Stop, Storage};

use super::key;
use crate::api::Cx;

/// `KeyBuilder.TYPE_…`
const EC_FP_PUBLIC: i8 = 11;
const EC_FP_PRIVATE: i8 = 12;
const AES_TRANSIENT_RESET: i8 = 13;
const AES_TRANSIENT_DESELECT: i8 = 14;
const AES: i8 = 15;
const EC_FP_PRIVATE_TRANSIENT_RESET: i8 = 30;
const EC_FP_PRIVATE_TRANSIENT_DESELECT: i8 = 31;

/// `KeyBuilder.ALG_TYPE_…`
const ALG_AES: i8 = 2;
const ALG_EC_FP_PUBLIC: i8 = 7;
const ALG_EC_FP_PRIVATE: i8 = 8;

/// `KeyBuilder.buildKey(byte, short, boolean)`: AES of any size and EC over the prime field of 256 bits.
pub(crate) fn build_key_byte_short_boolean(
    cx: &mut Cx<'_>,
    kind: i8,
    bits: i16,
    _encrypted: bool,
) -> Result<ObjRef, Stop> {
    let storage = match kind {
        AES_TRANSIENT_RESET | EC_FP_PRIVATE_TRANSIENT_RESET => Storage::ClearOnReset,
        AES_TRANSIENT_DESELECT | EC_FP_PRIVATE_TRANSIENT_DESELECT => Storage::ClearOnDeselect,
        _ => Storage::Persistent,
    };
    let (class, length) = match (kind, bits) {
        (AES | AES_TRANSIENT_RESET | AES_TRANSIENT_DESELECT, 128 | 192 | 256) => {
            ("javacard/security/AESKey", bits / 8)
        }
        (EC_FP_PUBLIC, 256) => ("javacard/security/ECPublicKey", 65),
        (EC_FP_PRIVATE | EC_FP_PRIVATE_TRANSIENT_RESET | EC_FP_PRIVATE_TRANSIENT_DESELECT, 256) => {
            ("javacard/security/ECPrivateKey", 32)
        }
        _ => return cx.no_such_algorithm(),
    };
    key::make(cx, class, kind, bits, length, storage)
}

/// `KeyBuilder.buildKey(byte algorithm, byte memory, short, boolean)`
pub(crate) fn build_key_byte_byte_short_boolean(
    cx: &mut Cx<'_>,
    algorithm: i8,
    memory: i8,
    bits: i16,
    encrypted: bool,
) -> Result<ObjRef, Stop> {
    let kind = match (algorithm, memory) {
        (ALG_AES, 0) => AES,
        (ALG_AES, 1) => AES_TRANSIENT_RESET,
        (ALG_AES, 2) => AES_TRANSIENT_DESELECT,
        (ALG_EC_FP_PUBLIC, 0) => EC_FP_PUBLIC,
        (ALG_EC_FP_PRIVATE, 0) => EC_FP_PRIVATE,
        (ALG_EC_FP_PRIVATE, 1) => EC_FP_PRIVATE_TRANSIENT_RESET,
        (ALG_EC_FP_PRIVATE, 2) => EC_FP_PRIVATE_TRANSIENT_DESELECT,
        _ => return cx.no_such_algorithm(),
    };
    build_key_byte_short_boolean(cx, kind, bits, encrypted)
}

/// `KeyBuilder.getMemoryType`: how long the key's value lasts.
pub(crate) fn get_memory_type(cx: &mut Cx<'_>, object: ObjRef) -> Result<i8, Stop> {
    cx.check_object(object)?;
    Ok(match key::get_type(cx, object)? {
        AES_TRANSIENT_RESET | EC_FP_PRIVATE_TRANSIENT_RESET => 1,
        AES_TRANSIENT_DESELECT | EC_FP_PRIVATE_TRANSIENT_DESELECT => 2,
        _ => 0,
    })
}
