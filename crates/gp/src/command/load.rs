use alloc::vec::Vec;

use super::{CommandError, LE, apdu as command, ins, owned, parameters};

/// GPCS 2.3.1 §11.6 LOAD
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Number of the block, from 00.
    pub block: u8,
    /// Whether this block ends the load file.
    pub last: bool,
    /// A part of the load file.
    pub data: Vec<u8>,
}

impl Load {
    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        if apdu.p1 & 0x7F != 0 {
            return Err(parameters(apdu));
        }
        if apdu.data.is_empty() {
            return Err(CommandError::Length(0));
        }
        Ok(Self {
            block: apdu.p2,
            last: apdu.p1 & 0x80 != 0,
            data: owned(&apdu.data),
        })
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        let p1 = if self.last { 0x80 } else { 0x00 };
        command(ins::LOAD, p1, self.block, &self.data).with_le(LE)
    }
}
