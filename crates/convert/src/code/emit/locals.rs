//! Local variables: their numbers, loads and stores, increments, and the `this` that needs no load.

use std::collections::{BTreeMap, BTreeSet};

use hydra_cap::opcode::Opcode;

use super::member::instance_field;
use super::{Refused, Writer};
use crate::classfile::{Binary, Op, Shuffle};
use crate::code::assemble::Operand;
use crate::code::flow::Node;
use crate::code::typing::{Width, inputs, local};
use crate::types::Signature;

impl Writer<'_, '_, '_> {
    /// Parameters keep their order; every other slot gets a place for each width it is used in.
    pub(super) fn number_locals(&mut self, signature: &Signature) {
        let mut next = 0;
        for (node, slot, kind) in &self.flow.parameters {
            let words = self.words(*node);
            debug_assert_eq!(words, kind.words());
            self.slots.insert((*slot, words), next);
            next += usize::from(words);
        }
        debug_assert_eq!(
            next,
            signature.words() + usize::from(!self.method.is_static)
        );
        let mut used = BTreeSet::new();
        for (index, instruction) in self.code.instructions.iter().enumerate() {
            if let Op::StoreInt(slot) | Op::StoreReference(slot) = instruction.op
                && let Some(node) = self.flow.results[index]
            {
                used.insert((slot, self.words(node)));
            }
        }
        for key in used {
            self.slots.entry(key).or_insert_with(|| {
                let number = next;
                next += usize::from(key.1);
                number
            });
        }
    }

    /// Finds loads of `this` that only serve one field access: the `_this` forms need no
    /// reference on the stack.
    pub(super) fn find_implicit_this(&mut self) {
        if self.method.is_static {
            return;
        }
        let Some(this) = self.flow.parameters.first().map(|p| self.flow.web(p.0)) else {
            return;
        };
        let mut definitions: BTreeMap<Node, (usize, bool)> = BTreeMap::new();
        let mut uses: BTreeMap<Node, (usize, bool)> = BTreeMap::new();
        for (index, instruction) in self.code.instructions.iter().enumerate() {
            let Some(state) = &self.flow.states[index] else {
                continue;
            };
            let op = &instruction.op;
            if let Some(node) = self.flow.results[index] {
                let entry = definitions.entry(self.flow.web(node)).or_insert((0, false));
                entry.0 += 1;
                entry.1 =
                    matches!(op, Op::LoadReference(0)) && local(self.flow, state, 0) == Some(this);
            }
            let access = self.field_index(op).is_some();
            for (position, node) in inputs(op, state).iter().enumerate() {
                let entry = uses.entry(self.flow.web(*node)).or_insert((0, false));
                entry.0 += 1;
                entry.1 = access && position == 0;
            }
            // What a dup copies is used more than once.
            let copied = match op {
                Op::Shuffle(Shuffle::Dup | Shuffle::DupX1 | Shuffle::DupX2) => 1,
                Op::Shuffle(Shuffle::Dup2 | Shuffle::Dup2X1 | Shuffle::Dup2X2) => 2,
                _ => 0,
            };
            for node in state.stack.iter().rev().take(copied) {
                uses.entry(self.flow.web(*node)).or_insert((0, false)).0 += 2;
            }
        }
        for (web, definition) in definitions {
            if definition == (1, true) && uses.get(&web) == Some(&(1, true)) {
                self.elided.insert(web);
            }
        }
    }

    /// The constant pool index of an instance field that a one-byte operand reaches.
    pub(super) fn field_index(&self, op: &Op) -> Option<u8> {
        let (Op::GetField(member) | Op::PutField(member)) = op else {
            return None;
        };
        let key = instance_field(self.linker.world, self.linker.shapes, member).ok()?;
        let entries = self.linker.pool.entries();
        u8::try_from(entries.iter().position(|e| e.key == key)?).ok()
    }

    /// Instructions that control can reach other than from the one before.
    pub(super) fn joins(&self) -> BTreeSet<usize> {
        let mut joins = BTreeSet::new();
        for (index, instruction) in self.code.instructions.iter().enumerate() {
            for next in instruction.op.successors(index) {
                if next != index + 1 {
                    joins.insert(next);
                }
            }
            if let Op::IfZero(_, to)
            | Op::IfCompare(_, to)
            | Op::IfSame(_, to)
            | Op::IfNull(_, to)
            | Op::Goto(to) = instruction.op
            {
                joins.insert(to);
            }
            if let Op::Switch {
                default, targets, ..
            } = &instruction.op
            {
                joins.insert(*default);
                joins.extend(targets.iter().map(|(_, to)| *to));
            }
        }
        for handler in &self.code.handlers {
            joins.extend([handler.start, handler.end, handler.target]);
        }
        joins
    }

    /// `x = (short) (x + n)` on a one-word variable is `sinc`. Says how many instructions it took.
    pub(super) fn increment(&mut self, index: usize, joins: &BTreeSet<usize>) -> usize {
        let code = self.code;
        let Some(window) = code.instructions.get(index..index + 5) else {
            return 0;
        };
        if (index + 1..index + 5).any(|i| joins.contains(&i)) {
            return 0;
        }
        let [
            Op::LoadInt(from),
            Op::Constant(by),
            Op::Binary(binary @ (Binary::Add | Binary::Sub)),
            Op::ToShort,
            Op::StoreInt(to),
        ] = [
            &window[0].op,
            &window[1].op,
            &window[2].op,
            &window[3].op,
            &window[4].op,
        ]
        else {
            return 0;
        };
        let by = if *binary == Binary::Add {
            *by
        } else {
            by.wrapping_neg()
        };
        let (Some(state), Ok(by)) = (&self.flow.states[index], i16::try_from(by)) else {
            return 0;
        };
        let webs = (local(self.flow, state, *from), self.flow.results[index + 4]);
        let (Some(old), Some(new)) = webs else {
            return 0;
        };
        let both_short = self.words(old) == 1 && self.words(new) == 1;
        if from != to || !both_short || self.variable(*to, 1).is_err() {
            return 0;
        }
        self.depth = self.stack_words(state);
        self.local_increment(*to, Width::Short, by)
            .map_or(0, |()| 5)
    }

    /// The local variable's number, which instructions hold in one byte.
    pub(super) fn variable(&self, slot: u16, words: u8) -> Result<u8, Refused> {
        self.slots
            .get(&(slot, words))
            .and_then(|number| u8::try_from(*number).ok())
            .ok_or_else(|| "the method has more than 255 words of local variables".to_owned())
    }

    pub(super) fn variable_access(
        &mut self,
        letter: char,
        verb: &str,
        slot: u16,
        words: u8,
    ) -> Result<(), Refused> {
        let number = self.variable(slot, words)?;
        if number < 4 {
            self.named(
                &format!("{letter}{verb}_{number}"),
                Operand::Bytes(Vec::new()),
            )
        } else {
            self.named(&format!("{letter}{verb}"), Operand::Bytes(vec![number]))
        }
    }

    pub(super) fn local_increment(
        &mut self,
        slot: u16,
        width: Width,
        by: i16,
    ) -> Result<(), Refused> {
        let words = if width == Width::Int { 2 } else { 1 };
        let number = self.variable(slot, words)?;
        self.uses_int |= width == Width::Int;
        if let Ok(byte) = i8::try_from(by) {
            let opcode = match width {
                Width::Int => Opcode::Iinc,
                Width::Short => Opcode::Sinc,
            };
            let [byte] = byte.to_be_bytes();
            self.put(opcode, Operand::Bytes(vec![number, byte]));
        } else {
            let opcode = match width {
                Width::Int => Opcode::IincW,
                Width::Short => Opcode::SincW,
            };
            let [high, low] = by.to_be_bytes();
            self.put(opcode, Operand::Bytes(vec![number, high, low]));
        }
        Ok(())
    }
}
