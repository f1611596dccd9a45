//! The Java Card API table: every package, class, field and method with its tokens.
//!
//! One table serves everybody: the linker resolves imports with it, the native dispatch is
//! numbered by it ([`MethodId`]), and the SDK's stub classes and export files are written from it.
//! It is generated at build time from `api/*.json`.
//!
//! Tokens are only meaningful together with the class in the reference: in Java Card 3.2
//! `MessageDigest.doIntermediateMessageDigest` is virtual token 6, but 7 in
//! `InitializedMessageDigest`. So ask a class for its token ([`ApiClass::by_token`]) and walk
//! upwards with [`ApiSlot::super_token`], never by the number alone.
//!
//! ```
//! use hydra_cap::api::{self, Space};
//!
//! let package = api::package_by_aid(&[0xA0, 0, 0, 0, 0x62, 1, 1]).expect("javacard/framework");
//! let apdu = package.class(10).expect("class token 10");
//! assert_eq!(apdu.name, "javacard/framework/APDU");
//! let method = apdu.by_token(Space::Virtual, 1).expect("virtual token 1");
//! assert_eq!((method.name, method.descriptor), ("getBuffer", "()[B"));
//! ```

/// Dense number of a method declared in the table (0..[`METHOD_COUNT`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodId(pub u16);

/// Dense number of a class or interface in the table (0..[`CLASS_COUNT`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u16);

/// Access flags, numbered as in an export file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiFlags(pub u16);

impl ApiFlags {
    /// Visible to every package.
    pub const PUBLIC: u16 = 0x0001;
    /// Visible to subclasses.
    pub const PROTECTED: u16 = 0x0004;
    /// Belongs to the class, not to an object.
    pub const STATIC: u16 = 0x0008;
    /// Can't be overridden, extended or assigned.
    pub const FINAL: u16 = 0x0010;
    /// An interface.
    pub const INTERFACE: u16 = 0x0200;
    /// Has no body, or can't be instantiated.
    pub const ABSTRACT: u16 = 0x0400;
    /// `javacard.framework.Shareable` or an interface below it.
    pub const SHAREABLE: u16 = 0x0800;
    /// `java.rmi.Remote` or an interface below it.
    pub const REMOTE: u16 = 0x1000;

    /// Whether all bits of `flag` are set.
    #[must_use]
    pub const fn has(self, flag: u16) -> bool {
        self.0 & flag == flag
    }
}

/// Which numbering a method's token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Static methods and constructors.
    Static,
    /// Instance methods of classes.
    Virtual,
    /// Methods of interfaces.
    Interface,
}

/// A package of the API at its newest version.
#[derive(Debug)]
pub struct ApiPackage {
    /// Internal name, `javacard/framework`.
    pub name: &'static str,
    /// Package AID.
    pub aid: &'static [u8],
    /// Newest major version.
    pub major: u8,
    /// Newest minor version.
    pub minor: u8,
    /// All known versions (major, minor), oldest first.
    pub versions: &'static [(u8, u8)],
    /// Names of the packages that its members mention.
    pub references: &'static [&'static str],
    class_range: (u16, u16),
}

/// A public class or interface.
#[derive(Debug)]
pub struct ApiClass {
    /// Its number in the table.
    pub id: ClassId,
    package: u8,
    /// Internal name, `javacard/framework/AID`.
    pub name: &'static str,
    /// Class token in its package.
    pub token: u8,
    /// Access flags.
    pub flags: ApiFlags,
    /// The package version (major, minor) that brought it.
    pub since: (u8, u8),
    /// The direct superclass; `java/lang/Object` for interfaces, none for `java/lang/Object`.
    pub super_class: Option<&'static str>,
    /// All superclasses, nearest first.
    pub superclasses: &'static [ClassId],
    /// All superinterfaces, direct and indirect.
    pub interfaces: &'static [&'static str],
    /// [`Self::interfaces`] by number.
    pub interface_ids: &'static [ClassId],
    /// How many virtual tokens a subclass in a CAP file of format 2.1 or 2.2 inherits.
    pub cap22_inheritable: u8,
    /// Fields and constants.
    pub fields: &'static [ApiField],
    method_range: (u16, u16),
    /// The token table: virtual methods of a class, or methods of an interface, inherited ones
    /// included; the index is the token.
    pub slots: &'static [ApiSlot],
}

/// One entry of a class's token table.
#[derive(Debug)]
pub struct ApiSlot {
    /// The row that declares (implements) the method.
    pub method: MethodId,
    /// The version of the class's package that brought it.
    pub since: (u8, u8),
    /// The token of the same method in the superclass; none if introduced here.
    pub super_token: Option<u8>,
}

/// A method or constructor (`<init>`) where it is declared.
#[derive(Debug)]
pub struct ApiMethod {
    /// Its number in the table.
    pub id: MethodId,
    /// The class that declares it.
    pub class: ClassId,
    /// Name; `<init>` for constructors.
    pub name: &'static str,
    /// JVM descriptor.
    pub descriptor: &'static str,
    /// The types of the parameters, `this` not included.
    pub params: &'static [Param],
    /// The type of the result; none for `void`.
    pub result: Option<Param>,
    /// Token in the declaring class.
    pub token: u8,
    /// Which numbering the token belongs to.
    pub space: Space,
    /// Access flags.
    pub flags: ApiFlags,
    /// The package version that brought it.
    pub since: (u8, u8),
    /// Declared exceptions.
    pub throws: &'static [&'static str],
}

/// A type, as far as the VM tells values apart when they are handed to a native or come from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// `boolean`, `byte` or `short`.
    Short,
    /// `int`
    Int,
    /// `boolean[]`
    Booleans,
    /// `byte[]`
    Bytes,
    /// `short[]`
    Shorts,
    /// `int[]`
    Ints,
    /// An array of references.
    References,
    /// An instance of this class or interface.
    Instance(ClassId),
}

/// A static field.
#[derive(Debug)]
pub struct ApiField {
    /// Name.
    pub name: &'static str,
    /// JVM descriptor.
    pub descriptor: &'static str,
    /// Static field token; none for a compile-time constant.
    pub token: Option<u8>,
    /// Access flags.
    pub flags: ApiFlags,
    /// The package version that brought it.
    pub since: (u8, u8),
    /// Value of a compile-time constant.
    pub value: Option<i32>,
}

/// A Java Card release and the package versions in it.
#[derive(Debug)]
pub struct Generation {
    /// `3.0.5`.
    pub name: &'static str,
    /// Package name, major, minor; sorted by name.
    pub packages: &'static [(&'static str, u8, u8)],
}

include!(concat!(env!("OUT_DIR"), "/api_table.rs"));
include!("api/bucket.rs");

/// How many methods the table declares.
pub const METHOD_COUNT: usize = METHOD_TABLE.len();
/// How many classes and interfaces the table has.
pub const CLASS_COUNT: usize = CLASS_TABLE.len();

/// All methods; the index is the [`MethodId`].
#[must_use]
pub fn methods() -> &'static [ApiMethod] {
    &METHOD_TABLE
}

/// All classes; the index is the [`ClassId`].
#[must_use]
pub fn classes() -> &'static [ApiClass] {
    &CLASS_TABLE
}

/// The package with this internal name.
#[must_use]
pub fn package(name: &str) -> Option<&'static ApiPackage> {
    PACKAGES.iter().find(|p| p.name == name)
}

/// The package with this AID.
#[must_use]
pub fn package_by_aid(aid: &[u8]) -> Option<&'static ApiPackage> {
    PACKAGES.iter().find(|p| p.aid == aid)
}

/// The class with this internal name.
#[must_use]
pub fn class(name: &str) -> Option<&'static ApiClass> {
    CLASSES_BY_BUCKET[bucket(name)]
        .iter()
        .map(|id| id.get())
        .find(|class| class.name == name)
}

/// A virtual or interface method as a constant: its class or interface, and its token there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Virtual {
    /// The class or interface that it is asked of.
    pub class: ClassId,
    /// Its index in [`ApiClass::slots`].
    pub token: u8,
}

/// The number of a class, for constants: a name that is not in the table stops the build.
///
/// # Panics
/// On a name that is not in the table.
#[must_use]
pub const fn class_id(name: &str) -> ClassId {
    let bucket = CLASSES_BY_BUCKET[bucket(name)];
    let mut at = 0;
    while at < bucket.len() {
        if same(CLASS_TABLE[bucket[at].0 as usize].name, name) {
            return bucket[at];
        }
        at += 1;
    }
    panic!("no such class in the API table")
}

/// A virtual or interface method, inherited ones included, for constants: one that is not in the table stops the build.
///
/// # Panics
/// On a class or method that is not in the table.
#[must_use]
pub const fn virtual_method(class: &str, name: &str, descriptor: &str) -> Virtual {
    let class = class_id(class);
    let slots = CLASS_TABLE[class.0 as usize].slots;
    let mut token = 0;
    while (token as usize) < slots.len() {
        let method = &METHOD_TABLE[slots[token as usize].method.0 as usize];
        if same(method.name, name) && same(method.descriptor, descriptor) {
            return Virtual { class, token };
        }
        token += 1;
    }
    panic!("no such method in the API table")
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The method declared under this class, name and descriptor; inherited ones are not looked for.
#[must_use]
pub fn method(class_name: &str, name: &str, descriptor: &str) -> Option<&'static ApiMethod> {
    class(class_name)?.declared(name, descriptor)
}

/// The release with this name, `3.0.5`.
#[must_use]
pub fn generation(name: &str) -> Option<&'static Generation> {
    GENERATIONS.iter().find(|g| g.name == name)
}

impl MethodId {
    /// The method's row.
    ///
    /// # Panics
    /// On a number that the table did not give out.
    #[must_use]
    pub fn get(self) -> &'static ApiMethod {
        &METHOD_TABLE[usize::from(self.0)]
    }
}

impl ClassId {
    /// The class.
    ///
    /// # Panics
    /// On a number that the table did not give out.
    #[must_use]
    pub fn get(self) -> &'static ApiClass {
        &CLASS_TABLE[usize::from(self.0)]
    }
}

impl ApiPackage {
    /// The classes in the order of their tokens.
    #[must_use]
    pub fn classes(&self) -> &'static [ApiClass] {
        let (first, count) = self.class_range;
        &CLASS_TABLE[usize::from(first)..usize::from(first) + usize::from(count)]
    }

    /// The class with this token.
    #[must_use]
    pub fn class(&self, token: u8) -> Option<&'static ApiClass> {
        self.classes().iter().find(|c| c.token == token)
    }

    /// Whether a CAP file that imports (major, minor) links against this package:
    /// equal major, equal or higher minor (JCVM 3.0.5 §4.5.2).
    #[must_use]
    pub const fn satisfies(&self, major: u8, minor: u8) -> bool {
        self.major == major && self.minor >= minor
    }
}

impl ApiClass {
    /// The package it belongs to.
    #[must_use]
    pub fn package(&self) -> &'static ApiPackage {
        &PACKAGES[usize::from(self.package)]
    }

    /// The direct superclass.
    #[must_use]
    pub fn super_id(&self) -> Option<ClassId> {
        self.superclasses.first().copied()
    }

    /// Whether it is an interface.
    #[must_use]
    pub const fn is_interface(&self) -> bool {
        self.flags.has(ApiFlags::INTERFACE)
    }

    /// The methods declared here.
    #[must_use]
    pub fn methods(&self) -> &'static [ApiMethod] {
        let (first, count) = self.method_range;
        &METHOD_TABLE[usize::from(first)..usize::from(first) + usize::from(count)]
    }

    /// The declared method with this name and descriptor.
    #[must_use]
    pub fn declared(&self, name: &str, descriptor: &str) -> Option<&'static ApiMethod> {
        self.methods()
            .iter()
            .find(|m| m.name == name && m.descriptor == descriptor)
    }

    /// The method with this token, inherited ones included. `Virtual` asks a class, `Interface`
    /// an interface, `Static` either.
    #[must_use]
    pub fn by_token(&self, space: Space, token: u8) -> Option<&'static ApiMethod> {
        match space {
            Space::Static => self
                .methods()
                .iter()
                .find(|m| m.space == Space::Static && m.token == token),
            Space::Virtual if self.is_interface() => None,
            Space::Interface if !self.is_interface() => None,
            Space::Virtual | Space::Interface => self
                .slots
                .get(usize::from(token))
                .map(|slot| slot.method.get()),
        }
    }

    /// The token of a virtual (class) or interface method by name and descriptor, inherited ones
    /// included.
    #[must_use]
    pub fn token_of(&self, name: &str, descriptor: &str) -> Option<u8> {
        let found = self.slots.iter().position(|slot| {
            let method = slot.method.get();
            method.name == name && method.descriptor == descriptor
        })?;
        u8::try_from(found).ok()
    }

    /// The static field (not a constant) with this token.
    #[must_use]
    pub fn field(&self, token: u8) -> Option<&'static ApiField> {
        self.fields.iter().find(|f| f.token == Some(token))
    }

    /// Whether it is `other`, extends it or implements it. An interface is below `Object`.
    #[must_use]
    pub fn is_a(&self, other: ClassId) -> bool {
        self.id == other
            || self.superclasses.contains(&other)
            || self.interface_ids.contains(&other)
    }
}

#[cfg(test)]
mod tests;
