mod check;
mod class;
mod header;
pub(super) mod method;
pub(super) mod reader;

use alloc::vec::Vec;

use self::method::Places;
use self::reader::Reader;
use super::CapError;
use crate::types::{
    AppletEntry, ArrayInit, CapFile, ClassRef, ComponentTag, CpEntry, ExportedClass, Header,
    Import, PackageVersion, PublicPackage, StaticFields, StaticResource,
};

pub(super) fn read(raw: Vec<(ComponentTag, Vec<u8>)>) -> Result<CapFile, CapError> {
    let required = |component| Reader::required(&raw, component);
    let optional = |component| Reader::of(&raw, component);
    let (header, mut packages) = header::header(required(ComponentTag::Header)?)?;
    let extended = header.flags & Header::ACC_EXTENDED != 0;
    let directory = header::directory(required(ComponentTag::Directory)?, &raw, &header)?;
    let imports = imports(required(ComponentTag::Import)?)?;
    let method = method::methods(required(ComponentTag::Method)?, extended)?;
    let places = Places::of(&method, extended);
    let (interfaces, classes) =
        class::classes(required(ComponentTag::Class)?, header.format, &places)?;
    let static_fields = static_fields(required(ComponentTag::StaticField)?)?;
    let constant_pool = constant_pool(required(ComponentTag::ConstantPool)?, &places)?;
    let applets = optional(ComponentTag::Applet)
        .map(|reader| applets(reader, &places))
        .transpose()?
        .unwrap_or_default();
    if let Some(reader) = optional(ComponentTag::Export) {
        exports(reader, &mut packages, extended, &places)?;
    }
    let reference_locations = method::reference_locations(
        required(ComponentTag::ReferenceLocation)?,
        &method,
        extended,
    )?;
    let resources = optional(ComponentTag::StaticResources)
        .map(resources)
        .transpose()?
        .unwrap_or_default();
    let descriptor = optional(ComponentTag::Descriptor)
        .map(|reader| super::descriptor::read(reader, &method, extended, &places))
        .transpose()?;
    let file = CapFile {
        header,
        packages,
        applets,
        imports,
        constant_pool,
        interfaces,
        classes,
        method,
        static_fields,
        reference_locations,
        descriptor,
        resources,
        raw,
    };
    header::check_directory(&file, &directory)?;
    check::check_references(&file)?;
    Ok(file)
}

fn applets(mut reader: Reader<'_>, places: &Places) -> Result<Vec<AppletEntry>, CapError> {
    let count = reader.u1()?;
    let applets = reader.list(count.into(), |reader| {
        Ok(AppletEntry {
            aid: reader.aid()?,
            install_method: places.read(reader)?,
        })
    })?;
    reader.end()?;
    Ok(applets)
}

fn imports(mut reader: Reader<'_>) -> Result<Vec<Import>, CapError> {
    let count = reader.u1()?;
    if count > 0x80 {
        return Err(reader.error_at(0, "more than 128 packages"));
    }
    let imports = reader.list(count.into(), |reader| {
        let (minor, major) = (reader.u1()?, reader.u1()?);
        Ok(Import {
            aid: reader.aid()?,
            version: PackageVersion { major, minor },
        })
    })?;
    reader.end()?;
    Ok(imports)
}

fn constant_pool(mut reader: Reader<'_>, places: &Places) -> Result<Vec<CpEntry>, CapError> {
    let count = reader.u2()?;
    let pool = reader.list(count.into(), |reader| {
        let at = reader.position();
        let [tag, a, b, c] = reader.array()?;
        let class = ClassRef::from_u16(u16::from_be_bytes([a, b]));
        let class = || class.ok_or_else(|| reader.error_at(at, "no class"));
        let inner = u16::from_be_bytes([b, c]);
        match (tag, a) {
            (1, _) if c == 0 => Ok(CpEntry::Class(class()?)),
            (2, _) => Ok(CpEntry::InstanceField {
                class: class()?,
                token: c,
            }),
            (3, _) => Ok(CpEntry::VirtualMethod {
                class: class()?,
                token: c,
            }),
            (4, _) => Ok(CpEntry::SuperMethod {
                class: class()?,
                token: c,
            }),
            (5, 0) => Ok(CpEntry::StaticField(inner)),
            (5, 0x80..) => Ok(CpEntry::ExternalStaticField {
                package: a & 0x7F,
                class: b,
                token: c,
            }),
            (6, block @ ..0x80) => Ok(CpEntry::StaticMethod(
                places
                    .resolve(block, inner)
                    .ok_or_else(|| reader.error_at(at, "no such block"))?,
            )),
            (6, 0x80..) => Ok(CpEntry::ExternalStaticMethod {
                package: a & 0x7F,
                class: b,
                token: c,
            }),
            _ => Err(reader.error_at(at, "not a constant pool entry")),
        }
    })?;
    reader.end()?;
    Ok(pool)
}

impl ArrayInit {
    /// Bytes that the values take in the file.
    pub fn byte_size(&self) -> usize {
        match self {
            Self::Boolean(values) | Self::Byte(values) => values.len(),
            Self::Short(values) => values.len() * 2,
            Self::Int(values) => values.len() * 4,
        }
    }
}

fn static_fields(mut reader: Reader<'_>) -> Result<StaticFields, CapError> {
    let (image_size, reference_count, array_count) = (reader.u2()?, reader.u2()?, reader.u2()?);
    let arrays = reader.list(array_count.into(), |reader| {
        let at = reader.position();
        let kind = reader.u1()?;
        let size = reader.u2()?;
        let bytes = reader.take(size.into())?;
        let (shorts, odd) = bytes.as_chunks::<2>();
        let (ints, rest) = bytes.as_chunks::<4>();
        match kind {
            2 => Ok(ArrayInit::Boolean(bytes.to_vec())),
            3 => Ok(ArrayInit::Byte(bytes.to_vec())),
            4 if odd.is_empty() => Ok(ArrayInit::Short(
                shorts
                    .iter()
                    .map(|bytes| i16::from_be_bytes(*bytes))
                    .collect(),
            )),
            5 if rest.is_empty() => Ok(ArrayInit::Int(
                ints.iter()
                    .map(|bytes| i32::from_be_bytes(*bytes))
                    .collect(),
            )),
            _ => Err(reader.error_at(at, "not an array's type and size")),
        }
    })?;
    let at = reader.position();
    let default_count = reader.u2()?;
    let value_count = reader.u2()?;
    let values = reader.take(value_count.into())?.to_vec();
    let size = 2 * u32::from(reference_count) + u32::from(default_count) + u32::from(value_count);
    if size != u32::from(image_size) || array_count > reference_count {
        return Err(reader.error_at(at, "the counts do not make the image's size"));
    }
    reader.end()?;
    Ok(StaticFields {
        image_size,
        reference_count,
        arrays,
        default_count,
        values,
    })
}

/// JCVM 3.0.5 §6.13; JCVM 3.2 §6.13 for several packages.
fn exports(
    mut reader: Reader<'_>,
    packages: &mut [PublicPackage],
    extended: bool,
    places: &Places,
) -> Result<(), CapError> {
    if extended && usize::from(reader.u1()?) != packages.len() {
        return Err(reader.error_at(0, "not the Header component's number of packages"));
    }
    for package in packages {
        let count = reader.u1()?;
        package.exports = reader.list(count.into(), |reader| {
            let class = reader.u2()?;
            let (fields, methods) = (reader.u1()?, reader.u1()?);
            Ok(ExportedClass {
                class,
                static_fields: reader.list(fields.into(), Reader::u2)?,
                static_methods: reader.list(methods.into(), |reader| places.read(reader))?,
            })
        })?;
    }
    reader.end()
}

fn resources(mut reader: Reader<'_>) -> Result<Vec<StaticResource>, CapError> {
    let count = reader.u2()?;
    let directory = reader.list(count.into(), |reader| Ok((reader.u2()?, reader.u4()?)))?;
    let mut resources = Vec::new();
    for (id, size) in directory {
        let size = usize::try_from(size).map_err(|_| reader.error("too large"))?;
        resources.push(StaticResource {
            id,
            bytes: reader.take(size)?.to_vec(),
        });
    }
    reader.end()?;
    Ok(resources)
}
