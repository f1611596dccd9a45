use alloc::boxed::Box;
use core::fmt;

use super::{ImageKey, MonotonicCounter, Storage};

/// What keeps a card's image from being read, changed or put back, as far as its surroundings have it. What a card was
/// made with, it must be opened with.
#[derive(Default)]
pub struct Protection {
    /// Encrypts and authenticates the image.
    pub key: Option<ImageKey>,
    /// Tells an older image from the newest. Without a key, only of those who do not rewrite the image's numbers.
    pub counter: Option<Box<dyn MonotonicCounter + Send>>,
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protection")
            .field("encrypted", &self.key.is_some())
            .field("counted", &self.counter.is_some())
            .finish()
    }
}

/// Where a card lives: a storage, and what protects it.
#[derive(Debug)]
pub struct Medium<S> {
    pub(super) storage: S,
    pub(super) protection: Protection,
    pub(super) salt: [u8; 16],
    pub(super) content: u16,
}

impl<S: Storage> Medium<S> {
    /// A storage without protection.
    pub fn new(storage: S) -> Self {
        Self {
            storage,
            protection: Protection::default(),
            salt: [0; 16],
            content: 1,
        }
    }

    /// The same, protected.
    pub fn protected(self, protection: Protection) -> Self {
        Self { protection, ..self }
    }

    /// What a new image begins its keys with; drawn, so that two cards with one key differ.
    pub(crate) fn salted(self, salt: [u8; 16]) -> Self {
        Self { salt, ..self }
    }

    /// The version of the records that are to be kept there, 1 if not told.
    pub(crate) fn holding(self, content: u16) -> Self {
        Self { content, ..self }
    }
}

impl<S: Storage> From<S> for Medium<S> {
    fn from(storage: S) -> Self {
        Self::new(storage)
    }
}

impl<S: Storage + Send + 'static> From<Box<S>> for Medium<Box<dyn Storage + Send>> {
    fn from(storage: Box<S>) -> Self {
        Self::new(storage)
    }
}
