//! What the relay has taken into its care, on disk: an append-only file of checksummed records.
//!
//! A record is `length u32 | CRC-32 u32 | body`, big-endian. What follows the first bad record was never acknowledged
//! (an acknowledgement follows a sync) and is cut off. When most of the file is history, it is written anew.

mod record;

pub use record::Record;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crc::{CRC_32_ISO_HDLC, Crc};

const MAGIC: &[u8; 8] = b"hyrelay1";
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
        let lock = File::create(directory.join("relay.lock"))?;
        lock.try_lock()
            .map_err(|error| io::Error::new(io::ErrorKind::ResourceBusy, error))?;
        let path = directory.join("relay.journal");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let (records, good) = scan(&bytes)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let mut len = good;
        if good == 0 {
            file.set_len(0)?;
            file.write_all(MAGIC)?;
            len = MAGIC.len() as u64;
        } else {
            file.set_len(good)?;
        }
        file.sync_all()?;
        File::open(directory)?.sync_all()?;
        let cut = (bytes.len() as u64).saturating_sub(good);
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
            self.file.write_all(&self.batch)?;
            self.len += self.batch.len() as u64;
            self.batch.clear();
            // One large batch must not hold on to its memory for ever.
            self.batch.shrink_to(1024 * 1024);
        }
        if durability == Durability::Synced {
            self.file.sync_data()?;
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
        let new = self.directory.join("relay.journal.new");
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(&new)?;
        file.write_all(MAGIC)?;
        let mut len = MAGIC.len() as u64;
        for record in records {
            self.push(&record);
            if self.batch.len() > 256 * 1024 {
                file.write_all(&self.batch)?;
                len += self.batch.len() as u64;
                self.batch.clear();
            }
        }
        file.write_all(&self.batch)?;
        len += self.batch.len() as u64;
        self.batch.clear();
        file.sync_all()?;
        let path = self.directory.join("relay.journal");
        fs::rename(&new, &path)?;
        File::open(&self.directory)?.sync_all()?;
        self.file = OpenOptions::new().append(true).open(&path)?;
        self.len = len;
        self.base = len;
        Ok(())
    }
}

/// Whether a write has to be on disk before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Written; a power cut may undo it.
    Written,
    /// On disk.
    Synced,
}

/// The good records from the start, and where they end. A file that is not a journal is refused.
fn scan(bytes: &[u8]) -> io::Result<(Vec<Record>, u64)> {
    let mut records = Vec::new();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        // Power failed while the file was made.
        if MAGIC.starts_with(bytes) {
            return Ok((records, 0));
        }
        let error = "the relay's journal does not begin with `hyrelay1` at offset 0";
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    };
    while let Some((body, after)) = next_body(rest) {
        let at = bytes.len() - rest.len();
        // A body with a good checksum was written whole: if it can't be read, the file is another version's.
        let record = Record::decode(body).ok_or_else(|| {
            let error = format!("the relay's journal has an unreadable record at offset {at}");
            io::Error::new(io::ErrorKind::InvalidData, error)
        })?;
        records.push(record);
        rest = after;
    }
    Ok((records, (bytes.len() - rest.len()) as u64))
}

fn next_body(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let (body, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    (CRC.checksum(body) == u32::from_be_bytes(*crc)).then_some((body, rest))
}

#[cfg(test)]
mod tests;
