//! Reading CAP files: the ZIP container, the load file, and each component (JCVM 3.0.5 §6).

mod component;
mod descriptor;
mod zip;

use alloc::vec::Vec;
use core::fmt;

use crate::types::{CapFile, ComponentTag};

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
    /// The file is of the extended form (format 2.3, several packages or large code), which is not supported.
    Extended,
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
            Self::Extended => f.write_str("CAP files of the extended form are not supported"),
        }
    }
}

impl core::error::Error for CapError {}

impl CapFile {
    /// Reads a `.cap` file: a ZIP with an entry for each component under one package's `javacard/`.
    pub fn from_zip(bytes: &[u8]) -> Result<Self, CapError> {
        let components = zip::components(bytes)?;
        let mut raw = Vec::new();
        for (tag, offset, content) in components {
            let info = match *content.as_slice() {
                [first, high, low, ref info @ ..]
                    if first == tag.tag()
                        && info.len() == usize::from(u16::from_be_bytes([high, low])) =>
                {
                    info
                }
                _ => {
                    return Err(CapError::Zip {
                        offset,
                        reason: "the entry's tag or size is not the component's",
                    });
                }
            };
            raw.push((tag, info.to_vec()));
        }
        Self::from_components(raw)
    }

    /// Reads a load file: the components one after another, tags and sizes included (the value of the `C4` object,
    /// GPCS 2.3.1 §11.6.2.3). Header comes first; components that are custom (tag 128 and above) are skipped.
    pub fn from_load_file(bytes: &[u8]) -> Result<Self, CapError> {
        let mut raw: Vec<(ComponentTag, Vec<u8>)> = Vec::new();
        let mut offset = 0;
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            let error = |reason| CapError::LoadFile { offset, reason };
            let &[tag, high, low] = rest
                .first_chunk()
                .ok_or(error("a component's tag and size are cut short"))?;
            let mut header = 3;
            let mut size = usize::from(u16::from_be_bytes([high, low]));
            if tag == ComponentTag::StaticResources.tag() {
                let &[_, a, b, c, d] = rest
                    .first_chunk()
                    .ok_or(error("a component's size is cut short"))?;
                header = 5;
                size = usize::try_from(u32::from_be_bytes([a, b, c, d]))
                    .map_err(|_| error("too large"))?;
            }
            let info = rest
                .get(header..)
                .and_then(|info| info.get(..size))
                .ok_or(error("a component reaches beyond the end"))?;
            match ComponentTag::from_tag(tag) {
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

    /// The load file without Descriptor and Debug, as loaders usually send it.
    pub fn to_load_file(&self) -> Vec<u8> {
        self.load_file(|tag| !matches!(tag, ComponentTag::Descriptor | ComponentTag::Debug))
    }

    /// The load file with the Descriptor component, which a card needs to verify the code.
    pub fn to_load_file_with_descriptor(&self) -> Vec<u8> {
        self.load_file(|tag| tag != ComponentTag::Debug)
    }

    fn load_file(&self, wanted: impl Fn(ComponentTag) -> bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, info) in self.components().filter(|(tag, _)| wanted(*tag)) {
            bytes.push(tag.tag());
            // The reader took the sizes from fields of these widths.
            let size = u32::try_from(info.len()).unwrap_or(u32::MAX).to_be_bytes();
            bytes.extend_from_slice(if tag == ComponentTag::StaticResources {
                &size
            } else {
                &size[2..]
            });
            bytes.extend_from_slice(info);
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
