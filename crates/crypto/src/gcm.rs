use alloc::vec::Vec;
use core::fmt;

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};

use crate::AesKey;
use crate::aes::cipher;

/// Bytes in a nonce.
pub const NONCE: usize = 12;

/// Bytes in an authentication tag, which follows the ciphertext.
pub const TAG: usize = 16;

type Aes192Gcm = AesGcm<::aes::Aes192, U12>;

/// AES-GCM (NIST SP 800-38D): the ciphertext followed by its 16-byte tag. A nonce must never be used twice with a key.
///
/// # Panics
///
/// With 64 GiB of plaintext or more, which the algorithm cannot take.
pub fn gcm_seal(key: &AesKey, nonce: &[u8; NONCE], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    fn run<C: Aead<NonceSize = U12> + KeyInit>(
        key: &AesKey,
        nonce: &[u8; NONCE],
        payload: Payload<'_, '_>,
    ) -> Result<Vec<u8>, aes_gcm::Error> {
        cipher::<C>(key).encrypt(&(*nonce).into(), payload)
    }
    let payload = Payload {
        msg: plaintext,
        aad,
    };
    let sealed = match key.len() {
        16 => run::<Aes128Gcm>(key, nonce, payload),
        24 => run::<Aes192Gcm>(key, nonce, payload),
        _ => run::<Aes256Gcm>(key, nonce, payload),
    };
    #[allow(
        clippy::expect_used,
        reason = "only a length beyond any message in memory is refused, and sending it unsealed is no choice"
    )]
    sealed.expect("less than 64 GiB")
}

/// Opens what [`gcm_seal`] made; nothing of a message whose tag does not fit is given out.
pub fn gcm_open(
    key: &AesKey,
    nonce: &[u8; NONCE],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, Unauthentic> {
    fn run<C: Aead<NonceSize = U12> + KeyInit>(
        key: &AesKey,
        nonce: &[u8; NONCE],
        payload: Payload<'_, '_>,
    ) -> Result<Vec<u8>, aes_gcm::Error> {
        cipher::<C>(key).decrypt(&(*nonce).into(), payload)
    }
    let payload = Payload { msg: sealed, aad };
    match key.len() {
        16 => run::<Aes128Gcm>(key, nonce, payload),
        24 => run::<Aes192Gcm>(key, nonce, payload),
        _ => run::<Aes256Gcm>(key, nonce, payload),
    }
    .map_err(|_| Unauthentic)
}

/// The message, its additional data, its nonce or its key is not the one that was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unauthentic;

impl fmt::Display for Unauthentic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the authentication tag does not fit the message")
    }
}

impl core::error::Error for Unauthentic {}
