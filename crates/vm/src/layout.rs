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
