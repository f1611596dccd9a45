use tokio::sync::{mpsc, oneshot};

use crate::driver::Driver;
use crate::{LinkConfig, LinkError};

/// How many messages wait in the channel before [`LinkSender::publish`] waits to hand over its own.
const COMMANDS: usize = 64;

/// The link's beginning.
pub struct RelayLink;

impl RelayLink {
    /// Connects, resumes or makes the session, subscribes; returns when the broker has confirmed all of it.
    ///
    /// As long as nobody listens at the address it tries again, up to [`LinkConfig::patience`]; a refusal is returned at
    /// once. After this the link reconnects by itself, for as long as the sender or the receiver lives.
    ///
    /// Must be called on a tokio runtime with time and I/O.
    pub async fn connect(config: LinkConfig) -> Result<(LinkSender, LinkReceiver), LinkError> {
        let (commands, publishes) = mpsc::channel(COMMANDS);
        let (deliveries, received) = mpsc::channel(1);
        let (ready, connected) = oneshot::channel();
        let driver = Driver::new(config, publishes, deliveries)?;
        tokio::spawn(driver.run(ready));
        connected.await.map_err(|_| LinkError::Closed)??;
        Ok((LinkSender::new(commands), LinkReceiver::new(received)))
    }
}

/// Publishes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LinkSender {
    commands: mpsc::Sender<Publish>,
}

/// A message on its way from a sender to the link's task.
pub(crate) struct Publish {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) confirm: oneshot::Sender<Result<(), LinkError>>,
}

impl LinkSender {
    /// A sender that hands its messages to whoever holds the other end.
    pub(crate) fn new(commands: mpsc::Sender<Publish>) -> Self {
        Self { commands }
    }

    /// Publishes with QoS 1 and resolves when the broker has the message in its care (PUBACK). Waits, and sends again,
    /// across lost connections; messages of one sender task arrive in order.
    ///
    /// Dropping the future does not take the message back.
    pub async fn publish(&self, topic: &str, payload: Vec<u8>) -> Result<(), LinkError> {
        let (confirm, confirmed) = oneshot::channel();
        let publish = Publish {
            topic: topic.to_owned(),
            payload,
            confirm,
        };
        self.commands
            .send(publish)
            .await
            .map_err(|_| LinkError::Closed)?;
        confirmed.await.map_err(|_| LinkError::Closed)?
    }
}

/// Receives what was published to our subscriptions.
#[derive(Debug)]
pub struct LinkReceiver {
    deliveries: mpsc::Receiver<Delivery>,
}

impl LinkReceiver {
    /// A receiver of what whoever holds the other end delivers.
    pub(crate) fn new(deliveries: mpsc::Receiver<Delivery>) -> Self {
        Self { deliveries }
    }

    /// The next message; `None` when the link has ended. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.deliveries.recv().await
    }
}

/// A message in the consumer's hands.
///
/// Call [`Delivery::done`] once its effect is durable, for messages that are refused too. Dropped without that, it goes back: it and
/// everything after it come again.
#[derive(Debug)]
pub struct Delivery {
    /// The topic it was published to.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// `None` once settled.
    receipt: Option<Receipt>,
}

/// Where a delivery reports whether it was dealt with.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) number: u64,
    pub(crate) settle: mpsc::UnboundedSender<Settled>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// Dealt with: acknowledge it.
    Done(u64),
    /// Dropped: it has to come again.
    Returned(u64),
}

impl Delivery {
    pub(crate) fn new(topic: String, payload: Vec<u8>, receipt: Receipt) -> Self {
        Self {
            topic,
            payload,
            receipt: Some(receipt),
        }
    }

    /// The message is dealt with: acknowledge it to the broker.
    pub fn done(mut self) {
        self.settle(Settled::Done);
    }

    fn settle(&mut self, how: fn(u64) -> Settled) {
        if let Some(receipt) = self.receipt.take() {
            // The link may have ended; then the broker delivers it again in the next session, as it must.
            let _ = receipt.settle.send(how(receipt.number));
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.settle(Settled::Returned);
    }
}
