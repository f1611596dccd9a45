//! The modes of operation whose state is more than a chaining block.

use zeroize::Zeroize;

use crate::{BLOCK, BlockCipher, NotWholeBlocks};

/// Counter mode (NIST SP 800-38A §6.5) of a cipher with blocks of 16 bytes: a key stream, taken byte by byte.
#[derive(Clone, Debug)]
pub struct Ctr {
    counter: [u8; BLOCK],
    stream: [u8; BLOCK],
    /// Bytes of `stream` that are spent.
    spent: usize,
    /// Bytes at the counter's end that count.
    width: usize,
}

impl Ctr {
    /// The stream that begins with the encryption of `counter`, a big-endian number of 128 bits.
    pub fn new(counter: &[u8; BLOCK]) -> Self {
        Self::with_width(counter, BLOCK)
    }

    /// As [`new`](Self::new), but only the last `width` bytes count.
    pub(crate) fn with_width(counter: &[u8; BLOCK], width: usize) -> Self {
        Self {
            counter: *counter,
            stream: [0; BLOCK],
            spent: BLOCK,
            width,
        }
    }

    /// Encrypts or decrypts, which is the same.
    pub fn apply(&mut self, cipher: &BlockCipher, data: &mut [u8]) {
        let left = (BLOCK - self.spent).min(data.len());
        let (head, data) = data.split_at_mut(left);
        xor(head, &self.stream[self.spent..]);
        self.spent += left;
        let mut batch = [0; 8 * BLOCK];
        for chunk in data.chunks_mut(batch.len()) {
            let blocks = chunk.len().div_ceil(BLOCK);
            let batch = &mut batch[..blocks * BLOCK];
            for block in batch.as_chunks_mut::<BLOCK>().0 {
                *block = self.counter;
                self.increment();
            }
            // They are whole blocks.
            let _ = cipher.ecb_encrypt(batch);
            xor(chunk, batch);
            let last = chunk.len() % BLOCK;
            if last != 0 {
                self.stream.copy_from_slice(&batch[batch.len() - BLOCK..]);
                self.spent = last;
            }
        }
        batch.zeroize();
    }

    /// Leaves out the first block of the stream.
    pub(crate) fn skip(&mut self) {
        self.increment();
    }

    fn increment(&mut self) {
        for byte in self.counter[BLOCK - self.width..].iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}

impl Drop for Ctr {
    fn drop(&mut self) {
        self.stream.zeroize();
    }
}

/// Cipher feedback with segments of a whole block (NIST SP 800-38A §6.3, CFB128), taken byte by byte.
#[derive(Clone, Debug)]
pub struct Cfb {
    /// Key stream from `spent` on; before it the ciphertext so far.
    block: [u8; BLOCK],
    spent: usize,
}

impl Cfb {
    /// A message with this initial vector.
    pub fn new(iv: &[u8; BLOCK]) -> Self {
        Self {
            block: *iv,
            spent: BLOCK,
        }
    }

    /// Encrypts more of the message.
    pub fn encrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) {
        for byte in data {
            let slot = self.next(cipher);
            *byte ^= *slot;
            *slot = *byte;
        }
    }

    /// Decrypts more of the message.
    pub fn decrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) {
        for byte in data {
            let slot = self.next(cipher);
            let ciphertext = core::mem::replace(byte, *byte ^ *slot);
            *slot = ciphertext;
        }
    }

    fn next(&mut self, cipher: &BlockCipher) -> &mut u8 {
        if self.spent == BLOCK {
            cipher.encrypt_block(&mut self.block);
            self.spent = 0;
        }
        self.spent += 1;
        &mut self.block[self.spent - 1]
    }
}

impl Drop for Cfb {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

/// XTS (IEEE 1619, NIST SP 800-38E) of a cipher with blocks of 16 bytes: one data unit, with ciphertext stealing at
/// its end.
#[derive(Clone, Debug)]
pub struct Xts {
    tweak: [u8; BLOCK],
}

impl Xts {
    /// A data unit with this tweak (the sector's number, little-endian), encrypted by the second half of the key.
    pub fn new(tweaks: &BlockCipher, tweak: &[u8; BLOCK]) -> Self {
        let mut tweak = *tweak;
        tweaks.encrypt_block(&mut tweak);
        Self { tweak }
    }

    /// Encrypts whole blocks that are not the end of the data unit, or its end if that is a whole block.
    pub fn encrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) -> Result<(), NotWholeBlocks> {
        self.blocks(data, |data| cipher.ecb_encrypt(data))
    }

    /// Decrypts whole blocks; the last whole one before a shorter end is [`finish_decrypt`](Self::finish_decrypt)'s.
    pub fn decrypt(&mut self, cipher: &BlockCipher, data: &mut [u8]) -> Result<(), NotWholeBlocks> {
        self.blocks(data, |data| cipher.ecb_decrypt(data))
    }

    /// Encrypts the end of a data unit: a whole block and fewer than 16 bytes, or any whole blocks.
    pub fn finish_encrypt(
        mut self,
        cipher: &BlockCipher,
        data: &mut [u8],
    ) -> Result<(), NotWholeBlocks> {
        let Some((whole, block, rest)) = ends(data) else {
            return self.encrypt(cipher, data);
        };
        self.encrypt(cipher, whole)?;
        self.encrypt(cipher, block)?;
        let tail = rest.len();
        block[..tail].swap_with_slice(rest);
        self.encrypt(cipher, block)
    }

    /// Decrypts the end of a data unit.
    pub fn finish_decrypt(
        mut self,
        cipher: &BlockCipher,
        data: &mut [u8],
    ) -> Result<(), NotWholeBlocks> {
        let Some((whole, block, rest)) = ends(data) else {
            return self.decrypt(cipher, data);
        };
        self.decrypt(cipher, whole)?;
        // The last whole block has the tweak that follows the stolen one's.
        let mut after = self.clone();
        after.double();
        after.decrypt(cipher, block)?;
        let tail = rest.len();
        block[..tail].swap_with_slice(rest);
        self.decrypt(cipher, block)
    }

    fn blocks(
        &mut self,
        data: &mut [u8],
        crypt: impl Fn(&mut [u8]) -> Result<(), NotWholeBlocks>,
    ) -> Result<(), NotWholeBlocks> {
        if !data.len().is_multiple_of(BLOCK) {
            return Err(NotWholeBlocks(data.len()));
        }
        for block in data.chunks_exact_mut(BLOCK) {
            xor(block, &self.tweak);
            crypt(block)?;
            xor(block, &self.tweak);
            self.double();
        }
        Ok(())
    }

    /// Multiplies the tweak by x modulo x¹²⁸ + x⁷ + x² + x + 1, its first byte the lowest.
    fn double(&mut self) {
        let value = u128::from_le_bytes(self.tweak);
        // No branch on the secret bit.
        let carry = (value >> 127).wrapping_neg() & 0x87;
        self.tweak = ((value << 1) ^ carry).to_le_bytes();
    }
}

impl Drop for Xts {
    fn drop(&mut self) {
        self.tweak.zeroize();
    }
}

/// What is before the last whole block, that block, and the shorter end; `None` if there is no shorter end after a
/// whole block.
fn ends(data: &mut [u8]) -> Option<(&mut [u8], &mut [u8], &mut [u8])> {
    let tail = data.len() % BLOCK;
    if tail == 0 {
        return None;
    }
    let start = (data.len() - tail).checked_sub(BLOCK)?;
    let (whole, rest) = data.split_at_mut(start);
    let (block, rest) = rest.split_at_mut(BLOCK);
    Some((whole, block, rest))
}

pub(crate) fn xor(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to ^= from);
}
