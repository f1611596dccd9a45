//! The core: what the hub does next, given what happened. No I/O, no clock.
//!
//! One command at a time is with the card. Inputs wait in a queue a port and are served in turn; the head of a queue whose applet is not
//! there yet, or whose output the card has no room for, is put off, with all behind it, until a script has changed the card or an output has left it. Outputs are fetched one a port:
//! a port with an output on its way, or that can't be reached, is left out of the next FETCH, so that it holds up no other.

mod inlet;
mod outlet;

use std::collections::BTreeMap;
use std::time::Duration;

use hydra_wire::{ApduError, Response, StatusWord};

use crate::terminal::{self, LARGEST_PAYLOAD};
use crate::{Output, Port, Status};
use inlet::Inlet;
use outlet::Outlet;

/// Names an input until it is accepted or refused.
pub type InputId = u64;

/// A message on its way to the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The shell's name for it.
    pub id: InputId,
    /// The connection it came by; when that closes, what the card does not have yet is forgotten and comes again by another.
    pub connection: u64,
    /// Where from.
    pub port: Port,
    /// Its number: the device's or the provider's own.
    pub correlation: u32,
    /// Content.
    pub payload: Vec<u8>,
    /// Whether it is a command script; else it is a device's message to an applet.
    pub script: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The hub begins, or the card was reset.
    Started,
    /// A message came in.
    Arrived(Input),
    /// A connection is gone, and with it whoever waits for its answers.
    Closed {
        /// Which.
        connection: u64,
    },
    /// The card answered the last [`Action::Transmit`].
    Answered(Vec<u8>),
    /// An output reached its port's care.
    Delivered {
        /// The output's port.
        port: Port,
        /// The output's number.
        correlation: u32,
    },
    /// An output did not reach its port.
    Undelivered {
        /// The output's port.
        port: Port,
        /// The output's number.
        correlation: u32,
    },
    /// A local port can be reached now.
    Opened(Port),
    /// A local port can't be reached any more.
    Shut(Port),
    /// The time asked for by [`Action::WakeAt`] has come, or any other.
    Woken,
    /// The hub stops: from now on the card is only told what has been delivered, until [`Router::is_at_rest`].
    Stopping,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this command to the card; its answer is the next [`Event::Answered`].
    Transmit(Vec<u8>),
    /// The card has this input: confirm it to whoever sent it.
    Accept(InputId),
    /// The card will not take this input, now or later.
    Refuse(InputId, StatusWord),
    /// Bring this output to its port; ends in [`Event::Delivered`] or [`Event::Undelivered`].
    Deliver(Output),
    /// Wake the router at this time, in the same count as `now`.
    WakeAt(Duration),
}

/// Why the router can't go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// The virtual terminal can't be selected.
    #[error("SELECT of the virtual terminal answered {0}")]
    Select(StatusWord),
    /// The card is mute or locked.
    #[error("{command} answered {sw}")]
    Card {
        /// The command.
        command: &'static str,
        /// Its status word.
        sw: StatusWord,
    },
    /// The answer is no response APDU.
    #[error("the card's answer: {0}")]
    Apdu(ApduError),
    /// A FETCH answered something that is no output, or one for a port that was left out.
    #[error("FETCH answered {0} bytes that are no output asked for")]
    Output(usize),
    /// The card answered without being asked.
    #[error("the card answered without a command")]
    Unasked,
}

/// What the card is busy with.
#[derive(Clone, Debug)]
enum Command {
    Select,
    Envelope(Input),
    /// The ports left out.
    Fetch(Vec<Port>),
    Taken(Port),
}

/// The hub's core.
#[derive(Debug)]
pub struct Router {
    local: Vec<Port>,
    selected: bool,
    command: Option<Command>,
    inlets: BTreeMap<Port, Inlet>,
    /// The port served last.
    served: Option<Port>,
    outlets: BTreeMap<Port, Outlet>,
    /// Nothing waits in the card for the ports that could take it.
    drained: bool,
    stopping: bool,
    status: Status,
}

impl Router {
    /// A router whose local ports (all others are the relay's) are shut until [`Event::Opened`].
    pub fn new(local: &[Port]) -> Self {
        Self {
            local: local.to_vec(),
            selected: false,
            command: None,
            inlets: BTreeMap::new(),
            served: None,
            outlets: local
                .iter()
                .map(|port| (port.clone(), Outlet::Shut))
                .collect(),
            drained: false,
            stopping: false,
            status: Status::default(),
        }
    }

    /// Counts so far.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Whether no command is with the card.
    pub fn is_at_rest(&self) -> bool {
        self.command.is_none()
    }

    /// Notes a frame that could not be read.
    pub fn malformed(&mut self, words: String) {
        self.status.malformed += 1;
        self.status.last_malformed = Some(words);
    }

    /// What to do after this. `now` counts from any fixed moment.
    pub fn step(&mut self, now: Duration, event: Event) -> Result<Vec<Action>, RouterError> {
        let mut actions = Vec::new();
        match event {
            Event::Started => self.selected = false,
            Event::Arrived(input) => self.arrived(input, &mut actions),
            Event::Closed { connection } => {
                for inlet in self.inlets.values_mut() {
                    inlet.forget(connection);
                }
            }
            Event::Answered(answer) => self.answered(&answer, &mut actions)?,
            Event::Delivered { port, correlation } => self.delivered(&port, correlation),
            Event::Undelivered { port, correlation } => {
                self.undelivered(now, &port, correlation, &mut actions);
            }
            Event::Opened(port) => self.open(&port),
            Event::Shut(port) => {
                self.outlets.insert(port, Outlet::Shut);
            }
            Event::Woken => {}
            Event::Stopping => self.stopping = true,
        }
        self.end_pauses(now);
        if self.command.is_none() {
            actions.extend(self.next_command().map(Action::Transmit));
        }
        Ok(actions)
    }

    fn arrived(&mut self, input: Input, actions: &mut Vec<Action>) {
        if input.payload.len() > LARGEST_PAYLOAD {
            self.status
                .inputs
                .entry(input.port.clone())
                .or_default()
                .refused += 1;
            actions.push(Action::Refuse(input.id, StatusWord::WRONG_LENGTH));
            return;
        }
        self.inlets
            .entry(input.port.clone())
            .or_default()
            .push(input);
    }

    fn next_command(&mut self) -> Option<Vec<u8>> {
        if !self.selected {
            self.command = Some(Command::Select);
            return Some(terminal::select());
        }
        let taken = self.outlets.iter().find_map(|(port, outlet)| match outlet {
            Outlet::Delivered(correlation, kind) => Some((port.clone(), *correlation, *kind)),
            _ => None,
        });
        if let Some((port, correlation, kind)) = taken {
            let bytes = terminal::taken(&port, correlation, kind);
            self.command = Some(Command::Taken(port));
            return Some(bytes);
        }
        if self.stopping {
            return None;
        }
        if !self.drained {
            let except: Vec<Port> = self.outlets.keys().cloned().collect();
            let bytes = terminal::fetch(except.iter());
            self.command = Some(Command::Fetch(except));
            return Some(bytes);
        }
        let input = self.next_input()?;
        let bytes = terminal::envelope(&input.port, input.correlation, &input.payload);
        self.command = Some(Command::Envelope(input));
        Some(bytes)
    }

    /// The oldest input of the port whose turn it is.
    fn next_input(&mut self) -> Option<Input> {
        let served = self.served.take();
        let after = self
            .inlets
            .keys()
            .filter(|port| Some(*port) > served.as_ref());
        let before = self
            .inlets
            .keys()
            .filter(|port| Some(*port) <= served.as_ref());
        let port = after
            .chain(before)
            .find(|port| self.inlets[*port].is_ready())
            .cloned();
        self.served = port.clone().or(served);
        self.inlets.get_mut(&port?)?.pop()
    }

    fn answered(&mut self, answer: &[u8], actions: &mut Vec<Action>) -> Result<(), RouterError> {
        let command = self.command.take().ok_or(RouterError::Unasked)?;
        let response = Response::parse(answer).map_err(RouterError::Apdu)?;
        match command {
            Command::Select => {
                if !response.sw.is_success_or_warning() {
                    return Err(RouterError::Select(response.sw));
                }
                self.selected = true;
                self.drained = false;
            }
            Command::Fetch(except) => self.fetched(&except, &response, actions)?,
            Command::Taken(port) => {
                if !response.sw.is_success_or_warning() {
                    return Err(RouterError::Card {
                        command: "TERMINAL RESPONSE",
                        sw: response.sw,
                    });
                }
                self.outlets.remove(&port);
                self.note_waiting(response.sw);
                // There is room in the card again.
                self.inlets.values_mut().for_each(Inlet::resume);
            }
            Command::Envelope(input) => self.enveloped(input, &response, actions)?,
        }
        Ok(())
    }

    fn fetched(
        &mut self,
        except: &[Port],
        response: &Response,
        actions: &mut Vec<Action>,
    ) -> Result<(), RouterError> {
        match response.sw {
            // A port that came back while the FETCH was on its way was left out of it, and may have something waiting.
            StatusWord::DATA_NOT_FOUND => {
                self.drained = except.iter().all(|port| self.outlets.contains_key(port));
            }
            sw if sw.is_success_or_warning() => {
                let output = terminal::output(&response.data)
                    .ok_or(RouterError::Output(response.data.len()))?;
                if except.contains(&output.port) {
                    return Err(RouterError::Output(response.data.len()));
                }
                // Shut while the FETCH was on its way: it will be fetched again.
                if !self.outlets.contains_key(&output.port) {
                    let on_its_way =
                        Outlet::OnItsWay(output.correlation, output.kind, output.payload.len());
                    self.outlets.insert(output.port.clone(), on_its_way);
                    actions.push(Action::Deliver(output));
                }
            }
            sw => {
                return Err(RouterError::Card {
                    command: "FETCH",
                    sw,
                });
            }
        }
        Ok(())
    }

    fn enveloped(
        &mut self,
        input: Input,
        response: &Response,
        actions: &mut Vec<Action>,
    ) -> Result<(), RouterError> {
        if response.sw == StatusWord::UNKNOWN {
            return Err(RouterError::Card {
                command: "ENVELOPE",
                sw: response.sw,
            });
        }
        let mut sw = response.sw;
        if sw.is_success_or_warning() {
            self.note_waiting(sw);
            if let Some(applet) = terminal::applet_response(&response.data) {
                sw = Response::parse(applet).map_err(RouterError::Apdu)?.sw;
            }
        }
        let count = self.status.inputs.entry(input.port.clone()).or_default();
        let inlet = self.inlets.entry(input.port.clone()).or_default();
        match sw {
            sw if sw.is_success_or_warning() => {
                count.taken += 1;
                count.repeated += u64::from(!inlet.is_new(input.correlation));
                actions.push(Action::Accept(input.id));
                if input.script {
                    self.inlets.values_mut().for_each(Inlet::resume);
                }
            }
            // Not installed, not routed or not personalised yet: a script will change that.
            StatusWord::CONDITIONS_NOT_SATISFIED
            | StatusWord::SELECT_FAILED
            | StatusWord::NOT_FOUND
            | StatusWord::DATA_NOT_FOUND
                if !input.script =>
            {
                count.put_off += 1;
                inlet.put_off(input);
            }
            // The output queue is full until somebody takes something out.
            StatusWord::NOT_ENOUGH_MEMORY => {
                count.put_off += 1;
                inlet.put_off(input);
            }
            sw => {
                count.refused += 1;
                actions.push(Action::Refuse(input.id, sw));
            }
        }
        Ok(())
    }

    /// 9000: nothing waits in the card. 91xx: something does, perhaps for a port that can take it.
    fn note_waiting(&mut self, sw: StatusWord) {
        self.drained = sw.is_success();
    }

    fn delivered(&mut self, port: &Port, correlation: u32) {
        if let Some(outlet) = self.outlets.get_mut(port)
            && let Outlet::OnItsWay(current, kind, bytes) = *outlet
            && current == correlation
        {
            *outlet = Outlet::Delivered(correlation, kind);
            let count = self.status.outputs.entry(port.clone()).or_default();
            count.delivered += 1;
            count.bytes += bytes as u64;
        }
    }

    fn undelivered(
        &mut self,
        now: Duration,
        port: &Port,
        correlation: u32,
        actions: &mut Vec<Action>,
    ) {
        let count = self.status.outputs.entry(port.clone()).or_default();
        if let Some(outlet) = self.outlets.get_mut(port)
            && matches!(*outlet, Outlet::OnItsWay(current, ..) if current == correlation)
        {
            count.failed += 1;
            *outlet = if self.local.contains(port) {
                Outlet::Shut
            } else {
                let until = now + outlet::pause(count.failed);
                actions.push(Action::WakeAt(until));
                Outlet::Paused(until)
            };
        }
    }

    fn open(&mut self, port: &Port) {
        if matches!(self.outlets.get(port), Some(Outlet::Shut)) {
            self.outlets.remove(port);
            self.drained = false;
        }
    }

    fn end_pauses(&mut self, now: Duration) {
        let paused = self.outlets.len();
        self.outlets
            .retain(|_, outlet| !matches!(outlet, Outlet::Paused(until) if *until <= now));
        if self.outlets.len() < paused {
            self.drained = false;
        }
    }
}
