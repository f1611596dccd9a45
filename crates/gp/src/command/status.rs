use alloc::vec::Vec;

use super::{CommandError, LE, Occurrence, apdu as command, ins, owned, parameters};
use crate::fields::objects;
use hydra_wire::tlv;

/// GPCS 2.3.1 §11.4 GET STATUS, in the format of data objects
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetStatus {
    /// Which part of the registry.
    pub scope: StatusScope,
    /// The first entries, or those after the last response that ended in 6310.
    pub occurrence: Occurrence,
    /// An AID or its beginning; empty asks for all.
    pub name: Vec<u8>,
    /// The tags to answer (content of 5C, as written); empty asks for the usual ones.
    pub tags: Vec<u8>,
}

/// Part of the registry (GPCS 2.3.1 §11.4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusScope {
    /// The issuer security domain.
    IssuerDomain = 0x80,
    /// Applications and supplementary security domains.
    Applications = 0x40,
    /// Load files.
    LoadFiles = 0x20,
    /// Load files with their modules.
    LoadFilesAndModules = 0x10,
}

/// GPCS 2.3.1 §11.10 SET STATUS
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetStatus {
    /// Whose state.
    pub scope: SetStatusScope,
    /// The state to come to; of an application only whether bit 8 says LOCKED.
    pub state: u8,
    /// The application or security domain; ignored for the card.
    pub aid: Vec<u8>,
}

/// Whose state is set (GPCS 2.3.1 §11.10.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetStatusScope {
    /// The issuer security domain's, which is the card's.
    Card = 0x80,
    /// An application's or a supplementary security domain's.
    Application = 0x40,
}

impl SetStatus {
    /// The card's state.
    pub fn card(state: crate::CardState) -> Self {
        Self {
            scope: SetStatusScope::Card,
            state: state as u8,
            aid: Vec::new(),
        }
    }

    /// Locks an application, or unlocks it.
    pub fn application(aid: &hydra_wire::Aid, state: u8) -> Self {
        Self {
            scope: SetStatusScope::Application,
            state,
            aid: aid.as_bytes().to_vec(),
        }
    }

    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        let scope = match apdu.p1 & 0xE0 {
            0x80 => SetStatusScope::Card,
            0x40 => SetStatusScope::Application,
            _ => return Err(parameters(apdu)),
        };
        Ok(Self {
            scope,
            state: apdu.p2,
            aid: owned(&apdu.data),
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        command(ins::SET_STATUS, self.scope as u8, self.state, &self.aid)
    }
}

impl GetStatus {
    /// All entries of a part of the registry, from the first.
    pub fn all(scope: StatusScope) -> Self {
        Self {
            scope,
            occurrence: Occurrence::First,
            name: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// The same question, continued.
    pub fn next(mut self) -> Self {
        self.occurrence = Occurrence::Next;
        self
    }

    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        let scope = match apdu.p1 {
            0x80 => StatusScope::IssuerDomain,
            0x40 => StatusScope::Applications,
            0x20 => StatusScope::LoadFiles,
            0x10 => StatusScope::LoadFilesAndModules,
            _ => return Err(parameters(apdu)),
        };
        let occurrence = match apdu.p2 {
            0x02 => Occurrence::First,
            0x03 => Occurrence::Next,
            _ => return Err(parameters(apdu)),
        };
        let (mut name, mut tags) = (None, Vec::new());
        for object in objects(&apdu.data, "not a data object") {
            let (at, object) = object?;
            match object.tag {
                0x4F if object.value.len() <= 16 => name = Some(owned(object.value)),
                0x5C => tags = owned(object.value),
                _ => {
                    return Err(CommandError::Data {
                        at,
                        what: "search criterion that GET STATUS does not know",
                    });
                }
            }
        }
        Ok(Self {
            scope,
            occurrence,
            name: name.ok_or(CommandError::Data {
                at: 0,
                what: "the search criterion 4F is missing",
            })?,
            tags,
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        let mut data = Vec::new();
        tlv::push(&mut data, 0x4F, &self.name);
        if !self.tags.is_empty() {
            tlv::push(&mut data, 0x5C, &self.tags);
        }
        let p2 = match self.occurrence {
            Occurrence::First => 0x02,
            Occurrence::Next => 0x03,
        };
        command(ins::GET_STATUS, self.scope as u8, p2, &data).with_le(LE)
    }
}
