use hydra_vm::{ObjRef, Stop};

use super::key::{self, PARAMETERS};
use crate::api::Cx;

/// The words of p, g and q.
pub(super) const P: u16 = PARAMETERS[0];
pub(super) const G: u16 = PARAMETERS[1];
pub(super) const Q: u16 = PARAMETERS[2];

/// `setP`
pub(crate) fn set_p(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    key::set_number(cx, this, P, (source, offset, length), size)
}

/// `getP`: the number of bytes.
pub(crate) fn get_p(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, P, (target, offset))
}

/// `setG`
pub(crate) fn set_g(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    key::set_number(cx, this, G, (source, offset, length), size)
}

/// `getG`: the number of bytes.
pub(crate) fn get_g(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, G, (target, offset))
}

/// `setQ`
pub(crate) fn set_q(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)?;
    key::set_number(cx, this, Q, (source, offset, length), size)
}

/// `getQ`: the number of bytes.
pub(crate) fn get_q(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, Q, (target, offset))
}
