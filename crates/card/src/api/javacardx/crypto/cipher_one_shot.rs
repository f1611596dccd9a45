use hydra_vm::{ObjRef, Stop};

use super::cipher;
use crate::api::{Cx, one_shot};

/// `Cipher.OneShot.open`
pub(crate) fn open(cx: &mut Cx<'_>, algorithm: i8, padding: i8) -> Result<ObjRef, Stop> {
    cipher::open(cx, (algorithm, padding))
}

/// `close`
pub(crate) fn close(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    one_shot::close(cx, this)
}

/// `update`: never.
pub(crate) fn update(
    cx: &mut Cx<'_>,
    _: ObjRef,
    _: ObjRef,
    _: i16,
    _: i16,
    _: ObjRef,
    _: i16,
) -> Result<i16, Stop> {
    one_shot::unsupported(cx)
}
