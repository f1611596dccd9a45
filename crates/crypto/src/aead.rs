//! Authenticated encryption piece by piece: GCM and CCM.
//!
//! What is decrypted before the tag was compared is not authentic yet; who gives it out says so.

use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::Zeroize;

use crate::block::Chain;
use crate::mode::xor;
use crate::{BLOCK, BlockCipher, Ctr};

/// AES-GCM (NIST SP 800-38D) with an initial vector of any length but zero, in progress.
#[derive(Clone)]
pub struct Gcm {
    hash: GHash,
    /// What of the additional data or the ciphertext waits for a whole block.
    pending: [u8; BLOCK],
    held: usize,
    aad: u64,
    text: u64,
    stream: Ctr,
    /// The encrypted first counter block, which hides the tag.
    mask: [u8; BLOCK],
}

impl Gcm {
    /// A message with this initial vector, under a cipher with blocks of 16 bytes.
    pub fn new(cipher: &BlockCipher, iv: &[u8]) -> Self {
        let mut key = [0; BLOCK];
        cipher.encrypt_block(&mut key);
        let hash = GHash::new(&key.into());
        key.zeroize();
        let mut first = [0; BLOCK];
        if let Ok(iv) = <[u8; 12]>::try_from(iv) {
            first[..12].copy_from_slice(&iv);
            first[15] = 1;
        } else {
            let mut hash = hash.clone();
            hash.update_padded(iv);
            let mut lengths = [0; BLOCK];
            lengths[8..].copy_from_slice(&bits(iv.len()).to_be_bytes());
            hash.update(&[lengths.into()]);
            first = hash.finalize().into();
        }
        let mut mask = first;
        cipher.encrypt_block(&mut mask);
        let mut stream = Ctr::with_width(&first, 4);
        stream.skip();
        Self {
            hash,
            pending: [0; BLOCK],
            held: 0,
            aad: 0,
            text: 0,
            stream,
            mask,
        }
    }

    /// Takes more of the additional data; all of it comes before the message.
    pub fn aad(&mut self, data: &[u8]) {
        self.aad += bits(data.len());
        self.absorb(data);
    }

    /// Encrypts more of the message.
    pub fn encrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) {
        self.begin_text(data.len());
        self.stream.apply(cipher, data);
        self.absorb(data);
    }

    /// Decrypts more of the message.
    pub fn decrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) {
        self.begin_text(data.len());
        self.absorb(data);
        self.stream.apply(cipher, data);
    }

    /// The tag; a shorter one is its beginning.
    pub fn finish(mut self) -> [u8; BLOCK] {
        self.flush();
        let mut lengths = [0; BLOCK];
        lengths[..8].copy_from_slice(&self.aad.to_be_bytes());
        lengths[8..].copy_from_slice(&self.text.to_be_bytes());
        self.hash.update(&[lengths.into()]);
        let mut tag: [u8; BLOCK] = self.hash.clone().finalize().into();
        xor(&mut tag, &self.mask);
        tag
    }

    fn begin_text(&mut self, length: usize) {
        if self.text == 0 && length > 0 {
            self.flush();
        }
        self.text += bits(length);
    }

    fn absorb(&mut self, mut data: &[u8]) {
        if self.held > 0 {
            let count = (BLOCK - self.held).min(data.len());
            let (head, rest) = data.split_at(count);
            self.pending[self.held..self.held + count].copy_from_slice(head);
            self.held += count;
            data = rest;
            if self.held < BLOCK {
                return;
            }
            self.hash.update(&[self.pending.into()]);
            self.held = 0;
        }
        let (blocks, rest) = data.as_chunks::<BLOCK>();
        for block in blocks.chunks(8) {
            let mut batch = [[0; BLOCK].into(); 8];
            for (to, from) in batch.iter_mut().zip(block) {
                *to = (*from).into();
            }
            self.hash.update(&batch[..block.len()]);
        }
        self.pending[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
    }

    /// Fills the block that waits with zeros.
    fn flush(&mut self) {
        if self.held > 0 {
            self.pending[self.held..].fill(0);
            self.hash.update(&[self.pending.into()]);
            self.held = 0;
        }
    }
}

impl core::fmt::Debug for Gcm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Gcm(…)")
    }
}

impl Drop for Gcm {
    fn drop(&mut self) {
        self.mask.zeroize();
        self.pending.zeroize();
    }
}

/// AES-CCM (NIST SP 800-38C, RFC 3610) in progress. It must be told the lengths before it begins; to keep to them is
/// the caller's.
#[derive(Clone, Debug)]
pub struct Ccm {
    chain: Chain,
    pending: [u8; BLOCK],
    held: usize,
    stream: Ctr,
    mask: [u8; BLOCK],
    in_text: bool,
}

impl Ccm {
    /// A message of `text` bytes and `aad` bytes of additional data with this nonce and a tag of `tag` bytes, under a
    /// cipher with blocks of 16 bytes; `None` unless the nonce has 7 to 13 bytes, the tag 4, 6, 8 … 16, and the length
    /// fits what the nonce leaves.
    pub fn new(
        cipher: &BlockCipher,
        nonce: &[u8],
        aad: u32,
        text: u32,
        tag: usize,
    ) -> Option<Self> {
        let width = 15_usize.checked_sub(nonce.len())?;
        let fits = (2..=8).contains(&width)
            && (4..=16).contains(&tag)
            && tag.is_multiple_of(2)
            && (width >= 4 || text >> (8 * width) == 0);
        if !fits {
            return None;
        }
        let flags = u8::try_from(width - 1).ok()?;
        let code = u8::try_from((tag - 2) / 2).ok()?;
        let mut first = [0; BLOCK];
        first[0] = u8::from(aad > 0) << 6 | code << 3 | flags;
        first[1..=nonce.len()].copy_from_slice(nonce);
        let length = u64::from(text).to_be_bytes();
        first[BLOCK - width..].copy_from_slice(&length[8 - width..]);
        let mut chain = Chain::default();
        let _ = cipher.cbc_mac(&mut chain, &first);
        let mut counter = first;
        counter[0] = flags;
        counter[BLOCK - width..].fill(0);
        let mut mask = counter;
        cipher.encrypt_block(&mut mask);
        let mut stream = Ctr::with_width(&counter, width);
        stream.skip();
        let mut ccm = Self {
            chain,
            pending: [0; BLOCK],
            held: 0,
            stream,
            mask,
            in_text: false,
        };
        match u16::try_from(aad) {
            Ok(0) => {}
            Ok(short) if short < 0xFF00 => ccm.absorb(cipher, &short.to_be_bytes()),
            _ => {
                ccm.absorb(cipher, &[0xFF, 0xFE]);
                ccm.absorb(cipher, &aad.to_be_bytes());
            }
        }
        Some(ccm)
    }

    /// Takes more of the additional data; all of it comes before the message.
    pub fn aad(&mut self, cipher: &BlockCipher, data: &[u8]) {
        self.absorb(cipher, data);
    }

    /// Encrypts more of the message.
    pub fn encrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) {
        self.begin_text(cipher);
        self.absorb(cipher, data);
        self.stream.apply(cipher, data);
    }

    /// Decrypts more of the message.
    pub fn decrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) {
        self.begin_text(cipher);
        self.stream.apply(cipher, data);
        self.absorb(cipher, data);
    }

    /// The tag, of which as many bytes count as were said.
    pub fn finish(mut self, cipher: &BlockCipher) -> [u8; BLOCK] {
        self.flush(cipher);
        let mut tag = self.chain.0;
        xor(&mut tag, &self.mask);
        tag
    }

    fn begin_text(&mut self, cipher: &BlockCipher) {
        if !self.in_text {
            self.flush(cipher);
            self.in_text = true;
        }
    }

    fn absorb(&mut self, cipher: &BlockCipher, mut data: &[u8]) {
        if self.held > 0 {
            let count = (BLOCK - self.held).min(data.len());
            let (head, rest) = data.split_at(count);
            self.pending[self.held..self.held + count].copy_from_slice(head);
            self.held += count;
            data = rest;
            if self.held < BLOCK {
                return;
            }
            let _ = cipher.cbc_mac(&mut self.chain, &self.pending);
            self.held = 0;
        }
        let (blocks, rest) = data.split_at(data.len() / BLOCK * BLOCK);
        let _ = cipher.cbc_mac(&mut self.chain, blocks);
        self.pending[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
    }

    fn flush(&mut self, cipher: &BlockCipher) {
        if self.held > 0 {
            self.pending[self.held..].fill(0);
            let _ = cipher.cbc_mac(&mut self.chain, &self.pending);
            self.held = 0;
        }
    }
}

impl Drop for Ccm {
    fn drop(&mut self) {
        self.mask.zeroize();
        self.pending.zeroize();
    }
}

fn bits(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX / 8) * 8
}
