use std::sync::{Arc, Mutex, PoisonError};

use hydra_card::{CodeSharing, SharedCode};

/// The code that the cards of this process have in common: each package that several of them hold is there once.
///
/// ```
/// use hydra_card::nvm::MemoryStorage;
/// use hydra_card::{Card, CardConfig};
/// use hydra_crypto::SeededRandom;
/// use hydra_slot::CodeCache;
///
/// let code = CodeCache::new();
/// let memory = Box::new(MemoryStorage::new());
/// let random = Box::new(SeededRandom::new(b"example"));
/// let (mut card, _) = Card::create(memory, random, CardConfig::default())?;
/// card.share_code(code.clone());
/// assert_eq!(code.packages(), 0, "nothing was loaded yet");
/// # Ok::<(), hydra_card::CardError>(())
/// ```
#[derive(Debug, Default)]
pub struct CodeCache(Mutex<SharedCode>);

impl CodeCache {
    /// An empty one, to be given to every card.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How many packages the cards hold now, equal ones counted once.
    #[must_use]
    pub fn packages(&self) -> usize {
        let mut packages = 0;
        self.with(&mut |code| packages = code.packages());
        packages
    }
}

impl CodeSharing for CodeCache {
    fn with(&self, act: &mut dyn FnMut(&mut SharedCode)) {
        // Whatever panicked, each entry is whole or not there.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
