//! What the relay has taken into its care, on disk: an append-only file of checksummed records.
//!
//! `hyrelay2`, `end u64 | CRC-32 of the end u32`, then records of `length u32 | CRC-32 u32 | body`, big-endian. `end` is how long the file
//! was when it was last synced: a bad record before it is damage. What follows the first bad record behind it was never acknowledged (an
//! acknowledgement follows a sync) and is cut off. When most of the file is history, it is written anew.

mod record;

pub use record::Record;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crc::{CRC_32_ISO_HDLC, Crc};

/// The journal's file in its directory.
pub(crate) const NAME: &str = "relay.journal";
const MAGIC: &[u8; 8] = b"hyrelay2";
/// Magic, end, and its CRC.
const FIRST: usize = 20;
const HEADER: usize = 8;
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
/// Below this size, history is not worth rewriting.
const COMPACT_FROM: u64 = 4 * 1024 * 1024;

/// The relay's journal, held open and locked.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    file: File,
    /// Held as long as the journal is open, so that no second relay writes to it.
    _lock: File,
    len: u64,
    /// The length after the last rewriting.
    base: u64,
    batch: Vec<u8>,
}

/// What a journal held when it was opened.
#[derive(Debug)]
pub struct Recovered {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// How many bytes of an unfinished write were cut off.
    pub cut: u64,
}

impl Journal {
    /// Opens the journal in `directory`, which is created if it is not there.
    pub fn open(directory: &Path) -> io::Result<(Self, Recovered)> {
        fs::create_dir_all(directory)?;
        let lock = private().open(directory.join("relay.lock"))?;
        lock.try_lock()
            .map_err(|error| io::Error::new(io::ErrorKind::ResourceBusy, error))?;
        let path = directory.join(NAME);
        if !path.try_exists()? {
            // It gets its name when it is whole, so that one that is not whole has been damaged.
            write_anew(directory, std::iter::once(first(FIRST as u64).to_vec()))?;
        }
        let bytes = fs::read(&path)?;
        let (records, len) = scan(&bytes)?;
        let file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(len)?;
        file.sync_all()?;
        let cut = (bytes.len() as u64).saturating_sub(len);
        let journal = Self {
            directory: directory.to_owned(),
            file,
            _lock: lock,
            len,
            base: len,
            batch: Vec::new(),
        };
        Ok((journal, Recovered { records, cut }))
    }

    /// Adds a record to the batch; nothing is written before [`Journal::write`].
    pub fn push(&mut self, record: &Record) {
        let start = self.batch.len();
        self.batch.extend_from_slice(&[0; HEADER]);
        record.encode(&mut self.batch);
        let body = &self.batch[start + HEADER..];
        let (len, crc) = (
            u32::try_from(body.len()).unwrap_or(u32::MAX),
            CRC.checksum(body),
        );
        self.batch[start..start + 4].copy_from_slice(&len.to_be_bytes());
        self.batch[start + 4..start + HEADER].copy_from_slice(&crc.to_be_bytes());
    }

    /// Writes the batch, and waits for the disk if asked to.
    pub fn write(&mut self, durability: Durability) -> io::Result<()> {
        if !self.batch.is_empty() {
            self.file.seek(SeekFrom::Start(self.len))?;
            self.file.write_all(&self.batch)?;
            self.len += self.batch.len() as u64;
            self.batch.clear();
            // One large batch must not hold on to its memory for ever.
            self.batch.shrink_to(1024 * 1024);
        }
        if durability == Durability::Synced {
            self.file.sync_data()?;
            // Not worth a sync of its own: an older end is true as well.
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&first(self.len))?;
        }
        Ok(())
    }

    /// Whether most of the file is history.
    pub fn wants_compaction(&self) -> bool {
        self.len > COMPACT_FROM && self.len > 2 * self.base
    }

    /// Replaces everything by `records`, which say the same: the new file is complete and on disk before it takes the
    /// old one's name.
    pub fn compact<'a>(&mut self, records: impl Iterator<Item = Record> + 'a) -> io::Result<()> {
        self.write(Durability::Synced)?;
        self.base = self.rewrite(records)?;
        self.len = self.base;
        Ok(())
    }

    fn rewrite(&mut self, records: impl Iterator<Item = Record>) -> io::Result<u64> {
        let directory = self.directory.clone();
        let mut len = FIRST as u64;
        let chunks = records.map(|record| {
            self.push(&record);
            let chunk = std::mem::take(&mut self.batch);
            len += chunk.len() as u64;
            chunk
        });
        // The end that is written first holds for whatever follows.
        write_anew(
            &directory,
            std::iter::once(first(FIRST as u64).to_vec()).chain(chunks),
        )?;
        self.file = OpenOptions::new().write(true).open(directory.join(NAME))?;
        self.file.write_all(&first(len))?;
        Ok(len)
    }
}

/// A file that nobody else may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Puts a new journal in the place of what is there: it is complete and on disk before it takes the name.
fn write_anew(directory: &Path, chunks: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    let new = directory.join("relay.journal.new");
    let mut file = io::BufWriter::with_capacity(256 * 1024, private().open(&new)?);
    for chunk in chunks {
        file.write_all(&chunk)?;
    }
    file.into_inner()?.sync_all()?;
    fs::rename(&new, directory.join(NAME))?;
    File::open(directory)?.sync_all()
}

/// The beginning of a file that is durable up to `end`.
fn first(end: u64) -> [u8; FIRST] {
    let mut bytes = [0; FIRST];
    let end = end.to_be_bytes();
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..16].copy_from_slice(&end);
    bytes[16..].copy_from_slice(&CRC.checksum(&end).to_be_bytes());
    bytes
}

/// Whether a write has to be on disk before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Written; a power cut may undo it.
    Written,
    /// On disk.
    Synced,
}

/// The good records from the start, and where they end. A file that is not a journal, or has lost what was durable, is refused.
fn scan(bytes: &[u8]) -> io::Result<(Vec<Record>, u64)> {
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut records = Vec::new();
    let Some((head, mut rest)) = bytes.split_first_chunk::<FIRST>() else {
        return Err(damaged("it has lost its tail at offset 0".to_owned()));
    };
    if !head.starts_with(MAGIC) {
        return Err(damaged(
            "it does not begin with `hyrelay2` at offset 0".to_owned(),
        ));
    }
    let end = head[8..16]
        .iter()
        .fold(0, |end, byte| (end << 8) | u64::from(*byte));
    if first(end) != *head {
        return Err(damaged("it has a bad length at offset 8".to_owned()));
    }
    while let Some((body, after)) = next_body(rest) {
        let at = bytes.len() - rest.len();
        // A body with a good checksum was written whole: if it can't be read, the file is another version's.
        let record = Record::decode(body)
            .ok_or_else(|| damaged(format!("it has an unreadable record at offset {at}")))?;
        records.push(record);
        rest = after;
    }
    let good = (bytes.len() - rest.len()) as u64;
    if good < end {
        let what = format!("it is damaged at offset {good}: it was good up to {end}");
        return Err(damaged(what));
    }
    Ok((records, good))
}

fn next_body(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let (body, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    (CRC.checksum(body) == u32::from_be_bytes(*crc)).then_some((body, rest))
}

#[cfg(test)]
mod tests;
