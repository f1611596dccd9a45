//! Each of the 185 bytecodes against cases written as data: `vectors/opcodes/*.txt`, expected results from JCVM 3.0.5 §7.5.
//!
//! A line is `opcode | arguments | code | result`. Arguments and results: `7` short, `7i` int, `null`, `void`,
//! `throws Class`, `fault Kind`, `link text`. The case counts for its opcode only if the interpreter really ran it
//! (or refused to link it).

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "support/assembler.rs"]
mod assembler;
#[path = "support/fixture.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod fixture;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hydra_cap::CapFile;
use hydra_cap::api::MethodId;
use hydra_cap::opcode::Opcode;
use hydra_vm::{
    ApiLayout, AppletId, Host, Limits, MethodRef, ObjRef, Observer, Owner, Stop, Value, Vm,
};

/// Only `Object` has methods here.
struct Bare;

impl Host for Bare {
    fn native(
        &mut self,
        _: &mut Vm,
        method: MethodId,
        args: &[Value],
    ) -> Result<Option<Value>, Stop> {
        match method.get().name {
            "<init>" => Ok(None),
            "equals" => Ok(Some(Value::boolean(args[0] == args[1]))),
            name => panic!("{name} is not expected"),
        }
    }
}

#[derive(Default)]
struct Seen(Mutex<BTreeSet<Opcode>>);

impl Observer for Seen {
    fn instruction(&self, _: &CapFile, _: u32, opcode: Opcode) {
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
    package
        .applets
        .push((vec![0xF0, 0x54, 0x45, 0x53, 0x54, 1], "case".into()));
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

#[test]
fn each_opcode_does_what_the_specification_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/opcodes");
    let mut ran = BTreeSet::new();
    let mut failures = Vec::new();
    let mut count = 0;
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
            let seen = Arc::new(Seen::default());
            let found = run(args, code, &seen);
            count += 1;
            let same = match expected.strip_prefix("link ") {
                Some(reason) => found.starts_with("link ") && found.contains(reason),
                None => found == expected,
            };
            if !same {
                failures.push(format!(
                    "{place}: {name}: expected {expected}, found {found}"
                ));
            }
            if seen.0.lock().unwrap().contains(&opcode) {
                ran.insert(opcode);
            } else if !found.starts_with("link ") {
                failures.push(format!("{place}: {name} did not run"));
            }
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
        "{} of {count}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
