//! Static fields: their image and the first values that `<clinit>` gives them (JCVM 3.0.5 §6.11).
//!
//! A card runs no static initializers. What they do is done here, at conversion: constants and
//! arrays of constants. Everything else is refused.

use std::collections::BTreeMap;

use hydra_cap::{ArrayInit, StaticFields};

use crate::classfile::{Binary, Class, Element, Method, Op, Primitive, Shuffle};
use crate::diagnostic::{Diagnostics, Place};
use crate::types::Type;
use crate::world::World;

/// What 32-bit arithmetic gives; none for a division by zero.
pub(crate) fn compute(binary: Binary, a: i32, b: i32) -> Option<i32> {
    // A shift's distance is the low five bits (JVMS 8 §6.5 ishl); wrapping shifts take just these.
    let distance = u32::from_ne_bytes(b.to_ne_bytes());
    Some(match binary {
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::Mul => a.wrapping_mul(b),
        Binary::Div => (b != 0).then(|| a.wrapping_div(b))?,
        Binary::Rem => (b != 0).then(|| a.wrapping_rem(b))?,
        Binary::Shl => a.wrapping_shl(distance),
        Binary::Shr => a.wrapping_shr(distance),
        Binary::Ushr => {
            let bits = u32::from_ne_bytes(a.to_ne_bytes()).wrapping_shr(distance);
            i32::from_ne_bytes(bits.to_ne_bytes())
        }
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
    })
}

#[derive(Clone, Debug)]
enum Value {
    Number(i32),
    Null,
    /// Index into the arrays made so far.
    Array(usize),
}

#[derive(Clone, Debug)]
struct Array {
    kind: Primitive,
    values: Vec<i32>,
    stored: bool,
}

/// The static fields' image, and where each field lies in it.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) fields: StaticFields,
    /// Class and field index to the offset in the image.
    pub(crate) offsets: BTreeMap<(usize, usize), u16>,
}

/// Lays out the static fields of all classes: arrays with values, other references, zero
/// primitives, other primitives.
pub(crate) fn image(world: &World<'_>, diagnostics: &mut Diagnostics) -> Image {
    let mut arrays = Vec::new();
    let mut array_fields = Vec::new();
    let mut references = Vec::new();
    let mut zeros = Vec::new();
    let mut values = Vec::new();
    for (c, class) in world.classes.iter().enumerate() {
        let mut first = first_values(world, class, diagnostics);
        for (f, field) in class.fields.iter().enumerate() {
            if !field.is_static || field.constant.is_some() {
                continue;
            }
            let Ok(kind) = Type::parse(&field.descriptor) else {
                continue;
            };
            match (kind.is_reference(), first.fields.remove(&f)) {
                (true, Some(Value::Array(array))) => {
                    arrays.push(array_init(&first.arrays[array]));
                    array_fields.push((c, f));
                }
                (true, _) => references.push((c, f)),
                (false, Some(Value::Number(value))) if value != 0 => {
                    values.push(((c, f), bytes_of(&kind, value)));
                }
                (false, _) => zeros.push(((c, f), bytes_of(&kind, 0).len())),
            }
        }
    }
    let mut offsets = BTreeMap::new();
    let mut next = 0usize;
    let mut place = |field, size: usize| {
        if let Ok(offset) = u16::try_from(next) {
            offsets.insert(field, offset);
        }
        next += size;
    };
    let reference_count = array_fields.len() + references.len();
    for field in array_fields.into_iter().chain(references) {
        place(field, 2);
    }
    let mut default_count = 0;
    for (field, size) in zeros {
        place(field, size);
        default_count += size;
    }
    let mut bytes = Vec::new();
    for (field, value) in values {
        place(field, value.len());
        bytes.extend(value);
    }
    let mut count = |n: usize| {
        u16::try_from(n).unwrap_or_else(|_| {
            let message = "the package's static fields exceed 65,535 bytes";
            diagnostics.push(crate::diagnostic::Diagnostic::package(message));
            0
        })
    };
    Image {
        fields: StaticFields {
            image_size: count(next),
            reference_count: count(reference_count),
            arrays,
            default_count: count(default_count),
            values: bytes,
        },
        offsets,
    }
}

fn bytes_of(kind: &Type, value: i32) -> Vec<u8> {
    let [a, b, c, d] = value.to_be_bytes();
    match kind {
        Type::Boolean | Type::Byte => vec![d],
        Type::Short => vec![c, d],
        _ => vec![a, b, c, d],
    }
}

fn array_init(array: &Array) -> ArrayInit {
    let byte = |value: &i32| value.to_be_bytes()[3];
    match array.kind {
        Primitive::Boolean => ArrayInit::Boolean(array.values.iter().map(byte).collect()),
        Primitive::Byte => ArrayInit::Byte(array.values.iter().map(byte).collect()),
        Primitive::Short => ArrayInit::Short(
            array
                .values
                .iter()
                .map(|value| {
                    let [_, _, high, low] = value.to_be_bytes();
                    i16::from_be_bytes([high, low])
                })
                .collect(),
        ),
        Primitive::Int => ArrayInit::Int(array.values.clone()),
    }
}

#[derive(Default)]
struct FirstValues {
    fields: BTreeMap<usize, Value>,
    arrays: Vec<Array>,
}

/// Runs a class's `<clinit>` as far as it does what a card could hold.
fn first_values(world: &World<'_>, class: &Class, diagnostics: &mut Diagnostics) -> FirstValues {
    let mut run = FirstValues::default();
    let Some(method) = class.methods.iter().find(|m| m.name == "<clinit>") else {
        return run;
    };
    let Some(code) = &method.code else {
        return run;
    };
    let mut stack = Vec::new();
    for instruction in &code.instructions {
        if matches!(instruction.op, Op::ReturnVoid) {
            break;
        }
        if let Err(message) = run.step(world, class, &instruction.op, &mut stack) {
            let place = Place {
                class,
                member: "<clinit>",
                line: instruction.line,
            };
            diagnostics.push(place.diagnostic(message));
            break;
        }
    }
    run
}

fn refused() -> String {
    "a static initializer may only assign constants and arrays of constants; \
     do the rest in install or a constructor"
        .to_owned()
}

impl FirstValues {
    fn step(
        &mut self,
        world: &World<'_>,
        class: &Class,
        op: &Op,
        stack: &mut Vec<Value>,
    ) -> Result<(), String> {
        match op {
            Op::Nop => {}
            Op::Constant(value) => stack.push(Value::Number(*value)),
            Op::Null => stack.push(Value::Null),
            Op::Shuffle(Shuffle::Dup) => {
                let top = stack.last().cloned().ok_or_else(refused)?;
                stack.push(top);
            }
            Op::Shuffle(Shuffle::Pop) => {
                stack.pop();
            }
            Op::Binary(binary) => {
                let (b, a) = (number(stack)?, number(stack)?);
                let value = compute(*binary, a, b)
                    .ok_or_else(|| "a static initializer divides by zero".to_owned())?;
                stack.push(Value::Number(value));
            }
            Op::Negate => {
                let value = number(stack)?.wrapping_neg();
                stack.push(Value::Number(value));
            }
            Op::ToByte => {
                let value = cut(Primitive::Byte, number(stack)?);
                stack.push(Value::Number(value));
            }
            Op::ToShort => {
                let value = cut(Primitive::Short, number(stack)?);
                stack.push(Value::Number(value));
            }
            Op::NewArray(kind) => {
                let length = usize::try_from(number(stack)?)
                    .ok()
                    .filter(|n| *n <= 0x7FFF)
                    .ok_or_else(|| "a static array's length must be 0 to 32767".to_owned())?;
                self.arrays.push(Array {
                    kind: *kind,
                    values: vec![0; length],
                    stored: false,
                });
                stack.push(Value::Array(self.arrays.len() - 1));
            }
            Op::ArrayLength => match stack.pop() {
                Some(Value::Array(array)) => {
                    let length = i32::try_from(self.arrays[array].values.len());
                    stack.push(Value::Number(length.map_err(|_| refused())?));
                }
                _ => return Err(refused()),
            },
            Op::ArrayStore(element) if *element != Element::Reference => {
                let (value, index) = (number(stack)?, number(stack)?);
                let Some(Value::Array(array)) = stack.pop() else {
                    return Err(refused());
                };
                let array = &mut self.arrays[array];
                let kind = array.kind;
                let place = usize::try_from(index)
                    .ok()
                    .and_then(|i| array.values.get_mut(i))
                    .ok_or_else(|| "a static initializer writes beyond its array".to_owned())?;
                *place = cut(kind, value);
            }
            Op::PutStatic(member) if member.class == class.name => {
                let index = class
                    .fields
                    .iter()
                    .position(|f| f.name == member.name && f.descriptor == member.descriptor)
                    .ok_or_else(refused)?;
                let value = stack.pop().ok_or_else(refused)?;
                if let Value::Array(array) = value {
                    // Two fields that share an array have no form in the file.
                    if std::mem::replace(&mut self.arrays[array].stored, true) {
                        return Err(refused());
                    }
                }
                self.fields.insert(index, value);
            }
            Op::GetStatic(member) => {
                let value = self.known(world, class, member).ok_or_else(refused)?;
                stack.push(value);
            }
            _ => return Err(refused()),
        }
        Ok(())
    }

    /// A static field whose value is already known: a constant, or one assigned before.
    fn known(
        &self,
        world: &World<'_>,
        class: &Class,
        member: &crate::classfile::Member,
    ) -> Option<Value> {
        if member.class != class.name {
            let owner = world.classes.iter().find(|c| c.name == member.class)?;
            let field = owner.fields.iter().find(|f| f.name == member.name)?;
            return field.constant.map(Value::Number);
        }
        let index = class.fields.iter().position(|f| f.name == member.name)?;
        let field = &class.fields[index];
        if let Some(constant) = field.constant {
            return Some(Value::Number(constant));
        }
        match self.fields.get(&index) {
            Some(Value::Array(_)) => None,
            Some(value) => Some(value.clone()),
            None if Type::parse(&field.descriptor).ok()?.is_reference() => Some(Value::Null),
            None => Some(Value::Number(0)),
        }
    }
}

fn number(stack: &mut Vec<Value>) -> Result<i32, String> {
    match stack.pop() {
        Some(Value::Number(value)) => Ok(value),
        _ => Err(refused()),
    }
}

/// What a variable of the type keeps of a number.
fn cut(kind: Primitive, value: i32) -> i32 {
    let [_, _, high, low] = value.to_be_bytes();
    match kind {
        Primitive::Boolean => i32::from(low & 1),
        Primitive::Byte => i32::from(i8::from_be_bytes([low])),
        Primitive::Short => i32::from(i16::from_be_bytes([high, low])),
        Primitive::Int => value,
    }
}

/// Whether the method is a static initializer, which has no place in the Method component.
pub(crate) fn is_initializer(method: &Method) -> bool {
    method.name == "<clinit>"
}
