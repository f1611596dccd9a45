//! The relay, the Data Comms Company's part: an MQTT 5 broker over mutual TLS that knows who may talk to whom, keeps what
//! it has acknowledged until it is fetched, and counts.
//!
//! It can open nothing: it has no key but that of its own certificate, and looks at a payload only to measure it. It is
//! not a general broker: QoS 1 alone, no retained messages, no wills, no shared subscriptions, no topic with more than one
//! reader; what it does not offer it refuses with MQTT's reason. Operators may put an ordinary broker in its place.
//!
//! ```text
//!  TLS shell (a task a connection)          core (one thread)
//!  ┌───────────────────────────┐  events   ┌──────────────────────────────┐ records  ┌─────────┐
//!  │ certificate → Identity    ├──────────▶│ Broker::step(now, event)     ├─────────▶│ Journal │
//!  │ bytes ⇄ packets, Tap      │◀──────────┤ Registry, sessions, queues   │   sync   └─────────┘
//!  └───────────────────────────┘  packets  └──────────────────────────────┘
//! ```
//!
//! ```no_run
//! use hydra_relay::{Registry, Relay, RelayConfig};
//! # async fn example(ca: Vec<u8>, certificate: Vec<u8>, key: Vec<u8>) -> Result<(), hydra_relay::RelayError> {
//! let mut registry = Registry::new();
//! registry.serve("supplier", "h1");
//! let relay = Relay::start(RelayConfig::new(ca, vec![certificate], key, registry)).await?;
//! println!("hub:h1 and provider:supplier connect to {}", relay.addr());
//! relay.shutdown().await?;
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod broker;
mod codec;
mod config;
mod connection;
mod core;
mod identity;
pub mod journal;
mod registry;
mod server;
mod stats;

pub use config::{Limits, RelayConfig, RelayError};
pub use identity::{Identity, IdentityError};
pub use registry::Registry;
pub use server::{Relay, RelayHandle};
pub use stats::{Passage, Stats, Tap, TopicTraffic};
