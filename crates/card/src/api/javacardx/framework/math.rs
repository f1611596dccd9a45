pub(crate) mod bcd_util;
pub(crate) mod big_number;
pub(crate) mod parity_bit;

/// Bytes of the largest number (`getMaxBytesSupported`); the standard asks for 8 at least.
const MAX_BYTES: i16 = 256;
