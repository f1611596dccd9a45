use super::{CommandError, ins, parameters};

/// GPCS 2.3.1 §11.7 MANAGE CHANNEL
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManageChannel {
    /// Opens a channel that the card chooses; its number is the response.
    Open,
    /// Opens the channel of this number, 1 to 19.
    OpenNumber(u8),
    /// Closes the channel of this number, 1 to 19.
    Close(u8),
}

impl ManageChannel {
    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        if !apdu.data.is_empty() {
            return Err(CommandError::Length(apdu.data.len()));
        }
        match (apdu.p1, apdu.p2) {
            (0x00, 0x00) => Ok(Self::Open),
            (0x00, number @ 1..=19) => Ok(Self::OpenNumber(number)),
            // ISO/IEC 7816-4 §11.1.2: P2 00 closes the channel that the class byte names.
            (0x80, 0x00) if apdu.channel() != 0 => Ok(Self::Close(apdu.channel())),
            (0x80, number @ 1..=19) => Ok(Self::Close(number)),
            _ => Err(parameters(apdu)),
        }
    }

    pub(super) fn to_apdu(self) -> hydra_wire::Command {
        let (p1, p2) = match self {
            Self::Open => (0x00, 0x00),
            Self::OpenNumber(number) => (0x00, number),
            Self::Close(number) => (0x80, number),
        };
        let apdu = hydra_wire::Command::new(0x00, ins::MANAGE_CHANNEL, p1, p2);
        match self {
            Self::Open => apdu.with_le(1),
            _ => apdu,
        }
    }
}
