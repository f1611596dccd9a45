//! Every class a conversion knows: the package's own, and those of the export files.

use std::collections::BTreeMap;

use hydra_cap::api::ApiFlags;
use hydra_cap::export::{ExportClass, ExportFile};

use crate::classfile::{Access, Class, Field, Method, package_of};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, dotted};

pub(crate) const OBJECT: &str = "java/lang/Object";
pub(crate) const APPLET: &str = "javacard/framework/Applet";

/// A class of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClassId {
    /// Index into [`World::classes`].
    Own(usize),
    /// Export file and class in it.
    Foreign(usize, usize),
}

/// Where a name and descriptor lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Class and member index of the package itself.
    Own(usize, usize),
    /// A class of an export file, and the member's index in it.
    Foreign(usize, usize, usize),
}

pub(crate) struct World<'a> {
    /// The package's classes in the order of the Class component: interfaces before classes,
    /// supertypes before subtypes, by name.
    pub(crate) classes: Vec<Class>,
    pub(crate) exports: &'a [ExportFile],
    by_name: BTreeMap<String, ClassId>,
}

impl<'a> World<'a> {
    pub(crate) fn new(
        classes: Vec<Class>,
        exports: &'a [ExportFile],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut by_name = BTreeMap::new();
        for (f, file) in exports.iter().enumerate() {
            for (c, class) in file.classes.iter().enumerate() {
                by_name.insert(class.name.clone(), ClassId::Foreign(f, c));
            }
        }
        let classes = in_order(classes, diagnostics);
        for (index, class) in classes.iter().enumerate() {
            by_name.insert(class.name.clone(), ClassId::Own(index));
        }
        Self {
            classes,
            exports,
            by_name,
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<ClassId> {
        self.by_name.get(name).copied()
    }

    /// The class, or what to say about its absence.
    pub(crate) fn require(&self, name: &str) -> Result<ClassId, String> {
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        let package = package_of(name);
        Err(
            if self.exports.iter().any(|file| file.name == package)
                || package.starts_with("java/")
                || package.starts_with("javax/")
            {
                format!("{} is not in this Java Card API", dotted(name))
            } else {
                format!(
                    "class {} is unknown: no export file of package {} was given",
                    dotted(name),
                    dotted(package)
                )
            },
        )
    }

    pub(crate) fn foreign(&self, file: usize, class: usize) -> &ExportClass {
        &self.exports[file].classes[class]
    }

    pub(crate) fn name(&self, id: ClassId) -> &str {
        match id {
            ClassId::Own(index) => &self.classes[index].name,
            ClassId::Foreign(file, class) => &self.foreign(file, class).name,
        }
    }

    pub(crate) fn is_interface(&self, id: ClassId) -> bool {
        match id {
            ClassId::Own(index) => self.classes[index].interface,
            ClassId::Foreign(file, class) => self.foreign(file, class).is_interface(),
        }
    }

    pub(crate) fn superclass(&self, id: ClassId) -> Option<ClassId> {
        let name = match id {
            ClassId::Own(index) => self.classes[index].super_class.as_ref()?,
            ClassId::Foreign(file, class) => self.foreign(file, class).superclasses.first()?,
        };
        self.find(name)
    }

    /// All interfaces that the class or interface names, with their superinterfaces before them.
    pub(crate) fn interfaces(&self, id: ClassId) -> Vec<ClassId> {
        let mut all = Vec::new();
        let names = match id {
            ClassId::Own(index) => &self.classes[index].interfaces,
            ClassId::Foreign(file, class) => &self.foreign(file, class).interfaces,
        };
        for name in names {
            if let Some(found) = self.find(name) {
                for one in self.interfaces(found).into_iter().chain([found]) {
                    if !all.contains(&one) {
                        all.push(one);
                    }
                }
            }
        }
        all
    }

    /// Whether it is a shareable interface, or a class that implements one.
    pub(crate) fn is_shareable(&self, id: ClassId) -> bool {
        self.has_flag(id, ApiFlags::SHAREABLE)
    }

    /// Whether it is a remote interface, or a class that implements one.
    pub(crate) fn is_remote(&self, id: ClassId) -> bool {
        self.has_flag(id, ApiFlags::REMOTE)
    }

    fn has_flag(&self, id: ClassId, flag: u16) -> bool {
        let own = match id {
            ClassId::Own(_) => false,
            ClassId::Foreign(file, class) => self.foreign(file, class).flags.has(flag),
        };
        own || self
            .interfaces(id)
            .into_iter()
            .chain(self.superclass(id))
            .any(|up| self.has_flag(up, flag))
    }

    /// Whether `id` is `ancestor` or extends it.
    pub(crate) fn extends(&self, id: ClassId, ancestor: &str) -> bool {
        self.name(id) == ancestor
            || self
                .superclass(id)
                .is_some_and(|up| self.extends(up, ancestor))
    }

    /// The method that a reference names (JVMS 8 §5.4.3.3): in the class, its superclasses, then
    /// its interfaces.
    pub(crate) fn method(&self, class: ClassId, name: &str, descriptor: &str) -> Option<Found> {
        let mut next = Some(class);
        while let Some(id) = next {
            if let Some(found) = self.declared_method(id, name, descriptor) {
                return Some(found);
            }
            if name == "<init>" {
                return None;
            }
            next = self.superclass(id);
        }
        let mut next = Some(class);
        while let Some(id) = next {
            for interface in self.interfaces(id) {
                if let Some(found) = self.declared_method(interface, name, descriptor) {
                    return Some(found);
                }
            }
            next = self.superclass(id);
        }
        None
    }

    fn declared_method(&self, id: ClassId, name: &str, descriptor: &str) -> Option<Found> {
        match id {
            ClassId::Own(index) => self.classes[index]
                .methods
                .iter()
                .position(|m| m.name == name && m.descriptor == descriptor)
                .map(|m| Found::Own(index, m)),
            ClassId::Foreign(file, class) => self
                .foreign(file, class)
                .methods
                .iter()
                .position(|m| m.name == name && m.descriptor == descriptor)
                .map(|m| Found::Foreign(file, class, m)),
        }
    }

    /// The field that a reference names (JVMS 8 §5.4.3.2).
    pub(crate) fn field(&self, class: ClassId, name: &str, descriptor: &str) -> Option<Found> {
        let found = match class {
            ClassId::Own(index) => self.classes[index]
                .fields
                .iter()
                .position(|f| f.name == name && f.descriptor == descriptor)
                .map(|f| Found::Own(index, f)),
            ClassId::Foreign(file, c) => self
                .foreign(file, c)
                .fields
                .iter()
                .position(|f| f.name == name && f.descriptor == descriptor)
                .map(|f| Found::Foreign(file, c, f)),
        };
        found.or_else(|| {
            self.interfaces(class)
                .into_iter()
                .chain(self.superclass(class))
                .find_map(|up| self.field(up, name, descriptor))
        })
    }

    pub(crate) fn own_method(&self, class: usize, method: usize) -> &Method {
        &self.classes[class].methods[method]
    }

    pub(crate) fn own_field(&self, class: usize, field: usize) -> &Field {
        &self.classes[class].fields[field]
    }

    /// Gives abstract classes a method for each interface method that they leave open, since a
    /// token table has no other place for it.
    pub(crate) fn add_open_interface_methods(&mut self) {
        for index in 0..self.classes.len() {
            let class = &self.classes[index];
            if class.interface || !class.is_abstract {
                continue;
            }
            let mut open = Vec::new();
            for interface in self.interfaces(ClassId::Own(index)) {
                for (name, descriptor) in self.declared_interface_methods(interface) {
                    let found = self.concrete_method(ClassId::Own(index), &name, &descriptor);
                    if !found && !open.contains(&(name.clone(), descriptor.clone())) {
                        open.push((name, descriptor));
                    }
                }
            }
            for (name, descriptor) in open {
                self.classes[index].methods.push(Method {
                    name,
                    descriptor,
                    access: Access::Public,
                    is_static: false,
                    is_final: false,
                    is_abstract: true,
                    code: None,
                });
            }
        }
    }

    fn concrete_method(&self, class: ClassId, name: &str, descriptor: &str) -> bool {
        let mut next = Some(class);
        while let Some(id) = next {
            if self.declared_method(id, name, descriptor).is_some() {
                return true;
            }
            next = self.superclass(id);
        }
        false
    }

    /// Names and descriptors of the methods that an interface itself lists.
    pub(crate) fn declared_interface_methods(&self, id: ClassId) -> Vec<(String, String)> {
        match id {
            ClassId::Own(index) => self.classes[index]
                .methods
                .iter()
                .filter(|m| m.is_abstract)
                .map(|m| (m.name.clone(), m.descriptor.clone()))
                .collect(),
            ClassId::Foreign(file, class) => self
                .foreign(file, class)
                .methods
                .iter()
                .map(|m| (m.name.clone(), m.descriptor.clone()))
                .collect(),
        }
    }
}

/// Interfaces before classes, supertypes before subtypes, otherwise by name.
fn in_order(mut classes: Vec<Class>, diagnostics: &mut Diagnostics) -> Vec<Class> {
    classes.sort_by(|a, b| b.interface.cmp(&a.interface).then(a.name.cmp(&b.name)));
    for pair in classes.windows(2) {
        if let [a, b] = pair
            && a.name == b.name
        {
            diagnostics.push(Diagnostic::package(format!(
                "class {} is given twice",
                dotted(&a.name)
            )));
        }
    }
    classes.dedup_by(|a, b| a.name == b.name);
    let mut ordered: Vec<Class> = Vec::new();
    while !classes.is_empty() {
        let ready = classes.iter().position(|class| {
            let mut ups = class.super_class.iter().chain(&class.interfaces);
            !ups.any(|up| classes.iter().any(|c| c.name == *up))
        });
        match ready {
            Some(index) => ordered.push(classes.remove(index)),
            None => {
                let class = classes.remove(0);
                let place = Place {
                    class: &class,
                    member: "",
                    line: None,
                };
                diagnostics.push(place.diagnostic("the class is its own ancestor"));
                classes.clear();
            }
        }
    }
    ordered
}
