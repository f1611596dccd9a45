//! Numbers that name things in the VM, each a type of its own.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);
    )*};
}

ids! {
    /// A reference to an object: a handle into the heap, 0 for null.
    ObjRef(u16);
    /// A firewall context (JCRE 3.0.5 §6.1.1): 0 is the JCRE's, else the number of a package.
    ContextId(u8);
    /// A loaded package, from 1. Its applets share the context of the same number.
    PackageId(u8);
    /// An applet instance, numbered by the runtime from 1; 0 for none.
    AppletId(u16);
    /// A class of the API, by its number in the table, or of a loaded package, as numbered by this VM since it was started:
    /// not stable across restarts.
    ClassIndex(u16);
}

impl ObjRef {
    /// The null reference.
    pub const NULL: Self = Self(0);

    /// Whether this is the null reference.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }
}

impl ContextId {
    /// The context of the runtime environment, which the firewall lets through.
    pub const JCRE: Self = Self(0);
}

impl From<PackageId> for ContextId {
    fn from(package: PackageId) -> Self {
        Self(package.0)
    }
}

/// Who owns an object, or on whose behalf code runs: a context, and in it an applet instance.
///
/// The firewall compares contexts; the instance decides AIDs and what goes when an applet is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The context.
    pub context: ContextId,
    /// The applet instance, 0 for none.
    pub applet: AppletId,
}

impl Owner {
    /// The runtime environment itself.
    pub const JCRE: Self = Self {
        context: ContextId::JCRE,
        applet: AppletId(0),
    };

    /// An applet instance of a package.
    pub fn applet(package: PackageId, applet: AppletId) -> Self {
        Self {
            context: package.into(),
            applet,
        }
    }
}
