use alloc::vec::Vec;

use super::{Block, BlockError, DEFAULT_IFS, Kind, SKind};

/// No command APDU is longer: header, extended Lc, 65,535 bytes, Le.
const LONGEST_COMMAND: usize = 4 + 3 + 65_535 + 2;

/// The card's end of T=1.
#[derive(Clone, Debug)]
pub struct CardEnd {
    /// N(S) of the next I-block.
    send: bool,
    /// N(S) that the host's next I-block must have.
    expect: bool,
    /// How much the host takes in one block.
    ifsd: usize,
    command: Vec<u8>,
    response: Vec<u8>,
    /// What was sent last, to be sent again on request.
    last: Block,
}

/// What the card's end wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardStep {
    /// This is to be sent.
    Send(Block),
    /// A command is whole: [`CardEnd::answer`] takes its response.
    Command(Vec<u8>),
    /// The host has granted more time.
    Wait,
    /// The card is to be reset; then this is sent, and the ATR after it.
    Reset(Block),
}

impl Default for CardEnd {
    fn default() -> Self {
        Self {
            send: false,
            expect: false,
            ifsd: DEFAULT_IFS,
            command: Vec::new(),
            response: Vec::new(),
            // Asked to repeat what it never said, it says what it expects.
            last: Block::r(false, 0),
        }
    }
}

impl CardEnd {
    /// Takes a block, or what came instead of one.
    pub fn receive(&mut self, received: Result<Block, BlockError>) -> CardStep {
        let block = match received {
            Ok(block) => block,
            Err(error) => return self.again(error.code()),
        };
        match block.kind {
            Kind::I { sequence, more } => {
                // A host that speaks while the card's chain goes on, or out of order, is told what is expected.
                if sequence != self.expect || self.is_chaining() {
                    return self.again(2);
                }
                self.expect = !self.expect;
                // One byte too many is kept, for the command to be refused by its length.
                let room = (LONGEST_COMMAND + 1).saturating_sub(self.command.len());
                self.command
                    .extend_from_slice(&block.inf[..block.inf.len().min(room)]);
                if more {
                    self.say(Block::r(self.expect, 0))
                } else {
                    CardStep::Command(core::mem::take(&mut self.command))
                }
            }
            Kind::R { expected, .. } => match self.last.kind {
                Kind::I { sequence, more } if more && expected != sequence => {
                    let next = self.next();
                    self.say(next)
                }
                _ => CardStep::Send(self.last.clone()),
            },
            Kind::S {
                kind,
                response: false,
            } => self.request(kind, &block.inf),
            Kind::S {
                kind: SKind::Wtx,
                response: true,
            } => CardStep::Wait,
            Kind::S { .. } => self.again(2),
        }
    }

    /// The first block of a response.
    pub fn answer(&mut self, response: Vec<u8>) -> Block {
        self.response = response;
        let block = self.next();
        self.last = block.clone();
        block
    }

    /// S(WTX request): the command needs so many block waiting times more (§11.4.3).
    pub fn extend(&mut self, multiplier: u8) -> Block {
        let block = Block::s(SKind::Wtx, false, &[multiplier]);
        self.last = block.clone();
        block
    }

    fn request(&mut self, kind: SKind, inf: &[u8]) -> CardStep {
        match (kind, inf) {
            (SKind::Resynch, []) => {
                *self = Self::default();
                self.say(Block::s(kind, true, &[]))
            }
            (SKind::Ifs, &[size @ 1..=254]) => {
                self.ifsd = usize::from(size);
                self.say(Block::s(kind, true, inf))
            }
            (SKind::Abort, []) => {
                self.command.clear();
                self.response.clear();
                self.say(Block::s(kind, true, &[]))
            }
            (SKind::Swr, []) => {
                *self = Self::default();
                CardStep::Reset(Block::s(kind, true, &[]))
            }
            _ => self.again(2),
        }
    }

    /// The next piece of the response.
    fn next(&mut self) -> Block {
        let (block, taken) = Block::piece(self.send, &self.response, self.ifsd);
        self.response.drain(..taken);
        self.send = !self.send;
        block
    }

    fn is_chaining(&self) -> bool {
        matches!(self.last.kind, Kind::I { more: true, .. })
    }

    fn again(&mut self, error: u8) -> CardStep {
        // An R-block is repeated as it was; it does not replace the block that was asked for.
        CardStep::Send(Block::r(self.expect, error))
    }

    fn say(&mut self, block: Block) -> CardStep {
        self.last = block.clone();
        CardStep::Send(block)
    }
}
