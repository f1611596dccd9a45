//! DSA (FIPS 186-4 §4.6) over a digest: r and s in DER.

use alloc::vec::Vec;

use hydra_vm::{ObjRef, Stop};

use super::ecdsa::{der_length, from_der, to_der};
use crate::api::javacard::security::{dsa_key, key};
use crate::api::{CryptoReason, Cx};

/// Bytes of the longest signature of a key.
pub(super) fn length(cx: &mut Cx<'_>, object: ObjRef) -> Result<usize, Stop> {
    Ok(der_length(dsa_key::group(cx, object)?.order_len()))
}

/// The signature over a digest.
pub(super) fn sign(cx: &mut Cx<'_>, object: ObjRef, hash: &[u8]) -> Result<Vec<u8>, Stop> {
    let x = key::required(cx, object, key::VALUE)?;
    let group = dsa_key::group(cx, object)?;
    match group.sign(&x, hash) {
        Ok(signature) => Ok(to_der(&signature)),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

/// Whether a signature is that over a digest.
pub(super) fn verify(
    cx: &mut Cx<'_>,
    object: ObjRef,
    hash: &[u8],
    signature: &[u8],
) -> Result<bool, Stop> {
    let y = key::required(cx, object, key::VALUE)?;
    let group = dsa_key::group(cx, object)?;
    let signature = from_der(signature, group.order_len());
    Ok(signature.is_some_and(|signature| group.verify(&y, hash, &signature)))
}
