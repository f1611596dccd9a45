use alloc::vec::Vec;
use core::fmt;

use crate::{Aid, StatusWord};

/// A command APDU (ISO/IEC 7816-3 §12.1): header, data of 0 to 65,535 bytes, and how many bytes are expected back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Command data field; its length is Nc.
    pub data: Vec<u8>,
    /// Ne: the most bytes expected in the response, 1 to 65,536; `None` when no Le was sent.
    pub ne: Option<u32>,
    /// Whether the command came in the extended form, which Le then keeps.
    pub extended: bool,
}

impl Command {
    /// A command without data or Le.
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self {
            cla,
            ins,
            p1,
            p2,
            ..Self::default()
        }
    }

    /// SELECT by the full AID, first or only occurrence (ISO/IEC 7816-4 §11.2.2).
    pub fn select(aid: &Aid) -> Self {
        Self::new(0x00, 0xA4, 0x04, 0x00).with_data(aid.as_bytes())
    }

    /// The same command with this data field.
    pub fn with_data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self.extended |= data.len() > 255;
        self
    }

    /// The same command expecting up to `ne` bytes; 256 is Le 00, more needs the extended form.
    pub fn with_le(mut self, ne: u32) -> Self {
        self.ne = Some(ne);
        self.extended |= ne > 256;
        self
    }

    /// Reads one command APDU, all four cases, short and extended.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        let mut command = Self::default();
        command.read(bytes)?;
        Ok(command)
    }

    /// [`Self::parse`] into this command, whose room for data is used again. After an error it is no command.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), ApduError> {
        let [cla, ins, p1, p2, rest @ ..] = bytes else {
            return Err(ApduError::TooShort(bytes.len()));
        };
        (self.cla, self.ins, self.p1, self.p2) = (*cla, *ins, *p1, *p2);
        self.data.clear();
        self.ne = None;
        self.extended = false;
        match *rest {
            [] => {}
            [le] => self.ne = Some(short_le(le)),
            [0, high, low] => {
                self.extended = true;
                self.ne = Some(extended_le(high, low));
            }
            [0, high, low, ref body @ ..] => {
                self.extended = true;
                let nc = usize::from(u16::from_be_bytes([high, low]));
                let (data, le) = split(body, nc, 7)?;
                self.data.extend_from_slice(data);
                self.ne = match *le {
                    [] => None,
                    [high, low] => Some(extended_le(high, low)),
                    _ => return Err(ApduError::Length { at: 7 + nc }),
                };
            }
            [lc, ref body @ ..] => {
                let (data, le) = split(body, usize::from(lc), 5)?;
                self.data.extend_from_slice(data);
                self.ne = match *le {
                    [] => None,
                    [le] => Some(short_le(le)),
                    _ => {
                        return Err(ApduError::Length {
                            at: 5 + usize::from(lc),
                        });
                    }
                };
            }
        }
        Ok(())
    }

    /// The command's bytes. Data beyond 65,535 bytes cannot be expressed and is cut off.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len() + 9);
        out.extend([self.cla, self.ins, self.p1, self.p2]);
        let nc = u16::try_from(self.data.len()).unwrap_or(u16::MAX);
        let [nc_high, nc_low] = nc.to_be_bytes();
        let extended = self.extended || nc > 255 || self.ne.is_some_and(|ne| ne > 256);
        if nc > 0 {
            if extended {
                out.extend([0, nc_high, nc_low]);
            } else {
                out.push(nc_low);
            }
            out.extend_from_slice(&self.data[..usize::from(nc)]);
        }
        if let Some(ne) = self.ne {
            let [_, _, high, low] = ne.to_be_bytes();
            if extended {
                if nc == 0 {
                    out.push(0);
                }
                out.extend([high, low]);
            } else {
                out.push(low);
            }
        }
        out
    }

    /// The logical channel named by the class byte: 0 to 19 (ISO/IEC 7816-4 §5.4.1).
    pub fn channel(&self) -> u8 {
        if self.cla & 0x40 == 0 {
            self.cla & 0x03
        } else {
            4 + (self.cla & 0x0F)
        }
    }

    /// The same command on this logical channel, 0 to 19, its secure messaging indication kept.
    pub fn on_channel(mut self, channel: u8) -> Self {
        let proprietary = self.cla & 0x80;
        let secured = if self.cla & 0x40 == 0 {
            self.cla & 0x0C != 0
        } else {
            self.cla & 0x20 != 0
        };
        let chained = self.cla & 0x10;
        self.cla = if channel < 4 {
            proprietary | chained | if secured { 0x04 } else { 0 } | channel
        } else {
            proprietary | 0x40 | chained | if secured { 0x20 } else { 0 } | ((channel - 4) & 0x0F)
        };
        self
    }
}

fn short_le(le: u8) -> u32 {
    if le == 0 { 256 } else { u32::from(le) }
}

fn extended_le(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => 65_536,
        ne => u32::from(ne),
    }
}

fn split(body: &[u8], nc: usize, at: usize) -> Result<(&[u8], &[u8]), ApduError> {
    if nc == 0 || body.len() < nc {
        return Err(ApduError::Length {
            at: at + body.len(),
        });
    }
    Ok(body.split_at(nc))
}

/// A response APDU: data of 0 to 65,536 bytes and the status word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Response data field.
    pub data: Vec<u8>,
    /// SW1 and SW2.
    pub sw: StatusWord,
}

impl Response {
    /// 9000 with this data.
    pub fn ok(data: Vec<u8>) -> Self {
        Self {
            data,
            sw: StatusWord::NO_ERROR,
        }
    }

    /// A status word alone.
    pub fn status(sw: StatusWord) -> Self {
        Self {
            data: Vec::new(),
            sw,
        }
    }

    /// Reads a response of at least the two status bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        match bytes {
            [data @ .., sw1, sw2] => Ok(Self {
                data: data.to_vec(),
                sw: StatusWord(u16::from_be_bytes([*sw1, *sw2])),
            }),
            _ => Err(ApduError::TooShort(bytes.len())),
        }
    }

    /// The response's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.clone().into_bytes()
    }

    /// The response's bytes, made of its data.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.data.extend(self.sw.0.to_be_bytes());
        self.data
    }
}

impl From<StatusWord> for Response {
    fn from(sw: StatusWord) -> Self {
        Self::status(sw)
    }
}

/// Why bytes are no APDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApduError {
    /// Shorter than a header (command) or a status word (response); the number of bytes there were.
    TooShort(usize),
    /// Lc or Le disagrees with the bytes that follow; the offset where they part.
    Length {
        /// Byte offset in the APDU.
        at: usize,
    },
}

impl fmt::Display for ApduError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(n) => write!(f, "{n} bytes are too few for an APDU"),
            Self::Length { at } => write!(
                f,
                "the APDU's length fields disagree with its bytes at offset {at}"
            ),
        }
    }
}

impl core::error::Error for ApduError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn every_case_round_trips() {
        let cases: [Command; 8] = [
            Command::new(0x80, 1, 2, 3),
            Command::new(0x80, 1, 2, 3).with_le(256),
            Command::new(0x80, 1, 2, 3).with_le(65_536),
            Command::new(0x80, 1, 2, 3).with_data(&[7; 255]),
            Command::new(0x80, 1, 2, 3).with_data(&[7; 255]).with_le(1),
            Command::new(0x80, 1, 2, 3).with_data(&[7; 256]),
            Command::new(0x80, 1, 2, 3)
                .with_data(&[7; 65_535])
                .with_le(300),
            Command::new(0x80, 1, 2, 3).with_data(&[7]).with_le(1000),
        ];
        let mut read = Command::default();
        for case in cases {
            assert_eq!(Command::parse(&case.to_bytes()), Ok(case.clone()));
            // Nothing stays of the command before, or of one that was none.
            assert!(read.read(&[0, 1, 2, 3, 4, 5]).is_err());
            assert_eq!(read.read(&case.to_bytes()), Ok(()));
            assert_eq!(read, case);
        }
    }

    #[test]
    fn wrong_lengths_are_placed() {
        assert_eq!(Command::parse(&[0, 1, 2]), Err(ApduError::TooShort(3)));
        assert_eq!(
            Command::parse(&[0, 1, 2, 3, 4, 5]),
            Err(ApduError::Length { at: 6 })
        );
        assert_eq!(
            Command::parse(&[0, 1, 2, 3, 1, 5, 6, 7]),
            Err(ApduError::Length { at: 6 })
        );
        assert_eq!(
            Command::parse(&[0, 1, 2, 3, 0, 0, 0, 9]),
            Err(ApduError::Length { at: 8 })
        );
    }

    #[test]
    fn channels_are_named_in_the_class_byte() {
        for channel in 0..20 {
            let plain = Command::new(0x80, 0, 0, 0).on_channel(channel);
            assert_eq!(plain.channel(), channel);
            let secured = Command::new(0x84, 0, 0, 0).on_channel(channel);
            assert_eq!(secured.channel(), channel);
            assert_eq!(secured.on_channel(0).cla, 0x84);
        }
    }

    #[test]
    fn responses_end_in_a_status_word() {
        let response = Response {
            data: vec![1, 2],
            sw: StatusWord(0x6310),
        };
        assert_eq!(Response::parse(&response.to_bytes()), Ok(response));
        assert_eq!(Response::parse(&[0x90]), Err(ApduError::TooShort(1)));
    }
}
