use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// What an application may do beyond its own affairs: three bytes of flags (GPCS 2.3.1 §6.6.1, Table 11-7 to 11-9).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Privileges([u8; 3]);

macro_rules! privileges {
    ($($(#[$doc:meta])* $name:ident = $a:literal, $b:literal, $c:literal;)*) => {
        impl Privileges {
            $($(#[$doc])* pub const $name: Self = Self([$a, $b, $c]);)*
        }

        impl fmt::Debug for Privileges {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut set = f.debug_set();
                $(if self.contains(Self::$name) {
                    set.entry(&format_args!(stringify!($name)));
                })*
                set.finish()
            }
        }
    };
}

privileges! {
    /// Is a security domain.
    SECURITY_DOMAIN = 0x80, 0x00, 0x00;
    /// Verifies signatures of load files; a security domain.
    DAP_VERIFICATION = 0xC0, 0x00, 0x00;
    /// Manages content with tokens; a security domain.
    DELEGATED_MANAGEMENT = 0xA0, 0x00, 0x00;
    /// May lock the card.
    CARD_LOCK = 0x10, 0x00, 0x00;
    /// May terminate the card.
    CARD_TERMINATE = 0x08, 0x00, 0x00;
    /// Is selected at reset.
    CARD_RESET = 0x04, 0x00, 0x00;
    /// Manages the card's global PIN.
    CVM_MANAGEMENT = 0x02, 0x00, 0x00;
    /// Verifies the signature of every load file; a security domain.
    MANDATED_DAP = 0xC1, 0x00, 0x00;
    /// Is a trusted path between applications.
    TRUSTED_PATH = 0x00, 0x80, 0x00;
    /// Manages content without tokens.
    AUTHORIZED_MANAGEMENT = 0x00, 0x40, 0x00;
    /// Verifies tokens.
    TOKEN_VERIFICATION = 0x00, 0x20, 0x00;
    /// May delete anything.
    GLOBAL_DELETE = 0x00, 0x10, 0x00;
    /// May lock anything.
    GLOBAL_LOCK = 0x00, 0x08, 0x00;
    /// Sees the whole registry.
    GLOBAL_REGISTRY = 0x00, 0x04, 0x00;
    /// Is the one that is selectable when the card is locked.
    FINAL_APPLICATION = 0x00, 0x02, 0x00;
    /// Offers services to all.
    GLOBAL_SERVICE = 0x00, 0x01, 0x00;
    /// Makes receipts.
    RECEIPT_GENERATION = 0x00, 0x00, 0x80;
    /// Decrypts load files.
    CIPHERED_LOAD_FILE = 0x00, 0x00, 0x40;
    /// May activate others on the contactless interface.
    CONTACTLESS_ACTIVATION = 0x00, 0x00, 0x20;
    /// May activate itself on the contactless interface.
    CONTACTLESS_SELF_ACTIVATION = 0x00, 0x00, 0x10;
}

impl Privileges {
    /// No privilege.
    pub const NONE: Self = Self([0; 3]);

    /// Reads one byte (the others are zero) or three.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [a] => Some(Self([a, 0, 0])),
            [a, b, c] => Some(Self([a, b, c])),
            _ => None,
        }
    }

    /// The three bytes.
    pub fn to_bytes(self) -> [u8; 3] {
        self.0
    }

    /// One byte where the others are zero, else three: what INSTALL carries.
    pub fn shortest(&self) -> &[u8] {
        match self.0 {
            [_, 0, 0] => &self.0[..1],
            _ => &self.0,
        }
    }

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & b == b)
    }

    /// These without `other`.
    pub fn without(self, other: Self) -> Self {
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        Self([a & !x, b & !y, c & !z])
    }

    /// Whether the privileges go together (GPCS 2.3.1 §6.6.1): those of a security domain only with it, delegated
    /// and authorized management not at once, mandated DAP only as DAP verification, and no reserved bit.
    pub fn is_consistent(self) -> bool {
        let [a, b, c] = self.0;
        let domain = a & 0x80 != 0;
        let delegated = a & 0x20 != 0;
        let authorized = b & 0x40 != 0;
        (domain || a & 0x61 == 0 && b & 0x60 == 0 && c & 0xC0 == 0)
            && (a & 0x01 == 0 || a & 0x40 != 0)
            && !(delegated && authorized)
            && c & 0x0F == 0
    }
}

impl BitOr for Privileges {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        Self([a | x, b | y, c | z])
    }
}

impl BitOrAssign for Privileges {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_is_the_first_of_three() {
        assert_eq!(
            Privileges::from_bytes(&[0x80]),
            Privileges::from_bytes(&[0x80, 0, 0])
        );
        assert_eq!(Privileges::from_bytes(&[0x80, 0]), None);
        assert_eq!(Privileges::SECURITY_DOMAIN.shortest(), [0x80]);
        assert_eq!(Privileges::GLOBAL_DELETE.shortest(), [0, 0x10, 0]);
    }

    #[test]
    fn privileges_that_exclude_each_other_are_seen() {
        let domain = Privileges::SECURITY_DOMAIN;
        assert!(Privileges::NONE.is_consistent());
        assert!((domain | Privileges::AUTHORIZED_MANAGEMENT).is_consistent());
        assert!(!Privileges::AUTHORIZED_MANAGEMENT.is_consistent());
        assert!(
            !(Privileges::DELEGATED_MANAGEMENT | Privileges::AUTHORIZED_MANAGEMENT).is_consistent()
        );
        assert!(!Privileges([0x81, 0, 0]).is_consistent());
        assert!(Privileges::MANDATED_DAP.is_consistent());
        assert!(!Privileges([0, 0, 0x01]).is_consistent());
    }

    #[test]
    fn debug_names_them() {
        let both = Privileges::SECURITY_DOMAIN | Privileges::TRUSTED_PATH;
        assert_eq!(
            alloc::format!("{both:?}"),
            "{SECURITY_DOMAIN, TRUSTED_PATH}"
        );
    }
}
