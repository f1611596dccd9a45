//! Where things are and which tokens they get: class references, virtual method tables, static fields.

use std::collections::BTreeMap;

use hydra_cap::api::{self, ApiClass, Space};
use hydra_cap::{ArrayInit, ClassRef, CpEntry, StaticFields};

use super::super::components;
use super::{Class, Key, Member, Source, full, is_reference, words};

/// `java.lang` is import 0 of every file.
pub(super) const LANG: &str = "java/lang";

/// A table of virtual methods.
pub(super) struct Table {
    /// All tokens: the method, and the class of this file that has it.
    pub(super) all: Vec<(Key, Option<String>)>,
    /// The first token that the Class component lists.
    pub(super) base: usize,
}

impl Table {
    pub(super) fn entries(&self) -> &[(Key, Option<String>)] {
        &self.all[self.base..]
    }

    /// A method's token.
    pub(super) fn token(&self, method: &Key) -> Option<u8> {
        let place = self.all.iter().position(|(known, _)| known == method)?;
        Some(u8::try_from(place).unwrap())
    }
}

/// Where methods and static fields are.
#[derive(Default)]
pub(super) struct Places {
    /// Offset of each method, by `Class.name(descriptor)`.
    pub(super) methods: BTreeMap<String, u16>,
    /// Offset of each static field in the image, by `Class.name`.
    pub(super) statics: BTreeMap<String, u16>,
}

impl Source {
    fn api(name: &str) -> &'static ApiClass {
        api::class(name).unwrap_or_else(|| panic!("no class {name}"))
    }

    /// Every method of an interface by token, with the inherited ones.
    pub(super) fn interface_methods(&self, name: &str) -> Vec<Key> {
        match self.class(name) {
            Some(class) => class.methods.iter().map(Member::key).collect(),
            None => api_methods(Self::api(name)),
        }
    }

    pub(super) fn table(&self, name: &str, package: bool) -> Table {
        let Some(class) = self.class(name) else {
            let methods = if package {
                vec![]
            } else {
                api_methods(Self::api(name))
            };
            let all: Vec<_> = methods.into_iter().map(|key| (key, None)).collect();
            let base = all.len();
            return Table { all, base };
        };
        let mut table = self.table(&class.parent, package);
        // Methods of this file that are inherited stand in the table too.
        table.base = table
            .all
            .iter()
            .position(|(_, owner)| owner.is_some())
            .unwrap_or(table.all.len());
        let own = class
            .methods
            .iter()
            .filter(|method| method.is_virtual() && method.is_package() == package);
        for method in own {
            let key = method.key();
            let place = table.all.iter().position(|(known, _)| *known == key);
            let place = place.unwrap_or_else(|| {
                table.all.push((key, None));
                table.all.len() - 1
            });
            table.all[place].1 = Some(class.name.clone());
            table.base = table.base.min(place);
        }
        table
    }

    fn class_size(&self, class: &Class) -> u16 {
        if class.interface {
            return components::interface_size(class.interfaces.len());
        }
        let entries = [false, true].map(|package| self.table(&class.name, package).entries().len());
        let interfaces = class.interfaces.iter();
        components::class_size(
            entries.iter().sum(),
            interfaces.map(|name| self.interface_methods(name).len()),
        )
    }

    pub(super) fn class_ref(&self, name: &str) -> ClassRef {
        let mut at = 0;
        for class in self.ordered() {
            if class.name == name {
                return ClassRef::Internal(at);
            }
            at += self.class_size(class);
        }
        let row = Self::api(name);
        let package = row.package().name;
        let import = self.imports.iter().position(|known| known == package);
        let import = match import {
            _ if package == LANG => 0,
            Some(import) => import + 1,
            None => panic!("{package} is not imported"),
        };
        ClassRef::External {
            package: u8::try_from(import).unwrap(),
            class: row.token,
        }
    }

    /// Where a class of this file is in the Class component.
    pub(super) fn class_offset(&self, name: &str) -> u16 {
        match self.class_ref(name) {
            ClassRef::Internal(offset) => offset,
            ClassRef::External { .. } => panic!("{name} is of another package"),
        }
    }

    /// The static fields, of which only byte arrays have first values, and where each is.
    pub(super) fn static_fields(&self) -> (StaticFields, BTreeMap<String, u16>) {
        let all: Vec<(String, &Member)> = self
            .classes
            .iter()
            .flat_map(|class| {
                let fields = class.fields.iter();
                let fields = fields.filter(|field| field.has(Member::STATIC));
                fields.map(move |field| (format!("{}.{}", class.name, field.name), field))
            })
            .collect();
        let (references, primitives): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(_, field)| is_reference(&field.descriptor));
        let (arrays, others): (Vec<_>, Vec<_>) = references
            .into_iter()
            .partition(|(_, field)| field.descriptor == "[B");
        let reference_count = u16::try_from(arrays.len() + others.len()).unwrap();
        let mut places = BTreeMap::new();
        let mut at = 0;
        for (name, field) in arrays.iter().chain(&others).chain(&primitives) {
            places.insert(name.clone(), at);
            at += match field.descriptor.as_str() {
                "Z" | "B" => 1,
                "I" => 4,
                _ => 2,
            };
        }
        let fields = StaticFields {
            image_size: at,
            reference_count,
            arrays: arrays.iter().map(|_| ArrayInit::Byte(vec![1, 2])).collect(),
            default_count: at - 2 * reference_count,
            values: vec![],
        };
        (fields, places)
    }

    /// A constant pool entry by name, and the type of what it refers to.
    pub(super) fn constant(&self, name: &str, places: &Places) -> (CpEntry, Option<String>) {
        let (above, name) = match name.strip_prefix("super:") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let Some((class_name, member)) = name.split_once('.') else {
            return (CpEntry::Class(self.class_ref(name)), None);
        };
        let class = self.class_ref(class_name);
        let own = self.class(class_name);
        let Some((method, _)) = member.split_once('(') else {
            let own = own.unwrap_or_else(|| panic!("{name}"));
            return field_constant(own, class, member, places);
        };
        let descriptor = member[method.len()..].to_string();
        let key = (method.to_string(), descriptor.clone());
        if !above && let Some(own) = own {
            let declared = own.methods.iter().find(|known| known.key() == key);
            if let Some(declared) = declared.filter(|method| !method.is_virtual()) {
                let offset = places.methods[&full(class_name, declared)];
                return (CpEntry::StaticMethod(offset.into()), Some(descriptor));
            }
        }
        if !above && let ClassRef::External { package, class } = class {
            let row = Self::api(class_name)
                .declared(method, &descriptor)
                .filter(|row| row.space == Space::Static);
            if let Some(row) = row {
                let token = row.token;
                let entry = CpEntry::ExternalStaticMethod {
                    package,
                    class,
                    token,
                };
                return (entry, Some(descriptor));
            }
        }
        for (package, mark) in [(false, 0), (true, 0x80)] {
            if let Some(token) = self.table(class_name, package).token(&key) {
                let token = token | mark;
                let entry = if above {
                    CpEntry::SuperMethod { class, token }
                } else {
                    CpEntry::VirtualMethod { class, token }
                };
                return (entry, Some(descriptor));
            }
        }
        panic!("no method {name}");
    }
}

fn field_constant(
    own: &Class,
    class: ClassRef,
    name: &str,
    places: &Places,
) -> (CpEntry, Option<String>) {
    let mut token = 0;
    for field in &own.fields {
        let is_static = field.has(Member::STATIC);
        if field.name == name {
            let entry = if is_static {
                CpEntry::StaticField(places.statics[&format!("{}.{name}", own.name)])
            } else {
                let token = u8::try_from(token).unwrap();
                CpEntry::InstanceField { class, token }
            };
            return (entry, Some(field.descriptor.clone()));
        }
        if !is_static {
            token += words(&field.descriptor);
        }
    }
    panic!("no field {}.{name}", own.name);
}

/// Virtual methods of an API class, or methods of an interface, by token.
fn api_methods(class: &ApiClass) -> Vec<Key> {
    let slots = class.slots.iter();
    slots
        .map(|slot| {
            let method = slot.method.get();
            (method.name.to_string(), method.descriptor.to_string())
        })
        .collect()
}
