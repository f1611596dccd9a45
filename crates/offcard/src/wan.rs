//! The shell that carries a party's frames over the relay.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use hydra_link::{LinkError, LinkReceiver, LinkSender, Topic};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::Seconds;
use crate::provider::{Outbound, StateError};

/// A role that talks to hubs over the relay.
pub trait Party: Send + 'static {
    /// Takes the payload of a message from a hub. When this returns it is durable and may be acknowledged; what does not
    /// hold is refused inside. An error is the state's: the party can't go on.
    fn deliver(&mut self, now: Seconds, hub: &str, frame: &[u8]) -> Result<(), StateError>;

    /// Frames that the relay has not taken yet.
    fn outbound(&mut self) -> Result<Vec<Outbound>, StateError>;

    /// The relay has a frame in its care.
    fn taken(&mut self, sent: &Outbound) -> Result<(), StateError>;
}

/// Why a shell ended.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The party's state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The shell's task was stopped.
    #[error("the shell has ended")]
    Ended,
}

/// A party on the relay. Dropping it stops its task; its state is in its journal.
pub struct Shell<P> {
    shared: Arc<Shared<P>>,
    task: JoinHandle<()>,
}

struct Shared<P> {
    party: Mutex<P>,
    /// Goes up whenever the party may have changed.
    changed: watch::Sender<u64>,
    failure: Mutex<Option<ShellError>>,
}

impl<P> Shared<P> {
    fn party(&self) -> MutexGuard<'_, P> {
        self.party.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.changed.send_modify(|version| *version += 1);
    }
}

impl<P: Party> Shell<P> {
    /// Runs `party`, whose port is `port`, on a link that is subscribed to `hydra/+/<port>/up` or to its hubs' topics.
    ///
    /// Must be called on a tokio runtime.
    pub fn start(party: P, port: &str, sender: LinkSender, receiver: LinkReceiver) -> Self {
        let shared = Arc::new(Shared {
            party: Mutex::new(party),
            changed: watch::channel(0).0,
            failure: Mutex::new(None),
        });
        let running = run(shared.clone(), port.to_owned(), sender, receiver);
        let task = tokio::spawn({
            let shared = shared.clone();
            async move {
                let error = match running.await {
                    Ok(()) => ShellError::Ended,
                    Err(error) => error,
                };
                tracing::debug!(%error, "shell ended");
                *shared
                    .failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(error);
                shared.touch();
            }
        });
        Self { shared, task }
    }

    /// Works with the party; what it wants sent afterwards is sent. Don't hold it long: messages wait.
    pub fn with<R>(&self, work: impl FnOnce(&mut P) -> R) -> R {
        let result = work(&mut self.shared.party());
        self.shared.touch();
        result
    }

    /// Waits until `ready` gives something, asking whenever the party may have changed.
    pub async fn until<R>(
        &self,
        mut ready: impl FnMut(&mut P) -> Option<R>,
    ) -> Result<R, ShellError> {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(result) = ready(&mut self.shared.party()) {
                return Ok(result);
            }
            let failure = self
                .shared
                .failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(error) = failure {
                return Err(error);
            }
            if self.task.is_finished() || changed.changed().await.is_err() {
                return Err(ShellError::Ended);
            }
        }
    }
}

impl<P> Drop for Shell<P> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run<P: Party>(
    shared: Arc<Shared<P>>,
    port: String,
    sender: LinkSender,
    mut receiver: LinkReceiver,
) -> Result<(), ShellError> {
    let mut changed = shared.changed.subscribe();
    // A hub that is away must not hold up the others, so each frame is published by itself; a hub has one at a time.
    let mut flying = JoinSet::new();
    let mut names = BTreeSet::new();
    loop {
        changed.mark_unchanged();
        for frame in shared.party().outbound()? {
            if names.insert((frame.hub.clone(), frame.correlation)) {
                let sender = sender.clone();
                let topic = Topic::down(&frame.hub, &port).to_string();
                flying.spawn(async move {
                    let result = sender.publish(&topic, frame.frame.clone()).await;
                    (frame, result)
                });
            }
        }
        tokio::select! {
            Some(published) = flying.join_next() => {
                let (frame, result) = published.map_err(|_| ShellError::Ended)?;
                result?;
                shared.party().taken(&frame)?;
                names.remove(&(frame.hub, frame.correlation));
                shared.touch();
            }
            delivery = receiver.recv() => {
                let Some(delivery) = delivery else {
                    return Ok(());
                };
                // Only the topic tells where a frame came from: the relay lets nobody else publish to it.
                if let Ok(topic) = delivery.topic.parse::<Topic>() {
                    shared.party().deliver(now(), &topic.hub, &delivery.payload)?;
                }
                delivery.done();
                shared.touch();
            }
            _ = changed.changed() => {}
        }
    }
}

/// The system's time. A clock before 1970 is as good as 1970: no certificate is valid then.
pub(crate) fn now() -> Seconds {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
