//! What instructions read and move: operands in the code, and the words of the frame.

use crate::error::Fault;
use crate::ids::ObjRef;
use crate::word::Word;

/// The registers of the running method.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    /// The instruction in execution.
    pub(super) at: usize,
    /// The next byte of code.
    pub(super) pc: usize,
    /// How many operands there are.
    pub(super) sp: usize,
}

impl Registers {
    /// Those of a frame with nothing in it.
    pub(super) const START: Self = Self {
        at: 0,
        pc: 0,
        sp: 0,
    };
}

/// Code, registers and operand stack, wherever they are kept.
///
/// The operand stack is as large as the method said: a word is inside, or there is none.
pub(super) trait Operands {
    fn code(&self) -> &[u8];
    fn registers(&mut self) -> &mut Registers;
    fn operands(&mut self) -> (&mut [Word], &mut Registers);
    fn steps(&mut self) -> &mut u64;

    // --- operands of instructions

    #[inline(always)]
    fn operand<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let pc = self.registers().pc;
        let bytes = self.code().get(pc..).and_then(|rest| rest.first_chunk());
        let bytes = *bytes.ok_or(Fault::IllegalInstruction)?;
        self.registers().pc = pc + N;
        Ok(bytes)
    }

    #[inline(always)]
    fn u1(&mut self) -> Result<u8, Fault> {
        let pc = self.registers().pc;
        let byte = *self.code().get(pc).ok_or(Fault::IllegalInstruction)?;
        self.registers().pc = pc + 1;
        Ok(byte)
    }

    #[inline(always)]
    fn s1(&mut self) -> Result<i16, Fault> {
        Ok(i16::from(self.u1()?.cast_signed()))
    }

    #[inline(always)]
    fn u2(&mut self) -> Result<u16, Fault> {
        self.operand().map(u16::from_be_bytes)
    }

    #[inline(always)]
    fn s2(&mut self) -> Result<i16, Fault> {
        self.operand().map(i16::from_be_bytes)
    }

    // --- control

    /// Counts a branch or a call against the limit, so that no code runs for ever.
    #[inline(always)]
    fn count_step(&mut self) -> Result<(), Fault> {
        let steps = self.steps();
        *steps = steps.checked_sub(1).ok_or(Fault::StepLimit)?;
        Ok(())
    }

    #[inline(always)]
    fn branch(&mut self, by: i16) -> Result<(), Fault> {
        let registers = self.registers();
        registers.pc = registers.at.wrapping_add_signed(by.into());
        self.count_step()
    }

    /// Branches by the offset at `place` bytes after the opcode.
    #[inline(always)]
    fn branch_by(&mut self, place: usize) -> Result<(), Fault> {
        let registers = self.registers();
        registers.pc = registers.at + place;
        let by = self.s2()?;
        self.branch(by)
    }

    // --- the operand stack

    #[inline(always)]
    fn push(&mut self, word: Word) -> Result<(), Fault> {
        let (operands, registers) = self.operands();
        *operands.get_mut(registers.sp).ok_or(Fault::OperandStack)? = word;
        registers.sp += 1;
        Ok(())
    }

    /// The topmost words, the last on top. They are read one by one, as they were pushed: a wider read would wait until
    /// both writes are through.
    #[inline(always)]
    fn top<const N: usize>(&mut self) -> Result<&mut [Word; N], Fault> {
        let (operands, registers) = self.operands();
        let operands = operands.get_mut(..registers.sp);
        operands
            .and_then(|operands| operands.last_chunk_mut())
            .ok_or(Fault::OperandStack)
    }

    #[inline(always)]
    fn pop(&mut self) -> Result<Word, Fault> {
        let (operands, registers) = self.operands();
        let sp = registers.sp.checked_sub(1).ok_or(Fault::OperandStack)?;
        let word = *operands.get(sp).ok_or(Fault::OperandStack)?;
        registers.sp = sp;
        Ok(word)
    }

    #[inline(always)]
    fn push_short(&mut self, value: i16) -> Result<(), Fault> {
        self.push(Word::short(value))
    }

    #[inline(always)]
    fn push_int(&mut self, value: i32) -> Result<(), Fault> {
        let (high, low) = Word::int(value);
        self.push(high)?;
        self.push(low)
    }

    #[inline(always)]
    fn push_reference(&mut self, value: ObjRef) -> Result<(), Fault> {
        self.push(Word::reference(value))
    }

    #[inline(always)]
    fn pop_short(&mut self) -> Result<i16, Fault> {
        self.pop()?.as_short().ok_or(Fault::TypeConfusion)
    }

    #[inline(always)]
    fn pop_int(&mut self) -> Result<i32, Fault> {
        let [high, low] = *self.top()?;
        self.registers().sp -= 2;
        Word::as_int(high, low).ok_or(Fault::TypeConfusion)
    }

    #[inline(always)]
    fn pop_reference(&mut self) -> Result<ObjRef, Fault> {
        self.pop()?.as_reference().ok_or(Fault::TypeConfusion)
    }
}
