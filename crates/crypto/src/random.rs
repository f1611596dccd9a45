use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::hmac_sha256;

/// A source of keys, salts and nonces.
///
/// A draw is named by its purpose and a counter that the caller keeps. The system's generator ignores the name; a
/// seeded source answers from it, so that a simulation gives the same bytes whatever the order of its draws. A caller
/// therefore never draws twice under one name for things that must differ.
pub trait Random {
    /// Fills `out` for this purpose and counter.
    fn draw(&mut self, purpose: &str, counter: u64, out: &mut [u8]);
}

impl<T: Random + ?Sized> Random for &mut T {
    fn draw(&mut self, purpose: &str, counter: u64, out: &mut [u8]) {
        (**self).draw(purpose, counter, out);
    }
}

impl<T: Random + ?Sized> Random for alloc::boxed::Box<T> {
    fn draw(&mut self, purpose: &str, counter: u64, out: &mut [u8]) {
        (**self).draw(purpose, counter, out);
    }
}

/// Draws that follow from a seed: block `n` of a draw is
/// HMAC-SHA-256(seed, length of purpose (4) ‖ purpose ‖ counter (8) ‖ n (4)), big-endian, n from 0.
///
/// For simulations and tests. A longer draw under the same name begins with the shorter one.
#[derive(Clone)]
pub struct SeededRandom {
    seed: Zeroizing<Vec<u8>>,
}

impl SeededRandom {
    /// A source with this seed, of any length.
    pub fn new(seed: &[u8]) -> Self {
        Self {
            seed: Zeroizing::new(seed.to_vec()),
        }
    }

    /// A source whose draws have nothing to do with this one's nor with those of another name: one for each home, card
    /// or party of a simulation.
    pub fn fork(&self, name: &str) -> Self {
        let mut seed = [0; 32];
        fill(&self.seed, "hydra fork", name.as_bytes(), 0, &mut seed);
        let fork = Self::new(&seed);
        seed.zeroize();
        fork
    }
}

impl Random for SeededRandom {
    fn draw(&mut self, purpose: &str, counter: u64, out: &mut [u8]) {
        fill(&self.seed, purpose, &[], counter, out);
    }
}

impl fmt::Debug for SeededRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededRandom(…)")
    }
}

fn fill(key: &[u8], purpose: &str, name: &[u8], counter: u64, out: &mut [u8]) {
    let len = u32::try_from(purpose.len()).unwrap_or(u32::MAX);
    for (n, chunk) in (0u32..).zip(out.chunks_mut(32)) {
        let mut block = hmac_sha256(
            key,
            &[
                &len.to_be_bytes(),
                purpose.as_bytes(),
                &counter.to_be_bytes(),
                &n.to_be_bytes(),
                name,
            ],
        );
        chunk.copy_from_slice(&block[..chunk.len()]);
        block.zeroize();
    }
}

#[cfg(feature = "system")]
pub use system::{GeneratorFailed, SystemRandom};

#[cfg(feature = "system")]
mod system {
    use super::{Random, fill, fmt};
    use crate::hmac_sha256;
    use zeroize::Zeroizing;

    /// The operating system's generator.
    ///
    /// It is asked once when this is made, where it may fail, and again at each draw; the answers go through a chain of
    /// HMAC-SHA-256 states, so a later failure costs freshness and not the draw, and a state that leaks tells nothing of
    /// the draws before it.
    pub struct SystemRandom {
        state: Zeroizing<[u8; 32]>,
    }

    impl SystemRandom {
        /// A source seeded by the system.
        pub fn new() -> Result<Self, GeneratorFailed> {
            let mut state = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *state).map_err(GeneratorFailed)?;
            Ok(Self { state })
        }
    }

    impl Random for SystemRandom {
        fn draw(&mut self, purpose: &str, counter: u64, out: &mut [u8]) {
            let mut fresh = Zeroizing::new([0; 32]);
            let fresh: &[u8] = match getrandom::fill(&mut *fresh) {
                Ok(()) => &*fresh,
                Err(_) => &[],
            };
            *self.state = hmac_sha256(&*self.state, &[b"next", fresh]);
            fill(&*self.state, purpose, b"out", counter, out);
        }
    }

    impl fmt::Debug for SystemRandom {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("SystemRandom(…)")
        }
    }

    /// The operating system gave no random bytes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GeneratorFailed(pub getrandom::Error);

    impl fmt::Display for GeneratorFailed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the system's random generator failed: {}", self.0)
        }
    }

    impl core::error::Error for GeneratorFailed {}
}
