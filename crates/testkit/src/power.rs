use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hydra_card::nvm::{MemoryStorage, Storage, StorageError};
use thiserror::Error;

/// A medium in memory whose power fails at a chosen write; afterwards it answers errors until [`PowerCut::restart`].
///
/// It keeps apart what was synced and what was only written, so that a test can choose what of the latter survives.
/// Clones are handles of the same medium: the card takes one, the test keeps the other.
#[derive(Clone, Debug)]
pub struct PowerCut {
    medium: Arc<Mutex<Medium>>,
}

#[derive(Debug)]
struct Medium {
    synced: Vec<u8>,
    /// Unsynced writes in order.
    pending: Vec<(usize, Vec<u8>)>,
    /// What reads see.
    seen: MemoryStorage,
    writes: usize,
    cut: Option<Cut>,
    failed: bool,
}

/// When power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which write is the last, counted from 0 over the medium's life.
    pub write: usize,
    /// How many of its bytes arrive at most.
    pub bytes: usize,
    /// What becomes of the writes before it that were not synced.
    pub loss: Loss,
}

/// What becomes of writes that were not synced when power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// They all arrived.
    None,
    /// The n-th lowest bit tells whether the n-th of them is lost; those beyond the 64th arrive.
    Subset(u64),
    /// Of the write that was cut, only every sector (of 512 bytes) whose bit is not set arrives, and the writes before it do.
    Sectors(u64),
}

/// The error that every access gets after power failed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("power failed")]
pub struct PowerFailed;

const SECTOR: usize = 512;

impl PowerCut {
    /// A medium with this content whose power does not fail.
    pub fn new(content: MemoryStorage) -> Self {
        Self::with(content, None)
    }

    /// A medium with this content and power that fails as said.
    pub fn cut(content: MemoryStorage, cut: Cut) -> Self {
        Self::with(content, Some(cut))
    }

    /// How many writes were begun so far.
    pub fn writes(&self) -> usize {
        self.medium().writes
    }

    /// Whether power has failed.
    pub fn has_failed(&self) -> bool {
        self.medium().failed
    }

    /// What is on the medium when power comes back. Without a failure that is everything written.
    pub fn restart(&self) -> MemoryStorage {
        let medium = self.medium();
        if medium.failed {
            MemoryStorage::from_bytes(medium.synced.clone())
        } else {
            medium.seen.clone()
        }
    }

    fn with(content: MemoryStorage, cut: Option<Cut>) -> Self {
        let medium = Medium {
            synced: content.as_bytes().to_vec(),
            pending: Vec::new(),
            seen: content,
            writes: 0,
            cut,
            failed: false,
        };
        Self {
            medium: Arc::new(Mutex::new(medium)),
        }
    }

    fn medium(&self) -> MutexGuard<'_, Medium> {
        self.medium.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Medium {
    fn check(&self) -> Result<(), StorageError> {
        if self.failed {
            Err(StorageError::Device(Box::new(PowerFailed)))
        } else {
            Ok(())
        }
    }

    fn fail(&mut self, cut: Cut, offset: usize, bytes: &[u8]) {
        self.failed = true;
        let arrives = |index: usize, bits: u64| index >= 64 || bits >> index & 1 == 0;
        let bits = match cut.loss {
            Loss::Subset(bits) => bits,
            Loss::None | Loss::Sectors(_) => 0,
        };
        for (index, (offset, bytes)) in std::mem::take(&mut self.pending).iter().enumerate() {
            if arrives(index, bits) {
                put(&mut self.synced, *offset, bytes);
            }
        }
        let bytes = &bytes[..cut.bytes.min(bytes.len())];
        let first = offset / SECTOR;
        let mut at = offset;
        while at < offset + bytes.len() {
            let end = ((at / SECTOR + 1) * SECTOR).min(offset + bytes.len());
            let sectors = match cut.loss {
                Loss::Sectors(bits) => bits,
                Loss::None | Loss::Subset(_) => 0,
            };
            if arrives(at / SECTOR - first, sectors) {
                put(&mut self.synced, at, &bytes[at - offset..end - offset]);
            }
            at = end;
        }
    }
}

fn put(medium: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if medium.len() < offset + bytes.len() {
        medium.resize(offset + bytes.len(), 0);
    }
    medium[offset..offset + bytes.len()].copy_from_slice(bytes);
}

impl Storage for Medium {
    fn len(&self) -> usize {
        self.seen.len()
    }

    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError> {
        self.check()?;
        self.seen.read(offset, buf)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError> {
        self.check()?;
        self.seen.write(offset, bytes)?;
        let number = self.writes;
        self.writes += 1;
        match self.cut {
            Some(cut) if cut.write == number => {
                self.fail(cut, offset, bytes);
                self.check()
            }
            _ => {
                self.pending.push((offset, bytes.to_vec()));
                Ok(())
            }
        }
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.check()?;
        self.synced.clear();
        self.synced.extend_from_slice(self.seen.as_bytes());
        self.pending.clear();
        Ok(())
    }

    /// Growth alone is not durable either: a shorter medium may come back.
    fn grow(&mut self, len: usize) -> Result<(), StorageError> {
        self.check()?;
        self.seen.grow(len)
    }
}

impl Storage for PowerCut {
    fn len(&self) -> usize {
        self.medium().len()
    }

    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError> {
        self.medium().read(offset, buf)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError> {
        self.medium().write(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.medium().sync()
    }

    fn grow(&mut self, len: usize) -> Result<(), StorageError> {
        self.medium().grow(len)
    }
}
