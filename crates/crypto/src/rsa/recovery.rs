use alloc::vec;
use alloc::vec::Vec;

use super::BadPadding;

/// Nibbles of the header: 01, whether more of the message follows outside, and 0.
const TOTAL: u8 = 0x40;
const PARTIAL: u8 = 0x60;
/// The trailer of an implicit hash function.
const TRAILER: u8 = 0xBC;

/// How many bytes of a message a block of `length` bytes holds beside a hash (ISO/IEC 9796-2, digital signature scheme 1
/// with trailer option 1); `None` if the hash does not fit.
pub fn iso9796_capacity(length: usize, hash: usize) -> Option<usize> {
    length.checked_sub(hash + 2)
}

/// The block of `length` bytes (ISO/IEC 9796-2, digital signature scheme 1, trailer option 1): header, padding, the
/// recoverable part of the message, the hash of all of it, trailer. The part of a message that goes on outside, which
/// `partial` says, fills the block. `None` when it does not fit.
pub fn iso9796_encode(
    recoverable: &[u8],
    partial: bool,
    hash: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    let room = iso9796_capacity(length, hash.len())?;
    let padding = room.checked_sub(recoverable.len())?;
    let header = if partial { PARTIAL } else { TOTAL };
    // 4B BB … BA, or 4A; 6A.
    let mut out = vec![0xBB; padding + 1];
    out[padding] = 0xBA;
    out[0] = out[0] & 0x0F | header;
    out.extend_from_slice(recoverable);
    out.extend_from_slice(hash);
    out.push(TRAILER);
    Some(out)
}

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered<'a> {
    /// The recoverable part of the message.
    pub message: &'a [u8],
    /// The hash of the whole message.
    pub hash: &'a [u8],
    /// Whether the message goes on outside.
    pub partial: bool,
}

/// Reads the block of a public operation, whose hash has `hash` bytes.
pub fn iso9796_decode(block: &[u8], hash: usize) -> Result<Recovered<'_>, BadPadding> {
    let (first, rest) = block.split_first().ok_or(BadPadding)?;
    let (TRAILER, rest) = rest
        .split_last()
        .map(|(last, rest)| (*last, rest))
        .ok_or(BadPadding)?
    else {
        return Err(BadPadding);
    };
    let partial = match first & 0xF0 {
        TOTAL => false,
        PARTIAL => true,
        _ => return Err(BadPadding),
    };
    let body = match first & 0x0F {
        0x0A => rest,
        0x0B => {
            let count = rest.iter().take_while(|byte| **byte == 0xBB).count();
            match rest.get(count..) {
                Some([0xBA, body @ ..]) => body,
                _ => return Err(BadPadding),
            }
        }
        _ => return Err(BadPadding),
    };
    let at = body.len().checked_sub(hash).ok_or(BadPadding)?;
    let (message, hash) = body.split_at(at);
    Ok(Recovered {
        message,
        hash,
        partial,
    })
}
