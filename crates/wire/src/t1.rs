//! T=1: blocks, and the two ends of the protocol (ISO/IEC 7816-3 §11), sans-I/O.
//!
//! What carries the bytes gives them to [`Incoming`] as they come and says when the line has been silent too long; what
//! comes out of it goes to the card's end or the host's, which says what to send back.
//!
//! Blocks end in an LRC. A card is reset with the byte line's own means or with S(SWR), the block that GlobalPlatform's
//! APDU Transport over SPI/I2C 1.0 has for it.

mod block;
mod card;
mod host;
#[cfg(test)]
mod tests;

pub use block::{Block, BlockError, Incoming, Kind, SKind};
pub use card::{CardEnd, CardStep};
pub use host::{HostEnd, HostStep, T1Error};

/// The size of information fields before S(IFS) and ATR say otherwise (§11.4.2).
const DEFAULT_IFS: usize = 32;
