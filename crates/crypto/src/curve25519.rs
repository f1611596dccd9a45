use core::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// An Ed25519 private key (RFC 8032 §5.1): 32 bytes, of which the scalar and the prefix are derived. Signing is
/// constant-time. Wiped when dropped.
#[derive(Clone)]
pub struct Ed25519(SigningKey);

impl Ed25519 {
    /// The key of these bytes.
    pub fn new(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public key (§5.1.5).
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The signature of a message (§5.1.6): R ‖ S.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Whether the signature is the public key's over the message (§5.1.7); keys and points of small order are not taken.
    pub fn verify(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        VerifyingKey::from_bytes(public)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }

    /// Whether these bytes are a point of the curve.
    pub fn is_public(public: &[u8; 32]) -> bool {
        VerifyingKey::from_bytes(public).is_ok()
    }
}

impl fmt::Debug for Ed25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519(…)")
    }
}

/// An X25519 private key (RFC 7748 §5): 32 bytes, clamped when used. Constant-time; wiped when dropped.
#[derive(Clone)]
pub struct X25519(StaticSecret);

impl X25519 {
    /// The key of these bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*secret))
    }

    /// The public key (§6.1).
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }

    /// The secret shared with a peer (§6.1); `None` when it is all zeros, which a peer's key of small order gives.
    pub fn shared(&self, peer: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        let shared = self.0.diffie_hellman(&PublicKey::from(*peer));
        shared
            .was_contributory()
            .then(|| Zeroizing::new(shared.to_bytes()))
    }
}

impl fmt::Debug for X25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("X25519(…)")
    }
}
