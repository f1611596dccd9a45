use bytes::{Buf, BytesMut};
use mqtt5_protocol::packet::{FixedHeader, MqttPacket, Packet, PacketType};

use crate::LinkError;

/// The largest fixed header: a type and four bytes of remaining length (MQTT 5 §2.1).
const FIXED_HEADER_MAX: usize = 5;

/// Takes the next whole packet off the front of `buffer`, if there is one.
pub(crate) fn take_packet(buffer: &mut BytesMut) -> Result<Option<Packet>, LinkError> {
    let mut header = buffer.get(..).unwrap_or_default();
    let ends_in_length = header
        .iter()
        .skip(1)
        .take(FIXED_HEADER_MAX - 1)
        .any(|byte| byte & 0x80 == 0);
    if !ends_in_length && header.len() < FIXED_HEADER_MAX {
        return Ok(None);
    }
    let available = header.len();
    let fixed = FixedHeader::decode(&mut header).map_err(protocol)?;
    let header_len = available - header.len();
    let body_len = usize::try_from(fixed.remaining_length)
        .map_err(|error| LinkError::Protocol(error.to_string()))?;
    if header.len() < body_len {
        return Ok(None);
    }
    buffer.advance(header_len);
    let mut body = buffer.split_to(body_len).freeze();
    Packet::decode_from_body(fixed.packet_type, &fixed, &mut body)
        .map(Some)
        .map_err(protocol)
}

/// Appends `packet` to `buffer`.
pub(crate) fn put_packet(packet: &Packet, buffer: &mut BytesMut) -> Result<(), LinkError> {
    match packet {
        Packet::Connect(packet) => packet.encode(buffer),
        Packet::Publish(packet) => {
            let len = u32::try_from(packet.body_encoded_size()).unwrap_or(u32::MAX);
            FixedHeader::new(PacketType::Publish, packet.flags(), len)
                .encode(buffer)
                .and_then(|()| packet.encode_body_direct(buffer))
        }
        Packet::PubAck(packet) => packet.encode(buffer),
        Packet::Subscribe(packet) => packet.encode(buffer),
        Packet::Disconnect(packet) => packet.encode(buffer),
        Packet::PingReq => FixedHeader::new(PacketType::PingReq, 0, 0).encode(buffer),
        other => {
            return Err(LinkError::Protocol(format!(
                "a client does not send {}",
                other.packet_type_name()
            )));
        }
    }
    .map_err(protocol)
}

fn protocol(error: mqtt5_protocol::MqttError) -> LinkError {
    LinkError::Protocol(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt5_protocol::QoS;
    use mqtt5_protocol::packet::publish::PublishPacket;

    #[test]
    fn a_packet_is_taken_only_when_it_is_whole() {
        let publish =
            PublishPacket::new("hydra/h/p/up", vec![7; 300], QoS::AtLeastOnce).with_packet_id(9);
        let mut whole = BytesMut::new();
        put_packet(&Packet::Publish(publish), &mut whole).unwrap();
        for cut in 0..whole.len() {
            let mut part = BytesMut::from(&whole[..cut]);
            assert!(take_packet(&mut part).unwrap().is_none(), "cut at {cut}");
            assert_eq!(part.len(), cut);
        }
        let Some(Packet::Publish(read)) = take_packet(&mut whole).unwrap() else {
            panic!("no packet");
        };
        assert_eq!(
            (read.packet_id, &read.payload[..]),
            (Some(9), &[7; 300][..])
        );
        assert!(whole.is_empty());
    }

    #[test]
    fn an_endless_length_is_refused() {
        let mut buffer = BytesMut::from(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01][..]);
        assert!(matches!(
            take_packet(&mut buffer),
            Err(LinkError::Protocol(_))
        ));
    }
}
