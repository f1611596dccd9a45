use alloc::vec::Vec;
use core::fmt;

use super::{Block, BlockError, DEFAULT_IFS, Kind, SKind};

/// How often a block is asked for again (ISO/IEC 7816-3 §11.6.3.2, rule 7.4.2).
const ATTEMPTS: u8 = 3;
/// No response APDU is longer: 65,536 bytes and the status word.
const LONGEST_RESPONSE: usize = 65_536 + 2;

/// The host's end of T=1.
#[derive(Clone, Debug)]
pub struct HostEnd {
    /// N(S) of the next I-block.
    send: bool,
    /// N(S) that the card's next I-block must have.
    expect: bool,
    /// How much the card takes in one block.
    ifsc: usize,
    command: Vec<u8>,
    response: Vec<u8>,
    last: Block,
    failures: u8,
}

/// What the host's end wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostStep {
    /// This is to be sent, and an answer waited for.
    Send(Block),
    /// The same, with so many block waiting times of patience.
    Extend(Block, u8),
    /// The response is whole.
    Response(Vec<u8>),
    /// The card has answered a supervisory request.
    Done,
}

impl HostEnd {
    /// Begins with a card that takes so many bytes a block (the ATR's IFSC).
    pub fn new(ifsc: u8) -> Self {
        Self {
            send: false,
            expect: false,
            ifsc: usize::from(ifsc).max(1),
            command: Vec::new(),
            response: Vec::new(),
            last: Block::s(SKind::Ifs, false, &[0]),
            failures: 0,
        }
    }

    /// S(IFS request): the host takes so many bytes a block. Without it, the card sends 32 at a time.
    pub fn announce(&mut self, ifsd: u8) -> Block {
        self.supervise(Block::s(SKind::Ifs, false, &[ifsd]))
    }

    /// S(SWR request): the card resets itself and sends its ATR after the response.
    pub fn reset(&mut self) -> Block {
        *self = Self::new(u8::try_from(DEFAULT_IFS).unwrap_or(32));
        self.supervise(Block::s(SKind::Swr, false, &[]))
    }

    /// The first block of a command.
    pub fn transmit(&mut self, command: &[u8]) -> Block {
        self.command = command.to_vec();
        self.response.clear();
        self.failures = 0;
        self.next()
    }

    /// Takes a block, or what came instead of one; silence is [`BlockError::Truncated`].
    pub fn receive(&mut self, received: Result<Block, BlockError>) -> Result<HostStep, T1Error> {
        let block = match received {
            Ok(block) => block,
            Err(error) => return self.again(error),
        };
        match block.kind {
            Kind::I { sequence, more } if self.is_answered() && sequence == self.expect => {
                self.failures = 0;
                self.expect = !self.expect;
                self.response.extend_from_slice(&block.inf);
                if self.response.len() > LONGEST_RESPONSE {
                    return Err(T1Error::TooLong);
                }
                if more {
                    self.last = Block::r(self.expect, 0);
                    Ok(HostStep::Send(self.last.clone()))
                } else {
                    Ok(HostStep::Response(core::mem::take(&mut self.response)))
                }
            }
            Kind::R { expected, .. } => match self.last.kind {
                Kind::I { sequence, more } if more && expected != sequence => {
                    self.failures = 0;
                    Ok(HostStep::Send(self.next()))
                }
                _ => self.repeat(),
            },
            Kind::S {
                kind,
                response: true,
            } => match self.last.kind {
                Kind::S {
                    kind: asked,
                    response: false,
                } if asked == kind && block.inf == self.last.inf => Ok(HostStep::Done),
                _ => self.again(BlockError::Control(0)),
            },
            Kind::S {
                kind: SKind::Wtx,
                response: false,
            } if block.inf.len() == 1 => {
                self.failures = 0;
                let answer = Block::s(SKind::Wtx, true, &block.inf);
                Ok(HostStep::Extend(answer, block.inf[0].max(1)))
            }
            Kind::S {
                kind: SKind::Ifs,
                response: false,
            } if matches!(block.inf.as_slice(), [1..=254]) => {
                self.ifsc = usize::from(block.inf[0]);
                Ok(HostStep::Send(Block::s(SKind::Ifs, true, &block.inf)))
            }
            Kind::S {
                kind: SKind::Abort,
                response: false,
            } => Err(T1Error::Aborted),
            _ => self.again(BlockError::Control(0)),
        }
    }

    fn supervise(&mut self, block: Block) -> Block {
        self.failures = 0;
        self.last = block.clone();
        block
    }

    fn next(&mut self) -> Block {
        let (block, taken) = Block::piece(self.send, &self.command, self.ifsc);
        self.command.drain(..taken);
        self.send = !self.send;
        self.last = block.clone();
        block
    }

    /// Whether the whole command has been sent, so that the card may answer.
    fn is_answered(&self) -> bool {
        !matches!(self.last.kind, Kind::I { more: true, .. } | Kind::S { .. })
    }

    fn again(&mut self, error: BlockError) -> Result<HostStep, T1Error> {
        self.count(Some(error))?;
        // A supervisory request is repeated itself.
        if matches!(self.last.kind, Kind::S { .. }) {
            return Ok(HostStep::Send(self.last.clone()));
        }
        Ok(HostStep::Send(Block::r(self.expect, error.code())))
    }

    fn repeat(&mut self) -> Result<HostStep, T1Error> {
        self.count(None)?;
        Ok(HostStep::Send(self.last.clone()))
    }

    fn count(&mut self, error: Option<BlockError>) -> Result<(), T1Error> {
        self.failures += 1;
        if self.failures > ATTEMPTS {
            return Err(T1Error::Lost(error));
        }
        Ok(())
    }
}

/// Why a command got no response. Nobody knows whether the card has executed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum T1Error {
    /// Block after block was broken; the last error of the host's own, or the card's.
    Lost(Option<BlockError>),
    /// The card gave up.
    Aborted,
    /// No response APDU is so long.
    TooLong,
}

impl fmt::Display for T1Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(Some(error)) => write!(f, "T=1 gave up after {ATTEMPTS} attempts: {error}"),
            Self::Lost(None) => write!(f, "T=1 gave up: the card asked {ATTEMPTS} times again"),
            Self::Aborted => f.write_str("the card aborted the chain of blocks"),
            Self::TooLong => f.write_str("the card's response is longer than a response APDU"),
        }
    }
}

impl core::error::Error for T1Error {}
