use core::fmt;

/// Why bytes are no message, or a message cannot be made. `at` is a byte offset in the bytes that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The CBOR ends early, or is not well-formed here (RFC 8949 §3).
    Malformed {
        /// Byte offset.
        at: usize,
    },
    /// Well-formed, but not in the one deterministic spelling (RFC 8949 §4.2.1): an indefinite length, an integer or
    /// length longer than needed, map keys out of order or repeated.
    NotDeterministic {
        /// Byte offset.
        at: usize,
    },
    /// A float, an undefined or simple value, a map key that is neither integer nor text, or deeper nesting than
    /// any message has.
    Unsupported {
        /// Byte offset.
        at: usize,
    },
    /// Bytes after the end of the message.
    Trailing {
        /// Byte offset.
        at: usize,
    },
    /// Something else than `hydra.cddl` has in this place.
    Unexpected {
        /// Byte offset.
        at: usize,
        /// What has its place here.
        expected: &'static str,
    },
    /// The message is sealed to somebody else.
    Recipient,
    /// The ciphertext does not open: another key, or an altered message.
    Sealed,
    /// The opened text does not end in `80`, zeros.
    Padding,
    /// The signature does not verify.
    Signature,
    /// These bytes are no point of P-256.
    Point,
    /// A disclosure does not hash to the hidden claim of the same index.
    Disclosure {
        /// Index in the array of hidden claims.
        index: usize,
    },
    /// Each hidden claim needs a salt.
    Salts {
        /// Hidden claims.
        needed: usize,
        /// Salts given.
        given: usize,
    },
    /// A name or a text is longer than the protocol allows.
    TooLong {
        /// What is too long.
        what: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { at } => write!(f, "no well-formed CBOR at offset {at}"),
            Self::NotDeterministic { at } => {
                write!(f, "not deterministically encoded CBOR at offset {at}")
            }
            Self::Unsupported { at } => {
                write!(f, "a kind of CBOR that no message has at offset {at}")
            }
            Self::Trailing { at } => write!(f, "bytes after the end of the message at offset {at}"),
            Self::Unexpected { at, expected } => write!(f, "{expected} expected at offset {at}"),
            Self::Recipient => f.write_str("sealed to another recipient"),
            Self::Sealed => f.write_str("the sealed message does not open"),
            Self::Padding => f.write_str("the padding of the sealed message is wrong"),
            Self::Signature => f.write_str("the signature does not verify"),
            Self::Point => f.write_str("not a point of P-256"),
            Self::Disclosure { index } => {
                write!(f, "disclosure {index} does not match its hidden claim")
            }
            Self::Salts { needed, given } => {
                write!(f, "{needed} hidden claims need as many salts, not {given}")
            }
            Self::TooLong { what } => write!(f, "{what} is too long"),
        }
    }
}

impl core::error::Error for Error {}
