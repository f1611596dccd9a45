//! `OPSystem` is `GPSystem` under its older name.

use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;
use crate::api::org::globalplatform::gp_system;

/// `OPSystem.getCardContentState`
pub(crate) fn get_card_content_state(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    gp_system::get_card_content_state(cx)
}

/// `OPSystem.getCardManagerState`
pub(crate) fn get_card_manager_state(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    gp_system::get_card_state(cx)
}

/// `OPSystem.setCardContentState`
pub(crate) fn set_card_content_state(cx: &mut Cx<'_>, state: i8) -> Result<bool, Stop> {
    gp_system::set_card_content_state(cx, state)
}

/// `OPSystem.lockCardManager`
pub(crate) fn lock_card_manager(cx: &mut Cx<'_>) -> Result<bool, Stop> {
    gp_system::lock_card(cx)
}

/// `OPSystem.terminateCardManager`
pub(crate) fn terminate_card_manager(cx: &mut Cx<'_>) -> Result<bool, Stop> {
    gp_system::terminate_card(cx)
}

/// `OPSystem.setATRHistBytes`
pub(crate) fn set_atr_hist_bytes(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i8,
) -> Result<bool, Stop> {
    gp_system::set_atr_hist_bytes(cx, array, offset, length)
}
