use hydra_gp::load_file::TooManyBlocks;
use hydra_gp::registry::EntryError;
use hydra_gp::scp03::HostError;
use hydra_wire::{ApduError, StatusWord};

/// Why the client could not do what it was asked; `E` is the link's error.
#[derive(Debug, thiserror::Error)]
pub enum ClientError<E: core::error::Error + 'static> {
    /// The link failed, so nobody knows whether the card has executed the command.
    #[error("{action}: the link to the card failed")]
    Link {
        /// What was being done.
        action: &'static str,
        /// The link's error.
        source: E,
    },
    /// What came back is no response.
    #[error("{action}: the card's answer is no response APDU")]
    Response {
        /// What was being done.
        action: &'static str,
        /// What is wrong with it.
        source: ApduError,
    },
    /// The card refused.
    #[error("{action}: the card answered {sw}")]
    Refused {
        /// What was being done.
        action: &'static str,
        /// Its status word.
        sw: StatusWord,
    },
    /// The secure channel cannot be opened or does not hold; it is closed now.
    #[error("{action}: the secure channel failed")]
    SecureChannel {
        /// What was being done.
        action: &'static str,
        /// What is wrong.
        source: HostError,
    },
    /// This needs a secure channel and none is open.
    #[error("{action}: no secure channel is open")]
    NotAuthenticated {
        /// What was to be done.
        action: &'static str,
    },
    /// A command carries less data than this in the short form.
    #[error("{action}: {len} bytes of data do not fit one command, which takes {max}")]
    TooLong {
        /// What was to be done.
        action: &'static str,
        /// Bytes of data.
        len: usize,
        /// Bytes that fit.
        max: usize,
    },
    /// The load file needs too many blocks.
    #[error("LOAD: the load file is too large")]
    TooManyBlocks(#[from] TooManyBlocks),
    /// The registry's entries cannot be read.
    #[error("GET STATUS: the card's entries cannot be read")]
    Registry(#[from] EntryError),
    /// The card confirmed other keys than were put.
    #[error("PUT KEY: the card confirms another version or other check values")]
    KeyConfirmation,
}
