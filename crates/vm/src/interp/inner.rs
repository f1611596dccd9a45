//! The instructions that touch nothing but code, frame and what they read of the heap: most of all that are executed.

use hydra_cap::opcode::Opcode;

use super::arith;
use super::operands::{Operands, Registers};
use crate::class::Classes;
use crate::error::Fault;
use crate::exception::Refusal;
use crate::heap::Heap;
use crate::ids::{ContextId, ObjRef, Owner};
use crate::package::Package;
use crate::word::Word;

/// A method in execution, as far as these instructions need it. Its registers are this loop's own, so that they are in the
/// processor's; whoever makes it puts them back.
pub(super) struct Inner<'a> {
    /// Whose code it is.
    pub(super) package: &'a Package,
    pub(super) code: &'a [u8],
    pub(super) locals: &'a mut [Word],
    pub(super) operands: &'a mut [Word],
    pub(super) regs: Registers,
    pub(super) steps: &'a mut u64,
    pub(super) heap: &'a Heap,
    pub(super) classes: &'a Classes,
    /// On whose behalf it runs.
    pub(super) active: &'a Owner,
    /// The currently selected applet's.
    pub(super) selected: &'a ContextId,
    /// How many frames there are.
    pub(super) depth: usize,
}

impl Operands for Inner<'_> {
    #[inline(always)]
    fn code(&self) -> &[u8] {
        self.code
    }

    #[inline(always)]
    fn registers(&mut self) -> &mut Registers {
        &mut self.regs
    }

    #[inline(always)]
    fn operands(&mut self) -> (&mut [Word], &mut Registers) {
        (self.operands, &mut self.regs)
    }

    #[inline(always)]
    fn steps(&mut self) -> &mut u64 {
        self.steps
    }
}

impl Inner<'_> {
    /// Runs instructions up to one of another kind, whose opcode it has read; if `SINGLE` only one, and if that was its own
    /// none is left to do.
    ///
    /// Everything below is inlined: one call that takes `self` sends the registers to memory, and an echo through the card
    /// takes a third longer.
    #[inline(always)]
    pub(super) fn run<const SINGLE: bool>(&mut self) -> Result<Option<Opcode>, Refusal> {
        use Opcode as O;
        loop {
            self.regs.at = self.regs.pc;
            let opcode = Opcode::from_byte(self.u1()?).ok_or(Fault::IllegalInstruction)?;
            match opcode {
                O::Nop => {}
                O::AconstNull => self.push_reference(ObjRef::NULL)?,
                O::SconstM1 => self.push_short(-1)?,
                O::Sconst0 => self.push_short(0)?,
                O::Sconst1 => self.push_short(1)?,
                O::Sconst2 => self.push_short(2)?,
                O::Sconst3 => self.push_short(3)?,
                O::Sconst4 => self.push_short(4)?,
                O::Sconst5 => self.push_short(5)?,
                O::IconstM1 => self.push_int(-1)?,
                O::Iconst0 => self.push_int(0)?,
                O::Iconst1 => self.push_int(1)?,
                O::Iconst2 => self.push_int(2)?,
                O::Iconst3 => self.push_int(3)?,
                O::Iconst4 => self.push_int(4)?,
                O::Iconst5 => self.push_int(5)?,
                O::Bspush => self.bspush()?,
                O::Sspush => self.sspush()?,
                O::Bipush => self.bipush()?,
                O::Sipush => self.sipush()?,
                O::Iipush => self.iipush()?,
                O::Aload => self.load_indexed(Self::aload)?,
                O::Sload => self.load_indexed(Self::sload)?,
                O::Iload => self.load_indexed(Self::iload)?,
                O::Aload0 => self.aload(0)?,
                O::Aload1 => self.aload(1)?,
                O::Aload2 => self.aload(2)?,
                O::Aload3 => self.aload(3)?,
                O::Sload0 => self.sload(0)?,
                O::Sload1 => self.sload(1)?,
                O::Sload2 => self.sload(2)?,
                O::Sload3 => self.sload(3)?,
                O::Iload0 => self.iload(0)?,
                O::Iload1 => self.iload(1)?,
                O::Iload2 => self.iload(2)?,
                O::Iload3 => self.iload(3)?,
                O::Aaload => self.aaload()?,
                O::Baload => self.baload()?,
                O::Saload => self.saload()?,
                O::Iaload => self.iaload()?,
                O::Astore => self.load_indexed(Self::astore)?,
                O::Sstore => self.load_indexed(Self::sstore)?,
                O::Istore => self.load_indexed(Self::istore)?,
                O::Astore0 => self.astore(0)?,
                O::Astore1 => self.astore(1)?,
                O::Astore2 => self.astore(2)?,
                O::Astore3 => self.astore(3)?,
                O::Sstore0 => self.sstore(0)?,
                O::Sstore1 => self.sstore(1)?,
                O::Sstore2 => self.sstore(2)?,
                O::Sstore3 => self.sstore(3)?,
                O::Istore0 => self.istore(0)?,
                O::Istore1 => self.istore(1)?,
                O::Istore2 => self.istore(2)?,
                O::Istore3 => self.istore(3)?,
                O::Pop => self.drop_words(1)?,
                O::Pop2 => self.drop_words(2)?,
                O::Dup => self.dup()?,
                O::Dup2 => self.dup2()?,
                O::Sadd => self.short_binary(arith::sadd)?,
                O::Iadd => self.int_binary(arith::iadd)?,
                O::Ssub => self.short_binary(arith::ssub)?,
                O::Isub => self.int_binary(arith::isub)?,
                O::Smul => self.short_binary(arith::smul)?,
                O::Imul => self.int_binary(arith::imul)?,
                O::Sdiv => self.short_division(arith::sdiv)?,
                O::Idiv => self.int_division(arith::idiv)?,
                O::Srem => self.short_division(arith::srem)?,
                O::Irem => self.int_division(arith::irem)?,
                O::Sneg => self.short_unary(arith::sneg)?,
                O::Ineg => self.int_unary(arith::ineg)?,
                O::Sshl => self.short_binary(arith::sshl)?,
                O::Ishl => self.int_binary(arith::ishl)?,
                O::Sshr => self.short_binary(arith::sshr)?,
                O::Ishr => self.int_binary(arith::ishr)?,
                O::Sushr => self.short_binary(arith::sushr)?,
                O::Iushr => self.int_binary(arith::iushr)?,
                O::Sand => self.short_binary(arith::sand)?,
                O::Iand => self.int_binary(arith::iand)?,
                O::Sor => self.short_binary(arith::sor)?,
                O::Ior => self.int_binary(arith::ior)?,
                O::Sxor => self.short_binary(arith::sxor)?,
                O::Ixor => self.int_binary(arith::ixor)?,
                O::Sinc => self.sinc()?,
                O::Iinc => self.iinc()?,
                O::S2b => self.short_unary(arith::s2b)?,
                O::S2i => self.s2i()?,
                O::I2b => self.i2b()?,
                O::I2s => self.i2s()?,
                O::Icmp => self.icmp()?,
                O::Ifeq => self.if_short(|value| value == 0)?,
                O::Ifne => self.if_short(|value| value != 0)?,
                O::Iflt => self.if_short(|value| value < 0)?,
                O::Ifge => self.if_short(|value| value >= 0)?,
                O::Ifgt => self.if_short(|value| value > 0)?,
                O::Ifle => self.if_short(|value| value <= 0)?,
                O::Ifnull => self.if_reference(|value| value.is_null())?,
                O::Ifnonnull => self.if_reference(|value| !value.is_null())?,
                O::IfAcmpeq => self.if_references(|a, b| a == b)?,
                O::IfAcmpne => self.if_references(|a, b| a != b)?,
                O::IfScmpeq => self.if_shorts(|a, b| a == b)?,
                O::IfScmpne => self.if_shorts(|a, b| a != b)?,
                O::IfScmplt => self.if_shorts(|a, b| a < b)?,
                O::IfScmpge => self.if_shorts(|a, b| a >= b)?,
                O::IfScmpgt => self.if_shorts(|a, b| a > b)?,
                O::IfScmple => self.if_shorts(|a, b| a <= b)?,
                O::Goto => self.goto()?,
                O::Stableswitch => self.stableswitch()?,
                O::Arraylength => self.arraylength()?,
                O::SincW => self.sinc_w()?,
                O::IincW => self.iinc_w()?,
                O::IfeqW => self.if_short_w(|value| value == 0)?,
                O::IfneW => self.if_short_w(|value| value != 0)?,
                O::IfltW => self.if_short_w(|value| value < 0)?,
                O::IfgeW => self.if_short_w(|value| value >= 0)?,
                O::IfgtW => self.if_short_w(|value| value > 0)?,
                O::IfleW => self.if_short_w(|value| value <= 0)?,
                O::IfnullW => self.if_reference_w(|value| value.is_null())?,
                O::IfnonnullW => self.if_reference_w(|value| !value.is_null())?,
                O::IfAcmpeqW => self.if_references_w(|a, b| a == b)?,
                O::IfAcmpneW => self.if_references_w(|a, b| a != b)?,
                O::IfScmpeqW => self.if_shorts_w(|a, b| a == b)?,
                O::IfScmpneW => self.if_shorts_w(|a, b| a != b)?,
                O::IfScmpltW => self.if_shorts_w(|a, b| a < b)?,
                O::IfScmpgeW => self.if_shorts_w(|a, b| a >= b)?,
                O::IfScmpgtW => self.if_shorts_w(|a, b| a > b)?,
                O::IfScmpleW => self.if_shorts_w(|a, b| a <= b)?,
                O::GotoW => self.goto_w()?,
                O::GetfieldA => {
                    let field = self.field()?;
                    self.get_a(field)?;
                }
                O::GetfieldB | O::GetfieldS => {
                    let field = self.field()?;
                    self.get_s(field)?;
                }
                O::GetfieldI => {
                    let field = self.field()?;
                    self.get_i(field)?;
                }
                O::GetfieldAThis => {
                    let field = self.field_of_this()?;
                    self.get_a(field)?;
                }
                O::GetfieldBThis | O::GetfieldSThis => {
                    let field = self.field_of_this()?;
                    self.get_s(field)?;
                }
                O::GetfieldIThis => {
                    let field = self.field_of_this()?;
                    self.get_i(field)?;
                }
                O::GetfieldAW => {
                    let field = self.field_w()?;
                    self.get_a(field)?;
                }
                O::GetfieldBW | O::GetfieldSW => {
                    let field = self.field_w()?;
                    self.get_s(field)?;
                }
                O::GetfieldIW => {
                    let field = self.field_w()?;
                    self.get_i(field)?;
                }
                other => return Ok(Some(other)),
            }
            if SINGLE {
                return Ok(None);
            }
        }
    }
}
