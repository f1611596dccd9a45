use bytes::{Buf, BytesMut};
use mqtt5_protocol::MqttError;
use mqtt5_protocol::packet::{FixedHeader, MqttPacket, Packet, PacketType};
use mqtt5_protocol::types::ReasonCode;

/// The largest fixed header: a type and four bytes of remaining length (MQTT 5 §2.1).
const FIXED_HEADER_MAX: usize = 5;

/// Takes the next whole packet off the front of `buffer`, if there is one. A packet that announces more than `limit`
/// bytes is refused before it has come.
pub(crate) fn take_packet(
    buffer: &mut BytesMut,
    limit: usize,
) -> Result<Option<Packet>, ReasonCode> {
    let mut header = buffer.get(..).unwrap_or_default();
    let mut length = header.iter().skip(1).take(FIXED_HEADER_MAX - 1);
    if !length.any(|byte| byte & 0x80 == 0) && header.len() < FIXED_HEADER_MAX {
        return Ok(None);
    }
    let available = header.len();
    let fixed = FixedHeader::decode(&mut header).map_err(|error| reason(&error))?;
    let header_len = available - header.len();
    let body_len = usize::try_from(fixed.remaining_length).unwrap_or(usize::MAX);
    if body_len > limit - header_len {
        return Err(ReasonCode::PacketTooLarge);
    }
    if header.len() < body_len {
        buffer.reserve(header_len + body_len - available);
        return Ok(None);
    }
    buffer.advance(header_len);
    let mut body = buffer.split_to(body_len).freeze();
    let packet = Packet::decode_from_body(fixed.packet_type, &fixed, &mut body);
    packet.map(Some).map_err(|error| reason(&error))
}

/// Appends `packet` to `buffer`.
pub(crate) fn put_packet(packet: &Packet, buffer: &mut BytesMut) -> Result<(), MqttError> {
    match packet {
        Packet::ConnAck(packet) => packet.encode(buffer),
        Packet::Publish(packet) => {
            let len = u32::try_from(packet.body_encoded_size()).unwrap_or(u32::MAX);
            FixedHeader::new(PacketType::Publish, packet.flags(), len).encode(buffer)?;
            packet.encode_body_direct(buffer)
        }
        Packet::PubAck(packet) => packet.encode(buffer),
        Packet::SubAck(packet) => packet.encode(buffer),
        Packet::UnsubAck(packet) => packet.encode(buffer),
        Packet::Disconnect(packet) => packet.encode(buffer),
        Packet::PingResp => FixedHeader::new(PacketType::PingResp, 0, 0).encode(buffer),
        other => Err(MqttError::ProtocolError(format!(
            "a server does not send {}",
            other.packet_type_name()
        ))),
    }
}

/// What a client is told about a packet that can't be read (MQTT 5 §4.13).
fn reason(error: &MqttError) -> ReasonCode {
    match error {
        MqttError::ProtocolError(_) | MqttError::DuplicatePropertyId(_) => {
            ReasonCode::ProtocolError
        }
        MqttError::UnsupportedProtocolVersion => ReasonCode::UnsupportedProtocolVersion,
        _ => ReasonCode::MalformedPacket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_packet_over_the_limit_is_refused_by_its_header() {
        let mut buffer = BytesMut::from(&[0x32, 0xFF, 0x7F][..]);
        assert_eq!(
            take_packet(&mut buffer, 1_000).err(),
            Some(ReasonCode::PacketTooLarge)
        );
        assert!(matches!(take_packet(&mut buffer, 100_000), Ok(None)));
    }

    proptest! {
        /// Whatever a client sends, reading it ends, and takes no more than there is.
        #[test]
        fn any_bytes_are_a_packet_or_an_error(first in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..127)) {
            let mut buffer = BytesMut::from(&[first, u8::try_from(body.len()).unwrap()][..]);
            buffer.extend_from_slice(&body);
            let mut before = buffer.len();
            while let Ok(Some(_)) = take_packet(&mut buffer, 1_000) {
                prop_assert!(buffer.len() < before);
                before = buffer.len();
            }
        }
    }
}
