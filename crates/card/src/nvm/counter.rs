use alloc::boxed::Box;
use core::fmt;

/// A number outside the image that only ever rises, and that nobody but the card raises: how an older image is told
/// from the newest.
///
/// The card raises it by one for every durable commit and by at most two when it is opened. On a real hub it is what
/// the machine has that survives its storage's being put back: the write counter of an RPMB partition (eMMC, UFS, NVMe),
/// which is made for a step a write; a counter of a secure microcontroller; or an NV counter of a TPM 2.0
/// (TPM2_NV_Increment), which takes some ten milliseconds a step and so limits how often such a card can write. It must
/// be reached under an authorisation that only the card's process has, and be lent to one card at a time.
pub trait MonotonicCounter {
    /// The present value.
    fn value(&mut self) -> Result<u64, CounterError>;

    /// Adds one; durable when it returns the new value.
    fn increment(&mut self) -> Result<u64, CounterError>;
}

impl<T: MonotonicCounter + ?Sized> MonotonicCounter for Box<T> {
    fn value(&mut self) -> Result<u64, CounterError> {
        (**self).value()
    }

    fn increment(&mut self) -> Result<u64, CounterError> {
        (**self).increment()
    }
}

/// The counter's own error.
#[derive(Debug)]
pub struct CounterError(pub Box<dyn core::error::Error + Send + Sync>);

impl fmt::Display for CounterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the counter failed")
    }
}

impl core::error::Error for CounterError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.0)
    }
}
