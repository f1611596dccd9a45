/// How the last block of a message is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Not at all: the message is whole blocks.
    None,
    /// Zeros up to a whole block, none if it is one (ISO/IEC 9797-1 method 1). Not reversible.
    Zeros,
    /// 80 and zeros, at least the 80 (ISO/IEC 9797-1 method 2, ISO/IEC 7816-4).
    Bit,
    /// So many bytes as each of them says (PKCS #5, PKCS #7).
    Count,
}

impl Padding {
    /// Fills a block of which the first `held` bytes are the message's end. Whether there is a block then; `None` if
    /// it can't be filled this way.
    pub fn fill(self, block: &mut [u8], held: usize) -> Option<bool> {
        let missing = block.len().checked_sub(held).filter(|count| *count > 0)?;
        let tail = &mut block[held..];
        match self {
            Self::None if held == 0 => return Some(false),
            Self::None => return None,
            Self::Zeros if held == 0 => return Some(false),
            Self::Zeros => tail.fill(0),
            Self::Bit => {
                tail.fill(0);
                tail[0] = 0x80;
            }
            Self::Count => tail.fill(u8::try_from(missing).ok()?),
        }
        Some(true)
    }

    /// How many bytes of a last block are the message's; `None` if it is not filled as it should be. Takes the same
    /// time whatever the block holds.
    pub fn strip(self, block: &[u8]) -> Option<usize> {
        let size = block.len();
        match self {
            Self::None | Self::Zeros => Some(size),
            Self::Bit => {
                let (mut found, mut good, mut at) = (false, false, 0);
                for (index, byte) in block.iter().enumerate().rev() {
                    let last = !found & (*byte != 0);
                    good |= last & (*byte == 0x80);
                    at = if last { index } else { at };
                    found |= last;
                }
                good.then_some(at)
            }
            Self::Count => {
                let count = usize::from(*block.last()?);
                let mut good = (count >= 1) & (count <= size);
                for (from_end, byte) in (1..).zip(block.iter().rev()) {
                    let padding = from_end <= count;
                    good &= !padding | (usize::from(*byte) == count);
                }
                good.then(|| size - count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Padding;

    #[test]
    fn what_is_filled_is_stripped() {
        for padding in [Padding::Bit, Padding::Count] {
            for size in [8, 16] {
                for held in 0..size {
                    let mut block = [0xA5; 16];
                    let block = &mut block[..size];
                    assert_eq!(padding.fill(block, held), Some(true));
                    assert_eq!(padding.strip(block), Some(held));
                    assert!(block[..held].iter().all(|byte| *byte == 0xA5));
                }
                assert_eq!(padding.fill(&mut [0; 16][..size], size), None);
            }
        }
    }

    #[test]
    fn the_unreversible_ones() {
        let mut block = [7; 8];
        assert_eq!(Padding::None.fill(&mut block, 0), Some(false));
        assert_eq!(Padding::None.fill(&mut block, 3), None);
        assert_eq!(Padding::Zeros.fill(&mut block, 0), Some(false));
        assert_eq!(block, [7; 8]);
        assert_eq!(Padding::Zeros.fill(&mut block, 3), Some(true));
        assert_eq!(block, [7, 7, 7, 0, 0, 0, 0, 0]);
        assert_eq!(Padding::Zeros.strip(&block), Some(8));
        assert_eq!(Padding::None.strip(&block), Some(8));
    }

    #[test]
    fn wrong_padding_is_refused() {
        for block in [
            [0; 8],
            [1, 2, 3, 4, 5, 6, 7, 8],
            [0x80, 0, 0, 0, 0, 0, 0, 1],
        ] {
            assert_eq!(Padding::Bit.strip(&block), None);
        }
        for block in [
            [0; 8],
            [9; 8],
            [1, 1, 1, 1, 1, 1, 3, 2],
            [8, 8, 8, 7, 8, 8, 8, 8],
        ] {
            assert_eq!(Padding::Count.strip(&block), None);
        }
        assert_eq!(Padding::Count.strip(&[8; 8]), Some(0));
        assert_eq!(Padding::Count.strip(&[]), None);
        assert_eq!(Padding::Bit.strip(&[0x80; 8]), Some(7));
    }
}
