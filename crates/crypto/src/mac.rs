//! Message authentication over block ciphers, piece by piece.

use zeroize::Zeroize;

use crate::block::Chain;
use crate::mode::xor;
use crate::{BLOCK, BlockCipher, NotWholeBlocks, Padding};

/// CBC-MAC (ISO/IEC 9797-1 algorithms 1 and 3) in progress. Every call is given the same cipher.
#[derive(Clone, Debug, Default)]
pub struct CbcMac {
    chain: Chain,
    pending: [u8; BLOCK],
    held: usize,
    begun: bool,
}

impl CbcMac {
    /// The MAC of nothing yet, with this initial vector; the algorithms themselves begin with zeros.
    pub fn new(iv: Chain) -> Self {
        Self {
            chain: iv,
            ..Self::default()
        }
    }

    /// Takes more of the message.
    pub fn update(&mut self, cipher: &BlockCipher, mut data: &[u8]) {
        let size = cipher.block_len();
        self.begun |= !data.is_empty();
        if self.held > 0 {
            let count = (size - self.held).min(data.len());
            let (head, rest) = data.split_at(count);
            self.pending[self.held..self.held + count].copy_from_slice(head);
            self.held += count;
            data = rest;
            if self.held < size {
                return;
            }
            // One whole block.
            let _ = cipher.cbc_mac(&mut self.chain, &self.pending[..size]);
            self.held = 0;
        }
        let (blocks, rest) = data.split_at(data.len() / size * size);
        // Whole blocks.
        let _ = cipher.cbc_mac(&mut self.chain, blocks);
        self.pending[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
    }

    /// The MAC: as many bytes as the cipher's block has are meant, the rest is zero. Refused when the message is not
    /// whole blocks, or nothing, and is not padded.
    pub fn finish(
        mut self,
        cipher: &BlockCipher,
        padding: Padding,
    ) -> Result<[u8; BLOCK], NotWholeBlocks> {
        let size = cipher.block_len();
        let filled = match padding {
            // An empty message is one block of zeros (ISO/IEC 9797-1 §6.1.2).
            Padding::Zeros if !self.begun => Some(true),
            Padding::None if !self.begun => None,
            padding => padding.fill(&mut self.pending[..size], self.held),
        };
        if filled.ok_or(NotWholeBlocks(self.held))? {
            cipher.cbc_mac(&mut self.chain, &self.pending[..size])?;
        }
        Ok(self.chain.0)
    }

    /// The MAC of algorithm 3, the "retail MAC": what the cipher, a DES, made of the message is decrypted with a second
    /// DES and encrypted with the first again.
    pub fn finish_retail(
        self,
        cipher: &BlockCipher,
        second: &BlockCipher,
        padding: Padding,
    ) -> Result<[u8; BLOCK], NotWholeBlocks> {
        let size = cipher.block_len();
        let mut mac = self.finish(cipher, padding)?;
        second.ecb_decrypt(&mut mac[..size])?;
        cipher.ecb_encrypt(&mut mac[..size])?;
        Ok(mac)
    }
}

impl Drop for CbcMac {
    fn drop(&mut self) {
        self.pending.zeroize();
    }
}

/// CMAC (NIST SP 800-38B, RFC 4493) of a cipher with blocks of 16 or 8 bytes, in progress. Every call is given the same
/// cipher.
#[derive(Clone, Debug, Default)]
pub struct CmacState {
    chain: Chain,
    pending: [u8; BLOCK],
    /// Bytes of `pending`; a whole block stays until more follows, for the last one is treated apart.
    held: usize,
}

impl CmacState {
    /// The MAC of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more of the message.
    pub fn update(&mut self, cipher: &BlockCipher, mut data: &[u8]) {
        let size = cipher.block_len();
        if data.is_empty() {
            return;
        }
        if self.held > 0 {
            let count = (size - self.held).min(data.len());
            let (head, rest) = data.split_at(count);
            self.pending[self.held..self.held + count].copy_from_slice(head);
            self.held += count;
            data = rest;
            if data.is_empty() {
                return;
            }
            // One whole block.
            let _ = cipher.cbc_mac(&mut self.chain, &self.pending[..size]);
        }
        let (blocks, rest) = data.split_at((data.len() - 1) / size * size);
        // Whole blocks.
        let _ = cipher.cbc_mac(&mut self.chain, blocks);
        self.pending[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
    }

    /// The MAC: as many bytes as the cipher's block has are meant, the rest is zero.
    pub fn finish(mut self, cipher: &BlockCipher) -> [u8; BLOCK] {
        let size = cipher.block_len();
        let mut subkey = [0; BLOCK];
        cipher.encrypt_block(&mut subkey);
        double(&mut subkey[..size]);
        if self.held < size {
            double(&mut subkey[..size]);
            self.pending[self.held..size].fill(0);
            self.pending[self.held] = 0x80;
        }
        xor(&mut self.pending[..size], &subkey);
        subkey.zeroize();
        let _ = cipher.cbc_mac(&mut self.chain, &self.pending[..size]);
        self.chain.0
    }
}

impl Drop for CmacState {
    fn drop(&mut self) {
        self.pending.zeroize();
    }
}

/// Multiplies by x in the field of the block's size (NIST SP 800-38B §5.3).
pub(crate) fn double(block: &mut [u8]) {
    let reduction = if block.len() == BLOCK { 0x87 } else { 0x1B };
    let carry = block[0] >> 7;
    let mut low = 0;
    for byte in block.iter_mut().rev() {
        let high = *byte >> 7;
        *byte = *byte << 1 | low;
        low = high;
    }
    let last = block.len() - 1;
    // No branch on the secret bit.
    block[last] ^= carry.wrapping_neg() & reduction;
}
