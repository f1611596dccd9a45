//! Export files (`.exp`, JCVM 3.0.5 §5): what a package offers to the converter of another package.
//!
//! ```
//! use hydra_cap::export::ExportFile;
//! use hydra_cap::{Format, PackageVersion, api};
//!
//! let package = api::package("javacard/framework").expect("in the table");
//! let file = ExportFile::from_api(package, PackageVersion { major: 1, minor: 6 })?;
//! let bytes = file.to_bytes(Format::V2_1)?;
//! assert_eq!(ExportFile::from_bytes(&bytes)?.classes.len(), file.classes.len());
//! # Ok::<(), hydra_cap::export::ExportError>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use hydra_wire::Aid;

use crate::api::{ApiClass, ApiFlags, ApiPackage, Space};
use crate::{Format, PackageVersion};

mod read;
#[cfg(test)]
mod tests;
mod write;

/// Token of a compile-time constant: none.
pub const NO_TOKEN: u8 = 0xFF;

/// A package as other packages see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    /// Internal name, `javacard/framework`.
    pub name: String,
    /// Package AID.
    pub aid: Aid,
    /// Package version.
    pub version: PackageVersion,
    /// Whether the package has no applets.
    pub library: bool,
    /// The packages that its members mention (written in format 2.3 only).
    pub references: Vec<PackageReference>,
    /// The visible classes, in the order of their tokens.
    pub classes: Vec<ExportClass>,
}

/// Another package that members mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageReference {
    /// Internal name.
    pub name: String,
    /// Package AID.
    pub aid: Aid,
    /// The version seen.
    pub version: PackageVersion,
}

/// A visible class or interface (§5.6). Flags are those of [`ApiFlags`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportClass {
    /// Class token.
    pub token: u8,
    /// Access flags.
    pub flags: ApiFlags,
    /// Internal name with the package.
    pub name: String,
    /// All superclasses, nearest first (the file has the root first).
    pub superclasses: Vec<String>,
    /// All superinterfaces.
    pub interfaces: Vec<String>,
    /// Virtual tokens that a subclass in a file of format 2.1 or 2.2 inherits (in format 2.3 files).
    pub cap22_inheritable: Option<u8>,
    /// Visible fields.
    pub fields: Vec<ExportField>,
    /// Visible methods, inherited ones too.
    pub methods: Vec<ExportMethod>,
}

/// A visible field (§5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportField {
    /// Token, [`NO_TOKEN`] for a compile-time constant.
    pub token: u8,
    /// Access flags.
    pub flags: ApiFlags,
    /// Name.
    pub name: String,
    /// JVM descriptor.
    pub descriptor: String,
    /// Value of a compile-time constant.
    pub value: Option<i32>,
}

/// A visible method (§5.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportMethod {
    /// Token; which numbering it belongs to follows from the flags, the name and the class's kind.
    pub token: u8,
    /// Access flags.
    pub flags: ApiFlags,
    /// Name; `<init>` for constructors.
    pub name: String,
    /// JVM descriptor.
    pub descriptor: String,
}

impl ExportFile {
    /// The API package as it was at `version`: later rows are left out.
    pub fn from_api(package: &ApiPackage, version: PackageVersion) -> Result<Self, ExportError> {
        let at = (version.major, version.minor);
        if !package.versions.contains(&at) {
            return Err(ExportError::UnknownVersion(version));
        }
        let classes = package.classes().iter().filter(|c| c.since <= at);
        Ok(Self {
            name: package.name.to_owned(),
            aid: Aid::new(package.aid).map_err(|_| ExportError::Aid { offset: 0 })?,
            version,
            library: true,
            references: Vec::new(),
            classes: classes.map(|c| ExportClass::from_api(c, at)).collect(),
        })
    }

    /// The class with this internal name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&ExportClass> {
        self.classes.iter().find(|c| c.name == name)
    }

    /// The oldest format that can say all of it: remote classes came with 2.2.
    #[must_use]
    pub fn oldest_format(&self) -> Format {
        if self.classes.iter().any(|c| c.flags.has(ApiFlags::REMOTE)) {
            Format::V2_2
        } else {
            Format::V2_1
        }
    }
}

impl ExportClass {
    fn from_api(class: &ApiClass, at: (u8, u8)) -> Self {
        let mut methods = Vec::new();
        for method in class.methods() {
            if method.space == Space::Static && method.since <= at {
                methods.push(ExportMethod {
                    token: method.token,
                    flags: method.flags,
                    name: method.name.to_owned(),
                    descriptor: method.descriptor.to_owned(),
                });
            }
        }
        let mut count = 0;
        for (slot, token) in class.slots.iter().zip(0..=u8::MAX) {
            if slot.since <= at {
                let method = slot.method.get();
                methods.push(ExportMethod {
                    token,
                    flags: method.flags,
                    name: method.name.to_owned(),
                    descriptor: method.descriptor.to_owned(),
                });
                count += 1;
            }
        }
        Self {
            token: class.token,
            flags: class.flags,
            name: class.name.to_owned(),
            superclasses: class
                .superclasses
                .iter()
                .map(|c| c.get().name.to_owned())
                .collect(),
            interfaces: class.interfaces.iter().map(|&n| n.to_owned()).collect(),
            cap22_inheritable: Some(class.cap22_inheritable.min(count)),
            fields: class
                .fields
                .iter()
                .filter(|f| f.since <= at)
                .map(|f| ExportField {
                    token: f.token.unwrap_or(NO_TOKEN),
                    flags: f.flags,
                    name: f.name.to_owned(),
                    descriptor: f.descriptor.to_owned(),
                    value: f.value,
                })
                .collect(),
            methods,
        }
    }

    /// Whether it is an interface.
    #[must_use]
    pub fn is_interface(&self) -> bool {
        self.flags.has(ApiFlags::INTERFACE)
    }

    /// Which numbering the method's token belongs to.
    #[must_use]
    pub fn space(&self, method: &ExportMethod) -> Space {
        if method.flags.has(ApiFlags::STATIC) || method.name == "<init>" {
            Space::Static
        } else if self.is_interface() {
            Space::Interface
        } else {
            Space::Virtual
        }
    }

    /// The method with this name and descriptor.
    #[must_use]
    pub fn method(&self, name: &str, descriptor: &str) -> Option<&ExportMethod> {
        self.methods
            .iter()
            .find(|m| m.name == name && m.descriptor == descriptor)
    }

    /// The field with this name and descriptor.
    #[must_use]
    pub fn field(&self, name: &str, descriptor: &str) -> Option<&ExportField> {
        self.fields
            .iter()
            .find(|f| f.name == name && f.descriptor == descriptor)
    }

    /// How many public virtual tokens the class has.
    #[must_use]
    pub fn virtual_count(&self) -> usize {
        self.methods
            .iter()
            .filter(|m| self.space(m) == Space::Virtual)
            .count()
    }
}

/// Why bytes are no export file, or a value can't become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportError {
    /// The first four bytes are not 00FACADE.
    Magic,
    /// A format other than 2.1, 2.2 and 2.3.
    UnknownFormat {
        /// Major version.
        major: u8,
        /// Minor version.
        minor: u8,
    },
    /// The file ends in the middle of something.
    Truncated {
        /// Where the missing bytes should begin.
        offset: usize,
    },
    /// Bytes follow the last class.
    Trailing {
        /// Where they begin.
        offset: usize,
    },
    /// A constant pool tag that is not defined.
    ConstantTag {
        /// Where it stands.
        offset: usize,
        /// The tag.
        tag: u8,
    },
    /// An index that points outside the constant pool or to an entry of another kind.
    ConstantIndex {
        /// Where it stands.
        offset: usize,
        /// The index.
        index: u16,
    },
    /// A name that is not UTF-8.
    Text {
        /// Where it begins.
        offset: usize,
    },
    /// A package AID shorter than 5 or longer than 16 bytes.
    Aid {
        /// Where it begins.
        offset: usize,
    },
    /// An attribute other than `ConstantValue`, or one of the wrong length.
    Attribute {
        /// Where it begins.
        offset: usize,
    },
    /// The package never had this version.
    UnknownVersion(PackageVersion),
    /// More classes, members or names than the format can count.
    TooLarge,
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Magic => write!(f, "not an export file: it does not begin with 00FACADE"),
            Self::UnknownFormat { major, minor } => {
                write!(f, "export file format {major}.{minor} is not known")
            }
            Self::Truncated { offset } => write!(f, "the export file ends at offset {offset}"),
            Self::Trailing { offset } => {
                write!(f, "bytes after the last class at offset {offset}")
            }
            Self::ConstantTag { offset, tag } => {
                write!(f, "constant pool tag {tag} at offset {offset}")
            }
            Self::ConstantIndex { offset, index } => {
                write!(f, "constant pool index {index} at offset {offset}")
            }
            Self::Text { offset } => write!(f, "text at offset {offset} is not UTF-8"),
            Self::Aid { offset } => write!(f, "package AID at offset {offset} has a bad length"),
            Self::Attribute { offset } => write!(f, "attribute at offset {offset} is not valid"),
            Self::UnknownVersion(version) => {
                write!(f, "the API table has no version {version} of this package")
            }
            Self::TooLarge => write!(f, "too many entries for an export file"),
        }
    }
}

impl core::error::Error for ExportError {}

/// Bytes of `minor major` for a format.
const fn format_bytes(format: Format) -> [u8; 2] {
    match format {
        Format::V2_1 => [1, 2],
        Format::V2_2 => [2, 2],
        Format::V2_3 => [3, 2],
    }
}
