//! What references lead to, in words.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use crate::CapFile;
use crate::api::{self, ApiClass, ApiMethod, ApiPackage, Space};
use crate::read::DebugNames;
use crate::types::{ClassInfo, ClassRef, CpEntry, Import};

impl CapFile {
    pub(super) fn api_package(&self, import: &Import) -> Option<&'static ApiPackage> {
        api::package_by_aid(import.aid.as_bytes())
    }

    fn api_class(&self, package: u8, class: u8) -> Option<&'static ApiClass> {
        let import = self.imports().get(usize::from(package))?;
        self.api_package(import)?.class(class)
    }

    pub(super) fn own_class(&self, offset: u16) -> Option<&ClassInfo> {
        self.classes().iter().find(|class| class.offset == offset)
    }

    /// `javacard/framework/APDU`, `class@12`, or `A000000062…/class 3` of a package that is not the API's.
    pub(crate) fn class_name(&self, class: ClassRef) -> String {
        match class {
            ClassRef::Internal(offset) => format!("class@{offset}"),
            ClassRef::External { package, class } => match self.api_class(package, class) {
                Some(class) => class.name.to_owned(),
                None => match self.imports().get(usize::from(package)) {
                    Some(import) => format!("{}/class {class}", import.aid),
                    None => format!("package {package}/class {class}"),
                },
            },
        }
    }

    /// The method of the API that a public virtual token of a class stands for, followed upwards:
    /// by the mapping in a file of format 2.3, else by the same number (JCVM 3.0.5 §4.3.7.6).
    pub(super) fn api_name(&self, class: &ClassInfo, token: u8) -> Option<&'static ApiMethod> {
        let mut class = class;
        let mut token = token;
        // No longer than there are classes, whatever the file says.
        for _ in 0..=self.classes().len() {
            if let Some(method) = self.implemented(class, token) {
                return Some(method);
            }
            if let Some(mapping) = &class.token_mapping {
                token = *mapping.get(usize::from(token))?;
            }
            match class.super_class? {
                ClassRef::Internal(offset) => class = self.own_class(offset)?,
                ClassRef::External { package, class } => {
                    return self
                        .api_class(package, class)?
                        .by_token(Space::Virtual, token);
                }
            }
        }
        None
    }

    /// The method of an interface of the API that the class implements with this virtual method.
    fn implemented(&self, class: &ClassInfo, token: u8) -> Option<&'static ApiMethod> {
        class.interfaces.iter().find_map(|implemented| {
            let ClassRef::External { package, class } = implemented.interface else {
                return None;
            };
            let position = implemented.methods.iter().position(|own| *own == token)?;
            self.api_class(package, class)?
                .by_token(Space::Interface, u8::try_from(position).ok()?)
        })
    }

    /// As [`class_name`](Self::class_name), with the Debug component's name where there is one.
    fn known_class_name(&self, class: ClassRef, names: &DebugNames) -> String {
        match class {
            ClassRef::Internal(offset) => names.class(offset).map(|class| class.name.clone()),
            ClassRef::External { .. } => None,
        }
        .unwrap_or_else(|| self.class_name(class))
    }

    fn virtual_name(&self, class: ClassRef, token: u8, names: &DebugNames) -> String {
        let own = match class {
            ClassRef::Internal(offset) => self.own_class(offset),
            ClassRef::External { .. } => None,
        };
        if let Some(name) = own.and_then(|class| names.virtual_method(self, class, token)) {
            return name;
        }
        let method = match class {
            ClassRef::External { package, class } => self
                .api_class(package, class)
                .and_then(|class| class.by_token(Space::Virtual, token)),
            ClassRef::Internal(offset) => self
                .own_class(offset)
                .filter(|_| token & 0x80 == 0)
                .and_then(|class| self.api_name(class, token)),
        };
        let name = self.known_class_name(class, names);
        match method {
            Some(method) => format!("{name}.{}{}", method.name, method.descriptor),
            None if token & 0x80 != 0 => format!("{name}.package virtual {}", token & 0x7F),
            None => format!("{name}.virtual {token}"),
        }
    }

    /// What a constant pool entry stands for.
    pub(super) fn constant_name(&self, index: u16, names: &DebugNames) -> String {
        let Some(entry) = self.constant_pool().get(usize::from(index)) else {
            return "beyond the constant pool".to_owned();
        };
        match *entry {
            CpEntry::Class(class) => self.known_class_name(class, names),
            CpEntry::InstanceField { class, token } => {
                let known = match class {
                    ClassRef::Internal(offset) => names.instance_field(offset, token),
                    ClassRef::External { .. } => None,
                };
                known.unwrap_or_else(|| {
                    format!("{}.field {token}", self.known_class_name(class, names))
                })
            }
            CpEntry::VirtualMethod { class, token } => self.virtual_name(class, token, names),
            CpEntry::SuperMethod { class, token } => {
                let above = match class {
                    ClassRef::Internal(offset) => {
                        self.own_class(offset).and_then(|class| class.super_class)
                    }
                    ClassRef::External { .. } => Some(class),
                };
                self.virtual_name(above.unwrap_or(class), token, names)
            }
            CpEntry::StaticField(offset) => names
                .static_field(offset)
                .unwrap_or_else(|| format!("static@{offset}")),
            CpEntry::ExternalStaticField {
                package,
                class,
                token,
            } => {
                let name = self.class_name(ClassRef::External { package, class });
                match self
                    .api_class(package, class)
                    .and_then(|class| class.field(token))
                {
                    Some(field) => format!("{name}.{}", field.name),
                    None => format!("{name}.static field {token}"),
                }
            }
            CpEntry::StaticMethod(offset) => {
                match names
                    .method_name(offset)
                    .or_else(|| self.method_name(offset))
                {
                    Some(name) => format!("method@{offset} {name}"),
                    None => format!("method@{offset}"),
                }
            }
            CpEntry::ExternalStaticMethod {
                package,
                class,
                token,
            } => {
                let name = self.class_name(ClassRef::External { package, class });
                match self
                    .api_class(package, class)
                    .and_then(|class| class.by_token(Space::Static, token))
                {
                    Some(method) => format!("{name}.{}{}", method.name, method.descriptor),
                    None => format!("{name}.static method {token}"),
                }
            }
        }
    }

    /// What `invokeinterface` calls.
    pub(super) fn interface_method_name(
        &self,
        index: u16,
        token: u8,
        names: &DebugNames,
    ) -> String {
        let name = self.constant_name(index, names);
        let method = match self.constant_pool().get(usize::from(index)) {
            Some(CpEntry::Class(ClassRef::External { package, class })) => self
                .api_class(*package, *class)
                .and_then(|class| class.by_token(Space::Interface, token)),
            _ => None,
        };
        match method {
            Some(method) => format!("{name}.{}{}", method.name, method.descriptor),
            None => format!("{name}.interface method {token}"),
        }
    }

    /// The class that declares the method at this offset.
    pub(crate) fn declaring(&self, method: u32) -> Option<String> {
        let described = self.descriptor().and_then(|descriptor| {
            descriptor.classes.iter().find(|class| {
                class.flags & 0x40 == 0 && class.methods.iter().any(|own| own.method == method)
            })
        });
        if let Some(class) = described {
            return Some(self.class_name(class.class));
        }
        // Superclasses come first, and a subclass's table repeats what it inherits.
        let class = self.classes().iter().find(|class| {
            let mut tables = class.public_methods.iter().chain(&class.package_methods);
            tables.any(|own| *own == Some(method))
        })?;
        Some(format!("class@{}", class.offset))
    }

    /// The name of the method at this offset, where one is known.
    pub(crate) fn method_name(&self, method: u32) -> Option<String> {
        let applets = self.applets();
        if applets.iter().any(|applet| applet.install_method == method) {
            return Some("install".to_owned());
        }
        if let Some(descriptor) = self.descriptor() {
            let mut all = descriptor.classes.iter().flat_map(|class| &class.methods);
            if all.any(|own| own.method == method && own.flags & 0x80 != 0) {
                return Some("<init>".to_owned());
            }
        }
        self.classes().iter().find_map(|class| {
            let mut table = (class.public_base..=u8::MAX).zip(&class.public_methods);
            let (token, _) = table.find(|(_, own)| **own == Some(method))?;
            Some(self.api_name(class, token)?.name.to_owned())
        })
    }

    /// A method's signature as in Java class files (JCVM 3.0.5 §6.14.4).
    pub(super) fn signature(&self, types: &[u8], offset: u16) -> Option<String> {
        let text = types.get(usize::from(offset)..)?;
        let (&count, packed) = text.split_first()?;
        let mut nibbles = packed
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xF])
            .take(count.into());
        let mut signature = String::from("(");
        let mut parts: alloc::vec::Vec<String> = alloc::vec::Vec::new();
        while let Some(kind) = nibbles.next() {
            parts.push(match kind {
                0x1 => "V".to_owned(),
                0x2 => "Z".to_owned(),
                0x3 => "B".to_owned(),
                0x4 => "S".to_owned(),
                0x5 => "I".to_owned(),
                0xA => "[Z".to_owned(),
                0xB => "[B".to_owned(),
                0xC => "[S".to_owned(),
                0xD => "[I".to_owned(),
                0x6 | 0xE => {
                    let mut raw = 0;
                    for _ in 0..4 {
                        raw = raw << 4 | u16::from(nibbles.next()?);
                    }
                    let class = self.class_name(ClassRef::from_u16(raw)?);
                    let array = if kind == 0xE { "[" } else { "" };
                    format!("{array}L{class};")
                }
                _ => return None,
            });
        }
        let result = parts.pop()?;
        for part in &parts {
            signature.push_str(part);
        }
        signature.push(')');
        signature.push_str(&result);
        Some(signature)
    }
}
