//! The one place that writes for the user to read: standard output that fails is an error or a reader who has seen enough, never a panic.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes to standard output, and a line's end. A reader who has gone has seen enough.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<()> {
    all(&format!("{text}\n"))
}

/// Writes to standard output. A reader who has gone has seen enough.
pub(crate) fn all(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    seen(
        output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush()),
    )
}

/// Writes a line to standard error; where that can't be written to, nobody can be told.
pub(crate) fn aside(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// What came of writing to standard output.
pub(crate) fn seen(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to standard output"),
    }
}
