//! The hub's side of the card's virtual terminal (protocols.md §4): the commands it sends and the outputs it fetches.

use std::fmt;
use std::str::FromStr;

use hydra_wire::{Command, FrameKind, tlv};

/// AID of the virtual terminal.
const TERMINAL: [u8; 7] = [0xF0, 0x48, 0x59, 0x44, 0x52, 0x00, 0x01];
const CLA: u8 = 0x80;
const TAG_MESSAGE: u32 = 0xE4;
const TAG_OUTPUT: u32 = 0xD0;
const TAG_PORT: u32 = 0x50;
const TAG_CORRELATION: u32 = 0x59;
const TAG_PAYLOAD: u32 = 0x5A;
const TAG_RESPONSE: u32 = 0x5B;
const TAG_KIND: u32 = 0x5C;
const TAG_RESULT: u32 = 0x5D;
/// Result of a TERMINAL RESPONSE: the hub has taken the output into its care.
const TAKEN: u8 = 0x00;
/// What the longest ENVELOPE leaves for its payload: 65,535 bytes of data without the TLVs around it.
pub(crate) const LARGEST_PAYLOAD: usize = 65_535 - 4 - 34 - 6 - 4;

/// A named end of a route of the virtual terminal: 1 to 32 bytes of `a-z 0-9 . -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(String);

impl Port {
    /// The electricity meter's.
    pub fn meter() -> Self {
        Self("meter.electricity".to_owned())
    }

    /// The blood pressure monitor's.
    pub fn blood_pressure() -> Self {
        Self("health.bp".to_owned())
    }

    /// The scale's.
    pub fn scale() -> Self {
        Self("health.scale".to_owned())
    }

    /// The householder's.
    pub fn householder() -> Self {
        Self("householder".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(name: &str) -> Result<Self, PortError> {
        let valid = (1..=32).contains(&name.len())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'));
        if valid {
            Ok(Self(name.to_owned()))
        } else {
            Err(PortError(name.to_owned()))
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text names no port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no port: 1 to 32 of a-z 0-9 . -")]
pub struct PortError(String);

/// Something that leaves the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Names it among the outputs of its port.
    pub correlation: u32,
    /// Where to.
    pub port: Port,
    /// What the payload is.
    pub kind: FrameKind,
    /// A sealed message or a sealed script response.
    pub payload: Vec<u8>,
}

/// SELECT of the terminal on the basic channel.
pub(crate) fn select() -> Vec<u8> {
    Command::new(0x00, 0xA4, 0x04, 0x00)
        .with_data(&TERMINAL)
        .with_le(256)
        .to_bytes()
}

/// ENVELOPE: a message from a port.
pub(crate) fn envelope(port: &Port, correlation: u32, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(payload.len() + 48);
    tlv::push(&mut message, TAG_PORT, port.as_str().as_bytes());
    tlv::push(&mut message, TAG_CORRELATION, &correlation.to_be_bytes());
    tlv::push(&mut message, TAG_PAYLOAD, payload);
    Command::new(CLA, 0xC2, 0x00, 0x00)
        .with_data(&tlv::object(TAG_MESSAGE, &message))
        .with_le(65_536)
        .to_bytes()
}

/// FETCH of the oldest output for any port but these.
pub(crate) fn fetch<'a>(except: impl Iterator<Item = &'a Port>) -> Vec<u8> {
    let mut data = Vec::new();
    for port in except {
        tlv::push(&mut data, TAG_PORT, port.as_str().as_bytes());
    }
    Command::new(CLA, 0x12, 0x00, 0x00)
        .with_data(&data)
        .with_le(65_536)
        .to_bytes()
}

/// TERMINAL RESPONSE: the output is in the hub's care.
pub(crate) fn taken(port: &Port, correlation: u32, kind: FrameKind) -> Vec<u8> {
    let mut data = Vec::with_capacity(48);
    tlv::push(&mut data, TAG_CORRELATION, &correlation.to_be_bytes());
    tlv::push(&mut data, TAG_PORT, port.as_str().as_bytes());
    tlv::push(&mut data, TAG_KIND, &[kind as u8]);
    tlv::push(&mut data, TAG_RESULT, &[TAKEN]);
    Command::new(CLA, 0x14, 0x00, 0x00)
        .with_data(&data)
        .to_bytes()
}

/// What a FETCH answered; `None` when it is not what the protocol says.
pub(crate) fn output(data: &[u8]) -> Option<Output> {
    let value = tlv::find(data, TAG_OUTPUT).ok()??;
    let field = |tag| tlv::find(value, tag).ok().flatten();
    let port = std::str::from_utf8(field(TAG_PORT)?).ok()?;
    let kind = match field(TAG_KIND)? {
        [0x01] => FrameKind::Message,
        [0x03] => FrameKind::ScriptResponse,
        _ => return None,
    };
    Some(Output {
        correlation: u32::from_be_bytes(field(TAG_CORRELATION)?.try_into().ok()?),
        port: port.parse().ok()?,
        kind,
        payload: field(TAG_PAYLOAD)?.to_vec(),
    })
}

/// The applet's response in the answer to an ENVELOPE; `None` when the port's route is none to an applet.
pub(crate) fn applet_response(data: &[u8]) -> Option<&[u8]> {
    tlv::find(data, TAG_RESPONSE).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hydra_wire::hex;

    #[test]
    fn commands_have_the_protocols_bytes() {
        let port = Port::scale();
        assert_eq!(hex::encode(&select()), "00A4040007F048594452000100");
        assert_eq!(
            hex::encode(&envelope(&port, 7, &[1, 2])),
            concat!(
                "80C200000000",
                "1A",
                "E418",
                "500C6865616C74682E7363616C65",
                "590400000007",
                "5A020102",
                "0000"
            )
        );
        assert_eq!(hex::encode(&fetch([].iter())), "80120000000000");
        assert_eq!(
            hex::encode(&fetch([port.clone()].iter())),
            "801200000000".to_owned() + "0E" + "500C6865616C74682E7363616C65" + "0000"
        );
        assert_eq!(
            hex::encode(&taken(&port, 7, FrameKind::Message)),
            "801400001A".to_owned()
                + "590400000007"
                + "500C6865616C74682E7363616C65"
                + "5C0101"
                + "5D0100"
        );
    }

    #[test]
    fn the_largest_payload_still_fits() {
        let port = "a".repeat(32).parse().unwrap();
        let command = envelope(&port, 7, &vec![0x55; LARGEST_PAYLOAD]);
        let parsed = Command::parse(&command).unwrap();
        let message = tlv::find(&parsed.data, TAG_MESSAGE).unwrap().unwrap();
        let payload = tlv::find(message, TAG_PAYLOAD).unwrap().unwrap();
        assert_eq!(payload.len(), LARGEST_PAYLOAD);
        assert_eq!(parsed.data.len(), 65_535);
    }

    #[test]
    fn ports_are_named_as_the_protocol_says() {
        for name in ["", "Meter", "a/b", "a+", &"a".repeat(33)] {
            assert!(name.parse::<Port>().is_err(), "{name}");
        }
        let fixed = [
            Port::meter(),
            Port::blood_pressure(),
            Port::scale(),
            Port::householder(),
        ];
        for port in fixed {
            assert_eq!(port.as_str().parse(), Ok(port));
        }
    }
}
