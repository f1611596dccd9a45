use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hydra_card::nvm::{Storage, StorageError};

use crate::{SlotError, file_error};

/// A card's memory in a file, locked for as long as it is open. `sync` is fdatasync; growth is written out as zeros, so
/// that a commit inside the file needs no new blocks.
#[derive(Debug)]
pub struct ImageFile {
    file: File,
    len: usize,
}

impl ImageFile {
    /// A new image of `len` zeros that nobody else may read; an unfinished one of the same name is overwritten.
    pub fn create(path: &Path, len: usize) -> Result<Self, SlotError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .map_err(|source| file_error("create", path, source))?;
        lock(&file, path)?;
        file.set_len(0)
            .map_err(|source| file_error("empty", path, source))?;
        let mut image = Self { file, len: 0 };
        image
            .fill_up_to(len)
            .and_then(|()| image.file.sync_all())
            .map_err(|source| {
                // Nobody has a use for a part of it, least of all on a disk that is full.
                let _ = fs::remove_file(path);
                file_error("fill", path, source)
            })?;
        Ok(image)
    }

    /// An image that exists.
    pub fn open(path: &Path) -> Result<Self, SlotError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|source| file_error("open", path, source))?;
        lock(&file, path)?;
        Self::of(file, path)
    }

    /// An image that exists, to be read alone and not locked: whoever asks holds it.
    pub(crate) fn read_alone(path: &Path) -> Result<Self, SlotError> {
        let file = File::open(path).map_err(|source| file_error("open", path, source))?;
        Self::of(file, path)
    }

    fn of(file: File, path: &Path) -> Result<Self, SlotError> {
        let len = file
            .metadata()
            .map_err(|source| file_error("measure", path, source))?
            .len();
        let len = usize::try_from(len)
            .map_err(|_| file_error("open", path, io::ErrorKind::FileTooLarge.into()))?;
        Ok(Self { file, len })
    }

    fn fill_up_to(&mut self, len: usize) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        let missing = u64::try_from(len.saturating_sub(self.len)).unwrap_or(u64::MAX);
        io::copy(&mut io::repeat(0).take(missing), &mut self.file)?;
        self.len = self.len.max(len);
        Ok(())
    }

    fn seek(&mut self, offset: usize, len: usize) -> Result<(), StorageError> {
        offset
            .checked_add(len)
            .filter(|end| *end <= self.len)
            .ok_or(StorageError::OutOfBounds { offset, len })?;
        let place = u64::try_from(offset).unwrap_or(u64::MAX);
        self.file.seek(SeekFrom::Start(place)).map_err(device)?;
        Ok(())
    }
}

impl Storage for ImageFile {
    fn len(&self) -> usize {
        self.len
    }

    fn read(&mut self, offset: usize, buf: &mut [u8]) -> Result<(), StorageError> {
        self.seek(offset, buf.len())?;
        self.file.read_exact(buf).map_err(device)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StorageError> {
        self.seek(offset, bytes.len())?;
        self.file.write_all(bytes).map_err(device)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.file.sync_data().map_err(device)
    }

    /// Growth is durable at once: fdatasync flushes a changed length too.
    fn grow(&mut self, len: usize) -> Result<(), StorageError> {
        if len <= self.len {
            return Ok(());
        }
        self.fill_up_to(len).map_err(|error| {
            if error.kind() == io::ErrorKind::StorageFull {
                StorageError::Full { len }
            } else {
                device(error)
            }
        })?;
        self.file.sync_data().map_err(device)
    }
}

/// An image that exists, to be read alone. It is locked against whoever would write to it.
pub(crate) fn open_to_read(path: &Path) -> Result<File, SlotError> {
    let file = File::open(path).map_err(|source| file_error("open", path, source))?;
    locked(file.try_lock_shared(), path)?;
    Ok(file)
}

/// An image that exists, to be copied: it may be read alone, and nobody else has it meanwhile.
pub(crate) fn hold(path: &Path) -> Result<File, SlotError> {
    let file = File::open(path).map_err(|source| file_error("open", path, source))?;
    lock(&file, path)?;
    Ok(file)
}

/// Locks a file that has just been opened. Another may have taken its place before it was locked: then that one is in use.
pub(crate) fn lock(file: &File, path: &Path) -> Result<(), SlotError> {
    locked(file.try_lock(), path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let number = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let measured = |source| file_error("measure", path, source);
        let opened = file.metadata().map(number).map_err(measured)?;
        if fs::metadata(path).map(number).map_err(measured)? != opened {
            return Err(SlotError::InUse {
                path: path.to_owned(),
            });
        }
    }
    Ok(())
}

pub(crate) fn locked(result: Result<(), TryLockError>, path: &Path) -> Result<(), SlotError> {
    result.map_err(|error| match error {
        TryLockError::WouldBlock => SlotError::InUse {
            path: path.to_owned(),
        },
        TryLockError::Error(source) => file_error("lock", path, source),
    })
}

/// A path beside another: the same name with more at its end.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn device(error: io::Error) -> StorageError {
    StorageError::Device(Box::new(error))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_place_was_taken_before_the_lock_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("image"), folder.path().join("other"));
        for path in [&path, &other] {
            fs::write(path, b"content").expect("a file");
        }
        let opened = File::open(&path).expect("a file");
        fs::rename(&other, &path).expect("renamed");
        assert!(matches!(lock(&opened, &path), Err(SlotError::InUse { .. })));
        let opened = File::open(&path).expect("a file");
        assert!(lock(&opened, &path).is_ok());
    }
}
