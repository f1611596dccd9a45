//! A whole package: components from classes, tokens and code.

use std::collections::{BTreeMap, BTreeSet};

use hydra_cap::export::ExportFile;
use hydra_cap::write;
use hydra_cap::{AppletEntry, ClassRef, ComponentTag, CpEntry, Header, Import};

use crate::classfile::{Access, Op};
use crate::code::emit::instance_field;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, dotted};
use crate::pool::{Key, Pool};
use crate::shape::Shape;
use crate::statics::{self, Image};
use crate::types::{Signature, Type};
use crate::world::{ClassId, World};
use crate::{Config, IntSupport};

mod classes;
mod descriptor;
mod exports;
mod methods;

use methods::WrittenMethod;

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

    fn method_offset(&self, class: usize, method: usize) -> u32 {
        self.method_offsets
            .get(&(class, method))
            .map_or(0, |offset| u32::from(*offset))
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
}
