//! One client's connection: TLS, the party in its certificate, bytes to packets and back.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use mqtt5_protocol::packet::Packet;
use mqtt5_protocol::types::ReasonCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::broker::{ConnectionId, Event, keep_alive};
use crate::codec::{put_packet, take_packet};
use crate::core::Input;
use crate::stats::{Meter, Passage};
use crate::{Identity, Limits};

/// How long a client may take for the TLS handshake and for CONNECT.
const GREETING: Duration = Duration::from_secs(10);
/// How long a client may let what it is sent pile up.
const STALL: Duration = Duration::from_secs(30);
/// How long the last words may take.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);
/// How many packets wait for a client that does not read before it is dropped.
const OUTBOX: usize = 4_096;
/// How much is encoded before it is written.
const WRITE_AHEAD: usize = 128 * 1024;

pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) inputs: mpsc::Sender<Input>,
    pub(crate) limits: Limits,
    pub(crate) meter: Meter,
}

impl Connection {
    /// Serves the client until either side ends it.
    pub(crate) async fn serve(self, tcp: TcpStream) {
        let deadline = Instant::now() + GREETING;
        // A handshake that fails (no certificate, a foreign or an expired one) has told the client by a TLS alert.
        let stream = match timeout_at(deadline, self.acceptor.accept(tcp)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(connection = self.id.0, %error, "a TLS handshake failed");
                return;
            }
            Err(_) => return,
        };
        let certificates = stream.get_ref().1.peer_certificates();
        let leaf = certificates.and_then(|certificates| certificates.first());
        let party = leaf.map(|leaf| Identity::of_certificate(leaf));
        if let Some(Err(error)) = &party {
            tracing::debug!(connection = self.id.0, %error, "a certificate names no party");
        }
        let party = party.and_then(Result::ok);

        let (outbox, packets) = mpsc::channel(OUTBOX);
        let opened = Input::Opened {
            connection: self.id,
            party,
            outbox,
        };
        if self.inputs.send(opened).await.is_ok() {
            // How it ended makes no difference to the core.
            let _ = self.converse(stream, packets, deadline).await;
            self.tell(Event::Lost {
                connection: self.id,
            })
            .await;
        }
    }

    async fn tell(&self, event: Event) {
        // When the core has gone, the relay is closing, and so is the outbox.
        let _ = self.inputs.send(Input::Event(event)).await;
    }

    async fn converse(
        &self,
        stream: TlsStream<TcpStream>,
        mut packets: mpsc::Receiver<Packet>,
        mut deadline: Instant,
    ) -> io::Result<()> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut inbound = BytesMut::with_capacity(16 * 1024);
        let mut outbound = BytesMut::with_capacity(16 * 1024);
        let mut batch = Vec::new();
        let mut silence = None;
        let mut unflushed = false;
        let mut stalled = deadline;
        let mut hears = true;
        loop {
            tokio::select! {
                read = reader.read_buf(&mut inbound), if hears => {
                    let count = read?;
                    if count == 0 {
                        return Ok(());
                    }
                    self.meter.record(self.id.0, Passage::In, &inbound[inbound.len() - count..]);
                    loop {
                        match take_packet(&mut inbound, self.limits.packet) {
                            Ok(Some(packet)) => {
                                if let Packet::Connect(connect) = &packet {
                                    let seconds = u64::from(keep_alive(connect, &self.limits));
                                    silence = Some(Duration::from_millis(seconds * 1_500));
                                }
                                self.tell(Event::Packet { connection: self.id, packet }).await;
                            }
                            Ok(None) => break,
                            Err(reason) => {
                                hears = false;
                                self.tell(Event::Refused { connection: self.id, reason }).await;
                                break;
                            }
                        }
                    }
                    // One and a half times the keep-alive (MQTT 5 §3.1.2.10).
                    if let Some(silence) = silence.filter(|_| hears) {
                        deadline = Instant::now() + silence;
                    } else if !hears {
                        deadline = Instant::now() + FAREWELL;
                    }
                }
                count = packets.recv_many(&mut batch, 64), if outbound.len() < WRITE_AHEAD => {
                    if count == 0 {
                        // The core has let go of us: what it said last still goes out.
                        let farewell = async {
                            writer.write_all(&outbound).await?;
                            writer.shutdown().await
                        };
                        return timeout(FAREWELL, farewell).await?;
                    }
                    let start = outbound.len();
                    for packet in batch.drain(..) {
                        put_packet(&packet, &mut outbound).map_err(io::Error::other)?;
                    }
                    self.meter.record(self.id.0, Passage::Out, &outbound[start..]);
                    if !unflushed {
                        unflushed = true;
                        stalled = Instant::now() + STALL;
                    }
                }
                written = write_some(&mut writer, &mut outbound), if unflushed => {
                    unflushed = written?;
                    stalled = Instant::now() + STALL;
                }
                () = sleep_until(stalled), if unflushed => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                () = sleep_until(deadline) => {
                    if !hears {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    hears = false;
                    deadline = Instant::now() + FAREWELL;
                    let reason = ReasonCode::KeepAliveTimeout;
                    self.tell(Event::Refused { connection: self.id, reason }).await;
                }
            }
        }
    }
}

/// Writes what there is, or flushes what has been written; whether anything is left to do. Cancel-safe.
async fn write_some(
    writer: &mut WriteHalf<TlsStream<TcpStream>>,
    outbound: &mut BytesMut,
) -> io::Result<bool> {
    if outbound.is_empty() {
        writer.flush().await?;
        return Ok(false);
    }
    writer.write_buf(outbound).await?;
    Ok(true)
}
