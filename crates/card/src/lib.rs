//! The secure element: Java Card applets under GlobalPlatform, with a virtual terminal that brings them messages from
//! ports and an outbox that signs, seals and queues what they have to say.
//!
//! Sans-I/O and `no_std`: memory and randomness are passed in, commands come and responses go as bytes. It does not
//! know where it is plugged in (`slot`), who reads it (`reader`, `hub`) or what a message means (`message`).
//!
//! ```text
//!  command APDU ─▶ Card ─▶ OPEN: channels, selection, registry ─┬─▶ security domains: SCP03, content management
//!                                                               ├─▶ virtual terminal: routes, scripts, output queue
//!                                                               └─▶ applets (runtime, natives, VM) ─▶ outbox
//!                    every change: records of the VM ─▶ NVM journal, one durable step a command
//! ```
//!
//! ```
//! use hydra_card::nvm::MemoryStorage;
//! use hydra_card::{Card, CardConfig};
//! use hydra_crypto::SeededRandom;
//!
//! let memory = Box::new(MemoryStorage::new());
//! let random = Box::new(SeededRandom::new(b"example"));
//! let (mut card, record) = Card::create(memory, random, CardConfig::default())?;
//! assert_eq!(record.issuer_keys.version, 0x30);
//! // SELECT without a name: the issuer security domain answers with its file control information.
//! let response = card.process(&[0x00, 0xA4, 0x04, 0x00, 0x00]);
//! assert_eq!(response[..4], [0x6F, 0x10, 0x84, 0x08]);
//! assert_eq!(response[response.len() - 2..], [0x90, 0x00]);
//! # Ok::<(), hydra_card::CardError>(())
//! ```
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

pub mod api;
mod attestation;
mod card;
mod domain;
mod inventory;
pub mod nvm;
mod open;
mod outbox;
mod profile;
pub mod runtime;
mod script;
mod tpdu;
mod vt;

pub use card::{
    Card, CardConfig, CardError, LoadRefusal, LoadVerification, ManufacturingRecord, Mute, Protocol,
};
pub use hydra_crypto::Random;
pub use hydra_vm::{CodeSharing, SharedCode};
pub use inventory::{Inventory, InventoryEntry, InventoryKind};
pub use profile::Profile;
