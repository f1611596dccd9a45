//! Words of the operand stack and of local variables, each with its type.
//!
//! A verified program never mixes types; the tag makes any other program stop with a fault instead.

use crate::ids::ObjRef;

/// 16 bits of value below a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(u32);

const REFERENCE: u32 = 1 << 16;
const INT_HIGH: u32 = 2 << 16;
const INT_LOW: u32 = 3 << 16;
/// Set in return addresses, with the frame's depth in the 15 bits below.
const RETURN_ADDRESS: u32 = 1 << 31;

impl Word {
    /// What a local variable holds before it is assigned.
    pub(crate) const ZERO: Self = Self(0);

    #[inline(always)]
    pub(crate) fn short(value: i16) -> Self {
        Self(u32::from(value.cast_unsigned()))
    }

    #[inline(always)]
    pub(crate) fn reference(value: ObjRef) -> Self {
        Self(REFERENCE | u32::from(value.0))
    }

    /// The high and the low word of an int; the low one is on top.
    #[inline(always)]
    pub(crate) fn int(value: i32) -> (Self, Self) {
        let bits = value.cast_unsigned();
        (
            Self(INT_HIGH | (bits >> 16)),
            Self(INT_LOW | (bits & 0xFFFF)),
        )
    }

    /// The frame's depth goes in too, so that an address handed to another frame is worth nothing there.
    pub(crate) fn return_address(depth: usize, address: u16) -> Self {
        let depth = u32::try_from(depth & 0x7FFF).unwrap_or_default();
        Self(RETURN_ADDRESS | depth << 16 | u32::from(address))
    }

    #[inline(always)]
    fn low(self) -> u16 {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the low half is what is wanted"
        )]
        let low = self.0 as u16;
        low
    }

    #[inline(always)]
    pub(crate) fn as_short(self) -> Option<i16> {
        (self.0 < REFERENCE).then(|| self.low().cast_signed())
    }

    #[inline(always)]
    pub(crate) fn as_reference(self) -> Option<ObjRef> {
        (self.0 >> 16 == REFERENCE >> 16).then(|| ObjRef(self.low()))
    }

    #[inline(always)]
    pub(crate) fn as_int(high: Self, low: Self) -> Option<i32> {
        (high.0 >> 16 == INT_HIGH >> 16 && low.0 >> 16 == INT_LOW >> 16)
            .then(|| (high.0 << 16 | u32::from(low.low())).cast_signed())
    }

    pub(crate) fn as_return_address(self, depth: usize) -> Option<u16> {
        (self == Self::return_address(depth, self.low())).then(|| self.low())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_what_it_was_written_and_as_nothing_else() {
        let (high, low) = Word::int(-2);
        assert_eq!(Word::as_int(high, low), Some(-2));
        assert_eq!(Word::as_int(low, high), None);
        assert_eq!((high.as_short(), low.as_reference()), (None, None));
        assert_eq!(Word::short(-1).as_short(), Some(-1));
        assert_eq!(Word::short(-1).as_reference(), None);
        assert_eq!(
            Word::reference(ObjRef(0xFFFF)).as_reference(),
            Some(ObjRef(0xFFFF))
        );
        assert_eq!(Word::reference(ObjRef(7)).as_short(), None);
        let address = Word::return_address(3, 0x1234);
        assert_eq!(address.as_return_address(3), Some(0x1234));
        assert_eq!(address.as_return_address(4), None);
        assert_eq!((address.as_short(), address.as_reference()), (None, None));
        assert_eq!(Word::short(5).as_return_address(0), None);
    }
}
