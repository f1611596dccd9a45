use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use hydra_card::nvm::{CounterError, MonotonicCounter};

use crate::image::{lock, open_to_read};
use crate::{SlotError, file_error};

/// A monotonic counter in a file, for development and tests: whoever can put the image back can put this file back too.
/// On a machine in use the counter is a device's, see [`MonotonicCounter`].
///
/// Two places hold the value, each with its complement; they are written in turn, so that a step that power cuts short
/// leaves the value before it.
#[derive(Debug)]
pub struct CounterFile {
    file: File,
    value: u64,
}

/// Apart, so that no sector holds both.
const PLACES: [u64; 2] = [0, 4096];
const LEN: u64 = 4096 + 16;

impl CounterFile {
    /// The counter in this file, which is made, at zero, if it is not there. Locked for as long as it is open.
    pub fn open(path: &Path) -> Result<Self, SlotError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options
            .open(path)
            .map_err(|source| file_error("open", path, source))?;
        lock(&file, path)?;
        let begin = |file: &mut File| -> io::Result<()> {
            if file.metadata()?.len() < LEN {
                // Not there yet, or not finished: no card has been told of it.
                file.set_len(LEN)?;
                put(file, 0)?;
                file.sync_all()?;
            }
            Ok(())
        };
        begin(&mut file).map_err(|source| file_error("begin", path, source))?;
        Self::read(file, path)
    }

    /// The counter in a file that exists, for its value alone: it can't be raised.
    pub fn open_to_read(path: &Path) -> Result<Self, SlotError> {
        Self::read(open_to_read(path)?, path)
    }

    fn read(mut file: File, path: &Path) -> Result<Self, SlotError> {
        let mut read = || -> io::Result<Option<u64>> {
            if file.metadata()?.len() < LEN {
                return Ok(None);
            }
            let values = [at(&mut file, PLACES[0])?, at(&mut file, PLACES[1])?];
            Ok(values.into_iter().flatten().max())
        };
        let value = read().map_err(|source| file_error("read", path, source))?;
        let value = value.ok_or_else(|| {
            let error = io::Error::new(io::ErrorKind::InvalidData, "it holds no counter");
            file_error("read", path, error)
        })?;
        Ok(Self { file, value })
    }
}

/// A counter whose steps are forgotten.
pub(crate) struct Forgetful {
    counter: Box<dyn MonotonicCounter + Send>,
    steps: u64,
}

impl Forgetful {
    pub(crate) fn new(counter: Box<dyn MonotonicCounter + Send>) -> Self {
        Self { counter, steps: 0 }
    }
}

impl MonotonicCounter for Forgetful {
    fn value(&mut self) -> Result<u64, CounterError> {
        let value = self.counter.value()?.checked_add(self.steps);
        value.ok_or_else(|| CounterError("the counter is at its end".into()))
    }

    fn increment(&mut self) -> Result<u64, CounterError> {
        self.steps = self.steps.saturating_add(1);
        self.value()
    }
}

impl MonotonicCounter for CounterFile {
    fn value(&mut self) -> Result<u64, CounterError> {
        Ok(self.value)
    }

    fn increment(&mut self) -> Result<u64, CounterError> {
        let next = self
            .value
            .checked_add(1)
            .ok_or_else(|| CounterError("the counter is at its end".into()))?;
        put(&mut self.file, next)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| CounterError(Box::new(error)))?;
        self.value = next;
        Ok(next)
    }
}

fn put(file: &mut File, value: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(PLACES[usize::from(value % 2 == 1)]))?;
    let bytes: Vec<u8> = [value, !value]
        .iter()
        .flat_map(|n| n.to_be_bytes())
        .collect();
    file.write_all(&bytes)
}

/// The value at a place, if it is whole.
fn at(file: &mut File, place: u64) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(place))?;
    let mut halves = [[0; 8]; 2];
    for half in &mut halves {
        file.read_exact(half)?;
    }
    let [value, complement] = halves.map(u64::from_be_bytes);
    Ok((value == !complement).then_some(value))
}
