//! (opening text to come)
#![no_std]
extern crate alloc;

pub mod api;
pub mod opcode;
mod types;

pub use types::*;
