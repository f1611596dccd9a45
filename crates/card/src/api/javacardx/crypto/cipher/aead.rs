//! Authenticated encryption in progress: GCM, which is told nothing in advance, and CCM, which is told all lengths.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hydra_crypto::{Ccm, Gcm, ct_eq};
use hydra_vm::{Fault, ObjRef, Stop};
use zeroize::{Zeroize, Zeroizing};

use super::scheme::{Aead, Family, Scheme};
use super::work::Bytes;
use super::{KEY, MODE, MODE_ENCRYPT};
use crate::api::javacard::security::key;
use crate::api::{CryptoReason, Cx, Keyed, Running, Split};

/// The state of an `AEADCipher` object.
pub(crate) struct Work {
    key: ObjRef,
    mode: i16,
    keyed: Keyed,
    message: Message,
    /// The tag of the message that ended, and how many bytes of it were asked for, if that was said.
    tag: Option<([u8; 16], Option<usize>)>,
}

enum Message {
    Gcm(Gcm, Stage),
    Ccm {
        ccm: Ccm,
        stage: Stage,
        /// Bytes of additional data and of the message that are still to come.
        aad: usize,
        text: usize,
        tag: usize,
    },
    /// CCM before it is told the lengths of another message.
    Untold,
}

/// What was taken last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nothing,
    Aad,
    Text,
}

/// What CCM is told in advance.
pub(in super::super) struct Told<'a> {
    pub(in super::super) nonce: &'a [u8],
    pub(in super::super) aad: usize,
    pub(in super::super) text: usize,
    pub(in super::super) tag: usize,
}

/// Begins anew with GCM's initial vector, or with what CCM is told: `ILLEGAL_VALUE` if that can't be.
pub(in super::super) fn begin(
    cx: &mut Cx<'_>,
    this: ObjRef,
    (key, mode): (ObjRef, i16),
    told: Result<&[u8], Told<'_>>,
) -> Result<(), Stop> {
    let keyed = Keyed::new(cx, key, Split::Whole)?;
    let message = match told {
        Ok([]) => None,
        Ok(iv) => Some(Message::Gcm(Gcm::new(&keyed.cipher, iv), Stage::Nothing)),
        Err(told) => ccm(&keyed, &told),
    };
    let Some(message) = message else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    let work = Box::new(Work {
        key,
        mode,
        keyed,
        message,
        tag: None,
    });
    cx.state.running.insert(this, Running::Aead(work));
    Ok(())
}

fn ccm(keyed: &Keyed, told: &Told<'_>) -> Option<Message> {
    let aad = u32::try_from(told.aad).ok()?;
    let text = u32::try_from(told.text).ok()?;
    let ccm = Ccm::new(&keyed.cipher, told.nonce, aad, text, told.tag)?;
    Some(Message::Ccm {
        ccm,
        stage: Stage::Nothing,
        aad: told.aad,
        text: told.text,
        tag: told.tag,
    })
}

/// Takes more of the additional data.
pub(in super::super) fn update_aad(
    cx: &mut Cx<'_>,
    this: ObjRef,
    (data, offset, length): Bytes,
) -> Result<(), Stop> {
    resume(cx, this)?;
    cx.charge_processed(length)?;
    let context = cx.context();
    let data = cx.vm.byte_range(data, offset, length, context)?;
    let Some(Running::Aead(work)) = cx.state.running.get_mut(&this) else {
        return Err(Fault::TypeConfusion.into());
    };
    let refused = match &mut work.message {
        Message::Gcm(_, Stage::Text)
        | Message::Ccm {
            stage: Stage::Text, ..
        }
        | Message::Untold => Some(CryptoReason::IllegalUse),
        Message::Ccm { aad, .. } if data.len() > *aad => Some(CryptoReason::IllegalValue),
        Message::Gcm(gcm, stage) => {
            *stage = Stage::Aad;
            gcm.aad(data);
            None
        }
        Message::Ccm {
            ccm, aad, stage, ..
        } => {
            *stage = Stage::Aad;
            *aad -= data.len();
            ccm.aad(&work.keyed.cipher, data);
            None
        }
    };
    match refused {
        Some(reason) => cx.crypto_error(reason),
        None => {
            work.tag = None;
            Ok(())
        }
    }
}

/// Takes more of the message; all of it comes out. Nothing is taken if it can't be.
pub(super) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: Bytes,
    (target, target_offset): (ObjRef, i16),
) -> Result<i16, Stop> {
    let mut bytes = ready(cx, this, data, (target, target_offset))?;
    let count = cx.length(bytes.len())?;
    let Some(Running::Aead(work)) = cx.state.running.get_mut(&this) else {
        return Err(Fault::TypeConfusion.into());
    };
    if !work.fits(bytes.len()) {
        cx.state.recycle(bytes);
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    // An empty piece does nothing.
    if !bytes.is_empty() {
        work.tag = None;
        work.crypt(&mut bytes);
    }
    cx.write(target, target_offset, &bytes)?;
    cx.state.recycle(bytes);
    Ok(count)
}

/// Ends a message; what came out. Its tag can be asked for until the next one begins, which has GCM's initial vector of
/// zeros, or has CCM told its lengths first.
pub(super) fn finish(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: Bytes,
    (target, target_offset): (ObjRef, i16),
) -> Result<i16, Stop> {
    let mut bytes = ready(cx, this, data, (target, target_offset))?;
    let count = cx.length(bytes.len())?;
    let Some(Running::Aead(work)) = cx.state.running.get_mut(&this) else {
        return Err(Fault::TypeConfusion.into());
    };
    let whole = work.fits(bytes.len())
        && match &work.message {
            Message::Ccm { text, .. } => *text == bytes.len(),
            _ => true,
        };
    if whole {
        work.crypt(&mut bytes);
    }
    work.end(whole);
    if !whole {
        cx.state.recycle(bytes);
        return cx.crypto_error(CryptoReason::IllegalUse);
    }
    cx.write(target, target_offset, &bytes)?;
    cx.state.recycle(bytes);
    Ok(count)
}

/// The tag's beginning, after encryption ended.
pub(in super::super) fn tag(cx: &mut Cx<'_>, this: ObjRef, length: i16) -> Result<[u8; 16], Stop> {
    ended(cx, this, true, length)
}

/// Whether a tag is that of the message whose decryption ended, in its first `required` bytes.
pub(in super::super) fn verify(
    cx: &mut Cx<'_>,
    this: ObjRef,
    received: &[u8],
    required: i16,
) -> Result<bool, Stop> {
    let tag = ended(cx, this, false, required)?;
    let required = usize::from(required.unsigned_abs());
    let pair = tag.get(..required).zip(received.get(..required));
    Ok(pair.is_some_and(|(tag, received)| ct_eq(tag, received)))
}

fn ended(cx: &mut Cx<'_>, this: ObjRef, encrypting: bool, length: i16) -> Result<[u8; 16], Stop> {
    let tag = match cx.state.running.get(&this) {
        Some(Running::Aead(work)) if (work.mode == MODE_ENCRYPT) == encrypting => work.tag,
        _ => None,
    };
    let Some((tag, told)) = tag else {
        return cx.crypto_error(CryptoReason::IllegalUse);
    };
    let length = usize::try_from(length).unwrap_or_default();
    let supported = match told {
        Some(told) => told == length,
        // NIST SP 800-38D §5.2.1.2
        None => matches!(length, 4 | 8 | 12..=16),
    };
    if !supported {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    Ok(tag)
}

/// The applet's bytes, when the object can take some and what comes out has its place.
fn ready(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: Bytes,
    (target, target_offset): (ObjRef, i16),
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    resume(cx, this)?;
    cx.check(target, target_offset, data.2)?;
    let mut bytes = cx.state.buffer();
    cx.read_into(data, &mut bytes)?;
    Ok(bytes)
}

/// Makes sure that the object has its key expanded and a message, if it had none: after a reset, or when the key or what
/// `init` was told is not what it was. Throws if it is not initialised or its key is not set.
fn resume(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    let key = cx.object(this, KEY)?;
    if key.is_null() {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    let mode = cx.short(this, MODE)?;
    let Some(value) = key::value(cx.vm, key, key::VALUE)? else {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    };
    if let Some(Running::Aead(work)) = cx.state.running.get(&this)
        && work.key == key
        && work.mode == mode
        && work.keyed.is_current(value)
    {
        return Ok(());
    }
    let Scheme { family, .. } = super::scheme(cx, this)?;
    let keyed = Keyed::new(cx, key, Split::Whole)?;
    let message = match family {
        Family::Aead(Aead::Gcm) => Message::fresh_gcm(&keyed),
        _ => Message::Untold,
    };
    let work = Box::new(Work {
        key,
        mode,
        keyed,
        message,
        tag: None,
    });
    cx.state.running.insert(this, Running::Aead(work));
    Ok(())
}

impl Work {
    /// Whether more of the message may come: CCM must have all its additional data, and not more than it was told.
    fn fits(&self, length: usize) -> bool {
        match self.message {
            Message::Gcm(..) => true,
            Message::Ccm { aad, text, .. } => aad == 0 && length <= text,
            Message::Untold => false,
        }
    }

    fn crypt(&mut self, data: &mut [u8]) {
        let cipher = &self.keyed.cipher;
        let encrypt = self.mode == MODE_ENCRYPT;
        match &mut self.message {
            Message::Gcm(gcm, stage) => {
                *stage = Stage::Text;
                if encrypt {
                    gcm.encrypt(cipher, data);
                } else {
                    gcm.decrypt(cipher, data);
                }
            }
            Message::Ccm {
                ccm, stage, text, ..
            } => {
                *stage = Stage::Text;
                *text -= data.len();
                if encrypt {
                    ccm.encrypt(cipher, data);
                } else {
                    ccm.decrypt(cipher, data);
                }
            }
            Message::Untold => {}
        }
    }

    /// Ends the message, with its tag if it was whole.
    fn end(&mut self, whole: bool) {
        let (next, tag) = match core::mem::replace(&mut self.message, Message::Untold) {
            Message::Gcm(gcm, _) => (Message::fresh_gcm(&self.keyed), (gcm.finish(), None)),
            Message::Ccm { ccm, tag, .. } => {
                (Message::Untold, (ccm.finish(&self.keyed.cipher), Some(tag)))
            }
            Message::Untold => (Message::Untold, ([0; 16], Some(0))),
        };
        self.message = next;
        self.tag = whole.then_some(tag);
    }
}

impl Message {
    fn fresh_gcm(keyed: &Keyed) -> Self {
        Self::Gcm(Gcm::new(&keyed.cipher, &GCM_ZERO), Stage::Nothing)
    }
}

/// GCM's initial vector where none is given: zeros, as many as usual.
pub(in super::super) const GCM_ZERO: [u8; 12] = [0; 12];

impl Drop for Work {
    fn drop(&mut self) {
        if let Some((tag, _)) = &mut self.tag {
            tag.zeroize();
        }
    }
}
