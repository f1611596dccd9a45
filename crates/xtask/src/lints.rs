//! Every crate opts in to the workspace's lints; levels 0 to 3 document what is public; an `allow` carries its reason.

use std::fs;

use anyhow::{Result, ensure};

use crate::root;

const DOCUMENTED: [&str; 12] = [
    "wire", "crypto", "message", "tariff", "cap", "gp", "link", "vm", "convert", "card", "reader",
    "slot",
];
const NO_STD: [&str; 7] = ["wire", "crypto", "message", "cap", "gp", "vm", "card"];

/// Fails, naming the crates that do not.
pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    let mut crates = 0;
    for entry in fs::read_dir(root().join("crates"))? {
        let folder = entry?.path();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        crates += 1;
        if !fs::read_to_string(folder.join("Cargo.toml"))?.contains("[lints]\nworkspace = true") {
            wrong.push(format!(
                "{name}: Cargo.toml does not say [lints] workspace = true"
            ));
        }
        let lib = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
        if DOCUMENTED.contains(&&*name) && !lib.contains("#![warn(missing_docs)]") {
            wrong.push(format!(
                "{name}: lib.rs does not say #![warn(missing_docs)]"
            ));
        }
        if NO_STD.contains(&&*name) && !lib.contains("#![no_std]") && !lib.contains("no_std)]") {
            wrong.push(format!("{name}: lib.rs does not say #![no_std]"));
        }
    }
    ensure!(wrong.is_empty(), "lints:\n  {}", wrong.join("\n  "));
    println!("lints: {crates} crates opted in");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_crate_opts_in() {
        super::check().unwrap();
    }
}
