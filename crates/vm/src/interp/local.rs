//! Local variables (JCVM 3.0.5 §7.5: xload, xstore, xinc). The linker has checked that they are inside the frame.

use super::Machine;
use super::inner::Inner;
use super::operands::Operands;
use crate::error::Fault;
use crate::word::Word;

impl Inner<'_> {
    #[inline(always)]
    fn local(&self, index: u8) -> Result<Word, Fault> {
        let word = self.locals.get(usize::from(index));
        word.copied().ok_or(Fault::LocalVariable)
    }

    #[inline(always)]
    fn set_local(&mut self, index: usize, word: Word) -> Result<(), Fault> {
        *self.locals.get_mut(index).ok_or(Fault::LocalVariable)? = word;
        Ok(())
    }

    #[inline(always)]
    fn local_int(&self, index: u8) -> Result<i32, Fault> {
        let at = usize::from(index);
        match self.locals.get(at..at + 2) {
            Some(&[high, low]) => Word::as_int(high, low).ok_or(Fault::TypeConfusion),
            _ => Err(Fault::LocalVariable),
        }
    }

    #[inline(always)]
    fn set_local_int(&mut self, index: u8, value: i32) -> Result<(), Fault> {
        let (high, low) = Word::int(value);
        self.set_local(index.into(), high)?;
        self.set_local(usize::from(index) + 1, low)
    }

    /// The forms whose variable is an operand.
    #[inline(always)]
    pub(super) fn load_indexed(
        &mut self,
        handler: impl Fn(&mut Self, u8) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let index = self.u1()?;
        handler(self, index)
    }

    /// §7.5 aload, aload_n
    #[inline(always)]
    pub(super) fn aload(&mut self, index: u8) -> Result<(), Fault> {
        let word = self.local(index)?;
        word.as_reference().ok_or(Fault::TypeConfusion)?;
        self.push(word)
    }

    /// §7.5 sload, sload_n
    #[inline(always)]
    pub(super) fn sload(&mut self, index: u8) -> Result<(), Fault> {
        let word = self.local(index)?;
        word.as_short().ok_or(Fault::TypeConfusion)?;
        self.push(word)
    }

    /// §7.5 iload, iload_n
    #[inline(always)]
    pub(super) fn iload(&mut self, index: u8) -> Result<(), Fault> {
        let value = self.local_int(index)?;
        self.push_int(value)
    }

    /// §7.5 astore, astore_n: a reference, or a return address.
    #[inline(always)]
    pub(super) fn astore(&mut self, index: u8) -> Result<(), Fault> {
        let word = self.pop()?;
        if word.as_reference().is_none() && word.as_return_address(self.depth).is_none() {
            return Err(Fault::TypeConfusion);
        }
        self.set_local(index.into(), word)
    }

    /// §7.5 sstore, sstore_n
    #[inline(always)]
    pub(super) fn sstore(&mut self, index: u8) -> Result<(), Fault> {
        let value = self.pop_short()?;
        self.set_local(index.into(), Word::short(value))
    }

    /// §7.5 istore, istore_n
    #[inline(always)]
    pub(super) fn istore(&mut self, index: u8) -> Result<(), Fault> {
        let value = self.pop_int()?;
        self.set_local_int(index, value)
    }

    #[inline(always)]
    fn add_short(&mut self, index: u8, by: i16) -> Result<(), Fault> {
        let value = self.local(index)?.as_short().ok_or(Fault::TypeConfusion)?;
        self.set_local(index.into(), Word::short(value.wrapping_add(by)))
    }

    #[inline(always)]
    fn add_int(&mut self, index: u8, by: i16) -> Result<(), Fault> {
        let value = self.local_int(index)?;
        self.set_local_int(index, value.wrapping_add(by.into()))
    }

    /// §7.5 sinc
    #[inline(always)]
    pub(super) fn sinc(&mut self) -> Result<(), Fault> {
        let (index, by) = (self.u1()?, self.s1()?);
        self.add_short(index, by)
    }

    /// §7.5 sinc_w
    #[inline(always)]
    pub(super) fn sinc_w(&mut self) -> Result<(), Fault> {
        let (index, by) = (self.u1()?, self.s2()?);
        self.add_short(index, by)
    }

    /// §7.5 iinc
    #[inline(always)]
    pub(super) fn iinc(&mut self) -> Result<(), Fault> {
        let (index, by) = (self.u1()?, self.s1()?);
        self.add_int(index, by)
    }

    /// §7.5 iinc_w
    #[inline(always)]
    pub(super) fn iinc_w(&mut self) -> Result<(), Fault> {
        let (index, by) = (self.u1()?, self.s2()?);
        self.add_int(index, by)
    }
}

impl Machine<'_> {
    /// §7.5 ret: only to where a `jsr` of this very frame came from.
    pub(super) fn ret(&mut self) -> Result<(), Fault> {
        let index = usize::from(self.u1()?);
        let depth = self.vm.frames.len();
        let word = self.locals().get(index).copied();
        let address = word.ok_or(Fault::LocalVariable)?.as_return_address(depth);
        let address = address.ok_or(Fault::TypeConfusion)?;
        // The linker has seen to it that `jsr` and `ret` are less than 32 KiB apart.
        let pc = self.regs.pc;
        let [.., high, low] = pc.to_be_bytes();
        let distance = address.wrapping_sub(u16::from_be_bytes([high, low]));
        self.regs.pc = pc
            .checked_add_signed(distance.cast_signed().into())
            .ok_or(Fault::IllegalInstruction)?;
        self.count_step()
    }
}
