//! Ed25519 (RFC 8032 §5.1) over a message that is kept until it is whole.

use alloc::vec::Vec;

use hydra_crypto::Ed25519;
use hydra_vm::{ObjRef, Stop};

use super::kept;
use crate::api::Cx;
use crate::api::javacard::security::xec_key;

/// Bytes of a signature.
pub(super) const LENGTH: usize = 64;

/// The longest message: all of it is kept until the end.
pub(super) const LONGEST: usize = 32_767;

/// The signature over what was taken and this.
pub(super) fn sign(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    data: (ObjRef, i16, i16),
) -> Result<Vec<u8>, Stop> {
    let key = Ed25519::new(&*xec_key::value(cx, object)?);
    let message = kept::finish(cx, this, data, LONGEST)?;
    Ok(key.sign(&message).to_vec())
}

/// Whether a signature is that over what was taken and this.
pub(super) fn verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    data: (ObjRef, i16, i16),
    signature: &[u8],
) -> Result<bool, Stop> {
    let public = xec_key::value(cx, object)?;
    let message = kept::finish(cx, this, data, LONGEST)?;
    Ok(Ed25519::verify(&public, &message, signature))
}
