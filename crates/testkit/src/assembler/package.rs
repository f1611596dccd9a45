//! A package whose tables are what a test gives, right or wrong.

use std::collections::BTreeMap;

use hydra_cap::api::{self, Space};
use hydra_cap::{
    AppletEntry, ArrayInit, CapError, CapFile, ClassInfo, ClassRef, CpEntry, ExportedClass,
    ImplementedInterface, Import, InterfaceInfo, StaticFields,
};

use super::Components;
use super::code::{Code, Frame, Names};
use super::components::{self, Values};

/// A package in the making. Format 2.1, no Descriptor; imports `java.lang`, `javacard.framework` and what is added.
#[derive(Clone)]
pub struct Package {
    aid: Vec<u8>,
    imports: Vec<Import>,
    names: Names,
    given: BTreeMap<String, CpEntry>,
    methods: Vec<Method>,
    interfaces: Vec<Interface>,
    classes: Vec<Class>,
    statics: StaticFields,
    exports: Vec<(String, Vec<u16>, Vec<String>)>,
    applets: Vec<(Vec<u8>, String)>,
}

#[derive(Clone)]
struct Method {
    name: String,
    nargs: u8,
    locals: u8,
    stack: u8,
    text: String,
}

/// An interface of a [`Package`].
#[derive(Clone)]
pub struct Interface {
    /// What the package calls it.
    pub name: &'static str,
    /// Whether its flag ACC_SHAREABLE is set.
    pub shareable: bool,
    /// Its superinterfaces, as for [`Package::class_ref`].
    pub supers: Vec<String>,
}

/// A class of a [`Package`].
#[derive(Clone)]
pub struct Class {
    /// What the package calls it.
    pub name: &'static str,
    /// Its superclass, as for [`Package::class_ref`].
    pub parent: &'static str,
    /// Fields in token order: `r` reference, `s` short or byte, `i` int; references must be consecutive.
    pub fields: &'static str,
    /// Whether its flag ACC_SHAREABLE is set.
    pub shareable: bool,
    /// First token and methods by name; `-` for one inherited from elsewhere.
    pub public: (u8, Vec<&'static str>),
    /// The same for package-visible methods.
    pub package: (u8, Vec<&'static str>),
    /// Interfaces with the virtual token of each of their methods.
    pub interfaces: Vec<(&'static str, Vec<u8>)>,
}

impl Class {
    /// A class without methods and interfaces.
    pub fn new(name: &'static str, parent: &'static str, fields: &'static str) -> Self {
        Self {
            name,
            parent,
            fields,
            shareable: false,
            public: (1, vec![]),
            package: (0, vec![]),
            interfaces: vec![],
        }
    }
}

impl Package {
    /// An empty package of this AID.
    pub fn new(aid: &[u8]) -> Self {
        Self {
            aid: aid.to_vec(),
            imports: vec![
                components::import(&[0xA0, 0, 0, 0, 0x62, 0, 1], 1, 0),
                components::import(&[0xA0, 0, 0, 0, 0x62, 1, 1], 1, 3),
            ],
            names: Names::default(),
            given: BTreeMap::new(),
            methods: vec![],
            interfaces: vec![],
            classes: vec![],
            statics: StaticFields::default(),
            exports: vec![],
            applets: vec![],
        }
    }

    /// Imports version 1.0 of one package more, and says which import it is.
    pub fn import(&mut self, aid: &[u8]) -> u8 {
        self.imports.push(components::import(aid, 1, 0));
        u8::try_from(self.imports.len() - 1).unwrap()
    }

    /// Gives a constant pool entry a name, for `#name` in code. Without that a name is a class as for
    /// [`Self::class_ref`], `class.method(descriptor)` of the API, or `=method`, a static method of this package.
    pub fn entry(&mut self, name: &str, entry: CpEntry) -> u16 {
        self.given.insert(name.into(), entry);
        self.names.index(name)
    }

    /// Declares an interface. Interfaces and classes come before anything that refers to one.
    pub fn interface(&mut self, interface: Interface) {
        self.interfaces.push(interface);
    }

    /// Declares a class.
    pub fn class(&mut self, class: Class) {
        self.classes.push(class);
    }

    /// Static `byte[]` fields with first values, null references, and bytes of primitives.
    pub fn statics(&mut self, arrays: &[&[u8]], nulls: u16, bytes: &[u8]) {
        let reference_count = u16::try_from(arrays.len()).unwrap() + nulls;
        self.statics = StaticFields {
            image_size: 2 * reference_count + u16::try_from(bytes.len()).unwrap(),
            reference_count,
            arrays: arrays
                .iter()
                .map(|array| ArrayInit::Byte(array.to_vec()))
                .collect(),
            default_count: 0,
            values: bytes.to_vec(),
        };
    }

    /// Adds a method: words of its arguments, of its other locals and of its stack, and its code or `abstract`.
    pub fn method(&mut self, name: &str, nargs: u8, locals: u8, stack: u8, text: &str) {
        self.methods.push(Method {
            name: name.into(),
            nargs,
            locals,
            stack,
            text: text.into(),
        });
    }

    /// Exports a class with static fields (offsets) and static methods (names).
    pub fn export(&mut self, class: &str, fields: &[u16], methods: &[&str]) {
        self.exports.push((
            class.into(),
            fields.to_vec(),
            methods.iter().map(|name| name.to_string()).collect(),
        ));
    }

    /// Adds an applet with a method of any shape as its `install`.
    pub fn applet(&mut self, aid: &[u8], method: &str) {
        self.applets.push((aid.to_vec(), method.into()));
    }

    fn class_offset(&self, name: &str) -> Option<u16> {
        let mut at = 0;
        for interface in &self.interfaces {
            if interface.name == name {
                return Some(at);
            }
            at += components::interface_size(interface.supers.len());
        }
        for class in &self.classes {
            if class.name == name {
                return Some(at);
            }
            let entries = class.public.1.len() + class.package.1.len();
            let interfaces = class.interfaces.iter();
            at += components::class_size(entries, interfaces.map(|(_, methods)| methods.len()));
        }
        None
    }

    /// A class of this package by name, an API class by its internal name, or `package:token` of an import.
    pub fn class_ref(&self, name: &str) -> ClassRef {
        if let Some(offset) = self.class_offset(name) {
            return ClassRef::Internal(offset);
        }
        if let Some((package, class)) = name.split_once(':') {
            return ClassRef::External {
                package: package.parse().unwrap(),
                class: class.parse().unwrap(),
            };
        }
        let row = api::class(name).unwrap_or_else(|| panic!("no class {name}"));
        let package = self
            .imports
            .iter()
            .position(|import| import.aid.as_bytes() == row.package().aid)
            .unwrap_or_else(|| panic!("{name} is not imported"));
        ClassRef::External {
            package: u8::try_from(package).unwrap(),
            class: row.token,
        }
    }

    fn constant(&self, name: &str, offsets: &BTreeMap<String, u32>) -> CpEntry {
        if let Some(entry) = self.given.get(name) {
            return *entry;
        }
        if let Some(method) = name.strip_prefix('=') {
            let offset = offsets.get(method);
            return CpEntry::StaticMethod(*offset.unwrap_or_else(|| panic!("no method {method}")));
        }
        let Some((class, method)) = name.split_once('.') else {
            return CpEntry::Class(self.class_ref(name));
        };
        let row = api::class(class).unwrap_or_else(|| panic!("no class {class}"));
        let (method, descriptor) = method.split_at(method.find('(').unwrap());
        let method = row
            .declared(method, descriptor)
            .unwrap_or_else(|| panic!("no method {name}"));
        let token = method.token;
        match (method.space, self.class_ref(class)) {
            (Space::Static, ClassRef::External { package, class }) => {
                CpEntry::ExternalStaticMethod {
                    package,
                    class,
                    token,
                }
            }
            (_, class) => CpEntry::VirtualMethod { class, token },
        }
    }

    /// The file, and where each method is in the Method component.
    pub fn build(self) -> Result<(CapFile, BTreeMap<String, u32>), CapError> {
        let (components, offsets) = self.components();
        Ok((CapFile::from_components(components)?, offsets))
    }

    /// The components, and where each method is in the Method component.
    pub fn components(mut self) -> (Components, BTreeMap<String, u32>) {
        let mut names = std::mem::take(&mut self.names);
        let mut code = Code::new(self.methods.iter().map(|method| method.text.as_str()));
        let mut offsets = BTreeMap::new();
        for method in &self.methods {
            let frame = Frame {
                nargs: method.nargs,
                locals: method.locals,
                stack: method.stack,
            };
            let text = (method.text != "abstract").then_some(method.text.as_str());
            let at = code.method(&frame, text, &mut names);
            offsets.insert(method.name.clone(), at);
        }
        let pool = names.all().iter();
        let values = Values {
            pool: pool.map(|name| self.constant(name, &offsets)).collect(),
            interfaces: self.interface_infos(),
            classes: self.class_infos(&offsets),
            exports: self.exported(&offsets),
            applets: self
                .applets
                .iter()
                .map(|(aid, method)| AppletEntry {
                    aid: components::aid(aid),
                    install_method: offsets[method],
                })
                .collect(),
            aid: self.aid,
            int: true,
            imports: self.imports,
            code,
            statics: self.statics,
            descriptor: None,
        };
        (values.with_directory(values.components()), offsets)
    }

    fn interface_infos(&self) -> Vec<InterfaceInfo> {
        let info = |interface: &Interface| InterfaceInfo {
            offset: self.class_offset(interface.name).unwrap(),
            flags: ClassInfo::ACC_INTERFACE
                | if interface.shareable {
                    ClassInfo::ACC_SHAREABLE
                } else {
                    0
                },
            superinterfaces: interface
                .supers
                .iter()
                .map(|name| self.class_ref(name))
                .collect(),
        };
        self.interfaces.iter().map(info).collect()
    }

    fn class_infos(&self, offsets: &BTreeMap<String, u32>) -> Vec<ClassInfo> {
        let table = |names: &[&str]| {
            names
                .iter()
                .map(|name| offsets.get(*name).copied())
                .collect()
        };
        let info = |class: &Class| {
            let words = class.fields.replace('i', "ii");
            ClassInfo {
                offset: self.class_offset(class.name).unwrap(),
                flags: if class.shareable {
                    ClassInfo::ACC_SHAREABLE
                } else {
                    0
                },
                super_class: Some(self.class_ref(class.parent)),
                declared_instance_size: u8::try_from(words.len()).unwrap(),
                first_reference_token: words
                    .find('r')
                    .map_or(0xFF, |first| u8::try_from(first).unwrap()),
                reference_count: u8::try_from(words.matches('r').count()).unwrap(),
                public_base: class.public.0,
                public_methods: table(&class.public.1),
                package_base: class.package.0,
                package_methods: table(&class.package.1),
                interfaces: class
                    .interfaces
                    .iter()
                    .map(|(name, methods)| ImplementedInterface {
                        interface: self.class_ref(name),
                        methods: methods.clone(),
                    })
                    .collect(),
                token_mapping: None,
                cap22_inheritable: None,
            }
        };
        self.classes.iter().map(info).collect()
    }

    fn exported(&self, offsets: &BTreeMap<String, u32>) -> Vec<ExportedClass> {
        let export = |(name, fields, methods): &(String, Vec<u16>, Vec<String>)| ExportedClass {
            class: self.class_offset(name).unwrap(),
            static_fields: fields.clone(),
            static_methods: methods.iter().map(|name| offsets[name]).collect(),
        };
        self.exports.iter().map(export).collect()
    }
}
