//! Stub sources: what javac needs to know of a class, and bodies that are never run.

use std::fmt::Write as _;

use hydra_cap::PackageVersion;
use hydra_cap::api::{self, ApiClass, ApiFlags, ApiMethod, ApiPackage};

use super::SourceFile;

/// The source files of a package: one for each class that is not nested in another.
pub(super) fn package(package: &ApiPackage, version: PackageVersion) -> Vec<SourceFile> {
    let at = (version.major, version.minor);
    let classes: Vec<&ApiClass> = package.classes().iter().filter(|c| c.since <= at).collect();
    let outer = classes.iter().filter(|c| !c.name.contains('$'));
    outer
        .map(|class| {
            let mut text = format!(
                "// {} {version}, from the API table\npackage {};\n\n",
                package.name,
                package.name.replace('/', ".")
            );
            text.push_str(&class_text(class, &classes, at, ""));
            SourceFile {
                path: format!("{}.java", class.name),
                text,
            }
        })
        .collect()
}

fn class_text(class: &ApiClass, all: &[&ApiClass], at: (u8, u8), indent: &str) -> String {
    let mut text = String::new();
    let nested = class.name.contains('$');
    let interface = class.is_interface();
    let _ = write!(text, "{indent}public ");
    if nested {
        text.push_str("static ");
    }
    if interface {
        text.push_str("interface ");
    } else {
        if class.flags.has(ApiFlags::ABSTRACT) {
            text.push_str("abstract ");
        }
        if class.flags.has(ApiFlags::FINAL) {
            text.push_str("final ");
        }
        text.push_str("class ");
    }
    text.push_str(simple_name(class.name));
    match class.super_class {
        Some(name) if !interface && name != "java/lang/Object" => {
            let _ = write!(text, " extends {}", java_name(name));
        }
        _ => {}
    }
    if !class.interfaces.is_empty() {
        let names: Vec<String> = class.interfaces.iter().map(|n| java_name(n)).collect();
        let word = if interface { "extends" } else { "implements" };
        let _ = write!(text, " {word} {}", names.join(", "));
    }
    text.push_str(" {\n");
    let inner = format!("{indent}    ");
    for field in class.fields.iter().filter(|f| f.since <= at) {
        let value = match (field.descriptor, field.value) {
            ("Z", Some(value)) => (value != 0).to_string(),
            ("B", Some(value)) => format!("(byte) {value}"),
            ("S", Some(value)) => format!("(short) {value}"),
            (_, Some(value)) => value.to_string(),
            (_, None) => "null".to_owned(),
        };
        let _ = writeln!(
            text,
            "{inner}public static final {} {} = {value};",
            java_type(field.descriptor),
            field.name
        );
    }
    if !interface && !has_constructor(class, at) {
        // Without one, javac would give everybody a public constructor.
        let _ = writeln!(
            text,
            "{inner}{}() {{ {} }}",
            simple_name(class.name),
            super_call(class, at)
        );
    }
    for method in class.methods().iter().filter(|m| m.since <= at) {
        if is_bridge(class, method) || is_object_method(class, method) {
            continue;
        }
        method_text(&mut text, class, method, at, &inner);
    }
    let prefix = format!("{}$", class.name);
    for other in all {
        let name = other.name.strip_prefix(&prefix);
        if name.is_some_and(|n| !n.contains('$')) {
            text.push_str(&class_text(other, all, at, &inner));
        }
    }
    let _ = writeln!(text, "{indent}}}");
    text
}

fn method_text(
    text: &mut String,
    class: &ApiClass,
    method: &ApiMethod,
    at: (u8, u8),
    indent: &str,
) {
    text.push_str(indent);
    let flags = method.flags;
    for (flag, word) in [
        (ApiFlags::PUBLIC, "public "),
        (ApiFlags::PROTECTED, "protected "),
        (ApiFlags::STATIC, "static "),
        (ApiFlags::FINAL, "final "),
    ] {
        if flags.has(flag) {
            text.push_str(word);
        }
    }
    let is_abstract = flags.has(ApiFlags::ABSTRACT);
    if is_abstract && !class.is_interface() {
        text.push_str("abstract ");
    }
    let (parameters, result) = split_descriptor(method.descriptor);
    let constructor = method.name == "<init>";
    if constructor {
        text.push_str(simple_name(class.name));
    } else {
        let _ = write!(text, "{} {}", java_type(result), method.name);
    }
    let list: Vec<String> = parameters
        .iter()
        .enumerate()
        .map(|(i, p)| format!("{} p{i}", java_type(p)))
        .collect();
    let _ = write!(text, "({})", list.join(", "));
    if !method.throws.is_empty() {
        let names: Vec<String> = method.throws.iter().map(|n| java_name(n)).collect();
        let _ = write!(text, " throws {}", names.join(", "));
    }
    if is_abstract {
        text.push_str(";\n");
    } else if constructor {
        let _ = writeln!(text, " {{ {} }}", super_call(class, at));
    } else {
        text.push_str(" { throw new RuntimeException(); }\n");
    }
}

/// javac's bridges (`ByteBuffer.array()Object` beside `array()[B`) are made by javac again.
fn is_bridge(class: &ApiClass, method: &ApiMethod) -> bool {
    let (parameters, _) = split_descriptor(method.descriptor);
    let twin = class.methods().iter().any(|other| {
        other.id != method.id
            && other.name == method.name
            && split_descriptor(other.descriptor).0 == parameters
    });
    twin && class
        .super_id()
        .is_some_and(|s| s.get().token_of(method.name, method.descriptor).is_some())
}

/// `Object.equals` in an interface or repeated where the stub inherits it anyway.
fn is_object_method(class: &ApiClass, method: &ApiMethod) -> bool {
    class.is_interface() && method.name == "equals" && method.descriptor == "(Ljava/lang/Object;)Z"
}

/// A call of the superclass's first constructor, with arguments that compile.
fn super_call(class: &ApiClass, at: (u8, u8)) -> String {
    let Some(parent) = class.super_id().map(api::ClassId::get) else {
        return String::new();
    };
    if parent.name.starts_with("java/") {
        return String::new();
    }
    let Some(constructor) = parent
        .methods()
        .iter()
        .find(|m| m.name == "<init>" && m.since <= at)
    else {
        return "super();".to_owned();
    };
    let (parameters, _) = split_descriptor(constructor.descriptor);
    let values: Vec<String> = parameters
        .iter()
        .map(|p| match *p {
            "Z" => "false".to_owned(),
            "B" | "S" | "I" => format!("({}) 0", java_type(p)),
            _ => format!("({}) null", java_type(p)),
        })
        .collect();
    format!("super({});", values.join(", "))
}

fn has_constructor(class: &ApiClass, at: (u8, u8)) -> bool {
    class
        .methods()
        .iter()
        .any(|m| m.name == "<init>" && m.since <= at)
}

fn simple_name(name: &str) -> &str {
    name.rsplit(['/', '$']).next().unwrap_or(name)
}

fn java_name(name: &str) -> String {
    name.replace(['/', '$'], ".")
}

/// Parameters and result of a method descriptor.
fn split_descriptor(descriptor: &str) -> (Vec<&str>, &str) {
    let inside = descriptor.strip_prefix('(').unwrap_or(descriptor);
    let (mut rest, result) = inside.split_once(')').unwrap_or((inside, "V"));
    let mut parameters = Vec::new();
    while !rest.is_empty() {
        let start = rest.find(|c| c != '[').unwrap_or(0);
        let end = match rest[start..].strip_prefix('L') {
            Some(_) => rest.find(';').map_or(rest.len(), |i| i + 1),
            None => start + 1,
        };
        let (one, more) = rest.split_at(end);
        parameters.push(one);
        rest = more;
    }
    (parameters, result)
}

fn java_type(descriptor: &str) -> String {
    if let Some(element) = descriptor.strip_prefix('[') {
        return format!("{}[]", java_type(element));
    }
    match descriptor {
        "V" => "void".to_owned(),
        "Z" => "boolean".to_owned(),
        "B" => "byte".to_owned(),
        "S" => "short".to_owned(),
        "I" => "int".to_owned(),
        other => java_name(other.trim_start_matches('L').trim_end_matches(';')),
    }
}
