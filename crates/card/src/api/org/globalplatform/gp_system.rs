use hydra_vm::Stop;

use crate::api::Cx;

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
