//! Converts the class files of one package.
//!
//! `cargo run -p hydra-convert --example convert -- OUT.cap PACKAGE_AID [--applet CLASS=AID]… [--exp FILE]… [--int] CLASS_FILE…`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hydra_convert::rebuild::read_export;
use hydra_convert::sdk::{ApiLevel, DEFAULT_RELEASE};
use hydra_convert::{Config, IntSupport, convert};

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let mut arguments = std::env::args().skip(1);
    let output = PathBuf::from(
        arguments
            .next()
            .ok_or("usage: convert OUT.cap PACKAGE_AID …")?,
    );
    let aid = arguments.next().ok_or("no package AID")?;
    let mut config = Config::library(aid.parse().map_err(|e| format!("{aid}: {e}"))?);
    config.int = IntSupport::Refused;
    let level = ApiLevel::release(DEFAULT_RELEASE).map_err(|e| e.to_string())?;
    let mut exports = level.exports().map_err(|e| e.to_string())?;
    let mut classes = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--int" => config.int = IntSupport::Allowed,
            "--applet" => {
                let value = arguments.next().ok_or("--applet CLASS=AID")?;
                let (class, aid) = value.split_once('=').ok_or("--applet CLASS=AID")?;
                let aid = aid.parse().map_err(|e| format!("{aid}: {e}"))?;
                config = config.with_applet(class, aid);
            }
            "--exp" => {
                let path = arguments.next().ok_or("--exp FILE")?;
                exports.push(read_export(Path::new(&path)).map_err(|e| e.to_string())?);
            }
            path => classes.push(std::fs::read(path).map_err(|e| format!("{path}: {e}"))?),
        }
    }
    let result = convert(&classes, &exports, &config).map_err(|diagnostics| {
        let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let exp = output.with_extension("exp");
    std::fs::write(&output, &result.cap).map_err(|e| format!("{}: {e}", output.display()))?;
    std::fs::write(&exp, &result.exp).map_err(|e| format!("{}: {e}", exp.display()))?;
    Ok(format!("{} {} bytes", output.display(), result.cap.len()))
}
