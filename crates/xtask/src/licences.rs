//! Every dependency's licence is in `deny.toml`'s list, and it comes from the registry.
//!
//! `cargo deny check` says the same and more where it is installed; this needs nothing but cargo.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::root;

/// Fails, naming the packages whose licence is not allowed.
pub(crate) fn check() -> Result<()> {
    let allowed = allowed(&std::fs::read_to_string(root().join("deny.toml"))?);
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform=x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .context("cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut wrong = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        if !permitted(licence, &allowed) {
            wrong.push(format!(
                "{} {}: {licence}",
                package["name"], package["version"]
            ));
        }
        if package["source"]
            .as_str()
            .is_some_and(|source| !source.starts_with("registry+"))
        {
            wrong.push(format!(
                "{} does not come from the registry",
                package["name"]
            ));
        }
    }
    ensure!(
        wrong.is_empty(),
        "licences that deny.toml does not allow:\n  {}",
        wrong.join("\n  ")
    );
    println!("licences: {} packages", packages.len());
    Ok(())
}

/// The quoted names of `allow = […]`.
fn allowed(text: &str) -> Vec<String> {
    let list = text
        .split_once("allow = [")
        .map_or("", |(_, rest)| rest.split(']').next().unwrap_or_default());
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Whether an SPDX expression (operators AND, OR, WITH; AND binds tighter; one level of parentheses) can be met.
fn permitted(expression: &str, allowed: &[String]) -> bool {
    if let Some((before, rest)) = expression.split_once('(')
        && let Some((inside, after)) = rest.split_once(')')
    {
        let verdict = if permitted(inside, allowed) {
            "yes"
        } else {
            "no"
        };
        return permitted(&format!("{before}{verdict}{after}"), allowed);
    }
    expression.replace('/', " OR ").split(" OR ").any(|choice| {
        choice
            .split(" AND ")
            .map(str::trim)
            .all(|name| name == "yes" || allowed.iter().any(|allowed| allowed == name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_has_them() {
        let allowed = allowed("allow = [\n  \"MIT\", # why\n  \"ISC\",\n]");
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT AND ISC",
            "(GPL-3.0 OR MIT) AND ISC",
            "Apache-2.0/MIT",
        ] {
            assert!(permitted(good, &allowed), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "none",
            "(GPL-3.0 OR X) AND MIT",
        ] {
            assert!(!permitted(bad, &allowed), "{bad}");
        }
    }
}
