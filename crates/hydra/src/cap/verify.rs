//! `hydra cap verify`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use hydra_cap::CapFile;
use hydra_cap::export::ExportFile;
use hydra_cap::verify::{Imports, Report, verify_bytes};
use hydra_convert::rebuild::read_export;
use serde_json::{Value, json};

use super::read;
use crate::print;

/// Verify CAP files: their structure and, with a Descriptor component, the types of all their code.
///
/// All faults are printed, each with component, method and offset. What packages of the Java Card API offer is known; of others that are
/// imported, give the export files, or verify their CAP files in the same run.
#[derive(Args)]
#[command(
    after_help = "Example:\n  hydra cap verify applets/outbox/outbox.cap\n  hydra cap verify wallet.cap --exp exports/    # exit code 1 if there is any fault"
)]
pub(crate) struct Verify {
    /// CAP files, or load files of their components
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Export files of packages that are imported, or folders with such files at any depth; may be repeated
    #[arg(long, value_name = "FILE.exp|FOLDER")]
    exp: Vec<PathBuf>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> Result<()> {
        let mut exports = Vec::new();
        for path in &self.exp {
            read_exports(path, &mut exports)?;
        }
        let mut all = Vec::new();
        for path in &self.files {
            all.push(read(path)?);
        }
        // Those that can be read at all are what the others may import.
        let readable: Vec<CapFile> = all.iter().filter_map(|bytes| open(bytes)).collect();
        let mut faulty = 0;
        let mut rows = Vec::new();
        for (path, bytes) in self.files.iter().zip(&all) {
            let own = open(bytes);
            let others = readable
                .iter()
                .filter(|other| own.as_ref().map(CapFile::aid) != Some(other.aid()));
            let files: Vec<&CapFile> = others.collect();
            let imports = Imports {
                exports: &exports,
                files: &files,
            };
            let (_, report) = verify_bytes(bytes, &imports);
            faulty += usize::from(!report.faults.is_empty());
            if self.json {
                rows.push(row(path, &report));
                continue;
            }
            for fault in &report.faults {
                print::line(format_args!("{}: {fault}", path.display()))?;
            }
            if report.faults.is_empty() {
                print::line(format_args!("{}: {}", path.display(), counts(&report)))?;
            }
        }
        if self.json {
            print::line(serde_json::to_string_pretty(&rows)?)?;
        }
        if faulty > 0 {
            bail!("{faulty} of {} files are faulty", self.files.len());
        }
        Ok(())
    }
}

fn open(bytes: &[u8]) -> Option<CapFile> {
    verify_bytes(bytes, &Imports::default()).0
}

fn counts(report: &Report) -> String {
    let typed = if report.typed {
        "verified"
    } else {
        "verified without types (no Descriptor component)"
    };
    let mut text = format!(
        "{typed}, {} classes, {} methods, {} instructions",
        report.classes, report.methods, report.instructions
    );
    if report.unfollowed > 0 {
        text += &format!(
            "; {} calls not followed, their packages have no Descriptor component or export file",
            report.unfollowed
        );
    }
    text
}

fn row(path: &Path, report: &Report) -> Value {
    let faults = report.faults.iter().map(|fault| {
        json!({
            "component": fault.component.to_string(),
            "package": fault.package,
            "method": fault.method.as_ref().map(|method| json!({"offset": method.offset, "name": method.name})),
            "offset": fault.offset,
            "rule": fault.rule.name(),
            "clause": format!("JCVM 3.0.5 §{}", fault.rule.clause()),
            "text": fault.text,
        })
    });
    json!({
        "file": path.display().to_string(),
        "typed": report.typed,
        "classes": report.classes,
        "methods": report.methods,
        "instructions": report.instructions,
        "unfollowed": report.unfollowed,
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn read_exports(path: &Path, exports: &mut Vec<ExportFile>) -> Result<()> {
    if !path.is_dir() {
        exports.push(read_export(path)?);
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        entries.push(entry?.path());
    }
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|ext| ext == "exp") {
            read_exports(&entry, exports)?;
        }
    }
    Ok(())
}
