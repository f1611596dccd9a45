use super::CapError;
use super::component::Reader;
use crate::types::{ClassDescriptor, Descriptor, FieldDescriptor, MethodDescriptor};

/// JCVM 3.0.5 §6.14.
pub(super) fn read(mut reader: Reader<'_>) -> Result<Descriptor, CapError> {
    let count = reader.u1()?;
    let classes = reader.list(count.into(), class)?;
    let types = u16::try_from(reader.position()).map_err(|_| reader.error("too large"))?;
    let count = reader.u2()?;
    let constant_pool_types = reader.list(count.into(), |reader| {
        let offset = reader.u2()?;
        Ok((offset != 0xFFFF).then_some(offset))
    })?;
    // A type's offset must be that of a descriptor that begins and ends in the component.
    let part = usize::from(types);
    let begins = reader.position();
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

fn class(reader: &mut Reader<'_>) -> Result<ClassDescriptor, CapError> {
    let (token, flags) = (reader.u1()?, reader.u1()?);
    let class = reader.class_ref()?;
    let interfaces = reader.u1()?;
    let (fields, methods) = (reader.u2()?, reader.u2()?);
    Ok(ClassDescriptor {
        token,
        flags,
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
            Ok(MethodDescriptor {
                token: reader.u1()?,
                flags: reader.u1()?,
                method: reader.u2()?,
                signature: reader.u2()?,
                code_length: reader.u2()?,
                handler_count: reader.u2()?,
                first_handler: reader.u2()?,
            })
        })?,
    })
}
