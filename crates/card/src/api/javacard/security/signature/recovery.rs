//! Signatures that hold the beginning of the message (ISO/IEC 9796-2, digital signature scheme 1), for those who are given
/// the message and those who recover it.
use alloc::boxed::Box;
use alloc::vec::Vec;

use hydra_crypto::rsa::{iso9796_capacity, iso9796_decode, iso9796_encode};
use hydra_crypto::{Hash, ct_eq};
use hydra_vm::{Fault, ObjRef, Stop};

use super::rsa::{apply_private, apply_public};
use super::scheme::Scheme;
use crate::api::javacard::security::{key, message_digest};
use crate::api::{CryptoReason, Cx, Running};

/// What was taken of a message.
pub(crate) struct Work {
    hash: Hash,
    /// The beginning, as much of it as a signature holds.
    head: Vec<u8>,
    room: usize,
    /// Bytes in all.
    length: usize,
    /// The digest that the signature holds, once it was recovered.
    expected: Option<Vec<u8>>,
}

impl Work {
    fn new(cx: &mut Cx<'_>, object: ObjRef, scheme: &Scheme) -> Result<Self, Stop> {
        let Some(function) = message_digest::algorithm(scheme.digest) else {
            return cx.crypto_error(CryptoReason::IllegalUse);
        };
        let Some(room) = iso9796_capacity(key::bytes(cx, object)?, function.len()) else {
            return cx.crypto_error(CryptoReason::IllegalUse);
        };
        Ok(Self {
            hash: Hash::new(function),
            head: Vec::new(),
            room,
            length: 0,
            expected: None,
        })
    }

    fn update(&mut self, data: &[u8]) {
        self.hash.update(data);
        self.length += data.len();
        let missing = (self.room - self.head.len()).min(data.len());
        self.head.extend_from_slice(&data[..missing]);
    }
}

/// Takes more of the message.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let work = taken(cx, this, object, scheme, data)?;
    cx.state.running.insert(this, Running::Recovery(work));
    Ok(())
}

/// The signature over what was taken and this, and how many bytes of the message it holds.
pub(super) fn sign(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
) -> Result<(Vec<u8>, usize), Stop> {
    let mut work = taken(cx, this, object, scheme, data)?;
    let partial = work.length > work.room;
    let digest = work.hash.finish_reset();
    let length = key::bytes(cx, object)?;
    let Some(block) = iso9796_encode(&work.head, partial, &digest, length) else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    let signature = apply_private(cx, object, &block)?;
    Ok((signature, work.head.len()))
}

/// Whether a signature is that over what was taken and this.
pub(super) fn verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
    signature: &[u8],
) -> Result<bool, Stop> {
    let mut work = taken(cx, this, object, scheme, data)?;
    let digest = work.hash.finish_reset();
    let Some(block) = apply_public(cx, object, signature)? else {
        return Ok(false);
    };
    let length = key::bytes(cx, object)?;
    let right = iso9796_encode(&work.head, work.length > work.room, &digest, length);
    Ok(right.is_some_and(|right| ct_eq(&right, &block)))
}

/// Begins to verify: the part of the message that the signature holds. `ILLEGAL_USE` if it is none.
pub(super) fn begin_verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    scheme: &Scheme,
    signature: &[u8],
) -> Result<Vec<u8>, Stop> {
    let mut work = Work::new(cx, object, scheme)?;
    let Some(block) = apply_public(cx, object, signature)? else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    let digest = message_digest::algorithm(scheme.digest).map_or(0, |function| function.len());
    let Ok(recovered) = iso9796_decode(&block, digest) else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    // What goes on outside has filled the block.
    if recovered.partial && recovered.message.len() != work.room {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    let message = recovered.message.to_vec();
    work.expected = Some(recovered.hash.to_vec());
    work.update(&message);
    cx.state
        .running
        .insert(this, Running::Recovery(Box::new(work)));
    Ok(message)
}

/// Ends to verify, with the rest of the message: `ILLEGAL_USE` if it was not begun.
pub(super) fn end_verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: (ObjRef, i16, i16),
) -> Result<bool, Stop> {
    let mut rest = Vec::new();
    cx.read_into(data, &mut rest)?;
    let Some(Running::Recovery(mut work)) = cx.state.running.remove(&this) else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    let Some(expected) = work.expected.take() else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    work.update(&rest);
    Ok(ct_eq(&work.hash.finish_reset(), &expected))
}

fn taken(
    cx: &mut Cx<'_>,
    this: ObjRef,
    object: ObjRef,
    scheme: &Scheme,
    data: (ObjRef, i16, i16),
) -> Result<Box<Work>, Stop> {
    let mut more = Vec::new();
    cx.read_into(data, &mut more)?;
    let mut work = match cx.state.running.remove(&this) {
        Some(Running::Recovery(work)) => work,
        Some(_) => return Err(Fault::TypeConfusion.into()),
        None => Box::new(Work::new(cx, object, scheme)?),
    };
    work.update(&more);
    Ok(work)
}
