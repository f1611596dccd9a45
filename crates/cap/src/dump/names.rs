//! What a Debug component calls what code refers to.

use alloc::format;
use alloc::string::String;

use crate::CapFile;
use crate::read::DebugNames;
use crate::types::{ClassInfo, ClassRef, DebugClass, DebugMethod, FieldPlace};

impl DebugNames {
    /// The component's, if there is one; names that cannot be read are as good as none.
    pub(super) fn of(cap: &CapFile) -> Self {
        cap.read_debug().ok().flatten().unwrap_or_default()
    }

    /// The method at this offset.
    pub(super) fn method(&self, offset: u32) -> Option<&DebugMethod> {
        self.methods.iter().find(|method| method.offset == offset)
    }

    /// A method with its class and its signature.
    pub(super) fn method_name(&self, offset: u32) -> Option<String> {
        let method = self.method(offset)?;
        Some(format!(
            "{}.{}{}",
            method.class, method.name, method.descriptor
        ))
    }

    /// The class at this offset.
    pub(super) fn class(&self, offset: u16) -> Option<&DebugClass> {
        self.classes.iter().find(|class| class.offset == offset)
    }

    /// A static field with its class.
    pub(super) fn static_field(&self, offset: u16) -> Option<String> {
        self.classes.iter().find_map(|class| {
            let field = class.field(FieldPlace::Static(offset))?;
            Some(format!("{}.{field}", class.name))
        })
    }

    /// An instance field with the class that declares it, in which its token counts.
    pub(super) fn instance_field(&self, class: u16, token: u8) -> Option<String> {
        let class = self.class(class)?;
        let field = class.field(FieldPlace::Instance(token))?;
        Some(format!("{}.{field}", class.name))
    }

    /// The virtual method that this token of the class stands for: in its own table, or in that of a class above it (by
    /// the mapping in a file of format 2.3, else by the same number).
    pub(super) fn virtual_method(
        &self,
        cap: &CapFile,
        class: &ClassInfo,
        token: u8,
    ) -> Option<String> {
        let (mut class, mut token) = (class, token);
        // No longer than there are classes, whatever the file says.
        for _ in 0..=cap.classes().len() {
            let package_visible = token & 0x80 != 0;
            let (base, table) = if package_visible {
                (class.package_base, &class.package_methods)
            } else {
                (class.public_base, &class.public_methods)
            };
            let index = (token & 0x7F).checked_sub(base);
            let own = index.and_then(|index| table.get(usize::from(index)).copied().flatten());
            if let Some(method) = own {
                return self.method_name(method);
            }
            if let Some(mapping) = &class.token_mapping
                && !package_visible
            {
                token = *mapping.get(usize::from(token))?;
            }
            match class.super_class? {
                ClassRef::Internal(above) => class = cap.own_class(above)?,
                ClassRef::External { .. } => return None,
            }
        }
        None
    }
}

impl DebugClass {
    fn field(&self, place: FieldPlace) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.place == place)?;
        Some(&field.name)
    }
}
