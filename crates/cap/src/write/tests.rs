//! Official files, read and written again, are the same byte for byte.

use alloc::vec::Vec;

use super::*;
use crate::CapFile;

const FILES: [(&str, &[u8]); 16] = [
    (
        "jc222 lablib",
        include_bytes!("../../../../vectors/caps/2.1-jc222/lablib.cap"),
    ),
    (
        "jc222 labsrv",
        include_bytes!("../../../../vectors/caps/2.1-jc222/labsrv.cap"),
    ),
    (
        "jc222 labapp",
        include_bytes!("../../../../vectors/caps/2.1-jc222/labapp.cap"),
    ),
    (
        "jc222 ints",
        include_bytes!("../../../../vectors/caps/2.1-jc222/ints.cap"),
    ),
    (
        "jc222 bench",
        include_bytes!("../../../../vectors/caps/2.1-jc222/bench.cap"),
    ),
    (
        "jc305 lablib",
        include_bytes!("../../../../vectors/caps/2.1-jc305/lablib.cap"),
    ),
    (
        "jc305 labsrv",
        include_bytes!("../../../../vectors/caps/2.1-jc305/labsrv.cap"),
    ),
    (
        "jc305 labapp",
        include_bytes!("../../../../vectors/caps/2.1-jc305/labapp.cap"),
    ),
    (
        "jc305 ints",
        include_bytes!("../../../../vectors/caps/2.1-jc305/ints.cap"),
    ),
    (
        "jc305 bench",
        include_bytes!("../../../../vectors/caps/2.1-jc305/bench.cap"),
    ),
    (
        "jc320 lablib",
        include_bytes!("../../../../vectors/caps/2.3-compact/lablib.cap"),
    ),
    (
        "jc320 labsrv",
        include_bytes!("../../../../vectors/caps/2.3-compact/labsrv.cap"),
    ),
    (
        "jc320 labapp",
        include_bytes!("../../../../vectors/caps/2.3-compact/labapp.cap"),
    ),
    (
        "jc320 ints",
        include_bytes!("../../../../vectors/caps/2.3-compact/ints.cap"),
    ),
    (
        "jc320 bench",
        include_bytes!("../../../../vectors/caps/2.3-compact/bench.cap"),
    ),
    (
        "outbox",
        include_bytes!("../../../../applets/outbox/outbox.cap"),
    ),
];

fn rewrite(cap: &CapFile) -> Result<Vec<(ComponentTag, Vec<u8>)>, TooLarge> {
    let format = cap.header().format;
    let first = usize::try_from(cap.method().blocks[0].first_method).unwrap();
    let mut components = alloc::vec![
        (ComponentTag::Header, header(cap.header())?),
        (ComponentTag::Import, import(cap.imports())?),
        (
            ComponentTag::ConstantPool,
            constant_pool(cap.constant_pool())?
        ),
        (
            ComponentTag::Class,
            class(format, cap.interfaces(), cap.classes())?
        ),
        (
            ComponentTag::Method,
            method(&cap.method().handlers, &cap.method_info()[first..])?
        ),
        (
            ComponentTag::StaticField,
            static_field(cap.static_fields())?
        ),
        (
            ComponentTag::ReferenceLocation,
            reference_location(cap.reference_locations())?
        ),
    ];
    if !cap.applets().is_empty() {
        components.push((ComponentTag::Applet, applet(cap.applets())?));
    }
    if !cap.packages()[0].exports.is_empty() {
        components.push((ComponentTag::Export, export(&cap.packages()[0].exports)?));
    }
    if let (Some(parsed), Some(raw)) = (cap.descriptor(), cap.component(ComponentTag::Descriptor)) {
        let types =
            usize::try_from(parsed.types).unwrap() + 2 + 2 * parsed.constant_pool_types.len();
        let written = descriptor(&parsed.classes, &parsed.constant_pool_types, &raw[types..])?;
        components.push((ComponentTag::Descriptor, written));
    }
    let directory = directory(
        format,
        &components,
        cap.static_fields(),
        cap.imports().len(),
        cap.applets().len(),
    )?;
    components.push((ComponentTag::Directory, directory));
    Ok(components)
}

#[test]
fn what_was_read_is_written_again() {
    for (name, bytes) in FILES {
        let cap = CapFile::from_zip(bytes).unwrap();
        let components = rewrite(&cap).unwrap();
        for (tag, info) in &components {
            assert_eq!(Some(info.as_slice()), cap.component(*tag), "{name}: {tag}");
        }
        assert_eq!(components.len(), cap.components().count(), "{name}");
        let zipped = zip("any/package", &components).unwrap();
        let again = CapFile::from_zip(&zipped).unwrap();
        assert_eq!(again.to_load_file(), cap.to_load_file(), "{name}");
        assert_eq!(again.code_hash(), cap.code_hash(), "{name}");
        assert_eq!(zip("any/package", &components).unwrap(), zipped, "{name}");
    }
}

#[test]
fn long_steps_between_references_are_split() {
    let locations = ReferenceLocations {
        byte_indices: alloc::vec![254, 255, 510, 1020],
        short_indices: alloc::vec![0xFFFF],
    };
    let bytes = reference_location(&locations).unwrap();
    // 254 | +1 | +255 = 255, 0 | +510 = 255, 255, 0; then 257 × 255 and 0.
    assert_eq!(bytes[..9], [0, 7, 254, 1, 255, 0, 255, 255, 0]);
    assert_eq!(bytes[9..11], [1, 2]);
    assert_eq!(bytes.last(), Some(&0));
}

#[test]
fn counts_that_do_not_fit_are_refused() {
    let aid = crate::Aid::new(&[0xF0, 1, 2, 3, 4]).unwrap();
    let version = crate::PackageVersion { major: 1, minor: 0 };
    let imports = alloc::vec![Import { aid: aid.clone(), version }; 129];
    assert_eq!(
        import(&imports).unwrap_err().component,
        ComponentTag::Import
    );
    assert!(import(&imports[..128]).is_ok());
    let applets = alloc::vec![AppletEntry { aid, install_method: 0 }; 256];
    assert_eq!(applet(&applets).unwrap_err().what, "applets");
    assert!(method(&[], &[0; 65_535]).is_err());
    let interface = InterfaceInfo {
        offset: 0,
        flags: 8,
        superinterfaces: alloc::vec![ClassRef::Internal(0); 16],
    };
    assert!(class(Format::V2_1, &[interface], &[]).is_err());
}
