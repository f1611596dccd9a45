use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::layout::{
    AREAS, BLOCK, Block, Found, HEADER, HEADERS, Header, PAYLOAD, checksum, read_entries,
    write_entry,
};
use super::{NvmError, Storage};

/// Everything stored, by key.
pub type Records = BTreeMap<u64, Vec<u8>>;

/// The least size of a journal before it is folded into a new snapshot; it has at least the snapshot's size too, so
/// that folding costs a constant factor.
const MIN_BLOCKS: usize = 256;

/// Durable key-value records on a medium.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    header: Header,
    /// Where the journal begins, which the header implies.
    start: usize,
    /// The next block to write, counted from `start`.
    next: usize,
    /// The next commit's number in this generation.
    commit: u32,
    poisoned: bool,
}

impl<S: Storage> Journal<S> {
    /// Makes an empty journal on a medium, whatever it held.
    pub fn format(mut storage: S) -> Result<Self, NvmError> {
        storage.grow(AREAS)?;
        for at in HEADERS {
            storage.write(at, &[0; HEADER])?;
        }
        storage.sync()?;
        let mut journal = Self {
            storage,
            header: Header {
                generation: 0,
                snapshot: AREAS,
                snapshot_len: 0,
                blocks: 0,
            },
            start: AREAS,
            next: 0,
            commit: 1,
            poisoned: false,
        };
        journal.fold(&Records::new(), 0)?;
        Ok(journal)
    }

    /// Finds the last commit on the medium and reads everything.
    pub fn open(mut storage: S) -> Result<(Self, Records), NvmError> {
        let mut headers = [Found::Zeros; 2];
        for (found, at) in headers.iter_mut().zip(HEADERS) {
            if at + HEADER <= storage.len() {
                let mut bytes = [0; HEADER];
                storage.read(at, &mut bytes)?;
                *found = Header::parse(&bytes);
            }
        }
        let header = match headers {
            [Found::Whole(a), Found::Whole(b)] if a.generation < b.generation => b,
            [Found::Whole(a), _] => a,
            [_, Found::Whole(b)] => b,
            [Found::Altered, _] | [_, Found::Altered] => {
                return Err(NvmError::Corrupt {
                    offset: 0,
                    what: "neither header is whole",
                });
            }
            _ => return Err(NvmError::Blank),
        };
        let start = header.journal().ok_or(NvmError::Corrupt {
            offset: 0,
            what: "the header's sizes overflow",
        })?;
        let mut journal = Self {
            storage,
            header,
            start,
            next: 0,
            commit: 1,
            poisoned: false,
        };
        let (records, tail) = journal.read_all()?;
        if tail == Tail::Torn {
            // What power cut short stays where it is, and the card moves to a clean area: blocks are only ever
            // written over zeros.
            journal.fold(&records, 0)?;
        } else if headers[0] != headers[1] {
            journal.write_headers()?;
        }
        Ok((journal, records))
    }

    /// Makes the changes durable, all or none; `None` deletes. Nothing to change costs nothing.
    ///
    /// After an error the journal must be opened again: whether the changes were kept is unknown until then.
    pub fn commit(&mut self, changes: &[(u64, Option<Vec<u8>>)]) -> Result<(), NvmError> {
        if self.poisoned {
            return Err(NvmError::Poisoned);
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.poisoned = true;
        let mut payload = Vec::new();
        for (key, value) in changes {
            write_entry(*key, value.as_deref(), &mut payload).ok_or(NvmError::TooLarge {
                len: value.as_ref().map_or(0, Vec::len),
            })?;
        }
        let count = payload.len().div_ceil(PAYLOAD);
        if count <= self.header.blocks - self.next {
            self.append(&payload, count)?;
        } else {
            let (mut records, _) = self.read_all()?;
            for (key, value) in changes {
                match value {
                    Some(value) => {
                        records.insert(*key, value.clone());
                    }
                    None => {
                        records.remove(key);
                    }
                }
            }
            self.fold(&records, count)?;
        }
        self.poisoned = false;
        Ok(())
    }

    /// The medium, for whoever opens it next.
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// The medium.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    fn append(&mut self, payload: &[u8], count: usize) -> Result<(), NvmError> {
        let mut bytes = Vec::with_capacity(count * BLOCK);
        Block::write_all(self.generation(), self.commit, payload, &mut bytes)
            .ok_or(NvmError::TooLarge { len: payload.len() })?;
        self.storage.write(self.start + self.next * BLOCK, &bytes)?;
        self.storage.sync()?;
        self.next += count;
        self.commit += 1;
        Ok(())
    }

    /// Writes `records` as the snapshot of a new area and makes it the card's. The old area stays as it is until
    /// both headers name the new one, so power may fail at any byte.
    fn fold(&mut self, records: &Records, room: usize) -> Result<(), NvmError> {
        let mut snapshot = Vec::new();
        for (key, value) in records {
            write_entry(*key, Some(value), &mut snapshot)
                .ok_or(NvmError::TooLarge { len: value.len() })?;
        }
        let snapshot_len = snapshot.len();
        let crc = checksum(&snapshot);
        snapshot.extend(crc.to_be_bytes());
        let blocks = MIN_BLOCKS
            .max(snapshot_len.div_ceil(BLOCK))
            .max(room.saturating_mul(2));
        let mut header = Header {
            generation: self.header.generation + 1,
            snapshot: AREAS,
            snapshot_len,
            blocks,
        };
        let too_large = || NvmError::TooLarge { len: snapshot_len };
        if header.end().ok_or_else(too_large)? > self.header.snapshot {
            header.snapshot = self.header.end().ok_or_else(too_large)?;
        }
        let start = header.journal().ok_or_else(too_large)?;
        let end = header.end().ok_or_else(too_large)?;
        self.storage.grow(end)?;
        snapshot.resize(start - header.snapshot, 0);
        self.storage.write(header.snapshot, &snapshot)?;
        let zeros = vec![0; MIN_BLOCKS * BLOCK];
        let mut at = start;
        while at < end {
            let len = zeros.len().min(end - at);
            self.storage.write(at, &zeros[..len])?;
            at += len;
        }
        self.storage.sync()?;
        self.header = header;
        self.start = start;
        self.next = 0;
        self.commit = 1;
        self.write_headers()
    }

    fn write_headers(&mut self) -> Result<(), NvmError> {
        let bytes = self.header.to_bytes();
        for at in HEADERS {
            self.storage.write(at, &bytes)?;
            self.storage.sync()?;
        }
        Ok(())
    }

    /// Reads snapshot and journal, and finds where the next commit goes.
    fn read_all(&mut self) -> Result<(Records, Tail), NvmError> {
        let corrupt = |offset, what| NvmError::Corrupt { offset, what };
        let end = self.start + self.header.blocks * BLOCK;
        if end > self.storage.len() {
            return Err(corrupt(self.storage.len(), "the medium ends early"));
        }
        let at = self.header.snapshot;
        let len = self.header.snapshot_len;
        let mut bytes = vec![0; self.start - at];
        self.storage.read(at, &mut bytes)?;
        let (entries, rest) = bytes.split_at(len);
        if checksum(entries).to_be_bytes() != rest[..8] {
            return Err(corrupt(at, "the snapshot's checksum is wrong"));
        }
        let mut records = Records::new();
        read_entries(entries, |key, value| apply(&mut records, key, value))
            .ok_or(corrupt(at, "the snapshot ends inside an entry"))?;

        let mut bytes = vec![0; self.header.blocks * BLOCK];
        self.storage.read(self.start, &mut bytes)?;
        let place = |index: usize| self.start + index * BLOCK;
        let mut next = 0;
        let mut commit = 1;
        let mut payload = Vec::new();
        while let Some(count) = whole_commit(
            &bytes[next * BLOCK..],
            self.generation(),
            commit,
            &mut payload,
        ) {
            read_entries(&payload, |key, value| apply(&mut records, key, value))
                .ok_or(corrupt(place(next), "a commit ends inside an entry"))?;
            next += count;
            commit += 1;
        }
        // What follows may be the remains of one commit that power cut short, and nothing else.
        let mut tail = Tail::Clean;
        for (index, block) in bytes.chunks_exact(BLOCK).enumerate().skip(next) {
            match Block::parse(block) {
                Found::Zeros => {}
                Found::Torn => tail = Tail::Torn,
                Found::Whole(block)
                    if block.generation == self.generation()
                        && block.commit == commit
                        && usize::try_from(block.index).is_ok_and(|i| i == index - next) =>
                {
                    tail = Tail::Torn;
                }
                Found::Whole(_) => {
                    return Err(corrupt(place(next), "a commit before a later one is gone"));
                }
                Found::Altered => return Err(corrupt(place(index), "a block was altered")),
            }
        }
        self.next = next;
        self.commit = commit;
        Ok((records, tail))
    }

    fn generation(&self) -> u32 {
        let [_, _, _, _, a, b, c, d] = self.header.generation.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Clean,
    Torn,
}

fn apply(records: &mut Records, key: u64, value: Option<&[u8]>) {
    match value {
        Some(value) => {
            records.insert(key, value.to_vec());
        }
        None => {
            records.remove(&key);
        }
    }
}

/// The number of blocks of the commit that begins `bytes`, if all of it is there; its payload is left in `payload`.
fn whole_commit(
    bytes: &[u8],
    generation: u32,
    commit: u32,
    payload: &mut Vec<u8>,
) -> Option<usize> {
    payload.clear();
    let mut expected = Block {
        generation,
        commit,
        ..Block::first(bytes)?
    };
    let count = usize::try_from(expected.count).ok()?;
    for bytes in bytes.chunks_exact(BLOCK).take(count) {
        let Found::Whole(block) = Block::parse(bytes) else {
            return None;
        };
        if !block.continues(&expected) {
            return None;
        }
        payload.extend_from_slice(block.payload(bytes));
        expected.index += 1;
    }
    usize::try_from(expected.index)
        .ok()
        .filter(|read| *read == count && count > 0)
}
