//! The SDK: stub sources of the Java Card API for javac's class path, and its export files.
//!
//! Both come from the API table, at the versions of one Java Card release. There are no stubs of
//! `java.lang`: javac insists on its own; the converter refuses what Java Card lacks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use hydra_cap::PackageVersion;
use hydra_cap::api::{self, ApiPackage};
use hydra_cap::export::{ExportError, ExportFile};
use thiserror::Error;

mod stubs;

/// The Java Card release that is assumed when none is named: the newest that cards in use have.
pub const DEFAULT_RELEASE: &str = "3.0.5";

/// Which version of each API package there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiLevel {
    versions: BTreeMap<String, PackageVersion>,
}

impl ApiLevel {
    /// The packages of a Java Card release (`2.2.2`, `3.0.5`, `3.2.0`…). Packages that are not
    /// Java Card's own (GlobalPlatform, Hydra's platform) are there at their newest version.
    pub fn release(name: &str) -> Result<Self, SdkError> {
        let generation =
            api::generation(name).ok_or_else(|| SdkError::UnknownRelease(name.to_owned()))?;
        let mut versions = BTreeMap::new();
        for package in api::PACKAGES {
            if let Some(version) = version_in(generation, package) {
                versions.insert(package.name.to_owned(), version);
            }
        }
        Ok(Self { versions })
    }

    /// The same with another version of one package, for a card that has an older one.
    pub fn with(mut self, package: &str, version: PackageVersion) -> Result<Self, SdkError> {
        let name = package.replace('.', "/");
        let known = api::package(&name)
            .is_some_and(|p| p.versions.contains(&(version.major, version.minor)));
        if !known {
            return Err(SdkError::UnknownVersion {
                package: package.to_owned(),
                version,
            });
        }
        self.versions.insert(name, version);
        Ok(self)
    }

    /// The packages, by name, with their versions.
    pub fn packages(&self) -> impl Iterator<Item = (&'static ApiPackage, PackageVersion)> {
        self.versions
            .iter()
            .filter_map(|(name, version)| Some((api::package(name)?, *version)))
    }

    /// The export files of all packages.
    pub fn exports(&self) -> Result<Vec<ExportFile>, SdkError> {
        let mut files = Vec::new();
        for (package, version) in self.packages() {
            files.push(ExportFile::from_api(package, version)?);
        }
        Ok(files)
    }

    /// The stub sources of all packages but those that the JDK has itself.
    #[must_use]
    pub fn stub_sources(&self) -> Vec<SourceFile> {
        self.packages()
            .filter(|(package, _)| !package.name.starts_with("java/"))
            .flat_map(|(package, version)| stubs::package(package, version))
            .collect()
    }
}

fn version_in(generation: &api::Generation, package: &ApiPackage) -> Option<PackageVersion> {
    let listed = generation.packages.iter().find(|p| p.0 == package.name);
    let is_release_package = api::GENERATIONS
        .iter()
        .any(|g| g.packages.iter().any(|p| p.0 == package.name));
    match listed {
        Some(&(_, major, minor)) => Some(PackageVersion { major, minor }),
        None if is_release_package => None,
        None => Some(PackageVersion {
            major: package.major,
            minor: package.minor,
        }),
    }
}

/// A Java source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path below the source root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// An SDK in a folder: `src` (stub sources), `exp` (export files), `classes` (compiled stubs).
#[derive(Clone, Debug)]
pub struct Sdk {
    folder: PathBuf,
}

impl Sdk {
    /// Writes the SDK of an API level into a folder and compiles the stubs.
    pub fn install(folder: &Path, level: &ApiLevel, javac: &Javac) -> Result<Self, SdkError> {
        let sdk = Self::write(folder, level)?;
        let mut sources = Vec::new();
        for file in level.stub_sources() {
            sources.push(folder.join("src").join(file.path));
        }
        javac.compile(&sources, &[], &sdk.classes())?;
        Ok(sdk)
    }

    /// Writes the sources and export files without compiling.
    pub fn write(folder: &Path, level: &ApiLevel) -> Result<Self, SdkError> {
        for file in level.stub_sources() {
            write_file(&folder.join("src").join(file.path), file.text.as_bytes())?;
        }
        for file in level.exports()? {
            let path = folder.join("exp").join(export_path(&file.name));
            write_file(&path, &file.to_bytes(file.oldest_format())?)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// The compiled stubs: javac's class path.
    #[must_use]
    pub fn classes(&self) -> PathBuf {
        self.folder.join("classes")
    }
}

/// Where a package's export file lies below an export path: `javacard/framework/javacard/framework.exp`.
#[must_use]
pub fn export_path(package: &str) -> String {
    let last = package.rsplit('/').next().unwrap_or(package);
    format!("{package}/javacard/{last}.exp")
}

/// The Java compiler.
#[derive(Clone, Debug)]
pub struct Javac {
    program: PathBuf,
}

impl Javac {
    /// `$JAVA_HOME/bin/javac`, or `javac` from the path.
    #[must_use]
    pub fn find() -> Self {
        let program = match std::env::var_os("JAVA_HOME") {
            Some(home) => PathBuf::from(home).join("bin").join("javac"),
            None => PathBuf::from("javac"),
        };
        Self { program }
    }

    /// Compiles source files for the class file version that the converter reads, with line
    /// numbers, as `--release 8`.
    pub fn compile(
        &self,
        sources: &[PathBuf],
        class_path: &[PathBuf],
        output: &Path,
    ) -> Result<(), SdkError> {
        fs::create_dir_all(output).map_err(|source| SdkError::File {
            path: output.to_owned(),
            source,
        })?;
        let mut command = Command::new(&self.program);
        command.args([
            "--release",
            "8",
            "-g:source,lines",
            "-nowarn",
            "-Xlint:-options",
        ]);
        command.args(["-encoding", "UTF-8", "-implicit:none", "-proc:none", "-d"]);
        command.arg(output);
        let class_path = std::env::join_paths(class_path).map_err(|_| SdkError::ClassPath)?;
        command.arg("-cp").arg(class_path);
        command.args(sources);
        let result = command.output().map_err(|source| SdkError::NoJavac {
            program: self.program.clone(),
            source,
        })?;
        if result.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&result.stderr).into_owned();
        Err(SdkError::Compile(text))
    }
}

/// Writes a file, making its folders.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SdkError> {
    let failed = |source| SdkError::File {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, bytes).map_err(failed)
}

/// Why there is no SDK, or javac gave no classes.
#[derive(Debug, Error)]
pub enum SdkError {
    /// The API table knows no such Java Card release.
    #[error("no Java Card release {0} in the API table (2.1.1 to 3.2.0)")]
    UnknownRelease(String),
    /// The package never had this version.
    #[error("package {package} has no version {version}")]
    UnknownVersion {
        /// The package.
        package: String,
        /// The version asked for.
        version: PackageVersion,
    },
    /// An export file could not be made or read.
    #[error("export file: {0}")]
    Export(#[from] ExportError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder of the class path has a separator in its name.
    #[error("a class path entry contains the path separator")]
    ClassPath,
    /// javac could not be started.
    #[error("javac ({}) could not be started: {source}; install a JDK or set JAVA_HOME", program.display())]
    NoJavac {
        /// The program tried.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// javac refused the sources.
    #[error("javac:\n{0}")]
    Compile(String),
}
