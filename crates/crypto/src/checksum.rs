//! The checksums of ISO/IEC 13239 (formerly ISO/IEC 3309). They detect accidents, not forgers.

use crc::{CRC_16_GSM, CRC_32_ISO_HDLC, Crc, Table};

const CRC16: Crc<u16, Table<1>> = Crc::<u16, Table<1>>::new(&CRC_16_GSM);
const CRC32: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// A checksum in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// x¹⁶ + x¹² + x⁵ + 1, no bit reversed, complemented: what it is before that.
    Crc16(u16),
    /// The polynomial 04C11DB7, bits reversed, complemented: what it is before that.
    Crc32(u32),
}

impl Checksum {
    /// Takes more of the message.
    pub fn update(&mut self, data: &[u8]) {
        match self {
            Self::Crc16(value) => {
                let mut digest = CRC16.digest_with_initial(*value);
                digest.update(data);
                *value = !digest.finalize();
            }
            Self::Crc32(value) => {
                // The library takes an initial value in the order that it has without reversal.
                let mut digest = CRC32.digest_with_initial(value.reverse_bits());
                digest.update(data);
                *value = !digest.finalize();
            }
        }
    }

    /// The checksum.
    pub fn finish(&self) -> u32 {
        match self {
            Self::Crc16(value) => u32::from(!value),
            Self::Crc32(value) => !value,
        }
    }
}
