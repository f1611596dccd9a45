//! Bytes on the medium. All numbers are big-endian, all checksums CRC-64/XZ.
//!
//! ```text
//! offset 0     header, copy A: magic 8, generation 8, snapshot offset 8, snapshot length 8, journal blocks 8, CRC 8, A5
//! offset 4096  header, copy B
//! from 8192    areas; the one that the headers name is
//!                snapshot: entries (key 8, length 4, value), CRC 8, then zeros to a multiple of 256
//!                journal:  blocks of 256 bytes, zeros until written
//! block        generation 4, commit 4, index 4, count 4, payload length 2, payload 229, CRC 8, A5
//! commit       `count` consecutive blocks; their payloads joined are entries (key 8, length 4, value;
//!              length FFFFFFFF and no value: the key is deleted)
//! ```
//!
//! Blocks and headers end in A5, and where they are written was zero before: what a power cut leaves of a block ends
//! in zero, what ends otherwise and fails its checksum was altered later.

use alloc::vec::Vec;

use crc::{CRC_64_XZ, Crc, Table};

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
pub(super) const HEADER: usize = 49;

const BLOCK_HEAD: usize = 18;
const MAGIC: &[u8; 8] = b"HydraNV1";
const END: u8 = 0xA5;
const DELETED: u32 = u32::MAX;

/// The checksum of everything here.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    CRC.checksum(bytes)
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
    /// Counts compactions; blocks of other generations are void.
    pub(super) generation: u64,
    /// Where the snapshot begins.
    pub(super) snapshot: usize,
    /// Bytes of the snapshot's entries, checksum excluded.
    pub(super) snapshot_len: usize,
    /// Blocks of the journal behind the snapshot.
    pub(super) blocks: usize,
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

    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[..8].copy_from_slice(MAGIC);
        out[8..16].copy_from_slice(&self.generation.to_be_bytes());
        out[16..24].copy_from_slice(&wide(self.snapshot));
        out[24..32].copy_from_slice(&wide(self.snapshot_len));
        out[32..40].copy_from_slice(&wide(self.blocks));
        let crc = checksum(&out[..40]);
        out[40..48].copy_from_slice(&crc.to_be_bytes());
        out[48] = END;
        out
    }

    pub(super) fn parse(bytes: &[u8; HEADER]) -> Found<Self> {
        match classify(bytes) {
            Found::Whole(()) if bytes.starts_with(MAGIC) => {
                let number = |at: usize| usize::try_from(u64_at(bytes, at)).ok();
                let header = (|| {
                    let header = Self {
                        generation: u64_at(bytes, 8),
                        snapshot: number(16)?,
                        snapshot_len: number(24)?,
                        blocks: number(32)?,
                    };
                    header.end()?;
                    Some(header)
                })();
                header.map_or(Found::Altered, Found::Whole)
            }
            Found::Whole(()) | Found::Altered => Found::Altered,
            Found::Torn => Found::Torn,
            Found::Zeros => Found::Zeros,
        }
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
            out.extend(generation.to_be_bytes());
            out.extend(commit.to_be_bytes());
            out.extend(index.to_be_bytes());
            out.extend(count.to_be_bytes());
            out.extend(u16::try_from(chunk.len()).ok()?.to_be_bytes());
            out.extend_from_slice(chunk);
            out.resize(start + BLOCK - 9, 0);
            let crc = checksum(&out[start..]);
            out.extend(crc.to_be_bytes());
            out.push(END);
        }
        Some(())
    }

    pub(super) fn parse(bytes: &[u8]) -> Found<Self> {
        match classify(bytes) {
            Found::Whole(()) => {
                let block = Self {
                    generation: u32_at(bytes, 0),
                    commit: u32_at(bytes, 4),
                    index: u32_at(bytes, 8),
                    count: u32_at(bytes, 12),
                    len: usize::from(bytes[16]) << 8 | usize::from(bytes[17]),
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

    /// The block that begins `bytes`, if it is whole.
    pub(super) fn first(bytes: &[u8]) -> Option<Self> {
        match Self::parse(bytes.get(..BLOCK)?) {
            Found::Whole(block) => Some(Self { index: 0, ..block }),
            _ => None,
        }
    }

    /// Whether this is the block that `expected` describes, payload apart.
    pub(super) fn continues(&self, expected: &Self) -> bool {
        Self { len: 0, ..*self }
            == Self {
                len: 0,
                ..*expected
            }
    }

    /// The payload of this block, whose bytes these are.
    pub(super) fn payload<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[BLOCK_HEAD..BLOCK_HEAD + self.len]
    }
}

/// Appends one entry; `None` deletes.
pub(super) fn write_entry(key: u64, value: Option<&[u8]>, out: &mut Vec<u8>) -> Option<()> {
    out.extend(key.to_be_bytes());
    match value {
        Some(value) => {
            let len = u32::try_from(value.len())
                .ok()
                .filter(|len| *len != DELETED)?;
            out.extend(len.to_be_bytes());
            out.extend_from_slice(value);
        }
        None => out.extend(DELETED.to_be_bytes()),
    }
    Some(())
}

/// Calls `each` with every entry of `bytes`; `None` when they end inside one.
pub(super) fn read_entries(
    mut bytes: &[u8],
    mut each: impl FnMut(u64, Option<&[u8]>),
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

/// Tells what bytes that should end in a checksum and A5 are.
fn classify(bytes: &[u8]) -> Found<()> {
    let Some((&END, body)) = bytes.split_last() else {
        return match bytes.last() {
            Some(0) if bytes.iter().all(|byte| *byte == 0) => Found::Zeros,
            Some(0) => Found::Torn,
            _ => Found::Altered,
        };
    };
    let (content, crc) = body.split_at(body.len() - 8);
    if checksum(content) == u64_at(crc, 0) {
        Found::Whole(())
    } else {
        Found::Altered
    }
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
