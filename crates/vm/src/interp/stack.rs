//! Constants and the moving of words (JCVM 3.0.5 §7.5: xpush, pop, dup, swap).

use super::Machine;
use crate::error::Fault;

impl Machine<'_> {
    /// §7.5 bspush
    #[inline(always)]
    pub(super) fn bspush(&mut self) -> Result<(), Fault> {
        let value = self.s1()?;
        self.push_short(value)
    }

    /// §7.5 sspush
    #[inline(always)]
    pub(super) fn sspush(&mut self) -> Result<(), Fault> {
        let value = self.s2()?;
        self.push_short(value)
    }

    /// §7.5 bipush
    pub(super) fn bipush(&mut self) -> Result<(), Fault> {
        let value = self.s1()?;
        self.push_int(value.into())
    }

    /// §7.5 sipush
    pub(super) fn sipush(&mut self) -> Result<(), Fault> {
        let value = self.s2()?;
        self.push_int(value.into())
    }

    /// §7.5 iipush
    pub(super) fn iipush(&mut self) -> Result<(), Fault> {
        let value = self.operand().map(i32::from_be_bytes)?;
        self.push_int(value)
    }

    /// §7.5 pop, pop2
    #[inline(always)]
    pub(super) fn drop_words(&mut self, count: usize) -> Result<(), Fault> {
        if self.sp < self.floor + count {
            return Err(Fault::OperandStack);
        }
        self.sp -= count;
        Ok(())
    }

    /// §7.5 dup
    #[inline(always)]
    pub(super) fn dup(&mut self) -> Result<(), Fault> {
        let top = self.pop()?;
        self.sp += 1;
        self.push(top)
    }

    /// §7.5 dup2
    pub(super) fn dup2(&mut self) -> Result<(), Fault> {
        self.copy_down(2, 0)
    }

    /// §7.5 dup_x: the top m words once more, n words down.
    pub(super) fn dup_x(&mut self) -> Result<(), Fault> {
        let mn = self.u1()?;
        self.copy_down((mn >> 4).into(), (mn & 0xF).into())
    }

    fn copy_down(&mut self, m: usize, n: usize) -> Result<(), Fault> {
        if self.sp < self.floor + m.max(n) || self.sp + m > self.limit {
            return Err(Fault::OperandStack);
        }
        let stack = self
            .vm
            .stack
            .get_mut(self.floor..self.sp + m)
            .ok_or(Fault::OperandStack)?;
        let top = stack.len() - m;
        // The copy goes on top, and from there below the words that it has to pass.
        stack.copy_within(top - m..top, top);
        if n > 0 {
            stack[top - n..].rotate_right(m);
        }
        self.sp += m;
        Ok(())
    }

    /// §7.5 swap_x: the top m words change places with the n words below.
    pub(super) fn swap_x(&mut self) -> Result<(), Fault> {
        let mn = self.u1()?;
        let (m, n) = (usize::from(mn >> 4), usize::from(mn & 0xF));
        if self.sp < self.floor + m + n {
            return Err(Fault::OperandStack);
        }
        let words = self
            .vm
            .stack
            .get_mut(self.sp - m - n..self.sp)
            .ok_or(Fault::OperandStack)?;
        words.rotate_left(n);
        Ok(())
    }
}
