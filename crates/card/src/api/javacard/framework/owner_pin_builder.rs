use hydra_vm::{ObjRef, Stop};

use super::owner_pin;
use crate::api::Cx;

/// `buildOwnerPIN`: an `OwnerPIN`, or the platform's own `OwnerPINx` or `OwnerPINxWithPredecrement`.
pub(crate) fn build_owner_pin(
    cx: &mut Cx<'_>,
    try_limit: i8,
    max_size: i8,
    kind: i8,
) -> Result<ObjRef, Stop> {
    let class = match kind {
        1 => "javacard/framework/OwnerPIN",
        2 => "javacard/framework/OwnerPINx",
        3 => owner_pin::WITH_PREDECREMENT,
        _ => return owner_pin::illegal_value(cx),
    };
    owner_pin::check_sizes(cx, try_limit, max_size)?;
    let pin = cx.new_object(class)?;
    owner_pin::construct(cx, pin, try_limit, max_size)?;
    Ok(pin)
}
