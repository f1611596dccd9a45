//! A reader that goes away, and a disk that is full, are no reason to panic: every subcommand, and its help.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn hydra(arguments: &[&str]) -> Command {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydra"));
    command.args(arguments).current_dir(root);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn standard_output_may_fail() {
    let work = tempfile::tempdir().expect("a directory");
    let sdk = work.path().join("sdk");
    let sdk = sdk.to_str().expect("UTF-8");
    let cap = "applets/outbox/outbox.cap";
    let demo = [
        "demo",
        "--seed",
        "5",
        "--from",
        "2013-02-01",
        "--to",
        "2013-02-02",
    ];
    let demo_json = [&demo[..], &["--json"]].concat();
    let rows = "limit: P-256 signature";
    for arguments in [
        &demo[..],
        &demo_json,
        &["cap", "dump", cap],
        &["cap", "dump", "--json", cap],
        &["cap", "hash", cap],
        &["cap", "hash", "--json", cap, cap],
        &["cap", "sdk", sdk],
        &["cap", "rebuild", "--check", "applets"],
        &["cap", "rebuild", "--check", "--json", "applets"],
        &["card", "info", "--api"],
        &["card", "info", "--api", "--json"],
        &["bench", "--rows", rows],
        &["bench", "--rows", rows, "--json"],
        &["--help"],
        &["--version"],
        &["demo", "--help"],
    ] {
        let mut child = hydra(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ended");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");

        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("Linux has it");
        let output = hydra(arguments).stdout(full).output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("writing to standard output"),
            "{arguments:?}: {said}"
        );
    }
}

/// Nobody can be told of anything then; the work is done all the same.
#[test]
fn standard_error_may_fail() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = hydra(&["demo", "--from", "2013-02-01", "--to", "2013-02-02"])
        .stdout(Stdio::piped())
        .stderr(full)
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(0));
    assert!(!output.stdout.is_empty());
}
