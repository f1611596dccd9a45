//! Java class files to CAP and export files, and the SDK that javac compiles against.
//!
//! ```text
//! *.java ──javac --release 8──▶ *.class ──convert──▶ .cap + .exp
//!    ▲                                      ▲
//!    └── stub classes ── API table ── export files
//! ```
//!
//! - [`sdk`] writes stub sources and export files of the Java Card API at any generation.
//!
//! The crate reads and writes no files except in [`sdk::Sdk::install`], which needs javac.
#![warn(missing_docs)]

pub mod sdk;
