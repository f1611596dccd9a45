//! Control transfer (JCVM 3.0.5 §7.5: ifxx, goto, jsr, switches). Offsets count from the opcode; the linker has
//! checked every target.

use core::cmp::Ordering;

use super::Machine;
use super::inner::Inner;
use super::operands::Operands;
use crate::error::Fault;
use crate::ids::ObjRef;
use crate::word::Word;

impl Inner<'_> {
    #[inline(always)]
    fn branch_if(&mut self, condition: Condition, by: i16) -> Result<(), Fault> {
        match condition {
            Condition::Holds => self.branch(by),
            Condition::Fails => Ok(()),
        }
    }

    /// §7.5 if\<cond\>
    #[inline(always)]
    pub(super) fn if_short(&mut self, holds: impl Fn(i16) -> bool) -> Result<(), Fault> {
        let by = self.s1()?;
        let condition = holds(self.pop_short()?).into();
        self.branch_if(condition, by)
    }

    /// §7.5 if\<cond\>_w
    #[inline(always)]
    pub(super) fn if_short_w(&mut self, holds: impl Fn(i16) -> bool) -> Result<(), Fault> {
        let by = self.s2()?;
        let condition = holds(self.pop_short()?).into();
        self.branch_if(condition, by)
    }

    /// §7.5 ifnull, ifnonnull
    #[inline(always)]
    pub(super) fn if_reference(&mut self, holds: impl Fn(ObjRef) -> bool) -> Result<(), Fault> {
        let by = self.s1()?;
        let condition = holds(self.pop_reference()?).into();
        self.branch_if(condition, by)
    }

    /// §7.5 ifnull_w, ifnonnull_w
    #[inline(always)]
    pub(super) fn if_reference_w(&mut self, holds: impl Fn(ObjRef) -> bool) -> Result<(), Fault> {
        let by = self.s2()?;
        let condition = holds(self.pop_reference()?).into();
        self.branch_if(condition, by)
    }

    #[inline(always)]
    fn compare_references(
        &mut self,
        holds: impl Fn(ObjRef, ObjRef) -> bool,
    ) -> Result<Condition, Fault> {
        let b = self.pop_reference()?;
        let a = self.pop_reference()?;
        Ok(holds(a, b).into())
    }

    /// §7.5 if_acmp\<cond\>
    #[inline(always)]
    pub(super) fn if_references(
        &mut self,
        holds: impl Fn(ObjRef, ObjRef) -> bool,
    ) -> Result<(), Fault> {
        let by = self.s1()?;
        let condition = self.compare_references(holds)?;
        self.branch_if(condition, by)
    }

    /// §7.5 if_acmp\<cond\>_w
    #[inline(always)]
    pub(super) fn if_references_w(
        &mut self,
        holds: impl Fn(ObjRef, ObjRef) -> bool,
    ) -> Result<(), Fault> {
        let by = self.s2()?;
        let condition = self.compare_references(holds)?;
        self.branch_if(condition, by)
    }

    #[inline(always)]
    fn compare_shorts(&mut self, holds: impl Fn(i16, i16) -> bool) -> Result<Condition, Fault> {
        let [a, b] = *self.top()?;
        self.regs.sp -= 2;
        match (a.as_short(), b.as_short()) {
            (Some(a), Some(b)) => Ok(holds(a, b).into()),
            _ => Err(Fault::TypeConfusion),
        }
    }

    /// §7.5 if_scmp\<cond\>
    #[inline(always)]
    pub(super) fn if_shorts(&mut self, holds: impl Fn(i16, i16) -> bool) -> Result<(), Fault> {
        let by = self.s1()?;
        let condition = self.compare_shorts(holds)?;
        self.branch_if(condition, by)
    }

    /// §7.5 if_scmp\<cond\>_w
    #[inline(always)]
    pub(super) fn if_shorts_w(&mut self, holds: impl Fn(i16, i16) -> bool) -> Result<(), Fault> {
        let by = self.s2()?;
        let condition = self.compare_shorts(holds)?;
        self.branch_if(condition, by)
    }

    /// §7.5 goto
    #[inline(always)]
    pub(super) fn goto(&mut self) -> Result<(), Fault> {
        let by = self.s1()?;
        self.branch(by)
    }

    /// §7.5 goto_w
    #[inline(always)]
    pub(super) fn goto_w(&mut self) -> Result<(), Fault> {
        let by = self.s2()?;
        self.branch(by)
    }

    /// §7.5 stableswitch
    #[inline(always)]
    pub(super) fn stableswitch(&mut self) -> Result<(), Fault> {
        let key = self.pop_short()?;
        let [_, _, a, b, c, d] = self.operand()?;
        let (low, high) = (i16::from_be_bytes([a, b]), i16::from_be_bytes([c, d]));
        let place = table(key.into(), (low.into(), high.into()), 7);
        self.branch_by(place)
    }
}

impl Machine<'_> {
    /// §7.5 jsr
    pub(super) fn jsr(&mut self) -> Result<(), Fault> {
        let by = self.s2()?;
        // The low half is enough: `ret` is in the same method.
        let [.., high, low] = self.regs.pc.to_be_bytes();
        let back = u16::from_be_bytes([high, low]);
        let depth = self.vm.frames.len();
        self.push(Word::return_address(depth, back))?;
        self.branch(by)
    }

    /// §7.5 itableswitch
    pub(super) fn itableswitch(&mut self) -> Result<(), Fault> {
        let key = self.pop_int()?;
        self.s2()?;
        let low = self.operand().map(i32::from_be_bytes)?;
        let high = self.operand().map(i32::from_be_bytes)?;
        self.branch_by(table(key, (low, high), 11))
    }

    /// §7.5 slookupswitch
    pub(super) fn slookupswitch(&mut self) -> Result<(), Fault> {
        let key = self.pop_short()?;
        self.lookup(2, |machine| Ok(key.cmp(&machine.s2()?)))
    }

    /// §7.5 ilookupswitch
    pub(super) fn ilookupswitch(&mut self) -> Result<(), Fault> {
        let key = self.pop_int()?;
        self.lookup(4, |machine| {
            Ok(key.cmp(&machine.operand().map(i32::from_be_bytes)?))
        })
    }

    /// Finds a key of `size` bytes among those of the instruction, which are in order (§7.5).
    fn lookup(
        &mut self,
        size: usize,
        compare: impl Fn(&mut Self) -> Result<Ordering, Fault>,
    ) -> Result<(), Fault> {
        self.s2()?;
        let count = self.operand().map(u16::from_be_bytes)?;
        let (mut from, mut to) = (0, usize::from(count));
        while from < to {
            let middle = usize::midpoint(from, to);
            let place = 5 + middle * (size + 2);
            self.regs.pc = self.regs.at + place;
            match compare(self)? {
                Ordering::Less => to = middle,
                Ordering::Equal => return self.branch_by(place + size),
                Ordering::Greater => from = middle + 1,
            }
        }
        self.branch_by(1)
    }
}

/// Where after the opcode a table of offsets has the one for a key: the default's is first, those from `low` to `high`
/// begin at `first`.
#[inline(always)]
fn table(key: i32, (low, high): (i32, i32), first: usize) -> usize {
    let index = usize::try_from(i64::from(key) - i64::from(low));
    match index {
        Ok(index) if key <= high => first + 2 * index,
        _ => 1,
    }
}

/// Whether a branch is taken.
#[derive(Clone, Copy)]
enum Condition {
    Holds,
    Fails,
}

impl From<bool> for Condition {
    #[inline(always)]
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}
