use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hydra_card::nvm::{CounterError, MemoryStorage, MonotonicCounter, Storage, StorageError};
use thiserror::Error;

/// A medium in memory whose power fails at a chosen write; afterwards it answers errors until [`PowerCut::restart`].
///
/// [`PowerCut::counter`] is a monotonic counter on the same power: its steps are counted among the writes.
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
    writes: Vec<Written>,
    counter: u64,
    cut: Option<Cut>,
    failed: bool,
}

/// A write that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    offset: usize,
    /// None of a counter's step.
    len: usize,
    /// How many writes before it were not synced.
    pending: usize,
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
        Self::with(content, 0, None)
    }

    /// A medium with this content and power that fails as said.
    pub fn cut(content: MemoryStorage, cut: Cut) -> Self {
        Self::with(content, 0, Some(cut))
    }

    /// The same, with a counter that has this value.
    pub fn cut_with_counter(content: MemoryStorage, counter: u64, cut: Option<Cut>) -> Self {
        Self::with(content, counter, cut)
    }

    /// A counter that loses its power together with the medium.
    pub fn counter(&self) -> Box<dyn MonotonicCounter + Send> {
        Box::new(PowerCounter(self.clone()))
    }

    /// The counter's value when power comes back.
    pub fn counted(&self) -> u64 {
        self.medium().counter
    }

    /// How many writes were begun so far.
    pub fn writes(&self) -> usize {
        self.medium().writes.len()
    }

    /// Every way for power to fail in the writes from this one on, as they were begun here: before each, after it, at and
    /// in the middle of each of its sectors, with sectors of it and unsynced writes before it lost.
    pub fn cuts(&self, from: usize) -> Vec<Cut> {
        let medium = self.medium();
        let numbered = medium.writes.iter().enumerate().skip(from);
        numbered
            .flat_map(|(write, written)| written.cuts(write))
            .collect()
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

    fn with(content: MemoryStorage, counter: u64, cut: Option<Cut>) -> Self {
        let medium = Medium {
            synced: content.as_bytes().to_vec(),
            pending: Vec::new(),
            seen: content,
            writes: Vec::new(),
            counter,
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

impl Written {
    fn cuts(&self, write: usize) -> Vec<Cut> {
        if self.len == 0 {
            let loss = Loss::None;
            return [0, usize::MAX]
                .map(|bytes| Cut { write, bytes, loss })
                .to_vec();
        }
        let first = self.offset / SECTOR;
        let sectors = (self.offset + self.len).div_ceil(SECTOR) - first;
        let inside = |place: usize| place.checked_sub(self.offset).filter(|at| *at < self.len);
        let mut lengths: Vec<usize> = (first..first + sectors)
            .flat_map(|sector| [sector * SECTOR, sector * SECTOR + SECTOR / 3])
            .filter_map(inside)
            .chain([0, 1, self.len - 1, usize::MAX])
            // Of a small write more: each eighth of a sector, and what is between.
            .chain((0..self.len.min(4 * SECTOR)).step_by(SECTOR / 8))
            .chain((0..self.len.min(4 * SECTOR)).step_by(37))
            .collect();
        lengths.sort_unstable();
        lengths.dedup();
        let whole = |bytes| (bytes, Loss::None);
        // All subsets when they are few; else each alone, every other, and all.
        let subsets = |count: usize| -> Vec<u64> {
            match count {
                0 => Vec::new(),
                1..=5 => (1..1 << count).collect(),
                _ => (0..count.min(64))
                    .map(|one| 1 << one)
                    .chain([0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA, u64::MAX])
                    .collect(),
            }
        };
        let earlier = subsets(self.pending).into_iter().flat_map(|bits| {
            [0, self.len / 2, usize::MAX].map(|bytes| (bytes, Loss::Subset(bits)))
        });
        let parts = if sectors > 1 {
            subsets(sectors)
        } else {
            Vec::new()
        };
        let parts = (parts.into_iter()).map(|bits| (usize::MAX, Loss::Sectors(bits)));
        (lengths.into_iter().map(whole))
            .chain(earlier)
            .chain(parts)
            .map(|(bytes, loss)| Cut { write, bytes, loss })
            .collect()
    }
}

impl Medium {
    /// Notes a write; the cut, if it is this one's.
    fn begin(&mut self, offset: usize, len: usize) -> Option<Cut> {
        let number = self.writes.len();
        self.writes.push(Written {
            offset,
            len,
            pending: self.pending.len(),
        });
        self.cut.filter(|cut| cut.write == number)
    }

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
        match self.begin(offset, bytes.len()) {
            Some(cut) => {
                self.fail(cut, offset, bytes);
                self.check()
            }
            None => {
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

/// A counter on a medium's power.
struct PowerCounter(PowerCut);

impl MonotonicCounter for PowerCounter {
    fn value(&mut self) -> Result<u64, CounterError> {
        let medium = self.0.medium();
        medium.powered()?;
        Ok(medium.counter)
    }

    fn increment(&mut self) -> Result<u64, CounterError> {
        let mut medium = self.0.medium();
        medium.powered()?;
        match medium.begin(0, 0) {
            None => medium.counter += 1,
            Some(cut) => {
                if cut.bytes > 0 {
                    medium.counter += 1;
                }
                medium.fail(cut, 0, &[]);
            }
        }
        medium.powered()?;
        Ok(medium.counter)
    }
}

impl Medium {
    fn powered(&self) -> Result<(), CounterError> {
        if self.failed {
            Err(CounterError(Box::new(PowerFailed)))
        } else {
            Ok(())
        }
    }
}
