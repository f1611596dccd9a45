use alloc::vec::Vec;
use core::fmt;

use hydra_wire::{Aid, Command, Response, StatusWord};

use super::{BadFormat, CommandScript, ResponseScript};
use crate::KeySet;
use crate::scp03::{HostError, HostPending, HostSession, SecurityLevel, Ticket};

/// A script prepared in advance: sessions opened without the card's answers, and the commands in them.
///
/// ```
/// use hydra_crypto::AesKey;
/// use hydra_gp::script::{HostScript, Target};
/// use hydra_gp::{Command, GetStatus, KeySet, StatusScope};
///
/// let isd = "A000000151000000".parse().unwrap();
/// let key = AesKey::aes128(&[0x40; 16]);
/// let mut script = HostScript::new();
/// script.open(&Target {
///     keys: &KeySet::new(0x30, key.clone(), key.clone(), key),
///     sequence: 1,
///     domain: &isd,
///     host_challenge: [7; 8],
/// })?;
/// script.push(&Command::GetStatus(GetStatus::all(StatusScope::Applications)).to_apdu())?;
/// assert_eq!(script.commands().commands.len(), 4); // SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, GET STATUS
/// # Ok::<(), hydra_gp::script::ScriptError>(())
/// ```
///
/// The same keys, counters, challenges and commands give the same script, so one that was sent can be made again to
/// read its responses.
#[derive(Clone, Debug, Default)]
pub struct HostScript {
    commands: CommandScript,
    steps: Vec<Step>,
    session: Option<HostSession>,
}

/// Which session a script opens.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The key set.
    pub keys: &'a KeySet,
    /// The counter that the card will use: one more than in the key set's last session.
    pub sequence: u32,
    /// The security domain; it is selected first.
    pub domain: &'a Aid,
    /// A challenge that was never used with these keys.
    pub host_challenge: [u8; 8],
}

#[derive(Clone, Debug)]
enum Step {
    Select,
    InitializeUpdate {
        pending: HostPending,
        sequence: u32,
        domain: Aid,
    },
    ExternalAuthenticate,
    Wrapped {
        session: HostSession,
        ticket: Ticket,
    },
    Plain,
}

impl HostScript {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects a domain and opens a session of level 33 with it: SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE.
    pub fn open(&mut self, target: &Target<'_>) -> Result<(), ScriptError> {
        let (pending, initialize_update) =
            HostSession::open(target.keys, &target.host_challenge)
                .map_err(|sw| ScriptError::Session(HostError::Status(sw)))?;
        let (session, external_authenticate) = pending
            .predict(target.sequence, target.domain, SecurityLevel::FULL)
            .map_err(ScriptError::Session)?;
        let select = crate::Command::Select(crate::Select::aid(target.domain)).to_apdu();
        self.add(select, Step::Select);
        self.add(
            initialize_update,
            Step::InitializeUpdate {
                pending,
                sequence: target.sequence,
                domain: target.domain.clone(),
            },
        );
        self.add(external_authenticate, Step::ExternalAuthenticate);
        self.session = Some(session);
        Ok(())
    }

    /// Adds a command, protected when a session has been opened.
    pub fn push(&mut self, command: &Command) -> Result<(), ScriptError> {
        let Some(session) = &mut self.session else {
            self.add(command.clone(), Step::Plain);
            return Ok(());
        };
        let (wrapped, ticket) = session.wrap(command).map_err(ScriptError::Session)?;
        let step = Step::Wrapped {
            session: session.clone(),
            ticket,
        };
        self.add(wrapped, step);
        Ok(())
    }

    /// Adds several commands.
    pub fn extend<'a>(
        &mut self,
        commands: impl IntoIterator<Item = &'a Command>,
    ) -> Result<(), ScriptError> {
        commands
            .into_iter()
            .try_for_each(|command| self.push(command))
    }

    /// The data encryption key of the session opened last, for PUT KEY.
    pub fn dek(&self) -> Option<&hydra_crypto::AesKey> {
        self.session.as_ref().map(HostSession::dek)
    }

    /// The most data that a command of the short form carries in the session opened last.
    pub fn max_data(&self) -> usize {
        self.session.as_ref().map_or(255, HostSession::max_data)
    }

    /// The script to send.
    pub fn commands(&self) -> &CommandScript {
        &self.commands
    }

    /// Reads the card's responses: checks that each session came about as predicted and that each response belongs to
    /// its command, and gives the responses to the commands that were pushed.
    pub fn read(&self, script: &ResponseScript) -> Result<Outcome, ScriptError> {
        if script.responses.len() > self.steps.len()
            || usize::try_from(script.executed).ok() != Some(script.responses.len())
        {
            return Err(ScriptError::Count {
                sent: self.steps.len(),
                executed: script.executed,
                answered: script.responses.len(),
            });
        }
        if let Some(reason) = script.bad_format {
            return Err(ScriptError::Unreadable(reason));
        }
        let mut responses = Vec::new();
        for (at, (step, response)) in self.steps.iter().zip(&script.responses).enumerate() {
            let failed = |error| ScriptError::Step { at, error };
            match step {
                Step::InitializeUpdate {
                    pending,
                    sequence,
                    domain,
                } => pending
                    .confirm(response, *sequence, domain)
                    .map_err(failed)?,
                Step::Select | Step::ExternalAuthenticate => {
                    if !response.sw.is_success() && response.sw != StatusWord::CARD_LOCKED {
                        return Err(ScriptError::Refused {
                            at,
                            sw: response.sw,
                        });
                    }
                }
                Step::Wrapped { session, ticket } => {
                    responses.push(session.unwrap(ticket, response).map_err(failed)?);
                }
                Step::Plain => responses.push(response.clone()),
            }
        }
        let stop = (script.responses.len() < self.steps.len()
            || script
                .responses
                .last()
                .is_some_and(|last| !goes_on(last.sw)))
        .then(|| Stop {
            at: script.responses.len(),
            sw: script.responses.last().map(|last| last.sw),
        });
        Ok(Outcome { responses, stop })
    }

    fn add(&mut self, command: Command, step: Step) {
        self.commands.commands.push(command);
        self.steps.push(step);
    }
}

/// Whether a script goes on after this status word: 9000, 61xx, 62xx, 63xx.
fn goes_on(sw: StatusWord) -> bool {
    sw.is_success() || matches!(sw.0 >> 8, 0x61..=0x63)
}

/// What came of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Plain responses to the commands that were pushed, in order, as far as they were executed.
    pub responses: Vec<Response>,
    /// Where the card stopped, when it did before the end or failed at the end.
    pub stop: Option<Stop>,
}

impl Outcome {
    /// The responses when every command was executed and went on, else where it stopped.
    pub fn complete(self) -> Result<Vec<Response>, ScriptError> {
        match self.stop {
            None => Ok(self.responses),
            Some(stop) => Err(ScriptError::Stopped(stop)),
        }
    }
}

/// Where a card stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// How many commands of the script were executed; sessions' own commands count.
    pub at: usize,
    /// The status word of the last one.
    pub sw: Option<StatusWord>,
}

/// Why a script cannot be made, or its responses not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptError {
    /// A session cannot be prepared or a command not be protected.
    Session(HostError),
    /// The card did not execute the whole script.
    Stopped(Stop),
    /// The number of responses is impossible.
    Count {
        /// Commands in the script.
        sent: usize,
        /// Executed, as the card says.
        executed: u32,
        /// Responses in its script.
        answered: usize,
    },
    /// The card could not read the script.
    Unreadable(BadFormat),
    /// The card refused to select a domain or to authenticate the host.
    Refused {
        /// Which command of the script, from 0.
        at: usize,
        /// Its status word.
        sw: StatusWord,
    },
    /// A response that does not belong to its command, or a session that did not come about as predicted.
    Step {
        /// Which command of the script, from 0.
        at: usize,
        /// What is wrong.
        error: HostError,
    },
}

impl ScriptError {
    /// The counter to prepare the next script with, when this one was prepared with a wrong one. The card has shown
    /// that it holds the keys, so the number is its own.
    pub fn next_sequence(&self) -> Option<u32> {
        match self {
            Self::Step {
                error: HostError::Sequence { card, .. },
                ..
            } => Some(card + 1),
            _ => None,
        }
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => error.fmt(f),
            Self::Stopped(stop) => {
                write!(f, "the card stopped after {} commands", stop.at)?;
                match stop.sw {
                    Some(sw) => write!(f, ", at {sw}"),
                    None => Ok(()),
                }
            }
            Self::Count {
                sent,
                executed,
                answered,
            } => write!(
                f,
                "{sent} commands were sent, {executed} executed, {answered} answered"
            ),
            Self::Unreadable(reason) => write!(f, "the card could not read the script: {reason:?}"),
            Self::Refused { at, sw } => write!(f, "command {at} of the script was refused: {sw}"),
            Self::Step { at, error } => write!(f, "command {at} of the script: {error}"),
        }
    }
}

impl core::error::Error for ScriptError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Session(error) | Self::Step { error, .. } => Some(error),
            _ => None,
        }
    }
}
