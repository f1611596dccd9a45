use hydra_crypto::NamedCurve;
use hydra_vm::{FieldKind, ObjRef, Stop};

use crate::api::{CryptoReason, Cx};

/// The word of a specification: its name.
const NAME: u16 = 0;

/// The words of a specification.
pub(crate) const FIELDS: &[FieldKind] = &[FieldKind::Short];

/// The names of the curves of RFC 7748 and RFC 8032 that there are.
pub(crate) const ED25519: i16 = 0x0101;
pub(crate) const X25519: i16 = 0x0103;

/// The curve over a prime field of a name, `NamedParameterSpec.SEC…` and `BRAINPOOL…`.
pub(super) fn curve(name: i16) -> Option<NamedCurve> {
    Some(match name {
        0x1001 => NamedCurve::P192,
        0x1002 => NamedCurve::P224,
        0x1003 => NamedCurve::P256,
        0x1004 => NamedCurve::P384,
        0x1005 => NamedCurve::P521,
        0x2003 => NamedCurve::Brainpool192r1,
        0x2004 => NamedCurve::Brainpool192t1,
        0x2005 => NamedCurve::Brainpool224r1,
        0x2006 => NamedCurve::Brainpool224t1,
        0x2007 => NamedCurve::Brainpool256r1,
        0x2008 => NamedCurve::Brainpool256t1,
        0x2009 => NamedCurve::Brainpool320r1,
        0x200A => NamedCurve::Brainpool320t1,
        0x200B => NamedCurve::Brainpool384r1,
        0x200C => NamedCurve::Brainpool384t1,
        0x200D => NamedCurve::Brainpool512r1,
        0x200E => NamedCurve::Brainpool512t1,
        _ => return None,
    })
}

/// `NamedParameterSpec.getInstance`: Ed25519, X25519, NIST's and Brainpool's curves.
pub(crate) fn get_instance(cx: &mut Cx<'_>, name: i16) -> Result<ObjRef, Stop> {
    if !matches!(name, ED25519 | X25519) && curve(name).is_none() {
        return cx.no_such_algorithm();
    }
    let object = cx.new_object("javacard/security/NamedParameterSpec")?;
    cx.set_short(object, NAME, name)?;
    Ok(object)
}

/// Bits of a key of a name.
pub(super) fn bits(name: i16) -> i16 {
    match curve(name) {
        Some(NamedCurve::P192 | NamedCurve::Brainpool192r1 | NamedCurve::Brainpool192t1) => 192,
        Some(NamedCurve::P224 | NamedCurve::Brainpool224r1 | NamedCurve::Brainpool224t1) => 224,
        Some(NamedCurve::Brainpool320r1 | NamedCurve::Brainpool320t1) => 320,
        Some(NamedCurve::P384 | NamedCurve::Brainpool384r1 | NamedCurve::Brainpool384t1) => 384,
        Some(NamedCurve::Brainpool512r1 | NamedCurve::Brainpool512t1) => 512,
        Some(NamedCurve::P521) => 521,
        _ => 256,
    }
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
