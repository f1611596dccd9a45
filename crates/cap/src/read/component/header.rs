use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hydra_wire::Aid;

use super::reader::Reader;
use crate::read::CapError;
use crate::types::{
    ArrayInit, CapFile, ComponentTag, Format, Header, PackageVersion, PublicPackage,
};

pub(super) fn header(mut reader: Reader<'_>) -> Result<(Header, Vec<PublicPackage>), CapError> {
    if reader.u4()? != 0xDECA_FFED {
        return Err(reader.error_at(0, "not the magic number of a CAP file"));
    }
    let format = match (reader.u1()?, reader.u1()?) {
        (1, 2) => Format::V2_1,
        (2, 2) => Format::V2_2,
        (3, 2) => Format::V2_3,
        _ => return Err(reader.error_at(4, "not a format of 2.1 to 2.3")),
    };
    let flags = reader.u1()?;
    let extended = flags & Header::ACC_EXTENDED != 0;
    if flags > 0x0F || (extended && format != Format::V2_3) {
        return Err(reader.error_at(6, "unknown flag"));
    }
    let (version, aid) = version_and_aid(&mut reader)?;
    let mut name = String::new();
    let mut packages = Vec::new();
    if extended {
        let count = reader.u1()?;
        packages = reader.list(count.into(), |reader| {
            let (version, aid) = version_and_aid(reader)?;
            Ok(PublicPackage {
                aid,
                version,
                name: String::new(),
                exports: Vec::new(),
            })
        })?;
        // As in the compact form, some may leave the names out.
        for package in &mut packages {
            if !reader.rest().is_empty() {
                package.name = package_name(&mut reader)?;
            }
        }
    }
    // Files of 2.2 and later say the name's length even when it is 0; some leave both out.
    if !extended && format > Format::V2_1 && !reader.rest().is_empty() {
        name = package_name(&mut reader)?;
    }
    reader.end()?;
    if !extended {
        packages.push(PublicPackage {
            aid: aid.clone(),
            version,
            name: name.clone(),
            exports: Vec::new(),
        });
    }
    for (i, package) in packages.iter().enumerate() {
        if packages[..i].iter().any(|other| other.aid == package.aid) {
            return Err(reader.error_at(7, "two packages of one AID"));
        }
    }
    let header = Header {
        format,
        flags,
        version,
        aid,
        name,
    };
    Ok((header, packages))
}

fn version_and_aid(reader: &mut Reader<'_>) -> Result<(PackageVersion, Aid), CapError> {
    let (minor, major) = (reader.u1()?, reader.u1()?);
    Ok((PackageVersion { major, minor }, reader.aid()?))
}

fn package_name(reader: &mut Reader<'_>) -> Result<String, CapError> {
    let length = reader.u1()?;
    let at = reader.position();
    let bytes = reader.take(length.into())?;
    let name =
        core::str::from_utf8(bytes).map_err(|_| reader.error_at(at, "the name is not UTF-8"))?;
    Ok(name.to_string())
}

/// What the Directory component says of others, beside their sizes.
pub(super) struct Directory {
    /// Where the fields below begin.
    at: usize,
    image_size: u16,
    array_count: u16,
    array_size: u16,
    imports: u8,
    applets: u8,
    /// Of the extended form.
    blocks: Option<u8>,
}

pub(super) fn directory(
    mut reader: Reader<'_>,
    raw: &[(ComponentTag, Vec<u8>)],
    header: &Header,
) -> Result<Directory, CapError> {
    let check = |tag: u8, size: u32, offset: usize| {
        let Some(tag) = ComponentTag::from_tag(tag) else {
            return Ok(());
        };
        let found = raw.iter().find(|(known, _)| *known == tag);
        let error = |reason| {
            Err(CapError::Component {
                component: ComponentTag::Directory,
                offset,
                reason,
            })
        };
        match found {
            Some((_, info)) if u32::try_from(info.len()) != Ok(size) => {
                error("the size is not the component's")
            }
            // Neither is loaded on a card, and a loader need not send it.
            None if size != 0 && !matches!(tag, ComponentTag::Descriptor | ComponentTag::Debug) => {
                error("the component is missing")
            }
            _ => Ok(()),
        }
    };
    let extended = header.flags & Header::ACC_EXTENDED != 0;
    let last = match header.format {
        Format::V2_1 => 11,
        Format::V2_2 => 12,
        Format::V2_3 => 13,
    };
    for tag in 1..=last {
        let at = reader.position();
        let wide = ComponentTag::from_tag(tag).is_some_and(|tag| tag.has_wide_size(extended));
        let size = if wide {
            reader.u4()?
        } else {
            reader.u2()?.into()
        };
        check(tag, size, at)?;
    }
    let at = reader.position();
    let directory = Directory {
        image_size: reader.u2()?,
        array_count: reader.u2()?,
        array_size: reader.u2()?,
        imports: reader.u1()?,
        applets: reader.u1()?,
        blocks: extended.then(|| reader.u1()).transpose()?,
        at,
    };
    let custom = reader.u1()?;
    reader.list(custom.into(), |reader| {
        if reader.u1()? < 0x80 {
            return Err(reader.error("a custom component has a tag of 128 or more"));
        }
        if extended {
            reader.u4()?;
        } else {
            reader.u2()?;
        }
        let length = reader.u1()?;
        reader.take(length.into())
    })?;
    reader.end()?;
    Ok(directory)
}

pub(super) fn check_directory(file: &CapFile, directory: &Directory) -> Result<(), CapError> {
    let fields = &file.static_fields;
    let array_size: usize = fields.arrays.iter().map(ArrayInit::byte_size).sum();
    let error = |offset: usize, reason| {
        Err(CapError::Component {
            component: ComponentTag::Directory,
            offset: directory.at + offset,
            reason,
        })
    };
    if directory.image_size != fields.image_size {
        return error(0, "not the StaticField component's image size");
    }
    if usize::from(directory.array_count) != fields.arrays.len() {
        return error(2, "not the StaticField component's number of arrays");
    }
    if usize::from(directory.array_size) != array_size {
        return error(4, "not the size of the StaticField component's arrays");
    }
    if usize::from(directory.imports) != file.imports.len() {
        return error(6, "not the Import component's number of packages");
    }
    if usize::from(directory.applets) != file.applets.len() {
        return error(7, "not the Applet component's number of applets");
    }
    if directory
        .blocks
        .is_some_and(|blocks| usize::from(blocks) != file.method.blocks.len())
    {
        return error(8, "not the Method component's number of blocks");
    }
    let flag = |flag, present: bool| (file.header.flags & flag != 0) == present;
    let has = |tag| file.component(tag).is_some();
    if !flag(Header::ACC_APPLET, has(ComponentTag::Applet))
        || !flag(Header::ACC_EXPORT, has(ComponentTag::Export))
    {
        return Err(CapError::Component {
            component: ComponentTag::Header,
            offset: 6,
            reason: "the flags do not tell which components are there",
        });
    }
    Ok(())
}
