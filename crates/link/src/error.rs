/// Why the link did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The certificates or the key can't be used.
    #[error("the link's certificates: {0}")]
    Certificates(#[source] tokio_rustls::rustls::Error),
    /// The configuration is no use; says which part.
    #[error("the link's configuration: {0}")]
    Config(String),
    /// No connection to the broker: TCP or TLS failed.
    #[error("connecting to the relay at {addr}")]
    Connect {
        /// The address tried.
        addr: String,
        /// What failed.
        source: std::io::Error,
    },
    /// The broker refused, with an MQTT 5 reason code (§2.4): of the connection, a subscription or a message.
    #[error("the relay refused {what}: reason {reason:#04X}")]
    Refused {
        /// `the connection`, `the subscription to …`, or `the message to …`.
        what: String,
        /// The reason code; `87` (hexadecimal) is "not authorized".
        reason: u8,
    },
    /// The broker sent what is no MQTT 5.
    #[error("the relay broke the protocol: {0}")]
    Protocol(String),
    /// The message is larger than the broker takes.
    #[error("a message of {len} bytes to {topic} is larger than the relay takes ({limit} bytes)")]
    TooLarge {
        /// The topic.
        topic: String,
        /// The packet's size in bytes.
        len: usize,
        /// The broker's limit in bytes.
        limit: usize,
    },
    /// The link has ended: it was closed, or another process took over its session.
    #[error("the link has ended")]
    Closed,
}
