//! Reading CAP files: the ZIP container, the load file, and each component (JCVM 3.0.5 §6).

mod component;
mod debug;
mod descriptor;
mod zip;

pub(crate) use self::debug::DebugNames;

use alloc::vec::Vec;
use core::fmt;

use crate::types::{CapFile, ComponentTag, Header};

/// Why bytes are no CAP file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapError {
    /// The ZIP container is malformed at this offset of the file.
    Zip {
        /// The byte.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The sequence of components is malformed at this offset of the load file.
    LoadFile {
        /// The byte.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A component that must be there is not.
    Missing(ComponentTag),
    /// A component is malformed at this offset, counted after its tag and size.
    Component {
        /// The component.
        component: ComponentTag,
        /// The byte.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
}

impl fmt::Display for CapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zip { offset, reason } => write!(f, "ZIP file, offset {offset}: {reason}"),
            Self::LoadFile { offset, reason } => write!(f, "load file, offset {offset}: {reason}"),
            Self::Missing(component) => write!(f, "the {component} component is missing"),
            Self::Component {
                component,
                offset,
                reason,
            } => {
                write!(f, "{component} component, offset {offset}: {reason}")
            }
        }
    }
}

impl core::error::Error for CapError {}

impl CapFile {
    /// Reads a `.cap` file: a ZIP with an entry for each component under one folder's `javacard/`.
    pub fn from_zip(bytes: &[u8]) -> Result<Self, CapError> {
        let components = zip::components(bytes)?;
        let header = components
            .iter()
            .find(|(tag, ..)| *tag == ComponentTag::Header);
        let extended = header.is_some_and(|(.., content)| is_extended(content));
        let mut raw = Vec::new();
        for (tag, offset, content) in components {
            match size_field(&content, tag.has_wide_size(extended)) {
                Some((at, size))
                    if content.first() == Some(&tag.tag()) && content.len() == at + size =>
                {
                    raw.push((tag, content[at..].to_vec()));
                }
                _ => {
                    return Err(CapError::Zip {
                        offset,
                        reason: "the entry's tag or size is not the component's",
                    });
                }
            }
        }
        Self::from_components(raw)
    }

    /// Reads a load file: the components one after another, tags and sizes included (the value of the `C4` object,
    /// GPCS 2.3.1 §11.6.2.3). Header comes first; components that are custom (tag 128 and above) are skipped.
    pub fn from_load_file(bytes: &[u8]) -> Result<Self, CapError> {
        let mut raw: Vec<(ComponentTag, Vec<u8>)> = Vec::new();
        let mut offset = 0;
        let extended = is_extended(bytes);
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            let error = |reason| CapError::LoadFile { offset, reason };
            let tag = rest.first().copied().unwrap_or_default();
            let known = ComponentTag::from_tag(tag);
            let wide = known.is_some_and(|tag| tag.has_wide_size(extended));
            let (header, size) =
                size_field(rest, wide).ok_or(error("a component's tag and size are cut short"))?;
            let info = rest
                .get(header..)
                .and_then(|info| info.get(..size))
                .ok_or(error("a component reaches beyond the end"))?;
            match known {
                Some(known) if raw.iter().any(|(seen, _)| *seen == known) => {
                    return Err(error("the component is there twice"));
                }
                Some(known) => raw.push((known, info.to_vec())),
                None if tag >= 0x80 => {}
                None => return Err(error("no component has this tag")),
            }
            if raw
                .first()
                .is_some_and(|(first, _)| *first != ComponentTag::Header)
            {
                return Err(error("the Header component does not come first"));
            }
            offset += header + size;
        }
        Self::from_components(raw)
    }

    /// Reads components given as tag and bytes after tag and size, in any order.
    pub fn from_components(mut raw: Vec<(ComponentTag, Vec<u8>)>) -> Result<Self, CapError> {
        raw.sort_by_key(|(tag, _)| {
            ComponentTag::LOAD_ORDER
                .iter()
                .position(|known| known == tag)
        });
        if let Some(pair) = raw
            .windows(2)
            .find(|pair| matches!(pair, [a, b] if a.0 == b.0))
        {
            let component = pair.first().map_or(ComponentTag::Header, |(tag, _)| *tag);
            return Err(CapError::Component {
                component,
                offset: 0,
                reason: "the component is there twice",
            });
        }
        component::read(raw)
    }

    /// The load file without Descriptor and Debug, as loaders usually send it. In the extended form the Descriptor goes
    /// too: nothing else tells which package a class belongs to.
    pub fn to_load_file(&self) -> Vec<u8> {
        let extended = self.is_extended();
        self.load_file(|tag| match tag {
            ComponentTag::Descriptor => extended,
            ComponentTag::Debug => false,
            _ => true,
        })
    }

    /// The load file with the Descriptor component, which a card needs to verify the code.
    pub fn to_load_file_with_descriptor(&self) -> Vec<u8> {
        self.load_file(|tag| tag != ComponentTag::Debug)
    }

    fn load_file(&self, wanted: impl Fn(ComponentTag) -> bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, info) in self.components().filter(|(tag, _)| wanted(*tag)) {
            bytes.extend(self.tag_and_size(tag, info));
            bytes.extend_from_slice(info);
        }
        bytes
    }

    /// What stands before a component's bytes.
    pub(crate) fn tag_and_size(&self, tag: ComponentTag, info: &[u8]) -> impl Iterator<Item = u8> {
        // The reader took the sizes from fields of these widths.
        let size = u32::try_from(info.len()).unwrap_or(u32::MAX).to_be_bytes();
        let from = if tag.has_wide_size(self.is_extended()) {
            0
        } else {
            2
        };
        core::iter::once(tag.tag()).chain(size.into_iter().skip(from))
    }
}

/// Whether a file that begins with this Header component, tag and size included, is of the extended form.
fn is_extended(header: &[u8]) -> bool {
    // After magic number and format.
    header
        .get(3 + 6)
        .is_some_and(|flags| flags & Header::ACC_EXTENDED != 0)
}

/// Where a component's bytes begin, tag and size field before them, and how many there are.
fn size_field(component: &[u8], wide: bool) -> Option<(usize, usize)> {
    if wide {
        let &[_, a, b, c, d] = component.first_chunk()?;
        let size = u32::from_be_bytes([a, b, c, d]);
        return Some((5, usize::try_from(size).ok()?));
    }
    let &[_, a, b] = component.first_chunk()?;
    Some((3, u16::from_be_bytes([a, b]).into()))
}

#[cfg(test)]
mod tests;
