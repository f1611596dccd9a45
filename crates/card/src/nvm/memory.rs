use alloc::vec::Vec;

use super::{Storage, StorageError};

/// A medium in memory, for cards that live as long as their process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStorage {
    bytes: Vec<u8>,
}

impl MemoryStorage {
    /// An empty medium, which grows as needed.
    pub fn new() -> Self {
        Self::default()
    }

    /// A medium with this content.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The content.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The content, to be altered as no card would.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Storage for MemoryStorage {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError> {
        let len = buf.len();
        let source = offset
            .checked_add(len)
            .and_then(|end| self.bytes.get(offset..end))
            .ok_or(StorageError::OutOfBounds { offset, len })?;
        buf.copy_from_slice(source);
        Ok(())
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError> {
        let len = bytes.len();
        let target = offset
            .checked_add(len)
            .and_then(|end| self.bytes.get_mut(offset..end))
            .ok_or(StorageError::OutOfBounds { offset, len })?;
        target.copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    fn grow(&mut self, len: usize) -> Result<(), StorageError> {
        if len > self.bytes.len() {
            self.bytes.resize(len, 0);
        }
        Ok(())
    }
}
