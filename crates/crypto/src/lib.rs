//! The cryptographic primitives that Hydra uses, each behind one small function or type: AES, CMAC, SHA-1 and
//! SHA-256, HMAC, HKDF, AES-GCM, P-256, and [`Random`], the one source of keys, salts and nonces.
//!
//! What a Java Card applet may ask for is chosen at run time and comes in pieces: [`BlockCipher`] with the modes
//! [`Ctr`], [`Cfb`], [`Xts`], [`Gcm`], [`Ccm`] and [`Siv`], [`CbcMac`] and [`CmacState`], [`Hash`](struct@Hash) and [`Hmac`], [`Checksum`];
//! [`rsa`], [`EcCurve`] with any parameters over a prime or binary field, [`DhGroup`], [`DsaGroup`], [`Ed25519`] and [`X25519`].
//!
//! `no_std`, over RustCrypto. It knows no protocol: SCP03 is `gp`'s, COSE is `message`'s. Randomness comes from
//! outside: the card and the servers are given a [`Random`], the operating system's one is behind the feature `system`.
//!
//! ```
//! use hydra_crypto::{Random, SecretKey, SeededRandom, sha256};
//!
//! let mut random = SeededRandom::new(b"a seed");
//! let key = SecretKey::draw(&mut random, "example key", 0);
//! let signature = key.sign(b"one figure a month");
//! assert!(key.public().verify(b"one figure a month", &signature).is_ok());
//! assert!(key.public().verify(b"two figures", &signature).is_err());
//! assert_eq!(sha256(b"")[..4], [0xE3, 0xB0, 0xC4, 0x42]);
//! ```
#![no_std]
#![warn(missing_docs)]
extern crate alloc;
#[cfg(feature = "system")]
extern crate std;

mod aead;
mod aes;
mod block;
mod checksum;
mod curve25519;
mod dh;
mod digest;
mod dsa;
mod ec;
mod gcm;
mod hash;
mod hmac;
mod mac;
mod mode;
mod order;
mod p256;
mod padding;
mod random;
pub mod rsa;
mod siv;

use alloc::vec::Vec;

pub use crate::aead::{Ccm, Gcm};
pub use crate::aes::{
    AesKey, BLOCK, KeyLength, NotWholeBlocks, aes_cbc_decrypt, aes_cbc_encrypt, aes_ecb_decrypt,
    aes_ecb_encrypt, cmac, cmac_verify,
};
pub use crate::block::{BlockCipher, Chain, DesKeyLength};
pub use crate::checksum::Checksum;
pub use crate::curve25519::{Ed25519, X25519};
pub use crate::dh::{DhError, DhGroup};
pub use crate::digest::{Hash, HashAlgorithm, HashValue};
pub use crate::dsa::{DsaError, DsaGroup};
pub use crate::ec::{
    BinaryParameters, EcCurve, EcError, EcParameters, NamedBinaryCurve, NamedCurve,
};
pub use crate::gcm::{NONCE, TAG, Unauthentic, gcm_open, gcm_seal};
pub use crate::hash::{
    Sha1, Sha256, TooMuchOutput, hkdf_sha256, hmac_sha256, hmac_sha256_verify, sha1, sha256,
};
pub use crate::hmac::Hmac;
pub use crate::mac::{CbcMac, CmacState};
pub use crate::mode::{Cfb, Ctr, Xts};
pub use crate::order::divided_scalar;
pub use crate::p256::{BadSignature, InvalidKey, PublicKey, SIGNATURE, SecretKey};
pub use crate::padding::Padding;
#[cfg(feature = "system")]
pub use crate::random::{GeneratorFailed, SystemRandom};
pub use crate::random::{Random, SeededRandom};
pub use crate::siv::Siv;

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    use subtle::{Choice, ConstantTimeEq};
    if a.len() != b.len() {
        return false;
    }
    // Eight bytes at once: one by one they take as long as a cipher, which looks at its key each time.
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks(), b.as_chunks());
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let words = a.iter().zip(b).map(|(a, b)| word(a).ct_eq(&word(b)));
    let equal = words.fold(Choice::from(1), |all, one| all & one);
    (equal & a_rest.ct_eq(b_rest)).into()
}

/// The leftmost bits of a string as a number; all of them if there are fewer (RFC 6979 §2.3.2).
pub(crate) fn leftmost_bits(bytes: &[u8], bits: u32) -> Vec<u8> {
    let length = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
    let Some(bytes) = bytes.get(..length) else {
        return bytes.to_vec();
    };
    let shift = (8 - bits % 8) % 8;
    let mut above = 0;
    bytes
        .iter()
        .map(|byte| {
            let wide = u16::from(above) << 8 | u16::from(*byte);
            above = *byte;
            let [_, low] = (wide >> shift).to_be_bytes();
            low
        })
        .collect()
}
