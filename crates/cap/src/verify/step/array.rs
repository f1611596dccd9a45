//! Arrays.

use alloc::format;

use super::super::Rule;
use super::super::flow::{Flow, State};
use super::super::types::{Kind, Type};
use super::Step;
use crate::opcode::{Instruction, Opcode};

impl Flow<'_, '_> {
    /// §7.5 aaload.
    pub(super) fn aaload(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        self.pop_short(state, at)?;
        let array = self.pop_array(state, at, "an array of references")?;
        let element = match array {
            Type::Objects(bound) => Type::Object(bound),
            Type::Null => Type::Null,
            other => {
                self.wrong_array(at, "an array of references", other);
                Type::Null
            }
        };
        self.push(state, at, element)
    }

    /// §7.5 aastore: whether the element may lie there is found when it runs.
    pub(super) fn aastore(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        self.pop_reference(state, at)?;
        self.pop_short(state, at)?;
        let array = self.pop_array(state, at, "an array of references")?;
        if !matches!(array, Type::Objects(_) | Type::Null) {
            self.wrong_array(at, "an array of references", array);
        }
        Ok(())
    }

    /// §7.5 arraylength.
    pub(super) fn arraylength(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let array = self.pop_array(state, at, "an array")?;
        if !array.is_array() {
            self.wrong_array(at, "an array", array);
        }
        self.push(state, at, Type::Short)
    }

    /// Takes what should be an array: any reference, which the caller looks at.
    pub(super) fn pop_array(&mut self, state: &mut State, at: usize, wanted: &str) -> Step<Type> {
        let found = self.pop(state, at)?;
        if found.is_reference() {
            return Ok(found);
        }
        self.wrong(at, wanted, found);
        Ok(Type::Null)
    }

    pub(super) fn wrong_array(&mut self, at: usize, wanted: &str, found: Type) {
        let found = self.name(found);
        let text = format!("{wanted} is needed, {found} is there");
        self.fault(at, Rule::ArrayType, text);
    }

    /// Takes the array of a `baload`, `saload` and so on; what its elements are.
    pub(super) fn pop_primitive_array(
        &mut self,
        state: &mut State,
        instruction: &Instruction<'_>,
    ) -> Step<Kind> {
        use Opcode as O;
        let at = instruction.offset;
        let (wanted, kind) = match instruction.opcode {
            O::Baload | O::Bastore => ("byte[] or boolean[]", Kind::Byte),
            O::Saload | O::Sastore => ("short[]", Kind::Short),
            _ => ("int[]", Kind::Int),
        };
        let array = self.pop_array(state, at, wanted)?;
        let fits = match array {
            Type::Null => true,
            Type::Booleans | Type::Bytes => kind == Kind::Byte,
            Type::Shorts => kind == Kind::Short,
            Type::Ints => kind == Kind::Int,
            _ => false,
        };
        if !fits {
            self.wrong_array(at, wanted, array);
        }
        Ok(kind)
    }
}

/// The type of a `newarray`, `checkcast` or `instanceof` with this operand.
pub(super) fn primitive_array(kind: u8) -> Type {
    match kind {
        10 => Type::Booleans,
        11 => Type::Bytes,
        12 => Type::Shorts,
        _ => Type::Ints,
    }
}
