use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::javacard::framework::aid;
use crate::runtime::{CardEnd, service};

/// The bit of the Global Registry privilege in the second byte of privileges (GPCS 2.3.1 §11.1.2).
const GLOBAL_REGISTRY: u8 = 0x04;

/// `GPSystem()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `GPSystem.getCardState`
pub(crate) fn get_card_state(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    Ok(cx.platform.card_state(cx.vm).cast_signed())
}

/// `GPSystem.getCardContentState`: of the calling application.
pub(crate) fn get_card_content_state(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    Ok(match cx.applet() {
        Some(applet) => cx.platform.application_state(cx.vm, applet).cast_signed(),
        None => 0,
    })
}

/// `GPSystem.setCardContentState`: of the calling application; whether OPEN allowed it.
pub(crate) fn set_card_content_state(cx: &mut Cx<'_>, state: i8) -> Result<bool, Stop> {
    Ok(match cx.applet() {
        Some(applet) => cx
            .platform
            .set_application_state(cx.vm, applet, state.cast_unsigned()),
        None => false,
    })
}

/// `GPSystem.getCVM`: null, since no application offers a cardholder verification method.
pub(crate) fn get_cvm(_: &mut Cx<'_>, _: i8) -> Result<ObjRef, Stop> {
    Ok(ObjRef::NULL)
}

/// `GPSystem.getSecureChannel`: that of the calling application's security domain; null while it is being installed.
pub(crate) fn get_secure_channel(cx: &mut Cx<'_>) -> Result<ObjRef, Stop> {
    match cx.applet() {
        Some(applet) if cx.state.instances.contains_key(&applet) => service::secure_channel(cx.vm),
        _ => Ok(ObjRef::NULL),
    }
}

/// `GPSystem.lockCard`: false without the Card Lock privilege, and unless the card is SECURED.
pub(crate) fn lock_card(cx: &mut Cx<'_>) -> Result<bool, Stop> {
    end_card(cx, CardEnd::Lock)
}

/// `GPSystem.terminateCard`: false without the Card Terminate privilege.
pub(crate) fn terminate_card(cx: &mut Cx<'_>) -> Result<bool, Stop> {
    end_card(cx, CardEnd::Terminate)
}

fn end_card(cx: &mut Cx<'_>, end: CardEnd) -> Result<bool, Stop> {
    Ok(match cx.applet() {
        Some(applet) => cx.platform.end_card(cx.vm, applet, end),
        None => false,
    })
}

/// `GPSystem.setATRHistBytes`: false, since no application can have the Card Reset privilege here.
pub(crate) fn set_atr_hist_bytes(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i8,
) -> Result<bool, Stop> {
    cx.check(array, offset, i16::from(length))?;
    Ok(false)
}

/// `GPSystem.getRegistryEntry`: the caller's own for null; another's with the Global Registry privilege; else null.
pub(crate) fn get_registry_entry(cx: &mut Cx<'_>, of: ObjRef) -> Result<ObjRef, Stop> {
    let Some(caller) = cx.applet() else {
        return Ok(ObjRef::NULL);
    };
    let applet = if of.is_null() {
        Some(caller)
    } else {
        cx.check_object(of)?;
        let bytes = aid::content(cx, of)?;
        cx.state.by_aid(&bytes)
    };
    let known = applet.filter(|applet| cx.state.instances.contains_key(applet));
    let Some(applet) = known else {
        return Ok(ObjRef::NULL);
    };
    let [_, second, _] = cx.platform.privileges(cx.vm, caller);
    if applet != caller && second & GLOBAL_REGISTRY == 0 {
        return Ok(ObjRef::NULL);
    }
    service::registry_entry(cx.vm, applet)
}

/// `GPSystem.getService`: null, since no application has registered a global service.
pub(crate) fn get_service(_: &mut Cx<'_>, _: ObjRef, _: i16) -> Result<ObjRef, Stop> {
    Ok(ObjRef::NULL)
}
