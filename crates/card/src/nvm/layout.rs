//! Bytes on the medium, format 3. All numbers are big-endian.
//!
//! ```text
//! offset 0     header, copy A: "HydraNV" 7, format 1 ('3'), version of the records 2, flags 2, zeros 4, generation 8,
//!              snapshot offset 8, snapshot length 8, journal blocks 8, salt 16, MAC 16 over what is before it,
//!              zeros 39, CRC-64/XZ 8 over what is before it, A5; salt and MAC are zeros unless the image is encrypted
//! offset 4096  header, copy B
//! from 8192    areas; the one that the headers name is
//!                snapshot: a payload, checksum 8, then zeros to a multiple of 256
//!                journal:  blocks of 256 bytes, zeros until written
//! block        generation 4, commit 4, index 4, count 4, payload length 2, payload and zeros 229,
//!              checksum 8 over what is before the zeros, A5
//! checksum     XXH64 with seed 0
//! commit       `count` consecutive blocks; their payloads joined are one payload
//! payload      counter's value 8 if flag 2 is set; entries (key 8, length 4, value; length FFFFFFFF and no value: the
//!              key is deleted); if flag 1 is set all of it sealed: initial vector 16, ciphertext
//! flags        1: encrypted, 2: counted
//! ```
//!
//! Blocks and headers end in A5, and where a block is written was zero before: what a power cut leaves of a block ends
//! in zero, what ends otherwise and fails its checksum was altered later. A header is written over an older one, one
//! copy after the other, so that one of them is always whole.
//!
//! The header's checksum stays, so that a later build's image is told from a damaged one. In format 2 the others are
//! CRC-64/XZ too. Format 1 differs from that in its header ("HydraNV1", generation 8, snapshot offset 8, snapshot length 8,
//! journal blocks 8, CRC 8, A5) and in that a block's CRC is over the zeros too.

use alloc::vec::Vec;

use crc::{CRC_64_XZ, Crc, Table};
use twox_hash::XxHash64;

static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_XZ);

/// What the areas are aligned to.
pub(super) const BLOCK: usize = 256;
/// Payload bytes a block.
pub(super) const PAYLOAD: usize = BLOCK - BLOCK_HEAD - 9;
/// Where the copies of the header are: apart, so that no page holds both.
pub(super) const HEADERS: [usize; 2] = [0, 4096];
/// Where areas begin.
pub(super) const AREAS: usize = 8192;
/// Bytes of a header.
pub(super) const HEADER: usize = 128;
/// What of a header its MAC covers.
const AUTHENTIC: usize = 64;
/// The format that is written here.
pub(super) const FORMAT: u8 = 3;
/// Flag of a header: payloads are sealed.
pub(super) const ENCRYPTED: u16 = 1;
/// Flag of a header: payloads begin with the counter's value.
pub(super) const COUNTED: u16 = 2;

const BLOCK_HEAD: usize = 18;
const MAGIC: &[u8; 7] = b"HydraNV";
const OLD_HEADER: usize = 49;
const END: u8 = 0xA5;
const DELETED: u32 = u32::MAX;

/// The checksum of headers.
fn crc(bytes: &[u8]) -> u64 {
    CRC.checksum(bytes)
}

/// The checksum of snapshots and blocks: as wide as a header's, in a fraction of the time.
pub(super) fn checksum(format: u8, bytes: &[u8]) -> u64 {
    match format {
        1 | 2 => crc(bytes),
        _ => XxHash64::oneshot(0, bytes),
    }
}

/// What a place on the medium holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// Nothing was ever written there.
    Zeros,
    /// The beginning of a write that power cut short.
    Torn,
    /// What was written.
    Whole(T),
    /// Something that no write and no power cut leaves.
    Altered,
}

/// Which area is the card's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The image's format; of a later one than this build's nothing else is known.
    pub(super) format: u8,
    /// Version of the records, which is their owner's business.
    pub(super) content: u16,
    /// [`ENCRYPTED`], [`COUNTED`].
    pub(super) flags: u16,
    /// Counts compactions; blocks of other generations are void.
    pub(super) generation: u64,
    /// Where the snapshot begins.
    pub(super) snapshot: usize,
    /// Bytes of the snapshot's payload, checksum excluded.
    pub(super) snapshot_len: usize,
    /// Blocks of the journal behind the snapshot.
    pub(super) blocks: usize,
    /// What makes the area's keys its own.
    pub(super) salt: [u8; 16],
}

impl Header {
    /// Where the journal begins.
    pub(super) fn journal(&self) -> Option<usize> {
        let len = self.snapshot_len.checked_add(8)?;
        self.snapshot
            .checked_add(len.checked_next_multiple_of(BLOCK)?)
    }

    /// Where the area ends.
    pub(super) fn end(&self) -> Option<usize> {
        self.journal()?.checked_add(self.blocks.checked_mul(BLOCK)?)
    }

    /// The header with the MAC that `mac` makes of its first [`AUTHENTIC`] bytes.
    pub(super) fn to_bytes(self, mac: impl FnOnce(&[u8]) -> [u8; 16]) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[..7].copy_from_slice(MAGIC);
        out[7] = b'0' + self.format;
        out[8..10].copy_from_slice(&self.content.to_be_bytes());
        out[10..12].copy_from_slice(&self.flags.to_be_bytes());
        out[16..24].copy_from_slice(&self.generation.to_be_bytes());
        out[24..32].copy_from_slice(&wide(self.snapshot));
        out[32..40].copy_from_slice(&wide(self.snapshot_len));
        out[40..48].copy_from_slice(&wide(self.blocks));
        out[48..64].copy_from_slice(&self.salt);
        let mac = mac(&out[..AUTHENTIC]);
        out[AUTHENTIC..AUTHENTIC + 16].copy_from_slice(&mac);
        let sum = crc(&out[..HEADER - 9]);
        out[HEADER - 9..HEADER - 1].copy_from_slice(&sum.to_be_bytes());
        out[HEADER - 1] = END;
        out
    }

    /// What of a header its MAC covers.
    pub(super) fn authentic(bytes: &[u8; HEADER]) -> &[u8] {
        &bytes[..AUTHENTIC]
    }

    /// The MAC of a header that is whole.
    pub(super) fn mac(bytes: &[u8; HEADER]) -> &[u8] {
        &bytes[AUTHENTIC..AUTHENTIC + 16]
    }

    pub(super) fn parse(bytes: &[u8; HEADER]) -> Found<Self> {
        if bytes.starts_with(b"HydraNV1") {
            return match classify(&bytes[..OLD_HEADER], OLD_HEADER - 9, crc) {
                Found::Whole(()) => {
                    let (content, flags) = (1, 0);
                    Self::sized(bytes, 8, 1, content, flags).map_or(Found::Altered, Found::Whole)
                }
                Found::Zeros => Found::Zeros,
                Found::Torn => Found::Torn,
                Found::Altered => Found::Altered,
            };
        }
        match classify(bytes, HEADER - 9, crc) {
            Found::Whole(()) if bytes.starts_with(MAGIC) && bytes[7] > b'1' => {
                let format = bytes[7] - b'0';
                let half = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
                let header = if format > FORMAT {
                    Some(Self::unknown(format))
                } else if half(10) & !(ENCRYPTED | COUNTED) != 0 {
                    None
                } else {
                    Self::sized(bytes, 16, format, half(8), half(10)).map(|mut header| {
                        header.salt.copy_from_slice(&bytes[48..64]);
                        header
                    })
                };
                header.map_or(Found::Altered, Found::Whole)
            }
            Found::Whole(()) | Found::Altered => Found::Altered,
            Found::Torn => Found::Torn,
            Found::Zeros => Found::Zeros,
        }
    }

    fn unknown(format: u8) -> Self {
        Self {
            format,
            content: 0,
            flags: 0,
            generation: 0,
            snapshot: 0,
            snapshot_len: 0,
            blocks: 0,
            salt: [0; 16],
        }
    }

    /// With the four sizes that stand at `at`, if they fit into each other.
    fn sized(bytes: &[u8], at: usize, format: u8, content: u16, flags: u16) -> Option<Self> {
        let number = |at: usize| usize::try_from(u64_at(bytes, at)).ok();
        let header = Self {
            content,
            flags,
            generation: u64_at(bytes, at),
            snapshot: number(at + 8)?,
            snapshot_len: number(at + 16)?,
            blocks: number(at + 24)?,
            ..Self::unknown(format)
        };
        header.end()?;
        Some(header)
    }
}

/// The head of a journal block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The low half of the header's generation.
    pub(super) generation: u32,
    /// Number of the commit in its generation.
    pub(super) commit: u32,
    /// Which of the commit's blocks this is.
    pub(super) index: u32,
    /// How many blocks the commit has.
    pub(super) count: u32,
    /// Payload bytes used.
    pub(super) len: usize,
}

impl Block {
    /// Appends to `out` the blocks that carry `payload` as commit `commit`.
    pub(super) fn write_all(
        generation: u32,
        commit: u32,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let count = u32::try_from(payload.len().div_ceil(PAYLOAD)).ok()?;
        for (index, chunk) in (0u32..).zip(payload.chunks(PAYLOAD)) {
            let start = out.len();
            let mut head = [0; BLOCK_HEAD];
            for (place, word) in head
                .chunks_exact_mut(4)
                .zip([generation, commit, index, count])
            {
                place.copy_from_slice(&word.to_be_bytes());
            }
            let len = u16::try_from(chunk.len()).ok()?;
            head[16..].copy_from_slice(&len.to_be_bytes());
            out.extend_from_slice(&head);
            out.extend_from_slice(chunk);
            let checksum = checksum(FORMAT, &out[start..]);
            out.resize(start + BLOCK - 9, 0);
            out.extend_from_slice(&checksum.to_be_bytes());
            out.push(END);
        }
        Some(())
    }

    /// What a block of this format holds.
    pub(super) fn parse(bytes: &[u8], format: u8) -> Found<Self> {
        let len = usize::from(bytes[16]) << 8 | usize::from(bytes[17]);
        let covered = match format {
            1 => BLOCK - 9,
            _ => (BLOCK_HEAD + len).min(BLOCK - 9),
        };
        match classify(bytes, covered, |bytes| checksum(format, bytes)) {
            Found::Whole(()) => {
                let block = Self {
                    generation: u32_at(bytes, 0),
                    commit: u32_at(bytes, 4),
                    index: u32_at(bytes, 8),
                    count: u32_at(bytes, 12),
                    len,
                };
                if block.len <= PAYLOAD {
                    Found::Whole(block)
                } else {
                    Found::Altered
                }
            }
            Found::Zeros => Found::Zeros,
            Found::Torn => Found::Torn,
            Found::Altered => Found::Altered,
        }
    }

    /// The payload of this block, whose bytes these are.
    pub(super) fn payload<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[BLOCK_HEAD..BLOCK_HEAD + self.len]
    }
}

/// Appends one entry; `None` deletes.
pub(super) fn write_entry(key: u64, value: Option<&[u8]>, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&key.to_be_bytes());
    match value {
        Some(value) => {
            let len = u32::try_from(value.len())
                .ok()
                .filter(|len| *len != DELETED)?;
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(value);
        }
        None => out.extend(DELETED.to_be_bytes()),
    }
    Some(())
}

/// Calls `each` with every entry of `bytes`; `None` when they end inside one.
pub(super) fn read_entries<'a>(
    mut bytes: &'a [u8],
    mut each: impl FnMut(u64, Option<&'a [u8]>),
) -> Option<()> {
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at_checked(12)?;
        let key = u64_at(head, 0);
        let len = u32_at(head, 8);
        if len == DELETED {
            each(key, None);
            bytes = rest;
        } else {
            let (value, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
            each(key, Some(value));
            bytes = rest;
        }
    }
    Some(())
}

/// Tells what bytes that should end in a checksum over the first `covered` of them and A5 are.
fn classify(bytes: &[u8], covered: usize, checksum: impl Fn(&[u8]) -> u64) -> Found<()> {
    let Some((&END, body)) = bytes.split_last() else {
        return match bytes.last() {
            Some(0) if are_zeros(bytes) => Found::Zeros,
            Some(0) => Found::Torn,
            _ => Found::Altered,
        };
    };
    let (content, sum) = body.split_at(body.len() - 8);
    let (content, zeros) = content.split_at(covered);
    if checksum(content) == u64_at(sum, 0) && are_zeros(zeros) {
        Found::Whole(())
    } else {
        Found::Altered
    }
}

/// Whether at most a block of bytes is all zeros: compared as a whole, which is several times as fast as byte by byte.
fn are_zeros(bytes: &[u8]) -> bool {
    const ZEROS: [u8; BLOCK] = [0; BLOCK];
    ZEROS.get(..bytes.len()) == Some(bytes)
}

/// A size as it is stored.
fn wide(n: usize) -> [u8; 8] {
    // No platform's usize is wider than 64 bits.
    u64::try_from(n).unwrap_or(u64::MAX).to_be_bytes()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(word)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_be_bytes(word)
}
