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
use super::ranges::{Range, SHORT, within};
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
    /// The decision, and what has no translation; with any of that, the method can't be written.
    pub(crate) fn decide(code: &Code, flow: &Flow, result: &Type) -> (Self, Vec<Refusal>) {
        let nodes = flow.node_count();
        let mut typing = Self {
            ranges: super::ranges::find(code, flow),
            exact: vec![false; nodes],
            widths: vec![Width::Short; nodes],
        };
        while typing.spread_exactness(code, flow, result) {}
        let refusals = typing.choose(code, flow, result);
        (typing, refusals)
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
            let exact_copy = flow.copies[index].is_some_and(|node| self.exact[flow.web(node)]);
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
                    let copied = state.stack.last().filter(|_| exact_output || exact_copy);
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

    fn choose(&mut self, code: &Code, flow: &Flow, result: &Type) -> Vec<Refusal> {
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
        refusals
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
