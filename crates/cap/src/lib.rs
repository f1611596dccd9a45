//! CAP files, the bytecode table and the Java Card API table.
//!
//! - [`CapFile`] reads a package from its ZIP file or from a load file, formats 2.1, 2.2 and 2.3 in both forms, and
//!   checks that every offset, index and count in it leads somewhere.
//! - [`opcode`] is the one table of the 185 bytecodes, with a decoder and a disassembler.
//! - [`dump`] says for people what is in a file.
//! - [`api`] is the one table of the API's classes, methods and fields.
//! - [`export`] reads and writes export files, and makes them from the API table.
//! - [`mod@verify`] finds every rule that a file breaks, in its structure and in the types of its code.
//! - [`mod@write`] writes components and the ZIP around them; [`CapFile::dump`] shows a file as text;
//!   [`CapFile::code_hash`] is what an attestation calls it by.
//!
//! It links nothing and runs nothing: that is `vm`'s.
//!
//! ```
//! use hydra_cap::{CapError, CapFile};
//!
//! let error = CapFile::from_load_file(&[1, 0, 4, 0xDE, 0xCA, 0xFF]).unwrap_err();
//! assert_eq!(error.to_string(), "load file, offset 0: a component reaches beyond the end");
//! ```
#![no_std]
#![warn(missing_docs)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod api;
pub mod dump;
pub mod export;
mod hash;
pub mod opcode;
mod read;
mod types;
pub mod verify;
pub mod write;

pub use hydra_wire::{Aid, AidError};
pub use read::CapError;
pub use types::*;
