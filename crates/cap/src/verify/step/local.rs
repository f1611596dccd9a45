//! Local variables.

use alloc::format;

use super::super::Rule;
use super::super::flow::{Flow, State};
use super::super::types::Type;
use super::Step;
use crate::opcode::Instruction;

impl Flow<'_, '_> {
    /// §7.5 aload: a reference, also to what is not yet constructed.
    pub(super) fn aload(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let (local, _) = instruction.local_variable().unwrap_or_default();
        let found = self.local(state, local);
        if !found.is_reference() && !found.is_uninitialized() {
            self.wrong_local(at, local, "a reference", found);
            return self.push(state, at, Type::Null);
        }
        self.push(state, at, found)
    }

    /// §7.5 astore: a reference or, of jsr, where to go on.
    pub(super) fn astore(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let (local, _) = instruction.local_variable().unwrap_or_default();
        let found = self.pop(state, at)?;
        if !found.is_reference() && !found.is_uninitialized() && !matches!(found, Type::Return(_)) {
            self.wrong(at, "a reference", found);
        }
        store(state, local, found);
        Ok(())
    }

    /// §7.5 istore: two locals.
    pub(super) fn istore(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let (local, _) = instruction.local_variable().unwrap_or_default();
        self.pop_int(state, instruction.offset)?;
        // Both places first, so that no half of another int is left beside them.
        store(state, local, Type::Top);
        store(state, local + 1, Type::IntLow);
        if let Some(word) = state.locals.get_mut(local) {
            *word = Type::IntHigh;
        }
        Ok(())
    }

    pub(super) fn local(&self, state: &State, local: usize) -> Type {
        state.locals.get(local).copied().unwrap_or(Type::Top)
    }

    pub(super) fn wrong_local(&mut self, at: usize, local: usize, wanted: &str, found: Type) {
        let found = self.name(found);
        let text = format!("{wanted} is needed, local {local} has {found}");
        self.fault(at, Rule::LocalType, text);
    }

    pub(super) fn short_local(&mut self, state: &State, instruction: &Instruction<'_>) {
        let (local, _) = instruction.local_variable().unwrap_or_default();
        let found = self.local(state, local);
        if found != Type::Short {
            self.wrong_local(instruction.offset, local, "a short", found);
        }
    }

    pub(super) fn int_local(&mut self, state: &State, instruction: &Instruction<'_>) {
        let (local, _) = instruction.local_variable().unwrap_or_default();
        let (high, low) = (self.local(state, local), self.local(state, local + 1));
        if (high, low) != (Type::IntHigh, Type::IntLow) {
            let found = if high == Type::IntHigh { low } else { high };
            self.wrong_local(instruction.offset, local, "an int", found);
        }
    }
}

/// Puts a word into a local variable. An int of which it was a half is gone.
pub(super) fn store(state: &mut State, local: usize, word: Type) {
    let parted = state.locals.get(local).copied();
    if parted == Some(Type::IntHigh)
        && let Some(low) = state.locals.get_mut(local + 1)
    {
        *low = Type::Top;
    }
    if parted == Some(Type::IntLow)
        && let Some(high) = local
            .checked_sub(1)
            .and_then(|high| state.locals.get_mut(high))
    {
        *high = Type::Top;
    }
    if let Some(place) = state.locals.get_mut(local) {
        *place = word;
    }
}
