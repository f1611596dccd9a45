use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hydra_wire::Aid;

use super::CapError;
use crate::types::{
    AppletEntry, ArrayInit, CapFile, ClassInfo, ClassRef, ComponentTag, CpEntry, ExceptionHandler,
    ExportedClass, Format, Header, ImplementedInterface, Import, InterfaceInfo, MethodComponent,
    MethodHeader, PackageVersion, ReferenceLocations, StaticFields, StaticResource,
};

/// A component's bytes and how far they have been read.
pub(super) struct Reader<'a> {
    component: ComponentTag,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn of(raw: &'a [(ComponentTag, Vec<u8>)], component: ComponentTag) -> Option<Self> {
        let (_, bytes) = raw.iter().find(|(tag, _)| *tag == component)?;
        Some(Self {
            component,
            bytes,
            at: 0,
        })
    }

    fn required(
        raw: &'a [(ComponentTag, Vec<u8>)],
        component: ComponentTag,
    ) -> Result<Self, CapError> {
        Self::of(raw, component).ok_or(CapError::Missing(component))
    }

    pub(super) fn error(&self, reason: &'static str) -> CapError {
        self.error_at(self.at, reason)
    }

    pub(super) fn error_at(&self, offset: usize, reason: &'static str) -> CapError {
        CapError::Component {
            component: self.component,
            offset,
            reason,
        }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn take(&mut self, size: usize) -> Result<&'a [u8], CapError> {
        let bytes = self
            .rest()
            .get(..size)
            .ok_or_else(|| self.error("cut short"))?;
        self.at += size;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CapError> {
        let bytes = *self
            .rest()
            .first_chunk::<N>()
            .ok_or_else(|| self.error("cut short"))?;
        self.at += N;
        Ok(bytes)
    }

    pub(super) fn u1(&mut self) -> Result<u8, CapError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u2(&mut self) -> Result<u16, CapError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u4(&mut self) -> Result<u32, CapError> {
        self.array().map(u32::from_be_bytes)
    }

    fn aid(&mut self) -> Result<Aid, CapError> {
        let at = self.at;
        let length = self.u1()?;
        Aid::new(self.take(length.into())?)
            .map_err(|_| self.error_at(at, "an AID has 5 to 16 bytes"))
    }

    pub(super) fn list<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, CapError>,
    ) -> Result<Vec<T>, CapError> {
        // Counts come from the file: capacity grows with what is really there.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(super) fn class_ref(&mut self) -> Result<ClassRef, CapError> {
        let at = self.at;
        ClassRef::from_u16(self.u2()?).ok_or_else(|| self.error_at(at, "no class"))
    }

    fn offset(&self) -> Result<u16, CapError> {
        u16::try_from(self.at).map_err(|_| self.error("too large"))
    }

    pub(super) fn end(&self) -> Result<(), CapError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.error("bytes left over"))
        }
    }
}

pub(super) fn read(raw: Vec<(ComponentTag, Vec<u8>)>) -> Result<CapFile, CapError> {
    let header = header(Reader::required(&raw, ComponentTag::Header)?)?;
    let directory = directory(
        Reader::required(&raw, ComponentTag::Directory)?,
        &raw,
        header.format,
    )?;
    let imports = imports(Reader::required(&raw, ComponentTag::Import)?)?;
    let (method, method_size) = methods(Reader::required(&raw, ComponentTag::Method)?)?;
    let (interfaces, classes) =
        classes(Reader::required(&raw, ComponentTag::Class)?, header.format)?;
    let static_fields = static_fields(Reader::required(&raw, ComponentTag::StaticField)?)?;
    let constant_pool = constant_pool(Reader::required(&raw, ComponentTag::ConstantPool)?)?;
    let applets = Reader::of(&raw, ComponentTag::Applet)
        .map(applets)
        .transpose()?
        .unwrap_or_default();
    let exports = Reader::of(&raw, ComponentTag::Export)
        .map(exports)
        .transpose()?
        .unwrap_or_default();
    let reference_locations = reference_locations(
        Reader::required(&raw, ComponentTag::ReferenceLocation)?,
        method_size,
    )?;
    let resources = Reader::of(&raw, ComponentTag::StaticResources)
        .map(resources)
        .transpose()?
        .unwrap_or_default();
    let descriptor = Reader::of(&raw, ComponentTag::Descriptor)
        .map(super::descriptor::read)
        .transpose()?;
    let file = CapFile {
        header,
        applets,
        imports,
        constant_pool,
        interfaces,
        classes,
        method,
        static_fields,
        exports,
        reference_locations,
        descriptor,
        resources,
        raw,
    };
    check_directory(&file, &directory)?;
    check_references(&file)?;
    Ok(file)
}

fn header(mut reader: Reader<'_>) -> Result<Header, CapError> {
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
    if flags & Header::ACC_EXTENDED != 0 {
        return Err(if format == Format::V2_3 {
            CapError::Extended
        } else {
            reader.error_at(6, "unknown flag")
        });
    }
    if flags > 0x07 {
        return Err(reader.error_at(6, "unknown flag"));
    }
    let (minor, major) = (reader.u1()?, reader.u1()?);
    let aid = reader.aid()?;
    let mut name = String::new();
    // Files of 2.2 and later say the name's length even when it is 0; some leave both out.
    if format > Format::V2_1 && !reader.rest().is_empty() {
        let length = reader.u1()?;
        let at = reader.position();
        let bytes = reader.take(length.into())?;
        name = core::str::from_utf8(bytes)
            .map_err(|_| reader.error_at(at, "the name is not UTF-8"))?
            .to_string();
    }
    reader.end()?;
    Ok(Header {
        format,
        flags,
        version: PackageVersion { major, minor },
        aid,
        name,
    })
}

struct Directory {
    image_size: u16,
    array_count: u16,
    array_size: u16,
    imports: u8,
    applets: u8,
}

fn directory(
    mut reader: Reader<'_>,
    raw: &[(ComponentTag, Vec<u8>)],
    format: Format,
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
    for tag in 1..=11 {
        let at = reader.position();
        let size = reader.u2()?;
        check(tag, size.into(), at)?;
    }
    if format >= Format::V2_2 {
        let at = reader.position();
        let size = reader.u2()?;
        check(12, size.into(), at)?;
    }
    if format >= Format::V2_3 {
        let at = reader.position();
        let size = reader.u4()?;
        check(13, size, at)?;
    }
    let directory = Directory {
        image_size: reader.u2()?,
        array_count: reader.u2()?,
        array_size: reader.u2()?,
        imports: reader.u1()?,
        applets: reader.u1()?,
    };
    let custom = reader.u1()?;
    reader.list(custom.into(), |reader| {
        if reader.u1()? < 0x80 {
            return Err(reader.error("a custom component has a tag of 128 or more"));
        }
        reader.u2()?;
        let length = reader.u1()?;
        reader.take(length.into())
    })?;
    reader.end()?;
    Ok(directory)
}

fn check_directory(file: &CapFile, directory: &Directory) -> Result<(), CapError> {
    let fields = &file.static_fields;
    let array_size: usize = fields.arrays.iter().map(ArrayInit::byte_size).sum();
    let fixed: usize = if file.header.format >= Format::V2_3 {
        28
    } else if file.header.format == Format::V2_2 {
        24
    } else {
        22
    };
    let error = |offset: usize, reason| {
        Err(CapError::Component {
            component: ComponentTag::Directory,
            offset: fixed + offset,
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

fn applets(mut reader: Reader<'_>) -> Result<Vec<AppletEntry>, CapError> {
    let count = reader.u1()?;
    let applets = reader.list(count.into(), |reader| {
        Ok(AppletEntry {
            aid: reader.aid()?,
            install_method: reader.u2()?,
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

fn constant_pool(mut reader: Reader<'_>) -> Result<Vec<CpEntry>, CapError> {
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
            (6, 0) => Ok(CpEntry::StaticMethod(inner)),
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

fn classes(
    mut reader: Reader<'_>,
    format: Format,
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
            classes.push(class(&mut reader, flags, count, format)?);
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
    let public_methods = reader.list(public_count.into(), Reader::u2)?;
    let package_methods = reader.list(package_count.into(), Reader::u2)?;
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

fn methods(mut reader: Reader<'_>) -> Result<(MethodComponent, usize), CapError> {
    let count = reader.u1()?;
    let handlers = reader.list(count.into(), |reader| {
        let (start, length, handler, catch_type) =
            (reader.u2()?, reader.u2()?, reader.u2()?, reader.u2()?);
        Ok(ExceptionHandler {
            start,
            length: length & 0x7FFF,
            stop: length & 0x8000 != 0,
            handler,
            catch_type,
        })
    })?;
    let first_method = reader.offset()?;
    let size = reader.bytes.len();
    for (i, handler) in handlers.iter().enumerate() {
        let end = usize::from(handler.start) + usize::from(handler.length);
        let inside = |offset: u16| offset >= first_method && usize::from(offset) < size;
        if !inside(handler.start) || !inside(handler.handler) || end > size {
            return Err(reader.error_at(1 + 8 * i, "an exception handler outside of the methods"));
        }
    }
    Ok((
        MethodComponent {
            handlers,
            first_method,
        },
        size,
    ))
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

fn exports(mut reader: Reader<'_>) -> Result<Vec<ExportedClass>, CapError> {
    let count = reader.u1()?;
    let exports = reader.list(count.into(), |reader| {
        let class = reader.u2()?;
        let (fields, methods) = (reader.u1()?, reader.u1()?);
        Ok(ExportedClass {
            class,
            static_fields: reader.list(fields.into(), Reader::u2)?,
            static_methods: reader.list(methods.into(), Reader::u2)?,
        })
    })?;
    reader.end()?;
    Ok(exports)
}

fn reference_locations(
    mut reader: Reader<'_>,
    method_size: usize,
) -> Result<ReferenceLocations, CapError> {
    let list = |reader: &mut Reader<'_>| -> Result<Vec<u16>, CapError> {
        let count = reader.u2()?;
        let mut place = 0;
        let mut places = Vec::new();
        for _ in 0..count {
            let step = reader.u1()?;
            place += usize::from(step);
            if step != 255 {
                let found = u16::try_from(place).ok().filter(|_| place < method_size);
                places.push(found.ok_or_else(|| reader.error("a place outside of the methods"))?);
            }
        }
        Ok(places)
    };
    let locations = ReferenceLocations {
        byte_indices: list(&mut reader)?,
        short_indices: list(&mut reader)?,
    };
    reader.end()?;
    Ok(locations)
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

/// Checks what one component says about another.
fn check_references(file: &CapFile) -> Result<(), CapError> {
    let at = |component, offset, reason| CapError::Component {
        component,
        offset,
        reason,
    };
    let class_exists = |class: ClassRef| match class {
        ClassRef::Internal(offset) => {
            file.classes
                .binary_search_by_key(&offset, |class| class.offset)
                .is_ok()
                || file
                    .interfaces
                    .binary_search_by_key(&offset, |interface| interface.offset)
                    .is_ok()
        }
        ClassRef::External { package, .. } => usize::from(package) < file.imports.len(),
    };
    let code = file.method_info();
    let is_method = |offset: u16| {
        offset >= file.method.first_method
            && code
                .get(usize::from(offset)..)
                .is_some_and(|bytes| MethodHeader::read(bytes).is_some())
    };

    for (i, entry) in file.constant_pool.iter().enumerate() {
        let offset = 2 + 4 * i;
        let valid = match *entry {
            CpEntry::Class(class)
            | CpEntry::InstanceField { class, .. }
            | CpEntry::VirtualMethod { class, .. }
            | CpEntry::SuperMethod { class, .. } => class_exists(class),
            CpEntry::StaticField(field) => field < file.static_fields.image_size,
            CpEntry::StaticMethod(method) => is_method(method),
            CpEntry::ExternalStaticField { package, .. }
            | CpEntry::ExternalStaticMethod { package, .. } => {
                usize::from(package) < file.imports.len()
            }
        };
        if !valid {
            return Err(at(
                ComponentTag::ConstantPool,
                offset,
                "the entry leads nowhere",
            ));
        }
    }
    for interface in &file.interfaces {
        if !interface
            .superinterfaces
            .iter()
            .all(|class| class_exists(*class))
        {
            return Err(at(
                ComponentTag::Class,
                interface.offset.into(),
                "a superinterface that is not there",
            ));
        }
    }
    for class in &file.classes {
        let offset = usize::from(class.offset);
        if let Some(super_class) = class.super_class
            && !(class_exists(super_class)
                && super_class
                    < ClassRef::External {
                        package: 0x80,
                        class: 0,
                    })
        {
            return Err(at(
                ComponentTag::Class,
                offset + 1,
                "a superclass that is not there",
            ));
        }
        if matches!(class.super_class, Some(ClassRef::Internal(super_class)) if super_class >= class.offset)
        {
            return Err(at(
                ComponentTag::Class,
                offset + 1,
                "the superclass does not come first",
            ));
        }
        let methods = class.public_methods.iter().chain(&class.package_methods);
        if methods
            .into_iter()
            .any(|method| *method != 0xFFFF && !is_method(*method))
        {
            return Err(at(
                ComponentTag::Class,
                offset + 10,
                "a virtual method that is not there",
            ));
        }
        if !class
            .interfaces
            .iter()
            .all(|implemented| class_exists(implemented.interface))
        {
            return Err(at(
                ComponentTag::Class,
                offset,
                "an interface that is not there",
            ));
        }
    }
    for applet in &file.applets {
        if !is_method(applet.install_method) {
            return Err(at(
                ComponentTag::Applet,
                0,
                "an install method that is not there",
            ));
        }
    }
    for export in &file.exports {
        let fields = &export.static_fields;
        if !class_exists(ClassRef::Internal(export.class)) || export.class >= 0x8000 {
            return Err(at(ComponentTag::Export, 1, "a class that is not there"));
        }
        if !fields
            .iter()
            .all(|field| *field < file.static_fields.image_size)
            || !export
                .static_methods
                .iter()
                .all(|method| is_method(*method))
        {
            return Err(at(
                ComponentTag::Export,
                1,
                "a field or method that is not there",
            ));
        }
    }
    for handler in &file.method.handlers {
        let entry = file.constant_pool.get(usize::from(handler.catch_type));
        if handler.catch_type != 0 && !matches!(entry, Some(CpEntry::Class(_))) {
            return Err(at(ComponentTag::Method, 1, "a catch type that is no class"));
        }
    }
    Ok(())
}
