//! Makes CAP files with every component from text, so that a case of the verifier can say exactly what is in one.
//!
//! `vectors/verifier/README.md` has the language.

use std::collections::BTreeMap;

use hydra_cap::api::{self, ApiClass, Space};
use hydra_cap::opcode::{Layout, Opcode};
use hydra_cap::{CapError, CapFile, ClassRef, ComponentTag};

const NONE: u16 = 0xFFFF;
/// `java.lang` is import 0 of every file.
const LANG: &str = "java/lang";

#[derive(Clone, Debug, Default)]
struct Member {
    name: String,
    descriptor: String,
    flags: u8,
    stack: u8,
    locals: u8,
    code: String,
}

impl Member {
    const PUBLIC: u8 = 1;
    const PRIVATE: u8 = 2;
    const PROTECTED: u8 = 4;
    const STATIC: u8 = 8;
    const FINAL: u8 = 0x10;
    const ABSTRACT: u8 = 0x40;
    const INIT: u8 = 0x80;

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn key(&self) -> (String, String) {
        (self.name.clone(), self.descriptor.clone())
    }

    fn is_virtual(&self) -> bool {
        self.flags & (Self::STATIC | Self::INIT | Self::PRIVATE) == 0
    }

    fn is_package(&self) -> bool {
        self.flags & (Self::PUBLIC | Self::PROTECTED) == 0
    }

    fn nargs(&self) -> u8 {
        let words: usize = params(&self.descriptor)
            .iter()
            .map(|kind| words(kind))
            .sum();
        u8::try_from(words).unwrap() + u8::from(!self.has(Self::STATIC))
    }
}

#[derive(Clone, Debug, Default)]
struct Class {
    name: String,
    interface: bool,
    shareable: bool,
    public: bool,
    flags: u8,
    parent: String,
    interfaces: Vec<String>,
    fields: Vec<Member>,
    methods: Vec<Member>,
}

type Key = (String, String);

/// A table of virtual methods: base, and for each token from there the class of this file that has it.
struct Table {
    /// All tokens, by method.
    all: Vec<(Key, Option<String>)>,
    base: usize,
}

impl Table {
    fn entries(&self) -> &[(Key, Option<String>)] {
        &self.all[self.base..]
    }
}

/// A file in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    aid: Vec<u8>,
    int: bool,
    imports: Vec<String>,
    applets: Vec<(Vec<u8>, String)>,
    exported: Vec<String>,
    classes: Vec<Class>,
    /// Where members go.
    current: usize,
    /// Component, symbol, offset to it, bytes.
    patches: Vec<(String, String, usize, String)>,
}

/// What was assembled.
pub(crate) struct Assembled {
    pub(crate) components: Vec<(ComponentTag, Vec<u8>)>,
    /// Where things are: component and symbol.
    pub(crate) symbols: BTreeMap<(String, String), usize>,
    /// Offsets of the instructions that were marked.
    pub(crate) marked: Vec<usize>,
    /// Offset of each method, by `Class.name(descriptor)`.
    pub(crate) methods: BTreeMap<String, u16>,
}

impl Assembled {
    pub(crate) fn read(self) -> Result<CapFile, CapError> {
        CapFile::from_components(self.components)
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap_or_else(|_| panic!("{text}")))
        .collect()
}

/// The parameters of a method's descriptor.
fn params(descriptor: &str) -> Vec<String> {
    let (inner, _) = descriptor
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .unwrap_or_else(|| panic!("{descriptor} is no method descriptor"));
    let mut kinds = Vec::new();
    let mut rest = inner;
    while !rest.is_empty() {
        let start = rest.trim_start_matches('[');
        let brackets = rest.len() - start.len();
        let length = if start.starts_with('L') {
            start.find(';').unwrap() + 1
        } else {
            1
        };
        kinds.push(rest[..brackets + length].to_string());
        rest = &rest[brackets + length..];
    }
    kinds
}

fn words(kind: &str) -> usize {
    match kind {
        "I" => 2,
        "V" => 0,
        _ => 1,
    }
}

fn is_reference(kind: &str) -> bool {
    kind.starts_with(['L', '['])
}

impl Text {
    /// Reads lines of the language.
    pub(crate) fn read(&mut self, lines: &str) {
        for line in lines.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let words: Vec<&str> = rest.split_whitespace().collect();
            match word {
                "package" => self.aid = hex(words[0]),
                "int" => self.int = true,
                "noint" => self.int = false,
                "import" => self.imports.push(words[0].into()),
                "applet" => self.applets.push((hex(words[0]), words[1].into())),
                "export" => self.exported.push(words[0].into()),
                "class" | "interface" => self.read_class(word, &words),
                "in" => {
                    let found = self.classes.iter().position(|class| class.name == words[0]);
                    self.current = found.unwrap_or_else(|| panic!("no {line}"));
                }
                "field" => {
                    let field = member(rest, "");
                    self.classes[self.current].fields.push(field);
                }
                "method" => {
                    let (head, code) = rest.split_once(" = ").unwrap_or((rest, ""));
                    self.classes[self.current].methods.push(member(head, code));
                }
                "patch" => {
                    let (place, bytes) = rest.split_once('=').unwrap();
                    let (component, symbol, offset) = place_of(place);
                    self.patches
                        .push((component, symbol, offset, bytes.trim().into()));
                }
                _ => panic!("no such line: {line}"),
            }
        }
    }

    fn read_class(&mut self, word: &str, words: &[&str]) {
        let mut class = Class {
            name: words[0].into(),
            interface: word == "interface",
            parent: "java/lang/Object".into(),
            ..Class::default()
        };
        let mut words = words[1..].iter();
        while let Some(word) = words.next() {
            match *word {
                "public" => class.public = true,
                "final" => class.flags |= 0x10,
                "abstract" => class.flags |= 0x80,
                "shareable" => class.shareable = true,
                "extends" => class.parent = words.next().unwrap().to_string(),
                "implements" => class
                    .interfaces
                    .extend(words.by_ref().map(|name| name.to_string())),
                other => panic!("{other}"),
            }
        }
        if class.interface {
            class.flags |= 0x80;
        }
        self.classes.push(class);
        self.current = self.classes.len() - 1;
    }

    fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == name)
    }

    fn ordered(&self) -> Vec<&Class> {
        let interfaces = self.classes.iter().filter(|class| class.interface);
        let classes = self.classes.iter().filter(|class| !class.interface);
        interfaces.chain(classes).collect()
    }

    fn api(name: &str) -> &'static ApiClass {
        api::class(name).unwrap_or_else(|| panic!("no class {name}"))
    }

    /// Every method of an interface by token, with the inherited ones.
    fn interface_methods(&self, name: &str) -> Vec<Key> {
        let Some(class) = self.class(name) else {
            let slots = Self::api(name).slots.iter();
            return slots
                .map(|slot| {
                    let method = slot.method.get();
                    (method.name.to_string(), method.descriptor.to_string())
                })
                .collect();
        };
        class.methods.iter().map(Member::key).collect()
    }

    fn table(&self, name: &str, package: bool) -> Table {
        let Some(class) = self.class(name) else {
            let slots = if package {
                &[][..]
            } else {
                Self::api(name).slots
            };
            let all = slots.iter().map(|slot| {
                let method = slot.method.get();
                let key = (method.name.to_string(), method.descriptor.to_string());
                (key, None)
            });
            let all: Vec<_> = all.collect();
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

    fn class_size(&self, class: &Class) -> usize {
        if class.interface {
            return 1 + 2 * class.interfaces.len();
        }
        let tables = self.table(&class.name, false).entries().len()
            + self.table(&class.name, true).entries().len();
        let interfaces: usize = class
            .interfaces
            .iter()
            .map(|name| 3 + self.interface_methods(name).len())
            .sum();
        10 + 2 * tables + interfaces
    }

    fn class_ref(&self, name: &str) -> u16 {
        let mut at = 0;
        for class in self.ordered() {
            if class.name == name {
                return u16::try_from(at).unwrap();
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
        .to_u16()
    }

    /// A file with only this text's patches.
    pub(crate) fn changed(&self, cap: &CapFile) -> Assembled {
        let mut components: Vec<_> = cap
            .components()
            .map(|(tag, bytes)| (tag, bytes.to_vec()))
            .collect();
        let builder = self.builder();
        builder.patch(&mut components);
        Assembled {
            components,
            symbols: BTreeMap::new(),
            marked: Vec::new(),
            methods: BTreeMap::new(),
        }
    }

    pub(crate) fn assemble(&self) -> Assembled {
        self.builder().run()
    }

    fn builder(&self) -> Builder<'_> {
        Builder {
            text: self,
            pool: Vec::new(),
            names: BTreeMap::new(),
            types: Vec::new(),
            type_places: BTreeMap::new(),
            symbols: BTreeMap::new(),
            marked: Vec::new(),
            bytes: Vec::new(),
            shorts: Vec::new(),
            handlers: Vec::new(),
            methods: BTreeMap::new(),
            handler_ranges: BTreeMap::new(),
        }
    }
}

fn member(head: &str, code: &str) -> Member {
    let mut words = head.split_whitespace();
    let mut member = Member {
        name: words.next().unwrap().into(),
        descriptor: words.next().unwrap().into(),
        stack: 8,
        locals: 4,
        code: code.trim().into(),
        ..Member::default()
    };
    while let Some(word) = words.next() {
        member.flags |= match word {
            "public" => Member::PUBLIC,
            "private" => Member::PRIVATE,
            "protected" => Member::PROTECTED,
            "static" => Member::STATIC,
            "final" => Member::FINAL,
            "abstract" => Member::ABSTRACT,
            "stack" | "locals" => {
                let number = words.next().unwrap().parse().unwrap();
                if word == "stack" {
                    member.stack = number;
                } else {
                    member.locals = number;
                }
                0
            }
            "package" => 0,
            other => panic!("{other}"),
        };
    }
    if member.name == "<init>" {
        member.flags |= Member::INIT;
    }
    if member.has(Member::ABSTRACT) {
        (member.stack, member.locals) = (0, 0);
    }
    member
}

/// `Component symbol+n`, `Component symbol`, or `Component +n` from the component's start.
pub(crate) fn place_of(text: &str) -> (String, String, usize) {
    let (component, symbol) = text.trim().split_once(' ').unwrap_or((text.trim(), "+0"));
    let (symbol, offset) = symbol
        .trim()
        .rsplit_once('+')
        .unwrap_or((symbol.trim(), "0"));
    (
        component.into(),
        symbol.into(),
        offset.trim().parse().unwrap_or_else(|_| panic!("{text}")),
    )
}

/// A method's name within the file.
fn full(class: &str, method: &Member) -> String {
    format!("{class}.{}{}", method.name, method.descriptor)
}

/// The size of a method's header as it is written here: the long form.
const HEADER: usize = 4;

struct Builder<'t> {
    text: &'t Text,
    /// Name of each entry.
    pool: Vec<String>,
    names: BTreeMap<String, u16>,
    types: Vec<u8>,
    type_places: BTreeMap<Vec<u8>, usize>,
    symbols: BTreeMap<(String, String), usize>,
    marked: Vec<usize>,
    bytes: Vec<usize>,
    shorts: Vec<usize>,
    /// Start, length, target, catch type.
    handlers: Vec<[u16; 4]>,
    methods: BTreeMap<String, u16>,
    /// First handler and number, by method.
    handler_ranges: BTreeMap<String, (usize, usize)>,
}

impl Builder<'_> {
    fn run(mut self) -> Assembled {
        let method = self.method_component();
        let class = self.class_component();
        let (statics, places) = self.static_component();
        let pool = self.pool_component(&places);
        let descriptor = self.descriptor_component(&places);
        let mut raw = vec![
            (ComponentTag::Import, self.import_component()),
            (ComponentTag::Class, class),
            (ComponentTag::Method, method),
            (ComponentTag::StaticField, statics.0),
            (ComponentTag::ConstantPool, pool),
            (ComponentTag::ReferenceLocation, self.reference_component()),
            (ComponentTag::Descriptor, descriptor),
        ];
        let mut flags = u8::from(self.text.int);
        if !self.text.exported.is_empty() {
            flags |= 2;
            raw.push((ComponentTag::Export, self.export_component(&places)));
        }
        if !self.text.applets.is_empty() {
            flags |= 4;
            let mut applet = vec![u8::try_from(self.text.applets.len()).unwrap()];
            for (aid, class) in &self.text.applets {
                self.symbols
                    .insert(("Applet".into(), format!("applet.{class}")), applet.len());
                applet.push(u8::try_from(aid.len()).unwrap());
                applet.extend_from_slice(aid);
                applet.extend_from_slice(
                    &self.methods[&format!("{class}.install([BSB)V")].to_be_bytes(),
                );
            }
            raw.push((ComponentTag::Applet, applet));
        }
        let mut header = vec![0xDE, 0xCA, 0xFF, 0xED, 1, 2, flags, 0, 1];
        header.push(u8::try_from(self.text.aid.len()).unwrap());
        header.extend_from_slice(&self.text.aid);
        raw.push((ComponentTag::Header, header));
        self.patch(&mut raw);
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
        let (size, arrays, values) = statics.1;
        for value in [size, arrays, values] {
            directory.extend_from_slice(&u16::try_from(value).unwrap().to_be_bytes());
        }
        directory.push(u8::try_from(self.text.imports.len() + 1).unwrap());
        directory.push(u8::try_from(self.text.applets.len()).unwrap());
        directory.push(0);
        raw.push((ComponentTag::Directory, directory));
        Assembled {
            components: raw,
            symbols: self.symbols,
            marked: self.marked,
            methods: self.methods,
        }
    }

    fn patch(&self, raw: &mut [(ComponentTag, Vec<u8>)]) {
        for (component, symbol, offset, bytes) in &self.text.patches {
            let place = |symbol: &str| match symbol {
                "" => 0,
                _ => *self
                    .symbols
                    .get(&(component.clone(), symbol.into()))
                    .unwrap_or_else(|| panic!("no {component} {symbol}")),
            };
            let (_, content) = raw
                .iter_mut()
                .find(|(tag, _)| tag.to_string() == *component)
                .unwrap_or_else(|| panic!("no {component}"));
            // Two bytes of another place, or those that are written.
            let bytes = match bytes.strip_prefix('@') {
                Some(other) => {
                    let (_, symbol, offset) = place_of(&format!("{component} {other}"));
                    content[place(&symbol) + offset..][..2].to_vec()
                }
                None => hex(bytes),
            };
            content[place(symbol) + offset..][..bytes.len()].copy_from_slice(&bytes);
        }
    }

    fn symbol(&mut self, component: &str, name: String, at: usize) {
        self.symbols.insert((component.into(), name), at);
    }

    fn method_component(&mut self) -> Vec<u8> {
        let text = self.text;
        let methods = || {
            let classes = text.classes.iter().filter(|class| !class.interface);
            classes.flat_map(|class| class.methods.iter().map(move |method| (class, method)))
        };
        let count: usize = methods()
            .map(|(_, method)| method.code.matches(".catch").count())
            .sum();
        let mut at = 1 + 8 * count;
        let mut code = Vec::new();
        for (class, method) in methods() {
            let name = full(&class.name, method);
            self.methods
                .insert(name.clone(), u16::try_from(at).unwrap());
            self.symbol("Method", format!("method.{name}"), at);
            let short = format!("method.{}.{}", class.name, method.name);
            self.symbols.entry(("Method".into(), short)).or_insert(at);
            let short = format!("method.{}.{}", class.name, method.name);
            self.symbols.entry(("Method".into(), short)).or_insert(at);
            let flags = if method.has(Member::ABSTRACT) {
                0xC0
            } else {
                0x80
            };
            code.extend_from_slice(&[flags, method.stack, method.nargs(), method.locals]);
            at += HEADER;
            let first = self.handlers.len();
            if !method.has(Member::ABSTRACT) {
                let body = self.body(&method.code, at);
                at += body.len();
                code.extend_from_slice(&body);
            }
            let known = (first, self.handlers.len() - first);
            self.handler_ranges.insert(name, known);
        }
        self.symbol("Method", "end".into(), at);
        let mut component = vec![u8::try_from(count).unwrap()];
        for (i, [start, length, target, catch]) in self.handlers.clone().into_iter().enumerate() {
            let enclosed = self.handlers[i + 1..]
                .iter()
                .any(|later| later[0] <= start && start + length <= later[0] + later[1]);
            let stop = if enclosed { 0 } else { 0x8000 };
            self.symbols
                .insert(("Method".into(), format!("handler.{i}")), component.len());
            if catch != 0 {
                self.shorts.push(component.len() + 6);
            }
            for value in [start, length | stop, target, catch] {
                component.extend_from_slice(&value.to_be_bytes());
            }
        }
        component.extend_from_slice(&code);
        component
    }

    /// Instructions separated by `;`: `label:` before one, `!` before one that breaks a rule, `.byte n` for anything else,
    /// `.catch from to handler class` at the end.
    fn body(&mut self, text: &str, start: usize) -> Vec<u8> {
        let mut labels = BTreeMap::new();
        let mut code = Vec::new();
        // Once for the labels, once for the code.
        for pass in 0..2 {
            code.clear();
            for line in text.split(';') {
                // A descriptor's own semicolons are written as commas.
                let mut line = line.trim();
                let at = start + code.len();
                while let Some((label, rest)) = line.split_once(':').filter(|(label, _)| {
                    label.chars().all(|c| c.is_ascii_alphanumeric() || c == '!')
                }) {
                    labels.insert(label.trim_start_matches('!').to_string(), at);
                    line = rest.trim();
                }
                if let Some(rest) = line.strip_prefix('!') {
                    if pass == 1 {
                        self.marked.push(at);
                    }
                    line = rest.trim();
                }
                let words: Vec<&str> = line.split_whitespace().collect();
                let Some(&mnemonic) = words.first() else {
                    continue;
                };
                match mnemonic {
                    ".byte" => {
                        code.extend(words[1..].iter().map(|word| number(word).to_be_bytes()[3]))
                    }
                    ".catch" if pass == 1 => {
                        let place = |word: &str| u16::try_from(labels[word]).unwrap();
                        let (from, to, target) =
                            (place(words[1]), place(words[2]), place(words[3]));
                        let catch = if words[4] == "any" {
                            0
                        } else {
                            self.entry(words[4])
                        };
                        self.handlers
                            .push([from, to.saturating_sub(from), target, catch]);
                    }
                    ".catch" => {}
                    _ => self.instruction(mnemonic, &words[1..], at, &labels, &mut code, pass == 1),
                }
            }
            labels.insert("end".into(), start + code.len());
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
        last: bool,
    ) {
        let opcode =
            Opcode::from_mnemonic(mnemonic).unwrap_or_else(|| panic!("no instruction {mnemonic}"));
        let target = |word: &str| match labels.get(word) {
            Some(target) => i32::try_from(*target).unwrap() - i32::try_from(at).unwrap(),
            None => word.parse().unwrap_or(0),
        };
        let word = |i: usize| {
            operands
                .get(i)
                .copied()
                .unwrap_or_else(|| panic!("{mnemonic}: operand {i} is missing"))
        };
        let mut put =
            |value: i32, size: usize| code.extend_from_slice(&value.to_be_bytes()[4 - size..]);
        put(opcode.byte().into(), 1);
        match opcode.layout() {
            Layout::None => {}
            Layout::Imm8 | Layout::Local | Layout::ArrayType => put(number(word(0)), 1),
            Layout::Imm16 => put(number(word(0)), 2),
            Layout::Imm32 => put(number(word(0)), 4),
            Layout::Mn => put(number(word(0)) << 4 | number(word(1)), 1),
            Layout::Branch8 => put(target(word(0)), 1),
            Layout::Branch16 => put(target(word(0)), 2),
            Layout::Cp8 => {
                if last {
                    self.bytes.push(at + 1);
                }
                put(self.entry(word(0)).into(), 1);
            }
            Layout::Cp16 => {
                if last {
                    self.shorts.push(at + 1);
                }
                put(self.entry(word(0)).into(), 2);
            }
            Layout::LocalImm8 => {
                put(number(word(0)), 1);
                put(number(word(1)), 1);
            }
            Layout::LocalImm16 => {
                put(number(word(0)), 1);
                put(number(word(1)), 2);
            }
            Layout::Interface => {
                if last {
                    self.shorts.push(at + 2);
                }
                put(number(word(0)), 1);
                put(self.entry(word(1)).into(), 2);
                put(number(word(2)), 1);
            }
            Layout::TypeCheck => {
                put(number(word(0)), 1);
                if operands.len() > 1 {
                    if last {
                        self.shorts.push(at + 2);
                    }
                    put(self.entry(word(1)).into(), 2);
                } else {
                    put(0, 2);
                }
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

    /// The index of an entry by name; `##n` is a raw index.
    fn entry(&mut self, word: &str) -> u16 {
        let name = word.strip_prefix('#').unwrap_or_else(|| panic!("{word}"));
        if let Some(raw) = name.strip_prefix('#') {
            return raw.parse().unwrap();
        }
        if let Some(index) = self.names.get(name) {
            return *index;
        }
        self.pool.push(name.into());
        let index = u16::try_from(self.pool.len() - 1).unwrap();
        self.names.insert(name.into(), index);
        index
    }

    fn class_component(&mut self) -> Vec<u8> {
        let text = self.text;
        let mut component = Vec::new();
        for class in text.ordered() {
            self.symbol("Class", format!("class.{}", class.name), component.len());
            let count = u8::try_from(class.interfaces.len()).unwrap();
            if class.interface {
                component.push(0x80 | if class.shareable { 0x40 } else { 0 } | count);
                for name in &class.interfaces {
                    component.extend_from_slice(&text.class_ref(name).to_be_bytes());
                }
                continue;
            }
            component.push(if class.shareable { 0x40 } else { 0 } | count);
            component.extend_from_slice(&text.class_ref(&class.parent).to_be_bytes());
            let fields = class
                .fields
                .iter()
                .filter(|field| !field.has(Member::STATIC));
            let kinds: Vec<&str> = fields.map(|field| field.descriptor.as_str()).collect();
            let size: usize = kinds.iter().map(|kind| words(kind)).sum();
            component.push(u8::try_from(size).unwrap());
            let mut token = 0;
            let mut first = None;
            let mut references = 0;
            for kind in kinds {
                if is_reference(kind) {
                    first = first.or(Some(token));
                    references += 1;
                }
                token += words(kind);
            }
            component.push(first.map_or(0xFF, |first| u8::try_from(first).unwrap()));
            component.push(references);
            let tables = [
                text.table(&class.name, false),
                text.table(&class.name, true),
            ];
            for table in &tables {
                let count = table.entries().len();
                let base = if count == 0 { 0 } else { table.base };
                component.push(u8::try_from(base).unwrap());
                component.push(u8::try_from(count).unwrap());
            }
            for ((name, descriptor), owner) in tables.iter().flat_map(Table::entries) {
                let offset = owner.as_ref().map_or(NONE, |owner| {
                    self.methods[&format!("{owner}.{name}{descriptor}")]
                });
                component.extend_from_slice(&offset.to_be_bytes());
            }
            for interface in &class.interfaces {
                component.extend_from_slice(&text.class_ref(interface).to_be_bytes());
                let methods = text.interface_methods(interface);
                component.push(u8::try_from(methods.len()).unwrap());
                for key in methods {
                    let token = tables[0].all.iter().position(|(known, _)| *known == key);
                    component.push(token.map_or(0, |token| u8::try_from(token).unwrap()));
                }
            }
        }
        component
    }

    /// The component, sizes for the Directory, and where each static field is.
    #[allow(clippy::type_complexity, reason = "three things that belong together")]
    fn static_component(&mut self) -> ((Vec<u8>, (usize, usize, usize)), BTreeMap<String, u16>) {
        let text = self.text;
        let all: Vec<(String, &Member)> = text
            .classes
            .iter()
            .flat_map(|class| {
                let fields = class
                    .fields
                    .iter()
                    .filter(|field| field.has(Member::STATIC));
                fields.map(move |field| (format!("{}.{}", class.name, field.name), field))
            })
            .collect();
        let mut places = BTreeMap::new();
        let mut at = 0_u16;
        // Only fields of byte arrays have first values here.
        let arrays: Vec<_> = all
            .iter()
            .filter(|(_, field)| field.descriptor == "[B")
            .collect();
        let others = all
            .iter()
            .filter(|(_, field)| is_reference(&field.descriptor) && field.descriptor != "[B");
        let references: Vec<_> = arrays.iter().copied().chain(others).collect();
        for (name, _) in &references {
            places.insert(name.clone(), at);
            at += 2;
        }
        for (name, field) in &all {
            if !is_reference(&field.descriptor) {
                places.insert(name.clone(), at);
                at += match field.descriptor.as_str() {
                    "Z" | "B" => 1,
                    "S" => 2,
                    _ => 4,
                };
            }
        }
        let count = u16::try_from(references.len()).unwrap();
        let primitive = at - 2 * count;
        let mut component = Vec::new();
        for value in [at, count, u16::try_from(arrays.len()).unwrap()] {
            component.extend_from_slice(&value.to_be_bytes());
        }
        for _ in &arrays {
            component.extend_from_slice(&[3, 0, 2, 1, 2]);
        }
        component.extend_from_slice(&primitive.to_be_bytes());
        component.extend_from_slice(&[0, 0]);
        let sizes = (usize::from(at), arrays.len(), 2 * arrays.len());
        ((component, sizes), places)
    }

    /// Tag, three bytes and type of an entry.
    fn constant(&self, name: &str, statics: &BTreeMap<String, u16>) -> ([u8; 4], Option<String>) {
        let text = self.text;
        let with = |tag: u8, class: u16, token: u8| {
            let [a, b] = class.to_be_bytes();
            [tag, a, b, token]
        };
        let (above, name) = match name.strip_prefix("super:") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let Some((class, member)) = name.split_once('.') else {
            return (with(1, text.class_ref(name), 0), None);
        };
        let member = member.replace(',', ";");
        let reference = text.class_ref(class);
        let Some((method, _)) = member.split_once('(') else {
            // A field.
            let own = text.class(class).unwrap_or_else(|| panic!("{name}"));
            let mut token = 0;
            for field in &own.fields {
                if field.name == member {
                    if field.has(Member::STATIC) {
                        let [a, b] = statics[name].to_be_bytes();
                        return ([5, 0, a, b], Some(field.descriptor.clone()));
                    }
                    let entry = with(2, reference, u8::try_from(token).unwrap());
                    return (entry, Some(field.descriptor.clone()));
                }
                if !field.has(Member::STATIC) {
                    token += words(&field.descriptor);
                }
            }
            panic!("no field {name}");
        };
        let descriptor = member[method.len()..].to_string();
        let key = (method.to_string(), descriptor.clone());
        let own = text.class(class);
        let declared = own.and_then(|own| own.methods.iter().find(|known| known.key() == key));
        let tag = if above { 4 } else { 3 };
        if !above {
            if let Some(declared) = declared.filter(|method| !method.is_virtual()) {
                let [a, b] = self.methods[&full(class, declared)].to_be_bytes();
                return ([6, 0, a, b], Some(descriptor));
            }
            if own.is_none() {
                let row = Text::api(class)
                    .declared(method, &descriptor)
                    .filter(|row| row.space == Space::Static);
                if let Some(row) = row {
                    let [a, b] = reference.to_be_bytes();
                    return ([6, a, b, row.token], Some(descriptor));
                }
            }
        }
        for (package, mark) in [(false, 0), (true, 0x80)] {
            let table = text.table(class, package);
            if let Some(token) = table.all.iter().position(|(known, _)| *known == key) {
                let token = u8::try_from(token).unwrap() | mark;
                return (with(tag, reference, token), Some(descriptor));
            }
        }
        panic!("no method {name}");
    }

    fn pool_component(&mut self, statics: &BTreeMap<String, u16>) -> Vec<u8> {
        let mut component = u16::try_from(self.pool.len())
            .unwrap()
            .to_be_bytes()
            .to_vec();
        for name in self.pool.clone() {
            self.symbol("ConstantPool", name.clone(), component.len());
            component.extend_from_slice(&self.constant(&name, statics).0);
        }
        component
    }

    fn import_component(&self) -> Vec<u8> {
        let names = [LANG.to_string()];
        let names: Vec<&String> = names.iter().chain(&self.text.imports).collect();
        let mut component = vec![u8::try_from(names.len()).unwrap()];
        for name in names {
            let package = api::package(name).unwrap_or_else(|| panic!("no package {name}"));
            component.extend_from_slice(&[package.minor, package.major]);
            component.push(u8::try_from(package.aid.len()).unwrap());
            component.extend_from_slice(package.aid);
        }
        component
    }

    fn reference_component(&mut self) -> Vec<u8> {
        let mut component = Vec::new();
        for list in [&mut self.bytes, &mut self.shorts] {
            list.sort_unstable();
            list.dedup();
            let mut steps = Vec::new();
            let mut last = 0;
            for place in list.iter() {
                let mut step = place - last;
                while step >= 255 {
                    steps.push(255);
                    step -= 255;
                }
                steps.push(u8::try_from(step).unwrap());
                last = *place;
            }
            component.extend_from_slice(&u16::try_from(steps.len()).unwrap().to_be_bytes());
            component.extend_from_slice(&steps);
        }
        component
    }

    fn export_component(&mut self, statics: &BTreeMap<String, u16>) -> Vec<u8> {
        let text = self.text;
        let mut component = vec![u8::try_from(text.exported.len()).unwrap()];
        for name in &text.exported {
            self.symbols
                .insert(("Export".into(), format!("class.{name}")), component.len());
            let class = text.class(name).unwrap();
            component.extend_from_slice(&text.class_ref(name).to_be_bytes());
            let visible = |member: &&Member| !member.is_package() && !member.has(Member::PRIVATE);
            let fields = class
                .fields
                .iter()
                .filter(|field| field.has(Member::STATIC));
            let fields: Vec<_> = fields.filter(visible).collect();
            let methods = class.methods.iter().filter(|method| !method.is_virtual());
            let methods: Vec<_> = methods.filter(visible).collect();
            component.push(u8::try_from(fields.len()).unwrap());
            component.push(u8::try_from(methods.len()).unwrap());
            for field in fields {
                let place = statics[&format!("{name}.{}", field.name)];
                component.extend_from_slice(&place.to_be_bytes());
            }
            for method in methods {
                let place = self.methods[&full(name, method)];
                component.extend_from_slice(&place.to_be_bytes());
            }
        }
        component
    }

    /// Nibbles of a type, as a type descriptor.
    fn nibbles(&self, kind: &str, nibbles: &mut Vec<u8>) {
        let (array, element) = match kind.strip_prefix('[') {
            Some(element) => (true, element),
            None => (false, kind),
        };
        let plain = match element {
            "V" => 1,
            "Z" => 2,
            "B" => 3,
            "S" => 4,
            "I" => 5,
            _ => 6,
        };
        nibbles.push(plain + if array { 8 } else { 0 });
        if plain == 6 {
            let name = element.trim_start_matches('L').trim_end_matches(';');
            let [a, b] = self.text.class_ref(name).to_be_bytes();
            nibbles.extend_from_slice(&[a >> 4, a & 0xF, b >> 4, b & 0xF]);
        }
    }

    /// Where a descriptor's type is, from the start of the type descriptors.
    fn type_place(&mut self, descriptor: &str) -> usize {
        let mut nibbles = Vec::new();
        if descriptor.starts_with('(') {
            for kind in params(descriptor) {
                self.nibbles(&kind, &mut nibbles);
            }
            let result = descriptor.split_once(')').unwrap().1;
            self.nibbles(result, &mut nibbles);
        } else {
            self.nibbles(descriptor, &mut nibbles);
        }
        if let Some(place) = self.type_places.get(&nibbles) {
            return *place;
        }
        let place = self.types.len();
        self.types.push(u8::try_from(nibbles.len()).unwrap());
        for pair in nibbles.chunks(2) {
            self.types
                .push(pair[0] << 4 | pair.get(1).copied().unwrap_or(0));
        }
        self.type_places.insert(nibbles, place);
        place
    }

    fn descriptor_component(&mut self, statics: &BTreeMap<String, u16>) -> Vec<u8> {
        let text = self.text;
        // The type descriptors follow the constant pool's list.
        let list = 2 + 2 * self.pool.len();
        let place = |place: usize| u16::try_from(list + place).unwrap().to_be_bytes();
        let mut component = vec![u8::try_from(text.classes.len()).unwrap()];
        let mut class_token = 0;
        for class in text.ordered() {
            self.symbol(
                "Descriptor",
                format!("class.{}", class.name),
                component.len(),
            );
            if class.public {
                component.push(class_token);
                class_token += 1;
            } else {
                component.push(0xFF);
            }
            let kind = if class.interface { 0x40 } else { 0 };
            component.push(u8::from(class.public) | kind | class.flags);
            component.extend_from_slice(&text.class_ref(&class.name).to_be_bytes());
            let interfaces = if class.interface {
                &[][..]
            } else {
                &class.interfaces
            };
            component.push(u8::try_from(interfaces.len()).unwrap());
            for count in [class.fields.len(), class.methods.len()] {
                component.extend_from_slice(&u16::try_from(count).unwrap().to_be_bytes());
            }
            for name in interfaces {
                component.extend_from_slice(&text.class_ref(name).to_be_bytes());
            }
            let (mut token, mut static_token) = (0, 0);
            for field in &class.fields {
                let name = format!("{}.{}", class.name, field.name);
                self.symbol("Descriptor", format!("field.{name}"), component.len());
                let hidden = field.is_package() || field.has(Member::PRIVATE);
                if field.has(Member::STATIC) {
                    component.push(if hidden { 0xFF } else { static_token });
                    static_token += u8::from(!hidden);
                    let [a, b] = statics[&name].to_be_bytes();
                    component.extend_from_slice(&[field.flags, 0, a, b]);
                } else {
                    let [a, b] = text.class_ref(&class.name).to_be_bytes();
                    let number = u8::try_from(token).unwrap();
                    component.extend_from_slice(&[number, field.flags, a, b, number]);
                    token += words(&field.descriptor);
                }
                let kind = match field.descriptor.as_str() {
                    "Z" => [0x80, 2],
                    "B" => [0x80, 3],
                    "S" => [0x80, 4],
                    "I" => [0x80, 5],
                    reference => place(self.type_place(reference)),
                };
                component.extend_from_slice(&kind);
            }
            let mut static_token = 0;
            for (i, method) in class.methods.iter().enumerate() {
                let name = full(&class.name, method);
                self.symbol("Descriptor", format!("method.{name}"), component.len());
                let short = format!("method.{}.{}", class.name, method.name);
                self.symbols
                    .entry(("Descriptor".into(), short))
                    .or_insert(component.len());
                let token = if class.interface {
                    u8::try_from(i).unwrap()
                } else if method.is_virtual() {
                    let table = text.table(&class.name, method.is_package());
                    let found = table.all.iter().position(|(key, _)| *key == method.key());
                    u8::try_from(found.unwrap()).unwrap()
                        | if method.is_package() { 0x80 } else { 0 }
                } else if method.is_package() || method.has(Member::PRIVATE) {
                    0xFF
                } else {
                    static_token += 1;
                    static_token - 1
                };
                component.extend_from_slice(&[token, method.flags]);
                let offset = if class.interface {
                    0
                } else {
                    self.methods[&name]
                };
                component.extend_from_slice(&offset.to_be_bytes());
                component.extend_from_slice(&place(self.type_place(&method.descriptor)));
                let length = if class.interface || method.has(Member::ABSTRACT) {
                    0
                } else {
                    self.length_of(&name)
                };
                component.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
                let (first, count) = self.handler_ranges.get(&name).copied().unwrap_or_default();
                for value in [count, if count == 0 { 0 } else { first }] {
                    component.extend_from_slice(&u16::try_from(value).unwrap().to_be_bytes());
                }
            }
        }
        self.symbol("Descriptor", "types".into(), component.len());
        let mut kinds = u16::try_from(self.pool.len())
            .unwrap()
            .to_be_bytes()
            .to_vec();
        for name in self.pool.clone() {
            self.symbol(
                "Descriptor",
                format!("type.{name}"),
                component.len() + kinds.len(),
            );
            match self.constant(&name, statics).1 {
                None => kinds.extend_from_slice(&NONE.to_be_bytes()),
                Some(descriptor) => kinds.extend_from_slice(&place(self.type_place(&descriptor))),
            }
        }
        for (nibbles, at) in self.type_places.clone() {
            let name = nibbles
                .iter()
                .map(|nibble| format!("{nibble:X}"))
                .collect::<String>();
            let at = component.len() + kinds.len() + at;
            self.symbol("Descriptor", format!("nibbles.{name}"), at);
        }
        component.extend_from_slice(&kinds);
        component.extend_from_slice(&self.types);
        component
    }

    /// Bytes of code of a method: up to where the next begins.
    fn length_of(&self, name: &str) -> usize {
        let start = usize::from(self.methods[name]) + HEADER;
        let end = self
            .methods
            .values()
            .map(|at| usize::from(*at))
            .filter(|at| *at >= start)
            .min();
        let last = self.symbols[&("Method".to_string(), "end".to_string())];
        end.unwrap_or(last) - start
    }
}

fn number(word: &str) -> i32 {
    word.parse()
        .unwrap_or_else(|_| panic!("{word} is no number"))
}
