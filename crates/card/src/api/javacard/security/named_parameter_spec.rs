use hydra_vm::{FieldKind, ObjRef, Stop};

use crate::api::{CryptoReason, Cx};

/// The word of a specification: its name.
const NAME: u16 = 0;

/// The words of a specification.
pub(crate) const FIELDS: &[FieldKind] = &[FieldKind::Short];

/// The names of the curves of RFC 7748 and RFC 8032 that there are.
pub(crate) const ED25519: i16 = 0x0101;
pub(crate) const X25519: i16 = 0x0103;

/// `NamedParameterSpec.getInstance`: Ed25519 and X25519.
pub(crate) fn get_instance(cx: &mut Cx<'_>, name: i16) -> Result<ObjRef, Stop> {
    if !matches!(name, ED25519 | X25519) {
        return cx.no_such_algorithm();
    }
    let object = cx.new_object("javacard/security/NamedParameterSpec")?;
    cx.set_short(object, NAME, name)?;
    Ok(object)
}

/// `getName`
pub(crate) fn get_name(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    cx.short(this, NAME)
}

/// The name of a specification that an applet passed.
pub(super) fn passed(cx: &mut Cx<'_>, object: ObjRef) -> Result<i16, Stop> {
    cx.check_object(object)?;
    if cx.vm.class_name(object)? != Some("javacard/security/NamedParameterSpec") {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    get_name(cx, object)
}
