//! What crosses a boundary as bytes: AIDs, command and response APDUs, status words, BER-TLV, ATR, T=1 blocks,
//! the relay's outer frame, and [`CardLink`], the one trait by which anything talks to a card.
//!
//! Sans-I/O and `no_std`. It knows no GlobalPlatform command, no key and no message content: those are `gp`'s and
//! `message`'s.
//!
//! ```
//! use hydra_wire::{Aid, Command, StatusWord};
//!
//! let isd: Aid = "A000000151000000".parse()?;
//! let select = Command::select(&isd);
//! assert_eq!(select.to_bytes(), [0, 0xA4, 4, 0, 8, 0xA0, 0, 0, 1, 0x51, 0, 0, 0]);
//! assert!(StatusWord(0x9000).is_success());
//! # Ok::<(), hydra_wire::AidError>(())
//! ```
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

mod aid;
mod apdu;
mod atr;
mod frame;
pub mod hex;
mod link;
mod status;
pub mod t1;
pub mod tlv;

pub use aid::{Aid, AidError};
pub use apdu::{ApduError, Command, Response};
pub use atr::{Atr, AtrError};
pub use frame::{Frame, FrameError, FrameKind, SIZE_CLASSES, size_class};
pub use link::CardLink;
pub use status::StatusWord;
