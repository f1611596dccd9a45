//! Class files as the converter sees them: names owned, jumps as instruction indices, and every
//! instruction that Java Card could not have marked as such.

use std::collections::BTreeMap;

use cafebabe::attributes::{AttributeData, CodeData};
use cafebabe::bytecode::{Opcode as J, PrimitiveArrayType};
use cafebabe::constant_pool::{LiteralConstant, Loadable, MemberRef as JvmMember, ObjectArrayType};
use cafebabe::{ClassAccessFlags, FieldAccessFlags, MethodAccessFlags};

use crate::diagnostic::Diagnostic;

/// Newest class file version read: Java 8.
const NEWEST_MAJOR: u16 = 52;

#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) super_class: Option<String>,
    pub(crate) interfaces: Vec<String>,
    pub(crate) public: bool,
    pub(crate) is_final: bool,
    pub(crate) is_abstract: bool,
    pub(crate) interface: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) methods: Vec<Method>,
    pub(crate) source: Option<String>,
    /// What Java Card has no place for, found while reading: member, line, message.
    pub(crate) complaints: Vec<(String, Option<u16>, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    Protected,
    Package,
    Private,
}

impl Access {
    /// Whether another package may see it.
    pub(crate) fn is_visible(self) -> bool {
        matches!(self, Self::Public | Self::Protected)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) descriptor: String,
    pub(crate) access: Access,
    pub(crate) is_static: bool,
    pub(crate) is_final: bool,
    pub(crate) constant: Option<i32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) descriptor: String,
    pub(crate) access: Access,
    pub(crate) is_static: bool,
    pub(crate) is_final: bool,
    pub(crate) is_abstract: bool,
    pub(crate) code: Option<Code>,
}

impl Method {
    pub(crate) fn is_constructor(&self) -> bool {
        self.name == "<init>"
    }

    /// Whether it is found through a class's method table.
    pub(crate) fn is_virtual(&self) -> bool {
        !self.is_static && !self.is_constructor() && self.access != Access::Private
    }

    /// Name and descriptor, for diagnostics.
    pub(crate) fn label(&self) -> String {
        format!("{}{}", self.name, self.descriptor)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) max_locals: u16,
}

#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) op: Op,
    pub(crate) line: Option<u16>,
}

/// Indices of instructions; `end` may be one past the last.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) target: usize,
    pub(crate) catch_type: Option<String>,
}

/// Element type of an array instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// `byte` or `boolean`.
    Byte,
    Short,
    Int,
    Reference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primitive {
    Boolean,
    Byte,
    Short,
    Int,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Shl,
    Shr,
    Ushr,
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Eq,
    Ne,
    Lt,
    Ge,
    Gt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Virtual,
    Special,
    Static,
    Interface,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) class: String,
    pub(crate) name: String,
    pub(crate) descriptor: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shuffle {
    Pop,
    Pop2,
    Dup,
    DupX1,
    DupX2,
    Dup2,
    Dup2X1,
    Dup2X2,
    Swap,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Nop,
    Constant(i32),
    Null,
    LoadInt(u16),
    LoadReference(u16),
    StoreInt(u16),
    StoreReference(u16),
    Increment(u16, i16),
    ArrayLoad(Element),
    ArrayStore(Element),
    Shuffle(Shuffle),
    Binary(Binary),
    Negate,
    ToByte,
    ToShort,
    IfZero(Condition, usize),
    IfCompare(Condition, usize),
    IfSame(bool, usize),
    IfNull(bool, usize),
    Goto(usize),
    Switch {
        table: bool,
        default: usize,
        /// Keys in ascending order.
        targets: Vec<(i32, usize)>,
    },
    ReturnVoid,
    ReturnInt,
    ReturnReference,
    GetStatic(Member),
    PutStatic(Member),
    GetField(Member),
    PutField(Member),
    Invoke(Call, Member),
    New(String),
    NewArray(Primitive),
    /// Element type: a class name.
    NewReferenceArray(String),
    ArrayLength,
    Throw,
    /// A class name or an array descriptor.
    CheckCast(String),
    InstanceOf(String),
}

impl Op {
    /// The instructions that may follow, without the exceptional ones.
    pub(crate) fn successors(&self, index: usize) -> Vec<usize> {
        match self {
            Self::IfZero(_, to)
            | Self::IfCompare(_, to)
            | Self::IfSame(_, to)
            | Self::IfNull(_, to) => vec![index + 1, *to],
            Self::Goto(to) => vec![*to],
            Self::Switch {
                default, targets, ..
            } => {
                let mut all: Vec<usize> = targets.iter().map(|(_, to)| *to).collect();
                all.push(*default);
                all.sort_unstable();
                all.dedup();
                all
            }
            Self::ReturnVoid | Self::ReturnInt | Self::ReturnReference | Self::Throw => Vec::new(),
            _ => vec![index + 1],
        }
    }
}

impl Class {
    /// Reads a class file. An error is a file that is none, or of a version after Java 8.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Diagnostic> {
        let mut options = cafebabe::ParseOptions::default();
        options.parse_bytecode(true);
        let file = cafebabe::parse_class_with_options(bytes, &options)
            .map_err(|error| Diagnostic::package(format!("not a class file: {error}")))?;
        let name = file.this_class.to_string();
        if file.major_version > NEWEST_MAJOR {
            return Err(Diagnostic {
                class: crate::diagnostic::dotted(&name),
                ..Diagnostic::package(format!(
                    "class file version {} is newer than Java 8; compile with javac --release 8",
                    file.major_version
                ))
            });
        }
        let flags = file.access_flags;
        let mut class = Self {
            name,
            super_class: file.super_class.as_ref().map(ToString::to_string),
            interfaces: file.interfaces.iter().map(ToString::to_string).collect(),
            public: flags.contains(ClassAccessFlags::PUBLIC),
            is_final: flags.contains(ClassAccessFlags::FINAL),
            is_abstract: flags.contains(ClassAccessFlags::ABSTRACT),
            interface: flags.contains(ClassAccessFlags::INTERFACE),
            fields: Vec::new(),
            methods: Vec::new(),
            source: None,
            complaints: Vec::new(),
        };
        if flags.contains(ClassAccessFlags::ENUM) {
            class.complain("", None, "Java Card has no enums");
        }
        if flags.contains(ClassAccessFlags::ANNOTATION) {
            class.complain("", None, "Java Card has no annotation types");
        }
        for attribute in &file.attributes {
            match &attribute.data {
                AttributeData::SourceFile(name) => class.source = Some(name.to_string()),
                AttributeData::InnerClasses(entries) => {
                    // A nested class's own flags say package where the source says private or
                    // protected; the inner flags say what the source says of public.
                    if let Some(entry) = entries.iter().find(|e| e.inner_class_info == class.name) {
                        class.public = entry
                            .access_flags
                            .contains(cafebabe::attributes::InnerClassAccessFlags::PUBLIC);
                    }
                }
                _ => {}
            }
        }
        for field in &file.fields {
            class.read_field(field);
        }
        for method in &file.methods {
            class.read_method(method);
        }
        Ok(class)
    }

    /// The name's part before the last slash.
    pub(crate) fn package(&self) -> &str {
        package_of(&self.name)
    }

    fn complain(&mut self, member: &str, line: Option<u16>, message: impl Into<String>) {
        self.complaints
            .push((member.to_owned(), line, message.into()));
    }

    fn read_field(&mut self, field: &cafebabe::FieldInfo<'_>) {
        let flags = field.access_flags;
        let name = field.name.to_string();
        for (flag, word) in [
            (FieldAccessFlags::VOLATILE, "volatile"),
            (FieldAccessFlags::TRANSIENT, "transient"),
        ] {
            if flags.contains(flag) {
                self.complain(&name, None, format!("Java Card has no {word} fields"));
            }
        }
        let descriptor = field.descriptor.to_string();
        let is_constant =
            flags.contains(FieldAccessFlags::STATIC) && flags.contains(FieldAccessFlags::FINAL);
        let mut constant = None;
        for attribute in &field.attributes {
            if let AttributeData::ConstantValue(LiteralConstant::Integer(value)) = attribute.data {
                constant = is_constant.then_some(value);
            }
        }
        self.fields.push(Field {
            name,
            descriptor,
            access: if flags.contains(FieldAccessFlags::PUBLIC) {
                Access::Public
            } else if flags.contains(FieldAccessFlags::PROTECTED) {
                Access::Protected
            } else if flags.contains(FieldAccessFlags::PRIVATE) {
                Access::Private
            } else {
                Access::Package
            },
            is_static: flags.contains(FieldAccessFlags::STATIC),
            is_final: flags.contains(FieldAccessFlags::FINAL),
            constant,
        });
    }

    fn read_method(&mut self, method: &cafebabe::MethodInfo<'_>) {
        let flags = method.access_flags;
        let mut result = Method {
            name: method.name.to_string(),
            descriptor: method.descriptor.to_string(),
            access: if flags.contains(MethodAccessFlags::PUBLIC) {
                Access::Public
            } else if flags.contains(MethodAccessFlags::PROTECTED) {
                Access::Protected
            } else if flags.contains(MethodAccessFlags::PRIVATE) {
                Access::Private
            } else {
                Access::Package
            },
            is_static: flags.contains(MethodAccessFlags::STATIC),
            is_final: flags.contains(MethodAccessFlags::FINAL),
            is_abstract: flags.contains(MethodAccessFlags::ABSTRACT),
            code: None,
        };
        let label = result.label();
        if flags.contains(MethodAccessFlags::SYNCHRONIZED) {
            self.complain(
                &label,
                None,
                "Java Card has no threads and no synchronized methods",
            );
        }
        if flags.contains(MethodAccessFlags::NATIVE) {
            self.complain(&label, None, "a package can't have native methods");
        }
        if self.interface && !result.is_abstract && result.name != "<clinit>" {
            self.complain(
                &label,
                None,
                "interface methods with a body (default, static, private) are not in Java Card",
            );
        }
        for attribute in &method.attributes {
            if let AttributeData::Code(code) = &attribute.data {
                result.code = self.read_code(&label, code);
            }
        }
        self.methods.push(result);
    }

    fn read_code(&mut self, label: &str, code: &CodeData<'_>) -> Option<Code> {
        let bytecode = code.bytecode.as_ref()?;
        let mut lines: BTreeMap<usize, u16> = BTreeMap::new();
        for attribute in &code.attributes {
            if let AttributeData::LineNumberTable(entries) = &attribute.data {
                for entry in entries {
                    lines.insert(usize::from(entry.start_pc), entry.line_number);
                }
            }
        }
        let index = |pc: usize| bytecode.get_opcode_index(pc);
        let mut instructions = Vec::new();
        let mut refused = false;
        for (pc, opcode) in &bytecode.opcodes {
            let line = lines.range(..=pc).next_back().map(|(_, line)| *line);
            let jump = |offset: &i32| {
                let to = i64::try_from(*pc).ok()? + i64::from(*offset);
                index(usize::try_from(to).ok()?)
            };
            match translate(opcode, jump) {
                Ok(op) => instructions.push(Instruction { op, line }),
                Err(message) => {
                    refused = true;
                    self.complain(label, line, message);
                }
            }
        }
        let mut handlers = Vec::new();
        for entry in &code.exception_table {
            let end = usize::from(entry.end_pc);
            handlers.push(Handler {
                start: index(usize::from(entry.start_pc))?,
                end: index(end).unwrap_or(bytecode.opcodes.len()),
                target: index(usize::from(entry.handler_pc))?,
                catch_type: entry.catch_type.as_ref().map(ToString::to_string),
            });
        }
        (!refused).then_some(Code {
            instructions,
            handlers,
            max_locals: code.max_locals,
        })
    }
}

/// The package part of a class name.
pub(crate) fn package_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(package, _)| package)
}

fn member(reference: &JvmMember<'_>) -> Member {
    Member {
        class: reference.class_name.to_string(),
        name: reference.name_and_type.name.to_string(),
        descriptor: reference.name_and_type.descriptor.to_string(),
    }
}

fn type_name(array: &ObjectArrayType<'_>) -> String {
    match array {
        ObjectArrayType::ArrayType(descriptor) => descriptor.to_string(),
        ObjectArrayType::BinaryName(name) => name.to_string(),
    }
}

fn constant(loadable: &Loadable<'_>) -> Result<Op, String> {
    match loadable {
        Loadable::LiteralConstant(LiteralConstant::Integer(value)) => Ok(Op::Constant(*value)),
        Loadable::LiteralConstant(LiteralConstant::String(_) | LiteralConstant::StringBytes(_)) => {
            Err("java.lang.String is not in Java Card".to_owned())
        }
        Loadable::LiteralConstant(LiteralConstant::Long(_)) => Err(no_type("long")),
        Loadable::LiteralConstant(LiteralConstant::Float(_)) => Err(no_type("float")),
        Loadable::LiteralConstant(LiteralConstant::Double(_)) => Err(no_type("double")),
        Loadable::ClassInfo(_) => Err("class literals are not in Java Card".to_owned()),
        Loadable::MethodHandle(_) | Loadable::MethodType(_) | Loadable::Dynamic(_) => {
            Err("method handles are not in Java Card".to_owned())
        }
    }
}

fn no_type(name: &str) -> String {
    format!("type {name} is not in Java Card")
}

#[allow(clippy::too_many_lines, reason = "one row for each JVM instruction")]
fn translate(opcode: &J<'_>, jump: impl Fn(&i32) -> Option<usize>) -> Result<Op, String> {
    let to = |offset: &i32| jump(offset).ok_or_else(|| "a jump leads nowhere".to_owned());
    let shuffle = |s| Ok(Op::Shuffle(s));
    let binary = |b| Ok(Op::Binary(b));
    let if_zero = |c, offset| Ok(Op::IfZero(c, to(offset)?));
    let if_compare = |c, offset| Ok(Op::IfCompare(c, to(offset)?));
    match opcode {
        J::Nop => Ok(Op::Nop),
        J::AconstNull => Ok(Op::Null),
        J::IconstM1 => Ok(Op::Constant(-1)),
        J::Iconst0 => Ok(Op::Constant(0)),
        J::Iconst1 => Ok(Op::Constant(1)),
        J::Iconst2 => Ok(Op::Constant(2)),
        J::Iconst3 => Ok(Op::Constant(3)),
        J::Iconst4 => Ok(Op::Constant(4)),
        J::Iconst5 => Ok(Op::Constant(5)),
        J::Bipush(value) => Ok(Op::Constant(i32::from(*value))),
        J::Sipush(value) => Ok(Op::Constant(i32::from(*value))),
        J::Ldc(value) | J::LdcW(value) | J::Ldc2W(value) => constant(value),
        J::Iload(slot) => Ok(Op::LoadInt(*slot)),
        J::Aload(slot) => Ok(Op::LoadReference(*slot)),
        J::Istore(slot) => Ok(Op::StoreInt(*slot)),
        J::Astore(slot) => Ok(Op::StoreReference(*slot)),
        J::Iinc(slot, by) => Ok(Op::Increment(*slot, *by)),
        J::Aaload => Ok(Op::ArrayLoad(Element::Reference)),
        J::Baload => Ok(Op::ArrayLoad(Element::Byte)),
        J::Saload => Ok(Op::ArrayLoad(Element::Short)),
        J::Iaload => Ok(Op::ArrayLoad(Element::Int)),
        J::Aastore => Ok(Op::ArrayStore(Element::Reference)),
        J::Bastore => Ok(Op::ArrayStore(Element::Byte)),
        J::Sastore => Ok(Op::ArrayStore(Element::Short)),
        J::Iastore => Ok(Op::ArrayStore(Element::Int)),
        J::Pop => shuffle(Shuffle::Pop),
        J::Pop2 => shuffle(Shuffle::Pop2),
        J::Dup => shuffle(Shuffle::Dup),
        J::DupX1 => shuffle(Shuffle::DupX1),
        J::DupX2 => shuffle(Shuffle::DupX2),
        J::Dup2 => shuffle(Shuffle::Dup2),
        J::Dup2X1 => shuffle(Shuffle::Dup2X1),
        J::Dup2X2 => shuffle(Shuffle::Dup2X2),
        J::Swap => shuffle(Shuffle::Swap),
        J::Iadd => binary(Binary::Add),
        J::Isub => binary(Binary::Sub),
        J::Imul => binary(Binary::Mul),
        J::Idiv => binary(Binary::Div),
        J::Irem => binary(Binary::Rem),
        J::Ishl => binary(Binary::Shl),
        J::Ishr => binary(Binary::Shr),
        J::Iushr => binary(Binary::Ushr),
        J::Iand => binary(Binary::And),
        J::Ior => binary(Binary::Or),
        J::Ixor => binary(Binary::Xor),
        J::Ineg => Ok(Op::Negate),
        J::I2b => Ok(Op::ToByte),
        J::I2s => Ok(Op::ToShort),
        J::Ifeq(offset) => if_zero(Condition::Eq, offset),
        J::Ifne(offset) => if_zero(Condition::Ne, offset),
        J::Iflt(offset) => if_zero(Condition::Lt, offset),
        J::Ifge(offset) => if_zero(Condition::Ge, offset),
        J::Ifgt(offset) => if_zero(Condition::Gt, offset),
        J::Ifle(offset) => if_zero(Condition::Le, offset),
        J::IfIcmpeq(offset) => if_compare(Condition::Eq, offset),
        J::IfIcmpne(offset) => if_compare(Condition::Ne, offset),
        J::IfIcmplt(offset) => if_compare(Condition::Lt, offset),
        J::IfIcmpge(offset) => if_compare(Condition::Ge, offset),
        J::IfIcmpgt(offset) => if_compare(Condition::Gt, offset),
        J::IfIcmple(offset) => if_compare(Condition::Le, offset),
        J::IfAcmpeq(offset) => Ok(Op::IfSame(true, to(offset)?)),
        J::IfAcmpne(offset) => Ok(Op::IfSame(false, to(offset)?)),
        J::Ifnull(offset) => Ok(Op::IfNull(true, to(offset)?)),
        J::Ifnonnull(offset) => Ok(Op::IfNull(false, to(offset)?)),
        J::Goto(offset) => Ok(Op::Goto(to(offset)?)),
        J::Tableswitch(table) => {
            let mut targets = Vec::new();
            for (key, offset) in (table.low..=table.high).zip(&table.jumps) {
                targets.push((key, to(offset)?));
            }
            Ok(Op::Switch {
                table: true,
                default: to(&table.default)?,
                targets,
            })
        }
        J::Lookupswitch(table) => {
            let mut targets = Vec::new();
            for (key, offset) in &table.match_offsets {
                targets.push((*key, to(offset)?));
            }
            targets.sort_unstable();
            Ok(Op::Switch {
                table: false,
                default: to(&table.default)?,
                targets,
            })
        }
        J::Return => Ok(Op::ReturnVoid),
        J::Ireturn => Ok(Op::ReturnInt),
        J::Areturn => Ok(Op::ReturnReference),
        J::Getstatic(reference) => Ok(Op::GetStatic(member(reference))),
        J::Putstatic(reference) => Ok(Op::PutStatic(member(reference))),
        J::Getfield(reference) => Ok(Op::GetField(member(reference))),
        J::Putfield(reference) => Ok(Op::PutField(member(reference))),
        J::Invokevirtual(reference) => Ok(Op::Invoke(Call::Virtual, member(reference))),
        J::Invokespecial(reference) => Ok(Op::Invoke(Call::Special, member(reference))),
        J::Invokestatic(reference) => Ok(Op::Invoke(Call::Static, member(reference))),
        J::Invokeinterface(reference, _) => Ok(Op::Invoke(Call::Interface, member(reference))),
        J::New(name) => Ok(Op::New(name.to_string())),
        J::Newarray(kind) => match kind {
            PrimitiveArrayType::Boolean => Ok(Op::NewArray(Primitive::Boolean)),
            PrimitiveArrayType::Byte => Ok(Op::NewArray(Primitive::Byte)),
            PrimitiveArrayType::Short => Ok(Op::NewArray(Primitive::Short)),
            PrimitiveArrayType::Int => Ok(Op::NewArray(Primitive::Int)),
            PrimitiveArrayType::Char => Err(no_type("char")),
            PrimitiveArrayType::Long => Err(no_type("long")),
            PrimitiveArrayType::Float => Err(no_type("float")),
            PrimitiveArrayType::Double => Err(no_type("double")),
        },
        J::Anewarray(element) => match element {
            ObjectArrayType::BinaryName(name) => Ok(Op::NewReferenceArray(name.to_string())),
            ObjectArrayType::ArrayType(_) => Err(no_nested_arrays()),
        },
        J::Multianewarray(..) => Err(no_nested_arrays()),
        J::Arraylength => Ok(Op::ArrayLength),
        J::Athrow => Ok(Op::Throw),
        J::Checkcast(target) => Ok(Op::CheckCast(type_name(target))),
        J::Instanceof(target) => Ok(Op::InstanceOf(type_name(target))),
        J::Invokedynamic(_) => {
            Err("lambdas, method references and string concatenation are not in Java Card".into())
        }
        J::Monitorenter | J::Monitorexit => {
            Err("Java Card has no threads and no synchronized blocks".into())
        }
        J::I2c | J::Caload | J::Castore => Err(no_type("char")),
        J::Jsr(_) | J::Ret(_) => Err("subroutines (jsr) are only made by old compilers".into()),
        J::Breakpoint | J::Impdep1 | J::Impdep2 => Err("reserved instruction".into()),
        other => Err(foreign_arithmetic(other)),
    }
}

pub(crate) fn no_nested_arrays() -> String {
    "arrays of arrays are not in Java Card".to_owned()
}

/// The instructions left over are those of `long`, `float` and `double`.
fn foreign_arithmetic(opcode: &J<'_>) -> String {
    let name = format!("{opcode:?}");
    let letters: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
    let kind = match letters.as_bytes() {
        [b'L', ..] | [b'I', b'2', b'l'] => "long",
        [b'F', ..] | [b'I', b'2', b'f'] => "float",
        _ => "double",
    };
    no_type(kind)
}
