//! How many field words each API class has.

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
#[derive(Clone, Copy, Debug, Default)]
pub struct ApiLayout {
    classes: &'static [(&'static str, &'static [FieldKind])],
    implemented: &'static [(&'static str, &'static str)],
}

impl ApiLayout {
    /// No native fields but the built-in ones.
    pub const fn new() -> Self {
        Self {
            classes: &[],
            implemented: &[],
        }
    }

    /// Gives classes and interfaces (`javacard/framework/OwnerPIN`) their own words, those of their superclasses not
    /// counted. The first of two rows for one class counts.
    #[must_use]
    pub const fn with_fields(
        self,
        classes: &'static [(&'static str, &'static [FieldKind])],
    ) -> Self {
        Self { classes, ..self }
    }

    /// Lets the platform's implementation of a class or interface, the first of each pair, implement another interface
    /// too: keys implement `javacardx/crypto/KeyEncryption`. Classes of applets that extend or implement it do not gain
    /// that interface's methods.
    #[must_use]
    pub const fn with_implemented(
        self,
        implemented: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            implemented,
            ..self
        }
    }

    /// The interfaces that only the platform's implementation of a class or interface has.
    pub fn implemented<'a>(&self, name: &'a str) -> impl Iterator<Item = &'static str> + 'a {
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
