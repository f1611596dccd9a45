//! Fields: whose they are, of which type, and who may use them.

use alloc::format;

use super::super::Rule;
use super::super::flow::{Flow, State, Stop};
use super::super::members::{Entry, Field};
use super::super::types::{Kind, Type};
use super::Step;
use crate::opcode::{Instruction, Opcode};

impl Flow<'_, '_> {
    /// §7.5 getstatic_a, _b, _s, _i.
    pub(super) fn getstatic(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let field = self.static_field(instruction)?;
        let kind = self.field_kind(instruction, &field)?;
        self.field_access(at, &field, None);
        self.push_kind(state, at, kind)
    }

    /// §7.5 putstatic_a, _b, _s, _i.
    pub(super) fn putstatic(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let field = self.static_field(instruction)?;
        let kind = self.field_kind(instruction, &field)?;
        self.field_access(at, &field, None);
        self.final_field(at, &field);
        self.pop_kind(state, at, kind, Rule::OperandType, "the field")
    }

    /// §7.5 getfield in its narrow, wide and `this` forms.
    pub(super) fn getfield(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let field = self.instance_field(instruction)?;
        let kind = self.field_kind(instruction, &field)?;
        let object = self.field_object(state, instruction)?;
        self.field_of(instruction, object, &field, false);
        self.field_access(at, &field, Some(object));
        self.push_kind(state, at, kind)
    }

    /// §7.5 putfield in its narrow, wide and `this` forms.
    pub(super) fn putfield(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let field = self.instance_field(instruction)?;
        let kind = self.field_kind(instruction, &field)?;
        self.pop_kind(state, at, kind, Rule::OperandType, "the field")?;
        let object = self.field_object(state, instruction)?;
        self.field_of(instruction, object, &field, true);
        self.field_access(at, &field, Some(object));
        self.final_field(at, &field);
        Ok(())
    }

    pub(super) fn static_field(&self, instruction: &Instruction<'_>) -> Step<Field> {
        match self.entry(instruction) {
            Some(Entry::StaticField(Some(field))) => Ok(field.clone()),
            _ => Err(Stop),
        }
    }

    pub(super) fn instance_field(&self, instruction: &Instruction<'_>) -> Step<Field> {
        match self.entry(instruction) {
            Some(Entry::InstanceField(Some(field))) => Ok(field.clone()),
            _ => Err(Stop),
        }
    }

    /// The field's type, which has to be what the instruction's name says.
    pub(super) fn field_kind(
        &mut self,
        instruction: &Instruction<'_>,
        field: &Field,
    ) -> Step<Kind> {
        use Opcode as O;
        let kind = field.kind.ok_or(Stop)?;
        let fits = match instruction.opcode {
            O::GetstaticA
            | O::PutstaticA
            | O::GetfieldA
            | O::PutfieldA
            | O::GetfieldAW
            | O::PutfieldAW
            | O::GetfieldAThis
            | O::PutfieldAThis => kind.is_reference(),
            O::GetstaticB
            | O::PutstaticB
            | O::GetfieldB
            | O::PutfieldB
            | O::GetfieldBW
            | O::PutfieldBW
            | O::GetfieldBThis
            | O::PutfieldBThis => matches!(kind, Kind::Boolean | Kind::Byte),
            O::GetstaticS
            | O::PutstaticS
            | O::GetfieldS
            | O::PutfieldS
            | O::GetfieldSW
            | O::PutfieldSW
            | O::GetfieldSThis
            | O::PutfieldSThis => kind == Kind::Short,
            _ => kind == Kind::Int,
        };
        if fits {
            return Ok(kind);
        }
        let name = self.kind_name(kind);
        self.fault(
            instruction.offset,
            Rule::FieldType,
            format!("the field is {name}"),
        );
        Err(Stop)
    }

    /// The object whose field it is: on the stack, or local 0.
    pub(super) fn field_object(
        &mut self,
        state: &mut State,
        instruction: &Instruction<'_>,
    ) -> Step<Type> {
        let at = instruction.offset;
        if !instruction.opcode.is_of_this() {
            return self.pop(state, at);
        }
        if self.is_static {
            self.fault(at, Rule::This, "a static method has no this");
            return Err(Stop);
        }
        Ok(self.local(state, 0))
    }

    /// The object has to be one of the field's class. A constructor may assign its class's own fields before it calls
    /// another: compilers keep the enclosing object there.
    pub(super) fn field_of(
        &mut self,
        instruction: &Instruction<'_>,
        object: Type,
        field: &Field,
        put: bool,
    ) {
        let at = instruction.offset;
        if object == Type::This && put && field.declaring == self.class {
            return;
        }
        if self.fits(object, Kind::Class(field.declaring)) {
            return;
        }
        let rule = match object {
            _ if object.is_uninitialized() => Rule::Uninitialized,
            _ if instruction.opcode.is_of_this() => Rule::This,
            _ => Rule::OperandType,
        };
        let wanted = self.kind_name(Kind::Class(field.declaring));
        let found = self.name(object);
        self.fault(
            at,
            rule,
            format!("the field is of {wanted}, {found} is there"),
        );
    }

    pub(super) fn field_access(&mut self, at: usize, field: &Field, object: Option<Type>) {
        if !self.may_access(field.declaring, field.access, object) {
            self.fault(at, Rule::FieldAccess, "the field is not accessible");
        }
    }

    /// §7.5 putfield, putstatic: final fields are assigned in their class.
    pub(super) fn final_field(&mut self, at: usize, field: &Field) {
        if field.is_final && field.declaring != self.class {
            self.fault(
                at,
                Rule::FinalField,
                "the field is another class's final one",
            );
        }
    }
}
