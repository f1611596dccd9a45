//! The crate arrows of `ARCHITECTURE.md`: its table is the whole list of in-tree crates a crate may use.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::root;

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Fails, naming each arrow that the table does not allow, and each crate that it does not know.
pub(crate) fn check() -> Result<()> {
    let allowed = allowed(&std::fs::read_to_string(root().join("ARCHITECTURE.md"))?)?;
    let wrong = violations(&allowed, &actual()?);
    ensure!(
        wrong.is_empty(),
        "arrows that ARCHITECTURE.md does not draw:\n  {}",
        wrong.join("\n  ")
    );
    println!("arrows: {} crates as drawn", allowed.len());
    Ok(())
}

fn violations(allowed: &Arrows, actual: &Arrows) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, uses) in actual {
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("{name} is not in the table"));
            continue;
        };
        if may.contains("any") {
            continue;
        }
        wrong.extend(uses.difference(may).map(|used| format!("{name} -> {used}")));
    }
    wrong
}

/// Rows `| level | `name` | may use | … |` of the table of rooms.
fn allowed(text: &str) -> Result<Arrows> {
    let mut arrows = Arrows::new();
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, names, uses, _] = cells[..] else {
            continue;
        };
        for name in names
            .split(',')
            .map(str::trim)
            .filter(|name| name.starts_with('`'))
        {
            let uses = uses
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| name != "–")
                .collect();
            arrows.insert(name.trim_matches('`').to_owned(), uses);
        }
    }
    ensure!(
        arrows.contains_key("wire"),
        "ARCHITECTURE.md has no table of rooms"
    );
    Ok(arrows)
}

/// Normal and build dependencies between crates of the workspace; a test may use any crate.
fn actual() -> Result<Arrows> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()
        .context("cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut arrows = Arrows::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let uses = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|dependency| !dependency["path"].is_null() && dependency["kind"] != "dev")
            .map(|dependency| short(&dependency["name"]))
            .collect();
        arrows.insert(short(&package["name"]), uses);
    }
    Ok(arrows)
}

fn short(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("hydra-").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_as_drawn() {
        check().unwrap();
    }

    #[test]
    fn a_wrong_arrow_and_an_unknown_crate_are_named() {
        let allowed = allowed(
            "| 0 | `wire` | – | x |\n| 1 | `gp` | wire | x |\n| – | `testkit`, `xtask` | any | x |",
        )
        .unwrap();
        let arrow = |from: &str, to: &[&str]| {
            (
                from.to_owned(),
                to.iter().map(|name| (*name).to_owned()).collect(),
            )
        };
        let actual = Arrows::from([
            arrow("wire", &["gp"]),
            arrow("gp", &["wire"]),
            arrow("xtask", &["wire"]),
            arrow("cellar", &[]),
        ]);
        assert_eq!(
            violations(&allowed, &actual),
            ["cellar is not in the table", "wire -> gp"]
        );
    }
}
