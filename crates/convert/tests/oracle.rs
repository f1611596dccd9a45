//! The same class files on a JVM and, converted, on the card's VM: every construct, every pair of
//! operators in every context, with edge values.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use hydra_cap::api::{ApiFlags, MethodId, Param};
use hydra_convert::sdk::Javac;
use hydra_convert::{Config, Output};
use hydra_vm::{
    ApiLayout, AppletId, Args, Host, Limits, MethodRef, ObjRef, Owner, Stop, Value, Vm,
};
use support::{Workbench, aid, vectors};

/// Only constructors and `Object.equals` are called.
struct JavaLang;

impl Host for JavaLang {
    fn native(&mut self, vm: &mut Vm, method: MethodId, args: Args) -> Result<Option<Value>, Stop> {
        match method.get().name {
            "<init>" => Ok(None),
            "equals" => {
                let object = Param::Instance(method.get().class);
                let [a, b] = [0, 1].map(|word| args.reference(vm, word, object));
                Ok(Some(Value::boolean(a? == b?)))
            }
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
            let exported = &output.cap_file.packages()[0].exports[usize::from(class.token)];
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

/// Java statements drawn from a seed: casts, compound assignments, loops, switches, arrays, fields
/// and exceptions over variables of every width.
struct Draw(u64, usize);

impl Draw {
    fn below(&mut self, n: u64) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64)]
    }

    fn variable(&mut self) -> &'static str {
        self.pick(&[
            "a", "b", "c", "s", "t", "x", "y", "f.fs", "f.fi", "f.fb", "P[i]", "Q[i]", "R[i]",
        ])
    }

    fn expression(&mut self, depth: u32) -> String {
        if depth == 0 {
            return match self.below(4) {
                0 => self
                    .pick(&[
                        "0", "1", "-1", "7", "255", "256", "32767", "-32768", "65535", "70000",
                        "-5",
                    ])
                    .to_owned(),
                _ => self.variable().to_owned(),
            };
        }
        let left = self.expression(depth - 1);
        match self.below(14) {
            0 => format!("(short) ({left})"),
            1 => format!("(byte) ({left})"),
            2 => format!("-({left})"),
            3 => format!("~({left})"),
            4 => {
                let condition = self.condition(depth - 1);
                let right = self.expression(depth - 1);
                format!("({condition} ? {left} : {right})")
            }
            5 => format!("g((short) ({left}), {})", self.expression(depth - 1)),
            6 => {
                let target = self.pick(&["s", "x", "f.fs", "f.fi", "f.fb", "P[i]", "R[i]"]);
                let step = self.pick(&["++", "--"]);
                if self.below(2) == 0 {
                    format!("({target}{step} + ({left}))")
                } else {
                    format!("({step}{target} ^ ({left}))")
                }
            }
            7 => format!("P[({left}) & 3]"),
            _ => {
                let operator = self.pick(&OPERATORS);
                let right = self.expression(depth - 1);
                format!("({left} {operator} {right})")
            }
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        let left = self.expression(depth);
        let right = self.expression(depth);
        let compare = self.pick(&["<", "<=", ">", ">=", "==", "!="]);
        format!("({left} {compare} {right})")
    }

    fn statement(&mut self, depth: u32) -> String {
        let kinds = if depth == 0 { 4 } else { 10 };
        self.1 += 1;
        let k = format!("k{}", self.1);
        match self.below(kinds) {
            0 => format!("s = (short) {};", self.wrapped()),
            1 => format!("x = {};", self.expression(3)),
            2 => {
                let target = self.pick(&[
                    "s", "t", "x", "y", "f.fs", "f.fi", "f.fb", "P[i]", "Q[i]", "R[i]", "z",
                ]);
                let operator = self.pick(&OPERATORS);
                format!("{target} {operator}= {};", self.expression(2))
            }
            3 => format!("y = {}; t = (byte) {};", self.expression(2), self.wrapped()),
            4 => {
                let condition = self.condition(2);
                format!(
                    "if {condition} {{ {} }} else {{ {} }}",
                    self.block(depth - 1),
                    self.block(depth - 1)
                )
            }
            5 => format!(
                "for (int {k} = 0; {k} < {}; {k}++) {{ x += {k}; {} }}",
                self.below(5),
                self.block(depth - 1)
            ),
            6 => format!(
                "for (short {k} = {}; {k} > 0; {k} -= 3) {{ s ^= {k}; {} }}",
                self.below(12),
                self.block(depth - 1)
            ),
            7 => format!(
                "switch ({}) {{ case 0: {} case 1: {} break; case -1: {} break; case 100: {} break; default: {} }}",
                self.expression(1),
                self.statement(0),
                self.statement(0),
                self.statement(0),
                self.statement(0),
                self.statement(0)
            ),
            8 => format!(
                "try {{ {} }} catch (ArithmeticException {k}) {{ {} }}",
                self.block(depth - 1),
                self.statement(0)
            ),
            _ => format!(
                "{{ int {k} = {}; short m{k} = (short) {}; x ^= {k} + m{k}; {} y -= m{k}; }}",
                self.expression(2),
                self.wrapped(),
                self.statement(0)
            ),
        }
    }

    fn wrapped(&mut self) -> String {
        format!("({})", self.expression(3))
    }

    fn block(&mut self, depth: u32) -> String {
        (0..=self.below(2))
            .map(|_| self.statement(depth))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn method(&mut self, name: &str) -> String {
        let body: Vec<String> = (0..4).map(|_| self.statement(2)).collect();
        let (kind, cast) = [("int", ""), ("short", "(short) "), ("byte", "(byte) ")][self.below(3)];
        format!(
            "public static {kind} {name}(short a, byte b, int c) {{ \
             short s = a, z = 9; byte t = b; int x = c, y = a; short i = (short) (b & 3); \
             short[] P = {{a, 2, -3, 400}}; byte[] Q = {{b, 5, -6, 7}}; int[] R = {{c, 70000, -8, 9}}; F f = new F(); \
             {} return {cast}(s ^ t * 3 + x ^ y + z + f.fs - f.fi + f.fb ^ P[0] + P[1] * Q[2] - R[3] ^ R[0]); }}",
            body.join(" ")
        )
    }
}

#[test]
fn programs_drawn_at_random() {
    let fields = "public class F { short fs; int fi; byte fb; }";
    let bench = Workbench::new("3.0.5");
    for seed in [1, 2, 3, 0x5EED_1234_ABCD_EF01, 0x0123_4567_89AB_CDEF] {
        let mut draw = Draw(seed, 0);
        let methods: Vec<String> = (0..40).map(|i| draw.method(&format!("m{i}"))).collect();
        let text = format!(
            "package oracle; public class Drawn {{ static int g(short p, int q) {{ return p * 3 - (q >> 2); }}\n{}\n}}",
            methods.join("\n")
        );
        let fields = format!("package oracle; {fields}");
        let out = bench.folder().join(format!("drawn-{seed}"));
        let sources = [
            ("oracle/Drawn.java", text.as_str()),
            ("oracle/F.java", fields.as_str()),
        ];
        let classes = bench.compile_into(&sources, &out);
        let output = hydra_convert::convert(
            &classes,
            &bench.exports,
            &Config::library(aid("F04F5241434C47")),
        )
        .unwrap_or_else(|all| panic!("{}", support::listing(&all)));
        let count = compare(&output, &jvm(&bench, &out, &["oracle.Drawn".to_owned()]));
        assert!(count >= 12_000, "{count}");
    }
}
