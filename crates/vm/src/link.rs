//! Linking.
use core::fmt;

use hydra_cap::ComponentTag;
use hydra_wire::Aid;

/// Why a package can't be linked or unlinked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// An imported package is not on the card.
    MissingImport(Aid),
    /// An imported package is there in a version that does not do.
    ImportVersion(Aid),
    /// A package with this AID is already there.
    Duplicate(Aid),
    /// The package can't be linked: what is at this offset of this component is wrong.
    Invalid {
        /// The component.
        component: ComponentTag,
        /// The offset after tag and size.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// No number is left for another package.
    TooManyPackages,
    /// The static fields' first values need more memory than there is.
    NoSpace,
    /// Another package imports this one, or objects of its classes are left.
    InUse,
    /// There is no such package.
    NoSuchPackage,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingImport(aid) => write!(f, "package {aid} is not on the card"),
            Self::ImportVersion(aid) => write!(
                f,
                "package {aid} is on the card in a version that does not do"
            ),
            Self::Duplicate(aid) => write!(f, "package {aid} is on the card already"),
            Self::Invalid {
                component,
                offset,
                reason,
            } => write!(f, "{component} component, offset {offset}: {reason}"),
            Self::TooManyPackages => f.write_str("no room for another package"),
            Self::NoSpace => f.write_str("no memory for the static fields"),
            Self::InUse => f.write_str("the package is in use"),
            Self::NoSuchPackage => f.write_str("no such package"),
        }
    }
}

impl core::error::Error for LinkError {}
