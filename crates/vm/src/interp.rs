//! The interpreter (JCVM 3.0.5 §7.5).
//!
//! One loop reads an opcode and hands it to a handler; the handlers are grouped by family in the files below. The linker
//! has looked at the code, so control stays within methods and constant pool entries are of the right kind; a handler still
//! reads through checked accessors, since a fault is cheap and a panic is not allowed.

mod arith;
mod array;
mod branch;
mod field;
mod invoke;
mod local;
mod object;
mod stack;

use alloc::sync::Arc;

use hydra_cap::api::MethodId;
use hydra_cap::opcode::Opcode;

use crate::args::Args;
use crate::class::native_words;
use crate::error::{Fault, Stop};
use crate::exception::{Exception, Refusal};
use crate::heap::{Body, Object};
use crate::host::Host;
use crate::ids::{ContextId, ObjRef, Owner, PackageId};
use crate::package::{Entry, Package};
use crate::value::{MethodRef, Value};
use crate::vm::Vm;
use crate::word::Word;

/// How deep natives and bytecode may call each other.
const MAX_NESTING: usize = 24;

/// The most words of arguments of a method.
const MAX_ARGS: usize = 32;

/// Words of stack and frames that a card keeps between commands.
const IDLE_STACK: usize = 128;
const IDLE_FRAMES: usize = 16;

/// A method in execution. The innermost one's registers are in the [`Machine`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) owner: Owner,
    package: PackageId,
    kind: FrameKind,
    /// The instruction that called the frame above.
    at: usize,
    /// The instruction after it.
    pc: usize,
    /// Where the local variables begin on the stack; arguments first.
    locals: usize,
    /// Where the operands begin.
    floor: usize,
    /// Where they must end.
    limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FrameKind {
    /// Called by bytecode.
    Inner,
    /// Called by the runtime or by a native: what is below it is not its caller.
    Entry,
    /// Stands for a native that runs on behalf of another context than its caller.
    Native,
}

impl Frame {
    pub(crate) fn is_entry(&self) -> bool {
        self.kind == FrameKind::Entry
    }

    fn native(owner: Owner, kind: FrameKind, top: usize) -> Self {
        Self {
            owner,
            package: PackageId(0),
            kind,
            at: 0,
            pc: 0,
            locals: top,
            floor: top,
            limit: top,
        }
    }
}

/// Why the loop ends or goes elsewhere.
enum Exit {
    Stop(Stop),
    Return(Option<Value>),
}

impl From<Stop> for Exit {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        Self::Stop(fault.into())
    }
}

/// The registers of the running method.
struct Machine<'a> {
    vm: &'a mut Vm,
    host: &'a mut dyn Host,
    package: Arc<Package>,
    /// The package's code, at hand.
    code: Arc<[u8]>,
    active: Owner,
    at: usize,
    pc: usize,
    sp: usize,
    locals: usize,
    floor: usize,
    limit: usize,
}

impl Vm {
    /// Invokes a method on behalf of `owner` and runs it to its end. Natives may call this again, some levels deep.
    pub fn invoke(
        &mut self,
        host: &mut dyn Host,
        method: MethodRef,
        args: &[Value],
        owner: Owner,
    ) -> Result<Option<Value>, Stop> {
        if self.nesting >= MAX_NESTING || self.frames.len() >= self.limits.frames {
            return Err(Fault::StackOverflow.into());
        }
        if self.stack.is_empty() {
            self.grow_stack(IDLE_STACK)?;
        }
        let (sp, frames) = (self.sp, self.frames.len());
        self.nesting += 1;
        let result = match method {
            MethodRef::Native(method) => self.invoke_native(host, method, args, owner),
            MethodRef::Code { package, offset } => {
                self.invoke_code(host, package, offset, args, owner)
            }
        };
        self.nesting -= 1;
        self.frames.truncate(frames);
        self.sp = sp;
        if self.nesting == 0 {
            // An idle card keeps a small stack, and nothing in it.
            if self.stack.len() > IDLE_STACK {
                self.stack = alloc::vec::Vec::new();
            } else {
                self.stack.fill(Word::ZERO);
            }
            if self.frames.capacity() > IDLE_FRAMES {
                self.frames = alloc::vec::Vec::new();
            }
        }
        result
    }

    /// Makes the stack at least `needed` words long, if the card has that many.
    #[cold]
    fn grow_stack(&mut self, needed: usize) -> Result<(), Fault> {
        if needed > self.limits.stack {
            return Err(Fault::StackOverflow);
        }
        let length = needed.next_power_of_two().min(self.limits.stack);
        self.stack.resize(length, Word::ZERO);
        Ok(())
    }

    fn invoke_native(
        &mut self,
        host: &mut dyn Host,
        method: MethodId,
        args: &[Value],
        owner: Owner,
    ) -> Result<Option<Value>, Stop> {
        let base = self.sp;
        if self.stack.len() < base + MAX_ARGS {
            self.grow_stack(base + MAX_ARGS)?;
        }
        for arg in args {
            let words = match *arg {
                Value::Short(value) => [Some(Word::short(value)), None],
                Value::Int(value) => <[_; 2]>::from(Word::int(value)).map(Some),
                Value::Ref(value) => [Some(Word::reference(value)), None],
            };
            for word in words.into_iter().flatten() {
                *self.stack.get_mut(self.sp).ok_or(Fault::Signature)? = word;
                self.sp += 1;
            }
        }
        if self.sp - base != usize::from(native_words(method)) {
            return Err(Fault::Signature.into());
        }
        let frame = Frame::native(owner, FrameKind::Entry, self.sp);
        self.frames.push(frame);
        host.native(self, method, Args::at(base))
    }

    fn invoke_code(
        &mut self,
        host: &mut dyn Host,
        package: PackageId,
        offset: u32,
        args: &[Value],
        owner: Owner,
    ) -> Result<Option<Value>, Stop> {
        let package = self.package(package).cloned().ok_or(Fault::NoSuchMember)?;
        if !package.has_method(offset) {
            return Err(Fault::NoSuchMember.into());
        }
        let observed = self.observer.is_some();
        let sp = self.sp;
        if self.stack.len() < sp + MAX_ARGS {
            self.grow_stack(sp + MAX_ARGS)?;
        }
        let limit = self.stack.len();
        let mut machine = Machine {
            vm: self,
            host,
            code: package.code.clone(),
            package,
            active: owner,
            at: 0,
            pc: 0,
            sp,
            locals: sp,
            floor: sp,
            limit,
        };
        for arg in args {
            machine.push_value(*arg)?;
        }
        let nargs = u8::try_from(machine.sp - sp).map_err(|_| Fault::Signature)?;
        let package = machine.package.id;
        machine.enter(package, offset, nargs, owner, FrameKind::Entry)?;
        if observed {
            machine.run::<true>()
        } else {
            machine.run::<false>()
        }
    }
}

impl Machine<'_> {
    fn run<const OBSERVED: bool>(&mut self) -> Result<Option<Value>, Stop> {
        loop {
            match self.execute::<OBSERVED>() {
                Ok(()) => {}
                Err(Exit::Return(value)) => return Ok(value),
                Err(Exit::Stop(stop)) => self.unwind(stop)?,
            }
        }
    }

    /// Runs instructions until one does not simply go on.
    fn execute<const OBSERVED: bool>(&mut self) -> Result<(), Exit> {
        use Opcode as O;
        loop {
            self.at = self.pc;
            let byte = *self.code.get(self.at).ok_or(Fault::IllegalInstruction)?;
            let opcode = Opcode::from_byte(byte).ok_or(Fault::IllegalInstruction)?;
            self.pc = self.at + 1;
            if OBSERVED {
                self.observe(opcode);
            }
            match opcode {
                O::Nop => {}
                O::AconstNull => self.push(Word::reference(ObjRef::NULL))?,
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
                O::Aastore => self.aastore()?,
                O::Bastore => self.bastore()?,
                O::Sastore => self.sastore()?,
                O::Iastore => self.iastore()?,
                O::Pop => self.drop_words(1)?,
                O::Pop2 => self.drop_words(2)?,
                O::Dup => self.dup()?,
                O::Dup2 => self.dup2()?,
                O::DupX => self.dup_x()?,
                O::SwapX => self.swap_x()?,
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
                O::Jsr => self.jsr()?,
                O::Ret => self.ret()?,
                O::Stableswitch => self.stableswitch()?,
                O::Itableswitch => self.itableswitch()?,
                O::Slookupswitch => self.slookupswitch()?,
                O::Ilookupswitch => self.ilookupswitch()?,
                O::Areturn => self.areturn()?,
                O::Sreturn => self.sreturn()?,
                O::Ireturn => self.ireturn()?,
                O::Return => self.return_nothing()?,
                O::GetstaticA => self.getstatic_a()?,
                O::GetstaticB => self.getstatic_b()?,
                O::GetstaticS => self.getstatic_s()?,
                O::GetstaticI => self.getstatic_i()?,
                O::PutstaticA => self.putstatic_a()?,
                O::PutstaticB => self.putstatic_b()?,
                O::PutstaticS => self.putstatic_s()?,
                O::PutstaticI => self.putstatic_i()?,
                O::GetfieldA => self.field_byte_index(Self::getfield_a)?,
                O::GetfieldB | O::GetfieldS => self.field_byte_index(Self::getfield_s)?,
                O::GetfieldI => self.field_byte_index(Self::getfield_i)?,
                O::PutfieldA => self.field_byte_index(Self::putfield_a)?,
                O::PutfieldB => self.field_byte_index(Self::putfield_b)?,
                O::PutfieldS => self.field_byte_index(Self::putfield_s)?,
                O::PutfieldI => self.field_byte_index(Self::putfield_i)?,
                O::Invokevirtual => self.invokevirtual()?,
                O::Invokespecial => self.invokespecial()?,
                O::Invokestatic => self.invokestatic()?,
                O::Invokeinterface => self.invokeinterface()?,
                O::New => self.new_object()?,
                O::Newarray => self.newarray()?,
                O::Anewarray => self.anewarray()?,
                O::Arraylength => self.arraylength()?,
                O::Athrow => self.athrow()?,
                O::Checkcast => self.checkcast()?,
                O::Instanceof => self.instanceof()?,
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
                O::GetfieldAW => self.field_short_index(Self::getfield_a)?,
                O::GetfieldBW | O::GetfieldSW => self.field_short_index(Self::getfield_s)?,
                O::GetfieldIW => self.field_short_index(Self::getfield_i)?,
                O::GetfieldAThis => self.field_of_this(Self::get_a)?,
                O::GetfieldBThis | O::GetfieldSThis => self.field_of_this(Self::get_s)?,
                O::GetfieldIThis => self.field_of_this(Self::get_i)?,
                O::PutfieldAW => self.field_short_index(Self::putfield_a)?,
                O::PutfieldBW => self.field_short_index(Self::putfield_b)?,
                O::PutfieldSW => self.field_short_index(Self::putfield_s)?,
                O::PutfieldIW => self.field_short_index(Self::putfield_i)?,
                O::PutfieldAThis => self.put_a_this()?,
                O::PutfieldBThis => self.put_b_this()?,
                O::PutfieldSThis => self.put_s_this()?,
                O::PutfieldIThis => self.put_i_this()?,
            }
        }
    }

    #[cold]
    fn observe(&mut self, opcode: Opcode) {
        if let Some(observer) = &self.vm.observer {
            observer.instruction(
                &self.package,
                u32::try_from(self.at).unwrap_or(u32::MAX),
                opcode,
            );
        }
    }

    /// Looks for a handler (JCVM 3.0.5 §6.10), frame by frame up to the entry.
    fn unwind(&mut self, stop: Stop) -> Result<(), Stop> {
        let Stop::Thrown(exception) = stop else {
            return Err(stop);
        };
        let class = self.vm.class_of(self.vm.heap.get(exception)?);
        loop {
            let handler = self.package.handlers.iter().find(|handler| {
                handler.covered.contains(&self.at)
                    && handler
                        .class
                        .is_none_or(|wanted| self.vm.is_subclass(class, wanted))
            });
            if let Some(handler) = handler {
                // Counted, or a handler that throws into itself would run for ever.
                self.pc = handler.start;
                self.count_step()?;
                self.sp = self.floor;
                self.push(Word::reference(exception))?;
                return Ok(());
            }
            if self.leave() {
                return Err(stop);
            }
        }
    }

    /// The exception of a refusal.
    #[inline(always)]
    fn grant<T>(&mut self, access: Result<T, Refusal>) -> Result<T, Stop> {
        access.map_err(|refusal| self.vm.refuse(refusal))
    }

    #[inline(always)]
    fn context(&self) -> ContextId {
        self.active.context
    }

    #[inline(always)]
    fn object(&self, obj: ObjRef) -> Result<&Object, Refusal> {
        if obj.is_null() {
            return Err(Exception::NullPointer.into());
        }
        Ok(self.vm.heap.get(obj)?)
    }

    // --- operands of instructions

    #[inline(always)]
    fn operand<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self
            .code
            .get(self.pc..)
            .and_then(|rest| rest.first_chunk::<N>());
        self.pc += N;
        bytes.copied().ok_or(Fault::IllegalInstruction)
    }

    #[inline(always)]
    fn u1(&mut self) -> Result<u8, Fault> {
        let byte = self.code.get(self.pc).copied();
        self.pc += 1;
        byte.ok_or(Fault::IllegalInstruction)
    }

    #[inline(always)]
    fn s1(&mut self) -> Result<i16, Fault> {
        Ok(i16::from(self.u1()?.cast_signed()))
    }

    #[inline(always)]
    fn s2(&mut self) -> Result<i16, Fault> {
        self.operand().map(i16::from_be_bytes)
    }

    #[inline(always)]
    fn entry(&self, index: u16) -> Result<Entry, Fault> {
        self.package
            .pool
            .get(usize::from(index))
            .copied()
            .ok_or(Fault::IllegalInstruction)
    }

    #[inline(always)]
    fn entry_u2(&mut self) -> Result<Entry, Fault> {
        let index = self.operand().map(u16::from_be_bytes)?;
        self.entry(index)
    }

    // --- the operand stack

    #[inline(always)]
    fn push(&mut self, word: Word) -> Result<(), Fault> {
        if self.sp >= self.limit {
            return Err(Fault::OperandStack);
        }
        *self.vm.stack.get_mut(self.sp).ok_or(Fault::OperandStack)? = word;
        self.sp += 1;
        Ok(())
    }

    #[inline(always)]
    fn pop(&mut self) -> Result<Word, Fault> {
        if self.sp <= self.floor {
            return Err(Fault::OperandStack);
        }
        self.sp -= 1;
        self.vm
            .stack
            .get(self.sp)
            .copied()
            .ok_or(Fault::OperandStack)
    }

    /// The topmost words, the last on top.
    #[inline(always)]
    fn top<const N: usize>(&mut self) -> Result<&mut [Word; N], Fault> {
        let operands = self.vm.stack.get_mut(self.floor..self.sp);
        operands
            .and_then(|operands| operands.last_chunk_mut())
            .ok_or(Fault::OperandStack)
    }

    /// Pops several words at once, the last from the top.
    #[inline(always)]
    fn pop_words<const N: usize>(&mut self) -> Result<[Word; N], Fault> {
        let words = *self.top()?;
        self.sp -= N;
        Ok(words)
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

    #[inline]
    fn push_value(&mut self, value: Value) -> Result<(), Fault> {
        match value {
            Value::Short(value) => self.push_short(value),
            Value::Int(value) => self.push_int(value),
            Value::Ref(value) => self.push(Word::reference(value)),
        }
    }

    #[inline(always)]
    fn pop_short(&mut self) -> Result<i16, Fault> {
        self.pop()?.as_short().ok_or(Fault::TypeConfusion)
    }

    #[inline(always)]
    fn pop_int(&mut self) -> Result<i32, Fault> {
        let [high, low] = self.pop_words()?;
        Word::as_int(high, low).ok_or(Fault::TypeConfusion)
    }

    #[inline(always)]
    fn pop_reference(&mut self) -> Result<ObjRef, Fault> {
        self.pop()?.as_reference().ok_or(Fault::TypeConfusion)
    }
}

/// An array element at an index, copied.
#[inline(always)]
fn element<T: Copy>(elements: &[T], index: i16) -> Result<T, Refusal> {
    let found = usize::try_from(index)
        .ok()
        .and_then(|index| elements.get(index));
    found
        .copied()
        .ok_or(Refusal::Exception(Exception::ArrayIndexOutOfBounds))
}

/// Whether an index is inside an array.
fn inside(body: &Body, index: i16) -> Result<usize, Refusal> {
    let found = usize::try_from(index)
        .ok()
        .filter(|index| *index < body.len());
    found.ok_or(Refusal::Exception(Exception::ArrayIndexOutOfBounds))
}
