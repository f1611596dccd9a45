/// The card's life cycle, which is the issuer security domain's (GPCS 2.3.1 §5.1, Table 11-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardState {
    /// Ready to take commands.
    OpReady = 0x01,
    /// Initialized, not yet issued.
    Initialized = 0x07,
    /// In use.
    Secured = 0x0F,
    /// Only the final application is selectable.
    Locked = 0x7F,
    /// For good.
    Terminated = 0xFF,
}

impl CardState {
    /// Reads the coded state.
    pub fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::OpReady,
            Self::Initialized,
            Self::Secured,
            Self::Locked,
            Self::Terminated,
        ]
        .into_iter()
        .find(|state| *state as u8 == byte)
    }

    /// Whether the card may go from here to `next`: forward only, but that only a SECURED card is locked and the lock can be
    /// taken off (GPCS 2.3.1 §5.1.1, Figure 5-1).
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (_, Self::Locked) => self == Self::Secured,
            (Self::Locked, Self::Secured) => true,
            _ => next > self,
        }
    }
}

/// A load file's life cycle (GPCS 2.3.1 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadFileState {
    /// On the card.
    Loaded = 0x01,
}

/// The life cycle of an application or security domain (GPCS 2.3.1 §5.3): a byte whose bits 1 to 3 are the standard's,
/// bits 4 to 7 the application's own, and bit 8 the lock, which keeps the state beneath it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApplicationState(u8);

impl ApplicationState {
    /// Installed, not selectable.
    pub const INSTALLED: Self = Self(0x03);
    /// Selectable.
    pub const SELECTABLE: Self = Self(0x07);
    /// A security domain with keys of its own.
    pub const PERSONALIZED: Self = Self(0x0F);

    /// Reads the coded state.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte & 0x7F {
            0x03 => Some(Self(byte)),
            low if low & 0x07 == 0x07 => Some(Self(byte)),
            _ => None,
        }
    }

    /// The coded state.
    pub fn to_byte(self) -> u8 {
        self.0
    }

    /// Whether the application can be selected.
    pub fn is_selectable(self) -> bool {
        !self.is_locked() && self.0 & 0x07 == 0x07
    }

    /// Whether the lock is on.
    pub fn is_locked(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// The same state, locked.
    #[must_use]
    pub fn locked(self) -> Self {
        Self(self.0 | 0x80)
    }

    /// The state that the lock kept.
    #[must_use]
    pub fn unlocked(self) -> Self {
        Self(self.0 & 0x7F)
    }
}

impl core::fmt::Debug for ApplicationState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ApplicationState({:02X})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_ages() {
        assert!(CardState::OpReady.may_become(CardState::Secured));
        assert!(!CardState::Secured.may_become(CardState::Initialized));
        assert!(CardState::Locked.may_become(CardState::Secured));
        assert!(!CardState::Locked.may_become(CardState::OpReady));
        assert!(!CardState::Terminated.may_become(CardState::Locked));
        assert_eq!(CardState::from_byte(0x7F), Some(CardState::Locked));
        assert_eq!(CardState::from_byte(0x02), None);
    }

    #[test]
    fn a_lock_keeps_the_state_beneath() {
        let state = ApplicationState::INSTALLED.locked();
        assert_eq!(state.to_byte(), 0x83);
        assert!(!state.is_selectable());
        assert_eq!(state.unlocked(), ApplicationState::INSTALLED);
        assert!(ApplicationState::from_byte(0x3F).is_some_and(ApplicationState::is_selectable));
        assert_eq!(ApplicationState::from_byte(0x01), None);
    }
}
