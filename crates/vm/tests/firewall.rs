//! The firewall: for each rule of JCRE 3.0.5 §6.2.8 one case for every way to be allowed and to be refused.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "support/fixture.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod fixture;

use std::collections::BTreeMap;

use hydra_cap::CpEntry;
use hydra_cap::api::{MethodId, Param};
use hydra_vm::{
    ApiLayout, AppletId, Args, ArrayKind, Atomicity, Clear, ContextId, EntryPoint, Host, Limits,
    MethodRef, ObjRef, Owner, PackageId, Stop, Storage, Value, Vm,
};

use hydra_testkit::assembler::{Class, Interface};

/// `JCSystem.getAssignedChannel` tells the active context, `JCSystem.getVersion` the one before it.
struct Contexts;

impl Host for Contexts {
    fn native(&mut self, vm: &mut Vm, method: MethodId, args: Args) -> Result<Option<Value>, Stop> {
        match method.get().name {
            "<init>" => Ok(None),
            "equals" => {
                let object = Param::Instance(method.get().class);
                let [a, b] = [0, 1].map(|word| args.reference(vm, word, object));
                Ok(Some(Value::boolean(a? == b?)))
            }
            "getAssignedChannel" => Ok(Some(Value::Short(vm.caller_context().0.into()))),
            "getVersion" => Ok(Some(Value::Short(vm.previous().context.0.into()))),
            name => panic!("{name} is not expected"),
        }
    }
}

const WHO: &str = "invokestatic #javacard/framework/JCSystem.getAssignedChannel()B; sreturn";
const BEFORE: &str = "invokestatic #javacard/framework/JCSystem.getVersion()S; sreturn";

/// Contexts: that of the package, which is active; another one; the JCRE's.
const OTHER: Owner = Owner {
    context: ContextId(9),
    applet: AppletId(2),
};

struct Card {
    vm: Vm,
    package: PackageId,
    offsets: BTreeMap<String, u32>,
}

/// Each case's code is a method `caseN` with one argument.
fn card(codes: &[&str]) -> Card {
    let mut package = fixture::package_with(|package| {
        package.interface(Interface {
            name: "Share",
            shareable: true,
            supers: vec!["javacard/framework/Shareable".into()],
        });
        package.class(Class {
            public: (1, vec!["Who.who", "Who.before"]),
            interfaces: vec![("I", vec![1, 1])],
            ..Class::new("Who", "java/lang/Object", "rs")
        });
        package.class(Class {
            shareable: true,
            public: (1, vec!["Who.who", "Who.before"]),
            interfaces: vec![
                ("javacard/framework/Shareable", vec![]),
                ("Share", vec![1, 2]),
                ("I", vec![1, 1]),
            ],
            ..Class::new("Shared", "java/lang/Object", "")
        });
        package.class(Class::new("Error", "java/lang/Exception", ""));
    });
    let (who, shared) = (package.class_ref("Who"), package.class_ref("Shared"));
    package.entry(
        "Who.who()",
        CpEntry::VirtualMethod {
            class: who,
            token: 1,
        },
    );
    package.entry(
        "Shared.who()",
        CpEntry::VirtualMethod {
            class: shared,
            token: 1,
        },
    );
    package.entry(
        "super.equals()",
        CpEntry::SuperMethod {
            class: who,
            token: 0,
        },
    );
    package.entry(
        "Who.r",
        CpEntry::InstanceField {
            class: who,
            token: 0,
        },
    );
    package.entry(
        "Who.s",
        CpEntry::InstanceField {
            class: who,
            token: 1,
        },
    );
    package.method("Who.who", 1, 0, 1, WHO);
    package.method("Who.before", 1, 0, 1, BEFORE);
    for name in ["Who", "Shared", "Error"] {
        package.method(
            &format!("new {name}"),
            0,
            0,
            1,
            &format!("new #{name}; areturn"),
        );
        package.applet(
            &[0xF0, 0x54, 0x45, 0x53, 0x54, name.as_bytes()[0]],
            &format!("new {name}"),
        );
    }
    for (i, code) in codes.iter().enumerate() {
        package.method(&format!("case{i}"), 1, 2, 6, code);
        package.applet(
            &[0xF0, 0x54, 0x45, 0x53, 0x54, 1, u8::try_from(i).unwrap()],
            &format!("case{i}"),
        );
    }
    let (cap, offsets) = package.build().unwrap();
    let mut vm = Vm::new(ApiLayout::new(), Limits::default());
    let package = vm.link(&cap).unwrap();
    vm.set_selected(package.into());
    Card {
        vm,
        package,
        offsets,
    }
}

impl Card {
    fn me(&self) -> Owner {
        Owner::applet(self.package, AppletId(1))
    }

    fn call(&mut self, name: &str, args: &[Value], owner: Owner) -> Result<Option<Value>, Stop> {
        let method = MethodRef::Code {
            package: self.package,
            offset: self.offsets[name],
        };
        self.vm.invoke(&mut Contexts, method, args, owner)
    }

    /// Makes an object by description: `Class` or `byte[]` and so on, and how it is owned.
    fn make(&mut self, what: &str) -> ObjRef {
        let (kind, owned) = what.rsplit_once(' ').unwrap();
        let owner = match owned {
            "mine" => self.me(),
            "other's" => OTHER,
            "JCRE's" | "permanent" | "temporary" | "global" => Owner::JCRE,
            _ => panic!("whose is {what}?"),
        };
        let array = match kind {
            "byte[]" => Some(ArrayKind::Byte),
            "short[]" => Some(ArrayKind::Short),
            "int[]" => Some(ArrayKind::Int),
            "Object[]" => Some(ArrayKind::Ref(None)),
            _ => None,
        };
        let obj = match array {
            Some(array) => self
                .vm
                .new_array(array, 4, owner, Storage::Persistent)
                .unwrap(),
            None => match self.call(&format!("new {kind}"), &[], owner) {
                Ok(Some(Value::Ref(obj))) => obj,
                other => panic!("{other:?}"),
            },
        };
        match owned {
            "permanent" => self.vm.set_entry_point(obj, EntryPoint::Permanent).unwrap(),
            "temporary" => self.vm.set_entry_point(obj, EntryPoint::Temporary).unwrap(),
            "global" => self.vm.set_global_array(obj).unwrap(),
            _ => {}
        }
        obj
    }

    fn outcome(&mut self, result: Result<Option<Value>, Stop>) -> String {
        match result {
            Ok(None) => "allowed".into(),
            Ok(Some(Value::Ref(_))) => "allowed".into(),
            Ok(Some(Value::Short(context))) if context == i16::from(self.package.0) => {
                "mine".into()
            }
            Ok(Some(Value::Short(9))) => "other's".into(),
            Ok(Some(Value::Short(0))) => "JCRE's".into(),
            Ok(Some(Value::Short(100))) => "allowed".into(),
            Ok(Some(value)) => format!("{value:?}"),
            Err(Stop::Thrown(obj)) => match self.vm.class_name(obj).unwrap().unwrap() {
                "java/lang/SecurityException" => "refused".into(),
                name => format!("throws {name}"),
            },
            Err(Stop::Fault(fault)) => format!("fault {fault:?}"),
        }
    }
}

#[test]
fn each_rule_allows_and_refuses_as_it_says() {
    let text = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../vectors/firewall/access.txt"
    );
    let text = std::fs::read_to_string(text).unwrap();
    let lines = text.lines().map(str::trim);
    let cases: Vec<[&str; 5]> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<&str> = line.split('|').map(str::trim).collect();
            columns.try_into().unwrap()
        })
        .collect();
    let mut failures = Vec::new();
    for [rule, code, argument, active, expected] in &cases {
        let mut card = card(&[code]);
        let argument_ref = card.make(argument);
        let owner = if active.starts_with("JCRE") {
            Owner::JCRE
        } else {
            card.me()
        };
        if active.contains("busy") {
            card.vm.set_busy(vec![OTHER.applet]);
        }
        let result = card.call("case0", &[Value::Ref(argument_ref)], owner);
        let found = card.outcome(result);
        if found != *expected {
            failures.push(format!(
                "{rule}: {code} on {argument}, {active} active: expected {expected}, found {found}"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for rule in 1..=11 {
        let of_rule = || {
            cases
                .iter()
                .filter(|case| case[0] == format!("6.2.8.{rule}"))
        };
        assert!(
            of_rule().any(|case| case[4] != "refused")
                && of_rule().any(|case| case[4] == "refused"),
            "6.2.8.{rule}"
        );
    }
}

/// JCRE 3.0.5 §5.1: CLEAR_ON_DESELECT content is within reach of the selected applet's context alone.
#[test]
fn transient_content_of_the_selected_applet_is_its_own() {
    let mut card = card(&["aload_0; sconst_0; baload; pop; return"]);
    let me = card.me();
    let array = card
        .vm
        .new_array(ArrayKind::Byte, 4, me, Storage::ClearOnDeselect)
        .unwrap();
    let mut read = |selected: ContextId, owner: Owner| {
        card.vm.set_selected(selected);
        let result = card.call("case0", &[Value::Ref(array)], owner);
        card.outcome(result)
    };
    let none = ContextId::JCRE;
    assert_eq!(read(me.context, me), "allowed");
    assert_eq!(read(none, me), "refused");
    assert_eq!(read(OTHER.context, me), "refused");
    assert_eq!(read(none, Owner::JCRE), "allowed");
}

#[test]
fn natives_see_arrays_as_their_caller_does() {
    let mut card = card(&[]);
    let (me, mine, others) = (
        card.me(),
        card.make("byte[] mine"),
        card.make("byte[] other's"),
    );
    let vm = &mut card.vm;
    assert_eq!(vm.bytes(mine, me.context).unwrap(), [0; 4]);
    let name = |vm: &Vm, stop: Stop| match stop {
        Stop::Thrown(obj) => vm.class_name(obj).unwrap().unwrap(),
        Stop::Fault(fault) => panic!("{fault}"),
    };
    let refused = vm.bytes(others, me.context).unwrap_err();
    assert_eq!(name(vm, refused), "java/lang/SecurityException");
    let refused = vm
        .write_bytes(others, 0, &[1], me.context, Atomicity::Atomic)
        .unwrap_err();
    assert_eq!(name(vm, refused), "java/lang/SecurityException");
    let refused = vm
        .copy_bytes((mine, 0), (others, 0), 1, me.context, Atomicity::Atomic)
        .unwrap_err();
    assert_eq!(name(vm, refused), "java/lang/SecurityException");
    let refused = vm.bytes(ObjRef::NULL, me.context).unwrap_err();
    assert_eq!(name(vm, refused), "java/lang/NullPointerException");
    for (offset, length) in [(0, 5), (-1, 1), (4, 1), (0, -1), (32767, 32767)] {
        let refused = vm.byte_range(mine, offset, length, me.context).unwrap_err();
        assert_eq!(
            name(vm, refused),
            "java/lang/ArrayIndexOutOfBoundsException"
        );
    }
    vm.write_bytes(others, 1, &[1, 2], ContextId::JCRE, Atomicity::Atomic)
        .unwrap();
    vm.copy_bytes(
        (others, 1),
        (others, 2),
        2,
        ContextId::JCRE,
        Atomicity::Atomic,
    )
    .unwrap();
    assert_eq!(vm.bytes(others, OTHER.context).unwrap(), [0, 1, 1, 2]);
}

#[test]
fn deselection_clears_one_context_and_reset_clears_all() {
    let mut card = card(&[]);
    let me = card.me();
    let mut make = |owner, storage| {
        let array = card
            .vm
            .new_array(ArrayKind::Byte, 1, owner, storage)
            .unwrap();
        card.vm
            .write_bytes(array, 0, &[7], ContextId::JCRE, Atomicity::Atomic)
            .unwrap();
        array
    };
    let arrays = [
        make(me, Storage::ClearOnDeselect),
        make(OTHER, Storage::ClearOnDeselect),
        make(me, Storage::ClearOnReset),
        make(me, Storage::Persistent),
    ];
    let session = make(Owner::JCRE, Storage::Session);
    let mut contents = |what| {
        card.vm.clear_transient(what);
        arrays.map(|array| card.vm.bytes(array, ContextId::JCRE).unwrap()[0])
    };
    assert_eq!(contents(Clear::Deselect(me.context)), [0, 7, 7, 7]);
    assert_eq!(contents(Clear::Reset), [0, 0, 0, 7]);
    assert!(card.vm.owner(session).is_err());
}
