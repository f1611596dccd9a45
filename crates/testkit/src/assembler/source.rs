//! A package in the language of `vectors/verifier/README.md`.

use hydra_cap::CapFile;

mod build;
mod descriptor;
mod tables;

pub use build::Assembled;

/// Name and descriptor of a method.
type Key = (String, String);

/// A file in the making: what its lines say.
#[derive(Clone, Debug, Default)]
pub struct Source {
    aid: Vec<u8>,
    int: bool,
    imports: Vec<String>,
    applets: Vec<(Vec<u8>, String)>,
    exported: Vec<String>,
    classes: Vec<Class>,
    /// Where members go.
    current: usize,
    patches: Vec<Patch>,
}

/// Bytes of a finished component that are changed.
#[derive(Clone, Debug)]
struct Patch {
    component: String,
    symbol: String,
    offset: usize,
    /// Hex digits, or `@` and the place of two bytes.
    bytes: String,
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

/// A field or method.
#[derive(Clone, Debug, Default)]
struct Member {
    name: String,
    descriptor: String,
    flags: u8,
    stack: u8,
    locals: u8,
    code: String,
}

impl Source {
    /// Reads lines of the language.
    pub fn read(&mut self, lines: &str) {
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
                "class" | "interface" => {
                    self.classes.push(Class::read(word, &words));
                    self.current = self.classes.len() - 1;
                }
                "in" => {
                    let found = self.classes.iter().position(|class| class.name == words[0]);
                    self.current = found.unwrap_or_else(|| panic!("no {line}"));
                }
                "field" => {
                    let field = Member::read(rest, "");
                    self.classes[self.current].fields.push(field);
                }
                "method" => {
                    let (head, code) = rest.split_once(" = ").unwrap_or((rest, ""));
                    let method = Member::read(head, code);
                    self.classes[self.current].methods.push(method);
                }
                "patch" => {
                    let (place, bytes) = rest.split_once('=').unwrap();
                    let (component, symbol, offset) = place_of(place);
                    self.patches.push(Patch {
                        component,
                        symbol,
                        offset,
                        bytes: bytes.trim().into(),
                    });
                }
                _ => panic!("no such line: {line}"),
            }
        }
    }

    /// The file that the lines describe.
    pub fn assemble(&self) -> Assembled {
        build::Builder::new(self).run()
    }

    /// Another file with this text's patches, which give no symbol.
    pub fn changed(&self, cap: &CapFile) -> Assembled {
        build::changed(self, cap)
    }

    fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// Interfaces come first in a Class component.
    fn ordered(&self) -> impl Iterator<Item = &Class> + Clone {
        self.interfaces()
            .chain(self.classes.iter().filter(|class| !class.interface))
    }

    fn interfaces(&self) -> impl Iterator<Item = &Class> + Clone {
        self.classes.iter().filter(|class| class.interface)
    }
}

impl Class {
    fn read(word: &str, words: &[&str]) -> Self {
        let mut class = Self {
            name: words[0].into(),
            interface: word == "interface",
            parent: "java/lang/Object".into(),
            ..Self::default()
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
        class
    }
}

impl Member {
    const PUBLIC: u8 = 1;
    const PRIVATE: u8 = 2;
    const PROTECTED: u8 = 4;
    const STATIC: u8 = 8;
    const FINAL: u8 = 0x10;
    const ABSTRACT: u8 = 0x40;
    const INIT: u8 = 0x80;

    fn read(head: &str, code: &str) -> Self {
        let mut words = head.split_whitespace();
        let mut member = Self {
            name: words.next().unwrap().into(),
            descriptor: words.next().unwrap().into(),
            stack: 8,
            locals: 4,
            code: code.trim().into(),
            ..Self::default()
        };
        while let Some(word) = words.next() {
            member.flags |= match word {
                "public" => Self::PUBLIC,
                "private" => Self::PRIVATE,
                "protected" => Self::PROTECTED,
                "static" => Self::STATIC,
                "final" => Self::FINAL,
                "abstract" => Self::ABSTRACT,
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
            member.flags |= Self::INIT;
        }
        if member.has(Self::ABSTRACT) {
            (member.stack, member.locals) = (0, 0);
        }
        member
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn key(&self) -> Key {
        (self.name.clone(), self.descriptor.clone())
    }

    fn is_virtual(&self) -> bool {
        self.flags & (Self::STATIC | Self::INIT | Self::PRIVATE) == 0
    }

    fn is_package(&self) -> bool {
        self.flags & (Self::PUBLIC | Self::PROTECTED) == 0
    }

    /// Whether other packages may see it.
    fn is_offered(&self) -> bool {
        !self.is_package() && !self.has(Self::PRIVATE)
    }

    fn nargs(&self) -> u8 {
        let words: usize = params(&self.descriptor)
            .iter()
            .map(|kind| words(kind))
            .sum();
        u8::try_from(words).unwrap() + u8::from(!self.has(Self::STATIC))
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

/// A method's name within the file.
fn full(class: &str, method: &Member) -> String {
    format!("{class}.{}{}", method.name, method.descriptor)
}

/// Component, symbol and offset of `Component symbol+n`, `Component symbol`, or `Component +n` from the component's
/// start.
pub fn place_of(text: &str) -> (String, String, usize) {
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
