//! What of the API table is native: everything that the programs here import, and nothing without a reason.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hydra_cap::api::{self, ApiClass, MethodId, Space};
use hydra_cap::opcode::{Instruction, Operands};
use hydra_cap::{CapFile, ClassRef, CpEntry, MethodHeader};
use hydra_card::api::{Coverage, coverage, report};

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
    let cases = fs::read_dir(root.join("vectors/api")).unwrap();
    folders
        .iter()
        .map(|folder| root.join(folder))
        .chain(
            cases
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_dir()),
        )
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cap"))
        .collect()
}

/// The API methods that a CAP file calls: those in its constant pool, and those of its invokeinterface instructions.
fn imported(cap: &CapFile) -> BTreeSet<MethodId> {
    let class = |class: ClassRef| external(cap, class);
    let mut methods: BTreeSet<MethodId> = cap
        .constant_pool()
        .iter()
        .filter_map(|entry| match *entry {
            CpEntry::ExternalStaticMethod {
                package,
                class: token,
                token: method,
            } => class(ClassRef::External {
                package,
                class: token,
            })?
            .by_token(Space::Static, method),
            CpEntry::VirtualMethod {
                class: named,
                token,
            } => class(named)?.by_token(Space::Virtual, token),
            CpEntry::SuperMethod {
                class: named,
                token,
            } => class(named)?.by_token(Space::Virtual, token),
            _ => None,
        })
        .map(|method| method.id)
        .collect();
    let bodies = cap.descriptor().into_iter().flat_map(|descriptor| {
        let methods = descriptor.classes.iter().flat_map(|class| &class.methods);
        methods.filter_map(|method| {
            let rest = cap.code_from(method.method)?;
            let header = MethodHeader::read(rest)?;
            let code = rest.get(usize::from(header.size)..)?;
            code.get(..usize::from(method.code_length))
        })
    });
    for code in bodies {
        let mut at = 0;
        while let Ok(instruction) = Instruction::decode(code, at) {
            at += instruction.length;
            if let Operands::Interface { cp, token, .. } = instruction.operands
                && let Some(CpEntry::Class(named)) = cap.constant_pool().get(usize::from(cp))
                && let Some(class) = class(*named)
                && let Some(method) = class.by_token(Space::Interface, token)
            {
                methods.insert(method.id);
            }
        }
    }
    methods
}

/// The API class that a reference leads to: itself, or the nearest superclass of a class of the package.
fn external(cap: &CapFile, class: ClassRef) -> Option<&'static ApiClass> {
    match class {
        ClassRef::External { package, class } => {
            let import = cap.imports().get(usize::from(package))?;
            api::package_by_aid(import.aid.as_bytes())?.class(class)
        }
        ClassRef::Internal(offset) => {
            let mut classes = cap.classes().iter();
            external(
                cap,
                classes.find(|info| info.offset == offset)?.super_class?,
            )
        }
    }
}

#[test]
fn every_native_is_called_by_a_program() {
    let mut called = BTreeSet::new();
    for path in programs() {
        let cap = CapFile::from_zip(&fs::read(&path).unwrap()).unwrap();
        called.extend(imported(&cap));
    }
    let natives = api::methods()
        .iter()
        .filter(|method| coverage(method.id) == Some(Coverage::Native));
    let missing: Vec<String> = natives
        .filter(|method| !called.contains(&method.id))
        .map(|method| {
            let class = method.class.get();
            format!("{}.{}{}", class.name, method.name, method.descriptor)
        })
        .collect();
    assert!(
        missing.is_empty(),
        "{} natives: {missing:#?}",
        missing.len()
    );
}

#[test]
fn what_the_programs_import_is_native() {
    let programs = programs();
    assert!(programs.len() >= 19, "{}", programs.len());
    let mut seen = BTreeSet::new();
    for path in programs {
        // What is refused is asked for on purpose.
        if path.ends_with("refused.cap") {
            continue;
        }
        let cap = CapFile::from_zip(&fs::read(&path).unwrap()).unwrap();
        for method in imported(&cap) {
            let row = method.get();
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

#[test]
fn the_report_counts_what_each_release_has() {
    let report = report();
    assert_eq!(report.len(), api::PACKAGES.len());
    let of = |name: &str| report.iter().find(|package| package.name == name).unwrap();
    let edition = |name: &str, release: &str| {
        let releases = &of(name).releases;
        let (_, edition) = releases
            .iter()
            .find(|(known, _)| *known == release)
            .unwrap();
        *edition
    };
    // The packages whose 3.0.5 editions are whole.
    for package in [
        "java/lang",
        "java/io",
        "javacard/framework",
        "javacardx/apdu",
        "javacardx/apdu/util",
        "javacardx/crypto",
        "javacardx/framework/math",
        "javacardx/framework/tlv",
        "javacardx/framework/util",
        "javacardx/framework/util/intx",
        "javacardx/security",
    ] {
        let edition = edition(package, "3.0.5").unwrap();
        assert!(edition.methods.is_whole(), "{package} {edition:?}");
    }
    // What is refused of the service framework is remote method invocation.
    let refused = &of("javacard/framework/service").refused;
    for (method, _) in refused {
        let class = method.get().class.get().name;
        assert!(
            class.ends_with("RMIService") || class.ends_with("CardRemoteObject"),
            "{class}"
        );
    }
    // What is refused of the 3.0.5 edition of javacard.security is Korean SEED: both methods of its key.
    let seed = edition("javacard/security", "3.0.5").unwrap();
    assert_eq!(seed.methods.refused, 2, "{seed:?}");
    // Editions grow, and count as much as the table has.
    let framework = edition("javacard/framework", "2.1.1").unwrap();
    assert_eq!(framework.version, (1, 0));
    assert!(framework.methods.declared() < of("javacard/framework").all.declared());
    assert_eq!(edition("javacardx/framework/tlv", "2.1.1"), None);
    assert!(of("org/globalplatform").releases.is_empty());
    let declared: usize = report.iter().map(|package| package.all.declared()).sum();
    assert_eq!(declared, api::METHOD_COUNT);
}
