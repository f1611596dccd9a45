//! Classes as the VM runs them: fields at fixed words, virtual methods in a table of slots.
//!
//! A virtual token means something only together with the class in the reference (Java Card 3.2 inserts methods, see
//! the API table). So each class says which slot each of its tokens is; a slot has the same number in all subclasses.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use hydra_cap::api::{self, ApiClass, ApiFlags, MethodId, Space};

use crate::ids::{ClassIndex, PackageId};
use crate::layout::FieldKind;
use crate::vm::Vm;

/// Where a class comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Api(api::ClassId),
    Package { package: PackageId, offset: u16 },
}

/// What a call arrives at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Abstract,
    Code { package: PackageId, offset: u32 },
    Native(MethodId),
}

/// A method in a class's table, with the words of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) target: Target,
    pub(crate) nargs: u8,
}

impl Method {
    /// Whether a method of the API has no `this`; nothing says so of code.
    pub(crate) fn is_static(self) -> Option<bool> {
        match self.target {
            Target::Native(method) => Some(method.get().flags.has(ApiFlags::STATIC)),
            Target::Code { .. } | Target::Abstract => None,
        }
    }
}

/// An interface that a class implements: by interface method token, the slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Implemented {
    pub(crate) interface: ClassIndex,
    pub(crate) slots: Box<[u16]>,
}

/// A class or interface.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) origin: Origin,
    /// From `java.lang.Object` to this class.
    pub(crate) ancestors: Box<[ClassIndex]>,
    pub(crate) interface: bool,
    /// Whether code may say `new`.
    pub(crate) instantiable: bool,
    /// An interface that extends Shareable, or a class that implements one.
    pub(crate) shareable: bool,
    /// Words of an instance, superclasses' included.
    pub(crate) words: u16,
    /// First word of this class's own fields.
    pub(crate) own_words: u16,
    /// First word and number of words of each run of references.
    pub(crate) references: Box<[(u16, u16)]>,
    /// Slot by public virtual token.
    pub(crate) public: Box<[u16]>,
    /// Slot by package-visible virtual token.
    pub(crate) package: Box<[u16]>,
    /// How many public tokens a subclass in a file of format 2.1 or 2.2 inherits.
    pub(crate) inheritable: u16,
    pub(crate) methods: Box<[Method]>,
    /// All interfaces, inherited ones included; of an interface, its superinterfaces.
    pub(crate) interfaces: Box<[Implemented]>,
}

impl Class {
    pub(crate) fn is_reference(&self, word: u16) -> bool {
        self.references
            .iter()
            .any(|&(first, count)| word >= first && word - first < count)
    }

    /// Whether it can't have subclasses; of a loaded class nothing says so here.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.origin, Origin::Api(row) if row.get().flags.has(ApiFlags::FINAL))
    }

    pub(crate) fn field_kind(&self, word: u16) -> FieldKind {
        if self.is_reference(word) {
            FieldKind::Ref
        } else {
            FieldKind::Short
        }
    }

    pub(crate) fn implements(&self, interface: ClassIndex) -> Option<&Implemented> {
        self.interfaces
            .iter()
            .find(|implemented| implemented.interface == interface)
    }
}

/// `java.lang.Object`, which is also the class of every array.
pub(crate) const OBJECT: ClassIndex = api_index(api::class_id("java/lang/Object"));

/// The index of an API class: its number in the table. Those of packages come after all of these.
#[inline(always)]
pub(crate) const fn api_index(id: api::ClassId) -> ClassIndex {
    ClassIndex(id.0)
}

/// Counts the words of a descriptor's parameters, `this` not included.
pub(crate) fn parameter_words(descriptor: &str) -> u8 {
    let mut words = 0;
    let mut bytes = descriptor.bytes().skip(1);
    while let Some(byte) = bytes.next() {
        match byte {
            b')' => break,
            b'I' => words += 2,
            b'L' => {
                words += 1;
                bytes.by_ref().find(|byte| *byte == b';');
            }
            b'[' => {
                words += 1;
                if bytes.next() == Some(b'L') {
                    bytes.by_ref().find(|byte| *byte == b';');
                }
            }
            _ => words += 1,
        }
    }
    words
}

/// The words of a native's arguments, `this` included.
pub(crate) fn native_words(method: MethodId) -> u8 {
    let row = method.get();
    let this = u8::from(!row.flags.has(ApiFlags::STATIC));
    this + parameter_words(row.descriptor)
}

fn native(method: MethodId) -> Method {
    Method {
        target: Target::Native(method),
        nargs: native_words(method),
    }
}

/// What has none is given out by the platform alone (`APDU`, the builders), or has no instances (`Util`).
fn has_public_constructor(class: &ApiClass) -> bool {
    let mut methods = class.methods().iter();
    methods.any(|method| method.name == "<init>" && method.flags.has(ApiFlags::PUBLIC))
}

/// A static method or constructor of the API.
pub(crate) fn api_static(class: &ApiClass, token: u8) -> Option<Method> {
    class
        .by_token(Space::Static, token)
        .map(|row| native(row.id))
}

/// All classes, by index.
pub(crate) type Classes = Vec<Option<Arc<Class>>>;

/// Whether instances of `class` are instances of `of`, a class or an interface.
#[inline(always)]
pub(crate) fn is_subclass(classes: &Classes, class: ClassIndex, of: ClassIndex) -> bool {
    class == of || is_below(classes, class, of)
}

fn is_below(classes: &Classes, class: ClassIndex, of: ClassIndex) -> bool {
    let found = [class, of].map(|index| classes.get(usize::from(index.0)));
    let [Some(Some(this)), Some(Some(other))] = found else {
        return false;
    };
    if other.interface {
        return this.implements(of).is_some();
    }
    this.ancestors.get(other.ancestors.len() - 1) == Some(&of)
}

impl Vm {
    /// The class with this index. Indices come only from this VM; a class goes only when nothing names it.
    #[inline(always)]
    pub(crate) fn class(&self, index: ClassIndex) -> Option<&Arc<Class>> {
        self.classes.get(usize::from(index.0))?.as_ref()
    }

    /// Gives a package's class an index.
    pub(crate) fn add_class(&mut self, class: Class) -> Option<ClassIndex> {
        let mut packages = self.classes.iter().skip(api::CLASS_COUNT);
        let index = match packages.position(Option::is_none) {
            Some(free) => api::CLASS_COUNT + free,
            None => {
                self.classes.push(None);
                self.classes.len() - 1
            }
        };
        let found = u16::try_from(index).ok()?;
        self.classes[index] = Some(Arc::new(class));
        Some(ClassIndex(found))
    }

    /// Whether instances of `class` are instances of `of`, a class or an interface.
    #[inline(always)]
    pub(crate) fn is_subclass(&self, class: ClassIndex, of: ClassIndex) -> bool {
        is_subclass(&self.classes, class, of)
    }

    /// The class for a row of the API table, made when first asked for.
    pub(crate) fn api_class(&mut self, id: api::ClassId) -> ClassIndex {
        let index = api_index(id);
        if self.class(index).is_none() {
            let class = self.build_api_class(id);
            if let Some(place) = self.classes.get_mut(usize::from(index.0)) {
                *place = Some(Arc::new(class));
            }
        }
        index
    }

    pub(crate) fn api_class_by_name(&mut self, name: &str) -> Option<ClassIndex> {
        api::class(name).map(|class| self.api_class(class.id))
    }

    fn build_api_class(&mut self, id: api::ClassId) -> Class {
        let row = id.get();
        let parent = row.super_id().map(|parent| self.api_class(parent));
        let parent = parent.and_then(|index| self.class(index)).cloned();
        let (mut ancestors, mut methods, mut references, mut words) =
            (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut public: Vec<u16> = Vec::new();
        if let Some(parent) = &parent {
            ancestors.extend_from_slice(&parent.ancestors);
            methods.extend_from_slice(&parent.methods);
            references.extend_from_slice(&parent.references);
            words = parent.words;
        }
        let own_words = words;
        for kind in self.layout.fields(row.name) {
            if *kind == FieldKind::Ref {
                references.push((words, 1));
            }
            words += 1;
        }
        let new_slot = |methods: &mut Vec<Method>, method: MethodId| {
            methods.push(native(method));
            u16::try_from(methods.len() - 1).unwrap_or(u16::MAX)
        };
        let first = methods.len();
        if row.is_interface() {
            // Instances of an interface are what the platform gives out; their virtual methods are Object's, and
            // the interface's methods stand behind them.
            public = parent
                .as_ref()
                .map(|parent| parent.public.to_vec())
                .unwrap_or_default();
            for slot in row.slots {
                new_slot(&mut methods, slot.method);
            }
        } else {
            for slot in row.slots {
                let inherited = slot.super_token.zip(parent.as_ref());
                match inherited
                    .and_then(|(token, parent)| parent.public.get(usize::from(token)).copied())
                {
                    Some(number) => {
                        methods[usize::from(number)] = native(slot.method);
                        public.push(number);
                    }
                    None => public.push(new_slot(&mut methods, slot.method)),
                }
            }
        }
        let mut interfaces = Vec::new();
        let own: Vec<api::ClassId> = self
            .layout
            .implemented(row.name)
            .filter_map(|name| api::class(name).map(|class| class.id))
            .collect();
        for &interface in row.interface_ids.iter().chain(&own) {
            let index = self.api_class(interface);
            let slots = interface.get().slots.iter().map(|slot| {
                let method = slot.method.get();
                let number = row
                    .token_of(method.name, method.descriptor)
                    .map(usize::from)
                    .map(|token| {
                        if row.is_interface() {
                            u16::try_from(first + token).unwrap_or(u16::MAX)
                        } else {
                            public[token]
                        }
                    });
                (number, slot.method)
            });
            let slots: Vec<_> = slots.collect();
            let slots = slots.into_iter().map(|(number, method)| match number {
                Some(number) => number,
                // A class may leave an interface's method to its implementation.
                None => new_slot(&mut methods, method),
            });
            let slots = slots.collect();
            interfaces.push(Implemented {
                interface: index,
                slots,
            });
        }
        let index = api_index(id);
        ancestors.push(index);
        if row.is_interface() {
            // It counts itself among those it implements.
            let slots = (first..first + row.slots.len())
                .filter_map(|slot| u16::try_from(slot).ok())
                .collect();
            interfaces.push(Implemented {
                interface: index,
                slots,
            });
        }
        let inheritable = row.cap22_inheritable.into();
        Class {
            origin: Origin::Api(id),
            ancestors: ancestors.into_boxed_slice(),
            interface: row.is_interface(),
            instantiable: !row.is_interface()
                && !row.flags.has(ApiFlags::ABSTRACT)
                && has_public_constructor(row),
            shareable: row.flags.has(ApiFlags::SHAREABLE)
                || row
                    .interface_ids
                    .iter()
                    .any(|id| id.get().flags.has(ApiFlags::SHAREABLE)),
            words,
            own_words,
            references: references.into_boxed_slice(),
            public: public.into_boxed_slice(),
            package: Box::default(),
            inheritable,
            methods: methods.into_boxed_slice(),
            interfaces: interfaces.into_boxed_slice(),
        }
    }
}
