use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hydra_link::{LinkReceiver, LinkSender};
use hydra_wire::CardLink;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::adapter::{self, Answer, FromAdapter, Reply};
use crate::card::{CardTask, FromCard};
use crate::config::Device;
use crate::router::{Input, InputId};
use crate::{Action, Event, HubConfig, HubError, Output, Port, Router, Status, local, relay};

/// A running hub. Dropped without [`Hub::stop`], it stops at once, as if its power had failed.
#[derive(Debug)]
pub struct Hub<L> {
    addresses: HashMap<Port, SocketAddr>,
    status: watch::Receiver<Status>,
    stop: Option<oneshot::Sender<()>>,
    /// `None` once its end was reported.
    shell: Option<JoinHandle<Result<L, HubError>>>,
}

impl<L: CardLink + Send + 'static> Hub<L> {
    /// Opens the ports on loopback, resets the card and begins. Must be called on a tokio runtime with time and I/O.
    ///
    /// The link is connected as `hub:<id>` and subscribed to `hydra/<id>/+/down`.
    pub async fn start(
        config: HubConfig,
        card: L,
        (sender, receiver): (LinkSender, LinkReceiver),
    ) -> Result<Self, HubError> {
        let mut addresses = HashMap::new();
        let mut tasks = JoinSet::new();
        let (to_router, from_adapters) = mpsc::unbounded_channel();
        for (port, device) in config.devices {
            let listener = listen(&port, &mut addresses).await?;
            let router = to_router.clone();
            match device {
                Device::Dlms(dlms) => tasks.spawn(adapter::serve(listener, dlms, port, router)),
                Device::Gatt(gatt) => tasks.spawn(adapter::serve(listener, gatt, port, router)),
            };
        }
        let (events, happened) = mpsc::unbounded_channel();
        let (to_page, outputs) = mpsc::unbounded_channel();
        let listener = listen(&config.local, &mut addresses).await?;
        tasks.spawn(local::serve(
            listener,
            config.local.clone(),
            outputs,
            events.clone(),
        ));

        let (publish, status) = watch::channel(Status::default());
        let (stop, stopped) = oneshot::channel();
        let shell = Shell {
            router: Router::new(std::slice::from_ref(&config.local)),
            begun: Instant::now(),
            wake: None,
            replies: HashMap::new(),
            last_input: 0,
            hub: config.id.clone(),
            local: config.local,
            to_page,
            sender,
            tasks,
            card: CardTask::start(card),
            status: publish,
        };
        let incoming = Incoming {
            adapters: from_adapters,
            events: happened,
            relay: relay::receive(config.id, receiver, to_router),
            stopped,
        };
        Ok(Self {
            addresses,
            status,
            stop: Some(stop),
            shell: Some(tokio::spawn(shell.run(incoming))),
        })
    }

    /// Where the electricity meter connects.
    pub fn meter(&self) -> SocketAddr {
        self.address(&Port::meter())
    }

    /// Where the blood pressure monitor's gateway connects.
    pub fn blood_pressure(&self) -> SocketAddr {
        self.address(&Port::blood_pressure())
    }

    /// Where the scale's gateway connects.
    pub fn scale(&self) -> SocketAddr {
        self.address(&Port::scale())
    }

    /// Where the householder connects.
    pub fn householder(&self) -> SocketAddr {
        self.address(&Port::householder())
    }

    /// Counts so far.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The counts as they change.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Stops once the card knows what has been delivered, and gives the card back.
    pub async fn stop(mut self) -> Result<L, HubError> {
        if let Some(stop) = self.stop.take() {
            // It stopped by itself already: the shell's result says why.
            let _ = stop.send(());
        }
        self.ended().await
    }

    /// Waits until the hub stops by itself, and says why. Cancel-safe.
    pub async fn failed(&mut self) -> HubError {
        match self.ended().await {
            Ok(_) => HubError::Task("it was stopped".to_owned()),
            Err(error) => error,
        }
    }

    async fn ended(&mut self) -> Result<L, HubError> {
        let Some(shell) = &mut self.shell else {
            return Err(HubError::Task("its end was reported before".to_owned()));
        };
        let ended = shell.await;
        self.shell = None;
        match ended {
            Ok(result) => result,
            Err(error) => Err(HubError::Task(error.to_string())),
        }
    }

    fn address(&self, port: &Port) -> SocketAddr {
        self.addresses[port]
    }
}

impl<L> Drop for Hub<L> {
    fn drop(&mut self) {
        if let Some(shell) = &self.shell {
            shell.abort();
        }
    }
}

async fn listen(
    port: &Port,
    addresses: &mut HashMap<Port, SocketAddr>,
) -> Result<TcpListener, HubError> {
    let failed = |source| HubError::Listen {
        what: port.to_string(),
        source,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(failed)?;
    addresses.insert(port.clone(), listener.local_addr().map_err(failed)?);
    Ok(listener)
}

/// What reaches the shell.
struct Incoming<R> {
    adapters: mpsc::UnboundedReceiver<FromAdapter>,
    events: mpsc::UnboundedReceiver<Event>,
    relay: R,
    stopped: oneshot::Receiver<()>,
}

/// The router, and what it needs to act.
struct Shell<L: CardLink> {
    router: Router,
    begun: Instant,
    wake: Option<Duration>,
    replies: HashMap<InputId, Reply>,
    last_input: InputId,
    hub: String,
    local: Port,
    to_page: mpsc::UnboundedSender<Output>,
    sender: LinkSender,
    /// Adapters, and publications that end in an event.
    tasks: JoinSet<()>,
    card: CardTask<L>,
    status: watch::Sender<Status>,
}

impl<L: CardLink + Send + 'static> Shell<L> {
    async fn run<R: Future<Output = ()>>(mut self, incoming: Incoming<R>) -> Result<L, HubError> {
        let end = self.serve(incoming).await;
        self.tasks.shutdown().await;
        let Self { card, .. } = self;
        drop(card.commands);
        let link = match card.ended.await {
            Ok(Ok(link)) => link,
            Ok(Err(error)) => return Err(HubError::Card(Box::new(error))),
            Err(error) => return Err(HubError::Task(error.to_string())),
        };
        end.map(|()| link)
    }

    async fn serve<R: Future<Output = ()>>(
        &mut self,
        incoming: Incoming<R>,
    ) -> Result<(), HubError> {
        let Incoming {
            mut adapters,
            mut events,
            relay,
            mut stopped,
        } = incoming;
        let mut published = JoinSet::new();
        let mut stopping = false;
        tokio::pin!(relay);
        while !(stopping && self.router.is_at_rest()) {
            let wake = self.wake.map(|at| self.begun + at);
            let event = tokio::select! {
                biased;
                _ = &mut stopped, if !stopping => {
                    stopping = true;
                    Event::Stopping
                }
                answer = self.card.answers.recv() => match answer {
                    Some(FromCard::Reset) => Event::Started,
                    Some(FromCard::Answer(answer)) => Event::Answered(answer),
                    // The link failed: its error comes with the end of the card's task.
                    None => return Ok(()),
                },
                Some(event) = events.recv() => event,
                Some(event) = published.join_next() => match event {
                    Ok(event) => event,
                    Err(error) => return Err(HubError::Task(error.to_string())),
                },
                Some(from) = adapters.recv() => match self.incoming(from) {
                    Some(event) => event,
                    None => continue,
                },
                () = &mut relay => return Err(HubError::Link(hydra_link::LinkError::Closed)),
                () = sleep_until(wake) => {
                    self.wake = None;
                    Event::Woken
                }
            };
            for action in self.router.step(self.begun.elapsed(), event)? {
                if let Some(output) = self.act(action) {
                    published.spawn(relay::publish(
                        self.hub.clone(),
                        self.sender.clone(),
                        output,
                    ));
                }
            }
            self.status.send_if_modified(|status| {
                let modified = status != self.router.status();
                if modified {
                    status.clone_from(self.router.status());
                }
                modified
            });
        }
        Ok(())
    }

    fn incoming(&mut self, from: FromAdapter) -> Option<Event> {
        match from {
            FromAdapter::Arrived(inbound) => {
                self.last_input += 1;
                let script = matches!(inbound.reply, Reply::Relay(_));
                self.replies.insert(self.last_input, inbound.reply);
                Some(Event::Arrived(Input {
                    id: self.last_input,
                    connection: inbound.connection,
                    port: inbound.port,
                    correlation: inbound.correlation,
                    payload: inbound.payload,
                    script,
                }))
            }
            FromAdapter::Closed { connection } => {
                self.replies.retain(|_, reply| match reply {
                    Reply::Device { answers, .. } => !answers.is_closed(),
                    Reply::Relay(_) => true,
                });
                Some(Event::Closed { connection })
            }
            FromAdapter::Malformed(words) => {
                self.router.malformed(words);
                Some(Event::Woken)
            }
        }
    }

    /// Does it; an output for the relay is given back.
    fn act(&mut self, action: Action) -> Option<Output> {
        match action {
            Action::Transmit(command) => {
                // The card's task ended: the next answer to be received says so.
                let _ = self.card.commands.send(command);
            }
            Action::Accept(id) => match self.replies.remove(&id) {
                Some(Reply::Device { token, answers }) => {
                    let _ = answers.send(Answer::Taken(token));
                }
                Some(Reply::Relay(delivery)) => delivery.done(),
                None => {}
            },
            Action::Refuse(id, sw) => match self.replies.remove(&id) {
                Some(Reply::Device { answers, .. }) => {
                    let _ = answers.send(Answer::Refused);
                }
                Some(Reply::Relay(delivery)) => {
                    tracing::warn!(topic = %delivery.topic, %sw, "the card refused a script");
                    delivery.done();
                }
                None => {}
            },
            Action::Deliver(output) if output.port == self.local => {
                let _ = self.to_page.send(output);
            }
            Action::Deliver(output) => return Some(output),
            Action::WakeAt(at) => {
                self.wake = Some(self.wake.map_or(at, |earlier| earlier.min(at)));
            }
        }
        None
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
