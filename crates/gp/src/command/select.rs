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
        }
    }

    /// The issuer security domain, whatever its AID.
    pub fn issuer_domain() -> Self {
        Self {
            name: Vec::new(),
            occurrence: Occurrence::First,
        }
    }

    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        let occurrence = match (apdu.p1, apdu.p2) {
            (0x04, 0x00) => Occurrence::First,
            (0x04, 0x02) => Occurrence::Next,
            _ => return Err(parameters(apdu)),
        };
        if apdu.data.len() > 16 {
            return Err(CommandError::Length(apdu.data.len()));
        }
        Ok(Self {
            name: apdu.data.clone(),
            occurrence,
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        hydra_wire::Command::new(0x00, ins::SELECT, 0x04, self.occurrence as u8)
            .with_data(&self.name)
            .with_le(LE)
    }
}
