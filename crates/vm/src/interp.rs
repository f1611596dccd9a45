//! The interpreter (JCVM 3.0.5 §7.5).
//!
//! Two loops read opcodes and hand them to handlers, which are grouped by family in the files below: the [`Inner`]'s runs
//! instructions that need little more than their frame, the [`Machine`]'s all others. The linker has looked at the code, so
//! control stays within methods and constant pool entries are of the right kind; a handler still reads through checked
//! accessors, since a fault is cheap and a panic is not allowed.

mod arith;
mod array;
mod branch;
mod field;
mod inner;
mod invoke;
mod local;
mod object;
mod operands;
mod stack;

use alloc::sync::Arc;

use hydra_cap::api::{ApiFlags, MethodId, Param};
use hydra_cap::opcode::Opcode;

use crate::args::Args;
use crate::class::native_words;
use crate::error::{Fault, Stop};
use crate::exception::Refusal;
use crate::heap::Object;
use crate::host::Host;
use crate::ids::{ContextId, ObjRef, Owner, PackageId};
use crate::package::{Entry, Package};
use crate::value::{MethodRef, Value};
use crate::vm::Vm;
use crate::word::Word;
use inner::Inner;
use operands::{Operands, Registers};

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
    /// Where the local variables begin on the stack; arguments first.
    base: usize,
    /// Where the operands begin.
    floor: usize,
    /// Where they must end.
    limit: usize,
    /// Where it goes on, once the frame above is gone.
    pc: usize,
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
            base: top,
            floor: top,
            limit: top,
            pc: 0,
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

/// The running method, and all that it may reach.
struct Machine<'a> {
    vm: &'a mut Vm,
    host: &'a mut dyn Host,
    package: Arc<Package>,
    active: Owner,
    /// Where its local variables begin on the stack, its operands, and where these must end.
    base: usize,
    floor: usize,
    limit: usize,
    regs: Registers,
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
            } else if let Some(used) = self.stack.get_mut(..self.high) {
                used.fill(Word::ZERO);
            }
            self.high = 0;
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
        self.high = self.high.max(base + MAX_ARGS);
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
        let (row, arguments) = (method.get(), Args::at(base));
        if !row.flags.has(ApiFlags::STATIC) {
            arguments.reference(self, 0, Param::Instance(row.class))?;
        }
        let frame = Frame::native(owner, FrameKind::Entry, self.sp);
        self.frames.push(frame);
        host.native(self, method, arguments)
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
        if self.entered != Some((package.id, offset)) {
            if !package.has_method(offset) {
                return Err(Fault::NoSuchMember.into());
            }
            self.entered = Some((package.id, offset));
        }
        let observed = self.observer.is_some();
        let sp = self.sp;
        if self.stack.len() < sp + MAX_ARGS {
            self.grow_stack(sp + MAX_ARGS)?;
        }
        self.high = self.high.max(sp + MAX_ARGS);
        let id = package.id;
        let mut machine = Machine {
            vm: self,
            host,
            package,
            active: owner,
            base: sp,
            floor: sp,
            limit: sp + MAX_ARGS,
            regs: Registers::START,
        };
        for arg in args {
            match *arg {
                Value::Short(value) => machine.push_short(value)?,
                Value::Int(value) => machine.push_int(value)?,
                Value::Ref(value) => machine.push_reference(value)?,
            }
        }
        machine.enter((id, offset), 0, owner, FrameKind::Entry)?;
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
            if OBSERVED {
                self.observe();
            }
            let mut inner = self.inner()?;
            let next = inner.run::<OBSERVED>();
            self.regs = inner.regs;
            let Some(opcode) = self.grant(next)? else {
                continue;
            };
            match opcode {
                O::Aastore => self.aastore()?,
                O::Bastore => self.bastore()?,
                O::Sastore => self.sastore()?,
                O::Iastore => self.iastore()?,
                O::DupX => self.dup_x()?,
                O::SwapX => self.swap_x()?,
                O::Jsr => self.jsr()?,
                O::Ret => self.ret()?,
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
                O::Athrow => self.athrow()?,
                O::Checkcast => self.checkcast()?,
                O::Instanceof => self.instanceof()?,
                O::PutfieldAW => self.field_short_index(Self::putfield_a)?,
                O::PutfieldBW => self.field_short_index(Self::putfield_b)?,
                O::PutfieldSW => self.field_short_index(Self::putfield_s)?,
                O::PutfieldIW => self.field_short_index(Self::putfield_i)?,
                O::PutfieldAThis => self.put_a_this()?,
                O::PutfieldBThis => self.put_b_this()?,
                O::PutfieldSThis => self.put_s_this()?,
                O::PutfieldIThis => self.put_i_this()?,
                // The others are the inner loop's.
                _ => return Err(Fault::IllegalInstruction.into()),
            }
        }
    }

    #[cold]
    fn observe(&mut self) {
        let at = self.regs.pc;
        let opcode = self.code().get(at).copied().and_then(Opcode::from_byte);
        if let (Some(observer), Some(opcode)) = (&self.vm.observer, opcode) {
            observer.instruction(&self.package, u32::try_from(at).unwrap_or(u32::MAX), opcode);
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
                handler.covered.contains(&self.regs.at)
                    && handler
                        .class
                        .is_none_or(|wanted| self.vm.is_subclass(class, wanted))
            });
            if let Some(handler) = handler {
                // Counted, or a handler that throws into itself would run for ever.
                self.regs.pc = handler.start;
                self.count_step()?;
                self.regs.sp = 0;
                self.push_reference(exception)?;
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
        self.vm.heap.object(obj)
    }

    #[inline(always)]
    fn entry(&self, index: u16) -> Result<Entry, Fault> {
        self.package.entry(index).ok_or(Fault::IllegalInstruction)
    }

    #[inline(always)]
    fn entry_u2(&mut self) -> Result<Entry, Fault> {
        let index = self.u2()?;
        self.entry(index)
    }

    /// What the inner loop needs to go on.
    #[inline(always)]
    fn inner(&mut self) -> Result<Inner<'_>, Fault> {
        let vm = &mut *self.vm;
        let frame = vm.stack.get_mut(self.base..self.limit);
        let frame = frame.and_then(|frame| frame.split_at_mut_checked(self.floor - self.base));
        let (locals, operands) = frame.ok_or(Fault::StackOverflow)?;
        Ok(Inner {
            package: &self.package,
            code: &self.package.code,
            locals,
            operands,
            regs: self.regs,
            steps: &mut vm.steps,
            heap: &vm.heap,
            classes: &vm.classes,
            active: &self.active,
            selected: &vm.selected,
            depth: vm.frames.len(),
        })
    }

    #[inline(always)]
    fn locals(&self) -> &[Word] {
        let locals = self.vm.stack.get(self.base..self.floor);
        locals.unwrap_or_default()
    }
}

impl Operands for Machine<'_> {
    #[inline(always)]
    fn code(&self) -> &[u8] {
        &self.package.code
    }

    #[inline(always)]
    fn registers(&mut self) -> &mut Registers {
        &mut self.regs
    }

    #[inline(always)]
    fn operands(&mut self) -> (&mut [Word], &mut Registers) {
        let operands = self.vm.stack.get_mut(self.floor..self.limit);
        (operands.unwrap_or_default(), &mut self.regs)
    }

    #[inline(always)]
    fn steps(&mut self) -> &mut u64 {
        &mut self.vm.steps
    }
}
