use alloc::vec::Vec;

use hydra_wire::Aid;

use crate::read::CapError;
use crate::types::{ClassRef, ComponentTag};

/// A component's bytes and how far they have been read.
pub(in crate::read) struct Reader<'a> {
    component: ComponentTag,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(in crate::read) fn of(
        raw: &'a [(ComponentTag, Vec<u8>)],
        component: ComponentTag,
    ) -> Option<Self> {
        let (_, bytes) = raw.iter().find(|(tag, _)| *tag == component)?;
        Some(Self {
            component,
            bytes,
            at: 0,
        })
    }

    pub(super) fn required(
        raw: &'a [(ComponentTag, Vec<u8>)],
        component: ComponentTag,
    ) -> Result<Self, CapError> {
        Self::of(raw, component).ok_or(CapError::Missing(component))
    }

    pub(in crate::read) fn error(&self, reason: &'static str) -> CapError {
        self.error_at(self.at, reason)
    }

    pub(in crate::read) fn error_at(&self, offset: usize, reason: &'static str) -> CapError {
        CapError::Component {
            component: self.component,
            offset,
            reason,
        }
    }

    /// Bytes of the component, read or not.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Goes on at another offset.
    pub(super) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    pub(in crate::read) fn position(&self) -> usize {
        self.at
    }

    pub(in crate::read) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(in crate::read) fn take(&mut self, size: usize) -> Result<&'a [u8], CapError> {
        let bytes = self
            .rest()
            .get(..size)
            .ok_or_else(|| self.error("cut short"))?;
        self.at += size;
        Ok(bytes)
    }

    pub(in crate::read) fn array<const N: usize>(&mut self) -> Result<[u8; N], CapError> {
        let bytes = *self
            .rest()
            .first_chunk::<N>()
            .ok_or_else(|| self.error("cut short"))?;
        self.at += N;
        Ok(bytes)
    }

    pub(in crate::read) fn u1(&mut self) -> Result<u8, CapError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(in crate::read) fn u2(&mut self) -> Result<u16, CapError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(in crate::read) fn u4(&mut self) -> Result<u32, CapError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn aid(&mut self) -> Result<Aid, CapError> {
        let at = self.at;
        let length = self.u1()?;
        Aid::new(self.take(length.into())?)
            .map_err(|_| self.error_at(at, "an AID has 5 to 16 bytes"))
    }

    pub(in crate::read) fn list<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, CapError>,
    ) -> Result<Vec<T>, CapError> {
        // Counts come from the file: capacity grows with what is really there.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(in crate::read) fn class_ref(&mut self) -> Result<ClassRef, CapError> {
        let at = self.at;
        ClassRef::from_u16(self.u2()?).ok_or_else(|| self.error_at(at, "no class"))
    }

    pub(super) fn offset(&self) -> Result<u16, CapError> {
        u16::try_from(self.at).map_err(|_| self.error("too large"))
    }

    pub(in crate::read) fn end(&self) -> Result<(), CapError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.error("bytes left over"))
        }
    }
}
