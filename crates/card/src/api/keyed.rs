use hydra_crypto::{BlockCipher, ct_eq};
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroize;

use super::javacard::security::key::{self, Family};
use super::{CryptoReason, Cx};

/// A block cipher expanded from a key object's value, kept while the value is the same.
///
/// An object looks at its key again at each call: a transient key goes when its memory is cleared, and an aborted
/// transaction takes back what was set.
pub(crate) struct Keyed {
    value: [u8; Self::LONGEST],
    length: usize,
    split: Split,
    /// What the message goes through.
    pub(crate) cipher: BlockCipher,
    /// The cipher of the key's second half.
    pub(crate) second: Option<BlockCipher>,
}

/// What is made of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// One cipher.
    Whole,
    /// A cipher from each half: XTS, ISO/IEC 9797-1 algorithm 3.
    Halves,
}

impl Keyed {
    /// Two keys of AES-256.
    const LONGEST: usize = 64;

    /// The cipher of a key that is set, or `UNINITIALIZED_KEY`.
    pub(crate) fn new(cx: &mut Cx<'_>, object: ObjRef, split: Split) -> Result<Self, Stop> {
        let family = key::family(cx, object)?;
        let Some(bytes) = key::value(cx.vm, object, key::VALUE)? else {
            return cx.crypto_error(CryptoReason::UninitializedKey);
        };
        let parts = match split {
            Split::Whole => (bytes, None),
            Split::Halves => {
                let (first, second) = bytes.split_at(bytes.len() / 2);
                (first, Some(second))
            }
        };
        let expand = |bytes: &[u8]| match family {
            Family::Des => BlockCipher::des(bytes).ok(),
            _ => BlockCipher::aes(bytes).ok(),
        };
        let second = parts.1.and_then(expand);
        let mut value = [0; Self::LONGEST];
        if let (Some(cipher), Some(place)) = (expand(parts.0), value.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
            return Ok(Self {
                length: bytes.len(),
                value,
                split,
                cipher,
                second,
            });
        }
        // `init` takes keys of the right family and size only.
        cx.crypto_error(CryptoReason::IllegalValue)
    }

    /// Whether the key object still holds what this was made of; throws `UNINITIALIZED_KEY` if it holds nothing.
    pub(crate) fn is_current(&self, value: &[u8]) -> bool {
        ct_eq(&self.value[..self.length], value)
    }

    /// What was made of the key.
    pub(crate) fn split(&self) -> Split {
        self.split
    }
}

impl Drop for Keyed {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}
