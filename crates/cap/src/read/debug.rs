use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::CapError;
use super::component::method::Places;
use super::component::reader::Reader;
use crate::types::{
    CapFile, ComponentTag, DebugClass, DebugField, DebugLine, DebugMethod, FieldPlace,
};

impl CapFile {
    /// The methods' names and source lines, by offset in the Method component; `None` without a Debug component
    /// (JCVM 3.0.5 §6.15). It is read when asked for: no card needs it.
    pub fn debug(&self) -> Result<Option<Vec<DebugMethod>>, CapError> {
        Ok(self.read_debug()?.map(|names| names.methods))
    }

    /// The classes' names and their fields; `None` without a Debug component.
    pub fn debug_classes(&self) -> Result<Option<Vec<DebugClass>>, CapError> {
        Ok(self.read_debug()?.map(|names| names.classes))
    }

    pub(crate) fn read_debug(&self) -> Result<Option<DebugNames>, CapError> {
        let Some(mut reader) = Reader::of(&self.raw, ComponentTag::Debug) else {
            return Ok(None);
        };
        let places = Places::of(self.method(), self.is_extended());
        let count = reader.u2()?;
        let strings = reader.list(count.into(), |reader| {
            let length = reader.u2()?;
            let at = reader.position();
            core::str::from_utf8(reader.take(length.into())?)
                .map_err(|_| reader.error_at(at, "no UTF-8"))
        })?;
        let packages = if self.is_extended() { reader.u1()? } else { 1 };
        let mut all = Vec::new();
        let mut methods = Vec::new();
        for _ in 0..packages {
            let _name = reader.u2()?;
            let classes = reader.u2()?;
            for _ in 0..classes {
                all.push(class(
                    &mut reader,
                    &strings,
                    &places,
                    self.is_extended(),
                    &mut methods,
                )?);
            }
        }
        reader.end()?;
        methods.sort_by_key(|method: &DebugMethod| method.offset);
        Ok(Some(DebugNames {
            classes: all,
            methods,
        }))
    }
}

/// What a Debug component names.
#[derive(Default)]
pub(crate) struct DebugNames {
    pub(crate) classes: Vec<DebugClass>,
    /// By offset.
    pub(crate) methods: Vec<DebugMethod>,
}

fn class(
    reader: &mut Reader<'_>,
    strings: &[&str],
    places: &Places,
    extended: bool,
    methods: &mut Vec<DebugMethod>,
) -> Result<DebugClass, CapError> {
    let name = string(reader, strings)?;
    let (_flags, offset, _super) = (reader.u2()?, reader.u2()?, reader.u2()?);
    let source = string(reader, strings)?;
    let interfaces = reader.u1()?;
    let (field_count, count) = (reader.u2()?, reader.u2()?);
    reader.list(interfaces.into(), Reader::u2)?;
    let mut fields = Vec::new();
    for _ in 0..field_count {
        fields.extend(field(reader, strings)?);
    }
    for _ in 0..count {
        let method = string(reader, strings)?;
        let descriptor = string(reader, strings)?;
        let flags = reader.u2()?;
        let block = if extended { reader.u1()? } else { 0 };
        let at = reader.u2()?;
        let (_header, code_length) = (reader.u1()?, reader.u2()?);
        let (variables, lines) = (reader.u2()?, reader.u2()?);
        // Slot, name, descriptor, start, length.
        reader.list(variables.into(), Reader::array::<9>)?;
        let lines = reader.list(lines.into(), |reader| {
            Ok(DebugLine {
                start: reader.u2()?,
                end: reader.u2()?,
                line: reader.u2()?,
            })
        })?;
        // Abstract methods have no code to be found.
        if flags & ACC_ABSTRACT == 0
            && let Some(offset) = places.resolve(block, at)
        {
            methods.push(DebugMethod {
                class: name.clone(),
                name: method,
                descriptor,
                source: source.clone(),
                offset,
                code_length,
                lines,
            });
        }
    }
    Ok(DebugClass {
        name,
        offset,
        fields,
    })
}

/// A field; nothing for a constant, whose value stands where others have their place.
fn field(reader: &mut Reader<'_>, strings: &[&str]) -> Result<Option<DebugField>, CapError> {
    let name = string(reader, strings)?;
    let descriptor = string(reader, strings)?;
    let flags = reader.u2()?;
    let [_, _, high, low] = reader.array::<4>()?;
    let constant = flags & ACC_FINAL != 0 && descriptor.len() == 1;
    let place = match flags & ACC_STATIC != 0 {
        true if constant => return Ok(None),
        true => FieldPlace::Static(u16::from_be_bytes([high, low])),
        false => FieldPlace::Instance(low),
    };
    Ok(Some(DebugField {
        name,
        descriptor,
        place,
    }))
}

/// JCVM 3.0.5 §6.15.2
const ACC_STATIC: u16 = 0x0008;
const ACC_FINAL: u16 = 0x0010;
const ACC_ABSTRACT: u16 = 0x0400;

fn string(reader: &mut Reader<'_>, strings: &[&str]) -> Result<String, CapError> {
    let at = reader.position();
    let index = reader.u2()?;
    strings
        .get(usize::from(index))
        .map(|text| (*text).to_owned())
        .ok_or_else(|| reader.error_at(at, "no such string"))
}
