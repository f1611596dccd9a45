use hydra_crypto::SecretKey;
use hydra_vm::{ObjRef, Stop};

use super::{ec_key, key, key_builder, random_data};
use crate::api::{CryptoReason, Cx};

/// `KeyPair.ALG_EC_FP`
const EC_FP: i8 = 5;

/// The words of a pair: algorithm, size, public key, private key.
const ALGORITHM: u16 = 0;
const SIZE: u16 = 1;
const PUBLIC: u16 = 2;
const PRIVATE: u16 = 3;

/// `KeyPair(byte, short)`: EC over the prime field of 256 bits.
pub(crate) fn construct_byte_short(
    cx: &mut Cx<'_>,
    this: ObjRef,
    algorithm: i8,
    bits: i16,
) -> Result<(), Stop> {
    if algorithm != EC_FP || bits != 256 {
        return cx.no_such_algorithm();
    }
    let public = key_builder::build_key_byte_short_boolean(cx, 11, bits, false)?;
    let private = key_builder::build_key_byte_short_boolean(cx, 12, bits, false)?;
    hold(cx, this, public, private)
}

/// `KeyPair(PublicKey, PrivateKey)`
pub(crate) fn construct_public_key_private_key(
    cx: &mut Cx<'_>,
    this: ObjRef,
    public: ObjRef,
    private: ObjRef,
) -> Result<(), Stop> {
    cx.check_object(public)?;
    cx.check_object(private)?;
    let kinds = (key::get_type(cx, public)?, key::get_type(cx, private)?);
    if kinds.0 != 11 || !matches!(kinds.1, 12 | 30 | 31) {
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    hold(cx, this, public, private)
}

/// `genKeyPair()`: on P-256, whose parameters the keys get if they have none.
pub(crate) fn gen_key_pair(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    let public = cx.object(this, PUBLIC)?;
    let private = cx.object(this, PRIVATE)?;
    for object in [public, private] {
        ec_key::check_curve(cx, object)?;
    }
    // Uniform by rejection; a draw fails once in 2^32.
    let pair = loop {
        let mut scalar = [0; 32];
        random_data::draw(cx, &mut scalar);
        if let Ok(pair) = SecretKey::from_bytes(&scalar) {
            break pair;
        }
    };
    for object in [public, private] {
        ec_key::fill_curve(cx, object)?;
    }
    key::put(cx, public, key::VALUE, &pair.public().to_bytes())?;
    key::put(cx, private, key::VALUE, &*pair.to_bytes())
}

/// `getPublic`
pub(crate) fn get_public(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    cx.object(this, PUBLIC)
}

/// `getPrivate`
pub(crate) fn get_private(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    cx.object(this, PRIVATE)
}

fn hold(cx: &mut Cx<'_>, this: ObjRef, public: ObjRef, private: ObjRef) -> Result<(), Stop> {
    cx.set_short(this, ALGORITHM, i16::from(EC_FP))?;
    cx.set_short(this, SIZE, 256)?;
    cx.set_object(this, PUBLIC, public)?;
    cx.set_object(this, PRIVATE, private)
}
