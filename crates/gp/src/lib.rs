//! GlobalPlatform, both ends: what the commands say, the keys and registry entries they carry, the secure channel
//! SCP03, and scripts of commands that are prepared in advance.
//!
//! Sans-I/O and `no_std`. It decides nothing: which application exists and who may do what is the card's business
//! (`card`), the conversation with a reader is `reader`'s.
//!
//! ```text
//!            host                                          card
//!  command::Command ── HostSession::wrap ──▶ C-APDU ──▶ CardSession::unwrap ── Command::try_from
//!  HostSession::unwrap ◀── R-APDU ◀── CardSession::wrap ◀── Response
//! ```
//!
//! ```
//! use hydra_gp::scp03::{CardSession, HostSession, SecurityLevel};
//! use hydra_gp::{Command, GetData, KeySet};
//! use hydra_crypto::AesKey;
//! use hydra_wire::{Aid, Response, StatusWord};
//!
//! let isd: Aid = "A000000151000000".parse().unwrap();
//! let key = AesKey::aes128(&[0x40; 16]);
//! let keys = KeySet::new(0x30, key.clone(), key.clone(), key);
//!
//! // The host opens, the card answers, both hold a session.
//! let (host, initialize_update) = HostSession::open(&keys, &[7; 8])?;
//! let (card, answer) = CardSession::initialize_update(&keys, 1, &isd, &[0; 10], &initialize_update.data)?;
//! let (mut host, external_authenticate) = host.answer(&answer, SecurityLevel::FULL).unwrap();
//! let mut card = card.external_authenticate(&external_authenticate)?;
//!
//! // A command goes through it, and its response comes back.
//! let (wrapped, ticket) = host.wrap(&Command::GetData(GetData::new(0x00C1)).to_apdu()).unwrap();
//! let plain = card.unwrap(&wrapped)?;
//! assert_eq!(Command::try_from(&plain), Ok(Command::GetData(GetData::new(0x00C1))));
//! let response = card.wrap(Response::ok(vec![0xC1, 3, 0, 0, 1]));
//! assert_eq!(host.unwrap(&ticket, &response).unwrap().data, [0xC1, 3, 0, 0, 1]);
//! # Ok::<(), StatusWord>(())
//! ```
#![no_std]
#![warn(missing_docs)]
extern crate alloc;

pub mod command;
mod fields;
pub mod key;
mod life_cycle;
pub mod load_file;
mod privileges;
pub mod registry;
pub mod scp03;
pub mod script;

pub use command::{
    Command, CommandError, DataEncryption, DataFormat, Delete, ExternalAuthenticate,
    FileInformation, GetData, GetStatus, InitializeUpdate, Install, InstallApplication,
    InstallForLoad, Load, MakeSelectable, ManageChannel, Occurrence, PutKey, Select, SetStatus,
    SetStatusScope, StatusScope, StoreData,
};
pub use key::{KeyBlock, KeyInfo, KeySet};
pub use life_cycle::{ApplicationState, CardState, LoadFileState};
pub use privileges::Privileges;
pub use registry::StatusEntry;
