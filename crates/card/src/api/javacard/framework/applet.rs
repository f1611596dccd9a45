use hydra_vm::{Atomicity, EntryPoint, ObjRef, Owner, Stop, Storage, Value};

use super::aid;
use crate::api::Cx;

/// `Applet()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `Applet.install`: an applet class without one of its own can't be instantiated.
pub(crate) fn install(cx: &mut Cx<'_>, _: ObjRef, _: i16, _: i8) -> Result<(), Stop> {
    // ISO7816.SW_FUNC_NOT_SUPPORTED
    cx.throw("javacard/framework/ISOException", 0x6A81)
}

/// `register()`: under the AID that INSTALL gave.
pub(crate) fn register(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    match &cx.state.installing {
        Some(installing) => {
            let aid = installing.aid.clone();
            register_as(cx, this, aid.as_bytes())
        }
        None => illegal_aid(cx),
    }
}

/// `register(byte[], short, byte)`: the AID must be the one that INSTALL gave.
pub(crate) fn register_bytes_short_byte(
    cx: &mut Cx<'_>,
    this: ObjRef,
    array: ObjRef,
    offset: i16,
    length: i8,
) -> Result<(), Stop> {
    let bytes = cx.bytes(array, offset, i16::from(length))?;
    if !(5..=16).contains(&bytes.len()) {
        // ILLEGAL_VALUE
        return cx.throw(SYSTEM, 1);
    }
    register_as(cx, this, &bytes)
}

/// `selectingApplet`: whether `process` sees the command that selected this applet.
pub(crate) fn selecting_applet(cx: &mut Cx<'_>, _: ObjRef) -> Result<bool, Stop> {
    Ok(cx.state.selecting && cx.applet() == cx.state.processing)
}

/// `reSelectingApplet`: every selection here ends the one before.
pub(crate) fn re_selecting_applet(_: &mut Cx<'_>) -> Result<bool, Stop> {
    Ok(false)
}

/// `select`, unless the applet has its own: willing.
pub(crate) fn select(_: &mut Cx<'_>, _: ObjRef) -> Result<bool, Stop> {
    Ok(true)
}

/// `deselect`, unless the applet has its own.
pub(crate) fn deselect(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `getShareableInterfaceObject`, unless the applet has its own: nothing to share.
pub(crate) fn get_shareable_interface_object(
    _: &mut Cx<'_>,
    _: ObjRef,
    _: ObjRef,
    _: i8,
) -> Result<ObjRef, Stop> {
    Ok(ObjRef::NULL)
}

const SYSTEM: &str = "javacard/framework/SystemException";

fn illegal_aid<T>(cx: &mut Cx<'_>) -> Result<T, Stop> {
    cx.throw(SYSTEM, 4)
}

/// JCRE 3.0.5 §11.2: once, by the applet being installed, an object of its own, under its AID. Part of the transaction in
/// progress, see [`State::forget_aborted`](crate::runtime::State::forget_aborted).
fn register_as(cx: &mut Cx<'_>, this: ObjRef, bytes: &[u8]) -> Result<(), Stop> {
    let caller = cx.applet();
    let owner = cx.vm.owner(this)?.applet;
    let fits = cx.state.installing.as_ref().is_some_and(|installing| {
        installing.registered.is_none()
            && caller == Some(installing.applet)
            && owner == installing.applet
            && installing.aid.as_bytes() == bytes
    });
    if !fits {
        return illegal_aid(cx);
    }
    let jcre = Owner::JCRE;
    let object = cx
        .vm
        .new_instance("javacard/framework/AID", jcre, Storage::Persistent)?;
    // At most 16.
    let length = i16::try_from(bytes.len()).unwrap_or(16);
    let own = cx
        .vm
        .new_array(hydra_vm::ArrayKind::Byte, length, jcre, Storage::Persistent)?;
    cx.own_write(own, 0, bytes, Atomicity::Atomic)?;
    cx.vm
        .set_field(object, aid::BYTES, Value::Ref(own), Atomicity::Atomic)?;
    cx.vm.set_entry_point(object, EntryPoint::Permanent)?;
    if let Some(installing) = &mut cx.state.installing {
        installing.registered = Some((this, object));
    }
    Ok(())
}
