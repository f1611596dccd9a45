//! Data flow over the operand stack and the local variables.
//!
//! Every push and every store makes a node. Nodes that meet where paths join are one *web*: they
//! must have one representation. Local variables join only where they are live, so that a slot
//! that javac uses twice does not tie two variables together.

use std::collections::BTreeMap;

use crate::classfile::{Code, Op, Shuffle};
use crate::types::{Signature, Type};

/// A value's place in the flow; ask [`Flow::web`] for the web it belongs to.
pub(crate) type Node = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Reference,
}

/// What the stack and the locals hold before an instruction.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) stack: Vec<Node>,
    pub(crate) locals: Vec<Option<Node>>,
}

#[derive(Debug)]
pub(crate) struct Flow {
    parents: Vec<Node>,
    kinds: Vec<Kind>,
    /// By instruction; none where control never comes.
    pub(crate) states: Vec<Option<State>>,
    /// By instruction: the node it pushes or stores.
    pub(crate) results: Vec<Option<Node>>,
    /// By instruction: the lower copy that a dup makes of a number; its result is the upper one.
    pub(crate) copies: Vec<Option<Node>>,
    /// The nodes of `this` and the parameters, with their JVM slots and types.
    pub(crate) parameters: Vec<(Node, u16, Type)>,
}

impl Flow {
    /// Follows the method's code. An error is code that javac does not make.
    pub(crate) fn analyse(
        code: &Code,
        is_static: bool,
        this: &str,
        signature: &Signature,
    ) -> Result<Self, String> {
        let count = code.instructions.len();
        let mut flow = Self {
            parents: Vec::new(),
            kinds: Vec::new(),
            states: vec![None; count],
            results: vec![None; count],
            copies: vec![None; count],
            parameters: Vec::new(),
        };
        let mut locals = vec![None; usize::from(code.max_locals)];
        let receiver = (!is_static).then(|| Type::Class(this.to_owned()));
        let parameters = receiver
            .into_iter()
            .chain(signature.parameters.iter().cloned());
        for (slot, kind) in (0..=u16::MAX).zip(parameters) {
            let node = flow.node(kind_of(&kind));
            *locals
                .get_mut(usize::from(slot))
                .ok_or("more parameters than local variables")? = Some(node);
            flow.parameters.push((node, slot, kind));
        }
        let live = liveness(code);
        let entry = State {
            stack: Vec::new(),
            locals,
        };
        let mut caught: BTreeMap<usize, Node> = BTreeMap::new();
        let mut work = Vec::new();
        if count > 0 {
            flow.arrive(0, entry, &live, &mut work)?;
        }
        while let Some(index) = work.pop() {
            let Some(before) = flow.states[index].clone() else {
                continue;
            };
            for handler in &code.handlers {
                if (handler.start..handler.end).contains(&index) {
                    let node = *caught
                        .entry(handler.target)
                        .or_insert_with(|| flow.node(Kind::Reference));
                    let state = State {
                        stack: vec![node],
                        locals: before.locals.clone(),
                    };
                    flow.arrive(handler.target, state, &live, &mut work)?;
                }
            }
            let op = &code.instructions[index].op;
            let after = flow.step(index, op, before)?;
            for next in op.successors(index) {
                if next >= count {
                    return Err("control runs past the last instruction".to_owned());
                }
                flow.arrive(next, after.clone(), &live, &mut work)?;
            }
        }
        Ok(flow)
    }

    /// The web of a node.
    pub(crate) fn web(&self, mut node: Node) -> Node {
        while self.parents[node] != node {
            node = self.parents[node];
        }
        node
    }

    pub(crate) fn kind(&self, node: Node) -> Kind {
        self.kinds[self.web(node)]
    }

    pub(crate) fn node_count(&self) -> usize {
        self.parents.len()
    }

    fn node(&mut self, kind: Kind) -> Node {
        self.parents.push(self.parents.len());
        self.kinds.push(kind);
        self.parents.len() - 1
    }

    fn result(&mut self, index: usize, kind: Kind) -> Node {
        if let Some(node) = self.results[index] {
            return node;
        }
        let node = self.node(kind);
        self.results[index] = Some(node);
        node
    }

    fn join(&mut self, a: Node, b: Node) -> Result<bool, String> {
        let (a, b) = (self.web(a), self.web(b));
        if self.kinds[a] != self.kinds[b] {
            return Err("a number and a reference meet".to_owned());
        }
        // The older node stays, so that the result does not depend on the order of visits.
        self.parents[a.max(b)] = a.min(b);
        Ok(a != b)
    }

    fn arrive(
        &mut self,
        index: usize,
        mut state: State,
        live: &[Vec<bool>],
        work: &mut Vec<usize>,
    ) -> Result<(), String> {
        for (slot, local) in state.locals.iter_mut().enumerate() {
            if !live[index][slot] {
                *local = None;
            }
        }
        let Some(known) = self.states[index].take() else {
            self.states[index] = Some(state);
            work.push(index);
            return Ok(());
        };
        if known.stack.len() != state.stack.len() {
            return Err("the operand stack has two depths".to_owned());
        }
        for (a, b) in known.stack.iter().zip(&state.stack) {
            self.join(*a, *b)?;
        }
        for (a, b) in known.locals.iter().zip(&state.locals) {
            match (a, b) {
                (Some(a), Some(b)) => {
                    self.join(*a, *b)?;
                }
                (None, None) => {}
                _ => return Err("a local variable is read before it is written".to_owned()),
            }
        }
        self.states[index] = Some(known);
        Ok(())
    }

    fn step(&mut self, index: usize, op: &Op, mut state: State) -> Result<State, String> {
        if let Op::Shuffle(shuffle) = op {
            apply_shuffle(*shuffle, &mut state.stack)?;
            // Both copies of a number may go on in other widths than its own.
            let copies = matches!(shuffle, Shuffle::Dup | Shuffle::DupX1 | Shuffle::DupX2);
            if let Some(top) = state.stack.last().copied()
                && copies
                && self.kind(top) == Kind::Int
            {
                let above = self.result(index, Kind::Int);
                let below = match self.copies[index] {
                    Some(node) => node,
                    None => self.node(Kind::Int),
                };
                self.copies[index] = Some(below);
                let last = state.stack.len() - 1;
                state.stack[last] = above;
                state.stack[last - shuffle_depth(*shuffle)] = below;
            }
            return Ok(state);
        }
        let (pops, push) = effect(op)?;
        if pops > state.stack.len() {
            return Err("the operand stack runs empty".to_owned());
        }
        state.stack.truncate(state.stack.len() - pops);
        if let Some(kind) = push {
            let node = self.result(index, kind);
            state.stack.push(node);
        }
        match op {
            Op::StoreInt(slot) | Op::StoreReference(slot) => {
                let kind = match op {
                    Op::StoreInt(_) => Kind::Int,
                    _ => Kind::Reference,
                };
                let node = self.result(index, kind);
                *local_mut(&mut state, *slot)? = Some(node);
            }
            Op::LoadInt(slot) | Op::LoadReference(slot) | Op::Increment(slot, _)
                if local_mut(&mut state, *slot)?.is_none() =>
            {
                return Err("a local variable is read before it is written".to_owned());
            }
            _ => {}
        }
        Ok(state)
    }
}

fn local_mut(state: &mut State, slot: u16) -> Result<&mut Option<Node>, String> {
    state
        .locals
        .get_mut(usize::from(slot))
        .ok_or_else(|| "a local variable beyond the method's".to_owned())
}

pub(crate) fn kind_of(kind: &Type) -> Kind {
    if kind.is_reference() {
        Kind::Reference
    } else {
        Kind::Int
    }
}

/// How many values an instruction pops, and the kind it pushes. Shuffles are not asked.
pub(crate) fn effect(op: &Op) -> Result<(usize, Option<Kind>), String> {
    use Kind::{Int, Reference};
    Ok(match op {
        Op::Nop | Op::Goto(_) | Op::ReturnVoid | Op::Increment(..) | Op::Shuffle(_) => (0, None),
        Op::Constant(_) | Op::LoadInt(_) => (0, Some(Int)),
        Op::Null | Op::LoadReference(_) | Op::New(_) => (0, Some(Reference)),
        Op::StoreInt(_)
        | Op::StoreReference(_)
        | Op::IfZero(..)
        | Op::IfNull(..)
        | Op::Switch { .. }
        | Op::ReturnInt
        | Op::ReturnReference
        | Op::Throw => (1, None),
        Op::IfCompare(..) | Op::IfSame(..) => (2, None),
        Op::ArrayLoad(crate::classfile::Element::Reference) => (2, Some(Reference)),
        Op::ArrayLoad(_) | Op::Binary(_) => (2, Some(Int)),
        Op::ArrayStore(_) => (3, None),
        Op::Negate | Op::ToByte | Op::ToShort | Op::ArrayLength | Op::InstanceOf(_) => {
            (1, Some(Int))
        }
        Op::NewArray(_) | Op::NewReferenceArray(_) | Op::CheckCast(_) => (1, Some(Reference)),
        Op::GetStatic(member) => (0, Some(kind_of(&Type::parse(&member.descriptor)?))),
        Op::PutStatic(_) => (1, None),
        Op::GetField(member) => (1, Some(kind_of(&Type::parse(&member.descriptor)?))),
        Op::PutField(_) => (2, None),
        Op::Invoke(call, member) => {
            let signature = Signature::parse(&member.descriptor)?;
            let receiver = usize::from(*call != crate::classfile::Call::Static);
            let push = match &signature.result {
                Type::Void => None,
                other => Some(kind_of(other)),
            };
            (signature.parameters.len() + receiver, push)
        }
    })
}

/// How many values a shuffle takes.
pub(crate) const fn shuffle_depth(shuffle: Shuffle) -> usize {
    match shuffle {
        Shuffle::Pop | Shuffle::Dup => 1,
        Shuffle::Pop2 | Shuffle::DupX1 | Shuffle::Dup2 | Shuffle::Swap => 2,
        Shuffle::DupX2 | Shuffle::Dup2X1 => 3,
        Shuffle::Dup2X2 => 4,
    }
}

/// Which of the values taken stand there afterwards, the lowest first (JVMS 8 §6.5 pop to swap,
/// for values of one JVM word; Java Card has no others).
pub(crate) const fn shuffle_order(shuffle: Shuffle) -> &'static [usize] {
    match shuffle {
        Shuffle::Pop | Shuffle::Pop2 => &[],
        Shuffle::Dup => &[0, 0],
        Shuffle::DupX1 => &[1, 0, 1],
        Shuffle::DupX2 => &[2, 0, 1, 2],
        Shuffle::Dup2 => &[0, 1, 0, 1],
        Shuffle::Dup2X1 => &[1, 2, 0, 1, 2],
        Shuffle::Dup2X2 => &[2, 3, 0, 1, 2, 3],
        Shuffle::Swap => &[1, 0],
    }
}

fn apply_shuffle(shuffle: Shuffle, stack: &mut Vec<Node>) -> Result<(), String> {
    let base = stack
        .len()
        .checked_sub(shuffle_depth(shuffle))
        .ok_or_else(|| "the operand stack runs empty".to_owned())?;
    let top: Vec<Node> = stack.split_off(base);
    stack.extend(shuffle_order(shuffle).iter().map(|i| top[*i]));
    Ok(())
}

/// For each instruction, which local variables may still be read.
fn liveness(code: &Code) -> Vec<Vec<bool>> {
    let count = code.instructions.len();
    let slots = usize::from(code.max_locals);
    let mut live = vec![vec![false; slots]; count];
    let mut changed = true;
    while changed {
        changed = false;
        for index in (0..count).rev() {
            let op = &code.instructions[index].op;
            let mut here = vec![false; slots];
            let merge = |here: &mut Vec<bool>, from: &Vec<bool>| {
                for (a, b) in here.iter_mut().zip(from) {
                    *a |= *b;
                }
            };
            for next in op.successors(index) {
                if let Some(after) = live.get(next) {
                    merge(&mut here, after);
                }
            }
            let slot_of = |slot: &u16| usize::from(*slot);
            if let Op::StoreInt(slot) | Op::StoreReference(slot) = op
                && let Some(local) = here.get_mut(slot_of(slot))
            {
                *local = false;
            }
            if let Op::LoadInt(slot) | Op::LoadReference(slot) | Op::Increment(slot, _) = op
                && let Some(local) = here.get_mut(slot_of(slot))
            {
                *local = true;
            }
            for handler in &code.handlers {
                if (handler.start..handler.end).contains(&index) {
                    let from = live[handler.target].clone();
                    merge(&mut here, &from);
                }
            }
            if here != live[index] {
                live[index] = here;
                changed = true;
            }
        }
    }
    live
}
