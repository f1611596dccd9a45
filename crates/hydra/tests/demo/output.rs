//! Standard output that fails.

use std::process::Stdio;

use crate::run::{demo, text};

/// A reader that goes away, and a disk that is full, are no reason to panic.
#[test]
fn standard_output_may_end_early() {
    let options = ["--seed", "5", "--from", "2013-02-01", "--to", "2013-02-02"];
    let mut child = demo(&options)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ended").code(), Some(0));
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = demo(&options)
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}
