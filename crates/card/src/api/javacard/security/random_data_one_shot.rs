use hydra_vm::{ObjRef, Stop};

use super::random_data;
use crate::api::{Cx, one_shot};

/// `RandomData.OneShot.open`
pub(crate) fn open(cx: &mut Cx<'_>, algorithm: i8) -> Result<ObjRef, Stop> {
    random_data::open(cx, algorithm)
}

/// `close`
pub(crate) fn close(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    one_shot::close(cx, this)
}
