//! Arithmetic (JCVM 3.0.5 §7.5). The functions on numbers stand alone; the handlers move words around them.

use super::inner::Inner;
use super::operands::Operands;
use crate::error::Fault;
use crate::exception::{Exception, Refusal};
use crate::word::Word;

/// §7.5 sadd
pub(super) fn sadd(a: i16, b: i16) -> i16 {
    a.wrapping_add(b)
}

/// §7.5 iadd
pub(super) fn iadd(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

/// §7.5 ssub
pub(super) fn ssub(a: i16, b: i16) -> i16 {
    a.wrapping_sub(b)
}

/// §7.5 isub
pub(super) fn isub(a: i32, b: i32) -> i32 {
    a.wrapping_sub(b)
}

/// §7.5 smul
pub(super) fn smul(a: i16, b: i16) -> i16 {
    a.wrapping_mul(b)
}

/// §7.5 imul
pub(super) fn imul(a: i32, b: i32) -> i32 {
    a.wrapping_mul(b)
}

/// §7.5 sdiv; none for division by zero.
pub(super) fn sdiv(a: i16, b: i16) -> Option<i16> {
    (b != 0).then(|| a.wrapping_div(b))
}

/// §7.5 idiv; none for division by zero.
pub(super) fn idiv(a: i32, b: i32) -> Option<i32> {
    (b != 0).then(|| a.wrapping_div(b))
}

/// §7.5 srem; none for division by zero.
pub(super) fn srem(a: i16, b: i16) -> Option<i16> {
    (b != 0).then(|| a.wrapping_rem(b))
}

/// §7.5 irem; none for division by zero.
pub(super) fn irem(a: i32, b: i32) -> Option<i32> {
    (b != 0).then(|| a.wrapping_rem(b))
}

/// §7.5 sneg
pub(super) fn sneg(a: i16) -> i16 {
    a.wrapping_neg()
}

/// §7.5 ineg
pub(super) fn ineg(a: i32) -> i32 {
    a.wrapping_neg()
}

/// The low half of an int.
pub(super) fn low(a: i32) -> i16 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the instructions keep the low 16 bits"
    )]
    let low = a as i16;
    low
}

/// A shift's distance: the low five bits, for shorts too (§7.5 sshl).
fn distance(b: i32) -> u32 {
    b.cast_unsigned() & 0x1F
}

/// §7.5 sshl
pub(super) fn sshl(a: i16, b: i16) -> i16 {
    low(i32::from(a) << distance(b.into()))
}

/// §7.5 ishl
pub(super) fn ishl(a: i32, b: i32) -> i32 {
    a << distance(b)
}

/// §7.5 sshr
pub(super) fn sshr(a: i16, b: i16) -> i16 {
    low(i32::from(a) >> distance(b.into()))
}

/// §7.5 ishr
pub(super) fn ishr(a: i32, b: i32) -> i32 {
    a >> distance(b)
}

/// §7.5 sushr: the value is widened with its sign first.
pub(super) fn sushr(a: i16, b: i16) -> i16 {
    low((i32::from(a).cast_unsigned() >> distance(b.into())).cast_signed())
}

/// §7.5 iushr
pub(super) fn iushr(a: i32, b: i32) -> i32 {
    (a.cast_unsigned() >> distance(b)).cast_signed()
}

/// §7.5 sand
pub(super) fn sand(a: i16, b: i16) -> i16 {
    a & b
}

/// §7.5 iand
pub(super) fn iand(a: i32, b: i32) -> i32 {
    a & b
}

/// §7.5 sor
pub(super) fn sor(a: i16, b: i16) -> i16 {
    a | b
}

/// §7.5 ior
pub(super) fn ior(a: i32, b: i32) -> i32 {
    a | b
}

/// §7.5 sxor
pub(super) fn sxor(a: i16, b: i16) -> i16 {
    a ^ b
}

/// §7.5 ixor
pub(super) fn ixor(a: i32, b: i32) -> i32 {
    a ^ b
}

/// §7.5 s2b
pub(super) fn s2b(a: i16) -> i16 {
    let [_, low] = a.to_be_bytes();
    low.cast_signed().into()
}

/// §7.5 icmp
fn icmp(a: i32, b: i32) -> i16 {
    match a.cmp(&b) {
        core::cmp::Ordering::Less => -1,
        core::cmp::Ordering::Equal => 0,
        core::cmp::Ordering::Greater => 1,
    }
}

impl Inner<'_> {
    #[inline(always)]
    pub(super) fn short_unary(&mut self, operation: impl Fn(i16) -> i16) -> Result<(), Fault> {
        let [a] = self.top()?;
        *a = Word::short(operation(a.as_short().ok_or(Fault::TypeConfusion)?));
        Ok(())
    }

    #[inline(always)]
    pub(super) fn int_unary(&mut self, operation: impl Fn(i32) -> i32) -> Result<(), Fault> {
        let [high, low] = self.top()?;
        let a = Word::as_int(*high, *low).ok_or(Fault::TypeConfusion)?;
        (*high, *low) = Word::int(operation(a));
        Ok(())
    }

    #[inline(always)]
    pub(super) fn short_binary(
        &mut self,
        operation: impl Fn(i16, i16) -> i16,
    ) -> Result<(), Fault> {
        let [a, b] = self.top()?;
        let (Some(x), Some(y)) = (a.as_short(), b.as_short()) else {
            return Err(Fault::TypeConfusion);
        };
        *a = Word::short(operation(x, y));
        self.regs.sp -= 1;
        Ok(())
    }

    #[inline(always)]
    pub(super) fn int_binary(&mut self, operation: impl Fn(i32, i32) -> i32) -> Result<(), Fault> {
        let [a_high, a_low, b_high, b_low] = self.top()?;
        let (a, b) = (Word::as_int(*a_high, *a_low), Word::as_int(*b_high, *b_low));
        let (Some(a), Some(b)) = (a, b) else {
            return Err(Fault::TypeConfusion);
        };
        (*a_high, *a_low) = Word::int(operation(a, b));
        self.regs.sp -= 2;
        Ok(())
    }

    #[inline(always)]
    pub(super) fn short_division(
        &mut self,
        operation: impl Fn(i16, i16) -> Option<i16>,
    ) -> Result<(), Refusal> {
        let b = self.pop_short()?;
        let a = self.pop_short()?;
        match operation(a, b) {
            Some(value) => Ok(self.push_short(value)?),
            None => Err(Exception::Arithmetic.into()),
        }
    }

    #[inline(always)]
    pub(super) fn int_division(
        &mut self,
        operation: impl Fn(i32, i32) -> Option<i32>,
    ) -> Result<(), Refusal> {
        let b = self.pop_int()?;
        let a = self.pop_int()?;
        match operation(a, b) {
            Some(value) => Ok(self.push_int(value)?),
            None => Err(Exception::Arithmetic.into()),
        }
    }

    /// §7.5 s2i
    #[inline(always)]
    pub(super) fn s2i(&mut self) -> Result<(), Fault> {
        let value = self.pop_short()?;
        self.push_int(value.into())
    }

    /// §7.5 i2b
    #[inline(always)]
    pub(super) fn i2b(&mut self) -> Result<(), Fault> {
        let value = self.pop_int()?;
        self.push_short(s2b(low(value)))
    }

    /// §7.5 i2s
    #[inline(always)]
    pub(super) fn i2s(&mut self) -> Result<(), Fault> {
        let value = self.pop_int()?;
        self.push_short(low(value))
    }

    /// §7.5 icmp
    #[inline(always)]
    pub(super) fn icmp(&mut self) -> Result<(), Fault> {
        let b = self.pop_int()?;
        let a = self.pop_int()?;
        self.push_short(icmp(a, b))
    }
}
