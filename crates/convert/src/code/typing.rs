//! One word or two: how each web of numbers is represented.
//!
//! The JVM computes with 32 bits. A web can live in one 16-bit word (`short`) if its value always
//! fits, or if nothing that reads it depends on more than the low 16 bits; the word then holds
//! exactly those. Everything else becomes an `int`. So every result is the JVM's, whatever the
//! source casts or leaves uncast.
//!
//! Two analyses decide. Ranges go forward: which values a web can have. Exactness goes backward:
//! whether a reader needs the whole value (comparisons, divisions, right shifts, `int` variables
//! and parameters) or only its low half (casts, 16-bit fields, parameters and array elements, and
//! additions and the like whose own result is needed only so far).

use super::flow::{Flow, Kind, Node};
use crate::classfile::{Binary, Code, Element, Op, Shuffle};
use crate::types::{Signature, Type};

/// How a number is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// One word.
    Short,
    /// Two words.
    Int,
}

type Range = (i64, i64);

const SHORT: Range = (-0x8000, 0x7FFF);
const INT: Range = (i32::MIN as i64, i32::MAX as i64);
/// An index outside this range is outside every array, and stays so when cut to 16 bits.
const INDEX: Range = (-0x8000, 0xFFFF);

/// The decision for one method.
#[derive(Debug)]
pub(crate) struct Typing {
    ranges: Vec<Option<Range>>,
    exact: Vec<bool>,
    widths: Vec<Width>,
}

/// Something that has no translation: the instruction's index and why.
pub(crate) type Refusal = (usize, String);

impl Typing {
    pub(crate) fn decide(code: &Code, flow: &Flow, result: &Type) -> Result<Self, Vec<Refusal>> {
        let nodes = flow.node_count();
        let mut typing = Self {
            ranges: vec![None; nodes],
            exact: vec![false; nodes],
            widths: vec![Width::Short; nodes],
        };
        typing.find_ranges(code, flow);
        while typing.spread_exactness(code, flow, result) {}
        typing.choose(code, flow, result)?;
        Ok(typing)
    }

    /// The chosen representation of a number.
    pub(crate) fn width(&self, flow: &Flow, node: Node) -> Width {
        self.widths[flow.web(node)]
    }

    /// Whether an operation must be done in 32 bits. `inputs` are the popped nodes.
    pub(crate) fn is_wide(
        &self,
        flow: &Flow,
        op: &Op,
        inputs: &[Node],
        output: Option<Node>,
    ) -> bool {
        let fits = |node: &Node| self.fits(flow, *node);
        let short_result = output.is_none_or(|node| fits(&node) || !self.exact[flow.web(node)]);
        match op {
            Op::Binary(Binary::Div | Binary::Rem) => !(inputs.iter().all(fits) && short_result),
            Op::Binary(Binary::Shr | Binary::Ushr) => {
                !(inputs.first().is_some_and(fits) && short_result)
            }
            Op::Binary(_) | Op::Negate => !short_result,
            Op::IfCompare(..) | Op::IfZero(..) | Op::Switch { .. } => !inputs.iter().all(fits),
            _ => false,
        }
    }

    /// Whether the value always fits into 16 bits.
    pub(crate) fn fits(&self, flow: &Flow, node: Node) -> bool {
        self.ranges[flow.web(node)].is_none_or(|range| within(range, SHORT))
    }

    /// Whether the value always fits into 8 bits.
    pub(crate) fn fits_byte(&self, flow: &Flow, node: Node) -> bool {
        self.ranges[flow.web(node)].is_none_or(|range| within(range, (-0x80, 0x7F)))
    }

    fn find_ranges(&mut self, code: &Code, flow: &Flow) {
        for (node, _, kind) in &flow.parameters {
            if !kind.is_reference() {
                self.widen(flow.web(*node), kind.range(), 0);
            }
        }
        let mut round = 0;
        loop {
            let mut changed = false;
            for (index, instruction) in code.instructions.iter().enumerate() {
                let Some(state) = &flow.states[index] else {
                    continue;
                };
                let op = &instruction.op;
                if let Op::Increment(slot, by) = op {
                    if let Some(web) = local(flow, state, *slot)
                        && let Some((low, high)) = self.ranges[web]
                    {
                        let by = i64::from(*by);
                        changed |= self.widen(web, wrap((low + by, high + by)), round);
                    }
                    continue;
                }
                let Some(node) = flow.results[index] else {
                    continue;
                };
                if flow.kind(node) != Kind::Int {
                    continue;
                }
                if let Some(range) = self.result_range(flow, op, state) {
                    changed |= self.widen(flow.web(node), range, round);
                }
            }
            if !changed {
                return;
            }
            round += 1;
        }
    }

    /// The values that an instruction's result can have; none while its inputs have none.
    fn result_range(&self, flow: &Flow, op: &Op, state: &super::flow::State) -> Option<Range> {
        let top = |below: usize| {
            let node = *state.stack.get(state.stack.len().checked_sub(below + 1)?)?;
            self.ranges[flow.web(node)]
        };
        Some(match op {
            Op::Constant(value) => (i64::from(*value), i64::from(*value)),
            Op::LoadInt(slot) => self.ranges[local(flow, state, *slot)?]?,
            Op::StoreInt(_) | Op::Shuffle(_) => top(0)?,
            Op::ArrayLoad(Element::Byte) => (-0x80, 0x7F),
            Op::ArrayLoad(Element::Short) => SHORT,
            Op::ArrayLength => (0, 0x7FFF),
            Op::InstanceOf(_) => (0, 1),
            Op::Binary(binary) => binary_range(*binary, top(1)?, top(0)?),
            Op::Negate => {
                let (low, high) = top(0)?;
                wrap((-high, -low))
            }
            Op::ToByte => clamp(top(0)?, (-0x80, 0x7F)),
            Op::ToShort => clamp(top(0)?, SHORT),
            Op::GetStatic(member) | Op::GetField(member) => {
                Type::parse(&member.descriptor).ok()?.range()
            }
            Op::Invoke(_, member) => Signature::parse(&member.descriptor).ok()?.result.range(),
            _ => INT,
        })
    }

    /// Joins a range into a web's; after a few rounds in steps, so that loops come to an end.
    fn widen(&mut self, web: Node, range: Range, round: usize) -> bool {
        let joined = match self.ranges[web] {
            None => range,
            Some((low, high)) => (low.min(range.0), high.max(range.1)),
        };
        if self.ranges[web] == Some(joined) {
            return false;
        }
        let stepped = if round < 3 {
            joined
        } else {
            let low = [0, -0x80, -0x8000].into_iter().find(|s| *s <= joined.0);
            let high = [0, 0x7F, 0xFF, 0x7FFF, 0xFFFF]
                .into_iter()
                .find(|s| *s >= joined.1);
            (low.unwrap_or(INT.0), high.unwrap_or(INT.1))
        };
        self.ranges[web] = Some(stepped);
        true
    }

    /// One round of marking webs whose whole value matters. Says whether it marked any.
    fn spread_exactness(&mut self, code: &Code, flow: &Flow, result: &Type) -> bool {
        let mut changed = false;
        for (index, instruction) in code.instructions.iter().enumerate() {
            let Some(state) = &flow.states[index] else {
                continue;
            };
            let op = &instruction.op;
            let inputs = inputs(op, state);
            let output = flow.results[index];
            let exact_output = output.is_some_and(|node| self.exact[flow.web(node)]);
            let wide = self.is_wide(flow, op, inputs, output);
            let mut mark = |node: Node| {
                let web = flow.web(node);
                if flow.kind(node) == Kind::Int && !self.exact[web] {
                    self.exact[web] = true;
                    changed = true;
                }
            };
            match op {
                Op::LoadInt(slot) => {
                    if let Some(web) = local(flow, state, *slot).filter(|_| exact_output) {
                        mark(web);
                    }
                }
                Op::StoreInt(_) => inputs
                    .iter()
                    .filter(|_| exact_output)
                    .for_each(|n| mark(*n)),
                Op::Shuffle(_) => {
                    let copied = state.stack.last().filter(|_| exact_output);
                    copied.into_iter().for_each(|node| mark(*node));
                }
                Op::Binary(Binary::Div | Binary::Rem)
                | Op::IfCompare(..)
                | Op::IfZero(..)
                | Op::Switch { .. } => inputs.iter().for_each(|node| mark(*node)),
                // Of a shift's distance only five bits count.
                Op::Binary(Binary::Shr | Binary::Ushr) => mark(inputs[0]),
                Op::Binary(Binary::Shl) if wide => mark(inputs[0]),
                Op::Binary(Binary::Shl) => {}
                Op::Binary(_) | Op::Negate if wide => {
                    inputs.iter().for_each(|node| mark(*node));
                }
                _ => {
                    for (position, width) in wanted(op, inputs.len(), result) {
                        if width == Width::Int {
                            mark(inputs[position]);
                        }
                    }
                }
            }
        }
        changed
    }

    fn choose(&mut self, code: &Code, flow: &Flow, result: &Type) -> Result<(), Vec<Refusal>> {
        let mut fixed: Vec<Option<Width>> = vec![None; flow.node_count()];
        for (node, _, kind) in &flow.parameters {
            fixed[flow.web(*node)] = Some(width_of(kind));
        }
        for (web, fixed) in fixed.iter().enumerate() {
            let forced = self.exact[web] && !self.fits(flow, web);
            self.widths[web] = match fixed {
                Some(width) => *width,
                None if forced => Width::Int,
                None => Width::Short,
            };
        }
        let mut wishes: Vec<Wishes> = vec![Wishes::default(); flow.node_count()];
        let mut refusals = Vec::new();
        for (index, instruction) in code.instructions.iter().enumerate() {
            let Some(state) = &flow.states[index] else {
                continue;
            };
            let op = &instruction.op;
            let inputs = inputs(op, state);
            self.check_sizes(flow, op, inputs, index, &mut refusals);
            let wide = self.is_wide(flow, op, inputs, flow.results[index]);
            for (position, (node, width)) in
                self.wanted_widths(flow, op, inputs, wide, result, flow.results[index])
            {
                let top = position + 1 == inputs.len();
                wishes[flow.web(node)].add(width, top, index);
            }
        }
        for web in 0..flow.node_count() {
            if flow.web(web) != web || fixed[web].is_some() {
                continue;
            }
            let forced = self.widths[web] == Width::Int;
            match wishes[web].settle(forced) {
                Ok(width) => self.widths[web] = width,
                Err(index) => refusals.push((
                    index,
                    "a value is needed both as int and as short below the top of the stack; \
                     use a local variable"
                        .to_owned(),
                )),
            }
        }
        if refusals.is_empty() {
            Ok(())
        } else {
            Err(refusals)
        }
    }

    /// An array index or length must fit 16 bits, for the instructions take no more.
    fn check_sizes(
        &self,
        flow: &Flow,
        op: &Op,
        inputs: &[Node],
        index: usize,
        refusals: &mut Vec<Refusal>,
    ) {
        let (node, bounds, what) = match op {
            Op::ArrayLoad(_) | Op::ArrayStore(_) => (inputs[1], INDEX, "array index"),
            Op::NewArray(_) | Op::NewReferenceArray(_) => (inputs[0], SHORT, "array length"),
            _ => return,
        };
        let range = self.ranges[flow.web(node)].unwrap_or(SHORT);
        if !within(range, bounds) {
            refusals.push((
                index,
                format!("the {what} may exceed 16 bits; cast it to short"),
            ));
        }
    }

    /// The width in which each input is taken: position, node, width.
    fn wanted_widths(
        &self,
        flow: &Flow,
        op: &Op,
        inputs: &[Node],
        wide: bool,
        result: &Type,
        output: Option<Node>,
    ) -> Vec<(usize, (Node, Width))> {
        let width = if wide { Width::Int } else { Width::Short };
        match op {
            Op::Binary(_) | Op::Negate | Op::IfCompare(..) | Op::IfZero(..) | Op::Switch { .. } => {
                inputs.iter().map(|n| (*n, width)).enumerate().collect()
            }
            Op::StoreInt(_) => inputs
                .iter()
                .zip(output)
                .map(|(n, local)| (*n, self.width(flow, local)))
                .enumerate()
                .collect(),
            _ => wanted(op, inputs.len(), result)
                .into_iter()
                .map(|(position, width)| (position, (inputs[position], width)))
                .collect(),
        }
    }
}

/// Who wants a web in which width.
#[derive(Clone, Default)]
struct Wishes {
    below: [Option<usize>; 2],
    top: [Option<usize>; 2],
}

impl Wishes {
    fn add(&mut self, width: Width, top: bool, index: usize) {
        let list = if top { &mut self.top } else { &mut self.below };
        list[usize::from(width == Width::Int)].get_or_insert(index);
    }

    /// A conversion can be put before an instruction only for the topmost value; the others
    /// decide.
    fn settle(&self, forced: bool) -> Result<Width, usize> {
        match (self.below, forced) {
            ([Some(index), _], true) | ([Some(index), Some(_)], false) => Err(index),
            ([None, _], true) | ([None, Some(_)], false) => Ok(Width::Int),
            ([Some(_), None], false) => Ok(Width::Short),
            ([None, None], false) => Ok(match self.top {
                [None, Some(_)] => Width::Int,
                _ => Width::Short,
            }),
        }
    }
}

/// The nodes that an instruction pops, the topmost last.
pub(crate) fn inputs<'s>(op: &Op, state: &'s super::flow::State) -> &'s [Node] {
    let pops = match op {
        Op::Shuffle(Shuffle::Pop) => 1,
        Op::Shuffle(Shuffle::Pop2) => 2,
        _ => super::flow::effect(op).map_or(0, |(pops, _)| pops),
    };
    &state.stack[state.stack.len().saturating_sub(pops)..]
}

/// The web of a local variable.
pub(crate) fn local(flow: &Flow, state: &super::flow::State, slot: u16) -> Option<Node> {
    let node = (*state.locals.get(usize::from(slot))?)?;
    Some(flow.web(node))
}

/// The inputs that an instruction takes in a width that its types fix: position and width.
fn wanted(op: &Op, inputs: usize, result: &Type) -> Vec<(usize, Width)> {
    match op {
        Op::ArrayLoad(_) | Op::ArrayStore(Element::Reference) => vec![(1, Width::Short)],
        Op::ArrayStore(Element::Int) => vec![(1, Width::Short), (2, Width::Int)],
        Op::ArrayStore(_) => vec![(1, Width::Short), (2, Width::Short)],
        Op::NewArray(_) | Op::NewReferenceArray(_) => vec![(0, Width::Short)],
        Op::ReturnInt => vec![(0, width_of(result))],
        Op::PutStatic(member) | Op::PutField(member) => match Type::parse(&member.descriptor) {
            Ok(kind) if !kind.is_reference() && inputs > 0 => {
                vec![(inputs - 1, width_of(&kind))]
            }
            _ => Vec::new(),
        },
        Op::Invoke(_, member) => {
            let Ok(signature) = Signature::parse(&member.descriptor) else {
                return Vec::new();
            };
            let first = inputs - signature.parameters.len();
            (first..)
                .zip(&signature.parameters)
                .filter(|(_, kind)| !kind.is_reference())
                .map(|(position, kind)| (position, width_of(kind)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The width that a variable of this type has.
pub(crate) fn width_of(kind: &Type) -> Width {
    if *kind == Type::Int {
        Width::Int
    } else {
        Width::Short
    }
}

fn within(range: Range, bounds: Range) -> bool {
    range.0 >= bounds.0 && range.1 <= bounds.1
}

/// A range that may leave 32 bits becomes all of them.
fn wrap(range: Range) -> Range {
    if within(range, INT) { range } else { INT }
}

/// A cast: values that fit stay, others may become anything of the type.
fn clamp(range: Range, bounds: Range) -> Range {
    if within(range, bounds) { range } else { bounds }
}

fn binary_range(binary: Binary, a: Range, b: Range) -> Range {
    let of = |values: [i64; 4]| {
        let low = values.iter().copied().min().unwrap_or(INT.0);
        let high = values.iter().copied().max().unwrap_or(INT.1);
        wrap((low, high))
    };
    let distance = (b.0 == b.1).then_some(b.0 & 31);
    match binary {
        Binary::Add => wrap((a.0 + b.0, a.1 + b.1)),
        Binary::Sub => wrap((a.0 - b.1, a.1 - b.0)),
        Binary::Mul => of([a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1]),
        Binary::Div => {
            if b.0 > 0 {
                of([a.0 / b.0, a.0 / b.1, a.1 / b.0, a.1 / b.1])
            } else {
                let most = a.0.abs().max(a.1.abs());
                wrap((-most, most))
            }
        }
        Binary::Rem => {
            let most = b.0.abs().max(b.1.abs()).saturating_sub(1).max(0);
            let low = if a.0 < 0 { (-most).max(a.0) } else { 0 };
            let high = if a.1 > 0 { most.min(a.1) } else { 0 };
            (low, high)
        }
        Binary::Shl => match distance {
            Some(n) => wrap((a.0 << n, a.1 << n)),
            None => INT,
        },
        Binary::Shr => match distance {
            Some(n) => (a.0 >> n, a.1 >> n),
            None => (a.0.min(0), a.1.max(-1)),
        },
        Binary::Ushr => match distance {
            Some(n) if a.0 >= 0 => (a.0 >> n, a.1 >> n),
            Some(0) => a,
            Some(n) => (0, (1 << (32 - n)) - 1),
            None if a.0 >= 0 => (0, a.1),
            None => INT,
        },
        Binary::And => match (a.0 >= 0, b.0 >= 0) {
            (true, true) => (0, a.1.min(b.1)),
            (true, false) => (0, a.1),
            (false, true) => (0, b.1),
            (false, false) => signed_bits(a, b),
        },
        Binary::Or | Binary::Xor => {
            if a.0 >= 0 && b.0 >= 0 {
                (0, ones(a.1.max(b.1)))
            } else {
                signed_bits(a, b)
            }
        }
    }
}

/// The smallest 2^n - 1 that is not below.
fn ones(value: i64) -> i64 {
    (0..=32)
        .map(|n| (1i64 << n) - 1)
        .find(|mask| *mask >= value)
        .unwrap_or(INT.1)
}

/// Bitwise operations stay within the wider operand's bits.
fn signed_bits(a: Range, b: Range) -> Range {
    let reach = [a.0, a.1, b.0, b.1]
        .into_iter()
        .map(|v| if v < 0 { !v } else { v })
        .max()
        .unwrap_or(INT.1);
    let mask = ones(reach);
    (!mask, mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of a few operands must land in the computed range.
    #[test]
    fn ranges_hold_what_the_jvm_computes() {
        let points = [
            i32::MIN,
            i32::MIN + 1,
            -65536,
            -32769,
            -32768,
            -256,
            -129,
            -128,
            -1,
            0,
            1,
            2,
            7,
            31,
            32,
            127,
            128,
            255,
            32767,
            32768,
            65535,
            i32::MAX,
        ];
        let ranges = [
            (-1, 1),
            (0, 255),
            (-128, 127),
            (-32768, 32767),
            (3, 3),
            (-7, -7),
            (0, 0),
            (0, 32767),
            (-40, 100),
            (i32::MIN, i32::MAX),
        ];
        for binary in [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Rem,
            Binary::Shl,
            Binary::Shr,
            Binary::Ushr,
            Binary::And,
            Binary::Or,
            Binary::Xor,
        ] {
            for a in ranges {
                for b in ranges {
                    let wide = |r: (i32, i32)| (i64::from(r.0), i64::from(r.1));
                    let range = binary_range(binary, wide(a), wide(b));
                    for x in points.into_iter().filter(|x| (a.0..=a.1).contains(x)) {
                        for y in points.into_iter().filter(|y| (b.0..=b.1).contains(y)) {
                            if let Some(value) = crate::statics::compute(binary, x, y) {
                                let value = i64::from(value);
                                assert!(
                                    range.0 <= value && value <= range.1,
                                    "{x} {binary:?} {y} = {value} outside {range:?}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
