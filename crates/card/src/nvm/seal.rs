//! Encryption of what lies on the medium, and why nothing of it is ever encrypted twice in the same way.
//!
//! The key K (32 bytes) is only derived from (HKDF-SHA-256, RFC 5869): one key authenticates headers (CMAC), and from K
//! and an area's salt come the two keys with which everything in that area is sealed (AES-256-SIV, RFC 5297). Snapshot
//! and commits are sealed whole, and stored as the initial vector and the ciphertext. Additional data is what the
//! sealed thing is (snapshot or commit), generation, number of the commit, and the initial vector of the snapshot or
//! commit before it.
//!
//! **No nonce can repeat, because none is chosen.** A counter as nonce would repeat whenever an image is put back to a
//! copy, or a commit is tried again after power cut the first try short; a random nonce hangs on the generator. SIV's
//! initial vector is a MAC of the content and of all before it: two different things get different vectors (but for
//! the chance of a collision of 128-bit MACs), and the same vector comes only where the same content follows the same
//! history, which is then the same ciphertext. So whoever has copies of a medium before and after it was put back
//! learns where the card did again exactly what it had done, and nothing more.
//!
//! **Nothing can be put together.** Each vector is part of the next one's input, so a commit opens only behind the
//! commits that it followed: no mixture of two histories that began alike is a card. A new area's salt is a MAC of the
//! last vector of the area before it, so that areas of different histories have different keys. The first salt is
//! drawn; cards with one key differ by it.
//!
//! What a medium still tells: sizes of snapshot and commits (in blocks of 256 bytes), how many there were and, to who
//! watches, when; the header's numbers; that a card is Hydra's. And a medium that ends earlier in its own history is
//! whole: rollback is the counter's to see.

use alloc::vec::Vec;
use core::fmt;

use hydra_crypto::{AesKey, BLOCK, Siv, cmac, cmac_verify, hkdf_sha256};
use zeroize::{Zeroize, Zeroizing};

/// The secret that an image is encrypted with, given whenever the card is powered up. Its owner keeps it apart from the
/// image.
#[derive(Clone)]
pub struct ImageKey(Zeroizing<[u8; 32]>);

impl ImageKey {
    /// From 32 bytes, which must be random.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for ImageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImageKey(…)")
    }
}

/// What makes an area's keys different from every other's.
pub(super) type Salt = [u8; BLOCK];

/// What a sealed thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Snapshot { generation: u64 },
    Commit { generation: u64, number: u32 },
}

/// Seals and opens what is in one area, in order.
pub(super) struct Seal {
    key: ImageKey,
    salt: Salt,
    area: Siv,
    /// The initial vector of the last thing sealed or opened here.
    chain: [u8; BLOCK],
}

impl Seal {
    pub(super) fn new(key: &ImageKey, salt: Salt) -> Self {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        // 32 bytes are well below what HKDF gives.
        let _ = hkdf_sha256(&salt, &*key.0, b"hydra image area mac", &mut first);
        let _ = hkdf_sha256(&salt, &*key.0, b"hydra image area stream", &mut second);
        let area = Siv::aes256(&first, &second);
        first.zeroize();
        second.zeroize();
        Self {
            key: key.clone(),
            salt,
            area,
            chain: [0; BLOCK],
        }
    }

    pub(super) fn salt(&self) -> Salt {
        self.salt
    }

    /// The initial vector of the last thing sealed or opened.
    pub(super) fn chain(&self) -> [u8; BLOCK] {
        self.chain
    }

    /// The seal of the area that comes after what this one has last seen.
    pub(super) fn next(&self, generation: u64) -> Self {
        let parts: [&[u8]; 4] = [
            b"hydra image salt",
            &self.salt,
            &self.chain,
            &generation.to_be_bytes(),
        ];
        Self::new(&self.key, cmac(&header_key(&self.key), &parts))
    }

    /// Encrypts: initial vector and ciphertext take the plaintext's place.
    pub(super) fn seal(&mut self, place: Place, payload: &mut Vec<u8>) {
        let iv = self.area.seal(&[&self.context(place)], payload);
        payload.splice(..0, iv);
        self.chain = iv;
    }

    /// Decrypts what [`seal`](Self::seal) made at this place after the same things; `None` if it is not authentic.
    pub(super) fn open(&mut self, place: Place, payload: &mut Vec<u8>) -> Option<()> {
        let iv = *payload.first_chunk::<BLOCK>()?;
        payload.drain(..BLOCK);
        let context = self.context(place);
        self.area.open(&[&context], &iv, payload).ok()?;
        self.chain = iv;
        Some(())
    }

    fn context(&self, place: Place) -> [u8; 29] {
        let (kind, generation, number) = match place {
            Place::Snapshot { generation } => (1, generation, 0),
            Place::Commit { generation, number } => (2, generation, number),
        };
        let mut context = [kind; 29];
        context[1..9].copy_from_slice(&generation.to_be_bytes());
        context[9..13].copy_from_slice(&number.to_be_bytes());
        context[13..].copy_from_slice(&self.chain);
        context
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

/// The MAC that a header carries.
pub(super) fn header_mac(key: &ImageKey, header: &[u8]) -> [u8; BLOCK] {
    cmac(&header_key(key), &[b"hydra image header", header])
}

/// Whether a header carries the MAC that this key gives.
pub(super) fn is_of(key: &ImageKey, header: &[u8], mac: &[u8]) -> bool {
    cmac_verify(&header_key(key), &[b"hydra image header", header], mac)
}

fn header_key(key: &ImageKey) -> AesKey {
    let mut bytes = [0; 16];
    // 16 bytes are well below what HKDF gives.
    let _ = hkdf_sha256(&[], &*key.0, b"hydra image header key", &mut bytes);
    let header_key = AesKey::aes128(&bytes);
    bytes.zeroize();
    header_key
}
