use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::layout::{
    AREAS, BLOCK, Block, COUNTED, ENCRYPTED, FORMAT, Found, HEADER, HEADERS, Header, PAYLOAD,
    checksum, read_entries, write_entry,
};
use super::seal::{Place, Seal, header_mac, is_of};
use super::{ImageKey, Medium, MonotonicCounter, NvmError, Protection, Storage};

/// Everything stored, by key.
pub type Records = BTreeMap<u64, Vec<u8>>;

/// Records that lie in somebody else's buffers.
type Borrowed<'a> = BTreeMap<u64, &'a [u8]>;

/// The least size of a journal before it is folded into a new snapshot.
const MIN_BLOCKS: usize = 256;
/// How many times the snapshot's size a journal has at least: the larger, the rarer it is folded, and the longer opening
/// takes.
const FACTOR: usize = 2;
/// How far the counter is ahead when a card has been opened: what was begun before, in whatever copy of the image, is
/// old from then on.
const OPENING: u64 = 2;
/// A buffer larger than this is not kept from one commit to the next.
const KEPT: usize = 1024;

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
    key: Option<ImageKey>,
    seal: Option<Box<Seal>>,
    count: Option<Count>,
    poisoned: bool,
    payload: Vec<u8>,
    blocks: Vec<u8>,
}

/// The counter and where it stands.
struct Count {
    device: Box<dyn MonotonicCounter + Send>,
    /// The value of the last payload that was written or read.
    value: u64,
}

impl<S: Storage> Journal<S> {
    /// Makes an empty journal on a medium, whatever it held.
    pub fn format(medium: impl Into<Medium<S>>) -> Result<Self, NvmError> {
        let medium = medium.into();
        let Protection { key, counter } = medium.protection;
        let mut storage = medium.storage;
        storage.grow(AREAS)?;
        for at in HEADERS {
            storage.write(at, &[0; HEADER])?;
        }
        storage.sync()?;
        let flag = |set, flag| if set { flag } else { 0 };
        let mut journal = Self {
            storage,
            header: Header {
                format: FORMAT,
                content: medium.content,
                flags: flag(key.is_some(), ENCRYPTED) | flag(counter.is_some(), COUNTED),
                generation: 0,
                snapshot: AREAS,
                snapshot_len: 0,
                blocks: 0,
                salt: medium.salt,
            },
            start: AREAS,
            next: 0,
            commit: 1,
            seal: key
                .as_ref()
                .map(|key| Box::new(Seal::new(key, medium.salt))),
            key,
            count: counter.map(|device| Count { device, value: 0 }),
            poisoned: false,
            payload: Vec::new(),
            blocks: Vec::new(),
        };
        if let Some(count) = &mut journal.count {
            count.value = count.device.value().map_err(NvmError::Counter)?;
            count.advance(OPENING)?;
        }
        journal.fold(&Borrowed::new(), 0)?;
        journal.catch_up()?;
        Ok(journal)
    }

    /// Finds the last commit on the medium and reads everything.
    pub fn open(medium: impl Into<Medium<S>>) -> Result<(Self, Records), NvmError> {
        let medium = medium.into();
        let Protection { key, counter } = medium.protection;
        let mut storage = medium.storage;
        let Chosen {
            header,
            bytes,
            repair,
        } = choose(&mut storage, key.as_ref())?;
        if header.content > medium.content {
            return Err(NvmError::Version {
                part: "records",
                found: header.content,
                reads: medium.content,
            });
        }
        match (header.flags & COUNTED != 0, counter.is_some()) {
            (true, false) => return Err(NvmError::CounterNeeded),
            (false, true) => return Err(NvmError::NotCounted),
            _ => {}
        }
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
            key,
            seal: None,
            count: counter.map(|device| Count { device, value: 0 }),
            poisoned: false,
            payload: Vec::new(),
            blocks: Vec::new(),
        };
        let (entries, tail) = journal.load()?;
        let records = latest(&entries);
        if let Some(count) = &mut journal.count {
            count.begin()?;
        }
        if let Some(at) = repair {
            // Before anything else: what the other copy names may not be there much longer.
            journal.storage.write(at, &bytes)?;
            journal.storage.sync()?;
        }
        if tail == Tail::Torn || journal.header.format < FORMAT {
            // What power cut short stays where it is, and the card moves to a clean area: blocks are only ever
            // written over zeros.
            journal.fold(&records, 0)?;
        } else if journal.count.is_some() {
            journal.begin_payload();
            if journal.room() > 0 {
                journal.append()?;
            } else {
                journal.fold(&records, 0)?;
            }
        }
        journal.catch_up()?;
        let records = records
            .into_iter()
            .map(|(key, value)| (key, value.to_vec()))
            .collect();
        Ok((journal, records))
    }

    /// Makes the changes durable, all or none; `None` deletes. Nothing to change costs nothing.
    ///
    /// After an error the journal must be opened again: whether the changes were kept is unknown until then.
    pub fn commit<K: Copy + Into<u64>>(
        &mut self,
        changes: &[(K, Option<Vec<u8>>)],
    ) -> Result<(), NvmError> {
        self.commit_or(changes, |journal, room| {
            let entries = journal.read_again()?;
            journal.fold(&changed(&entries, changes), room)
        })
    }

    /// [`Self::commit`] for whoever has everything at hand, as it is with the changes: it is asked for when the journal is
    /// full, so that the medium need not be read again.
    pub fn commit_all<K: Copy + Into<u64>>(
        &mut self,
        changes: &[(K, Option<Vec<u8>>)],
        everything: impl FnOnce() -> Vec<(K, Vec<u8>)>,
    ) -> Result<(), NvmError> {
        self.commit_or(changes, |journal, room| {
            let everything = everything();
            let records = everything.iter();
            let records = records
                .map(|(key, value)| ((*key).into(), value.as_slice()))
                .collect();
            debug_assert!(journal.has(&records, changes), "not what was committed");
            journal.fold(&records, room)
        })
    }

    /// Appends the changes, or lets `renew` fold the journal, with as many blocks to spare as they take.
    fn commit_or<K: Copy + Into<u64>>(
        &mut self,
        changes: &[(K, Option<Vec<u8>>)],
        renew: impl FnOnce(&mut Self, usize) -> Result<(), NvmError>,
    ) -> Result<(), NvmError> {
        if self.poisoned {
            return Err(NvmError::Poisoned);
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.poisoned = true;
        if let Some(count) = &mut self.count {
            count.advance(1)?;
        }
        self.begin_payload();
        for (key, value) in changes {
            write_entry((*key).into(), value.as_deref(), &mut self.payload).ok_or(
                NvmError::TooLarge {
                    len: value.as_ref().map_or(0, Vec::len),
                },
            )?;
        }
        let needed = self.needed();
        if needed <= self.room() {
            self.append()?;
        } else {
            renew(self, needed)?;
        }
        if let Some(count) = &mut self.count {
            count.step()?;
        }
        self.poisoned = false;
        Ok(())
    }

    /// The entries of everything that was committed.
    fn read_again(&mut self) -> Result<Vec<u8>, NvmError> {
        let value = self.count.as_ref().map(|count| count.value);
        let end = self.end();
        let (entries, _) = self.load()?;
        if self.end() != end {
            // Older content that is whole would pass for the card's, and the counter's next value make it new.
            return Err(NvmError::Corrupt {
                offset: self.start,
                what: "the journal ends where the card did not leave it",
            });
        }
        if let (Some(count), Some(value)) = (&mut self.count, value) {
            count.value = value;
        }
        Ok(entries)
    }

    /// Whether these records are what was committed, with the changes; of a damaged medium nobody knows. The journal stays
    /// as it is.
    fn has<K: Copy + Into<u64>>(
        &mut self,
        records: &Borrowed<'_>,
        changes: &[(K, Option<Vec<u8>>)],
    ) -> bool {
        let value = self.count.as_ref().map(|count| count.value);
        let (seal, next, commit) = (self.seal.take(), self.next, self.commit);
        let entries = self.read_again();
        (self.seal, self.next, self.commit) = (seal, next, commit);
        if let (Some(count), Some(value)) = (&mut self.count, value) {
            count.value = value;
        }
        entries.map_or(true, |entries| changed(&entries, changes) == *records)
    }

    /// Puts other records in the place of all there are, in one step: what a later version makes of an earlier one's.
    pub(crate) fn replace(&mut self, content: u16, records: &Records) -> Result<(), NvmError> {
        self.poisoned = true;
        if let Some(count) = &mut self.count {
            count.advance(1)?;
        }
        self.header.content = content;
        let records = records
            .iter()
            .map(|(key, value)| (*key, value.as_slice()))
            .collect();
        self.fold(&records, 0)?;
        if let Some(count) = &mut self.count {
            count.step()?;
        }
        self.poisoned = false;
        Ok(())
    }

    /// Version of the records.
    pub(crate) fn content(&self) -> u16 {
        self.header.content
    }

    /// The medium, for whoever opens it next.
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// The medium.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Blocks that are free.
    fn room(&self) -> usize {
        self.header.blocks.saturating_sub(self.next)
    }

    /// Blocks that the payload takes.
    fn needed(&self) -> usize {
        let iv = if self.seal.is_some() { 16 } else { 0 };
        (self.payload.len() + iv).div_ceil(PAYLOAD)
    }

    /// Empties the payload but for the counter's value.
    fn begin_payload(&mut self) {
        self.payload.clear();
        if let Some(count) = &self.count {
            self.payload.extend(count.value.to_be_bytes());
        }
    }

    /// Writes the payload as the next commit.
    fn append(&mut self) -> Result<(), NvmError> {
        let place = Place::Commit {
            generation: self.header.generation,
            number: self.commit,
        };
        if let Some(seal) = &mut self.seal {
            seal.seal(place, &mut self.payload);
        }
        self.blocks.clear();
        let len = self.payload.len();
        Block::write_all(
            self.generation(),
            self.commit,
            &self.payload,
            &mut self.blocks,
        )
        .ok_or(NvmError::TooLarge { len })?;
        self.storage
            .write(self.start + self.next * BLOCK, &self.blocks)?;
        self.storage.sync()?;
        self.next += self.blocks.len() / BLOCK;
        self.commit += 1;
        for buffer in [&mut self.payload, &mut self.blocks] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
        Ok(())
    }

    /// Writes `records` as the snapshot of a new area and makes it the card's. The old area stays as it is until
    /// both headers name the new one, so power may fail at any byte.
    fn fold(&mut self, records: &Borrowed<'_>, room: usize) -> Result<(), NvmError> {
        let generation = self
            .header
            .generation
            .checked_add(1)
            .ok_or(NvmError::Corrupt {
                offset: 0,
                what: "the header's generation is the last there is",
            })?;
        self.begin_payload();
        let mut snapshot = core::mem::take(&mut self.payload);
        snapshot.reserve_exact(records.values().map(|value| value.len() + 12).sum());
        for (key, value) in records {
            write_entry(*key, Some(value), &mut snapshot)
                .ok_or(NvmError::TooLarge { len: value.len() })?;
        }
        if let Some(seal) = &mut self.seal {
            **seal = seal.next(generation);
            seal.seal(Place::Snapshot { generation }, &mut snapshot);
        }
        let snapshot_len = snapshot.len();
        let crc = checksum(FORMAT, &snapshot);
        snapshot.extend(crc.to_be_bytes());
        let blocks = MIN_BLOCKS
            .max(snapshot_len.div_ceil(BLOCK).saturating_mul(FACTOR))
            .max(room.saturating_mul(2));
        let mut header = Header {
            format: FORMAT,
            generation,
            snapshot: AREAS,
            snapshot_len,
            blocks,
            salt: self
                .seal
                .as_ref()
                .map_or(self.header.salt, |seal| seal.salt()),
            ..self.header
        };
        let too_large = || NvmError::TooLarge { len: snapshot_len };
        if header.end().ok_or_else(too_large)? > self.header.snapshot {
            header.snapshot = self.header.end().ok_or_else(too_large)?;
        }
        let start = header.journal().ok_or_else(too_large)?;
        let end = header.end().ok_or_else(too_large)?;
        let used = self.storage.len();
        self.storage.grow(end)?;
        snapshot.resize(start - header.snapshot, 0);
        self.storage.write(header.snapshot, &snapshot)?;
        drop(snapshot);
        // What was added is zeros already.
        let zeros = vec![0; (64 * BLOCK).min(end - start)];
        let mut at = start;
        while at < end.min(used) {
            let len = zeros.len().min(end - at);
            self.storage.write(at, &zeros[..len])?;
            at += len;
        }
        self.storage.sync()?;
        self.header = header;
        self.start = start;
        self.next = 0;
        self.commit = 1;
        let bytes = header.to_bytes(|bytes| match &self.key {
            Some(key) => header_mac(key, bytes),
            None => [0; 16],
        });
        for at in HEADERS {
            self.storage.write(at, &bytes)?;
            self.storage.sync()?;
        }
        Ok(())
    }

    /// Brings the counter to the value of what was written last.
    fn catch_up(&mut self) -> Result<(), NvmError> {
        self.count.as_mut().map_or(Ok(()), Count::catch_up)
    }

    /// Reads the entries of the snapshot and of every commit, in order, and finds where the next commit goes.
    fn load(&mut self) -> Result<(Vec<u8>, Tail), NvmError> {
        let corrupt = |offset, what| NvmError::Corrupt { offset, what };
        let end = self.start + self.header.blocks * BLOCK;
        if end > self.storage.len() {
            return Err(corrupt(self.storage.len(), "the medium ends early"));
        }
        let Header {
            format, generation, ..
        } = self.header;
        self.seal = (self.key.as_ref()).map(|key| Box::new(Seal::new(key, self.header.salt)));
        let at = self.header.snapshot;
        let len = self.header.snapshot_len;
        let mut entries = vec![0; self.start - at];
        self.storage.read(at, &mut entries)?;
        let (payload, rest) = entries.split_at(len);
        if checksum(format, payload).to_be_bytes() != rest[..8] {
            return Err(corrupt(at, "the snapshot's checksum is wrong"));
        }
        entries.truncate(len);
        self.unwrap(Place::Snapshot { generation }, &mut entries, at)?;

        let mut bytes = vec![0; self.header.blocks * BLOCK];
        self.storage.read(self.start, &mut bytes)?;
        let start = self.start;
        let place = |index: usize| start + index * BLOCK;
        let mut next = 0;
        let mut commit = 1;
        let mut payload = Vec::new();
        while let Some(count) = whole_commit(
            &bytes[next * BLOCK..],
            format,
            self.generation(),
            commit,
            &mut payload,
        ) {
            let (number, at) = (commit, place(next));
            self.unwrap(Place::Commit { generation, number }, &mut payload, at)?;
            entries.extend_from_slice(&payload);
            next += count;
            commit += 1;
        }
        // What follows may be the remains of one commit that power cut short, and nothing else.
        let mut tail = Tail::Clean;
        for (index, block) in bytes.chunks_exact(BLOCK).enumerate().skip(next) {
            match Block::parse(block, format) {
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
        Ok((entries, tail))
    }

    /// Takes a payload apart: what is left are entries, all of them whole.
    fn unwrap(
        &mut self,
        place: Place,
        payload: &mut Vec<u8>,
        offset: usize,
    ) -> Result<(), NvmError> {
        let corrupt = |what| NvmError::Corrupt { offset, what };
        if let Some(seal) = &mut self.seal {
            seal.open(place, payload)
                .ok_or(corrupt("what is there is not authentic"))?;
        }
        if let Some(count) = &mut self.count {
            let value = payload
                .first_chunk()
                .ok_or(corrupt("there is no counter's value"))?;
            count.value = u64::from_be_bytes(*value);
            payload.drain(..8);
        }
        read_entries(payload, |_, _| {}).ok_or(corrupt("the entries end inside one"))
    }

    /// Where the journal ends: the next block and commit, and what seals the last commit.
    fn end(&self) -> (usize, u32, Option<[u8; 16]>) {
        let chain = self.seal.as_ref().map(|seal| seal.chain());
        (self.next, self.commit, chain)
    }

    fn generation(&self) -> u32 {
        let [_, _, _, _, a, b, c, d] = self.header.generation.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

impl Count {
    /// Compares an image that was read with the counter, and goes to the value of its opening.
    fn begin(&mut self) -> Result<(), NvmError> {
        let (image, counter) = (self.value, self.device.value().map_err(NvmError::Counter)?);
        match image.checked_sub(counter) {
            None => Err(NvmError::RolledBack { image, counter }),
            Some(0..=OPENING) => {
                self.value = counter;
                self.advance(OPENING)
            }
            Some(_) => Err(NvmError::OtherCounter { image, counter }),
        }
    }

    fn advance(&mut self, by: u64) -> Result<(), NvmError> {
        self.value = self
            .value
            .checked_add(by)
            .ok_or(NvmError::CounterExhausted)?;
        Ok(())
    }

    /// One step, after which the counter has the value of what was written.
    fn step(&mut self) -> Result<(), NvmError> {
        let now = self.device.increment().map_err(NvmError::Counter)?;
        if now == self.value {
            Ok(())
        } else {
            Err(NvmError::CounterMoved {
                expected: self.value,
                found: now,
            })
        }
    }

    /// As many steps as are missing, at most those of an opening.
    fn catch_up(&mut self) -> Result<(), NvmError> {
        let mut now = self.device.value().map_err(NvmError::Counter)?;
        while now < self.value {
            now = self.device.increment().map_err(NvmError::Counter)?;
        }
        if now == self.value {
            Ok(())
        } else {
            Err(NvmError::CounterMoved {
                expected: self.value,
                found: now,
            })
        }
    }
}

impl core::fmt::Debug for Count {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Count")
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// The header that counts.
struct Chosen {
    header: Header,
    bytes: [u8; HEADER],
    /// Where the other copy must be written again.
    repair: Option<usize>,
}

/// Whether an image was made with a counter: its header says it to everybody. What has no header that this build reads
/// is not.
pub fn is_counted(storage: &mut impl Storage) -> Result<bool, NvmError> {
    let headers = headers(storage)?;
    Ok(headers
        .iter()
        .any(|(found, _)| matches!(found, Found::Whole(header) if header.flags & COUNTED != 0)))
}

/// What one copy of the header's place holds, and its bytes.
type HeaderCopy = (Found<Header>, [u8; HEADER]);

/// What is where the headers are.
fn headers(storage: &mut impl Storage) -> Result<[HeaderCopy; 2], NvmError> {
    let mut found = [(Found::Zeros, [0; HEADER]); 2];
    for ((found, bytes), at) in found.iter_mut().zip(HEADERS) {
        if at + HEADER <= storage.len() {
            storage.read(at, bytes)?;
            *found = Header::parse(bytes);
        }
    }
    Ok(found)
}

/// Reads both headers and takes the newer one that is whole.
fn choose(storage: &mut impl Storage, key: Option<&ImageKey>) -> Result<Chosen, NvmError> {
    let found = headers(storage)?;
    let whole = |index: usize| match found[index] {
        (Found::Whole(header), bytes) => Some((index, header, bytes)),
        _ => None,
    };
    let mut copies: Vec<(usize, Header, [u8; HEADER])> = (0..2).filter_map(whole).collect();
    if copies.is_empty() {
        let altered = found.iter().any(|(found, _)| *found == Found::Altered);
        return Err(if altered {
            NvmError::Corrupt {
                offset: 0,
                what: "neither header is whole",
            }
        } else {
            NvmError::Blank
        });
    }
    if let Some((_, header, _)) = copies.iter().find(|(_, header, _)| header.format > FORMAT) {
        return Err(NvmError::Version {
            part: "format",
            found: header.format.into(),
            reads: FORMAT.into(),
        });
    }
    let encrypted = |(_, header, _): &(usize, Header, [u8; HEADER])| header.flags & ENCRYPTED != 0;
    match key {
        Some(key) => {
            if !copies.iter().any(encrypted) {
                return Err(NvmError::NotEncrypted);
            }
            copies.retain(|(_, header, bytes)| {
                header.flags & ENCRYPTED != 0
                    && is_of(key, Header::authentic(bytes), Header::mac(bytes))
            });
        }
        None => {
            if copies.iter().any(encrypted) {
                return Err(NvmError::KeyNeeded);
            }
        }
    }
    // Of two of one generation the first.
    copies.sort_by_key(|(index, header, _)| (core::cmp::Reverse(header.generation), *index));
    let (index, header, bytes) = *copies.first().ok_or(NvmError::WrongKey)?;
    let other = 1 - index;
    let same = found[other] == (Found::Whole(header), bytes);
    Ok(Chosen {
        header,
        bytes,
        repair: (!same).then_some(HEADERS[other]),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Clean,
    Torn,
}

/// The last value of every key, after the changes.
fn changed<'a, K: Copy + Into<u64>>(
    entries: &'a [u8],
    changes: &'a [(K, Option<Vec<u8>>)],
) -> Borrowed<'a> {
    let mut records = latest(entries);
    for (key, value) in changes {
        match value {
            Some(value) => records.insert((*key).into(), value),
            None => records.remove(&(*key).into()),
        };
    }
    records
}

/// The last value of each key among whole entries.
fn latest(entries: &[u8]) -> Borrowed<'_> {
    let mut records = Borrowed::new();
    // They were read before.
    let _ = read_entries(entries, |key, value| {
        match value {
            Some(value) => records.insert(key, value),
            None => records.remove(&key),
        };
    });
    records
}

/// The number of blocks of the commit that begins `bytes`, if all of it is there; its payload is left in `payload`.
fn whole_commit(
    bytes: &[u8],
    format: u8,
    generation: u32,
    commit: u32,
    payload: &mut Vec<u8>,
) -> Option<usize> {
    payload.clear();
    let mut count = 1;
    let mut read = 0_u32;
    for bytes in bytes.chunks_exact(BLOCK) {
        let Found::Whole(block) = Block::parse(bytes, format) else {
            return None;
        };
        if read == 0 {
            count = block.count;
        }
        let expected = Block {
            generation,
            commit,
            index: read,
            count,
            len: block.len,
        };
        if block != expected {
            return None;
        }
        payload.extend_from_slice(block.payload(bytes));
        read += 1;
        if read == count {
            return usize::try_from(count).ok();
        }
    }
    None
}
