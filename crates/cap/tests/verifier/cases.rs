//! The cases of `vectors/verifier`: what breaks a rule is refused for it, at its place, and for nothing else.

use std::collections::BTreeSet;
use std::fs;

use hydra_cap::verify::{Imports, Report, Rule, verify, verify_bytes};
use hydra_cap::{CapFile, ComponentTag};
use hydra_testkit::assembler::{Assembled, Source, place_of};

use super::repository;

struct Case {
    file: String,
    name: String,
    /// `None` if nothing is wrong.
    rule: Option<Rule>,
    lines: String,
    expected: Vec<(Rule, String)>,
}

fn rule(name: &str) -> Rule {
    let found = Rule::ALL.iter().find(|rule| rule.name() == name);
    *found.unwrap_or_else(|| panic!("no rule {name}"))
}

fn cases() -> Vec<Case> {
    let folder = repository().join("vectors/verifier");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .filter(|path| !path.ends_with("base.txt"))
        .collect();
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for path in files {
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim();
            if let Some(head) = line.strip_prefix("case ") {
                let (name, what) = head.split_once(':').unwrap();
                cases.push(Case {
                    file: path.file_name().unwrap().to_string_lossy().into(),
                    name: what.trim().into(),
                    rule: (name != "accept").then(|| rule(name)),
                    lines: String::new(),
                    expected: Vec::new(),
                });
            } else if let Some(rest) = line.strip_prefix("expect ") {
                let (name, place) = rest.split_once(' ').unwrap();
                let case = cases.last_mut().unwrap();
                case.expected.push((rule(name), place.into()));
            } else if let Some(case) = cases.last_mut() {
                case.lines += line;
                case.lines += "\n";
            }
        }
    }
    cases
}

fn base() -> Source {
    let path = repository().join("vectors/verifier/base.txt");
    let mut text = Source::default();
    text.read(&fs::read_to_string(path).unwrap());
    text
}

fn assemble(case: &Case) -> Assembled {
    let mut text = base();
    // A case of several packages changes a file that another converter made.
    if let Some((file, lines)) = case
        .lines
        .strip_prefix("file ")
        .and_then(|rest| rest.split_once('\n'))
    {
        let bytes = fs::read(repository().join("vectors").join(file)).unwrap();
        let cap = CapFile::from_zip(&bytes).unwrap();
        let mut text = Source::default();
        text.read(lines);
        return text.changed(&cap);
    }
    text.read(&case.lines);
    text.assemble()
}

/// Handlers are asked where they begin and where a variable has changed, not at each instruction.
#[test]
fn handlers_around_much_code_are_little_work() {
    let (handlers, instructions) = (250, 20_000);
    let code = "nop; ".repeat(instructions);
    let caught = "; .catch from to h any".repeat(handlers);
    let mut text = base();
    text.read(&format!(
        "method around ()V static stack 1 locals 0 = from: {code}to: return; h: pop; return{caught}"
    ));
    let cap = text.assemble().read().unwrap();
    let report = verify(&cap, &Imports::default());
    assert_eq!(report.faults, []);
    assert!(report.work < 2 * instructions, "{}", report.work);
}

/// What a case says is found: rule, component and offset.
fn expected(case: &Case, assembled: &Assembled) -> BTreeSet<(Rule, String, usize)> {
    let mut all = BTreeSet::new();
    for at in &assembled.marked {
        all.insert((case.rule.unwrap(), "Method".to_string(), *at));
    }
    for (rule, place) in &case.expected {
        let (component, symbol, offset) = place_of(place);
        let start = match symbol.as_str() {
            "" => 0,
            symbol => *assembled
                .symbols
                .get(&(component.clone(), symbol.to_string()))
                .unwrap_or_else(|| panic!("{}: no {component} {symbol}", case.name)),
        };
        all.insert((*rule, component, start + offset));
    }
    all
}

fn report(assembled: Assembled) -> Report {
    match assembled.read() {
        Ok(cap) => verify(&cap, &Imports::default()),
        Err(error) => Report {
            faults: vec![error.into()],
            ..Report::default()
        },
    }
}

#[test]
fn the_base_breaks_no_rule() {
    let assembled = base().assemble();
    assert!(assembled.methods.len() > 15);
    let cap = assembled.read().expect("the base is a CAP file");
    let report = verify(&cap, &Imports::default());
    assert_eq!(report.faults, []);
    assert!(report.typed && report.classes == 8 && report.unfollowed == 0);
    // As a load file, and without its Descriptor.
    let (_, whole) = verify_bytes(&cap.to_load_file_with_descriptor(), &Imports::default());
    assert_eq!(whole.faults, []);
    let (_, bare) = verify_bytes(&cap.to_load_file(), &Imports::default());
    assert!(bare.faults.is_empty() && !bare.typed);
}

#[test]
fn each_case_is_found_at_its_place_and_nothing_else_is() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() > Rule::ALL.len());
    for case in &cases {
        let assembled = assemble(case);
        let wanted = expected(case, &assembled);
        let report = report(assembled);
        let found: BTreeSet<_> = report
            .faults
            .iter()
            .map(|fault| (fault.rule, fault.component.to_string(), fault.offset))
            .collect();
        let breaks = case
            .rule
            .is_none_or(|rule| found.iter().any(|(found, ..)| *found == rule));
        if found != wanted || !breaks {
            let faults: String = report
                .faults
                .iter()
                .map(|fault| format!("\n    {fault}"))
                .collect();
            wrong.push(format!(
                "{}: {}\n  expected {wanted:?}\n  found {faults}",
                case.file, case.name
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_rule_has_a_case_that_breaks_it() {
    let broken: BTreeSet<_> = cases().iter().filter_map(|case| case.rule).collect();
    let left: Vec<_> = Rule::ALL
        .iter()
        .filter(|rule| !broken.contains(rule))
        .collect();
    assert!(left.is_empty(), "no case breaks {left:?}");
}

#[test]
fn every_rule_is_listed() {
    let path = repository().join("docs/javacard.md");
    let listed = fs::read_to_string(path).unwrap();
    for rule in Rule::ALL {
        let row = format!("| `{rule}` (§{}) |", rule.clause());
        assert!(listed.contains(&row), "docs/javacard.md has no row {row}");
    }
}

#[test]
fn faults_name_the_method_and_the_place_in_it() {
    let mut text = base();
    text.read("in Case\nmethod m ()V public = nop; aconst_null; sneg; pop; return\nmethod get ()S public = sreturn");
    let cap: CapFile = text.assemble().read().expect("a CAP file");
    let report = verify(&cap, &Imports::default());
    let lines: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].contains(".virtual 3 +6, ") && lines[0].contains("[operand_type]"),
        "{lines:?}"
    );
    assert!(
        lines[1].contains(".virtual 1 +4, ") && lines[1].contains("[stack_underflow]"),
        "{lines:?}"
    );
}

#[test]
fn with_a_debug_component_faults_have_the_methods_names() {
    let mut text = base();
    text.read("in Case\nmethod wrong ()V public = sneg; pop; return");
    let mut assembled = text.assemble();
    let offset = assembled.methods["Case.wrong()V"];
    let mut debug = 4_u16.to_be_bytes().to_vec();
    for name in ["p", "p/Case", "wrong", "()V"] {
        debug.extend_from_slice(&u16::try_from(name.len()).unwrap().to_be_bytes());
        debug.extend_from_slice(name.as_bytes());
    }
    // Package name, one class: name, flags, location, superclass, source; no interface, no field, one method.
    for value in [0, 1, 1, 0, 0, 0, 0_u16] {
        debug.extend_from_slice(&value.to_be_bytes());
    }
    debug.push(0);
    // Counts; then name, descriptor, flags, offset, header's size, code's size, no variables, no lines.
    for value in [0, 1, 2, 3, 0, offset] {
        debug.extend_from_slice(&value.to_be_bytes());
    }
    debug.extend_from_slice(&[4, 0, 3, 0, 0, 0, 0]);
    assembled
        .components
        .push((ComponentTag::Debug, debug.clone()));
    let cap = assembled.read().expect("a CAP file");
    let report = verify(&cap, &Imports::default());
    let at = usize::from(offset) + 4;
    assert_eq!(
        report.faults[0].to_string(),
        format!(
            "Method component, p/Case.wrong()V +4, offset {at}: the stack is empty [stack_underflow]"
        )
    );
    assert_eq!(report.faults.len(), 1);

    // What is not whole is a fault of structure.
    debug.pop();
    let mut assembled = text.assemble();
    assembled.components.push((ComponentTag::Debug, debug));
    let cap = assembled.read().expect("a CAP file");
    let report = verify(&cap, &Imports::default());
    let broken = report
        .faults
        .last()
        .map(|fault| (fault.component, fault.rule));
    assert_eq!(broken, Some((ComponentTag::Debug, Rule::Structure)));
}
