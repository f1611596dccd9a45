//! Signatures over the digest of a message.

use hydra_crypto::HashValue;
use hydra_vm::{ObjRef, Stop};

use super::Scheme;
use crate::api::Cx;
use crate::api::javacard::security::message_digest;

/// Takes more of the message.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let Some(function) = message_digest::algorithm(scheme.digest) else {
        return cx.no_such_algorithm();
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
        return cx.no_such_algorithm();
    };
    Ok(message_digest::take(cx, this, function, data)?.finish_reset())
}
