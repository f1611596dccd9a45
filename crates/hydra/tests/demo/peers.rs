//! Other people's libraries read what the demo leaves, made by its card: pycose, OpenSSL, cbor2, pycddl and fhir.resources.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::run::{play, python, root, text};

fn peer(folder: &Path, outcome: &Value) -> Output {
    let mut child = Command::new(python())
        .arg(root().join("tests/python/kept_peer.py"))
        .arg(folder)
        .arg(root().join("crates/message/hydra.cddl"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tests/install has made the virtual environment");
    let mut stdin = child.stdin.take().expect("piped");
    stdin
        .write_all(outcome.to_string().as_bytes())
        .expect("written");
    drop(stdin);
    child.wait_with_output().expect("ended")
}

/// The supplier's statement has exactly the figure's claims and the hashes of the hidden ones; no line, register, interval or salt of
/// the householder's copies is in it in any spelling.
#[test]
fn the_peers_accept_what_a_card_has_made_and_find_the_figure_alone() {
    let work = tempfile::tempdir().expect("a directory");
    let keep = work.path().to_str().expect("UTF-8");
    let days = ["--from", "2013-02-01", "--to", "2013-03-01"];
    let outcome = play(&[&days[..], &["--seed", "4", "--keep", keep]].concat());
    let output = peer(work.path(), &outcome);
    assert!(output.status.success(), "{}", text(&output));
    let counted: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert!(counted["intervals"].as_u64() > Some(1_300), "{counted}");
    assert!(counted["measurements"].as_u64() > Some(27), "{counted}");
    assert!(counted["searched"].as_u64() > Some(5_000), "{counted}");
    let health = outcome["health"].as_array().expect("a list").len();
    assert_eq!(counted["observations"], health, "{counted}");

    // The householder's copy in the supplier's place opens everything, and is found; so is one changed bit.
    let statement = work.path().join("messages/statement.cose");
    let signed = std::fs::read(&statement).expect("left there");
    let copies = || {
        let entries = std::fs::read_dir(work.path().join("messages")).expect("a folder");
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.retain(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name.starts_with("householder-"))
        });
        paths.sort();
        paths
    };
    let copy = std::fs::read(copies().pop().expect("copies")).expect("read");
    let mut bent = signed.clone();
    let middle = bent.len() - 100;
    bent[middle] ^= 1;
    for other in [copy, bent] {
        std::fs::write(&statement, &other).expect("written");
        let mut outcome = outcome.clone();
        let hex: String = other.iter().map(|byte| format!("{byte:02x}")).collect();
        outcome["supplier"]["cose"] = Value::String(hex);
        let output = peer(work.path(), &outcome);
        assert!(!output.status.success());
    }
}
