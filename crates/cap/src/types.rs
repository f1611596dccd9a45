//! The components of a CAP file as values (JCVM 3.0.5 §6, JCVM 3.2 §6; formats 2.1, 2.2 and 2.3, compact and extended).
//!
//! Methods are named by their offset in the Method component. A file of the extended form counts such offsets in blocks;
//! the reader adds the block's own offset, so that they mean the same in both forms.
//!
//! A [`CapFile`] comes only from the reader, so every offset, index and count in it has been checked against the
//! component it points into. Each component's bytes are kept whole beside what was read from them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use hydra_wire::Aid;

/// A component of a CAP file (JCVM 3.0.5 §6.2, table 6-2; tag 13 since format 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ComponentTag {
    /// Who the package is.
    Header = 1,
    /// Sizes of the other components.
    Directory = 2,
    /// Applets and their install methods.
    Applet = 3,
    /// Packages that this one links to.
    Import = 4,
    /// Everything that bytecodes refer to.
    ConstantPool = 5,
    /// Classes and interfaces.
    Class = 6,
    /// Exception handlers and bytecodes.
    Method = 7,
    /// Static fields and their first values.
    StaticField = 8,
    /// Where in the bytecodes constant pool indices stand.
    ReferenceLocation = 9,
    /// What other packages may link to.
    Export = 10,
    /// Types of everything, for the verifier. May be left out of a load file.
    Descriptor = 11,
    /// Names for a debugger. Never loaded.
    Debug = 12,
    /// Static resources, since format 2.3.
    StaticResources = 13,
}

impl ComponentTag {
    /// Every component, in the order in which a load file holds them (GPCS 2.3.1 §11.6.2.3; JCVM 3.0.5 §6.3).
    pub const LOAD_ORDER: [Self; 13] = [
        Self::Header,
        Self::Directory,
        Self::Import,
        Self::Applet,
        Self::Class,
        Self::Method,
        Self::StaticField,
        Self::Export,
        Self::ConstantPool,
        Self::ReferenceLocation,
        Self::StaticResources,
        Self::Descriptor,
        Self::Debug,
    ];

    /// The component with this tag.
    pub fn from_tag(tag: u8) -> Option<Self> {
        Self::LOAD_ORDER
            .into_iter()
            .find(|known| known.tag() == tag)
    }

    /// The tag byte.
    pub const fn tag(self) -> u8 {
        self as u8
    }

    /// Whether the component's size takes four bytes, in a file and in the Directory component: JCVM 3.2 §6.3. Static
    /// resources do in both forms, code and what describes it in the extended form.
    pub const fn has_wide_size(self, extended: bool) -> bool {
        match self {
            Self::StaticResources => true,
            Self::Method | Self::ReferenceLocation | Self::Descriptor | Self::Debug => extended,
            _ => false,
        }
    }

    /// The name without extension that the component has in the ZIP file.
    pub const fn file_stem(self) -> &'static str {
        match self {
            Self::Header => "Header",
            Self::Directory => "Directory",
            Self::Applet => "Applet",
            Self::Import => "Import",
            Self::ConstantPool => "ConstantPool",
            Self::Class => "Class",
            Self::Method => "Method",
            Self::StaticField => "StaticField",
            Self::ReferenceLocation => "RefLocation",
            Self::Export => "Export",
            Self::Descriptor => "Descriptor",
            Self::Debug => "Debug",
            Self::StaticResources => "StaticResources",
        }
    }
}

impl fmt::Display for ComponentTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file_stem())
    }
}

/// The version of the CAP format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Java Card 2.1.
    V2_1,
    /// Java Card 2.2 to 3.0.5.
    V2_2,
    /// Java Card 3.1 and later.
    V2_3,
}

/// A package's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageVersion {
    /// Changes when callers break.
    pub major: u8,
    /// Changes when something is added.
    pub minor: u8,
}

impl PackageVersion {
    /// Whether a caller made against `wanted` can use this version: same major, same or higher minor.
    pub fn satisfies(self, wanted: Self) -> bool {
        self.major == wanted.major && self.minor >= wanted.minor
    }
}

impl fmt::Display for PackageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The Header component (JCVM 3.0.5 §6.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format of the file.
    pub format: Format,
    /// The flag byte: `01` may use int, `02` has Export, `04` has Applet.
    pub flags: u8,
    /// The version of the file: in the compact form, of its package.
    pub version: PackageVersion,
    /// The AID of the file: in the compact form, of its package.
    pub aid: Aid,
    /// The package's name, if the header says it; empty in most files and in the extended form.
    pub name: String,
}

impl Header {
    /// Set when the converter was allowed to use `int`.
    pub const ACC_INT: u8 = 0x01;
    /// Set when the Export component is there.
    pub const ACC_EXPORT: u8 = 0x02;
    /// Set when the Applet component is there.
    pub const ACC_APPLET: u8 = 0x04;
    /// Set in the extended form.
    pub const ACC_EXTENDED: u8 = 0x08;
}

/// An applet of the package (JCVM 3.0.5 §6.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppletEntry {
    /// The module's AID.
    pub aid: Aid,
    /// Offset of `install([BSB)V` in the Method component.
    pub install_method: u32,
}

/// A package that is linked to (JCVM 3.0.5 §6.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its AID.
    pub aid: Aid,
    /// The version that the converter saw.
    pub version: PackageVersion,
}

/// A reference to a class or interface (JCVM 3.0.5 §6.8.1 `class_ref`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClassRef {
    /// Offset in this file's Class component.
    Internal(u16),
    /// A class of an imported package.
    External {
        /// Index into the imports.
        package: u8,
        /// The class token.
        class: u8,
    },
}

impl ClassRef {
    /// Reads the two-byte form; `None` for FFFF.
    pub fn from_u16(raw: u16) -> Option<Self> {
        let [high, low] = raw.to_be_bytes();
        match raw {
            0xFFFF => None,
            0x8000.. => Some(Self::External {
                package: high & 0x7F,
                class: low,
            }),
            _ => Some(Self::Internal(raw)),
        }
    }

    /// The two-byte form.
    pub fn to_u16(self) -> u16 {
        match self {
            Self::Internal(offset) => offset,
            Self::External { package, class } => u16::from_be_bytes([package | 0x80, class]),
        }
    }
}

/// An entry of the Constant Pool component (JCVM 3.0.5 §6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpEntry {
    /// §6.8.1 `CONSTANT_Classref_info`.
    Class(ClassRef),
    /// §6.8.2 `CONSTANT_InstanceFieldref_info`.
    InstanceField {
        /// The class that declares the field.
        class: ClassRef,
        /// The field's token.
        token: u8,
    },
    /// §6.8.2 `CONSTANT_VirtualMethodref_info`.
    VirtualMethod {
        /// The class that the call names.
        class: ClassRef,
        /// The method's token; bit 7 set for a package-visible method.
        token: u8,
    },
    /// §6.8.2 `CONSTANT_SuperMethodref_info`.
    SuperMethod {
        /// The class whose method holds the call; the search starts at its superclass.
        class: ClassRef,
        /// The method's token; bit 7 set for a package-visible method.
        token: u8,
    },
    /// §6.8.3 `CONSTANT_StaticFieldref_info`, of this package.
    StaticField(
        /// Offset in the static field image.
        u16,
    ),
    /// §6.8.3 `CONSTANT_StaticFieldref_info`, of an imported package.
    ExternalStaticField {
        /// Index into the imports.
        package: u8,
        /// The class token.
        class: u8,
        /// The field token.
        token: u8,
    },
    /// §6.8.3 `CONSTANT_StaticMethodref_info`, of this package.
    StaticMethod(
        /// Offset in the Method component.
        u32,
    ),
    /// §6.8.3 `CONSTANT_StaticMethodref_info`, of an imported package.
    ExternalStaticMethod {
        /// Index into the imports.
        package: u8,
        /// The class token.
        class: u8,
        /// The method token.
        token: u8,
    },
}

/// An interface (JCVM 3.0.5 §6.9 `interface_info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceInfo {
    /// Offset in the Class component, which is its name in class references.
    pub offset: u16,
    /// Flags, high nibble moved down: 8 interface, 4 shareable, 2 remote.
    pub flags: u8,
    /// All superinterfaces, direct or not.
    pub superinterfaces: Vec<ClassRef>,
}

/// A class (JCVM 3.0.5 §6.9 `class_info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassInfo {
    /// Offset in the Class component, which is its name in class references.
    pub offset: u16,
    /// Flags, high nibble moved down: 4 shareable, 2 remote.
    pub flags: u8,
    /// The superclass; `None` only for `java.lang.Object`.
    pub super_class: Option<ClassRef>,
    /// Words of the fields that this class declares.
    pub declared_instance_size: u8,
    /// Token of the first reference field, FF if none.
    pub first_reference_token: u8,
    /// How many consecutive tokens from there are references.
    pub reference_count: u8,
    /// Lowest public or protected virtual method token in the table.
    pub public_base: u8,
    /// Offsets of methods in the Method component; `None` where inherited from another file.
    pub public_methods: Vec<Option<u32>>,
    /// Lowest package-visible virtual method token in the table.
    pub package_base: u8,
    /// Offsets of package-visible methods.
    pub package_methods: Vec<Option<u32>>,
    /// The interfaces implemented, with the class's virtual token for each interface method token.
    pub interfaces: Vec<ImplementedInterface>,
    /// Format 2.3: for each public virtual token of this class the token of the same method in the superclass, FF if new here.
    pub token_mapping: Option<Vec<u8>>,
    /// Format 2.3: how many public virtual tokens a subclass in a 2.1 or 2.2 file inherits.
    pub cap22_inheritable: Option<u8>,
}

impl ClassInfo {
    /// Flag: the class implements a shareable interface.
    pub const ACC_SHAREABLE: u8 = 0x4;
    /// Flag: it is an interface.
    pub const ACC_INTERFACE: u8 = 0x8;
    /// Flag: it is a remote class or interface.
    pub const ACC_REMOTE: u8 = 0x2;
}

/// How a class implements an interface (JCVM 3.0.5 §6.9 `implemented_interface_info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImplementedInterface {
    /// The interface.
    pub interface: ClassRef,
    /// Public virtual token in the class, by interface method token.
    pub methods: Vec<u8>,
}

/// An exception handler (JCVM 3.0.5 §6.10 `exception_handler_info`). Offsets are in the Method component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceptionHandler {
    /// First covered byte.
    pub start: u32,
    /// Covered bytes.
    pub length: u16,
    /// No later handler covers this one's range.
    pub stop: bool,
    /// Where the handler's code begins.
    pub handler: u32,
    /// Constant pool index of the class caught; 0 for any.
    pub catch_type: u16,
}

/// A method's header (JCVM 3.0.5 §6.10 `method_header_info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodHeader {
    /// The method has no code.
    pub is_abstract: bool,
    /// Words of operand stack.
    pub max_stack: u8,
    /// Words of arguments, `this` included.
    pub nargs: u8,
    /// Words of local variables beyond the arguments.
    pub max_locals: u8,
    /// Bytes of the header; the code follows.
    pub size: u8,
}

impl MethodHeader {
    /// Flag: one byte for each of the three sizes.
    pub const ACC_EXTENDED: u8 = 0x8;
    /// Flag: abstract.
    pub const ACC_ABSTRACT: u8 = 0x4;

    /// Reads the header that begins `bytes`; `None` if it is cut short or sets an undefined flag.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        let flags = first >> 4;
        if flags & !(Self::ACC_EXTENDED | Self::ACC_ABSTRACT) != 0 {
            return None;
        }
        let is_abstract = flags & Self::ACC_ABSTRACT != 0;
        if flags & Self::ACC_EXTENDED != 0 {
            let &[max_stack, nargs, max_locals] = bytes.get(1..4)?.first_chunk()?;
            return Some(Self {
                is_abstract,
                max_stack,
                nargs,
                max_locals,
                size: 4,
            });
        }
        let second = *bytes.get(1)?;
        Some(Self {
            is_abstract,
            max_stack: first & 0xF,
            nargs: second >> 4,
            max_locals: second & 0xF,
            size: 2,
        })
    }
}

/// The Method component (JCVM 3.0.5 §6.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodComponent {
    /// The handlers in file order.
    pub handlers: Vec<ExceptionHandler>,
    /// Where methods lie, in ascending order; one block in the compact form.
    pub blocks: Vec<MethodBlock>,
}

impl MethodComponent {
    /// The block in which a byte of code lies.
    #[must_use]
    pub fn block_of(&self, offset: u32) -> Option<&MethodBlock> {
        let after = self
            .blocks
            .partition_point(|block| block.first_method <= offset);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        (offset < block.end).then_some(block)
    }
}

/// A run of methods: handlers, then code (JCVM 3.2 §6.10 `method_component_block`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodBlock {
    /// Offset of the block in the Method component.
    pub start: u32,
    /// Offset of its first method.
    pub first_method: u32,
    /// Offset after its last byte.
    pub end: u32,
    /// Index of its first exception handler among all.
    pub first_handler: u16,
}

/// The first value of a static array (JCVM 3.0.5 §6.11 `array_init_info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArrayInit {
    /// `boolean[]`
    Boolean(Vec<u8>),
    /// `byte[]`
    Byte(Vec<u8>),
    /// `short[]`
    Short(Vec<i16>),
    /// `int[]`
    Int(Vec<i32>),
}

/// The Static Field component (JCVM 3.0.5 §6.11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticFields {
    /// Bytes of the image.
    pub image_size: u16,
    /// Reference fields, which come first, two bytes each.
    pub reference_count: u16,
    /// First values of the first references.
    pub arrays: Vec<ArrayInit>,
    /// Bytes of primitive fields that start as zero.
    pub default_count: u16,
    /// Bytes of the primitive fields that follow.
    pub values: Vec<u8>,
}

/// What other packages may use of a class (JCVM 3.0.5 §6.13 `class_export_info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedClass {
    /// Offset in the Class component.
    pub class: u16,
    /// Offsets in the static image, by field token.
    pub static_fields: Vec<u16>,
    /// Offsets in the Method component, by static method token.
    pub static_methods: Vec<u32>,
}

/// Where constant pool indices stand in the Method component (JCVM 3.0.5 §6.12), as offsets in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceLocations {
    /// Offsets of one-byte indices.
    pub byte_indices: Vec<u32>,
    /// Offsets of two-byte indices.
    pub short_indices: Vec<u32>,
}

/// A method in the Descriptor component (JCVM 3.0.5 §6.14.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodDescriptor {
    /// The token, FF if none.
    pub token: u8,
    /// 01 public, 02 private, 04 protected, 08 static, 10 final, 40 abstract, 80 constructor.
    pub flags: u8,
    /// Offset in the Method component; 0 for interface methods.
    pub method: u32,
    /// Offset of the signature in the type part.
    pub signature: u16,
    /// Bytes of code without the header.
    pub code_length: u16,
    /// How many exception handlers.
    pub handler_count: u16,
    /// Index of the first among the handlers of all blocks.
    pub first_handler: u16,
}

/// A field in the Descriptor component (JCVM 3.0.5 §6.14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDescriptor {
    /// The token, FF if none.
    pub token: u8,
    /// 01 public, 02 private, 04 protected, 08 static, 10 final.
    pub flags: u8,
    /// The three bytes of the reference: as a static field reference, or class reference and token.
    pub reference: [u8; 3],
    /// 8002 boolean, 8003 byte, 8004 short, 8005 int, else the offset of a reference type in the type part.
    pub field_type: u16,
}

/// A class in the Descriptor component (JCVM 3.0.5 §6.14.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDescriptor {
    /// The token, FF for package-visible.
    pub token: u8,
    /// 01 public, 10 final, 40 interface, 80 abstract.
    pub flags: u8,
    /// The package that it belongs to: public ones first, as in [`CapFile::packages`], then private ones.
    pub package: u8,
    /// The class described.
    pub class: ClassRef,
    /// The interfaces it implements.
    pub interfaces: Vec<ClassRef>,
    /// Its fields.
    pub fields: Vec<FieldDescriptor>,
    /// Its methods.
    pub methods: Vec<MethodDescriptor>,
}

/// The Descriptor component (JCVM 3.0.5 §6.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The classes.
    pub classes: Vec<ClassDescriptor>,
    /// By constant pool index, the offset of its type from the start of the type part; `None` for classes.
    pub constant_pool_types: Vec<Option<u16>>,
    /// Offset of the type part in the component.
    pub types: u32,
}

/// A method as the Debug component knows it (JCVM 3.0.5 §6.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugMethod {
    /// Its class, with slashes: `com/example/Purse`.
    pub class: String,
    /// Its name.
    pub name: String,
    /// Its descriptor as in class files.
    pub descriptor: String,
    /// The source file's name, without its folder.
    pub source: String,
    /// Offset in the Method component.
    pub offset: u32,
    /// Bytes of its code.
    pub code_length: u16,
    /// Which source line its code comes from.
    pub lines: Vec<DebugLine>,
}

/// A class or interface as the Debug component knows it (JCVM 3.0.5 §6.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugClass {
    /// Its name, with slashes: `com/example/Purse`.
    pub name: String,
    /// Offset in the Class component.
    pub offset: u16,
    /// The fields that it declares, constants left out: no code refers to them.
    pub fields: Vec<DebugField>,
}

/// A field as the Debug component knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugField {
    /// Its name.
    pub name: String,
    /// Its descriptor as in class files.
    pub descriptor: String,
    /// Where it is.
    pub place: FieldPlace,
}

/// Where a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldPlace {
    /// In the instances of its class: its token.
    Instance(u8),
    /// Offset in the static field image.
    Static(u16),
}

/// Code of one source line. Offsets count from the method's first instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebugLine {
    /// First byte.
    pub start: u16,
    /// Last byte.
    pub end: u16,
    /// The source line.
    pub line: u16,
}

impl DebugMethod {
    /// The source line of the instruction at this offset of the code.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> Option<u16> {
        self.lines
            .iter()
            .find(|line| (line.start.into()..=line.end.into()).contains(&offset))
            .map(|line| line.line)
    }
}

/// A static resource (format 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticResource {
    /// Its identifier.
    pub id: u16,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a package offers to other CAP files (JCVM 3.0.5 §6.13, JCVM 3.2 §6.4). A file of the compact form has one, which
/// is the file's own; the extended form has one for each public package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPackage {
    /// Its AID.
    pub aid: Aid,
    /// Its version.
    pub version: PackageVersion,
    /// Its name, if the header says it.
    pub name: String,
    /// The exported classes, by class token; empty without an Export component.
    pub exports: Vec<ExportedClass>,
}

/// A CAP file, read whole and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapFile {
    pub(crate) raw: Vec<(ComponentTag, Vec<u8>)>,
    pub(crate) header: Header,
    pub(crate) applets: Vec<AppletEntry>,
    pub(crate) imports: Vec<Import>,
    pub(crate) constant_pool: Vec<CpEntry>,
    pub(crate) interfaces: Vec<InterfaceInfo>,
    pub(crate) classes: Vec<ClassInfo>,
    pub(crate) method: MethodComponent,
    pub(crate) static_fields: StaticFields,
    pub(crate) packages: Vec<PublicPackage>,
    pub(crate) reference_locations: ReferenceLocations,
    pub(crate) descriptor: Option<Descriptor>,
    pub(crate) resources: Vec<StaticResource>,
}

impl CapFile {
    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The AID of the file: in the compact form, of its package.
    pub fn aid(&self) -> &Aid {
        &self.header.aid
    }

    /// The applets; empty for a library.
    pub fn applets(&self) -> &[AppletEntry] {
        &self.applets
    }

    /// The imported packages, by package token.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The constant pool, by index.
    pub fn constant_pool(&self) -> &[CpEntry] {
        &self.constant_pool
    }

    /// The interfaces, in file order.
    pub fn interfaces(&self) -> &[InterfaceInfo] {
        &self.interfaces
    }

    /// The classes, in file order: superclasses first.
    pub fn classes(&self) -> &[ClassInfo] {
        &self.classes
    }

    /// The exception handlers and where the methods begin.
    pub fn method(&self) -> &MethodComponent {
        &self.method
    }

    /// The Method component's bytes after tag and size; offsets of methods count from their start.
    pub fn method_info(&self) -> &[u8] {
        self.component(ComponentTag::Method).unwrap_or_default()
    }

    /// The Method component's bytes from an offset on.
    pub fn code_from(&self, offset: u32) -> Option<&[u8]> {
        self.method_info().get(usize::try_from(offset).ok()?..)
    }

    /// The static fields.
    pub fn static_fields(&self) -> &StaticFields {
        &self.static_fields
    }

    /// The packages that other files may import.
    pub fn packages(&self) -> &[PublicPackage] {
        &self.packages
    }

    /// The package of a class of this file, by the class's offset: public ones first, then private ones. `None` where
    /// neither a Descriptor nor an Export component tells.
    pub fn package_of(&self, class: u16) -> Option<usize> {
        if !self.is_extended() {
            return Some(0);
        }
        let described = self.descriptor.as_ref().and_then(|descriptor| {
            let mut classes = descriptor.classes.iter();
            classes.find(|known| known.class == ClassRef::Internal(class))
        });
        if let Some(class) = described {
            return Some(class.package.into());
        }
        let exports =
            |package: &PublicPackage| package.exports.iter().any(|known| known.class == class);
        self.packages.iter().position(exports)
    }

    /// The exported classes of all public packages.
    pub fn exported_classes(&self) -> impl Iterator<Item = &ExportedClass> {
        self.packages.iter().flat_map(|package| &package.exports)
    }

    /// Whether the file is of the extended form.
    pub fn is_extended(&self) -> bool {
        self.header.flags & Header::ACC_EXTENDED != 0
    }

    /// Where constant pool indices stand in the code.
    pub fn reference_locations(&self) -> &ReferenceLocations {
        &self.reference_locations
    }

    /// The Descriptor component, if it is there.
    pub fn descriptor(&self) -> Option<&Descriptor> {
        self.descriptor.as_ref()
    }

    /// The static resources.
    pub fn resources(&self) -> &[StaticResource] {
        &self.resources
    }

    /// Bytes of all components, without their tags and sizes.
    pub fn size(&self) -> usize {
        self.raw.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// A component's bytes after tag and size.
    pub fn component(&self, tag: ComponentTag) -> Option<&[u8]> {
        let (_, bytes) = self.raw.iter().find(|(known, _)| *known == tag)?;
        Some(bytes)
    }

    /// The components that are there, in load order, with their bytes after tag and size.
    pub fn components(&self) -> impl Iterator<Item = (ComponentTag, &[u8])> {
        self.raw.iter().map(|(tag, bytes)| (*tag, bytes.as_slice()))
    }
}
