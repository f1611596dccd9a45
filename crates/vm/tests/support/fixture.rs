//! The package that opcode cases run in: two classes, two interfaces, static fields of each kind, and small methods.

use hydra_cap::CpEntry;

use hydra_testkit::assembler::{Class, Interface, Package};

/// Fields of class A: `r` reference, `s` short, `b` byte, `i` int (two words).
pub(crate) fn package() -> Package {
    package_with(|_| ())
}

/// With more classes, which must be declared before anything refers to one.
pub(crate) fn package_with(declare: impl FnOnce(&mut Package)) -> Package {
    let mut package = Package::new(&[0xF0, 0x54, 0x45, 0x53, 0x54]);
    package.interface(Interface {
        name: "I",
        shareable: false,
        supers: vec![],
    });
    package.interface(Interface {
        name: "J",
        shareable: false,
        supers: vec!["I".into()],
    });
    package.class(Class {
        public: (1, vec!["A.get", "A.sum", "A.wide"]),
        package: (0, vec!["A.hidden"]),
        interfaces: vec![("I", vec![3, 1])],
        ..Class::new("A", "java/lang/Object", "rssi")
    });
    package.class(Class {
        public: (1, vec!["B.get", "A.sum", "A.wide"]),
        package: (0, vec!["A.hidden"]),
        interfaces: vec![("I", vec![3, 1]), ("J", vec![1, 2])],
        ..Class::new("B", "A", "s")
    });
    package.class(Class {
        public: (1, vec!["C.abstract"]),
        ..Class::new("C", "java/lang/Object", "")
    });
    declare(&mut package);
    // Static fields: a byte array, a null reference, then byte 05, short 1234, int 89ABCDEF.
    package.statics(
        &[&[10, 20, 30]],
        1,
        &[5, 0x12, 0x34, 0x89, 0xAB, 0xCD, 0xEF],
    );
    for (name, offset) in [
        ("S.array", 0),
        ("S.r", 2),
        ("S.b", 4),
        ("S.s", 5),
        ("S.i", 7),
    ] {
        package.entry(name, CpEntry::StaticField(offset));
    }
    let (a, b, c) = (
        package.class_ref("A"),
        package.class_ref("B"),
        package.class_ref("C"),
    );
    for (name, token) in [("A.r", 0), ("A.s", 1), ("A.b", 2), ("A.i", 3)] {
        package.entry(name, CpEntry::InstanceField { class: a, token });
    }
    package.entry("B.x", CpEntry::InstanceField { class: b, token: 0 });
    for (name, token) in [
        ("A.get()", 1),
        ("A.sum()", 2),
        ("A.wide()", 3),
        ("A.hidden()", 0x80),
    ] {
        package.entry(name, CpEntry::VirtualMethod { class: a, token });
    }
    package.entry(
        "C.abstract()",
        CpEntry::VirtualMethod { class: c, token: 1 },
    );
    package.entry("super.get()", CpEntry::SuperMethod { class: b, token: 1 });
    package.method("A.<init>", 1, 0, 4, "aload_0; invokespecial #java/lang/Object.<init>()V; aload_0; sspush 1000; putfield_s #A.s; return");
    package.method(
        "B.<init>",
        1,
        0,
        2,
        "aload_0; invokespecial #=A.<init>; return",
    );
    package.method(
        "C.<init>",
        1,
        0,
        2,
        "aload_0; invokespecial #java/lang/Object.<init>()V; return",
    );
    package.method("A.get", 1, 0, 1, "getfield_s_this #A.s; sreturn");
    package.method(
        "B.get",
        1,
        0,
        2,
        "aload_0; invokespecial #super.get(); sconst_1; sadd; sreturn",
    );
    package.method(
        "A.sum",
        2,
        0,
        2,
        "getfield_s_this #A.s; sload_1; sadd; sreturn",
    );
    package.method("A.wide", 1, 0, 2, "getfield_i_this #A.i; ireturn");
    package.method("A.hidden", 1, 0, 1, "bspush 77; sreturn");
    package.method("C.abstract", 1, 0, 0, "abstract");
    package.method("twice", 1, 0, 2, "sload_0; dup; sadd; sreturn");
    package.method("itwice", 2, 0, 4, "iload_0; dup2; iadd; ireturn");
    package.method("fail", 0, 0, 2, "sconst_1; sconst_0; sdiv; sreturn");
    package.method("nothing", 0, 0, 0, "return");
    package.method("self", 1, 0, 1, "aload_0; areturn");
    package.method(
        "private",
        2,
        0,
        2,
        "getfield_s_this #A.s; sload_1; ssub; sreturn",
    );
    package.method("forever", 0, 0, 0, "invokestatic #=forever; return");
    package
}
