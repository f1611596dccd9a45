use hydra_vm::Stop;

use crate::api::Cx;

/// `UpgradeManager.isUpgrading`: no executable load file is ever upgraded here yet.
pub(crate) fn is_upgrading(_: &mut Cx<'_>) -> Result<bool, Stop> {
    Ok(false)
}
