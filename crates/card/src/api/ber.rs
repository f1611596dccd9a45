//! BER-TLV as `javacardx.framework.tlv` has it (ISO/IEC 8825-1:2002 §8.1): tags of any number, lengths in the definite
//! form.

use alloc::vec::Vec;
use core::ops::Range;

/// What keeps bytes from being a tag or a TLV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BerFault {
    /// They end too early.
    Cut,
    /// A tag has another encoding than the one that its number must have.
    Tag,
    /// A length is not in the definite form, or a TLV goes beyond the one that holds it.
    Malformed,
}

/// The longest tag.
pub(crate) const MAX_TAG: usize = 127;
/// The largest TLV, and the largest value.
pub(crate) const MAX_SIZE: usize = 32_767;

/// The tag that bytes begin with (§8.1.2). Numbers below 31 have one byte; in the others, the first byte of the number is not 80.
pub(crate) fn tag(bytes: &[u8]) -> Result<&[u8], BerFault> {
    let (first, rest) = bytes.split_first().ok_or(BerFault::Cut)?;
    if first & 0x1F != 0x1F {
        return Ok(&bytes[..1]);
    }
    let last = rest.iter().position(|byte| byte & 0x80 == 0);
    match (rest.first(), last) {
        (Some(0x80), _) => Err(BerFault::Tag),
        (Some(low), Some(0)) if *low < 0x1F => Err(BerFault::Tag),
        (_, Some(last)) => Ok(&bytes[..last + 2]),
        (_, None) => Err(BerFault::Cut),
    }
}

/// Universal, application, context-specific, private: 0 to 3.
pub(crate) fn tag_class(tag: &[u8]) -> u8 {
    tag.first().map_or(0, |first| first >> 6)
}

pub(crate) fn is_constructed(tag: &[u8]) -> bool {
    tag.first().is_some_and(|first| first & 0x20 != 0)
}

/// The number of a tag; `None` if it is larger than 32767.
pub(crate) fn tag_number(tag: &[u8]) -> Option<i16> {
    match tag {
        [] => Some(0),
        [first] => Some(i16::from(first & 0x1F)),
        [_, number @ ..] => number.iter().try_fold(0i16, |sum, byte| {
            sum.checked_mul(128)?.checked_add(i16::from(byte & 0x7F))
        }),
    }
}

/// A tag of this class, form and number.
pub(crate) fn make_tag(class: u8, constructed: bool, number: u16) -> Vec<u8> {
    let first = class << 6 | u8::from(constructed) << 5;
    let groups = [number >> 14, number >> 7, number].map(|group| group.to_be_bytes()[1] & 0x7F);
    if number < 0x1F {
        return Vec::from([first | groups[2]]);
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    let mut tag = Vec::from([first | 0x1F]);
    let digits = groups.iter().enumerate().skip(zeros);
    tag.extend(digits.map(|(i, group)| if i < 2 { group | 0x80 } else { *group }));
    tag
}

/// A length (§8.1.3) in the fewest bytes.
pub(crate) fn make_length(length: usize) -> Vec<u8> {
    if let Ok(short) = u8::try_from(length)
        && short < 0x80
    {
        return Vec::from([short]);
    }
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    // At most eight.
    let mut out = Vec::from([0x80 | u8::try_from(digits.len()).unwrap_or_default()]);
    out.extend(digits);
    out
}

/// What comes before a TLV's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) tag: &'a [u8],
    /// Where the value begins.
    pub(crate) value: usize,
    /// Bytes of the value; `usize::MAX` if there are more than can be counted.
    pub(crate) length: usize,
}

impl Header<'_> {
    /// The header that bytes begin with; the value may be missing.
    pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, BerFault> {
        let tag = tag(bytes)?;
        let rest = &bytes[tag.len()..];
        let (first, rest) = rest.split_first().ok_or(BerFault::Cut)?;
        let (size, length) = match first {
            0..0x80 => (0, usize::from(*first)),
            0x80 | 0xFF => return Err(BerFault::Malformed),
            long => {
                let size = usize::from(long & 0x7F);
                let digits = rest.get(..size).ok_or(BerFault::Cut)?;
                let length = digits.iter().try_fold(0usize, |sum, byte| {
                    sum.checked_mul(256)?.checked_add(usize::from(*byte))
                });
                (size, length.unwrap_or(usize::MAX))
            }
        };
        Ok(Header {
            tag,
            value: tag.len() + 1 + size,
            length,
        })
    }

    /// Where the TLV ends.
    pub(crate) fn end(&self) -> usize {
        self.value.saturating_add(self.length)
    }
}

/// A whole TLV made of a tag and a value.
pub(crate) fn make(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = tag.to_vec();
    out.extend(make_length(value.len()));
    out.extend(value);
    out
}

/// A step through nested TLVs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A primitive TLV: its tag and its value.
    Primitive(Range<usize>, Range<usize>),
    /// A constructed TLV begins: its tag.
    Open(Range<usize>),
    /// It ends.
    Close,
}

/// The steps through TLVs that fill `bytes`, everything inside constructed ones included.
pub(crate) fn walk(bytes: &[u8]) -> Result<Vec<Event>, BerFault> {
    let mut events = Vec::new();
    let mut ends = Vec::new();
    let mut at = 0;
    loop {
        let end = ends.last().copied().unwrap_or(bytes.len());
        if at == end {
            if ends.pop().is_none() {
                return Ok(events);
            }
            events.push(Event::Close);
            continue;
        }
        let inside = bytes.get(at..end).ok_or(BerFault::Malformed)?;
        let header = Header::read(inside).map_err(|_| BerFault::Malformed)?;
        let (value, after) = (at + header.value, at.saturating_add(header.end()));
        if after > end {
            return Err(BerFault::Malformed);
        }
        let tag = at..at + header.tag.len();
        if is_constructed(header.tag) {
            events.push(Event::Open(tag));
            ends.push(after);
            at = value;
        } else {
            events.push(Event::Primitive(tag, value..after));
            at = after;
        }
    }
}

/// The TLV that bytes hold, no more and no less.
pub(crate) fn walk_one(bytes: &[u8]) -> Result<Vec<Event>, BerFault> {
    match Header::read(bytes) {
        Ok(header) if header.end() == bytes.len() => walk(bytes),
        _ => Err(BerFault::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_made() {
        for number in [0, 1, 30, 31, 127, 128, 0x3FFF, 0x4000, 0x7FFF] {
            for class in 0..4 {
                let made = make_tag(class, class == 2, number);
                assert_eq!(tag(&made), Ok(&made[..]), "{number}");
                assert_eq!(tag_number(&made), i16::try_from(number).ok());
                assert_eq!(
                    (tag_class(&made), is_constructed(&made)),
                    (class, class == 2)
                );
            }
        }
        assert_eq!(make_tag(1, true, 0x49), [0x7F, 0x49]);
        assert_eq!(tag_number(&[0x1F, 0x82, 0x80, 0x00]), None);
    }

    #[test]
    fn what_is_no_tag_says_why() {
        for (bytes, fault) in [
            (&[][..], BerFault::Cut),
            (&[0x1F], BerFault::Cut),
            (&[0x1F, 0x81], BerFault::Cut),
            (&[0x1F, 0x80, 0x01], BerFault::Tag),
            (&[0x1F, 0x1E], BerFault::Tag),
        ] {
            assert_eq!(tag(bytes), Err(fault), "{bytes:02X?}");
        }
        assert_eq!(tag(&[0x1F, 0x1F, 7]), Ok(&[0x1F, 0x1F][..]));
    }

    #[test]
    fn lengths_have_the_fewest_bytes_and_may_be_read_from_more() {
        assert_eq!(make_length(0x7F), [0x7F]);
        assert_eq!(make_length(0x80), [0x81, 0x80]);
        assert_eq!(make_length(0x7FFF), [0x82, 0x7F, 0xFF]);
        let header = Header::read(&[0x04, 0x83, 0, 0, 2, 9, 9]).unwrap();
        assert_eq!((header.value, header.length, header.end()), (5, 2, 7));
        assert_eq!(Header::read(&[0x04, 0x80]), Err(BerFault::Malformed));
        assert_eq!(Header::read(&[0x04, 0x82, 1]), Err(BerFault::Cut));
        let huge = Header::read(&[0x04, 0x8A, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!(huge.end(), usize::MAX);
    }

    #[test]
    fn nested_tlvs_are_walked_in_order() {
        let bytes = [0x61, 0x05, 0x04, 0x01, 0xAA, 0x30, 0x00, 0x05, 0x00];
        let all = [
            Event::Open(0..1),
            Event::Primitive(2..3, 4..5),
            Event::Open(5..6),
            Event::Close,
            Event::Close,
            Event::Primitive(7..8, 9..9),
        ];
        assert_eq!(walk(&bytes).unwrap(), all);
        assert_eq!(walk_one(&bytes[..7]).unwrap(), all[..5]);
        assert_eq!(walk_one(&bytes), Err(BerFault::Malformed));
        // The inner one goes beyond the outer one.
        assert_eq!(
            walk(&[0x30, 0x02, 0x04, 0x01, 0x00]),
            Err(BerFault::Malformed)
        );
        assert_eq!(walk(&[0x30, 0x01, 0x04]), Err(BerFault::Malformed));
        // Deep nesting takes no stack.
        let mut deep = Vec::new();
        for _ in 0..5000 {
            deep = make(&[0x30], &deep);
        }
        assert_eq!(walk(&deep).unwrap().len(), 10_000);
    }
}
