//! BER-TLV data objects with definite lengths (ISO/IEC 8825-1; GlobalPlatform writes all its structures so).

use alloc::vec::Vec;
use core::fmt;

/// One data object: its tag as written (one to three bytes, big-endian in the integer) and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag bytes as a number: `0x4F`, `0x9F70`, `0xBF21`.
    pub tag: u32,
    /// Value field.
    pub value: &'a [u8],
}

/// Why bytes are no sequence of data objects; `at` is the byte offset of the object that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlvError {
    /// The bytes end inside a tag, a length or a value.
    Truncated {
        /// Byte offset.
        at: usize,
    },
    /// A tag of more than three bytes, an indefinite length, or one of more than three bytes.
    Unsupported {
        /// Byte offset.
        at: usize,
    },
}

impl fmt::Display for TlvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { at } => write!(f, "the data object at offset {at} is cut off"),
            Self::Unsupported { at } => write!(
                f,
                "the data object at offset {at} has an unsupported tag or length"
            ),
        }
    }
}

impl core::error::Error for TlvError {}

/// The data objects of `bytes`, one after another; after an error it ends.
pub fn iter(bytes: &[u8]) -> Iter<'_> {
    Iter { bytes, at: 0 }
}

/// All data objects of `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    iter(bytes).collect()
}

/// The value of the first data object with this tag at the top level of `bytes`.
pub fn find(bytes: &[u8], tag: u32) -> Result<Option<&[u8]>, TlvError> {
    for tlv in iter(bytes) {
        let tlv = tlv?;
        if tlv.tag == tag {
            return Ok(Some(tlv.value));
        }
    }
    Ok(None)
}

/// Appends a data object.
pub fn push(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    let tag_bytes = tag.to_be_bytes();
    let first = tag_bytes.iter().position(|byte| *byte != 0).unwrap_or(3);
    out.extend_from_slice(&tag_bytes[first..]);
    push_len(out, value.len());
    out.extend_from_slice(value);
}

/// A data object alone.
pub fn object(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 7);
    push(&mut out, tag, value);
    out
}

fn push_len(out: &mut Vec<u8>, len: usize) {
    let bytes = len.to_be_bytes();
    match len {
        0..=0x7F => out.extend_from_slice(&bytes[bytes.len() - 1..]),
        0x80..=0xFF => {
            out.push(0x81);
            out.extend_from_slice(&bytes[bytes.len() - 1..]);
        }
        0x100..=0xFFFF => {
            out.push(0x82);
            out.extend_from_slice(&bytes[bytes.len() - 2..]);
        }
        _ => {
            out.push(0x83);
            out.extend_from_slice(&bytes[bytes.len() - 3..]);
        }
    }
}

/// Iterator over data objects, made by [`iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iter<'a> {
    fn byte(&mut self, start: usize) -> Result<u8, TlvError> {
        let byte = *self
            .bytes
            .get(self.at)
            .ok_or(TlvError::Truncated { at: start })?;
        self.at += 1;
        Ok(byte)
    }

    fn object(&mut self) -> Result<Tlv<'a>, TlvError> {
        let start = self.at;
        let first = self.byte(start)?;
        let mut tag = u32::from(first);
        if first & 0x1F == 0x1F {
            for more in 0.. {
                let next = self.byte(start)?;
                tag = (tag << 8) | u32::from(next);
                if next & 0x80 == 0 {
                    break;
                }
                if more == 1 {
                    return Err(TlvError::Unsupported { at: start });
                }
            }
        }
        let len = match self.byte(start)? {
            short @ 0..=0x7F => usize::from(short),
            long @ 0x81..=0x83 => {
                let mut len = 0;
                for _ in 0..long & 0x7F {
                    len = (len << 8) | usize::from(self.byte(start)?);
                }
                len
            }
            _ => return Err(TlvError::Unsupported { at: start }),
        };
        let value = self
            .at
            .checked_add(len)
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or(TlvError::Truncated { at: start })?;
        self.at += len;
        Ok(Tlv { tag, value })
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Result<Tlv<'a>, TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let object = self.object();
        if object.is_err() {
            self.at = self.bytes.len();
        }
        Some(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn objects_round_trip() {
        for (tag, len) in [
            (0x4F, 0),
            (0x9F70, 127),
            (0xBF21, 128),
            (0x7F4901, 0),
            (0xC4, 256),
            (0xC4, 70_000),
        ] {
            let tag = if tag == 0x7F4901 { 0x7F49 } else { tag };
            let value = vec![0x5A; len];
            let bytes = object(tag, &value);
            assert_eq!(parse(&bytes), Ok(vec![Tlv { tag, value: &value }]));
            assert_eq!(find(&bytes, tag), Ok(Some(&value[..])));
        }
    }

    #[test]
    fn errors_name_the_object() {
        assert_eq!(
            parse(&[0x4F, 1, 9, 0x50, 2, 0]),
            Err(TlvError::Truncated { at: 3 })
        );
        assert_eq!(parse(&[0x4F, 0x80]), Err(TlvError::Unsupported { at: 0 }));
        assert_eq!(
            parse(&[0x9F, 0x81, 0x81, 0x01, 0]),
            Err(TlvError::Unsupported { at: 0 })
        );
    }
}
