use core::fmt;

use ::aes::cipher::common::InnerIvInit;
use ::aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, IvState,
    KeyInit, array::ArraySize,
};
use ::aes::{Aes128, Aes192, Aes256};
use ::des::{Des, TdesEde2, TdesEde3};

use crate::{KeyLength, NotWholeBlocks};

/// A block cipher with its expanded key, chosen at run time: AES of any key length, DES, 3DES with two or three keys.
///
/// Expanding is a good part of a short message's cost: keep this for as long as the key stays. Any DES key is taken,
/// weak ones too; parity bits are ignored. AES is constant-time; DES is not (its S-boxes are tables), as in the
/// library.
#[derive(Clone)]
pub struct BlockCipher(Inner);

#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "callers keep it in place, and AES is the usual one"
)]
enum Inner {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
    Des(Des),
    Tdes2(TdesEde2),
    Tdes3(TdesEde3),
}

macro_rules! each {
    ($inner:expr, $cipher:ident => $body:expr) => {
        match $inner {
            Inner::Aes128($cipher) => $body,
            Inner::Aes192($cipher) => $body,
            Inner::Aes256($cipher) => $body,
            Inner::Des($cipher) => $body,
            Inner::Tdes2($cipher) => $body,
            Inner::Tdes3($cipher) => $body,
        }
    };
}

impl BlockCipher {
    /// AES (FIPS 197) with a key of 16, 24 or 32 bytes.
    pub fn aes(key: &[u8]) -> Result<Self, KeyLength> {
        let error = KeyLength(key.len());
        match key.len() {
            16 => Aes128::new_from_slice(key).map(Inner::Aes128),
            24 => Aes192::new_from_slice(key).map(Inner::Aes192),
            _ => Aes256::new_from_slice(key).map(Inner::Aes256),
        }
        .map(Self)
        .map_err(|_| error)
    }

    /// AES-256 (FIPS 197).
    pub fn aes256(key: &[u8; 32]) -> Self {
        Self(Inner::Aes256(Aes256::new(&(*key).into())))
    }

    /// DES (FIPS 46-3) with a key of 8 bytes, 3DES (NIST SP 800-67) with one of 16 or 24.
    pub fn des(key: &[u8]) -> Result<Self, DesKeyLength> {
        let error = DesKeyLength(key.len());
        match key.len() {
            8 => Des::new_from_slice(key).map(Inner::Des),
            16 => TdesEde2::new_from_slice(key).map(Inner::Tdes2),
            _ => TdesEde3::new_from_slice(key).map(Inner::Tdes3),
        }
        .map(Self)
        .map_err(|_| error)
    }

    /// Bytes in a block: 16 of AES, 8 of DES.
    pub fn block_len(&self) -> usize {
        match self.0 {
            Inner::Aes128(_) | Inner::Aes192(_) | Inner::Aes256(_) => 16,
            Inner::Des(_) | Inner::Tdes2(_) | Inner::Tdes3(_) => 8,
        }
    }

    /// Encrypts whole blocks, each by itself (NIST SP 800-38A §6.1).
    pub fn ecb_encrypt(&self, data: &mut [u8]) -> Result<(), NotWholeBlocks> {
        each!(&self.0, cipher => {
            cipher.encrypt_blocks(blocks(data)?);
        });
        Ok(())
    }

    /// Decrypts whole blocks, each by itself (NIST SP 800-38A §6.1).
    pub fn ecb_decrypt(&self, data: &mut [u8]) -> Result<(), NotWholeBlocks> {
        each!(&self.0, cipher => {
            cipher.decrypt_blocks(blocks(data)?);
        });
        Ok(())
    }

    /// Encrypts whole blocks in CBC (NIST SP 800-38A §6.2). The chaining block, the initial vector at first, is what
    /// the next call goes on with.
    pub fn cbc_encrypt(&self, chain: &mut Chain, data: &mut [u8]) -> Result<(), NotWholeBlocks> {
        fn run<C: BlockCipherEncrypt>(
            cipher: &C,
            chain: &mut Chain,
            data: &mut [u8],
        ) -> Result<(), NotWholeBlocks> {
            let blocks = blocks::<C::BlockSize>(data)?;
            let mut mode = cbc::Encryptor::<&C>::inner_iv_init(cipher, &chain.get());
            mode.encrypt_blocks(blocks);
            chain.set(&mode.iv_state());
            Ok(())
        }
        each!(&self.0, cipher => run(cipher, chain, data))
    }

    /// Decrypts whole blocks in CBC (NIST SP 800-38A §6.2); `chain` as in [`cbc_encrypt`](Self::cbc_encrypt).
    pub fn cbc_decrypt(&self, chain: &mut Chain, data: &mut [u8]) -> Result<(), NotWholeBlocks> {
        fn run<C: BlockCipherDecrypt>(
            cipher: &C,
            chain: &mut Chain,
            data: &mut [u8],
        ) -> Result<(), NotWholeBlocks> {
            let blocks = blocks::<C::BlockSize>(data)?;
            let mut mode = cbc::Decryptor::<&C>::inner_iv_init(cipher, &chain.get());
            mode.decrypt_blocks(blocks);
            chain.set(&mode.iv_state());
            Ok(())
        }
        each!(&self.0, cipher => run(cipher, chain, data))
    }

    /// Chains whole blocks as CBC does and keeps the last one only: the arithmetic of CBC-MAC (ISO/IEC 9797-1).
    pub fn cbc_mac(&self, chain: &mut Chain, data: &[u8]) -> Result<(), NotWholeBlocks> {
        fn run<C: BlockCipherEncrypt>(cipher: &C, chain: &mut Chain, data: &[u8]) {
            let mut block = chain.get::<C::BlockSize>();
            for input in data.chunks_exact(C::block_size()) {
                block
                    .iter_mut()
                    .zip(input)
                    .for_each(|(to, from)| *to ^= from);
                cipher.encrypt_block(&mut block);
            }
            chain.set(&block);
        }
        if !data.len().is_multiple_of(self.block_len()) {
            return Err(NotWholeBlocks(data.len()));
        }
        each!(&self.0, cipher => run(cipher, chain, data));
        Ok(())
    }

    /// Encrypts one block of this cipher's length in place; shorter data is left as it is.
    pub(crate) fn encrypt_block(&self, block: &mut [u8; 16]) {
        let len = self.block_len();
        each!(&self.0, cipher => if let Ok(blocks) = blocks(&mut block[..len]) {
            cipher.encrypt_blocks(blocks);
        });
    }
}

impl fmt::Debug for BlockCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Aes128(_) => "AES-128",
            Inner::Aes192(_) => "AES-192",
            Inner::Aes256(_) => "AES-256",
            Inner::Des(_) => "DES",
            Inner::Tdes2(_) => "3DES with two keys",
            Inner::Tdes3(_) => "3DES with three keys",
        })
    }
}

/// A chaining block: the first 16 bytes for AES, the first 8 for DES.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain(pub [u8; 16]);

impl Chain {
    /// An initial vector of at most 16 bytes; the rest is zero.
    pub fn new(iv: &[u8]) -> Self {
        let mut chain = [0; 16];
        for (to, from) in chain.iter_mut().zip(iv) {
            *to = *from;
        }
        Self(chain)
    }

    fn get<N: ArraySize>(&self) -> Array<u8, N> {
        let mut block = Array::<u8, N>::default();
        for (to, from) in block.iter_mut().zip(self.0) {
            *to = from;
        }
        block
    }

    fn set(&mut self, block: &[u8]) {
        for (to, from) in self.0.iter_mut().zip(block) {
            *to = *from;
        }
    }
}

fn blocks<N: ArraySize>(data: &mut [u8]) -> Result<&mut [Array<u8, N>], NotWholeBlocks> {
    let len = data.len();
    match Array::slice_as_chunks_mut(data) {
        (blocks, []) => Ok(blocks),
        _ => Err(NotWholeBlocks(len)),
    }
}

/// A DES or 3DES key has 8, 16 or 24 bytes, not this many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DesKeyLength(pub usize);

impl fmt::Display for DesKeyLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a DES or 3DES key has 8, 16 or 24 bytes, not {}", self.0)
    }
}

impl core::error::Error for DesKeyLength {}
