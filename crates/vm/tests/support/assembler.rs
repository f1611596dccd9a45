//! Makes small CAP files from assembly text, so that tests can say exactly which instructions run.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's own mistake should stop it")]

use std::collections::BTreeMap;

use hydra_cap::api::{self, Space};
use hydra_cap::opcode::{Layout, Opcode};
use hydra_cap::{CapError, CapFile, ClassRef, ComponentTag, CpEntry};

pub(crate) type Components = Vec<(ComponentTag, Vec<u8>)>;

/// A package in the making. Format 2.1; imports `java.lang`, `javacard.framework` and what is added.
pub(crate) struct Package {
    aid: Vec<u8>,
    imports: Vec<(Vec<u8>, u8, u8)>,
    pool: Vec<CpEntry>,
    names: BTreeMap<String, u16>,
    methods: Vec<Method>,
    interfaces: Vec<Interface>,
    classes: Vec<Class>,
    statics: (Vec<Vec<u8>>, u16, Vec<u8>),
    exports: Vec<(String, Vec<u16>, Vec<String>)>,
    pub(crate) applets: Vec<(Vec<u8>, String)>,
}

struct Method {
    name: String,
    nargs: u8,
    locals: u8,
    stack: u8,
    text: String,
}

pub(crate) struct Interface {
    pub(crate) name: &'static str,
    pub(crate) shareable: bool,
    pub(crate) supers: Vec<String>,
}

pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) parent: &'static str,
    /// Fields in token order: `r` reference, `s` short or byte, `i` int; references must be consecutive.
    pub(crate) fields: &'static str,
    pub(crate) shareable: bool,
    /// First token and methods by name; `-` for one inherited from elsewhere.
    pub(crate) public: (u8, Vec<&'static str>),
    pub(crate) package: (u8, Vec<&'static str>),
    pub(crate) interfaces: Vec<(&'static str, Vec<u8>)>,
}

impl Class {
    pub(crate) fn new(name: &'static str, parent: &'static str, fields: &'static str) -> Self {
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
    pub(crate) fn new(aid: &[u8]) -> Self {
        let imports = vec![
            (vec![0xA0, 0, 0, 0, 0x62, 0, 1], 1, 0),
            (vec![0xA0, 0, 0, 0, 0x62, 1, 1], 1, 3),
        ];
        Self {
            aid: aid.to_vec(),
            imports,
            pool: vec![],
            names: BTreeMap::new(),
            methods: vec![],
            interfaces: vec![],
            classes: vec![],
            statics: (vec![], 0, vec![]),
            exports: vec![],
            applets: vec![],
        }
    }

    pub(crate) fn import(&mut self, aid: &[u8]) -> u8 {
        self.imports.push((aid.to_vec(), 1, 0));
        u8::try_from(self.imports.len() - 1).unwrap()
    }

    /// Gives a constant pool entry a name, for `#name` in code.
    pub(crate) fn entry(&mut self, name: &str, entry: CpEntry) -> u16 {
        self.pool.push(entry);
        let index = u16::try_from(self.pool.len() - 1).unwrap();
        self.names.insert(name.to_string(), index);
        index
    }

    pub(crate) fn interface(&mut self, interface: Interface) {
        self.interfaces.push(interface);
    }

    pub(crate) fn class(&mut self, class: Class) {
        self.classes.push(class);
    }

    /// Static `byte[]` fields with first values, null references, and bytes of primitives.
    pub(crate) fn statics(&mut self, arrays: &[&[u8]], nulls: u16, bytes: &[u8]) {
        self.statics = (
            arrays.iter().map(|array| array.to_vec()).collect(),
            nulls,
            bytes.to_vec(),
        );
    }

    pub(crate) fn method(&mut self, name: &str, nargs: u8, locals: u8, stack: u8, text: &str) {
        self.methods.push(Method {
            name: name.into(),
            nargs,
            locals,
            stack,
            text: text.into(),
        });
    }

    /// Exports a class with static fields (offsets) and static methods (names).
    pub(crate) fn export(&mut self, class: &str, fields: &[u16], methods: &[&str]) {
        self.exports.push((
            class.into(),
            fields.to_vec(),
            methods.iter().map(|name| name.to_string()).collect(),
        ));
    }

    fn class_offset(&self, name: &str) -> Option<u16> {
        let mut at = 0_u16;
        for interface in &self.interfaces {
            if interface.name == name {
                return Some(at);
            }
            at += 1 + 2 * u16::try_from(interface.supers.len()).unwrap();
        }
        for class in &self.classes {
            if class.name == name {
                return Some(at);
            }
            let tables = class.public.1.len() + class.package.1.len();
            let interfaces: usize = class
                .interfaces
                .iter()
                .map(|(_, methods)| 3 + methods.len())
                .sum();
            at += u16::try_from(10 + 2 * tables + interfaces).unwrap();
        }
        None
    }

    /// A class of this package by name, an API class by its internal name, or `package:token` of an import.
    pub(crate) fn class_ref(&self, name: &str) -> ClassRef {
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
            .position(|(aid, ..)| aid == row.package().aid)
            .unwrap();
        ClassRef::External {
            package: u8::try_from(package).unwrap(),
            class: row.token,
        }
    }

    /// The index of a name: one given, a class, or `class.method(descriptor)` of the API.
    fn index(&mut self, name: &str) -> u16 {
        if let Some(index) = self.names.get(name) {
            return *index;
        }
        let entry = match name.split_once('.') {
            Some((class, method)) => {
                let row = api::class(class).unwrap();
                let (method, descriptor) = method.split_at(method.find('(').unwrap());
                let method = row.declared(method, descriptor).unwrap();
                match (method.space, self.class_ref(class)) {
                    (Space::Static, ClassRef::External { package, class }) => {
                        CpEntry::ExternalStaticMethod {
                            package,
                            class,
                            token: method.token,
                        }
                    }
                    (_, class) => CpEntry::VirtualMethod {
                        class,
                        token: method.token,
                    },
                }
            }
            None => CpEntry::Class(self.class_ref(name)),
        };
        self.entry(name, entry)
    }

    /// The file, and where each method is in the Method component.
    pub(crate) fn build(mut self) -> Result<(CapFile, BTreeMap<String, u32>), CapError> {
        let components = self.components();
        let offsets = components.1;
        Ok((CapFile::from_components(components.0)?, offsets))
    }

    pub(crate) fn components(&mut self) -> (Components, BTreeMap<String, u32>) {
        // Handlers come before the code, so their number must be known first.
        let count = self
            .methods
            .iter()
            .map(|method| method.text.matches(".catch").count())
            .sum::<usize>();
        let mut at = 1 + 8 * count;
        let mut offsets = BTreeMap::new();
        let (mut code, mut handlers) = (Vec::new(), Vec::new());
        for method in std::mem::take(&mut self.methods) {
            offsets.insert(method.name.clone(), u32::try_from(at).unwrap());
            let is_abstract = method.text == "abstract";
            let flags = if is_abstract { 0xC0 } else { 0x80 };
            code.extend_from_slice(&[flags, method.stack, method.nargs, method.locals]);
            let body = if is_abstract {
                vec![]
            } else {
                self.assemble(&method.text, at + 4, &mut handlers)
            };
            at += 4 + body.len();
            code.extend_from_slice(&body);
        }
        let mut names = self
            .names
            .iter()
            .map(|(name, index)| (name.clone(), *index))
            .collect::<Vec<_>>();
        names.sort_by_key(|(_, index)| *index);
        for (name, index) in names {
            // `=name` is a static method of this package.
            if let Some(offset) = name.strip_prefix('=').and_then(|name| offsets.get(name)) {
                self.pool[usize::from(index)] = CpEntry::StaticMethod(*offset);
            }
        }
        let method: Vec<u8> =
            [vec![u8::try_from(count).unwrap()], handlers.concat(), code].concat();

        let mut class = Vec::new();
        for interface in &self.interfaces {
            let flags = 0x80 | if interface.shareable { 0x40 } else { 0 };
            class.push(flags | u8::try_from(interface.supers.len()).unwrap());
            for name in &interface.supers {
                class.extend_from_slice(&self.class_ref(name).to_u16().to_be_bytes());
            }
        }
        for info in &self.classes {
            let flags = if info.shareable { 0x40 } else { 0 };
            class.push(flags | u8::try_from(info.interfaces.len()).unwrap());
            class.extend_from_slice(&self.class_ref(info.parent).to_u16().to_be_bytes());
            let words = info.fields.replace('i', "ii");
            class.push(u8::try_from(words.len()).unwrap());
            class.push(
                words
                    .find('r')
                    .map_or(0xFF, |first| u8::try_from(first).unwrap()),
            );
            class.push(u8::try_from(words.matches('r').count()).unwrap());
            for (base, methods) in [&info.public, &info.package] {
                class.push(*base);
                class.push(u8::try_from(methods.len()).unwrap());
            }
            for name in info.public.1.iter().chain(&info.package.1) {
                let offset = offsets.get(*name).copied().unwrap_or(0xFFFF);
                class.extend_from_slice(&offset.to_be_bytes()[2..]);
            }
            for (name, methods) in &info.interfaces {
                class.extend_from_slice(&self.class_ref(name).to_u16().to_be_bytes());
                class.push(u8::try_from(methods.len()).unwrap());
                class.extend_from_slice(methods);
            }
        }

        let (arrays, nulls, bytes) = &self.statics;
        let references = u16::try_from(arrays.len()).unwrap() + nulls;
        let size = 2 * references + u16::try_from(bytes.len()).unwrap();
        let mut fields = Vec::new();
        for value in [size, references, u16::try_from(arrays.len()).unwrap()] {
            fields.extend_from_slice(&value.to_be_bytes());
        }
        for array in arrays {
            fields.push(3);
            fields.extend_from_slice(&u16::try_from(array.len()).unwrap().to_be_bytes());
            fields.extend_from_slice(array);
        }
        fields.extend_from_slice(&[0, 0]);
        fields.extend_from_slice(&u16::try_from(bytes.len()).unwrap().to_be_bytes());
        fields.extend_from_slice(bytes);

        let mut pool = u16::try_from(self.pool.len())
            .unwrap()
            .to_be_bytes()
            .to_vec();
        for entry in &self.pool {
            pool.extend_from_slice(&pool_bytes(*entry));
        }
        let mut import = vec![u8::try_from(self.imports.len()).unwrap()];
        for (aid, major, minor) in &self.imports {
            import.extend_from_slice(&[*minor, *major, u8::try_from(aid.len()).unwrap()]);
            import.extend_from_slice(aid);
        }
        let mut flags = 1;
        let mut raw = vec![
            (ComponentTag::Import, import),
            (ComponentTag::Class, class),
            (ComponentTag::Method, method),
            (ComponentTag::StaticField, fields),
            (ComponentTag::ConstantPool, pool),
            (ComponentTag::ReferenceLocation, vec![0; 4]),
        ];
        if !self.exports.is_empty() {
            flags |= 2;
            let mut export = vec![u8::try_from(self.exports.len()).unwrap()];
            for (name, fields, methods) in &self.exports {
                export.extend_from_slice(&self.class_offset(name).unwrap().to_be_bytes());
                export.push(u8::try_from(fields.len()).unwrap());
                export.push(u8::try_from(methods.len()).unwrap());
                fields
                    .iter()
                    .for_each(|field| export.extend_from_slice(&field.to_be_bytes()));
                methods
                    .iter()
                    .for_each(|name| export.extend_from_slice(&offsets[name].to_be_bytes()[2..]));
            }
            raw.push((ComponentTag::Export, export));
        }
        if !self.applets.is_empty() {
            flags |= 4;
            let mut applet = vec![u8::try_from(self.applets.len()).unwrap()];
            for (aid, install) in &self.applets {
                applet.push(u8::try_from(aid.len()).unwrap());
                applet.extend_from_slice(aid);
                applet.extend_from_slice(&offsets[install].to_be_bytes()[2..]);
            }
            raw.push((ComponentTag::Applet, applet));
        }
        let mut header = vec![
            0xDE,
            0xCA,
            0xFF,
            0xED,
            1,
            2,
            flags,
            0,
            1,
            u8::try_from(self.aid.len()).unwrap(),
        ];
        header.extend_from_slice(&self.aid);
        raw.push((ComponentTag::Header, header));
        let mut directory = Vec::new();
        for tag in 1..=11 {
            let found = raw.iter().find(|(known, _)| known.tag() == tag);
            let size = if tag == 2 {
                31
            } else {
                found.map_or(0, |(_, bytes)| bytes.len())
            };
            directory.extend_from_slice(&u16::try_from(size).unwrap().to_be_bytes());
        }
        let initial: usize = arrays.iter().map(Vec::len).sum();
        for value in [usize::from(size), arrays.len(), initial] {
            directory.extend_from_slice(&u16::try_from(value).unwrap().to_be_bytes());
        }
        directory.push(u8::try_from(self.imports.len()).unwrap());
        directory.push(u8::try_from(self.applets.len()).unwrap());
        directory.push(0);
        raw.push((ComponentTag::Directory, directory));
        (raw, offsets)
    }

    /// Instructions separated by `; `; `label:` before one; `.catch from to handler class` at the end;
    /// `.byte n` for anything else.
    fn assemble(&mut self, text: &str, start: usize, handlers: &mut Vec<Vec<u8>>) -> Vec<u8> {
        let lines: Vec<&str> = text
            .split("; ")
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let mut labels: BTreeMap<String, usize> = BTreeMap::new();
        let mut code = Vec::new();
        // The first pass finds the labels, the second knows them.
        for pass in 0..2 {
            code.clear();
            for mut line in lines.iter().copied() {
                while let Some((label, rest)) = line
                    .split_once(':')
                    .filter(|(label, _)| !label.contains([' ', '#']))
                {
                    labels.insert(label.to_string(), start + code.len());
                    line = rest.trim();
                }
                let words: Vec<&str> = line.split_whitespace().collect();
                let Some(&mnemonic) = words.first() else {
                    continue;
                };
                let at = start + code.len();
                match mnemonic {
                    ".byte" => code.push(number(words[1]).to_be_bytes()[3]),
                    ".catch" if pass == 1 => {
                        let [from, to, handler] =
                            [1, 2, 3].map(|i| u16::try_from(labels[words[i]]).unwrap());
                        let class = if words[4] == "any" {
                            0
                        } else {
                            self.index(words[4])
                        };
                        let numbers = [from, to - from, handler, class];
                        handlers.push(
                            numbers
                                .iter()
                                .flat_map(|number| number.to_be_bytes())
                                .collect(),
                        );
                    }
                    ".catch" => {}
                    _ => self.instruction(mnemonic, &words[1..], at, &labels, &mut code),
                }
            }
        }
        code
    }

    fn instruction(
        &mut self,
        mnemonic: &str,
        operands: &[&str],
        at: usize,
        labels: &BTreeMap<String, usize>,
        code: &mut Vec<u8>,
    ) {
        let opcode =
            Opcode::from_mnemonic(mnemonic).unwrap_or_else(|| panic!("no instruction {mnemonic}"));
        let target = |word: &str| match labels.get(word) {
            Some(target) => i32::try_from(*target).unwrap() - i32::try_from(at).unwrap(),
            None => word.parse().unwrap_or(0),
        };
        let mut put =
            |value: i32, size: usize| code.extend_from_slice(&value.to_be_bytes()[4 - size..]);
        put(opcode.byte().into(), 1);
        let word = |i: usize| {
            operands
                .get(i)
                .copied()
                .unwrap_or_else(|| panic!("{mnemonic}: operand {i} is missing"))
        };
        match opcode.layout() {
            Layout::None => {}
            Layout::Imm8 | Layout::Local | Layout::ArrayType => put(number(word(0)), 1),
            Layout::Imm16 => put(number(word(0)), 2),
            Layout::Imm32 => put(number(word(0)), 4),
            Layout::Mn => put(number(word(0)) << 4 | number(word(1)), 1),
            Layout::Branch8 => put(target(word(0)), 1),
            Layout::Branch16 => put(target(word(0)), 2),
            Layout::Cp8 => put(self.operand(word(0)), 1),
            Layout::Cp16 => put(self.operand(word(0)), 2),
            Layout::LocalImm8 => {
                put(number(word(0)), 1);
                put(number(word(1)), 1);
            }
            Layout::LocalImm16 => {
                put(number(word(0)), 1);
                put(number(word(1)), 2);
            }
            Layout::Interface => {
                put(number(word(0)), 1);
                put(self.operand(word(1)), 2);
                put(number(word(2)), 1);
            }
            Layout::TypeCheck => {
                put(number(word(0)), 1);
                put(
                    if operands.len() > 1 {
                        self.operand(word(1))
                    } else {
                        0
                    },
                    2,
                );
            }
            Layout::TableSwitch16 | Layout::TableSwitch32 => {
                let size = if opcode.layout() == Layout::TableSwitch16 {
                    2
                } else {
                    4
                };
                put(target(word(0)), 2);
                put(number(word(1)), size);
                put(number(word(2)), size);
                operands[3..].iter().for_each(|label| put(target(label), 2));
            }
            Layout::LookupSwitch16 | Layout::LookupSwitch32 => {
                let size = if opcode.layout() == Layout::LookupSwitch16 {
                    2
                } else {
                    4
                };
                put(target(word(0)), 2);
                put(i32::try_from(operands.len() - 1).unwrap(), 2);
                for pair in &operands[1..] {
                    let (key, label) = pair.split_once('=').unwrap();
                    put(number(key), size);
                    put(target(label), 2);
                }
            }
        }
    }

    /// `#name`, or `##n` for a raw index.
    fn operand(&mut self, word: &str) -> i32 {
        match word.strip_prefix("##") {
            Some(raw) => number(raw),
            None => self
                .index(
                    word.strip_prefix('#')
                        .unwrap_or_else(|| panic!("{word} is no constant")),
                )
                .into(),
        }
    }
}

fn number(word: &str) -> i32 {
    word.parse()
        .unwrap_or_else(|_| panic!("{word} is no number"))
}

fn pool_bytes(entry: CpEntry) -> [u8; 4] {
    let with = |tag, class: ClassRef, token| {
        let [a, b] = class.to_u16().to_be_bytes();
        [tag, a, b, token]
    };
    let inner = |tag, offset: u16| {
        let [a, b] = offset.to_be_bytes();
        [tag, 0, a, b]
    };
    match entry {
        CpEntry::Class(class) => with(1, class, 0),
        CpEntry::InstanceField { class, token } => with(2, class, token),
        CpEntry::VirtualMethod { class, token } => with(3, class, token),
        CpEntry::SuperMethod { class, token } => with(4, class, token),
        CpEntry::StaticField(offset) => inner(5, offset),
        CpEntry::ExternalStaticField {
            package,
            class,
            token,
        } => [5, package | 0x80, class, token],
        CpEntry::StaticMethod(offset) => inner(6, u16::try_from(offset).unwrap()),
        CpEntry::ExternalStaticMethod {
            package,
            class,
            token,
        } => [6, package | 0x80, class, token],
    }
}
