//! The stubs of every release compile, and programs compile against them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use hydra_cap::api;
use hydra_cap::export::ExportFile;
use hydra_convert::sdk::{ApiLevel, Javac, Sdk, export_path};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

#[test]
fn stubs_of_every_release_compile() {
    for generation in api::GENERATIONS {
        let folder = tempfile::tempdir().unwrap();
        let level = ApiLevel::release(generation.name).unwrap();
        let sdk = Sdk::install(folder.path(), &level, &Javac::find()).unwrap();
        assert!(
            sdk.classes()
                .join("javacard/framework/APDU.class")
                .is_file()
        );
        let bytes = std::fs::read(
            folder
                .path()
                .join("exp")
                .join(export_path("javacard/framework")),
        )
        .unwrap();
        let export = ExportFile::from_bytes(&bytes).unwrap();
        let expected = generation
            .packages
            .iter()
            .find(|p| p.0 == export.name)
            .unwrap();
        assert_eq!(
            (export.version.major, export.version.minor),
            (expected.1, expected.2)
        );
    }
}

#[test]
fn the_observed_programs_compile_against_the_oldest_release_that_has_their_classes() {
    let folder = tempfile::tempdir().unwrap();
    let level = ApiLevel::release("2.2.2").unwrap();
    let sdk = Sdk::install(folder.path(), &level, &Javac::find()).unwrap();
    let lab = vectors().join("caps/source/lab");
    let sources: Vec<PathBuf> = [
        "bench/Bench.java",
        "ints/Ints.java",
        "lib/Base.java",
        "lib/LibShare.java",
        "srv/Srv.java",
        "app/App.java",
    ]
    .iter()
    .map(|name| lab.join(name))
    .collect();
    let out = folder.path().join("out");
    Javac::find()
        .compile(&sources, &[sdk.classes()], &out)
        .unwrap();
    assert!(out.join("lab/app/App$Mine.class").is_file());
}

#[test]
fn what_a_release_lacks_does_not_compile() {
    let folder = tempfile::tempdir().unwrap();
    let level = ApiLevel::release("2.1.1").unwrap();
    let sdk = Sdk::install(folder.path(), &level, &Javac::find()).unwrap();
    let source = folder.path().join("Probe.java");
    let text = "class Probe { boolean f() { return javacard.framework.JCSystem.isObjectDeletionSupported(); } }";
    std::fs::write(&source, text).unwrap();
    let error = Javac::find()
        .compile(&[source], &[sdk.classes()], &folder.path().join("out"))
        .unwrap_err();
    assert!(
        error.to_string().contains("isObjectDeletionSupported"),
        "{error}"
    );
}

#[test]
fn unknown_releases_and_versions_are_named() {
    let error = ApiLevel::release("9.9").unwrap_err();
    assert!(error.to_string().contains("9.9"));
    let version = hydra_cap::PackageVersion { major: 7, minor: 7 };
    let level = ApiLevel::release("3.0.5").unwrap();
    let error = level.with("org.globalplatform", version).unwrap_err();
    assert!(error.to_string().contains("7.7"));
}
