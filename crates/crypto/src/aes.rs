use alloc::vec::Vec;
use core::fmt;

use ::aes::cipher::consts::U16;
use ::aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit,
    KeyInit,
};
use ::aes::{Aes128, Aes192, Aes256};
use ::cmac::{Cmac, Mac};
use zeroize::Zeroize;

/// Bytes in an AES block.
pub const BLOCK: usize = 16;

/// An AES key of 16, 24 or 32 bytes (FIPS 197). Wiped when dropped; never shown by `Debug`; compared in constant time.
#[derive(Clone)]
pub struct AesKey {
    bytes: [u8; 32],
    size: Size,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Aes128,
    Aes192,
    Aes256,
}

impl AesKey {
    /// A key of these 16, 24 or 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyLength> {
        let size = match bytes.len() {
            16 => Size::Aes128,
            24 => Size::Aes192,
            32 => Size::Aes256,
            other => return Err(KeyLength(other)),
        };
        let mut padded = [0; 32];
        padded[..bytes.len()].copy_from_slice(bytes);
        Ok(Self {
            bytes: padded,
            size,
        })
    }

    /// An AES-128 key.
    pub fn aes128(bytes: &[u8; 16]) -> Self {
        let mut padded = [0; 32];
        padded[..16].copy_from_slice(bytes);
        Self {
            bytes: padded,
            size: Size::Aes128,
        }
    }

    /// An AES-128 key drawn from `random`.
    pub fn draw(random: &mut dyn crate::Random, purpose: &str, counter: u64) -> Self {
        let mut bytes = [0; 16];
        random.draw(purpose, counter, &mut bytes);
        let key = Self::aes128(&bytes);
        bytes.zeroize();
        key
    }

    /// Another key of this one's length, whose bytes `fill` writes: derived keys are as long as what they come from.
    pub fn sibling(&self, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut key = Self {
            bytes: [0; 32],
            size: self.size,
        };
        let len = key.len();
        fill(&mut key.bytes[..len]);
        key
    }

    /// The key's value, for storing and wrapping it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    /// 16, 24 or 32.
    #[allow(clippy::len_without_is_empty, reason = "a key is never empty")]
    pub fn len(&self) -> usize {
        match self.size {
            Size::Aes128 => 16,
            Size::Aes192 => 24,
            Size::Aes256 => 32,
        }
    }
}

impl Drop for AesKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl PartialEq for AesKey {
    fn eq(&self, other: &Self) -> bool {
        crate::ct_eq(self.as_bytes(), other.as_bytes())
    }
}

impl Eq for AesKey {}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AesKey({} bits)", self.len() * 8)
    }
}

impl From<[u8; 16]> for AesKey {
    fn from(mut bytes: [u8; 16]) -> Self {
        let key = Self::aes128(&bytes);
        bytes.zeroize();
        key
    }
}

/// Encrypts one block (FIPS 197).
pub fn aes_ecb_encrypt(key: &AesKey, block: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut block = Array::from(*block);
    match key.size {
        Size::Aes128 => cipher::<Aes128>(key).encrypt_block(&mut block),
        Size::Aes192 => cipher::<Aes192>(key).encrypt_block(&mut block),
        Size::Aes256 => cipher::<Aes256>(key).encrypt_block(&mut block),
    }
    block.into()
}

/// Decrypts one block (FIPS 197).
pub fn aes_ecb_decrypt(key: &AesKey, block: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut block = Array::from(*block);
    match key.size {
        Size::Aes128 => cipher::<Aes128>(key).decrypt_block(&mut block),
        Size::Aes192 => cipher::<Aes192>(key).decrypt_block(&mut block),
        Size::Aes256 => cipher::<Aes256>(key).decrypt_block(&mut block),
    }
    block.into()
}

/// CBC encryption of whole blocks (NIST SP 800-38A §6.2).
pub fn aes_cbc_encrypt(
    key: &AesKey,
    iv: &[u8; BLOCK],
    data: &[u8],
) -> Result<Vec<u8>, NotWholeBlocks> {
    fn run<C: BlockCipherEncrypt<BlockSize = U16> + KeyInit>(
        key: &AesKey,
        iv: &[u8; BLOCK],
        blocks: &mut [Array<u8, U16>],
    ) {
        let mut mode = cbc::Encryptor::<C>::inner_iv_init(cipher(key), &Array::from(*iv));
        mode.encrypt_blocks(blocks);
    }
    let mut out = data.to_vec();
    let blocks = whole_blocks(&mut out)?;
    match key.size {
        Size::Aes128 => run::<Aes128>(key, iv, blocks),
        Size::Aes192 => run::<Aes192>(key, iv, blocks),
        Size::Aes256 => run::<Aes256>(key, iv, blocks),
    }
    Ok(out)
}

/// CBC decryption of whole blocks (NIST SP 800-38A §6.2).
pub fn aes_cbc_decrypt(
    key: &AesKey,
    iv: &[u8; BLOCK],
    data: &[u8],
) -> Result<Vec<u8>, NotWholeBlocks> {
    fn run<C: BlockCipherDecrypt<BlockSize = U16> + KeyInit>(
        key: &AesKey,
        iv: &[u8; BLOCK],
        blocks: &mut [Array<u8, U16>],
    ) {
        let mut mode = cbc::Decryptor::<C>::inner_iv_init(cipher(key), &Array::from(*iv));
        mode.decrypt_blocks(blocks);
    }
    let mut out = data.to_vec();
    let blocks = whole_blocks(&mut out)?;
    match key.size {
        Size::Aes128 => run::<Aes128>(key, iv, blocks),
        Size::Aes192 => run::<Aes192>(key, iv, blocks),
        Size::Aes256 => run::<Aes256>(key, iv, blocks),
    }
    Ok(out)
}

/// AES-CMAC over the concatenation of `parts` (NIST SP 800-38B, RFC 4493).
pub fn cmac(key: &AesKey, parts: &[&[u8]]) -> [u8; BLOCK] {
    fn run<M: Mac<OutputSize = U16>>(mut mac: M, parts: &[&[u8]]) -> [u8; BLOCK] {
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
    match key.size {
        Size::Aes128 => run(cipher::<Cmac<Aes128>>(key), parts),
        Size::Aes192 => run(cipher::<Cmac<Aes192>>(key), parts),
        Size::Aes256 => run(cipher::<Cmac<Aes256>>(key), parts),
    }
}

/// Whether `mac`, of 1 to 16 bytes, begins the AES-CMAC over `parts`; compared in constant time.
pub fn cmac_verify(key: &AesKey, parts: &[&[u8]], mac: &[u8]) -> bool {
    let whole = cmac(key, parts);
    !mac.is_empty()
        && whole
            .get(..mac.len())
            .is_some_and(|head| crate::ct_eq(head, mac))
}

pub(crate) fn cipher<C: KeyInit>(key: &AesKey) -> C {
    let mut bytes = Array::<u8, C::KeySize>::default();
    // `Size` and the cipher are chosen together at every call, so the lengths agree.
    bytes.copy_from_slice(key.as_bytes());
    let cipher = C::new(&bytes);
    bytes.as_mut_slice().zeroize();
    cipher
}

fn whole_blocks(data: &mut [u8]) -> Result<&mut [Array<u8, U16>], NotWholeBlocks> {
    let len = data.len();
    match Array::slice_as_chunks_mut(data) {
        (blocks, []) => Ok(blocks),
        _ => Err(NotWholeBlocks(len)),
    }
}

/// An AES key has 16, 24 or 32 bytes, not this many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLength(pub usize);

impl fmt::Display for KeyLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an AES key has 16, 24 or 32 bytes, not {}", self.0)
    }
}

impl core::error::Error for KeyLength {}

/// CBC without padding takes a multiple of 16 bytes, not this many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotWholeBlocks(pub usize);

impl fmt::Display for NotWholeBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes are not whole AES blocks", self.0)
    }
}

impl core::error::Error for NotWholeBlocks {}
