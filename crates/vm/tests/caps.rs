//! Real CAP files: they link, run, and when changed never panic.

use std::fs;
use std::path::{Path, PathBuf};

use hydra_cap::CapFile;
use hydra_cap::api::MethodId;
use hydra_vm::{
    ApiLayout, AppletId, Fault, Host, Limits, LinkError, MethodRef, ObjRef, Owner, PackageId, Stop,
    Value, Vm,
};

const KITS: [&str; 3] = ["2.1-jc222", "2.1-jc305", "2.3-compact"];

fn folder(kit: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors/caps")
        .join(kit)
}

fn cap(kit: &str, name: &str) -> CapFile {
    let bytes = fs::read(folder(kit).join(name)).unwrap();
    CapFile::from_zip(&bytes).unwrap_or_else(|error| panic!("{kit}/{name}: {error}"))
}

/// An API without effects: every method answers zero or null.
struct Silent;

impl Host for Silent {
    fn native(&mut self, _: &mut Vm, method: MethodId, _: &[Value]) -> Result<Option<Value>, Stop> {
        let (_, result) = method.get().descriptor.rsplit_once(')').unwrap();
        Ok(match result.as_bytes()[0] {
            b'V' => None,
            b'I' => Some(Value::Int(0)),
            b'L' | b'[' => Some(Value::Ref(ObjRef::NULL)),
            _ => Some(Value::Short(0)),
        })
    }
}

#[test]
fn every_real_file_links_and_only_after_what_it_imports() {
    for kit in KITS {
        let mut vm = Vm::new(ApiLayout::new(), Limits::default());
        let library = cap(kit, "lablib.cap");
        assert_eq!(
            vm.link(&cap(kit, "labapp.cap")),
            Err(LinkError::MissingImport(library.aid().clone()))
        );
        for name in [
            "lablib.cap",
            "labsrv.cap",
            "labapp.cap",
            "bench.cap",
            "ints.cap",
        ] {
            let linked = vm.link(&cap(kit, name));
            assert!(linked.is_ok(), "{kit}/{name}: {}", linked.unwrap_err());
        }
        assert_eq!(
            vm.link(&library),
            Err(LinkError::Duplicate(library.aid().clone()))
        );
        let library = vm.package_by_aid(library.aid()).unwrap();
        assert_eq!(vm.unlink(library), Err(LinkError::InUse));
        for name in ["labapp.cap", "labsrv.cap"] {
            let package = vm.package_by_aid(cap(kit, name).aid()).unwrap();
            vm.unlink(package).unwrap();
        }
        vm.unlink(library).unwrap();
        assert_eq!(vm.packages().count(), 2);
    }
    let mut vm = Vm::new(ApiLayout::new(), Limits::default());
    assert!(vm.link(&cap("rmi", "labrmi-2.2.cap")).is_ok());
}

/// `Base.fib(S)S` of the library, as another package calls it.
#[test]
fn a_static_method_of_a_real_library_computes() {
    for kit in KITS {
        let mut vm = Vm::new(ApiLayout::new(), Limits::default());
        let library = cap(kit, "lablib.cap");
        let package = vm.link(&library).unwrap();
        let base = &library.exports()[1];
        let fib = MethodRef::Code {
            package,
            offset: base.static_methods[1],
        };
        let owner = Owner::applet(package, AppletId(1));
        for (n, expected) in [(0, 1), (1, 2), (5, 13), (20, 17711), (200, 0x39B7)] {
            assert_eq!(
                vm.invoke(&mut Silent, fib, &[Value::Short(n)], owner),
                Ok(Some(Value::Short(expected)))
            );
        }
        let wrong = [Value::Short(1), Value::Short(1)];
        assert_eq!(
            vm.invoke(&mut Silent, fib, &wrong, owner),
            Err(Fault::Signature.into())
        );
        let nowhere = MethodRef::Code {
            package,
            offset: base.static_methods[1] + 1,
        };
        assert_eq!(
            vm.invoke(&mut Silent, nowhere, &[], owner),
            Err(Fault::NoSuchMember.into())
        );
        let unknown = MethodRef::Code {
            package: PackageId(9),
            offset: 0,
        };
        assert_eq!(
            vm.invoke(&mut Silent, unknown, &[], owner),
            Err(Fault::NoSuchMember.into())
        );
    }
}
