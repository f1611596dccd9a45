//! What the code cites is in `docs/specs.md`: a clause (`§`) is cited by one of the names of that table.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::root;

/// Fails, naming the lines that cite a standard which the table does not list.
pub(crate) fn check() -> Result<()> {
    let names = names(&fs::read_to_string(root().join("docs/specs.md"))?);
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files)?;
    let mut wrong = Vec::new();
    let mut cited = 0;
    for file in files {
        for (number, line) in fs::read_to_string(&file)?.lines().enumerate() {
            if line.trim_start().starts_with("//") && line.contains('§') {
                cited += 1;
                if !cites(line, &names) {
                    wrong.push(format!(
                        "{}:{}: {}",
                        file.display(),
                        number + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    ensure!(
        wrong.is_empty(),
        "clauses of standards that docs/specs.md does not list:\n  {}",
        wrong.join("\n  ")
    );
    println!("specs: {cited} lines cite a listed standard");
    Ok(())
}

/// A comment names a listed standard, or continues one that the line before named, or cites our own protocols.
fn cites(line: &str, names: &[String]) -> bool {
    let own = line.contains("rotocols");
    let continued =
        line.contains("(§") || line.trim_start_matches(['/', '!', ' ']).starts_with('§');
    own || continued || names.iter().any(|name| line.contains(name.as_str()))
}

fn names(table: &str) -> Vec<String> {
    table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| name"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split(','))
        .map(|name| name.trim().to_owned())
        .collect()
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("xtask/src/specs.rs")
        {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clause_is_of_a_listed_standard() {
        check().unwrap();
    }

    #[test]
    fn an_unlisted_standard_is_noticed() {
        let names = names("| name | x |\n|---|---|\n| RFC 8949, JCVM | y |");
        assert!(cites("/// RFC 8949 §3", &names));
        assert!(!cites("/// RFC 9999 §3", &names));
    }
}
