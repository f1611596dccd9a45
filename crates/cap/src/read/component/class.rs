use alloc::vec::Vec;

use super::method::Places;
use super::reader::Reader;
use crate::read::CapError;
use crate::types::{ClassInfo, ClassRef, Format, ImplementedInterface, InterfaceInfo};

pub(super) fn classes(
    mut reader: Reader<'_>,
    format: Format,
    places: &Places,
) -> Result<(Vec<InterfaceInfo>, Vec<ClassInfo>), CapError> {
    if format >= Format::V2_2 {
        let length = reader.u2()?;
        reader.take(length.into())?;
    }
    let (mut interfaces, mut classes) = (Vec::new(), Vec::new());
    while let Some(&first) = reader.rest().first() {
        let at = reader.position();
        let (flags, count) = (first >> 4, usize::from(first & 0xF));
        if flags & 1 != 0 || (format == Format::V2_1 && flags & ClassInfo::ACC_REMOTE != 0) {
            return Err(reader.error_at(at, "unknown flag"));
        }
        if flags & ClassInfo::ACC_INTERFACE != 0 {
            if !classes.is_empty() {
                return Err(reader.error_at(at, "an interface after the first class"));
            }
            interfaces.push(interface(&mut reader, flags, count)?);
        } else {
            classes.push(class(&mut reader, flags, count, format, places)?);
        }
    }
    Ok((interfaces, classes))
}

fn interface(reader: &mut Reader<'_>, flags: u8, count: usize) -> Result<InterfaceInfo, CapError> {
    let offset = reader.offset()?;
    reader.u1()?;
    let superinterfaces = reader.list(count, Reader::class_ref)?;
    if flags & ClassInfo::ACC_REMOTE != 0 {
        let length = reader.u1()?;
        reader.take(length.into())?;
    }
    Ok(InterfaceInfo {
        offset,
        flags,
        superinterfaces,
    })
}

fn class(
    reader: &mut Reader<'_>,
    flags: u8,
    count: usize,
    format: Format,
    places: &Places,
) -> Result<ClassInfo, CapError> {
    let offset = reader.offset()?;
    reader.u1()?;
    let super_class = ClassRef::from_u16(reader.u2()?);
    let [
        declared_instance_size,
        first_reference_token,
        reference_count,
    ] = reader.array()?;
    let [public_base, public_count, package_base, package_count] = reader.array()?;
    let mut table = |count: u8| reader.list(count.into(), |reader| places.entry(reader));
    let public_methods = table(public_count)?;
    let package_methods = table(package_count)?;
    let interfaces = reader.list(count, |reader| {
        let interface = reader.class_ref()?;
        let methods = reader.u1()?;
        Ok(ImplementedInterface {
            interface,
            methods: reader.take(methods.into())?.to_vec(),
        })
    })?;
    if flags & ClassInfo::ACC_REMOTE != 0 {
        skip_remote(reader)?;
    }
    let (mut token_mapping, mut cap22_inheritable) = (None, None);
    if format >= Format::V2_3 {
        let size = usize::from(public_base) + usize::from(public_count);
        token_mapping = Some(reader.take(size)?.to_vec());
        cap22_inheritable = Some(reader.u1()?);
    }
    let references = usize::from(first_reference_token) + usize::from(reference_count);
    if reference_count > 0 && references > usize::from(declared_instance_size) {
        return Err(reader.error_at(
            usize::from(offset) + 4,
            "reference fields beyond the instance",
        ));
    }
    Ok(ClassInfo {
        offset,
        flags,
        super_class,
        declared_instance_size,
        first_reference_token,
        reference_count,
        public_base,
        public_methods,
        package_base,
        package_methods,
        interfaces,
        token_mapping,
        cap22_inheritable,
    })
}

/// JCVM 3.0.5 §6.9 `remote_interface_info`: read past, since RMI is not offered.
fn skip_remote(reader: &mut Reader<'_>) -> Result<(), CapError> {
    let count = reader.u1()?;
    reader.take(usize::from(count) * 5)?;
    for _ in 0..2 {
        let length = reader.u1()?;
        reader.take(length.into())?;
    }
    let count = reader.u1()?;
    reader.list(count.into(), Reader::class_ref)?;
    Ok(())
}
