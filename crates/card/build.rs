//! Generates the table of natives, by the number of their methods in the Java Card API table.
//!
//! A method `javacard/framework/APDU.receiveBytes` is native when `src/api/javacard/framework/apdu.rs` has a function
//! `receive_bytes`; overloads carry their parameter types (`init_key_byte`), constructors are called `construct`.
//! A class that repeats a method of its superclass needs none of its own.
//! Otherwise `api/refused.toml` must say why not. A row with neither, or a native that is refused by name, stops the
//! build.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use hydra_cap::api::{self, ApiFlags, ApiMethod};

fn main() {
    println!("cargo::rerun-if-changed=src/api");
    println!("cargo::rerun-if-changed=api/refused.toml");
    println!("cargo::rerun-if-changed=api/sensitive.txt");
    let refused = match fs::read_to_string("api/refused.toml")
        .map_err(|error| error.to_string())
        .and_then(|text| Refusal::parse(&text))
    {
        Ok(refused) => refused,
        Err(error) => {
            println!("cargo::error=api/refused.toml: {error}");
            return;
        }
    };
    let sensitive = match fs::read_to_string("api/sensitive.txt") {
        Ok(text) => Sensitive::parse(&text),
        Err(error) => {
            println!("cargo::error=api/sensitive.txt: {error}");
            return;
        }
    };
    let mut natives = Natives::default();
    let mut used = BTreeSet::new();
    let (mut functions, mut table) = (String::new(), String::new());
    let mut coverage = String::new();
    let mut refusals = BTreeSet::new();
    for method in api::methods() {
        let id = method.id.0;
        let row = row_name(method);
        let refusal = refused.iter().position(|refusal| refusal.covers(&row));
        match (natives.path(method), refusal) {
            // A native inside of a refused package is no contradiction: exceptions of a service that is not there
            // are classes like any other.
            (Some(path), wide) if wide.is_none_or(|index| refused[index].is_wide()) => {
                functions.push_str(&function(method, &path, sensitive.covers(&row)));
                writeln!(table, "    native_{id},").unwrap_or_default();
                coverage.push_str("Coverage::Native,\n");
            }
            (None, Some(index)) => {
                used.insert(index);
                let Refusal { kind, reason, .. } = &refused[index];
                let function = format!("refuse_{}", kind.replace('-', "_"));
                writeln!(table, "    {function},").unwrap_or_default();
                refusals.insert((function, kind.clone()));
                match kind.as_str() {
                    "callback" => coverage.push_str("Coverage::Callback,\n"),
                    _ => writeln!(coverage, "Coverage::Refused({reason:?}),").unwrap_or_default(),
                }
            }
            (None, None) => println!(
                "cargo::error={row} has neither a native (fn {} in {}) nor a line in api/refused.toml",
                function_name(method),
                source_file(class_name(method)).display(),
            ),
            (Some(path), _) => {
                println!("cargo::error={row} is refused in api/refused.toml, but there is {path}");
            }
        }
    }
    for pattern in sensitive.without_row() {
        println!("cargo::error=api/sensitive.txt: \"{pattern}\" is no method");
    }
    for (index, refusal) in refused.iter().enumerate() {
        if !used.contains(&index) {
            println!(
                "cargo::error=api/refused.toml: \"{}\" refuses nothing",
                refusal.pattern
            );
        }
    }
    for (function, kind) in refusals {
        writeln!(
            functions,
            "fn {function}(cx: &mut Cx<'_>, _: Args) -> Result<Option<Value>, Stop> {{ cx.refuse({kind:?}) }}"
        )
        .unwrap_or_default();
    }
    let count = api::METHOD_COUNT;
    let code = format!(
        "/// What each method does, by its number.\n\
         static NATIVES: [Native; {count}] = [\n{table}];\n\
         static COVERAGE: [Coverage; {count}] = [\n{coverage}];\n\
         {functions}"
    );
    let out = env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .unwrap_or_default();
    if let Err(error) = fs::write(out.join("dispatch.rs"), code) {
        println!("cargo::error=dispatch.rs: {error}");
    }
}

/// A line of `api/refused.toml`: a section names what is thrown, a key the rows, a value the reason.
struct Refusal {
    kind: String,
    pattern: String,
    reason: String,
}

impl Refusal {
    /// Reads the small part of TOML that the file uses: `[section]` and `"pattern" = "reason"`.
    fn parse(text: &str) -> Result<Vec<Self>, String> {
        let mut kind = String::new();
        let mut refusals = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(section) = line.strip_prefix('[').and_then(|s| s.strip_suffix(']')) {
                kind = section.to_owned();
                continue;
            }
            let parts = line.strip_prefix('"').and_then(|s| s.split_once("\" = \""));
            let Some((pattern, reason)) = parts.and_then(|(p, r)| Some((p, r.strip_suffix('"')?)))
            else {
                return Err(format!("line {number}: expected \"rows\" = \"reason\""));
            };
            refusals.push(Self {
                kind: kind.clone(),
                pattern: pattern.to_owned(),
                reason: reason.to_owned(),
            });
        }
        Ok(refusals)
    }

    /// Whether it names a beginning and not one method.
    fn is_wide(&self) -> bool {
        self.pattern.ends_with('*')
    }

    /// Whether a row is meant: by its whole name, its name without descriptor, or a beginning that ends in `*`.
    fn covers(&self, row: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(start) => row.starts_with(start),
            None => names(&self.pattern, row),
        }
    }
}

/// The methods whose results `javacardx.security.SensitiveResult` asserts: a method a line, with its descriptor where
/// the class overloads it.
struct Sensitive {
    patterns: Vec<String>,
}

impl Sensitive {
    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            patterns: patterns.map(str::to_owned).collect(),
        }
    }

    fn covers(&self, row: &str) -> bool {
        self.patterns.iter().any(|pattern| names(pattern, row))
    }

    /// The lines that name no row of the table.
    fn without_row(&self) -> impl Iterator<Item = &String> {
        self.patterns.iter().filter(|pattern| {
            !api::methods()
                .iter()
                .any(|method| names(pattern, &row_name(method)))
        })
    }
}

/// Whether a row is meant, by its whole name or its name without descriptor.
fn names(pattern: &str, row: &str) -> bool {
    row == pattern || row.split_once('(').is_some_and(|(name, _)| name == pattern)
}

/// The sources of the natives, read once.
#[derive(Default)]
struct Natives {
    sources: BTreeMap<PathBuf, String>,
}

impl Natives {
    /// The path of a method's native and what it is given before the arguments.
    fn path(&mut self, method: &ApiMethod) -> Option<String> {
        let class = class_name(method);
        let function = function_name(method);
        if self.has(class, &function) {
            return Some(format!("{}::{function}(cx, ", module(class)));
        }
        // A class that repeats a method of its superclass has that one's native.
        let instance = !method.flags.has(ApiFlags::STATIC) && method.name != "<init>";
        let repeated = method
            .class
            .get()
            .superclasses
            .iter()
            .map(|id| id.get().name);
        for superclass in repeated.filter(|_| instance) {
            if self.has(superclass, &function) {
                let call = format!("{}::{function}(cx, ", module(superclass));
                return Some(call);
            }
        }
        let throwable = api::class("java/lang/Throwable")
            .is_some_and(|throwable| method.class.get().is_a(throwable.id));
        // Exceptions differ in nothing but their class.
        if throwable && method.name == "throwIt" {
            return Some(format!(
                "{}::throw_it(cx, const {{ hydra_cap::api::class_id({class:?}) }}, ",
                module("java/lang/Throwable")
            ));
        }
        if throwable && method.name == "<init>" && method.descriptor == "()V" {
            return Some(format!("{}::construct(cx, ", module("java/lang/Throwable")));
        }
        if throwable && method.name == "<init>" && method.descriptor == "(S)V" {
            return Some(format!(
                "{}::construct_with_reason(cx, ",
                module("java/lang/Throwable")
            ));
        }
        None
    }

    fn has(&mut self, class: &str, function: &str) -> bool {
        let file = source_file(class);
        let source = self
            .sources
            .entry(file.clone())
            .or_insert_with(|| fs::read_to_string(file).unwrap_or_default());
        source.contains(&format!("pub(crate) fn {function}("))
    }
}

/// The function that unpacks a method's arguments, calls its native and packs the result.
fn function(method: &ApiMethod, call: &str, sensitive: bool) -> String {
    let (parameters, result) = descriptor(method.descriptor);
    let mut unpacked = String::new();
    let mut arguments: Vec<String> = Vec::new();
    let mut word = 0;
    if !method.flags.has(ApiFlags::STATIC) {
        unpacked.push_str("    let a0 = this(cx, args)?;\n");
        arguments.push("a0".to_owned());
        word = 1;
    }
    let mut unpack = |how: &str, param: &str, words| {
        let name = format!("a{}", arguments.len());
        writeln!(
            unpacked,
            "    let {name} = {how}(cx, args, {word}{param})?;"
        )
        .unwrap_or_default();
        arguments.push(name);
        word += words;
    };
    for (parameter, param) in parameters.iter().zip(method.params) {
        match parameter {
            Type::Boolean => unpack("boolean", "", 1),
            Type::Byte => unpack("byte", "", 1),
            Type::Short => unpack("short", "", 1),
            Type::Int => unpack("int", "", 2),
            Type::Array(_) | Type::Class(_) => {
                unpack("reference", &format!(", Param::{param:?}"), 1);
            }
        }
    }
    // What a `OneShot` class does not say itself, its superclass does, if the object is open.
    let own = call.starts_with(&format!("{}::", module(class_name(method))));
    if class_name(method).ends_with("$OneShot") && !own {
        unpacked.push_str("    one_shot::enter(cx, a0)?;\n");
    }
    let call = format!("crate::api::{call}{})", arguments.join(", "));
    let kept = match result {
        Some(Type::Boolean) => "boolean",
        Some(Type::Byte | Type::Short) => "short",
        Some(Type::Array(_) | Type::Class(_)) => "reference",
        Some(Type::Int) | None => "",
    };
    let mut body = match result {
        None => format!("{call}.map(|()| None)"),
        Some(Type::Boolean) => format!("{call}.map(|value| Some(Value::Short(i16::from(value))))"),
        Some(Type::Byte) => format!("{call}.map(|value: i8| Some(Value::Short(i16::from(value))))"),
        Some(Type::Short) => format!("{call}.map(|value| Some(Value::Short(value)))"),
        Some(Type::Int) => format!("{call}.map(|value| Some(Value::Int(value)))"),
        Some(Type::Array(_) | Type::Class(_)) => {
            format!("{call}.map(|value| Some(Value::Ref(value)))")
        }
    };
    if sensitive && !kept.is_empty() {
        body = format!("let result = {body};\n    cx.keep(result, Kept::{kept})");
    }
    let args = if arguments.is_empty() { "_" } else { "args" };
    format!(
        "/// `{}`\n\
         fn native_{}(cx: &mut Cx<'_>, {args}: Args) -> Result<Option<Value>, Stop> {{\n{unpacked}    {body}\n}}\n",
        row_name(method),
        method.id.0
    )
}

fn class_name(method: &ApiMethod) -> &'static str {
    method.class.get().name
}

fn row_name(method: &ApiMethod) -> String {
    format!(
        "{}.{}{}",
        class_name(method),
        method.name,
        method.descriptor
    )
}

/// The native's name: the Java name in snake case, with the parameters' types when the class overloads it.
fn function_name(method: &ApiMethod) -> String {
    let name = match method.name {
        "<init>" => "construct".to_owned(),
        name => snake_case(name),
    };
    let overloaded = method
        .class
        .get()
        .methods()
        .iter()
        .any(|other| other.name == method.name && other.id != method.id);
    let (parameters, _) = descriptor(method.descriptor);
    if overloaded && !parameters.is_empty() {
        let types: Vec<String> = parameters.iter().map(Type::word).collect();
        format!("{name}_{}", types.join("_"))
    } else {
        name
    }
}

fn source_file(class: &str) -> PathBuf {
    Path::new("src/api")
        .join(path_of(class))
        .with_extension("rs")
}

fn module(class: &str) -> String {
    path_of(class).replace('/', "::")
}

fn path_of(class: &str) -> String {
    match class.rsplit_once('/') {
        Some((package, name)) => format!("{package}/{}", snake_case(name)),
        None => snake_case(class),
    }
}

/// `getCLAChannel` is `get_cla_channel`; a digit belongs to what stands before it. `PINx` and `JCint` are one word each.
fn snake_case(name: &str) -> String {
    let name = name.replace("PINx", "Pinx").replace("JCint", "Jcint");
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        if *c == '$' {
            out.push('_');
            continue;
        }
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(i + 1);
        let word_begins = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if word_begins {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// A type of a method descriptor (JVMS §4.3.2).
enum Type {
    Boolean,
    Byte,
    Short,
    Int,
    Array(Box<Type>),
    Class(String),
}

impl Type {
    /// Reads one type; what follows it is the second part.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let rest = text.get(1..)?;
        Some(match text.as_bytes().first()? {
            b'Z' => (Self::Boolean, rest),
            b'B' => (Self::Byte, rest),
            b'S' => (Self::Short, rest),
            b'I' => (Self::Int, rest),
            b'[' => {
                let (element, rest) = Self::parse(rest)?;
                (Self::Array(Box::new(element)), rest)
            }
            b'L' => {
                let (class, rest) = rest.split_once(';')?;
                (Self::Class(class.to_owned()), rest)
            }
            _ => return None,
        })
    }

    /// How the type is called in a native's name.
    fn word(&self) -> String {
        match self {
            Self::Boolean => "boolean".to_owned(),
            Self::Byte => "byte".to_owned(),
            Self::Short => "short".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Array(element) => format!("{}s", element.word()),
            Self::Class(class) => snake_case(class.rsplit('/').next().unwrap_or(class)),
        }
    }
}

fn descriptor(text: &str) -> (Vec<Type>, Option<Type>) {
    let (parameters, result) = text
        .strip_prefix('(')
        .and_then(|text| text.split_once(')'))
        .unwrap_or_default();
    let mut rest = parameters;
    let mut types = Vec::new();
    while let Some((parameter, after)) = Type::parse(rest) {
        types.push(parameter);
        rest = after;
    }
    (types, Type::parse(result).map(|(result, _)| result))
}
