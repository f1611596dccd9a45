//! The Descriptor component (JCVM 3.0.5 §6.14).

use std::collections::BTreeMap;

use hydra_cap::{ClassDescriptor, FieldDescriptor, MethodDescriptor, write};

use super::build::Builder;
use super::{Class, Member, Source, full, params, words};

/// Type descriptors, each once.
struct Types {
    bytes: Vec<u8>,
    /// Where the nibbles of each are among the bytes.
    places: BTreeMap<Vec<u8>, usize>,
    /// The types of the constant pool's entries come before them.
    start: usize,
}

impl Types {
    /// Where a descriptor's type is.
    fn place(&mut self, source: &Source, descriptor: &str) -> u16 {
        let mut nibbles = Vec::new();
        if descriptor.starts_with('(') {
            for kind in params(descriptor) {
                push_nibbles(source, &kind, &mut nibbles);
            }
            let result = descriptor.split_once(')').unwrap().1;
            push_nibbles(source, result, &mut nibbles);
        } else {
            push_nibbles(source, descriptor, &mut nibbles);
        }
        let place = self.places.get(&nibbles).copied().unwrap_or_else(|| {
            let place = self.bytes.len();
            self.bytes.push(u8::try_from(nibbles.len()).unwrap());
            let pairs = nibbles.chunks(2);
            self.bytes
                .extend(pairs.map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)));
            self.places.insert(nibbles, place);
            place
        });
        u16::try_from(self.start + place).unwrap()
    }
}

fn push_nibbles(source: &Source, kind: &str, nibbles: &mut Vec<u8>) {
    let (array, element) = match kind.strip_prefix('[') {
        Some(element) => (8, element),
        None => (0, kind),
    };
    let plain = match element {
        "V" => 1,
        "Z" => 2,
        "B" => 3,
        "S" => 4,
        "I" => 5,
        _ => 6,
    };
    nibbles.push(plain + array);
    if plain == 6 {
        let name = element.trim_start_matches('L').trim_end_matches(';');
        let [a, b] = source.class_ref(name).to_u16().to_be_bytes();
        nibbles.extend_from_slice(&[a >> 4, a & 0xF, b >> 4, b & 0xF]);
    }
}

impl Builder<'_> {
    /// The component, from the types of the constant pool's entries.
    pub(super) fn descriptor(&mut self, pool: &[Option<String>]) -> Vec<u8> {
        let source = self.source;
        let list = 2 + 2 * pool.len();
        let mut types = Types {
            bytes: Vec::new(),
            places: BTreeMap::new(),
            start: list,
        };
        let mut at = 1;
        let mut class_token = 0;
        let mut classes = Vec::new();
        for class in source.ordered() {
            self.symbol("Descriptor", format!("class.{}", class.name), at);
            let token = if class.public { class_token } else { 0xFF };
            class_token += u8::from(class.public);
            let interfaces = if class.interface {
                &[][..]
            } else {
                &class.interfaces
            };
            let interface_flag = if class.interface { 0x40 } else { 0 };
            at += 9 + 2 * interfaces.len();
            classes.push(ClassDescriptor {
                token,
                flags: u8::from(class.public) | interface_flag | class.flags,
                package: 0,
                class: source.class_ref(&class.name),
                interfaces: interfaces
                    .iter()
                    .map(|name| source.class_ref(name))
                    .collect(),
                fields: self.fields(class, &mut at, &mut types),
                methods: self.methods(class, &mut at, &mut types),
            });
        }
        self.symbol("Descriptor", "types".into(), at);
        for (i, name) in self.names.all().to_vec().into_iter().enumerate() {
            self.symbol("Descriptor", format!("type.{name}"), at + 2 + 2 * i);
        }
        let pool: Vec<Option<u16>> = pool
            .iter()
            .map(|kind| kind.as_ref().map(|kind| types.place(source, kind)))
            .collect();
        for (nibbles, place) in types.places {
            let name: String = nibbles.iter().map(|n| format!("{n:X}")).collect();
            self.symbol("Descriptor", format!("nibbles.{name}"), at + list + place);
        }
        write::descriptor(&classes, &pool, &types.bytes).unwrap()
    }

    fn fields(&mut self, class: &Class, at: &mut usize, types: &mut Types) -> Vec<FieldDescriptor> {
        let source = self.source;
        let (mut token, mut static_token) = (0, 0);
        let mut all = Vec::new();
        for field in &class.fields {
            let name = format!("{}.{}", class.name, field.name);
            self.symbol("Descriptor", format!("field.{name}"), *at);
            *at += 7;
            let (number, reference) = if field.has(Member::STATIC) {
                let offered = field.is_offered();
                let number = if offered { static_token } else { 0xFF };
                static_token += u8::from(offered);
                let [a, b] = self.places.statics[&name].to_be_bytes();
                (number, [0, a, b])
            } else {
                let [a, b] = source.class_ref(&class.name).to_u16().to_be_bytes();
                let number = u8::try_from(token).unwrap();
                token += words(&field.descriptor);
                (number, [a, b, number])
            };
            all.push(FieldDescriptor {
                token: number,
                flags: field.flags,
                reference,
                field_type: match field.descriptor.as_str() {
                    "Z" => 0x8002,
                    "B" => 0x8003,
                    "S" => 0x8004,
                    "I" => 0x8005,
                    reference => types.place(source, reference),
                },
            });
        }
        all
    }

    fn methods(
        &mut self,
        class: &Class,
        at: &mut usize,
        types: &mut Types,
    ) -> Vec<MethodDescriptor> {
        let source = self.source;
        let mut static_token = 0;
        let mut all = Vec::new();
        for (i, method) in class.methods.iter().enumerate() {
            self.method_symbol("Descriptor", &class.name, method, *at);
            *at += 12;
            let package = method.is_package();
            let token = if class.interface {
                u8::try_from(i).unwrap()
            } else if method.is_virtual() {
                let table = source.table(&class.name, package);
                table.token(&method.key()).unwrap() | if package { 0x80 } else { 0 }
            } else if method.is_offered() {
                static_token += 1;
                static_token - 1
            } else {
                0xFF
            };
            let name = full(&class.name, method);
            // An interface has no methods in the Method component.
            let offset = self.places.methods.get(&name).copied().unwrap_or(0);
            let extent = self.extents.get(&name).copied().unwrap_or_default();
            let (code_length, first_handler, handlers) = extent;
            let handler_count = u16::try_from(handlers).unwrap();
            all.push(MethodDescriptor {
                token,
                flags: method.flags,
                method: offset.into(),
                signature: types.place(source, &method.descriptor),
                code_length,
                handler_count,
                first_handler: if handler_count == 0 {
                    0
                } else {
                    u16::try_from(first_handler).unwrap()
                },
            });
        }
        all
    }
}
