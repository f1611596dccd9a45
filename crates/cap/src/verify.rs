//! The verifier: whether a CAP file keeps the rules of JCVM 3.0.5 §3, §6 and §7 that make it safe to link and to run.
//!
//! What the reader has checked is not checked again. Beyond that, [`verify`] checks
//!
//! - always: what the components say about one another, that instructions are instructions and branches lead to
//!   instructions of their method, that constant pool entries are of the kind that each instruction needs;
//! - with a Descriptor component: that it agrees with the components it describes, and the types of all operands and
//!   local variables on every path (a dataflow analysis), accesses, and what overriding and implementing ask for.
//!
//! All faults are found, not only the first. Work is bounded: each byte of code is worth [`WORK_PER_BYTE`] steps (a step
//! follows one instruction or merges one word where paths meet); code that needs more is refused with
//! [`Rule::TooComplex`]. Memory is bounded by the same number. It never panics.
//!
//! What a package that is imported offers comes from the API table, from an export file or from the package's own CAP
//! file ([`Imports`]). Of a CAP file without Descriptor, signatures are not known: then those that the importing file
//! claims are taken, and what follows a call whose signature nobody tells is not followed ([`Report::unfollowed`]).
//!
//! ```
//! # const BENCH: &[u8] = include_bytes!("../../../vectors/caps/2.1-jc305/bench.cap");
//! use hydra_cap::verify::{Imports, verify};
//!
//! let cap = hydra_cap::CapFile::from_zip(BENCH)?;
//! let report = verify(&cap, &Imports::default());
//! assert!(report.faults.is_empty() && report.typed);
//! # Ok::<(), hydra_cap::CapError>(())
//! ```

mod code;
mod descriptor;
mod file;
mod flow;
mod members;
mod rule;
mod signature;
mod step;
mod structure;
mod types;
mod world;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use rule::Rule;

use crate::export::ExportFile;
use crate::read::CapError;
use crate::types::{CapFile, ClassRef, ComponentTag, DebugMethod};

/// Steps of the analysis that each byte of code may take. Converted programs take two or three.
pub const WORK_PER_BYTE: usize = 512;

/// The most faults that are told of one file.
pub const FAULT_LIMIT: usize = 1000;

/// What is known of the packages that a file imports, beside the API.
#[derive(Clone, Copy, Debug, Default)]
pub struct Imports<'a> {
    /// Their export files, and those of packages that these mention.
    pub exports: &'a [ExportFile],
    /// Their CAP files.
    pub files: &'a [&'a CapFile],
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The component.
    pub component: ComponentTag,
    /// The package's position in the file; 0 in the compact form.
    pub package: u8,
    /// The method, if it is in one.
    pub method: Option<Method>,
    /// Offset in the component, counted after its tag and size.
    pub offset: usize,
    /// The rule that is broken.
    pub rule: Rule,
    /// How.
    pub text: Cow<'static, str>,
}

/// A method in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Offset of its header in the Method component.
    pub offset: usize,
    /// `wallet/Purse.debit(S)V` with a Debug component; else `class@12.install`, `class@12.virtual 3`, or `class@12.method@65` where nothing names it.
    pub name: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} component, ", self.component)?;
        if self.package > 0 {
            write!(f, "package {}, ", self.package)?;
        }
        if let Some(method) = &self.method {
            let code = self.offset.saturating_sub(method.offset);
            write!(f, "{} +{code}, ", method.name)?;
        }
        write!(f, "offset {}: {} [{}]", self.offset, self.text, self.rule)
    }
}

impl From<CapError> for Fault {
    /// What the reader refuses is a fault of structure.
    fn from(error: CapError) -> Self {
        let (component, offset, text) = match &error {
            CapError::Component {
                component,
                offset,
                reason,
            } => (*component, *offset, (*reason).into()),
            CapError::Missing(component) => (*component, 0, "the component is missing".into()),
            CapError::Zip { offset, .. } | CapError::LoadFile { offset, .. } => {
                (ComponentTag::Header, *offset, format!("{error}").into())
            }
        };
        Self {
            component,
            package: 0,
            method: None,
            offset,
            rule: Rule::Structure,
            text,
        }
    }
}

/// What came of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All faults, up to [`FAULT_LIMIT`], in the order of components and offsets.
    pub faults: Vec<Fault>,
    /// Whether there was a Descriptor component, so that types were checked.
    pub typed: bool,
    /// Classes and interfaces.
    pub classes: usize,
    /// Methods looked at.
    pub methods: usize,
    /// Instructions looked at.
    pub instructions: usize,
    /// Calls of methods whose signatures nobody tells: what comes after them was not followed.
    pub unfollowed: usize,
    /// Steps that the analysis took.
    pub work: usize,
}

/// Faults as they are found.
struct Faults<'a> {
    cap: &'a CapFile,
    /// The methods' names, if there is a Debug component.
    names: Vec<DebugMethod>,
    list: Vec<Fault>,
}

impl Faults<'_> {
    fn add(
        &mut self,
        component: ComponentTag,
        offset: usize,
        rule: Rule,
        text: impl Into<Cow<'static, str>>,
    ) {
        self.push(component, 0, None, offset, rule, text.into());
    }

    fn push(
        &mut self,
        component: ComponentTag,
        package: u8,
        method: Option<u32>,
        offset: usize,
        rule: Rule,
        text: Cow<'static, str>,
    ) {
        if self.list.len() >= FAULT_LIMIT {
            return;
        }
        let method = method.map(|offset| Method {
            offset: usize::try_from(offset).unwrap_or(usize::MAX),
            name: self.method_name(offset),
        });
        self.list.push(Fault {
            component,
            package,
            method,
            offset,
            rule,
            text,
        });
    }

    /// A method by what names it: the Debug component, the API, the Descriptor's token, else the offset.
    fn method_name(&self, offset: u32) -> String {
        let cap = self.cap;
        if let Some(known) = self.names.iter().find(|method| method.offset == offset) {
            return format!("{}.{}{}", known.class, known.name, known.descriptor);
        }
        let class = cap.declaring(offset);
        let mut name = match cap.method_name(offset) {
            Some(name) => name,
            None => format!("method@{offset}"),
        };
        let described = cap.descriptor().and_then(|descriptor| {
            let classes = descriptor.classes.iter();
            let mut methods = classes
                .filter(|class| !class.is_interface())
                .flat_map(|class| &class.methods);
            methods.find(|method| method.method == offset)
        });
        if let Some(method) = described
            && name.starts_with("method@")
            && method.token != 0xFF
        {
            name = match (method.is_virtual(), method.token & 0x80 != 0) {
                (true, false) => format!("virtual {}", method.token),
                (true, true) => format!("package virtual {}", method.token & 0x7F),
                (false, _) => format!("static {}", method.token),
            };
        }
        match class {
            Some(class) => format!("{class}.{name}"),
            None => name,
        }
    }
}

/// Verifies a file.
#[must_use]
pub fn verify(cap: &CapFile, imports: &Imports<'_>) -> Report {
    let world = world::World::new(cap, imports);
    let mut verifier = Verifier {
        cap,
        members: members::Members::new(world),
        faults: Faults {
            cap,
            names: Vec::new(),
            list: Vec::new(),
        },
        pool: Vec::new(),
        report: Report {
            typed: cap.descriptor().is_some(),
            classes: cap.classes().len() + cap.interfaces().len(),
            ..Report::default()
        },
    };
    // Nothing runs by it, but what is there should be whole.
    match cap.debug() {
        Ok(names) => verifier.faults.names = names.unwrap_or_default(),
        Err(error) => verifier.faults.list.push(error.into()),
    }
    verifier.structure();
    verifier.link_pool();
    if cap.descriptor().is_some() {
        verifier.descriptor();
    }
    verifier.code();
    let mut report = verifier.report;
    report.faults = verifier.faults.list;
    let order = |component: ComponentTag| {
        let mut all = ComponentTag::LOAD_ORDER.iter();
        all.position(|known| *known == component)
    };
    report
        .faults
        .sort_by_key(|fault| (order(fault.component), fault.offset, fault.rule));
    report.faults.dedup();
    report
}

/// Reads bytes as a load file (which begins with the Header component's tag) or a ZIP file, and verifies it; what can't
/// be read is a fault too.
#[must_use]
pub fn verify_bytes(bytes: &[u8], imports: &Imports<'_>) -> (Option<CapFile>, Report) {
    let read = if bytes.first() == Some(&ComponentTag::Header.tag()) {
        CapFile::from_load_file(bytes)
    } else {
        CapFile::from_zip(bytes)
    };
    match read {
        Ok(cap) => {
            let report = verify(&cap, imports);
            (Some(cap), report)
        }
        Err(error) => (
            None,
            Report {
                faults: Vec::from([error.into()]),
                ..Report::default()
            },
        ),
    }
}

/// A verification under way.
struct Verifier<'a> {
    cap: &'a CapFile,
    members: members::Members<'a>,
    faults: Faults<'a>,
    pool: Vec<members::Entry>,
    report: Report,
}

impl<'a> Verifier<'a> {
    fn class_name(&self, class: ClassRef) -> String {
        self.cap.class_name(class)
    }

    fn typed(&self) -> bool {
        self.report.typed
    }
}
