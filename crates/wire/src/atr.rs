use alloc::vec::Vec;
use core::fmt;

/// An answer to reset (ISO/IEC 7816-3 §8.2), as far as a T=1 host needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr {
    /// The protocols offered, 0 to 14, in the order they are named.
    pub protocols: Vec<u8>,
    /// T=1: the most bytes the card takes in a block's information field (§11.4.2).
    pub ifsc: u8,
    /// T=1: whether blocks end in a CRC instead of an LRC (§11.4.4).
    pub crc: bool,
    /// Historical bytes (ISO/IEC 7816-4 §12.1.1).
    pub historical: Vec<u8>,
}

impl Atr {
    /// Reads an ATR that `bytes` begins with, and how many bytes it takes; `None` while there are too few.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, AtrError> {
        let mut rest = Bytes { bytes, at: 0 };
        let (Some(ts), Some(t0)) = (rest.next(), rest.next()) else {
            return Ok(None);
        };
        if !matches!(ts, 0x3B | 0x3F) {
            return Err(AtrError::InitialCharacter(ts));
        }
        let mut atr = Self {
            protocols: Vec::new(),
            ifsc: 32,
            crc: false,
            historical: Vec::new(),
        };
        // Y of T0 and of each TDi says which of TA, TB, TC, TD come next; TDi also says for which protocol.
        let mut present = t0 >> 4;
        let mut protocol = None;
        let mut t1_seen = false;
        let mut global = 0;
        loop {
            let mut group = [None; 4];
            for (bit, byte) in group.iter_mut().enumerate() {
                if present & (1 << bit) != 0 {
                    let Some(read) = rest.next() else {
                        return Ok(None);
                    };
                    *byte = Some(read);
                }
            }
            // The first specific bytes after T=1 was named, in the third group or later, are T=1's.
            if global >= 2 && protocol == Some(1) && !t1_seen {
                t1_seen = true;
                if let Some(ifsc) = group[0] {
                    if !(1..=254).contains(&ifsc) {
                        return Err(AtrError::Ifsc(ifsc));
                    }
                    atr.ifsc = ifsc;
                }
                atr.crc = group[2].is_some_and(|tc| tc & 1 != 0);
            }
            global += 1;
            let Some(td) = group[3] else { break };
            let named = td & 0x0F;
            protocol = Some(named);
            if named != 15 && !atr.protocols.contains(&named) {
                atr.protocols.push(named);
            }
            present = td >> 4;
        }
        // Without TD1 it is T=0 alone.
        if atr.protocols.is_empty() {
            atr.protocols.push(0);
        }
        for _ in 0..t0 & 0x0F {
            let Some(byte) = rest.next() else {
                return Ok(None);
            };
            atr.historical.push(byte);
        }
        // T=0 alone has no check byte.
        if atr.protocols != [0] || protocol == Some(15) {
            let Some(_) = rest.next() else {
                return Ok(None);
            };
            let sum = bytes[1..rest.at].iter().fold(0, |sum, byte| sum ^ byte);
            if sum != 0 {
                return Err(AtrError::Check);
            }
        }
        Ok(Some((atr, rest.at)))
    }
}

struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }
}

/// Why bytes are no ATR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtrError {
    /// It begins with neither convention's character.
    InitialCharacter(u8),
    /// The card takes blocks of no such size.
    Ifsc(u8),
    /// The check byte is wrong.
    Check,
}

impl fmt::Display for AtrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InitialCharacter(byte) => {
                write!(f, "an ATR begins with 3B or 3F, not {byte:02X}")
            }
            Self::Ifsc(size) => write!(f, "the ATR says {size} bytes a block, which no card takes"),
            Self::Check => f.write_str("the ATR's check byte is wrong"),
        }
    }
}

impl core::error::Error for AtrError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn read(text: &str) -> Result<Option<(Atr, usize)>, AtrError> {
        Atr::read(&hex::decode(text).unwrap_or_default())
    }

    #[test]
    fn real_cards_atrs_are_read() {
        // A JCOP card, an OpenPGP card (T=1 named first), a SIM (T=0 alone, no check byte).
        let cases = [
            ("3BF81300008131FE454A434F5076323431B7", &[1][..], 254, 8),
            ("3BDA18FF81B1FE751F030031C573C001400090000C", &[1], 254, 10),
            ("3B3F94008069AF03070100D1011A0B7F6E0083", &[0], 32, 15),
        ];
        for (text, protocols, ifsc, historical) in cases {
            let (atr, taken) = read(text).ok().flatten().expect(text);
            assert_eq!(taken, text.len() / 2, "{text}");
            assert_eq!(atr.protocols, protocols, "{text}");
            assert_eq!((atr.ifsc, atr.crc), (ifsc, false), "{text}");
            assert_eq!(atr.historical.len(), historical, "{text}");
        }
    }

    #[test]
    fn an_atr_that_has_not_all_come_is_waited_for() {
        let text = "3BF81300008131FE454A434F5076323431B7";
        for digits in (0..text.len()).step_by(2) {
            assert_eq!(read(&text[..digits]), Ok(None));
        }
    }

    #[test]
    fn what_is_no_atr_is_refused() {
        assert_eq!(read("0000"), Err(AtrError::InitialCharacter(0)));
        assert_eq!(
            read("3BF81300008131FE454A434F5076323431B6"),
            Err(AtrError::Check)
        );
        assert_eq!(read("3B8081310045"), Err(AtrError::Ifsc(0)));
    }
}
