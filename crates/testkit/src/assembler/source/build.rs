//! From a [`Source`] to a file.

use std::collections::BTreeMap;

use hydra_cap::{
    AppletEntry, CapError, CapFile, ClassInfo, ExportedClass, ImplementedInterface, Import,
    InterfaceInfo, api,
};

use super::super::Components;
use super::super::code::{Code, Frame, Names};
use super::super::components::{self, Values};
use super::tables::{LANG, Places, Table};
use super::{Class, Member, Source, full, hex, is_reference, place_of, words};

/// What was assembled.
pub struct Assembled {
    /// The components, as they may be wrong.
    pub components: Components,
    /// Where things are: by component and symbol.
    pub symbols: BTreeMap<(String, String), usize>,
    /// Offsets of the instructions that were marked.
    pub marked: Vec<usize>,
    /// Offset of each method, by `Class.name(descriptor)`.
    pub methods: BTreeMap<String, u16>,
}

impl Assembled {
    /// The file, if its components can be read.
    pub fn read(self) -> Result<CapFile, CapError> {
        CapFile::from_components(self.components)
    }
}

/// Another file with a source's patches.
pub(super) fn changed(source: &Source, cap: &CapFile) -> Assembled {
    let mut components: Components = cap
        .components()
        .map(|(tag, bytes)| (tag, bytes.to_vec()))
        .collect();
    let builder = Builder::new(source);
    builder.patch(&mut components);
    Assembled {
        components,
        symbols: BTreeMap::new(),
        marked: Vec::new(),
        methods: BTreeMap::new(),
    }
}

pub(super) struct Builder<'s> {
    pub(super) source: &'s Source,
    pub(super) names: Names,
    pub(super) places: Places,
    /// Bytes of code, first handler and number of handlers, by method.
    pub(super) extents: BTreeMap<String, (u16, usize, usize)>,
    symbols: BTreeMap<(String, String), usize>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            names: Names::default(),
            places: Places::default(),
            extents: BTreeMap::new(),
            symbols: BTreeMap::new(),
        }
    }

    pub(super) fn run(mut self) -> Assembled {
        let source = self.source;
        let code = self.code();
        let (statics, places) = source.static_fields();
        self.places.statics = places;
        let pool: Vec<_> = self
            .names
            .all()
            .iter()
            .map(|name| source.constant(name, &self.places))
            .collect();
        for (i, name) in self.names.all().to_vec().into_iter().enumerate() {
            self.symbol("ConstantPool", name, 2 + 4 * i);
        }
        let (pool, types): (Vec<_>, Vec<_>) = pool.into_iter().unzip();
        let marked = code.marked.clone();
        let values = Values {
            aid: source.aid.clone(),
            int: source.int,
            imports: imports(source),
            applets: self.applets(),
            interfaces: source
                .interfaces()
                .map(|class| self.interface(class))
                .collect(),
            classes: self.classes(),
            code,
            statics,
            pool,
            exports: self.exports(),
            descriptor: Some(self.descriptor(&types)),
        };
        let mut components = values.components();
        self.patch(&mut components);
        Assembled {
            components: values.with_directory(components),
            symbols: self.symbols,
            marked,
            methods: self.places.methods,
        }
    }

    fn patch(&self, components: &mut Components) {
        for patch in &self.source.patches {
            let component = &patch.component;
            let place = |symbol: &str| match symbol {
                "" => 0,
                _ => *self
                    .symbols
                    .get(&(component.clone(), symbol.into()))
                    .unwrap_or_else(|| panic!("no {component} {symbol}")),
            };
            let (_, content) = components
                .iter_mut()
                .find(|(tag, _)| tag.to_string() == *component)
                .unwrap_or_else(|| panic!("no {component}"));
            // Two bytes of another place, or those that are written.
            let bytes = match patch.bytes.strip_prefix('@') {
                Some(other) => {
                    let (_, symbol, offset) = place_of(&format!("{component} {other}"));
                    content[place(&symbol) + offset..][..2].to_vec()
                }
                None => hex(&patch.bytes),
            };
            let at = place(&patch.symbol) + patch.offset;
            content[at..][..bytes.len()].copy_from_slice(&bytes);
        }
    }

    pub(super) fn symbol(&mut self, component: &str, name: String, at: usize) {
        self.symbols.insert((component.into(), name), at);
    }

    /// A method by its name alone, the first one of this name, and with its descriptor.
    pub(super) fn method_symbol(
        &mut self,
        component: &str,
        class: &str,
        method: &Member,
        at: usize,
    ) {
        self.symbol(component, format!("method.{}", full(class, method)), at);
        let short = (component.into(), format!("method.{class}.{}", method.name));
        self.symbols.entry(short).or_insert(at);
    }

    fn code(&mut self) -> Code {
        let source = self.source;
        let methods = || {
            let classes = source.classes.iter().filter(|class| !class.interface);
            classes.flat_map(|class| class.methods.iter().map(move |method| (class, method)))
        };
        let mut code = Code::new(methods().map(|(_, method)| method.code.as_str()));
        for (class, method) in methods() {
            let name = full(&class.name, method);
            let at = code.end();
            self.method_symbol("Method", &class.name, method, at);
            // Code refers to other methods by name, so their places may come later.
            self.places
                .methods
                .insert(name.clone(), u16::try_from(at).unwrap());
            let frame = Frame {
                nargs: method.nargs(),
                locals: method.locals,
                stack: method.stack,
            };
            let text = (!method.has(Member::ABSTRACT)).then_some(method.code.as_str());
            let first = code.handlers.len();
            code.method(&frame, text, &mut self.names);
            let length = code.end() - at - super::super::code::HEADER;
            let extent = (
                u16::try_from(length).unwrap(),
                first,
                code.handlers.len() - first,
            );
            self.extents.insert(name, extent);
        }
        for i in 0..code.handlers.len() {
            let at = hydra_cap::write::first_method_offset(i);
            self.symbol("Method", format!("handler.{i}"), at);
        }
        self.symbol("Method", "end".into(), code.end());
        code
    }

    fn interface(&mut self, class: &Class) -> InterfaceInfo {
        let source = self.source;
        let offset = source.class_offset(&class.name);
        self.symbol("Class", format!("class.{}", class.name), offset.into());
        InterfaceInfo {
            offset,
            flags: ClassInfo::ACC_INTERFACE | shareable(class),
            superinterfaces: class
                .interfaces
                .iter()
                .map(|name| source.class_ref(name))
                .collect(),
        }
    }

    fn classes(&mut self) -> Vec<ClassInfo> {
        let source = self.source;
        let classes = source.classes.iter().filter(|class| !class.interface);
        classes.map(|class| self.class(class)).collect()
    }

    fn class(&mut self, class: &Class) -> ClassInfo {
        let source = self.source;
        let offset = source.class_offset(&class.name);
        self.symbol("Class", format!("class.{}", class.name), offset.into());
        let (mut size, mut first, mut references) = (0, None, 0);
        for field in &class.fields {
            if !field.has(Member::STATIC) {
                if is_reference(&field.descriptor) {
                    first = first.or(Some(size));
                    references += 1;
                }
                size += words(&field.descriptor);
            }
        }
        let [public, package] = [false, true].map(|package| source.table(&class.name, package));
        let base = |table: &Table| match table.entries() {
            [] => 0,
            _ => u8::try_from(table.base).unwrap(),
        };
        let offsets = |table: &Table| {
            let entries = table.entries().iter();
            let offset = |owner: &String, name: &str, descriptor: &str| {
                u32::from(self.places.methods[&format!("{owner}.{name}{descriptor}")])
            };
            entries
                .map(|((name, descriptor), owner)| {
                    owner.as_ref().map(|owner| offset(owner, name, descriptor))
                })
                .collect()
        };
        let implemented = |interface: &String| {
            let methods = source.interface_methods(interface);
            ImplementedInterface {
                interface: source.class_ref(interface),
                methods: methods
                    .iter()
                    .map(|key| public.token(key).unwrap_or(0))
                    .collect(),
            }
        };
        ClassInfo {
            offset,
            flags: shareable(class),
            super_class: Some(source.class_ref(&class.parent)),
            declared_instance_size: u8::try_from(size).unwrap(),
            first_reference_token: first.map_or(0xFF, |first| u8::try_from(first).unwrap()),
            reference_count: references,
            public_base: base(&public),
            public_methods: offsets(&public),
            package_base: base(&package),
            package_methods: offsets(&package),
            interfaces: class.interfaces.iter().map(implemented).collect(),
            token_mapping: None,
            cap22_inheritable: None,
        }
    }

    fn applets(&mut self) -> Vec<AppletEntry> {
        let mut at = 1;
        let mut all = Vec::new();
        for (aid, class) in &self.source.applets {
            self.symbol("Applet", format!("applet.{class}"), at);
            at += 3 + aid.len();
            let install = self.places.methods[&format!("{class}.install([BSB)V")];
            all.push(AppletEntry {
                aid: components::aid(aid),
                install_method: install.into(),
            });
        }
        all
    }

    fn exports(&mut self) -> Vec<ExportedClass> {
        let source = self.source;
        let mut at = 1;
        let mut all = Vec::new();
        for name in &source.exported {
            self.symbol("Export", format!("class.{name}"), at);
            let class = source.class(name).unwrap();
            let fields = class.fields.iter().filter(|field| {
                let is_static = field.has(Member::STATIC);
                is_static && field.is_offered()
            });
            let methods = class.methods.iter().filter(|method| !method.is_virtual());
            let exported = ExportedClass {
                class: source.class_offset(name),
                static_fields: fields
                    .map(|field| self.places.statics[&format!("{name}.{}", field.name)])
                    .collect(),
                static_methods: methods
                    .filter(|method| method.is_offered())
                    .map(|method| self.places.methods[&full(name, method)].into())
                    .collect(),
            };
            at += 4 + 2 * (exported.static_fields.len() + exported.static_methods.len());
            all.push(exported);
        }
        all
    }
}

fn shareable(class: &Class) -> u8 {
    if class.shareable {
        ClassInfo::ACC_SHAREABLE
    } else {
        0
    }
}

fn imports(source: &Source) -> Vec<Import> {
    let others = source.imports.iter().map(String::as_str);
    let import = |name: &str| {
        let package = api::package(name).unwrap_or_else(|| panic!("no package {name}"));
        components::import(package.aid, package.major, package.minor)
    };
    [LANG].into_iter().chain(others).map(import).collect()
}
