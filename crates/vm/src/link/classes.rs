use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use hydra_cap::api;
use hydra_cap::{CapFile, ClassInfo, ClassRef, ComponentTag, Format, InterfaceInfo, MethodHeader};

use super::code::place;
use super::{Imported, LinkError};
use crate::class::{Class, Implemented, Method, OBJECT, Origin, Target};
use crate::ids::{ClassIndex, PackageId};
use crate::vm::Vm;

/// The most words of an instance.
const MAX_WORDS: u16 = 0x4000;

pub(super) fn invalid(offset: usize, reason: &'static str) -> LinkError {
    LinkError::Invalid {
        component: ComponentTag::Class,
        offset,
        reason,
    }
}

impl Vm {
    pub(super) fn link_classes(
        &mut self,
        cap: &CapFile,
        id: PackageId,
        imports: &[Imported],
        classes: &mut Vec<(u16, ClassIndex)>,
    ) -> Result<(), LinkError> {
        for info in cap.interfaces() {
            let class = self.link_interface(info, id, imports, classes)?;
            self.keep(class, info.offset, classes)?;
        }
        for info in cap.classes() {
            let class = self.link_class(cap, info, id, imports, classes)?;
            self.keep(class, info.offset, classes)?;
        }
        Ok(())
    }

    fn keep(
        &mut self,
        class: Class,
        offset: u16,
        classes: &mut Vec<(u16, ClassIndex)>,
    ) -> Result<(), LinkError> {
        let index = self
            .add_class(class)
            .ok_or_else(|| invalid(offset.into(), "too many classes"))?;
        classes.push((offset, index));
        // A class is its own last ancestor.
        if let Some(class) = self.classes[usize::from(index.0)]
            .as_mut()
            .and_then(Arc::get_mut)
        {
            let mut ancestors = core::mem::take(&mut class.ancestors).into_vec();
            ancestors.push(index);
            class.ancestors = ancestors.into_boxed_slice();
        }
        Ok(())
    }

    /// The class that a reference leads to, if it has been linked.
    pub(super) fn resolve_class(
        &mut self,
        class: ClassRef,
        imports: &[Imported],
        classes: &[(u16, ClassIndex)],
    ) -> Option<ClassIndex> {
        match class {
            ClassRef::Internal(offset) => {
                let found = classes
                    .binary_search_by_key(&offset, |(offset, _)| *offset)
                    .ok()?;
                Some(classes[found].1)
            }
            ClassRef::External { package, class } => match imports.get(usize::from(package))? {
                Imported::Api { package, .. } => {
                    package.class(class).map(|row| self.api_class(row.id))
                }
                Imported::Loaded { file, exports } => {
                    let export = file.exports(*exports).get(usize::from(class))?;
                    file.class_at(export.class)
                }
            },
        }
    }

    fn link_interface(
        &mut self,
        info: &InterfaceInfo,
        package: PackageId,
        imports: &[Imported],
        classes: &[(u16, ClassIndex)],
    ) -> Result<Class, LinkError> {
        let at = usize::from(info.offset);
        let mut interfaces = Vec::new();
        let mut shareable = false;
        for (i, reference) in info.superinterfaces.iter().enumerate() {
            let interface = self.resolve_class(*reference, imports, classes);
            let interface =
                interface.ok_or_else(|| invalid(at + 1 + 2 * i, "an unknown superinterface"))?;
            let linked = self.class(interface).filter(|class| class.interface);
            let linked =
                linked.ok_or_else(|| invalid(at + 1 + 2 * i, "the superinterface is a class"))?;
            shareable |= linked.shareable;
            interfaces.push(Implemented {
                interface,
                slots: Box::default(),
            });
        }
        Ok(Class {
            origin: Origin::Package {
                package,
                offset: info.offset,
            },
            ancestors: Box::new([OBJECT]),
            interface: true,
            instantiable: false,
            shareable,
            words: 0,
            own_words: 0,
            references: Box::default(),
            public: Box::default(),
            package: Box::default(),
            inheritable: 0,
            methods: Box::default(),
            interfaces: interfaces.into_boxed_slice(),
        })
    }

    fn link_class(
        &mut self,
        cap: &CapFile,
        info: &ClassInfo,
        package: PackageId,
        imports: &[Imported],
        classes: &[(u16, ClassIndex)],
    ) -> Result<Class, LinkError> {
        let at = usize::from(info.offset);
        let reference = info
            .super_class
            .ok_or_else(|| invalid(at + 1, "a class without superclass"))?;
        let parent = self.resolve_class(reference, imports, classes);
        let parent = parent.and_then(|index| self.class(index)).cloned();
        let parent = parent.ok_or_else(|| invalid(at + 1, "an unknown superclass"))?;
        if parent.interface {
            return Err(invalid(at + 1, "the superclass is an interface"));
        }
        if parent.is_final() {
            return Err(invalid(at + 1, "the superclass is final"));
        }

        let own_words = parent.words;
        let words = own_words + u16::from(info.declared_instance_size);
        if words > MAX_WORDS {
            return Err(invalid(at + 3, "too many fields"));
        }
        let mut references = parent.references.to_vec();
        if info.reference_count > 0 {
            references.push((
                own_words + u16::from(info.first_reference_token),
                info.reference_count.into(),
            ));
        }

        let mut methods = parent.methods.to_vec();
        let public = public_slots(
            cap,
            info,
            package,
            imports,
            reference,
            &parent,
            &mut methods,
        )?;
        let same_package = match parent.origin {
            Origin::Package {
                package: of,
                offset,
            } if of == package => in_same_package(cap, info, offset, &parent)?,
            _ => false,
        };
        let inherited: &[u16] = if same_package { &parent.package } else { &[] };
        let packaged = package_slots(cap, info, package, inherited, &mut methods)?;

        let mut interfaces = parent.interfaces.to_vec();
        for implemented in &info.interfaces {
            let interface = self.resolve_class(implemented.interface, imports, classes);
            let interface = interface.ok_or_else(|| invalid(at, "an unknown interface"))?;
            if !self.class(interface).is_some_and(|class| class.interface) {
                return Err(invalid(at, "a class in place of an interface"));
            }
            let slots = implemented
                .methods
                .iter()
                .map(|token| public.get(usize::from(*token)).copied());
            let slots: Option<Box<[u16]>> = slots.collect();
            let slots =
                slots.ok_or_else(|| invalid(at, "an interface method without a virtual method"))?;
            interfaces.retain(|known| known.interface != interface);
            interfaces.push(Implemented { interface, slots });
        }
        let shareable = interfaces.iter().any(|known| {
            self.class(known.interface)
                .is_some_and(|class| class.shareable)
        });
        let inheritable = match (cap.header().format, info.cap22_inheritable) {
            (Format::V2_3, Some(count)) => u16::from(count),
            _ => u16::MAX,
        };
        Ok(Class {
            origin: Origin::Package {
                package,
                offset: info.offset,
            },
            ancestors: parent.ancestors.clone(),
            interface: false,
            instantiable: true,
            shareable,
            words,
            own_words,
            references: references.into_boxed_slice(),
            public,
            package: packaged,
            inheritable,
            methods: methods.into_boxed_slice(),
            interfaces: interfaces.into_boxed_slice(),
        })
    }
}

/// The method at an offset in the Method component, which the reader has checked to be a header.
pub(super) fn method_at(code: &[u8], package: PackageId, offset: u32) -> Option<Method> {
    let header = MethodHeader::read(code.get(place(offset)..)?)?;
    let target = if header.is_abstract {
        Target::Abstract
    } else {
        Target::Code { package, offset }
    };
    Some(Method {
        target,
        nargs: header.nargs,
    })
}

fn public_slots(
    cap: &CapFile,
    info: &ClassInfo,
    package: PackageId,
    imports: &[Imported],
    reference: ClassRef,
    parent: &Class,
    methods: &mut Vec<Method>,
) -> Result<Box<[u16]>, LinkError> {
    let at = usize::from(info.offset);
    let base = usize::from(info.public_base);
    // Without a mapping, tokens are the superclass's own as far as the converter knew them; a method that the API got
    // later has a number that this file may have given to a method of its own.
    let mut known = parent.public.len();
    if info.token_mapping.is_none() {
        known = known.min(parent.inheritable.into());
        if let (Origin::Api(row), ClassRef::External { package, .. }) = (parent.origin, reference)
            && let Some(Imported::Api { package, minor }) = imports.get(usize::from(package))
        {
            // Packages older than the oldest version in the table had no fewer methods that anybody knows of.
            let oldest = package.versions.first().map_or(0, |(_, minor)| *minor);
            let version = (package.major, (*minor).max(oldest));
            let slots = row.get().slots.iter();
            known = known.min(slots.filter(|slot| slot.since <= version).count());
        }
    }
    let count = (base + info.public_methods.len()).max(known);
    let mut public = Vec::with_capacity(count);
    for token in 0..count {
        let super_token = match info
            .token_mapping
            .as_ref()
            .map(|mapping| mapping.get(token))
        {
            Some(Some(0xFF)) => None,
            Some(Some(mapped)) => Some(usize::from(*mapped)),
            Some(None) | None => (token < known).then_some(token),
        };
        let inherited = match super_token {
            Some(token) => {
                let slot = parent.public.get(token).copied();
                Some(slot.ok_or_else(|| invalid(at, "a token that the superclass does not have"))?)
            }
            None => None,
        };
        let offset = token
            .checked_sub(base)
            .and_then(|i| info.public_methods.get(i))
            .copied()
            .flatten();
        let own = own_method(cap, package, offset, at)?;
        public.push(slot(methods, inherited, own, at)?);
    }
    Ok(public.into_boxed_slice())
}

/// Whether a class inherits the package-visible methods of its superclass in the same file: they count anew in each
/// package of a file of the extended form. Where a Descriptor is missing, a table that does not begin with 0 goes on with
/// the superclass's, and without a table nothing of it can be wrong.
fn in_same_package(
    cap: &CapFile,
    info: &ClassInfo,
    above: u16,
    parent: &Class,
) -> Result<bool, LinkError> {
    if let (Some(above), Some(own)) = (cap.package_of(above), cap.package_of(info.offset)) {
        return Ok(above == own);
    }
    if info.package_base > 0 || info.package_methods.is_empty() || parent.package.is_empty() {
        return Ok(true);
    }
    Err(invalid(
        info.offset.into(),
        "without a Descriptor nothing tells whether the superclass is of the same package",
    ))
}

fn package_slots(
    cap: &CapFile,
    info: &ClassInfo,
    package: PackageId,
    inherited: &[u16],
    methods: &mut Vec<Method>,
) -> Result<Box<[u16]>, LinkError> {
    let at = usize::from(info.offset);
    let base = usize::from(info.package_base);
    if info.package_methods.is_empty() {
        return Ok(inherited.into());
    }
    let count = (base + info.package_methods.len()).max(inherited.len());
    let mut slots = Vec::with_capacity(count);
    for token in 0..count {
        let offset = token
            .checked_sub(base)
            .and_then(|i| info.package_methods.get(i))
            .copied()
            .flatten();
        let own = own_method(cap, package, offset, at)?;
        slots.push(slot(methods, inherited.get(token).copied(), own, at)?);
    }
    Ok(slots.into_boxed_slice())
}

fn own_method(
    cap: &CapFile,
    package: PackageId,
    offset: Option<u32>,
    at: usize,
) -> Result<Option<Method>, LinkError> {
    let Some(offset) = offset else {
        return Ok(None);
    };
    let method = method_at(cap.method_info(), package, offset).filter(|method| method.nargs > 0);
    method
        .map(Some)
        .ok_or_else(|| invalid(at, "a virtual method without `this`"))
}

/// The slot of a token, given what the superclass and this class have for it.
fn slot(
    methods: &mut Vec<Method>,
    inherited: Option<u16>,
    own: Option<Method>,
    at: usize,
) -> Result<u16, LinkError> {
    match (inherited, own) {
        (Some(slot), None) => Ok(slot),
        (Some(slot), Some(method)) => {
            let known = methods
                .get_mut(usize::from(slot))
                .ok_or_else(|| invalid(at, "an unknown method"))?;
            if known.nargs != method.nargs {
                return Err(invalid(at, "an override with other arguments"));
            }
            *known = method;
            Ok(slot)
        }
        (None, Some(method)) => {
            methods.push(method);
            u16::try_from(methods.len() - 1).map_err(|_| invalid(at, "too many methods"))
        }
        (None, None) => Err(invalid(at, "a virtual method that is nowhere defined")),
    }
}

/// How many methods an interface of the API has; unknown for those of loaded packages.
pub(super) fn api_interface(class: &Class) -> Option<&'static api::ApiClass> {
    match class.origin {
        Origin::Api(row) if class.interface => Some(row.get()),
        _ => None,
    }
}
