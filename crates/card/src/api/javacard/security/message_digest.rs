use hydra_vm::{ObjRef, Stop};

use crate::api::{Cx, Digest};

/// The word that holds the algorithm.
const ALGORITHM: u16 = 0;

/// `MessageDigest()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `MessageDigest.getInstance`: SHA-1 and SHA-256. Whether others may use it is the firewall's matter.
pub(crate) fn get_instance(
    cx: &mut Cx<'_>,
    algorithm: i8,
    _external: bool,
) -> Result<ObjRef, Stop> {
    let Some(digest) = Digest::new(algorithm) else {
        return cx.no_such_algorithm();
    };
    let object = cx.new_object("javacard/security/MessageDigest")?;
    cx.set_short(object, ALGORITHM, i16::from(algorithm))?;
    cx.state.digests.insert(object, digest);
    Ok(object)
}

/// `getAlgorithm`
pub(crate) fn get_algorithm(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let [_, algorithm] = cx.short(this, ALGORITHM)?.to_be_bytes();
    Ok(algorithm.cast_signed())
}

/// `getLength`
pub(crate) fn get_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    get_algorithm(cx, this).map(Digest::length)
}

/// `reset`
pub(crate) fn reset(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    cx.state.digests.remove(&this);
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
    let digest = running(cx, this)?;
    take(cx, this, digest, (data, offset, length)).map(|_| ())
}

/// `doFinal`: the digest's length; the object is fresh afterwards.
pub(crate) fn do_final(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
    target: ObjRef,
    target_offset: i16,
) -> Result<i16, Stop> {
    let size = i16::from(get_length(cx, this)?);
    cx.check(target, target_offset, size)?;
    let digest = running(cx, this)?;
    let digest = take(cx, this, digest, (data, offset, length))?;
    cx.state.digests.remove(&this);
    cx.write(target, target_offset, &digest.finish())?;
    Ok(size)
}

/// The computation that an object is in.
fn running(cx: &mut Cx<'_>, this: ObjRef) -> Result<Digest, Stop> {
    if let Some(digest) = cx.state.digests.get(&this) {
        return Ok(digest.clone());
    }
    match Digest::new(get_algorithm(cx, this)?) {
        Some(digest) => Ok(digest),
        None => cx.no_such_algorithm(),
    }
}

/// Lets a computation take bytes of the applet's.
fn take(
    cx: &mut Cx<'_>,
    this: ObjRef,
    mut digest: Digest,
    (data, offset, length): (ObjRef, i16, i16),
) -> Result<Digest, Stop> {
    let context = cx.context();
    digest.update(cx.vm.byte_range(data, offset, length, context)?);
    cx.state.digests.insert(this, digest.clone());
    Ok(digest)
}
