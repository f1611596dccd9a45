use hydra_crypto::rsa::RsaPublic;
use hydra_vm::{ObjRef, Stop};

use super::key::{self, PARAMETERS, VALUE};
use crate::api::{CryptoReason, Cx, cost};

key::components! {
    VALUE, key::set_whole:
    /// `setModulus`
    pub(crate) fn set_modulus(bytes);
    /// `getModulus`: the number of bytes.
    pub(crate) fn get_modulus(bytes);

    PARAMETERS[0], set_any:
    /// `setExponent`
    pub(crate) fn set_exponent(bytes);
    /// `getExponent`: the number of bytes.
    pub(crate) fn get_exponent(bytes);
}

/// Sets a number of any length up to the modulus's, and keeps the length.
fn set_any(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    (source, offset, length): (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let longest = key::bytes(cx, this)?;
    key::set(
        cx,
        this,
        word,
        (source, offset),
        key::Length::Given(length, longest),
    )
}

/// The key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if its numbers are no key.
pub(crate) fn rsa(cx: &mut Cx<'_>, this: ObjRef) -> Result<RsaPublic, Stop> {
    let modulus = key::required(cx, this, VALUE)?;
    let exponent = key::required(cx, this, PARAMETERS[0])?;
    cx.charge(cost::power(modulus.len(), exponent.len()))?;
    match RsaPublic::new(&modulus, &exponent) {
        Ok(key) => Ok(key),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
