//! What of the API is there, by package and by Java Card release: what `hydra card info --api` prints.

use alloc::vec::Vec;

use hydra_cap::api::{self, ApiMethod, ApiPackage, Generation, MethodId};

use super::{Coverage, coverage};

/// A package, and how much of it each release's edition has here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageReport {
    /// Internal name, `javacard/framework`.
    pub name: &'static str,
    /// The newest version that CAP files may import (major, minor).
    pub version: (u8, u8),
    /// All methods of that version.
    pub all: MethodCount,
    /// By release, oldest first (`2.1.1` to `3.2.0`); `None` where the release does not have the package. Packages
    /// that are not Java Card's have none at all.
    pub releases: Vec<(&'static str, Option<Edition>)>,
    /// What is refused, with the reason.
    pub refused: Vec<(MethodId, &'static str)>,
}

/// A package as a release has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Major and minor version of the package.
    pub version: (u8, u8),
    /// Its methods.
    pub methods: MethodCount,
}

/// Methods, constructors included, where they are declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodCount {
    /// Do what the standard says.
    pub native: usize,
    /// Applets implement them, the platform calls them.
    pub callback: usize,
    /// Link, and throw what the standard has for a missing service.
    pub refused: usize,
}

impl MethodCount {
    /// All that are declared.
    pub fn declared(self) -> usize {
        self.native + self.callback + self.refused
    }

    /// Whether nothing is refused.
    pub fn is_whole(self) -> bool {
        self.refused == 0
    }

    fn of<'a>(methods: impl Iterator<Item = &'a ApiMethod>) -> Self {
        let mut count = Self::default();
        for method in methods {
            match coverage(method.id) {
                Some(Coverage::Native) => count.native += 1,
                Some(Coverage::Callback) => count.callback += 1,
                Some(Coverage::Refused(_)) | None => count.refused += 1,
            }
        }
        count
    }
}

/// Every package of the API table, by name.
pub fn report() -> Vec<PackageReport> {
    api::PACKAGES.iter().map(package).collect()
}

fn package(package: &'static ApiPackage) -> PackageReport {
    let version = (package.major, package.minor);
    let known = |release: &'static Generation| {
        release
            .packages
            .iter()
            .find(|(name, _, _)| *name == package.name)
            .map(|(_, major, minor)| (*major, *minor))
    };
    let releases: Vec<(&'static str, Option<Edition>)> = api::GENERATIONS
        .iter()
        .map(|release| {
            let edition = known(release).map(|version| Edition {
                version,
                methods: MethodCount::of(methods(package, version)),
            });
            (release.name, edition)
        })
        .collect();
    let refused = methods(package, version).filter_map(|method| match coverage(method.id) {
        Some(Coverage::Refused(reason)) => Some((method.id, reason)),
        _ => None,
    });
    PackageReport {
        name: package.name,
        version,
        all: MethodCount::of(methods(package, version)),
        refused: refused.collect(),
        releases: if releases.iter().any(|(_, edition)| edition.is_some()) {
            releases
        } else {
            Vec::new()
        },
    }
}

/// The methods that a version of a package has.
fn methods(
    package: &'static ApiPackage,
    version: (u8, u8),
) -> impl Iterator<Item = &'static ApiMethod> {
    package
        .classes()
        .iter()
        .filter(move |class| class.since <= version)
        .flat_map(|class| class.methods())
        .filter(move |method| method.since <= version)
}
