//! What a card's image is protected with: options of every command that opens one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use hydra_card::nvm::{ImageKey, Protection};
use hydra_slot::{CounterFile, SlotError};
use hydra_wire::hex;

/// What the image was made with it is opened with.
#[derive(Args)]
pub(crate) struct Protect {
    /// The image's key, 32 random bytes or 64 hexadecimal digits in a file: it is encrypted
    #[arg(long, value_name = "FILE", requires = "image")]
    key_file: Option<PathBuf>,
    /// A file that stands for a monotonic counter: an older copy of the image is refused
    #[arg(long, value_name = "FILE", requires = "image")]
    counter: Option<PathBuf>,
}

impl Protect {
    /// Reads the key and opens the counter.
    pub(crate) fn read(&self) -> Result<Protection> {
        self.with(CounterFile::open)
    }

    /// Reads the key and the counter, neither to be written.
    pub(crate) fn look(&self) -> Result<Protection> {
        self.with(CounterFile::open_to_read)
    }

    fn with(&self, open: fn(&Path) -> Result<CounterFile, SlotError>) -> Result<Protection> {
        let mut protection = Protection::default();
        if let Some(path) = &self.key_file {
            protection.key = Some(key(path)?);
        }
        if let Some(path) = &self.counter {
            protection.counter = Some(Box::new(open(path)?));
        }
        Ok(protection)
    }
}

fn key(path: &Path) -> Result<ImageKey> {
    let context = || path.display().to_string();
    let bytes = fs::read(path).with_context(context)?;
    let digits = || {
        let text = std::str::from_utf8(&bytes).ok()?.trim();
        hex::decode(text)
    };
    let key = match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(key) => Some(key),
        Err(_) => digits().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()),
    };
    key.map(ImageKey::new)
        .ok_or_else(|| anyhow!("a key is 32 bytes, or 64 hexadecimal digits"))
        .with_context(context)
}
