use std::fs;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;

use crate::CapFile;
use crate::dump::MethodDump;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/caps")
}

fn caps() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["2.1-jc222", "2.1-jc305", "2.2-debug", "2.3-compact", "rmi"] {
        for entry in fs::read_dir(vectors().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "cap") {
                files.push(path);
            }
        }
    }
    assert!(files.len() >= 16, "{files:?}");
    files
}

fn read(path: &Path) -> CapFile {
    CapFile::from_zip(&fs::read(path).unwrap()).unwrap()
}

/// Every method is found, every byte of it is an instruction, and its length is what the Descriptor says.
#[test]
fn every_method_of_the_official_converters_is_shown_whole() {
    for path in caps() {
        let cap = read(&path);
        let dump = cap.dump();
        let described: Vec<_> = cap
            .descriptor()
            .unwrap()
            .classes
            .iter()
            .filter(|class| class.flags & 0x40 == 0)
            .flat_map(|class| &class.methods)
            .filter(|method| method.code_length > 0)
            .collect();
        assert!(!described.is_empty());
        for wanted in described {
            let method = dump
                .methods
                .iter()
                .find(|method| method.offset == wanted.method)
                .unwrap();
            let wrong = method.code.iter().find(|line| line.text.starts_with('?'));
            assert_eq!(wrong, None, "{path:?}");
            let last = method.code.last().unwrap();
            assert!(last.offset < usize::from(wanted.code_length));
            assert_eq!(method.handlers.len(), usize::from(wanted.handler_count));
            assert!(method.signature.is_some(), "{path:?} {method:?}");
        }
        let handlers: usize = dump.methods.iter().map(|m| m.handlers.len()).sum();
        assert_eq!(handlers, cap.method().handlers.len(), "{path:?}");
    }
}

#[test]
fn references_to_the_api_have_names() {
    let dump = read(&vectors().join("2.1-jc305/labapp.cap")).dump();
    let references: Vec<&str> = dump
        .methods
        .iter()
        .flat_map(|method| &method.code)
        .filter_map(|line| line.refers_to.as_deref())
        .collect();
    for wanted in [
        "javacard/framework/APDU.getBuffer()[B",
        "javacard/framework/ISOException.throwIt(S)V",
    ] {
        assert!(references.contains(&wanted), "{wanted}: {references:#?}");
    }
    assert!(
        references
            .iter()
            .any(|name| name.starts_with("F04C41420001/class 0")),
        "the library is no package of the API"
    );
    let names: Vec<&str> = dump
        .methods
        .iter()
        .filter_map(|method| method.name.as_deref())
        .collect();
    for wanted in ["<init>", "install", "process"] {
        assert!(names.contains(&wanted), "{wanted}: {names:?}");
    }
}

#[test]
fn references_have_the_debug_component_s_names() {
    let path = vectors().join("2.2-debug/named.cap");
    let references = |cap: &CapFile| -> Vec<String> {
        let methods = cap.dump().methods;
        let lines = methods.into_iter().flat_map(|method| method.code);
        lines.filter_map(|line| line.refers_to).collect()
    };
    let named = read(&path);
    let names = references(&named);
    for wanted in [
        "lab/named/Named.total",
        "lab/named/Named.TABLE",
        "lab/named/Named.counter",
        "lab/named/Base.value",
        "lab/named/Counter.steps",
        // Package-visible, and called on a subclass.
        "lab/named/Counter.addTwice(S)V",
        "lab/named/Base.add(S)V",
        "lab/named/Counter.steps()S",
        "lab/named/Base.steps()S",
        "lab/named/Counter",
    ] {
        assert!(
            names.iter().any(|name| name == wanted),
            "{wanted}: {names:#?}"
        );
    }
    let is_static = |name: &&String| name.ends_with("lab/named/Named.sum(SS)S");
    assert_eq!(names.iter().filter(is_static).count(), 1, "{names:#?}");
    let bare = CapFile::from_load_file(&named.to_load_file()).unwrap();
    let offsets = references(&bare);
    assert_eq!(names.len(), offsets.len());
    assert!(!offsets.iter().any(|name| name.contains("lab/named")));
    // What had an offset has a name.
    let unnamed = |name: &&String| name.contains("class@") || name.contains("static@");
    assert_eq!(names.iter().filter(unnamed).count(), 0, "{names:#?}");
    assert!(offsets.iter().filter(unnamed).count() > 10, "{offsets:#?}");
}

/// Without the Descriptor component there are no signatures, and the code is the same.
#[test]
fn a_load_file_without_descriptor_shows_the_same_code() {
    let mut compared = 0;
    for path in caps() {
        let full = read(&path);
        let whole = full.dump();
        let bare = CapFile::from_load_file(&full.to_load_file())
            .unwrap()
            .dump();
        assert!(bare.methods.iter().all(|m| m.signature.is_none()));
        assert_eq!(bare.code_hash, whole.code_hash);
        if bare.methods.len() == whole.methods.len() {
            for (bare, whole) in bare.methods.iter().zip(&whole.methods) {
                let text = |method: &MethodDump| -> Vec<(usize, String)> {
                    let lines = method.code.iter();
                    lines.map(|line| (line.offset, line.text.clone())).collect()
                };
                assert_eq!(bare.offset, whole.offset);
                assert_eq!(text(bare), text(whole), "{path:?}");
            }
            compared += 1;
        }
    }
    assert!(compared > 0);
}

/// What is shown of a file may change only on purpose.
#[test]
fn the_library_reads_as_in_its_snapshot() {
    let text = read(&vectors().join("2.1-jc305/lablib.cap"))
        .dump()
        .to_string();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dump/lablib.txt");
    let expected: String = fs::read_to_string(path).unwrap_or_default();
    assert!(text == expected, "lablib.txt should read:\n{text}");
}

/// Changed bytes that the reader lets pass are shown too, without a panic.
#[test]
fn damaged_code_is_shown_as_far_as_it_goes() {
    let good = read(&vectors().join("2.1-jc305/labapp.cap")).to_load_file_with_descriptor();
    let mut shown = 0;
    for at in 0..good.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            if let Ok(cap) = CapFile::from_load_file(&bytes) {
                shown += usize::from(!cap.dump().to_string().is_empty());
            }
        }
    }
    assert!(shown > 0);
}
