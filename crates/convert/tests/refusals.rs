//! What Java Card lacks is refused, every time with class, member and line, and all at once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use hydra_cap::Format;
use hydra_convert::{Config, Diagnostic, IntSupport, convert};
use support::{Workbench, aid};

fn library() -> Config {
    Config::library(aid("F04D5900000001"))
}

fn refused(bench: &Workbench, text: &str, config: &Config) -> Vec<Diagnostic> {
    match bench.convert(&[("my/Code.java", text)], config) {
        Ok(_) => panic!("converted:\n{text}"),
        Err(diagnostics) => diagnostics,
    }
}

#[test]
fn each_thing_that_java_card_lacks() {
    let bench = Workbench::new("3.0.5");
    for (body, line, words) in [
        ("\nlong f() { return 1L; }", None, "type long"),
        ("void f() {\nlong x = 1L; }", Some(2), "type long"),
        (
            "void f() {\nint x = (int) 1.5f * 2; float y = x; }",
            Some(2),
            "type float",
        ),
        ("double d;", None, "type double"),
        ("void f() {\nchar c = 'x'; c++; }", Some(2), "type char"),
        ("char[] c;", None, "type char"),
        (
            "void f() {\nchar[] c = new char[3]; }",
            Some(2),
            "type char",
        ),
        (
            "String s;",
            None,
            "java.lang.String is not in this Java Card API",
        ),
        (
            "void f() {\nObject o = \"text\"; }",
            Some(2),
            "java.lang.String",
        ),
        ("byte[][] b;", None, "arrays of arrays"),
        (
            "void f() {\nObject o = new byte[3][]; }",
            Some(2),
            "arrays of arrays",
        ),
        (
            "void f() {\nObject o = new byte[3][4]; }",
            Some(2),
            "arrays of arrays",
        ),
        ("synchronized void f() { }", None, "synchronized"),
        (
            "void f() {\nsynchronized (this) { } }",
            Some(2),
            "synchronized",
        ),
        ("native void f();", None, "native"),
        ("volatile short s;", None, "volatile"),
        ("transient short s;", None, "transient"),
        ("enum E { A }", None, "enum"),
        ("@interface A { }", None, "annotation"),
        (
            "interface I { default void f() { } }",
            None,
            "interface methods with a body",
        ),
        (
            "interface I { byte[] B = {1}; }",
            None,
            "compile-time constants",
        ),
        ("void f() {\nRunnable r = () -> { }; }", Some(2), "lambdas"),
        (
            "Thread t;",
            None,
            "java.lang.Thread is not in this Java Card API",
        ),
        (
            "void f(Object o) {\no.hashCode(); }",
            Some(2),
            "java.lang.Object.hashCode()I",
        ),
        (
            "void f(Object o) {\nObject c = o.getClass(); }",
            Some(2),
            "getClass",
        ),
        (
            "void f() {\nObject c = Code.class; }",
            Some(2),
            "class literals",
        ),
        (
            "\nstatic Object o = new Object();",
            Some(2),
            "static initializer",
        ),
        (
            "static short s;\nstatic { s = (short) (s / s); }",
            Some(2),
            "divides by zero",
        ),
        (
            "static byte[] a = {1};\nstatic byte[] b = a;",
            Some(2),
            "static initializer",
        ),
        (
            "short f(byte[] b, int i) {\nreturn b[i]; }",
            Some(2),
            "array index",
        ),
        (
            "short f(byte[] b, short i, short j) {\nreturn b[i + j]; }",
            Some(2),
            "array index",
        ),
        (
            "Object f(int n) {\nreturn new byte[n]; }",
            Some(2),
            "array length",
        ),
        (
            "void f() {\ntry { } finally { System.exit(1); } }",
            Some(2),
            "java.lang.System",
        ),
        (
            "abstract static class A { abstract void f(); }\nstatic class B extends A { public void f() { } }",
            None,
            "package-visible",
        ),
        (
            "void f(byte[] b) {\nfor (byte x : b) { Object o = Byte.valueOf(x); } }",
            Some(2),
            "java.lang.Byte",
        ),
        (
            "void f(int n) { n++;\nassert n > 0; }",
            None,
            "java.lang.AssertionError",
        ),
        (
            "static class Big extends java.util.ArrayList { }",
            None,
            "java.util.ArrayList",
        ),
        (
            "static class R implements java.rmi.Remote { }",
            None,
            "remote",
        ),
    ] {
        let text = format!("package my; public class Code {{ {body} }}");
        let diagnostics = refused(&bench, &text, &library());
        let found = diagnostics.iter().find(|d| d.message.contains(words));
        let Some(found) = found else {
            panic!("{body}\ngave{}", support::listing(&diagnostics));
        };
        assert!(found.class.starts_with("my.Code"), "{found}");
        if let Some(line) = line {
            assert_eq!(found.line, Some(line), "{found}");
        }
        let shown = found.to_string();
        assert!(
            shown.contains("Code.java") && shown.contains("my.Code"),
            "{shown}"
        );
    }
}

#[test]
fn everything_is_said_at_once_and_in_order() {
    let bench = Workbench::new("3.0.5");
    let text = "package my; public class Code {\n\
        String s;\n\
        long f() { return 2; }\n\
        void g(Object o) {\n\
            o.hashCode();\n\
            o.toString();\n\
        }\n\
        }";
    let diagnostics = refused(&bench, text, &library());
    let messages: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert!(messages.len() >= 4, "{messages:?}");
    for part in [
        "my.Code.s:",
        "f()J",
        "Code.java:5: my.Code.g",
        "Code.java:6: my.Code.g",
    ] {
        assert!(
            messages.iter().any(|m| m.contains(part)),
            "{part}: {messages:?}"
        );
    }
    let mut sorted = diagnostics.clone();
    sorted.sort();
    assert_eq!(sorted, diagnostics);
}

#[test]
fn without_int_every_place_that_needs_it_is_named() {
    let bench = Workbench::new("3.0.5");
    let config = Config {
        int: IntSupport::Refused,
        ..library()
    };
    let fine = "package my; public class Code {\n\
        static short average(short a, short b) { return (short) ((short) (a + b) / 2); }\n\
        static short low(byte[] b, short o) { return (short) ((b[o] << 8) | (b[(short) (o + 1)] & 0xFF)); }\n\
        static short count(short n) { int sum = 0; for (short i = 0; i < n; i++) sum += i; return (short) sum; }\n\
        }";
    let output = bench.convert(&[("my/Code.java", fine)], &config).unwrap();
    assert_eq!(
        output.cap_file.header().flags & hydra_cap::Header::ACC_INT,
        0
    );
    let wide = "package my; public class Code {\n\
        int field;\n\
        static short average(short a, short b) {\n\
            return (short) ((a + b) / 2);\n\
        }\n\
        static boolean more(short a, short b) {\n\
            return a + b > 0;\n\
        }\n\
        static void give(int[] x) { }\n\
        }";
    let diagnostics = refused(&bench, wide, &config);
    let places: Vec<(String, Option<u16>)> = diagnostics
        .iter()
        .map(|d| (d.member.clone(), d.line))
        .collect();
    for place in [
        ("field".to_owned(), None),
        ("average(SS)S".to_owned(), Some(4)),
        ("more(SS)Z".to_owned(), Some(7)),
        ("give([I)V".to_owned(), None),
    ] {
        assert!(places.contains(&place), "{place:?} in {places:?}");
    }
    let output = bench
        .convert(&[("my/Code.java", wide)], &library())
        .unwrap();
    assert_eq!(
        output.cap_file.header().flags & hydra_cap::Header::ACC_INT,
        1
    );
}

#[test]
fn applets_are_checked() {
    let bench = Workbench::new("3.0.5");
    let text = "package my; import javacard.framework.*;\n\
        public class Code extends Applet { public void process(APDU a) { } }\n\
        class Other { public static void install(byte[] b, short o, byte l) { } }";
    for (class, module, words) in [
        ("Code", "F04D590000000101", "install(byte[], short, byte)"),
        (
            "Other",
            "F04D590000000101",
            "subclass of javacard.framework.Applet",
        ),
        ("Missing", "F04D590000000101", "not in the package"),
        ("my.Code", "F04D590001000101", "same five bytes"),
    ] {
        let config = library().with_applet(class, aid(module));
        let config = if words.contains("same five") {
            Config {
                aid: aid("F04D59000A0001"),
                ..config
            }
        } else {
            config
        };
        let diagnostics = refused(&bench, text, &config);
        assert!(
            diagnostics.iter().any(|d| d.message.contains(words)),
            "{words}:{}",
            support::listing(&diagnostics)
        );
    }
}

#[test]
fn what_is_no_class_file_is_told_apart() {
    let bench = Workbench::new("3.0.5");
    let nothing: [&[u8]; 0] = [];
    let error = convert(&nothing, &bench.exports, &library()).unwrap_err();
    assert_eq!(error[0].message, "no class files");
    let error = convert(&[b"not a class"], &bench.exports, &library()).unwrap_err();
    assert!(
        error[0].message.contains("not a class file"),
        "{}",
        error[0]
    );
    let good = bench.compile(&[(
        "my/Code.java",
        "package my; public class Code { short f(short a) { return a; } }",
    )]);
    let mut newer = good[0].clone();
    newer[7] = 61;
    let error = convert(&[newer], &bench.exports, &library()).unwrap_err();
    assert!(error[0].message.contains("--release 8"), "{}", error[0]);
    for cut in 0..good[0].len() {
        assert!(convert(&[&good[0][..cut]], &bench.exports, &library()).is_err());
    }
    for at in 0..good[0].len() {
        for flip in [0x01, 0x10, 0xFF] {
            let mut bad = good[0].clone();
            bad[at] ^= flip;
            // Whatever comes out, it is an answer and no panic.
            if let Ok(output) = convert(&[bad], &bench.exports, &library()) {
                assert_eq!(output.cap_file.header().format, Format::V2_1);
            }
        }
    }
    let other = bench.compile(&[("your/Code.java", "package your; public class Code { }")]);
    let error = convert(&[&good[0], &other[0]], &bench.exports, &library()).unwrap_err();
    assert!(
        error
            .iter()
            .any(|d| d.message.contains("one package at a time"))
    );
    let error = convert(&[&good[0], &good[0]], &bench.exports, &library()).unwrap_err();
    assert!(error.iter().any(|d| d.message.contains("given twice")));
}

#[test]
fn a_missing_export_file_is_named() {
    let bench = Workbench::new("3.0.5");
    let classes = bench.compile(&[
        (
            "lib/Base.java",
            "package lib; public class Base { public static short f() { return 1; } }",
        ),
        (
            "my/Code.java",
            "package my; public class Code { short f() { return lib.Base.f(); } }",
        ),
    ]);
    let error = convert(&classes[1..], &bench.exports, &library()).unwrap_err();
    assert!(
        error[0].message.contains("no export file of package lib"),
        "{}",
        error[0]
    );
}
