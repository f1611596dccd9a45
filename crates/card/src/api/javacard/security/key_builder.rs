use hydra_vm::{ObjRef, Stop, Storage};

use super::key::{self, Kind};
use super::{named_parameter_spec, xec_key};
use crate::api::{CryptoReason, Cx};

/// `KeyBuilder.buildKey(byte, short, boolean)`: every key can be given a cipher for what is set in it.
pub(crate) fn build_key_byte_short_boolean(
    cx: &mut Cx<'_>,
    number: i8,
    bits: i16,
    _encrypted: bool,
) -> Result<ObjRef, Stop> {
    build(cx, Kind::by_number(number), bits)
}

/// `KeyBuilder.buildKey(byte algorithm, byte memory, short, boolean)`
pub(crate) fn build_key_byte_byte_short_boolean(
    cx: &mut Cx<'_>,
    algorithm: i8,
    memory: i8,
    bits: i16,
    _encrypted: bool,
) -> Result<ObjRef, Stop> {
    build(cx, Kind::by_algorithm(algorithm, memory), bits)
}

/// `KeyBuilder.buildKeyWithSharedDomain`: a key of the domain parameters' size, which has those parameters as they are and
/// as they will be; `NO_SUCH_ALGORITHM` if they are not of its kind.
pub(crate) fn build_key_with_shared_domain(
    cx: &mut Cx<'_>,
    algorithm: i8,
    memory: i8,
    domain: ObjRef,
    _encrypted: bool,
) -> Result<ObjRef, Stop> {
    let given = key::passed(cx, domain)?;
    let kind = Kind::by_algorithm(algorithm, memory)
        .filter(|kind| given.is_some() && kind.family.domain() == given);
    let Some(kind) = kind else {
        return cx.no_such_algorithm();
    };
    let bits = key::get_size(cx, domain)?;
    let object = build(cx, Some(kind), bits)?;
    key::share(cx, object, domain)?;
    Ok(object)
}

/// `KeyBuilder.buildXECKey`: half and memory are in the attributes; `ILLEGAL_VALUE` if they are none.
pub(crate) fn build_xec_key(
    cx: &mut Cx<'_>,
    params: ObjRef,
    attributes: i16,
    _encrypted: bool,
) -> Result<ObjRef, Stop> {
    let name = named_parameter_spec::passed(cx, params)?;
    let [half, memory] = attributes.to_be_bytes();
    let number = match half {
        0 => key::XEC_PUBLIC_NUMBER,
        0x80 => key::XEC_PRIVATE_NUMBER,
        _ => return cx.crypto_error(CryptoReason::IllegalValue),
    };
    let Some(kind) = Kind::xec(number, memory.cast_signed()) else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    check_selection(cx, kind)?;
    let object = key::make(cx, kind, named_parameter_spec::bits(name))?;
    cx.set_short(object, xec_key::NAME, name)?;
    cx.set_object(object, xec_key::PARAMS, params)?;
    Ok(object)
}

/// `KeyBuilder.getMemoryType`: how long the key's value lasts; `ILLEGAL_VALUE` for an object that is no key of the
/// platform's.
pub(crate) fn get_memory_type(cx: &mut Cx<'_>, object: ObjRef) -> Result<i8, Stop> {
    match key::passed(cx, object)? {
        Some(_) => key::kind(cx, object).map(Kind::memory),
        None => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

pub(super) fn build(
    cx: &mut Cx<'_>,
    kind: Option<&'static Kind>,
    bits: i16,
) -> Result<ObjRef, Stop> {
    let Some(kind) = kind.filter(|kind| kind.family.has_size(bits)) else {
        return cx.no_such_algorithm();
    };
    check_selection(cx, kind)?;
    key::make(cx, kind, bits)
}

/// JCRE 3.0.5 §5.1: only the currently selected applet's context makes what is cleared at deselection.
fn check_selection(cx: &mut Cx<'_>, kind: &Kind) -> Result<(), Stop> {
    if kind.storage == Storage::ClearOnDeselect && !cx.vm.is_selected(cx.context()) {
        // SystemException.ILLEGAL_TRANSIENT
        return cx.throw("javacard/framework/SystemException", 3);
    }
    Ok(())
}
