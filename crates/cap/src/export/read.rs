//! Reading export files.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use hydra_wire::Aid;

use super::{ExportClass, ExportError, ExportField, ExportFile, ExportMethod, PackageReference};
use crate::api::ApiFlags;
use crate::{Format, PackageVersion};

enum Constant {
    Text(String),
    Integer(i32),
    Class(u16),
    Package {
        library: bool,
        name: u16,
        version: PackageVersion,
        aid: Aid,
    },
}

impl ExportFile {
    /// Reads a whole export file of format 2.1, 2.2 or 2.3.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ExportError> {
        let mut cursor = Cursor { bytes, at: 0 };
        if cursor.u4().ok() != Some(0x00FA_CADE) {
            return Err(ExportError::Magic);
        }
        let (minor, major) = (cursor.u1()?, cursor.u1()?);
        let format = match (major, minor) {
            (2, 1) => Format::V2_1,
            (2, 2) => Format::V2_2,
            (2, 3) => Format::V2_3,
            _ => return Err(ExportError::UnknownFormat { major, minor }),
        };
        let pool = Pool::read(&mut cursor)?;
        let at = cursor.at;
        let index = cursor.u2()?;
        let this = pool.package(index, at)?;
        let library = pool.is_library(index);
        let mut references = Vec::new();
        if format == Format::V2_3 {
            for _ in 0..cursor.u1()? {
                let at = cursor.at;
                references.push(pool.package(cursor.u2()?, at)?);
            }
        }
        let mut classes = Vec::new();
        for _ in 0..cursor.u1()? {
            classes.push(read_class(&mut cursor, &pool, format)?);
        }
        if cursor.at != bytes.len() {
            return Err(ExportError::Trailing { offset: cursor.at });
        }
        Ok(Self {
            name: this.name,
            aid: this.aid,
            version: this.version,
            library,
            references,
            classes,
        })
    }
}

fn read_class(
    cursor: &mut Cursor<'_>,
    pool: &Pool,
    format: Format,
) -> Result<ExportClass, ExportError> {
    let token = cursor.u1()?;
    let flags = ApiFlags(cursor.u2()?);
    let name = pool.class(cursor)?;
    let mut superclasses = Vec::new();
    for _ in 0..cursor.u2()? {
        superclasses.push(pool.class(cursor)?);
    }
    superclasses.reverse();
    let mut interfaces = Vec::new();
    for _ in 0..cursor.u1()? {
        interfaces.push(pool.class(cursor)?);
    }
    let mut fields = Vec::new();
    for _ in 0..cursor.u2()? {
        let token = cursor.u1()?;
        let flags = ApiFlags(cursor.u2()?);
        let name = pool.text(cursor)?;
        let descriptor = pool.text(cursor)?;
        let mut value = None;
        for _ in 0..cursor.u2()? {
            let offset = cursor.at;
            if pool.text(cursor)? != "ConstantValue" || cursor.u4()? != 2 {
                return Err(ExportError::Attribute { offset });
            }
            value = Some(pool.integer(cursor)?);
        }
        fields.push(ExportField {
            token,
            flags,
            name,
            descriptor,
            value,
        });
    }
    let mut methods = Vec::new();
    for _ in 0..cursor.u2()? {
        methods.push(ExportMethod {
            token: cursor.u1()?,
            flags: ApiFlags(cursor.u2()?),
            name: pool.text(cursor)?,
            descriptor: pool.text(cursor)?,
        });
    }
    let cap22_inheritable = match format {
        Format::V2_3 => Some(cursor.u1()?),
        Format::V2_1 | Format::V2_2 => None,
    };
    Ok(ExportClass {
        token,
        flags,
        name,
        superclasses,
        interfaces,
        cap22_inheritable,
        fields,
        methods,
    })
}

struct Pool {
    entries: Vec<Constant>,
}

impl Pool {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ExportError> {
        let mut entries = Vec::new();
        for _ in 0..cursor.u2()? {
            let offset = cursor.at;
            entries.push(match cursor.u1()? {
                1 => {
                    let length = cursor.u2()?;
                    let text = cursor.take(usize::from(length))?;
                    let text = core::str::from_utf8(text)
                        .map_err(|_| ExportError::Text { offset: offset + 3 })?;
                    Constant::Text(text.to_owned())
                }
                3 => Constant::Integer(i32::from_be_bytes(cursor.u4()?.to_be_bytes())),
                7 => Constant::Class(cursor.u2()?),
                13 => {
                    let library = cursor.u1()? & 1 != 0;
                    let name = cursor.u2()?;
                    let (minor, major) = (cursor.u1()?, cursor.u1()?);
                    let length = cursor.u1()?;
                    let offset = cursor.at;
                    let aid = Aid::new(cursor.take(usize::from(length))?)
                        .map_err(|_| ExportError::Aid { offset })?;
                    Constant::Package {
                        library,
                        name,
                        version: PackageVersion { major, minor },
                        aid,
                    }
                }
                tag => return Err(ExportError::ConstantTag { offset, tag }),
            });
        }
        Ok(Self { entries })
    }

    fn entry(&self, index: u16) -> Option<&Constant> {
        self.entries.get(usize::from(index))
    }

    fn text_at(&self, index: u16, offset: usize) -> Result<String, ExportError> {
        match self.entry(index) {
            Some(Constant::Text(text)) => Ok(text.clone()),
            _ => Err(ExportError::ConstantIndex { offset, index }),
        }
    }

    fn text(&self, cursor: &mut Cursor<'_>) -> Result<String, ExportError> {
        let offset = cursor.at;
        self.text_at(cursor.u2()?, offset)
    }

    fn class(&self, cursor: &mut Cursor<'_>) -> Result<String, ExportError> {
        let offset = cursor.at;
        let index = cursor.u2()?;
        match self.entry(index) {
            Some(Constant::Class(name)) => self.text_at(*name, offset),
            _ => Err(ExportError::ConstantIndex { offset, index }),
        }
    }

    fn integer(&self, cursor: &mut Cursor<'_>) -> Result<i32, ExportError> {
        let offset = cursor.at;
        let index = cursor.u2()?;
        match self.entry(index) {
            Some(Constant::Integer(value)) => Ok(*value),
            _ => Err(ExportError::ConstantIndex { offset, index }),
        }
    }

    fn package(&self, index: u16, offset: usize) -> Result<PackageReference, ExportError> {
        match self.entry(index) {
            Some(Constant::Package {
                name, version, aid, ..
            }) => Ok(PackageReference {
                name: self.text_at(*name, offset)?,
                aid: aid.clone(),
                version: *version,
            }),
            _ => Err(ExportError::ConstantIndex { offset, index }),
        }
    }

    fn is_library(&self, index: u16) -> bool {
        matches!(
            self.entry(index),
            Some(Constant::Package { library: true, .. })
        )
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ExportError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest
            .get(..count)
            .ok_or(ExportError::Truncated { offset: self.at })?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ExportError> {
        let offset = self.at;
        self.take(N)?
            .first_chunk()
            .copied()
            .ok_or(ExportError::Truncated { offset })
    }

    fn u1(&mut self) -> Result<u8, ExportError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u2(&mut self) -> Result<u16, ExportError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn u4(&mut self) -> Result<u32, ExportError> {
        Ok(u32::from_be_bytes(self.array()?))
    }
}
