//! The binary as a command, and what commands say.

use std::process::{Command, Output, Stdio};

/// The binary with these arguments.
pub(crate) fn hydra(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydra"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What was printed, on either stream.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// What a command that must succeed prints.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().expect("tests/install has installed it");
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    text(&output)
}

/// What a command that must fail prints.
pub(crate) fn refused(command: &mut Command) -> String {
    let output = command.output().expect("tests/install has installed it");
    assert_eq!(
        output.status.code(),
        Some(1),
        "{command:?}: {}",
        text(&output)
    );
    text(&output)
}
