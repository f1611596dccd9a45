use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::javacardx::framework::tlv::ber_tag;

/// `Object()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Object.equals`: the same object. `BERTag` overrides it under the same row of the table.
pub(crate) fn equals(cx: &mut Cx<'_>, this: ObjRef, other: ObjRef) -> Result<bool, Stop> {
    if this != other && ber_tag::is_tag(cx, this)? {
        return ber_tag::equals_object(cx, this, other);
    }
    Ok(this == other)
}
