//! Strict reading and plain writing of CBOR over `minicbor`.

use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use crate::Error;

/// Deeper than any message of `hydra.cddl`.
const DEPTH: usize = 12;

pub(crate) type Writer<'a> = Encoder<&'a mut Vec<u8>>;

pub(crate) fn written(
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), minicbor::encode::Error<Infallible>>,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    // A vector takes every write; the error is one of type only.
    write(&mut Encoder::new(&mut out)).map_err(|_| Error::TooLong { what: "a message" })?;
    Ok(out)
}

/// Checks that `bytes` begin with one deterministically encoded item, and says where it ends.
pub(crate) fn item_end(bytes: &[u8]) -> Result<usize, Error> {
    struct Open {
        left: u64,
        keys: Option<Keys>,
    }
    struct Keys {
        last: Option<(usize, usize)>,
        at_key: bool,
    }

    let mut decoder = Decoder::new(bytes);
    let mut open: Vec<Open> = Vec::new();
    loop {
        let at = decoder.position();
        let kind = decoder.datatype().map_err(|_| Error::Malformed { at })?;
        let malformed = |_| Error::Malformed { at };
        let is_key = open
            .last()
            .and_then(|o| o.keys.as_ref())
            .is_some_and(|k| k.at_key);
        // (argument of the head, bytes of content after the head, items inside, whether they are pairs)
        let (argument, content, inside, pairs) = match kind {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
                (decoder.u64().map_err(malformed)?, 0, 0, false)
            }
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
                let value = decoder.i64().map_err(malformed)?;
                (value.unsigned_abs() - 1, 0, 0, false)
            }
            Type::Bytes => {
                let len = decoder.bytes().map_err(malformed)?.len();
                (len as u64, len, 0, false)
            }
            Type::String => {
                let len = decoder.str().map_err(malformed)?.len();
                (len as u64, len, 0, false)
            }
            Type::Array if !is_key => {
                let len = decoder.array().map_err(malformed)?;
                let len = len.ok_or(Error::NotDeterministic { at })?;
                (len, 0, len, false)
            }
            Type::Map if !is_key => {
                let len = decoder.map().map_err(malformed)?;
                let len = len.ok_or(Error::NotDeterministic { at })?;
                let items = len.checked_mul(2).ok_or(Error::Malformed { at })?;
                (len, 0, items, true)
            }
            Type::Tag if !is_key => (decoder.tag().map_err(malformed)?.as_u64(), 0, 1, false),
            Type::Bool if !is_key => {
                decoder.bool().map_err(malformed)?;
                (0, 0, 0, false)
            }
            Type::Null if !is_key => {
                decoder.null().map_err(malformed)?;
                (0, 0, 0, false)
            }
            Type::BytesIndef | Type::StringIndef | Type::ArrayIndef | Type::MapIndef => {
                return Err(Error::NotDeterministic { at });
            }
            _ => return Err(Error::Unsupported { at }),
        };
        if decoder.position() - at - content != head_len(argument) {
            return Err(Error::NotDeterministic { at });
        }
        if let Some(parent) = open.last_mut() {
            parent.left -= 1;
            if let Some(keys) = &mut parent.keys {
                if keys.at_key {
                    let key = (at, decoder.position());
                    if keys
                        .last
                        .is_some_and(|last| bytes[last.0..last.1] >= bytes[key.0..key.1])
                    {
                        return Err(Error::NotDeterministic { at });
                    }
                    keys.last = Some(key);
                }
                keys.at_key = !keys.at_key;
            }
        }
        if inside > 0 {
            if open.len() == DEPTH {
                return Err(Error::Unsupported { at });
            }
            open.push(Open {
                left: inside,
                keys: pairs.then_some(Keys {
                    last: None,
                    at_key: true,
                }),
            });
        }
        while open.last().is_some_and(|o| o.left == 0) {
            open.pop();
        }
        if open.is_empty() {
            return Ok(decoder.position());
        }
    }
}

/// Bytes of the shortest head with this argument (RFC 8949 §3).
fn head_len(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFFFF_FFFF => 5,
        _ => 9,
    }
}

/// A reader of bytes that are one deterministic item and nothing after it.
pub(crate) struct Reader<'b> {
    bytes: &'b [u8],
    decoder: Decoder<'b>,
    /// Where `bytes` begin in what the caller was given.
    base: usize,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Result<Self, Error> {
        Self::within(bytes, 0)
    }

    /// A reader of an item embedded at `base`, which its errors add to their offsets.
    pub(crate) fn within(bytes: &'b [u8], base: usize) -> Result<Self, Error> {
        let end = item_end(bytes).map_err(|error| error.moved(base))?;
        if end != bytes.len() {
            return Err(Error::Trailing { at: base + end });
        }
        Ok(Self {
            bytes,
            decoder: Decoder::new(bytes),
            base,
        })
    }

    pub(crate) fn at(&self) -> usize {
        self.base + self.decoder.position()
    }

    pub(crate) fn unexpected(&self, expected: &'static str) -> Error {
        Error::Unexpected {
            at: self.at(),
            expected,
        }
    }

    fn read<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&mut Decoder<'b>) -> Option<T>,
    ) -> Result<T, Error> {
        let error = self.unexpected(expected);
        read(&mut self.decoder).ok_or(error)
    }

    pub(crate) fn tag(&mut self, tag: u64, expected: &'static str) -> Result<(), Error> {
        self.read(expected, |d| {
            d.tag().ok().filter(|t| t.as_u64() == tag).map(|_| ())
        })
    }

    pub(crate) fn array(&mut self, expected: &'static str) -> Result<u64, Error> {
        self.read(expected, |d| d.array().ok().flatten())
    }

    pub(crate) fn array_of(&mut self, len: u64, expected: &'static str) -> Result<(), Error> {
        self.read(expected, |d| {
            d.array().ok().flatten().filter(|n| *n == len).map(|_| ())
        })
    }

    pub(crate) fn map(&mut self, expected: &'static str) -> Result<u64, Error> {
        self.read(expected, |d| d.map().ok().flatten())
    }

    pub(crate) fn map_of(&mut self, len: u64, expected: &'static str) -> Result<(), Error> {
        self.read(expected, |d| {
            d.map().ok().flatten().filter(|n| *n == len).map(|_| ())
        })
    }

    /// The integer `value` and no other: a label, an algorithm, a key type.
    pub(crate) fn exactly(&mut self, value: i64, expected: &'static str) -> Result<(), Error> {
        self.read(expected, |d| {
            d.i64().ok().filter(|v| *v == value).map(|_| ())
        })
    }

    pub(crate) fn i64(&mut self, expected: &'static str) -> Result<i64, Error> {
        self.read(expected, |d| d.i64().ok())
    }

    pub(crate) fn u64(&mut self, expected: &'static str) -> Result<u64, Error> {
        self.read(expected, |d| d.u64().ok())
    }

    pub(crate) fn u32(&mut self, expected: &'static str) -> Result<u32, Error> {
        self.read(expected, |d| d.u32().ok())
    }

    pub(crate) fn u16(&mut self, expected: &'static str) -> Result<u16, Error> {
        self.read(expected, |d| d.u16().ok())
    }

    pub(crate) fn u8(&mut self, expected: &'static str) -> Result<u8, Error> {
        self.read(expected, |d| d.u8().ok())
    }

    pub(crate) fn text(&mut self, expected: &'static str) -> Result<&'b str, Error> {
        self.read(expected, |d| d.str().ok())
    }

    pub(crate) fn bytes(&mut self, expected: &'static str) -> Result<&'b [u8], Error> {
        self.read(expected, |d| d.bytes().ok())
    }

    pub(crate) fn bytes_of<const N: usize>(
        &mut self,
        expected: &'static str,
    ) -> Result<[u8; N], Error> {
        self.read(expected, |d| d.bytes().ok()?.try_into().ok())
    }

    pub(crate) fn null(&mut self, expected: &'static str) -> Result<(), Error> {
        self.read(expected, |d| d.null().ok())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.decoder.datatype(), Ok(Type::Null))
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self.decoder.datatype(), Ok(Type::Array))
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.decoder.datatype(), Ok(Type::Map))
    }

    /// The next item's bytes, unread.
    pub(crate) fn item(&mut self) -> Result<&'b [u8], Error> {
        let start = self.decoder.position();
        let rest = &self.bytes[start..];
        let len = item_end(rest).map_err(|error| error.moved(self.at()))?;
        self.decoder.set_position(start + len);
        Ok(&rest[..len])
    }
}

impl Error {
    /// The same error, its offset counted from `base` bytes earlier.
    pub(crate) fn moved(self, base: usize) -> Self {
        match self {
            Self::Malformed { at } => Self::Malformed { at: at + base },
            Self::NotDeterministic { at } => Self::NotDeterministic { at: at + base },
            Self::Unsupported { at } => Self::Unsupported { at: at + base },
            Self::Trailing { at } => Self::Trailing { at: at + base },
            Self::Unexpected { at, expected } => Self::Unexpected {
                at: at + base,
                expected,
            },
            other => other,
        }
    }
}
