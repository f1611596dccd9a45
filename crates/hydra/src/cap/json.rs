//! A dump as JSON.

use hydra_cap::dump::{ClassDump, Dump, MethodDump, TableEntry};
use serde_json::{Value, json};

/// Upper-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The whole dump as one object.
pub(super) fn dump(dump: &Dump) -> Value {
    json!({
        "package": {
            "name": dump.name,
            "aid": dump.aid.to_string(),
            "version": dump.version.to_string(),
        },
        "format": dump.format,
        "flags": dump.flags,
        "components": list(&dump.components, |(name, bytes)| json!({"name": name, "bytes": bytes})),
        "code_hash": hex(&dump.code_hash),
        "imports": list(&dump.imports, |import| json!({
            "aid": import.aid.to_string(),
            "version": import.version.to_string(),
            "name": import.name,
        })),
        "applets": list(&dump.applets, |applet| json!({
            "aid": applet.aid.to_string(),
            "install": applet.install,
        })),
        "classes": list(&dump.classes, class),
        "methods": list(&dump.methods, method),
        "static_fields": {
            "bytes": dump.statics.image_size,
            "references": dump.statics.references,
            "arrays": dump.statics.arrays,
            "zeroed": dump.statics.zeroed,
            "values": hex(&dump.statics.values),
        },
        "packages": list(&dump.packages, |package| json!({
            "name": package.name,
            "aid": package.aid.to_string(),
            "version": package.version.to_string(),
            "exports": list(&package.exports, |export| json!({
                "token": export.token,
                "class": export.class,
                "static_fields": export.static_fields,
                "static_methods": export.static_methods,
            })),
        })),
        "resources": list(&dump.resources, |(id, bytes)| json!({"id": id, "bytes": bytes})),
    })
}

fn class(class: &ClassDump) -> Value {
    json!({
        "name": class.name,
        "interface": class.interface,
        "shareable": class.shareable,
        "remote": class.remote,
        "super_class": class.super_class,
        "instance_words": class.instance_words,
        "references": class.references.map(|(first, count)| json!({"first": first, "count": count})),
        "public_methods": list(&class.public_methods, entry),
        "package_methods": list(&class.package_methods, entry),
        "interfaces": list(&class.interfaces, |(name, tokens)| json!({
            "name": name,
            "virtual_tokens": tokens,
        })),
    })
}

fn entry(entry: &TableEntry) -> Value {
    json!({"token": entry.token, "method": entry.method, "name": entry.name})
}

fn method(method: &MethodDump) -> Value {
    json!({
        "offset": method.offset,
        "class": method.class,
        "name": method.name,
        "signature": method.signature,
        "source": method.source,
        "access": method.access,
        "header": method.header.map(|header| json!({
            "abstract": header.is_abstract,
            "stack": header.max_stack,
            "arguments": header.nargs,
            "locals": header.max_locals,
        })),
        "code": list(&method.code, |line| json!({
            "offset": line.offset,
            "text": line.text,
            "refers_to": line.refers_to,
            "line": line.line,
        })),
        "handlers": list(&method.handlers, |handler| json!({
            "start": handler.start,
            "end": handler.end,
            "handler": handler.handler,
            "catches": handler.catches,
        })),
    })
}

fn list<T>(items: &[T], each: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(each).collect()
}
