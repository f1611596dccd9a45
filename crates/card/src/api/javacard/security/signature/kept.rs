//! Messages that are kept until they are whole, because nothing can be computed before.

use alloc::vec::Vec;

use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use crate::api::{CryptoReason, Cx, Running, cost};

/// Takes more of the message: `ILLEGAL_USE` if it becomes longer than `longest`.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: (ObjRef, i16, i16),
    longest: usize,
) -> Result<(), Stop> {
    let message = taken(cx, this, data, longest)?;
    cx.state.running.insert(this, Running::Block(message));
    Ok(())
}

/// Takes the end of the message, and gives all of it.
pub(super) fn finish(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: (ObjRef, i16, i16),
    longest: usize,
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let message = taken(cx, this, data, longest)?;
    cx.state.running.remove(&this);
    Ok(message)
}

fn taken(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: (ObjRef, i16, i16),
    longest: usize,
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let mut message = match cx.state.running.get(&this) {
        Some(Running::Block(message)) => message.clone(),
        _ => Zeroizing::default(),
    };
    cx.read_into(data, &mut message)?;
    cx.charge(cost::bytes(message.len()))?;
    if message.len() > longest {
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    Ok(message)
}
