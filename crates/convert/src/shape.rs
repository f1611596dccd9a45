//! Tokens, field layouts and method tables of the package's classes (JCVM 3.0.5 §4.3.7).

use hydra_cap::api::Space;

use crate::classfile::{Access, Class};
use crate::diagnostic::{Diagnostics, Place};
use crate::types::Type;
use crate::world::{ClassId, World};

/// A package-visible virtual method's token has this bit set in references.
pub(crate) const PACKAGE_VISIBLE: u8 = 0x80;

/// What fills a place of a method table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// A method of this package: class and method index.
    Own(usize, usize),
    /// Inherited from another package.
    Foreign,
}

#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) descriptor: String,
    pub(crate) body: Body,
}

impl Slot {
    fn is(&self, name: &str, descriptor: &str) -> bool {
        self.name == name && self.descriptor == descriptor
    }
}

/// Tokens and tables of one class.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) token: Option<u8>,
    pub(crate) interfaces: Vec<ClassId>,
    /// By field index: the token (word offset) of an instance field.
    pub(crate) instance_fields: Vec<Option<u8>>,
    pub(crate) instance_words: u8,
    pub(crate) first_reference: u8,
    pub(crate) reference_count: u8,
    /// By field index: the token of a visible static field.
    pub(crate) static_fields: Vec<Option<u8>>,
    /// By method index: the token of a visible static method or constructor.
    pub(crate) static_methods: Vec<Option<u8>>,
    /// Public virtual method table from token 0, inherited ones included.
    pub(crate) public: Vec<Slot>,
    pub(crate) public_base: usize,
    /// Package-visible virtual methods from number 0.
    pub(crate) package: Vec<Slot>,
    pub(crate) package_base: usize,
    /// An interface's methods by token: name and descriptor.
    pub(crate) interface_methods: Vec<(String, String)>,
    /// How many public virtual tokens the superclass has.
    pub(crate) inherited: usize,
}

impl Shape {
    /// The token as it stands in references: public or package-visible.
    pub(crate) fn virtual_token(&self, name: &str, descriptor: &str) -> Option<u8> {
        if let Some(found) = self.public.iter().position(|s| s.is(name, descriptor)) {
            return u8::try_from(found).ok();
        }
        let found = self.package.iter().position(|s| s.is(name, descriptor))?;
        Some(PACKAGE_VISIBLE | u8::try_from(found).ok()?)
    }

    /// The public virtual token.
    pub(crate) fn public_token(&self, name: &str, descriptor: &str) -> Option<u8> {
        let found = self.public.iter().position(|s| s.is(name, descriptor))?;
        u8::try_from(found).ok()
    }

    pub(crate) fn interface_token(&self, name: &str, descriptor: &str) -> Option<u8> {
        let found = self
            .interface_methods
            .iter()
            .position(|(n, d)| n == name && d == descriptor)?;
        u8::try_from(found).ok()
    }
}

/// The shapes of all classes, in their order. `library` packages show every public class, others
/// only shareable interfaces; those get the lowest class tokens.
pub(crate) fn shapes(
    world: &World<'_>,
    diagnostics: &mut Diagnostics,
    exports: &[bool],
) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    for (index, class) in world.classes.iter().enumerate() {
        let shape = shape(world, &shapes, index, class, diagnostics);
        shapes.push(shape);
    }
    let mut next = Counter::default();
    for pass in [true, false] {
        for (index, class) in world.classes.iter().enumerate() {
            if class.public && exports[index] == pass {
                shapes[index].token = next.take(0xFE, class, "classes", diagnostics);
            }
        }
    }
    shapes
}

#[derive(Default)]
struct Counter {
    next: usize,
}

impl Counter {
    fn take(
        &mut self,
        last: u8,
        class: &Class,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<u8> {
        let number = u8::try_from(self.next).ok().filter(|n| *n <= last);
        self.next += 1;
        if number.is_none() {
            let place = Place {
                class,
                member: "",
                line: None,
            };
            diagnostics.push(place.diagnostic(format!(
                "more than {} {what}: a token is one byte",
                u16::from(last) + 1
            )));
        }
        number
    }
}

fn shape(
    world: &World<'_>,
    shapes: &[Shape],
    index: usize,
    class: &Class,
    diagnostics: &mut Diagnostics,
) -> Shape {
    let mut shape = Shape {
        interfaces: world.interfaces(ClassId::Own(index)),
        first_reference: 0xFF,
        ..Shape::default()
    };
    number_statics(class, &mut shape, diagnostics);
    if class.interface {
        number_interface(world, shapes, index, &mut shape);
        return shape;
    }
    number_fields(class, &mut shape, diagnostics);
    inherit(world, shapes, index, &mut shape);
    shape.inherited = shape.public.len();
    shape.public_base = shape.public.len();
    shape.package_base = shape.package.len();
    for (m, method) in class.methods.iter().enumerate() {
        if !method.is_virtual() {
            continue;
        }
        let body = Body::Own(index, m);
        let visible = method.access.is_visible();
        let is_same = |s: &Slot| s.is(&method.name, &method.descriptor);
        if let Some(found) = shape.public.iter().position(is_same) {
            shape.public[found].body = body;
            shape.public_base = shape.public_base.min(found);
            continue;
        }
        if let Some(found) = shape.package.iter().position(is_same) {
            if visible {
                // The method would need a token in both tables, and there is but one.
                let label = method.label();
                let place = Place {
                    class,
                    member: &label,
                    line: None,
                };
                diagnostics.push(place.diagnostic(
                    "a public or protected method can't override a package-visible one; \
                     make the overridden method protected",
                ));
            }
            shape.package[found].body = body;
            shape.package_base = shape.package_base.min(found);
            continue;
        }
        let table = if visible {
            &mut shape.public
        } else {
            &mut shape.package
        };
        table.push(Slot {
            name: method.name.clone(),
            descriptor: method.descriptor.clone(),
            body,
        });
    }
    for (table, what) in [
        (&shape.public, "public and protected virtual methods"),
        (&shape.package, "package-visible virtual methods"),
    ] {
        if table.len() > 128 {
            let place = Place {
                class,
                member: "",
                line: None,
            };
            diagnostics.push(place.diagnostic(format!("more than 128 {what}")));
        }
    }
    shape
}

/// Visible static fields, and visible static methods and constructors, in the file's order.
fn number_statics(class: &Class, shape: &mut Shape, diagnostics: &mut Diagnostics) {
    let mut fields = Counter::default();
    for field in &class.fields {
        let numbered = field.is_static && field.access.is_visible() && field.constant.is_none();
        let token = numbered.then(|| fields.take(0xFF, class, "static fields", diagnostics));
        shape.static_fields.push(token.flatten());
    }
    let mut methods = Counter::default();
    for method in &class.methods {
        let numbered = method.name != "<clinit>"
            && (method.is_static || method.is_constructor())
            && method.access.is_visible();
        let token = numbered.then(|| methods.take(0xFF, class, "static methods", diagnostics));
        shape.static_methods.push(token.flatten());
    }
}

/// Instance fields: visible primitive, visible reference, hidden reference, hidden primitive, so
/// that the references stand together.
fn number_fields(class: &Class, shape: &mut Shape, diagnostics: &mut Diagnostics) {
    shape.instance_fields = vec![None; class.fields.len()];
    let mut words = Counter::default();
    for (visible, reference) in [(true, false), (true, true), (false, true), (false, false)] {
        for (index, field) in class.fields.iter().enumerate() {
            let Ok(kind) = Type::parse(&field.descriptor) else {
                continue;
            };
            if field.is_static
                || field.access.is_visible() != visible
                || kind.is_reference() != reference
            {
                continue;
            }
            let token = words.take(0xFF, class, "words of instance fields", diagnostics);
            if kind == Type::Int {
                words.take(0xFF, class, "words of instance fields", diagnostics);
            }
            shape.instance_fields[index] = token;
            if reference {
                if shape.reference_count == 0 {
                    shape.first_reference = token.unwrap_or(0xFF);
                }
                shape.reference_count = shape.reference_count.saturating_add(1);
            }
        }
    }
    shape.instance_words = u8::try_from(words.next).unwrap_or(u8::MAX);
}

/// Inherited methods first, then the interface's own.
fn number_interface(world: &World<'_>, shapes: &[Shape], index: usize, shape: &mut Shape) {
    let mut methods: Vec<(String, String)> = Vec::new();
    for name in &world.classes[index].interfaces {
        let inherited = match world.find(name) {
            Some(ClassId::Own(own)) => shapes[own].interface_methods.clone(),
            Some(foreign @ ClassId::Foreign(..)) => {
                let mut listed = world.declared_interface_methods(foreign);
                if let ClassId::Foreign(file, class) = foreign {
                    let class = world.foreign(file, class);
                    listed.sort_by_key(|(n, d)| class.method(n, d).map(|m| m.token));
                }
                listed
            }
            None => Vec::new(),
        };
        for method in inherited {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    for method in world.declared_interface_methods(ClassId::Own(index)) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    shape.interface_methods = methods;
}

/// The method tables that the superclass hands down.
fn inherit(world: &World<'_>, shapes: &[Shape], index: usize, shape: &mut Shape) {
    match world.superclass(ClassId::Own(index)) {
        Some(ClassId::Own(parent)) => {
            shape.public.clone_from(&shapes[parent].public);
            shape.package.clone_from(&shapes[parent].package);
        }
        Some(ClassId::Foreign(file, class)) => {
            let parent = world.foreign(file, class);
            let mut methods: Vec<_> = parent
                .methods
                .iter()
                .filter(|m| parent.space(m) == Space::Virtual)
                .collect();
            methods.sort_by_key(|m| m.token);
            for method in methods {
                shape.public.push(Slot {
                    name: method.name.clone(),
                    descriptor: method.descriptor.clone(),
                    body: Body::Foreign,
                });
            }
        }
        None => {}
    }
}

/// Whether a method's access lets other packages see it.
pub(crate) fn access_flags(access: Access) -> u8 {
    match access {
        Access::Public => 0x01,
        Access::Private => 0x02,
        Access::Protected => 0x04,
        Access::Package => 0,
    }
}
