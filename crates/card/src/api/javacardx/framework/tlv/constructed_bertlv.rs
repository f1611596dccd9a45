use alloc::vec::Vec;

use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::ber::{self, BerFault, Event, Header};
use crate::api::tlv::{self, TlvReason};

/// `ConstructedBERTLV(short numTLVs)`: empty, with room for TLVs.
pub(crate) fn construct(cx: &mut Cx<'_>, this: ObjRef, capacity: i16) -> Result<(), Stop> {
    tlv::construct(cx, this, capacity)
}

/// `append(byte[], short, byte[], short)`: a TLV in an array to the end of a constructed one in another; its new size.
pub(crate) fn append_bytes_short_bytes_short(
    cx: &mut Cx<'_>,
    source: ObjRef,
    source_offset: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let more = cx.rest(source, source_offset)?;
    let rest = cx.rest(target, target_offset)?;
    let more = whole(cx, &more)?;
    let holder = whole(cx, &rest)?;
    let header = constructed(cx, holder)?;
    let value = holder.get(header.value..).unwrap_or_default();
    let bytes = ber::make(header.tag, &[value, more].concat());
    let size = tlv::short(cx, bytes.len())?;
    cx.write(target, target_offset, &bytes)?;
    Ok(size)
}

/// `find(byte[], short, byte[], short)`: the offset of the first TLV inside with this tag, or -1.
pub(crate) fn find_bytes_short_bytes_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    tag: ObjRef,
    tag_offset: i16,
) -> Result<i16, Stop> {
    let inside = contained(cx, array, offset)?;
    let tag = wanted(cx, tag, tag_offset)?;
    Ok(first(&inside, tag.as_deref()))
}

/// `findNext(byte[], short, short, byte[], short)`: the same from behind the TLV at an offset on.
pub(crate) fn find_next_bytes_short_short_bytes_short(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    start: i16,
    tag: ObjRef,
    tag_offset: i16,
) -> Result<i16, Stop> {
    if start < 0 {
        return cx.out_of_bounds();
    }
    let inside = contained(cx, array, offset)?;
    let tag = wanted(cx, tag, tag_offset)?;
    match inside.iter().position(|(at, _)| *at == start) {
        Some(index) => Ok(first(
            inside.get(index + 1..).unwrap_or_default(),
            tag.as_deref(),
        )),
        None => cx.tlv_error(TlvReason::InvalidParam),
    }
}

/// `init(byte[], short, short)`: from a whole TLV; its size.
pub(crate) fn init_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    let bytes = cx.bytes(array, offset, length)?;
    let events = cx.ber(ber::walk_one(&bytes), TlvReason::MalformedTlv)?;
    let [Event::Open(tag), inside @ .., Event::Close] = events.as_slice() else {
        return cx.tlv_error(TlvReason::MalformedTlv);
    };
    let tag = tlv::new_tag(cx, bytes.get(tag.clone()).unwrap_or_default())?;
    let children = tlv::build(cx, &bytes, inside)?;
    tlv::set_children(cx, this, tag, &children)?;
    size(cx, this)
}

/// `init(ConstructedBERTag, BERTLV)`: keeps both objects; its size.
pub(crate) fn init_constructed_ber_tag_bertlv(
    cx: &mut Cx<'_>,
    this: ObjRef,
    tag: ObjRef,
    inside: ObjRef,
) -> Result<i16, Stop> {
    cx.check_object(tag)?;
    cx.check_object(inside)?;
    tlv::filled_tag(cx, tag)?;
    tlv::check_hierarchy(cx, this, inside)?;
    tlv::encode(cx, inside)?;
    tlv::set_children(cx, this, tag, &[inside])?;
    size(cx, this)
}

/// `init(ConstructedBERTag, byte[], short, short)`: keeps the tag object; its size.
pub(crate) fn init_constructed_ber_tag_bytes_short_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    tag: ObjRef,
    value: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    cx.check_object(tag)?;
    let bytes = cx.bytes(value, offset, length)?;
    tlv::filled_tag(cx, tag)?;
    let events = cx.ber(ber::walk(&bytes), TlvReason::MalformedTlv)?;
    let children = tlv::build(cx, &bytes, &events)?;
    tlv::set_children(cx, this, tag, &children)?;
    size(cx, this)
}

/// `append(BERTLV)`: keeps the object; its size.
pub(crate) fn append_bertlv(cx: &mut Cx<'_>, this: ObjRef, more: ObjRef) -> Result<i16, Stop> {
    cx.check_object(more)?;
    tlv::check_hierarchy(cx, this, more)?;
    let size_now = tlv::encode(cx, this)?.len();
    let added = tlv::encode(cx, more)?.len();
    // The length may grow by two bytes.
    if size_now + added + 2 > ber::MAX_SIZE {
        return cx.tlv_error(TlvReason::TlvSize);
    }
    let mut children = tlv::children(cx, this)?;
    children.push(more);
    tlv::set_children(cx, this, ObjRef::NULL, &children)?;
    size(cx, this)
}

/// `delete`: an occurrence of an object, from 1; the size then.
pub(crate) fn delete(
    cx: &mut Cx<'_>,
    this: ObjRef,
    inside: ObjRef,
    occurrence: i16,
) -> Result<i16, Stop> {
    let mut children = tlv::children(cx, this)?;
    let index = position(cx, &children, inside, occurrence)?;
    children.remove(index);
    tlv::set_children(cx, this, ObjRef::NULL, &children)?;
    size(cx, this)
}

/// `find(BERTag)`: the first object with this tag, or null.
pub(crate) fn find_ber_tag(cx: &mut Cx<'_>, this: ObjRef, tag: ObjRef) -> Result<ObjRef, Stop> {
    let children = tlv::children(cx, this)?;
    first_object(cx, &children, tag)
}

/// `findNext(BERTag, BERTLV, short)`: the same from behind an occurrence of an object on.
pub(crate) fn find_next_ber_tag_bertlv_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    tag: ObjRef,
    inside: ObjRef,
    occurrence: i16,
) -> Result<ObjRef, Stop> {
    let children = tlv::children(cx, this)?;
    let index = position(cx, &children, inside, occurrence)?;
    first_object(cx, children.get(index + 1..).unwrap_or_default(), tag)
}

fn size(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    let bytes = tlv::encode(cx, this)?;
    tlv::short(cx, bytes.len())
}

/// Where an object occurs for the n-th time, from 1.
fn position(
    cx: &mut Cx<'_>,
    children: &[ObjRef],
    inside: ObjRef,
    occurrence: i16,
) -> Result<usize, Stop> {
    cx.check_object(inside)?;
    let nth = usize::try_from(occurrence)
        .ok()
        .and_then(|n| n.checked_sub(1));
    let mut places = (0..).zip(children).filter(|(_, child)| **child == inside);
    match nth.and_then(|nth| places.nth(nth)) {
        Some((index, _)) => Ok(index),
        None => cx.tlv_error(TlvReason::InvalidParam),
    }
}

fn first_object(cx: &mut Cx<'_>, children: &[ObjRef], tag: ObjRef) -> Result<ObjRef, Stop> {
    if tag.is_null() {
        return Ok(children.first().copied().unwrap_or(ObjRef::NULL));
    }
    cx.check_object(tag)?;
    let wanted = tlv::tag_bytes(cx, tag)?;
    for child in children {
        let tag = tlv::tag_of(cx, *child)?;
        if tlv::tag_bytes(cx, tag)? == wanted {
            return Ok(*child);
        }
    }
    Ok(ObjRef::NULL)
}

/// The TLV that an array's rest begins with, all of it.
fn whole<'a>(cx: &mut Cx<'_>, rest: &'a [u8]) -> Result<&'a [u8], Stop> {
    let header = cx.ber(Header::read(rest), TlvReason::MalformedTlv)?;
    match rest.get(..header.end()) {
        Some(bytes) => Ok(bytes),
        None => cx.out_of_bounds(),
    }
}

/// The header of a constructed TLV.
fn constructed<'a>(cx: &mut Cx<'_>, bytes: &'a [u8]) -> Result<Header<'a>, Stop> {
    let header = match Header::read(bytes) {
        Ok(header) if !ber::is_constructed(header.tag) => Err(BerFault::Malformed),
        header => header,
    };
    cx.ber(header, TlvReason::MalformedTlv)
}

/// The TLVs at the top level of a constructed one in an array: their offsets there, and their tags.
fn contained(cx: &mut Cx<'_>, array: ObjRef, offset: i16) -> Result<Vec<(i16, Vec<u8>)>, Stop> {
    let rest = cx.rest(array, offset)?;
    let bytes = whole(cx, &rest)?;
    let header = constructed(cx, bytes)?;
    let mut at = header.value;
    let mut found = Vec::new();
    while at < bytes.len() {
        let inside = Header::read(bytes.get(at..).unwrap_or_default());
        match inside {
            Ok(inside) if at.saturating_add(inside.end()) <= bytes.len() => {
                let place = i16::try_from(at).ok().and_then(|at| offset.checked_add(at));
                found.push((place.unwrap_or(i16::MAX), inside.tag.to_vec()));
                at += inside.end();
            }
            _ => return cx.tlv_error(TlvReason::MalformedTlv),
        }
    }
    Ok(found)
}

/// The tag to look for; `None` for any.
fn wanted(cx: &mut Cx<'_>, tag: ObjRef, offset: i16) -> Result<Option<Vec<u8>>, Stop> {
    if tag.is_null() {
        return Ok(None);
    }
    cx.tag_at(tag, offset).map(Some)
}

fn first(inside: &[(i16, Vec<u8>)], tag: Option<&[u8]>) -> i16 {
    let mut inside = inside.iter();
    let found = inside.find(|(_, known)| tag.is_none_or(|tag| tag == known.as_slice()));
    found.map_or(-1, |(at, _)| *at)
}
