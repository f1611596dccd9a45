//! A CAP file with what its Descriptor says of classes and methods at hand.

use alloc::collections::BTreeMap;

use crate::types::{
    CapFile, ClassDescriptor, ClassInfo, ClassRef, CpEntry, FieldDescriptor, InterfaceInfo,
    MethodDescriptor, MethodHeader,
};

/// A method of a file: the class that it is described under, and how.
#[derive(Clone, Copy)]
pub(super) struct OwnMethod<'a> {
    pub(super) class: &'a ClassDescriptor,
    pub(super) descriptor: &'a MethodDescriptor,
}

/// A static field of a file.
#[derive(Clone, Copy)]
pub(super) struct OwnField<'a> {
    pub(super) class: &'a ClassDescriptor,
    pub(super) descriptor: &'a FieldDescriptor,
}

pub(super) struct File<'a> {
    pub(super) cap: &'a CapFile,
    /// By offset in the Class component.
    classes: BTreeMap<u16, &'a ClassDescriptor>,
    methods: BTreeMap<u32, OwnMethod<'a>>,
    statics: BTreeMap<u16, OwnField<'a>>,
    /// By class offset and token.
    fields: BTreeMap<(u16, u8), OwnField<'a>>,
    interface_methods: BTreeMap<(u16, u8), &'a MethodDescriptor>,
}

impl<'a> File<'a> {
    pub(super) fn new(cap: &'a CapFile) -> Self {
        let mut file = Self {
            cap,
            classes: BTreeMap::new(),
            methods: BTreeMap::new(),
            statics: BTreeMap::new(),
            fields: BTreeMap::new(),
            interface_methods: BTreeMap::new(),
        };
        let described = cap.descriptor().map_or(&[][..], |all| &all.classes);
        for class in described {
            let ClassRef::Internal(offset) = class.class else {
                continue;
            };
            file.classes.entry(offset).or_insert(class);
            for descriptor in &class.methods {
                if class.is_interface() {
                    let key = (offset, descriptor.token);
                    file.interface_methods.entry(key).or_insert(descriptor);
                } else {
                    let method = OwnMethod { class, descriptor };
                    file.methods.entry(descriptor.method).or_insert(method);
                }
            }
            for descriptor in &class.fields {
                let field = OwnField { class, descriptor };
                match descriptor.reference {
                    [0, high, low] if descriptor.is_static() => {
                        let offset = u16::from_be_bytes([high, low]);
                        file.statics.entry(offset).or_insert(field);
                    }
                    _ if descriptor.is_static() => {}
                    [.., token] => {
                        file.fields.entry((offset, token)).or_insert(field);
                    }
                }
            }
        }
        file
    }

    pub(super) fn class_at(
        &self,
        offset: u16,
    ) -> (Option<&'a InterfaceInfo>, Option<&'a ClassInfo>) {
        let (interfaces, classes) = (self.cap.interfaces(), self.cap.classes());
        let interface = interfaces.binary_search_by_key(&offset, |info| info.offset);
        let class = classes.binary_search_by_key(&offset, |info| info.offset);
        (
            interface.ok().and_then(|found| interfaces.get(found)),
            class.ok().and_then(|found| classes.get(found)),
        )
    }

    pub(super) fn described(&self, offset: u16) -> Option<&'a ClassDescriptor> {
        self.classes.get(&offset).copied()
    }

    /// The package within the file that a class belongs to.
    pub(super) fn package_of(&self, offset: u16) -> u8 {
        self.described(offset).map_or(0, |class| class.package)
    }

    pub(super) fn method(&self, offset: u32) -> Option<OwnMethod<'a>> {
        self.methods.get(&offset).copied()
    }

    pub(super) fn static_field(&self, offset: u16) -> Option<OwnField<'a>> {
        self.statics.get(&offset).copied()
    }

    pub(super) fn field(&self, class: u16, token: u8) -> Option<OwnField<'a>> {
        self.fields.get(&(class, token)).copied()
    }

    pub(super) fn interface_method(&self, class: u16, token: u8) -> Option<&'a MethodDescriptor> {
        self.interface_methods.get(&(class, token)).copied()
    }

    pub(super) fn header(&self, method: u32) -> Option<MethodHeader> {
        MethodHeader::read(self.cap.code_from(method)?)
    }

    /// Where methods begin, as far as anything says so.
    pub(super) fn method_starts(&self) -> alloc::collections::BTreeSet<u32> {
        let cap = self.cap;
        let mut starts = alloc::collections::BTreeSet::new();
        for class in cap.classes() {
            let methods = class.public_methods.iter().chain(&class.package_methods);
            starts.extend(methods.filter_map(|offset| *offset));
        }
        starts.extend(cap.applets().iter().map(|applet| applet.install_method));
        starts.extend(
            cap.exported_classes()
                .flat_map(|class| &class.static_methods),
        );
        starts.extend(cap.constant_pool().iter().filter_map(|entry| match entry {
            CpEntry::StaticMethod(offset) => Some(*offset),
            _ => None,
        }));
        starts.extend(self.methods.keys());
        starts
    }
}

impl ClassDescriptor {
    /// Flag: visible to other packages.
    pub const ACC_PUBLIC: u8 = 0x01;
    /// Flag: can't be extended.
    pub const ACC_FINAL: u8 = 0x10;
    /// Flag: an interface.
    pub const ACC_INTERFACE: u8 = 0x40;
    /// Flag: has no instances of its own.
    pub const ACC_ABSTRACT: u8 = 0x80;

    /// Whether it is an interface.
    #[must_use]
    pub const fn is_interface(&self) -> bool {
        self.flags & Self::ACC_INTERFACE != 0
    }
}

impl FieldDescriptor {
    /// Flag: visible to other packages.
    pub const ACC_PUBLIC: u8 = 0x01;
    /// Flag: visible to its class.
    pub const ACC_PRIVATE: u8 = 0x02;
    /// Flag: visible to its package and subclasses.
    pub const ACC_PROTECTED: u8 = 0x04;
    /// Flag: belongs to the class.
    pub const ACC_STATIC: u8 = 0x08;
    /// Flag: assigned once.
    pub const ACC_FINAL: u8 = 0x10;

    /// Whether it belongs to the class and not to an instance.
    #[must_use]
    pub const fn is_static(&self) -> bool {
        self.flags & Self::ACC_STATIC != 0
    }
}

impl MethodDescriptor {
    /// Flag: visible to other packages.
    pub const ACC_PUBLIC: u8 = 0x01;
    /// Flag: visible to its class.
    pub const ACC_PRIVATE: u8 = 0x02;
    /// Flag: visible to its package and subclasses.
    pub const ACC_PROTECTED: u8 = 0x04;
    /// Flag: without `this`.
    pub const ACC_STATIC: u8 = 0x08;
    /// Flag: can't be overridden.
    pub const ACC_FINAL: u8 = 0x10;
    /// Flag: has no code.
    pub const ACC_ABSTRACT: u8 = 0x40;
    /// Flag: a constructor.
    pub const ACC_INIT: u8 = 0x80;

    /// Whether it belongs to the class and not to an instance.
    #[must_use]
    pub const fn is_static(&self) -> bool {
        self.flags & Self::ACC_STATIC != 0
    }

    /// Whether it is a constructor.
    #[must_use]
    pub const fn is_constructor(&self) -> bool {
        self.flags & Self::ACC_INIT != 0
    }

    /// Whether its token is one of a virtual method table.
    #[must_use]
    pub const fn is_virtual(&self) -> bool {
        self.flags & (Self::ACC_STATIC | Self::ACC_INIT | Self::ACC_PRIVATE) == 0
    }
}
