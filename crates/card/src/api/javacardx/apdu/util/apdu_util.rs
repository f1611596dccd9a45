use hydra_vm::Stop;

use crate::api::{Cx, class_byte};

/// `getCLAChannel`
pub(crate) fn get_cla_channel(_: &mut Cx<'_>, class: i8) -> Result<i8, Stop> {
    Ok(class_byte::channel(class.cast_unsigned()).cast_signed())
}

/// `isSecureMessagingCLA`
pub(crate) fn is_secure_messaging_cla(_: &mut Cx<'_>, class: i8) -> Result<bool, Stop> {
    Ok(class_byte::is_secure_messaging(class.cast_unsigned()))
}

/// `isCommandChainingCLA`
pub(crate) fn is_command_chaining_cla(_: &mut Cx<'_>, class: i8) -> Result<bool, Stop> {
    Ok(class_byte::is_chaining(class.cast_unsigned()))
}

/// `isISOInterindustryCLA`
pub(crate) fn is_iso_interindustry_cla(_: &mut Cx<'_>, class: i8) -> Result<bool, Stop> {
    Ok(class_byte::is_interindustry(class.cast_unsigned()))
}

/// `isValidCLA`
pub(crate) fn is_valid_cla(_: &mut Cx<'_>, class: i8) -> Result<bool, Stop> {
    Ok(class_byte::is_valid(class.cast_unsigned()))
}
