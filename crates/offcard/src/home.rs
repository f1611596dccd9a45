//! The shell between the hub's local port and the householder (protocols §10): `length u32 | correlation u32 | sealed message`
//! comes, the correlation (4) goes back once the copy is stored.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::householder::Householder;
use crate::provider::StateError;
use crate::wan::now;

/// The largest frame that is taken: far above any copy.
const LIMIT: u32 = 1 << 20;

/// Why the householder's shell ended.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The connection.
    #[error("the hub's local port {address}")]
    Connection {
        /// The hub's address.
        address: SocketAddr,
        /// What failed.
        source: io::Error,
    },
    /// A frame that is too short or too long to be one.
    #[error("a frame of {0} bytes from the hub's local port")]
    Frame(u32),
    /// The hub closed the connection, or the shell was stopped.
    #[error("the connection to the hub has ended")]
    Ended,
}

/// The householder at the hub. Dropping it closes the connection; the state is in its journal.
#[derive(Debug)]
pub struct HomeShell {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    householder: Mutex<Householder>,
    changed: watch::Sender<u64>,
    failure: Mutex<Option<HomeError>>,
}

impl Shared {
    fn householder(&self) -> MutexGuard<'_, Householder> {
        self.householder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl HomeShell {
    /// Connects to the hub's local port.
    pub async fn connect(householder: Householder, address: SocketAddr) -> Result<Self, HomeError> {
        let failed = |source| HomeError::Connection { address, source };
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let shared = Arc::new(Shared {
            householder: Mutex::new(householder),
            changed: watch::channel(0).0,
            failure: Mutex::new(None),
        });
        let task = tokio::spawn({
            let shared = shared.clone();
            async move {
                let error = match run(&shared, stream, address).await {
                    Ok(()) => HomeError::Ended,
                    Err(error) => error,
                };
                *shared
                    .failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(error);
                shared.changed.send_modify(|version| *version += 1);
            }
        });
        Ok(Self { shared, task })
    }

    /// Works with the householder.
    pub fn with<R>(&self, work: impl FnOnce(&mut Householder) -> R) -> R {
        work(&mut self.shared.householder())
    }

    /// Waits until `ready` gives something, asking whenever a copy came.
    pub async fn until<R>(
        &self,
        mut ready: impl FnMut(&Householder) -> Option<R>,
    ) -> Result<R, HomeError> {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(result) = ready(&self.shared.householder()) {
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
                return Err(HomeError::Ended);
            }
        }
    }
}

impl Drop for HomeShell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(shared: &Shared, mut stream: TcpStream, address: SocketAddr) -> Result<(), HomeError> {
    let failed = |source| HomeError::Connection { address, source };
    loop {
        let mut length = [0; 4];
        match stream.read_exact(&mut length).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
        // The length counts what follows it: correlation and message.
        let length = u32::from_be_bytes(length);
        if !(4..=LIMIT).contains(&length) {
            return Err(HomeError::Frame(length));
        }
        let mut frame = vec![0; usize::try_from(length).unwrap_or(0)];
        stream.read_exact(&mut frame).await.map_err(failed)?;
        let (correlation, sealed) = frame.split_at(4);
        shared.householder().deliver(now(), sealed)?;
        stream.write_all(correlation).await.map_err(failed)?;
        shared.changed.send_modify(|version| *version += 1);
    }
}
