//! Signatures over the digest of a message; or, of DSA and ECDSA with `MessageDigest.ALG_NULL`, over a message that is a
//! digest already.

use hydra_crypto::HashValue;
use hydra_vm::{ObjRef, Stop};

use super::scheme::Family;
use super::{Scheme, kept};
use crate::api::javacard::security::{initialized_message_digest, message_digest};
use crate::api::{CryptoReason, Cx, Running};

/// The longest digest that is taken as it is.
const LONGEST: usize = 64;

/// Takes more of the message: `ILLEGAL_USE` for a scheme that neither hashes it nor takes it as it is.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    if is_plain(scheme) {
        return kept::update(cx, this, data, LONGEST);
    }
    let Some(function) = message_digest::algorithm(scheme.digest) else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    message_digest::take(cx, this, function, data).map(|_| ())
}

/// Takes the end of the message, and gives its digest.
pub(super) fn finish(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
) -> Result<HashValue, Stop> {
    if is_plain(scheme) {
        return Ok(HashValue::from(&kept::finish(cx, this, data, LONGEST)?));
    }
    let Some(function) = message_digest::algorithm(scheme.digest) else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    Ok(message_digest::take(cx, this, function, data)?.finish_reset())
}

fn is_plain(scheme: &Scheme) -> bool {
    message_digest::algorithm(scheme.digest).is_none()
        && matches!(scheme.family, Family::Dsa | Family::Ecdsa(_))
}

/// Goes on after the beginning of a message that was hashed elsewhere.
pub(super) fn set_initial_digest(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    digest: (ObjRef, i16, i16),
    count: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let hash = initialized_message_digest::resumed(cx, scheme.digest, digest, count)?;
    cx.state.running.insert(this, Running::Hash(hash.into()));
    Ok(())
}
