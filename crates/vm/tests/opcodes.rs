//! Each of the 185 bytecodes against cases written as data, its edges among them: `vectors/opcodes/*.txt`, expected results from JCVM 3.0.5 §7.5.
//!
//! A line is `opcode | arguments | code | result`. Arguments and results: `7` short, `7i` int, `null`, `void`,
//! `throws Class`, `fault Kind`, `link text`. The case counts for its opcode only if the interpreter really ran it
//! (or refused to link it).

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "support/fixture.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod fixture;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hydra_cap::api::{MethodId, Param};
use hydra_cap::opcode::Opcode;
use hydra_vm::{
    ApiLayout, AppletId, Args, Host, Limits, MethodRef, ObjRef, Observer, Owner, Package, Stop,
    Value, Vm,
};

/// Only `Object` has methods here.
struct Bare;

impl Host for Bare {
    fn native(&mut self, vm: &mut Vm, method: MethodId, args: Args) -> Result<Option<Value>, Stop> {
        match method.get().name {
            "<init>" => Ok(None),
            "equals" => {
                let object = Param::Instance(method.get().class);
                let [a, b] = [0, 1].map(|word| args.reference(vm, word, object));
                Ok(Some(Value::boolean(a? == b?)))
            }
            name => panic!("{name} is not expected"),
        }
    }
}

#[derive(Default)]
struct Seen(Mutex<BTreeSet<Opcode>>);

impl Observer for Seen {
    fn instruction(&self, _: &Package, _: u32, opcode: Opcode) {
        self.0.lock().unwrap().insert(opcode);
    }
}

fn value(text: &str) -> Value {
    match text.strip_suffix('i') {
        _ if text == "null" => Value::Ref(ObjRef::NULL),
        Some(int) => Value::Int(int.parse().unwrap_or_else(|_| panic!("{text} is no int"))),
        None => Value::Short(
            text.parse()
                .unwrap_or_else(|_| panic!("{text} is no short")),
        ),
    }
}

/// Runs a case and says what came of it, in the words of the data.
fn run(args: &str, code: &str, seen: &Arc<Seen>) -> String {
    let args: Vec<Value> = args.split_whitespace().map(value).collect();
    let words: u8 = args
        .iter()
        .map(|arg| if matches!(arg, Value::Int(_)) { 2 } else { 1 })
        .sum();
    let mut package = fixture::package();
    package.method("case", words, 6, 10, code);
    package.applet(&[0xF0, 0x54, 0x45, 0x53, 0x54, 1], "case");
    let (cap, offsets) = package.build().unwrap();
    let mut vm = Vm::new(ApiLayout::new(), Limits::default());
    let package = match vm.link(&cap) {
        Ok(package) => package,
        Err(error) => return format!("link {error}"),
    };
    vm.observe(Some(seen.clone()));
    vm.set_step_limit(Some(10_000));
    let method = MethodRef::Code {
        package,
        offset: offsets["case"],
    };
    match vm.invoke(
        &mut Bare,
        method,
        &args,
        Owner::applet(package, AppletId(1)),
    ) {
        Ok(None) => "void".into(),
        Ok(Some(Value::Short(value))) => value.to_string(),
        Ok(Some(Value::Int(value))) => format!("{value}i"),
        Ok(Some(Value::Ref(ObjRef::NULL))) => "null".into(),
        Ok(Some(Value::Ref(_))) => "object".into(),
        Err(Stop::Thrown(obj)) => {
            let name = vm.class_name(obj).unwrap().unwrap();
            format!("throws {}", name.rsplit('/').next().unwrap())
        }
        Err(Stop::Fault(fault)) => format!("fault {fault:?}"),
    }
}

/// A line of the data.
struct Case {
    place: String,
    opcode: Opcode,
    args: String,
    code: String,
    expected: String,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/opcodes");
    let mut cases = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{}:{}", path.file_name().unwrap().display(), number + 1);
            let columns: Vec<&str> = line.split('|').map(str::trim).collect();
            let &[name, args, code, expected] = columns.as_slice() else {
                panic!("{place}: four columns, please")
            };
            let opcode =
                Opcode::from_mnemonic(name).unwrap_or_else(|| panic!("{place}: no opcode {name}"));
            cases.push(Case {
                place,
                opcode,
                args: args.into(),
                code: code.into(),
                expected: expected.into(),
            });
        }
    }
    cases
}

#[test]
fn each_opcode_does_what_the_specification_says() {
    let mut ran = BTreeSet::new();
    let mut failures = Vec::new();
    let cases = cases();
    for case in &cases {
        let (place, name) = (&case.place, case.opcode.mnemonic());
        let seen = Arc::new(Seen::default());
        let found = run(&case.args, &case.code, &seen);
        let same = match case.expected.strip_prefix("link ") {
            Some(reason) => found.starts_with("link ") && found.contains(reason),
            None => found == case.expected,
        };
        if !same {
            let expected = &case.expected;
            failures.push(format!(
                "{place}: {name}: expected {expected}, found {found}"
            ));
        }
        if seen.0.lock().unwrap().contains(&case.opcode) {
            ran.insert(case.opcode);
        } else if !found.starts_with("link ") {
            failures.push(format!("{place}: {name} did not run"));
        }
    }
    let missing: Vec<_> = Opcode::ALL
        .iter()
        .filter(|opcode| !ran.contains(opcode))
        .map(|o| o.mnemonic())
        .collect();
    assert!(missing.is_empty(), "no case runs {missing:?}");
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

/// What every opcode's cases must show: results, exceptions and refusals, or values among arguments and operands.
/// An entry that ends in `*` is for all opcodes that begin so.
const EDGES: &[(&str, &[&str])] = &[
    ("nop", &["5"]),
    ("aconst_null", &["null", "fault OperandStack"]),
    ("sconst_*", &["fault OperandStack"]),
    ("iconst_*", &["fault OperandStack"]),
    ("bspush", &["127", "-128", "fault OperandStack"]),
    ("sspush", &["32767", "-32768", "fault OperandStack"]),
    ("bipush", &["127i", "-128i", "fault OperandStack"]),
    ("sipush", &["32767i", "-32768i", "fault OperandStack"]),
    (
        "iipush",
        &["2147483647i", "-2147483648i", "fault OperandStack"],
    ),
    (
        "aload",
        &["null", "fault TypeConfusion", "link local variable"],
    ),
    (
        "sload",
        &["-32768", "fault TypeConfusion", "link local variable"],
    ),
    (
        "iload",
        &["2147483647i", "fault TypeConfusion", "link local variable"],
    ),
    ("aload_*", &["null", "fault TypeConfusion"]),
    ("sload_*", &["32767", "fault TypeConfusion"]),
    ("iload_*", &["2147483647i", "fault TypeConfusion"]),
    (
        "astore",
        &[
            "fault TypeConfusion",
            "fault OperandStack",
            "link local variable",
        ],
    ),
    (
        "sstore",
        &[
            "32767",
            "fault TypeConfusion",
            "fault OperandStack",
            "link local variable",
        ],
    ),
    (
        "istore",
        &[
            "-2147483648i",
            "fault TypeConfusion",
            "fault OperandStack",
            "link local variable",
        ],
    ),
    ("astore_*", &["fault TypeConfusion", "fault OperandStack"]),
    (
        "sstore_*",
        &["-32768", "fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "istore_*",
        &["-2147483648i", "fault TypeConfusion", "fault OperandStack"],
    ),
    ("aaload", ARRAY),
    ("baload", ARRAY),
    ("saload", ARRAY),
    ("iaload", ARRAY),
    ("aastore", ARRAY),
    ("aastore", &["throws ArrayStoreException"]),
    ("bastore", ARRAY),
    ("bastore", &["255", "256", "-1"]),
    ("sastore", ARRAY),
    ("sastore", &["32767", "-32768"]),
    ("iastore", ARRAY),
    ("iastore", &["2147483647i", "-2147483648i"]),
    ("pop", &["fault OperandStack"]),
    ("pop2", &["fault OperandStack"]),
    ("dup", &["fault OperandStack"]),
    ("dup2", &["fault OperandStack"]),
    ("dup_x", &["fault OperandStack", "link no instruction"]),
    ("swap_x", &["fault OperandStack", "link no instruction"]),
    ("sadd", SHORTS),
    ("ssub", SHORTS),
    ("smul", SHORTS),
    ("sdiv", SHORTS),
    ("sdiv", &["throws ArithmeticException"]),
    ("srem", SHORTS),
    ("srem", &["throws ArithmeticException"]),
    ("sneg", SHORTS),
    ("sshl", SHORTS),
    ("sshl", SHIFTS),
    ("sshr", SHORTS),
    ("sshr", SHIFTS),
    ("sushr", SHORTS),
    ("sushr", SHIFTS),
    ("sand", SHORTS),
    ("sor", SHORTS),
    ("sxor", SHORTS),
    ("s2b", SHORTS),
    ("s2b", &["127", "128", "255", "256"]),
    ("s2i", SHORTS),
    ("iadd", INTS),
    ("isub", INTS),
    ("imul", INTS),
    ("idiv", INTS),
    ("idiv", &["throws ArithmeticException"]),
    ("irem", INTS),
    ("irem", &["throws ArithmeticException"]),
    ("ineg", INTS),
    ("ishl", INTS),
    ("ishl", INT_SHIFTS),
    ("ishr", INTS),
    ("ishr", INT_SHIFTS),
    ("iushr", INTS),
    ("iushr", INT_SHIFTS),
    ("iand", INTS),
    ("ior", INTS),
    ("ixor", INTS),
    ("i2b", INTS),
    ("i2s", INTS),
    ("icmp", INTS),
    (
        "sinc",
        &[
            "32767",
            "-32768",
            "-128",
            "127",
            "fault TypeConfusion",
            "link local variable",
        ],
    ),
    (
        "sinc_w",
        &[
            "32767",
            "-32768",
            "fault TypeConfusion",
            "link local variable",
        ],
    ),
    (
        "iinc",
        &[
            "2147483647i",
            "-2147483648i",
            "-128",
            "127",
            "fault TypeConfusion",
            "link local variable",
        ],
    ),
    (
        "iinc_w",
        &[
            "2147483647i",
            "-2147483648i",
            "32767",
            "-32768",
            "fault TypeConfusion",
            "link local variable",
        ],
    ),
    ("ifeq*", BRANCH),
    ("ifne*", BRANCH),
    ("iflt*", BRANCH),
    ("ifge*", BRANCH),
    ("ifgt*", BRANCH),
    ("ifle*", BRANCH),
    (
        "ifnull*",
        &["0", "1", "fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "ifnonnull*",
        &["0", "1", "fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "if_acmp*",
        &["0", "1", "fault TypeConfusion", "fault OperandStack"],
    ),
    ("if_scmp*", BRANCH),
    (
        "goto*",
        &[
            "link branch out of the method",
            "link middle of an instruction",
            "fault StepLimit",
        ],
    ),
    ("jsr", &["fault TypeConfusion"]),
    ("ret", &["null", "fault TypeConfusion"]),
    ("stableswitch", &["32767", "-32768", "link no instruction"]),
    ("itableswitch", &["2147483647i", "-2147483648i"]),
    ("slookupswitch", &["-32768", "fault TypeConfusion"]),
    ("ilookupswitch", &["0i", "-2147483648i", "2147483647i"]),
    ("areturn", &["fault TypeConfusion", "fault OperandStack"]),
    (
        "sreturn",
        &["-32768", "fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "ireturn",
        &["-2147483648i", "fault TypeConfusion", "fault OperandStack"],
    ),
    ("return", &["void"]),
    ("getstatic_a", &["null", "link constant pool entry"]),
    ("getstatic_b", &["127", "link constant pool entry"]),
    ("getstatic_s", &["32767", "link constant pool entry"]),
    ("getstatic_i", &["2147483647i"]),
    (
        "putstatic_a",
        &["fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "putstatic_b",
        &["-128", "fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "putstatic_s",
        &["-32768", "fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "putstatic_i",
        &["-2147483648i", "fault TypeConfusion", "fault OperandStack"],
    ),
    (
        "getfield_*",
        &[
            "throws NullPointerException",
            "fault TypeConfusion",
            "link constant pool entry",
        ],
    ),
    (
        "putfield_a*",
        &["throws NullPointerException", "fault TypeConfusion"],
    ),
    (
        "putfield_b*",
        &["-128", "throws NullPointerException", "fault TypeConfusion"],
    ),
    (
        "putfield_s*",
        &[
            "32767",
            "-32768",
            "throws NullPointerException",
            "fault TypeConfusion",
        ],
    ),
    (
        "putfield_i*",
        &[
            "2147483647",
            "-2147483648",
            "throws NullPointerException",
            "fault TypeConfusion",
        ],
    ),
    (
        "invokevirtual",
        &[
            "throws NullPointerException",
            "fault TypeConfusion",
            "fault AbstractMethod",
            "fault OperandStack",
        ],
    ),
    (
        "invokespecial",
        &[
            "throws NullPointerException",
            "fault TypeConfusion",
            "link constant pool entry",
        ],
    ),
    (
        "invokestatic",
        &[
            "fault StackOverflow",
            "fault OperandStack",
            "link constant pool entry",
        ],
    ),
    (
        "invokeinterface",
        &[
            "throws NullPointerException",
            "fault TypeConfusion",
            "fault NoSuchMember",
            "fault Signature",
        ],
    ),
    ("new", &["null", "link constant pool entry"]),
    (
        "newarray",
        &[
            "0",
            "32767",
            "throws NegativeArraySizeException",
            "throws SystemException",
            "fault TypeConfusion",
        ],
    ),
    (
        "anewarray",
        &[
            "0",
            "throws NegativeArraySizeException",
            "fault TypeConfusion",
            "link constant pool entry",
        ],
    ),
    (
        "arraylength",
        &[
            "0",
            "throws NullPointerException",
            "fault TypeConfusion",
            "fault OperandStack",
        ],
    ),
    (
        "athrow",
        &[
            "throws NullPointerException",
            "throws ArithmeticException",
            "fault TypeConfusion",
        ],
    ),
    (
        "checkcast",
        &[
            "null",
            "object",
            "throws ClassCastException",
            "fault TypeConfusion",
        ],
    ),
    ("instanceof", &["0", "1", "fault TypeConfusion"]),
];

const ARRAY: &[&str] = &[
    "throws ArrayIndexOutOfBoundsException",
    "throws NullPointerException",
    "fault TypeConfusion",
    "fault OperandStack",
    "sconst_m1",
];
const SHORTS: &[&str] = &[
    "0",
    "1",
    "-1",
    "32767",
    "-32768",
    "fault TypeConfusion",
    "fault OperandStack",
];
const INTS: &[&str] = &[
    "0i",
    "1i",
    "-1i",
    "2147483647i",
    "-2147483648i",
    "fault TypeConfusion",
    "fault OperandStack",
];
const SHIFTS: &[&str] = &["15", "16", "31", "32", "33"];
const INT_SHIFTS: &[&str] = &["31i", "32i", "33i"];
const BRANCH: &[&str] = &[
    "0",
    "1",
    "-1",
    "32767",
    "-32768",
    "fault TypeConfusion",
    "fault OperandStack",
];

#[test]
fn each_opcode_has_its_edges_among_the_cases() {
    let cases = cases();
    let mut missing = Vec::new();
    for opcode in Opcode::ALL {
        let name = opcode.mnemonic();
        let own: Vec<&Case> = cases.iter().filter(|case| case.opcode == opcode).collect();
        let rows = EDGES
            .iter()
            .filter(|(known, _)| match known.strip_suffix('*') {
                Some(begin) => name.starts_with(begin),
                None => name == *known,
            });
        let mut edges = rows.flat_map(|(_, edges)| edges.iter()).peekable();
        if edges.peek().is_none() {
            missing.push(format!("{name}: nobody says what its edges are"));
        }
        for edge in edges {
            let there = own.iter().any(|case| {
                let mut words = case
                    .args
                    .split_whitespace()
                    .chain(case.code.split([' ', ';']));
                case.expected.starts_with(edge) || words.any(|word| word == *edge)
            });
            if !there {
                missing.push(format!("{name}: no case with {edge}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
