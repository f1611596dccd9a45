//! Message authentication codes: DES and AES in CBC, the retail MAC, CMAC, HMAC.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hydra_crypto::{
    CbcMac, Chain, CmacState, HashAlgorithm, HashValue, Hmac, NotWholeBlocks, Padding, ct_eq,
};
use hydra_vm::{Fault, ObjRef, Stop};
use zeroize::Zeroizing;

use crate::api::javacard::security::key;
use crate::api::{CryptoReason, Cx, Keyed, Running, Split};

/// Which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// CBC-MAC with keys of a family, so many bytes of it (ISO/IEC 9797-1 algorithm 1).
    Cbc(key::Family, Padding, usize),
    /// The retail MAC of two DES keys, so many bytes of it (ISO/IEC 9797-1 algorithm 3).
    Retail(Padding, usize),
    /// CMAC with AES.
    Cmac,
    /// HMAC.
    Hmac(HashAlgorithm),
}

impl Kind {
    /// Bytes of the code.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Cbc(_, _, length) | Self::Retail(_, length) => length,
            Self::Cmac => 16,
            Self::Hmac(function) => function.len(),
        }
    }

    /// Whether it takes keys of a family and size.
    pub(super) fn takes(self, family: key::Family, bits: i16) -> bool {
        match self {
            // AES keys of 512 bits are for XTS alone.
            Self::Cbc(of, ..) => family == of && bits <= 256,
            Self::Retail(..) => family == key::Family::Des && bits == 128,
            Self::Cmac => family == key::Family::Aes && bits <= 256,
            Self::Hmac(_) => family == key::Family::Hmac,
        }
    }

    /// Bytes of the initial vector that `init` takes, if it takes one.
    pub(super) fn iv_length(self) -> Option<usize> {
        match self {
            Self::Cbc(key::Family::Des, ..) | Self::Retail(..) => Some(8),
            Self::Cbc(..) => Some(16),
            Self::Cmac | Self::Hmac(_) => None,
        }
    }
}

/// The state of a signature object that computes one.
pub(crate) struct Work {
    key: ObjRef,
    kind: Kind,
    state: State,
}

#[allow(
    clippy::large_enum_variant,
    reason = "it is in a box already, and AES is the usual one"
)]
enum State {
    Cbc(Keyed, CbcMac),
    Cmac(Keyed, CmacState),
    Hmac {
        value: Zeroizing<Vec<u8>>,
        fresh: Hmac,
        message: Hmac,
    },
}

/// Begins anew with a key and an initial vector.
pub(super) fn begin(
    cx: &mut Cx<'_>,
    this: ObjRef,
    kind: Kind,
    key: ObjRef,
    iv: &[u8],
) -> Result<(), Stop> {
    // The expanded key is worth keeping when it is the same again.
    if let Some(Running::Mac(work)) = cx.state.running.get_mut(&this)
        && work.key == key
        && work.kind == kind
        && let Some(value) = key::value(cx.vm, key, key::VALUE)?
        && work.is_current(value)
    {
        work.restart(iv);
        return Ok(());
    }
    let state = match kind {
        Kind::Cbc(..) => State::Cbc(
            Keyed::new(cx, key, Split::Whole)?,
            CbcMac::new(Chain::new(iv)),
        ),
        Kind::Retail(..) => State::Cbc(
            Keyed::new(cx, key, Split::Halves)?,
            CbcMac::new(Chain::new(iv)),
        ),
        Kind::Cmac => State::Cmac(Keyed::new(cx, key, Split::Whole)?, CmacState::new()),
        Kind::Hmac(function) => {
            let value = key::required(cx, key, key::VALUE)?;
            let fresh = Hmac::new(function, &value);
            State::Hmac {
                value,
                message: fresh.clone(),
                fresh,
            }
        }
    };
    let work = Box::new(Work { key, kind, state });
    cx.state.running.insert(this, Running::Mac(work));
    Ok(())
}

/// Takes more of the message.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    kind: Kind,
    key: ObjRef,
    data: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    resume(cx, this, kind, key)?;
    take(cx, this, data).map(|_| ())
}

/// Ends the message; its code. The next one has an initial vector of zeros, whether this one could be ended or not;
/// only arguments that are refused change nothing.
pub(super) fn finish(
    cx: &mut Cx<'_>,
    this: ObjRef,
    kind: Kind,
    key: ObjRef,
    data: (ObjRef, i16, i16),
) -> Result<HashValue, Stop> {
    resume(cx, this, kind, key)?;
    let mac = take(cx, this, data)?.finish();
    match mac {
        Ok(mac) => Ok(mac),
        // Not padded and not whole blocks, or nothing at all.
        Err(_) => cx.crypto_error(CryptoReason::IllegalUse),
    }
}

/// Makes sure that the object has its key expanded and a message, a new one if it had none.
fn resume(cx: &mut Cx<'_>, this: ObjRef, kind: Kind, key: ObjRef) -> Result<(), Stop> {
    let Some(value) = key::value(cx.vm, key, key::VALUE)? else {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    };
    if let Some(Running::Mac(work)) = cx.state.running.get(&this)
        && work.key == key
        && work.kind == kind
        && work.is_current(value)
    {
        return Ok(());
    }
    begin(cx, this, kind, key, &[])
}

fn take<'a>(
    cx: &'a mut Cx<'_>,
    this: ObjRef,
    (data, offset, length): (ObjRef, i16, i16),
) -> Result<&'a mut Work, Stop> {
    cx.charge_processed(length)?;
    let context = cx.context();
    let data = cx.vm.byte_range(data, offset, length, context)?;
    match cx.state.running.get_mut(&this) {
        Some(Running::Mac(work)) => {
            work.update(data);
            Ok(work)
        }
        _ => Err(Fault::TypeConfusion.into()),
    }
}

impl Work {
    fn is_current(&self, value: &[u8]) -> bool {
        match &self.state {
            State::Cbc(keyed, _) | State::Cmac(keyed, _) => keyed.is_current(value),
            State::Hmac { value: own, .. } => ct_eq(own, value),
        }
    }

    fn restart(&mut self, iv: &[u8]) {
        match &mut self.state {
            State::Cbc(_, message) => *message = CbcMac::new(Chain::new(iv)),
            State::Cmac(_, message) => *message = CmacState::new(),
            State::Hmac { fresh, message, .. } => *message = fresh.clone(),
        }
    }

    fn update(&mut self, data: &[u8]) {
        match &mut self.state {
            State::Cbc(keyed, message) => message.update(&keyed.cipher, data),
            State::Cmac(keyed, message) => message.update(&keyed.cipher, data),
            State::Hmac { message, .. } => message.update(data),
        }
    }

    fn finish(&mut self) -> Result<HashValue, NotWholeBlocks> {
        let length = self.kind.length();
        match &mut self.state {
            State::Cbc(keyed, message) => {
                let message = core::mem::take(message);
                let mac = match (self.kind, &keyed.second) {
                    (Kind::Retail(padding, _), Some(second)) => {
                        message.finish_retail(&keyed.cipher, second, padding)
                    }
                    (Kind::Cbc(_, padding, _), _) => message.finish(&keyed.cipher, padding),
                    _ => Err(NotWholeBlocks(0)),
                }?;
                Ok(HashValue::from(&mac[..length]))
            }
            State::Cmac(keyed, message) => {
                let mac = core::mem::take(message).finish(&keyed.cipher);
                Ok(HashValue::from(&mac[..length]))
            }
            State::Hmac { fresh, message, .. } => {
                Ok(core::mem::replace(message, fresh.clone()).finish())
            }
        }
    }
}
