//! Linking: a CAP file becomes classes, a resolved constant pool, and code whose every instruction was looked at.
//!
//! What can be proved here once is not checked again at each step: that control stays within its method and on
//! instructions, that local variables are inside the frame, that constant pool entries are of the kind the instruction
//! needs, that a field is a reference exactly where it is used as one. Types of operands are checked when they are used.

mod classes;
mod code;
mod pool;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use hydra_cap::api::{self, ApiPackage};
use hydra_cap::{CapFile, ComponentTag};
use hydra_wire::Aid;

use crate::class::Origin;
use crate::ids::{ClassIndex, ObjRef, PackageId};
use crate::memory::Storage;
use crate::package::{Handler, LinkedClass, Package, StaticSizes, Statics, static_array};
use crate::vm::Vm;

/// Why a package can't be linked or unlinked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// An imported package is not on the card.
    MissingImport(Aid),
    /// An imported package is there in a version that does not do.
    ImportVersion(Aid),
    /// A package with this AID is already there.
    Duplicate(Aid),
    /// The package can't be linked: what is at this offset of this component is wrong.
    Invalid {
        /// The component.
        component: ComponentTag,
        /// The offset after tag and size.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// No number is left for another package.
    TooManyPackages,
    /// The code, or the static fields' first values, need more memory than there is.
    NoSpace,
    /// Another package imports this one, or objects of its classes are left.
    InUse,
    /// There is no such package.
    NoSuchPackage,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingImport(aid) => write!(f, "package {aid} is not on the card"),
            Self::ImportVersion(aid) => write!(
                f,
                "package {aid} is on the card in a version that does not do"
            ),
            Self::Duplicate(aid) => write!(f, "package {aid} is on the card already"),
            Self::Invalid {
                component,
                offset,
                reason,
            } => write!(f, "{component} component, offset {offset}: {reason}"),
            Self::TooManyPackages => f.write_str("no room for another package"),
            Self::NoSpace => f.write_str("no memory for the code and static fields"),
            Self::InUse => f.write_str("the package is in use"),
            Self::NoSuchPackage => f.write_str("no such package"),
        }
    }
}

impl core::error::Error for LinkError {}

type Pool = Box<[crate::package::Entry]>;
type Methods = Box<[crate::package::Extent]>;

/// An imported package: of the API, or loaded.
#[derive(Clone)]
enum Imported {
    Api {
        package: &'static ApiPackage,
        minor: u8,
    },
    Loaded {
        file: Arc<Package>,
        /// Which of the file's public packages.
        exports: usize,
    },
}

impl Vm {
    /// Links a package; its static fields get their first values. Takes part in no transaction.
    pub fn link(&mut self, cap: &CapFile) -> Result<PackageId, LinkError> {
        for aid in cap
            .packages()
            .iter()
            .map(|package| &package.aid)
            .chain([cap.aid()])
        {
            if self.has_package(aid) {
                return Err(LinkError::Duplicate(aid.clone()));
            }
        }
        let id = (1..=0x7F)
            .map(PackageId)
            .find(|id| self.package(*id).is_none());
        let id = id.ok_or(LinkError::TooManyPackages)?;
        let file = kept(cap);
        if self.free_code() < file.len() {
            return Err(LinkError::NoSpace);
        }
        let arrays = &cap.static_fields().arrays;
        let room = self.heap.free_bytes(Storage::Persistent);
        if arrays
            .iter()
            .map(|array| array.byte_size() + 16)
            .sum::<usize>()
            > room
        {
            return Err(LinkError::NoSpace);
        }
        self.link_as(cap, &file, id)?;
        let mut statics = Statics::new(cap);
        for (field, init) in statics.refs.iter_mut().zip(arrays) {
            *field = self
                .heap
                .add(static_array(init, id))
                .unwrap_or(ObjRef::NULL);
        }
        self.set_statics(id, statics);
        self.find_shared();
        Ok(id)
    }

    /// Links under a given number and leaves the static fields alone: the card's records have them.
    pub(crate) fn link_as(
        &mut self,
        cap: &CapFile,
        file: &[u8],
        id: PackageId,
    ) -> Result<(), LinkError> {
        let imports = self.resolve_imports(cap)?;
        let mut classes = Vec::new();
        let (pool, methods) = match self.link_package(cap, id, &imports, &mut classes) {
            Ok(linked) => linked,
            Err(error) => {
                self.drop_classes(classes.into_iter().map(|(_, index)| index));
                return Err(error);
            }
        };
        let handlers = cap.method().handlers.iter().map(|range| {
            let class = match pool.get(usize::from(range.catch_type)) {
                Some(crate::package::Entry::Class(class)) if range.catch_type != 0 => Some(*class),
                _ => None,
            };
            let start = code::place(range.start);
            Handler {
                covered: start..start + usize::from(range.length),
                start: code::place(range.handler),
                class,
            }
        });
        let handlers = handlers.collect();
        let loaded = imports.iter().filter_map(|import| match import {
            Imported::Loaded { file, .. } => Some(file.id),
            Imported::Api { .. } => None,
        });
        let classes = classes.into_iter().filter_map(|(offset, index)| {
            let class = self.class(index)?.clone();
            Some(LinkedClass {
                offset,
                index,
                class,
            })
        });
        let package = Package {
            id,
            aid: cap.aid().clone(),
            file: file.into(),
            packages: cap.packages().into(),
            applets: cap.applets().into(),
            statics: StaticSizes::of(cap),
            code: cap.method_info().into(),
            pool,
            classes: classes.collect(),
            imports: loaded.collect(),
            methods,
            handlers,
        };
        self.set_package(id, Some(Arc::new(package)));
        Ok(())
    }

    fn link_package(
        &mut self,
        cap: &CapFile,
        id: PackageId,
        imports: &[Imported],
        classes: &mut Vec<(u16, ClassIndex)>,
    ) -> Result<(Pool, Methods), LinkError> {
        self.link_classes(cap, id, imports, classes)?;
        let pool = self.link_pool(cap, id, imports, classes)?;
        let methods = code::check(self, cap, &pool)?;
        Ok((pool, methods))
    }

    fn drop_classes(&mut self, classes: impl IntoIterator<Item = ClassIndex>) {
        for index in classes {
            if let Some(class) = self.classes.get_mut(usize::from(index.0)) {
                *class = None;
            }
        }
    }

    fn resolve_imports(&self, cap: &CapFile) -> Result<Vec<Imported>, LinkError> {
        let resolve = |import: &hydra_cap::Import| {
            let version = import.version;
            if let Some(package) = api::package_by_aid(import.aid.as_bytes()) {
                return if package.satisfies(version.major, version.minor) {
                    Ok(Imported::Api {
                        package,
                        minor: version.minor,
                    })
                } else {
                    Err(LinkError::ImportVersion(import.aid.clone()))
                };
            }
            let found = self.linked().find_map(|file| {
                let mut packages = file.packages.iter();
                let exports = packages.position(|package| package.aid == import.aid)?;
                Some((file, exports))
            });
            let (file, exports) =
                found.ok_or_else(|| LinkError::MissingImport(import.aid.clone()))?;
            let there = &file.packages[exports];
            if there.version.satisfies(version) {
                Ok(Imported::Loaded {
                    file: file.clone(),
                    exports,
                })
            } else {
                Err(LinkError::ImportVersion(import.aid.clone()))
            }
        };
        cap.imports().iter().map(resolve).collect()
    }

    /// Whether another package imports this one.
    pub fn is_imported(&self, package: PackageId) -> bool {
        self.linked().any(|other| other.imports.contains(&package))
    }

    /// Forgets a package. Fails if another package imports it or an object of its classes is left.
    pub fn unlink(&mut self, package: PackageId) -> Result<(), LinkError> {
        let Some(linked) = self.package(package).cloned() else {
            return Err(LinkError::NoSuchPackage);
        };
        if self.is_imported(package) {
            return Err(LinkError::InUse);
        }
        // The package's own static fields go with it, and what only they hold.
        let statics = self.set_statics(package, Statics::default());
        let owned = |class: ClassIndex| matches!(self.class(class).map(|class| class.origin), Some(Origin::Package { package: of, .. }) if of == package);
        let in_use = self.heap.iter().any(|(_, object)| match &object.body {
            crate::heap::Body::Instance { class, .. } => owned(*class),
            crate::heap::Body::Refs { element, .. } => owned(*element),
            _ => false,
        });
        if in_use {
            self.set_statics(package, statics);
            return Err(LinkError::InUse);
        }
        let context = package.into();
        let left: Vec<ObjRef> = self
            .heap
            .iter()
            .filter(|(_, object)| object.owner.context == context)
            .map(|(obj, _)| obj)
            .collect();
        self.free(&left);
        self.drop_classes(linked.classes.iter().map(|class| class.index));
        self.set_package(package, None);
        Ok(())
    }
}

/// What a card keeps of a load file: not Debug, which is of no use here, and Descriptor only where packages that come
/// later and import this one are verified by it. Memory is small.
pub(crate) fn kept(cap: &CapFile) -> Vec<u8> {
    if cap.exported_classes().next().is_some() {
        cap.to_load_file_with_descriptor()
    } else {
        cap.to_load_file()
    }
}
