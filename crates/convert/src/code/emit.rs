//! Java Card instructions for one method.

use std::collections::{BTreeMap, BTreeSet};

use hydra_cap::opcode::{Effect, Opcode};

use super::assemble::{Assembled, Item, Label, Operand, assemble};
use super::flow::{Flow, Kind, Node, State};
use super::typing::{Typing, Width, inputs, local};
use crate::classfile::{
    Access, Binary, Call, Code, Condition, Element, Member, Method, Op, Primitive, Shuffle,
};
use crate::diagnostic::{Diagnostics, Place, dotted};
use crate::pool::{Key, Pool};
use crate::shape::Shape;
use crate::types::{Signature, Type};
use crate::world::{ClassId, Found, OBJECT, World};

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
    /// Parameters keep their order; every other slot gets a place for each width it is used in.
    fn number_locals(&mut self, signature: &Signature) {
        let mut next = 0;
        for (node, slot, kind) in &self.flow.parameters {
            let words = self.words(*node);
            debug_assert_eq!(words, kind.words());
            self.slots.insert((*slot, words), next);
            next += usize::from(words);
        }
        debug_assert_eq!(
            next,
            signature.words() + usize::from(!self.method.is_static)
        );
        let mut used = BTreeSet::new();
        for (index, instruction) in self.code.instructions.iter().enumerate() {
            if let Op::StoreInt(slot) | Op::StoreReference(slot) = instruction.op
                && let Some(node) = self.flow.results[index]
            {
                used.insert((slot, self.words(node)));
            }
        }
        for key in used {
            self.slots.entry(key).or_insert_with(|| {
                let number = next;
                next += usize::from(key.1);
                number
            });
        }
    }

    /// Finds loads of `this` that only serve one field access: the `_this` forms need no
    /// reference on the stack.
    fn find_implicit_this(&mut self) {
        if self.method.is_static {
            return;
        }
        let Some(this) = self.flow.parameters.first().map(|p| self.flow.web(p.0)) else {
            return;
        };
        let mut definitions: BTreeMap<Node, (usize, bool)> = BTreeMap::new();
        let mut uses: BTreeMap<Node, (usize, bool)> = BTreeMap::new();
        for (index, instruction) in self.code.instructions.iter().enumerate() {
            let Some(state) = &self.flow.states[index] else {
                continue;
            };
            let op = &instruction.op;
            if let Some(node) = self.flow.results[index] {
                let entry = definitions.entry(self.flow.web(node)).or_insert((0, false));
                entry.0 += 1;
                entry.1 =
                    matches!(op, Op::LoadReference(0)) && local(self.flow, state, 0) == Some(this);
            }
            let access = self.field_index(op).is_some();
            for (position, node) in inputs(op, state).iter().enumerate() {
                let entry = uses.entry(self.flow.web(*node)).or_insert((0, false));
                entry.0 += 1;
                entry.1 = access && position == 0;
            }
            // What a dup copies is used more than once.
            let copied = match op {
                Op::Shuffle(Shuffle::Dup | Shuffle::DupX1 | Shuffle::DupX2) => 1,
                Op::Shuffle(Shuffle::Dup2 | Shuffle::Dup2X1 | Shuffle::Dup2X2) => 2,
                _ => 0,
            };
            for node in state.stack.iter().rev().take(copied) {
                uses.entry(self.flow.web(*node)).or_insert((0, false)).0 += 2;
            }
        }
        for (web, definition) in definitions {
            if definition == (1, true) && uses.get(&web) == Some(&(1, true)) {
                self.elided.insert(web);
            }
        }
    }

    /// The constant pool index of an instance field that a one-byte operand reaches.
    fn field_index(&self, op: &Op) -> Option<u8> {
        let (Op::GetField(member) | Op::PutField(member)) = op else {
            return None;
        };
        let key = instance_field(self.linker.world, self.linker.shapes, member).ok()?;
        let entries = self.linker.pool.entries();
        u8::try_from(entries.iter().position(|e| e.key == key)?).ok()
    }

    /// Instructions that control can reach other than from the one before.
    fn joins(&self) -> BTreeSet<usize> {
        let mut joins = BTreeSet::new();
        for (index, instruction) in self.code.instructions.iter().enumerate() {
            for next in instruction.op.successors(index) {
                if next != index + 1 {
                    joins.insert(next);
                }
            }
            if let Op::IfZero(_, to)
            | Op::IfCompare(_, to)
            | Op::IfSame(_, to)
            | Op::IfNull(_, to)
            | Op::Goto(to) = instruction.op
            {
                joins.insert(to);
            }
            if let Op::Switch {
                default, targets, ..
            } = &instruction.op
            {
                joins.insert(*default);
                joins.extend(targets.iter().map(|(_, to)| *to));
            }
        }
        for handler in &self.code.handlers {
            joins.extend([handler.start, handler.end, handler.target]);
        }
        joins
    }

    /// `x = (short) (x + n)` on a one-word variable is `sinc`. Says how many instructions it took.
    fn increment(&mut self, index: usize, joins: &BTreeSet<usize>) -> usize {
        let code = self.code;
        let Some(window) = code.instructions.get(index..index + 5) else {
            return 0;
        };
        if (index + 1..index + 5).any(|i| joins.contains(&i)) {
            return 0;
        }
        let [
            Op::LoadInt(from),
            Op::Constant(by),
            Op::Binary(binary @ (Binary::Add | Binary::Sub)),
            Op::ToShort,
            Op::StoreInt(to),
        ] = [
            &window[0].op,
            &window[1].op,
            &window[2].op,
            &window[3].op,
            &window[4].op,
        ]
        else {
            return 0;
        };
        let by = if *binary == Binary::Add {
            *by
        } else {
            by.wrapping_neg()
        };
        let (Some(state), Ok(by)) = (&self.flow.states[index], i16::try_from(by)) else {
            return 0;
        };
        let webs = (local(self.flow, state, *from), self.flow.results[index + 4]);
        let (Some(old), Some(new)) = webs else {
            return 0;
        };
        let both_short = self.words(old) == 1 && self.words(new) == 1;
        if from != to || !both_short || self.variable(*to, 1).is_err() {
            return 0;
        }
        self.depth = self.stack_words(state);
        self.local_increment(*to, Width::Short, by)
            .map_or(0, |()| 5)
    }

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

    /// The local variable's number, which instructions hold in one byte.
    fn variable(&self, slot: u16, words: u8) -> Result<u8, Refused> {
        self.slots
            .get(&(slot, words))
            .and_then(|number| u8::try_from(*number).ok())
            .ok_or_else(|| "the method has more than 255 words of local variables".to_owned())
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

    fn take_field(&mut self, top: Option<Node>, member: &Member) -> Result<(), Refused> {
        let kind = Type::parse(&member.descriptor)?;
        if !kind.is_reference() {
            self.take_top(top, super::typing::width_of(&kind));
        }
        Ok(())
    }

    fn constant(&mut self, value: i32, width: Width) {
        let names = ["m1", "0", "1", "2", "3", "4", "5"];
        let small = usize::try_from(value.saturating_add(1))
            .ok()
            .and_then(|i| names.get(i));
        // A constant that no reader needs beyond 16 bits is cut to them.
        let [.., high, low] = value.to_be_bytes();
        let short = i16::from_be_bytes([high, low]);
        let as_byte = i8::try_from(value).ok();
        match (width, small, as_byte) {
            (Width::Short, Some(name), _) => {
                let _ = self.named(&format!("sconst_{name}"), Operand::Bytes(Vec::new()));
            }
            (Width::Int, Some(name), _) => {
                let _ = self.named(&format!("iconst_{name}"), Operand::Bytes(Vec::new()));
            }
            (Width::Short, None, Some(byte)) => {
                self.put(Opcode::Bspush, Operand::Bytes(byte.to_be_bytes().to_vec()));
            }
            (Width::Short, None, None) => {
                self.put(Opcode::Sspush, Operand::Bytes(short.to_be_bytes().to_vec()));
            }
            (Width::Int, None, Some(byte)) => {
                self.put(Opcode::Bipush, Operand::Bytes(byte.to_be_bytes().to_vec()));
            }
            (Width::Int, None, None) if i32::from(short) == value => {
                self.put(Opcode::Sipush, Operand::Bytes(short.to_be_bytes().to_vec()));
            }
            (Width::Int, None, None) => {
                self.put(Opcode::Iipush, Operand::Bytes(value.to_be_bytes().to_vec()));
            }
        }
    }

    fn variable_access(
        &mut self,
        letter: char,
        verb: &str,
        slot: u16,
        words: u8,
    ) -> Result<(), Refused> {
        let number = self.variable(slot, words)?;
        if number < 4 {
            self.named(
                &format!("{letter}{verb}_{number}"),
                Operand::Bytes(Vec::new()),
            )
        } else {
            self.named(&format!("{letter}{verb}"), Operand::Bytes(vec![number]))
        }
    }

    fn local_increment(&mut self, slot: u16, width: Width, by: i16) -> Result<(), Refused> {
        let words = if width == Width::Int { 2 } else { 1 };
        let number = self.variable(slot, words)?;
        self.uses_int |= width == Width::Int;
        if let Ok(byte) = i8::try_from(by) {
            let opcode = match width {
                Width::Int => Opcode::Iinc,
                Width::Short => Opcode::Sinc,
            };
            let [byte] = byte.to_be_bytes();
            self.put(opcode, Operand::Bytes(vec![number, byte]));
        } else {
            let opcode = match width {
                Width::Int => Opcode::IincW,
                Width::Short => Opcode::SincW,
            };
            let [high, low] = by.to_be_bytes();
            self.put(opcode, Operand::Bytes(vec![number, high, low]));
        }
        Ok(())
    }

    fn shuffle(&mut self, shuffle: Shuffle, state: &State) -> Result<(), Refused> {
        let words = |n: usize| -> usize {
            let first = state.stack.len().saturating_sub(n);
            let nodes = &state.stack[first..];
            nodes.iter().map(|n| usize::from(self.words(*n))).sum()
        };
        match shuffle {
            Shuffle::Pop => self.pop(words(1)),
            Shuffle::Pop2 => self.pop(words(2)),
            Shuffle::Dup => self.dup(words(1), words(1))?,
            Shuffle::DupX1 => self.dup(words(1), words(2))?,
            Shuffle::DupX2 => self.dup(words(1), words(3))?,
            Shuffle::Dup2 => self.dup(words(2), words(2))?,
            Shuffle::Dup2X1 => self.dup(words(2), words(3))?,
            Shuffle::Dup2X2 => self.dup(words(2), words(4))?,
            Shuffle::Swap => {
                let (above, both) = (words(1), words(2));
                let below = both - above;
                if above > 0 && below > 0 {
                    let mn = nibbles(above, below)?;
                    self.push_item(Opcode::SwapX, Operand::Bytes(vec![mn]), both, both);
                }
            }
        }
        Ok(())
    }

    /// Copies the topmost number below others, where the copy may have another width.
    fn copy(
        &mut self,
        shuffle: Shuffle,
        state: &State,
        original: Node,
        below: Node,
    ) -> Result<(), Refused> {
        let have = self.typing.width(self.flow, original);
        let wanted = self.typing.width(self.flow, below);
        if have == wanted {
            return self.shuffle(shuffle, state);
        }
        let depth = super::flow::shuffle_depth(shuffle);
        let first = state.stack.len().saturating_sub(depth);
        let nodes = &state.stack[first..];
        let all: usize = nodes.iter().map(|n| usize::from(self.words(*n))).sum();
        let (old, new) = (
            usize::from(self.words(original)),
            usize::from(self.words(below)),
        );
        // Make the copy on top, convert it there, bring it down, and take it off the top.
        self.dup(old, old)?;
        self.convert(have, wanted);
        self.dup(new, all + new)?;
        self.pop(new);
        Ok(())
    }

    fn pop(&mut self, words: usize) {
        for _ in 0..words / 2 {
            self.plain(Opcode::Pop2);
        }
        if words % 2 == 1 {
            self.plain(Opcode::Pop);
        }
    }

    /// Copies the topmost `count` words to `depth` words below the top.
    fn dup(&mut self, count: usize, depth: usize) -> Result<(), Refused> {
        match (count, depth) {
            (0, _) => {}
            (1, 1) => self.plain(Opcode::Dup),
            (2, 2) => self.plain(Opcode::Dup2),
            _ => {
                let n = if count == depth { 0 } else { depth };
                let mn = nibbles(count, n)?;
                let operand = Operand::Bytes(vec![mn]);
                self.push_item(Opcode::DupX, operand, depth, depth + count);
            }
        }
        Ok(())
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

    fn class_entry(&mut self, class: ClassId) -> Result<u16, Refused> {
        index16(self.linker.pool.class(class))
    }

    fn type_check(&mut self, opcode: Opcode, name: &str) -> Result<(), Refused> {
        let operand = match Type::parse_class_or_array(name)? {
            Type::Class(name) => {
                let class = self.linker.world.require(&name)?;
                Operand::TypeCheck(0, Some(self.class_entry(class)?))
            }
            Type::Array(element) => match *element {
                Type::Boolean => Operand::TypeCheck(10, None),
                Type::Byte => Operand::TypeCheck(11, None),
                Type::Short => Operand::TypeCheck(12, None),
                Type::Int => {
                    self.uses_int = true;
                    Operand::TypeCheck(13, None)
                }
                Type::Class(name) => {
                    let class = self.linker.world.require(&name)?;
                    Operand::TypeCheck(14, Some(self.class_entry(class)?))
                }
                Type::Void | Type::Array(_) => return Err(crate::classfile::no_nested_arrays()),
            },
            _ => return Err(format!("{name} is no class")),
        };
        self.put(opcode, operand);
        Ok(())
    }

    fn static_field(&mut self, verb: &str, index: usize, member: &Member) -> Result<(), Refused> {
        let kind = Type::parse(&member.descriptor)?;
        let world = self.linker.world;
        let class = world.require(&member.class)?;
        let missing = || format!("no field {} in {}", member.name, dotted(&member.class));
        let found = world
            .field(class, &member.name, &member.descriptor)
            .ok_or_else(missing)?;
        let constant = match found {
            Found::Own(c, f) => world.own_field(c, f).constant,
            Found::Foreign(file, c, f) => world.foreign(file, c).fields[f].value,
        };
        if let Some(value) = constant {
            if verb == "putstatic" {
                return Err(format!("{} is a constant", member.name));
            }
            if let Some(node) = self.flow.results[index] {
                self.constant(value, self.typing.width(self.flow, node));
            }
            return Ok(());
        }
        let key = match found {
            Found::Own(c, f) => Key::OwnStaticField(c, f),
            Found::Foreign(file, c, f) => Key::ForeignStaticField {
                class: ClassId::Foreign(file, c),
                token: world.foreign(file, c).fields[f].token,
            },
        };
        let cp = index16(self.linker.pool.member(key, &member.descriptor))?;
        self.named(&format!("{verb}_{}", kind.letter()), Operand::Index16(cp))?;
        if verb == "getstatic" && !kind.is_reference() {
            self.give(index, super::typing::width_of(&kind));
        }
        Ok(())
    }

    fn field(
        &mut self,
        verb: &str,
        op: &Op,
        taken: &[Node],
        member: &Member,
        index: usize,
    ) -> Result<(), Refused> {
        let kind = Type::parse(&member.descriptor)?;
        let key = instance_field(self.linker.world, self.linker.shapes, member)?;
        let cp = self.linker.pool.member(key, &member.descriptor);
        let letter = kind.letter();
        let implicit = taken
            .first()
            .is_some_and(|node| self.elided.contains(&self.flow.web(*node)));
        match self.field_index(op) {
            Some(cp) if implicit => {
                self.named(&format!("{verb}_{letter}_this"), Operand::Index8(cp))?;
            }
            Some(cp) => self.named(&format!("{verb}_{letter}"), Operand::Index8(cp))?,
            None => {
                let cp = index16(cp)?;
                self.named(&format!("{verb}_{letter}_w"), Operand::Index16(cp))?;
            }
        }
        if verb == "getfield" && !kind.is_reference() {
            self.give(index, super::typing::width_of(&kind));
        }
        Ok(())
    }

    fn invoke(
        &mut self,
        call: Call,
        member: &Member,
        top: Option<Node>,
        index: usize,
    ) -> Result<(), Refused> {
        if is_null_check(member) {
            // javac checks the outer object of `outer.new Inner()` with a method that Java Card
            // lacks. Throwing null is a NullPointerException too.
            self.plain(Opcode::Dup);
            self.put(Opcode::Ifnonnull, branch(index + 1));
            self.plain(Opcode::AconstNull);
            self.plain(Opcode::Athrow);
            return Ok(());
        }
        let signature = Signature::parse(&member.descriptor)?;
        if let Some(last) = signature.parameters.last()
            && !last.is_reference()
        {
            self.take_top(top, super::typing::width_of(last));
        }
        let target = self.target(call, member)?;
        let receiver = usize::from(call != Call::Static);
        let pops = signature.words() + receiver;
        let pushes = usize::from(signature.result.words());
        self.uses_int |= signature.parameters.contains(&Type::Int) || signature.result == Type::Int;
        match target {
            Target::Entry(opcode, key) => {
                let cp = index16(self.linker.pool.member(key, &member.descriptor))?;
                self.push_item(opcode, Operand::Index16(cp), pops, pushes);
            }
            Target::Interface(class, token) => {
                let cp = self.class_entry(class)?;
                let words = u8::try_from(pops).map_err(|_| "too many arguments".to_owned())?;
                let operand = Operand::Interface(words, cp, token);
                self.push_item(Opcode::Invokeinterface, operand, pops, pushes);
            }
        }
        if signature.result != Type::Void && !signature.result.is_reference() {
            self.give(index, super::typing::width_of(&signature.result));
        }
        Ok(())
    }

    fn target(&self, call: Call, member: &Member) -> Result<Target, Refused> {
        let world = self.linker.world;
        // Arrays have the methods of Object.
        let owner = if member.class.starts_with('[') {
            OBJECT
        } else {
            &member.class
        };
        let class = world.require(owner)?;
        let (name, descriptor) = (member.name.as_str(), member.descriptor.as_str());
        let missing = || {
            format!(
                "{}.{name}{descriptor} is not in this Java Card API or package",
                dotted(owner)
            )
        };
        let mut found = world.method(class, name, descriptor);
        if call == Call::Interface && found.is_none() {
            // Methods of Object may be called on an interface.
            let object = world.require(OBJECT)?;
            found = world.method(object, name, descriptor);
        }
        let found = found.ok_or_else(missing)?;
        if let Found::Own(c, m) = found {
            let method = world.own_method(c, m);
            let hidden = method.access == Access::Private && c != self.class_index;
            if hidden {
                return Err(missing());
            }
            if call == Call::Static || method.is_constructor() || method.access == Access::Private {
                let opcode = if call == Call::Static {
                    Opcode::Invokestatic
                } else {
                    Opcode::Invokespecial
                };
                return Ok(Target::Entry(opcode, Key::OwnStaticMethod(c, m)));
            }
        }
        if let Found::Foreign(file, c, m) = found
            && (call == Call::Static || name == "<init>")
        {
            let opcode = if call == Call::Static {
                Opcode::Invokestatic
            } else {
                Opcode::Invokespecial
            };
            let key = Key::ForeignStaticMethod {
                class: ClassId::Foreign(file, c),
                token: world.foreign(file, c).methods[m].token,
            };
            return Ok(Target::Entry(opcode, key));
        }
        let declaring = match found {
            Found::Own(c, _) => ClassId::Own(c),
            Found::Foreign(file, c, _) => ClassId::Foreign(file, c),
        };
        if call == Call::Special {
            if world.is_interface(class) {
                return Err("a call of an interface's default method".to_owned());
            }
            let token = self.virtual_token(declaring, name, descriptor);
            let key = Key::Super {
                class: ClassId::Own(self.class_index),
                token: token.ok_or_else(missing)?,
            };
            return Ok(Target::Entry(Opcode::Invokespecial, key));
        }
        if world.is_interface(declaring) && world.is_interface(class) {
            let token = self.interface_token(class, name, descriptor);
            return Ok(Target::Interface(class, token.ok_or_else(missing)?));
        }
        // An abstract class's open interface method stands in the class's own table.
        let holder = if world.is_interface(declaring) {
            class
        } else {
            declaring
        };
        let token = self.virtual_token(holder, name, descriptor);
        let key = Key::Virtual {
            class: holder,
            token: token.ok_or_else(missing)?,
        };
        Ok(Target::Entry(Opcode::Invokevirtual, key))
    }

    fn virtual_token(&self, class: ClassId, name: &str, descriptor: &str) -> Option<u8> {
        match class {
            ClassId::Own(index) => self.linker.shapes[index].virtual_token(name, descriptor),
            ClassId::Foreign(file, c) => {
                let class = self.linker.world.foreign(file, c);
                class.method(name, descriptor).map(|m| m.token)
            }
        }
    }

    fn interface_token(&self, class: ClassId, name: &str, descriptor: &str) -> Option<u8> {
        match class {
            ClassId::Own(index) => self.linker.shapes[index].interface_token(name, descriptor),
            ClassId::Foreign(file, c) => {
                let class = self.linker.world.foreign(file, c);
                class.method(name, descriptor).map(|m| m.token)
            }
        }
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

fn is_null_check(member: &Member) -> bool {
    member.class == "java/util/Objects"
        && member.name == "requireNonNull"
        && member.descriptor == "(Ljava/lang/Object;)Ljava/lang/Object;"
}

enum Target {
    Entry(Opcode, Key),
    Interface(ClassId, u8),
}

/// The constant pool key of an instance field.
pub(crate) fn instance_field(
    world: &World<'_>,
    shapes: &[Shape],
    member: &Member,
) -> Result<Key, Refused> {
    let class = world.require(&member.class)?;
    let missing = || format!("no field {} in {}", member.name, dotted(&member.class));
    match world
        .field(class, &member.name, &member.descriptor)
        .ok_or_else(missing)?
    {
        Found::Own(c, f) => Ok(Key::InstanceField {
            class: ClassId::Own(c),
            token: shapes[c].instance_fields[f].ok_or_else(missing)?,
        }),
        Found::Foreign(file, c, f) => Ok(Key::InstanceField {
            class: ClassId::Foreign(file, c),
            token: world.foreign(file, c).fields[f].token,
        }),
    }
}

fn index16(index: usize) -> Result<u16, Refused> {
    u16::try_from(index).map_err(|_| "the constant pool is full".to_owned())
}

fn nibbles(m: usize, n: usize) -> Result<u8, Refused> {
    match (u8::try_from(m), u8::try_from(n)) {
        (Ok(m), Ok(n)) if m <= 4 && n <= 8 => Ok(m << 4 | n),
        _ => Err("too many words to copy on the stack".to_owned()),
    }
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
