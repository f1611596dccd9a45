//! Java Card instructions for one method.

use std::collections::{BTreeMap, BTreeSet};

use hydra_cap::opcode::{Effect, Opcode};

use super::assemble::{Assembled, Item, Label, Operand, assemble};
use super::flow::{Flow, Kind, Node, State};
use super::typing::{Typing, Width, inputs, local};
use crate::classfile::{Binary, Code, Condition, Element, Method, Op, Primitive};
use crate::diagnostic::{Diagnostics, Place};
use crate::pool::Pool;
use crate::shape::Shape;
use crate::types::{Signature, Type};
use crate::world::World;

mod locals;
mod member;
mod stack;

pub(crate) use member::instance_field;

/// Why a method could not be written, the line aside.
type Refused = String;

/// A method's code and header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) code: Assembled,
    pub(crate) handlers: Vec<WrittenHandler>,
    pub(crate) max_stack: usize,
    pub(crate) parameter_words: usize,
    pub(crate) local_words: usize,
    /// Lines that need 32-bit instructions or types.
    pub(crate) int_lines: BTreeSet<Option<u16>>,
}

/// Offsets from the method's first instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenHandler {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) target: usize,
    /// Constant pool index, 0 for any class.
    pub(crate) catch_type: u16,
}

/// What the whole package shares while methods are written.
pub(crate) struct Linker<'a, 'w> {
    pub(crate) world: &'a World<'w>,
    pub(crate) shapes: &'a [Shape],
    pub(crate) pool: &'a mut Pool,
}

/// Writes a method with code. Everything that stands in the way becomes a diagnostic.
pub(crate) fn write_method(
    linker: &mut Linker<'_, '_>,
    class_index: usize,
    method: &Method,
    code: &Code,
    diagnostics: &mut Diagnostics,
) -> Option<Written> {
    let class = &linker.world.classes[class_index];
    let label = method.label();
    let place = |line| Place {
        class,
        member: &label,
        line,
    };
    let signature = Signature::parse(&method.descriptor).ok()?;
    let this = class.name.clone();
    let flow = match Flow::analyse(code, method.is_static, &this, &signature) {
        Ok(flow) => flow,
        Err(message) => {
            diagnostics.push(place(None).diagnostic(message));
            return None;
        }
    };
    let (typing, refusals) = Typing::decide(code, &flow, &signature.result);
    let mut refused = !refusals.is_empty();
    for (index, message) in refusals {
        let line = code.instructions[index].line;
        diagnostics.push(place(line).diagnostic(message));
    }
    let mut writer = Writer {
        class_index,
        method,
        code,
        flow: &flow,
        typing: &typing,
        slots: BTreeMap::new(),
        elided: BTreeSet::new(),
        items: Vec::new(),
        depth: 0,
        max_depth: 0,
        uses_int: false,
        linker,
    };
    writer.number_locals(&signature);
    writer.find_implicit_this();
    let mut positions = Vec::with_capacity(code.instructions.len() + 1);
    let mut int_lines = BTreeSet::new();
    let joins = writer.joins();
    let mut index = 0;
    while index < code.instructions.len() {
        positions.push(writer.items.len());
        let skipped = writer.increment(index, &joins);
        if skipped > 0 {
            for _ in 1..skipped {
                positions.push(writer.items.len());
            }
            index += skipped;
            continue;
        }
        let line = code.instructions[index].line;
        if let Err(message) = writer.instruction(index) {
            refused = true;
            diagnostics.push(place(line).diagnostic(message));
        }
        if writer.uses_int {
            int_lines.insert(line);
            writer.uses_int = false;
        }
        index += 1;
    }
    positions.push(writer.items.len());
    if refused {
        return None;
    }
    match writer.finish(&positions, &signature) {
        Ok(written) => Some(Written {
            int_lines,
            ..written
        }),
        Err(message) => {
            diagnostics.push(place(None).diagnostic(message));
            None
        }
    }
}

struct Writer<'a, 'l, 'w> {
    class_index: usize,
    method: &'a Method,
    code: &'a Code,
    flow: &'a Flow,
    typing: &'a Typing,
    /// JVM slot and words to the local variable's number.
    slots: BTreeMap<(u16, u8), usize>,
    /// Webs of `this` that exist only for a `_this` instruction.
    elided: BTreeSet<Node>,
    items: Vec<Item>,
    depth: usize,
    max_depth: usize,
    uses_int: bool,
    linker: &'a mut Linker<'l, 'w>,
}

impl Writer<'_, '_, '_> {
    fn words(&self, node: Node) -> u8 {
        if self.elided.contains(&self.flow.web(node)) {
            return 0;
        }
        match self.flow.kind(node) {
            Kind::Reference => 1,
            Kind::Int => match self.typing.width(self.flow, node) {
                Width::Short => 1,
                Width::Int => 2,
            },
        }
    }

    fn stack_words(&self, state: &State) -> usize {
        state
            .stack
            .iter()
            .map(|n| usize::from(self.words(*n)))
            .sum()
    }

    fn push_item(&mut self, opcode: Opcode, operand: Operand, pops: usize, pushes: usize) {
        self.depth = self.depth.saturating_sub(pops) + pushes;
        self.max_depth = self.max_depth.max(self.depth);
        self.items.push(Item { opcode, operand });
    }

    /// An instruction whose effect on the stack the opcode table knows.
    fn put(&mut self, opcode: Opcode, operand: Operand) {
        if let Effect::Fixed(pops, pushes) = opcode.effect() {
            self.uses_int |= pops.contains('i') || pushes.contains('i');
            self.push_item(opcode, operand, pops.len(), pushes.len());
        }
    }

    fn plain(&mut self, opcode: Opcode) {
        self.put(opcode, Operand::Bytes(Vec::new()));
    }

    fn named(&mut self, mnemonic: &str, operand: Operand) -> Result<(), Refused> {
        let opcode =
            Opcode::from_mnemonic(mnemonic).ok_or_else(|| format!("no instruction {mnemonic}"))?;
        self.put(opcode, operand);
        Ok(())
    }

    /// Converts the topmost number.
    fn convert(&mut self, from: Width, to: Width) {
        match (from, to) {
            (Width::Short, Width::Int) => self.plain(Opcode::S2i),
            (Width::Int, Width::Short) => self.plain(Opcode::I2s),
            _ => {}
        }
    }

    /// Brings the topmost number into the width that the instruction takes.
    fn take(&mut self, node: Node, wanted: Width) {
        let have = self.typing.width(self.flow, node);
        self.convert(have, wanted);
    }

    /// Brings the result just pushed into its web's width.
    fn give(&mut self, index: usize, natural: Width) {
        if let Some(node) = self.flow.results[index] {
            let wanted = self.typing.width(self.flow, node);
            self.convert(natural, wanted);
        }
    }

    #[allow(
        clippy::too_many_lines,
        reason = "one arm for each kind of instruction"
    )]
    fn instruction(&mut self, index: usize) -> Result<(), Refused> {
        let flow = self.flow;
        let Some(state) = &flow.states[index] else {
            return Ok(());
        };
        let code = self.code;
        let op = &code.instructions[index].op;
        let taken = inputs(op, state);
        let top = taken.last().copied();
        let result = flow.results[index];
        let wide = self.typing.is_wide(flow, op, taken, result);
        let width = if wide { Width::Int } else { Width::Short };
        self.depth = self.stack_words(state);
        self.max_depth = self.max_depth.max(self.depth);
        match op {
            Op::Nop => {}
            Op::Constant(value) => {
                if let Some(node) = result {
                    self.constant(*value, self.typing.width(flow, node));
                }
            }
            Op::Null => self.plain(Opcode::AconstNull),
            Op::LoadInt(slot) => {
                let web = local(flow, state, *slot).ok_or("no such variable")?;
                let have = self.typing.width(flow, web);
                let letter = if have == Width::Int { 'i' } else { 's' };
                self.variable_access(letter, "load", *slot, self.words(web))?;
                self.give(index, have);
            }
            Op::LoadReference(slot) => {
                if result.is_some_and(|node| self.elided.contains(&flow.web(node))) {
                    return Ok(());
                }
                self.variable_access('a', "load", *slot, 1)?;
            }
            Op::StoreInt(slot) => {
                let node = result.ok_or("no such variable")?;
                let to = self.typing.width(flow, node);
                if let Some(top) = top {
                    self.take(top, to);
                }
                let letter = if to == Width::Int { 'i' } else { 's' };
                self.variable_access(letter, "store", *slot, self.words(node))?;
            }
            Op::StoreReference(slot) => self.variable_access('a', "store", *slot, 1)?,
            Op::Increment(slot, by) => {
                let web = local(flow, state, *slot).ok_or("no such variable")?;
                let width = self.typing.width(flow, web);
                self.local_increment(*slot, width, *by)?;
            }
            Op::ArrayLoad(element) => {
                self.take_top(top, Width::Short);
                let (opcode, natural) = match element {
                    Element::Reference => (Opcode::Aaload, None),
                    Element::Byte => (Opcode::Baload, Some(Width::Short)),
                    Element::Short => (Opcode::Saload, Some(Width::Short)),
                    Element::Int => (Opcode::Iaload, Some(Width::Int)),
                };
                self.plain(opcode);
                if let Some(natural) = natural {
                    self.give(index, natural);
                }
            }
            Op::ArrayStore(element) => {
                let opcode = match element {
                    Element::Reference => Opcode::Aastore,
                    Element::Byte => Opcode::Bastore,
                    Element::Short => Opcode::Sastore,
                    Element::Int => Opcode::Iastore,
                };
                match element {
                    Element::Reference => {}
                    Element::Int => self.take_top(top, Width::Int),
                    _ => self.take_top(top, Width::Short),
                }
                self.plain(opcode);
            }
            Op::Shuffle(shuffle) => match (flow.copies[index], state.stack.last()) {
                (Some(below), Some(original)) => {
                    self.copy(*shuffle, state, *original, below)?;
                    self.give(index, self.typing.width(flow, *original));
                }
                _ => self.shuffle(*shuffle, state)?,
            },
            Op::Binary(binary) => {
                self.take_top(top, width);
                self.plain(binary_opcode(*binary, width));
                self.give(index, width);
            }
            Op::Negate => {
                self.take_top(top, width);
                self.plain(match width {
                    Width::Int => Opcode::Ineg,
                    Width::Short => Opcode::Sneg,
                });
                self.give(index, width);
            }
            Op::ToByte => {
                let node = top.ok_or("no value")?;
                match self.typing.width(flow, node) {
                    Width::Int => self.plain(Opcode::I2b),
                    Width::Short if !self.typing.fits_byte(flow, node) => self.plain(Opcode::S2b),
                    Width::Short => {}
                }
                self.give(index, Width::Short);
            }
            Op::ToShort => {
                self.take_top(top, Width::Short);
                self.give(index, Width::Short);
            }
            Op::IfZero(condition, to) => {
                if wide {
                    self.take_top(top, Width::Int);
                    self.plain(Opcode::Iconst0);
                    self.plain(Opcode::Icmp);
                } else {
                    self.take_top(top, Width::Short);
                }
                let name = format!("if{}", suffix(*condition));
                self.named(&name, branch(*to))?;
            }
            Op::IfCompare(condition, to) => {
                self.take_top(top, width);
                let name = if wide {
                    self.plain(Opcode::Icmp);
                    format!("if{}", suffix(*condition))
                } else {
                    format!("if_scmp{}", suffix(*condition))
                };
                self.named(&name, branch(*to))?;
            }
            Op::IfSame(same, to) => self.put(
                if *same {
                    Opcode::IfAcmpeq
                } else {
                    Opcode::IfAcmpne
                },
                branch(*to),
            ),
            Op::IfNull(null, to) => self.put(
                if *null {
                    Opcode::Ifnull
                } else {
                    Opcode::Ifnonnull
                },
                branch(*to),
            ),
            Op::Goto(to) => self.put(Opcode::Goto, branch(*to)),
            Op::Switch {
                table,
                default,
                targets,
            } => {
                self.take_top(top, width);
                self.switch(*table, *default, targets, width);
            }
            Op::ReturnVoid => self.plain(Opcode::Return),
            Op::ReturnReference => self.plain(Opcode::Areturn),
            Op::ReturnInt => {
                let signature = Signature::parse(&self.method.descriptor)?;
                if signature.result == Type::Int {
                    self.take_top(top, Width::Int);
                    self.plain(Opcode::Ireturn);
                } else {
                    self.take_top(top, Width::Short);
                    self.plain(Opcode::Sreturn);
                }
            }
            Op::GetStatic(member) => self.static_field("getstatic", index, member)?,
            Op::PutStatic(member) => {
                self.take_field(top, member)?;
                self.static_field("putstatic", index, member)?;
            }
            Op::GetField(member) => self.field("getfield", op, taken, member, index)?,
            Op::PutField(member) => {
                self.take_field(top, member)?;
                self.field("putfield", op, taken, member, index)?;
            }
            Op::Invoke(call, member) => self.invoke(*call, member, top, index)?,
            Op::New(name) => {
                let class = self.linker.world.require(name)?;
                let cp = self.class_entry(class)?;
                self.put(Opcode::New, Operand::Index16(cp));
            }
            Op::NewArray(primitive) => {
                self.take_top(top, Width::Short);
                self.uses_int |= *primitive == Primitive::Int;
                let kind = array_type(*primitive);
                self.put(Opcode::Newarray, Operand::Bytes(vec![kind]));
            }
            Op::NewReferenceArray(name) => {
                self.take_top(top, Width::Short);
                let class = self.linker.world.require(name)?;
                let cp = self.class_entry(class)?;
                self.put(Opcode::Anewarray, Operand::Index16(cp));
            }
            Op::ArrayLength => {
                self.plain(Opcode::Arraylength);
                self.give(index, Width::Short);
            }
            Op::Throw => self.plain(Opcode::Athrow),
            Op::CheckCast(name) => self.type_check(Opcode::Checkcast, name)?,
            Op::InstanceOf(name) => {
                self.type_check(Opcode::Instanceof, name)?;
                self.give(index, Width::Short);
            }
        }
        Ok(())
    }

    fn take_top(&mut self, top: Option<Node>, wanted: Width) {
        if let Some(node) = top {
            self.take(node, wanted);
        }
    }

    fn switch(&mut self, table: bool, default: usize, targets: &[(i32, usize)], width: Width) {
        // Keys beyond 16 bits can't occur when the value fits into them.
        let targets: Vec<(i32, Label)> = targets
            .iter()
            .filter(|(key, _)| width == Width::Int || i16::try_from(*key).is_ok())
            .map(|(key, to)| (*key, *to))
            .collect();
        if targets.is_empty() {
            self.pop(if width == Width::Int { 2 } else { 1 });
            self.put(Opcode::Goto, branch(default));
            return;
        }
        let (opcode, key_bytes) = match (table, width) {
            (true, Width::Short) => (Opcode::Stableswitch, 2),
            (true, Width::Int) => (Opcode::Itableswitch, 4),
            (false, Width::Short) => (Opcode::Slookupswitch, 2),
            (false, Width::Int) => (Opcode::Ilookupswitch, 4),
        };
        self.put(
            opcode,
            Operand::Switch {
                key_bytes,
                table,
                default,
                targets,
            },
        );
    }

    /// Assembles the code and places the exception handlers.
    fn finish(mut self, positions: &[usize], signature: &Signature) -> Result<Written, Refused> {
        let live: Vec<_> = self
            .code
            .handlers
            .iter()
            .filter(|h| {
                positions[h.start] < positions[h.end] && self.flow.states[h.target].is_some()
            })
            .cloned()
            .collect();
        // The file wants handlers in the order of their addresses, the JVM searches them in the
        // order of the table. Where these differ, jumps at the end of the method agree with both.
        let ordered = live.windows(2).all(|p| p[0].target <= p[1].target);
        let mut trampolines = Vec::new();
        if !ordered {
            for handler in &live {
                trampolines.push(self.items.len());
                self.depth = 1;
                self.put(Opcode::Goto, branch(handler.target));
            }
            self.max_depth = self.max_depth.max(1);
        }
        let mut handlers = Vec::new();
        for handler in &live {
            let catch_type = match &handler.catch_type {
                Some(name) => {
                    let class = self.linker.world.require(name)?;
                    index16(self.linker.pool.caught_class(class))?
                }
                None => 0,
            };
            handlers.push((handler, catch_type));
        }
        let code = assemble(&self.items, positions, &trampolines)?;
        let handlers = handlers
            .into_iter()
            .enumerate()
            .map(|(i, (handler, catch_type))| WrittenHandler {
                start: code.offsets[handler.start],
                end: code.offsets[handler.end],
                target: match code.trampolines.get(i) {
                    Some(offset) => *offset,
                    None => code.offsets[handler.target],
                },
                catch_type,
            })
            .collect();
        let parameter_words = signature.words() + usize::from(!self.method.is_static);
        let locals = self
            .slots
            .iter()
            .map(|((_, words), n)| n + usize::from(*words));
        let all = locals.max().unwrap_or(0).max(parameter_words);
        Ok(Written {
            code,
            handlers,
            max_stack: self.max_depth,
            parameter_words,
            local_words: all - parameter_words,
            int_lines: BTreeSet::new(),
        })
    }
}

fn index16(index: usize) -> Result<u16, Refused> {
    u16::try_from(index).map_err(|_| "the constant pool is full".to_owned())
}

fn branch(to: usize) -> Operand {
    Operand::Branch(to)
}

fn suffix(condition: Condition) -> &'static str {
    match condition {
        Condition::Eq => "eq",
        Condition::Ne => "ne",
        Condition::Lt => "lt",
        Condition::Ge => "ge",
        Condition::Gt => "gt",
        Condition::Le => "le",
    }
}

fn array_type(primitive: Primitive) -> u8 {
    match primitive {
        Primitive::Boolean => 10,
        Primitive::Byte => 11,
        Primitive::Short => 12,
        Primitive::Int => 13,
    }
}

fn binary_opcode(binary: Binary, width: Width) -> Opcode {
    let (short, int) = match binary {
        Binary::Add => (Opcode::Sadd, Opcode::Iadd),
        Binary::Sub => (Opcode::Ssub, Opcode::Isub),
        Binary::Mul => (Opcode::Smul, Opcode::Imul),
        Binary::Div => (Opcode::Sdiv, Opcode::Idiv),
        Binary::Rem => (Opcode::Srem, Opcode::Irem),
        Binary::Shl => (Opcode::Sshl, Opcode::Ishl),
        Binary::Shr => (Opcode::Sshr, Opcode::Ishr),
        Binary::Ushr => (Opcode::Sushr, Opcode::Iushr),
        Binary::And => (Opcode::Sand, Opcode::Iand),
        Binary::Or => (Opcode::Sor, Opcode::Ior),
        Binary::Xor => (Opcode::Sxor, Opcode::Ixor),
    };
    match width {
        Width::Short => short,
        Width::Int => int,
    }
}
