use alloc::vec::Vec;

use super::{CommandError, LE, apdu as command, ins, owned, parameters};
use crate::fields::Fields;

/// GPCS 2.3.1 §11.3 GET DATA
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetData {
    /// Tag of one or two bytes: P1 and P2.
    pub tag: u16,
    /// Narrows the question for some tags; usually empty.
    pub data: Vec<u8>,
}

impl GetData {
    /// The data object of this tag.
    pub fn new(tag: u16) -> Self {
        Self {
            tag,
            data: Vec::new(),
        }
    }

    #[allow(
        clippy::unnecessary_wraps,
        reason = "every command is read by a function of this form"
    )]
    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        Ok(Self {
            tag: u16::from_be_bytes([apdu.p1, apdu.p2]),
            data: owned(&apdu.data),
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        let [p1, p2] = self.tag.to_be_bytes();
        command(ins::GET_DATA, p1, p2, &self.data).with_le(LE)
    }
}

/// GPCS 2.3.1 §11.11 STORE DATA
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreData {
    /// Number of the block, from 00.
    pub block: u8,
    /// Whether this block is the last.
    pub last: bool,
    /// How the values are encrypted, besides secure messaging.
    pub encryption: DataEncryption,
    /// How the data is structured.
    pub format: DataFormat,
    /// Whether a response is expected.
    pub response: bool,
    /// The data.
    pub data: Vec<u8>,
}

/// Encryption of the values in STORE DATA (GPCS 2.3.1 §11.11.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataEncryption {
    /// None, or nothing said.
    None = 0x00,
    /// As the application wants it.
    Application = 0x20,
    /// Under the data encryption key.
    Encrypted = 0x60,
}

/// Structure of the data in STORE DATA (GPCS 2.3.1 §11.11.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFormat {
    /// Nothing said.
    Unspecified = 0x00,
    /// Data grouping identifiers.
    Dgi = 0x08,
    /// BER-TLV.
    BerTlv = 0x10,
}

impl StoreData {
    /// The only block, of this structure.
    pub fn single(format: DataFormat, data: &[u8]) -> Self {
        Self {
            block: 0,
            last: true,
            encryption: DataEncryption::None,
            format,
            response: false,
            data: data.to_vec(),
        }
    }

    /// A sequence of blocks, one for each item, numbered from 00 and the last marked.
    ///
    /// The numbers wrap after FF: a receiver that keeps count sees the next block either way.
    pub fn sequence<'a>(
        format: DataFormat,
        items: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<Self> {
        let mut blocks: Vec<Self> = items
            .into_iter()
            .zip((0..=u8::MAX).cycle())
            .map(|(data, block)| Self {
                block,
                last: false,
                ..Self::single(format, data)
            })
            .collect();
        if let Some(last) = blocks.last_mut() {
            last.last = true;
        }
        blocks
    }

    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        let encryption = match apdu.p1 & 0x60 {
            0x00 => DataEncryption::None,
            0x20 => DataEncryption::Application,
            0x60 => DataEncryption::Encrypted,
            _ => return Err(parameters(apdu)),
        };
        let format = match apdu.p1 & 0x18 {
            0x00 => DataFormat::Unspecified,
            0x08 => DataFormat::Dgi,
            0x10 => DataFormat::BerTlv,
            _ => return Err(parameters(apdu)),
        };
        if apdu.p1 & 0x06 != 0 {
            return Err(parameters(apdu));
        }
        Ok(Self {
            block: apdu.p2,
            last: apdu.p1 & 0x80 != 0,
            encryption,
            format,
            response: apdu.p1 & 0x01 != 0,
            data: owned(&apdu.data),
        })
    }

    /// The command's APDU; Le is there when a response is expected.
    pub fn to_apdu(&self) -> hydra_wire::Command {
        let mut p1 = self.encryption as u8 | self.format as u8;
        if self.last {
            p1 |= 0x80;
        }
        if self.response {
            p1 |= 0x01;
        }
        let apdu = command(ins::STORE_DATA, p1, self.block, &self.data);
        if self.response {
            apdu.with_le(LE)
        } else {
            apdu
        }
    }
}

/// A data grouping: what STORE DATA carries in the DGI format (GPCS 2.3.1 §11.11.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dgi<'a> {
    /// Data grouping identifier.
    pub id: u16,
    /// Its value.
    pub value: &'a [u8],
}

/// The data groupings of `data`: identifier (2), length (1, or FF and 2), value.
pub fn dgis(data: &[u8]) -> Result<Vec<Dgi<'_>>, CommandError> {
    let mut fields = Fields::new(data);
    let mut groups = Vec::new();
    while !fields.is_empty() {
        let error = fields.error("data grouping is cut off");
        let [high, low] = *fields.take(2, "data grouping is cut off")? else {
            return Err(error);
        };
        let mut len = usize::from(fields.byte("data grouping is cut off")?);
        if len == 0xFF {
            let [high, low] = *fields.take(2, "data grouping is cut off")? else {
                return Err(error);
            };
            len = usize::from(u16::from_be_bytes([high, low]));
        }
        groups.push(Dgi {
            id: u16::from_be_bytes([high, low]),
            value: fields
                .take(len, "data grouping is cut off")
                .map_err(|_| error)?,
        });
    }
    Ok(groups)
}

/// Appends a data grouping, with the long length from 255 bytes on. A value beyond 65,535 bytes is cut off.
pub fn push_dgi(out: &mut Vec<u8>, id: u16, value: &[u8]) {
    out.extend(id.to_be_bytes());
    let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
    match u8::try_from(len) {
        Ok(len @ 0..=0xFE) => out.push(len),
        _ => {
            out.push(0xFF);
            out.extend(len.to_be_bytes());
        }
    }
    out.extend_from_slice(&value[..usize::from(len)]);
}
