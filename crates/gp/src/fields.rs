use hydra_wire::{Aid, tlv};

use crate::command::CommandError;

/// Reads a data field from front to back; every refusal names the byte where the field stops making sense.
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(crate) fn error(&self, what: &'static str) -> CommandError {
        CommandError::Data { at: self.at, what }
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, CommandError> {
        let byte = *self.bytes.get(self.at).ok_or(self.error(what))?;
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn take(
        &mut self,
        len: usize,
        what: &'static str,
    ) -> Result<&'a [u8], CommandError> {
        let taken = self
            .at
            .checked_add(len)
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or(self.error(what))?;
        self.at += len;
        Ok(taken)
    }

    /// A length byte and so many bytes.
    pub(crate) fn lv(&mut self, what: &'static str) -> Result<&'a [u8], CommandError> {
        let start = self.at;
        let len = usize::from(self.byte(what)?);
        self.take(len, what)
            .map_err(|_| CommandError::Data { at: start, what })
    }

    pub(crate) fn aid(&mut self, what: &'static str) -> Result<Aid, CommandError> {
        let start = self.at;
        Aid::new(self.lv(what)?).map_err(|_| CommandError::Data { at: start, what })
    }

    pub(crate) fn optional_aid(&mut self, what: &'static str) -> Result<Option<Aid>, CommandError> {
        let start = self.at;
        match self.lv(what)? {
            [] => Ok(None),
            bytes => Aid::new(bytes)
                .map(Some)
                .map_err(|_| CommandError::Data { at: start, what }),
        }
    }

    /// A field that this command leaves empty.
    pub(crate) fn empty(&mut self, what: &'static str) -> Result<(), CommandError> {
        let start = self.at;
        match self.lv(what)? {
            [] => Ok(()),
            _ => Err(CommandError::Data { at: start, what }),
        }
    }

    pub(crate) fn end(&self) -> Result<(), CommandError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.error("bytes after the last field"))
        }
    }
}

/// The data objects of a data field that is TLV throughout, each with its offset.
pub(crate) fn objects<'a>(
    bytes: &'a [u8],
    what: &'static str,
) -> impl Iterator<Item = Result<(usize, tlv::Tlv<'a>), CommandError>> {
    tlv::iter(bytes).map(move |object| {
        let object = object.map_err(|error| CommandError::Data {
            at: match error {
                tlv::TlvError::Truncated { at } | tlv::TlvError::Unsupported { at } => at,
            },
            what,
        })?;
        // A value's address within the field gives the offset without a second reading.
        let at = object.value.as_ptr().addr() - bytes.as_ptr().addr();
        Ok((at, object))
    })
}

pub(crate) fn push_lv(out: &mut alloc::vec::Vec<u8>, value: &[u8]) {
    // Every field of the commands here is at most 255 bytes by its type or by the data field's size.
    out.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(&value[..value.len().min(255)]);
}
