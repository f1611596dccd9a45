//! A client that does as it likes: TLS with a given certificate, and any packet.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::subscribe::SubscribePacket;
use mqtt5_protocol::packet::{FixedHeader, MqttPacket, Packet, PacketType};
use mqtt5_protocol::{ConnectOptions, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::pki::{Ca, Certified};
use crate::world::DEADLINE;

pub(crate) struct Raw {
    stream: TlsStream<TcpStream>,
}

impl Raw {
    /// TLS only.
    pub(crate) async fn dial(
        addr: SocketAddr,
        ca: &Ca,
        certified: Option<Certified>,
    ) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(ca.der.clone().into()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let tls = match certified {
            None => builder.with_no_client_auth(),
            Some(certified) => {
                let chain = certified.chain.into_iter().map(Into::into).collect();
                let key = PrivateKeyDer::try_from(certified.key).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let tcp = TcpStream::connect(addr).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, tcp).await?;
        Ok(Self { stream })
    }

    pub(crate) async fn send(&mut self, packet: &impl MqttPacket) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        packet.encode(&mut bytes).unwrap();
        self.send_bytes(&bytes).await
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next packet; an error when the relay has closed the connection.
    pub(crate) async fn recv(&mut self) -> io::Result<Packet> {
        timeout(DEADLINE, self.recv_slowly()).await.unwrap()
    }

    async fn recv_slowly(&mut self) -> io::Result<Packet> {
        let first = self.stream.read_u8().await?;
        let mut len = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.stream.read_u8().await?;
            len |= u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; usize::try_from(len).unwrap()];
        self.stream.read_exact(&mut body).await?;
        let kind = PacketType::from_u8(first >> 4).unwrap();
        let header = FixedHeader::new(kind, first & 0x0F, len);
        Ok(Packet::decode_from_body(kind, &header, &mut Bytes::from(body)).unwrap())
    }

    /// CONNECT with these options: CONNACK's reason, and whether a session was there.
    pub(crate) async fn connect(&mut self, options: ConnectOptions) -> (u8, bool) {
        self.send(&ConnectPacket::new(options)).await.unwrap();
        match self.recv().await.unwrap() {
            Packet::ConnAck(connack) => (connack.reason_code.into(), connack.session_present),
            other => panic!("{other:?}"),
        }
    }

    /// SUBSCRIBE with QoS 1: SUBACK's reason.
    pub(crate) async fn subscribe(&mut self, filter: &str) -> u8 {
        let subscribe = SubscribePacket::new(8).add_filter(filter, QoS::AtLeastOnce);
        self.send(&subscribe).await.unwrap();
        match self.recv().await.unwrap() {
            Packet::SubAck(suback) => suback.reason_codes[0] as u8,
            other => panic!("{other:?}"),
        }
    }

    /// The reason of the DISCONNECT that comes next, after which the connection must end.
    pub(crate) async fn expelled(&mut self) -> u8 {
        let reason = match self.recv().await.unwrap() {
            Packet::Disconnect(disconnect) => disconnect.reason_code.into(),
            other => panic!("{other:?}"),
        };
        assert!(self.recv().await.is_err(), "the connection is still open");
        reason
    }
}

/// The options of an honest client.
pub(crate) fn options(client_id: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(client_id);
    options.clean_start = false;
    options.properties.session_expiry_interval = Some(3_600);
    options
}
