//! What components say about one another, without types.

use alloc::collections::BTreeSet;
use alloc::format;

use super::members::Entry;
use super::world::{Key, Package};
use super::{Rule, Verifier};
use crate::types::{ClassInfo, ClassRef, ComponentTag, CpEntry};

/// Bytes of an AID that name the registered application provider (ISO/IEC 7816-4).
const RID: usize = 5;

impl<'a> Verifier<'a> {
    pub(super) fn structure(&mut self) {
        self.imports();
        self.applets();
        self.hierarchy();
        for class in self.cap.classes() {
            self.implemented(class);
            self.shareable_class(class);
        }
        self.handlers();
    }

    fn imports(&mut self) {
        let mut at = 1;
        for import in self.cap.imports() {
            let found = match self.members.world.package(import) {
                Package::Api(package) => {
                    let version = import.version;
                    // Versions older than the oldest in the table are taken for that one.
                    Some(package.satisfies(version.major, version.minor))
                }
                Package::Export(_, file) => Some(file.version.satisfies(import.version)),
                Package::File(_, package) => Some(package.version.satisfies(import.version)),
                Package::Unknown => None,
            };
            let version = import.version;
            match found {
                Some(true) => {}
                Some(false) => self.faults.add(
                    ComponentTag::Import,
                    at,
                    Rule::ImportVersion,
                    format!("package {} is not known in version {version}", import.aid),
                ),
                None => self.faults.add(
                    ComponentTag::Import,
                    at,
                    Rule::ImportUnknown,
                    format!(
                        "package {} is not known: its export file is needed",
                        import.aid
                    ),
                ),
            }
            at += 3 + import.aid.as_bytes().len();
        }
    }

    fn applets(&mut self) {
        let mut at = 1;
        let mut seen = BTreeSet::new();
        for applet in self.cap.applets() {
            let aid = applet.aid.as_bytes();
            if !seen.insert(aid) {
                self.faults.add(
                    ComponentTag::Applet,
                    at,
                    Rule::AppletAid,
                    "two applets have one AID",
                );
            }
            if aid.get(..RID) != self.cap.aid().as_bytes().get(..RID) {
                self.faults.add(
                    ComponentTag::Applet,
                    at,
                    Rule::AppletAid,
                    "the applet's RID is not the package's",
                );
            }
            at += 3 + usize::from(self.cap.is_extended()) + aid.len();
        }
    }

    fn class_fault(
        &mut self,
        offset: u16,
        rule: Rule,
        text: impl Into<alloc::borrow::Cow<'static, str>>,
    ) {
        let package = self.members.world.files[0].package_of(offset);
        self.faults.push(
            ComponentTag::Class,
            package,
            None,
            offset.into(),
            rule,
            text.into(),
        );
    }

    fn hierarchy(&mut self) {
        for interface in self.cap.interfaces() {
            let mut shareable = interface.flags & ClassInfo::ACC_SHAREABLE != 0;
            for above in &interface.superinterfaces {
                match self.members.world.find(0, *above) {
                    Some(found) if self.members.world.class(found).known => {
                        let class = self.members.world.class(found);
                        shareable |= class.shareable;
                        if !class.interface {
                            self.class_fault(
                                interface.offset,
                                Rule::Hierarchy,
                                "a superinterface is a class",
                            );
                        }
                    }
                    _ if self.import_is_unknown(*above) => {}
                    _ => self.class_fault(
                        interface.offset,
                        Rule::Hierarchy,
                        "a superinterface is not there",
                    ),
                }
            }
            if shareable != (interface.flags & ClassInfo::ACC_SHAREABLE != 0) {
                self.class_fault(
                    interface.offset,
                    Rule::ShareableFlag,
                    "an interface below Shareable is not marked as shareable",
                );
            }
        }
        for class in self.cap.classes() {
            let Some(above) = class.super_class else {
                self.class_fault(class.offset, Rule::Hierarchy, "a class without superclass");
                continue;
            };
            let package = self.members.world.files[0].package_of(class.offset);
            match self.members.world.find(0, above) {
                Some(found) if self.members.world.class(found).known => {
                    let parent = self.members.world.class(found);
                    let hidden = !parent.public && !self.members.world.same_package(found, package);
                    let text = if parent.interface {
                        "the superclass is an interface"
                    } else if parent.is_final {
                        "the superclass is final"
                    } else if hidden && self.typed() {
                        "the superclass is another package's own"
                    } else {
                        continue;
                    };
                    self.class_fault(class.offset, Rule::Hierarchy, text);
                }
                _ if self.import_is_unknown(above) => {}
                _ => self.class_fault(class.offset, Rule::Hierarchy, "the superclass is not there"),
            }
            let deep = self.members.world.own(class.offset);
            if deep.is_some_and(|own| !self.members.world.class(own).known) {
                self.class_fault(
                    class.offset,
                    Rule::TooComplex,
                    "the class is too deep in its hierarchy",
                );
            }
        }
    }

    /// Whether a class is of a package that is not known, which is said once, at the import.
    pub(super) fn import_is_unknown(&self, class: ClassRef) -> bool {
        let ClassRef::External { package, .. } = class else {
            return false;
        };
        let import = self.cap.imports().get(usize::from(package));
        import.is_some_and(|import| matches!(self.members.world.package(import), Package::Unknown))
    }

    /// The interfaces that a class names: interfaces, complete with their superinterfaces, a method for each of theirs.
    fn implemented(&mut self, class: &'a ClassInfo) {
        let named: BTreeSet<_> = class
            .interfaces
            .iter()
            .filter_map(|implemented| self.members.world.find(0, implemented.interface))
            .collect();
        let inherited = self
            .members
            .world
            .own(class.offset)
            .and_then(|own| self.members.world.class(own).parent);
        for implemented in &class.interfaces {
            let found = self.members.world.find(0, implemented.interface);
            let Some(interface) = found.filter(|found| self.members.world.class(*found).known)
            else {
                if !self.import_is_unknown(implemented.interface) {
                    self.class_fault(class.offset, Rule::Implements, "an interface is not there");
                }
                continue;
            };
            if !self.members.world.class(interface).interface {
                self.class_fault(
                    class.offset,
                    Rule::Implements,
                    "a class is named as an interface",
                );
                continue;
            }
            let above = &self.members.world.class(interface).interfaces;
            let missing = above.iter().any(|above| {
                !named.contains(above)
                    && !inherited.is_some_and(|parent| self.members.world.is_sub(parent, *above))
            });
            if missing {
                self.class_fault(
                    class.offset,
                    Rule::Implements,
                    "a superinterface of an interface is left out",
                );
            }
            // An interface that grew in a later version of the API has more methods than the file knows.
            if let Some(size) = self.members.interface_size(interface)
                && implemented.methods.len() > size
            {
                self.class_fault(
                    class.offset,
                    Rule::Implements,
                    "more methods are implemented than the interface has",
                );
            }
            let own = matches!(self.members.world.class(interface).key, Key::File(..));
            if let Some(size) = self.members.interface_size(interface)
                && own
                && implemented.methods.len() < size
            {
                self.class_fault(
                    class.offset,
                    Rule::Implements,
                    "a method of an interface is left out",
                );
            }
        }
    }

    fn shareable_class(&mut self, class: &'a ClassInfo) {
        let flagged = class.flags & ClassInfo::ACC_SHAREABLE != 0;
        let Some(own) = self.members.world.own(class.offset) else {
            return;
        };
        let interfaces = &self.members.world.class(own).interfaces;
        let shareable = interfaces
            .iter()
            .any(|interface| self.members.world.class(*interface).shareable);
        let certain = interfaces
            .iter()
            .all(|interface| self.members.world.class(*interface).known);
        if flagged != shareable && certain {
            let text = if flagged {
                "the class implements no shareable interface and is marked as shareable"
            } else {
                "the class implements a shareable interface and is not marked as shareable"
            };
            self.class_fault(class.offset, Rule::ShareableFlag, text);
        }
    }

    /// Resolves the constant pool.
    pub(super) fn link_pool(&mut self) {
        for (i, entry) in self.cap.constant_pool().iter().enumerate() {
            let linked = self.members.entry(*entry);
            let at = 2 + 4 * i;
            let (class, rule, text) = match (&linked, *entry) {
                (Entry::Class(_), CpEntry::Class(class)) => (Some(class), None, ""),
                (Entry::InstanceField(field), CpEntry::InstanceField { class, .. }) => {
                    let rule = field.is_none().then_some(Rule::PoolField);
                    (Some(class), rule, "the class does not declare the field")
                }
                (Entry::Virtual(index, method), CpEntry::VirtualMethod { class, .. }) => {
                    let interface = self.members.world.class(*index).interface;
                    let rule = (method.is_none() || interface).then_some(Rule::PoolMethod);
                    (Some(class), rule, "the class has no such virtual method")
                }
                (Entry::Super(_, method), CpEntry::SuperMethod { class, .. }) => {
                    let text = match method {
                        Some(method) if method.is_abstract => "the superclass's method is abstract",
                        _ => "the superclass has no such method",
                    };
                    let missing = method.as_ref().is_none_or(|method| method.is_abstract);
                    (Some(class), missing.then_some(Rule::PoolMethod), text)
                }
                (Entry::StaticField(None), CpEntry::StaticField(_)) if !self.typed() => {
                    (None, None, "")
                }
                (Entry::StaticField(field), _) => {
                    let class = external(*entry);
                    let rule = field.is_none().then_some(Rule::PoolField);
                    (class, rule, "there is no such static field")
                }
                (Entry::Static(method), _) => {
                    let class = external(*entry);
                    let text = match method {
                        Some(method) if method.is_abstract => "the method is abstract",
                        _ => "there is no such method",
                    };
                    let missing = method.as_ref().is_none_or(|method| method.is_abstract);
                    (class, missing.then_some(Rule::PoolMethod), text)
                }
                _ => (None, None, ""),
            };
            let unknown = class.is_some_and(|class| {
                let own = self.members.world.find(0, class);
                self.import_is_unknown(class) || own.is_some_and(|own| self.unknown_above(own))
            });
            if let Some(class) = class.filter(|class| !self.import_is_unknown(*class))
                && !self.exists(class)
            {
                self.faults.add(
                    ComponentTag::ConstantPool,
                    at,
                    Rule::PoolClass,
                    format!("there is no {}", self.class_name(class)),
                );
            } else if let Some(rule) = rule.filter(|_| !unknown) {
                self.faults.add(ComponentTag::ConstantPool, at, rule, text);
            }
            self.pool.push(linked);
        }
    }

    /// Whether a class that a reference names is known.
    fn exists(&self, class: ClassRef) -> bool {
        let found = self.members.world.find(0, class);
        found.is_some_and(|found| self.members.world.class(found).known)
    }

    /// Catch types and stop bits. Ranges are looked at with the code.
    fn handlers(&mut self) {
        let handlers = &self.cap.method().handlers;
        for (i, handler) in handlers.iter().enumerate() {
            let at = self.handler_offset(i);
            let end = handler.start.saturating_add(handler.length.into());
            // At most 255 are in one block.
            let block = handlers.iter().take(self.block_end(i)).skip(i + 1);
            let enclosed = block.into_iter().any(|later| {
                later.start <= handler.start
                    && end <= later.start.saturating_add(later.length.into())
            });
            if handler.stop == enclosed {
                self.faults.add(
                    ComponentTag::Method,
                    at,
                    Rule::HandlerStop,
                    if enclosed {
                        "the search ends at a handler that another one encloses"
                    } else {
                        "the search goes on at a handler that no other one encloses"
                    },
                );
            }
            if handler.catch_type == 0 {
                continue;
            }
            let class = match self
                .cap
                .constant_pool()
                .get(usize::from(handler.catch_type))
            {
                Some(CpEntry::Class(class)) => self.members.world.find(0, *class),
                _ => None,
            };
            let throwable = self.members.world.throwable();
            if !class.is_some_and(|class| self.members.world.is_sub(class, throwable)) {
                self.faults.add(
                    ComponentTag::Method,
                    at,
                    Rule::HandlerType,
                    "what is caught is no Throwable",
                );
            }
        }
    }

    /// The first handler after those of an exception handler's block.
    fn block_end(&self, index: usize) -> usize {
        let blocks = self.cap.method().blocks.iter();
        let mut starts = blocks.map(|block| usize::from(block.first_handler));
        starts.find(|first| *first > index).unwrap_or(usize::MAX)
    }

    /// Where an exception handler stands in the Method component.
    pub(super) fn handler_offset(&self, index: usize) -> usize {
        let blocks = &self.cap.method().blocks;
        let position =
            |block: &&crate::types::MethodBlock| usize::from(block.first_handler) <= index;
        match blocks.iter().rev().find(position) {
            Some(block) => {
                let start = usize::try_from(block.start).unwrap_or(usize::MAX);
                start.saturating_add(1 + 8 * (index - usize::from(block.first_handler)))
            }
            None => 1 + 8 * index,
        }
    }
}

fn external(entry: CpEntry) -> Option<ClassRef> {
    match entry {
        CpEntry::ExternalStaticField { package, class, .. }
        | CpEntry::ExternalStaticMethod { package, class, .. } => {
            Some(ClassRef::External { package, class })
        }
        _ => None,
    }
}
