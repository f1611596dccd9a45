use super::*;
use crate::types::{FieldPlace, Format};
use alloc::string::{String, ToString};
use std::{format, fs, path::Path, vec::Vec};

fn files() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/caps");
    let mut found = Vec::new();
    for folder in [
        "2.1-jc222",
        "2.1-jc305",
        "2.2-debug",
        "2.3-compact",
        "2.3-extended",
        "rmi",
    ] {
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
    assert!(found.len() >= 19);
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
        assert_eq!(short.descriptor().is_some(), file.is_extended());
        assert_eq!(short.classes(), file.classes());
        let format = if name.starts_with("2.1") {
            Format::V2_1
        } else if name.starts_with("rmi") || name.starts_with("2.2") {
            Format::V2_2
        } else {
            Format::V2_3
        };
        assert_eq!(file.header().format, format, "{name}");
    }
}

#[test]
fn a_component_that_is_cut_short_is_named_with_its_offset() {
    for (name, bytes) in files() {
        if matches!(
            name.as_str(),
            "2.1-jc222/lablib.cap" | "2.3-extended/lab-3pkg.cap"
        ) {
            every_component_cut_short(&bytes);
        }
    }
}

fn every_component_cut_short(bytes: &[u8]) {
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
    let files = files();
    let extended = files
        .iter()
        .find(|(name, _)| name.ends_with("lab-3pkg.cap"));
    for (_, bytes) in [&files[0], extended.unwrap()] {
        let load = CapFile::from_zip(bytes).unwrap().to_load_file();
        for size in 0..load.len() {
            // What comes last may be left out.
            if let Ok(file) = CapFile::from_load_file(&load[..size]) {
                assert!(file.is_extended() && file.descriptor().is_none());
            }
        }
        for size in 0..bytes.len() {
            CapFile::from_zip(&bytes[..size]).unwrap_err();
        }
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

/// What the converter's manifest and sources say of the files.
#[test]
fn files_of_the_extended_form_tell_packages_blocks_and_resources() {
    let file = |name: &str| {
        let files = files();
        let (_, bytes) = files.iter().find(|(known, _)| known == name).unwrap();
        CapFile::from_zip(bytes).unwrap()
    };
    let lab = file("2.3-extended/lab-3pkg.cap");
    assert!(lab.is_extended());
    assert_eq!(lab.aid().to_string(), "F04C414200EE");
    let names: Vec<_> = lab.packages().iter().map(|p| p.aid.to_string()).collect();
    assert_eq!(
        names,
        ["F04C41420001"],
        "two of the three packages are private"
    );
    assert_eq!(lab.exported_classes().count(), 2);
    assert_eq!(lab.applets().len(), 2);
    let packages = lab.descriptor().unwrap().classes.iter().map(|c| c.package);
    assert_eq!(packages.collect::<Vec<_>>(), [0, 0, 1, 2, 2]);

    let both = file("2.3-extended/bench-ints-2pkg-res.cap");
    let sizes = both.resources().iter().map(|r| r.bytes.len());
    assert!(sizes.sum::<usize>() > 0);
    for cap in [&lab, &both] {
        let last = cap.method().blocks.last().unwrap();
        assert_eq!(usize::try_from(last.end).unwrap(), cap.method_info().len());
        for applet in cap.applets() {
            assert!(cap.method().block_of(applet.install_method).is_some());
        }
    }
}

/// The extended file with one component changed.
fn changed(
    file: &CapFile,
    component: ComponentTag,
    change: impl FnOnce(&mut Vec<u8>),
) -> Result<CapFile, CapError> {
    let mut raw: Vec<_> = file
        .components()
        .map(|(tag, bytes)| (tag, bytes.to_vec()))
        .collect();
    let (_, bytes) = raw.iter_mut().find(|(tag, _)| *tag == component).unwrap();
    change(bytes);
    CapFile::from_components(raw)
}

#[test]
fn what_an_extended_file_says_twice_must_agree() {
    let files = files();
    let (_, bytes) = files
        .iter()
        .find(|(name, _)| name.ends_with("lab-3pkg.cap"))
        .unwrap();
    let file = CapFile::from_zip(bytes).unwrap();
    let refused = |component, change: fn(&mut Vec<u8>), expected| {
        let error = changed(&file, component, change).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
    };
    assert!(changed(&file, ComponentTag::Header, |_| {}).is_ok());
    refused(
        ComponentTag::Method,
        |info| info[4] += 1,
        "the blocks do not follow one another",
    );
    refused(
        ComponentTag::ReferenceLocation,
        |info| info[0] += 1,
        "not the Method component's number of blocks",
    );
    refused(
        ComponentTag::Export,
        |info| info[0] += 1,
        "not the Header component's number of packages",
    );
    refused(ComponentTag::Applet, |info| info[9] = 1, "no such block");
    // The flag in a format that has no extended form.
    refused(ComponentTag::Header, |info| info[4] = 2, "unknown flag");
}

/// A Debug component with one class of two methods, the second abstract.
fn debug() -> Vec<u8> {
    let mut bytes = Vec::new();
    let strings = ["lab", "lab/Bench", "Bench.java", "run", "()V"];
    bytes.extend(u16::try_from(strings.len()).unwrap().to_be_bytes());
    for string in strings {
        bytes.extend(u16::try_from(string.len()).unwrap().to_be_bytes());
        bytes.extend(string.as_bytes());
    }
    // The package's name, one class: name, flags, location, superclass, source, an interface, a field, two methods.
    let words = [0, 1, 1, 1, 29, 1, 2];
    bytes.extend(words.iter().flat_map(|word: &u16| word.to_be_bytes()));
    bytes.push(1);
    bytes.extend([0, 1, 0, 2, 0, 1]);
    bytes.extend([0, 3, 0, 4, 0, 2, 0, 0, 0, 1]);
    // Name, descriptor, flags, offset, header, length, one variable, one line.
    bytes.extend([0, 3, 0, 4, 0, 1, 1, 0xEF, 2, 0, 20, 0, 1, 0, 1]);
    bytes.extend([0, 0, 3, 0, 4, 0, 0, 0, 20]);
    bytes.extend([0, 0, 0, 19, 0, 54]);
    bytes.extend([0, 3, 0, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn debug_names_methods_and_says_where_it_is_broken() {
    let (_, bytes) = files()
        .into_iter()
        .find(|(name, _)| name == "2.1-jc305/bench.cap")
        .unwrap();
    let plain = CapFile::from_zip(&bytes).unwrap();
    assert_eq!(plain.debug(), Ok(None));
    let with = |debug: Vec<u8>| {
        let mut components = plain.raw.clone();
        components.push((ComponentTag::Debug, debug));
        CapFile::from_components(components).unwrap()
    };
    let cap = with(debug());
    let methods = cap.debug().unwrap().unwrap();
    let [run] = methods.as_slice() else {
        panic!("{methods:?}");
    };
    assert_eq!(
        (run.class.as_str(), run.name.as_str()),
        ("lab/Bench", "run")
    );
    assert_eq!(
        (run.offset, run.line_at(19), run.line_at(20)),
        (495, Some(54), None)
    );
    let dump = cap.dump().to_string();
    assert!(
        dump.contains("method@495 of lab/Bench: public run()V") && dump.contains("Bench.java:54"),
        "{dump}"
    );
    let classes = cap.debug_classes().unwrap().unwrap();
    let [bench] = classes.as_slice() else {
        panic!("{classes:?}");
    };
    assert_eq!((bench.name.as_str(), bench.offset), ("lab/Bench", 29));
    let [field] = bench.fields.as_slice() else {
        panic!("{bench:?}");
    };
    assert_eq!(
        (field.name.as_str(), field.place),
        ("run", FieldPlace::Instance(1))
    );
    // Cut short anywhere, and with strings that are not there.
    for length in 0..debug().len() {
        let error = with(debug()[..length].to_vec()).debug().unwrap_err();
        assert!(
            matches!(
                error,
                CapError::Component {
                    component: ComponentTag::Debug,
                    ..
                }
            ),
            "{error}"
        );
    }
    let mut wrong = debug();
    let last = wrong.len() - 15;
    wrong[last + 1] = 9;
    assert!(
        with(wrong)
            .debug()
            .unwrap_err()
            .to_string()
            .contains("no such string")
    );
}
