//! Writing export files.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use hydra_wire::Aid;

use super::{ExportError, ExportFile, format_bytes};
use crate::{Format, PackageVersion};

impl ExportFile {
    /// The file's bytes in this format. The same value always gives the same bytes.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, ExportError> {
        let mut pool = Pool::default();
        let this = pool.package(self.library, &self.name, self.version, &self.aid)?;
        let mut body = this.to_be_bytes().to_vec();
        if format == Format::V2_3 {
            body.push(count_u1(self.references.len())?);
            for reference in &self.references {
                let index =
                    pool.package(false, &reference.name, reference.version, &reference.aid)?;
                body.extend(index.to_be_bytes());
            }
        }
        body.push(count_u1(self.classes.len())?);
        for class in &self.classes {
            body.push(class.token);
            body.extend(class.flags.0.to_be_bytes());
            body.extend(pool.class(&class.name)?.to_be_bytes());
            body.extend(count_u2(class.superclasses.len())?.to_be_bytes());
            for name in class.superclasses.iter().rev() {
                body.extend(pool.class(name)?.to_be_bytes());
            }
            body.push(count_u1(class.interfaces.len())?);
            for name in &class.interfaces {
                body.extend(pool.class(name)?.to_be_bytes());
            }
            body.extend(count_u2(class.fields.len())?.to_be_bytes());
            for field in &class.fields {
                body.push(field.token);
                body.extend(field.flags.0.to_be_bytes());
                body.extend(pool.text(&field.name)?.to_be_bytes());
                body.extend(pool.text(&field.descriptor)?.to_be_bytes());
                match field.value {
                    Some(value) => {
                        body.extend([0, 1]);
                        body.extend(pool.text("ConstantValue")?.to_be_bytes());
                        body.extend([0, 0, 0, 2]);
                        body.extend(pool.integer(value)?.to_be_bytes());
                    }
                    None => body.extend([0, 0]),
                }
            }
            body.extend(count_u2(class.methods.len())?.to_be_bytes());
            for method in &class.methods {
                body.push(method.token);
                body.extend(method.flags.0.to_be_bytes());
                body.extend(pool.text(&method.name)?.to_be_bytes());
                body.extend(pool.text(&method.descriptor)?.to_be_bytes());
            }
            if format == Format::V2_3 {
                let own = count_u1(class.virtual_count())?;
                body.push(class.cap22_inheritable.unwrap_or(own));
            }
        }
        let mut bytes = alloc::vec![0x00, 0xFA, 0xCA, 0xDE];
        bytes.extend(format_bytes(format));
        bytes.extend(pool.count.to_be_bytes());
        bytes.extend(pool.bytes);
        bytes.extend(body);
        Ok(bytes)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Text(String),
    Integer(i32),
    Class(u16),
    Package(u16),
}

/// The constant pool, each entry once, in the order of first use.
#[derive(Default)]
struct Pool {
    known: BTreeMap<Key, u16>,
    bytes: Vec<u8>,
    count: u16,
}

impl Pool {
    fn add(&mut self, key: Key, bytes: &[u8]) -> Result<u16, ExportError> {
        if let Some(index) = self.known.get(&key) {
            return Ok(*index);
        }
        let index = self.count;
        self.count = index.checked_add(1).ok_or(ExportError::TooLarge)?;
        self.bytes.extend(bytes);
        self.known.insert(key, index);
        Ok(index)
    }

    fn text(&mut self, text: &str) -> Result<u16, ExportError> {
        let mut bytes = alloc::vec![1];
        bytes.extend(count_u2(text.len())?.to_be_bytes());
        bytes.extend(text.as_bytes());
        self.add(Key::Text(text.into()), &bytes)
    }

    fn integer(&mut self, value: i32) -> Result<u16, ExportError> {
        let mut bytes = alloc::vec![3];
        bytes.extend(value.to_be_bytes());
        self.add(Key::Integer(value), &bytes)
    }

    fn class(&mut self, name: &str) -> Result<u16, ExportError> {
        let name = self.text(name)?;
        let mut bytes = alloc::vec![7];
        bytes.extend(name.to_be_bytes());
        self.add(Key::Class(name), &bytes)
    }

    fn package(
        &mut self,
        library: bool,
        name: &str,
        version: PackageVersion,
        aid: &Aid,
    ) -> Result<u16, ExportError> {
        let name = self.text(name)?;
        let mut bytes = alloc::vec![13, u8::from(library)];
        bytes.extend(name.to_be_bytes());
        bytes.extend([version.minor, version.major]);
        bytes.push(count_u1(aid.as_bytes().len())?);
        bytes.extend(aid.as_bytes());
        self.add(Key::Package(name), &bytes)
    }
}

fn count_u1(count: usize) -> Result<u8, ExportError> {
    u8::try_from(count).map_err(|_| ExportError::TooLarge)
}

fn count_u2(count: usize) -> Result<u16, ExportError> {
    u16::try_from(count).map_err(|_| ExportError::TooLarge)
}
