//! The same class files on a JVM and, converted, on the card's VM: every construct, every pair of
//! operators in every context, with edge values.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use hydra_cap::api::{ApiFlags, MethodId};
use hydra_convert::sdk::Javac;
use hydra_convert::{Config, Output};
use hydra_vm::{ApiLayout, AppletId, Host, Limits, MethodRef, ObjRef, Owner, Stop, Value, Vm};
use support::{Workbench, aid, vectors};

/// Only constructors and `Object.equals` are called.
struct JavaLang;

impl Host for JavaLang {
    fn native(
        &mut self,
        _: &mut Vm,
        method: MethodId,
        arguments: &[Value],
    ) -> Result<Option<Value>, Stop> {
        match method.get().name {
            "<init>" => Ok(None),
            "equals" => Ok(Some(Value::boolean(arguments[0] == arguments[1]))),
            other => panic!("{other} is not part of the oracle"),
        }
    }
}

/// What the JVM prints for these classes, which lie in `classes`.
fn jvm(bench: &Workbench, folder: &std::path::Path, names: &[String]) -> String {
    let main = vectors().join("convert/oracle/Main.java");
    let classes = folder.join("classes");
    Javac::find().compile(&[main], &[], &classes).unwrap();
    let java = match std::env::var_os("JAVA_HOME") {
        Some(home) => std::path::PathBuf::from(home).join("bin").join("java"),
        None => "java".into(),
    };
    let output = Command::new(java)
        .current_dir(bench.folder())
        .arg("-cp")
        .arg(&classes)
        .arg("run.Main")
        .args(names)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The package on the VM, and its public static methods by class and name.
struct Card {
    vm: Vm,
    owner: Owner,
    methods: BTreeMap<(String, String), MethodRef>,
}

impl Card {
    fn new(output: &Output) -> Self {
        let mut vm = Vm::new(ApiLayout::new(), Limits::default());
        let package = vm.link(&output.cap_file).unwrap();
        let mut methods = BTreeMap::new();
        for class in &output.export.classes {
            let exported = &output.cap_file.exports()[usize::from(class.token)];
            for method in class
                .methods
                .iter()
                .filter(|m| m.flags.has(ApiFlags::STATIC))
            {
                let offset = exported.static_methods[usize::from(method.token)];
                let name = (class.name.replace('/', "."), method.name.clone());
                methods.insert(name, MethodRef::Code { package, offset });
            }
        }
        Self {
            vm,
            owner: Owner::applet(package, AppletId(1)),
            methods,
        }
    }

    fn call(&mut self, class: &str, method: &str, arguments: &[Value]) -> String {
        let method = self.methods[&(class.to_owned(), method.to_owned())];
        match self.vm.invoke(&mut JavaLang, method, arguments, self.owner) {
            Ok(Some(Value::Short(value))) => value.to_string(),
            Ok(Some(Value::Int(value))) => value.to_string(),
            Ok(other) => panic!("{other:?}"),
            Err(Stop::Thrown(exception)) => {
                let name = self.vm.class_name(exception).unwrap().unwrap();
                name.replace('/', ".")
            }
            Err(Stop::Fault(fault)) => format!("{fault:?}"),
        }
    }
}

fn value(text: &str) -> Value {
    let (kind, number) = text.split_at(1);
    match kind {
        "I" => Value::Int(number.parse().unwrap()),
        _ => Value::Short(number.parse().unwrap()),
    }
}

/// Compares every line; says how many there were.
fn compare(output: &Output, expected: &str) -> usize {
    let mut card = Card::new(output);
    let mut wrong = String::new();
    let mut count = 0;
    for line in expected.lines() {
        let mut parts = line.split(' ');
        let mut next = || parts.next().unwrap();
        let (class, method, arguments, result) = (next(), next(), next(), next());
        let values: Vec<Value> = arguments
            .split(',')
            .filter(|a| !a.is_empty())
            .map(value)
            .collect();
        let actual = card.call(class, method, &values);
        if actual != result[1..] {
            let _ = writeln!(wrong, "{line}, the card says {actual}");
        }
        count += 1;
        if count % 64 == 0 {
            card.vm.collect(&[] as &[ObjRef]);
        }
    }
    let first: Vec<&str> = wrong.lines().take(20).collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.lines().count(),
        first.join("\n")
    );
    count
}

#[test]
fn every_construct_answers_as_on_the_jvm() {
    let bench = Workbench::new("3.0.5");
    let text = std::fs::read_to_string(vectors().join("convert/oracle/Cases.java")).unwrap();
    let out = bench.folder().join("cases");
    let classes = bench.compile_into(&[("oracle/Cases.java", &text)], &out);
    let output = hydra_convert::convert(
        &classes,
        &bench.exports,
        &Config::library(aid("F04F5241434C45")),
    )
    .unwrap_or_else(|all| panic!("{}", support::listing(&all)));
    let count = compare(&output, &jvm(&bench, &out, &["oracle.Cases".to_owned()]));
    assert!(count > 3000, "{count}");
}

const OPERATORS: [&str; 11] = ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", ">>>"];
const TYPES: [&str; 3] = ["byte", "short", "int"];

/// How an expression's value is used: the result's type, and the text around it.
const CONTEXTS: [(&str, &str, &str); 6] = [
    ("byte", "(byte) (", ")"),
    ("short", "(short) (", ")"),
    ("int", "", ""),
    ("boolean", "(", ") > 100"),
    ("short", "T[(", ") & 3]"),
    ("short", "(short) ((", ") >>> 5)"),
];

/// Classes `oracle.Gen0`… of at most 200 methods each.
fn classes_of(methods: &[String]) -> Vec<(String, String)> {
    methods
        .chunks(200)
        .enumerate()
        .map(|(i, chunk)| {
            let body: String = chunk.iter().map(|m| format!("  {m}\n")).collect();
            let table = "  static final short[] T = {3, -4, 500, -600};\n";
            (
                format!("oracle/Gen{i}.java"),
                format!("package oracle;\npublic class Gen{i} {{\n{table}{body}}}\n"),
            )
        })
        .collect()
}

fn run_generated(methods: &[String], at_least: usize) {
    let bench = Workbench::new("3.0.5");
    let sources = classes_of(methods);
    let borrowed: Vec<(&str, &str)> = sources
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let out = bench.folder().join("generated");
    let classes = bench.compile_into(&borrowed, &out);
    let output = hydra_convert::convert(
        &classes,
        &bench.exports,
        &Config::library(aid("F04F5241434C46")),
    )
    .unwrap_or_else(|all| panic!("{}", support::listing(&all)));
    let names: Vec<String> = (0..sources.len())
        .map(|i| format!("oracle.Gen{i}"))
        .collect();
    let count = compare(&output, &jvm(&bench, &out, &names));
    assert!(count > at_least, "{count}");
}

#[test]
fn every_operator_on_every_type_in_every_context() {
    let mut methods = Vec::new();
    for a in TYPES {
        for b in TYPES {
            for operator in OPERATORS {
                for (result, before, after) in CONTEXTS {
                    let n = methods.len();
                    methods.push(format!(
                        "public static {result} m{n}({a} a, {b} b) {{ return {before}a {operator} b{after}; }}"
                    ));
                }
            }
        }
    }
    run_generated(&methods, 50_000);
}

#[test]
fn every_pair_of_operators_on_shorts() {
    let mut methods = Vec::new();
    for outer in OPERATORS {
        for inner in OPERATORS {
            for (result, before, after) in CONTEXTS {
                let n = methods.len();
                methods.push(format!(
                    "public static {result} m{n}(short a, short b, short c) {{ return {before}(a {inner} b) {outer} c{after}; }}"
                ));
                let n = methods.len();
                methods.push(format!(
                    "public static {result} m{n}(short a, byte b, short c) {{ int x = a {inner} b; short y = (short) x; return {before}c {outer} (y {inner} x){after}; }}"
                ));
            }
        }
    }
    run_generated(&methods, 200_000);
}
