//! How many field words each API class has.

use alloc::vec::Vec;

/// What a native field word holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// 16 bits.
    Short,
    /// A reference, which keeps its object alive.
    Ref,
}

/// The native fields of API classes and interfaces.
///
/// A class's words follow those of its superclass, and an applet's own fields follow these. So word 0 of every
/// `CardException` is its reason, whatever extends it. Built in: `java/lang/Throwable` has none,
/// `CardException` and `CardRuntimeException` have one [`FieldKind::Short`], the reason.
#[derive(Clone, Debug, Default)]
pub struct ApiLayout {
    classes: Vec<(&'static str, &'static [FieldKind])>,
    implemented: Vec<(&'static str, &'static str)>,
}

impl ApiLayout {
    /// No native fields but the built-in ones.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a class or interface (`javacard/framework/OwnerPIN`) its own words, those of its superclass not counted.
    #[must_use]
    pub fn class(mut self, name: &'static str, fields: &'static [FieldKind]) -> Self {
        self.classes.retain(|(known, _)| *known != name);
        self.classes.push((name, fields));
        self
    }

    /// Lets the platform's implementation of a class or interface implement another interface too: keys implement
    /// `javacardx/crypto/KeyEncryption`. Classes of applets that extend or implement it do not gain that interface's
    /// methods.
    #[must_use]
    pub fn implements(mut self, name: &'static str, interface: &'static str) -> Self {
        if !self.implemented.contains(&(name, interface)) {
            self.implemented.push((name, interface));
        }
        self
    }

    /// The interfaces that only the platform's implementation of a class or interface has.
    pub fn implemented<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'static str> + 'a {
        self.implemented
            .iter()
            .filter(move |(known, _)| *known == name)
            .map(|(_, interface)| *interface)
    }

    /// A class's own words.
    pub fn fields(&self, name: &str) -> &'static [FieldKind] {
        if let Some((_, fields)) = self.classes.iter().find(|(known, _)| *known == name) {
            return fields;
        }
        match name {
            "javacard/framework/CardException" | "javacard/framework/CardRuntimeException" => {
                &[FieldKind::Short]
            }
            _ => &[],
        }
    }
}
