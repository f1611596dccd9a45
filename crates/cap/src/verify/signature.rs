//! Type descriptors of the Descriptor component (JCVM 3.0.5 §6.14.4) and of the JVM (JVMS §4.3).

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;

use super::types::{Kind, Signature};
use super::world::World;
use crate::types::{ClassRef, ComponentTag};

/// What a type descriptor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Descriptor {
    /// One type that is not void: of a field, or of a method without parameters.
    Field(Kind),
    /// Parameters and a result.
    Method(Rc<Signature>),
}

impl Descriptor {
    pub(super) fn signature(&self) -> Rc<Signature> {
        match self {
            Self::Field(result) => Rc::new(Signature {
                params: Vec::new(),
                result: *result,
            }),
            Self::Method(signature) => signature.clone(),
        }
    }

    pub(super) fn field(&self) -> Option<Kind> {
        match self {
            Self::Field(kind) => Some(*kind),
            Self::Method(_) => None,
        }
    }
}

/// The type descriptors of a file, read once each.
#[derive(Default)]
pub(super) struct Types {
    read: BTreeMap<(usize, u16), Option<Descriptor>>,
}

impl Types {
    /// The descriptor at an offset from the start of a file's type part; `None` if it is none.
    pub(super) fn get(
        &mut self,
        world: &mut World<'_>,
        file: usize,
        offset: u16,
    ) -> Option<&Descriptor> {
        self.read
            .entry((file, offset))
            .or_insert_with(|| read(world, file, offset))
            .as_ref()
    }
}

fn read(world: &mut World<'_>, file: usize, offset: u16) -> Option<Descriptor> {
    let cap = world.files.get(file)?.cap;
    let start = usize::try_from(cap.descriptor()?.types).ok()?;
    let bytes = cap.component(ComponentTag::Descriptor)?;
    let (&count, packed) = bytes.get(start + usize::from(offset)..)?.split_first()?;
    let packed = packed.get(..usize::from(count).div_ceil(2))?;
    let nibbles = packed.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    let mut nibbles = nibbles.take(count.into());
    let mut kinds = Vec::new();
    while let Some(nibble) = nibbles.next() {
        let kind = match nibble {
            0x1 => Kind::Void,
            0x2 => Kind::Boolean,
            0x3 => Kind::Byte,
            0x4 => Kind::Short,
            0x5 => Kind::Int,
            0xA => Kind::Booleans,
            0xB => Kind::Bytes,
            0xC => Kind::Shorts,
            0xD => Kind::Ints,
            0x6 | 0xE => {
                let mut raw = 0;
                for _ in 0..4 {
                    raw = raw << 4 | u16::from(nibbles.next()?);
                }
                let class = ClassRef::from_u16(raw)?;
                match class {
                    ClassRef::Internal(offset) => {
                        let (interface, class) = world.files.get(file)?.class_at(offset);
                        if interface.is_none() && class.is_none() {
                            return None;
                        }
                    }
                    ClassRef::External { package, .. } => {
                        cap.imports().get(usize::from(package))?;
                    }
                }
                let class = world.load(file, class, 0);
                if nibble == 0x6 {
                    Kind::Class(class)
                } else {
                    Kind::Objects(class)
                }
            }
            _ => return None,
        };
        kinds.push(kind);
    }
    let result = kinds.pop()?;
    if kinds.contains(&Kind::Void) {
        return None;
    }
    Some(if kinds.is_empty() && result != Kind::Void {
        Descriptor::Field(result)
    } else {
        Descriptor::Method(Rc::new(Signature {
            params: kinds,
            result,
        }))
    })
}

/// A method's descriptor as in class files: `(S[B)V`.
pub(super) fn method(world: &mut World<'_>, descriptor: &str) -> Option<Rc<Signature>> {
    let (params, result) = descriptor.strip_prefix('(')?.split_once(')')?;
    let mut rest = params;
    let mut kinds = Vec::new();
    while !rest.is_empty() {
        let (kind, after) = first(world, rest)?;
        kinds.push(kind);
        rest = after;
    }
    let result = match result {
        "V" => Kind::Void,
        result => first(world, result)?.0,
    };
    Some(Rc::new(Signature {
        params: kinds,
        result,
    }))
}

/// A field's descriptor as in class files: `[S`.
pub(super) fn field(world: &mut World<'_>, descriptor: &str) -> Option<Kind> {
    first(world, descriptor).map(|(kind, _)| kind)
}

fn first<'d>(world: &mut World<'_>, descriptor: &'d str) -> Option<(Kind, &'d str)> {
    let (letter, rest) = descriptor.split_at_checked(1)?;
    let kind = match letter {
        "Z" => Kind::Boolean,
        "B" => Kind::Byte,
        "S" => Kind::Short,
        "I" => Kind::Int,
        "L" => {
            let (name, rest) = rest.split_once(';')?;
            return Some((Kind::Class(world.named(name, 0)?), rest));
        }
        "[" => {
            let (kind, rest) = first(world, rest)?;
            let array = match kind {
                Kind::Boolean => Kind::Booleans,
                Kind::Byte => Kind::Bytes,
                Kind::Short => Kind::Shorts,
                Kind::Int => Kind::Ints,
                Kind::Class(class) => Kind::Objects(class),
                _ => return None,
            };
            return Some((array, rest));
        }
        _ => return None,
    };
    Some((kind, rest))
}
