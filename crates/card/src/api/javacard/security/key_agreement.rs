use alloc::vec::Vec;

use hydra_crypto::{DhGroup, EcCurve, EcError, X25519, divided_scalar, sha1};
use hydra_vm::{FieldKind, ObjRef, Stop};
use zeroize::Zeroizing;

use super::key::{self, Family};
use super::{dh_key, ec_private_key, named_parameter_spec, xec_key};
use crate::api::{CryptoReason, Cx, cost};

/// The words of a key agreement: algorithm, key.
const ALGORITHM: u16 = 0;
const KEY: u16 = 1;

/// The words of a key agreement.
pub(crate) const FIELDS: &[FieldKind] = &[FieldKind::Short, FieldKind::Ref];

/// `ALG_…`
const EC_SVDP_DH_KDF: i8 = 1;
const EC_SVDP_DHC_KDF: i8 = 2;
const EC_SVDP_DH_PLAIN: i8 = 3;
const EC_SVDP_DHC_PLAIN: i8 = 4;
const EC_PACE_GM: i8 = 5;
const EC_SVDP_DH_PLAIN_XY: i8 = 6;
const DH_PLAIN: i8 = 7;
const XDH: i8 = 8;

/// `KeyAgreement()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `KeyAgreement.getInstance(byte, boolean)`
pub(crate) fn get_instance(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    if !(EC_SVDP_DH_KDF..=XDH).contains(&algorithm) {
        return cx.no_such_algorithm();
    }
    let object = cx.new_object("javacard/security/KeyAgreement")?;
    cx.set_short(object, ALGORITHM, i16::from(algorithm))?;
    Ok(object)
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

/// `init(PrivateKey)`: `ILLEGAL_VALUE` for null and a key of another kind; `UNINITIALIZED_KEY` for one that is not set, or
/// has no cofactor where the algorithm takes it.
pub(crate) fn init_private_key(cx: &mut Cx<'_>, this: ObjRef, object: ObjRef) -> Result<(), Stop> {
    let family = key::given(cx, object)?;
    let algorithm = get_algorithm(cx, this)?;
    let fits = match family {
        Some(Family::DhPrivate) => algorithm == DH_PLAIN,
        Some(Family::XecPrivate) if algorithm == XDH => {
            cx.short(object, xec_key::NAME)? == named_parameter_spec::X25519
        }
        Some(Family::XecPrivate) => algorithm != DH_PLAIN && xec_key::curve(cx, object)?.is_some(),
        Some(Family::EcPrivate | Family::BinaryPrivate) => !matches!(algorithm, DH_PLAIN | XDH),
        _ => false,
    };
    if !fits {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    let needs_cofactor = takes_cofactor(algorithm) && family != Some(Family::XecPrivate);
    if !key::is_initialized(cx, object)? || needs_cofactor && key::cofactor(cx, object)? == 0 {
        return cx.crypto_error(CryptoReason::UninitializedKey);
    }
    if cx.object(this, KEY)? != object {
        cx.set_object(this, KEY, object)?;
    }
    Ok(())
}

/// `generateSecret`: its length. `ILLEGAL_VALUE` if the other's data is no public key of the curve or group.
pub(crate) fn generate_secret(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let data = cx.bytes(data, offset, length)?;
    let object = cx.object(this, KEY)?;
    if object.is_null() {
        return cx.crypto_error(CryptoReason::InvalidInit);
    }
    let secret = match get_algorithm(cx, this)? {
        DH_PLAIN => dh(cx, object, &data)?,
        XDH => xdh(cx, object, &data)?,
        algorithm => ec(cx, algorithm, object, &data)?,
    };
    cx.write(target, target_offset, &secret)?;
    cx.length(secret.len())
}

fn takes_cofactor(algorithm: i8) -> bool {
    matches!(algorithm, EC_SVDP_DHC_KDF | EC_SVDP_DHC_PLAIN)
}

/// IEEE 1363-2000 §7.2.1 and §7.2.2: x of the shared point, both coordinates, or SHA-1 of x; BSI TR-03110-3 §A.3.4.1: the
/// generator that a nonce and a shared point map to.
fn ec(
    cx: &mut Cx<'_>,
    algorithm: i8,
    object: ObjRef,
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let (curve, scalar) = ec_private_key::scalar(cx, object)?;
    // Every curve that has a name has the cofactor 1.
    let cofactor = if takes_cofactor(algorithm) && xec_key::curve(cx, object)?.is_none() {
        key::cofactor(cx, object)?.cast_unsigned()
    } else {
        1
    };
    let result = if cofactor > 1 {
        let order = key::required(cx, object, key::ORDER)?;
        shared_with_cofactor(&curve, &scalar, (cofactor, &order), data)
    } else if algorithm == EC_PACE_GM {
        curve
            .public(&scalar)
            .and_then(|point| curve.add(&point, data))
            .map(Zeroizing::new)
    } else {
        curve.multiply(&scalar, data)
    };
    let Ok(point) = result else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    let x = point.get(1..=curve.field_len()).unwrap_or_default();
    Ok(match algorithm {
        EC_SVDP_DH_KDF | EC_SVDP_DHC_KDF => Zeroizing::new(sha1(x).to_vec()),
        EC_SVDP_DH_PLAIN | EC_SVDP_DHC_PLAIN => Zeroizing::new(x.to_vec()),
        EC_PACE_GM | EC_SVDP_DH_PLAIN_XY => point,
        _ => return cx.no_such_algorithm(),
    })
}

/// In compatibility mode, as the API has it: for points of the generator's subgroup the same as without a cofactor.
fn shared_with_cofactor(
    curve: &EcCurve,
    scalar: &[u8],
    (cofactor, order): (u16, &[u8]),
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EcError> {
    let scalar = divided_scalar(scalar, cofactor, order).ok_or(EcError::Curve)?;
    let cleared = curve.multiply(&cofactor.to_be_bytes(), data)?;
    curve.multiply(&scalar, &cleared)
}

fn dh(cx: &mut Cx<'_>, object: ObjRef, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let p = key::required(cx, object, dh_key::P)?;
    let secret = key::required(cx, object, key::VALUE)?;
    cx.charge(cost::power(p.len(), secret.len()))?;
    let shared = DhGroup::new(&p).and_then(|group| group.power(data, &secret));
    match shared {
        Ok(shared) => Ok(shared),
        Err(_) => cx.crypto_error(CryptoReason::IllegalValue),
    }
}

/// RFC 7748 §6.1.
fn xdh(cx: &mut Cx<'_>, object: ObjRef, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let secret = X25519::new(&*xec_key::value(cx, object)?);
    let shared = <[u8; 32]>::try_from(data)
        .ok()
        .and_then(|peer| secret.shared(&peer));
    match shared {
        Some(shared) => Ok(Zeroizing::new(shared.to_vec())),
        None => cx.crypto_error(CryptoReason::IllegalValue),
    }
}
