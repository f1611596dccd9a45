/// What a message is for; with the destination it chooses the outbox policy and the chain of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// The bill of a period, to the provider, with a copy for the householder.
    Statement = 0x01,
    /// Intervals of energy, to the householder alone.
    Intervals = 0x02,
    /// A health measurement, to the provider, with a copy for the householder.
    Measurement = 0x03,
}

impl Purpose {
    /// The purpose of this number.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Statement),
            0x02 => Some(Self::Intervals),
            0x03 => Some(Self::Measurement),
            _ => None,
        }
    }

    /// Its number.
    pub fn byte(self) -> u8 {
        self as u8
    }
}

/// Whom a message is for, as an applet names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// The off-card entity of the applet's security domain.
    Provider = 0x01,
    /// The householder.
    Householder = 0x02,
}

impl Destination {
    /// The destination of this number.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Provider),
            0x02 => Some(Self::Householder),
            _ => None,
        }
    }

    /// Its number.
    pub fn byte(self) -> u8 {
        self as u8
    }
}
