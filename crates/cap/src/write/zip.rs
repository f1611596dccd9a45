//! The ZIP around a CAP file: stored entries with a fixed time, so that equal components give equal
//! files.

use alloc::vec::Vec;

use super::{TooLarge, entry_name};
use crate::ComponentTag;

/// 1 January 1980, 00:00, the earliest time that the format knows.
const DATE: [u8; 2] = [0x21, 0x00];
const TIME: [u8; 2] = [0x00, 0x00];
/// The order in which converters list the components.
const ORDER: [ComponentTag; 13] = [
    ComponentTag::Header,
    ComponentTag::Directory,
    ComponentTag::Applet,
    ComponentTag::Import,
    ComponentTag::ConstantPool,
    ComponentTag::Class,
    ComponentTag::Method,
    ComponentTag::StaticField,
    ComponentTag::ReferenceLocation,
    ComponentTag::Export,
    ComponentTag::Descriptor,
    ComponentTag::Debug,
    ComponentTag::StaticResources,
];

/// The `.cap` file of a package (internal name, with `/`) with these components, given by tag and
/// bytes.
pub fn zip(package: &str, components: &[(ComponentTag, Vec<u8>)]) -> Result<Vec<u8>, TooLarge> {
    let mut file = Vec::new();
    let mut central = Vec::new();
    let mut entries = 0u16;
    for tag in ORDER {
        let Some((_, info)) = components.iter().find(|(known, _)| *known == tag) else {
            continue;
        };
        let too_large = TooLarge {
            component: tag,
            what: "bytes",
        };
        let mut content = alloc::vec![tag.tag()];
        if tag == ComponentTag::StaticResources {
            let size = u32::try_from(info.len()).map_err(|_| too_large)?;
            content.extend(size.to_be_bytes());
        } else {
            let size = u16::try_from(info.len()).map_err(|_| too_large)?;
            content.extend(size.to_be_bytes());
        }
        content.extend(info);
        let name = entry_name(package, tag);
        let name_length = u16::try_from(name.len()).map_err(|_| too_large)?;
        let size = u32::try_from(content.len()).map_err(|_| too_large)?;
        let offset = u32::try_from(file.len()).map_err(|_| too_large)?;
        // Version 1.0, no flags, stored (APPNOTE §4.3.7).
        let mut shared = alloc::vec![10, 0, 0, 0, 0, 0];
        shared.extend(TIME);
        shared.extend(DATE);
        shared.extend(crc32(&content).to_le_bytes());
        shared.extend(size.to_le_bytes());
        shared.extend(size.to_le_bytes());
        shared.extend(name_length.to_le_bytes());
        shared.extend([0, 0]);
        file.extend(b"PK\x03\x04");
        file.extend(&shared);
        file.extend(name.as_bytes());
        file.extend(&content);
        central.extend(b"PK\x01\x02");
        central.extend([10, 0]);
        central.extend(&shared);
        // No comment, disk 0, no attributes (APPNOTE §4.3.12).
        central.extend([0; 10]);
        central.extend(offset.to_le_bytes());
        central.extend(name.as_bytes());
        entries += 1;
    }
    let too_large = TooLarge {
        component: ComponentTag::Header,
        what: "bytes in the file",
    };
    let start = u32::try_from(file.len()).map_err(|_| too_large)?;
    let size = u32::try_from(central.len()).map_err(|_| too_large)?;
    file.extend(central);
    file.extend(b"PK\x05\x06");
    file.extend([0; 4]);
    file.extend(entries.to_le_bytes());
    file.extend(entries.to_le_bytes());
    file.extend(size.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0; 2]);
    Ok(file)
}

/// CRC-32 of ISO 3309, as ZIP wants it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry != 0 {
                crc ^= 0xEDB8_8320;
            }
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
