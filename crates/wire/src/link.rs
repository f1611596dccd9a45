use alloc::vec::Vec;

/// A way to a card: a reader, a serial line, or a card in this process. Only APDUs cross it.
pub trait CardLink {
    /// What can go wrong on the way; a card that answers with an error status word is not an error of the link.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Resets the card, opening it if needed, and returns its answer to reset.
    fn reset(&mut self) -> Result<Vec<u8>, Self::Error>;

    /// Sends one command APDU and returns the response APDU, status word included.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Self::Error>;
}

impl<T: CardLink + ?Sized> CardLink for &mut T {
    type Error = T::Error;

    fn reset(&mut self) -> Result<Vec<u8>, Self::Error> {
        (**self).reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Self::Error> {
        (**self).transmit(command)
    }
}
