//! Constants and the moving of words (JCVM 3.0.5 §7.5: xpush, pop, dup, swap).

use super::Machine;
use super::inner::Inner;
use super::operands::Operands;
use crate::error::Fault;

impl Inner<'_> {
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
    #[inline(always)]
    pub(super) fn bipush(&mut self) -> Result<(), Fault> {
        let value = self.s1()?;
        self.push_int(value.into())
    }

    /// §7.5 sipush
    #[inline(always)]
    pub(super) fn sipush(&mut self) -> Result<(), Fault> {
        let value = self.s2()?;
        self.push_int(value.into())
    }

    /// §7.5 iipush
    #[inline(always)]
    pub(super) fn iipush(&mut self) -> Result<(), Fault> {
        let value = self.operand().map(i32::from_be_bytes)?;
        self.push_int(value)
    }

    /// §7.5 pop, pop2
    #[inline(always)]
    pub(super) fn drop_words(&mut self, count: usize) -> Result<(), Fault> {
        let left = self.regs.sp.checked_sub(count);
        self.regs.sp = left.ok_or(Fault::OperandStack)?;
        Ok(())
    }

    /// §7.5 dup
    #[inline(always)]
    pub(super) fn dup(&mut self) -> Result<(), Fault> {
        let top = self.pop()?;
        self.regs.sp += 1;
        self.push(top)
    }

    /// §7.5 dup2
    #[inline(always)]
    pub(super) fn dup2(&mut self) -> Result<(), Fault> {
        let [below, top] = *self.top()?;
        self.push(below)?;
        self.push(top)
    }
}

impl Machine<'_> {
    /// §7.5 dup_x: the top m words once more, n words down.
    pub(super) fn dup_x(&mut self) -> Result<(), Fault> {
        let mn = self.u1()?;
        let (m, n) = (usize::from(mn >> 4), usize::from(mn & 0xF));
        let (operands, registers) = self.operands();
        let sp = registers.sp;
        if sp < m.max(n) {
            return Err(Fault::OperandStack);
        }
        let operands = operands.get_mut(..sp + m).ok_or(Fault::OperandStack)?;
        // The copy goes on top, and from there below the words that it has to pass.
        operands.copy_within(sp - m..sp, sp);
        if n > 0 {
            operands[sp - n..].rotate_right(m);
        }
        registers.sp += m;
        Ok(())
    }

    /// §7.5 swap_x: the top m words change places with the n words below.
    pub(super) fn swap_x(&mut self) -> Result<(), Fault> {
        let mn = self.u1()?;
        let (m, n) = (usize::from(mn >> 4), usize::from(mn & 0xF));
        let (operands, registers) = self.operands();
        let sp = registers.sp;
        let from = sp.checked_sub(m + n).ok_or(Fault::OperandStack)?;
        let words = operands.get_mut(from..sp);
        words.ok_or(Fault::OperandStack)?.rotate_left(n);
        Ok(())
    }
}
