//! Calls and returns (JCVM 3.0.5 §7.5: invokevirtual, invokespecial, invokestatic, invokeinterface, xreturn), with
//! context switches (JCRE 3.0.5 §6.2.8.4 to §6.2.8.6 and §6.2.8.11).

use hydra_cap::MethodHeader;
use hydra_cap::api::{MethodId, Param};

use super::operands::{Operands, Registers};
use super::{Exit, Frame, FrameKind, Machine};
use crate::args::Args;
use crate::class::{Method, Target, api_index};
use crate::error::{Fault, Stop};
use crate::exception::{Exception, Refusal};
use crate::firewall::{self, SharedCall};
use crate::ids::{ClassIndex, ContextId, ObjRef, Owner, PackageId};
use crate::package::Entry;
use crate::value::Value;
use crate::word::Word;

impl Machine<'_> {
    /// §7.5 invokestatic
    pub(super) fn invokestatic(&mut self) -> Result<(), Stop> {
        match self.entry_u2()? {
            Entry::StaticMethod(method) => {
                let arguments = self.arguments(method.nargs)?;
                self.call(method, arguments, self.active)
            }
            _ => Err(Fault::IllegalInstruction.into()),
        }
    }

    /// §7.5 invokespecial: a constructor, a private method, or a superclass's method.
    pub(super) fn invokespecial(&mut self) -> Result<(), Stop> {
        let (method, class) = match self.entry_u2()? {
            Entry::StaticMethod(method) => (method, None),
            Entry::Super { class, method } => (method, Some(class)),
            _ => return Err(Fault::IllegalInstruction.into()),
        };
        let arguments = self.arguments(method.nargs)?;
        let this = self.receiver(arguments)?;
        let granted = self.check_special(this, method, class);
        self.grant(granted)?;
        self.call(method, arguments, self.active)
    }

    /// A call that does not switch to the owner of its object: code finds at each access that the object is not its own,
    /// or of another class. A native of the API has no such access, so it is the call that is refused.
    #[inline(always)]
    fn check_special(
        &self,
        this: ObjRef,
        method: Method,
        class: Option<ClassIndex>,
    ) -> Result<(), Refusal> {
        let object = self.object(this)?;
        let native = match method.target {
            Target::Native(method) => Some(api_index(method.get().class)),
            Target::Code { .. } | Target::Abstract => None,
        };
        let of = |class| self.vm.is_subclass(self.vm.class_of(object), class);
        if !class.or(native).is_none_or(of) {
            return Err(Fault::TypeConfusion.into());
        }
        if native.is_some() && !firewall::may_use_fields(self.active.context, object) {
            return Err(Exception::Security.into());
        }
        Ok(())
    }

    /// §7.5 invokevirtual
    pub(super) fn invokevirtual(&mut self) -> Result<(), Stop> {
        let Entry::Virtual { class, slot, nargs } = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction.into());
        };
        let arguments = self.arguments(nargs)?;
        let this = self.receiver(arguments)?;
        let found = self.find_virtual(this, class, slot);
        let (method, owner) = self.grant(found)?;
        if method.nargs != nargs {
            return Err(Fault::Signature.into());
        }
        self.call(method, arguments, owner)
    }

    #[inline(always)]
    fn find_virtual(
        &self,
        this: ObjRef,
        class: ClassIndex,
        slot: u16,
    ) -> Result<(Method, Owner), Refusal> {
        let object = self.object(this)?;
        let actual = self.vm.class_of(object);
        if !self.vm.is_subclass(actual, class) {
            return Err(Fault::TypeConfusion.into());
        }
        let owner = firewall::virtual_call(self.active, object).ok_or(Exception::Security)?;
        let class = self.vm.class(actual).ok_or(Fault::NoSuchMember)?;
        let method = class
            .methods
            .get(usize::from(slot))
            .ok_or(Fault::NoSuchMember)?;
        Ok((*method, owner))
    }

    /// §7.5 invokeinterface
    pub(super) fn invokeinterface(&mut self) -> Result<(), Stop> {
        let nargs = self.u1()?;
        let Entry::Class(interface) = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction.into());
        };
        let token = self.u1()?;
        let arguments = self.arguments(nargs)?;
        let this = self.receiver(arguments)?;
        let found = self.find_interface(this, interface, token);
        let (method, owner) = self.grant(found)?;
        if method.nargs != nargs {
            return Err(Fault::Signature.into());
        }
        self.call(method, arguments, owner)
    }

    fn find_interface(
        &self,
        this: ObjRef,
        interface: ClassIndex,
        token: u8,
    ) -> Result<(Method, Owner), Refusal> {
        let object = self.object(this)?;
        let class = self
            .vm
            .class(self.vm.class_of(object))
            .ok_or(Fault::NoSuchMember)?;
        let shareable = self
            .vm
            .class(interface)
            .is_some_and(|interface| interface.shareable);
        let owner = if shareable {
            let call = SharedCall {
                class_is_shareable: class.shareable,
                owner_is_busy: self.vm.is_busy(object.owner.applet),
            };
            firewall::shareable_call(self.active, object, &call)
        } else {
            firewall::virtual_call(self.active, object)
        };
        let owner = owner.ok_or(Exception::Security)?;
        let implemented = class.implements(interface).ok_or(Fault::TypeConfusion)?;
        let slot = implemented
            .slots
            .get(usize::from(token))
            .ok_or(Fault::NoSuchMember)?;
        let method = class
            .methods
            .get(usize::from(*slot))
            .ok_or(Fault::NoSuchMember)?;
        Ok((*method, owner))
    }

    /// The object whose method is called: the first argument.
    #[inline(always)]
    fn receiver(&self, arguments: usize) -> Result<ObjRef, Fault> {
        let word = self.vm.stack.get(self.floor + arguments);
        let word = word.ok_or(Fault::OperandStack)?;
        word.as_reference().ok_or(Fault::TypeConfusion)
    }

    /// Which operand is the first argument of a call.
    #[inline(always)]
    fn arguments(&self, nargs: u8) -> Result<usize, Fault> {
        let first = self.regs.sp.checked_sub(nargs.into());
        first.ok_or(Fault::OperandStack)
    }

    #[inline(always)]
    fn call(&mut self, method: Method, arguments: usize, owner: Owner) -> Result<(), Stop> {
        match method.target {
            Target::Code { package, offset } => {
                Ok(self.enter((package, offset), arguments, owner, FrameKind::Inner)?)
            }
            Target::Native(id) => self.call_native(id, arguments, owner),
            Target::Abstract => Err(Fault::AbstractMethod.into()),
        }
    }

    /// Makes a frame for a method whose arguments are on the stack.
    #[inline(always)]
    pub(super) fn enter(
        &mut self,
        (package, offset): (PackageId, u32),
        arguments: usize,
        owner: Owner,
        kind: FrameKind,
    ) -> Result<(), Fault> {
        self.count_step()?;
        if kind == FrameKind::Inner
            && let Some(caller) = self.vm.frames.last_mut()
        {
            caller.pc = self.regs.pc;
        }
        if package != self.package.id {
            let package = self.vm.package(package);
            self.package = package.cloned().ok_or(Fault::NoSuchMember)?;
        }
        let start = usize::try_from(offset).map_err(|_| Fault::IllegalInstruction)?;
        let header = self.code().get(start..).and_then(MethodHeader::read);
        let header = header.ok_or(Fault::IllegalInstruction)?;
        if header.is_abstract {
            return Err(Fault::AbstractMethod);
        }
        if usize::from(header.nargs) != self.regs.sp - arguments {
            return Err(Fault::Signature);
        }
        let base = self.floor + arguments;
        let fresh = self.floor + self.regs.sp;
        let floor = fresh + usize::from(header.max_locals);
        let limit = floor + usize::from(header.max_stack);
        if limit > self.vm.stack.len() {
            self.vm.grow_stack(limit)?;
        }
        if self.vm.frames.len() >= self.vm.limits.frames {
            return Err(Fault::StackOverflow);
        }
        if let Some(locals) = self.vm.stack.get_mut(fresh..floor) {
            locals.fill(Word::ZERO);
        }
        self.vm.high = self.vm.high.max(limit);
        self.active = owner;
        let pc = start + usize::from(header.size);
        self.regs = Registers { at: pc, pc, sp: 0 };
        (self.base, self.floor, self.limit) = (base, floor, limit);
        self.vm.frames.push(Frame {
            owner,
            package: self.package.id,
            kind,
            base,
            floor,
            limit,
            pc,
        });
        Ok(())
    }

    /// Ends the innermost frame; whether it was the entry.
    #[inline(always)]
    pub(super) fn leave(&mut self) -> bool {
        let Some(frame) = self.vm.frames.pop() else {
            return true;
        };
        let Some(caller) = self
            .vm
            .frames
            .last()
            .filter(|_| frame.kind == FrameKind::Inner)
        else {
            return true;
        };
        if caller.package != self.package.id {
            match self.vm.package(caller.package) {
                Some(package) => self.package = package.clone(),
                None => return true,
            }
        }
        self.active = caller.owner;
        self.regs = Registers {
            // Inside the instruction that made the call, which is as good as its beginning.
            at: caller.pc.saturating_sub(1),
            pc: caller.pc,
            // The arguments are gone.
            sp: frame.base - caller.floor,
        };
        (self.base, self.floor, self.limit) = (caller.base, caller.floor, caller.limit);
        false
    }

    #[inline(always)]
    fn call_native(
        &mut self,
        method: MethodId,
        arguments: usize,
        owner: Owner,
    ) -> Result<(), Stop> {
        self.count_step()?;
        // The arguments stay on the stack meanwhile, where the native reads them: they must not be collected or forgotten.
        self.vm.sp = self.floor + self.regs.sp;
        let args = Args::at(self.floor + arguments);
        let result = if owner != self.active && owner.context != ContextId::JCRE {
            let depth = self.vm.frames.len();
            let frame = Frame::native(owner, FrameKind::Native, self.vm.sp);
            self.vm.frames.push(frame);
            let result = self.host.native(self.vm, method, args);
            self.vm.frames.truncate(depth);
            result
        } else {
            self.host.native(self.vm, method, args)
        };
        self.regs.sp = arguments;
        match (result?, method.get().result) {
            (None, None) => Ok(()),
            (Some(Value::Short(value)), Some(Param::Short)) => Ok(self.push_short(value)?),
            (Some(Value::Int(value)), Some(Param::Int)) => Ok(self.push_int(value)?),
            (Some(Value::Ref(obj)), Some(param)) if self.vm.fits(obj, param)? => {
                Ok(self.push_reference(obj)?)
            }
            _ => Err(Fault::Signature.into()),
        }
    }

    /// §7.5 areturn
    pub(super) fn areturn(&mut self) -> Result<(), Exit> {
        let value = self.pop_reference()?;
        if self.leave() {
            return Err(Exit::Return(Some(Value::Ref(value))));
        }
        Ok(self.push_reference(value)?)
    }

    /// §7.5 sreturn
    #[inline(always)]
    pub(super) fn sreturn(&mut self) -> Result<(), Exit> {
        let value = self.pop_short()?;
        if self.leave() {
            return Err(Exit::Return(Some(Value::Short(value))));
        }
        Ok(self.push_short(value)?)
    }

    /// §7.5 ireturn
    pub(super) fn ireturn(&mut self) -> Result<(), Exit> {
        let value = self.pop_int()?;
        if self.leave() {
            return Err(Exit::Return(Some(Value::Int(value))));
        }
        Ok(self.push_int(value)?)
    }

    /// §7.5 return
    #[inline(always)]
    pub(super) fn return_nothing(&mut self) -> Result<(), Exit> {
        if self.leave() {
            return Err(Exit::Return(None));
        }
        Ok(())
    }
}
