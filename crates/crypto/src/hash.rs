use core::fmt;

use ::hmac::{Hmac, KeyInit, Mac};
use ::sha2::Digest;
use hkdf::Hkdf;

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $len:literal, $function:ident, $(#[$function_doc:meta])*) => {
        $(#[$doc])*
        #[derive(Clone, Default)]
        pub struct $name($inner);

        impl $name {
            /// Bytes in the digest.
            pub const LEN: usize = $len;

            /// The digest of nothing yet.
            pub fn new() -> Self {
                Self::default()
            }

            /// Takes more of the message.
            pub fn update(&mut self, data: &[u8]) {
                self.0.update(data);
            }

            /// The same digest with more of the message.
            pub fn chain(mut self, data: &[u8]) -> Self {
                self.update(data);
                self
            }

            /// The digest of all that was taken.
            pub fn finish(self) -> [u8; $len] {
                self.0.finalize().into()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        $(#[$function_doc])*
        pub fn $function(data: &[u8]) -> [u8; $len] {
            <$inner>::digest(data).into()
        }
    };
}

digest!(
    /// SHA-1 (FIPS 180-4), piece by piece. For GlobalPlatform's older hashes only: it resists no collisions.
    Sha1,
    ::sha1::Sha1,
    20,
    sha1,
    /// SHA-1 of a whole message (FIPS 180-4).
);
digest!(
    /// SHA-256 (FIPS 180-4), piece by piece.
    Sha256,
    ::sha2::Sha256,
    32,
    sha256,
    /// SHA-256 of a whole message (FIPS 180-4).
);

/// HMAC-SHA-256 over the concatenation of `parts` (RFC 2104, FIPS 198-1); the key has any length.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether `mac` is the HMAC-SHA-256 over `parts`; compared in constant time.
pub fn hmac_sha256_verify(key: &[u8], parts: &[&[u8]], mac: &[u8]) -> bool {
    crate::ct_eq(&hmac_sha256(key, parts), mac)
}

/// HKDF with SHA-256 (RFC 5869): extract with `salt` (empty is the RFC's default), expand with `info` into all of `out`.
pub fn hkdf_sha256(
    salt: &[u8],
    secret: &[u8],
    info: &[u8],
    out: &mut [u8],
) -> Result<(), TooMuchOutput> {
    Hkdf::<::sha2::Sha256>::new(Some(salt), secret)
        .expand(info, out)
        .map_err(|_| TooMuchOutput(out.len()))
}

fn keyed(key: &[u8]) -> Hmac<::sha2::Sha256> {
    // RFC 2104 hashes a key longer than a block and pads a shorter one; doing it here leaves the constructor nothing to refuse.
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&sha256(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mac = Hmac::new(&block.into());
    zeroize::Zeroize::zeroize(&mut block);
    mac
}

/// HKDF-SHA-256 gives at most 255 × 32 bytes, not this many (RFC 5869 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuchOutput(pub usize);

impl fmt::Display for TooMuchOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HKDF-SHA-256 gives at most 8160 bytes, not {}", self.0)
    }
}

impl core::error::Error for TooMuchOutput {}
