//! A dump as text.

use core::fmt;

use super::{ClassDump, Dump, MethodDump, PackageDump, TableEntry};

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extended = self.flags.contains(&"extended");
        let what = if extended { "file" } else { "package" };
        write!(f, "{what} {} {}", self.aid, self.version)?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        writeln!(f)?;
        writeln!(f, "format {}, flags {}", self.format, Words(&self.flags))?;
        write!(f, "components")?;
        for (name, size) in &self.components {
            write!(f, " {name} {size}")?;
        }
        writeln!(f)?;
        write!(f, "code hash ")?;
        hex(f, &self.code_hash)?;
        writeln!(f, "\n\nimports")?;
        for (token, import) in self.imports.iter().enumerate() {
            let name = import.name.unwrap_or("(not of the API)");
            writeln!(f, "  {token} {} {} {name}", import.aid, import.version)?;
        }
        if !self.applets.is_empty() {
            writeln!(f, "\napplets")?;
        }
        for applet in &self.applets {
            writeln!(f, "  {} install method@{}", applet.aid, applet.install)?;
        }
        for class in &self.classes {
            write!(f, "\n{class}")?;
        }
        for method in &self.methods {
            write!(f, "\n{method}")?;
        }
        let statics = &self.statics;
        writeln!(
            f,
            "\nstatic fields: {} bytes, {} references, {} bytes of zero, {} bytes of values",
            statics.image_size,
            statics.references,
            statics.zeroed,
            statics.values.len()
        )?;
        for (index, array) in statics.arrays.iter().enumerate() {
            writeln!(f, "  static@{} = {array}", index * 2)?;
        }
        if !statics.values.is_empty() {
            let first = 2 * u32::from(statics.references) + u32::from(statics.zeroed);
            write!(f, "  static@{first} = ")?;
            hex(f, &statics.values)?;
            writeln!(f)?;
        }
        for package in &self.packages {
            if extended {
                write!(f, "\npackage {} {}", package.aid, package.version)?;
                if !package.name.is_empty() {
                    write!(f, " {}", package.name)?;
                }
                writeln!(f)?;
            } else if !package.exports.is_empty() {
                writeln!(f, "\nexports")?;
            }
            exports(f, package)?;
        }
        if !self.resources.is_empty() {
            writeln!(f, "\nresources")?;
        }
        for (id, size) in &self.resources {
            writeln!(f, "  {id:04X} {size} bytes")?;
        }
        Ok(())
    }
}

impl fmt::Display for ClassDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.interface { "interface" } else { "class" };
        write!(f, "{kind} {}", self.name)?;
        if let Some(above) = &self.super_class {
            write!(f, " extends {above}")?;
        }
        if self.shareable {
            write!(f, ", shareable")?;
        }
        if self.remote {
            write!(f, ", remote")?;
        }
        writeln!(f)?;
        if self.instance_words > 0 {
            write!(f, "  {} words of fields", self.instance_words)?;
            if let Some((first, count)) = self.references {
                write!(f, ", {count} references from token {first}")?;
            }
            writeln!(f)?;
        }
        for entry in &self.public_methods {
            writeln!(f, "  virtual {entry}")?;
        }
        for entry in &self.package_methods {
            writeln!(f, "  package virtual {entry}")?;
        }
        for (interface, tokens) in &self.interfaces {
            let word = if self.interface {
                "extends"
            } else {
                "implements"
            };
            write!(f, "  {word} {interface}")?;
            for (method, token) in tokens.iter().enumerate() {
                write!(f, " {method}=virtual {token}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for TableEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.token)?;
        match self.method {
            Some(method) => write!(f, " method@{method}")?,
            None => write!(f, " inherited from another package")?,
        }
        match &self.name {
            Some(name) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for MethodDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "method@{}", self.offset)?;
        if let Some(class) = &self.class {
            write!(f, " of {class}")?;
        }
        write!(f, ":")?;
        for word in &self.access {
            write!(f, " {word}")?;
        }
        match (&self.name, &self.signature) {
            (None, None) => {}
            (name, signature) => write!(
                f,
                " {}{}",
                name.as_deref().unwrap_or("?"),
                signature.as_deref().unwrap_or_default()
            )?,
        }
        match self.header {
            Some(header) => writeln!(
                f,
                " stack {} arguments {} locals {}",
                header.max_stack, header.nargs, header.max_locals
            )?,
            None => writeln!(f, " has no method header")?,
        }
        let mut source_line = None;
        for line in &self.code {
            if line.line != source_line
                && let (Some(file), Some(number)) = (&self.source, line.line)
            {
                writeln!(f, "    {file}:{number}")?;
                source_line = line.line;
            }
            match &line.refers_to {
                Some(name) => writeln!(f, "  {:5}: {:24} ; {name}", line.offset, line.text)?,
                None => writeln!(f, "  {:5}: {}", line.offset, line.text)?,
            }
        }
        for handler in &self.handlers {
            let catches = handler.catches.as_deref().unwrap_or("anything");
            writeln!(
                f,
                "  catch {catches} from {} to {} at {}",
                handler.start, handler.end, handler.handler
            )?;
        }
        Ok(())
    }
}

fn exports(f: &mut fmt::Formatter<'_>, package: &PackageDump) -> fmt::Result {
    for export in &package.exports {
        writeln!(f, "  {} {}", export.token, export.class)?;
        for (token, field) in export.static_fields.iter().enumerate() {
            writeln!(f, "    static field {token} static@{field}")?;
        }
        for (token, method) in export.static_methods.iter().enumerate() {
            writeln!(f, "    static method {token} method@{method}")?;
        }
    }
    Ok(())
}

struct Words<'a>(&'a [&'static str]);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, word) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
}
