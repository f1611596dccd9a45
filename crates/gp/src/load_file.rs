//! Load files: what travels in LOAD commands, cut into blocks and put together again (GPCS 2.3.1 §11.6.2.3).

use alloc::vec::Vec;
use core::fmt;

use hydra_wire::{StatusWord, tlv};

use crate::command::Load;

/// The LOAD commands for a load file data block (the components of a CAP file), of `block_size` bytes each.
///
/// [`SecurityLevel::max_data`](crate::scp03::SecurityLevel::max_data) gives the size that a secure channel leaves.
pub fn load_commands(data_block: &[u8], block_size: usize) -> Result<Vec<Load>, TooManyBlocks> {
    let load_file = tlv::object(0xC4, data_block);
    let chunks = load_file.chunks(block_size.max(1));
    let count = chunks.len();
    if count > 256 {
        return Err(TooManyBlocks(count));
    }
    Ok((0..=u8::MAX)
        .zip(chunks)
        .map(|(block, data)| Load {
            block,
            last: usize::from(block) + 1 == count,
            data: data.to_vec(),
        })
        .collect())
}

/// A LOAD command's block number has one byte: a load file has at most 256 blocks, not this many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyBlocks(pub usize);

impl fmt::Display for TooManyBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a load file has at most 256 blocks, not {}", self.0)
    }
}

impl core::error::Error for TooManyBlocks {}

/// The card's side: blocks in order, up to the last.
#[derive(Clone, Debug)]
pub struct Loading {
    bytes: Vec<u8>,
    next: u16,
    limit: usize,
}

impl Loading {
    /// Nothing yet; a load file of more than `limit` bytes is refused with 6A84.
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            next: 0,
            limit,
        }
    }

    /// Takes a block; the last one gives the load file. A block out of order is 6985, and then, as after any error,
    /// the load is to be given up.
    pub fn take(&mut self, load: &Load) -> Result<Option<LoadFile>, StatusWord> {
        if u16::from(load.block) != self.next {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        if self.bytes.len() + load.data.len() > self.limit {
            return Err(StatusWord::NOT_ENOUGH_MEMORY);
        }
        self.bytes.extend_from_slice(&load.data);
        self.next += 1;
        if !load.last {
            return Ok(None);
        }
        LoadFile::parse(&self.bytes)
            .map(Some)
            .map_err(|_| StatusWord::WRONG_DATA)
    }
}

/// A load file, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadFile {
    /// DAP blocks: the content of each E2, unread.
    pub dap_blocks: Vec<Vec<u8>>,
    /// The load file data block: the content of C4.
    pub data_block: Vec<u8>,
}

impl LoadFile {
    /// Reads E2 blocks and one C4; a ciphered block (D4) is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, LoadFileError> {
        let mut dap_blocks = Vec::new();
        let mut data_block = None;
        let mut at = 0;
        for object in tlv::iter(bytes) {
            let object = object.map_err(LoadFileError::Tlv)?;
            match (object.tag, &data_block) {
                (0xE2, None) => dap_blocks.push(object.value.to_vec()),
                (0xC4, None) => data_block = Some(object.value.to_vec()),
                (tag, _) => return Err(LoadFileError::Object { at, tag }),
            }
            at = object.value.as_ptr().addr() + object.value.len() - bytes.as_ptr().addr();
        }
        Ok(Self {
            dap_blocks,
            data_block: data_block.ok_or(LoadFileError::NoDataBlock { at })?,
        })
    }
}

/// Why bytes are no load file; `at` is the byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadFileError {
    /// They are no sequence of data objects.
    Tlv(tlv::TlvError),
    /// A data object that does not belong there.
    Object {
        /// Byte offset.
        at: usize,
        /// Its tag.
        tag: u32,
    },
    /// They end without a data block C4.
    NoDataBlock {
        /// Byte offset.
        at: usize,
    },
}

impl fmt::Display for LoadFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tlv(error) => error.fmt(f),
            Self::Object { at, tag } => {
                write!(
                    f,
                    "load file, offset {at}: data object {tag:02X} does not belong there"
                )
            }
            Self::NoDataBlock { at } => {
                write!(f, "load file, offset {at}: it ends without a data block C4")
            }
        }
    }
}

impl core::error::Error for LoadFileError {}
