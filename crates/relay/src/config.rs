use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, version};

use crate::{Registry, Tap};

/// What a relay needs to start.
#[derive(Clone)]
pub struct RelayConfig {
    /// Where to listen. `127.0.0.1:0`, a free port on loopback.
    pub bind: SocketAddr,
    /// DER certificates of the CAs that clients' certificates may chain to.
    pub ca: Vec<Vec<u8>>,
    /// The relay's own chain, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// Its private key, PKCS#8 DER.
    pub key: Vec<u8>,
    /// Who may talk to whom.
    pub registry: Registry,
    /// The directory of the journal. Without one nothing outlives the relay, and acknowledgements promise less.
    pub store: Option<PathBuf>,
    /// The limits.
    pub limits: Limits,
    /// Sees every MQTT byte.
    pub tap: Option<Arc<dyn Tap>>,
}

/// How much the relay takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest MQTT packet, bytes. 1 MiB.
    pub packet: usize,
    /// Messages that wait for one party. 100,000.
    pub queue_messages: usize,
    /// Payload bytes that wait for one party. 64 MiB.
    pub queue_bytes: usize,
    /// Seconds that a session outlives its connection at most. Seven days.
    pub session_expiry: u32,
    /// Seconds between signs of life at most. 300.
    pub keep_alive: u16,
    /// Connections at a time. 10,000.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packet: 1024 * 1024,
            queue_messages: 100_000,
            queue_bytes: 64 * 1024 * 1024,
            session_expiry: 7 * 24 * 60 * 60,
            keep_alive: 300,
            connections: 10_000,
        }
    }
}

impl RelayConfig {
    /// A relay on a free port of loopback, with the default limits, without a store.
    pub fn new(ca: Vec<u8>, chain: Vec<Vec<u8>>, key: Vec<u8>, registry: Registry) -> Self {
        Self {
            bind: (Ipv4Addr::LOCALHOST, 0).into(),
            ca: vec![ca],
            chain,
            key,
            registry,
            store: None,
            limits: Limits::default(),
            tap: None,
        }
    }

    /// TLS 1.3 that demands a certificate. No resumption: a certificate that has expired or is no longer trusted must not
    /// live on in a ticket.
    pub(crate) fn tls(&self) -> Result<Arc<ServerConfig>, RelayError> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        for ca in &self.ca {
            roots
                .add(CertificateDer::from(ca.clone()))
                .map_err(|error| RelayError::Certificates(error.to_string()))?;
        }
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map_err(|error| RelayError::Certificates(error.to_string()))?;
        let chain = self.chain.iter().cloned().map(CertificateDer::from);
        let key = PrivateKeyDer::try_from(self.key.clone())
            .map_err(|error| RelayError::Certificates(format!("the private key: {error}")))?;
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])
            .map_err(|error| RelayError::Certificates(error.to_string()))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.collect(), key)
            .map_err(|error| RelayError::Certificates(error.to_string()))?;
        tls.session_storage = Arc::new(NoServerSessionStorage {});
        tls.send_tls13_tickets = 0;
        Ok(Arc::new(tls))
    }
}

/// Never shows the key.
impl fmt::Debug for RelayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayConfig")
            .field("bind", &self.bind)
            .field("registry", &self.registry)
            .field("store", &self.store)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Why the relay does not run (any more).
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The certificates or the key can't be used.
    #[error("the relay's certificates: {0}")]
    Certificates(String),
    /// Nothing to listen on.
    #[error("listening at {addr}")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The journal can't be opened or written. Nothing was acknowledged that is not in it.
    #[error("the journal {}", directory.join(crate::journal::NAME).display())]
    Journal {
        /// Its directory.
        directory: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// The relay has stopped.
    #[error("the relay has stopped")]
    Stopped,
}
