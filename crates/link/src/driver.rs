//! The shell around [`Session`]: one task that owns the connection, and makes it again when it is lost.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::codec::{put_packet, take_packet};
use crate::link::{Delivery, Publish, Receipt, Settled};
use crate::session::{Action, Session};
use crate::{LinkConfig, LinkError};
use mqtt5_protocol::packet::Packet;

/// The first pause before connecting again; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// A connection that lived this long was a good one: the pauses start over.
const GOOD_LIFE: Duration = Duration::from_secs(5);

type Ready = oneshot::Sender<Result<(), LinkError>>;

pub(crate) struct Driver {
    config: LinkConfig,
    tls: Arc<ClientConfig>,
    name: ServerName<'static>,
    session: Session,
    publishes: mpsc::Receiver<Publish>,
    /// Some sender is alive.
    has_senders: bool,
    deliveries: mpsc::Sender<Delivery>,
    /// Delivered by the broker and not taken by the consumer yet.
    inbox: VecDeque<Delivery>,
    settle: mpsc::UnboundedSender<Settled>,
    settled: mpsc::UnboundedReceiver<Settled>,
    /// Whether the current connection is up: subscribed, and confirmed.
    is_up: bool,
    /// Who waits for the first time it is.
    ready: Option<Ready>,
}

impl Driver {
    pub(crate) fn new(
        config: LinkConfig,
        publishes: mpsc::Receiver<Publish>,
        deliveries: mpsc::Sender<Delivery>,
    ) -> Result<Self, LinkError> {
        let (tls, name) = config.tls()?;
        let (settle, settled) = mpsc::unbounded_channel();
        Ok(Self {
            session: Session::new(config.clone()),
            config,
            tls,
            name,
            publishes,
            has_senders: true,
            deliveries,
            inbox: VecDeque::new(),
            settle,
            settled,
            is_up: false,
            ready: None,
        })
    }

    /// Lives until nobody holds the link any more, or another process has taken over the session.
    pub(crate) async fn run(mut self, ready: Ready) {
        self.ready = Some(ready);
        let patience = Instant::now() + self.config.patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let lost = match self.serve().await {
                Ok(()) | Err(LinkError::Closed) => break,
                Err(lost) => lost,
            };
            // Until the link has been up once, only "nobody listens there" is worth another try.
            if let Some(ready) = self.ready.take() {
                if !nobody_listens(&lost) || Instant::now() >= patience {
                    let _ = ready.send(Err(lost));
                    break;
                }
                if ready.is_closed() {
                    break;
                }
                self.ready = Some(ready);
            }
            match self.is_up {
                true => {
                    tracing::warn!(addr = self.config.addr, error = %chain(&lost), "the link is lost")
                }
                false => {
                    tracing::debug!(addr = self.config.addr, error = %chain(&lost), "no link yet")
                }
            }
            if began.elapsed() > GOOD_LIFE {
                pause = FIRST_PAUSE;
            }
            tokio::time::sleep(pause).await;
            pause = LAST_PAUSE.min(pause * 2);
            if self.is_abandoned() {
                break;
            }
        }
        self.session.close();
    }

    /// Nobody can publish or receive any more. (While the first connection is made, the caller holds both ends.)
    fn is_abandoned(&mut self) -> bool {
        self.has_senders &= !self.publishes.is_closed() || !self.publishes.is_empty();
        !self.has_senders && self.deliveries.is_closed()
    }

    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let connect = async {
            let tcp = TcpStream::connect(&self.config.addr).await?;
            tcp.set_nodelay(true)?;
            TlsConnector::from(self.tls.clone())
                .connect(self.name.clone(), tcp)
                .await
        };
        let patience = self.config.patience.max(Duration::from_secs(1));
        timeout(patience, connect).await?
    }

    /// One connection. `Ok` when nobody holds the link any more.
    async fn serve(&mut self) -> Result<(), LinkError> {
        self.is_up = false;
        self.inbox.clear();
        let stream = self.connect().await.map_err(|error| self.lost(error))?;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut inbound = BytesMut::with_capacity(64 * 1024);
        let mut outbound = BytesMut::with_capacity(64 * 1024);
        let mut unflushed = false;
        let mut greeted = false;
        let mut heard = Instant::now();
        let mut retry_pause = FIRST_PAUSE;
        let mut retry_at = heard + retry_pause;
        put_packet(&self.session.connect(), &mut outbound)?;
        let mut silence = self.session.keep_alive();
        let mut tick = interval_at(heard + silence / 2, silence / 2);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);

        let deliveries = self.deliveries.clone();
        loop {
            unflushed |= !outbound.is_empty();
            if self.is_up && self.is_abandoned() {
                self.drain_settled(&mut outbound)?;
                if self.session.is_idle() {
                    put_packet(&Session::disconnect(), &mut outbound)?;
                    let farewell = async {
                        writer.write_all(&outbound).await?;
                        writer.shutdown().await
                    };
                    // The broker keeps the session whether it hears the farewell or not.
                    let _ = timeout(LAST_PAUSE, farewell).await;
                    return Ok(());
                }
            }
            tokio::select! {
                read = reader.read_buf(&mut inbound) => {
                    if read.map_err(|error| self.lost(error))? == 0 {
                        return Err(self.lost(io::ErrorKind::UnexpectedEof.into()));
                    }
                    heard = Instant::now();
                    while let Some(packet) = take_packet(&mut inbound)? {
                        let had_parked = self.session.has_parked();
                        let actions = match packet {
                            Packet::ConnAck(connack) if !greeted => {
                                greeted = true;
                                let actions = self.session.connected(&connack)?;
                                silence = self.session.keep_alive();
                                tick = interval_at(heard + silence / 2, silence / 2);
                                actions
                            }
                            packet if greeted => self.session.packet(packet)?,
                            other => {
                                let name = other.packet_type_name();
                                return Err(LinkError::Protocol(format!("{name} before CONNACK")));
                            }
                        };
                        if !had_parked && self.session.has_parked() {
                            retry_at = heard + retry_pause;
                        }
                        self.perform(actions, &mut outbound)?;
                    }
                }
                written = write_some(&mut writer, &mut outbound), if unflushed => {
                    unflushed = written.map_err(|error| self.lost(error))?;
                }
                publish = self.publishes.recv(), if greeted && self.has_senders && self.session.has_room() => {
                    match publish {
                        Some(publish) => self.session.publish(publish),
                        None => self.has_senders = false,
                    }
                    while self.session.has_room() {
                        let Ok(publish) = self.publishes.try_recv() else { break };
                        self.session.publish(publish);
                    }
                    let actions = self.session.send_waiting();
                    self.perform(actions, &mut outbound)?;
                }
                Some(settled) = self.settled.recv() => {
                    let actions = self.session.settled(settled);
                    self.perform(actions, &mut outbound)?;
                    self.drain_settled(&mut outbound)?;
                }
                permit = deliveries.reserve(), if !self.inbox.is_empty() => {
                    match (permit, self.inbox.pop_front()) {
                        (Ok(permit), Some(delivery)) => permit.send(delivery),
                        _ => self.inbox.clear(),
                    }
                }
                () = deliveries.closed(), if !self.has_senders => {}
                () = sleep_until(retry_at), if self.session.has_parked() => {
                    retry_pause = LAST_PAUSE.min(retry_pause * 2);
                    retry_at = Instant::now() + retry_pause;
                    let actions = self.session.offer_parked();
                    self.perform(actions, &mut outbound)?;
                }
                _ = tick.tick() => {
                    if heard.elapsed() > silence + silence / 2 {
                        return Err(self.lost(io::ErrorKind::TimedOut.into()));
                    }
                    if greeted {
                        put_packet(&Packet::PingReq, &mut outbound)?;
                    }
                }
            }
            if !self.session.has_parked() {
                retry_pause = FIRST_PAUSE;
            }
        }
    }

    fn drain_settled(&mut self, outbound: &mut BytesMut) -> Result<(), LinkError> {
        while let Ok(settled) = self.settled.try_recv() {
            let actions = self.session.settled(settled);
            self.perform(actions, outbound)?;
        }
        Ok(())
    }

    fn perform(&mut self, actions: Vec<Action>, outbound: &mut BytesMut) -> Result<(), LinkError> {
        for action in actions {
            match action {
                Action::Send(packet) => put_packet(&packet, outbound)?,
                Action::Deliver {
                    number,
                    topic,
                    payload,
                } => {
                    let settle = self.settle.clone();
                    let delivery = Delivery::new(topic, payload, Receipt { number, settle });
                    self.inbox.push_back(delivery);
                }
                Action::Ready => {
                    self.is_up = true;
                    if let Some(ready) = self.ready.take() {
                        // Without anyone waiting, the ends of the link are gone too, and the loop notices.
                        let _ = ready.send(Ok(()));
                    }
                }
                // What a consumer that has gone left behind is for its successor.
                Action::Reconnect if self.deliveries.is_closed() => {}
                Action::Reconnect => return Err(self.lost(io::ErrorKind::ConnectionReset.into())),
            }
        }
        Ok(())
    }

    fn lost(&self, source: io::Error) -> LinkError {
        LinkError::Connect {
            addr: self.config.addr.clone(),
            source,
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

/// The error with its cause.
fn chain(error: &LinkError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn nobody_listens(error: &LinkError) -> bool {
    matches!(error, LinkError::Connect { source, .. } if source.kind() == io::ErrorKind::ConnectionRefused)
}
