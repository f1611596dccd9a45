//! Java class files to CAP and export files, and the SDK that javac compiles against.
//!
//! ```text
//! *.java ──javac --release 8──▶ *.class ──convert──▶ .cap + .exp
//!    ▲                                      ▲
//!    └── stub classes ── API table ── export files
//! ```
//!
//! - [`sdk`] writes stub sources and export files of the Java Card API at any release.
//! - [`convert`] turns the class files of one package into a CAP file and an export file.
//! - [`rebuild`] compiles and converts a folder of packages in the order of their dependencies.
//!
//! What a program computes is what the JVM computes: the converter uses 16-bit instructions only
//! where a result can't differ (see [`IntSupport`]). The same input always gives the same bytes.
//!
//! It converts one package at a time to the compact form of the CAP formats 2.1, 2.2 and 2.3. It
//! writes no Debug component and no remote interfaces, and does not verify bytecode that javac did
//! not make. Only [`sdk::Sdk`] and [`rebuild`] touch files; they run javac.
#![warn(missing_docs)]

use hydra_cap::export::{ExportError, ExportFile};
use hydra_cap::{Aid, CapFile, ComponentTag, Format, PackageVersion, write};

mod classfile;
mod code;
mod diagnostic;
mod package;
mod pool;
pub mod rebuild;
pub mod sdk;
mod shape;
mod statics;
mod types;
mod world;

pub use diagnostic::Diagnostic;

use classfile::Class;
use diagnostic::{Diagnostics, Place, dotted};
use package::Package;
use types::{Signature, Type};
use world::{ClassId, World};

/// Whether a package may use the 32-bit type `int`, which cards may lack.
///
/// Where it is refused, an intermediate result that needs more than 16 bits is a diagnostic; cast
/// it to `short` where that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntSupport {
    /// Use it where the program needs it.
    Allowed,
    /// Report each place that needs it.
    Refused,
}

/// An applet of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppletConfig {
    /// Its class, with or without the package, with dots or slashes.
    pub class: String,
    /// The module's AID.
    pub aid: Aid,
}

/// What class files don't say about a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Package AID.
    pub aid: Aid,
    /// Package version.
    pub version: PackageVersion,
    /// The applets; none for a library.
    pub applets: Vec<AppletConfig>,
    /// Whether `int` may be used.
    pub int: IntSupport,
    /// The CAP format. 2.1 by default: every card and tool reads it, and nothing here needs more.
    pub format: Format,
}

impl Config {
    /// A library at version 1.0 in format 2.1 that may use `int`.
    #[must_use]
    pub const fn library(aid: Aid) -> Self {
        Self {
            aid,
            version: PackageVersion { major: 1, minor: 0 },
            applets: Vec::new(),
            int: IntSupport::Allowed,
            format: Format::V2_1,
        }
    }

    /// The same with an applet.
    #[must_use]
    pub fn with_applet(mut self, class: &str, aid: Aid) -> Self {
        self.applets.push(AppletConfig {
            class: class.to_owned(),
            aid,
        });
        self
    }
}

/// A converted package.
#[derive(Clone, Debug)]
pub struct Output {
    /// The package's internal name.
    pub package: String,
    /// The `.cap` file.
    pub cap: Vec<u8>,
    /// The same, read.
    pub cap_file: CapFile,
    /// The export file's content, for packages that link to this one.
    pub export: ExportFile,
    /// The `.exp` file, in the format of the CAP file.
    pub exp: Vec<u8>,
}

/// Converts the class files of one package. `exports` are the export files of everything that it
/// links to, the API's among them ([`sdk::ApiLevel::exports`]).
///
/// # Errors
/// All diagnostics at once, in the order of classes, members and lines.
pub fn convert<C: AsRef<[u8]>>(
    classes: &[C],
    exports: &[ExportFile],
    config: &Config,
) -> Result<Output, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let output = convert_package(classes, exports, config, &mut diagnostics);
    match output {
        Some(output) if diagnostics.is_empty() => Ok(output),
        _ => Err(diagnostics.into_sorted()),
    }
}

fn convert_package<C: AsRef<[u8]>>(
    files: &[C],
    exports: &[ExportFile],
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> Option<Output> {
    let mut classes = Vec::new();
    for file in files {
        match Class::read(file.as_ref()) {
            Ok(class) => classes.push(class),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let Some(name) = classes.first().map(|c| c.package().to_owned()) else {
        if diagnostics.is_empty() {
            diagnostics.push(Diagnostic::package("no class files"));
        }
        return None;
    };
    if name.is_empty() {
        diagnostics.push(Diagnostic::package(
            "the default package can't be converted",
        ));
    }
    for class in &classes {
        if class.package() != name {
            diagnostics.push(Diagnostic::package(format!(
                "class {} is not in package {}: convert one package at a time",
                dotted(&class.name),
                dotted(&name)
            )));
        }
    }
    let mut world = World::new(classes, exports, diagnostics);
    world.add_open_interface_methods();
    for (index, class) in world.classes.iter().enumerate() {
        check_class(&world, index, class, diagnostics);
    }
    let library = config.applets.is_empty();
    let exported: Vec<bool> = world
        .classes
        .iter()
        .enumerate()
        .map(|(index, class)| {
            let shared = class.interface && world.is_shareable(ClassId::Own(index));
            class.public && (library || shared)
        })
        .collect();
    let shapes = shape::shapes(&world, diagnostics, &exported);
    let package = Package::write(&world, &shapes, config, &name, &exported, diagnostics);
    if !diagnostics.is_empty() {
        return None;
    }
    let finished = package.finish(diagnostics)?;
    if !diagnostics.is_empty() {
        return None;
    }
    match pack(&name, finished.components, &finished.export, config.format) {
        Ok((cap, cap_file, exp)) => Some(Output {
            package: name,
            cap,
            cap_file,
            export: finished.export,
            exp,
        }),
        Err(message) => {
            diagnostics.push(Diagnostic::package(message));
            None
        }
    }
}

type Files = (Vec<u8>, CapFile, Vec<u8>);

/// Writes the files, and reads the CAP file back: what the reader refuses never leaves.
fn pack(
    name: &str,
    components: Vec<(ComponentTag, Vec<u8>)>,
    export: &ExportFile,
    format: Format,
) -> Result<Files, String> {
    let cap = write::zip(name, &components).map_err(|e| e.to_string())?;
    let cap_file = CapFile::from_zip(&cap).map_err(|e| e.to_string())?;
    let exp = export
        .to_bytes(format)
        .map_err(|e: ExportError| e.to_string())?;
    Ok((cap, cap_file, exp))
}

/// What can be said of a class before its code is looked at.
fn check_class(world: &World<'_>, index: usize, class: &Class, diagnostics: &mut Diagnostics) {
    fn place<'a>(class: &'a Class, member: &'a str, line: Option<u16>) -> Place<'a> {
        Place {
            class,
            member,
            line,
        }
    }
    for (member, line, message) in &class.complaints {
        diagnostics.push(place(class, member, *line).diagnostic(message.as_str()));
    }
    for name in class.super_class.iter().chain(&class.interfaces) {
        if let Err(message) = world.require(name) {
            diagnostics.push(place(class, "", None).diagnostic(message));
        }
    }
    if world.is_remote(ClassId::Own(index)) {
        let message = "remote interfaces (java.rmi) are not converted";
        diagnostics.push(place(class, "", None).diagnostic(message));
    }
    for field in &class.fields {
        let at = place(class, &field.name, None);
        match Type::parse(&field.descriptor) {
            Err(message) => diagnostics.push(at.diagnostic(message)),
            Ok(kind) => check_known(world, &kind, at, diagnostics),
        }
        if class.interface && field.constant.is_none() {
            let message = "an interface's fields must be compile-time constants of a number type";
            diagnostics.push(at.diagnostic(message));
        }
    }
    for method in &class.methods {
        let label = method.label();
        let at = place(class, &label, None);
        match Signature::parse(&method.descriptor) {
            Err(message) => diagnostics.push(at.diagnostic(message)),
            Ok(signature) => {
                for kind in signature.parameters.iter().chain([&signature.result]) {
                    check_known(world, kind, at, diagnostics);
                }
            }
        }
    }
}

fn check_known(world: &World<'_>, kind: &Type, place: Place<'_>, diagnostics: &mut Diagnostics) {
    let element = match kind {
        Type::Array(element) => element.as_ref(),
        other => other,
    };
    if let Type::Class(name) = element
        && let Err(message) = world.require(name)
    {
        diagnostics.push(place.diagnostic(message));
    }
}
