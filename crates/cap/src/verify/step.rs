//! What each instruction takes and gives (JCVM 3.0.5 §7.5).

mod array;
mod class;
mod field;
mod invoke;
mod local;
mod stack;

use super::Rule;
use super::flow::{Flow, State, Stop};
use super::members::Entry;
use super::types::{Kind, Type};
use crate::opcode::{Effect, Instruction, Opcode, Operands};
use array::primitive_array;
use local::store;

type Step<T = ()> = Result<T, Stop>;

impl Flow<'_, '_> {
    pub(super) fn step(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        use Opcode as O;
        let at = instruction.offset;
        match instruction.opcode {
            O::Nop | O::Goto | O::GotoW | O::Jsr | O::Ret => Ok(()),
            O::AconstNull => self.push(state, at, Type::Null),
            O::Aload | O::Aload0 | O::Aload1 | O::Aload2 | O::Aload3 => {
                self.aload(state, instruction)
            }
            O::Sload | O::Sload0 | O::Sload1 | O::Sload2 | O::Sload3 => {
                self.short_local(state, instruction);
                self.push(state, at, Type::Short)
            }
            O::Iload | O::Iload0 | O::Iload1 | O::Iload2 | O::Iload3 => {
                self.int_local(state, instruction);
                self.push_kind(state, at, Kind::Int)
            }
            O::Sinc | O::SincW => {
                self.short_local(state, instruction);
                Ok(())
            }
            O::Iinc | O::IincW => {
                self.int_local(state, instruction);
                Ok(())
            }
            O::Astore | O::Astore0 | O::Astore1 | O::Astore2 | O::Astore3 => {
                self.astore(state, instruction)
            }
            O::Sstore | O::Sstore0 | O::Sstore1 | O::Sstore2 | O::Sstore3 => {
                let (local, _) = instruction.local_variable().unwrap_or_default();
                self.pop_short(state, at)?;
                store(state, local, Type::Short);
                Ok(())
            }
            O::Istore | O::Istore0 | O::Istore1 | O::Istore2 | O::Istore3 => {
                self.istore(state, instruction)
            }
            O::Aaload => self.aaload(state, instruction),
            O::Baload | O::Saload | O::Iaload => {
                self.pop_short(state, at)?;
                let kind = self.pop_primitive_array(state, instruction)?;
                self.push_kind(state, at, kind)
            }
            O::Aastore => self.aastore(state, instruction),
            O::Bastore | O::Sastore => {
                self.pop_short(state, at)?;
                self.pop_short(state, at)?;
                self.pop_primitive_array(state, instruction).map(|_| ())
            }
            O::Iastore => {
                self.pop_int(state, at)?;
                self.pop_short(state, at)?;
                self.pop_primitive_array(state, instruction).map(|_| ())
            }
            O::Arraylength => self.arraylength(state, instruction),
            O::Pop => self.drop_words(state, at, 1),
            O::Pop2 => self.drop_words(state, at, 2),
            O::Dup => self.duplicate(state, at, 1, 0),
            O::Dup2 => self.duplicate(state, at, 2, 0),
            O::DupX => match instruction.operands {
                Operands::Mn { m, n } => self.duplicate(state, at, m.into(), n.into()),
                _ => Err(Stop),
            },
            O::SwapX => match instruction.operands {
                Operands::Mn { m, n } => self.swap(state, at, m.into(), n.into()),
                _ => Err(Stop),
            },
            O::Areturn | O::Sreturn | O::Ireturn | O::Return => self.returns(state, instruction),
            O::GetstaticA | O::GetstaticB | O::GetstaticS | O::GetstaticI => {
                self.getstatic(state, instruction)
            }
            O::PutstaticA | O::PutstaticB | O::PutstaticS | O::PutstaticI => {
                self.putstatic(state, instruction)
            }
            O::GetfieldA
            | O::GetfieldB
            | O::GetfieldS
            | O::GetfieldI
            | O::GetfieldAW
            | O::GetfieldBW
            | O::GetfieldSW
            | O::GetfieldIW
            | O::GetfieldAThis
            | O::GetfieldBThis
            | O::GetfieldSThis
            | O::GetfieldIThis => self.getfield(state, instruction),
            O::PutfieldA
            | O::PutfieldB
            | O::PutfieldS
            | O::PutfieldI
            | O::PutfieldAW
            | O::PutfieldBW
            | O::PutfieldSW
            | O::PutfieldIW
            | O::PutfieldAThis
            | O::PutfieldBThis
            | O::PutfieldSThis
            | O::PutfieldIThis => self.putfield(state, instruction),
            O::Invokevirtual => self.invokevirtual(state, instruction),
            O::Invokespecial => self.invokespecial(state, instruction),
            O::Invokestatic => self.invokestatic(state, instruction),
            O::Invokeinterface => self.invokeinterface(state, instruction),
            O::New => self.new_object(state, instruction),
            O::Newarray => {
                self.pop_short(state, at)?;
                let array = match instruction.operands {
                    Operands::ArrayType(kind) => primitive_array(kind),
                    _ => Type::Null,
                };
                self.push(state, at, array)
            }
            O::Anewarray => {
                self.pop_short(state, at)?;
                let class = self.class_operand(instruction)?;
                self.class_access(at, class);
                self.push_kind(state, at, Kind::Objects(class))
            }
            O::Athrow => self.athrow(state, instruction),
            O::Checkcast => {
                self.pop_reference(state, at)?;
                let cast = self.cast_type(instruction)?;
                self.push(state, at, cast)
            }
            O::Instanceof => {
                self.pop_reference(state, at)?;
                self.cast_type(instruction)?;
                self.push(state, at, Type::Short)
            }
            // Constants, arithmetic, conversions and comparisons are as the table of instructions says.
            _ => self.plain(state, instruction),
        }
    }

    fn plain(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        let at = instruction.offset;
        let Effect::Fixed(taken, given) = instruction.opcode.effect() else {
            return Err(Stop);
        };
        let mut words = taken.bytes().rev();
        while let Some(word) = words.next() {
            match word {
                b's' => self.pop_short(state, at)?,
                b'i' => {
                    words.next();
                    self.pop_int(state, at)?;
                }
                b'r' => {
                    self.pop_reference(state, at)?;
                }
                _ => {
                    self.pop(state, at)?;
                }
            }
        }
        let mut words = given.bytes();
        while let Some(word) = words.next() {
            if word == b'i' {
                words.next();
                self.push_kind(state, at, Kind::Int)?;
            } else {
                self.push(state, at, Type::Short)?;
            }
        }
        Ok(())
    }

    fn returns(&mut self, state: &mut State, instruction: &Instruction<'_>) -> Step {
        use Opcode as O;
        let at = instruction.offset;
        let result = self.result;
        let fits = match instruction.opcode {
            O::Areturn => result.is_reference(),
            O::Sreturn => matches!(result, Kind::Boolean | Kind::Byte | Kind::Short),
            O::Ireturn => result == Kind::Int,
            _ => result == Kind::Void,
        };
        if !fits {
            let text = "the method's result is not what the instruction returns";
            self.fault(at, Rule::ReturnType, text);
        } else if result != Kind::Void {
            self.pop_kind(state, at, result, Rule::ReturnType, "the result")?;
        }
        if !state.constructed {
            let text = "a constructor returns and called no other";
            self.fault(at, Rule::Constructor, text);
        }
        Ok(())
    }

    fn entry(&self, instruction: &Instruction<'_>) -> Option<&Entry> {
        self.pool.get(usize::from(instruction.cp_index()?))
    }
}
