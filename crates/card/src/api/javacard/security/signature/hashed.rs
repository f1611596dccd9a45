//! Signatures over the digest of a message.

use hydra_crypto::HashValue;
use hydra_vm::{ObjRef, Stop};

use super::Scheme;
use crate::api::javacard::security::{initialized_message_digest, message_digest};
use crate::api::{CryptoReason, Cx, Running};

/// Takes more of the message: `ILLEGAL_USE` without a digest to take it.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
) -> Result<(), Stop> {
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
    let Some(function) = message_digest::algorithm(scheme.digest) else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    Ok(message_digest::take(cx, this, function, data)?.finish_reset())
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
