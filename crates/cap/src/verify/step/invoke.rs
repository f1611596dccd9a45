//! Invocations: arguments, receivers, constructors.

use alloc::format;

use super::super::Rule;
use super::super::flow::{Flow, State, Stop};
use super::super::members::{Access, Entry, Method};
use super::super::types::{Kind, Type};
use super::super::world::ClassIx;
use super::Step;
use crate::opcode::{Instruction, Operands};

impl Flow<'_, '_> {
    pub(super) fn method_access(&mut self, at: usize, method: &Method, object: Option<Type>) {
        if !self.may_access(method.declaring, method.access, object) {
            self.fault(at, Rule::MethodAccess, "the method is not accessible");
        }
    }

    /// Takes the arguments, not the object.
    pub(super) fn arguments(&mut self, state: &mut State, at: usize, method: &Method) -> Step {
        let Some(signature) = method.signature.clone() else {
            self.unfollowed();
            return Err(Stop);
        };
        for kind in signature.params.iter().rev() {
            self.pop_kind(state, at, *kind, Rule::Argument, "the parameter")?;
        }
        Ok(())
    }

    pub(super) fn result(&mut self, state: &mut State, at: usize, method: &Method) -> Step {
        match &method.signature {
            Some(signature) => self.push_kind(state, at, signature.result),
            None => Err(Stop),
        }
    }

    pub(super) fn invokevirtual(
        &mut self,
        state: &mut State,
        instruction: &Instruction<'_>,
    ) -> Step {
        let at = instruction.offset;
        let (class, method) = match self.entry(instruction) {
            Some(Entry::Virtual(class, Some(method))) => (*class, method.clone()),
            _ => return Err(Stop),
        };
        self.arguments(state, at, &method)?;
        let object = self.pop(state, at)?;
        self.receiver(at, object, class);
        self.class_access(at, class);
        self.method_access(at, &method, Some(object));
        self.result(state, at, &method)
    }

    /// The object of a call has to be one of the class that the call names.
    pub(super) fn receiver(&mut self, at: usize, object: Type, class: ClassIx) {
        if self.fits(object, Kind::Class(class)) {
            return;
        }
        let rule = if object.is_uninitialized() {
            Rule::Uninitialized
        } else {
            Rule::Argument
        };
        let wanted = self.kind_name(Kind::Class(class));
        let found = self.name(object);
        self.fault(
            at,
            rule,
            format!("the method is of {wanted}, {found} is there"),
        );
    }

    pub(super) fn invokespecial(
        &mut self,
        state: &mut State,
        instruction: &Instruction<'_>,
    ) -> Step {
        let at = instruction.offset;
        let (named, method) = match self.entry(instruction) {
            Some(Entry::Super(class, Some(method))) => (Some(*class), method.clone()),
            Some(Entry::Static(Some(method))) => (None, method.clone()),
            _ => return Err(Stop),
        };
        if let Some(named) = named {
            self.arguments(state, at, &method)?;
            let object = self.pop(state, at)?;
            let class = self.class;
            if named != class || self.is_static {
                let text = "a superclass's method is called for another class";
                self.fault(at, Rule::Invokespecial, text);
            }
            self.receiver(at, object, class);
            self.method_access(at, &method, None);
            return self.result(state, at, &method);
        }
        if method.is_constructor {
            return self.construct(state, at, &method);
        }
        self.arguments(state, at, &method)?;
        if method.is_static {
            let text = "invokespecial calls a static method";
            self.fault(at, Rule::Invokespecial, text);
            return self.result(state, at, &method);
        }
        let object = self.pop(state, at)?;
        if method.access != Access::Private {
            let text = "invokespecial calls a method that is neither private nor a superclass's";
            self.fault(at, Rule::Invokespecial, text);
        }
        self.receiver(at, object, method.declaring);
        self.method_access(at, &method, None);
        self.result(state, at, &method)
    }

    /// A constructor: of what `new` made, or in a constructor of `this`.
    pub(super) fn construct(&mut self, state: &mut State, at: usize, method: &Method) -> Step {
        self.arguments(state, at, method)?;
        let object = self.pop(state, at)?;
        let class = self.class;
        let made = match object {
            Type::New(offset) => {
                let made = self
                    .made
                    .get(&usize::try_from(offset).unwrap_or(usize::MAX));
                let made = *made.ok_or(Stop)?;
                let known = self.members().world.class(made).known;
                if made != method.declaring && known {
                    let text = "the constructor is another class's";
                    self.fault(at, Rule::Constructor, text);
                }
                // §7.5 new: a protected constructor is for subclasses' constructors.
                if method.access == Access::Protected {
                    let package = self.package();
                    let same = self.members().world.same_package(method.declaring, package);
                    if !same {
                        self.fault(at, Rule::MethodAccess, "the constructor is protected");
                    }
                } else {
                    self.method_access(at, method, None);
                }
                made
            }
            Type::This => {
                let parent = self.members().world.class(class).parent;
                let unknown = !self.members().world.class(method.declaring).known;
                if method.declaring != class && Some(method.declaring) != parent && !unknown {
                    let text = "the constructor is neither this class's nor its superclass's";
                    self.fault(at, Rule::Constructor, text);
                }
                self.method_access(at, method, None);
                state.constructed = true;
                class
            }
            found => {
                let found = self.name(found);
                let text = format!("{found} was constructed before");
                self.fault(at, Rule::Constructor, text);
                return Ok(());
            }
        };
        let whole = self.declared(Kind::Class(made));
        for word in state.locals.iter_mut().chain(&mut state.stack) {
            if *word == object {
                *word = whole;
            }
        }
        Ok(())
    }

    pub(super) fn invokestatic(
        &mut self,
        state: &mut State,
        instruction: &Instruction<'_>,
    ) -> Step {
        let at = instruction.offset;
        let method = match self.entry(instruction) {
            Some(Entry::Static(Some(method))) => method.clone(),
            _ => return Err(Stop),
        };
        if !method.is_static {
            let text = "invokestatic calls a method that is not static";
            self.fault(at, Rule::Invokestatic, text);
            return Err(Stop);
        }
        self.arguments(state, at, &method)?;
        self.method_access(at, &method, None);
        self.result(state, at, &method)
    }

    pub(super) fn invokeinterface(
        &mut self,
        state: &mut State,
        instruction: &Instruction<'_>,
    ) -> Step {
        let at = instruction.offset;
        let Operands::Interface { nargs, token, .. } = instruction.operands else {
            return Err(Stop);
        };
        let class = self.class_operand(instruction)?;
        self.class_access(at, class);
        let known = self.members().world.class(class);
        if known.known && !known.interface {
            let text = "invokeinterface names a class";
            self.fault(at, Rule::Invokeinterface, text);
            return Err(Stop);
        }
        let Some(method) = self.members().interface_method(class, token) else {
            if self.members().interface_size(class).is_none() {
                // An interface of a package without Descriptor: nobody tells what the call gives.
                self.unfollowed();
            } else {
                let text = "the interface has no such method";
                self.fault(at, Rule::Invokeinterface, text);
            }
            return Err(Stop);
        };
        let words = method.signature.as_ref().map(|signature| signature.words());
        if words.is_some_and(|words| words + 1 != usize::from(nargs)) {
            let text = "the words of arguments are not those of the method";
            self.fault(at, Rule::Invokeinterface, text);
        }
        self.arguments(state, at, &method)?;
        let object = self.pop(state, at)?;
        self.receiver(at, object, class);
        self.result(state, at, &method)
    }
}
