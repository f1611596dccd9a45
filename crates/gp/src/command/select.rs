use alloc::vec::Vec;

use hydra_wire::Aid;

use super::{CommandError, LE, ins, parameters};

/// GPCS 2.3.1 §11.9 SELECT by name
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// The name or its beginning, 0 to 16 bytes; none at all selects the issuer security domain.
    pub name: Vec<u8>,
    /// Which of the applications with this name.
    pub occurrence: Occurrence,
    /// What the answer should tell of it.
    pub information: FileInformation,
}

/// What SELECT asks to be told (ISO/IEC 7816-4 Table 63). An applet answers as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileInformation {
    /// The whole file control information.
    Control = 0x00,
    /// The file control parameters alone.
    Parameters = 0x04,
    /// The file management data alone.
    Management = 0x08,
    /// Nothing.
    None = 0x0C,
}

/// Which application of those whose AID begins with the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// The first, or the only one.
    First = 0x00,
    /// The one after that which is selected.
    Next = 0x02,
}

impl Select {
    /// The application of this AID.
    pub fn aid(aid: &Aid) -> Self {
        Self {
            name: aid.as_bytes().to_vec(),
            occurrence: Occurrence::First,
            information: FileInformation::Control,
        }
    }

    /// The issuer security domain, whatever its AID.
    pub fn issuer_domain() -> Self {
        Self {
            name: Vec::new(),
            occurrence: Occurrence::First,
            information: FileInformation::Control,
        }
    }

    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        let occurrence = match (apdu.p1, apdu.p2 & 0xF3) {
            (0x04, 0x00) => Occurrence::First,
            (0x04, 0x02) => Occurrence::Next,
            _ => return Err(parameters(apdu)),
        };
        let information = match apdu.p2 & 0x0C {
            0x00 => FileInformation::Control,
            0x04 => FileInformation::Parameters,
            0x08 => FileInformation::Management,
            _ => FileInformation::None,
        };
        if apdu.data.len() > 16 {
            return Err(CommandError::Length(apdu.data.len()));
        }
        Ok(Self {
            name: apdu.data.clone(),
            occurrence,
            information,
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        let p2 = self.occurrence as u8 | self.information as u8;
        hydra_wire::Command::new(0x00, ins::SELECT, 0x04, p2)
            .with_data(&self.name)
            .with_le(LE)
    }
}
