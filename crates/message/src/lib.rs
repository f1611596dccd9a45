//! What crosses the home's border: messages that a security domain signs (COSE_Sign1) and seals for one recipient
//! (COSE_Encrypt), and what they say: statements, intervals, measurements. `hydra.cddl` beside this crate's
//! manifest is the contract.
//!
//! The card needs [`Content`], [`Outgoing`], [`sign1()`], [`seal`] and [`attest`]; a server needs [`open`], [`Sign1`],
//! [`Payload`], [`Attestation`] and the typed claims. It is not this crate's business to check certificates, to keep
//! counters, or to draw random bytes: chains, state and randomness belong to the callers.
//!
//! ```text
//! applet: [claims, hidden] ── Content ──┐
//! salts, counter, previous hash ─ Outgoing ─> payload ── sign1 ─> COSE_Sign1 ── seal ─> COSE_Encrypt ─> frame
//! ```
//!
//! CBOR is read strictly: deterministic encoding (RFC 8949 §4.2.1), so that a message has one spelling and no bit of
//! it can change unnoticed; every error names the byte offset where reading stopped.
//!
//! ```
//! use hydra_message::{Content, Error};
//!
//! // [{1: 0}, [[20, 5]]]: one claim in clear, one hidden.
//! let content = Content::parse(&[0x82, 0xA1, 0x01, 0x00, 0x81, 0x82, 0x14, 0x05])?;
//! assert_eq!(content.hidden_count(), 1);
//! // An indefinite-length array is refused where it starts.
//! assert_eq!(Content::parse(&[0x9F]).unwrap_err(), Error::NotDeterministic { at: 0 });
//! # Ok::<(), hydra_message::Error>(())
//! ```
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

mod attestation;
mod cbor;
mod claims;
mod content;
mod encrypt;
mod error;
pub mod merkle;
mod payload;
mod purpose;
mod sign1;

pub use attestation::{Attestation, Subject, attest};
pub use claims::{Intervals, Measurement, Observed, Statement, StatementDetail};
pub use content::{Content, Disclosure};
pub use encrypt::{Recipient, Sealed, open, seal};
pub use error::Error;
pub use payload::{Outgoing, Payload};
pub use purpose::{Destination, Purpose};
pub use sign1::{Sign1, sign1};

/// A SHA-256 value.
pub type Digest = [u8; 32];
/// An uncompressed P-256 point: `04 ‖ x ‖ y`.
pub type Point = [u8; 65];
/// The salt of one hidden claim, or of one leaf.
pub type Salt = [u8; 16];
