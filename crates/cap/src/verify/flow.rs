//! The dataflow analysis of one method: what each word of the stack and each local variable is, on every path.
//!
//! What is known is kept where paths meet: at branch targets, exception handlers and after calls of subroutines. A
//! subroutine is followed separately for each call of it, so that each call gets its own variables back.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::code::{Body, Layout, Range};
use super::file::OwnMethod;
use super::members::{Entry, Members};
use super::types::{Bounds, Kind, Signature, Type};
use super::world::ClassIx;
use super::{Rule, Verifier};
use crate::opcode::{Instruction, Opcode};

/// What is known before an instruction.
#[derive(Clone)]
pub(super) struct State {
    pub(super) stack: Vec<Type>,
    pub(super) locals: Vec<Type>,
    /// In a constructor: another constructor was called.
    pub(super) constructed: bool,
}

/// A call of a subroutine.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// The call within which it is made; the method itself is 0.
    parent: u16,
    target: usize,
    /// The instruction after the `jsr`.
    after: usize,
}

/// A path can't be followed further.
pub(super) struct Stop;

/// A method being followed.
pub(super) struct Flow<'v, 'a> {
    verifier: &'v mut Verifier<'a>,
    pub(super) bounds: &'v mut Bounds,
    pub(super) pool: &'v [Entry],
    pub(super) body: Body<'a>,
    layout: &'v Layout,
    handlers: &'v [Range],
    handler_starts: BTreeSet<usize>,
    pub(super) class: ClassIx,
    pub(super) is_static: bool,
    pub(super) is_constructor: bool,
    pub(super) result: Kind,
    params: Vec<Kind>,
    states: BTreeMap<(usize, u16), State>,
    pending: BTreeSet<(usize, u16)>,
    calls: Vec<Call>,
    call_sites: BTreeMap<(u16, usize), u16>,
    told: BTreeSet<(usize, Rule)>,
    /// The class of what each `new` makes.
    pub(super) made: BTreeMap<usize, ClassIx>,
    budget: usize,
}

impl<'v, 'a> Flow<'v, 'a> {
    #[allow(clippy::too_many_arguments, reason = "what a method is, once")]
    pub(super) fn new(
        verifier: &'v mut Verifier<'a>,
        bounds: &'v mut Bounds,
        pool: &'v [Entry],
        body: Body<'a>,
        layout: &'v Layout,
        handlers: &'v [Range],
        method: OwnMethod<'a>,
        budget: usize,
    ) -> Self {
        let described = verifier.members.described(0, method);
        let (params, result) = match described.signature.as_deref() {
            Some(Signature { params, result }) => (params.clone(), *result),
            None => (Vec::new(), Kind::Void),
        };
        Self {
            verifier,
            bounds,
            pool,
            body,
            layout,
            handlers,
            handler_starts: handlers.iter().map(|handler| handler.start).collect(),
            class: described.declaring,
            is_static: described.is_static,
            is_constructor: described.is_constructor,
            result,
            params,
            states: BTreeMap::new(),
            pending: BTreeSet::new(),
            // The method itself.
            calls: vec![Call {
                parent: 0,
                target: body.first,
                after: body.end,
            }],
            call_sites: BTreeMap::new(),
            told: BTreeSet::new(),
            made: BTreeMap::new(),
            budget,
        }
    }

    pub(super) fn members(&mut self) -> &mut Members<'a> {
        &mut self.verifier.members
    }

    pub(super) fn declared(&mut self, kind: Kind) -> Type {
        self.bounds.declared(&self.verifier.members.world, kind)
    }

    /// Whether a value can stand where a type is declared.
    pub(super) fn fits(&self, value: Type, kind: Kind) -> bool {
        let world = &self.verifier.members.world;
        self.bounds.assignable(world, value, kind)
    }

    pub(super) fn name(&self, value: Type) -> String {
        self.bounds.name(&self.verifier.members.world, value)
    }

    pub(super) fn kind_name(&self, kind: Kind) -> String {
        kind.describe(&self.verifier.members.world)
    }

    pub(super) fn package(&self) -> u8 {
        self.body.package
    }

    pub(super) fn unfollowed(&mut self) {
        self.verifier.report.unfollowed += 1;
    }

    /// Tells a fault, once for each instruction and rule.
    pub(super) fn fault(&mut self, at: usize, rule: Rule, text: impl Into<Cow<'static, str>>) {
        if self.told.insert((at, rule)) {
            let body = self.body;
            self.verifier.code_fault(&body, at, rule, text);
        }
    }

    pub(super) fn run(mut self) {
        let Some(first) = self.first_state() else {
            return;
        };
        let start = (self.body.first, 0);
        self.states.insert(start, first);
        self.pending.insert(start);
        while let Some((at, call)) = self.pending.pop_first() {
            let Some(state) = self.states.get(&(at, call)).cloned() else {
                continue;
            };
            if self.follow(at, call, state).is_none() {
                let offset = usize::try_from(self.body.offset).unwrap_or(usize::MAX);
                self.fault(
                    offset,
                    Rule::TooComplex,
                    "the method takes too many steps to follow",
                );
                return;
            }
        }
    }

    /// Takes steps from the budget; `None` if there are not as many.
    fn charge(&mut self, steps: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(steps)?;
        self.verifier.report.work += steps;
        Some(())
    }

    /// The arguments, as the signature has them.
    fn first_state(&mut self) -> Option<State> {
        let mut locals = Vec::with_capacity(self.body.locals());
        if !self.is_static {
            locals.push(if self.is_constructor {
                Type::This
            } else {
                let world = &self.verifier.members.world;
                Type::Object(self.bounds.of(world, self.class))
            });
        }
        for kind in &self.params {
            if *kind == Kind::Int {
                locals.push(Type::IntHigh);
            }
            let world = &self.verifier.members.world;
            locals.push(self.bounds.declared(world, *kind));
        }
        // The header's number of arguments was checked against the signature; a fault there leaves nothing to follow.
        if locals.len() != usize::from(self.body.header.nargs) {
            return None;
        }
        locals.resize(self.body.locals(), Type::Top);
        Some(State {
            stack: Vec::new(),
            locals,
            constructed: !self.is_constructor,
        })
    }

    /// Follows one path up to where paths meet. `None` if the budget is spent.
    fn follow(&mut self, from: usize, call: u16, mut state: State) -> Option<()> {
        let mut at = from;
        // Whether the handlers around know the local variables as they are.
        let mut informed = false;
        loop {
            self.charge(1)?;
            let body = self.body;
            let Ok(instruction) = Instruction::decode(body.code, at) else {
                return Some(());
            };
            if !informed || self.handler_starts.contains(&at) {
                informed = true;
                self.charge(self.handlers.len())?;
                let around = self.handlers.iter();
                for handler in around.filter(|handler| (handler.start..handler.end).contains(&at)) {
                    let caught = self.caught(handler.catch);
                    let thrown = State {
                        stack: vec![caught],
                        locals: state.locals.clone(),
                        constructed: state.constructed,
                    };
                    self.meet(handler.target, call, &thrown)?;
                }
            }
            let before = writes(&instruction);
            if self.step(&mut state, &instruction).is_err() {
                return Some(());
            }
            if before {
                informed = false;
            }
            let mut targets = Vec::new();
            match instruction.opcode {
                Opcode::Jsr => {
                    instruction.for_each_target(|target| targets.push(target));
                    let target = targets.first().and_then(|to| usize::try_from(*to).ok());
                    let target = target.unwrap_or(usize::MAX);
                    if self.is_within(call, target) {
                        self.fault(at, Rule::Subroutine, "a subroutine calls itself");
                        return Some(());
                    }
                    let inner = self.call(call, at, target, at + instruction.length)?;
                    if self.push(&mut state, at, Type::Return(inner)).is_ok() {
                        self.meet(target, inner, &state)?;
                    }
                    return Some(());
                }
                Opcode::Ret => {
                    let (local, _) = instruction.local_variable().unwrap_or_default();
                    return self.ret(at, local, state);
                }
                _ => {}
            }
            instruction.for_each_target(|target| targets.push(target));
            // A switch may name one target many times.
            targets.sort_unstable();
            targets.dedup();
            for target in targets {
                let target = usize::try_from(target).unwrap_or(usize::MAX);
                self.meet(target, call, &state)?;
            }
            if instruction.opcode.ends_flow() {
                return Some(());
            }
            at += instruction.length;
            if at >= body.end {
                self.fault(
                    instruction.offset,
                    Rule::FallsOff,
                    "control runs over the method's end",
                );
                return Some(());
            }
            if self.layout.is_join(at) {
                return self.meet(at, call, &state);
            }
        }
    }

    /// What a handler finds on the stack.
    fn caught(&mut self, catch: u16) -> Type {
        let world = &self.verifier.members.world;
        let class = match self.pool.get(usize::from(catch)) {
            Some(Entry::Class(class)) if catch != 0 => *class,
            _ => world.throwable(),
        };
        Type::Object(self.bounds.of(world, class))
    }

    /// Brings what one path knows to where it meets others.
    fn meet(&mut self, at: usize, call: u16, state: &State) -> Option<()> {
        if !self.layout.is_start(at) {
            return Some(());
        }
        self.charge(state.locals.len() + state.stack.len() + 1)?;
        let world = &self.verifier.members.world;
        let Some(known) = self.states.get_mut(&(at, call)) else {
            self.states.insert((at, call), state.clone());
            self.pending.insert((at, call));
            return Some(());
        };
        if known.stack.len() != state.stack.len() {
            let text = alloc::format!(
                "a path with {} words on the stack meets one with {}",
                state.stack.len(),
                known.stack.len()
            );
            self.fault(at, Rule::MergeDepth, text);
            return Some(());
        }
        let mut changed = known.constructed && !state.constructed;
        known.constructed &= state.constructed;
        let words = known.stack.iter_mut().chain(&mut known.locals);
        for (word, other) in words.zip(state.stack.iter().chain(&state.locals)) {
            let merged = self.bounds.merge(world, *word, *other);
            changed |= merged != *word;
            *word = merged;
        }
        if changed {
            self.pending.insert((at, call));
        }
        Some(())
    }

    /// The call that a `jsr` makes; `None` if there are too many to number.
    fn call(&mut self, parent: u16, site: usize, target: usize, after: usize) -> Option<u16> {
        if let Some(known) = self.call_sites.get(&(parent, site)) {
            return Some(*known);
        }
        let index = u16::try_from(self.calls.len()).ok()?;
        self.calls.push(Call {
            parent,
            target,
            after,
        });
        self.call_sites.insert((parent, site), index);
        Some(index)
    }

    /// Whether a call is one of a subroutine, or made within one.
    fn is_within(&self, call: u16, target: usize) -> bool {
        let mut at = call;
        while at != 0 {
            let Some(call) = self.calls.get(usize::from(at)) else {
                return false;
            };
            if call.target == target {
                return true;
            }
            at = call.parent;
        }
        false
    }

    /// Takes away the return addresses of a call and of those made within it.
    fn end_call(&self, ended: u16, state: &mut State) {
        let within = |call: u16| {
            let mut at = call;
            while at != 0 {
                if at == ended {
                    return true;
                }
                at = match self.calls.get(usize::from(at)) {
                    Some(call) => call.parent,
                    None => 0,
                };
            }
            false
        };
        for word in state.locals.iter_mut().chain(&mut state.stack) {
            if matches!(word, Type::Return(call) if within(*call)) {
                *word = Type::Top;
            }
        }
    }

    /// §7.5 ret
    fn ret(&mut self, at: usize, local: usize, mut state: State) -> Option<()> {
        let found = state.locals.get(local).copied();
        let Some(Type::Return(to)) = found else {
            let text = alloc::format!("local {local} has no return address that is still good");
            self.fault(at, Rule::Subroutine, text);
            return Some(());
        };
        let call = *self.calls.get(usize::from(to))?;
        self.end_call(to, &mut state);
        if call.after >= self.body.end {
            self.fault(at, Rule::FallsOff, "control runs over the method's end");
            return Some(());
        }
        self.meet(call.after, call.parent, &state)
    }
}

/// Whether an instruction changes a local variable, or what is known of one.
fn writes(instruction: &Instruction<'_>) -> bool {
    use Opcode as O;
    matches!(
        instruction.opcode,
        O::Astore
            | O::Astore0
            | O::Astore1
            | O::Astore2
            | O::Astore3
            | O::Sstore
            | O::Sstore0
            | O::Sstore1
            | O::Sstore2
            | O::Sstore3
            | O::Istore
            | O::Istore0
            | O::Istore1
            | O::Istore2
            | O::Istore3
            | O::New
            | O::Invokespecial
    )
}
