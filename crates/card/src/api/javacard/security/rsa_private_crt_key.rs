use alloc::vec::Vec;

use hydra_crypto::rsa::RsaPrivate;
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use super::key::{self, PARAMETERS, VALUE};
use crate::api::{CryptoReason, Cx};

/// The words of P, Q, q⁻¹ mod p, d mod (p − 1), d mod (q − 1).
pub(super) const PARTS: [u16; 5] = {
    let [q, pq, dp1, dq1, _] = PARAMETERS;
    [VALUE, q, pq, dp1, dq1]
};

key::components! {
    PARTS[0], set_half:
    /// `setP`
    pub(crate) fn set_p(bytes);
    /// `getP`: the number of bytes.
    pub(crate) fn get_p(bytes);

    PARTS[1], set_half:
    /// `setQ`
    pub(crate) fn set_q(bytes);
    /// `getQ`: the number of bytes.
    pub(crate) fn get_q(bytes);

    PARTS[2], set_half:
    /// `setPQ`
    pub(crate) fn set_pq(bytes);
    /// `getPQ`: the number of bytes.
    pub(crate) fn get_pq(bytes);

    PARTS[3], set_half:
    /// `setDP1`
    pub(crate) fn set_dp1(bytes);
    /// `getDP1`: the number of bytes.
    pub(crate) fn get_dp1(bytes);

    PARTS[4], set_half:
    /// `setDQ1`
    pub(crate) fn set_dq1(bytes);
    /// `getDQ1`: the number of bytes.
    pub(crate) fn get_dq1(bytes);
}

fn set_half(
    cx: &mut Cx<'_>,
    this: ObjRef,
    word: u16,
    source: (ObjRef, i16, i16),
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)? / 2;
    key::set_number(cx, this, word, source, size)
}

/// The key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if its numbers are no key.
pub(crate) fn rsa(cx: &mut Cx<'_>, this: ObjRef) -> Result<RsaPrivate, Stop> {
    let mut parts: Vec<Zeroizing<Vec<u8>>> = Vec::with_capacity(PARTS.len());
    for word in PARTS {
        parts.push(key::required(cx, this, word)?);
    }
    let [p, q, pq, dp1, dq1] = parts.as_slice() else {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    };
    match RsaPrivate::from_primes(p, q, dp1, dq1, pq) {
        Ok(key) => Ok(key),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
