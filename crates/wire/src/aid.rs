use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::hex;

/// An application identifier of 5 to 16 bytes (ISO/IEC 7816-4 §12.2.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aid {
    len: u8,
    bytes: [u8; 16],
}

impl Aid {
    /// An AID of these bytes, of which there must be 5 to 16.
    pub fn new(bytes: &[u8]) -> Result<Self, AidError> {
        let len = u8::try_from(bytes.len())
            .ok()
            .filter(|len| (5..=16).contains(len))
            .ok_or(AidError::Length(bytes.len()))?;
        let mut padded = [0; 16];
        padded[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { len, bytes: padded })
    }

    /// The bytes, 5 to 16 of them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The registered application provider identifier: the first five bytes.
    pub fn rid(&self) -> &[u8] {
        &self.bytes[..5]
    }

    /// Whether `partial` is the beginning of this AID, as SELECT by partial name asks.
    pub fn starts_with(&self, partial: &[u8]) -> bool {
        self.as_bytes().starts_with(partial)
    }
}

impl TryFrom<&[u8]> for Aid {
    type Error = AidError;

    fn try_from(bytes: &[u8]) -> Result<Self, AidError> {
        Self::new(bytes)
    }
}

impl FromStr for Aid {
    type Err = AidError;

    /// Reads hexadecimal digits, either case, without separators.
    fn from_str(text: &str) -> Result<Self, AidError> {
        let bytes: Vec<u8> = hex::decode(text).ok_or(AidError::Hex)?;
        Self::new(&bytes)
    }
}

impl fmt::Display for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = hex::encode(self.as_bytes());
        f.write_str(&text)
    }
}

impl fmt::Debug for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aid({self})")
    }
}

/// Why bytes or text are no AID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AidError {
    /// An AID has 5 to 16 bytes, not this many.
    Length(usize),
    /// Not an even number of hexadecimal digits.
    Hex,
}

impl fmt::Display for AidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(n) => write!(f, "an AID has 5 to 16 bytes, not {n}"),
            Self::Hex => f.write_str("an AID is written as pairs of hexadecimal digits"),
        }
    }
}

impl core::error::Error for AidError {}
