use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};

use crate::{Hash, HashAlgorithm, ct_eq};

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01 FF… 00 and the DigestInfo of a hash, in `length` bytes. `None` when it does not
/// fit or the hash has no object identifier there.
pub fn pkcs1_encode_hash(algorithm: HashAlgorithm, hash: &[u8], length: usize) -> Option<Vec<u8>> {
    let prefix = digest_info(algorithm);
    let mut info = Vec::with_capacity(prefix.len() + hash.len());
    info.extend_from_slice(prefix);
    info.extend_from_slice(hash);
    pkcs1_encode_signed(&info, length)
}

/// Block type 1 of PKCS #1 v1.5 (RFC 2313 §8.1): 00 01 FF… 00 and the data, in `length` bytes. `None` when it does not
/// fit.
pub fn pkcs1_encode_signed(data: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = vec![0xFF; length];
    let start = length.checked_sub(data.len())?;
    if start < 11 {
        return None;
    }
    out[..2].copy_from_slice(&[0, 1]);
    out[start - 1] = 0;
    out[start..].copy_from_slice(data);
    Some(out)
}

/// The data of a block of type 1. It is public, so its padding is read as it stands.
pub fn pkcs1_decode_signed(block: &[u8]) -> Result<&[u8], BadPadding> {
    let Some(&[0, 1]) = block.first_chunk() else {
        return Err(BadPadding);
    };
    let rest = &block[2..];
    let count = rest.iter().take_while(|byte| **byte == 0xFF).count();
    match rest.get(count..) {
        Some([0, data @ ..]) if count >= 8 => Ok(data),
        _ => Err(BadPadding),
    }
}

/// RSAES-PKCS1-v1_5's block (RFC 8017 §7.2.1): 00 02, at least 8 random bytes other than zero, 00 and the message, in
/// `length` bytes. `None` when it does not fit.
pub fn pkcs1_encode_encrypted(
    message: &[u8],
    length: usize,
    draw: &mut dyn FnMut(&mut [u8]),
) -> Option<Vec<u8>> {
    let start = length.checked_sub(message.len())?;
    if start < 11 {
        return None;
    }
    let mut out = vec![0; length];
    draw(&mut out[2..start - 1]);
    for byte in &mut out[2..start - 1] {
        // One in 256 is zero and drawn anew.
        while *byte == 0 {
            draw(core::slice::from_mut(byte));
        }
    }
    out[1] = 2;
    out[start - 1] = 0;
    out[start..].copy_from_slice(message);
    Some(out)
}

/// The message of a block of type 2. Where the message begins and whether the padding is right is found in a time that
/// depends on the block's length alone; the answer is the caller's to keep.
pub fn pkcs1_decode_encrypted(block: &[u8]) -> Result<&[u8], BadPadding> {
    let (&[first, second], rest) = block.split_first_chunk().ok_or(BadPadding)?;
    let mut right = first.ct_eq(&0) & second.ct_eq(&2);
    let mut searching = Choice::from(1);
    let mut index = 0u32;
    for (i, byte) in (0u32..).zip(rest) {
        let found = searching & byte.ct_eq(&0);
        index.conditional_assign(&i, found);
        searching &= !found;
    }
    right &= !searching & index.ct_gt(&7);
    if !bool::from(right) {
        return Err(BadPadding);
    }
    let start = usize::try_from(index).map_err(|_| BadPadding)? + 1;
    rest.get(start..).ok_or(BadPadding)
}

/// EME-OAEP (RFC 8017 §7.1.1) with an empty label; the hash is MGF1's too. `None` when the message does not fit.
pub fn oaep_encode(
    algorithm: HashAlgorithm,
    message: &[u8],
    length: usize,
    draw: &mut dyn FnMut(&mut [u8]),
) -> Option<Vec<u8>> {
    let hash = algorithm.len();
    let block = length.checked_sub(1 + hash)?;
    let start = block.checked_sub(message.len())?;
    if start < hash + 1 {
        return None;
    }
    let mut out = vec![0; length];
    let (seed, data) = out[1..].split_at_mut(hash);
    draw(seed);
    data[..hash].copy_from_slice(&algorithm.hash(&[]));
    data[start - 1] = 1;
    data[start..].copy_from_slice(message);
    mask(algorithm, seed, data);
    mask(algorithm, data, seed);
    Some(out)
}

/// The message of an OAEP block, found in a time that depends on the block's length alone; the answer is the caller's to
/// keep.
pub fn oaep_decode(algorithm: HashAlgorithm, block: &[u8]) -> Result<Vec<u8>, BadPadding> {
    let hash = algorithm.len();
    if block.len() < 2 * hash + 2 {
        return Err(BadPadding);
    }
    let mut out = block.to_vec();
    let (first, masked) = out.split_at_mut(1);
    let (seed, data) = masked.split_at_mut(hash);
    mask(algorithm, data, seed);
    mask(algorithm, seed, data);
    let mut right = first[0].ct_eq(&0) & data[..hash].ct_eq(&algorithm.hash(&[]));
    let mut searching = Choice::from(1);
    let mut index = 0u32;
    for (i, byte) in (0u32..).zip(&data[hash..]) {
        let found = searching & byte.ct_eq(&1);
        index.conditional_assign(&i, found);
        right &= !searching | found | byte.ct_eq(&0);
        searching &= !found;
    }
    right &= !searching;
    if !bool::from(right) {
        return Err(BadPadding);
    }
    let start = hash + 1 + usize::try_from(index).map_err(|_| BadPadding)?;
    data.get(start..).map(<[u8]>::to_vec).ok_or(BadPadding)
}

/// EMSA-PSS (RFC 8017 §9.1.1) of a hash for a modulus of `bits` bits, with MGF1 of the same hash: as many bytes as the
/// modulus has. `None` when it does not fit.
pub fn pss_encode(
    algorithm: HashAlgorithm,
    hash: &[u8],
    salt: &[u8],
    bits: u32,
) -> Option<Vec<u8>> {
    let length = usize::try_from(bits.div_ceil(8)).ok()?;
    // The encoded message has one bit less than the modulus, and may so have one byte less.
    let encoded = usize::try_from((bits - 1).div_ceil(8)).ok()?;
    let block = encoded.checked_sub(algorithm.len() + 1)?;
    let start = block.checked_sub(salt.len() + 1)?;
    let mut out = vec![0; length];
    let (data, tail) = out[length - encoded..].split_at_mut(block);
    data[start] = 1;
    data[start + 1..].copy_from_slice(salt);
    let sealed = salted(algorithm, hash, salt);
    mask(algorithm, &sealed, data);
    data[0] &= 0xFF >> (8 * encoded - usize::try_from(bits - 1).ok()?);
    tail[..algorithm.len()].copy_from_slice(&sealed);
    tail[algorithm.len()] = 0xBC;
    Some(out)
}

/// EMSA-PSS's verification (RFC 8017 §9.1.2) with a salt of `salt` bytes.
pub fn pss_verify(
    algorithm: HashAlgorithm,
    hash: &[u8],
    salt: usize,
    block: &[u8],
    bits: u32,
) -> bool {
    check_pss(algorithm, hash, salt, block, bits).unwrap_or(false)
}

fn check_pss(
    algorithm: HashAlgorithm,
    hash: &[u8],
    salt: usize,
    block: &[u8],
    bits: u32,
) -> Option<bool> {
    let encoded = usize::try_from((bits - 1).div_ceil(8)).ok()?;
    let (over, block) = block.split_at_checked(block.len().checked_sub(encoded)?)?;
    let (data, tail) = block.split_at_checked(encoded.checked_sub(algorithm.len() + 1)?)?;
    let (sealed, trailer) = tail.split_at(algorithm.len());
    let mut data = data.to_vec();
    let start = data.len().checked_sub(salt + 1)?;
    let unused = 8 * encoded - usize::try_from(bits - 1).ok()?;
    if over.iter().any(|byte| *byte != 0)
        || trailer != [0xBC]
        || usize::from(data[0]) >> (8 - unused) != 0
    {
        return Some(false);
    }
    mask(algorithm, sealed, &mut data);
    data[0] &= 0xFF >> unused;
    let (padding, salted_from) = data.split_at(start);
    let right = padding.iter().all(|byte| *byte == 0)
        && salted_from[0] == 1
        && ct_eq(&salted(algorithm, hash, &salted_from[1..]), sealed);
    Some(right)
}

fn salted(algorithm: HashAlgorithm, hash: &[u8], salt: &[u8]) -> crate::HashValue {
    let mut sealed = Hash::new(algorithm);
    sealed.update(&[0; 8]);
    sealed.update(hash);
    sealed.update(salt);
    sealed.finish()
}

/// MGF1 (RFC 8017 §B.2.1), added to `target`.
fn mask(algorithm: HashAlgorithm, seed: &[u8], target: &mut [u8]) {
    for (counter, chunk) in (0u32..).zip(target.chunks_mut(algorithm.len())) {
        let mut hash = Hash::new(algorithm);
        hash.update(seed);
        hash.update(&counter.to_be_bytes());
        for (byte, mask) in chunk.iter_mut().zip(hash.finish().iter()) {
            *byte ^= mask;
        }
    }
}

/// DigestInfo up to the digest (RFC 8017 §9.2, notes 1; SHA-3: NIST's registry; RIPEMD-160: ISO/IEC 10118-3).
fn digest_info(algorithm: HashAlgorithm) -> &'static [u8] {
    macro_rules! nist {
        ($number:literal, $length:literal) => {
            &[
                0x30,
                0x11 + $length,
                0x30,
                0x0D,
                0x06,
                0x09,
                0x60,
                0x86,
                0x48,
                0x01,
                0x65,
                0x03,
                0x04,
                0x02,
                $number,
                0x05,
                0x00,
                0x04,
                $length,
            ]
        };
    }
    match algorithm {
        HashAlgorithm::Md5 => &[
            0x30, 0x20, 0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x05,
            0x05, 0x00, 0x04, 0x10,
        ],
        HashAlgorithm::Ripemd160 => &[
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x24, 0x03, 0x02, 0x01, 0x05, 0x00, 0x04,
            0x14,
        ],
        HashAlgorithm::Sha1 => &[
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04,
            0x14,
        ],
        HashAlgorithm::Sha256 => nist!(1, 32),
        HashAlgorithm::Sha384 => nist!(2, 48),
        HashAlgorithm::Sha512 => nist!(3, 64),
        HashAlgorithm::Sha224 => nist!(4, 28),
        HashAlgorithm::Sha3_224 => nist!(7, 28),
        HashAlgorithm::Sha3_256 => nist!(8, 32),
        HashAlgorithm::Sha3_384 => nist!(9, 48),
        HashAlgorithm::Sha3_512 => nist!(10, 64),
    }
}

/// The block is not padded as its scheme says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPadding;

impl fmt::Display for BadPadding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the block's padding is wrong")
    }
}

impl core::error::Error for BadPadding {}
