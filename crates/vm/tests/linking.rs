//! Linking: virtual tokens against an API that has grown, and files that can't be linked.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "support/fixture.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod fixture;

use std::collections::BTreeMap;

use hydra_cap::api::{self, MethodId};
use hydra_cap::{CapFile, ComponentTag, CpEntry};
use hydra_testkit::assembler::{Class, Package};
use hydra_vm::{
    ApiLayout, AppletId, Args, Host, Limits, LinkError, MethodRef, ObjRef, Owner, PackageId, Stop,
    Storage, Value, Vm,
};

/// Answers the number of the method that was called.
struct Numbers;

impl Host for Numbers {
    fn native(&mut self, _: &mut Vm, method: MethodId, _: Args) -> Result<Option<Value>, Stop> {
        let row = method.get();
        match row.descriptor.rsplit_once(')').unwrap().1 {
            "V" => Ok(None),
            _ => Ok(Some(Value::Short(i16::try_from(method.0).unwrap()))),
        }
    }
}

const SECURITY: [u8; 7] = [0xA0, 0, 0, 0, 0x62, 1, 2];
const DIGEST: &str = "javacard/security/MessageDigest";

fn length_token() -> u8 {
    api::class(DIGEST)
        .unwrap()
        .token_of("getLength", "()B")
        .unwrap()
}

/// A digest of an applet's own, made against an API whose MessageDigest had six virtual methods: its first new method
/// has token 6, a number that Java Card 3.2 gave to `doIntermediateMessageDigest`.
fn own_digest() -> (CapFile, BTreeMap<String, u32>) {
    let mut package = Package::new(&[0xF0, 0x44, 0x49, 0x47, 1]);
    package.import(&SECURITY);
    package.class(Class {
        public: (6, vec!["Own.extra"]),
        ..Class::new("Own", DIGEST, "s")
    });
    let own = package.class_ref("Own");
    package.entry(
        "Own.extra()",
        CpEntry::VirtualMethod {
            class: own,
            token: 6,
        },
    );
    package.entry(
        "Own.length()",
        CpEntry::VirtualMethod {
            class: own,
            token: length_token(),
        },
    );
    let digest = package.class_ref(DIGEST);
    package.entry(
        "Digest.6()",
        CpEntry::VirtualMethod {
            class: digest,
            token: 6,
        },
    );
    package.method("Own.extra", 1, 0, 1, "bspush 42; sreturn");
    package.method("make", 0, 0, 1, "new #Own; areturn");
    package.method(
        "extra",
        1,
        0,
        1,
        "aload_0; invokevirtual #Own.extra(); sreturn",
    );
    package.method(
        "length",
        1,
        0,
        2,
        "aload_0; invokevirtual #Own.length(); sreturn",
    );
    package.method(
        "api",
        1,
        0,
        3,
        "aload_0; aconst_null; sconst_0; invokevirtual #Digest.6(); sreturn",
    );
    for (i, name) in ["make", "extra", "length", "api"].into_iter().enumerate() {
        package.applet(&[0xF0, 0x44, 0x49, 0x47, 1, u8::try_from(i).unwrap()], name);
    }
    package.build().unwrap()
}

#[test]
fn a_method_that_the_api_got_later_never_meets_a_subclass_own_token() {
    let (cap, offsets) = own_digest();
    let mut vm = Vm::new(ApiLayout::new(), Limits::default());
    let package = vm.link(&cap).unwrap();
    let owner = Owner::applet(package, AppletId(1));
    let call = |vm: &mut Vm, name: &str, args: &[Value]| {
        vm.invoke(
            &mut Numbers,
            MethodRef::Code {
                package,
                offset: offsets[name],
            },
            args,
            owner,
        )
        .unwrap()
        .unwrap()
    };
    let Value::Ref(object) = call(&mut vm, "make", &[]) else {
        panic!("no object")
    };
    assert_eq!(
        call(&mut vm, "extra", &[Value::Ref(object)]),
        Value::Short(42)
    );
    let number =
        |class, name: &str, descriptor: &str| api::method(class, name, descriptor).unwrap().id;
    let intermediate = number(DIGEST, "doIntermediateMessageDigest", "([BS)S");
    let inherited = Value::Short(i16::try_from(intermediate.0).unwrap());
    assert_eq!(call(&mut vm, "api", &[Value::Ref(object)]), inherited);
    assert_eq!(
        vm.find_virtual(
            object,
            api::virtual_method(DIGEST, "doIntermediateMessageDigest", "([BS)S")
        ),
        Ok(MethodRef::Native(intermediate))
    );
    // What the superclass always had keeps its token in the subclass.
    let length = number(DIGEST, "getLength", "()B");
    assert_eq!(
        call(&mut vm, "length", &[Value::Ref(object)]),
        Value::Short(i16::try_from(length.0).unwrap())
    );
}

/// In Java Card 3.2 the same method has token 6 in MessageDigest and 7 in InitializedMessageDigest.
#[test]
fn a_call_through_a_superclass_reaches_the_method_not_the_number() {
    let (cap, offsets) = own_digest();
    let mut vm = Vm::new(ApiLayout::new(), Limits::default());
    let package = vm.link(&cap).unwrap();
    let owner = Owner::applet(package, AppletId(1));
    let initialized = "javacard/security/InitializedMessageDigest";
    assert_eq!(
        api::class(DIGEST)
            .unwrap()
            .token_of("doIntermediateMessageDigest", "([BS)S"),
        Some(6)
    );
    assert_eq!(
        api::class(initialized)
            .unwrap()
            .token_of("doIntermediateMessageDigest", "([BS)S"),
        Some(7)
    );
    let object = vm
        .new_instance(initialized, owner, Storage::Persistent)
        .unwrap();
    let api = MethodRef::Code {
        package,
        offset: offsets["api"],
    };
    let Ok(Some(Value::Short(number))) = vm.invoke(&mut Numbers, api, &[Value::Ref(object)], owner)
    else {
        panic!("no number")
    };
    let called = MethodId(u16::try_from(number).unwrap()).get();
    assert_eq!(called.name, "doIntermediateMessageDigest");
}

fn link(change: impl FnOnce(&mut Package)) -> Result<PackageId, LinkError> {
    let mut package = fixture::package();
    change(&mut package);
    Vm::new(ApiLayout::new(), Limits::default()).link(&package.build().unwrap().0)
}

fn refused_in(component: ComponentTag, words: &str, change: impl FnOnce(&mut Package)) {
    match link(change) {
        Err(LinkError::Invalid {
            component: found,
            reason,
            ..
        }) if found == component && reason.contains(words) => {}
        other => panic!("{words}: {other:?}"),
    }
}

#[test]
fn what_can_not_be_linked_is_refused_with_its_place() {
    use ComponentTag as Tag;
    assert!(link(|_| ()).is_ok());
    refused_in(Tag::Class, "other arguments", |package| {
        package.method("wrong", 2, 0, 1, "sconst_0; sreturn");
        package.class(Class {
            public: (1, vec!["wrong"]),
            ..Class::new("D", "A", "")
        });
    });
    refused_in(Tag::Class, "nowhere defined", |package| {
        package.class(Class {
            public: (1, vec!["-"]),
            ..Class::new("D", "java/lang/Object", "")
        });
    });
    refused_in(Tag::Class, "without `this`", |package| {
        package.class(Class {
            public: (1, vec!["nothing"]),
            ..Class::new("D", "java/lang/Object", "")
        });
    });
    refused_in(Tag::Class, "superclass is an interface", |package| {
        package.class(Class::new("D", "I", ""));
    });
    refused_in(Tag::Class, "superclass is final", |package| {
        package.class(Class::new("D", "javacard/framework/APDU", ""));
    });
    refused_in(Tag::Class, "class in place of an interface", |package| {
        package.class(Class {
            interfaces: vec![("A", vec![])],
            ..Class::new("D", "java/lang/Object", "")
        });
    });
    refused_in(Tag::Class, "without a virtual method", |package| {
        package.class(Class {
            interfaces: vec![("I", vec![9, 9])],
            ..Class::new("D", "java/lang/Object", "")
        });
    });
    let a = fixture::package().class_ref("A");
    refused_in(Tag::ConstantPool, "does not declare the field", |package| {
        package.entry("bad", CpEntry::InstanceField { class: a, token: 5 });
    });
    refused_in(Tag::ConstantPool, "no such method", |package| {
        package.entry(
            "bad",
            CpEntry::VirtualMethod {
                class: a,
                token: 40,
            },
        );
    });
    refused_in(Tag::ConstantPool, "unknown class", |package| {
        package.entry(
            "bad",
            CpEntry::ExternalStaticMethod {
                package: 1,
                class: 200,
                token: 0,
            },
        );
    });
    refused_in(Tag::ConstantPool, "no such method", |package| {
        package.entry(
            "bad",
            CpEntry::ExternalStaticMethod {
                package: 1,
                class: 3,
                token: 200,
            },
        );
    });
    let object = fixture::package().class_ref("java/lang/Object");
    refused_in(Tag::ConstantPool, "another file's class", |package| {
        package.entry(
            "bad",
            CpEntry::SuperMethod {
                class: object,
                token: 0,
            },
        );
    });
    refused_in(Tag::ConstantPool, "no such static field", |package| {
        // Between two references.
        package.entry("bad", CpEntry::StaticField(1));
    });
}

/// What an instruction says of a method of the API, the API says too; nobody makes what only the platform gives out.
#[test]
fn an_instruction_gets_the_kind_of_api_method_that_it_calls() {
    for code in [
        "aload_0; invokestatic #java/lang/Object.<init>()V; return",
        "aload_0; sconst_0; sconst_0; invokespecial #javacard/framework/Util.setShort([BSS)S; pop; return",
        "new #javacard/framework/APDU; pop; return",
        "new #javacard/framework/Util; pop; return",
        "new #javacard/framework/Applet; pop; return",
        "new #javacard/framework/Shareable; pop; return",
    ] {
        refused_in(
            ComponentTag::Method,
            "not what the instruction",
            |package| {
                package.method("wrong", 1, 0, 3, code);
                package.applet(&[0xF0, 0x54, 0x45, 0x53, 0x54, 1], "wrong");
            },
        );
    }
    let made = link(|package| {
        let code = "new #javacard/framework/OwnerPIN; dup; sconst_1; sconst_1; \
                    invokespecial #javacard/framework/OwnerPIN.<init>(BB)V; areturn";
        package.method("right", 0, 0, 4, code);
        package.applet(&[0xF0, 0x54, 0x45, 0x53, 0x54, 1], "right");
    });
    assert!(made.is_ok(), "{made:?}");
}

#[test]
fn imports_must_be_there_in_a_version_that_does() {
    let aid: Vec<u8> = vec![0xF0, 1, 2, 3, 4];
    assert!(matches!(
        link(|package| {
            package.import(&aid);
        }),
        Err(LinkError::MissingImport(_))
    ));
    // `javacard.framework` of a version that is still to come, or of another generation.
    for version in [[200, 1], [0, 2]] {
        let mut raw = fixture::package().components().0;
        let import = &mut raw
            .iter_mut()
            .find(|(tag, _)| *tag == ComponentTag::Import)
            .unwrap()
            .1;
        let at = import
            .windows(7)
            .position(|aid| aid == [0xA0, 0, 0, 0, 0x62, 1, 1])
            .unwrap()
            - 3;
        import[at..at + 2].copy_from_slice(&version);
        let cap = CapFile::from_components(raw).unwrap();
        let linked = Vm::new(ApiLayout::new(), Limits::default()).link(&cap);
        assert!(
            matches!(linked, Err(LinkError::ImportVersion(_))),
            "{linked:?}"
        );
    }
}

#[test]
fn a_package_that_fails_to_link_leaves_nothing() {
    let mut vm = Vm::new(ApiLayout::new(), Limits::default());
    let mut package = fixture::package();
    package.method("stray", 0, 0, 0, "goto 100");
    package.applet(&[0xF0, 0x54, 0x45, 0x53, 0x54, 1], "stray");
    assert!(vm.link(&package.build().unwrap().0).is_err());
    assert_eq!(vm.take_changes(), []);
    assert_eq!(vm.packages().count(), 0);
    let id = vm.link(&fixture::package().build().unwrap().0).unwrap();
    assert_eq!(id, PackageId(1));
    assert!(
        vm.owner(ObjRef(1)).is_ok(),
        "the static array got the first handle"
    );
}
