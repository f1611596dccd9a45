//! A whole package: components from classes, tokens and code.

use std::collections::{BTreeMap, BTreeSet};

use hydra_cap::api::ApiFlags;
use hydra_cap::export::{
    ExportClass, ExportField, ExportFile, ExportMethod, NO_TOKEN, PackageReference,
};
use hydra_cap::write;
use hydra_cap::{
    AppletEntry, ClassDescriptor, ClassInfo, ClassRef, ComponentTag, CpEntry, ExceptionHandler,
    ExportedClass, FieldDescriptor, Header, ImplementedInterface, Import, InterfaceInfo,
    MethodDescriptor, MethodHeader, ReferenceLocations,
};

use crate::classfile::{Access, Class, Method, Op};
use crate::code::emit::{Linker, Written, instance_field, write_method};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, dotted};
use crate::pool::{Key, Pool};
use crate::shape::{Body, Shape, access_flags};
use crate::statics::{self, Image};
use crate::types::{Signature, Type};
use crate::world::{ClassId, World};
use crate::{Config, IntSupport};

mod descriptor;

/// No method: inherited from another package.
const NO_OFFSET: u16 = 0xFFFF;

/// Everything about a package that the components are made from.
pub(crate) struct Package<'a, 'w> {
    world: &'a World<'w>,
    shapes: &'a [Shape],
    config: &'a Config,
    name: &'a str,
    /// By class: whether other packages see it.
    exported: &'a [bool],
    image: Image,
    pool: Pool,
    methods: Vec<WrittenMethod>,
    /// Export files by package token.
    imports: Vec<usize>,
    class_offsets: Vec<u16>,
    method_offsets: BTreeMap<(usize, usize), u16>,
    uses_int: bool,
}

struct WrittenMethod {
    class: usize,
    method: usize,
    /// Words of the parameters, `this` included.
    parameter_words: usize,
    /// None for abstract methods.
    body: Option<Written>,
}

/// The finished components and the export file.
pub(crate) struct Finished {
    pub(crate) components: Vec<(ComponentTag, Vec<u8>)>,
    pub(crate) export: ExportFile,
}

impl<'a, 'w> Package<'a, 'w> {
    /// Writes all code. Diagnostics tell whether it succeeded.
    pub(crate) fn write(
        world: &'a World<'w>,
        shapes: &'a [Shape],
        config: &'a Config,
        name: &'a str,
        exported: &'a [bool],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let image = statics::image(world, diagnostics);
        let mut package = Self {
            world,
            shapes,
            config,
            name,
            exported,
            image,
            pool: Pool::default(),
            methods: Vec::new(),
            imports: Vec::new(),
            class_offsets: vec![0; world.classes.len()],
            method_offsets: BTreeMap::new(),
            uses_int: false,
        };
        package.register_instance_fields();
        package.write_methods(diagnostics);
        package.check_int(diagnostics);
        package
    }

    /// Instance fields come first in the constant pool, since their instructions have a one-byte
    /// index.
    fn register_instance_fields(&mut self) {
        for class in &self.world.classes {
            for method in &class.methods {
                let Some(code) = &method.code else { continue };
                for instruction in &code.instructions {
                    if let Op::GetField(member) | Op::PutField(member) = &instruction.op
                        && let Ok(key) = instance_field(self.world, self.shapes, member)
                    {
                        self.pool.member(key, &member.descriptor);
                    }
                }
            }
        }
    }

    fn write_methods(&mut self, diagnostics: &mut Diagnostics) {
        let world = self.world;
        for (c, class) in world.classes.iter().enumerate() {
            if class.interface {
                continue;
            }
            for (m, method) in class.methods.iter().enumerate() {
                if statics::is_initializer(method) {
                    continue;
                }
                let body = match &method.code {
                    None => None,
                    Some(code) => {
                        let mut linker = Linker {
                            world,
                            shapes: self.shapes,
                            pool: &mut self.pool,
                        };
                        let written = write_method(&mut linker, c, method, code, diagnostics);
                        if let Some(written) = &written {
                            check_header(class, method, written, diagnostics);
                        }
                        written
                    }
                };
                let words = Signature::parse(&method.descriptor).map_or(0, |s| s.words());
                self.methods.push(WrittenMethod {
                    class: c,
                    method: m,
                    parameter_words: words + usize::from(!method.is_static),
                    body,
                });
            }
        }
    }

    /// Finds every use of `int`, and refuses it where it is not allowed.
    fn check_int(&mut self, diagnostics: &mut Diagnostics) {
        let mut places: Vec<(usize, String, Option<u16>)> = Vec::new();
        for (c, class) in self.world.classes.iter().enumerate() {
            for field in &class.fields {
                let kind = Type::parse(&field.descriptor);
                let int = [Type::Int, Type::Array(Box::new(Type::Int))];
                if field.constant.is_none() && kind.is_ok_and(|kind| int.contains(&kind)) {
                    places.push((c, field.name.clone(), None));
                }
            }
            for method in &class.methods {
                let Ok(signature) = Signature::parse(&method.descriptor) else {
                    continue;
                };
                let mut types = signature.parameters.iter().chain([&signature.result]);
                let int_array = Type::Array(Box::new(Type::Int));
                if types.any(|t| *t == Type::Int || *t == int_array) {
                    places.push((c, method.label(), None));
                }
            }
        }
        for written in &self.methods {
            if let Some(body) = &written.body {
                let label = self.world.own_method(written.class, written.method).label();
                for line in &body.int_lines {
                    places.push((written.class, label.clone(), *line));
                }
            }
        }
        self.uses_int = !places.is_empty();
        if self.config.int == IntSupport::Refused {
            for (c, member, line) in places {
                let place = Place {
                    class: &self.world.classes[c],
                    member: &member,
                    line,
                };
                diagnostics.push(place.diagnostic(
                    "this needs the 32-bit type int; cast each intermediate result to short, \
                     or allow int",
                ));
            }
        }
    }

    /// The components. Call only when there are no diagnostics.
    pub(crate) fn finish(mut self, diagnostics: &mut Diagnostics) -> Option<Finished> {
        match self.components(diagnostics) {
            Ok(components) => Some(Finished {
                components,
                export: self.export_file(),
            }),
            Err(error) => {
                diagnostics.push(Diagnostic::package(error.to_string()));
                None
            }
        }
    }

    fn components(
        &mut self,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<(ComponentTag, Vec<u8>)>, write::TooLarge> {
        let format = self.config.format;
        self.find_imports();
        let handlers = self.place_methods()?;
        self.place_classes();
        let (interfaces, classes) = self.class_infos(diagnostics);
        let (method, locations) = self.method_component(&handlers)?;
        let applets = self.applets(diagnostics);
        let imports: Vec<Import> = self
            .imports
            .iter()
            .map(|file| {
                let export = &self.world.exports[*file];
                Import {
                    aid: export.aid.clone(),
                    version: export.version,
                }
            })
            .collect();
        let pool: Vec<CpEntry> = self
            .pool
            .entries()
            .iter()
            .map(|e| self.cp_entry(&e.key))
            .collect();
        let exports = self.exported_classes();
        let mut flags = 0;
        if self.uses_int {
            flags |= Header::ACC_INT;
        }
        if !exports.is_empty() {
            flags |= Header::ACC_EXPORT;
        }
        if !applets.is_empty() {
            flags |= Header::ACC_APPLET;
        }
        let header = Header {
            format,
            flags,
            version: self.config.version,
            aid: self.config.aid.clone(),
            name: String::new(),
        };
        let mut components = vec![
            (ComponentTag::Header, write::header(&header)?),
            (ComponentTag::Import, write::import(&imports)?),
            (ComponentTag::ConstantPool, write::constant_pool(&pool)?),
            (
                ComponentTag::Class,
                write::class(format, &interfaces, &classes)?,
            ),
            (ComponentTag::Method, method),
            (
                ComponentTag::StaticField,
                write::static_field(&self.image.fields)?,
            ),
            (
                ComponentTag::ReferenceLocation,
                write::reference_location(&locations)?,
            ),
        ];
        if !applets.is_empty() {
            components.push((ComponentTag::Applet, write::applet(&applets)?));
        }
        if !exports.is_empty() {
            components.push((ComponentTag::Export, write::export(&exports)?));
        }
        let descriptor = self.descriptor(&handlers)?;
        components.push((ComponentTag::Descriptor, descriptor));
        let directory = write::directory(
            format,
            &components,
            &self.image.fields,
            imports.len(),
            applets.len(),
        )?;
        components.push((ComponentTag::Directory, directory));
        components.sort_by_key(|(tag, _)| *tag);
        Ok(components)
    }

    /// Numbers the imported packages in the order of their first use; java.lang is always there.
    fn find_imports(&mut self) {
        let mut used = Vec::new();
        for entry in self.pool.entries() {
            let class = match &entry.key {
                Key::Class(class)
                | Key::InstanceField { class, .. }
                | Key::Virtual { class, .. }
                | Key::Super { class, .. }
                | Key::ForeignStaticField { class, .. }
                | Key::ForeignStaticMethod { class, .. } => Some(*class),
                Key::OwnStaticField(..) | Key::OwnStaticMethod(..) => None,
            };
            used.extend(class);
            let descriptor = entry.descriptor.iter();
            used.extend(descriptor.flat_map(|d| self.mentioned(d)));
        }
        for (c, class) in self.world.classes.iter().enumerate() {
            used.extend(self.world.superclass(ClassId::Own(c)));
            used.extend(&self.shapes[c].interfaces);
            for field in &class.fields {
                used.extend(self.mentioned(&field.descriptor));
            }
            for method in &class.methods {
                used.extend(self.mentioned(&method.descriptor));
            }
            for (_, descriptor) in &self.shapes[c].interface_methods {
                used.extend(self.mentioned(descriptor));
            }
        }
        used.extend(self.world.find(crate::world::OBJECT));
        let mut seen = BTreeSet::new();
        for class in used {
            if let ClassId::Foreign(file, _) = class
                && seen.insert(file)
            {
                self.imports.push(file);
            }
        }
    }

    /// The classes that a descriptor mentions.
    fn mentioned(&self, descriptor: &str) -> Vec<ClassId> {
        descriptor
            .split('L')
            .skip(1)
            .filter_map(|rest| self.world.find(rest.split_once(';')?.0))
            .collect()
    }

    fn class_ref(&self, id: ClassId) -> ClassRef {
        match id {
            ClassId::Own(index) => ClassRef::Internal(self.class_offsets[index]),
            ClassId::Foreign(file, class) => {
                let (package, class) = self.foreign_token(file, class);
                ClassRef::External { package, class }
            }
        }
    }

    /// Package token and class token.
    fn foreign_token(&self, file: usize, class: usize) -> (u8, u8) {
        let package = self.imports.iter().position(|f| *f == file).unwrap_or(0);
        (
            u8::try_from(package).unwrap_or(0),
            self.world.foreign(file, class).token,
        )
    }

    fn cp_entry(&self, key: &Key) -> CpEntry {
        let external = |class: ClassId| match class {
            ClassId::Foreign(file, class) => self.foreign_token(file, class),
            ClassId::Own(_) => (0, 0),
        };
        match *key {
            Key::Class(class) => CpEntry::Class(self.class_ref(class)),
            Key::InstanceField { class, token } => CpEntry::InstanceField {
                class: self.class_ref(class),
                token,
            },
            Key::Virtual { class, token } => CpEntry::VirtualMethod {
                class: self.class_ref(class),
                token,
            },
            Key::Super { class, token } => CpEntry::SuperMethod {
                class: self.class_ref(class),
                token,
            },
            Key::OwnStaticField(class, field) => CpEntry::StaticField(
                self.image
                    .offsets
                    .get(&(class, field))
                    .copied()
                    .unwrap_or(0),
            ),
            Key::ForeignStaticField { class, token } => {
                let (package, class) = external(class);
                CpEntry::ExternalStaticField {
                    package,
                    class,
                    token,
                }
            }
            Key::OwnStaticMethod(class, method) => {
                CpEntry::StaticMethod(self.method_offset(class, method))
            }
            Key::ForeignStaticMethod { class, token } => {
                let (package, class) = external(class);
                CpEntry::ExternalStaticMethod {
                    package,
                    class,
                    token,
                }
            }
        }
    }

    fn method_offset(&self, class: usize, method: usize) -> u16 {
        self.method_offsets
            .get(&(class, method))
            .copied()
            .unwrap_or(0)
    }

    /// Gives methods their offsets, and the handlers theirs.
    fn place_methods(&mut self) -> Result<Vec<(usize, ExceptionHandler)>, write::TooLarge> {
        let too_large = write::TooLarge {
            component: ComponentTag::Method,
            what: "bytes",
        };
        let bodies = self.methods.iter().filter_map(|m| m.body.as_ref());
        let count = bodies.map(|b| b.handlers.len()).sum();
        let mut at = write::first_method_offset(count);
        let mut handlers: Vec<(usize, ExceptionHandler)> = Vec::new();
        for (index, written) in self.methods.iter().enumerate() {
            let offset = u16::try_from(at).map_err(|_| too_large)?;
            self.method_offsets
                .insert((written.class, written.method), offset);
            at += written.header_bytes();
            if let Some(body) = &written.body {
                for handler in &body.handlers {
                    let place = |offset: usize| u16::try_from(at + offset).map_err(|_| too_large);
                    handlers.push((
                        index,
                        ExceptionHandler {
                            start: place(handler.start)?,
                            length: place(handler.end)? - place(handler.start)?,
                            stop: true,
                            handler: place(handler.target)?,
                            catch_type: handler.catch_type,
                        },
                    ));
                }
                at += body.code.bytes.len();
            }
        }
        u16::try_from(at).map_err(|_| too_large)?;
        // The search may stop at a handler only if no later one covers any of its range.
        for i in 0..handlers.len() {
            let (start, end) = covered(&handlers[i].1);
            let overlaps = handlers[i + 1..].iter().any(|(_, later)| {
                let (other_start, other_end) = covered(later);
                start < other_end && other_start < end
            });
            handlers[i].1.stop = !overlaps;
        }
        Ok(handlers)
    }

    fn method_component(
        &self,
        handlers: &[(usize, ExceptionHandler)],
    ) -> Result<(Vec<u8>, ReferenceLocations), write::TooLarge> {
        let mut bytes = Vec::new();
        let mut locations = ReferenceLocations::default();
        let too_large = write::TooLarge {
            component: ComponentTag::Method,
            what: "bytes",
        };
        for (i, (_, handler)) in handlers.iter().enumerate() {
            if handler.catch_type != 0 {
                let at = write::first_method_offset(i) + 6;
                locations
                    .short_indices
                    .push(u16::try_from(at).map_err(|_| too_large)?);
            }
        }
        let first = write::first_method_offset(handlers.len());
        for written in &self.methods {
            bytes.extend(written.header());
            if let Some(body) = &written.body {
                let base = first + bytes.len();
                let place = |at: &usize| u16::try_from(base + at).map_err(|_| too_large);
                for at in &body.code.byte_indices {
                    locations.byte_indices.push(place(at)?);
                }
                for at in &body.code.short_indices {
                    locations.short_indices.push(place(at)?);
                }
                bytes.extend(&body.code.bytes);
            }
        }
        let table: Vec<ExceptionHandler> = handlers.iter().map(|(_, h)| *h).collect();
        Ok((write::method(&table, &bytes)?, locations))
    }

    /// Gives classes their offsets; sizes do not depend on them.
    fn place_classes(&mut self) {
        let format = self.config.format;
        let (interfaces, classes) = self.class_infos(&mut Diagnostics::default());
        let sizes = interfaces
            .iter()
            .map(write::interface_size)
            .chain(classes.iter().map(|c| write::class_size(format, c)));
        let mut at = write::first_class_offset(format);
        // A component that is too long is refused when it is written.
        let mut offsets = Vec::new();
        for size in sizes {
            offsets.push(u16::try_from(at).unwrap_or(u16::MAX));
            at += size;
        }
        self.class_offsets = offsets;
    }

    fn class_infos(&self, diagnostics: &mut Diagnostics) -> (Vec<InterfaceInfo>, Vec<ClassInfo>) {
        let mut interfaces = Vec::new();
        let mut classes = Vec::new();
        for (c, class) in self.world.classes.iter().enumerate() {
            let shape = &self.shapes[c];
            let id = ClassId::Own(c);
            let mut flags = 0;
            if self.world.is_shareable(id) {
                flags |= ClassInfo::ACC_SHAREABLE;
            }
            let offset = self.class_offsets[c];
            if class.interface {
                interfaces.push(InterfaceInfo {
                    offset,
                    flags: flags | ClassInfo::ACC_INTERFACE,
                    superinterfaces: shape
                        .interfaces
                        .iter()
                        .map(|i| self.class_ref(*i))
                        .collect(),
                });
                continue;
            }
            let table = |slots: &[crate::shape::Slot]| {
                slots
                    .iter()
                    .map(|slot| match slot.body {
                        Body::Own(c, m) => self.method_offset(c, m),
                        Body::Foreign => NO_OFFSET,
                    })
                    .collect::<Vec<u16>>()
            };
            let token_mapping = shape.public.iter().enumerate().map(|(token, _)| {
                u8::try_from(token)
                    .ok()
                    .filter(|_| token < shape.inherited)
                    .unwrap_or(NO_TOKEN)
            });
            classes.push(ClassInfo {
                offset,
                flags,
                super_class: self.world.superclass(id).map(|up| self.class_ref(up)),
                declared_instance_size: shape.instance_words,
                first_reference_token: shape.first_reference,
                reference_count: shape.reference_count,
                public_base: u8::try_from(shape.public_base).unwrap_or(u8::MAX),
                public_methods: table(&shape.public[shape.public_base..]),
                package_base: u8::try_from(shape.package_base).unwrap_or(u8::MAX),
                package_methods: table(&shape.package[shape.package_base..]),
                interfaces: self.implemented(c, diagnostics),
                token_mapping: Some(token_mapping.collect()),
                cap22_inheritable: u8::try_from(shape.public.len()).ok(),
            });
        }
        (interfaces, classes)
    }

    fn implemented(&self, c: usize, diagnostics: &mut Diagnostics) -> Vec<ImplementedInterface> {
        let class = &self.world.classes[c];
        let mut list = Vec::new();
        for interface in &self.shapes[c].interfaces {
            let mut methods = Vec::new();
            for (name, descriptor) in self.interface_methods(*interface) {
                match self.shapes[c].public_token(&name, &descriptor) {
                    Some(token) => methods.push(token),
                    None => {
                        let place = Place {
                            class,
                            member: "",
                            line: None,
                        };
                        diagnostics.push(place.diagnostic(format!(
                            "no public method {name}{descriptor} for interface {}",
                            dotted(self.world.name(*interface))
                        )));
                    }
                }
            }
            list.push(ImplementedInterface {
                interface: self.class_ref(*interface),
                methods,
            });
        }
        list
    }

    /// An interface's methods by token.
    fn interface_methods(&self, interface: ClassId) -> Vec<(String, String)> {
        match interface {
            ClassId::Own(index) => self.shapes[index].interface_methods.clone(),
            ClassId::Foreign(file, class) => {
                let class = self.world.foreign(file, class);
                let mut methods: Vec<_> = class.methods.iter().collect();
                methods.sort_by_key(|m| m.token);
                methods
                    .into_iter()
                    .map(|m| (m.name.clone(), m.descriptor.clone()))
                    .collect()
            }
        }
    }

    fn applets(&self, diagnostics: &mut Diagnostics) -> Vec<AppletEntry> {
        let mut entries = Vec::new();
        for applet in &self.config.applets {
            let name = applet.class.replace('.', "/");
            let full = if name.contains('/') {
                name
            } else {
                format!("{}/{name}", self.name)
            };
            let mut refuse = |message: String| {
                diagnostics.push(Diagnostic {
                    class: dotted(&full),
                    ..Diagnostic::package(message)
                });
            };
            let found = self.world.classes.iter().position(|c| c.name == full);
            let Some(c) = found else {
                refuse("the applet's class is not in the package".to_owned());
                continue;
            };
            let class = &self.world.classes[c];
            if class.is_abstract || !self.world.extends(ClassId::Own(c), crate::world::APPLET) {
                refuse("an applet must be a concrete subclass of javacard.framework.Applet".into());
            }
            if applet.aid.rid() != self.config.aid.rid() {
                refuse(format!(
                    "applet {} and package {} must begin with the same five bytes",
                    applet.aid, self.config.aid
                ));
            }
            let install = class.methods.iter().position(|m| {
                m.name == "install"
                    && m.descriptor == "([BSB)V"
                    && m.is_static
                    && m.access == Access::Public
            });
            match install {
                Some(m) => entries.push(AppletEntry {
                    aid: applet.aid.clone(),
                    install_method: self.method_offset(c, m),
                }),
                None => {
                    refuse(
                        "an applet needs public static void install(byte[], short, byte)".into(),
                    );
                }
            }
        }
        entries
    }

    fn exported_classes(&self) -> Vec<ExportedClass> {
        let mut classes: Vec<(u8, ExportedClass)> = Vec::new();
        for (c, class) in self.world.classes.iter().enumerate() {
            let shape = &self.shapes[c];
            let Some(token) = shape.token.filter(|_| self.exported[c]) else {
                continue;
            };
            let by_token = |tokens: &[Option<u8>], offset: &dyn Fn(usize) -> u16| {
                let mut list: Vec<(u8, u16)> = tokens
                    .iter()
                    .enumerate()
                    .filter_map(|(index, token)| Some(((*token)?, offset(index))))
                    .collect();
                list.sort_unstable();
                list.into_iter().map(|(_, offset)| offset).collect()
            };
            let field_offset = |f: usize| self.image.offsets.get(&(c, f)).copied().unwrap_or(0);
            let exported = ExportedClass {
                class: self.class_offsets[c],
                static_fields: by_token(&shape.static_fields, &field_offset),
                static_methods: if class.interface {
                    Vec::new()
                } else {
                    by_token(&shape.static_methods, &|m| self.method_offset(c, m))
                },
            };
            classes.push((token, exported));
        }
        classes.sort_by_key(|(token, _)| *token);
        classes.into_iter().map(|(_, class)| class).collect()
    }

    fn export_file(&self) -> ExportFile {
        let mut classes: Vec<ExportClass> = Vec::new();
        for (c, class) in self.world.classes.iter().enumerate() {
            if let Some(token) = self.shapes[c].token.filter(|_| self.exported[c]) {
                classes.push(self.export_class(c, class, token));
            }
        }
        classes.sort_by_key(|class| class.token);
        let mut mentioned = Vec::new();
        for class in &classes {
            let names = class.superclasses.iter().chain(&class.interfaces);
            mentioned.extend(names.filter_map(|name| self.world.find(name)));
            let fields = class.fields.iter().map(|f| &f.descriptor);
            let methods = class.methods.iter().map(|m| &m.descriptor);
            for descriptor in fields.chain(methods) {
                mentioned.extend(self.mentioned(descriptor));
            }
        }
        let is_mentioned = |file: &&usize| {
            mentioned
                .iter()
                .any(|id| matches!(id, ClassId::Foreign(f, _) if f == *file))
        };
        let references = self.imports.iter().filter(is_mentioned).map(|file| {
            let export = &self.world.exports[*file];
            PackageReference {
                name: export.name.clone(),
                aid: export.aid.clone(),
                version: export.version,
            }
        });
        ExportFile {
            name: self.name.to_owned(),
            aid: self.config.aid.clone(),
            version: self.config.version,
            library: self.config.applets.is_empty(),
            references: references.collect(),
            classes,
        }
    }

    fn export_class(&self, c: usize, class: &Class, token: u8) -> ExportClass {
        let shape = &self.shapes[c];
        let id = ClassId::Own(c);
        let mut flags = 0;
        for (set, flag) in [
            (class.public, ApiFlags::PUBLIC),
            (class.is_final, ApiFlags::FINAL),
            (class.interface, ApiFlags::INTERFACE),
            (class.is_abstract, ApiFlags::ABSTRACT),
            (self.world.is_shareable(id), ApiFlags::SHAREABLE),
        ] {
            if set {
                flags |= flag;
            }
        }
        let visible = |id: &ClassId| match id {
            ClassId::Own(index) => self.world.classes[*index].public,
            ClassId::Foreign(..) => true,
        };
        let name = |id: ClassId| self.world.name(id).to_owned();
        let mut superclasses = Vec::new();
        let mut interfaces = shape.interfaces.clone();
        let mut next = self.world.superclass(id);
        while let Some(up) = next {
            for interface in self.world.interfaces(up) {
                if !interfaces.contains(&interface) {
                    interfaces.push(interface);
                }
            }
            superclasses.push(up);
            next = self.world.superclass(up);
        }
        let mut fields = Vec::new();
        for (f, field) in class.fields.iter().enumerate() {
            if !field.access.is_visible() {
                continue;
            }
            let token = if field.constant.is_some() {
                None
            } else if field.is_static {
                shape.static_fields[f]
            } else {
                shape.instance_fields[f]
            };
            fields.push(ExportField {
                token: token.unwrap_or(NO_TOKEN),
                flags: ApiFlags(
                    visibility(field.access)
                        | if field.is_static { ApiFlags::STATIC } else { 0 }
                        | if field.is_final { ApiFlags::FINAL } else { 0 },
                ),
                name: field.name.clone(),
                descriptor: field.descriptor.clone(),
                value: field.constant,
            });
        }
        ExportClass {
            token,
            flags: ApiFlags(flags),
            name: class.name.clone(),
            superclasses: superclasses.into_iter().filter(visible).map(name).collect(),
            interfaces: interfaces.into_iter().filter(visible).map(name).collect(),
            cap22_inheritable: u8::try_from(shape.public.len()).ok(),
            fields,
            methods: self.export_methods(c, class),
        }
    }

    /// Static methods and constructors, then virtual or interface methods, each by token.
    fn export_methods(&self, c: usize, class: &Class) -> Vec<ExportMethod> {
        let shape = &self.shapes[c];
        let flags = |method: &Method| {
            let mut flags = visibility(method.access);
            for (set, flag) in [
                (method.is_static, ApiFlags::STATIC),
                (method.is_final, ApiFlags::FINAL),
                (method.is_abstract, ApiFlags::ABSTRACT),
            ] {
                if set {
                    flags |= flag;
                }
            }
            ApiFlags(flags)
        };
        let mut methods = Vec::new();
        for (m, method) in class.methods.iter().enumerate() {
            if let Some(token) = shape.static_methods[m] {
                methods.push(ExportMethod {
                    token,
                    flags: flags(method),
                    name: method.name.clone(),
                    descriptor: method.descriptor.clone(),
                });
            }
        }
        for (token, slot) in (0u8..).zip(&shape.public) {
            let own = match slot.body {
                Body::Own(c, m) => Some(flags(self.world.own_method(c, m))),
                Body::Foreign => None,
            };
            let inherited = || {
                let mut next = self.world.superclass(ClassId::Own(c));
                while let Some(up) = next {
                    if let ClassId::Foreign(file, class) = up {
                        let class = self.world.foreign(file, class);
                        return class.method(&slot.name, &slot.descriptor).map(|m| m.flags);
                    }
                    next = self.world.superclass(up);
                }
                None
            };
            methods.push(ExportMethod {
                token,
                flags: own.or_else(inherited).unwrap_or(ApiFlags(ApiFlags::PUBLIC)),
                name: slot.name.clone(),
                descriptor: slot.descriptor.clone(),
            });
        }
        for (token, (name, descriptor)) in (0u8..).zip(&shape.interface_methods) {
            methods.push(ExportMethod {
                token,
                flags: ApiFlags(ApiFlags::PUBLIC | ApiFlags::ABSTRACT),
                name: name.clone(),
                descriptor: descriptor.clone(),
            });
        }
        methods
    }
}

fn covered(handler: &ExceptionHandler) -> (u32, u32) {
    let start = u32::from(handler.start);
    (start, start + u32::from(handler.length))
}

fn visibility(access: Access) -> u16 {
    match access {
        Access::Public => ApiFlags::PUBLIC,
        Access::Protected => ApiFlags::PROTECTED,
        Access::Package | Access::Private => 0,
    }
}

impl WrittenMethod {
    fn header_bytes(&self) -> usize {
        self.header().len()
    }

    /// JCVM 3.0.5 §6.10.1: the short form where every size fits a nibble.
    fn header(&self) -> Vec<u8> {
        let byte = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        let words = byte(self.parameter_words);
        let (flags, stack, locals) = match &self.body {
            Some(body) => (0, byte(body.max_stack), byte(body.local_words)),
            None => (MethodHeader::ACC_ABSTRACT, 0, 0),
        };
        if stack < 16 && words < 16 && locals < 16 {
            vec![flags << 4 | stack, words << 4 | locals]
        } else {
            let flags = flags | MethodHeader::ACC_EXTENDED;
            vec![flags << 4, stack, words, locals]
        }
    }
}

fn check_header(class: &Class, method: &Method, written: &Written, diagnostics: &mut Diagnostics) {
    let label = method.label();
    for (words, what) in [
        (written.max_stack, "operand stack"),
        (written.parameter_words, "parameters"),
        (
            written.parameter_words + written.local_words,
            "local variables",
        ),
    ] {
        if words > 255 {
            let place = Place {
                class,
                member: &label,
                line: None,
            };
            diagnostics.push(place.diagnostic(format!("more than 255 words of {what}")));
        }
    }
    if written.code.bytes.len() > 0x7FFF {
        let place = Place {
            class,
            member: &label,
            line: None,
        };
        diagnostics.push(place.diagnostic("the method exceeds 32,767 bytes"));
    }
}
