//! The Merkle tree of a period's intervals (RFC 6962 §2.1), with a secret salt a leaf, so that no half-hour can be
//! guessed from its siblings.

use alloc::vec::Vec;

use hydra_crypto::sha256;

use crate::{Digest, Salt};

/// The salt of leaf `index`: the first 16 bytes of SHA-256(leaf salt key ‖ index (4)).
pub fn leaf_salt(key: &Digest, index: u32) -> Salt {
    let mut preimage = [0; 36];
    preimage[..32].copy_from_slice(key);
    preimage[32..].copy_from_slice(&index.to_be_bytes());
    let mut salt = [0; 16];
    salt.copy_from_slice(&sha256(&preimage)[..16]);
    salt
}

/// The hash of an interval: SHA-256(`00` ‖ salt (16) ‖ start, seconds UTC (4) ‖ Wh (4)).
pub fn leaf(salt: &Salt, start: u32, wh: u32) -> Digest {
    let mut preimage = [0; 25];
    preimage[1..17].copy_from_slice(salt);
    preimage[17..21].copy_from_slice(&start.to_be_bytes());
    preimage[21..].copy_from_slice(&wh.to_be_bytes());
    sha256(&preimage)
}

/// SHA-256(`01` ‖ left ‖ right).
pub fn node(left: &Digest, right: &Digest) -> Digest {
    let mut preimage = [1; 65];
    preimage[1..33].copy_from_slice(left);
    preimage[33..].copy_from_slice(right);
    sha256(&preimage)
}

/// The root over leaf hashes in order of arrival; of none, SHA-256 of nothing.
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sha256(&[]),
        [one] => *one,
        several => {
            // The largest power of two below the number of leaves.
            let split = several.len().next_power_of_two() / 2;
            node(&root(&several[..split]), &root(&several[split..]))
        }
    }
}

/// The root over a period's intervals, `(start, Wh)`.
pub fn root_of_intervals(leaf_salt_key: &Digest, intervals: &[(u32, u32)]) -> Digest {
    let leaves: Vec<Digest> = (0..)
        .zip(intervals)
        .map(|(index, (start, wh))| leaf(&leaf_salt(leaf_salt_key, index), *start, *wh))
        .collect();
    root(&leaves)
}
