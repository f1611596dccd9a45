//! The Descriptor component (JCVM 3.0.5 §6.14).

use hydra_cap::export::NO_TOKEN;
use hydra_cap::write;
use hydra_cap::{ClassDescriptor, ExceptionHandler, FieldDescriptor, MethodDescriptor};

use super::Package;
use crate::shape::access_flags;
use crate::types::{Signature, Type};
use crate::world::ClassId;

const STATIC: u8 = 0x08;
const FINAL: u8 = 0x10;
const ABSTRACT: u8 = 0x40;
const CONSTRUCTOR: u8 = 0x80;

impl Package<'_, '_> {
    pub(super) fn descriptor(
        &self,
        handlers: &[(usize, ExceptionHandler)],
    ) -> Result<Vec<u8>, write::TooLarge> {
        let mut types = Types::new(self.pool.entries().len());
        let mut constant_pool_types = Vec::new();
        for entry in self.pool.entries() {
            let offset = match &entry.descriptor {
                Some(descriptor) => Some(types.offset(self, descriptor)?),
                None => None,
            };
            constant_pool_types.push(offset);
        }
        let mut classes = Vec::new();
        for c in 0..self.world.classes.len() {
            classes.push(self.class_descriptor(c, handlers, &mut types)?);
        }
        write::descriptor(&classes, &constant_pool_types, &types.bytes)
    }

    fn class_descriptor(
        &self,
        c: usize,
        handlers: &[(usize, ExceptionHandler)],
        types: &mut Types,
    ) -> Result<ClassDescriptor, write::TooLarge> {
        let class = &self.world.classes[c];
        let shape = &self.shapes[c];
        let mut flags = 0;
        for (set, flag) in [
            (class.public, 0x01),
            (class.is_final, 0x10),
            (class.interface, 0x40),
            (class.is_abstract, 0x80),
        ] {
            if set {
                flags |= flag;
            }
        }
        let interfaces = if class.interface {
            Vec::new()
        } else {
            shape
                .interfaces
                .iter()
                .map(|i| self.class_ref(*i))
                .collect()
        };
        Ok(ClassDescriptor {
            package: 0,
            token: shape.token.unwrap_or(NO_TOKEN),
            flags,
            class: self.class_ref(ClassId::Own(c)),
            interfaces,
            fields: self.field_descriptors(c, types)?,
            methods: self.method_descriptors(c, handlers, types)?,
        })
    }

    /// Static fields in the order of the image, then instance fields by token. Constants have
    /// none.
    fn field_descriptors(
        &self,
        c: usize,
        types: &mut Types,
    ) -> Result<Vec<FieldDescriptor>, write::TooLarge> {
        let class = &self.world.classes[c];
        let shape = &self.shapes[c];
        let mut fields = Vec::new();
        for (f, field) in class.fields.iter().enumerate() {
            if field.constant.is_some() && field.is_static {
                continue;
            }
            let mut flags = access_flags(field.access);
            if field.is_static {
                flags |= STATIC;
            }
            if field.is_final {
                flags |= FINAL;
            }
            let (token, reference, order) = if field.is_static {
                let offset = self.image.offsets.get(&(c, f)).copied().unwrap_or(0);
                let [high, low] = offset.to_be_bytes();
                (shape.static_fields[f], [0, high, low], (0, offset))
            } else {
                let token = shape.instance_fields[f];
                let number = token.unwrap_or(NO_TOKEN);
                let [high, low] = self.class_offsets[c].to_be_bytes();
                (token, [high, low, number], (1, u16::from(number)))
            };
            let field_type = match field.descriptor.as_str() {
                "Z" => 0x8002,
                "B" => 0x8003,
                "S" => 0x8004,
                "I" => 0x8005,
                other => types.offset(self, other)?,
            };
            let descriptor = FieldDescriptor {
                token: token.unwrap_or(NO_TOKEN),
                flags,
                reference,
                field_type,
            };
            fields.push((order, descriptor));
        }
        fields.sort_by_key(|(order, _)| *order);
        Ok(fields.into_iter().map(|(_, field)| field).collect())
    }

    fn method_descriptors(
        &self,
        c: usize,
        handlers: &[(usize, ExceptionHandler)],
        types: &mut Types,
    ) -> Result<Vec<MethodDescriptor>, write::TooLarge> {
        let shape = &self.shapes[c];
        let mut methods = Vec::new();
        for (token, (_, descriptor)) in (0u8..).zip(&shape.interface_methods) {
            methods.push(MethodDescriptor {
                token,
                flags: 0x01 | ABSTRACT,
                method: 0,
                signature: types.offset(self, descriptor)?,
                code_length: 0,
                handler_count: 0,
                first_handler: 0,
            });
        }
        for (index, written) in self.methods.iter().enumerate() {
            if written.class != c {
                continue;
            }
            let method = self.world.own_method(c, written.method);
            let mut flags = access_flags(method.access);
            for (set, flag) in [
                (method.is_static, STATIC),
                (method.is_final, FINAL),
                (method.is_abstract, ABSTRACT),
                (method.is_constructor(), CONSTRUCTOR),
            ] {
                if set {
                    flags |= flag;
                }
            }
            let token = if method.is_virtual() {
                shape.virtual_token(&method.name, &method.descriptor)
            } else {
                shape.static_methods[written.method]
            };
            let mine: Vec<usize> = (0..handlers.len())
                .filter(|h| handlers[*h].0 == index)
                .collect();
            let length = written.body.as_ref().map_or(0, |b| b.code.bytes.len());
            let small = |n: usize| {
                u16::try_from(n).map_err(|_| write::TooLarge {
                    component: hydra_cap::ComponentTag::Descriptor,
                    what: "bytes in a method",
                })
            };
            methods.push(MethodDescriptor {
                token: token.unwrap_or(NO_TOKEN),
                flags,
                method: self.method_offset(c, written.method),
                signature: types.offset(self, &method.descriptor)?,
                code_length: small(length)?,
                handler_count: small(mine.len())?,
                first_handler: small(mine.first().copied().unwrap_or(0))?,
            });
        }
        Ok(methods)
    }

    fn nibbles(&self, descriptor: &str) -> Vec<u8> {
        let mut nibbles = Vec::new();
        if let Ok(signature) = Signature::parse(descriptor) {
            for kind in signature.parameters.iter().chain([&signature.result]) {
                self.type_nibbles(kind, &mut nibbles);
            }
        } else if let Ok(kind) = Type::parse(descriptor) {
            self.type_nibbles(&kind, &mut nibbles);
        }
        nibbles
    }

    fn type_nibbles(&self, kind: &Type, nibbles: &mut Vec<u8>) {
        let class = |name: &str, nibbles: &mut Vec<u8>| {
            let id = self.world.find(name);
            let raw = id.map_or(0xFFFF, |id| self.class_ref(id).to_u16());
            for byte in raw.to_be_bytes() {
                nibbles.extend([byte >> 4, byte & 0xF]);
            }
        };
        match kind {
            Type::Void => nibbles.push(0x1),
            Type::Boolean => nibbles.push(0x2),
            Type::Byte => nibbles.push(0x3),
            Type::Short => nibbles.push(0x4),
            Type::Int => nibbles.push(0x5),
            Type::Class(name) => {
                nibbles.push(0x6);
                class(name, nibbles);
            }
            Type::Array(element) => match element.as_ref() {
                Type::Boolean => nibbles.push(0xA),
                Type::Byte => nibbles.push(0xB),
                Type::Short => nibbles.push(0xC),
                Type::Int => nibbles.push(0xD),
                Type::Class(name) => {
                    nibbles.push(0xE);
                    class(name, nibbles);
                }
                Type::Void | Type::Array(_) => {}
            },
        }
    }
}

/// The type descriptors, each once, in the order of first use.
struct Types {
    bytes: Vec<u8>,
    /// Bytes of the constant pool's types, which come first.
    base: usize,
    known: Vec<(Vec<u8>, u16)>,
}

impl Types {
    fn new(entries: usize) -> Self {
        Self {
            bytes: Vec::new(),
            base: 2 + 2 * entries,
            known: Vec::new(),
        }
    }

    fn offset(
        &mut self,
        package: &Package<'_, '_>,
        descriptor: &str,
    ) -> Result<u16, write::TooLarge> {
        let too_large = write::TooLarge {
            component: hydra_cap::ComponentTag::Descriptor,
            what: "types",
        };
        let nibbles = package.nibbles(descriptor);
        if let Some((_, offset)) = self.known.iter().find(|(known, _)| *known == nibbles) {
            return Ok(*offset);
        }
        let offset = u16::try_from(self.base + self.bytes.len()).map_err(|_| too_large)?;
        self.bytes
            .push(u8::try_from(nibbles.len()).map_err(|_| too_large)?);
        for pair in nibbles.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            self.bytes.push(pair[0] << 4 | low);
        }
        self.known.push((nibbles, offset));
        Ok(offset)
    }
}
