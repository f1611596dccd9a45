//! Ed25519 (RFC 8032 §5.1) over a message that is kept until it is whole.

use alloc::vec::Vec;

use hydra_crypto::Ed25519;
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use crate::api::javacard::security::xec_key;
use crate::api::{CryptoReason, Cx, Running, cost};

/// Bytes of a signature.
pub(super) const LENGTH: usize = 64;

/// The longest message: all of it is kept until the end.
const LONGEST: usize = 32_767;

/// Takes more of the message.
pub(super) fn update(cx: &mut Cx<'_>, this: ObjRef, data: (ObjRef, i16, i16)) -> Result<(), Stop> {
    let message = taken(cx, this, data)?;
    cx.state.running.insert(this, Running::Block(message));
    Ok(())
}

/// The signature over what was taken and this.
pub(super) fn sign(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    data: (ObjRef, i16, i16),
) -> Result<Vec<u8>, Stop> {
    let key = Ed25519::new(&*xec_key::value(cx, object)?);
    let message = taken(cx, this, data)?;
    cx.state.running.remove(&this);
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
    let message = taken(cx, this, data)?;
    cx.state.running.remove(&this);
    Ok(Ed25519::verify(&public, &message, signature))
}

fn taken(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: (ObjRef, i16, i16),
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let mut message = match cx.state.running.get(&this) {
        Some(Running::Block(message)) => message.clone(),
        _ => Zeroizing::default(),
    };
    cx.read_into(data, &mut message)?;
    cx.charge(cost::bytes(message.len()))?;
    if message.len() > LONGEST {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    Ok(message)
}
