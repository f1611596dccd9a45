//! Which values each number can have, followed along every path.
//!
//! Intervals of local variables and stack places go through the code; a comparison narrows the
//! variable it loaded. So the index of `for (int i = 0; i < array.length; i++)` is known to fit
//! 16 bits. Loops end because an interval that keeps growing is widened to the next bound in a
//! short list.

use std::collections::BTreeSet;

use super::flow::{Flow, Kind, Node, effect};
use crate::classfile::{Binary, Code, Condition, Element, Op, Shuffle};
use crate::types::{Signature, Type};

/// Lowest and highest value.
pub(crate) type Range = (i64, i64);

pub(crate) const SHORT: Range = (-0x8000, 0x7FFF);
pub(crate) const INT: Range = (i32::MIN as i64, i32::MAX as i64);

/// How often an instruction's state may grow before it is widened.
const PATIENCE: u32 = 3;

/// What is known of a place. References have no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    range: Option<Range>,
    /// The local variable that a number on the stack was loaded from and that still holds it.
    loaded_from: Option<u16>,
}

const UNKNOWN: Known = Known {
    range: None,
    loaded_from: None,
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    stack: Vec<Known>,
    locals: Vec<Option<Range>>,
}

/// The range of each web, by node; none for references and for code that is never reached.
pub(crate) fn find(code: &Code, flow: &Flow) -> Vec<Option<Range>> {
    let mut analysis = Analysis {
        code,
        flow,
        states: vec![None; code.instructions.len()],
        visits: vec![0; code.instructions.len()],
        work: BTreeSet::new(),
    };
    analysis.run();
    analysis.webs()
}

struct Analysis<'a> {
    code: &'a Code,
    flow: &'a Flow,
    states: Vec<Option<State>>,
    visits: Vec<u32>,
    work: BTreeSet<usize>,
}

impl Analysis<'_> {
    fn run(&mut self) {
        let mut locals = vec![None; usize::from(self.code.max_locals)];
        for (_, slot, kind) in &self.flow.parameters {
            if let Some(local) = locals.get_mut(usize::from(*slot)) {
                *local = (!kind.is_reference()).then(|| kind.range());
            }
        }
        let entry = State {
            stack: Vec::new(),
            locals,
        };
        self.arrive(0, entry);
        while let Some(index) = self.work.pop_first() {
            let Some(before) = self.states[index].clone() else {
                continue;
            };
            for handler in &self.code.handlers {
                if (handler.start..handler.end).contains(&index) {
                    let caught = State {
                        stack: vec![UNKNOWN],
                        locals: before.locals.clone(),
                    };
                    self.arrive(handler.target, caught);
                }
            }
            self.leave(index, before);
        }
    }

    /// Goes on to every successor, with what the branch taken says of the values compared.
    fn leave(&mut self, index: usize, before: State) {
        let op = &self.code.instructions[index].op;
        let compared = match op {
            Op::IfCompare(condition, to) => {
                let pair = before.stack.len().checked_sub(2);
                pair.map(|at| (*condition, *to, before.stack[at], before.stack[at + 1]))
            }
            Op::IfZero(condition, to) => {
                let zero = Known {
                    range: Some((0, 0)),
                    loaded_from: None,
                };
                before.stack.last().map(|top| (*condition, *to, *top, zero))
            }
            _ => None,
        };
        let after = self.step(index, before);
        match compared {
            Some((condition, to, left, right)) => {
                let mut taken = after.clone();
                narrow(&mut taken, condition, left, right);
                self.arrive(to, taken);
                let mut passed = after;
                narrow(&mut passed, opposite(condition), left, right);
                self.arrive(index + 1, passed);
            }
            None => {
                for next in op.successors(index) {
                    self.arrive(next, after.clone());
                }
            }
        }
    }

    fn arrive(&mut self, index: usize, state: State) {
        let Some(place) = self.states.get_mut(index) else {
            return;
        };
        let Some(known) = place else {
            *place = Some(state);
            self.work.insert(index);
            return;
        };
        let grown = self.visits[index];
        let mut joined = known.clone();
        for (a, b) in joined.stack.iter_mut().zip(&state.stack) {
            a.range = join(a.range, b.range, grown);
            if a.loaded_from != b.loaded_from {
                a.loaded_from = None;
            }
        }
        for (a, b) in joined.locals.iter_mut().zip(&state.locals) {
            *a = join(*a, *b, grown);
        }
        if joined != *known {
            *place = Some(joined);
            self.visits[index] += 1;
            self.work.insert(index);
        }
    }

    fn step(&self, index: usize, mut state: State) -> State {
        let op = &self.code.instructions[index].op;
        if let Op::Shuffle(shuffle) = op {
            shuffle_known(*shuffle, &mut state.stack);
            return state;
        }
        let result = result_range(op, &state);
        let (pops, push) = effect(op).unwrap_or((0, None));
        let stored = state.stack.last().copied();
        state.stack.truncate(state.stack.len().saturating_sub(pops));
        match push {
            Some(Kind::Int) => state.stack.push(Known {
                range: result,
                loaded_from: match op {
                    Op::LoadInt(slot) => Some(*slot),
                    _ => None,
                },
            }),
            Some(Kind::Reference) => state.stack.push(UNKNOWN),
            None => {}
        }
        let written = match op {
            Op::StoreInt(slot) => Some((*slot, stored.and_then(|known| known.range))),
            Op::StoreReference(slot) => Some((*slot, None)),
            Op::Increment(slot, _) => Some((*slot, result)),
            _ => None,
        };
        if let Some((slot, range)) = written {
            for known in &mut state.stack {
                if known.loaded_from == Some(slot) {
                    known.loaded_from = None;
                }
            }
            if let Some(local) = state.locals.get_mut(usize::from(slot)) {
                *local = range;
            }
        }
        state
    }

    /// Joins, for each web, the values of everything that defines it.
    fn webs(&self) -> Vec<Option<Range>> {
        let mut webs: Vec<Option<Range>> = vec![None; self.flow.node_count()];
        let mut add = |node: Node, range: Option<Range>| {
            let web = self.flow.web(node);
            if let Some(range) = range {
                webs[web] = join_some(webs[web], range);
            }
        };
        for (node, _, kind) in &self.flow.parameters {
            add(*node, (!kind.is_reference()).then(|| kind.range()));
        }
        for (index, instruction) in self.code.instructions.iter().enumerate() {
            let (Some(state), Some(shape)) = (&self.states[index], &self.flow.states[index]) else {
                continue;
            };
            let op = &instruction.op;
            let top = state.stack.last().and_then(|known| known.range);
            match op {
                Op::Increment(slot, _) => {
                    if let Some(Some(node)) = shape.locals.get(usize::from(*slot)) {
                        add(*node, result_range(op, state));
                    }
                }
                _ => {
                    if let Some(node) = self.flow.copies[index] {
                        add(node, top);
                    }
                    if let Some(node) = self.flow.results[index]
                        && self.flow.kind(node) == Kind::Int
                    {
                        let range = match op {
                            Op::StoreInt(_) | Op::Shuffle(_) => top,
                            _ => result_range(op, state),
                        };
                        add(node, range);
                    }
                }
            }
        }
        webs
    }
}

/// The values that an instruction's result can have.
fn result_range(op: &Op, state: &State) -> Option<Range> {
    let top = |below: usize| {
        let at = state.stack.len().checked_sub(below + 1)?;
        state.stack[at].range
    };
    let local = |slot: u16| *state.locals.get(usize::from(slot))?;
    Some(match op {
        Op::Constant(value) => (i64::from(*value), i64::from(*value)),
        Op::LoadInt(slot) => local(*slot).unwrap_or(INT),
        Op::Increment(slot, by) => {
            let (low, high) = local(*slot).unwrap_or(INT);
            let by = i64::from(*by);
            wrap((low + by, high + by))
        }
        Op::ArrayLoad(Element::Byte) => (-0x80, 0x7F),
        Op::ArrayLoad(Element::Short) => SHORT,
        Op::ArrayLength => (0, 0x7FFF),
        Op::InstanceOf(_) => (0, 1),
        Op::Binary(binary) => binary_range(*binary, top(1).unwrap_or(INT), top(0).unwrap_or(INT)),
        Op::Negate => {
            let (low, high) = top(0).unwrap_or(INT);
            wrap((-high, -low))
        }
        Op::ToByte => clamp(top(0).unwrap_or(INT), (-0x80, 0x7F)),
        Op::ToShort => clamp(top(0).unwrap_or(INT), SHORT),
        Op::GetStatic(member) | Op::GetField(member) => {
            Type::parse(&member.descriptor).ok()?.range()
        }
        Op::Invoke(_, member) => Signature::parse(&member.descriptor).ok()?.result.range(),
        _ => INT,
    })
}

fn shuffle_known(shuffle: Shuffle, stack: &mut Vec<Known>) {
    let depth = super::flow::shuffle_depth(shuffle);
    let Some(base) = stack.len().checked_sub(depth) else {
        return;
    };
    let top = stack.split_off(base);
    let order = super::flow::shuffle_order(shuffle);
    stack.extend(order.iter().map(|i| top[*i]));
}

/// Narrows the variables that two compared numbers were loaded from, knowing how they compare.
fn narrow(state: &mut State, condition: Condition, left: Known, right: Known) {
    let (Some(a), Some(b)) = (left.range, right.range) else {
        return;
    };
    let (low, high) = (INT.0, INT.1);
    let (left_bounds, right_bounds) = match condition {
        Condition::Eq => (b, a),
        Condition::Ne => return,
        Condition::Lt => ((low, b.1 - 1), (a.0 + 1, high)),
        Condition::Le => ((low, b.1), (a.0, high)),
        Condition::Gt => ((b.0 + 1, high), (low, a.1 - 1)),
        Condition::Ge => ((b.0, high), (low, a.1)),
    };
    for (known, bounds) in [(left, left_bounds), (right, right_bounds)] {
        let slot = known.loaded_from.map(usize::from);
        let local = slot.and_then(|slot| state.locals.get_mut(slot));
        if let Some(Some(range)) = local {
            let met = (range.0.max(bounds.0), range.1.min(bounds.1));
            // An empty range is a path that is never taken; it may stay as wide as it was.
            if met.0 <= met.1 {
                *range = met;
            }
        }
    }
}

fn opposite(condition: Condition) -> Condition {
    match condition {
        Condition::Eq => Condition::Ne,
        Condition::Ne => Condition::Eq,
        Condition::Lt => Condition::Ge,
        Condition::Ge => Condition::Lt,
        Condition::Gt => Condition::Le,
        Condition::Le => Condition::Gt,
    }
}

fn join_some(known: Option<Range>, range: Range) -> Option<Range> {
    Some(known.map_or(range, |(low, high)| (low.min(range.0), high.max(range.1))))
}

/// A place that holds no number on one of the paths is not read as one afterwards.
fn join(a: Option<Range>, b: Option<Range>, grown: u32) -> Option<Range> {
    let (a, b) = (a?, b?);
    let low = a.0.min(b.0);
    let high = a.1.max(b.1);
    if grown < PATIENCE || (low, high) == a {
        return Some((low, high));
    }
    let below = [0, -1, -0x80, -0x8000].into_iter().find(|s| *s <= low);
    let above = [-1, 0, 0x7F, 0xFF, 0x7FFF, 0xFFFF]
        .into_iter()
        .find(|s| *s >= high);
    Some((
        if low == a.0 {
            low
        } else {
            below.unwrap_or(INT.0)
        },
        if high == a.1 {
            high
        } else {
            above.unwrap_or(INT.1)
        },
    ))
}

pub(crate) fn within(range: Range, bounds: Range) -> bool {
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
