//! Types of words, and which of them can stand for which (JCVM 3.0.5 §3.1, §7.5).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::world::{ClassIx, World};

/// A declared type: of a field, a parameter or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Void,
    Boolean,
    Byte,
    Short,
    Int,
    Class(ClassIx),
    Booleans,
    Bytes,
    Shorts,
    Ints,
    Objects(ClassIx),
}

impl Kind {
    pub(super) fn words(self) -> usize {
        match self {
            Self::Void => 0,
            Self::Int => 2,
            _ => 1,
        }
    }

    pub(super) fn is_reference(self) -> bool {
        !matches!(
            self,
            Self::Void | Self::Boolean | Self::Byte | Self::Short | Self::Int
        )
    }

    pub(super) fn describe(self, world: &World<'_>) -> alloc::string::String {
        use alloc::borrow::ToOwned;
        match self {
            Self::Void => "void".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Byte => "byte".to_owned(),
            Self::Short => "short".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Class(class) => world.name(class),
            Self::Booleans => "boolean[]".to_owned(),
            Self::Bytes => "byte[]".to_owned(),
            Self::Shorts => "short[]".to_owned(),
            Self::Ints => "int[]".to_owned(),
            Self::Objects(class) => world.name(class) + "[]",
        }
    }
}

/// Parameters, `this` not included, and result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) params: Vec<Kind>,
    pub(super) result: Kind,
}

impl Signature {
    pub(super) fn words(&self) -> usize {
        self.params.iter().map(|kind| kind.words()).sum()
    }
}

/// An upper bound of the classes of the objects that a reference may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BoundIx(u32);

/// What is known of a word of the operand stack or of a local variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Nothing that can be used.
    Top,
    /// boolean, byte or short.
    Short,
    /// The first word of an int.
    IntHigh,
    /// The second, above it on the stack.
    IntLow,
    Null,
    Object(BoundIx),
    Booleans,
    Bytes,
    Shorts,
    Ints,
    Objects(BoundIx),
    /// What the `new` at this offset made, before a constructor was called.
    New(u32),
    /// `this` in a constructor, before another constructor was called.
    This,
    /// A return address, by the call that made it.
    Return(u16),
}

impl Type {
    pub(super) fn is_reference(self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Object(_)
                | Self::Booleans
                | Self::Bytes
                | Self::Shorts
                | Self::Ints
                | Self::Objects(_)
        )
    }

    pub(super) fn is_uninitialized(self) -> bool {
        matches!(self, Self::New(_) | Self::This)
    }

    pub(super) fn is_array(self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Booleans
                | Self::Bytes
                | Self::Shorts
                | Self::Ints
                | Self::Objects(_)
        )
    }
}

/// The class that objects are instances of, and interfaces that they implement beyond those of that class. An interface
/// is `Object` with that interface and its superinterfaces, so that equal bounds are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bound {
    class: ClassIx,
    interfaces: Vec<ClassIx>,
}

/// The bounds that were met, each with a number.
#[derive(Default)]
pub(super) struct Bounds {
    list: Vec<Bound>,
    known: BTreeMap<Bound, BoundIx>,
    by_class: BTreeMap<ClassIx, BoundIx>,
    joined: BTreeMap<(BoundIx, BoundIx), BoundIx>,
}

impl Bounds {
    fn intern(&mut self, bound: Bound) -> BoundIx {
        if let Some(known) = self.known.get(&bound) {
            return *known;
        }
        let index = BoundIx(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(bound.clone());
        self.known.insert(bound, index);
        index
    }

    fn get(&self, index: BoundIx) -> Option<&Bound> {
        self.list.get(usize::try_from(index.0).ok()?)
    }

    /// The bound that a class or an interface is.
    pub(super) fn of(&mut self, world: &World<'_>, class: ClassIx) -> BoundIx {
        if let Some(known) = self.by_class.get(&class) {
            return *known;
        }
        let bound = if world.class(class).interface {
            let mut interfaces = world.class(class).interfaces.clone();
            interfaces.push(class);
            interfaces.sort_unstable();
            interfaces.dedup();
            Bound {
                class: world.object(),
                interfaces,
            }
        } else {
            Bound {
                class,
                interfaces: Vec::new(),
            }
        };
        let index = self.intern(bound);
        self.by_class.insert(class, index);
        index
    }

    /// Whether every object within the bound is an instance of the class or implements the interface.
    pub(super) fn fits(&self, world: &World<'_>, bound: BoundIx, class: ClassIx) -> bool {
        let Some(bound) = self.get(bound) else {
            return false;
        };
        world.is_sub(bound.class, class)
            || bound.interfaces.binary_search(&class).is_ok()
            || (!world.class(class).known && !bound.interfaces.is_empty())
    }

    /// The least bound of two.
    pub(super) fn join(&mut self, world: &World<'_>, a: BoundIx, b: BoundIx) -> BoundIx {
        if a == b {
            return a;
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.joined.get(&key) {
            return *known;
        }
        let joined = match (self.get(a), self.get(b)) {
            (Some(x), Some(y)) => {
                let class = world.common(x.class, y.class);
                let own = &world.class(class).interfaces;
                let interfaces = |bound: &Bound| {
                    let mut all = world.class(bound.class).interfaces.clone();
                    all.extend_from_slice(&bound.interfaces);
                    all
                };
                let other = interfaces(y);
                let mut both: Vec<ClassIx> = interfaces(x)
                    .into_iter()
                    .filter(|interface| other.contains(interface) && !own.contains(interface))
                    .collect();
                both.sort_unstable();
                both.dedup();
                Bound {
                    class,
                    interfaces: both,
                }
            }
            _ => return a,
        };
        let joined = self.intern(joined);
        self.joined.insert(key, joined);
        joined
    }

    /// The class of the bound, if it is one class and no more.
    pub(super) fn describe(&self, world: &World<'_>, bound: BoundIx) -> alloc::string::String {
        let Some(bound) = self.get(bound) else {
            return alloc::string::String::new();
        };
        match bound.interfaces.last() {
            Some(interface) if bound.class == world.object() => world.name(*interface),
            _ => world.name(bound.class),
        }
    }

    /// The type that a value of a declared type has, in its last word.
    pub(super) fn declared(&mut self, world: &World<'_>, kind: Kind) -> Type {
        match kind {
            Kind::Void => Type::Top,
            Kind::Boolean | Kind::Byte | Kind::Short => Type::Short,
            Kind::Int => Type::IntLow,
            Kind::Class(class) => Type::Object(self.of(world, class)),
            Kind::Booleans => Type::Booleans,
            Kind::Bytes => Type::Bytes,
            Kind::Shorts => Type::Shorts,
            Kind::Ints => Type::Ints,
            Kind::Objects(class) => Type::Objects(self.of(world, class)),
        }
    }

    /// Whether a value can stand where a declared type is wanted. An int is judged by its second word.
    pub(super) fn assignable(&self, world: &World<'_>, value: Type, kind: Kind) -> bool {
        match (value, kind) {
            (Type::Short, Kind::Boolean | Kind::Byte | Kind::Short)
            | (Type::IntLow, Kind::Int)
            | (Type::Booleans, Kind::Booleans)
            | (Type::Bytes, Kind::Bytes)
            | (Type::Shorts, Kind::Shorts)
            | (Type::Ints, Kind::Ints) => true,
            (Type::Null, kind) => kind.is_reference(),
            (Type::Object(bound), Kind::Class(class))
            | (Type::Objects(bound), Kind::Objects(class)) => self.fits(world, bound, class),
            (array, Kind::Class(class)) => array.is_array() && class == world.object(),
            _ => false,
        }
    }

    /// What is known where two paths meet.
    pub(super) fn merge(&mut self, world: &World<'_>, a: Type, b: Type) -> Type {
        match (a, b) {
            _ if a == b => a,
            (Type::Null, other) | (other, Type::Null) if other.is_reference() => other,
            (Type::Object(x), Type::Object(y)) => Type::Object(self.join(world, x, y)),
            (Type::Objects(x), Type::Objects(y)) => Type::Objects(self.join(world, x, y)),
            _ if a.is_reference() && b.is_reference() => {
                Type::Object(self.of(world, world.object()))
            }
            _ => Type::Top,
        }
    }

    pub(super) fn name(&self, world: &World<'_>, value: Type) -> alloc::string::String {
        use alloc::borrow::ToOwned;
        let word = match value {
            Type::Top => "nothing usable",
            Type::Short => "a short",
            Type::IntHigh | Type::IntLow => "an int",
            Type::Null => "null",
            Type::Object(bound) => return self.describe(world, bound),
            Type::Objects(bound) => return self.describe(world, bound) + "[]",
            Type::Booleans => "boolean[]",
            Type::Bytes => "byte[]",
            Type::Shorts => "short[]",
            Type::Ints => "int[]",
            Type::New(_) => "an object without its constructor",
            Type::This => "this before a constructor was called",
            Type::Return(_) => "a return address",
        };
        word.to_owned()
    }
}
