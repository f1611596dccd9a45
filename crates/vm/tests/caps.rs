//! Real CAP files: they link, run, and when changed never panic.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::path::{Path, PathBuf};

use hydra_cap::api::MethodId;
use hydra_cap::{CapFile, ComponentTag, CpEntry, MethodHeader};
use hydra_vm::{
    ApiLayout, AppletId, Args, ArrayKind, Clear, Fault, Host, Limits, LinkError, MethodRef, ObjRef,
    Owner, PackageId, Stop, Storage, Value, Vm,
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
    fn native(&mut self, _: &mut Vm, method: MethodId, _: Args) -> Result<Option<Value>, Stop> {
        let (_, result) = method.get().descriptor.rsplit_once(')').unwrap();
        Ok(match result.as_bytes()[0] {
            b'V' => None,
            b'I' => Some(Value::Int(0)),
            b'L' | b'[' => Some(Value::Ref(ObjRef::NULL)),
            _ => Some(Value::Short(0)),
        })
    }
}

/// Nothing else tells the package of a class that is not exported, and its package-visible methods count from there.
#[test]
fn an_extended_file_without_descriptor_is_linked_unless_it_may_be_taken_wrong() {
    let link = |name: &str| {
        let whole = cap("2.3-extended", name);
        let rest = whole
            .components()
            .filter(|(tag, _)| *tag != ComponentTag::Descriptor)
            .map(|(tag, info)| (tag, info.to_vec()));
        let bare = CapFile::from_components(rest.collect()).unwrap();
        assert!(bare.is_extended() && bare.descriptor().is_none());
        let mut vm = Vm::new(ApiLayout::new(), Limits::default());
        vm.link(&whole).unwrap();
        Vm::new(ApiLayout::new(), Limits::default()).link(&bare)
    };
    for name in ["bench-3.2.0.cap", "bench-ints-2pkg-res.cap", "lab-3pkg.cap"] {
        assert!(link(name).is_ok(), "{name}");
    }
    let Err(LinkError::Invalid {
        component: ComponentTag::Class,
        offset: 46,
        reason,
    }) = link("pq-2pkg.cap")
    else {
        panic!("a guess")
    };
    assert!(reason.starts_with("without a Descriptor"), "{reason}");
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
        let base = &library.packages()[0].exports[1];
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

/// An API that gives out objects of the right types, so that code gets further.
struct Generous;

impl Host for Generous {
    fn native(&mut self, vm: &mut Vm, method: MethodId, _: Args) -> Result<Option<Value>, Stop> {
        let (_, result) = method.get().descriptor.rsplit_once(')').unwrap();
        let owner = vm.caller();
        Ok(match result.as_bytes()[0] {
            b'V' => None,
            b'I' => Some(Value::Int(3)),
            b'[' => Some(Value::Ref(match result {
                "[B" => {
                    let buffer =
                        vm.new_array(ArrayKind::Byte, 261, Owner::JCRE, Storage::Session)?;
                    vm.set_global_array(buffer)?;
                    buffer
                }
                "[S" => vm.new_array(ArrayKind::Short, 16, owner, Storage::ClearOnReset)?,
                _ => ObjRef::NULL,
            })),
            b'L' => {
                let class = result.trim_start_matches('L').trim_end_matches(';');
                Some(Value::Ref(vm.new_instance(
                    class,
                    owner,
                    Storage::Session,
                )?))
            }
            _ => Some(Value::Short(1)),
        })
    }
}

/// Runs every method that a file's tables name, as an applet of another context might, with arguments of several kinds.
/// Whatever comes of it, it is a result.
fn run_everything(vm: &mut Vm, package: PackageId) -> usize {
    let (_, linked) = vm.packages().find(|(id, _)| *id == package).unwrap();
    let cap = linked.cap_file().unwrap();
    let mut methods: Vec<u32> = cap
        .applets()
        .iter()
        .map(|applet| applet.install_method)
        .collect();
    methods.extend(
        cap.exported_classes()
            .flat_map(|class| class.static_methods.clone()),
    );
    methods.extend(
        cap.classes()
            .iter()
            .flat_map(|class| class.public_methods.iter().flatten().copied()),
    );
    methods.extend(cap.constant_pool().iter().filter_map(|entry| match entry {
        CpEntry::StaticMethod(offset) => Some(*offset),
        _ => None,
    }));
    let owner = Owner::applet(package, AppletId(1));
    let mut objects = vec![ObjRef::NULL];
    let mut runs = 0;
    for offset in methods {
        let Some(header) = cap.code_from(offset).and_then(MethodHeader::read) else {
            continue;
        };
        for kind in 0..4 {
            let buffer = vm.new_array(ArrayKind::Byte, 64, owner, Storage::Session);
            let args: Vec<Value> = (0..header.nargs)
                .map(|i| match (kind, i) {
                    (0, _) => Value::Short(i16::from(i)),
                    (1, 0) | (2, _) => {
                        Value::Ref(objects[usize::try_from(offset).unwrap() % objects.len()])
                    }
                    (_, 0) => Value::Ref(buffer.unwrap_or_default()),
                    _ => Value::Short(2),
                })
                .collect();
            vm.set_step_limit(Some(3_000));
            let result = vm.invoke(
                &mut Generous,
                MethodRef::Code { package, offset },
                &args,
                owner,
            );
            if let Ok(Some(Value::Ref(obj))) = result {
                objects.push(obj);
            }
            if vm.depth() > 0 {
                vm.abort().unwrap();
            }
            runs += 1;
        }
    }
    vm.clear_transient(Clear::Reset);
    vm.collect(&objects);
    assert_eq!(vm.caller(), Owner::JCRE);
    runs
}

struct Draw(u64);

impl Draw {
    /// A linear congruential generator: the point is many different changes, the same each time.
    fn below(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

#[test]
fn changed_files_never_panic_whether_read_linked_or_run() {
    let mut draw = Draw(2);
    let (mut linked, mut refused, mut runs) = (0, 0, 0);
    for kit in KITS {
        let mut base = Vm::new(
            ApiLayout::new(),
            Limits {
                persistent: 64 * 1024,
                ..Limits::default()
            },
        );
        base.link(&cap(kit, "lablib.cap")).unwrap();
        for name in [
            "lablib.cap",
            "labsrv.cap",
            "labapp.cap",
            "bench.cap",
            "ints.cap",
        ] {
            let file = cap(kit, name);
            let components: Vec<_> = file
                .components()
                .map(|(tag, bytes)| (tag, bytes.to_vec()))
                .collect();
            for _ in 0..1000 {
                let mut changed = components.clone();
                for _ in 0..=draw.below(2) {
                    let component = draw.below(changed.len());
                    let bytes = &mut changed[component].1;
                    // Half of the changes go to the code, where they are most likely to get past the reader.
                    let bytes = match draw.below(2) {
                        0 => bytes,
                        _ => {
                            &mut changed
                                .iter_mut()
                                .find(|(tag, _)| *tag == ComponentTag::Method)
                                .unwrap()
                                .1
                        }
                    };
                    let at = draw.below(bytes.len());
                    bytes[at] = u8::try_from(draw.below(256)).unwrap();
                }
                let Ok(changed) = CapFile::from_components(changed) else {
                    refused += 1;
                    continue;
                };
                let mut vm = if name == "lablib.cap" {
                    Vm::new(ApiLayout::new(), Limits::default())
                } else {
                    base.clone()
                };
                match vm.link(&changed) {
                    Ok(package) => {
                        linked += 1;
                        runs += run_everything(&mut vm, package);
                        let records = vm
                            .take_changes()
                            .into_iter()
                            .filter_map(|(key, bytes)| Some((key, bytes?)));
                        Vm::restore(ApiLayout::new(), Limits::default(), records).unwrap();
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(
        linked > 1000 && refused > 500 && runs > 20_000,
        "{linked} linked, {refused} refused, {runs} runs"
    );
}

#[test]
fn every_prefix_of_a_components_bytes_is_refused_by_reader_or_linker() {
    for kit in KITS {
        let file = cap(kit, "labapp.cap");
        let components: Vec<_> = file
            .components()
            .map(|(tag, bytes)| (tag, bytes.to_vec()))
            .collect();
        for i in 0..components.len() {
            for size in 0..components[i].1.len() {
                let mut cut = components.clone();
                cut[i].1.truncate(size);
                // The Directory tells the true size, so nothing that is cut is even read.
                assert!(
                    CapFile::from_components(cut).is_err(),
                    "{kit}: {} cut to {size}",
                    components[i].0
                );
            }
        }
    }
}
