//! The hub: the conventional computer around a secure element. It carries bytes between devices, relay, householder and
//! card, and decides nothing about them.
//!
//! ```text
//!  meter ── dlms ──┐                                   ┌── relay (hydra-link)
//!  monitor ─ gatt ─┼──> Router ── APDUs ──> card ──────┤
//!  scale ─── gatt ─┘   step(now, event) -> actions     └── householder (local port)
//! ```
//!
//! The card's memory is the truth, the hub keeps nothing that must survive it: a device is confirmed once the card has answered,
//! an output is forgotten by the card once the relay (PUBACK) or the householder has it, a message from the relay is
//! acknowledged once the card has executed it. Whatever a stopped hub had in hand comes again, and receivers drop what they have seen.
//!
//! [`Router`] is the core and does no I/O; [`Hub`] is the tokio shell around it. Outputs keep their order per port, and a port that
//! is away (the householder's page is closed) holds up no other.
//!
//! It is not the hub's business to know an applet's commands (routes are personalised in the card), to hold keys, or to open
//! messages. The local port asks for no authentication yet: whoever connects to it on this machine gets sealed messages.
//!
//! The device's side of an adapter, as bytes:
//!
//! ```
//! use hydra_hub::gatt;
//!
//! // Weight Measurement 2A9D: SI units with a time stamp, 70.5 kg, 2013-02-01 07:30:00; measurement 5.
//! let frame = [0, 16, 0x2A, 0x9D, 0, 0, 0, 5, 0x02, 0x14, 0x37, 0xDD, 0x07, 2, 1, 7, 30, 0];
//! let (measurement, used) = gatt::Gatt::Weight.read(&frame)?.ok_or("cut off")?;
//! assert_eq!(used, 18);
//! assert_eq!(measurement.correlation, 5);
//! // … and what the applet gets (protocols.md §5): kind, id, time, grams.
//! assert_eq!(measurement.payload[..5], [1, 0, 0, 0, 5]);
//! assert_eq!(measurement.payload[9..], 70_500_u32.to_be_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

mod adapter;
mod calendar;
mod card;
mod config;
pub mod dlms;
mod error;
pub mod gatt;
mod hub;
mod local;
mod relay;
pub mod router;
mod status;
mod terminal;

pub use adapter::{FrameError, FrameFault, Submission};
pub use config::HubConfig;
pub use error::HubError;
pub use hub::Hub;
pub use router::{Action, Event, Router, RouterError};
pub use status::{Inputs, Outputs, Status};
pub use terminal::{Output, Port, PortError};
