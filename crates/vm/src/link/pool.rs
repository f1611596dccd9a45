use alloc::boxed::Box;

use hydra_cap::api::ApiField;
use hydra_cap::{CapFile, ClassRef, ComponentTag, CpEntry};

use super::classes::method_at;
use super::{Imported, LinkError};
use crate::class::{Class, Method, Target, api_static};
use crate::ids::{ClassIndex, PackageId};
use crate::package::{Entry, StaticSizes};
use crate::vm::Vm;

impl Vm {
    pub(super) fn link_pool(
        &mut self,
        cap: &CapFile,
        id: PackageId,
        imports: &[Imported],
        classes: &[(u16, ClassIndex)],
    ) -> Result<Box<[Entry]>, LinkError> {
        let entries = cap.constant_pool().iter().enumerate().map(|(i, entry)| {
            let error = |reason| LinkError::Invalid {
                component: ComponentTag::ConstantPool,
                offset: 2 + 4 * i,
                reason,
            };
            self.link_entry(cap, id, imports, classes, *entry)
                .map_err(error)
        });
        entries.collect()
    }

    fn link_entry(
        &mut self,
        cap: &CapFile,
        id: PackageId,
        imports: &[Imported],
        classes: &[(u16, ClassIndex)],
        entry: CpEntry,
    ) -> Result<Entry, &'static str> {
        match entry {
            CpEntry::Class(class) => {
                let class = self
                    .resolve_class(class, imports, classes)
                    .ok_or("an unknown class")?;
                Ok(Entry::Class(class))
            }
            CpEntry::InstanceField { class, token } => {
                let index = self
                    .resolve_class(class, imports, classes)
                    .ok_or("an unknown class")?;
                let linked = self.class(index).ok_or("an unknown class")?;
                let word = linked.own_words + u16::from(token);
                if matches!(linked.origin, crate::class::Origin::Api(_)) || word >= linked.words {
                    return Err("the class does not declare the field");
                }
                let reference = linked.is_reference(word);
                // An int takes two words, neither of which may be a reference.
                let last = if word + 1 < linked.words && !linked.is_reference(word + 1) {
                    word + 1
                } else {
                    word
                };
                Ok(Entry::Field {
                    class: index,
                    word,
                    last,
                    reference,
                })
            }
            CpEntry::VirtualMethod { class, token } => {
                let index = self
                    .resolve_class(class, imports, classes)
                    .ok_or("an unknown class")?;
                let linked = self
                    .class(index)
                    .filter(|class| !class.interface)
                    .ok_or("a virtual method of no class")?;
                let (slot, method) =
                    virtual_method(linked, token).ok_or("the class has no such method")?;
                Ok(Entry::Virtual {
                    class: index,
                    slot,
                    nargs: method.nargs,
                })
            }
            CpEntry::SuperMethod { class, token } => {
                // JCVM 3.0.5 §6.8.2: the class whose method calls its superclass's.
                if matches!(class, ClassRef::External { .. }) {
                    return Err("another file's class calls its superclass");
                }
                let index = self
                    .resolve_class(class, imports, classes)
                    .ok_or("an unknown class")?;
                let linked = self
                    .class(index)
                    .filter(|class| !class.interface)
                    .ok_or("a superclass of no class")?;
                let parent = linked.ancestors.iter().rev().nth(1).copied();
                let parent = parent
                    .and_then(|parent| self.class(parent))
                    .ok_or("a superclass of no class")?;
                // The token counts in the class that the reference names (read off converted files).
                let slot = virtual_method(linked, token).map(|(slot, _)| slot);
                let method = slot.and_then(|slot| parent.methods.get(usize::from(slot)));
                let method = *method.ok_or("the superclass has no such method")?;
                if method.target == Target::Abstract {
                    return Err("the superclass's method is abstract");
                }
                Ok(Entry::Super {
                    class: index,
                    method,
                })
            }
            CpEntry::StaticField(offset) => {
                static_field(StaticSizes::of(cap), id, offset).ok_or("no such static field")
            }
            CpEntry::ExternalStaticField {
                package,
                class,
                token,
            } => match imports.get(usize::from(package)) {
                Some(Imported::Loaded { file, exports }) => {
                    let export = file
                        .exports(*exports)
                        .get(usize::from(class))
                        .ok_or("an unknown class")?;
                    let offset = export
                        .static_fields
                        .get(usize::from(token))
                        .ok_or("no such static field")?;
                    static_field(file.statics, file.id, *offset).ok_or("no such static field")
                }
                Some(Imported::Api { package, .. }) => {
                    let row = package.class(class).ok_or("an unknown class")?;
                    let field = row.field(token).ok_or("no such static field")?;
                    api_static_field(field)
                }
                None => Err("an unknown package"),
            },
            CpEntry::StaticMethod(offset) => {
                let method = method_at(cap.method_info(), id, offset).ok_or("no such method")?;
                if method.target == Target::Abstract {
                    return Err("the method is abstract");
                }
                Ok(Entry::StaticMethod(method))
            }
            CpEntry::ExternalStaticMethod {
                package,
                class,
                token,
            } => {
                let method = match imports
                    .get(usize::from(package))
                    .ok_or("an unknown package")?
                {
                    Imported::Loaded { file, exports } => {
                        let export = file
                            .exports(*exports)
                            .get(usize::from(class))
                            .ok_or("an unknown class")?;
                        let offset = export
                            .static_methods
                            .get(usize::from(token))
                            .ok_or("no such method")?;
                        method_at(&file.code, file.id, *offset)
                    }
                    Imported::Api { package, .. } => {
                        api_static(package.class(class).ok_or("an unknown class")?, token)
                    }
                };
                let method = method.filter(|method| method.target != Target::Abstract);
                Ok(Entry::StaticMethod(method.ok_or("no such method")?))
            }
        }
    }
}

fn virtual_method(class: &Class, token: u8) -> Option<(u16, Method)> {
    let slots = if token & 0x80 == 0 {
        &class.public
    } else {
        &class.package
    };
    let slot = *slots.get(usize::from(token & 0x7F))?;
    Some((slot, *class.methods.get(usize::from(slot))?))
}

fn static_field(sizes: StaticSizes, package: PackageId, offset: u16) -> Option<Entry> {
    let references = sizes.references * 2;
    if usize::from(offset) < references {
        return offset.is_multiple_of(2).then_some(Entry::StaticReference {
            package,
            index: offset / 2,
        });
    }
    let offset = u16::try_from(usize::from(offset) - references).ok()?;
    Some(Entry::StaticPrimitive { package, offset })
}

/// The API's few static fields that are no constants belong to packages that are not offered.
fn api_static_field(_field: &ApiField) -> Result<Entry, &'static str> {
    Err("a static field of the API")
}
