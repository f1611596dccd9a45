//! Calls and returns (JCVM 3.0.5 §7.5: invokevirtual, invokespecial, invokestatic, invokeinterface, xreturn), with
//! context switches (JCRE 3.0.5 §6.2.8.4 to §6.2.8.6 and §6.2.8.11).

use hydra_cap::MethodHeader;
use hydra_cap::api::{MethodId, Param};

use super::{Exit, Frame, FrameKind, Machine};
use crate::args::Args;
use crate::class::{Method, Target};
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
            Entry::StaticMethod(method) => self.call(method, self.active),
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
        let this = self.argument(method.nargs)?;
        let granted = self.check_special(this, method, class);
        self.grant(granted)?;
        self.call(method, self.active)
    }

    /// A call that does not switch to the owner of its object: code finds at each access that the object is not its own,
    /// a native of the API has no such access, so it is the call that is refused.
    #[inline(always)]
    fn check_special(
        &self,
        this: ObjRef,
        method: Method,
        class: Option<ClassIndex>,
    ) -> Result<(), Refusal> {
        let object = self.object(this)?;
        if class.is_some_and(|class| !self.vm.is_subclass(self.vm.class_of(object), class)) {
            return Err(Fault::TypeConfusion.into());
        }
        let native = matches!(method.target, Target::Native(_));
        if native && !firewall::may_use_fields(self.active.context, object) {
            return Err(Exception::Security.into());
        }
        Ok(())
    }

    /// §7.5 invokevirtual
    pub(super) fn invokevirtual(&mut self) -> Result<(), Stop> {
        let Entry::Virtual { class, slot, nargs } = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction.into());
        };
        let this = self.argument(nargs)?;
        let found = self.find_virtual(this, class, slot);
        let (method, owner) = self.grant(found)?;
        self.call(method, owner)
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
        let this = self.argument(nargs)?;
        let found = self.find_interface(this, interface, token);
        let (method, owner) = self.grant(found)?;
        if method.nargs != nargs {
            return Err(Fault::Signature.into());
        }
        self.call(method, owner)
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

    /// The object reference under the arguments.
    #[inline(always)]
    fn argument(&self, nargs: u8) -> Result<ObjRef, Fault> {
        let at = self
            .sp
            .checked_sub(nargs.into())
            .filter(|at| *at >= self.floor);
        let word = at
            .and_then(|at| self.vm.stack.get(at))
            .ok_or(Fault::OperandStack)?;
        word.as_reference().ok_or(Fault::TypeConfusion)
    }

    #[inline(always)]
    fn call(&mut self, method: Method, owner: Owner) -> Result<(), Stop> {
        match method.target {
            Target::Code { package, offset } => {
                Ok(self.enter(package, offset, method.nargs, owner, FrameKind::Inner)?)
            }
            Target::Native(id) => self.call_native(id, method.nargs, owner),
            Target::Abstract => Err(Fault::AbstractMethod.into()),
        }
    }

    /// Makes a frame for a method whose arguments are on the stack.
    #[inline(always)]
    pub(super) fn enter(
        &mut self,
        package: PackageId,
        offset: u32,
        nargs: u8,
        owner: Owner,
        kind: FrameKind,
    ) -> Result<(), Fault> {
        self.count_step()?;
        if package != self.package.id {
            let package = self
                .vm
                .package(package)
                .cloned()
                .ok_or(Fault::NoSuchMember)?;
            self.save();
            self.code = package.code.clone();
            self.package = package;
        } else if kind == FrameKind::Inner {
            self.save();
        }
        let start = usize::try_from(offset).map_err(|_| Fault::IllegalInstruction)?;
        let header = self.code.get(start..).and_then(MethodHeader::read);
        let header = header.ok_or(Fault::IllegalInstruction)?;
        if header.is_abstract {
            return Err(Fault::AbstractMethod);
        }
        if header.nargs != nargs {
            return Err(Fault::Signature);
        }
        let locals = self
            .sp
            .checked_sub(nargs.into())
            .filter(|at| *at >= self.floor)
            .ok_or(Fault::OperandStack)?;
        let floor = self.sp + usize::from(header.max_locals);
        let limit = floor + usize::from(header.max_stack);
        if limit > self.vm.stack.len() {
            self.vm.grow_stack(limit)?;
        }
        if self.vm.frames.len() >= self.vm.limits.frames {
            return Err(Fault::StackOverflow);
        }
        if let Some(fresh) = self.vm.stack.get_mut(self.sp..floor) {
            fresh.fill(Word::ZERO);
        }
        self.vm.frames.push(Frame {
            owner,
            package: self.package.id,
            kind,
            at: 0,
            pc: 0,
            locals,
            floor,
            limit,
        });
        self.active = owner;
        self.pc = start + usize::from(header.size);
        self.at = self.pc;
        self.sp = floor;
        self.locals = locals;
        self.floor = floor;
        self.limit = limit;
        Ok(())
    }

    /// Keeps the registers that a return needs.
    #[inline(always)]
    fn save(&mut self) {
        let (at, pc) = (self.at, self.pc);
        if let Some(frame) = self.vm.frames.last_mut() {
            frame.at = at;
            frame.pc = pc;
        }
    }

    /// Ends the innermost frame; whether it was the entry.
    #[inline(always)]
    pub(super) fn leave(&mut self) -> bool {
        let Some(frame) = self.vm.frames.pop() else {
            return true;
        };
        self.sp = frame.locals;
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
                Some(package) => {
                    self.code = package.code.clone();
                    self.package = package.clone();
                }
                None => return true,
            }
        }
        self.active = caller.owner;
        self.at = caller.at;
        self.pc = caller.pc;
        self.locals = caller.locals;
        self.floor = caller.floor;
        self.limit = caller.limit;
        false
    }

    fn call_native(&mut self, method: MethodId, nargs: u8, owner: Owner) -> Result<(), Stop> {
        self.count_step()?;
        let base = self
            .sp
            .checked_sub(nargs.into())
            .filter(|at| *at >= self.floor)
            .ok_or(Fault::OperandStack)?;
        // The arguments stay on the stack meanwhile, where the native reads them: they must not be collected or forgotten.
        self.save();
        self.vm.sp = self.sp;
        let depth = self.vm.frames.len();
        if owner != self.active && owner.context != ContextId::JCRE {
            self.vm
                .frames
                .push(Frame::native(owner, FrameKind::Native, self.sp));
        }
        let result = self.host.native(self.vm, method, Args::at(base));
        self.vm.frames.truncate(depth);
        self.sp = base;
        let result = result?;
        let fits = match (result, method.get().result) {
            (None, None)
            | (Some(Value::Short(_)), Some(Param::Short))
            | (Some(Value::Int(_)), Some(Param::Int)) => true,
            (Some(Value::Ref(obj)), Some(param)) => self.vm.fits(obj, param)?,
            _ => false,
        };
        match result {
            _ if !fits => Err(Fault::Signature.into()),
            Some(value) => Ok(self.push_value(value)?),
            None => Ok(()),
        }
    }

    /// §7.5 areturn
    pub(super) fn areturn(&mut self) -> Result<(), Exit> {
        let value = self.pop_reference()?;
        if self.leave() {
            return Err(Exit::Return(Some(Value::Ref(value))));
        }
        Ok(self.push(Word::reference(value))?)
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
