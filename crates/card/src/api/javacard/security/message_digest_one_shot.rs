use hydra_vm::{ObjRef, Stop};

use super::message_digest;
use crate::api::{Cx, one_shot};

/// `MessageDigest.OneShot.open`
pub(crate) fn open(cx: &mut Cx<'_>, algorithm: i8) -> Result<ObjRef, Stop> {
    message_digest::open(cx, algorithm)
}

/// `close`
pub(crate) fn close(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    one_shot::close(cx, this)
}

/// `update`: never.
pub(crate) fn update(cx: &mut Cx<'_>, _: ObjRef, _: ObjRef, _: i16, _: i16) -> Result<(), Stop> {
    one_shot::unsupported(cx)
}
