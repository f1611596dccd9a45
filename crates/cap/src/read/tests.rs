use super::*;
use crate::types::Format;
use alloc::string::String;
use std::{format, fs, path::Path};

fn files() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/caps");
    let mut found = Vec::new();
    for folder in ["2.1-jc222", "2.1-jc305", "2.3-compact", "rmi"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "cap") {
                found.push((
                    format!("{folder}/{}", path.file_name().unwrap().display()),
                    fs::read(&path).unwrap(),
                ));
            }
        }
    }
    assert!(found.len() >= 16);
    found
}

#[test]
fn real_files_are_read_from_zip_and_from_load_file() {
    for (name, bytes) in files() {
        let file = CapFile::from_zip(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(file.descriptor().is_some(), "{name}");
        let loaded = CapFile::from_load_file(&file.to_load_file_with_descriptor()).unwrap();
        let without_debug = |file: &CapFile| {
            file.components()
                .filter(|(tag, _)| *tag != ComponentTag::Debug)
                .map(|(_, b)| b.to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(without_debug(&loaded), without_debug(&file), "{name}");
        let short = CapFile::from_load_file(&file.to_load_file()).unwrap();
        assert!(short.descriptor().is_none());
        assert_eq!(short.classes(), file.classes());
        let format = if name.starts_with("2.1") {
            Format::V2_1
        } else if name.starts_with("rmi") {
            Format::V2_2
        } else {
            Format::V2_3
        };
        assert_eq!(file.header().format, format, "{name}");
    }
}

#[test]
fn a_component_that_is_cut_short_is_named_with_its_offset() {
    let (_, bytes) = &files()[0];
    let file = CapFile::from_zip(bytes).unwrap();
    let raw: Vec<_> = file
        .components()
        .map(|(tag, bytes)| (tag, bytes.to_vec()))
        .collect();
    for i in 0..raw.len() {
        for size in 0..raw[i].1.len() {
            let mut cut = raw.clone();
            cut[i].1.truncate(size);
            let error = CapFile::from_components(cut).unwrap_err();
            assert!(matches!(error, CapError::Component { .. }), "{error}");
        }
        let mut missing = raw.clone();
        let (tag, _) = missing.remove(i);
        let result = CapFile::from_components(missing);
        assert_eq!(
            result.is_ok(),
            matches!(tag, ComponentTag::Descriptor | ComponentTag::Debug),
            "{tag}"
        );
    }
}

#[test]
fn every_prefix_of_a_load_file_and_of_a_zip_is_refused() {
    let (_, bytes) = &files()[0];
    let load = CapFile::from_zip(bytes).unwrap().to_load_file();
    for size in 0..load.len() {
        CapFile::from_load_file(&load[..size]).unwrap_err();
    }
    for size in 0..bytes.len() {
        CapFile::from_zip(&bytes[..size]).unwrap_err();
    }
}

#[test]
fn changed_bytes_never_panic() {
    // A linear congruential generator: the point is many different changes, the same each time.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut draw = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut refused = 0;
    for (_, bytes) in files() {
        let file = CapFile::from_zip(&bytes).unwrap();
        let load = file.to_load_file_with_descriptor();
        for _ in 0..2000 {
            let mut changed = load.clone();
            for _ in 0..=draw(3) {
                let at = draw(changed.len());
                changed[at] = u8::try_from(draw(256)).unwrap();
            }
            refused += usize::from(CapFile::from_load_file(&changed).is_err());
            let mut changed = bytes.clone();
            let at = draw(changed.len());
            changed[at] ^= 1 << draw(8);
            refused += usize::from(CapFile::from_zip(&changed).is_err());
        }
    }
    assert!(refused > 1000);
}

#[test]
fn the_extended_form_is_refused_by_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/caps/2.3-extended");
    for entry in fs::read_dir(root).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert_eq!(CapFile::from_zip(&bytes), Err(CapError::Extended));
    }
}
