//! CAP files made from text, so that a test can say exactly which instructions and tables are in one.
//!
//! Two ways to say what is in a package: a [`Package`] has the tables that it is given, wrong ones too, for tests of
//! what links and runs them; a [`Source`] is written in the language of `vectors/verifier/README.md` and gets its
//! tokens, tables and Descriptor component worked out, for tests of what checks them. The code in both is the same:
//!
//! - instructions separated by `; `, each with its mnemonic of JCVM 3.0.5 §7.5 and its operands;
//! - `label:` before one, `!` before one that breaks a rule ([`Assembled::marked`]), `.byte n…` for anything else;
//! - `.catch from to handler #class` at the end (`any` for every class, `end` is the label after the last instruction);
//! - `#name` for an entry of the constant pool, `##n` for one by its number.
//!
//! ```
//! use hydra_testkit::assembler::Package;
//!
//! let mut package = Package::new(&[0xF0, 0x54, 0x45, 0x53, 0x54]);
//! package.method("twice", 1, 0, 2, "sload_0; dup; sadd; sreturn");
//! let (cap, offsets) = package.build()?;
//! assert_eq!(cap.code_from(offsets["twice"] + 4), Some(&[0x1C, 0x3D, 0x41, 0x78][..]));
//! # Ok::<(), hydra_cap::CapError>(())
//! ```

#![allow(clippy::unwrap_used, reason = "a test's own mistake should stop it")]

mod code;
mod components;
mod package;
mod source;

use hydra_cap::ComponentTag;

pub use package::{Class, Interface, Package};
pub use source::{Assembled, Source, place_of};

/// The components of a file: tag and bytes.
pub type Components = Vec<(ComponentTag, Vec<u8>)>;
