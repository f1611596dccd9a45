//! A CAP file for people: what it has, with names from the API table, and its code.
//!
//! A CAP file has no names of its own but in a Debug component. Its classes, methods and static fields are
//! called by their offsets (`class@12`, `method@65`, `static@4`); what comes from the API has its name,
//! methods that override or implement one of the API's too. With a Debug component methods have the names
//! and source lines of their source, and what code refers to has its name.
//!
//! ```
//! # const LIBRARY: &[u8] = include_bytes!("../../../vectors/caps/2.1-jc305/lablib.cap");
//! let cap = hydra_cap::CapFile::from_zip(LIBRARY)?;
//! let dump = cap.dump();
//! assert_eq!(dump.imports[1].name, Some("javacard/framework"));
//! assert!(dump.to_string().contains("invokespecial #2"));
//! # Ok::<(), hydra_cap::CapError>(())
//! ```

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hydra_wire::Aid;

use crate::opcode::{Instruction, Operands};
use crate::read::DebugNames;
use crate::types::{
    ArrayInit, CapFile, ClassInfo, ComponentTag, DebugMethod, Format, Header, InterfaceInfo,
    MethodDescriptor, MethodHeader, PackageVersion, PublicPackage,
};

mod name;
mod names;
#[cfg(test)]
mod tests;
mod text;

/// What a CAP file has, in words; `Display` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// The package's name, if the header says it.
    pub name: String,
    /// Package AID.
    pub aid: Aid,
    /// Package version.
    pub version: PackageVersion,
    /// `2.1`, `2.2` or `2.3`.
    pub format: &'static str,
    /// The header's flags by name.
    pub flags: Vec<&'static str>,
    /// The components in load order with their sizes in bytes, tag and size field not counted.
    pub components: Vec<(&'static str, usize)>,
    /// [`CapFile::code_hash`].
    pub code_hash: [u8; 32],
    /// The imported packages, by package token.
    pub imports: Vec<ImportDump>,
    /// The applets.
    pub applets: Vec<AppletDump>,
    /// Classes and interfaces, in file order.
    pub classes: Vec<ClassDump>,
    /// The methods, in file order.
    pub methods: Vec<MethodDump>,
    /// The static fields.
    pub statics: StaticsDump,
    /// What other files may import: in the compact form the package itself, in the extended form each public one.
    pub packages: Vec<PackageDump>,
    /// Static resources: identifier and size in bytes.
    pub resources: Vec<(u16, usize)>,
}

/// An imported package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportDump {
    /// Its AID.
    pub aid: Aid,
    /// The version that is wanted at least.
    pub version: PackageVersion,
    /// Its name, if it belongs to the API.
    pub name: Option<&'static str>,
}

/// An applet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppletDump {
    /// The module's AID.
    pub aid: Aid,
    /// Offset of its install method in the Method component.
    pub install: u32,
}

/// A class or an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDump {
    /// What it is called here: `class@12`.
    pub name: String,
    /// Whether it is an interface.
    pub interface: bool,
    /// Whether it is, or implements, a shareable interface.
    pub shareable: bool,
    /// Whether it is a remote class or interface.
    pub remote: bool,
    /// The superclass.
    pub super_class: Option<String>,
    /// Words of the fields declared; 0 for an interface.
    pub instance_words: u8,
    /// First token and number of the reference fields, if there are any.
    pub references: Option<(u8, u8)>,
    /// The table of public and protected virtual methods.
    pub public_methods: Vec<TableEntry>,
    /// The table of package-visible virtual methods.
    pub package_methods: Vec<TableEntry>,
    /// Superinterfaces of an interface; interfaces that a class implements, with the virtual token
    /// for each of their methods.
    pub interfaces: Vec<(String, Vec<u8>)>,
}

/// An entry of a virtual method table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// The token.
    pub token: u8,
    /// Offset in the Method component; `None` where another package has the method.
    pub method: Option<u32>,
    /// The API's method with this token in a superclass.
    pub name: Option<String>,
}

/// A method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodDump {
    /// Offset in the Method component.
    pub offset: u32,
    /// The class that declares it, if the file says it.
    pub class: Option<String>,
    /// Its name, if the file has a Debug component, or it is a constructor, an install method or one that the API declares.
    pub name: Option<String>,
    /// Its signature, if the file has a Descriptor or a Debug component.
    pub signature: Option<String>,
    /// The source file's name, if the file has a Debug component.
    pub source: Option<String>,
    /// Access in words, if the file has a Descriptor component.
    pub access: Vec<&'static str>,
    /// Stack, arguments and locals; `None` if the header is no method header.
    pub header: Option<MethodHeader>,
    /// The code. Offsets count from its first instruction.
    pub code: Vec<CodeLine>,
    /// The exception handlers, in the order in which they are searched.
    pub handlers: Vec<HandlerDump>,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLine {
    /// Where in the method's code it stands.
    pub offset: usize,
    /// The instruction; what is wrong if it is none.
    pub text: String,
    /// What its constant pool index stands for.
    pub refers_to: Option<String>,
    /// Its source line, if the file has a Debug component that says it.
    pub line: Option<u16>,
}

/// An exception handler. Offsets count from the method's first instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerDump {
    /// First covered byte.
    pub start: u32,
    /// First byte after the covered ones.
    pub end: u32,
    /// Where it begins.
    pub handler: u32,
    /// What it catches; `None` for anything.
    pub catches: Option<String>,
}

/// The static fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticsDump {
    /// Bytes of the image.
    pub image_size: u16,
    /// How many references, which come first.
    pub references: u16,
    /// First values of the first references.
    pub arrays: Vec<String>,
    /// Bytes that start as zero.
    pub zeroed: u16,
    /// Bytes of the others, from the end of those.
    pub values: Vec<u8>,
}

/// A package that other files may import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageDump {
    /// Its AID.
    pub aid: Aid,
    /// Its version.
    pub version: PackageVersion,
    /// Its name, if the header says it.
    pub name: String,
    /// Its exported classes.
    pub exports: Vec<ExportDump>,
}

/// An exported class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportDump {
    /// Its token.
    pub token: usize,
    /// What it is called here.
    pub class: String,
    /// Offsets in the static image, by field token.
    pub static_fields: Vec<u16>,
    /// Offsets in the Method component, by static method token.
    pub static_methods: Vec<u32>,
}

impl CapFile {
    /// What the file has, for people to read.
    #[must_use]
    pub fn dump(&self) -> Dump {
        let header = self.header();
        Dump {
            name: header.name.clone(),
            aid: header.aid.clone(),
            version: header.version,
            format: match header.format {
                Format::V2_1 => "2.1",
                Format::V2_2 => "2.2",
                Format::V2_3 => "2.3",
            },
            flags: words(
                header.flags,
                &[
                    (Header::ACC_INT, "int"),
                    (Header::ACC_EXPORT, "export"),
                    (Header::ACC_APPLET, "applet"),
                    (Header::ACC_EXTENDED, "extended"),
                ],
            ),
            components: self
                .components()
                .map(|(tag, bytes)| (tag.file_stem(), bytes.len()))
                .collect(),
            code_hash: self.code_hash(),
            imports: self
                .imports()
                .iter()
                .map(|import| ImportDump {
                    aid: import.aid.clone(),
                    version: import.version,
                    name: self.api_package(import).map(|package| package.name),
                })
                .collect(),
            applets: self
                .applets()
                .iter()
                .map(|applet| AppletDump {
                    aid: applet.aid.clone(),
                    install: applet.install_method,
                })
                .collect(),
            classes: self.dump_classes(),
            methods: self.dump_methods(),
            statics: self.dump_statics(),
            packages: self.packages().iter().map(dump_package).collect(),
            resources: self
                .resources()
                .iter()
                .map(|resource| (resource.id, resource.bytes.len()))
                .collect(),
        }
    }

    fn dump_classes(&self) -> Vec<ClassDump> {
        let interfaces = self.interfaces().iter();
        let classes = self.classes().iter();
        let mut all: Vec<(u16, ClassDump)> = interfaces
            .map(|info| (info.offset, self.dump_interface(info)))
            .chain(classes.map(|info| (info.offset, self.dump_class(info))))
            .collect();
        all.sort_by_key(|(offset, _)| *offset);
        all.into_iter().map(|(_, class)| class).collect()
    }

    fn dump_interface(&self, info: &InterfaceInfo) -> ClassDump {
        ClassDump {
            name: format!("class@{}", info.offset),
            interface: true,
            shareable: info.flags & ClassInfo::ACC_SHAREABLE != 0,
            remote: info.flags & ClassInfo::ACC_REMOTE != 0,
            super_class: None,
            instance_words: 0,
            references: None,
            public_methods: Vec::new(),
            package_methods: Vec::new(),
            interfaces: info
                .superinterfaces
                .iter()
                .map(|class| (self.class_name(*class), Vec::new()))
                .collect(),
        }
    }

    fn dump_class(&self, info: &ClassInfo) -> ClassDump {
        let table = |base: u8, methods: &[Option<u32>], public: bool| {
            (base..=u8::MAX)
                .zip(methods)
                .map(|(token, method)| TableEntry {
                    token,
                    method: *method,
                    name: public
                        .then(|| self.api_name(info, token))
                        .flatten()
                        .map(|method| format!("{}{}", method.name, method.descriptor)),
                })
                .collect()
        };
        ClassDump {
            name: format!("class@{}", info.offset),
            interface: false,
            shareable: info.flags & ClassInfo::ACC_SHAREABLE != 0,
            remote: info.flags & ClassInfo::ACC_REMOTE != 0,
            super_class: info.super_class.map(|class| self.class_name(class)),
            instance_words: info.declared_instance_size,
            references: (info.reference_count > 0)
                .then_some((info.first_reference_token, info.reference_count)),
            public_methods: table(info.public_base, &info.public_methods, true),
            package_methods: table(info.package_base, &info.package_methods, false),
            interfaces: info
                .interfaces
                .iter()
                .map(|implemented| {
                    let name = self.class_name(implemented.interface);
                    (name, implemented.methods.clone())
                })
                .collect(),
        }
    }

    /// Every method that anything in the file leads to, by offset. Without a Descriptor component a
    /// method that nothing leads to is shown as part of the one before it.
    fn dump_methods(&self) -> Vec<MethodDump> {
        // Names that cannot be read are as good as none.
        let names = DebugNames::of(self);
        let mut starts = self.method_starts();
        starts.extend(names.methods.iter().map(|method| method.offset));
        starts.sort_unstable();
        starts.dedup();
        let ends = |start: u32, next: Option<&u32>| {
            let end = self
                .method()
                .block_of(start)
                .map_or(start, |block| block.end);
            next.map_or(end, |next| end.min(*next))
        };
        starts
            .iter()
            .enumerate()
            .map(|(i, start)| self.dump_method(*start, ends(*start, starts.get(i + 1)), &names))
            .collect()
    }

    fn dump_method(&self, offset: u32, next: u32, names: &DebugNames) -> MethodDump {
        let named = names.method(offset);
        let described = self.described(offset);
        let body = self.code_from(offset).unwrap_or_default();
        let size = usize::try_from(next.saturating_sub(offset)).unwrap_or(usize::MAX);
        let body = body.get(..size).unwrap_or(body);
        let header = MethodHeader::read(body);
        let size = header.map_or(0, |header| header.size);
        let mut code = body.get(usize::from(size)..).unwrap_or_default();
        if let Some((_, method)) = described {
            code = code.get(..method.code_length.into()).unwrap_or(code);
        }
        let first = offset.saturating_add(size.into());
        let inside = |at: u32| at >= first && at < next;
        MethodDump {
            offset,
            class: named
                .map(|method| method.class.clone())
                .or_else(|| self.declaring(offset)),
            name: named
                .map(|method| method.name.clone())
                .or_else(|| self.method_name(offset)),
            signature: named.map(|method| method.descriptor.clone()).or_else(|| {
                described.and_then(|(types, method)| self.signature(types, method.signature))
            }),
            source: named.map(|method| method.source.clone()),
            access: described.map_or_else(Vec::new, |(_, method)| access(method)),
            header,
            code: if header.is_some_and(|header| !header.is_abstract) {
                self.dump_code(code, named, names)
            } else {
                Vec::new()
            },
            handlers: self
                .method()
                .handlers
                .iter()
                .filter(|handler| inside(handler.start))
                .map(|handler| HandlerDump {
                    start: handler.start - first,
                    end: (handler.start - first).saturating_add(handler.length.into()),
                    handler: handler.handler.saturating_sub(first),
                    catches: (handler.catch_type != 0)
                        .then(|| self.constant_name(handler.catch_type, names)),
                })
                .collect(),
        }
    }

    fn dump_code(
        &self,
        code: &[u8],
        named: Option<&DebugMethod>,
        names: &DebugNames,
    ) -> Vec<CodeLine> {
        let mut lines = Vec::new();
        let mut offset = 0;
        while offset < code.len() {
            match Instruction::decode(code, offset) {
                Ok(instruction) => {
                    lines.push(CodeLine {
                        offset,
                        text: instruction.to_string(),
                        refers_to: self.refers_to(&instruction, names),
                        line: named.and_then(|method| method.line_at(offset)),
                    });
                    offset += instruction.length;
                }
                Err(error) => {
                    lines.push(CodeLine {
                        offset,
                        text: format!("? {error}"),
                        refers_to: None,
                        line: None,
                    });
                    break;
                }
            }
        }
        lines
    }

    fn refers_to(&self, instruction: &Instruction<'_>, names: &DebugNames) -> Option<String> {
        match instruction.operands {
            Operands::Interface { cp, token, .. } => {
                Some(self.interface_method_name(cp, token, names))
            }
            _ => instruction
                .cp_index()
                .map(|cp| self.constant_name(cp, names)),
        }
    }

    fn method_starts(&self) -> Vec<u32> {
        let mut starts = Vec::new();
        if let Some(descriptor) = self.descriptor() {
            for class in &descriptor.classes {
                let interface = class.flags & 0x40 != 0;
                starts.extend(
                    class
                        .methods
                        .iter()
                        .filter(|_| !interface)
                        .map(|method| method.method),
                );
            }
        }
        for class in self.classes() {
            let tables = class.public_methods.iter().chain(&class.package_methods);
            starts.extend(tables.flatten());
        }
        starts.extend(self.applets().iter().map(|applet| applet.install_method));
        for class in self.exported_classes() {
            starts.extend(&class.static_methods);
        }
        for entry in self.constant_pool() {
            if let crate::CpEntry::StaticMethod(offset) = entry {
                starts.push(*offset);
            }
        }
        starts
    }

    fn dump_statics(&self) -> StaticsDump {
        let fields = self.static_fields();
        StaticsDump {
            image_size: fields.image_size,
            references: fields.reference_count,
            arrays: fields
                .arrays
                .iter()
                .map(|array| match array {
                    ArrayInit::Boolean(values) => format!("boolean{values:?}"),
                    ArrayInit::Byte(values) => {
                        let signed: Vec<i8> = values.iter().map(|v| v.cast_signed()).collect();
                        format!("byte{signed:?}")
                    }
                    ArrayInit::Short(values) => format!("short{values:?}"),
                    ArrayInit::Int(values) => format!("int{values:?}"),
                })
                .collect(),
            zeroed: fields.default_count,
            values: fields.values.clone(),
        }
    }

    /// The type part of the Descriptor component, and its row of the method.
    fn described(&self, offset: u32) -> Option<(&[u8], &MethodDescriptor)> {
        let descriptor = self.descriptor()?;
        let types = self
            .component(ComponentTag::Descriptor)?
            .get(usize::try_from(descriptor.types).ok()?..)?;
        let method = descriptor
            .classes
            .iter()
            .filter(|class| class.flags & 0x40 == 0)
            .flat_map(|class| &class.methods)
            .find(|method| method.method == offset)?;
        Some((types, method))
    }
}

fn dump_package(package: &PublicPackage) -> PackageDump {
    let exports = package.exports.iter().enumerate();
    PackageDump {
        aid: package.aid.clone(),
        version: package.version,
        name: package.name.clone(),
        exports: exports
            .map(|(token, class)| ExportDump {
                token,
                class: format!("class@{}", class.class),
                static_fields: class.static_fields.clone(),
                static_methods: class.static_methods.clone(),
            })
            .collect(),
    }
}

/// JCVM 3.0.5 §6.14.3, table 6-16.
fn access(method: &MethodDescriptor) -> Vec<&'static str> {
    words(
        method.flags,
        &[
            (0x01, "public"),
            (0x02, "private"),
            (0x04, "protected"),
            (0x08, "static"),
            (0x10, "final"),
            (0x40, "abstract"),
        ],
    )
}

fn words(flags: u8, known: &[(u8, &'static str)]) -> Vec<&'static str> {
    known
        .iter()
        .filter(|(flag, _)| flags & flag != 0)
        .map(|(_, word)| *word)
        .collect()
}
