use hydra_crypto::DsaGroup;
use hydra_vm::{ObjRef, Stop};

use super::dh_key::{G, P, Q};
use super::key;
use crate::api::{CryptoReason, Cx, cost};

key::components! {
    P, key::set_whole:
    /// `setP`
    pub(crate) fn set_p(bytes);
    /// `getP`: the number of bytes.
    pub(crate) fn get_p(bytes);

    G, key::set_whole:
    /// `setG`
    pub(crate) fn set_g(bytes);
    /// `getG`: the number of bytes.
    pub(crate) fn get_g(bytes);

    Q, set_order:
    /// `setQ`
    pub(crate) fn set_q(bytes);
    /// `getQ`: the number of bytes.
    pub(crate) fn get_q(bytes);
}

/// Sets a number below q, or q, which has at most 256 bits (FIPS 186-4 §4.2): it is kept as long as it is.
pub(super) fn set_order(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    (source, offset, length): (ObjRef, i16, i16),
) -> Result<(), Stop> {
    key::set(
        cx,
        this,
        word,
        (source, offset),
        key::Length::Given(length, 32),
    )
}

/// The domain of a key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if it is none.
pub(super) fn group(cx: &mut Cx<'_>, this: ObjRef) -> Result<DsaGroup, Stop> {
    let p = key::required(cx, this, P)?;
    let q = key::required(cx, this, Q)?;
    let g = key::required(cx, this, G)?;
    cx.charge(cost::power(p.len(), q.len()))?;
    match DsaGroup::new(&p, &q, &g) {
        Ok(group) => Ok(group),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
