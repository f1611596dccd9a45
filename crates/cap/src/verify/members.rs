//! What fields and methods the constant pool's entries, tables and calls lead to.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;

use super::file::{OwnField, OwnMethod};
use super::signature::{self, Types};
use super::types::{Kind, Signature};
use super::world::{ClassIx, Key, Package, World};
use crate::api::{ApiFlags, ApiMethod, Space};
use crate::export::{ExportClass, ExportMethod};
use crate::types::{ClassRef, CpEntry, FieldDescriptor, MethodDescriptor};

/// Who may use a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    Private,
    Package,
    Protected,
    Public,
}

impl Access {
    /// `None` for more than one of the flags.
    pub(super) fn described(flags: u8) -> Option<Self> {
        match flags & 0x07 {
            0 => Some(Self::Package),
            MethodDescriptor::ACC_PUBLIC => Some(Self::Public),
            MethodDescriptor::ACC_PRIVATE => Some(Self::Private),
            MethodDescriptor::ACC_PROTECTED => Some(Self::Protected),
            _ => None,
        }
    }

    fn exported(flags: ApiFlags) -> Self {
        if flags.has(ApiFlags::PUBLIC) {
            Self::Public
        } else {
            Self::Protected
        }
    }
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) declaring: ClassIx,
    /// Not known of files without a Descriptor.
    pub(super) kind: Option<Kind>,
    pub(super) access: Access,
    pub(super) is_final: bool,
}

/// A method.
#[derive(Clone, Debug)]
pub(super) struct Method {
    pub(super) declaring: ClassIx,
    /// Not known of files without a Descriptor.
    pub(super) signature: Option<Rc<Signature>>,
    /// Words of arguments, `this` included, where the signature does not tell.
    pub(super) nargs: Option<u8>,
    pub(super) access: Access,
    pub(super) is_static: bool,
    pub(super) is_final: bool,
    pub(super) is_abstract: bool,
    pub(super) is_constructor: bool,
}

/// A constant pool entry.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Class(ClassIx),
    InstanceField(Option<Field>),
    StaticField(Option<Field>),
    /// The class that the reference names, and the method.
    Virtual(ClassIx, Option<Method>),
    Super(ClassIx, Option<Method>),
    Static(Option<Method>),
}

/// Where a virtual method is.
enum Place {
    Api(&'static ApiMethod),
    /// The file and the offset in its Method component.
    File(usize, u32),
    /// The token in the class's export file.
    Export(u8),
}

/// Looks members up.
pub(super) struct Members<'a> {
    pub(super) world: World<'a>,
    pub(super) types: Types,
    interface_methods: BTreeMap<(ClassIx, u8), Option<Method>>,
}

/// Deeper than any hierarchy that the world holds.
const STEPS: usize = 512;

impl<'a> Members<'a> {
    pub(super) fn new(world: World<'a>) -> Self {
        Self {
            world,
            types: Types::default(),
            interface_methods: BTreeMap::new(),
        }
    }

    /// The signature that a file's Descriptor has at an offset of its type part.
    pub(super) fn signature(&mut self, file: usize, offset: u16) -> Option<Rc<Signature>> {
        let descriptor = self.types.get(&mut self.world, file, offset)?;
        Some(descriptor.signature())
    }

    /// The type that a file's Descriptor has for a field.
    pub(super) fn field_kind(&mut self, file: usize, field_type: u16) -> Option<Kind> {
        match field_type {
            0x8002 => Some(Kind::Boolean),
            0x8003 => Some(Kind::Byte),
            0x8004 => Some(Kind::Short),
            0x8005 => Some(Kind::Int),
            0x8000.. => None,
            offset => self
                .types
                .get(&mut self.world, file, offset)?
                .field()
                .filter(|kind| kind.is_reference()),
        }
    }

    fn class_of(&mut self, file: usize, class: ClassRef) -> ClassIx {
        self.world.load(file, class, 0)
    }

    pub(super) fn described(&mut self, file: usize, method: OwnMethod<'a>) -> Method {
        let flags = method.descriptor.flags;
        Method {
            declaring: self.class_of(file, method.class.class),
            signature: self.signature(file, method.descriptor.signature),
            nargs: None,
            access: Access::described(flags).unwrap_or(Access::Private),
            is_static: method.descriptor.is_static(),
            is_final: flags & MethodDescriptor::ACC_FINAL != 0,
            is_abstract: flags & MethodDescriptor::ACC_ABSTRACT != 0,
            is_constructor: method.descriptor.is_constructor(),
        }
    }

    /// The method at an offset in a file's Method component, described or not; `class` is where it is then taken to be.
    fn at(&mut self, file: usize, offset: u32, class: ClassIx) -> Option<Method> {
        if let Some(method) = self.world.files.get(file)?.method(offset) {
            return Some(self.described(file, method));
        }
        if self.world.files.get(file)?.cap.descriptor().is_some() {
            return None;
        }
        let header = self.world.files.get(file)?.header(offset)?;
        Some(Method {
            declaring: class,
            signature: None,
            nargs: Some(header.nargs),
            access: Access::Public,
            is_static: false,
            is_final: false,
            is_abstract: header.is_abstract,
            is_constructor: false,
        })
    }

    fn api(&mut self, row: &'static ApiMethod) -> Method {
        Method {
            declaring: self.world.api(row.class),
            signature: signature::method(&mut self.world, row.descriptor),
            nargs: None,
            access: Access::exported(row.flags),
            is_static: row.flags.has(ApiFlags::STATIC),
            is_final: row.flags.has(ApiFlags::FINAL),
            is_abstract: row.flags.has(ApiFlags::ABSTRACT),
            is_constructor: row.name == "<init>",
        }
    }

    fn exported(
        &mut self,
        declaring: ClassIx,
        class: &'a ExportClass,
        wanted: impl Fn(&ExportMethod) -> bool,
    ) -> Option<Method> {
        let row = class.methods.iter().find(|row| wanted(row))?;
        Some(Method {
            declaring,
            signature: signature::method(&mut self.world, &row.descriptor),
            nargs: None,
            access: Access::exported(row.flags),
            is_static: row.flags.has(ApiFlags::STATIC),
            is_final: row.flags.has(ApiFlags::FINAL),
            is_abstract: row.flags.has(ApiFlags::ABSTRACT),
            is_constructor: row.name == "<init>",
        })
    }

    /// Where the method is that a virtual token of a class stands for: in the class or, by the token there, a superclass.
    fn locate(&self, class: ClassIx, token: u8) -> Option<(ClassIx, Place)> {
        let (mut class, mut token) = (class, token);
        for _ in 0..STEPS {
            match self.world.class(class).key {
                Key::Api(id) => {
                    let row = id.get().by_token(Space::Virtual, token)?;
                    return Some((class, Place::Api(row)));
                }
                Key::Export(..) => return Some((class, Place::Export(token))),
                Key::Unknown(..) => return None,
                Key::File(file, offset) => {
                    let (_, info) = self.world.files.get(file)?.class_at(offset);
                    let info = info?;
                    let (base, table) = if token & 0x80 == 0 {
                        (info.public_base, &info.public_methods)
                    } else {
                        (info.package_base, &info.package_methods)
                    };
                    let place = (token & 0x7F).checked_sub(base);
                    let own = place.and_then(|place| table.get(usize::from(place)));
                    if let Some(Some(method)) = own {
                        return Some((class, Place::File(file, *method)));
                    }
                    (class, token) = self.above(class, token)?;
                }
            }
        }
        None
    }

    /// The method that a virtual token of a class stands for.
    pub(super) fn virtual_method(&mut self, class: ClassIx, token: u8) -> Option<Method> {
        let (class, place) = self.locate(class, token)?;
        match place {
            Place::Api(row) => Some(self.api(row)),
            Place::File(file, method) => self.at(file, method, class),
            Place::Export(token) => {
                let row = self.export_class(class)?;
                let wanted = |method: &ExportMethod| {
                    method.token == token && row.space(method) == Space::Virtual
                };
                self.exported(class, row, wanted)
            }
        }
    }

    /// Whether a class has a method with this virtual token that has no code.
    pub(super) fn is_abstract(&self, class: ClassIx, token: u8) -> bool {
        match self.locate(class, token) {
            Some((_, Place::Api(row))) => row.flags.has(ApiFlags::ABSTRACT),
            Some((_, Place::File(file, method))) => {
                let file = self.world.files.get(file);
                let header = file.and_then(|file| file.header(method));
                header.is_some_and(|header| header.is_abstract)
            }
            Some((class, Place::Export(token))) => self.export_class(class).is_some_and(|row| {
                row.methods.iter().any(|method| {
                    method.token == token
                        && row.space(method) == Space::Virtual
                        && method.flags.has(ApiFlags::ABSTRACT)
                })
            }),
            None => false,
        }
    }

    fn export_class(&self, class: ClassIx) -> Option<&'a ExportClass> {
        match self.world.class(class).key {
            Key::Export(file, position) => self.world.export(file, position),
            _ => None,
        }
    }

    /// The superclass, and the token there of a virtual method of the class: by the mapping in a file of format 2.3,
    /// else by the same number as far as the superclass had it in the imported version (JCVM 3.0.5 §4.3.7.6) and lets
    /// older formats inherit it.
    pub(super) fn above(&self, class: ClassIx, token: u8) -> Option<(ClassIx, u8)> {
        let parent = self.world.class(class).parent?;
        let Key::File(file, offset) = self.world.class(class).key else {
            return Some((parent, token));
        };
        let file = self.world.files.get(file)?;
        let (_, info) = file.class_at(offset);
        let info = info?;
        if token & 0x80 != 0 {
            // Each package of a file numbers its own.
            return match self.world.class(parent).key {
                Key::File(_, above)
                    if info.super_class == Some(ClassRef::Internal(above))
                        && file.package_of(above) == file.package_of(offset) =>
                {
                    Some((parent, token))
                }
                _ => None,
            };
        }
        if let Some(mapping) = &info.token_mapping {
            return match mapping.get(usize::from(token)) {
                Some(0xFF) => None,
                Some(mapped) => Some((parent, *mapped)),
                None => Some((parent, token)),
            };
        }
        let known = match (self.world.class(parent).key, info.super_class) {
            (Key::Api(id), Some(ClassRef::External { package, .. })) => {
                let row = id.get();
                let minor = file.cap.imports().get(usize::from(package))?.version.minor;
                let oldest = row
                    .package()
                    .versions
                    .first()
                    .map_or(0, |(_, minor)| *minor);
                let version = (row.package().major, minor.max(oldest));
                let known = row.slots.iter().filter(|slot| slot.since <= version);
                known.count().min(row.cap22_inheritable.into())
            }
            (Key::Export(file, position), _) => {
                let row = self.world.export(file, position)?;
                row.cap22_inheritable.map_or(usize::MAX, usize::from)
            }
            (Key::File(file, offset), _) => {
                let (_, info) = self.world.files.get(file)?.class_at(offset);
                info?.cap22_inheritable.map_or(usize::MAX, usize::from)
            }
            _ => usize::MAX,
        };
        if usize::from(token) >= known {
            return None;
        }
        Some((parent, token))
    }

    /// The method of an interface.
    pub(super) fn interface_method(&mut self, class: ClassIx, token: u8) -> Option<Method> {
        if let Some(known) = self.interface_methods.get(&(class, token)) {
            return known.clone();
        }
        let found = self.find_interface_method(class, token);
        self.interface_methods.insert((class, token), found.clone());
        found
    }

    fn find_interface_method(&mut self, class: ClassIx, token: u8) -> Option<Method> {
        match self.world.class(class).key {
            Key::Api(id) => {
                let row = id.get().by_token(Space::Interface, token)?;
                Some(self.api(row))
            }
            Key::Export(file, position) => {
                let row = self.world.export(file, position)?;
                let wanted = |method: &ExportMethod| {
                    method.token == token && row.space(method) == Space::Interface
                };
                self.exported(class, row, wanted)
            }
            Key::File(file, offset) => {
                let descriptor = self
                    .world
                    .files
                    .get(file)?
                    .interface_method(offset, token)?;
                Some(Method {
                    declaring: class,
                    signature: self.signature(file, descriptor.signature),
                    nargs: None,
                    access: Access::Public,
                    is_static: false,
                    is_final: false,
                    is_abstract: true,
                    is_constructor: false,
                })
            }
            Key::Unknown(..) => None,
        }
    }

    /// How many methods an interface has, if that is known.
    pub(super) fn interface_size(&self, class: ClassIx) -> Option<usize> {
        match self.world.class(class).key {
            Key::Api(id) => Some(id.get().slots.len()),
            Key::Export(file, position) => {
                let row = self.world.export(file, position)?;
                let methods = row.methods.iter();
                Some(
                    methods
                        .filter(|method| row.space(method) == Space::Interface)
                        .count(),
                )
            }
            Key::File(file, offset) => {
                let described = self.world.files.get(file)?.described(offset)?;
                let tokens = described.methods.iter().map(|method| method.token);
                Some(tokens.max().map_or(0, |token| usize::from(token) + 1))
            }
            Key::Unknown(..) => None,
        }
    }

    fn own_field(&mut self, file: usize, field: OwnField<'a>) -> Field {
        let flags = field.descriptor.flags;
        Field {
            declaring: self.class_of(file, field.class.class),
            kind: self.field_kind(file, field.descriptor.field_type),
            access: Access::described(flags).unwrap_or(Access::Private),
            is_final: flags & FieldDescriptor::ACC_FINAL != 0,
        }
    }

    fn instance_field(&mut self, class: ClassIx, token: u8) -> Option<Field> {
        match self.world.class(class).key {
            Key::File(file, offset) => {
                if let Some(field) = self.world.files.get(file)?.field(offset, token) {
                    return Some(self.own_field(file, field));
                }
                let file = self.world.files.get(file)?;
                let (_, info) = file.class_at(offset);
                let inside = token < info?.declared_instance_size;
                (inside && file.cap.descriptor().is_none()).then_some(Field {
                    declaring: class,
                    kind: None,
                    access: Access::Public,
                    is_final: false,
                })
            }
            Key::Export(file, position) => {
                let row = self.world.export(file, position)?;
                let mut fields = row.fields.iter();
                let field = fields
                    .find(|field| field.token == token && !field.flags.has(ApiFlags::STATIC))?;
                Some(Field {
                    declaring: class,
                    kind: signature::field(&mut self.world, &field.descriptor),
                    access: Access::exported(field.flags),
                    is_final: field.flags.has(ApiFlags::FINAL),
                })
            }
            Key::Api(_) | Key::Unknown(..) => None,
        }
    }

    fn external_field(&mut self, package: u8, class: u8, token: u8) -> Option<Field> {
        let reference = ClassRef::External { package, class };
        let declaring = self.class_of(0, reference);
        let import = self.world.cap().imports().get(usize::from(package))?;
        let (kind, flags) = match self.world.package(import) {
            Package::Api(api) => {
                let row = api.class(class)?.field(token)?;
                (signature::field(&mut self.world, row.descriptor), row.flags)
            }
            Package::Export(index, _) => {
                let Key::Export(_, position) = self.world.class(declaring).key else {
                    return None;
                };
                let row = self.world.export(index, position)?;
                let mut fields = row.fields.iter();
                let field = fields
                    .find(|field| field.token == token && field.flags.has(ApiFlags::STATIC))?;
                (
                    signature::field(&mut self.world, &field.descriptor),
                    field.flags,
                )
            }
            Package::File(index, package) => {
                let exported = package.exports.get(usize::from(class))?;
                let offset = *exported.static_fields.get(usize::from(token))?;
                if let Some(field) = self.world.files.get(index)?.static_field(offset) {
                    return Some(self.own_field(index, field));
                }
                (None, ApiFlags(ApiFlags::PUBLIC))
            }
            Package::Unknown => return None,
        };
        Some(Field {
            declaring,
            kind,
            access: Access::exported(flags),
            is_final: flags.has(ApiFlags::FINAL),
        })
    }

    fn external_method(&mut self, package: u8, class: u8, token: u8) -> Option<Method> {
        let reference = ClassRef::External { package, class };
        let declaring = self.class_of(0, reference);
        let import = self.world.cap().imports().get(usize::from(package))?;
        match self.world.package(import) {
            Package::Api(api) => {
                let row = api.class(class)?.by_token(Space::Static, token)?;
                Some(self.api(row))
            }
            Package::Export(..) => {
                let Key::Export(file, position) = self.world.class(declaring).key else {
                    return None;
                };
                let row = self.world.export(file, position)?;
                let wanted = |method: &ExportMethod| {
                    method.token == token && row.space(method) == Space::Static
                };
                self.exported(declaring, row, wanted)
            }
            Package::File(index, package) => {
                let exported = package.exports.get(usize::from(class))?;
                let offset = *exported.static_methods.get(usize::from(token))?;
                self.at(index, offset, declaring)
            }
            Package::Unknown => None,
        }
    }

    /// What an entry of the verified file's constant pool leads to; members that are not there are `None`.
    pub(super) fn entry(&mut self, entry: CpEntry) -> Entry {
        match entry {
            CpEntry::Class(class) => Entry::Class(self.class_of(0, class)),
            CpEntry::InstanceField { class, token } => {
                let class = self.class_of(0, class);
                Entry::InstanceField(self.instance_field(class, token))
            }
            CpEntry::VirtualMethod { class, token } => {
                let class = self.class_of(0, class);
                Entry::Virtual(class, self.virtual_method(class, token))
            }
            CpEntry::SuperMethod { class, token } => {
                let class = self.class_of(0, class);
                let above = self.above(class, token);
                let method = above.and_then(|(class, token)| self.virtual_method(class, token));
                Entry::Super(class, method)
            }
            CpEntry::StaticField(offset) => {
                let field = self.world.files[0].static_field(offset);
                Entry::StaticField(field.map(|field| self.own_field(0, field)))
            }
            CpEntry::ExternalStaticField {
                package,
                class,
                token,
            } => Entry::StaticField(self.external_field(package, class, token)),
            CpEntry::StaticMethod(offset) => {
                let object = self.world.object();
                Entry::Static(self.at(0, offset, object))
            }
            CpEntry::ExternalStaticMethod {
                package,
                class,
                token,
            } => Entry::Static(self.external_method(package, class, token)),
        }
    }
}
