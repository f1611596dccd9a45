//! `hydra cap`: converting Java class files, and looking into CAP files.

mod json;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use hydra_cap::{Aid, CapFile, Format, PackageVersion};
use hydra_convert::rebuild::read_export;
use hydra_convert::sdk::{ApiLevel, DEFAULT_RELEASE, Javac};
use hydra_convert::{AppletConfig, Config, IntSupport};
use serde_json::json;

use crate::print;

/// Convert and inspect CAP files.
#[derive(Subcommand)]
pub(crate) enum Cap {
    Convert(Convert),
    Sdk(Sdk),
    Rebuild(Rebuild),
    Dump(Dump),
    Hash(Hash),
    Verify(verify::Verify),
}

impl Cap {
    /// Does it and prints what came of it.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Convert(convert) => convert.run(),
            Self::Sdk(sdk) => sdk.run(),
            Self::Rebuild(rebuild) => rebuild.run(),
            Self::Dump(dump) => dump.run(),
            Self::Hash(hash) => hash.run(),
            Self::Verify(verify) => verify.run(),
        }
    }
}

/// Convert the class files of one package to a CAP file and an export file.
///
/// Compile with `javac --release 8 -cp SDK/classes`, SDK being what `hydra cap sdk` wrote. What can't be converted is said with class,
/// method and line, all of it at once. No Debug component is written: a trace of the code shows what the card knows, offsets and the API's names.
#[derive(Args)]
#[command(
    after_help = "Example:\n  hydra cap convert --aid F0485944520202 --applet Electricity=F048594452020201 --exp outbox.exp --int \\\n    -o electricity.cap classes/hydra/electricity"
)]
pub(crate) struct Convert {
    /// Class files, or folders with the class files of the package
    #[arg(required = true, value_name = "FILE")]
    classes: Vec<PathBuf>,
    /// Where the CAP file goes; the export file goes beside it
    #[arg(long, short, value_name = "FILE.cap")]
    output: PathBuf,
    /// Package AID, in hexadecimal
    #[arg(long)]
    aid: Aid,
    /// Version of the package
    #[arg(long, value_name = "MAJOR.MINOR", default_value = "1.0", value_parser = version)]
    package_version: PackageVersion,
    /// An applet: its class, with or without the package, and its AID; may be repeated
    #[arg(long, value_name = "CLASS=AID", value_parser = applet)]
    applet: Vec<AppletConfig>,
    /// Export file of a package that is used, the API's aside; may be repeated
    #[arg(long, value_name = "FILE.exp")]
    exp: Vec<PathBuf>,
    /// The program may use the 32-bit type int, which not every card has
    #[arg(long)]
    int: bool,
    /// Java Card release of the API
    #[arg(long, default_value = DEFAULT_RELEASE)]
    release: String,
    /// Format of the files
    #[arg(long, value_enum, default_value = "2.1")]
    format: FileFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum FileFormat {
    #[value(name = "2.1")]
    V2_1,
    #[value(name = "2.2")]
    V2_2,
    #[value(name = "2.3")]
    V2_3,
}

impl Convert {
    fn run(self) -> Result<()> {
        let mut exports = ApiLevel::release(&self.release)?.exports()?;
        for path in &self.exp {
            exports.push(read_export(path)?);
        }
        let mut classes = Vec::new();
        for path in &self.classes {
            if path.is_dir() {
                for file in class_files(path)? {
                    classes.push(read(&file)?);
                }
            } else {
                classes.push(read(path)?);
            }
        }
        let config = Config {
            aid: self.aid,
            version: self.package_version,
            applets: self.applet,
            int: if self.int {
                IntSupport::Allowed
            } else {
                IntSupport::Refused
            },
            format: match self.format {
                FileFormat::V2_1 => Format::V2_1,
                FileFormat::V2_2 => Format::V2_2,
                FileFormat::V2_3 => Format::V2_3,
            },
        };
        let converted =
            hydra_convert::convert(&classes, &exports, &config).map_err(|diagnostics| {
                let lines: String = diagnostics.iter().map(|d| format!("\n  {d}")).collect();
                anyhow!("not converted:{lines}")
            })?;
        let exp = self.output.with_extension("exp");
        for (path, bytes) in [(&self.output, &converted.cap), (&exp, &converted.exp)] {
            fs::write(path, bytes).with_context(|| path.display().to_string())?;
            print::line(format_args!("{} {} bytes", path.display(), bytes.len()))?;
        }
        Ok(())
    }
}

/// Write the SDK: stub sources, export files, and the compiled stubs for javac's class path.
#[derive(Args)]
#[command(
    after_help = "Example:\n  hydra cap sdk sdk --release 3.0.5\n  javac --release 8 -cp sdk/classes -d classes Hello.java"
)]
pub(crate) struct Sdk {
    /// Folder to write into
    folder: PathBuf,
    /// Java Card release
    #[arg(long, default_value = DEFAULT_RELEASE)]
    release: String,
}

impl Sdk {
    fn run(self) -> Result<()> {
        let level = ApiLevel::release(&self.release)?;
        let sdk = hydra_convert::sdk::Sdk::install(&self.folder, &level, &Javac::find())?;
        print::line(sdk.classes().display())?;
        Ok(())
    }
}

/// Compile and convert every package below a folder: each `applet.toml` with its sources.
#[derive(Args)]
#[command(
    after_help = "Example:\n  hydra cap rebuild applets\n  hydra cap rebuild applets --check    # writes nothing; exit code 1 if a file differs from its sources"
)]
pub(crate) struct Rebuild {
    /// Folder of the packages' folders
    folder: PathBuf,
    /// Only compare with the files that are there
    #[arg(long)]
    check: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

impl Rebuild {
    fn run(self) -> Result<()> {
        let packages = hydra_convert::rebuild::rebuild(&self.folder, &Javac::find())?;
        ensure!(
            !packages.is_empty(),
            "{}: no folder in it has an applet.toml",
            self.folder.display()
        );
        let mut rows = Vec::new();
        let mut stale = 0;
        for package in &packages {
            let path = package.cap_path();
            let current = package.is_current();
            let output = &package.output;
            if !self.check && !current {
                package.write()?;
            }
            if self.check && !current {
                stale += 1;
            }
            let word = match (current, self.check) {
                (true, _) => "same",
                (false, true) => "differs",
                (false, false) => "written",
            };
            if !self.json {
                print::line(format_args!(
                    "{} {} bytes, {word}",
                    path.display(),
                    output.cap.len()
                ))?;
            }
            rows.push(json!({
                "file": path.display().to_string(),
                "package": output.package.replace('/', "."),
                "bytes": output.cap.len(),
                "code_hash": json::hex(&output.cap_file.code_hash()),
                "state": word,
            }));
        }
        if self.json {
            print::line(serde_json::to_string_pretty(&rows)?)?;
        }
        if stale > 0 {
            bail!(
                "{stale} of {} packages differ from their sources; hydra cap rebuild {} writes them",
                packages.len(),
                self.folder.display()
            );
        }
        Ok(())
    }
}

/// Print what is in a CAP file: header, imports, applets, classes, code, static fields, exports.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra cap dump applets/outbox/outbox.cap")]
pub(crate) struct Dump {
    /// CAP file, or a load file of its components
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Dump {
    fn run(self) -> Result<()> {
        let dump = open(&self.file)?.dump();
        if self.json {
            print::line(serde_json::to_string_pretty(&json::dump(&dump))?)?;
        } else {
            print::all(&dump.to_string())?;
        }
        Ok(())
    }
}

/// Print the code hash, by which an attestation names the code.
///
/// It does not depend on how the file was packed, nor on whether the Descriptor and Debug components are there.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra cap hash applets/*/*.cap")]
pub(crate) struct Hash {
    /// CAP files, or load files of their components
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

impl Hash {
    fn run(self) -> Result<()> {
        let mut rows = Vec::new();
        for path in &self.files {
            let cap = open(path)?;
            let hash = json::hex(&cap.code_hash());
            if !self.json {
                print::line(format_args!("{hash}  {}", path.display()))?;
            }
            rows.push(json!({
                "file": path.display().to_string(),
                "package_aid": cap.aid().to_string(),
                "code_hash": hash,
            }));
        }
        if self.json {
            print::line(serde_json::to_string_pretty(&rows)?)?;
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn open(path: &Path) -> Result<CapFile> {
    let bytes = read(path)?;
    // A load file begins with the Header component's tag, 01.
    let cap = if bytes.first() == Some(&1) {
        CapFile::from_load_file(&bytes)
    } else {
        CapFile::from_zip(&bytes)
    };
    cap.with_context(|| path.display().to_string())
}

/// The class files directly in a folder, in the order of their names.
fn class_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "class") {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "{}: no class files", folder.display());
    files.sort();
    Ok(files)
}

fn applet(text: &str) -> Result<AppletConfig> {
    let (class, aid) = text
        .split_once('=')
        .context("an applet is written CLASS=AID")?;
    Ok(AppletConfig {
        class: class.to_owned(),
        aid: aid.parse()?,
    })
}

fn version(text: &str) -> Result<PackageVersion> {
    let (major, minor) = text
        .split_once('.')
        .context("a version is written major.minor")?;
    let number = |part: &str| part.parse().context("each part is 0 to 255");
    Ok(PackageVersion {
        major: number(major)?,
        minor: number(minor)?,
    })
}
