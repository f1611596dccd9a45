//! Rebuilding a folder of packages from their Java sources.
//!
//! Each package has a folder with an `applet.toml` and its sources under `src`:
//!
//! ```text
//! applets/electricity/applet.toml
//! applets/electricity/src/hydra/electricity/Electricity.java
//! applets/electricity/electricity.cap, electricity.exp      (made here)
//! ```
//!
//! ```
//! let text = r#"
//!     package = "hydra.electricity"
//!     aid = "F0485944520202"
//!     version = "1.0"
//!     int = true                    # may use 32-bit instructions (default false)
//!     release = "3.0.5"             # Java Card release to compile against (this is the default)
//!     format = "2.1"                # CAP format (this is the default)
//!
//!     [[applet]]
//!     class = "Electricity"
//!     aid = "F048594452020201"
//!
//!     [versions]                    # a package at another version than the release's
//!     "org.globalplatform" = "1.1"
//! "#;
//! let manifest: hydra_convert::rebuild::Manifest = text.parse()?;
//! assert_eq!(manifest.config.applets.len(), 1);
//! # Ok::<(), hydra_convert::rebuild::ManifestError>(())
//! ```
//!
//! All sources are compiled together; packages are then converted in the order of their
//! dependencies, each against the export files of those before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hydra_cap::export::ExportFile;
use hydra_cap::{Format, PackageVersion};
use serde::Deserialize;
use thiserror::Error;

use crate::classfile::{Class, Op};
use crate::diagnostic::Diagnostic;
use crate::sdk::{ApiLevel, DEFAULT_RELEASE, Javac, Sdk, SdkError, write_file};
use crate::types::{Signature, Type};
use crate::{AppletConfig, Config, IntSupport, Output, convert};

/// Name of the file that makes a folder a package.
pub const MANIFEST: &str = "applet.toml";

/// What an `applet.toml` says.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Internal name of the package.
    pub package: String,
    /// How it is converted.
    pub config: Config,
    /// The API that it is compiled against.
    pub api: ApiLevel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestText {
    package: String,
    aid: String,
    version: String,
    #[serde(default)]
    int: bool,
    release: Option<String>,
    format: Option<String>,
    #[serde(default)]
    applet: Vec<AppletText>,
    #[serde(default)]
    versions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppletText {
    class: String,
    aid: String,
}

/// What is wrong with an `applet.toml`.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is no TOML, or has unknown or missing keys.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A value is not what its key wants.
    #[error("{key} = {value:?}: {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What it should be.
        problem: String,
    },
    /// The API has no such release or version.
    #[error("{0}")]
    Api(#[from] SdkError),
}

impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let text: ManifestText = toml::from_str(text)?;
        let aid = |key, value: &str| {
            value.parse().map_err(|e| ManifestError::Value {
                key,
                value: value.to_owned(),
                problem: format!("{e}"),
            })
        };
        let mut applets = Vec::new();
        for applet in text.applet {
            applets.push(AppletConfig {
                class: applet.class,
                aid: aid("applet.aid", &applet.aid)?,
            });
        }
        let format = match text.format.as_deref() {
            None | Some("2.1") => Format::V2_1,
            Some("2.2") => Format::V2_2,
            Some("2.3") => Format::V2_3,
            Some(other) => {
                return Err(ManifestError::Value {
                    key: "format",
                    value: other.to_owned(),
                    problem: "must be 2.1, 2.2 or 2.3".to_owned(),
                });
            }
        };
        let mut api = ApiLevel::release(text.release.as_deref().unwrap_or(DEFAULT_RELEASE))?;
        for (package, value) in &text.versions {
            api = api.with(package, version("versions", value)?)?;
        }
        Ok(Self {
            package: text.package.replace('.', "/"),
            config: Config {
                aid: aid("aid", &text.aid)?,
                version: version("version", &text.version)?,
                applets,
                int: if text.int {
                    IntSupport::Allowed
                } else {
                    IntSupport::Refused
                },
                format,
            },
            api,
        })
    }
}

fn version(key: &'static str, value: &str) -> Result<PackageVersion, ManifestError> {
    let parts = value.split_once('.');
    let parsed = parts.and_then(|(major, minor)| {
        Some(PackageVersion {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| ManifestError::Value {
        key,
        value: value.to_owned(),
        problem: "must be major.minor, each 0 to 255".to_owned(),
    })
}

/// A package made from its sources.
#[derive(Debug)]
pub struct Rebuilt {
    /// The package's folder.
    pub folder: PathBuf,
    /// What the conversion gave.
    pub output: Output,
}

impl Rebuilt {
    /// Where the CAP file belongs: `applets/outbox/outbox.cap`.
    #[must_use]
    pub fn cap_path(&self) -> PathBuf {
        self.path("cap")
    }

    /// Where the export file belongs.
    #[must_use]
    pub fn exp_path(&self) -> PathBuf {
        self.path("exp")
    }

    fn path(&self, extension: &str) -> PathBuf {
        // The folder's name may have dots.
        let mut name = self.folder.file_name().unwrap_or_default().to_os_string();
        name.push(".");
        name.push(extension);
        self.folder.join(name)
    }

    /// Writes both files.
    pub fn write(&self) -> Result<(), RebuildError> {
        write_file(&self.cap_path(), &self.output.cap)?;
        write_file(&self.exp_path(), &self.output.exp)?;
        Ok(())
    }

    /// Whether the files in the folder are exactly these.
    #[must_use]
    pub fn is_current(&self) -> bool {
        let same = |path: PathBuf, bytes: &[u8]| fs::read(path).is_ok_and(|found| found == bytes);
        same(self.cap_path(), &self.output.cap) && same(self.exp_path(), &self.output.exp)
    }
}

/// Why a folder could not be rebuilt.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// A file or folder could not be read or written, or javac refused the sources.
    #[error("{0}")]
    Sdk(#[from] SdkError),
    /// A manifest is wrong.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ManifestError,
    },
    /// A package's sources gave no classes.
    #[error("{}: no classes of package {package} came from its sources", folder.display())]
    NoClasses {
        /// The package's folder.
        folder: PathBuf,
        /// The package.
        package: String,
    },
    /// Packages depend on each other in a circle.
    #[error("packages depend on each other in a circle: {}", .0.join(", "))]
    Circle(Vec<String>),
    /// The converter refused the package.
    #[error("{package}:{}", .diagnostics.iter().map(|d| format!("\n  {d}")).collect::<String>())]
    Refused {
        /// The package.
        package: String,
        /// Everything it has to say.
        diagnostics: Vec<Diagnostic>,
    },
}

struct Source {
    folder: PathBuf,
    manifest: Manifest,
    classes: Vec<Vec<u8>>,
    /// Packages that its classes mention.
    mentions: Vec<String>,
}

/// Compiles and converts every package folder directly below `root`, in the order of their
/// dependencies. Writes nothing below `root`.
pub fn rebuild(root: &Path, javac: &Javac) -> Result<Vec<Rebuilt>, RebuildError> {
    let work = tempfile::tempdir().map_err(|source| SdkError::File {
        path: std::env::temp_dir(),
        source,
    })?;
    let mut sources = find(root)?;
    compile(&mut sources, work.path(), javac)?;
    let mut done: Vec<Rebuilt> = Vec::new();
    while !sources.is_empty() {
        let ready = sources.iter().position(|source| {
            !sources.iter().any(|other| {
                other.manifest.package != source.manifest.package
                    && source.mentions.contains(&other.manifest.package)
            })
        });
        let Some(index) = ready else {
            let names = sources.iter().map(|s| s.manifest.package.clone());
            return Err(RebuildError::Circle(names.collect()));
        };
        let source = sources.remove(index);
        let mut exports = source.manifest.api.exports()?;
        exports.extend(done.iter().map(|r| r.output.export.clone()));
        let output =
            convert(&source.classes, &exports, &source.manifest.config).map_err(|diagnostics| {
                RebuildError::Refused {
                    package: source.manifest.package.clone(),
                    diagnostics,
                }
            })?;
        done.push(Rebuilt {
            folder: source.folder,
            output,
        });
    }
    Ok(done)
}

fn find(root: &Path) -> Result<Vec<Source>, RebuildError> {
    let mut sources = Vec::new();
    for folder in entries(root)? {
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|source| SdkError::File {
            path: path.clone(),
            source,
        })?;
        let manifest = text
            .parse()
            .map_err(|source| RebuildError::Manifest { path, source })?;
        sources.push(Source {
            folder,
            manifest,
            classes: Vec::new(),
            mentions: Vec::new(),
        });
    }
    Ok(sources)
}

/// Compiles the packages of one API level together and gives each its classes.
fn compile(sources: &mut [Source], work: &Path, javac: &Javac) -> Result<(), RebuildError> {
    let classes = work.join("classes");
    let mut sdks: Vec<(ApiLevel, Sdk)> = Vec::new();
    for source in sources.iter() {
        let level = &source.manifest.api;
        if !sdks.iter().any(|(known, _)| known == level) {
            let folder = work.join(format!("sdk-{}", sdks.len()));
            sdks.push((level.clone(), Sdk::install(&folder, level, javac)?));
        }
    }
    // Sources of all packages are on the source path, so that they find each other.
    for (level, sdk) in &sdks {
        let mut files = Vec::new();
        for source in sources.iter().filter(|s| s.manifest.api == *level) {
            collect(&source.folder.join("src"), "java", &mut files)?;
        }
        let others: Vec<PathBuf> = sources
            .iter()
            .filter(|s| s.manifest.api != *level)
            .map(|s| s.folder.join("src"))
            .collect();
        let mut path = vec![sdk.classes()];
        path.extend(others);
        javac.compile(&files, &path, &classes)?;
    }
    for source in sources.iter_mut() {
        let mut files = Vec::new();
        let folder = classes.join(&source.manifest.package);
        if folder.is_dir() {
            for path in entries(&folder)? {
                if path.extension().is_some_and(|e| e == "class") {
                    files.push(path);
                }
            }
        }
        if files.is_empty() {
            return Err(RebuildError::NoClasses {
                folder: source.folder.clone(),
                package: source.manifest.package.replace('/', "."),
            });
        }
        for path in files {
            let bytes = fs::read(&path).map_err(|source| SdkError::File { path, source })?;
            if let Ok(class) = Class::read(&bytes) {
                source.mentions.extend(mentions(&class));
            }
            source.classes.push(bytes);
        }
    }
    Ok(())
}

/// The packages of the classes that a class mentions.
fn mentions(class: &Class) -> Vec<String> {
    let mut names: Vec<String> = class.super_class.iter().cloned().collect();
    names.extend(class.interfaces.iter().cloned());
    let mut types = Vec::new();
    for field in &class.fields {
        types.extend(Type::parse(&field.descriptor).ok());
    }
    for method in &class.methods {
        if let Ok(signature) = Signature::parse(&method.descriptor) {
            types.extend(signature.parameters);
            types.push(signature.result);
        }
        let code = method.code.iter();
        for instruction in code.flat_map(|code| &code.instructions) {
            match &instruction.op {
                Op::GetStatic(m)
                | Op::PutStatic(m)
                | Op::GetField(m)
                | Op::PutField(m)
                | Op::Invoke(_, m) => names.push(m.class.clone()),
                Op::New(name)
                | Op::NewReferenceArray(name)
                | Op::CheckCast(name)
                | Op::InstanceOf(name) => names.push(name.clone()),
                _ => {}
            }
        }
        let code = method.code.iter();
        for handler in code.flat_map(|code| &code.handlers) {
            names.extend(handler.catch_type.iter().cloned());
        }
    }
    for kind in types {
        let element = match kind {
            Type::Array(element) => *element,
            other => other,
        };
        if let Type::Class(name) = element {
            names.push(name);
        }
    }
    names
        .iter()
        .map(|name| crate::classfile::package_of(name).to_owned())
        .collect()
}

/// A folder's entries, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, SdkError> {
    let failed = |source| SdkError::File {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// All files with an extension below a folder, sorted.
fn collect(folder: &Path, extension: &str, into: &mut Vec<PathBuf>) -> Result<(), SdkError> {
    for path in entries(folder)? {
        if path.is_dir() {
            collect(&path, extension, into)?;
        } else if path.extension().is_some_and(|e| e == extension) {
            into.push(path);
        }
    }
    Ok(())
}

/// The export file at a path.
pub fn read_export(path: &Path) -> Result<ExportFile, RebuildError> {
    let bytes = fs::read(path).map_err(|source| SdkError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(ExportFile::from_bytes(&bytes).map_err(SdkError::Export)?)
}
