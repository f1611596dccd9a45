use alloc::format;
use alloc::vec;

use hydra_vm::{ObjRef, Stop};

use crate::api::{CryptoReason, Cx, one_shot};
use crate::runtime::Instance;

/// The word that holds the algorithm.
const ALGORITHM: u16 = 0;

/// `RandomData()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `RandomData.getInstance(byte)`: every algorithm is the card's generator, which is fit for keys.
pub(crate) fn get_instance_byte(cx: &mut Cx<'_>, algorithm: i8) -> Result<ObjRef, Stop> {
    if !is_known(algorithm) {
        return cx.no_such_algorithm();
    }
    let object = cx.new_object("javacard/security/RandomData")?;
    cx.set_short(object, ALGORITHM, i16::from(algorithm))?;
    Ok(object)
}

/// `RandomData.OneShot.open`
pub(super) fn open(cx: &mut Cx<'_>, algorithm: i8) -> Result<ObjRef, Stop> {
    if !is_known(algorithm) {
        return cx.no_such_algorithm();
    }
    let object = one_shot::open(cx, "javacard/security/RandomData$OneShot")?;
    cx.set_short(object, ALGORITHM, i16::from(algorithm))?;
    Ok(object)
}

/// ALG_PSEUDO_RANDOM, SECURE_RANDOM, TRNG, PRESEEDED_DRBG, FAST, KEYGENERATION
fn is_known(algorithm: i8) -> bool {
    matches!(algorithm, 1..=6)
}

/// `RandomData.getInstance(byte, boolean)`
pub(crate) fn get_instance_byte_boolean(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    get_instance_byte(cx, algorithm)
}

/// `generateData`
pub(crate) fn generate_data(
    cx: &mut Cx<'_>,
    _: ObjRef,
    target: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    if length == 0 {
        // CryptoException.ILLEGAL_VALUE
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    fill(cx, (target, offset), length)
}

/// `nextBytes`: the offset after them.
pub(crate) fn next_bytes(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    generate_data(cx, this, target, offset, length)?;
    Ok(offset.wrapping_add(length))
}

/// `setSeed`: the card's generator seeds itself; the bytes are read and add nothing.
pub(crate) fn set_seed(
    cx: &mut Cx<'_>,
    _: ObjRef,
    seed: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    cx.check(seed, offset, length)
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

fn fill(cx: &mut Cx<'_>, (target, offset): (ObjRef, i16), length: i16) -> Result<(), Stop> {
    let context = cx.context();
    let count = cx.vm.byte_range(target, offset, length, context)?.len();
    let mut bytes = vec![0; count];
    draw(cx, &mut bytes);
    cx.write(target, offset, &bytes)
}

/// Fills `out` from the card's generator, for the calling applet.
pub(crate) fn draw(cx: &mut Cx<'_>, out: &mut [u8]) {
    let applet = cx.vm.caller().applet;
    let counter = Instance::next_draw(cx.vm, applet);
    let purpose = format!("applet {} random", applet.0);
    cx.platform.draw(cx.vm, &purpose, counter, out);
}
