//! The five observed programs, converted here, against what the official converters made of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use hydra_cap::api::ApiFlags;
use hydra_cap::export::ExportFile;
use hydra_cap::{CapFile, ComponentTag, Format};
use hydra_convert::Output;
use support::{Workbench, program};

fn official(release: &str, name: &str) -> CapFile {
    let path = support::vectors().join("caps").join(release).join(name);
    CapFile::from_zip(&std::fs::read(path).unwrap()).unwrap()
}

fn converted(release: &str, format: Format) -> Vec<(&'static str, Output)> {
    let bench = Workbench::new(release);
    bench.programs(format)
}

#[test]
fn the_library_s_export_file_says_what_the_official_one_says() {
    for (release, folder, format) in [
        ("3.0.5", "2.1-jc305", Format::V2_1),
        ("3.2.0", "2.3-compact", Format::V2_3),
    ] {
        let all = converted(release, format);
        let ours = ExportFile::from_bytes(&program(&all, "lablib").exp).unwrap();
        let path = support::vectors()
            .join("caps")
            .join(folder)
            .join("lablib.exp");
        let theirs = ExportFile::from_bytes(&std::fs::read(path).unwrap()).unwrap();
        // The order of fields is nobody's business.
        let sorted = |mut file: ExportFile| {
            for class in &mut file.classes {
                class.fields.sort_by(|a, b| a.name.cmp(&b.name));
            }
            file.references.sort_by(|a, b| a.name.cmp(&b.name));
            file
        };
        assert_eq!(sorted(ours), sorted(theirs));
    }
}

#[test]
fn tokens_tables_and_layouts_are_the_official_ones() {
    for (release, folder, format) in [
        ("2.2.2", "2.1-jc222", Format::V2_1),
        ("3.0.5", "2.1-jc305", Format::V2_1),
        ("3.2.0", "2.3-compact", Format::V2_3),
    ] {
        for (name, ours) in converted(release, format) {
            let theirs = official(folder, &format!("{name}.cap"));
            compare(name, &ours.cap_file, &theirs);
        }
    }
}

/// The parts of a CAP file that the source and the tables decide, and not the converter's taste.
fn compare(name: &str, ours: &CapFile, theirs: &CapFile) {
    assert_eq!(ours.header().aid, theirs.header().aid, "{name}");
    assert_eq!(ours.header().version, theirs.header().version, "{name}");
    assert_eq!(ours.header().flags, theirs.header().flags, "{name}");
    let aids = |cap: &CapFile| -> Vec<_> { cap.applets().iter().map(|a| a.aid.clone()).collect() };
    assert_eq!(aids(ours), aids(theirs), "{name}");
    let imports = |cap: &CapFile| {
        let mut list: Vec<_> = cap
            .imports()
            .iter()
            .map(|i| (i.aid.clone(), i.version))
            .collect();
        list.sort();
        list
    };
    assert_eq!(imports(ours), imports(theirs), "{name}");
    assert_eq!(ours.interfaces().len(), theirs.interfaces().len(), "{name}");
    let (a, b) = (ours.static_fields(), theirs.static_fields());
    assert_eq!(
        (
            a.image_size,
            a.reference_count,
            &a.arrays,
            a.default_count,
            &a.values
        ),
        (
            b.image_size,
            b.reference_count,
            &b.arrays,
            b.default_count,
            &b.values
        ),
        "{name}"
    );
    let exports = |cap: &CapFile| -> Vec<_> {
        cap.exported_classes()
            .map(|e| (e.static_fields.clone(), e.static_methods.len()))
            .collect()
    };
    assert_eq!(exports(ours), exports(theirs), "{name}");
    // Classes stand in another order where nothing ties it down: compare them as a set.
    let classes = |cap: &CapFile| {
        let mut list: Vec<_> = cap
            .classes()
            .iter()
            .map(|c| {
                let inherited: Vec<bool> = c.public_methods.iter().map(Option::is_none).collect();
                let tables: Vec<_> = c.interfaces.iter().map(|i| i.methods.clone()).collect();
                (
                    c.flags,
                    c.declared_instance_size,
                    (c.first_reference_token, c.reference_count),
                    (c.public_base, inherited),
                    (c.package_base, c.package_methods.len()),
                    tables,
                    c.token_mapping.clone(),
                    c.cap22_inheritable,
                )
            })
            .collect();
        list.sort();
        list
    };
    assert_eq!(classes(ours), classes(theirs), "{name}");
    let descriptors = |cap: &CapFile| {
        let mut list: Vec<_> = cap
            .descriptor()
            .unwrap()
            .classes
            .iter()
            .map(|c| {
                let fields: Vec<_> = c
                    .fields
                    .iter()
                    .map(|f| (f.token, f.flags, f.reference[2], f.field_type.min(0x8000)))
                    .map(|(t, g, r, k)| (t, g, r, k == 0x8000))
                    .collect();
                let methods: Vec<_> = c
                    .methods
                    .iter()
                    .map(|m| (m.token, m.flags, m.handler_count))
                    .collect();
                (c.token, c.flags, c.interfaces.len(), fields, methods)
            })
            .collect();
        list.sort();
        list
    };
    assert_eq!(descriptors(ours), descriptors(theirs), "{name}");
}

#[test]
fn conversion_is_deterministic_whatever_the_order_of_the_files() {
    let bench = Workbench::new("3.0.5");
    let first = bench.programs(Format::V2_1);
    let again = bench.programs_reversed(Format::V2_1);
    for ((name, a), (_, b)) in first.iter().zip(&again) {
        assert_eq!(a.cap, b.cap, "{name}");
        assert_eq!(a.exp, b.exp, "{name}");
    }
}

#[test]
fn format_2_2_differs_only_where_it_must() {
    let bench = Workbench::new("3.0.5");
    let old = bench.programs(Format::V2_1);
    let new = bench.programs(Format::V2_2);
    for ((name, a), (_, b)) in old.iter().zip(&new) {
        assert_eq!(b.cap_file.header().format, Format::V2_2, "{name}");
        for tag in [
            ComponentTag::Applet,
            ComponentTag::Method,
            ComponentTag::StaticField,
        ] {
            assert_eq!(
                a.cap_file.component(tag),
                b.cap_file.component(tag),
                "{name} {tag}"
            );
        }
        assert_eq!(a.export, b.export, "{name}");
    }
}

#[test]
fn an_applet_package_shows_only_its_shareable_interfaces() {
    let all = converted("3.0.5", Format::V2_1);
    assert!(program(&all, "labsrv").export.classes.is_empty());
    let library = &program(&all, "lablib").export;
    let share = library.class("lab/lib/LibShare").unwrap();
    assert!(share.flags.has(ApiFlags::SHAREABLE | ApiFlags::INTERFACE));
}
