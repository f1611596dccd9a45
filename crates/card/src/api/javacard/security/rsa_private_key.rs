use hydra_crypto::rsa::RsaPrivate;
use hydra_vm::{ObjRef, Stop};

use super::key::{self, PARAMETERS, VALUE};
use crate::api::{CryptoReason, Cx};

key::components! {
    VALUE, key::set_whole:
    /// `setModulus`
    pub(crate) fn set_modulus(bytes);
    /// `getModulus`: the number of bytes.
    pub(crate) fn get_modulus(bytes);

    PARAMETERS[0], key::set_whole:
    /// `setExponent`
    pub(crate) fn set_exponent(bytes);
    /// `getExponent`: the number of bytes.
    pub(crate) fn get_exponent(bytes);
}

/// The key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if its numbers are no key.
pub(crate) fn rsa(cx: &mut Cx<'_>, this: ObjRef) -> Result<RsaPrivate, Stop> {
    let modulus = key::required(cx, this, VALUE)?;
    let exponent = key::required(cx, this, PARAMETERS[0])?;
    match RsaPrivate::new(&modulus, &exponent) {
        Ok(key) => Ok(key),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
