use alloc::vec::Vec;

use hydra_wire::{Aid, tlv};

use super::{CommandError, LE, apdu as command, ins, owned, parameters};
use crate::fields::objects;

/// GPCS 2.3.1 §11.2 DELETE
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delete {
    /// An application or a load file that nothing depends on.
    Object {
        /// What goes.
        aid: Aid,
        /// Delete token; may be empty.
        token: Vec<u8>,
    },
    /// A load file and every application made from it.
    ObjectAndRelated {
        /// What goes.
        aid: Aid,
        /// Delete token; may be empty.
        token: Vec<u8>,
    },
    /// The keys of this identifier, of this version, or the one of both.
    Key {
        /// Key identifier.
        id: Option<u8>,
        /// Key version number.
        version: Option<u8>,
    },
}

impl Delete {
    /// An application or a load file alone, without a token.
    pub fn object(aid: &Aid) -> Self {
        Self::Object {
            aid: aid.clone(),
            token: Vec::new(),
        }
    }

    /// A load file and its applications, without a token.
    pub fn object_and_related(aid: &Aid) -> Self {
        Self::ObjectAndRelated {
            aid: aid.clone(),
            token: Vec::new(),
        }
    }

    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        if apdu.p1 != 0x00 || apdu.p2 & 0x7F != 0 {
            return Err(parameters(apdu));
        }
        let (mut aid, mut token, mut id, mut version) = (None, Vec::new(), None, None);
        for object in objects(&apdu.data, "not a data object") {
            let (at, object) = object?;
            let wrong = |what| CommandError::Data { at, what };
            match (object.tag, object.value) {
                (0x4F, bytes) => {
                    aid = Some(Aid::new(bytes).map_err(|_| wrong("4F is no AID"))?);
                }
                (0x9E, bytes) => token = owned(bytes),
                // The control reference template says whose token it is; the token itself is what counts.
                (0xB6, _) => {}
                (0xD0, [byte]) => id = Some(*byte),
                (0xD2, [byte]) => version = Some(*byte),
                _ => return Err(wrong("data object that DELETE does not know")),
            }
        }
        match (aid, id, version) {
            (Some(aid), None, None) if apdu.p2 == 0x00 => Ok(Self::Object { aid, token }),
            (Some(aid), None, None) => Ok(Self::ObjectAndRelated { aid, token }),
            (None, None, None) => Err(CommandError::Data {
                at: 0,
                what: "neither an AID nor a key is named",
            }),
            (None, id, version) if apdu.p2 == 0x00 => Ok(Self::Key { id, version }),
            (None, _, _) => Err(parameters(apdu)),
            (Some(_), _, _) => Err(CommandError::Data {
                at: 0,
                what: "both an AID and a key are named",
            }),
        }
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        let mut data = Vec::new();
        let p2 = match self {
            Self::Object { aid, token } | Self::ObjectAndRelated { aid, token } => {
                tlv::push(&mut data, 0x4F, aid.as_bytes());
                if !token.is_empty() {
                    tlv::push(&mut data, 0x9E, token);
                }
                match self {
                    Self::ObjectAndRelated { .. } => 0x80,
                    _ => 0x00,
                }
            }
            Self::Key { id, version } => {
                if let Some(id) = id {
                    tlv::push(&mut data, 0xD0, &[*id]);
                }
                if let Some(version) = version {
                    tlv::push(&mut data, 0xD2, &[*version]);
                }
                0x00
            }
        };
        command(ins::DELETE, 0x00, p2, &data).with_le(LE)
    }
}
