//! What of the API table is native: everything that the programs here import, and nothing without a reason.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hydra_cap::api::{self, MethodId, Space};
use hydra_cap::{CapFile, ClassRef, CpEntry};
use hydra_card::api::{Coverage, coverage};

#[test]
fn every_row_is_native_or_refused_with_a_reason() {
    let mut natives = 0;
    for method in api::methods() {
        match coverage(method.id) {
            Some(Coverage::Native) => natives += 1,
            Some(Coverage::Callback) => {}
            Some(Coverage::Refused(reason)) => assert!(reason.len() > 8, "{}", method.name),
            None => panic!(
                "{} {} is not in the dispatch",
                method.name, method.descriptor
            ),
        }
    }
    assert!(natives > 200, "{natives}");
    let beyond = MethodId(u16::try_from(api::METHOD_COUNT).unwrap());
    assert_eq!(coverage(beyond), None);
}

/// The CAP files of the official converter and of this repository's, RMI and the extended format apart.
fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = [
        "vectors/caps/2.1-jc222",
        "vectors/caps/2.1-jc305",
        "vectors/caps/2.3-compact",
        "vectors/runtime/probe",
        "applets/outbox",
        "applets/electricity",
        "applets/telehealth",
    ];
    folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cap"))
        .collect()
}

/// The API methods that a CAP file names in its constant pool.
fn imported(cap: &CapFile) -> BTreeSet<MethodId> {
    let class = |package: u8, token: u8| {
        let import = cap.imports().get(usize::from(package))?;
        api::package_by_aid(import.aid.as_bytes())?.class(token)
    };
    cap.constant_pool()
        .iter()
        .filter_map(|entry| match *entry {
            CpEntry::ExternalStaticMethod {
                package,
                class: token,
                token: method,
            } => class(package, token)?.by_token(Space::Static, method),
            CpEntry::VirtualMethod {
                class:
                    ClassRef::External {
                        package,
                        class: token,
                    },
                token: method,
            } => class(package, token)?.by_token(Space::Virtual, method),
            _ => None,
        })
        .map(|method| method.id)
        .collect()
}

#[test]
fn what_the_programs_import_is_native() {
    let programs = programs();
    assert!(programs.len() >= 19, "{}", programs.len());
    let mut seen = BTreeSet::new();
    for path in programs {
        let cap = CapFile::from_zip(&fs::read(&path).unwrap()).unwrap();
        for method in imported(&cap) {
            let row = method.get();
            // The probe asks for a missing algorithm on purpose.
            if row.class.get().name == "javacard/security/Checksum" {
                continue;
            }
            assert_eq!(
                coverage(method),
                Some(Coverage::Native),
                "{}: {}.{}{}",
                path.display(),
                row.class.get().name,
                row.name,
                row.descriptor
            );
            seen.insert(method);
        }
    }
    assert!(seen.len() > 60, "{}", seen.len());
}
