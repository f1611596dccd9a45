//! Constants, and the shuffling of the operand stack.

use hydra_cap::opcode::Opcode;

use super::{Refused, Writer};
use crate::classfile::Shuffle;
use crate::code::assemble::Operand;
use crate::code::flow::{Node, State, shuffle_depth};
use crate::code::typing::Width;

impl Writer<'_, '_, '_> {
    pub(super) fn constant(&mut self, value: i32, width: Width) {
        let names = ["m1", "0", "1", "2", "3", "4", "5"];
        let small = usize::try_from(value.saturating_add(1))
            .ok()
            .and_then(|i| names.get(i));
        // A constant that no reader needs beyond 16 bits is cut to them.
        let [.., high, low] = value.to_be_bytes();
        let short = i16::from_be_bytes([high, low]);
        let as_byte = i8::try_from(value).ok();
        match (width, small, as_byte) {
            (Width::Short, Some(name), _) => {
                let _ = self.named(&format!("sconst_{name}"), Operand::Bytes(Vec::new()));
            }
            (Width::Int, Some(name), _) => {
                let _ = self.named(&format!("iconst_{name}"), Operand::Bytes(Vec::new()));
            }
            (Width::Short, None, Some(byte)) => {
                self.put(Opcode::Bspush, Operand::Bytes(byte.to_be_bytes().to_vec()));
            }
            (Width::Short, None, None) => {
                self.put(Opcode::Sspush, Operand::Bytes(short.to_be_bytes().to_vec()));
            }
            (Width::Int, None, Some(byte)) => {
                self.put(Opcode::Bipush, Operand::Bytes(byte.to_be_bytes().to_vec()));
            }
            (Width::Int, None, None) if i32::from(short) == value => {
                self.put(Opcode::Sipush, Operand::Bytes(short.to_be_bytes().to_vec()));
            }
            (Width::Int, None, None) => {
                self.put(Opcode::Iipush, Operand::Bytes(value.to_be_bytes().to_vec()));
            }
        }
    }

    pub(super) fn shuffle(&mut self, shuffle: Shuffle, state: &State) -> Result<(), Refused> {
        let words = |n: usize| -> usize {
            let first = state.stack.len().saturating_sub(n);
            let nodes = &state.stack[first..];
            nodes.iter().map(|n| usize::from(self.words(*n))).sum()
        };
        match shuffle {
            Shuffle::Pop => self.pop(words(1)),
            Shuffle::Pop2 => self.pop(words(2)),
            Shuffle::Dup => self.dup(words(1), words(1))?,
            Shuffle::DupX1 => self.dup(words(1), words(2))?,
            Shuffle::DupX2 => self.dup(words(1), words(3))?,
            Shuffle::Dup2 => self.dup(words(2), words(2))?,
            Shuffle::Dup2X1 => self.dup(words(2), words(3))?,
            Shuffle::Dup2X2 => self.dup(words(2), words(4))?,
            Shuffle::Swap => {
                let (above, both) = (words(1), words(2));
                let below = both - above;
                if above > 0 && below > 0 {
                    let mn = nibbles(above, below)?;
                    self.push_item(Opcode::SwapX, Operand::Bytes(vec![mn]), both, both);
                }
            }
        }
        Ok(())
    }

    /// Copies the topmost number below others, where the copy may have another width.
    pub(super) fn copy(
        &mut self,
        shuffle: Shuffle,
        state: &State,
        original: Node,
        below: Node,
    ) -> Result<(), Refused> {
        let have = self.typing.width(self.flow, original);
        let wanted = self.typing.width(self.flow, below);
        if have == wanted {
            return self.shuffle(shuffle, state);
        }
        let depth = shuffle_depth(shuffle);
        let first = state.stack.len().saturating_sub(depth);
        let nodes = &state.stack[first..];
        let all: usize = nodes.iter().map(|n| usize::from(self.words(*n))).sum();
        let (old, new) = (
            usize::from(self.words(original)),
            usize::from(self.words(below)),
        );
        // Make the copy on top, convert it there, bring it down, and take it off the top.
        self.dup(old, old)?;
        self.convert(have, wanted);
        self.dup(new, all + new)?;
        self.pop(new);
        Ok(())
    }

    pub(super) fn pop(&mut self, words: usize) {
        for _ in 0..words / 2 {
            self.plain(Opcode::Pop2);
        }
        if words % 2 == 1 {
            self.plain(Opcode::Pop);
        }
    }

    /// Copies the topmost `count` words to `depth` words below the top.
    pub(super) fn dup(&mut self, count: usize, depth: usize) -> Result<(), Refused> {
        match (count, depth) {
            (0, _) => {}
            (1, 1) => self.plain(Opcode::Dup),
            (2, 2) => self.plain(Opcode::Dup2),
            _ => {
                let n = if count == depth { 0 } else { depth };
                let mn = nibbles(count, n)?;
                let operand = Operand::Bytes(vec![mn]);
                self.push_item(Opcode::DupX, operand, depth, depth + count);
            }
        }
        Ok(())
    }
}

pub(super) fn nibbles(m: usize, n: usize) -> Result<u8, Refused> {
    match (u8::try_from(m), u8::try_from(n)) {
        (Ok(m), Ok(n)) if m <= 4 && n <= 8 => Ok(m << 4 | n),
        _ => Err("too many words to copy on the stack".to_owned()),
    }
}
