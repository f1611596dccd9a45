use crate::read::CapError;
use crate::types::{CapFile, ClassRef, ComponentTag, CpEntry, MethodHeader};

/// Checks what one component says about another.
pub(super) fn check_references(file: &CapFile) -> Result<(), CapError> {
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
    let is_method = |offset: u32| {
        file.method.block_of(offset).is_some()
            && file
                .code_from(offset)
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
        if methods.flatten().any(|method| !is_method(*method)) {
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
    for export in file.exported_classes() {
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
