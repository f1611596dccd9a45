//! What an observer of the hub may count: as much as the hub itself learns.

use std::collections::BTreeMap;

use crate::Port;

/// Counts since the hub was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// What came in, by port.
    pub inputs: BTreeMap<Port, Inputs>,
    /// What went out, by port.
    pub outputs: BTreeMap<Port, Outputs>,
    /// Frames of devices and of the relay that could not be read.
    pub malformed: u64,
    /// The last of them, in words.
    pub last_malformed: Option<String>,
}

/// What came in from one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Taken by the card, repetitions included.
    pub taken: u64,
    /// Of these, with a number that was taken before.
    pub repeated: u64,
    /// Put off, because the applet was not there or not personalised yet.
    pub put_off: u64,
    /// Refused by the card.
    pub refused: u64,
}

/// What went out to one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// Messages and script responses delivered.
    pub delivered: u64,
    /// Their bytes, without frames and padding.
    pub bytes: u64,
    /// Attempts that failed; the output went again later.
    pub failed: u64,
}

impl Status {
    /// What came in from a port.
    pub fn input(&self, port: &Port) -> Inputs {
        self.inputs.get(port).copied().unwrap_or_default()
    }

    /// What went out to a port.
    pub fn output(&self, port: &Port) -> Outputs {
        self.outputs.get(port).copied().unwrap_or_default()
    }
}
