//! Whether the Descriptor component agrees with the components that it describes (JCVM 3.0.5 §6.14), and what only
//! it lets one check of them: signatures, accesses, fields' places.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use super::members::{Access, Entry};
use super::types::{Kind, Signature};
use super::world::ClassIx;
use super::{Rule, Verifier};
use crate::api;
use crate::types::{
    ArrayInit, ClassDescriptor, ClassInfo, ClassRef, ComponentTag, Descriptor, FieldDescriptor,
    MethodDescriptor,
};

const NO_TOKEN: u8 = 0xFF;

/// Bytes of a field descriptor.
const FIELD: usize = 7;

impl<'a> Verifier<'a> {
    pub(super) fn descriptor(&mut self) {
        let Some(descriptor) = self.cap.descriptor() else {
            return;
        };
        self.described_classes(descriptor);
        let mut at = 1;
        let mut package = 0;
        let mut methods = BTreeSet::new();
        for class in &descriptor.classes {
            if self.cap.is_extended() {
                // Each package begins with its number of classes.
                at += usize::from(class.package) + 1 - package;
                package = usize::from(class.package) + 1;
            }
            let fields = at + 9 + 2 * class.interfaces.len();
            let first_method = fields + FIELD * class.fields.len();
            let method_size = 12 + usize::from(self.cap.is_extended());
            self.fields(class, fields);
            for (i, method) in class.methods.iter().enumerate() {
                self.method(class, method, first_method + method_size * i, &mut methods);
            }
            at = first_method + method_size * class.methods.len();
        }
        self.static_image(descriptor);
        self.tables();
        self.exports();
        self.install();
        self.pool_types(descriptor);
    }

    fn describe_fault(
        &mut self,
        class: &ClassDescriptor,
        at: usize,
        rule: Rule,
        text: impl Into<Cow<'static, str>>,
    ) {
        self.faults.push(
            ComponentTag::Descriptor,
            class.package,
            None,
            at,
            rule,
            text.into(),
        );
    }

    /// §6.14.1: each class once, with its kind, its token and its interfaces.
    fn described_classes(&mut self, descriptor: &'a Descriptor) {
        let mut seen = BTreeSet::new();
        let mut at = 1;
        let mut package = 0;
        for class in &descriptor.classes {
            if self.cap.is_extended() {
                at += usize::from(class.package) + 1 - package;
                package = usize::from(class.package) + 1;
            }
            let public = class.flags & ClassDescriptor::ACC_PUBLIC != 0;
            let known = ClassDescriptor::ACC_PUBLIC
                | ClassDescriptor::ACC_FINAL
                | ClassDescriptor::ACC_INTERFACE
                | ClassDescriptor::ACC_ABSTRACT;
            let (interface, info) = match class.class {
                ClassRef::Internal(offset) => self.members.world.files[0].class_at(offset),
                ClassRef::External { .. } => (None, None),
            };
            let named: BTreeSet<_> = class.interfaces.iter().collect();
            let implemented = |info: &ClassInfo| {
                let interfaces = info.interfaces.iter();
                interfaces
                    .map(|implemented| implemented.interface)
                    .collect::<Vec<_>>()
            };
            let fault = if interface.is_none() && info.is_none() {
                Some("a class that is not there is described")
            } else if !seen.insert(class.class) {
                Some("a class is described twice")
            } else if class.is_interface() != interface.is_some() {
                Some("a class is described as an interface, or the other way round")
            } else if class.flags & !known != 0
                || class.flags & (ClassDescriptor::ACC_FINAL | ClassDescriptor::ACC_ABSTRACT)
                    == ClassDescriptor::ACC_FINAL | ClassDescriptor::ACC_ABSTRACT
            {
                Some("a class's flags are not those of a class")
            } else if !public && class.token != NO_TOKEN {
                Some("a class that is not public has a token")
            } else if info.is_some_and(|info| {
                let implemented = implemented(info);
                !named.iter().all(|named| implemented.contains(named))
            }) {
                Some("an interface is described that the class does not implement")
            } else {
                None
            };
            if let Some(text) = fault {
                self.describe_fault(class, at, Rule::DescribedClass, text);
            }
            let method_size = 12 + usize::from(self.cap.is_extended());
            at += 9
                + 2 * class.interfaces.len()
                + FIELD * class.fields.len()
                + method_size * class.methods.len();
        }
        let interfaces = self.cap.interfaces().iter().map(|info| info.offset);
        let classes = self.cap.classes().iter().map(|info| info.offset);
        for offset in interfaces.chain(classes) {
            if !seen.contains(&ClassRef::Internal(offset)) {
                self.faults.add(
                    ComponentTag::Class,
                    offset.into(),
                    Rule::DescribedClass,
                    "the class is not described",
                );
            }
        }
    }

    /// §6.14.2: each field's flags and place; the instance fields against the class's layout.
    fn fields(&mut self, class: &'a ClassDescriptor, first: usize) {
        let mut words: Vec<(usize, usize, bool, bool)> = Vec::new();
        for (i, field) in class.fields.iter().enumerate() {
            let at = first + FIELD * i;
            let kind = self.members.field_kind(0, field.field_type);
            let Some(kind) = kind else {
                self.describe_fault(
                    class,
                    at + 5,
                    Rule::TypeDescriptor,
                    "a field's type is none",
                );
                continue;
            };
            let access = Access::described(field.flags);
            let unknown = field.flags & !0x1F != 0;
            let reference = field.reference;
            let leads = if field.is_static() {
                reference[0] == 0
                    && u16::from_be_bytes([reference[1], reference[2]])
                        < self.cap.static_fields().image_size
            } else {
                ClassRef::from_u16(u16::from_be_bytes([reference[0], reference[1]]))
                    == Some(class.class)
            };
            let text = if access.is_none() || unknown {
                "a field's flags are not those of a field"
            } else if !leads {
                "a field's reference does not lead to the class"
            } else if !field.is_static() && field.token != reference[2] {
                "a field's token is not the one of its reference"
            } else if class.is_interface() && !field.is_static() {
                "an interface has an instance field"
            } else {
                ""
            };
            if !text.is_empty() {
                self.describe_fault(class, at, Rule::DescribedField, text);
            } else if !field.is_static() {
                let visible = access >= Some(Access::Protected);
                words.push((
                    field.token.into(),
                    kind.words(),
                    kind.is_reference(),
                    visible,
                ));
            }
        }
        let ClassRef::Internal(offset) = class.class else {
            return;
        };
        let (_, info) = self.members.world.files[0].class_at(offset);
        if let Some(info) = info
            && let Some(text) = layout_fault(info, words)
        {
            self.faults.push(
                ComponentTag::Class,
                class.package,
                None,
                usize::from(offset) + 3,
                Rule::InstanceLayout,
                text.into(),
            );
        }
    }

    /// §6.14.3: a method's flags, header, signature and token.
    fn method(
        &mut self,
        class: &'a ClassDescriptor,
        method: &'a MethodDescriptor,
        at: usize,
        seen: &mut BTreeSet<u32>,
    ) {
        use MethodDescriptor as M;
        let flags = method.flags;
        let is_abstract = flags & M::ACC_ABSTRACT != 0;
        let signature = self.members.signature(0, method.signature);
        let Some(signature) = signature else {
            self.describe_fault(class, at, Rule::TypeDescriptor, "a method's type is none");
            return;
        };
        let exclusive = M::ACC_STATIC | M::ACC_FINAL | M::ACC_INIT | M::ACC_PRIVATE;
        let flags_fit = Access::described(flags).is_some()
            && flags & 0x20 == 0
            && !(is_abstract && flags & exclusive != 0)
            && !(method.is_constructor()
                && (flags & (M::ACC_STATIC | M::ACC_FINAL) != 0 || signature.result != Kind::Void));
        if !flags_fit {
            self.describe_fault(
                class,
                at,
                Rule::DescribedMethod,
                "a method's flags are not those of a method",
            );
            return;
        }
        if class.is_interface() {
            if !is_abstract || method.method != 0 || flags & M::ACC_PUBLIC == 0 {
                self.describe_fault(
                    class,
                    at,
                    Rule::DescribedMethod,
                    "a method of an interface is not public and abstract",
                );
            }
            return;
        }
        let header = self.members.world.files[0].header(method.method);
        let inside = self.cap.method().block_of(method.method).is_some();
        let Some(header) = header.filter(|_| inside) else {
            self.describe_fault(
                class,
                at,
                Rule::DescribedMethod,
                "a method's offset is not that of a method",
            );
            return;
        };
        if !seen.insert(method.method) {
            self.describe_fault(
                class,
                at,
                Rule::DescribedMethod,
                "a method is described twice",
            );
        }
        let words = signature.words() + usize::from(!method.is_static());
        let text = if header.is_abstract != is_abstract {
            "the header's abstract flag is not the Descriptor's"
        } else if usize::from(header.nargs) != words {
            "the header's arguments are not those of the signature"
        } else if is_abstract && (header.max_stack, header.max_locals) != (0, 0) {
            "an abstract method has a frame"
        } else {
            ""
        };
        if !text.is_empty() {
            self.faults.push(
                ComponentTag::Method,
                class.package,
                Some(method.method),
                usize::try_from(method.method).unwrap_or(usize::MAX),
                Rule::MethodHeader,
                text.into(),
            );
        }
        self.method_token(class, method, at);
    }

    /// A method's token: of a virtual method, its place in the class's table.
    fn method_token(
        &mut self,
        class: &'a ClassDescriptor,
        method: &'a MethodDescriptor,
        at: usize,
    ) {
        let access = Access::described(method.flags).unwrap_or(Access::Private);
        let ClassRef::Internal(offset) = class.class else {
            return;
        };
        let (_, Some(info)) = self.members.world.files[0].class_at(offset) else {
            return;
        };
        let fits = if method.is_virtual() {
            let package = access == Access::Package;
            let (base, table) = if package {
                (info.package_base, &info.package_methods)
            } else {
                (info.public_base, &info.public_methods)
            };
            let place = (method.token & 0x7F).checked_sub(base);
            let entry = place.and_then(|place| table.get(usize::from(place)));
            method.token != NO_TOKEN
                && package == (method.token & 0x80 != 0)
                && entry == Some(&Some(method.method))
        } else {
            access >= Access::Protected || method.token == NO_TOKEN
        };
        if !fits {
            let text = "a method's token is not its place in the class's table";
            self.describe_fault(class, at, Rule::MethodTable, text);
        }
    }

    /// §6.11: the described static fields fill the image, each in its part.
    fn static_image(&mut self, descriptor: &'a Descriptor) {
        let image = self.cap.static_fields();
        let references = 2 * usize::from(image.reference_count);
        let mut places = Vec::new();
        for class in &descriptor.classes {
            for field in class.fields.iter().filter(|field| field.is_static()) {
                let Some(kind) = self.members.field_kind(0, field.field_type) else {
                    continue;
                };
                let [_, high, low] = field.reference;
                places.push((usize::from(u16::from_be_bytes([high, low])), kind));
            }
        }
        places.sort_unstable_by_key(|(at, _)| *at);
        let mut end = 0;
        let mut fault = None;
        for (at, kind) in places {
            let size = match kind {
                Kind::Boolean | Kind::Byte => 1,
                Kind::Int => 4,
                _ => 2,
            };
            let array = image.arrays.get(at / 2).filter(|_| at < references);
            let init_fits = match array {
                None => true,
                Some(ArrayInit::Boolean(_)) => kind == Kind::Booleans,
                Some(ArrayInit::Byte(_)) => kind == Kind::Bytes,
                Some(ArrayInit::Short(_)) => kind == Kind::Shorts,
                Some(ArrayInit::Int(_)) => kind == Kind::Ints,
            };
            if at != end {
                fault = Some("the static fields do not lie one after another");
            } else if kind.is_reference() != (at < references) {
                fault = Some("a static field is in the wrong part of the image");
            } else if !init_fits {
                fault = Some("a static array's first value has another type than the field");
            }
            end = at + size;
        }
        if end != usize::from(image.image_size) {
            fault = fault.or(Some("the static fields do not fill the image"));
        }
        if let Some(text) = fault {
            self.faults
                .add(ComponentTag::StaticField, 0, Rule::StaticImage, text);
        }
    }

    /// The tables of virtual methods, against what is above them.
    fn tables(&mut self) {
        for class in self.cap.classes() {
            let Some(own) = self.members.world.own(class.offset) else {
                continue;
            };
            let public = (class.public_base, &class.public_methods, 0);
            let package = (class.package_base, &class.package_methods, 0x80);
            for (base, table, mark) in [public, package] {
                for (token, entry) in (u16::from(base)..).zip(table) {
                    let Some(token) = u8::try_from(token).ok().filter(|token| *token < 0x80) else {
                        self.table_fault(class, Rule::MethodTable, "a token is beyond 127");
                        break;
                    };
                    self.table_entry(class, own, token | mark, *entry);
                }
            }
            self.complete(class, own);
            self.implementing(class, own);
        }
    }

    fn table_fault(&mut self, class: &ClassInfo, rule: Rule, text: impl Into<Cow<'static, str>>) {
        let package = self.members.world.files[0].package_of(class.offset);
        self.faults.push(
            ComponentTag::Class,
            package,
            None,
            class.offset.into(),
            rule,
            text.into(),
        );
    }

    fn table_entry(&mut self, class: &'a ClassInfo, own: ClassIx, token: u8, entry: Option<u32>) {
        let Some(offset) = entry else {
            let unknown = self.unknown_above(own);
            if self.members.virtual_method(own, token).is_none() && !unknown {
                self.table_fault(
                    class,
                    Rule::MethodTable,
                    format!("virtual method {token} is nowhere defined"),
                );
            }
            return;
        };
        let Some(method) = self.members.world.files[0].method(offset) else {
            self.table_fault(
                class,
                Rule::MethodTable,
                format!("virtual method {token} is not described"),
            );
            return;
        };
        let described = self.members.described(0, method);
        let access = described.access;
        if !method.descriptor.is_virtual()
            || (access == Access::Package) != (token & 0x80 != 0)
            || !self.members.world.is_sub(own, described.declaring)
        {
            self.table_fault(
                class,
                Rule::MethodTable,
                format!("virtual method {token} is none of the class's"),
            );
            return;
        }
        let above = self.members.above(own, token);
        let above = above.and_then(|(class, token)| self.members.virtual_method(class, token));
        let Some(above) = above else {
            return;
        };
        if described.declaring == above.declaring {
            // Inherited within the file.
            return;
        }
        let text = if described.declaring != own {
            "is inherited from another class than the superclass's"
        } else if above.is_final {
            "overrides a final one"
        } else if above.nargs.is_none() && above.access > access {
            // Of a package without Descriptor, accesses are not known.
            "is less visible than the one that it overrides"
        } else if above
            .signature
            .as_ref()
            .is_some_and(|signature| Some(signature) != described.signature.as_ref())
        {
            "has another signature than the one that it overrides"
        } else {
            return;
        };
        self.table_fault(
            class,
            Rule::Override,
            format!("virtual method {token} {text}"),
        );
    }

    pub(super) fn unknown_above(&self, class: ClassIx) -> bool {
        let mut at = Some(class);
        while let Some(index) = at {
            let class = self.members.world.class(index);
            if !class.known {
                return true;
            }
            at = class.parent;
        }
        false
    }

    /// A class that is not abstract has code for each of its methods, and no class leaves an abstract one out.
    fn complete(&mut self, class: &'a ClassInfo, own: ClassIx) {
        let world = &self.members.world;
        if let (Some(mapping), Some(parent)) = (&class.token_mapping, world.class(own).parent) {
            let left_out = (0..0x80)
                .take(mapping.len())
                .find(|token| !mapping.contains(token) && self.members.is_abstract(parent, *token));
            if let Some(token) = left_out {
                self.table_fault(
                    class,
                    Rule::MethodTable,
                    format!("nothing stands for the superclass's abstract virtual method {token}"),
                );
            }
        }
        if self.members.world.class(own).is_abstract {
            return;
        }
        let missing = (0..=0xFF).find(|token| self.members.is_abstract(own, *token));
        if let Some(token) = missing {
            self.table_fault(
                class,
                Rule::AbstractClass,
                format!("the class is not abstract and virtual method {token} is"),
            );
        }
    }

    /// Each method of each interface has a public method of the same signature.
    fn implementing(&mut self, class: &'a ClassInfo, own: ClassIx) {
        for implemented in &class.interfaces {
            let Some(interface) = self.members.world.find(0, implemented.interface) else {
                continue;
            };
            for (token, place) in (0..=u8::MAX).zip(&implemented.methods) {
                let Some(wanted) = self.members.interface_method(interface, token) else {
                    continue;
                };
                let found = self.members.virtual_method(own, *place);
                let fits = found.is_some_and(|found| {
                    let same = match (&found.signature, &wanted.signature) {
                        (Some(found), Some(wanted)) => found == wanted,
                        _ => true,
                    };
                    same && found.access == Access::Public && *place < 0x80
                });
                if !fits && !self.unknown_above(own) {
                    let name = self.members.world.name(interface);
                    self.table_fault(
                        class,
                        Rule::Implements,
                        format!("method {token} of {name} is not implemented by a public method of its signature"),
                    );
                }
            }
        }
    }

    /// §6.13: what is exported, under the tokens that the Descriptor has.
    fn exports(&mut self) {
        let mut at = 1;
        let extended = usize::from(self.cap.is_extended());
        for (number, package) in (0..=u8::MAX).zip(self.cap.packages()) {
            if extended == 1 {
                at += 1;
            }
            for (token, export) in (0..=u8::MAX).zip(&package.exports) {
                let described = self.members.world.files[0].described(export.class);
                let public = described.is_some_and(|class| {
                    class.flags & ClassDescriptor::ACC_PUBLIC != 0
                        && class.token == token
                        && class.package == number
                });
                let mut push = |rule, text: &'static str| {
                    self.faults.push(
                        ComponentTag::Export,
                        number,
                        None,
                        at,
                        rule,
                        Cow::Borrowed(text),
                    );
                };
                if !public {
                    push(
                        Rule::ExportClass,
                        "an exported class is not public, or has another token",
                    );
                }
                let file = &self.members.world.files[0];
                let visible = MethodDescriptor::ACC_PUBLIC | MethodDescriptor::ACC_PROTECTED;
                let class = ClassRef::Internal(export.class);
                let fields = (0..=u8::MAX).zip(&export.static_fields);
                let fields_fit = fields.into_iter().all(|(token, offset)| {
                    file.static_field(*offset).is_some_and(|field| {
                        field.descriptor.token == token
                            && field.descriptor.flags & visible != 0
                            && field.class.class == class
                    })
                });
                let methods = (0..=u8::MAX).zip(&export.static_methods);
                let methods_fit = methods.into_iter().all(|(token, offset)| {
                    file.method(*offset).is_some_and(|method| {
                        method.descriptor.token == token
                            && method.descriptor.flags & visible != 0
                            && !method.descriptor.is_virtual()
                            && method.class.class == class
                    })
                });
                if !fields_fit || !methods_fit {
                    push(
                        Rule::ExportMember,
                        "an exported field or method is not visible, or has another token",
                    );
                }
                at += 4
                    + 2 * export.static_fields.len()
                    + (2 + extended) * export.static_methods.len();
            }
        }
    }

    /// §6.6: each applet's install method.
    fn install(&mut self) {
        let applet = self
            .members
            .world
            .api(api::class_id("javacard/framework/Applet"));
        let wanted = Signature {
            params: Vec::from([Kind::Bytes, Kind::Short, Kind::Byte]),
            result: Kind::Void,
        };
        let extended = usize::from(self.cap.is_extended());
        let mut at = 1;
        for entry in self.cap.applets() {
            let length = entry.aid.as_bytes().len();
            let method = self.members.world.files[0].method(entry.install_method);
            let method = method.map(|method| self.members.described(0, method));
            let fits = method.is_some_and(|method| {
                method.is_static
                    && method.access == Access::Public
                    && method.signature.as_deref() == Some(&wanted)
                    && self.members.world.is_sub(method.declaring, applet)
            });
            if !fits {
                self.faults.add(
                    ComponentTag::Applet,
                    at + 1 + length + extended,
                    Rule::InstallMethod,
                    "no public static install([BSB)V of a class below Applet",
                );
            }
            at += 3 + length + extended;
        }
    }

    /// §6.14.4: a type for each entry of the constant pool that is no class, and the member's own.
    fn pool_types(&mut self, descriptor: &'a Descriptor) {
        let types = usize::try_from(descriptor.types).unwrap_or(usize::MAX);
        if descriptor.constant_pool_types.len() != self.pool.len() {
            self.faults.add(
                ComponentTag::Descriptor,
                types,
                Rule::PoolType,
                "the types are not as many as the constant pool's entries",
            );
        }
        let mut pool = core::mem::take(&mut self.pool);
        for (i, (entry, offset)) in pool
            .iter_mut()
            .zip(&descriptor.constant_pool_types)
            .enumerate()
        {
            let at = types.saturating_add(2 + 2 * i);
            let Some(offset) = offset else {
                if !matches!(entry, Entry::Class(_)) {
                    let text = "a field or method has no type";
                    self.faults
                        .add(ComponentTag::Descriptor, at, Rule::PoolType, text);
                }
                continue;
            };
            let claimed = self.members.types.get(&mut self.members.world, 0, *offset);
            let Some(claimed) = claimed.cloned() else {
                let text = "a type in the constant pool's list is none";
                self.faults
                    .add(ComponentTag::Descriptor, at, Rule::TypeDescriptor, text);
                continue;
            };
            let is_static_entry = matches!(entry, Entry::Static(_));
            let fits = match entry {
                Entry::Class(_) => false,
                Entry::InstanceField(Some(field)) | Entry::StaticField(Some(field)) => {
                    let kind = claimed.field();
                    field.kind = field.kind.or(kind);
                    kind.is_some() && field.kind == kind
                }
                Entry::Virtual(_, Some(method))
                | Entry::Super(_, Some(method))
                | Entry::Static(Some(method)) => {
                    let signature = claimed.signature();
                    let words = method.nargs.map(usize::from);
                    let fits = match &method.signature {
                        Some(known) => **known == *signature,
                        // Of a method without descriptor only the number of words is known.
                        None => words.is_none_or(|words| {
                            words == signature.words() || words == signature.words() + 1
                        }),
                    };
                    if method.signature.is_none() {
                        method.is_static = words == Some(signature.words());
                        method.is_constructor = is_static_entry && !method.is_static;
                        method.signature = Some(signature);
                    }
                    fits
                }
                // Not there, which was said.
                _ => true,
            };
            if !fits {
                self.faults.add(
                    ComponentTag::Descriptor,
                    at,
                    Rule::PoolType,
                    "a type in the constant pool's list is not that of the member",
                );
            }
        }
        self.pool = pool;
    }
}

/// What is wrong with a class's instance size and references, given its fields: token, words, whether it is a reference,
/// and whether other packages may see it.
fn layout_fault(
    info: &ClassInfo,
    mut fields: Vec<(usize, usize, bool, bool)>,
) -> Option<&'static str> {
    fields.sort_unstable();
    let mut end = 0;
    let first = usize::from(info.first_reference_token);
    let references = first..first + usize::from(info.reference_count);
    let mut count = 0;
    let mut last = 0;
    for (token, words, reference, visible) in fields {
        // §4.3.7.5: those that other packages see come first, references in the middle.
        let rank = match (visible, reference) {
            (true, false) => 0,
            (true, true) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        if rank < last {
            return Some("the fields are not in the order of their kinds");
        }
        last = rank;
        if token != end {
            return Some("the fields' tokens do not follow one another");
        }
        if reference != references.contains(&token)
            || (!reference && references.contains(&(token + words - 1)))
        {
            return Some("the reference fields are not where the class says");
        }
        count += usize::from(reference);
        end += words;
    }
    if end != usize::from(info.declared_instance_size) {
        return Some("the instance size is not that of the fields");
    }
    (count != usize::from(info.reference_count))
        .then_some("the number of reference fields is not that of the class")
}

/// Keeps the flags of fields and methods one table: accesses have the same bits in both.
const _: () = assert!(
    FieldDescriptor::ACC_PUBLIC == MethodDescriptor::ACC_PUBLIC
        && FieldDescriptor::ACC_PRIVATE == MethodDescriptor::ACC_PRIVATE
        && FieldDescriptor::ACC_PROTECTED == MethodDescriptor::ACC_PROTECTED
);
