//! Secure Channel Protocol 03 (GlobalPlatform Amendment D 1.2), i = 70 and 71: AES, pseudo-random card challenge,
//! C-MAC, C-DECRYPTION, R-MAC, R-ENCRYPTION; keys of 128, 192 or 256 bits.
//!
//! Both ends are machines without I/O. The card goes [`CardSession::initialize_update`] → [`CardPending`] →
//! [`CardSession`]; the host [`HostSession::open`] → [`HostPending`] → [`HostSession`]. As the card's challenge follows
//! from its sequence counter and the domain's AID, a host that knows both can go on without the answer
//! ([`HostPending::predict`]) and prepare a whole script.

use core::fmt;

mod card;
mod derivation;
mod host;
mod messaging;

pub use card::{CardPending, CardSession};
pub use derivation::card_challenge;
pub use host::{HostError, HostPending, HostSession, InitializeUpdateResponse, Ticket};

/// Length of challenges, cryptograms and MACs (Amendment D §5.1, parameter i bit 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// 8 bytes; i = 70.
    #[default]
    S8,
    /// 16 bytes; i = 71.
    S16,
}

impl Mode {
    /// Bytes in a challenge, cryptogram or MAC.
    #[allow(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(self) -> usize {
        match self {
            Self::S8 => 8,
            Self::S16 => 16,
        }
    }

    /// The parameter i that a card gives in its answer.
    pub fn parameter(self) -> u8 {
        match self {
            Self::S8 => 0x70,
            Self::S16 => 0x71,
        }
    }
}

/// What secure messaging protects (Amendment D §7.1.2.1). The order is that of growing protection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecurityLevel(u8);

impl SecurityLevel {
    /// Authentication only.
    pub const NONE: Self = Self(0x00);
    /// C-MAC.
    pub const C_MAC: Self = Self(0x01);
    /// C-MAC and C-DECRYPTION.
    pub const C_DECRYPTION: Self = Self(0x03);
    /// C-MAC and R-MAC.
    pub const C_MAC_R_MAC: Self = Self(0x11);
    /// C-MAC, C-DECRYPTION and R-MAC.
    pub const C_DECRYPTION_R_MAC: Self = Self(0x13);
    /// All four: C-MAC, C-DECRYPTION, R-MAC and R-ENCRYPTION.
    pub const FULL: Self = Self(0x33);

    /// The coded level.
    pub fn byte(self) -> u8 {
        self.0
    }

    /// Whether commands carry a MAC.
    pub fn has_c_mac(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// Whether command data is encrypted.
    pub fn has_c_decryption(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// Whether responses carry a MAC.
    pub fn has_r_mac(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Whether response data is encrypted.
    pub fn has_r_encryption(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// The most data that a command of the short form carries at this level.
    pub fn max_data(self, mode: Mode) -> usize {
        let left = if self.has_c_mac() {
            255 - mode.len()
        } else {
            255
        };
        if self.has_c_decryption() {
            // At least one byte of padding in whole blocks.
            left / 16 * 16 - 1
        } else {
            left
        }
    }
}

impl TryFrom<u8> for SecurityLevel {
    type Error = UnknownLevel;

    fn try_from(byte: u8) -> Result<Self, UnknownLevel> {
        match byte {
            0x00 | 0x01 | 0x03 | 0x11 | 0x13 | 0x33 => Ok(Self(byte)),
            other => Err(UnknownLevel(other)),
        }
    }
}

impl fmt::Debug for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecurityLevel({:02X})", self.0)
    }
}

/// SCP03 has no such security level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLevel(pub u8);

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SCP03 has no security level {:02X}", self.0)
    }
}

impl core::error::Error for UnknownLevel {}

/// The largest sequence counter: it has three bytes.
pub const MAX_SEQUENCE: u32 = 0x00FF_FFFF;

/// The three bytes of a sequence counter; its caller has checked the range.
fn sequence_bytes(sequence: u32) -> [u8; 3] {
    let [_, a, b, c] = sequence.to_be_bytes();
    [a, b, c]
}
