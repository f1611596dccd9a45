//! A linked package: immutable, shared by copies of the VM.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use hydra_cap::{AppletEntry, ArrayInit, CapError, CapFile, ExportedClass, PublicPackage};
use hydra_wire::Aid;

use crate::class::{Class, Method};
use crate::ids::{ClassIndex, ObjRef, Owner, PackageId};
use crate::memory::Storage;

/// A constant pool entry after linking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Class(ClassIndex),
    /// A field word; `last` is the last word of the class's own fields.
    Field {
        class: ClassIndex,
        word: u16,
        last: u16,
        reference: bool,
    },
    Virtual {
        class: ClassIndex,
        slot: u16,
        nargs: u8,
    },
    Super {
        class: ClassIndex,
        method: Method,
    },
    StaticMethod(Method),
    /// An offset among the package's reference fields.
    StaticReference {
        package: PackageId,
        index: u16,
    },
    /// An offset among the bytes of the package's primitive fields.
    StaticPrimitive {
        package: PackageId,
        offset: u16,
    },
}

/// A method's place in the Method component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) header: u32,
    pub(crate) end: usize,
}

/// A CAP file after linking: a package, or several of the extended form, which share a context (JCRE 3.1 §6.1.2).
///
/// It holds what running and linking need. The rest is in the load file, which is read again where somebody wants it.
#[derive(Debug, PartialEq, Eq)]
pub struct Package {
    pub(crate) id: PackageId,
    pub(crate) aid: Aid,
    /// What was loaded, as far as the card keeps it: the content of the package's record.
    pub(crate) file: Box<[u8]>,
    /// What others may import.
    pub(crate) packages: Box<[PublicPackage]>,
    pub(crate) applets: Box<[AppletEntry]>,
    pub(crate) statics: StaticSizes,
    /// The Method component's content.
    pub(crate) code: Box<[u8]>,
    pub(crate) pool: Box<[Entry]>,
    /// By offset in the Class component, in order.
    pub(crate) classes: Box<[LinkedClass]>,
    /// Imported packages that were loaded, so that they stay.
    pub(crate) imports: Box<[PackageId]>,
    /// The methods that anything refers to, in order.
    pub(crate) methods: Box<[Extent]>,
    pub(crate) handlers: Box<[Handler]>,
}

/// A class of a package, and the index that the VM has for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LinkedClass {
    pub(crate) offset: u16,
    pub(crate) index: ClassIndex,
    pub(crate) class: Arc<Class>,
}

/// How many static fields a package has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StaticSizes {
    pub(crate) references: usize,
    /// Bytes of the primitive fields.
    pub(crate) bytes: usize,
}

/// An exception handler after linking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handler {
    pub(crate) covered: Range<usize>,
    pub(crate) start: usize,
    /// None for any exception.
    pub(crate) class: Option<ClassIndex>,
}

impl Package {
    /// The AID of the file: in the compact form, of its package.
    pub fn aid(&self) -> &Aid {
        &self.aid
    }

    /// Reads the CAP file again, without Debug, and with a Descriptor only if others may import the package. What was
    /// read when it was loaded can be read now.
    pub fn cap_file(&self) -> Result<CapFile, CapError> {
        CapFile::from_load_file(&self.file)
    }

    /// The exported classes of one of the file's public packages, by class token.
    pub(crate) fn exports(&self, package: usize) -> &[ExportedClass] {
        let package = self.packages.get(package);
        package
            .map(|package| package.exports.as_slice())
            .unwrap_or_default()
    }

    /// A constant pool entry.
    #[inline(always)]
    pub(crate) fn entry(&self, index: u16) -> Option<Entry> {
        self.pool.get(usize::from(index)).copied()
    }

    pub(crate) fn class_at(&self, offset: u16) -> Option<ClassIndex> {
        let found = self
            .classes
            .binary_search_by_key(&offset, |class| class.offset)
            .ok()?;
        Some(self.classes[found].index)
    }

    pub(crate) fn has_method(&self, offset: u32) -> bool {
        self.methods
            .binary_search_by_key(&offset, |extent| extent.header)
            .is_ok()
    }
}

impl StaticSizes {
    pub(crate) fn of(cap: &CapFile) -> Self {
        let fields = cap.static_fields();
        Self {
            references: fields.reference_count.into(),
            bytes: usize::from(fields.default_count) + fields.values.len(),
        }
    }
}

/// The static fields of a package.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statics {
    pub(crate) refs: Vec<ObjRef>,
    pub(crate) bytes: Vec<u8>,
}

impl Statics {
    pub(crate) fn new(cap: &CapFile) -> Self {
        let fields = cap.static_fields();
        let mut bytes = vec![0; fields.default_count.into()];
        bytes.extend_from_slice(&fields.values);
        Self {
            refs: vec![ObjRef::NULL; fields.reference_count.into()],
            bytes,
        }
    }
}

/// The first value of a static array as an object of the package's context.
pub(crate) fn static_array(init: &ArrayInit, package: PackageId) -> crate::heap::Object {
    use crate::heap::Body;
    let body = match init {
        ArrayInit::Boolean(values) => Body::Boolean(values.clone().into_boxed_slice()),
        ArrayInit::Byte(values) => Body::Byte(values.clone().into_boxed_slice()),
        ArrayInit::Short(values) => Body::Short(values.clone().into_boxed_slice()),
        ArrayInit::Int(values) => Body::Int(values.clone().into_boxed_slice()),
    };
    let owner = Owner {
        context: package.into(),
        applet: crate::ids::AppletId(0),
    };
    crate::heap::Object {
        owner,
        storage: Storage::Persistent,
        flags: 0,
        body,
    }
}
