//! Fields, methods and classes that instructions refer to.

use hydra_cap::opcode::Opcode;

use super::{Refused, Writer, branch, index16};
use crate::classfile::{Access, Call, Member, Op};
use crate::code::assemble::Operand;
use crate::code::flow::Node;
use crate::code::typing::width_of;
use crate::diagnostic::dotted;
use crate::pool::Key;
use crate::shape::Shape;
use crate::types::{Signature, Type};
use crate::world::{ClassId, Found, OBJECT, World};

impl Writer<'_, '_, '_> {
    pub(super) fn class_entry(&mut self, class: ClassId) -> Result<u16, Refused> {
        index16(self.linker.pool.class(class))
    }

    pub(super) fn type_check(&mut self, opcode: Opcode, name: &str) -> Result<(), Refused> {
        let operand = match Type::parse_class_or_array(name)? {
            Type::Class(name) => {
                let class = self.linker.world.require(&name)?;
                Operand::TypeCheck(0, Some(self.class_entry(class)?))
            }
            Type::Array(element) => match *element {
                Type::Boolean => Operand::TypeCheck(10, None),
                Type::Byte => Operand::TypeCheck(11, None),
                Type::Short => Operand::TypeCheck(12, None),
                Type::Int => {
                    self.uses_int = true;
                    Operand::TypeCheck(13, None)
                }
                Type::Class(name) => {
                    let class = self.linker.world.require(&name)?;
                    Operand::TypeCheck(14, Some(self.class_entry(class)?))
                }
                Type::Void | Type::Array(_) => return Err(crate::classfile::no_nested_arrays()),
            },
            _ => return Err(format!("{name} is no class")),
        };
        self.put(opcode, operand);
        Ok(())
    }

    pub(super) fn take_field(&mut self, top: Option<Node>, member: &Member) -> Result<(), Refused> {
        let kind = Type::parse(&member.descriptor)?;
        if !kind.is_reference() {
            self.take_top(top, width_of(&kind));
        }
        Ok(())
    }

    pub(super) fn static_field(
        &mut self,
        verb: &str,
        index: usize,
        member: &Member,
    ) -> Result<(), Refused> {
        let kind = Type::parse(&member.descriptor)?;
        let world = self.linker.world;
        let class = world.require(&member.class)?;
        let missing = || format!("no field {} in {}", member.name, dotted(&member.class));
        let found = world
            .field(class, &member.name, &member.descriptor)
            .ok_or_else(missing)?;
        let constant = match found {
            Found::Own(c, f) => world.own_field(c, f).constant,
            Found::Foreign(file, c, f) => world.foreign(file, c).fields[f].value,
        };
        if let Some(value) = constant {
            if verb == "putstatic" {
                return Err(format!("{} is a constant", member.name));
            }
            if let Some(node) = self.flow.results[index] {
                self.constant(value, self.typing.width(self.flow, node));
            }
            return Ok(());
        }
        let key = match found {
            Found::Own(c, f) => Key::OwnStaticField(c, f),
            Found::Foreign(file, c, f) => Key::ForeignStaticField {
                class: ClassId::Foreign(file, c),
                token: world.foreign(file, c).fields[f].token,
            },
        };
        let cp = index16(self.linker.pool.member(key, &member.descriptor))?;
        self.named(&format!("{verb}_{}", kind.letter()), Operand::Index16(cp))?;
        if verb == "getstatic" && !kind.is_reference() {
            self.give(index, width_of(&kind));
        }
        Ok(())
    }

    pub(super) fn field(
        &mut self,
        verb: &str,
        op: &Op,
        taken: &[Node],
        member: &Member,
        index: usize,
    ) -> Result<(), Refused> {
        let kind = Type::parse(&member.descriptor)?;
        let key = instance_field(self.linker.world, self.linker.shapes, member)?;
        let cp = self.linker.pool.member(key, &member.descriptor);
        let letter = kind.letter();
        let implicit = taken
            .first()
            .is_some_and(|node| self.elided.contains(&self.flow.web(*node)));
        match self.field_index(op) {
            Some(cp) if implicit => {
                self.named(&format!("{verb}_{letter}_this"), Operand::Index8(cp))?;
            }
            Some(cp) => self.named(&format!("{verb}_{letter}"), Operand::Index8(cp))?,
            None => {
                let cp = index16(cp)?;
                self.named(&format!("{verb}_{letter}_w"), Operand::Index16(cp))?;
            }
        }
        if verb == "getfield" && !kind.is_reference() {
            self.give(index, width_of(&kind));
        }
        Ok(())
    }

    pub(super) fn invoke(
        &mut self,
        call: Call,
        member: &Member,
        top: Option<Node>,
        index: usize,
    ) -> Result<(), Refused> {
        if is_null_check(member) {
            // javac checks the outer object of `outer.new Inner()` with a method that Java Card
            // lacks. Throwing null is a NullPointerException too.
            self.plain(Opcode::Dup);
            self.put(Opcode::Ifnonnull, branch(index + 1));
            self.plain(Opcode::AconstNull);
            self.plain(Opcode::Athrow);
            return Ok(());
        }
        let signature = Signature::parse(&member.descriptor)?;
        if let Some(last) = signature.parameters.last()
            && !last.is_reference()
        {
            self.take_top(top, width_of(last));
        }
        let target = self.target(call, member)?;
        let receiver = usize::from(call != Call::Static);
        let pops = signature.words() + receiver;
        let pushes = usize::from(signature.result.words());
        self.uses_int |= signature.parameters.contains(&Type::Int) || signature.result == Type::Int;
        match target {
            Target::Entry(opcode, key) => {
                let cp = index16(self.linker.pool.member(key, &member.descriptor))?;
                self.push_item(opcode, Operand::Index16(cp), pops, pushes);
            }
            Target::Interface(class, token) => {
                let cp = self.class_entry(class)?;
                let words = u8::try_from(pops).map_err(|_| "too many arguments".to_owned())?;
                let operand = Operand::Interface(words, cp, token);
                self.push_item(Opcode::Invokeinterface, operand, pops, pushes);
            }
        }
        if signature.result != Type::Void && !signature.result.is_reference() {
            self.give(index, width_of(&signature.result));
        }
        Ok(())
    }

    pub(super) fn target(&self, call: Call, member: &Member) -> Result<Target, Refused> {
        let world = self.linker.world;
        // Arrays have the methods of Object.
        let owner = if member.class.starts_with('[') {
            OBJECT
        } else {
            &member.class
        };
        let class = world.require(owner)?;
        let (name, descriptor) = (member.name.as_str(), member.descriptor.as_str());
        let missing = || {
            format!(
                "{}.{name}{descriptor} is not in this Java Card API or package",
                dotted(owner)
            )
        };
        let mut found = world.method(class, name, descriptor);
        if call == Call::Interface && found.is_none() {
            // Methods of Object may be called on an interface.
            let object = world.require(OBJECT)?;
            found = world.method(object, name, descriptor);
        }
        let found = found.ok_or_else(missing)?;
        if let Found::Own(c, m) = found {
            let method = world.own_method(c, m);
            let hidden = method.access == Access::Private && c != self.class_index;
            if hidden {
                return Err(missing());
            }
            if call == Call::Static || method.is_constructor() || method.access == Access::Private {
                let opcode = if call == Call::Static {
                    Opcode::Invokestatic
                } else {
                    Opcode::Invokespecial
                };
                return Ok(Target::Entry(opcode, Key::OwnStaticMethod(c, m)));
            }
        }
        if let Found::Foreign(file, c, m) = found
            && (call == Call::Static || name == "<init>")
        {
            let opcode = if call == Call::Static {
                Opcode::Invokestatic
            } else {
                Opcode::Invokespecial
            };
            let key = Key::ForeignStaticMethod {
                class: ClassId::Foreign(file, c),
                token: world.foreign(file, c).methods[m].token,
            };
            return Ok(Target::Entry(opcode, key));
        }
        let declaring = match found {
            Found::Own(c, _) => ClassId::Own(c),
            Found::Foreign(file, c, _) => ClassId::Foreign(file, c),
        };
        if call == Call::Special {
            if world.is_interface(class) {
                return Err("a call of an interface's default method".to_owned());
            }
            let token = self.virtual_token(declaring, name, descriptor);
            let key = Key::Super {
                class: ClassId::Own(self.class_index),
                token: token.ok_or_else(missing)?,
            };
            return Ok(Target::Entry(Opcode::Invokespecial, key));
        }
        if world.is_interface(declaring) && world.is_interface(class) {
            let token = self.interface_token(class, name, descriptor);
            return Ok(Target::Interface(class, token.ok_or_else(missing)?));
        }
        // An abstract class's open interface method stands in the class's own table.
        let holder = if world.is_interface(declaring) {
            class
        } else {
            declaring
        };
        let token = self.virtual_token(holder, name, descriptor);
        let key = Key::Virtual {
            class: holder,
            token: token.ok_or_else(missing)?,
        };
        Ok(Target::Entry(Opcode::Invokevirtual, key))
    }

    pub(super) fn virtual_token(&self, class: ClassId, name: &str, descriptor: &str) -> Option<u8> {
        match class {
            ClassId::Own(index) => self.linker.shapes[index].virtual_token(name, descriptor),
            ClassId::Foreign(file, c) => {
                let class = self.linker.world.foreign(file, c);
                class.method(name, descriptor).map(|m| m.token)
            }
        }
    }

    pub(super) fn interface_token(
        &self,
        class: ClassId,
        name: &str,
        descriptor: &str,
    ) -> Option<u8> {
        match class {
            ClassId::Own(index) => self.linker.shapes[index].interface_token(name, descriptor),
            ClassId::Foreign(file, c) => {
                let class = self.linker.world.foreign(file, c);
                class.method(name, descriptor).map(|m| m.token)
            }
        }
    }
}

pub(super) fn is_null_check(member: &Member) -> bool {
    member.class == "java/util/Objects"
        && member.name == "requireNonNull"
        && member.descriptor == "(Ljava/lang/Object;)Ljava/lang/Object;"
}

pub(super) enum Target {
    Entry(Opcode, Key),
    Interface(ClassId, u8),
}

/// The constant pool key of an instance field.
pub(crate) fn instance_field(
    world: &World<'_>,
    shapes: &[Shape],
    member: &Member,
) -> Result<Key, Refused> {
    let class = world.require(&member.class)?;
    let missing = || format!("no field {} in {}", member.name, dotted(&member.class));
    match world
        .field(class, &member.name, &member.descriptor)
        .ok_or_else(missing)?
    {
        Found::Own(c, f) => Ok(Key::InstanceField {
            class: ClassId::Own(c),
            token: shapes[c].instance_fields[f].ok_or_else(missing)?,
        }),
        Found::Foreign(file, c, f) => Ok(Key::InstanceField {
            class: ClassId::Foreign(file, c),
            token: world.foreign(file, c).fields[f].token,
        }),
    }
}
