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

/// `setP`
pub(crate) fn set_p(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)? / 2;
    key::set_number(cx, this, PARTS[0], (source, offset, length), size)
}

/// `getP`: the number of bytes.
pub(crate) fn get_p(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARTS[0], (target, offset))
}

/// `setQ`
pub(crate) fn set_q(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)? / 2;
    key::set_number(cx, this, PARTS[1], (source, offset, length), size)
}

/// `getQ`: the number of bytes.
pub(crate) fn get_q(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARTS[1], (target, offset))
}

/// `setPQ`
pub(crate) fn set_pq(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)? / 2;
    key::set_number(cx, this, PARTS[2], (source, offset, length), size)
}

/// `getPQ`: the number of bytes.
pub(crate) fn get_pq(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARTS[2], (target, offset))
}

/// `setDP1`
pub(crate) fn set_dp1(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)? / 2;
    key::set_number(cx, this, PARTS[3], (source, offset, length), size)
}

/// `getDP1`: the number of bytes.
pub(crate) fn get_dp1(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARTS[3], (target, offset))
}

/// `setDQ1`
pub(crate) fn set_dq1(
    cx: &mut Cx<'_>,
    this: ObjRef,
    source: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let size = key::bytes(cx, this)? / 2;
    key::set_number(cx, this, PARTS[4], (source, offset, length), size)
}

/// `getDQ1`: the number of bytes.
pub(crate) fn get_dq1(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    key::give(cx, this, PARTS[4], (target, offset))
}

/// The key for a computation: `UNINITIALIZED_KEY`, or `ILLEGAL_VALUE` if its numbers are no key.
pub(crate) fn rsa(cx: &mut Cx<'_>, this: ObjRef) -> Result<RsaPrivate, Stop> {
    let mut parts: Vec<Zeroizing<Vec<u8>>> = Vec::with_capacity(PARTS.len());
    for word in PARTS {
        parts.push(Zeroizing::new(key::required(cx, this, word)?));
    }
    let [p, q, pq, dp1, dq1] = parts.as_slice() else {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    };
    match RsaPrivate::from_primes(p, q, dp1, dq1, pq) {
        Ok(key) => Ok(key),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
