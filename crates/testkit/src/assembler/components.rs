//! A file's components from their values.

use hydra_cap::{
    Aid, AppletEntry, ClassInfo, ComponentTag, CpEntry, ExportedClass, Format, Header, Import,
    InterfaceInfo, PackageVersion, StaticFields, write,
};

use super::Components;
use super::code::Code;

/// What a file of format 2.1 has in it.
pub(super) struct Values {
    pub(super) aid: Vec<u8>,
    pub(super) int: bool,
    pub(super) imports: Vec<Import>,
    pub(super) applets: Vec<AppletEntry>,
    pub(super) interfaces: Vec<InterfaceInfo>,
    pub(super) classes: Vec<ClassInfo>,
    pub(super) code: Code,
    pub(super) statics: StaticFields,
    pub(super) pool: Vec<CpEntry>,
    pub(super) exports: Vec<ExportedClass>,
    pub(super) descriptor: Option<Vec<u8>>,
}

pub(super) fn aid(bytes: &[u8]) -> Aid {
    Aid::new(bytes).unwrap()
}

pub(super) fn import(aid_bytes: &[u8], major: u8, minor: u8) -> Import {
    Import {
        aid: aid(aid_bytes),
        version: PackageVersion { major, minor },
    }
}

/// Bytes of a class in the Class component: entries of its tables, and methods of each interface.
pub(super) fn class_size(entries: usize, interfaces: impl Iterator<Item = usize>) -> u16 {
    let interfaces: usize = interfaces.map(|methods| 3 + methods).sum();
    u16::try_from(10 + 2 * entries + interfaces).unwrap()
}

/// Bytes of an interface in the Class component.
pub(super) fn interface_size(superinterfaces: usize) -> u16 {
    u16::try_from(1 + 2 * superinterfaces).unwrap()
}

impl Values {
    /// The components, without the Directory.
    pub(super) fn components(&self) -> Components {
        let format = Format::V2_1;
        let (method, locations) = self.code.component();
        let mut all = vec![
            (ComponentTag::Import, write::import(&self.imports)),
            (
                ComponentTag::Class,
                write::class(format, &self.interfaces, &self.classes),
            ),
            (ComponentTag::Method, Ok(method)),
            (
                ComponentTag::StaticField,
                write::static_field(&self.statics),
            ),
            (ComponentTag::ConstantPool, write::constant_pool(&self.pool)),
            (
                ComponentTag::ReferenceLocation,
                write::reference_location(&locations),
            ),
        ];
        all.extend(
            self.descriptor
                .iter()
                .map(|bytes| (ComponentTag::Descriptor, Ok(bytes.clone()))),
        );
        let mut flags = if self.int { Header::ACC_INT } else { 0 };
        if !self.exports.is_empty() {
            flags |= Header::ACC_EXPORT;
            all.push((ComponentTag::Export, write::export(&self.exports)));
        }
        if !self.applets.is_empty() {
            flags |= Header::ACC_APPLET;
            all.push((ComponentTag::Applet, write::applet(&self.applets)));
        }
        let header = Header {
            format,
            flags,
            version: PackageVersion { major: 1, minor: 0 },
            aid: aid(&self.aid),
            name: String::new(),
        };
        all.push((ComponentTag::Header, write::header(&header)));
        all.into_iter()
            .map(|(tag, bytes)| (tag, bytes.unwrap()))
            .collect()
    }

    /// Adds the Directory of components that are complete.
    pub(super) fn with_directory(&self, mut components: Components) -> Components {
        let (imports, applets) = (self.imports.len(), self.applets.len());
        let directory =
            write::directory(Format::V2_1, &components, &self.statics, imports, applets);
        components.push((ComponentTag::Directory, directory.unwrap()));
        components
    }
}
