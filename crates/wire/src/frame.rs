use alloc::vec::Vec;
use core::fmt;

/// The sizes, in bytes, that a frame may have on the relay. A larger frame is a multiple of the last.
pub const SIZE_CLASSES: [usize; 6] = [512, 1_024, 2_048, 4_096, 8_192, 16_384];

const HEADER: usize = 10;
const VERSION: u8 = 1;

/// What a frame carries. The relay passes it on unread; hub and provider need it to hand the payload to the right room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A sealed message (COSE_Encrypt) from the outbox to a provider.
    Message = 0x01,
    /// A command script from a provider to its security domain (ETSI TS 102 226).
    Script = 0x02,
    /// The response to a script.
    ScriptResponse = 0x03,
}

/// The outer frame: what the payload of one MQTT message between hub and provider is.
///
/// `version u8 = 1 | kind u8 | correlation u32 | length u32 | payload | zeros up to a size class`, big-endian.
/// A wire-tapper learns the kind, the correlation and the size class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What the payload is.
    pub kind: FrameKind,
    /// Names the exchange: a script's response repeats the script's number; a message carries the outbox's own.
    pub correlation: u32,
    /// The content, without padding.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The frame's bytes, padded to a size class.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(size_class(HEADER + self.payload.len()));
        out.extend([VERSION, self.kind as u8]);
        out.extend(self.correlation.to_be_bytes());
        out.extend(
            u32::try_from(self.payload.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        out.extend_from_slice(&self.payload);
        out.resize(size_class(out.len()), 0);
        out
    }

    /// Reads a frame and drops its padding.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let [version, kind, c0, c1, c2, c3, l0, l1, l2, l3, rest @ ..] = bytes else {
            return Err(FrameError::Truncated { at: bytes.len() });
        };
        if *version != VERSION {
            return Err(FrameError::Version(*version));
        }
        let kind = match kind {
            0x01 => FrameKind::Message,
            0x02 => FrameKind::Script,
            0x03 => FrameKind::ScriptResponse,
            other => return Err(FrameError::Kind(*other)),
        };
        let payload = usize::try_from(u32::from_be_bytes([*l0, *l1, *l2, *l3]))
            .ok()
            .and_then(|len| rest.get(..len))
            .ok_or(FrameError::Truncated { at: bytes.len() })?;
        if bytes.len() != size_class(HEADER + payload.len()) {
            return Err(FrameError::SizeClass(bytes.len()));
        }
        if let Some(offset) = rest[payload.len()..].iter().position(|byte| *byte != 0) {
            return Err(FrameError::Padding {
                at: HEADER + payload.len() + offset,
            });
        }
        Ok(Self {
            kind,
            correlation: u32::from_be_bytes([*c0, *c1, *c2, *c3]),
            payload: payload.to_vec(),
        })
    }
}

/// The size class that `len` bytes are padded to.
pub fn size_class(len: usize) -> usize {
    let last = SIZE_CLASSES[SIZE_CLASSES.len() - 1];
    SIZE_CLASSES
        .into_iter()
        .find(|class| len <= *class)
        .unwrap_or_else(|| len.div_ceil(last) * last)
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The bytes end too early, at this offset.
    Truncated {
        /// Byte offset.
        at: usize,
    },
    /// A frame version other than 1 (byte 0).
    Version(u8),
    /// An unknown kind (byte 1).
    Kind(u8),
    /// Not padded to its size class; the number of bytes there were.
    SizeClass(usize),
    /// A byte of the padding is not zero.
    Padding {
        /// Byte offset.
        at: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { at } => write!(f, "the frame is cut off at offset {at}"),
            Self::Version(v) => write!(f, "frame version {v} at offset 0 is not 1"),
            Self::Kind(k) => write!(f, "unknown frame kind {k:#04X} at offset 1"),
            Self::SizeClass(n) => write!(f, "a frame of {n} bytes is not padded to its size class"),
            Self::Padding { at } => write!(f, "the padding at offset {at} is not zero"),
        }
    }
}

impl core::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn frames_round_trip_in_their_size_class() {
        for len in [0, 1, 502, 503, 16_374, 16_375, 40_000] {
            let frame = Frame {
                kind: FrameKind::Script,
                correlation: 7,
                payload: vec![9; len],
            };
            let bytes = frame.to_bytes();
            assert_eq!(bytes.len(), size_class(len + 10));
            assert_eq!(Frame::parse(&bytes), Ok(frame));
        }
    }

    #[test]
    fn a_frame_off_its_size_class_is_refused() {
        let frame = Frame {
            kind: FrameKind::Message,
            correlation: 7,
            payload: vec![9; 20],
        };
        let mut bytes = frame.to_bytes();
        bytes[30] = 1;
        assert_eq!(Frame::parse(&bytes), Err(FrameError::Padding { at: 30 }));
        bytes[30] = 0;
        bytes.push(0);
        assert_eq!(Frame::parse(&bytes), Err(FrameError::SizeClass(513)));
        assert_eq!(
            Frame::parse(&bytes[..9]),
            Err(FrameError::Truncated { at: 9 })
        );
        bytes[0] = 2;
        assert_eq!(Frame::parse(&bytes), Err(FrameError::Version(2)));
    }
}
