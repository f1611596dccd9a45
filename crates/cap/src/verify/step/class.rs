//! Classes: instances, casts, and who may use what.

use alloc::format;

use super::super::Rule;
use super::super::flow::{Flow, State, Stop};
use super::super::members::{Access, Entry};
use super::super::types::{Kind, Type};
use super::super::world::ClassIx;
use super::Step;
use super::array::primitive_array;
use crate::opcode::{Instruction, Operands};

impl Flow<'_, '_> {
    /// §7.5 new.
    pub(super) fn new_object(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let class = self.class_operand(instruction)?;
        self.class_access(at, class);
        let known = self.members().world.class(class);
        if known.known && (known.interface || known.is_abstract) {
            let text = "an interface or an abstract class has no instances";
            self.fault(at, Rule::Instantiation, text);
        }
        // What the same instruction made before and nobody finished can't be told from the new object.
        let made = Type::New(u32::try_from(at).unwrap_or(u32::MAX));
        for word in state.locals.iter_mut().chain(&mut state.stack) {
            if *word == made {
                *word = Type::Top;
            }
        }
        self.made.insert(at, class);
        self.push(state, at, made)
    }

    /// §7.5 athrow.
    pub(super) fn athrow(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let found = self.pop_reference(state, at)?;
        let throwable = self.members().world.throwable();
        if !self.fits(found, Kind::Class(throwable)) {
            let found = self.name(found);
            self.fault(at, Rule::Throw, format!("{found} is thrown"));
        }
        Ok(())
    }

    pub(super) fn class_operand(&self, instruction: &Instruction<'_>) -> Step<ClassIx> {
        match self.entry(instruction) {
            Some(Entry::Class(class)) => Ok(*class),
            _ => Err(Stop),
        }
    }

    pub(super) fn cast_type(&mut self, instruction: &Instruction<'_>) -> Step<Type> {
        let Operands::TypeCheck { kind, .. } = instruction.operands else {
            return Err(Stop);
        };
        Ok(match kind {
            0 => {
                let class = self.class_operand(instruction)?;
                self.class_access(instruction.offset, class);
                self.declared(Kind::Class(class))
            }
            14 => {
                let class = self.class_operand(instruction)?;
                self.class_access(instruction.offset, class);
                self.declared(Kind::Objects(class))
            }
            kind => primitive_array(kind),
        })
    }

    /// A class that is not public is for its own package.
    pub(super) fn class_access(&mut self, at: usize, class: ClassIx) {
        let package = self.package();
        let world = &self.members().world;
        let known = world.class(class);
        if known.known && !known.public && !world.same_package(class, package) {
            self.fault(at, Rule::ClassAccess, "the class is another package's own");
        }
    }

    pub(super) fn may_access(
        &mut self,
        declaring: ClassIx,
        access: Access,
        object: Option<Type>,
    ) -> bool {
        let (class, package) = (self.class, self.package());
        let world = &self.members().world;
        match access {
            Access::Public => true,
            Access::Private => declaring == class,
            _ if world.same_package(declaring, package) => true,
            Access::Package => false,
            Access::Protected => {
                world.is_sub(class, declaring)
                    && object.is_none_or(|object| {
                        object.is_uninitialized() || self.fits(object, Kind::Class(class))
                    })
            }
        }
    }
}
