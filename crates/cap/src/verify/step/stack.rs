//! The operand stack: what is pushed, popped and moved.

use alloc::format;

use super::super::Rule;
use super::super::flow::{Flow, State, Stop};
use super::super::types::{Kind, Type};
use super::Step;

impl Flow<'_, '_> {
    pub(in super::super) fn push(&mut self, state: &mut State, at: usize, word: Type) -> Step {
        if state.stack.len() >= usize::from(self.body.header.max_stack) {
            let text = format!(
                "more than the {} words of stack that the header says",
                self.body.header.max_stack
            );
            self.fault(at, Rule::StackOverflow, text);
            return Err(Stop);
        }
        state.stack.push(word);
        Ok(())
    }

    pub(super) fn push_kind(&mut self, state: &mut State, at: usize, kind: Kind) -> Step {
        if kind == Kind::Int {
            self.push(state, at, Type::IntHigh)?;
        }
        if kind == Kind::Void {
            return Ok(());
        }
        let word = self.declared(kind);
        self.push(state, at, word)
    }

    pub(super) fn pop(&mut self, state: &mut State, at: usize) -> Step<Type> {
        match state.stack.pop() {
            Some(word) => Ok(word),
            None => {
                self.fault(at, Rule::StackUnderflow, "the stack is empty");
                Err(Stop)
            }
        }
    }

    pub(super) fn wrong(&mut self, at: usize, wanted: &str, found: Type) {
        let rule = if found.is_uninitialized() {
            Rule::Uninitialized
        } else {
            Rule::OperandType
        };
        let found = self.name(found);
        self.fault(at, rule, format!("{wanted} is needed, {found} is there"));
    }

    pub(super) fn pop_short(&mut self, state: &mut State, at: usize) -> Step {
        match self.pop(state, at)? {
            Type::Short => Ok(()),
            found => {
                self.wrong(at, "a short", found);
                Ok(())
            }
        }
    }

    pub(super) fn pop_int(&mut self, state: &mut State, at: usize) -> Step {
        let low = self.pop(state, at)?;
        let high = self.pop(state, at)?;
        if (high, low) != (Type::IntHigh, Type::IntLow) {
            self.wrong(at, "an int", if low == Type::IntLow { high } else { low });
        }
        Ok(())
    }

    pub(super) fn pop_reference(&mut self, state: &mut State, at: usize) -> Step<Type> {
        let found = self.pop(state, at)?;
        if found.is_reference() {
            return Ok(found);
        }
        self.wrong(at, "a reference", found);
        Ok(Type::Null)
    }

    /// Takes a value where a declared type is wanted.
    pub(super) fn pop_kind(
        &mut self,
        state: &mut State,
        at: usize,
        kind: Kind,
        rule: Rule,
        what: &str,
    ) -> Step {
        let found = self.pop(state, at)?;
        if kind == Kind::Int {
            let high = self.pop(state, at)?;
            if (high, found) == (Type::IntHigh, Type::IntLow) {
                return Ok(());
            }
        } else if self.fits(found, kind) {
            return Ok(());
        }
        let rule = if found.is_uninitialized() {
            Rule::Uninitialized
        } else {
            rule
        };
        let wanted = self.kind_name(kind);
        let found = self.name(found);
        self.fault(at, rule, format!("{what} is {wanted}, {found} is there"));
        Ok(())
    }

    /// Whether the words above a depth can be taken apart from those below.
    pub(super) fn whole(&mut self, state: &State, at: usize, depth: usize) -> Step {
        let Some(below) = state.stack.len().checked_sub(depth) else {
            self.fault(at, Rule::StackUnderflow, "the stack has fewer words");
            return Err(Stop);
        };
        let last = below.checked_sub(1).and_then(|last| state.stack.get(last));
        if last == Some(&Type::IntHigh) {
            self.fault(at, Rule::SplitInt, "an int would be parted");
            return Err(Stop);
        }
        Ok(())
    }

    pub(super) fn drop_words(&mut self, state: &mut State, at: usize, words: usize) -> Step {
        self.whole(state, at, words)?;
        for _ in 0..words {
            self.pop(state, at)?;
        }
        Ok(())
    }

    /// §7.5 dup, dup2, dup_x: the top `m` words again, below the top `n` words.
    pub(super) fn duplicate(&mut self, state: &mut State, at: usize, m: usize, n: usize) -> Step {
        self.whole(state, at, m)?;
        let depth = if n == 0 { m } else { n };
        self.whole(state, at, depth)?;
        let top = state.stack.len() - m;
        let words = state.stack.split_at(top).1.to_vec();
        let place = state.stack.len() - depth;
        for (i, word) in words.into_iter().enumerate() {
            // The limit first, so that a fault is told.
            self.push(state, at, Type::Top)?;
            state.stack.pop();
            state.stack.insert(place + i, word);
        }
        Ok(())
    }

    /// §7.5 swap_x: the top `m` words with the `n` below.
    pub(super) fn swap(&mut self, state: &mut State, at: usize, m: usize, n: usize) -> Step {
        self.whole(state, at, m)?;
        self.whole(state, at, m + n)?;
        let place = state.stack.len() - m - n;
        let (_, words) = state.stack.split_at_mut(place);
        words.rotate_left(n);
        Ok(())
    }
}
