use alloc::vec;
use core::fmt;

use ::p256::ecdsa::signature::hazmat::PrehashVerifier;
use ::p256::ecdsa::signature::{Signer, Verifier};
use ::p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use zeroize::{Zeroize, Zeroizing};

use crate::Random;

/// Bytes in a signature: r and s, 32 each.
pub const SIGNATURE: usize = 64;

/// A P-256 private key (NIST SP 800-186 §3.2.1.3). Wiped when dropped; never shown by `Debug`.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of this big-endian scalar, which must be neither zero nor as large as the group's order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidKey> {
        SigningKey::from_bytes(&(*bytes).into())
            .map(Self)
            .map_err(|_| InvalidKey)
    }

    /// A key drawn from `random` by rejection (FIPS 186-5 §A.2.2), so that every scalar is equally likely.
    pub fn draw(random: &mut dyn Random, purpose: &str, counter: u64) -> Self {
        let mut tries = 1;
        loop {
            // A draw is keyed, so a longer one is asked for its last 32 bytes: the same draw would fail the same way.
            let mut drawn = Zeroizing::new(vec![0; tries * 32]);
            random.draw(purpose, counter, &mut drawn);
            let mut scalar = [0; 32];
            scalar.copy_from_slice(&drawn[(tries - 1) * 32..]);
            let key = Self::from_bytes(&scalar);
            scalar.zeroize();
            match key {
                Ok(key) => return key,
                Err(InvalidKey) => tries += 1,
            }
        }
    }

    /// The scalar, big-endian, for storing it.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// ECDSA with SHA-256 and the deterministic nonce of RFC 6979: r ‖ s.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE] {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes().into()
    }

    /// ECDSA over a hash that was made before, 32 bytes, with the deterministic nonce of RFC 6979: r ‖ s.
    pub fn sign_hash(&self, hash: &[u8; 32]) -> [u8; SIGNATURE] {
        let (signature, _) = self.0.sign_prehash_recoverable(hash);
        signature.to_bytes().into()
    }

    /// ECDH (NIST SP 800-56A §5.7.1.2): the x coordinate of the shared point.
    pub fn ecdh(&self, peer: &PublicKey) -> Zeroizing<[u8; 32]> {
        let shared = ::p256::elliptic_curve::ecdh::diffie_hellman(
            self.0.as_nonzero_scalar(),
            peer.0.as_affine(),
        );
        Zeroizing::new((*shared.raw_secret_bytes()).into())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(P-256)")
    }
}

/// A P-256 public key: a point on the curve other than infinity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Bytes in an uncompressed point.
    pub const LEN: usize = 65;

    /// Reads a point as SEC 1 §2.3.4 writes it, uncompressed (65 bytes) or compressed (33 bytes), and checks that it
    /// lies on the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        VerifyingKey::from_sec1_bytes(bytes)
            .map(Self)
            .map_err(|_| InvalidKey)
    }

    /// The uncompressed point: 04 ‖ x ‖ y.
    pub fn to_bytes(&self) -> [u8; 65] {
        let mut out = [0; 65];
        out.copy_from_slice(self.0.to_sec1_point(false).as_bytes());
        out
    }

    /// Checks an ECDSA signature r ‖ s over SHA-256 of `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        self.0.verify(message, &signature).map_err(|_| BadSignature)
    }

    /// Checks an ECDSA signature r ‖ s over a hash that was made before.
    pub fn verify_hash(&self, hash: &[u8; 32], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        self.0
            .verify_prehash(hash, &signature)
            .map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(P-256 ")?;
        for byte in self.to_bytes() {
            write!(f, "{byte:02X}")?;
        }
        f.write_str(")")
    }
}

/// The bytes are no private key or no point of P-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a key of the curve P-256")
    }
}

impl core::error::Error for InvalidKey {}

/// The signature is not the key's over this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ECDSA signature does not verify")
    }
}

impl core::error::Error for BadSignature {}
