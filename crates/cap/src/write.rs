//! Writing CAP files: components from values, and the ZIP around them.
//!
//! The caller gives offsets and tokens their values; this module knows the layouts
//! (JCVM 3.0.5 §6; format 2.3: compact form only). The same values always give the same bytes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{
    AppletEntry, ArrayInit, ClassDescriptor, ClassInfo, ClassRef, ComponentTag, CpEntry,
    ExceptionHandler, ExportedClass, Format, Header, Import, InterfaceInfo, ReferenceLocations,
    StaticFields,
};

#[cfg(test)]
mod tests;
mod zip;

pub use zip::zip;

/// A component that has more of something than its counts or offsets can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The component.
    pub component: ComponentTag,
    /// What there is too much of.
    pub what: &'static str,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} component: too many {}", self.component, self.what)
    }
}

impl core::error::Error for TooLarge {}

/// The bytes of a component, and the counts in it checked.
struct Sink {
    component: ComponentTag,
    bytes: Vec<u8>,
}

impl Sink {
    fn new(component: ComponentTag) -> Self {
        Self {
            component,
            bytes: Vec::new(),
        }
    }

    fn u1(&mut self, value: u8) {
        self.bytes.push(value);
    }

    fn u2(&mut self, value: u16) {
        self.bytes.extend(value.to_be_bytes());
    }

    /// An offset in the Method component.
    fn place(&mut self, offset: u32) -> Result<(), TooLarge> {
        self.count2(
            usize::try_from(offset).unwrap_or(usize::MAX),
            "bytes of code before this",
        )
    }

    fn count1(&mut self, count: usize, what: &'static str) -> Result<(), TooLarge> {
        let count = u8::try_from(count).map_err(|_| self.too_many(what))?;
        self.u1(count);
        Ok(())
    }

    fn count2(&mut self, count: usize, what: &'static str) -> Result<(), TooLarge> {
        let count = u16::try_from(count).map_err(|_| self.too_many(what))?;
        self.u2(count);
        Ok(())
    }

    fn too_many(&self, what: &'static str) -> TooLarge {
        TooLarge {
            component: self.component,
            what,
        }
    }

    fn aid(&mut self, aid: &crate::Aid) -> Result<(), TooLarge> {
        self.count1(aid.as_bytes().len(), "AID bytes")?;
        self.bytes.extend(aid.as_bytes());
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, TooLarge> {
        if u16::try_from(self.bytes.len()).is_err() {
            return Err(self.too_many("bytes"));
        }
        Ok(self.bytes)
    }
}

/// The two bytes of a format: minor, major.
const fn format_bytes(format: Format) -> [u8; 2] {
    match format {
        Format::V2_1 => [1, 2],
        Format::V2_2 => [2, 2],
        Format::V2_3 => [3, 2],
    }
}

/// The Header component (§6.4).
pub fn header(header: &Header) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Header);
    sink.bytes.extend([0xDE, 0xCA, 0xFF, 0xED]);
    sink.bytes.extend(format_bytes(header.format));
    sink.u1(header.flags);
    sink.bytes
        .extend([header.version.minor, header.version.major]);
    sink.aid(&header.aid)?;
    if header.format != Format::V2_1 {
        sink.count1(header.name.len(), "name bytes")?;
        sink.bytes.extend(header.name.as_bytes());
    }
    sink.finish()
}

/// The Directory component (§6.5) for components given by tag and bytes. Debug, custom components
/// and static resources have no part in it.
pub fn directory(
    format: Format,
    components: &[(ComponentTag, Vec<u8>)],
    statics: &StaticFields,
    imports: usize,
    applets: usize,
) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Directory);
    let own_size: u16 = match format {
        Format::V2_1 => 31,
        Format::V2_2 => 33,
        Format::V2_3 => 37,
    };
    for tag in 1..=11 {
        let size = components
            .iter()
            .find(|(known, _)| known.tag() == tag)
            .map_or(0, |(_, bytes)| bytes.len());
        if tag == ComponentTag::Directory.tag() {
            sink.u2(own_size);
        } else {
            sink.count2(size, "bytes in a component")?;
        }
    }
    if format != Format::V2_1 {
        sink.u2(0);
    }
    if format == Format::V2_3 {
        sink.bytes.extend([0; 4]);
    }
    sink.u2(statics.image_size);
    sink.count2(statics.arrays.len(), "arrays")?;
    let array_bytes = statics.arrays.iter().map(|a| array_parts(a).1.len()).sum();
    sink.count2(array_bytes, "array bytes")?;
    sink.count1(imports, "imports")?;
    sink.count1(applets, "applets")?;
    sink.u1(0);
    sink.finish()
}

/// The Applet component (§6.6).
pub fn applet(applets: &[AppletEntry]) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Applet);
    sink.count1(applets.len(), "applets")?;
    for applet in applets {
        sink.aid(&applet.aid)?;
        sink.place(applet.install_method)?;
    }
    sink.finish()
}

/// The Import component (§6.7).
pub fn import(imports: &[Import]) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Import);
    if imports.len() > 128 {
        return Err(sink.too_many("packages"));
    }
    sink.count1(imports.len(), "packages")?;
    for import in imports {
        sink.bytes
            .extend([import.version.minor, import.version.major]);
        sink.aid(&import.aid)?;
    }
    sink.finish()
}

/// The ConstantPool component (§6.8).
pub fn constant_pool(entries: &[CpEntry]) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::ConstantPool);
    sink.count2(entries.len(), "entries")?;
    for entry in entries {
        let with_token = |tag: u8, class: ClassRef, token: u8| {
            let [high, low] = class.to_u16().to_be_bytes();
            [tag, high, low, token]
        };
        let internal = |tag: u8, offset: u16| {
            let [high, low] = offset.to_be_bytes();
            [tag, 0, high, low]
        };
        sink.bytes.extend(match *entry {
            CpEntry::Class(class) => with_token(1, class, 0),
            CpEntry::InstanceField { class, token } => with_token(2, class, token),
            CpEntry::VirtualMethod { class, token } => with_token(3, class, token),
            CpEntry::SuperMethod { class, token } => with_token(4, class, token),
            CpEntry::StaticField(offset) => internal(5, offset),
            CpEntry::ExternalStaticField {
                package,
                class,
                token,
            } => [5, package | 0x80, class, token],
            CpEntry::StaticMethod(offset) => internal(
                6,
                u16::try_from(offset).map_err(|_| sink.too_many("bytes of code before this"))?,
            ),
            CpEntry::ExternalStaticMethod {
                package,
                class,
                token,
            } => [6, package | 0x80, class, token],
        });
    }
    sink.finish()
}

/// Bytes of an interface in the Class component.
#[must_use]
pub fn interface_size(interface: &InterfaceInfo) -> usize {
    1 + 2 * interface.superinterfaces.len()
}

/// Bytes of a class in the Class component.
#[must_use]
pub fn class_size(format: Format, class: &ClassInfo) -> usize {
    let interfaces: usize = class.interfaces.iter().map(|i| 3 + i.methods.len()).sum();
    let tables = 2 * (class.public_methods.len() + class.package_methods.len());
    let mapping = match format {
        Format::V2_3 => usize::from(class.public_base) + class.public_methods.len() + 1,
        Format::V2_1 | Format::V2_2 => 0,
    };
    10 + tables + interfaces + mapping
}

/// Where the first interface or class lies in the Class component.
#[must_use]
pub const fn first_class_offset(format: Format) -> usize {
    match format {
        Format::V2_1 => 0,
        Format::V2_2 | Format::V2_3 => 2,
    }
}

/// The Class component (§6.9), without remote classes.
pub fn class(
    format: Format,
    interfaces: &[InterfaceInfo],
    classes: &[ClassInfo],
) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Class);
    if format != Format::V2_1 {
        sink.u2(0);
    }
    let bitfield = |sink: &Sink, flags: u8, count: usize| {
        u8::try_from(count)
            .ok()
            .filter(|count| *count < 16)
            .map(|count| flags << 4 | count)
            .ok_or(sink.too_many("interfaces (a class can have 15, superinterfaces counted)"))
    };
    for interface in interfaces {
        let first = bitfield(&sink, interface.flags, interface.superinterfaces.len())?;
        sink.u1(first);
        for class in &interface.superinterfaces {
            sink.u2(class.to_u16());
        }
    }
    for class in classes {
        let first = bitfield(&sink, class.flags, class.interfaces.len())?;
        sink.u1(first);
        sink.u2(class.super_class.map_or(0xFFFF, ClassRef::to_u16));
        sink.u1(class.declared_instance_size);
        sink.u1(class.first_reference_token);
        sink.u1(class.reference_count);
        sink.u1(class.public_base);
        sink.count1(class.public_methods.len(), "public virtual methods")?;
        sink.u1(class.package_base);
        sink.count1(class.package_methods.len(), "package-visible methods")?;
        for offset in class.public_methods.iter().chain(&class.package_methods) {
            match offset {
                Some(offset) => sink.place(*offset)?,
                None => sink.u2(0xFFFF),
            }
        }
        for implemented in &class.interfaces {
            sink.u2(implemented.interface.to_u16());
            sink.count1(implemented.methods.len(), "interface methods")?;
            sink.bytes.extend(&implemented.methods);
        }
        if format == Format::V2_3 {
            sink.bytes
                .extend(class.token_mapping.as_deref().unwrap_or_default());
            sink.u1(class.cap22_inheritable.unwrap_or(0));
        }
    }
    sink.finish()
}

/// The Method component (§6.10): handlers, then the methods' bytes one after another.
pub fn method(handlers: &[ExceptionHandler], methods: &[u8]) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Method);
    sink.count1(handlers.len(), "exception handlers")?;
    for handler in handlers {
        if handler.length > 0x7FFF {
            return Err(sink.too_many("bytes in an exception handler's range"));
        }
        sink.place(handler.start)?;
        sink.u2(handler.length | if handler.stop { 0x8000 } else { 0 });
        sink.place(handler.handler)?;
        sink.u2(handler.catch_type);
    }
    sink.bytes.extend(methods);
    sink.finish()
}

/// Bytes of the Method component before the first method.
#[must_use]
pub const fn first_method_offset(handlers: usize) -> usize {
    1 + 8 * handlers
}

fn array_parts(array: &ArrayInit) -> (u8, Vec<u8>) {
    match array {
        ArrayInit::Boolean(values) => (2, values.clone()),
        ArrayInit::Byte(values) => (3, values.clone()),
        ArrayInit::Short(values) => (4, values.iter().flat_map(|v| v.to_be_bytes()).collect()),
        ArrayInit::Int(values) => (5, values.iter().flat_map(|v| v.to_be_bytes()).collect()),
    }
}

/// The StaticField component (§6.11).
pub fn static_field(fields: &StaticFields) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::StaticField);
    sink.u2(fields.image_size);
    sink.u2(fields.reference_count);
    sink.count2(fields.arrays.len(), "arrays")?;
    for array in &fields.arrays {
        let (kind, bytes) = array_parts(array);
        sink.u1(kind);
        sink.count2(bytes.len(), "array bytes")?;
        sink.bytes.extend(bytes);
    }
    sink.u2(fields.default_count);
    sink.count2(fields.values.len(), "values")?;
    sink.bytes.extend(&fields.values);
    sink.finish()
}

/// The ReferenceLocation component (§6.12), from ascending offsets in the Method component.
pub fn reference_location(locations: &ReferenceLocations) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::ReferenceLocation);
    for offsets in [&locations.byte_indices, &locations.short_indices] {
        let mut steps = Vec::new();
        let mut at = 0u32;
        for offset in offsets {
            let mut distance = offset.saturating_sub(at);
            while distance >= 255 {
                steps.push(255);
                distance -= 255;
            }
            steps.push(u8::try_from(distance).unwrap_or(0));
            at = *offset;
        }
        sink.count2(steps.len(), "references")?;
        sink.bytes.extend(steps);
    }
    sink.finish()
}

/// The Export component (§6.13).
pub fn export(classes: &[ExportedClass]) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Export);
    sink.count1(classes.len(), "classes")?;
    for class in classes {
        sink.u2(class.class);
        sink.count1(class.static_fields.len(), "static fields")?;
        sink.count1(class.static_methods.len(), "static methods")?;
        for offset in &class.static_fields {
            sink.u2(*offset);
        }
        for offset in &class.static_methods {
            sink.place(*offset)?;
        }
    }
    sink.finish()
}

/// The Descriptor component (§6.14). `types` are the type descriptors that follow the constant
/// pool's types; offsets count from the start of those.
pub fn descriptor(
    classes: &[ClassDescriptor],
    constant_pool_types: &[Option<u16>],
    types: &[u8],
) -> Result<Vec<u8>, TooLarge> {
    let mut sink = Sink::new(ComponentTag::Descriptor);
    sink.count1(classes.len(), "classes")?;
    for class in classes {
        sink.u1(class.token);
        sink.u1(class.flags);
        sink.u2(class.class.to_u16());
        sink.count1(class.interfaces.len(), "interfaces")?;
        sink.count2(class.fields.len(), "fields")?;
        sink.count2(class.methods.len(), "methods")?;
        for interface in &class.interfaces {
            sink.u2(interface.to_u16());
        }
        for field in &class.fields {
            sink.u1(field.token);
            sink.u1(field.flags);
            sink.bytes.extend(field.reference);
            sink.u2(field.field_type);
        }
        for method in &class.methods {
            sink.u1(method.token);
            sink.u1(method.flags);
            sink.place(method.method)?;
            sink.u2(method.signature);
            sink.u2(method.code_length);
            sink.u2(method.handler_count);
            sink.u2(method.first_handler);
        }
    }
    sink.count2(constant_pool_types.len(), "constant pool entries")?;
    for kind in constant_pool_types {
        sink.u2(kind.unwrap_or(0xFFFF));
    }
    sink.bytes.extend(types);
    sink.finish()
}

/// Names of the entries of a CAP file's ZIP: `hydra/outbox/javacard/Header.cap`.
#[must_use]
pub fn entry_name(package: &str, component: ComponentTag) -> String {
    format!("{package}/javacard/{}.cap", component.file_stem())
}
