use hydra_crypto::Checksum;
use hydra_vm::{Fault, ObjRef, Stop};

use crate::api::{CryptoReason, Cx, Running};

/// The word that holds the algorithm.
const ALGORITHM: u16 = 0;

/// `ALG_ISO3309_CRC16`, `ALG_ISO3309_CRC32`
const CRC16: i8 = 1;
const CRC32: i8 = 2;

/// `Checksum()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Checksum.getInstance`. Whether others may use it is the firewall's matter.
pub(crate) fn get_instance(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    if !matches!(algorithm, CRC16 | CRC32) {
        return cx.no_such_algorithm();
    }
    let object = cx.new_object("javacard/security/Checksum")?;
    cx.set_short(object, ALGORITHM, i16::from(algorithm))?;
    Ok(object)
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

/// `init`: the initial value, as long as the checksum.
pub(crate) fn init(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    let bytes = cx.bytes(data, offset, length)?;
    let algorithm = get_algorithm(cx, this)?;
    let checksum = match (algorithm, bytes.as_slice()) {
        (CRC16, &[a, b]) => Checksum::Crc16(u16::from_be_bytes([a, b])),
        // Given as it is without reversal, as the reference implementation has it.
        (CRC32, &[a, b, c, d]) => Checksum::Crc32(u32::from_be_bytes([a, b, c, d]).reverse_bits()),
        _ => return cx.crypto_error(CryptoReason::IllegalValue),
    };
    cx.state.running.insert(this, Running::Checksum(checksum));
    Ok(())
}

/// `update`
pub(crate) fn update(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    take(cx, this, (data, offset, length)).map(|_| ())
}

/// `doFinal`: the checksum's length; the next one has an initial value of zero.
pub(crate) fn do_final(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let size = if get_algorithm(cx, this)? == CRC16 {
        2
    } else {
        4
    };
    cx.check(target, target_offset, size)?;
    let checksum = take(cx, this, (data, offset, length))?
        .finish()
        .to_be_bytes();
    cx.state.running.remove(&this);
    let from = checksum.len() - usize::from(size.unsigned_abs());
    cx.write(target, target_offset, &checksum[from..])?;
    Ok(size)
}

fn take<'a>(
    cx: &'a mut Cx<'_>,
    this: ObjRef,
    (data, offset, length): (ObjRef, i16, i16),
) -> Result<&'a Checksum, Stop> {
    let fresh = match get_algorithm(cx, this)? {
        CRC16 => Checksum::Crc16(0),
        CRC32 => Checksum::Crc32(0),
        // An applet's own subclass that leaves a method to this one.
        _ => return cx.no_such_algorithm(),
    };
    cx.charge_processed(length)?;
    let context = cx.context();
    let data = cx.vm.byte_range(data, offset, length, context)?;
    let running = cx.state.running.entry(this);
    match running.or_insert(Running::Checksum(fresh)) {
        Running::Checksum(checksum) => {
            checksum.update(data);
            Ok(checksum)
        }
        _ => Err(Fault::TypeConfusion.into()),
    }
}
