//! The Class component.

use hydra_cap::export::NO_TOKEN;
use hydra_cap::write;
use hydra_cap::{ClassInfo, ImplementedInterface, InterfaceInfo};

use super::Package;
use crate::diagnostic::{Diagnostics, Place, dotted};
use crate::shape::Body;
use crate::world::ClassId;

impl Package<'_, '_> {
    /// Gives classes their offsets; sizes do not depend on them.
    pub(super) fn place_classes(&mut self) {
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

    pub(super) fn class_infos(
        &self,
        diagnostics: &mut Diagnostics,
    ) -> (Vec<InterfaceInfo>, Vec<ClassInfo>) {
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
                        Body::Own(c, m) => Some(self.method_offset(c, m)),
                        Body::Foreign => None,
                    })
                    .collect::<Vec<_>>()
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

    pub(super) fn implemented(
        &self,
        c: usize,
        diagnostics: &mut Diagnostics,
    ) -> Vec<ImplementedInterface> {
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
    pub(super) fn interface_methods(&self, interface: ClassId) -> Vec<(String, String)> {
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
}
