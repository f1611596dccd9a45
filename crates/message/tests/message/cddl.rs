//! `hydra.cddl` against what the code writes, and against what it refuses.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hydra_message::{Content, Payload, Sign1};
use hydra_wire::hex;

use crate::sample::{contents, make, salts};

#[test]
fn the_contract_and_the_code_agree() {
    let mut cases = Vec::new();
    let mut case = |rule: &str, cbor: &[u8], fits: bool| {
        cases.push(serde_json::json!({"rule": rule, "cbor": hex::encode(cbor), "fits": fits}));
    };
    for (purpose, content) in contents() {
        let read = Content::parse(&content).unwrap();
        for disclosure in read.disclosures(&salts(read.hidden_count())).unwrap() {
            case("disclosure", &disclosure.to_bytes().unwrap(), true);
        }
        for made in make(purpose, &content) {
            case("content", &made.content, true);
            case("message", &made.payload, true);
            let attested = Sign1::parse(&made.attestation).unwrap().payload;
            case("attested", &attested, true);
            case("message", &attested, false);
            case("attestation", &made.attestation, true);
            case("signed", &made.signed, true);
            case("sealed", &made.sealed, true);
            case("signed", &made.sealed, false);
            case("sealed", &made.signed, false);
        }
    }
    // Bytes of a payload changed one at a time: what the contract does not allow, the code refuses.
    let [made, _] = make(contents()[0].0, &contents()[0].1);
    for place in 0..made.payload.len() {
        let mut changed = made.payload.clone();
        changed[place] ^= 0x21;
        if let Ok(payload) = Payload::parse(&changed) {
            let typed = hydra_message::Statement::parse(&payload.claims);
            if typed.is_ok() && payload.purpose == hydra_message::Purpose::Statement {
                case("message", &changed, true);
            }
        } else if Sign1::parse(&changed).is_err() && place < 40 {
            case("signed", &changed, false);
        }
    }

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.join("../..");
    let interpreter = std::env::var_os("HYDRA_PYTHON")
        .map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
    let mut child = Command::new(&interpreter)
        .arg(root.join("tests/python/cddl_check.py"))
        .arg(here.join("hydra.cddl"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; make a virtual environment with tests/python/requirements.txt at .venv, or name one in HYDRA_PYTHON",
                interpreter.display()
            )
        });
    let input = serde_json::to_vec(&cases).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    assert!(child.wait().unwrap().success());
}
