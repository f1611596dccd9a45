use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;

use crate::broker::{Broker, ConnectionId, Event};
use crate::connection::{Connection, FAREWELL};
use crate::core::{self, Input};
use crate::journal::Journal;
use crate::stats::Meter;
use crate::{Limits, Registry, RelayConfig, RelayError, Stats};

/// How many events wait for the core before the connections wait to tell theirs.
const INPUTS: usize = 4_096;
/// How often sessions are looked at whether they have expired.
const TICK: Duration = Duration::from_secs(10);

/// The relay's beginning.
pub struct Relay;

impl Relay {
    /// Remembers what its journal holds, listens, and returns when clients can connect.
    ///
    /// Must be called on a tokio runtime with time and I/O. The relay runs until [`RelayHandle::shutdown`], or until the handle is
    /// dropped.
    pub async fn start(config: RelayConfig) -> Result<RelayHandle, RelayError> {
        let tls = config.tls()?;
        let directory = config.store.clone().unwrap_or_default();
        let journal_failed = |source| RelayError::Journal {
            directory: directory.clone(),
            source,
        };
        let (broker, journal) = match &config.store {
            None => (Broker::new(config.registry, config.limits), None),
            Some(store) => {
                let (mut journal, recovered) = Journal::open(store).map_err(journal_failed)?;
                if recovered.cut > 0 {
                    tracing::warn!(
                        bytes = recovered.cut,
                        "the journal ended in an unfinished write, which was not acknowledged"
                    );
                }
                let (registry, limits) = (config.registry, config.limits);
                let broker = Broker::restore(registry, limits, recovered.records, core::now());
                if journal.wants_compaction() {
                    let compacted = journal.compact(broker.snapshot());
                    compacted.map_err(journal_failed)?;
                }
                (broker, Some(journal))
            }
        };
        let listen_failed = |source| RelayError::Listen {
            addr: config.bind,
            source,
        };
        let listener = TcpListener::bind(config.bind)
            .await
            .map_err(listen_failed)?;
        let addr = listener.local_addr().map_err(listen_failed)?;

        let (inputs, received) = mpsc::channel(INPUTS);
        let (ended, core_ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("relay".to_owned())
            .spawn(move || {
                let result = core::run(broker, journal, received);
                // Without a handle nobody asks how it ended.
                let _ = ended.send(result);
            })
            .map_err(journal_failed)?;

        let meter = Meter::new(config.tap);
        let (stop, stopped) = watch::channel(());
        let accept = Accept {
            listener,
            acceptor: TlsAcceptor::from(tls),
            inputs: inputs.clone(),
            limits: config.limits,
            meter: meter.clone(),
        };
        let places = Arc::new(Semaphore::new(config.limits.connections));
        let accept = tokio::spawn(accept.run(places.clone(), stopped.clone())).abort_handle();
        tokio::spawn(tick(inputs.clone(), stopped));
        Ok(RelayHandle {
            addr,
            inputs,
            meter,
            core_ended,
            directory,
            accept,
            places,
            connections: config.limits.connections,
            _stop: stop,
        })
    }
}

/// A running relay. Dropping it ends the relay.
#[derive(Debug)]
pub struct RelayHandle {
    addr: SocketAddr,
    inputs: mpsc::Sender<Input>,
    meter: Meter,
    core_ended: oneshot::Receiver<io::Result<()>>,
    directory: PathBuf,
    accept: AbortHandle,
    /// One is taken as long as a connection lives.
    places: Arc<Semaphore>,
    connections: usize,
    /// Dropped, it ends the tasks.
    _stop: watch::Sender<()>,
}

impl RelayHandle {
    /// Where the relay listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes the register. On return the change is in force: who is no longer known is disconnected, and what is no longer
    /// allowed will not be delivered.
    pub async fn change_registry(
        &self,
        change: impl FnOnce(&mut Registry) + Send + 'static,
    ) -> Result<(), RelayError> {
        let (done, changed) = oneshot::channel();
        self.tell(Input::Registry(Box::new(change), done)).await?;
        changed.await.map_err(|_| RelayError::Stopped)
    }

    /// What the relay has counted.
    pub async fn stats(&self) -> Result<Stats, RelayError> {
        let (reply, stats) = oneshot::channel();
        self.tell(Input::Stats(reply)).await?;
        let mut stats = stats.await.map_err(|_| RelayError::Stopped)?;
        (stats.bytes_in, stats.bytes_out) = self.meter.bytes();
        Ok(stats)
    }

    /// Says good-bye to all clients and ends. On return the journal is complete and closed.
    pub async fn shutdown(self) -> Result<(), RelayError> {
        self.accept.abort();
        // A core that has gone tells below why.
        let _ = self.inputs.send(Input::Event(Event::Shutdown)).await;
        let ended = self.core_ended.await.map_err(|_| RelayError::Stopped)?;
        // The connections get some time for their last words, and no more.
        let connections = u32::try_from(self.connections).unwrap_or(u32::MAX);
        let _ = timeout(FAREWELL, self.places.acquire_many(connections)).await;
        ended.map_err(|source| RelayError::Journal {
            directory: self.directory,
            source,
        })
    }

    async fn tell(&self, input: Input) -> Result<(), RelayError> {
        let told = self.inputs.send(input).await;
        told.map_err(|_| RelayError::Stopped)
    }
}

struct Accept {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    inputs: mpsc::Sender<Input>,
    limits: Limits,
    meter: Meter,
}

impl Accept {
    async fn run(self, places: Arc<Semaphore>, mut stopped: watch::Receiver<()>) {
        for id in 1.. {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let tcp = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stopped.changed() => return,
            };
            let tcp = match tcp {
                Ok((tcp, _)) => tcp,
                // One client's failure, or too many files open: the next may do better.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            };
            if tcp.set_nodelay(true).is_err() {
                continue;
            }
            let connection = Connection {
                id: ConnectionId(id),
                acceptor: self.acceptor.clone(),
                inputs: self.inputs.clone(),
                limits: self.limits,
                meter: self.meter.clone(),
            };
            let mut stopped = stopped.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = connection.serve(tcp) => {}
                    // Dropped without a shutdown: no good-byes.
                    _ = stopped.changed() => {}
                }
                drop(place);
            });
        }
    }
}

async fn tick(inputs: mpsc::Sender<Input>, mut stopped: watch::Receiver<()>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.changed() => return,
        }
        if inputs.send(Input::Event(Event::Tick)).await.is_err() {
            return;
        }
    }
}
