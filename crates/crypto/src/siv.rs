//! Authenticated encryption that needs no nonce: AES-SIV.

use zeroize::Zeroize;

use crate::mac::double;
use crate::mode::xor;
use crate::{BLOCK, BlockCipher, CmacState, Ctr, KeyLength, Unauthentic, ct_eq};

/// AES-SIV (RFC 5297). The initial vector is a MAC of all that goes in, so that equal messages under equal additional
/// data give equal ciphertexts, and nothing else is given away by what is sealed twice.
#[derive(Clone, Debug)]
pub struct Siv {
    mac: BlockCipher,
    stream: BlockCipher,
    /// Where S2V begins: the MAC of a block of zeros.
    start: [u8; BLOCK],
}

impl Siv {
    /// With a key of twice 16, 24 or 32 bytes: the first half authenticates, the second encrypts.
    pub fn new(key: &[u8]) -> Result<Self, KeyLength> {
        let (first, second) = key.split_at(key.len() / 2);
        Ok(Self::with(
            BlockCipher::aes(first)?,
            BlockCipher::aes(second)?,
        ))
    }

    /// With two AES-256 keys: the first authenticates, the second encrypts.
    pub fn aes256(first: &[u8; 32], second: &[u8; 32]) -> Self {
        Self::with(BlockCipher::aes256(first), BlockCipher::aes256(second))
    }

    fn with(mac: BlockCipher, stream: BlockCipher) -> Self {
        let start = cmac(&mac, &[0; BLOCK]);
        Self { mac, stream, start }
    }

    /// Encrypts in place; the initial vector, which is the tag too.
    pub fn seal(&self, aad: &[&[u8]], data: &mut [u8]) -> [u8; BLOCK] {
        let iv = self.s2v(aad, data);
        self.crypt(&iv, data);
        iv
    }

    /// Decrypts in place what [`seal`](Self::seal) made. What is not authentic is wiped.
    pub fn open(
        &self,
        aad: &[&[u8]],
        iv: &[u8; BLOCK],
        data: &mut [u8],
    ) -> Result<(), Unauthentic> {
        self.crypt(iv, data);
        if ct_eq(&self.s2v(aad, data), iv) {
            Ok(())
        } else {
            data.zeroize();
            Err(Unauthentic)
        }
    }

    /// RFC 5297 §2.4 S2V
    fn s2v(&self, aad: &[&[u8]], data: &[u8]) -> [u8; BLOCK] {
        let mut d = self.start;
        for part in aad {
            double(&mut d);
            xor(&mut d, &cmac(&self.mac, part));
        }
        match data.split_last_chunk::<BLOCK>() {
            Some((head, last)) => {
                xor(&mut d, last);
                let mut state = CmacState::new();
                state.update(&self.mac, head);
                state.update(&self.mac, &d);
                state.finish(&self.mac)
            }
            None => {
                double(&mut d);
                xor(&mut d[..data.len()], data);
                d[data.len()] ^= 0x80;
                cmac(&self.mac, &d)
            }
        }
    }

    /// RFC 5297 §2.5 CTR: two bits of the initial vector do not count.
    fn crypt(&self, iv: &[u8; BLOCK], data: &mut [u8]) {
        let mut counter = *iv;
        counter[8] &= 0x7F;
        counter[12] &= 0x7F;
        Ctr::new(&counter).apply(&self.stream, data);
    }
}

impl Drop for Siv {
    fn drop(&mut self) {
        self.start.zeroize();
    }
}

fn cmac(cipher: &BlockCipher, data: &[u8]) -> [u8; BLOCK] {
    let mut state = CmacState::new();
    state.update(cipher, data);
    state.finish(cipher)
}
