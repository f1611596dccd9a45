use hydra_crypto::rsa::RsaPair;
use hydra_crypto::{DhGroup, DsaGroup, Ed25519, X25519};
use hydra_vm::{ObjRef, Stop};
use zeroize::Zeroizing;

use super::key::{self, Family, Kind, PARAMETERS, VALUE};
use super::{
    dh_key, dsa_key, ec_key, key_builder, named_parameter_spec, random_data, rsa_private_crt_key,
    xec_key,
};
use crate::api::{CryptoReason, Cx, cost};

/// `KeyPair.ALG_…`
const RSA: i8 = 1;
const RSA_CRT: i8 = 2;
const DSA: i8 = 3;
const EC_F2M: i8 = 4;
const EC_FP: i8 = 5;
const DH: i8 = 6;
/// Of keys that `buildXECKey` made: no constant of the standard's.
const XEC: i8 = -1;

/// The words of a pair: algorithm, size, public key, private key.
const ALGORITHM: u16 = 0;
const SIZE: u16 = 1;
const PUBLIC: u16 = 2;
const PRIVATE: u16 = 3;

/// `KeyPair(byte, short)`: keys in persistent memory.
pub(crate) fn construct_byte_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    algorithm: i8,
    bits: i16,
) -> Result<(), Stop> {
    // `KeyBuilder.TYPE_…`
    let (public, private) = match algorithm {
        RSA => (4, 5),
        RSA_CRT => (4, 6),
        DSA => (7, 8),
        EC_F2M => (9, 10),
        EC_FP => (11, 12),
        DH => (32, 35),
        _ => return cx.no_such_algorithm(),
    };
    let public = key_builder::build(cx, Kind::by_number(public), bits)?;
    let private = key_builder::build(cx, Kind::by_number(private), bits)?;
    hold(cx, this, algorithm, (public, private))
}

/// `KeyPair(PublicKey, PrivateKey)`: `ILLEGAL_VALUE` unless they are keys of one kind and size.
pub(crate) fn construct_public_key_private_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    public: ObjRef,
    private: ObjRef,
) -> Result<(), Stop> {
    let families = (key::given(cx, public)?, key::given(cx, private)?);
    let algorithm = match families {
        (Some(Family::RsaPublic), Some(Family::RsaPrivate)) => RSA,
        (Some(Family::RsaPublic), Some(Family::RsaCrt)) => RSA_CRT,
        (Some(Family::DsaPublic), Some(Family::DsaPrivate)) => DSA,
        (Some(Family::BinaryPublic), Some(Family::BinaryPrivate)) => EC_F2M,
        (Some(Family::EcPublic), Some(Family::EcPrivate)) => EC_FP,
        (Some(Family::DhPublic), Some(Family::DhPrivate)) => DH,
        (Some(Family::XecPublic), Some(Family::XecPrivate))
            if cx.short(public, xec_key::NAME)? == cx.short(private, xec_key::NAME)? =>
        {
            XEC
        }
        _ => return cx.crypto_error(CryptoReason::IllegalValue),
    };
    if key::get_size(cx, public)? != key::get_size(cx, private)? {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    hold(cx, this, algorithm, (public, private))
}

/// `genKeyPair()`: new values. RSA takes the public exponent that is set, else 65537; EC the curve that is set, else the
/// usual one of the size; DSA the domain that is set, else the usual one of the size; Diffie-Hellman the group that is set. `ILLEGAL_VALUE` if those are no good.
pub(crate) fn gen_key_pair(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    let (public, private) = (cx.object(this, PUBLIC)?, cx.object(this, PRIVATE)?);
    let algorithm = i8::try_from(cx.short(this, ALGORITHM)?);
    cx.whole(|cx| match algorithm {
        Ok(algorithm @ (RSA | RSA_CRT)) => generate_rsa(cx, algorithm, public, private),
        Ok(DSA) => generate_dsa(cx, public, private),
        Ok(EC_F2M | EC_FP) => generate_ec(cx, public, private),
        Ok(DH) => generate_dh(cx, public, private),
        Ok(XEC) => generate_xec(cx, public, private),
        _ => cx.no_such_algorithm(),
    })
}

/// `getPublic`
pub(crate) fn get_public(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    cx.object(this, PUBLIC)
}

/// `getPrivate`
pub(crate) fn get_private(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    cx.object(this, PRIVATE)
}

fn generate_rsa(
    cx: &mut Cx<'_>,
    algorithm: i8,
    public: ObjRef,
    private: ObjRef,
) -> Result<(), Stop> {
    let exponent = match key::value(cx.vm, public, PARAMETERS[0])? {
        Some(exponent) => exponent.to_vec(),
        None => alloc::vec![1, 0, 1],
    };
    let bits = key::get_size(cx, public)?.unsigned_abs();
    let length = key::bytes(cx, public)?;
    cx.charge(cost::primes(length))?;
    let pair = RsaPair::generate(bits, &exponent, &mut |out| random_data::draw(cx, out));
    let Ok(pair) = pair else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    key::put(cx, public, VALUE, &pair.modulus)?;
    key::put(cx, public, PARAMETERS[0], &exponent)?;
    if algorithm == RSA {
        key::put(cx, private, VALUE, &pair.modulus)?;
        return key::put(cx, private, PARAMETERS[0], &pair.private_exponent);
    }
    let parts = [&pair.p, &pair.q, &pair.inverse, &pair.dp, &pair.dq];
    for (word, part) in rsa_private_crt_key::PARTS.into_iter().zip(parts) {
        key::put(cx, private, word, part)?;
    }
    Ok(())
}

/// The domain is that of the public key, else of the private key, else the Java Cryptography Architecture's of the size.
fn generate_dsa(cx: &mut Cx<'_>, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    let usual = DsaGroup::usual(key::get_size(cx, public)?.unsigned_abs());
    for (index, word) in [dh_key::P, dh_key::Q, dh_key::G].into_iter().enumerate() {
        let given = match key::value(cx.vm, public, word)? {
            Some(value) => Some(value),
            None => key::value(cx.vm, private, word)?,
        };
        let value = given.or_else(|| usual.map(|domain| domain[index]));
        let Some(value) = value.map(<[u8]>::to_vec) else {
            return cx.crypto_error(CryptoReason::IllegalValue);
        };
        for object in [public, private] {
            if key::value(cx.vm, object, word)? != Some(&value) {
                key::put(cx, object, word, &value)?;
            }
        }
    }
    let group = dsa_key::group(cx, public)?;
    let drawn = group
        .draw(&mut |out| random_data::draw(cx, out))
        .and_then(|x| group.public(&x).map(|y| (x, y)));
    let Ok((x, y)) = drawn else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    key::put(cx, public, VALUE, &y)?;
    key::put(cx, private, VALUE, &x)
}

fn generate_ec(cx: &mut Cx<'_>, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    ec_key::share_curve(cx, public, private)?;
    generate_point(cx, public, private)
}

fn generate_point(cx: &mut Cx<'_>, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    let curve = ec_key::curve(cx, public)?;
    cx.charge(cost::curve(curve.field_len()))?;
    let drawn = curve
        .draw(&mut |out| random_data::draw(cx, out))
        .and_then(|scalar| curve.public(&scalar).map(|point| (scalar, point)));
    let Ok((scalar, point)) = drawn else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    key::put(cx, public, VALUE, &point)?;
    key::put(cx, private, VALUE, &scalar)
}

fn generate_dh(cx: &mut Cx<'_>, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    let mut group = [None, None, None];
    for (slot, word) in group.iter_mut().zip([dh_key::P, dh_key::G, dh_key::Q]) {
        let given = match key::value(cx.vm, public, word)? {
            Some(value) => Some(value),
            None => key::value(cx.vm, private, word)?,
        };
        *slot = given.map(<[u8]>::to_vec);
    }
    let [Some(p), Some(g), q] = group else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    cx.charge(cost::power(p.len(), p.len()))?;
    let drawn = DhGroup::new(&p).and_then(|group| {
        let secret = group.draw(q.as_deref(), &mut |out| random_data::draw(cx, out))?;
        let element = group.power(&g, &secret)?;
        Ok((secret, element))
    });
    let Ok((secret, element)) = drawn else {
        return cx.crypto_error(CryptoReason::IllegalValue);
    };
    for object in [public, private] {
        key::put(cx, object, dh_key::P, &p)?;
        key::put(cx, object, dh_key::G, &g)?;
        if let Some(q) = &q {
            key::put(cx, object, dh_key::Q, q)?;
        }
    }
    key::put(cx, public, VALUE, &element)?;
    key::put(cx, private, VALUE, &secret)
}

fn generate_xec(cx: &mut Cx<'_>, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    if xec_key::curve(cx, public)?.is_some() {
        return generate_point(cx, public, private);
    }
    let mut secret = Zeroizing::new([0; 32]);
    cx.charge(cost::curve(secret.len()))?;
    random_data::draw(cx, &mut *secret);
    let point = match cx.short(private, xec_key::NAME)? {
        named_parameter_spec::ED25519 => Ed25519::new(&secret).public(),
        _ => X25519::new(&secret).public(),
    };
    key::put(cx, public, VALUE, &point)?;
    key::put(cx, private, VALUE, &*secret)
}

fn hold(
    cx: &mut Cx<'_>,
    this: ObjRef,
    algorithm: i8,
    (public, private): (ObjRef, ObjRef),
) -> Result<(), Stop> {
    let bits = key::get_size(cx, public)?;
    cx.set_short(this, ALGORITHM, i16::from(algorithm))?;
    cx.set_short(this, SIZE, bits)?;
    cx.set_object(this, PUBLIC, public)?;
    cx.set_object(this, PRIVATE, private)
}
