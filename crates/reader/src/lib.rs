//! Off-card access to a card, Hydra's or any other: the GlobalPlatform client [`GpClient`] over a
//! [`CardLink`](hydra_wire::CardLink).
//!
//! It holds the conversation: which command after which, and what an answer means. The bytes are `gp`'s; what carries
//! them is the link's: [`t1`] on a socket or a terminal, `pcsc` (a feature), or a card in this process. It prepares no scripts: those are `gp::script`.
//!
//! ```no_run
//! use hydra_gp::StatusScope;
//! use hydra_reader::{ClientError, GpClient};
//! # fn example<L: hydra_wire::CardLink>(link: L, keys: hydra_gp::KeySet, challenge: [u8; 8])
//! # -> Result<(), ClientError<L::Error>> {
//! let mut client = GpClient::connect(link)?;
//! client.select_issuer_domain()?;
//! client.authenticate(&keys, &challenge)?;
//! for entry in client.list(StatusScope::Applications)? {
//!     println!("{} {:02X}", entry.aid, entry.life_cycle);
//! }
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod client;
mod error;
#[cfg(feature = "pcsc")]
pub mod pcsc;
pub mod t1;

pub use client::GpClient;
pub use error::ClientError;
