//! RSA signatures (RFC 8017 §8) over a digest.

use alloc::vec;
use alloc::vec::Vec;

use hydra_crypto::rsa::{self, RsaPrivate, RsaPublic};
use hydra_crypto::{HashAlgorithm, ct_eq};
use hydra_vm::{ObjRef, Stop};

use super::scheme::Block;
use crate::api::javacard::security::key::{self, Family};
use crate::api::javacard::security::{
    random_data, rsa_private_crt_key, rsa_private_key, rsa_public_key,
};
use crate::api::{CryptoReason, Cx, cost};

/// What RSA is applied to, the digest's function, and how many bytes PSS's salt has.
pub(super) type Encoding = (Block, Option<HashAlgorithm>, usize);

/// The private key of either class.
pub(crate) fn private(cx: &mut Cx<'_>, object: ObjRef) -> Result<RsaPrivate, Stop> {
    let length = key::bytes(cx, object)?;
    cx.charge(cost::power(length, length))?;
    match key::family(cx, object)? {
        Family::RsaCrt => rsa_private_crt_key::rsa(cx, object),
        _ => rsa_private_key::rsa(cx, object),
    }
}

/// The signature over a digest: as long as the modulus. `ILLEGAL_USE` if the digest does not fit the modulus.
pub(super) fn sign(
    cx: &mut Cx<'_>,
    object: ObjRef,
    (block, function, salt): Encoding,
    hash: &[u8],
) -> Result<Vec<u8>, Stop> {
    let key = private(cx, object)?;
    let encoded = match (block, function) {
        (Block::Pss, Some(function)) => {
            let mut salt = vec![0; salt];
            random_data::draw(cx, &mut salt);
            rsa::pss_encode(function, hash, &salt, key.bits())
        }
        _ => encode(block, function, hash, key.len()),
    };
    let Some(encoded) = encoded else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    raise(cx, &key, &encoded)
}

/// The private operation on a block that is as long as the modulus.
pub(super) fn apply_private(
    cx: &mut Cx<'_>,
    object: ObjRef,
    block: &[u8],
) -> Result<Vec<u8>, Stop> {
    let key = private(cx, object)?;
    raise(cx, &key, block)
}

fn raise(cx: &mut Cx<'_>, key: &RsaPrivate, block: &[u8]) -> Result<Vec<u8>, Stop> {
    match key.apply(block, &mut |out| random_data::draw(cx, out)) {
        Ok(signature) => Ok(signature.to_vec()),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

/// Whether a signature is that over a digest.
pub(super) fn verify(
    cx: &mut Cx<'_>,
    object: ObjRef,
    (block, function, salt): Encoding,
    hash: &[u8],
    signature: &[u8],
) -> Result<bool, Stop> {
    let Some(found) = apply_public(cx, object, signature)? else {
        return Ok(false);
    };
    let key: RsaPublic = rsa_public_key::rsa(cx, object)?;
    Ok(match (block, function) {
        (Block::Pss, Some(function)) => rsa::pss_verify(function, hash, salt, &found, key.bits()),
        _ => encode(block, function, hash, key.len()).is_some_and(|right| ct_eq(&right, &found)),
    })
}

/// The public operation on a signature; `None` if it is not as long as the modulus, or not below it.
pub(super) fn apply_public(
    cx: &mut Cx<'_>,
    object: ObjRef,
    signature: &[u8],
) -> Result<Option<Vec<u8>>, Stop> {
    let key: RsaPublic = rsa_public_key::rsa(cx, object)?;
    if signature.len() != key.len() {
        return Ok(None);
    }
    Ok(key.apply(signature).ok())
}

fn encode(
    block: Block,
    function: Option<HashAlgorithm>,
    hash: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    match (block, function) {
        (Block::Pkcs1, Some(function)) => rsa::pkcs1_encode_hash(function, hash, length),
        // Without an algorithm's name: RFC 2409 §5.1, and PKCS #1 around what the applet made itself.
        (Block::Pkcs1, None) | (Block::Rfc2409, _) => rsa::pkcs1_encode_signed(hash, length),
        (Block::Pss, _) => None,
    }
}
