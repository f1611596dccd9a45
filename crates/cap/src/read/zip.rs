use alloc::vec::Vec;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::CapError;
use crate::types::ComponentTag;

const END: [u8; 4] = *b"PK\x05\x06";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// The largest component with tag and size; a static resource may be larger, but nothing that a card holds.
const LARGEST: usize = 1 << 20;

struct Zip<'a>(&'a [u8]);

impl<'a> Zip<'a> {
    fn at<const N: usize>(&self, offset: usize) -> Result<[u8; N], CapError> {
        let bytes = self
            .0
            .get(offset..)
            .and_then(|rest| rest.first_chunk::<N>());
        bytes.copied().ok_or(CapError::Zip {
            offset,
            reason: "cut short",
        })
    }

    fn u2(&self, offset: usize) -> Result<usize, CapError> {
        self.at(offset)
            .map(|bytes| usize::from(u16::from_le_bytes(bytes)))
    }

    fn u4(&self, offset: usize) -> Result<usize, CapError> {
        let value = u32::from_le_bytes(self.at(offset)?);
        usize::try_from(value).map_err(|_| CapError::Zip {
            offset,
            reason: "too large",
        })
    }

    fn slice(&self, offset: usize, size: usize) -> Result<&'a [u8], CapError> {
        let bytes = self.0.get(offset..).and_then(|rest| rest.get(..size));
        bytes.ok_or(CapError::Zip {
            offset,
            reason: "cut short",
        })
    }
}

/// The components in a ZIP file with the offsets of their entries, in the order of its central directory.
pub(super) fn components(bytes: &[u8]) -> Result<Vec<(ComponentTag, usize, Vec<u8>)>, CapError> {
    let zip = Zip(bytes);
    // The directory's end record is followed by a comment of the length that it states, and nothing more.
    let end = (0..bytes.len().saturating_sub(21)).rev().find(|at| {
        bytes[*at..].starts_with(&END)
            && zip
                .u2(at + 20)
                .is_ok_and(|comment| at + 22 + comment == bytes.len())
    });
    let end = end.ok_or(CapError::Zip {
        offset: bytes.len(),
        reason: "no ZIP directory at the end",
    })?;
    let count = zip.u2(end + 10)?;
    let mut entry = zip.u4(end + 16)?;
    let mut folder: Option<&[u8]> = None;
    let mut found: Vec<(ComponentTag, usize, Vec<u8>)> = Vec::new();
    for _ in 0..count {
        let error = |reason| CapError::Zip {
            offset: entry,
            reason,
        };
        if zip.at(entry)? != CENTRAL {
            return Err(error("not an entry of the ZIP directory"));
        }
        let name = zip.slice(entry + 46, zip.u2(entry + 28)?)?;
        if let Some((prefix, tag)) = component_name(name) {
            if folder.is_some_and(|seen| seen != prefix) {
                return Err(error("a second package"));
            }
            folder = Some(prefix);
            if found.iter().any(|(seen, ..)| *seen == tag) {
                return Err(error("the component is there twice"));
            }
            found.push((tag, entry, content(&zip, entry)?));
        }
        entry += 46 + name.len() + zip.u2(entry + 30)? + zip.u2(entry + 32)?;
    }
    Ok(found)
}

fn content(zip: &Zip<'_>, entry: usize) -> Result<Vec<u8>, CapError> {
    let error = |reason| CapError::Zip {
        offset: entry,
        reason,
    };
    let (method, crc) = (zip.u2(entry + 10)?, u32::from_le_bytes(zip.at(entry + 16)?));
    let (packed, size, local) = (
        zip.u4(entry + 20)?,
        zip.u4(entry + 24)?,
        zip.u4(entry + 42)?,
    );
    if zip.at(local)? != LOCAL {
        return Err(error("the entry's data is not where the directory says"));
    }
    let start = local + 30 + zip.u2(local + 26)? + zip.u2(local + 28)?;
    let packed = zip.slice(start, packed)?;
    if size > LARGEST {
        return Err(error("the component is too large"));
    }
    let content = match method {
        0 => packed.to_vec(),
        8 => decompress_to_vec_with_limit(packed, size)
            .map_err(|_| error("the entry can't be inflated"))?,
        _ => return Err(error("neither stored nor deflated")),
    };
    if content.len() != size || crc32(&content) != crc {
        return Err(error("the entry's checksum or size is wrong"));
    }
    Ok(content)
}

/// The folder before `javacard/` and the component, if the name is one's.
fn component_name(name: &[u8]) -> Option<(&[u8], ComponentTag)> {
    let slash = name.iter().rposition(|&byte| byte == b'/')?;
    let (folder, file) = (&name[..slash], &name[slash + 1..]);
    let folder = match folder
        .len()
        .checked_sub(b"javacard".len())
        .map(|at| folder.split_at(at))
    {
        Some((prefix, last))
            if last.eq_ignore_ascii_case(b"javacard") && matches!(prefix, [] | [.., b'/']) =>
        {
            prefix
        }
        _ => return None,
    };
    let dot = file.iter().rposition(|&byte| byte == b'.')?;
    let (stem, extension) = (&file[..dot], &file[dot + 1..]);
    let tag = ComponentTag::LOAD_ORDER
        .into_iter()
        .find(|tag| tag.file_stem().as_bytes().eq_ignore_ascii_case(stem));
    match tag {
        Some(tag) if extension.eq_ignore_ascii_case(b"cap") => Some((folder, tag)),
        // JCVM 3.2 §4.1.3: what has a size of four bytes.
        Some(tag) if extension.eq_ignore_ascii_case(b"capx") && tag.has_wide_size(true) => {
            Some((folder, tag))
        }
        _ => None,
    }
}

/// ISO 3309 CRC-32, as ZIP uses it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
