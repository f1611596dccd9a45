//! The link between a hub or a provider and the relay: MQTT 5 over mutual TLS, QoS 1, with a session that outlives the
//! connection and the process.
//!
//! Two promises, and nothing else:
//! - [`LinkSender::publish`] resolves once the broker has taken the message into its care (PUBACK);
//! - a [`Delivery`] is acknowledged to the broker only by [`Delivery::done`], so what a killed consumer had in hand comes again.
//!
//! Both ways are *at least once*; receivers drop what they have already seen. A lost connection is made again and the
//! session resumed, unseen by the caller. It speaks to any MQTT 5 broker, knows no frame and no message content, retains
//! nothing on disk, and starts no runtime of its own: its task runs on the caller's tokio runtime.
//!
//! ```no_run
//! use hydra_link::{LinkConfig, RelayLink, Topic};
//! # async fn example(ca: Vec<u8>, certificate: Vec<u8>, key: Vec<u8>) -> Result<(), hydra_link::LinkError> {
//! let up = Topic::up("h1", "supplier");
//! let config = LinkConfig::new("127.0.0.1:8883", "hub:h1", ca, vec![certificate], key)
//!     .subscribe(Topic::down("h1", "+").to_string());
//! let (sender, mut receiver) = RelayLink::connect(config).await?;
//! sender.publish(&up.to_string(), b"sealed".to_vec()).await?;
//! while let Some(delivery) = receiver.recv().await {
//!     // … keep it, then:
//!     delivery.done();
//! }
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod codec;
mod config;
mod driver;
mod error;
mod link;
pub mod memory;
mod session;
mod topic;

pub use config::LinkConfig;
pub use error::LinkError;
pub use link::{Delivery, LinkReceiver, LinkSender, RelayLink};
pub use topic::{Direction, Topic, TopicError};
