use alloc::vec::Vec;

use super::CapError;
use super::component::method::Places;
use super::component::reader::Reader;
use crate::types::{
    ClassDescriptor, Descriptor, FieldDescriptor, MethodComponent, MethodDescriptor,
};

/// JCVM 3.0.5 §6.14; JCVM 3.2 §6.14 for several packages.
pub(super) fn read(
    mut reader: Reader<'_>,
    method: &MethodComponent,
    extended: bool,
    places: &Places,
) -> Result<Descriptor, CapError> {
    let packages = if extended { reader.u1()? } else { 1 };
    let mut classes = Vec::new();
    for package in 0..packages {
        let count = reader.u1()?;
        let own = reader.list(count.into(), |reader| {
            class(reader, package, method, extended.then_some(places))
        })?;
        classes.extend(own);
    }
    let start = reader.position();
    let types = u32::try_from(reader.position()).map_err(|_| reader.error("too large"))?;
    let count = reader.u2()?;
    let constant_pool_types = reader.list(count.into(), |reader| {
        let offset = reader.u2()?;
        Ok((offset != 0xFFFF).then_some(offset))
    })?;
    // A type's offset must be that of a descriptor that begins and ends in the component.
    let (part, begins) = (start, reader.position());
    while !reader.rest().is_empty() {
        let nibbles = reader.u1()?;
        reader.take(usize::from(nibbles).div_ceil(2))?;
    }
    let inside = |offset: u16| {
        let at = part + usize::from(offset);
        at >= begins && at < reader.position()
    };
    if !constant_pool_types
        .iter()
        .flatten()
        .all(|offset| inside(*offset))
    {
        return Err(reader.error_at(part, "a type outside of the types"));
    }
    for class in &classes {
        let fields = class
            .fields
            .iter()
            .map(|field| field.field_type)
            .filter(|kind| *kind < 0x8000);
        if !fields
            .chain(class.methods.iter().map(|method| method.signature))
            .all(inside)
        {
            return Err(reader.error_at(part, "a type outside of the types"));
        }
    }
    Ok(Descriptor {
        classes,
        constant_pool_types,
        types,
    })
}

fn class(
    reader: &mut Reader<'_>,
    package: u8,
    method: &MethodComponent,
    extended: Option<&Places>,
) -> Result<ClassDescriptor, CapError> {
    let (token, flags) = (reader.u1()?, reader.u1()?);
    let class = reader.class_ref()?;
    let interfaces = reader.u1()?;
    let (fields, methods) = (reader.u2()?, reader.u2()?);
    Ok(ClassDescriptor {
        token,
        flags,
        package,
        class,
        interfaces: reader.list(interfaces.into(), Reader::class_ref)?,
        fields: reader.list(fields.into(), |reader| {
            Ok(FieldDescriptor {
                token: reader.u1()?,
                flags: reader.u1()?,
                reference: reader.array()?,
                field_type: reader.u2()?,
            })
        })?,
        methods: reader.list(methods.into(), |reader| {
            let (token, method_flags) = (reader.u1()?, reader.u1()?);
            let at = reader.position();
            let (block, offset) = match extended {
                Some(_) => (reader.u1()?, reader.u2()?),
                None => (0, reader.u2()?),
            };
            // An interface's methods are nowhere.
            let place = match extended {
                Some(places) if flags & 0x40 == 0 => places
                    .resolve(block, offset)
                    .ok_or_else(|| reader.error_at(at, "no such block"))?,
                _ => offset.into(),
            };
            let (signature, code_length, handler_count) =
                (reader.u2()?, reader.u2()?, reader.u2()?);
            // Counted among the handlers of the method's block.
            let first = method.blocks.get(usize::from(block));
            let first = first.map_or(0, |block| block.first_handler);
            Ok(MethodDescriptor {
                token,
                flags: method_flags,
                method: place,
                signature,
                code_length,
                handler_count,
                first_handler: reader.u2()?.saturating_add(first),
            })
        })?,
    })
}
