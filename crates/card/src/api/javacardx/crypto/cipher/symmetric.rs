//! Symmetric ciphers in progress: what waits for a whole block, and the chaining.

use alloc::vec::Vec;

use hydra_crypto::{Cfb, Chain, Ctr, NotWholeBlocks, Padding, Xts};
use zeroize::Zeroize;

use super::scheme::{Chaining, Family, Scheme, Stream};
use crate::api::Keyed;

/// A message in progress.
pub(crate) struct Message {
    state: State,
    pending: [u8; 32],
    held: usize,
    begun: bool,
}

enum State {
    Ecb,
    Cbc(Chain),
    Ctr(Ctr),
    Cfb(Cfb),
    Xts(Xts),
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

impl Message {
    /// A message of this scheme with an initial vector, zeros if it is shorter; `None` if the scheme is not one of these.
    pub(crate) fn new(scheme: &Scheme, keyed: &Keyed, iv: &[u8]) -> Option<Self> {
        let chain = Chain::new(iv);
        let state = match scheme.family {
            Family::Block(_, Chaining::Ecb, _) => State::Ecb,
            Family::Block(_, Chaining::Cbc, _) => State::Cbc(chain),
            Family::Stream(Stream::Ctr) => State::Ctr(Ctr::new(&chain.0)),
            Family::Stream(Stream::Cfb) => State::Cfb(Cfb::new(&chain.0)),
            Family::Stream(Stream::Xts) => State::Xts(Xts::new(keyed.second.as_ref()?, &chain.0)),
            Family::Aead(_) | Family::Rsa(_) => return None,
        };
        Some(Self {
            state,
            pending: [0; 32],
            held: 0,
            begun: false,
        })
    }

    /// What waits.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.pending[..self.held]
    }

    /// How many of these bytes, what waits included, `update` gives out.
    pub(crate) fn ready(
        &self,
        scheme: &Scheme,
        keyed: &Keyed,
        direction: Direction,
        length: usize,
    ) -> usize {
        let size = keyed.cipher.block_len();
        match (&self.state, scheme.family) {
            (State::Ctr(_) | State::Cfb(_), _) => length,
            // The last whole block may be needed with a shorter end.
            (State::Xts(_), _) => length.saturating_sub(size) / size * size,
            // The last block may be padding.
            (_, Family::Block(_, _, Padding::Bit | Padding::Count))
                if direction == Direction::Decrypt =>
            {
                length.saturating_sub(1) / size * size
            }
            _ => length / size * size,
        }
    }

    /// Takes more of the message: `data` is what waited and what came, `ready` of it is worked on in place, the rest
    /// waits.
    pub(crate) fn update(
        &mut self,
        keyed: &Keyed,
        direction: Direction,
        data: &mut [u8],
        ready: usize,
    ) -> Result<(), NotWholeBlocks> {
        self.begun |= !data.is_empty();
        let (now, rest) = data.split_at_mut(ready.min(data.len()));
        self.crypt(keyed, direction, now)?;
        let Some(pending) = self.pending.get_mut(..rest.len()) else {
            return Err(NotWholeBlocks(rest.len()));
        };
        pending.copy_from_slice(rest);
        self.held = rest.len();
        Ok(())
    }

    /// How many bytes come out when the message ends with these, what waits included; `None` if that depends on them.
    pub(crate) fn last(
        scheme: &Scheme,
        keyed: &Keyed,
        direction: Direction,
        length: usize,
    ) -> Option<usize> {
        let size = keyed.cipher.block_len();
        match (scheme.family, direction) {
            (Family::Block(_, _, Padding::Zeros), Direction::Encrypt) => {
                Some(length.next_multiple_of(size))
            }
            (Family::Block(_, _, Padding::Bit | Padding::Count), Direction::Encrypt) => {
                Some((length / size + 1) * size)
            }
            (Family::Block(_, _, Padding::Bit | Padding::Count), Direction::Decrypt) => None,
            _ => Some(length),
        }
    }

    /// Ends the message: `data` is what waited and the end; it is worked on in place and is what comes out. `None` if
    /// there is no message, it ends within a block, or its padding is wrong.
    pub(crate) fn finish(
        self,
        scheme: &Scheme,
        keyed: &Keyed,
        direction: Direction,
        data: &mut Vec<u8>,
    ) -> Option<()> {
        let size = keyed.cipher.block_len();
        let padding = match scheme.family {
            Family::Block(_, _, padding) => padding,
            _ => Padding::None,
        };
        if padding == Padding::None && data.is_empty() && !self.begun {
            return None;
        }
        if let State::Xts(xts) = &self.state {
            // A data unit has at least one block.
            if data.len() < size {
                return None;
            }
            let xts = xts.clone();
            return match direction {
                Direction::Encrypt => xts.finish_encrypt(&keyed.cipher, data).ok(),
                Direction::Decrypt => xts.finish_decrypt(&keyed.cipher, data).ok(),
            };
        }
        let blocks = matches!(self.state, State::Ecb | State::Cbc(_));
        let mut this = self;
        if blocks && direction == Direction::Encrypt {
            let held = data.len() % size;
            let mut last = [0; 16];
            let last = &mut last[..size];
            last[..held].copy_from_slice(&data[data.len() - held..]);
            if padding.fill(last, held)? {
                data.truncate(data.len() - held);
                data.extend_from_slice(last);
            }
            last.zeroize();
        }
        this.crypt(keyed, direction, data).ok()?;
        if blocks && direction == Direction::Decrypt && padding != Padding::None {
            // Nothing decrypted is nothing padded, but for method 1.
            let start = match data.len().checked_sub(size) {
                Some(start) => start,
                None if padding == Padding::Zeros => return Some(()),
                None => return None,
            };
            let kept = padding.strip(&data[start..])?;
            data[start + kept..].zeroize();
            data.truncate(start + kept);
        }
        Some(())
    }

    fn crypt(
        &mut self,
        keyed: &Keyed,
        direction: Direction,
        data: &mut [u8],
    ) -> Result<(), NotWholeBlocks> {
        use Direction::{Decrypt, Encrypt};
        let cipher = &keyed.cipher;
        match (&mut self.state, direction) {
            (State::Ecb, Encrypt) => cipher.ecb_encrypt(data),
            (State::Ecb, Decrypt) => cipher.ecb_decrypt(data),
            (State::Cbc(chain), Encrypt) => cipher.cbc_encrypt(chain, data),
            (State::Cbc(chain), Decrypt) => cipher.cbc_decrypt(chain, data),
            (State::Xts(xts), Encrypt) => xts.encrypt(cipher, data),
            (State::Xts(xts), Decrypt) => xts.decrypt(cipher, data),
            (State::Ctr(mode), _) => {
                mode.apply(cipher, data);
                Ok(())
            }
            (State::Cfb(mode), Encrypt) => {
                mode.encrypt(cipher, data);
                Ok(())
            }
            (State::Cfb(mode), Decrypt) => {
                mode.decrypt(cipher, data);
                Ok(())
            }
        }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.pending.zeroize();
    }
}
