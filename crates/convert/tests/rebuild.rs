//! The committed CAP files are what their sources give.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use hydra_cap::CapFile;
use hydra_convert::rebuild::{RebuildError, rebuild};
use hydra_convert::sdk::Javac;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn the_committed_files_are_current() {
    for folder in ["applets", "vectors/runtime", "vectors/api"] {
        let packages = rebuild(&root().join(folder), &Javac::find()).unwrap();
        assert!(!packages.is_empty());
        for package in &packages {
            assert!(
                package.is_current(),
                "{} or its export file differs from its sources; \
                 run cargo run -p hydra -- cap rebuild {folder}",
                package.cap_path().display()
            );
        }
    }
}

fn package(root: &Path, name: &str, manifest: &str, source: &str) {
    let folder = root.join(name);
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("applet.toml"), manifest).unwrap();
    fs::write(folder.join("src/C.java"), source).unwrap();
}

#[test]
fn dependencies_come_first_and_stale_files_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let user = "package = \"a.user\"\naid = \"F04D5900000001\"\nversion = \"1.2\"\n";
    let used = "package = \"z.used\"\naid = \"F04D5900000002\"\nversion = \"1.0\"\n";
    package(
        folder.path(),
        "a",
        user,
        "package a.user; public class C { public static short f() { return z.used.C.g(); } }",
    );
    package(
        folder.path(),
        "z",
        used,
        "package z.used; public class C { public static short g() { return 7; } }",
    );
    let packages = rebuild(folder.path(), &Javac::find()).unwrap();
    let names: Vec<&str> = packages.iter().map(|p| p.output.package.as_str()).collect();
    assert_eq!(names, ["z/used", "a/user"]);
    for package in &packages {
        assert!(!package.is_current());
        package.write().unwrap();
        assert!(package.is_current());
        let bytes = fs::read(package.cap_path()).unwrap();
        assert_eq!(
            &CapFile::from_zip(&bytes).unwrap(),
            &package.output.cap_file
        );
    }
    let imports = packages[1].output.cap_file.imports();
    assert!(
        imports
            .iter()
            .any(|i| i.aid == support::aid("F04D5900000002"))
    );
    assert_eq!(packages[1].output.cap_file.header().version.minor, 2);
    fs::write(packages[0].exp_path(), b"stale").unwrap();
    assert!(!packages[0].is_current());
}

#[test]
fn mistakes_are_named() {
    let source = "package my; public class C { }";
    for (manifest, words) in [
        ("package = \"my\"", "aid"),
        (
            "package = \"my\"\naid = \"F0\"\nversion = \"1.0\"",
            "aid = \"F0\"",
        ),
        (
            "package = \"my\"\naid = \"F04D5900000001\"\nversion = \"one\"",
            "major.minor",
        ),
        (
            "package = \"my\"\naid = \"F04D5900000001\"\nversion = \"1.0\"\nformat = \"9\"",
            "2.1, 2.2 or 2.3",
        ),
        (
            "package = \"my\"\naid = \"F04D5900000001\"\nversion = \"1.0\"\nrelease = \"4\"",
            "release 4",
        ),
        (
            "package = \"my\"\naid = \"F04D5900000001\"\nversion = \"1.0\"\nint = 3",
            "invalid type",
        ),
        (
            "package = \"your\"\naid = \"F04D5900000001\"\nversion = \"1.0\"",
            "no classes of package your",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        package(folder.path(), "p", manifest, source);
        let error = rebuild(folder.path(), &Javac::find()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let manifest = "package = \"my\"\naid = \"F04D5900000001\"\nversion = \"1.0\"";
    package(
        folder.path(),
        "p",
        manifest,
        "package my; public class C { long x; }",
    );
    let error = rebuild(folder.path(), &Javac::find()).unwrap_err();
    assert!(matches!(error, RebuildError::Refused { .. }));
    assert!(error.to_string().contains("type long"), "{error}");
    package(folder.path(), "p", manifest, "package my; public class C {");
    let error = rebuild(folder.path(), &Javac::find()).unwrap_err();
    assert!(error.to_string().contains("C.java"), "{error}");
}

#[test]
fn packages_in_a_circle_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, other, aid) in [("p", "q", "F04D5900000001"), ("q", "p", "F04D5900000002")] {
        let manifest = format!("package = \"{name}\"\naid = \"{aid}\"\nversion = \"1.0\"");
        let source = format!("package {name}; public class C {{ public static {other}.C c; }}");
        package(folder.path(), name, &manifest, &source);
    }
    let error = rebuild(folder.path(), &Javac::find()).unwrap_err();
    assert!(matches!(error, RebuildError::Circle(_)), "{error}");
}
