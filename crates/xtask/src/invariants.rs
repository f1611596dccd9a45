//! Every invariant of `ARCHITECTURE.md` names a test, and the test is there.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::root;

/// Fails, naming the tests that are not there, or the invariants without one.
pub(crate) fn check() -> Result<()> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let named = named(&text);
    let mut missing = Vec::new();
    for (name, test) in &named {
        if !has(&root().join("crates").join(name), &format!("fn {test}("))? {
            missing.push(format!("{name}: {test}"));
        }
    }
    ensure!(!named.is_empty(), "ARCHITECTURE.md names no test");
    ensure!(
        missing.is_empty(),
        "tests that ARCHITECTURE.md names and nobody wrote:\n  {}",
        missing.join("\n  ")
    );
    println!("invariants: {} tests named", named.len());
    Ok(())
}

/// Pairs `crate: test` in backticks.
fn named(text: &str) -> Vec<(String, String)> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once(": "))
        .map(|(name, test)| (name.to_owned(), test.to_owned()))
        .collect()
}

fn has(folder: &Path, needle: &str) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if has(&path, needle)? {
                return Ok(true);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && fs::read_to_string(&path)?.contains(needle)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invariant_has_its_test() {
        check().unwrap();
    }

    #[test]
    fn a_test_that_nobody_wrote_is_noticed() {
        assert_eq!(
            named("- It holds (`wire: a`, `gp: b`), `c`."),
            [("wire", "a"), ("gp", "b")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert!(
            !has(
                &root().join("crates/wire"),
                &["fn", "never_written("].join(" ")
            )
            .unwrap()
        );
    }
}
