use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::{Protocol, Submission};
use crate::{FrameError, Port};

/// How many submissions of a device the hub holds; it reads no further until the card has taken some.
const WINDOW: usize = 64;

/// A message for the router, with the way back.
pub(crate) struct Inbound {
    pub(crate) connection: u64,
    pub(crate) port: Port,
    pub(crate) correlation: u32,
    pub(crate) payload: Vec<u8>,
    pub(crate) reply: Reply,
}

/// Who waits for the card's answer.
pub(crate) enum Reply {
    /// A device's connection.
    Device {
        token: u32,
        answers: mpsc::UnboundedSender<Answer>,
    },
    /// The relay.
    Relay(hydra_link::Delivery),
}

/// What became of a submission.
pub(crate) enum Answer {
    Taken(u32),
    Refused,
}

/// What adapters tell the router.
pub(crate) enum FromAdapter {
    Arrived(Inbound),
    Closed { connection: u64 },
    Malformed(String),
}

pub(crate) type ToRouter = mpsc::UnboundedSender<FromAdapter>;

static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// A number no other connection has.
pub(crate) fn next_connection() -> u64 {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed)
}

/// Serves a device's port: one connection at a time, of which the newest counts.
pub(crate) async fn serve<P: Protocol>(
    listener: TcpListener,
    protocol: P,
    port: Port,
    router: ToRouter,
) {
    let mut connections = JoinSet::new();
    let mut current: Option<AbortHandle> = None;
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or the peer was gone before it was accepted.
                tracing::warn!(%port, %error, "accepting a device");
                tokio::task::yield_now().await;
                continue;
            }
        };
        if let Some(older) = current.take() {
            older.abort();
        }
        while connections.try_join_next().is_some() {}
        let connection = Connection {
            number: next_connection(),
            protocol,
            port: port.clone(),
            router: router.clone(),
        };
        current = Some(connections.spawn(connection.run(stream, peer)));
    }
}

struct Connection<P> {
    number: u64,
    protocol: P,
    port: Port,
    router: ToRouter,
}

impl<P> Drop for Connection<P> {
    fn drop(&mut self) {
        let connection = self.number;
        let _ = self.router.send(FromAdapter::Closed { connection });
    }
}

impl<P: Protocol> Connection<P> {
    async fn run(self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = self.converse(stream).await {
            tracing::warn!(port = %self.port, %peer, %error, "a device's connection is dropped");
            if let ConnectionError::Frame { .. } = error {
                let words = format!("{} {error}", self.port);
                let _ = self.router.send(FromAdapter::Malformed(words));
            }
        }
    }

    async fn converse(&self, mut stream: TcpStream) -> Result<(), ConnectionError> {
        stream.set_nodelay(true)?;
        let (answers, mut answered) = mpsc::unbounded_channel();
        let mut buffer = Vec::new();
        // Where in the stream the buffer begins.
        let mut begin = 0;
        let mut waiting = 0;
        loop {
            while waiting < WINDOW {
                let frame = self.protocol.read(&buffer);
                let frame = frame.map_err(|source| ConnectionError::Frame { begin, source })?;
                let Some((submission, used)) = frame else {
                    break;
                };
                buffer.drain(..used);
                begin += used as u64;
                waiting += 1;
                self.submit(submission, &answers);
            }
            tokio::select! {
                Some(answer) = answered.recv() => {
                    let mut out = self.confirm(answer)?;
                    waiting -= 1;
                    while let Ok(answer) = answered.try_recv() {
                        out.extend(self.confirm(answer)?);
                        waiting -= 1;
                    }
                    stream.write_all(&out).await?;
                }
                read = stream.read_buf(&mut buffer), if waiting < WINDOW => {
                    if read? == 0 {
                        return match buffer.len() {
                            0 => Ok(()),
                            cut_off => Err(ConnectionError::CutOff { begin, cut_off }),
                        };
                    }
                }
            }
        }
    }

    fn submit(&self, submission: Submission, answers: &mpsc::UnboundedSender<Answer>) {
        let inbound = Inbound {
            connection: self.number,
            port: self.port.clone(),
            correlation: submission.correlation,
            payload: submission.payload,
            reply: Reply::Device {
                token: submission.token,
                answers: answers.clone(),
            },
        };
        // The router is gone only when the hub stops; then this task is about to be stopped too.
        let _ = self.router.send(FromAdapter::Arrived(inbound));
    }

    fn confirm(&self, answer: Answer) -> Result<Vec<u8>, ConnectionError> {
        match answer {
            Answer::Taken(token) => Ok(self.protocol.confirmation(token)),
            Answer::Refused => Err(ConnectionError::Refused),
        }
    }
}

/// Why a device's connection is dropped. The device repeats what was not confirmed.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error("the frame that begins at byte {begin} of the stream, {source}")]
    Frame { begin: u64, source: FrameError },
    #[error("the stream ended {cut_off} bytes into the frame that begins at byte {begin}")]
    CutOff { begin: u64, cut_off: usize },
    #[error("the card refused what the device sent")]
    Refused,
    #[error(transparent)]
    Io(#[from] io::Error),
}
