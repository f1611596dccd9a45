//! The cases of `vectors/opcodes` that compute numbers, computed by a JVM. The card's VM runs the same cases in its own
//! tests, so both agree with what is written there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn java() -> std::path::PathBuf {
    match std::env::var_os("JAVA_HOME") {
        Some(home) => Path::new(&home).join("bin").join("java"),
        None => "java".into(),
    }
}

#[test]
fn a_jvm_computes_what_the_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/opcodes");
    let mut cases = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = fs::read_to_string(path).unwrap();
            let lines = text.lines().map(str::trim);
            let own = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            cases.extend(own.map(str::to_owned));
        }
    }
    let mut child = Command::new(java())
        .arg(folder.join("../convert/opcodes/Jvm.java"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = cases.join("\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let results = String::from_utf8(output.stdout).unwrap();
    let results: Vec<&str> = results.lines().collect();
    assert_eq!(results.len(), cases.len());

    let mut computed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, result) in cases.iter().zip(results) {
        let columns: Vec<&str> = case.split('|').map(str::trim).collect();
        if result != "-" {
            *computed.entry(columns[0]).or_default() += 1;
            if result != columns[3] {
                wrong.push(format!("{case}: a JVM says {result}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let families = [
        "sadd ssub smul sdiv srem sneg sshl sshr sushr sand sor sxor sinc sinc_w s2b s2i",
        "iadd isub imul idiv irem ineg ishl ishr iushr iand ior ixor iinc iinc_w i2b i2s icmp",
        "ifeq ifne iflt ifge ifgt ifle if_scmpeq if_scmpne if_scmplt if_scmpge if_scmpgt if_scmple",
        "ifeq_w ifne_w iflt_w ifge_w ifgt_w ifle_w",
        "if_scmpeq_w if_scmpne_w if_scmplt_w if_scmpge_w if_scmpgt_w if_scmple_w",
    ];
    for opcode in families.iter().flat_map(|family| family.split(' ')) {
        let count = computed.get(opcode).copied().unwrap_or(0);
        assert!(count >= 5, "{opcode}: {count} cases");
    }
}
