//! What a server remembers: a file of records that is only ever appended to.
//!
//! `HYDRAJ2\n`, `end u64 | check of the end (8)`, then records of `length u32 | check of the length u32 | content | check of the content (8)`,
//! where a check is the beginning of SHA-256. `end` is how long the file was when it was last known to be durable, so a file that has
//! lost its tail is noticed. A record behind it that ends beyond the file's end was being written when the process died; nobody has been
//! told of it, and it is dropped. Anything else that does not fit is an error that names the offset.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hydra_crypto::sha256;

const MAGIC: &[u8; 8] = b"HYDRAJ2\n";
/// The journal's file in its folder.
pub(crate) const NAME: &str = "journal";
/// Magic, end, and the check of the end.
const FIRST: usize = 24;
const HEAD: usize = 8;
const CHECK: usize = 8;

/// An append-only journal; in memory when it has no file.
#[derive(Debug)]
pub struct Journal {
    file: Option<(File, PathBuf)>,
    end: u64,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("{action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What failed.
        source: std::io::Error,
    },
    /// Another process uses the journal.
    #[error("{path} is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file was changed since it was written.
    #[error("{path} is damaged at byte {offset}: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What does not fit.
        what: String,
    },
}

impl Journal {
    /// A journal that lives as long as this value.
    pub fn in_memory() -> Self {
        Self { file: None, end: 0 }
    }

    /// Opens or makes the journal of a folder, and reads its records.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Vec<u8>>), JournalError> {
        std::fs::create_dir_all(folder).map_err(io("making the folder", folder))?;
        let path = folder.join(NAME);
        let (mut file, path) = match path.try_exists().map_err(io("looking for", &path))? {
            true => (open(&path)?, path),
            false => (make(folder, &path)?, path),
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(io("reading", &path))?;
        let (records, end) = read(&bytes).map_err(|(offset, what)| JournalError::Damaged {
            path: path.clone(),
            offset: offset as u64,
            what,
        })?;
        let end = end as u64;
        file.set_len(end)
            .and_then(|()| file.sync_all())
            .map_err(io("writing", &path))?;
        let journal = Self {
            file: Some((file, path)),
            end,
        };
        Ok((journal, records))
    }

    /// Adds a record; returns when it is durable. After an error the record is not there.
    pub fn append(&mut self, content: &[u8]) -> Result<(), JournalError> {
        let Some((file, path)) = &mut self.file else {
            return Ok(());
        };
        let failed = |source| JournalError::Io {
            action: "writing",
            path: path.clone(),
            source,
        };
        let length = u32::try_from(content.len())
            .map_err(|error| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, error)))?
            .to_be_bytes();
        let mut record = Vec::with_capacity(HEAD + content.len() + CHECK);
        record.extend_from_slice(&length);
        record.extend_from_slice(&sha256(&length)[..4]);
        record.extend_from_slice(content);
        record.extend_from_slice(&sha256(content)[..CHECK]);
        let written = file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| file.write_all(&record))
            .and_then(|()| file.sync_data());
        if let Err(source) = written {
            // What may stand half written behind the end must not be taken for a record later.
            let _ = file.set_len(self.end);
            return Err(failed(source));
        }
        self.end += record.len() as u64;
        // Not worth a sync of its own: an older end is true as well.
        file.seek(SeekFrom::Start(MAGIC.len() as u64))
            .and_then(|_| file.write_all(&ending(self.end)))
            .map_err(failed)
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io {
        action,
        path,
        source,
    }
}

/// Opens a file for this process alone.
fn open(path: &Path) -> Result<File, JournalError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    lock(options.open(path).map_err(io("opening", path))?, path)
}

fn lock(file: File, path: &Path) -> Result<File, JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(io("locking", path)(source)),
    }
}

/// A journal without records. It gets its name when it is whole, so that one that is not whole has been damaged.
fn make(folder: &Path, path: &Path) -> Result<File, JournalError> {
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&unfinished).map_err(io("making", path))?;
    let mut file = lock(file, path)?;
    // Another process may have been quicker.
    if path.try_exists().map_err(io("looking for", path))? {
        return open(path);
    }
    let first = [&MAGIC[..], &ending(FIRST as u64)].concat();
    file.set_len(0)
        .and_then(|()| file.write_all(&first))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&unfinished, path))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(io("making", path))?;
    Ok(file)
}

/// An end with its check.
fn ending(end: u64) -> [u8; 16] {
    let end = end.to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&end);
    bytes[8..].copy_from_slice(&sha256(&end)[..CHECK]);
    bytes
}

type Damage = (usize, String);

/// The records, and where the last whole one ends.
fn read(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, usize), Damage> {
    if !bytes.starts_with(MAGIC) {
        return Err((0, "not a journal of this version".to_owned()));
    }
    let Some(end) = bytes.get(MAGIC.len()..FIRST) else {
        return Err((MAGIC.len(), "it has lost its tail".to_owned()));
    };
    let known = end
        .iter()
        .take(8)
        .fold(0, |end, byte| (end << 8) | u64::from(*byte));
    if ending(known) != end {
        return Err((MAGIC.len(), "the file's length".to_owned()));
    }
    let mut records = Vec::new();
    let mut at = FIRST;
    while let Some((head, rest)) = bytes[at..].split_first_chunk::<HEAD>() {
        let [l0, l1, l2, l3, check @ ..] = *head;
        let length = [l0, l1, l2, l3];
        if sha256(&length)[..4] != check {
            return Err((at, "the length of a record".to_owned()));
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let Some(record) = rest.get(..length.saturating_add(CHECK)) else {
            break;
        };
        let (content, check) = record.split_at(length);
        if sha256(content)[..CHECK] != *check {
            return Err((at + HEAD, "the content of a record".to_owned()));
        }
        records.push(content.to_vec());
        at += HEAD + length + CHECK;
    }
    if (at as u64) < known {
        return Err((at, format!("it has lost its tail, to byte {known}")));
    }
    Ok((records, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(records: &[&[u8]]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, old) = Journal::open(folder.path()).unwrap();
        assert!(old.is_empty());
        for record in records {
            journal.append(record).unwrap();
        }
        folder
    }

    #[test]
    fn records_come_back_and_a_torn_one_is_dropped_at_every_byte() {
        let folder = folder_with(&[b"one", b"", b"three"]);
        let path = folder.path().join(NAME);
        let whole = std::fs::read(&path).unwrap();
        let ends = [FIRST, FIRST + 19, FIRST + 19 + 16, whole.len()];
        for len in FIRST..=whole.len() {
            // What was known to be durable when the process died: every whole record that is left, or fewer.
            let durable = ends.iter().filter(|end| **end <= len);
            let complete = durable.clone().count() - 1;
            for known in durable {
                let mut torn = whole[..len].to_vec();
                torn[MAGIC.len()..FIRST].copy_from_slice(&ending(*known as u64));
                std::fs::write(&path, &torn).unwrap();
                let (mut journal, records) = Journal::open(folder.path()).unwrap();
                assert_eq!(records.len(), complete, "{len} bytes");
                journal.append(b"next").unwrap();
                drop(journal);
                let (_, again) = Journal::open(folder.path()).unwrap();
                assert_eq!(again.last().unwrap(), b"next");
                assert_eq!(again.len(), records.len() + 1);
            }
        }
    }

    #[test]
    fn a_lost_tail_is_noticed_at_every_byte() {
        let folder = folder_with(&[b"one", b"", b"three"]);
        let path = folder.path().join(NAME);
        let whole = std::fs::read(&path).unwrap();
        for len in 0..whole.len() {
            std::fs::write(&path, &whole[..len]).unwrap();
            let error = Journal::open(folder.path()).map(|(_, records)| records);
            assert!(
                matches!(error, Err(JournalError::Damaged { .. })),
                "{len}: {error:?}"
            );
            assert_eq!(
                std::fs::read(&path).unwrap(),
                whole[..len],
                "left as it was"
            );
        }
    }

    #[test]
    fn one_that_was_being_made_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("journal.new"), b"HYD").unwrap();
        let (_journal, records) = Journal::open(folder.path()).unwrap();
        assert!(records.is_empty());
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let folder = folder_with(&[b"one", b"two"]);
        let path = folder.path().join(NAME);
        let whole = std::fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            let error = Journal::open(folder.path()).map(|(_, records)| records);
            let Err(JournalError::Damaged { offset, .. }) = error else {
                panic!("bit {bit}: {error:?}");
            };
            assert!(usize::try_from(offset).unwrap() <= bit / 8, "bit {bit}");
        }
    }

    #[test]
    fn a_second_process_is_refused() {
        let folder = folder_with(&[]);
        let (_journal, _) = Journal::open(folder.path()).unwrap();
        assert!(matches!(
            Journal::open(folder.path()),
            Err(JournalError::InUse { .. })
        ));
    }
}
