//! Runs the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn python() -> PathBuf {
    std::env::var_os("HYDRA_PYTHON").map_or_else(|| root().join(".venv/bin/python"), PathBuf::from)
}

pub(crate) fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydra"));
    command.arg("demo").args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn play(arguments: &[&str]) -> Value {
    let output = demo(arguments)
        .arg("--json")
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
