//! A conversation with one card by scripts prepared in advance: one at a time, each with a correlation of its own, sent again
//! after a crash and made again to read its responses.

use std::collections::{BTreeMap, VecDeque};

use hydra_crypto::Random;
use hydra_gp::KeySet;
use hydra_gp::script::{HostScript, Outcome, ResponseScript, ScriptError, Target};
use hydra_wire::{Aid, Command, Frame, FrameKind};

use crate::event::{Bytes, ScriptSent};

/// A frame for a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// The hub.
    pub hub: String,
    /// Names the exchange.
    pub correlation: u32,
    /// The relay's frame, padded.
    pub frame: Vec<u8>,
}

/// What is to be done on a card: commands in a secure channel with a domain.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) domain: Aid,
    pub(crate) keys: KeySet,
    pub(crate) commands: Vec<Command>,
    /// The caller's own name for it.
    pub(crate) task: u32,
}

/// What came of a script.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) task: u32,
    pub(crate) result: Result<Outcome, ScriptError>,
}

/// How often a script may meet an unexpected sequence counter before that counts as its failure.
const RECOUNTS: u32 = 3;

struct Pending {
    sent: ScriptSent,
    taken: bool,
}

/// The state of the conversation; [`crate::event::Event`]s are its memory.
pub(crate) struct Exchange {
    hub: String,
    last_correlation: u32,
    /// The next counter of each key set.
    sequences: BTreeMap<Vec<u8>, u32>,
    pending: Option<Pending>,
    waiting: VecDeque<Request>,
    recounts: u32,
}

impl Exchange {
    pub(crate) fn new(hub: &str) -> Self {
        Self {
            hub: hub.to_owned(),
            last_correlation: 0,
            sequences: BTreeMap::new(),
            pending: None,
            waiting: VecDeque::new(),
            recounts: 0,
        }
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_none() && self.waiting.is_empty()
    }

    pub(crate) fn queue(&mut self, request: Request) {
        self.waiting.push_back(request);
    }

    /// Whether a script for this task is on its way or waits.
    pub(crate) fn has_task(&self, task: u32) -> bool {
        self.waiting.iter().any(|request| request.task == task)
            || self.pending.as_ref().is_some_and(|p| p.sent.task == task)
    }

    /// The next script to send, if it is time for one. To be kept before it is [`begun`](Self::begun).
    pub(crate) fn next(&self, random: &mut dyn Random) -> Option<ScriptSent> {
        if self.pending.is_some() {
            return None;
        }
        let request = self.waiting.front()?;
        let correlation = self.last_correlation + 1;
        let mut challenge = [0; 8];
        let purpose = format!("host challenge {}", self.hub);
        random.draw(&purpose, u64::from(correlation), &mut challenge);
        let keys = request.keys.to_bytes().to_vec();
        Some(ScriptSent {
            hub: self.hub.clone(),
            correlation,
            sequence: self.sequences.get(&keys).copied().unwrap_or(1),
            keys,
            domain: request.domain.as_bytes().to_vec(),
            challenge,
            commands: request
                .commands
                .iter()
                .map(|command| Bytes(command.to_bytes()))
                .collect(),
            task: request.task,
        })
    }

    /// The script is kept, and on its way.
    pub(crate) fn begun(&mut self, sent: ScriptSent) {
        if let Some(place) = self.waiting.iter().position(|r| r.task == sent.task) {
            self.waiting.remove(place);
        }
        self.last_correlation = sent.correlation;
        self.sequences.insert(sent.keys.clone(), sent.sequence + 1);
        self.pending = Some(Pending { sent, taken: false });
    }

    /// The relay has the script in its care.
    pub(crate) fn taken(&mut self, correlation: u32) {
        if let Some(pending) = &mut self.pending
            && pending.sent.correlation == correlation
        {
            pending.taken = true;
        }
    }

    /// Whether the script with this correlation waits for its response.
    pub(crate) fn awaits(&self, correlation: u32) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.sent.correlation == correlation)
    }

    /// The script that the relay has not taken yet.
    pub(crate) fn outbound(&self) -> Option<Outbound> {
        let pending = self.pending.as_ref().filter(|pending| !pending.taken)?;
        let script = host_script(&pending.sent).ok()?;
        let frame = Frame {
            kind: FrameKind::Script,
            correlation: pending.sent.correlation,
            payload: script.commands().to_bytes(),
        };
        Some(Outbound {
            hub: self.hub.clone(),
            correlation: pending.sent.correlation,
            frame: frame.to_bytes(),
        })
    }

    /// The response script came, and is kept. `None` when it answers nothing, or when the script has to be sent again
    /// with the card's own counter, which is arranged.
    pub(crate) fn answered(&mut self, correlation: u32, response: &[u8]) -> Option<Answer> {
        let pending = self
            .pending
            .take_if(|pending| pending.sent.correlation == correlation)?;
        let sent = pending.sent;
        let result = host_script(&sent).and_then(|script| match ResponseScript::parse(response) {
            Ok(responses) => script.read(&responses),
            Err(error) => Err(ScriptError::Unreadable(error.reason())),
        });
        if let Err(error) = &result
            && let Some(sequence) = error.next_sequence()
            && self.recounts < RECOUNTS
        {
            self.recounts += 1;
            tracing::info!(hub = self.hub, sequence, "the card counts otherwise");
            self.sequences.insert(sent.keys.clone(), sequence);
            if let Some(again) = request(&sent) {
                self.waiting.push_front(again);
                return None;
            }
        }
        self.recounts = 0;
        Some(Answer {
            task: sent.task,
            result,
        })
    }
}

fn request(sent: &ScriptSent) -> Option<Request> {
    Some(Request {
        domain: Aid::new(&sent.domain).ok()?,
        keys: KeySet::from_bytes(&sent.keys)?,
        commands: sent
            .commands
            .iter()
            .map(|command| Command::parse(&command.0).ok())
            .collect::<Option<Vec<Command>>>()?,
        task: sent.task,
    })
}

fn host_script(sent: &ScriptSent) -> Result<HostScript, ScriptError> {
    let mut script = HostScript::new();
    // What is kept was made by `next` and is whole: the journal would have noticed a change.
    if let Some(request) = request(sent) {
        script.open(&Target {
            keys: &request.keys,
            sequence: sent.sequence,
            domain: &request.domain,
            host_challenge: sent.challenge,
        })?;
        script.extend(&request.commands)?;
    }
    Ok(script)
}
