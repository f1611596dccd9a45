//! A model of the card's virtual terminal as protocols.md §4 has it, over an applet that keeps what it is given. The real card takes its
//! place in the tests of `hydra-fleet`.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use hydra_hub::{Output, Port};
use hydra_wire::{CardLink, Command, FrameKind, Response, StatusWord, tlv};

/// The card; clones share it, so that a test looks into what a hub works with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terminal {
    pub(crate) state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    selected: bool,
    /// Until a script has run, applets answer 6985.
    pub(crate) personalised: bool,
    /// What the applets took: port, correlation, payload; a number twice is there once.
    pub(crate) taken: Vec<(Port, u32, Vec<u8>)>,
    seen: BTreeSet<(Port, u32)>,
    /// What waits for the hub.
    pub(crate) queue: Vec<Output>,
    /// With so many outputs waiting, applets answer 6A84.
    pub(crate) room: Option<usize>,
    /// Instructions executed.
    pub(crate) log: Vec<u8>,
}

impl Terminal {
    pub(crate) fn personalised() -> Self {
        let terminal = Self::default();
        terminal.with(|state| state.personalised = true);
        terminal
    }

    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap())
    }

    pub(crate) fn queue(&self, port: &str, correlation: u32) {
        let output = Output {
            correlation,
            port: port.parse().unwrap(),
            kind: FrameKind::Message,
            payload: correlation.to_be_bytes().repeat(20),
        };
        self.with(|state| state.queue.push(output));
    }

    pub(crate) fn process(&self, command: &[u8]) -> Vec<u8> {
        let command = Command::parse(command).unwrap();
        self.with(|state| state.process(&command)).to_bytes()
    }
}

impl CardLink for Terminal {
    type Error = Infallible;

    fn reset(&mut self) -> Result<Vec<u8>, Infallible> {
        self.with(|state| state.selected = false);
        Ok(vec![0x3B, 0x00])
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Infallible> {
        Ok(self.process(command))
    }
}

impl State {
    fn process(&mut self, command: &Command) -> Response {
        self.log.push(command.ins);
        let field = |tag| tlv::find(&command.data, tag).unwrap();
        match (command.cla, command.ins) {
            (0x00, 0xA4) if command.data != [0xF0, 0x48, 0x59, 0x44, 0x52, 0x00, 0x01] => {
                StatusWord::NOT_FOUND.into()
            }
            (0x00, 0xA4) => {
                self.selected = true;
                Response::ok(Vec::new())
            }
            _ if !self.selected => StatusWord::COMMAND_NOT_ALLOWED.into(),
            (0x80, 0xC2) => self.envelope(field(0xE4).unwrap()),
            (0x80, 0x12) => self.fetch(&command.data),
            (0x80, 0x14) => {
                assert_eq!(field(0x5D), Some(&[0][..]));
                let correlation = field(0x59).unwrap();
                let port = field(0x50).unwrap();
                let oldest = self
                    .queue
                    .iter()
                    .position(|output| output.port.as_str().as_bytes() == port);
                if let Some(oldest) = oldest
                    && self.queue[oldest].correlation.to_be_bytes() == correlation
                {
                    self.queue.remove(oldest);
                }
                self.waiting(Vec::new())
            }
            _ => StatusWord::INS_NOT_SUPPORTED.into(),
        }
    }

    fn envelope(&mut self, message: &[u8]) -> Response {
        let field = |tag| tlv::find(message, tag).unwrap().unwrap();
        let port: Port = String::from_utf8(field(0x50).to_vec())
            .unwrap()
            .parse()
            .unwrap();
        let correlation = u32::from_be_bytes(field(0x59).try_into().unwrap());
        if !port.as_str().contains('.') {
            // A script: its response is a copy of it. A repetition is not run again.
            self.personalised = true;
            if !self.seen.insert((port.clone(), correlation)) {
                return self.waiting(Vec::new());
            }
            self.queue.push(Output {
                correlation,
                port,
                kind: FrameKind::ScriptResponse,
                payload: field(0x5A).to_vec(),
            });
            return self.waiting(Vec::new());
        }
        if self.room.is_some_and(|room| self.queue.len() >= room) {
            let full = Response::status(StatusWord::NOT_ENOUGH_MEMORY);
            return self.waiting(tlv::object(0x5B, &full.to_bytes()));
        }
        let sw = match (self.personalised, field(0x5A)) {
            (false, _) => StatusWord::CONDITIONS_NOT_SATISFIED,
            (true, [0xEE]) => StatusWord::WRONG_DATA,
            (true, payload) => {
                if self.seen.insert((port.clone(), correlation)) {
                    self.taken.push((port, correlation, payload.to_vec()));
                }
                StatusWord::NO_ERROR
            }
        };
        self.waiting(tlv::object(0x5B, &Response::status(sw).to_bytes()))
    }

    fn fetch(&self, except: &[u8]) -> Response {
        let except: Vec<&[u8]> = tlv::iter(except).map(|port| port.unwrap().value).collect();
        let wanted = |output: &&Output| !except.contains(&output.port.as_str().as_bytes());
        let Some(output) = self.queue.iter().find(wanted) else {
            return StatusWord::DATA_NOT_FOUND.into();
        };
        let mut value = tlv::object(0x59, &output.correlation.to_be_bytes());
        tlv::push(&mut value, 0x50, output.port.as_str().as_bytes());
        tlv::push(&mut value, 0x5C, &[output.kind as u8]);
        tlv::push(&mut value, 0x5A, &output.payload);
        self.waiting(tlv::object(0xD0, &value))
    }

    fn waiting(&self, data: Vec<u8>) -> Response {
        let sw = match self.queue.first() {
            None => StatusWord::NO_ERROR,
            Some(output) => {
                let len = u16::try_from(output.payload.len().min(255)).unwrap();
                StatusWord(0x9100 + len)
            }
        };
        Response { data, sw }
    }
}
