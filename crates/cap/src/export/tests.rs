use alloc::string::ToString;

use super::*;
use crate::api;

#[test]
fn every_api_package_survives_writing_and_reading() {
    for package in api::PACKAGES {
        for &(major, minor) in package.versions {
            let file = ExportFile::from_api(package, PackageVersion { major, minor }).unwrap();
            for format in [Format::V2_1, Format::V2_2, Format::V2_3] {
                let bytes = file.to_bytes(format).unwrap();
                let mut again = ExportFile::from_bytes(&bytes).unwrap();
                if format != Format::V2_3 {
                    for (new, old) in again.classes.iter_mut().zip(&file.classes) {
                        new.cap22_inheritable = old.cap22_inheritable;
                    }
                }
                assert_eq!(again, file, "{} {major}.{minor}", package.name);
            }
        }
    }
}

#[test]
fn a_damaged_file_names_the_place() {
    let package = api::package("javacard/framework").unwrap();
    let version = PackageVersion { major: 1, minor: 0 };
    let file = ExportFile::from_api(package, version).unwrap();
    let bytes = file.to_bytes(Format::V2_1).unwrap();
    for cut in 0..bytes.len() {
        let error = ExportFile::from_bytes(&bytes[..cut]).unwrap_err();
        match error {
            ExportError::Magic => assert!(cut < 4),
            ExportError::Truncated { offset } => assert!(offset <= cut),
            other => panic!("cut at {cut}: {other}"),
        }
    }
    let mut long = bytes.clone();
    long.push(0);
    assert_eq!(
        ExportFile::from_bytes(&long),
        Err(ExportError::Trailing {
            offset: bytes.len()
        })
    );
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut bad = bytes.clone();
            bad[at] ^= flip;
            let _ = ExportFile::from_bytes(&bad).map_err(|e| assert!(!e.to_string().is_empty()));
        }
    }
}

#[test]
fn the_official_library_export_file_reads() {
    let old = include_bytes!("../../../../vectors/caps/2.1-jc305/lablib.exp");
    let new = include_bytes!("../../../../vectors/caps/2.3-compact/lablib.exp");
    let latest = ExportFile::from_bytes(new).unwrap();
    assert_eq!(latest.references.len(), 2);
    assert_eq!(latest.classes[1].cap22_inheritable, Some(4));
    let file = ExportFile::from_bytes(old).unwrap();
    assert_eq!(file.classes[1].methods, latest.classes[1].methods);
    assert_eq!(file.name, "lab/lib");
    assert_eq!(file.aid.to_string(), "F04C41420001");
    let share = file.class("lab/lib/LibShare").unwrap();
    assert!(share.flags.has(ApiFlags::SHAREABLE));
    assert_eq!(share.method("boom", "()V").unwrap().token, 3);
}

#[test]
fn an_older_generation_leaves_later_rows_out() {
    let package = api::package("javacard/framework").unwrap();
    let old = ExportFile::from_api(package, PackageVersion { major: 1, minor: 0 }).unwrap();
    assert!(old.class("javacard/framework/MultiSelectable").is_none());
    let aid = old.class("javacard/framework/AID").unwrap();
    assert_eq!(aid.virtual_count(), 5);
    let never = PackageVersion { major: 9, minor: 9 };
    assert_eq!(
        ExportFile::from_api(package, never),
        Err(ExportError::UnknownVersion(never))
    );
}
