//! Every instruction that a card executes, with its method's name.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use hydra_cap::dump::MethodDump;
use hydra_cap::opcode::Opcode;
use hydra_cap::{Aid, CapFile};
use hydra_vm::{Observer, Package};

use crate::print;

/// What a package's methods are called and what their code says.
struct Listing {
    code_hash: [u8; 32],
    methods: Vec<MethodDump>,
}

impl Listing {
    fn of(cap: &CapFile) -> Self {
        let dump = cap.dump();
        Self {
            code_hash: dump.code_hash,
            methods: dump.methods,
        }
    }

    /// The method in which the byte at this offset of the Method component lies.
    fn method(&self, offset: u32) -> Option<&MethodDump> {
        let after = self
            .methods
            .partition_point(|method| method.offset <= offset);
        self.methods.get(after.checked_sub(1)?)
    }
}

/// Prints what it sees on standard error.
pub(super) struct Printer {
    /// Those that were given, which have names the card does not hold.
    given: HashMap<Aid, Arc<Listing>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Those that came up: the given ones where the card runs their code, else as the card has them.
    packages: HashMap<Aid, Arc<Listing>>,
    /// The method of the last instruction.
    method: Option<(Aid, u32)>,
}

impl Printer {
    /// With the names of these CAP files.
    pub(super) fn new(files: &[impl AsRef<Path>]) -> Result<Self> {
        let mut given = HashMap::new();
        for path in files {
            let path = path.as_ref();
            let cap = std::fs::read(path)
                .map_err(anyhow::Error::from)
                .and_then(|bytes| Ok(CapFile::from_zip(&bytes)?))
                .with_context(|| path.display().to_string())?;
            given.insert(cap.aid().clone(), Arc::new(Listing::of(&cap)));
        }
        Ok(Self {
            given,
            seen: Mutex::default(),
        })
    }

    /// The given file's names, if it is what the card runs; else what the card's own copy says.
    fn listing(&self, package: &Package, seen: &mut Seen) -> Option<Arc<Listing>> {
        let aid = package.aid();
        if let Some(known) = seen.packages.get(aid) {
            return Some(known.clone());
        }
        let own = Listing::of(&package.cap_file().ok()?);
        let chosen = match self.given.get(aid) {
            Some(given) if given.code_hash == own.code_hash => given.clone(),
            given => {
                if given.is_some() {
                    print::aside(format_args!(
                        ". the card runs other code of {aid} than the file that was given"
                    ));
                }
                Arc::new(own)
            }
        };
        seen.packages.insert(aid.clone(), chosen.clone());
        Some(chosen)
    }
}

impl Observer for Printer {
    fn instruction(&self, package: &Package, offset: u32, opcode: Opcode) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = self.listing(package, &mut seen);
        let Some(method) = listing.as_ref().and_then(|listing| listing.method(offset)) else {
            return;
        };
        let header = method.header.map_or(0, |header| header.size);
        let at = (offset - method.offset).saturating_sub(header.into());
        let place = (package.aid().clone(), method.offset);
        if at == 0 || seen.method.as_ref() != Some(&place) {
            seen.method = Some(place);
            let class = method.class.as_deref().unwrap_or("?");
            let name = match &method.name {
                Some(name) => name.clone(),
                None => format!("method@{}", method.offset),
            };
            let signature = method.signature.as_deref().unwrap_or_default();
            print::aside(format_args!(
                ". {} {class}.{name}{signature}",
                package.aid()
            ));
        }
        let line = method
            .code
            .iter()
            .find(|line| u32::try_from(line.offset) == Ok(at));
        let mut text = format!(".{at:6}: ");
        match line {
            Some(line) => text += &line.text,
            None => text += opcode.mnemonic(),
        }
        if let Some(name) = line.and_then(|line| line.refers_to.as_deref()) {
            text = format!("{text:32} ; {name}");
        }
        if let (Some(file), Some(number)) = (&method.source, line.and_then(|line| line.line)) {
            text = format!("{text:60} {file}:{number}");
        }
        print::aside(text);
    }
}
