use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;

/// `Object()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Object.equals`: the same object.
pub(crate) fn equals(_: &mut Cx<'_>, this: ObjRef, other: ObjRef) -> Result<bool, Stop> {
    Ok(this == other)
}
