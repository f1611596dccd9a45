//! What other packages see: the Export component and the export file.

use hydra_cap::ExportedClass;
use hydra_cap::api::ApiFlags;
use hydra_cap::export::{
    ExportClass, ExportField, ExportFile, ExportMethod, NO_TOKEN, PackageReference,
};

use super::Package;
use crate::classfile::{Access, Class, Method};
use crate::shape::Body;
use crate::world::ClassId;

impl Package<'_, '_> {
    pub(super) fn exported_classes(&self) -> Vec<ExportedClass> {
        let mut classes: Vec<(u8, ExportedClass)> = Vec::new();
        for (c, class) in self.world.classes.iter().enumerate() {
            let shape = &self.shapes[c];
            let Some(token) = shape.token.filter(|_| self.exported[c]) else {
                continue;
            };
            let field_offset = |f: usize| self.image.offsets.get(&(c, f)).copied().unwrap_or(0);
            let exported = ExportedClass {
                class: self.class_offsets[c],
                static_fields: by_token(&shape.static_fields, field_offset),
                static_methods: if class.interface {
                    Vec::new()
                } else {
                    by_token(&shape.static_methods, |m| self.method_offset(c, m))
                },
            };
            classes.push((token, exported));
        }
        classes.sort_by_key(|(token, _)| *token);
        classes.into_iter().map(|(_, class)| class).collect()
    }

    pub(super) fn export_file(&self) -> ExportFile {
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

    pub(super) fn export_class(&self, c: usize, class: &Class, token: u8) -> ExportClass {
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
    pub(super) fn export_methods(&self, c: usize, class: &Class) -> Vec<ExportMethod> {
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

pub(super) fn visibility(access: Access) -> u16 {
    match access {
        Access::Public => ApiFlags::PUBLIC,
        Access::Protected => ApiFlags::PROTECTED,
        Access::Package | Access::Private => 0,
    }
}

/// The offsets of what has a token, in the order of tokens.
fn by_token<T: Ord>(tokens: &[Option<u8>], offset: impl Fn(usize) -> T) -> Vec<T> {
    let with_token = tokens.iter().enumerate();
    let mut list: Vec<(u8, T)> = with_token
        .filter_map(|(index, token)| Some(((*token)?, offset(index))))
        .collect();
    list.sort_unstable();
    list.into_iter().map(|(_, offset)| offset).collect()
}
