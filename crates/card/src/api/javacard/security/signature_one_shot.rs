use hydra_vm::{ObjRef, Stop};

use super::signature;
use crate::api::{Cx, one_shot};

/// `Signature.OneShot.open`
pub(crate) fn open(cx: &mut Cx<'_>, digest: i8, cipher: i8, padding: i8) -> Result<ObjRef, Stop> {
    signature::open(cx, (digest, cipher, padding))
}

/// `close`
pub(crate) fn close(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    one_shot::close(cx, this)
}

/// `update`: never.
pub(crate) fn update(cx: &mut Cx<'_>, _: ObjRef, _: ObjRef, _: i16, _: i16) -> Result<(), Stop> {
    one_shot::unsupported(cx)
}
