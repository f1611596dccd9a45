//! What the converter has to say about a program.

use std::fmt;

/// Something that keeps a program from becoming a CAP file, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The class, with dots; empty if it concerns the package.
    pub class: String,
    /// The method or field, with its descriptor for a method; empty if it concerns the class.
    pub member: String,
    /// The source file's name, if the class file says it.
    pub file: Option<String>,
    /// The line, if the class file says it.
    pub line: Option<u16>,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl Diagnostic {
    /// One that concerns the whole package.
    pub(crate) fn package(message: impl Into<String>) -> Self {
        Self {
            class: String::new(),
            member: String::new(),
            file: None,
            line: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        if !self.class.is_empty() {
            f.write_str(&self.class)?;
            if !self.member.is_empty() {
                write!(f, ".{}", self.member)?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Every diagnostic of one conversion, in the order of classes, members and lines.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort();
        self.list
    }
}

/// Where a diagnostic would stand: a class and perhaps a member of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) class: &'a crate::classfile::Class,
    pub(crate) member: &'a str,
    pub(crate) line: Option<u16>,
}

impl Place<'_> {
    pub(crate) fn diagnostic(self, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            class: dotted(&self.class.name),
            member: self.member.to_owned(),
            file: self.class.source.clone(),
            line: self.line,
            message: message.into(),
        }
    }
}

/// A class name as programmers write it.
pub(crate) fn dotted(name: &str) -> String {
    name.replace('/', ".")
}
