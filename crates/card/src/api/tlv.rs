//! The objects of `javacardx.framework.tlv`: tags that hold their bytes, TLVs that hold a tag object and either the
//! bytes of their value or other TLV objects.
//!
//! An applet can nest them as deeply and as often as it likes, so nothing here recurses, and no TLV of more than 32767
//! bytes is ever put together.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use hydra_cap::api::{ClassId, class_id};
use hydra_vm::{ArrayKind, Atomicity, ContextId, ObjRef, Stop, Storage, Value};

use super::Cx;
use super::ber::{self, BerFault, Event};

/// The word of a tag that holds its bytes; null while it is empty.
const BYTES: u16 = 0;
/// The word of a TLV that holds its tag object; null while it is empty.
const TAG: u16 = 0;
/// The word of a TLV that holds its content: a byte array, or an array of references to TLVs.
const CONTENT: u16 = 1;
/// The word that says how many bytes or TLVs of the content count.
const COUNT: u16 = 2;

const EXCEPTION: &str = "javacardx/framework/tlv/TLVException";
const CONSTRUCTED_NAME: &str = "javacardx/framework/tlv/ConstructedBERTLV";
const CONSTRUCTED: ClassId = class_id(CONSTRUCTED_NAME);

/// `TLVException`'s reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlvReason {
    InvalidParam = 1,
    IllegalSize = 2,
    EmptyTag = 3,
    EmptyTlv = 4,
    MalformedTag = 5,
    MalformedTlv = 6,
    InsufficientStorage = 7,
    TagSize = 8,
    TagNumber = 9,
    TlvSize = 10,
    TlvLength = 11,
}

impl Cx<'_> {
    /// `TLVException` with this reason.
    pub(crate) fn tlv_error<T>(&mut self, reason: TlvReason) -> Result<T, Stop> {
        self.throw(EXCEPTION, reason as i16)
    }

    /// The value, or what a malformed tag or TLV in an array throws.
    pub(crate) fn ber<T>(
        &mut self,
        result: Result<T, BerFault>,
        malformed: TlvReason,
    ) -> Result<T, Stop> {
        match result {
            Ok(value) => Ok(value),
            Err(BerFault::Cut) => self.out_of_bounds(),
            Err(BerFault::Tag | BerFault::Malformed) => self.tlv_error(malformed),
        }
    }

    /// The bytes of an array of the applet's from an offset to its end.
    pub(crate) fn rest(&mut self, array: ObjRef, offset: i16) -> Result<Vec<u8>, Stop> {
        let context = self.context();
        let size = self.vm.bytes(array, context)?.len();
        // Lengths of arrays are shorts.
        let size = i16::try_from(size).unwrap_or(i16::MAX);
        match size.checked_sub(offset) {
            Some(rest) if offset >= 0 => self.bytes(array, offset, rest),
            _ => self.out_of_bounds(),
        }
    }

    /// The tag at an offset of an array of the applet's.
    pub(crate) fn tag_at(&mut self, array: ObjRef, offset: i16) -> Result<Vec<u8>, Stop> {
        let rest = self.rest(array, offset)?;
        self.ber(ber::tag(&rest).map(<[u8]>::to_vec), TlvReason::MalformedTag)
    }
}

/// The number of bytes as a short, of what has at most 32767.
pub(crate) fn short(cx: &mut Cx<'_>, size: usize) -> Result<i16, Stop> {
    match i16::try_from(size) {
        Ok(size) => Ok(size),
        Err(_) => cx.tlv_error(TlvReason::TlvSize),
    }
}

/// A tag object's bytes; none while it is empty.
pub(crate) fn tag_bytes(cx: &mut Cx<'_>, tag: ObjRef) -> Result<Vec<u8>, Stop> {
    let own = cx.object(tag, BYTES)?;
    cx.own_bytes(own)
}

/// A tag object's bytes; `EMPTY_TAG` if it has none.
pub(crate) fn filled_tag(cx: &mut Cx<'_>, tag: ObjRef) -> Result<Vec<u8>, Stop> {
    let bytes = tag_bytes(cx, tag)?;
    if bytes.is_empty() {
        return cx.tlv_error(TlvReason::EmptyTag);
    }
    Ok(bytes)
}

/// Gives a tag object other bytes.
pub(crate) fn set_tag(cx: &mut Cx<'_>, tag: ObjRef, bytes: &[u8]) -> Result<(), Stop> {
    if bytes.len() > ber::MAX_TAG {
        return cx.tlv_error(TlvReason::IllegalSize);
    }
    let own = new_bytes(cx, bytes)?;
    cx.set_object(tag, BYTES, own)
}

/// A new tag object.
pub(crate) fn new_tag(cx: &mut Cx<'_>, bytes: &[u8]) -> Result<ObjRef, Stop> {
    let class = if ber::is_constructed(bytes) {
        "javacardx/framework/tlv/ConstructedBERTag"
    } else {
        "javacardx/framework/tlv/PrimitiveBERTag"
    };
    let tag = cx.new_object(class)?;
    set_tag(cx, tag, bytes)?;
    Ok(tag)
}

/// A tag of this class and number for a `PrimitiveBERTag` or `ConstructedBERTag`.
pub(crate) fn make_tag(
    cx: &mut Cx<'_>,
    class: i16,
    constructed: bool,
    number: i16,
) -> Result<Vec<u8>, Stop> {
    let class = u8::try_from(class).ok().filter(|class| *class < 4);
    match (class, u16::try_from(number)) {
        (Some(class), Ok(number)) => Ok(ber::make_tag(class, constructed, number)),
        _ => cx.tlv_error(TlvReason::InvalidParam),
    }
}

/// Makes room for this many bytes or TLVs in an empty object.
pub(crate) fn construct(cx: &mut Cx<'_>, tlv: ObjRef, capacity: i16) -> Result<(), Stop> {
    if capacity < 0 {
        return cx.tlv_error(TlvReason::InvalidParam);
    }
    let content = new_content(cx, tlv, capacity)?;
    cx.set_object(tlv, CONTENT, content)
}

/// The tag object; `EMPTY_TLV` if there is none yet.
pub(crate) fn tag_of(cx: &mut Cx<'_>, tlv: ObjRef) -> Result<ObjRef, Stop> {
    let tag = cx.object(tlv, TAG)?;
    if tag.is_null() {
        return cx.tlv_error(TlvReason::EmptyTlv);
    }
    Ok(tag)
}

/// The bytes of a primitive TLV's value.
pub(crate) fn value(cx: &mut Cx<'_>, tlv: ObjRef) -> Result<Vec<u8>, Stop> {
    tag_of(cx, tlv)?;
    let content = cx.object(tlv, CONTENT)?;
    let mut bytes = cx.own_bytes(content)?;
    bytes.truncate(count(cx, tlv)?);
    Ok(bytes)
}

/// Gives a primitive TLV another tag object, if not null, and another value; its size.
pub(crate) fn set_value(
    cx: &mut Cx<'_>,
    tlv: ObjRef,
    tag: ObjRef,
    value: &[u8],
) -> Result<i16, Stop> {
    let old = cx.object(tlv, TAG)?;
    let kept = if tag.is_null() { tag_of(cx, tlv)? } else { tag };
    let tag_size = filled_tag(cx, kept)?.len();
    let size = tag_size + ber::make_length(value.len()).len() + value.len();
    let size = short(cx, size)?;
    let length = short(cx, value.len())?;
    cx.whole(|cx| {
        let content = room(cx, tlv, length)?;
        cx.own_write(content, 0, value, Atomicity::Atomic)?;
        cx.set_short(tlv, COUNT, length)?;
        if kept != old {
            cx.set_object(tlv, TAG, kept)?;
        }
        Ok(size)
    })
}

/// The TLVs in a constructed one.
pub(crate) fn children(cx: &mut Cx<'_>, tlv: ObjRef) -> Result<Vec<ObjRef>, Stop> {
    let content = cx.object(tlv, CONTENT)?;
    let count = count(cx, tlv)?;
    let mut children = Vec::with_capacity(count);
    for index in (0..i16::MAX).take(count) {
        if let Value::Ref(child) = cx.vm.element(content, index, ContextId::JCRE)? {
            children.push(child);
        }
    }
    Ok(children)
}

/// Gives a constructed TLV another tag object, if not null, and other TLVs.
pub(crate) fn set_children(
    cx: &mut Cx<'_>,
    tlv: ObjRef,
    tag: ObjRef,
    children: &[ObjRef],
) -> Result<(), Stop> {
    for child in children {
        cx.check_store(*child)?;
    }
    let (before, old) = (count(cx, tlv)?, cx.object(tlv, CONTENT)?);
    let length = short(cx, children.len())?;
    cx.whole(|cx| {
        let content = room(cx, tlv, length)?;
        // What is taken out must not stay alive.
        let gone = before.saturating_sub(children.len());
        let nulls = core::iter::repeat_n(ObjRef::NULL, if content == old { gone } else { 0 });
        for (child, index) in children.iter().copied().chain(nulls).zip(0..) {
            let value = Value::Ref(child);
            cx.vm
                .set_element(content, index, value, ContextId::JCRE, Atomicity::Atomic)?;
        }
        cx.set_short(tlv, COUNT, length)?;
        if !tag.is_null() {
            cx.set_object(tlv, TAG, tag)?;
        }
        Ok(())
    })
}

/// A TLV as bytes, with everything that it holds.
pub(crate) fn encode(cx: &mut Cx<'_>, tlv: ObjRef) -> Result<Vec<u8>, Stop> {
    enum Step {
        Enter(ObjRef),
        /// The tag, and how much had been written before the value.
        Close(Vec<u8>, usize),
    }
    // From the end to the beginning, so that every length is known when it is written.
    let mut out: Vec<u8> = Vec::new();
    let mut steps = vec![Step::Enter(tlv)];
    while let Some(step) = steps.pop() {
        let (tag, from) = match step {
            Step::Enter(tlv) => {
                let tag = tag_of(cx, tlv)?;
                let tag = filled_tag(cx, tag)?;
                if cx.vm.is_instance_of(tlv, CONSTRUCTED)? {
                    steps.push(Step::Close(tag, out.len()));
                    steps.extend(children(cx, tlv)?.into_iter().map(Step::Enter));
                    continue;
                }
                let from = out.len();
                out.extend(value(cx, tlv)?.iter().rev());
                (tag, from)
            }
            Step::Close(tag, from) => (tag, from),
        };
        out.extend(ber::make_length(out.len() - from).iter().rev());
        out.extend(tag.iter().rev());
        if out.len() > ber::MAX_SIZE {
            return cx.tlv_error(TlvReason::TlvSize);
        }
    }
    out.reverse();
    Ok(out)
}

/// The bytes of a constructed TLV's value, or of a primitive one's.
pub(crate) fn length(cx: &mut Cx<'_>, tlv: ObjRef) -> Result<i16, Stop> {
    let bytes = encode(cx, tlv)?;
    let length = ber::Header::read(&bytes).map_or(0, |header| header.length);
    match i16::try_from(length) {
        Ok(length) => Ok(length),
        Err(_) => cx.tlv_error(TlvReason::TlvLength),
    }
}

/// Throws unless a constructed TLV may hold another: `INVALID_PARAM` if it is that itself, or inside of it.
pub(crate) fn check_hierarchy(cx: &mut Cx<'_>, holder: ObjRef, tlv: ObjRef) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    let mut pending = vec![tlv];
    while let Some(tlv) = pending.pop() {
        if tlv == holder {
            return cx.tlv_error(TlvReason::InvalidParam);
        }
        if seen.insert(tlv) && cx.vm.is_instance_of(tlv, CONSTRUCTED)? {
            pending.extend(children(cx, tlv)?);
        }
    }
    Ok(())
}

/// Makes the objects for well-formed TLVs; those on top.
pub(crate) fn build(cx: &mut Cx<'_>, bytes: &[u8], events: &[Event]) -> Result<Vec<ObjRef>, Stop> {
    let mut levels: Vec<(ObjRef, Vec<ObjRef>)> = Vec::new();
    let mut tops = Vec::new();
    for event in events {
        let made = match event {
            Event::Open(tag) => {
                let tag = new_tag(cx, bytes.get(tag.clone()).unwrap_or_default())?;
                levels.push((tag, Vec::new()));
                continue;
            }
            Event::Primitive(tag, value) => {
                let tlv = cx.new_object("javacardx/framework/tlv/PrimitiveBERTLV")?;
                let tag = new_tag(cx, bytes.get(tag.clone()).unwrap_or_default())?;
                set_value(cx, tlv, tag, bytes.get(value.clone()).unwrap_or_default())?;
                tlv
            }
            Event::Close => {
                let Some((tag, children)) = levels.pop() else {
                    break;
                };
                let tlv = cx.new_object(CONSTRUCTED_NAME)?;
                set_children(cx, tlv, tag, &children)?;
                tlv
            }
        };
        match levels.last_mut() {
            Some((_, children)) => children.push(made),
            None => tops.push(made),
        }
    }
    Ok(tops)
}

fn count(cx: &mut Cx<'_>, tlv: ObjRef) -> Result<usize, Stop> {
    Ok(cx.short(tlv, COUNT)?.unsigned_abs().into())
}

fn capacity(cx: &mut Cx<'_>, content: ObjRef) -> Result<usize, Stop> {
    Ok(cx.vm.array(content)?.map_or(0, |(_, length)| length.into()))
}

/// The content array with room for this many bytes or TLVs, a new one if the old was too small.
fn room(cx: &mut Cx<'_>, tlv: ObjRef, needed: i16) -> Result<ObjRef, Stop> {
    let content = cx.object(tlv, CONTENT)?;
    if !content.is_null() && usize::from(needed.unsigned_abs()) <= capacity(cx, content)? {
        return Ok(content);
    }
    let content = new_content(cx, tlv, needed)?;
    cx.set_object(tlv, CONTENT, content)?;
    Ok(content)
}

fn new_content(cx: &mut Cx<'_>, tlv: ObjRef, capacity: i16) -> Result<ObjRef, Stop> {
    let constructed = cx.vm.is_instance_of(tlv, CONSTRUCTED)?;
    let size = usize::from(capacity.unsigned_abs()) * if constructed { 2 } else { 1 };
    if cx.vm.free_bytes(Storage::Persistent) < size + 16 {
        return cx.tlv_error(TlvReason::InsufficientStorage);
    }
    let kind = if constructed {
        ArrayKind::Ref(cx.vm.class_index("javacardx/framework/tlv/BERTLV"))
    } else {
        ArrayKind::Byte
    };
    let owner = cx.vm.caller();
    cx.vm.new_array(kind, capacity, owner, Storage::Persistent)
}

fn new_bytes(cx: &mut Cx<'_>, bytes: &[u8]) -> Result<ObjRef, Stop> {
    // At most 32767.
    let length = i16::try_from(bytes.len()).unwrap_or(i16::MAX);
    let own = cx.new_own_bytes(length, Storage::Persistent)?;
    cx.own_write(own, 0, bytes, Atomicity::Atomic)?;
    Ok(own)
}
