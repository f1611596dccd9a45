//! The verifier: every CAP file of this repository is accepted, whoever converted it; of each rule an ill-formed file is
//! refused.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test's own mistake should stop it"
)]

mod cases;

use std::fs;
use std::path::{Path, PathBuf};

use hydra_cap::export::ExportFile;
use hydra_cap::verify::{FAULT_LIMIT, Imports, Rule, WORK_PER_BYTE, verify, verify_bytes};
use hydra_cap::{CapFile, ComponentTag};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files(&entry, extension, found);
        } else if entry.extension().is_some_and(|found| found == extension) {
            found.push(entry);
        }
    }
}

/// The repository's CAP files and export files.
fn committed() -> (Vec<(PathBuf, CapFile)>, Vec<ExportFile>) {
    let (mut caps, mut exports) = (Vec::new(), Vec::new());
    for folder in ["vectors", "applets"] {
        files(&repository().join(folder), "cap", &mut caps);
        files(&repository().join(folder), "exp", &mut exports);
    }
    let caps = caps.into_iter().map(|path| {
        let bytes = fs::read(&path).expect("a file");
        let cap = CapFile::from_zip(&bytes).expect("a CAP file");
        (path, cap)
    });
    let exports = exports
        .iter()
        .map(|path| ExportFile::from_bytes(&fs::read(path).expect("a file")).expect("export file"));
    (caps.collect(), exports.collect())
}

/// The files that a file may import, if it names them.
fn others<'a>(all: &'a [(PathBuf, CapFile)], cap: &CapFile) -> Vec<&'a CapFile> {
    let others = all.iter().map(|(_, other)| other);
    others.filter(|other| other.aid() != cap.aid()).collect()
}

#[test]
fn every_converter_s_files_are_accepted() {
    let (caps, exports) = committed();
    assert!(caps.len() > 30);
    for (path, cap) in &caps {
        let others = others(&caps, cap);
        let imports = Imports {
            exports: &exports,
            files: &others,
        };
        let report = verify(cap, &imports);
        assert_eq!(report.faults, [], "{}", path.display());
        assert!(report.typed && report.unfollowed == 0 && report.instructions > 0);
    }
}

#[test]
fn without_a_descriptor_they_are_accepted_as_far_as_can_be_told() {
    let (caps, exports) = committed();
    for (path, cap) in &caps {
        let bare = CapFile::from_load_file(&cap.to_load_file()).expect("a load file");
        let others = others(&caps, cap);
        let imports = Imports {
            exports: &exports,
            files: &others,
        };
        let report = verify(&bare, &imports);
        assert_eq!(report.faults, [], "{}", path.display());
        // A file of the extended form always has one.
        assert_eq!(report.typed, cap.is_extended());
        assert!(report.instructions > 0);
    }
}

#[test]
fn what_a_library_offers_may_come_from_its_cap_file() {
    let folder = repository().join("vectors/caps/2.1-jc305");
    let read = |name: &str| {
        let bytes = fs::read(folder.join(name)).expect("a file");
        CapFile::from_zip(&bytes).expect("a CAP file")
    };
    let (library, application) = (read("lablib.cap"), read("labapp.cap"));
    let unknown = verify(&application, &Imports::default());
    assert_eq!(unknown.faults.len(), 1, "{:?}", unknown.faults);
    let described = verify(
        &application,
        &Imports {
            exports: &[],
            files: &[&library],
        },
    );
    assert_eq!(
        (described.faults.as_slice(), described.unfollowed),
        (&[][..], 0)
    );
    // A library that came without Descriptor: signatures are the application's claim.
    let bare = CapFile::from_load_file(&library.to_load_file()).expect("a load file");
    let claimed = verify(
        &application,
        &Imports {
            exports: &[],
            files: &[&bare],
        },
    );
    assert_eq!(claimed.faults, []);
}

#[test]
fn a_class_of_an_older_format_inherits_what_a_library_lets_it() {
    let folder = repository().join("vectors/caps");
    let read = |name: &str| {
        let bytes = fs::read(folder.join(name)).expect("a file");
        CapFile::from_zip(&bytes).expect("a CAP file")
    };
    let (library, application) = (read("2.3-compact/lablib.cap"), read("2.1-jc305/labapp.cap"));
    let faults = |library: &CapFile| {
        let imports = Imports {
            exports: &[],
            files: &[library],
        };
        let faults = verify(&application, &imports).faults;
        faults.iter().map(|fault| fault.rule).collect::<Vec<_>>()
    };
    assert_eq!(faults(&library), []);
    // The application's class inherits the last of four virtual methods; now three are for it.
    let content = library.component(ComponentTag::Class).expect("classes");
    let mut bytes = library.to_load_file_with_descriptor();
    let at = bytes
        .windows(content.len())
        .position(|window| window == content)
        .expect("the component");
    let count = &mut bytes[at + content.len() - 1];
    assert_eq!(*count, 4);
    *count = 3;
    let fewer = CapFile::from_load_file(&bytes).expect("a load file");
    let found = faults(&fewer);
    assert!(found.contains(&Rule::MethodTable), "{found:?}");
}

/// Numbers that follow from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("an index") % limit
    }
}

#[test]
fn changed_files_come_to_an_end() {
    let (caps, exports) = committed();
    let imports = Imports {
        exports: &exports,
        files: &[],
    };
    let mut dice = Dice(0x4859_4452);
    let (mut accepted, mut refused) = (0, 0);
    for (path, cap) in &caps {
        let whole = cap.to_load_file_with_descriptor();
        for _ in 0..60 {
            let mut changed = whole.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.below(changed.len());
                changed[at] = u8::try_from(dice.below(256)).expect("a byte");
            }
            let (_, report) = verify_bytes(&changed, &imports);
            assert!(report.faults.len() <= FAULT_LIMIT, "{}", path.display());
            assert!(report.work <= changed.len() * (WORK_PER_BYTE + 1024));
            if report.faults.is_empty() {
                accepted += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(
        accepted > 50 && refused > 1000,
        "{accepted} accepted, {refused} refused"
    );
}
