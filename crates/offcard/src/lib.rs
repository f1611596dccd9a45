//! The off-card entities: Card Issuer, energy supplier, telecare, and the householder's side.
//!
//! Each role is a core that is handed what arrives and says what is to be sent; [`wan`] and [`home`] are the shells that
//! carry it over the relay and the hub's local port. Whatever a core has been handed is in its [`journal`] before anything
//! else happens, so a process killed at any moment goes on where it was.
//!
//! ```text
//!            relay                                hub's local page
//!   frames ↓     ↑ scripts                              ↓ copies
//!   provider (supplier, telecare)   issuer         householder
//!        └──────────── journal ────────┴───────────────┘
//! ```
//!
//! Not its business: the card (it sees APDU responses and sealed messages alone), and who may talk to whom on the relay.
//!
//! ```
//! use hydra_crypto::{SecretKey, SeededRandom};
//! use hydra_offcard::ca::{CertificationAuthority, CertifiedKey, TrustRoot};
//!
//! let mut random = SeededRandom::new(b"an example");
//! let authority = CertificationAuthority::draw("Example issuer", &mut random)?;
//! let key = SecretKey::draw(&mut random, "attestation key", 0);
//! let what = CertifiedKey::Attestation { card_id: [1; 8] };
//! let chain = authority.issue(&what, &key.public())?;
//!
//! // Whoever has the root can tell whose key it is, and for what.
//! let root = TrustRoot::new(authority.root())?;
//! assert_eq!(root.verify(&chain, &what, 1_790_000_000)?, key.public());
//! let other = CertifiedKey::Attestation { card_id: [2; 8] };
//! assert!(root.verify(&chain, &other, 1_790_000_000).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

pub mod ca;
mod event;
pub mod exchange;
pub mod handover;
pub mod home;
pub mod householder;
pub mod issuer;
pub mod journal;
pub mod protocol;
pub mod provider;
pub mod supplier;
pub mod telecare;
pub mod verify;
pub mod wan;

/// Seconds since 1970 UTC, as the shells tell it to the cores.
pub type Seconds = u64;
