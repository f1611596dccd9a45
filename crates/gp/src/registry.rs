//! Entries of the registry as GET STATUS lists them.

use alloc::vec::Vec;
use core::fmt;

use hydra_wire::{Aid, tlv};

use crate::Privileges;

/// One entry: the template E3 (GPCS 2.3.1 §11.4.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// Its AID.
    pub aid: Aid,
    /// Its life cycle, coded as its kind codes it.
    pub life_cycle: u8,
    /// Its privileges; load files have none.
    pub privileges: Option<Privileges>,
    /// The load file it was made from.
    pub load_file: Option<Aid>,
    /// The security domain it belongs to.
    pub domain: Option<Aid>,
    /// A load file's version, major and minor.
    pub version: Option<(u8, u8)>,
    /// A load file's modules.
    pub modules: Vec<Aid>,
}

impl StatusEntry {
    /// An entry with AID and life cycle alone.
    pub fn new(aid: &Aid, life_cycle: u8) -> Self {
        Self {
            aid: aid.clone(),
            life_cycle,
            privileges: None,
            load_file: None,
            domain: None,
            version: None,
            modules: Vec::new(),
        }
    }

    /// The template, with the objects that the entry has and that `wanted` names (content of 5C). Without `wanted` the
    /// usual ones: AID, life cycle, privileges and modules.
    pub fn to_bytes(&self, wanted: &[u8]) -> Vec<u8> {
        let tags = tag_list(wanted);
        let asked = |tag: u32, usual: bool| {
            if tags.is_empty() {
                usual
            } else {
                tags.contains(&tag)
            }
        };
        let mut content = Vec::new();
        if asked(0x4F, true) {
            tlv::push(&mut content, 0x4F, self.aid.as_bytes());
        }
        if asked(0x9F70, true) {
            tlv::push(&mut content, 0x9F70, &[self.life_cycle]);
        }
        if let Some(privileges) = self.privileges
            && asked(0xC5, true)
        {
            tlv::push(&mut content, 0xC5, &privileges.to_bytes());
        }
        if let Some(aid) = &self.load_file
            && asked(0xC4, false)
        {
            tlv::push(&mut content, 0xC4, aid.as_bytes());
        }
        if let Some((major, minor)) = self.version
            && asked(0xCE, false)
        {
            tlv::push(&mut content, 0xCE, &[major, minor]);
        }
        if asked(0x84, true) {
            for module in &self.modules {
                tlv::push(&mut content, 0x84, module.as_bytes());
            }
        }
        if let Some(aid) = &self.domain
            && asked(0xCC, false)
        {
            tlv::push(&mut content, 0xCC, aid.as_bytes());
        }
        tlv::object(0xE3, &content)
    }

    /// Reads the templates of a GET STATUS response. An entry names its AID and its life cycle; objects that are not
    /// known are passed over.
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Self>, EntryError> {
        let mut entries = Vec::new();
        for (n, template) in tlv::iter(bytes).enumerate() {
            let template = template.map_err(EntryError::Tlv)?;
            if template.tag == 0xE3 {
                entries.push(Self::read(n, template.value)?);
            }
        }
        Ok(entries)
    }

    fn read(n: usize, content: &[u8]) -> Result<Self, EntryError> {
        let malformed = |tag| EntryError::Entry { n, tag };
        let name = |tag, bytes: &[u8]| Aid::new(bytes).map_err(|_| malformed(tag));
        let (mut aid, mut life_cycle) = (None, None);
        let (mut privileges, mut load_file, mut domain, mut version) = (None, None, None, None);
        let mut modules = Vec::new();
        for object in tlv::iter(content) {
            let object = object.map_err(|_| malformed(0xE3))?;
            match (object.tag, object.value) {
                (0x4F, bytes) => aid = Some(name(0x4F, bytes)?),
                // Some cards answer two bytes; the first is the state.
                (0x9F70, [state, ..]) => life_cycle = Some(*state),
                (0xC5, bytes) => {
                    privileges =
                        Some(Privileges::from_bytes(bytes).ok_or_else(|| malformed(0xC5))?);
                }
                (0xC4, bytes) => load_file = Some(name(0xC4, bytes)?),
                (0xCC, []) => {}
                (0xCC, bytes) => domain = Some(name(0xCC, bytes)?),
                (0xCE, [major, minor]) => version = Some((*major, *minor)),
                (0x84, bytes) => modules.push(name(0x84, bytes)?),
                _ => {}
            }
        }
        Ok(Self {
            aid: aid.ok_or_else(|| malformed(0x4F))?,
            life_cycle: life_cycle.ok_or_else(|| malformed(0x9F70))?,
            privileges,
            load_file,
            domain,
            version,
            modules,
        })
    }
}

/// The tags in a tag list (content of 5C); a tag that is cut off is left out.
fn tag_list(bytes: &[u8]) -> Vec<u32> {
    let mut tags = Vec::new();
    let mut rest = bytes.iter();
    while let Some(first) = rest.next() {
        let mut tag = u32::from(*first);
        if first & 0x1F == 0x1F {
            let Some(second) = rest.next() else { break };
            tag = tag << 8 | u32::from(*second);
        }
        tags.push(tag);
    }
    tags
}

/// Why a GET STATUS response cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryError {
    /// It is not a sequence of data objects.
    Tlv(tlv::TlvError),
    /// In entry number `n`, counted from 0, this data object is missing or malformed.
    Entry {
        /// Which entry.
        n: usize,
        /// Tag of the data object.
        tag: u32,
    },
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tlv(error) => error.fmt(f),
            Self::Entry { n, tag } => {
                write!(
                    f,
                    "entry {n}: data object {tag:02X} is missing or malformed"
                )
            }
        }
    }
}

impl core::error::Error for EntryError {}
