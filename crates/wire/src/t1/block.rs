use alloc::vec::Vec;
use core::fmt;

/// The most bytes of an information field (ISO/IEC 7816-3 §11.3.2.3).
const LONGEST: usize = 254;
/// NAD, PCB, LEN.
const PROLOGUE: usize = 3;

/// A block: node address, what it is, information field of up to 254 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Node address byte; 00 where nodes are not told apart.
    pub nad: u8,
    /// What the protocol control byte says.
    pub kind: Kind,
    /// Information field.
    pub inf: Vec<u8>,
}

/// The three kinds of block (§11.3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Carries a piece of an APDU.
    I {
        /// N(S), 0 or 1.
        sequence: bool,
        /// Whether more pieces follow.
        more: bool,
    },
    /// Acknowledges or asks again.
    R {
        /// N(R): the sequence number that is expected.
        expected: bool,
        /// 0 no error, 1 wrong check, 2 any other.
        error: u8,
    },
    /// Supervises: a request or its response.
    S {
        /// About what.
        kind: SKind,
        /// Whether it is the response.
        response: bool,
    },
}

/// What an S-block is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SKind {
    /// Begin again with sequence numbers 0.
    Resynch,
    /// The sender takes information fields of this size from now on.
    Ifs,
    /// Give up the chain.
    Abort,
    /// The card needs so many block waiting times more.
    Wtx,
    /// Reset the card (GlobalPlatform, APDU Transport over SPI/I2C).
    Swr,
}

impl SKind {
    const ALL: [(Self, u8); 5] = [
        (Self::Resynch, 0),
        (Self::Ifs, 1),
        (Self::Abort, 2),
        (Self::Wtx, 3),
        (Self::Swr, 15),
    ];
}

impl Kind {
    fn read(pcb: u8) -> Option<Self> {
        Some(match pcb >> 6 {
            0 | 1 if pcb & 0x1F == 0 => Self::I {
                sequence: pcb & 0x40 != 0,
                more: pcb & 0x20 != 0,
            },
            2 if pcb & 0x20 == 0 && pcb & 0x0F <= 2 => Self::R {
                expected: pcb & 0x10 != 0,
                error: pcb & 0x0F,
            },
            3 => Self::S {
                kind: SKind::ALL
                    .into_iter()
                    .find(|(_, code)| pcb & 0x1F == *code)
                    .map(|(kind, _)| kind)?,
                response: pcb & 0x20 != 0,
            },
            _ => return None,
        })
    }

    fn to_byte(self) -> u8 {
        match self {
            Self::I { sequence, more } => (u8::from(sequence) << 6) | (u8::from(more) << 5),
            Self::R { expected, error } => 0x80 | (u8::from(expected) << 4) | (error & 0x0F),
            Self::S { kind, response } => {
                let code = SKind::ALL
                    .into_iter()
                    .find(|(each, _)| *each == kind)
                    .map_or(0, |(_, code)| code);
                0xC0 | (u8::from(response) << 5) | code
            }
        }
    }
}

impl Block {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            nad: 0,
            kind,
            inf: Vec::new(),
        }
    }

    pub(super) fn s(kind: SKind, response: bool, inf: &[u8]) -> Self {
        Self {
            inf: inf.to_vec(),
            ..Self::new(Kind::S { kind, response })
        }
    }

    pub(super) fn r(expected: bool, error: u8) -> Self {
        Self::new(Kind::R { expected, error })
    }

    /// The next piece of an APDU, and whether it was the last.
    pub(super) fn piece(sequence: bool, rest: &[u8], size: usize) -> (Self, usize) {
        let taken = rest.len().min(size);
        let more = taken < rest.len();
        let block = Self {
            inf: rest[..taken].to_vec(),
            ..Self::new(Kind::I { sequence, more })
        };
        (block, taken)
    }

    /// The block's bytes, LRC included. An information field of more than 254 bytes is cut off.
    pub fn to_bytes(&self) -> Vec<u8> {
        let inf = &self.inf[..self.inf.len().min(LONGEST)];
        let mut bytes = Vec::with_capacity(PROLOGUE + inf.len() + 1);
        let length = u8::try_from(inf.len()).unwrap_or(0);
        bytes.extend([self.nad, self.kind.to_byte(), length]);
        bytes.extend_from_slice(inf);
        bytes.push(lrc(&bytes));
        bytes
    }
}

fn lrc(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Bytes on their way to become blocks.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    bytes: Vec<u8>,
}

impl Incoming {
    /// Takes what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing of a block has come yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next block, if all of it has come. After an error the line should be silent for a while: what is left of the
    /// broken block must not be taken for another.
    pub fn block(&mut self) -> Option<Result<Block, BlockError>> {
        let &[nad, pcb, length, ..] = self.bytes.as_slice() else {
            return None;
        };
        let inf = usize::from(length);
        if inf > LONGEST {
            self.bytes.clear();
            return Some(Err(BlockError::Length));
        }
        let whole = PROLOGUE + inf + 1;
        if self.bytes.len() < whole {
            return None;
        }
        let rest = self.bytes.split_off(whole);
        let block = core::mem::replace(&mut self.bytes, rest);
        if lrc(&block) != 0 {
            return Some(Err(BlockError::Check));
        }
        let Some(kind) = Kind::read(pcb) else {
            return Some(Err(BlockError::Control(pcb)));
        };
        Some(Ok(Block {
            nad,
            kind,
            inf: block[PROLOGUE..whole - 1].to_vec(),
        }))
    }

    /// The line was silent longer than the character waiting time: what has begun is no block any more.
    pub fn silence(&mut self) -> Option<BlockError> {
        let begun = !self.bytes.is_empty();
        self.bytes.clear();
        begun.then_some(BlockError::Truncated)
    }
}

/// Why bytes are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockError {
    /// The LRC is wrong.
    Check,
    /// LEN is FF.
    Length,
    /// No block has this PCB.
    Control(u8),
    /// The line fell silent inside a block.
    Truncated,
}

impl BlockError {
    /// As the R-block that answers it says it (§11.3.2.2).
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Check => 1,
            _ => 2,
        }
    }
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check => f.write_str("the block's check byte is wrong"),
            Self::Length => f.write_str("a block has no 255 bytes"),
            Self::Control(pcb) => write!(f, "no block has PCB {pcb:02X}"),
            Self::Truncated => f.write_str("the line fell silent inside a block"),
        }
    }
}

impl core::error::Error for BlockError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_byte_reads_back_as_itself_or_is_refused() {
        let mut known = 0;
        for pcb in 0..=255 {
            if let Some(kind) = Kind::read(pcb) {
                assert_eq!(kind.to_byte(), pcb);
                known += 1;
            }
        }
        // Four I, six R, five pairs of S.
        assert_eq!(known, 20);
    }

    #[test]
    fn blocks_come_in_pieces_and_together() {
        let block = Block {
            inf: alloc::vec![1, 2, 3],
            ..Block::new(Kind::I {
                sequence: true,
                more: false,
            })
        };
        let bytes = block.to_bytes();
        assert_eq!(bytes, [0, 0x40, 3, 1, 2, 3, 0x43]);
        let mut incoming = Incoming::default();
        for byte in &bytes[..6] {
            incoming.push(&[*byte]);
            assert_eq!(incoming.block(), None);
        }
        incoming.push(&[bytes[6]]);
        incoming.push(&bytes);
        assert_eq!(incoming.block(), Some(Ok(block.clone())));
        assert_eq!(incoming.block(), Some(Ok(block)));
        assert_eq!(incoming.silence(), None);
    }

    #[test]
    fn what_is_no_block_is_named() {
        let cases: [(&[u8], BlockError); 3] = [
            (&[0, 0, 1, 7, 0], BlockError::Check),
            (&[0, 0x83, 0, 0x83], BlockError::Control(0x83)),
            (&[0, 0, 0xFF], BlockError::Length),
        ];
        for (bytes, error) in cases {
            let mut incoming = Incoming::default();
            incoming.push(bytes);
            assert_eq!(incoming.block(), Some(Err(error)));
        }
        let mut incoming = Incoming::default();
        incoming.push(&[0, 0, 9, 1]);
        assert_eq!(incoming.block(), None);
        assert_eq!(incoming.silence(), Some(BlockError::Truncated));
    }
}
