use core::fmt;

/// SW1 SW2 of a response (ISO/IEC 7816-4 §5.6; GlobalPlatform Card Specification 2.3.1 §11.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

macro_rules! status_words {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl StatusWord {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// What the standards call this status, where they do.
            pub fn meaning(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

status_words! {
    /// Success.
    NO_ERROR = 0x9000, "success";
    /// A logical channel was already closed.
    CHANNEL_ALREADY_CLOSED = 0x6200, "logical channel already closed";
    /// The card is locked.
    CARD_LOCKED = 0x6283, "card locked";
    /// Host authentication failed.
    AUTHENTICATION_FAILED = 0x6300, "authentication of host cryptogram failed";
    /// GET STATUS has more to give.
    MORE_DATA = 0x6310, "more data available";
    /// No specific diagnosis.
    NO_DIAGNOSIS = 0x6400, "no specific diagnosis";
    /// A package that the load file imports is not on the card.
    IMPORT_NOT_AVAILABLE = 0x6438, "imported package not available";
    /// Memory failure.
    MEMORY_FAILURE = 0x6581, "memory failure";
    /// Wrong length.
    WRONG_LENGTH = 0x6700, "wrong length";
    /// The logical channel is not supported or not active.
    CHANNEL_NOT_SUPPORTED = 0x6881, "logical channel not supported or not active";
    /// Secure messaging is not supported.
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882, "secure messaging not supported";
    /// Security status not satisfied.
    SECURITY_STATUS_NOT_SATISFIED = 0x6982, "security status not satisfied";
    /// Data invalid.
    DATA_INVALID = 0x6984, "data invalid";
    /// Conditions of use not satisfied.
    CONDITIONS_NOT_SATISFIED = 0x6985, "conditions of use not satisfied";
    /// Command not allowed: no current application.
    COMMAND_NOT_ALLOWED = 0x6986, "command not allowed";
    /// Incorrect secure messaging data.
    INCORRECT_SECURE_MESSAGING = 0x6988, "incorrect secure messaging data";
    /// The applet refused to be selected.
    SELECT_FAILED = 0x6999, "applet selection failed";
    /// Incorrect values in the data field.
    WRONG_DATA = 0x6A80, "incorrect values in command data";
    /// Function not supported.
    FUNCTION_NOT_SUPPORTED = 0x6A81, "function not supported";
    /// Application or file not found.
    NOT_FOUND = 0x6A82, "application not found";
    /// Not enough memory.
    NOT_ENOUGH_MEMORY = 0x6A84, "not enough memory";
    /// Incorrect P1 or P2.
    INCORRECT_P1P2 = 0x6A86, "incorrect P1 P2";
    /// Referenced data not found.
    DATA_NOT_FOUND = 0x6A88, "referenced data not found";
    /// Instruction not supported.
    INS_NOT_SUPPORTED = 0x6D00, "instruction not supported";
    /// Class not supported.
    CLA_NOT_SUPPORTED = 0x6E00, "class not supported";
    /// An exception that nobody caught.
    UNKNOWN = 0x6F00, "no precise diagnosis";
    /// Algorithm not supported.
    ALGORITHM_NOT_SUPPORTED = 0x9484, "algorithm not supported";
    /// A key check value did not match.
    WRONG_CHECK_VALUE = 0x9485, "invalid key check value";
}

impl StatusWord {
    /// Whether the command ran without error: 9000 alone.
    pub fn is_success(self) -> bool {
        self == Self::NO_ERROR
    }

    /// Whether the command ran, perhaps with a warning: 9000, 62xx, 63xx, and the toolkit's 91xx.
    pub fn is_success_or_warning(self) -> bool {
        matches!(self.0 >> 8, 0x62 | 0x63 | 0x91) || self.is_success()
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            Some(text) => write!(f, "{:04X} ({text})", self.0),
            None => write!(f, "{:04X}", self.0),
        }
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusWord({:04X})", self.0)
    }
}
