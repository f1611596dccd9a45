//! The methods' extents, and each instruction by itself: decoding, branch targets, local variables, constant pool kinds.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::flow::Flow;
use super::members::Entry;
use super::types::Bounds;
use super::{Rule, Verifier, WORK_PER_BYTE};
use crate::opcode::{DecodeError, Effect, Instruction, Opcode, Operands};
use crate::types::{ComponentTag, Header, MethodHeader};

/// A method's place in the Method component.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    /// Offset of the header.
    pub(super) offset: u32,
    pub(super) package: u8,
    pub(super) header: MethodHeader,
    /// Offset of the first instruction.
    pub(super) first: usize,
    /// Offset after the last.
    pub(super) end: usize,
    /// The component up to there.
    pub(super) code: &'a [u8],
}

impl Body<'_> {
    pub(super) fn contains(&self, at: usize) -> bool {
        (self.first..self.end).contains(&at)
    }

    pub(super) fn locals(&self) -> usize {
        usize::from(self.header.nargs) + usize::from(self.header.max_locals)
    }
}

/// What each byte of a method is.
pub(super) struct Layout {
    first: usize,
    starts: Vec<bool>,
    /// Where paths may meet.
    joins: Vec<bool>,
}

impl Layout {
    pub(super) fn is_start(&self, at: usize) -> bool {
        let place = at.checked_sub(self.first);
        place.and_then(|place| self.starts.get(place)) == Some(&true)
    }

    pub(super) fn is_join(&self, at: usize) -> bool {
        let place = at.checked_sub(self.first);
        place.and_then(|place| self.joins.get(place)) == Some(&true)
    }

    fn mark(&mut self, at: usize) {
        let place = at.checked_sub(self.first);
        if let Some(join) = place.and_then(|place| self.joins.get_mut(place)) {
            *join = true;
        }
    }
}

/// Where constant pool indices were found.
#[derive(Default)]
struct Places {
    bytes: BTreeSet<usize>,
    shorts: BTreeSet<usize>,
}

impl<'a> Verifier<'a> {
    pub(super) fn code(&mut self) {
        let bodies = self.bodies();
        let pool = core::mem::take(&mut self.pool);
        let mut bounds = Bounds::default();
        let mut places = Places::default();
        let mut whole = true;
        let mut claimed = vec![false; self.cap.method().handlers.len()];
        for body in bodies {
            self.report.methods += 1;
            let known = self.faults.list.len();
            let layout = self.layout(&body, &pool, &mut places);
            let handlers = self.ranges(&body, layout.as_ref(), &mut claimed);
            let sound = self.faults.list.len() == known;
            whole &= sound;
            if !self.typed() || body.header.is_abstract {
                continue;
            }
            // Types are followed only through code that can be: instructions, targets and handlers that are there.
            let Some(mut layout) = layout.filter(|_| sound) else {
                continue;
            };
            for handler in &handlers {
                layout.mark(handler.target);
            }
            let budget = (body.end - body.first).saturating_mul(WORK_PER_BYTE) + 1024;
            if let Some(method) = self.members.world.files[0].method(body.offset) {
                Flow::new(
                    self,
                    &mut bounds,
                    &pool,
                    body,
                    &layout,
                    &handlers,
                    method,
                    budget,
                )
                .run();
            }
        }
        for (i, _) in claimed.iter().enumerate().filter(|(_, claimed)| !**claimed) {
            let at = self.handler_offset(i);
            self.faults.add(
                ComponentTag::Method,
                at,
                Rule::HandlerRange,
                "an exception handler covers no method's code",
            );
        }
        if whole {
            self.reference_locations(places);
        }
    }

    pub(super) fn code_fault(
        &mut self,
        body: &Body<'_>,
        at: usize,
        rule: Rule,
        text: impl Into<Cow<'static, str>>,
    ) {
        self.faults.push(
            ComponentTag::Method,
            body.package,
            Some(body.offset),
            at,
            rule,
            text.into(),
        );
    }

    /// The methods: as described, or as far as anything says where they begin. None lies over another.
    fn bodies(&mut self) -> Vec<Body<'a>> {
        let code = self.cap.method_info();
        let starts: Vec<u32> = self.members.world.files[0]
            .method_starts()
            .into_iter()
            .collect();
        let mut bodies = Vec::new();
        // The end of the method before, and of its block.
        let mut end = 0;
        let mut block_end = 0;
        let size = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        for (i, &offset) in starts.iter().enumerate() {
            let Some(block) = self.cap.method().block_of(offset) else {
                // Said where the offset stands.
                continue;
            };
            let Some(header) = self.members.world.files[0].header(offset) else {
                continue;
            };
            if size(block.end) != block_end {
                if self.typed() && end != block_end {
                    self.extent_fault(end, "bytes that belong to no method");
                }
                end = size(block.first_method);
                block_end = size(block.end);
            }
            let first = size(offset).saturating_add(header.size.into());
            let next = starts
                .get(i + 1)
                .map_or(block_end, |next| size(*next).min(block_end));
            let (last, package) = if self.typed() {
                let Some(method) = self.members.world.files[0].method(offset) else {
                    self.extent_fault(size(offset), "a method that is used is not described");
                    continue;
                };
                let length = usize::from(method.descriptor.code_length);
                (first.saturating_add(length), method.class.package)
            } else {
                (next.max(first), 0)
            };
            let text = if self.typed() && size(offset) != end {
                "a method does not begin where the one before ends"
            } else if last > block_end {
                "a method reaches beyond the methods"
            } else if self.typed() && header.is_abstract != (last == first) {
                "an abstract method has code, or another has none"
            } else {
                ""
            };
            if !text.is_empty() {
                self.extent_fault(size(offset), text);
            }
            // Never the same byte twice, so that work stays in proportion.
            if size(offset) >= end && last <= block_end {
                bodies.push(Body {
                    offset,
                    package,
                    header,
                    first,
                    end: last,
                    code: code.get(..last).unwrap_or_default(),
                });
            }
            end = end.max(last);
        }
        if self.typed() && end != block_end {
            self.extent_fault(end, "bytes that belong to no method");
        }
        bodies
    }

    fn extent_fault(&mut self, at: usize, text: &'static str) {
        self.faults
            .add(ComponentTag::Method, at, Rule::MethodExtent, text);
    }

    /// Decodes a method: all of it if its length is described, else what control can reach.
    fn layout(&mut self, body: &Body<'a>, pool: &[Entry], places: &mut Places) -> Option<Layout> {
        let size = body.end.saturating_sub(body.first);
        let mut layout = Layout {
            first: body.first,
            starts: vec![false; size],
            joins: vec![false; size],
        };
        if body.header.is_abstract {
            return Some(layout);
        }
        let mut targets = Vec::new();
        let mut pending = vec![body.first];
        if !self.typed() {
            let handlers = self.cap.method().handlers.iter();
            pending.extend(handlers.filter_map(|handler| {
                let target = usize::try_from(handler.handler).ok()?;
                body.contains(target).then_some(target)
            }));
        }
        let mut readable = true;
        while let Some(mut at) = pending.pop() {
            while at < body.end {
                if layout.is_start(at) {
                    break;
                }
                let instruction = match Instruction::decode(body.code, at) {
                    Ok(instruction) => instruction,
                    Err(error) => {
                        self.undecodable(body, error);
                        readable = false;
                        break;
                    }
                };
                if let Some(start) = layout.starts.get_mut(at - body.first) {
                    *start = true;
                }
                self.report.instructions += 1;
                self.instruction(body, &instruction, pool);
                index_places(&instruction, places);
                instruction.for_each_target(|target| {
                    let target = usize::try_from(target).unwrap_or(usize::MAX);
                    targets.push((at, target));
                    if !self.report.typed && body.contains(target) {
                        pending.push(target);
                    }
                });
                at += instruction.length;
                if instruction.opcode == Opcode::Jsr {
                    layout.mark(at);
                }
                if !self.typed() {
                    if instruction.opcode.ends_flow() {
                        break;
                    }
                    if at >= body.end {
                        self.code_fault(
                            body,
                            instruction.offset,
                            Rule::FallsOff,
                            "control runs over the method's end",
                        );
                    }
                }
            }
        }
        for (from, target) in targets {
            if !readable && body.contains(target) {
                // Instructions after the unreadable one are not known.
                continue;
            }
            if layout.is_start(target) {
                layout.mark(target);
            } else {
                let text = if body.contains(target) {
                    "a branch into an instruction"
                } else {
                    "a branch out of the method"
                };
                self.code_fault(body, from, Rule::BranchTarget, text);
            }
        }
        readable.then_some(layout)
    }

    fn undecodable(&mut self, body: &Body<'_>, error: DecodeError) {
        let (rule, text) = match error {
            DecodeError::Undefined { byte, .. } => {
                (Rule::Opcode, format!("{byte:02X} is no instruction").into())
            }
            DecodeError::Truncated { .. } => {
                (Rule::Opcode, Cow::from("an instruction is cut short"))
            }
            DecodeError::Operand { .. } => (
                Rule::Operand,
                Cow::from("an operand that the instruction does not allow"),
            ),
        };
        self.code_fault(body, error.offset(), rule, text);
    }

    /// What can be said of an instruction by itself.
    fn instruction(&mut self, body: &Body<'_>, instruction: &Instruction<'_>, pool: &[Entry]) {
        let at = instruction.offset;
        if let Some((local, words)) = instruction.local_variable()
            && local + words > body.locals()
        {
            let text = format!("local {local} is outside of the frame");
            self.code_fault(body, at, Rule::LocalIndex, text);
        }
        if self.cap.header().flags & Header::ACC_INT == 0 && uses_int(instruction) {
            let text = "int in a package that does not say it uses int";
            self.code_fault(body, at, Rule::IntFlag, text);
        }
        if let Operands::LookupSwitch { targets, .. } = instruction.operands {
            let numbers: Vec<_> = targets.iter().map(|(number, _)| number).collect();
            if numbers.windows(2).any(|pair| pair[0] >= pair[1]) {
                let text = "the numbers do not ascend";
                self.code_fault(body, at, Rule::SwitchOrder, text);
            }
        }
        if let Operands::TableSwitch { low, high, .. } = instruction.operands
            && low > high
        {
            let text = "the first number is above the last";
            self.code_fault(body, at, Rule::SwitchOrder, text);
        }
        if let Some(index) = instruction.cp_index() {
            let fits = pool
                .get(usize::from(index))
                .is_some_and(|entry| kind_fits(instruction.opcode, entry));
            if !fits {
                let text = format!("constant {index} is not what the instruction needs");
                self.code_fault(body, at, Rule::PoolKind, text);
            }
        }
    }

    /// The exception handlers of a method: whose range begins in it.
    fn ranges(
        &mut self,
        body: &Body<'_>,
        layout: Option<&Layout>,
        claimed: &mut [bool],
    ) -> Vec<Range> {
        let mut found = Vec::new();
        let method = self.members.world.files[0].method(body.offset);
        let (mut first, mut count) = (None, 0);
        let handlers = &self.cap.method().handlers;
        let block = self.cap.method().block_of(body.offset);
        let from = block.map_or(0, |block| usize::from(block.first_handler));
        for (i, handler) in handlers.iter().enumerate().skip(from).take(255) {
            let start = usize::try_from(handler.start).unwrap_or(usize::MAX);
            if !body.contains(start) {
                continue;
            }
            let end = start + usize::from(handler.length);
            let target = usize::try_from(handler.handler).unwrap_or(usize::MAX);
            if let Some(claimed) = claimed.get_mut(i) {
                *claimed = true;
            }
            first = first.or(Some(i));
            count += 1;
            let fits = layout.is_none_or(|layout| {
                (layout.is_start(start) || !self.report.typed)
                    && (layout.is_start(end) || end == body.end || !self.report.typed)
                    && (layout.is_start(target) || !self.report.typed)
            });
            if handler.length == 0 || end > body.end || !body.contains(target) || !fits {
                let at = self.handler_offset(i);
                self.faults.push(
                    ComponentTag::Method,
                    body.package,
                    Some(body.offset),
                    at,
                    Rule::HandlerRange,
                    "an exception handler does not cover instructions of one method, or leads to none".into(),
                );
                continue;
            }
            found.push(Range {
                start,
                end,
                target,
                catch: handler.catch_type,
            });
        }
        if let Some(method) = method {
            let described = method.descriptor;
            let fits = usize::from(described.handler_count) == count
                && first.is_none_or(|first| usize::from(described.first_handler) == first);
            if !fits {
                self.code_fault(
                    body,
                    usize::try_from(body.offset).unwrap_or(usize::MAX),
                    Rule::HandlerRange,
                    "the method's exception handlers are not those described",
                );
            }
        }
        found
    }

    /// §6.12: the places of constant pool indices, as the code has them.
    fn reference_locations(&mut self, mut places: Places) {
        let handlers = self.cap.method().handlers.iter().enumerate();
        for (i, handler) in handlers {
            if handler.catch_type != 0 {
                places.shorts.insert(self.handler_offset(i) + 6);
            }
        }
        let listed = self.cap.reference_locations();
        let set = |list: &[u32]| -> BTreeSet<usize> {
            list.iter()
                .filter_map(|place| usize::try_from(*place).ok())
                .collect()
        };
        let (bytes, shorts) = (set(&listed.byte_indices), set(&listed.short_indices));
        let fits = if self.typed() {
            bytes == places.bytes && shorts == places.shorts
        } else {
            // What control does not reach was not read.
            bytes.is_superset(&places.bytes) && shorts.is_superset(&places.shorts)
        };
        if !fits {
            self.faults.add(
                ComponentTag::ReferenceLocation,
                0,
                Rule::ReferenceLocation,
                "the places are not those of constant pool indices in the code",
            );
        }
    }
}

/// An exception handler of a method.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) target: usize,
    pub(super) catch: u16,
}

fn index_places(instruction: &Instruction<'_>, places: &mut Places) {
    use crate::opcode::Layout as L;
    let at = instruction.offset;
    if instruction.cp_index().is_none() {
        return;
    }
    match instruction.opcode.layout() {
        L::Cp8 => {
            places.bytes.insert(at + 1);
        }
        L::Cp16 => {
            places.shorts.insert(at + 1);
        }
        L::Interface | L::TypeCheck => {
            places.shorts.insert(at + 2);
        }
        _ => {}
    }
}

fn kind_fits(opcode: Opcode, entry: &Entry) -> bool {
    use Opcode as O;
    match opcode {
        O::GetstaticA
        | O::GetstaticB
        | O::GetstaticS
        | O::GetstaticI
        | O::PutstaticA
        | O::PutstaticB
        | O::PutstaticS
        | O::PutstaticI => matches!(entry, Entry::StaticField(_)),
        O::Invokevirtual => matches!(entry, Entry::Virtual(..)),
        O::Invokespecial => matches!(entry, Entry::Static(_) | Entry::Super(..)),
        O::Invokestatic => matches!(entry, Entry::Static(_)),
        O::Invokeinterface | O::New | O::Anewarray | O::Checkcast | O::Instanceof => {
            matches!(entry, Entry::Class(_))
        }
        _ => matches!(entry, Entry::InstanceField(_)),
    }
}

fn uses_int(instruction: &Instruction<'_>) -> bool {
    let ints = match instruction.opcode.effect() {
        Effect::Fixed(taken, given) => taken.contains('i') || given.contains('i'),
        Effect::Variable | Effect::Call => false,
    };
    ints || matches!(instruction.opcode, Opcode::Iinc | Opcode::IincW)
        || matches!(
            instruction.operands,
            Operands::ArrayType(13) | Operands::TypeCheck { kind: 13, .. }
        )
}
