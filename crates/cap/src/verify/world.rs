//! The classes that the code is checked against: the file's own, the API's, and those of imported packages.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Imports;
use super::file::File;
use crate::api::{self, ApiClass, ApiFlags, ApiPackage};
use crate::export::{ExportClass, ExportFile};
use crate::types::{
    CapFile, ClassDescriptor, ClassInfo, ClassRef, CpEntry, Import, InterfaceInfo, PublicPackage,
};

/// A class or interface in the [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClassIx(u32);

/// Where a class comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A CAP file, 0 being the one that is verified, and the offset in its Class component.
    File(usize, u16),
    Api(api::ClassId),
    /// An export file and the position in it.
    Export(usize, usize),
    /// Not known: import and class token of the file that is verified, or a name that no export file has.
    Unknown(usize, u8, u8),
}

/// What is known of a class.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) key: Key,
    pub(super) parent: Option<ClassIx>,
    /// All of them, inherited ones too, in order. Of an interface, its superinterfaces.
    pub(super) interfaces: Vec<ClassIx>,
    pub(super) depth: usize,
    pub(super) known: bool,
    pub(super) interface: bool,
    pub(super) is_abstract: bool,
    pub(super) is_final: bool,
    pub(super) public: bool,
    pub(super) shareable: bool,
}

/// A package that is imported.
#[derive(Clone, Copy)]
pub(super) enum Package<'a> {
    Api(&'static ApiPackage),
    Export(usize, &'a ExportFile),
    /// A CAP file and the package in it.
    File(usize, &'a PublicPackage),
    Unknown,
}

/// The deepest hierarchy that is followed.
const DEPTH_LIMIT: usize = 256;

/// All classes that matter.
pub(super) struct World<'a> {
    pub(super) files: Vec<File<'a>>,
    exports: &'a [ExportFile],
    classes: Vec<Class>,
    by_key: BTreeMap<Key, ClassIx>,
    object: ClassIx,
    throwable: ClassIx,
}

impl<'a> World<'a> {
    /// Superclasses and superinterfaces that can't be resolved are taken for unknown; the structural checks tell.
    pub(super) fn new(cap: &'a CapFile, imports: &Imports<'a>) -> Self {
        let mut files = Vec::from([File::new(cap)]);
        files.extend(imports.files.iter().map(|file| File::new(file)));
        let mut world = Self {
            files,
            exports: imports.exports,
            classes: Vec::new(),
            by_key: BTreeMap::new(),
            object: ClassIx(0),
            throwable: ClassIx(0),
        };
        world.object = world.api(api::class_id("java/lang/Object"));
        world.throwable = world.api(api::class_id("java/lang/Throwable"));
        for info in cap.interfaces() {
            world.file_class(0, info.offset, 0);
        }
        for info in cap.classes() {
            world.file_class(0, info.offset, 0);
        }
        for entry in cap.constant_pool() {
            use CpEntry as E;
            match *entry {
                E::Class(class)
                | E::InstanceField { class, .. }
                | E::VirtualMethod { class, .. }
                | E::SuperMethod { class, .. } => {
                    world.load(0, class, 0);
                }
                E::ExternalStaticField { package, class, .. }
                | E::ExternalStaticMethod { package, class, .. } => {
                    world.load(0, ClassRef::External { package, class }, 0);
                }
                E::StaticField(_) | E::StaticMethod(_) => {}
            }
        }
        world
    }

    pub(super) fn cap(&self) -> &'a CapFile {
        self.files[0].cap
    }

    pub(super) fn object(&self) -> ClassIx {
        self.object
    }

    pub(super) fn throwable(&self) -> ClassIx {
        self.throwable
    }

    pub(super) fn class(&self, class: ClassIx) -> &Class {
        // Every index came from `classes`, whose first element is Object.
        &self.classes[usize::try_from(class.0).unwrap_or(0)]
    }

    pub(super) fn export(&self, file: usize, class: usize) -> Option<&'a ExportClass> {
        self.exports.get(file)?.classes.get(class)
    }

    /// The class of the verified file at an offset of its Class component.
    pub(super) fn own(&self, offset: u16) -> Option<ClassIx> {
        self.by_key.get(&Key::File(0, offset)).copied()
    }

    /// The package that an import of a file leads to.
    pub(super) fn package(&self, import: &Import) -> Package<'a> {
        if let Some(package) = api::package_by_aid(import.aid.as_bytes()) {
            return Package::Api(package);
        }
        let found = self.exports.iter().enumerate();
        let mut found = found.filter(|(_, file)| file.aid == import.aid);
        if let Some((index, file)) = found
            .clone()
            .find(|(_, file)| file.version.satisfies(import.version))
            .or_else(|| found.next())
        {
            return Package::Export(index, file);
        }
        let files = self.files.iter().enumerate().skip(1);
        let mut packages =
            files.flat_map(|(index, file)| file.cap.packages().iter().map(move |p| (index, p)));
        match packages.find(|(_, package)| package.aid == import.aid) {
            Some((index, package)) => Package::File(index, package),
            None => Package::Unknown,
        }
    }

    fn add(&mut self, class: Class) -> ClassIx {
        let index = ClassIx(u32::try_from(self.classes.len()).unwrap_or(0));
        self.by_key.insert(class.key, index);
        self.classes.push(class);
        index
    }

    /// The class that a reference of a file leads to; an unknown one if it leads nowhere.
    pub(super) fn load(&mut self, file: usize, class: ClassRef, depth: usize) -> ClassIx {
        match class {
            ClassRef::Internal(offset) => self.file_class(file, offset, depth),
            ClassRef::External { package, class } => {
                let import = self.files[file].cap.imports().get(usize::from(package));
                let found = import.map_or(Package::Unknown, |import| self.package(import));
                let loaded = match found {
                    Package::Api(api) => api.class(class).map(|row| self.api(row.id)),
                    Package::Export(index, export) => {
                        let position = export.classes.iter().position(|row| row.token == class);
                        position.map(|position| self.exported(index, position, depth))
                    }
                    Package::File(index, package) => {
                        let exported = package.exports.get(usize::from(class));
                        exported.map(|export| self.file_class(index, export.class, depth))
                    }
                    Package::Unknown => None,
                };
                loaded.unwrap_or_else(|| self.unknown(Key::Unknown(file, package, class)))
            }
        }
    }

    /// Like [`Self::load`], for a class that was loaded before.
    pub(super) fn find(&self, file: usize, class: ClassRef) -> Option<ClassIx> {
        let key = match class {
            ClassRef::Internal(offset) => Key::File(file, offset),
            ClassRef::External { package, class } => {
                let import = self.files[file].cap.imports().get(usize::from(package))?;
                match self.package(import) {
                    Package::Api(api) => Key::Api(api.class(class)?.id),
                    Package::Export(index, export) => {
                        let position = export.classes.iter().position(|row| row.token == class)?;
                        Key::Export(index, position)
                    }
                    Package::File(index, package) => {
                        Key::File(index, package.exports.get(usize::from(class))?.class)
                    }
                    Package::Unknown => Key::Unknown(file, package, class),
                }
            }
        };
        self.by_key.get(&key).copied()
    }

    fn unknown(&mut self, key: Key) -> ClassIx {
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let parent = Some(self.object);
        self.add(Class {
            key,
            parent,
            interfaces: Vec::new(),
            depth: 1,
            known: false,
            interface: false,
            is_abstract: false,
            is_final: false,
            public: true,
            shareable: false,
        })
    }

    /// A class of the API, with what it is below.
    pub(super) fn api(&mut self, id: api::ClassId) -> ClassIx {
        if let Some(known) = self.by_key.get(&Key::Api(id)) {
            return *known;
        }
        let row: &'static ApiClass = id.get();
        let parent = row.super_id().map(|parent| self.api(parent));
        let ids = row.interface_ids.iter();
        let interfaces = ids.map(|interface| self.api(*interface)).collect();
        let depth = parent.map_or(0, |parent| self.class(parent).depth + 1);
        self.add(Class {
            key: Key::Api(id),
            parent,
            interfaces: with_inherited(self, parent, interfaces),
            depth,
            known: true,
            interface: row.is_interface(),
            is_abstract: row.flags.has(ApiFlags::ABSTRACT),
            is_final: row.flags.has(ApiFlags::FINAL),
            public: true,
            shareable: row.flags.has(ApiFlags::SHAREABLE),
        })
    }

    /// A class by its name, of the API or of an export file.
    pub(super) fn named(&mut self, name: &str, depth: usize) -> Option<ClassIx> {
        if let Some(row) = api::class(name) {
            return Some(self.api(row.id));
        }
        let exports = self.exports;
        for (index, file) in exports.iter().enumerate() {
            let position = file.classes.iter().position(|class| class.name == name);
            if let Some(position) = position {
                return Some(self.exported(index, position, depth));
            }
        }
        None
    }

    fn exported(&mut self, file: usize, position: usize, depth: usize) -> ClassIx {
        let key = Key::Export(file, position);
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let exports = self.exports;
        let row = exports
            .get(file)
            .and_then(|file| file.classes.get(position));
        let Some(row) = row.filter(|_| depth < DEPTH_LIMIT) else {
            return self.unknown(key);
        };
        let mut above = |name: &String| {
            self.named(name, depth + 1)
                .unwrap_or_else(|| self.unknown(Key::Unknown(usize::MAX, 0, 0)))
        };
        let parent = row.superclasses.first().map(&mut above);
        let interfaces = row.interfaces.iter().map(above).collect();
        // Something above may have come back to this one.
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let parent = parent.or(Some(self.object));
        let depth = parent.map_or(0, |parent| self.class(parent).depth + 1);
        self.add(Class {
            key,
            parent,
            interfaces: with_inherited(self, parent, interfaces),
            depth,
            known: true,
            interface: row.is_interface(),
            is_abstract: row.flags.has(ApiFlags::ABSTRACT),
            is_final: row.flags.has(ApiFlags::FINAL),
            public: row.flags.has(ApiFlags::PUBLIC),
            shareable: row.flags.has(ApiFlags::SHAREABLE),
        })
    }

    fn file_class(&mut self, file: usize, offset: u16, depth: usize) -> ClassIx {
        let key = Key::File(file, offset);
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let (interface, class) = self.files[file].class_at(offset);
        if depth >= DEPTH_LIMIT || (interface.is_none() && class.is_none()) {
            return self.unknown(key);
        }
        let (parent, above, shareable) = match (interface, class) {
            (Some(info), _) => above_interface(info),
            (_, Some(info)) => above_class(info),
            (None, None) => return self.unknown(key),
        };
        let parent = match parent {
            // The reader has checked that a class comes after its superclass; an interface may name any other.
            Some(parent) => self.load(file, parent, depth + 1),
            None => self.object,
        };
        let interfaces = above
            .into_iter()
            .map(|interface| self.load(file, interface, depth + 1))
            .collect();
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let described = self.files[file].described(offset);
        let flag = |flag| described.is_some_and(|class| class.flags & flag != 0);
        let class_depth = self.class(parent).depth + 1;
        if class_depth > DEPTH_LIMIT {
            return self.unknown(key);
        }
        self.add(Class {
            key,
            parent: Some(parent),
            interfaces: with_inherited(self, Some(parent), interfaces),
            depth: class_depth,
            known: true,
            interface: interface.is_some(),
            is_abstract: flag(ClassDescriptor::ACC_ABSTRACT) || interface.is_some(),
            is_final: flag(ClassDescriptor::ACC_FINAL),
            public: file != 0 || flag(ClassDescriptor::ACC_PUBLIC),
            shareable,
        })
    }

    /// Whether a class is another, extends or implements it. Unknown ones may be anything.
    pub(super) fn is_sub(&self, class: ClassIx, above: ClassIx) -> bool {
        if class == above || above == self.object {
            return true;
        }
        let wanted = self.class(above);
        if !wanted.known {
            return true;
        }
        let mut at = Some(class);
        while let Some(index) = at {
            let class = self.class(index);
            if index == above || !class.known {
                return true;
            }
            if wanted.interface && class.interfaces.contains(&above) {
                return true;
            }
            at = class.parent;
        }
        false
    }

    /// The nearest class that two are below. Of two unknown ones, or one, an unknown one.
    pub(super) fn common(&self, a: ClassIx, b: ClassIx) -> ClassIx {
        let (mut a, mut b) = (a, b);
        loop {
            if a == b {
                return a;
            }
            let (x, y) = (self.class(a), self.class(b));
            if !x.known {
                return a;
            }
            if !y.known {
                return b;
            }
            let (up_a, up_b) = (x.depth >= y.depth, y.depth >= x.depth);
            match (x.parent, y.parent) {
                (Some(parent), _) if up_a => a = parent,
                (_, Some(_)) if up_b => {}
                _ => return self.object,
            }
            if up_b {
                match y.parent {
                    Some(parent) => b = parent,
                    None => return self.object,
                }
            }
        }
    }

    /// The package of a class, as far as access within packages goes.
    pub(super) fn same_package(&self, class: ClassIx, package: u8) -> bool {
        match self.class(class).key {
            Key::File(0, offset) => self.files[0].package_of(offset) == package,
            Key::Unknown(..) => true,
            _ => false,
        }
    }

    /// A class in words.
    pub(super) fn name(&self, class: ClassIx) -> String {
        match self.class(class).key {
            Key::File(0, offset) => self.files[0].cap.class_name(ClassRef::Internal(offset)),
            Key::File(file, offset) => format!("{}/class@{offset}", self.files[file].cap.aid()),
            Key::Api(id) => id.get().name.to_owned(),
            Key::Export(file, class) => match self.export(file, class) {
                Some(class) => class.name.clone(),
                None => "a class".to_owned(),
            },
            Key::Unknown(0, package, class) => self.files[0]
                .cap
                .class_name(ClassRef::External { package, class }),
            Key::Unknown(..) => "an unknown class".to_owned(),
        }
    }
}

fn above_interface(info: &InterfaceInfo) -> (Option<ClassRef>, Vec<ClassRef>, bool) {
    let shareable = info.flags & ClassInfo::ACC_SHAREABLE != 0;
    (None, info.superinterfaces.clone(), shareable)
}

fn above_class(info: &ClassInfo) -> (Option<ClassRef>, Vec<ClassRef>, bool) {
    let interfaces = info.interfaces.iter();
    let interfaces = interfaces.map(|implemented| implemented.interface);
    let shareable = info.flags & ClassInfo::ACC_SHAREABLE != 0;
    (info.super_class, interfaces.collect(), shareable)
}

/// All interfaces that follow from a superclass and the named ones.
fn with_inherited(world: &World<'_>, parent: Option<ClassIx>, named: Vec<ClassIx>) -> Vec<ClassIx> {
    // A legitimate class has a handful; a bound keeps the work in proportion.
    const LIMIT: usize = 128;
    let mut all = named.clone();
    for interface in named {
        all.extend_from_slice(&world.class(interface).interfaces);
    }
    if let Some(parent) = parent {
        all.extend_from_slice(&world.class(parent).interfaces);
    }
    all.sort_unstable();
    all.dedup();
    all.truncate(LIMIT);
    all
}
