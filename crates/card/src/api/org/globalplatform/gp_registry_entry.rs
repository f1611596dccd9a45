use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::javacard::framework::aid;
use crate::runtime::service;

/// `getAID`: the JCRE's object for it.
pub(crate) fn get_aid(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    let applet = service::instance_of(cx.vm, this)?;
    let instance = cx.state.instances.get(&applet);
    Ok(instance.map_or(ObjRef::NULL, |instance| instance.aid_object))
}

/// `getPrivileges`: three bytes; the offset behind them.
pub(crate) fn get_privileges(
    cx: &mut Cx<'_>,
    this: ObjRef,
    target: ObjRef,
    offset: i16,
) -> Result<i16, Stop> {
    let applet = service::instance_of(cx.vm, this)?;
    let privileges = cx.platform.privileges(cx.vm, applet);
    cx.write(target, offset, &privileges)?;
    Ok(offset.wrapping_add(3))
}

/// `getState`
pub(crate) fn get_state(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    let applet = service::instance_of(cx.vm, this)?;
    Ok(cx.platform.application_state(cx.vm, applet).cast_signed())
}

/// `isAssociated`: with the security domain of this AID.
pub(crate) fn is_associated(cx: &mut Cx<'_>, this: ObjRef, domain: ObjRef) -> Result<bool, Stop> {
    cx.check_object(domain)?;
    let applet = service::instance_of(cx.vm, this)?;
    let domain = aid::content(cx, domain)?;
    Ok(cx.platform.is_associated(cx.vm, applet, &domain))
}

/// `isPrivileged`: by the number of a privilege, from the high bit of the first byte on.
pub(crate) fn is_privileged(cx: &mut Cx<'_>, this: ObjRef, privilege: i8) -> Result<bool, Stop> {
    let applet = service::instance_of(cx.vm, this)?;
    let privileges = cx.platform.privileges(cx.vm, applet);
    let number = usize::try_from(privilege).unwrap_or(usize::MAX);
    let byte = privileges.get(number / 8);
    Ok(byte.is_some_and(|byte| byte & (0x80 >> (number % 8)) != 0))
}

/// `setState`: by the calling application, of itself or, with the Global Lock privilege, of another.
pub(crate) fn set_state(cx: &mut Cx<'_>, this: ObjRef, state: i8) -> Result<bool, Stop> {
    let applet = service::instance_of(cx.vm, this)?;
    Ok(match cx.applet() {
        Some(caller) => cx
            .platform
            .set_state_of(cx.vm, caller, applet, state.cast_unsigned()),
        None => false,
    })
}
