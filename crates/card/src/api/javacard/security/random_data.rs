use alloc::format;
use alloc::vec;

use hydra_crypto::{hmac_sha256, sha256};
use hydra_vm::{ObjRef, Stop};

use crate::api::{CryptoReason, Cx, Running, one_shot};
use crate::runtime::Instance;

/// The word that holds the algorithm.
const ALGORITHM: u16 = 0;

/// The one algorithm that a seed determines.
const ALG_PSEUDO_RANDOM: i8 = 1;

/// A sequence that a seed determines: block `counter` is HMAC-SHA-256 of the counter under the seed's hash.
pub(crate) struct Seeded {
    key: [u8; 32],
    counter: u64,
}

impl Seeded {
    fn new(seed: &[u8]) -> Self {
        Self {
            key: sha256(seed),
            counter: 0,
        }
    }

    /// Fills `out`, and goes on with whole blocks.
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = hmac_sha256(&self.key, &[&self.counter.to_be_bytes()]);
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.counter = self.counter.wrapping_add(1);
        }
    }
}

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
    this: ObjRef,
    target: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    if length == 0 {
        // CryptoException.ILLEGAL_VALUE
        return cx.crypto_error(CryptoReason::IllegalValue);
    }
    fill(cx, this, (target, offset), length)
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

/// `setSeed`: a pseudo-random sequence is the seed's from then on, until a reset. The others are the card's generator, which
/// seeds itself; the bytes are read and add nothing.
pub(crate) fn set_seed(
    cx: &mut Cx<'_>,
    this: ObjRef,
    seed: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let seed = cx.bytes(seed, offset, length)?;
    if get_algorithm(cx, this)? == ALG_PSEUDO_RANDOM {
        let seeded = Running::Seeded(Seeded::new(&seed));
        cx.state.running.insert(this, seeded);
    }
    Ok(())
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

fn fill(
    cx: &mut Cx<'_>,
    this: ObjRef,
    (target, offset): (ObjRef, i16),
    length: i16,
) -> Result<(), Stop> {
    let context = cx.context();
    cx.charge_processed(length)?;
    let count = cx.vm.byte_range(target, offset, length, context)?.len();
    let mut bytes = vec![0; count];
    match cx.state.running.get_mut(&this) {
        Some(Running::Seeded(seeded)) => seeded.fill(&mut bytes),
        _ => draw(cx, &mut bytes),
    }
    cx.write(target, offset, &bytes)
}

/// Fills `out` from the card's generator, for the calling applet.
pub(crate) fn draw(cx: &mut Cx<'_>, out: &mut [u8]) {
    let applet = cx.vm.caller().applet;
    let counter = Instance::next_draw(cx.vm, applet);
    let purpose = format!("applet {} random", applet.0);
    cx.platform.draw(cx.vm, &purpose, counter, out);
}
