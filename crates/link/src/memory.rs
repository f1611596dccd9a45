//! The same sender and receiver without a network: an exchange of topics in one process, for tests of what stands on
//! the link. It keeps every promise of the link but durability, and has no access lists.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt5_protocol::topic_matches_filter;
use tokio::sync::{Notify, mpsc};

use crate::link::{Delivery, Publish, Receipt, Settled};
use crate::{LinkReceiver, LinkSender};

/// Topics in memory.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let exchange = hydra_link::memory::Exchange::new();
/// let (hub, _) = exchange.attach("hub:h1", &["hydra/h1/+/down"]);
/// let (_, mut supplier) = exchange.attach("provider:supplier", &["hydra/+/supplier/up"]);
/// hub.publish("hydra/h1/supplier/up", b"sealed".to_vec()).await?;
/// let delivery = supplier.recv().await.ok_or(hydra_link::LinkError::Closed)?;
/// assert_eq!(delivery.payload, b"sealed");
/// delivery.done();
/// # Ok::<(), hydra_link::LinkError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    parties: Mutex<BTreeMap<String, Party>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Party {
    filters: Vec<String>,
    queue: VecDeque<Message>,
}

#[derive(Clone, Debug)]
struct Message {
    topic: String,
    payload: Vec<u8>,
}

impl Exchange {
    /// An empty exchange.
    pub fn new() -> Self {
        Self::default()
    }

    /// A party's link. Filters may use `+` and `#`. What was published for `identity` while it was not attached waits; what it
    /// held unacknowledged when it went comes again.
    ///
    /// Must be called on a tokio runtime.
    pub fn attach(&self, identity: &str, filters: &[&str]) -> (LinkSender, LinkReceiver) {
        let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
        self.shared
            .lock()
            .entry(identity.to_owned())
            .or_default()
            .filters = filters;
        self.shared.changed.notify_waiters();

        let (commands, publishes) = mpsc::channel(64);
        let (deliveries, received) = mpsc::channel(1);
        tokio::spawn(self.shared.clone().take(publishes));
        tokio::spawn(self.shared.clone().deliver(identity.to_owned(), deliveries));
        (LinkSender::new(commands), LinkReceiver::new(received))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Party>> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a party publishes; each message waits until somebody subscribes.
    async fn take(self: Arc<Self>, mut publishes: mpsc::Receiver<Publish>) {
        while let Some(publish) = publishes.recv().await {
            let message = Message {
                topic: publish.topic,
                payload: publish.payload,
            };
            loop {
                let changed = self.changed.notified();
                if self.enqueue(&message) {
                    break;
                }
                changed.await;
            }
            self.changed.notify_waiters();
            let _ = publish.confirm.send(Ok(()));
        }
    }

    fn enqueue(&self, message: &Message) -> bool {
        let mut found = false;
        for party in self.lock().values_mut() {
            let matches = |filter: &String| topic_matches_filter(&message.topic, filter);
            if party.filters.iter().any(matches) {
                party.queue.push_back(message.clone());
                found = true;
            }
        }
        found
    }

    /// Hands a party what is queued for it, and takes back what it does not acknowledge.
    async fn deliver(self: Arc<Self>, identity: String, deliveries: mpsc::Sender<Delivery>) {
        let (settle, mut settled) = mpsc::unbounded_channel();
        let mut held: VecDeque<(u64, Message)> = VecDeque::new();
        let mut last_number = 0;
        loop {
            let changed = self.changed.notified();
            let waiting = !self
                .lock()
                .entry(identity.clone())
                .or_default()
                .queue
                .is_empty();
            tokio::select! {
                biased;
                Some(settled) = settled.recv() => match settled {
                    Settled::Done(number) => held.retain(|(held, _)| *held != number),
                    Settled::Returned(number) => {
                        if held.iter().any(|(held, _)| *held == number) {
                            self.put_back(&identity, &mut held);
                        }
                    }
                },
                () = deliveries.closed() => {
                    while let Ok(settled) = settled.try_recv() {
                        if let Settled::Done(number) = settled {
                            held.retain(|(held, _)| *held != number);
                        }
                    }
                    self.put_back(&identity, &mut held);
                    return;
                }
                Ok(permit) = deliveries.reserve(), if waiting => {
                    let next = self.lock().get_mut(&identity).and_then(|party| party.queue.pop_front());
                    if let Some(message) = next {
                        last_number += 1;
                        held.push_back((last_number, message.clone()));
                        let receipt = Receipt { number: last_number, settle: settle.clone() };
                        permit.send(Delivery::new(message.topic, message.payload, receipt));
                    }
                }
                () = changed => {}
            }
        }
    }

    fn put_back(&self, identity: &str, held: &mut VecDeque<(u64, Message)>) {
        if let Some(party) = self.lock().get_mut(identity) {
            while let Some((_, message)) = held.pop_back() {
                party.queue.push_front(message);
            }
        }
        self.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_done_comes_again_in_order() {
        let exchange = Exchange::new();
        let (sender, _none) = exchange.attach("hub:h", &[]);
        let (_, mut receiver) = exchange.attach("provider:p", &["hydra/+/p/up"]);
        for byte in 0..3 {
            sender.publish("hydra/h/p/up", vec![byte]).await.unwrap();
        }
        receiver.recv().await.unwrap().done();
        let second = receiver.recv().await.unwrap();
        assert_eq!(second.payload, [1]);
        drop(second);
        // The third may have been on its way already; it comes again after the second all the same.
        let mut seen = Vec::new();
        while !seen.ends_with(&[1, 2]) {
            let delivery = receiver.recv().await.unwrap();
            seen.push(delivery.payload[0]);
            delivery.done();
            assert!(seen.len() < 4, "{seen:?}");
        }
    }

    #[tokio::test]
    async fn a_successor_gets_what_was_in_hand() {
        let exchange = Exchange::new();
        let (sender, _none) = exchange.attach("hub:h", &[]);
        let (_, mut receiver) = exchange.attach("provider:p", &["hydra/+/p/up"]);
        sender.publish("hydra/h/p/up", vec![1]).await.unwrap();
        let delivery = receiver.recv().await.unwrap();
        drop(receiver);
        drop(delivery);
        let (_, mut successor) = exchange.attach("provider:p", &["hydra/+/p/up"]);
        assert_eq!(successor.recv().await.unwrap().payload, [1]);
    }

    #[tokio::test]
    async fn a_message_waits_for_its_first_subscriber() {
        let exchange = Exchange::new();
        let (sender, _none) = exchange.attach("hub:h", &[]);
        let publish = tokio::spawn(async move { sender.publish("hydra/h/p/up", vec![1]).await });
        let (_, mut receiver) = exchange.attach("provider:p", &["hydra/h/p/up"]);
        assert_eq!(receiver.recv().await.unwrap().payload, [1]);
        publish.await.unwrap().unwrap();
    }
}
