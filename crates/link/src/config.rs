use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, version};

use crate::LinkError;

/// Where the relay is, who we are, and what we listen to.
#[derive(Clone)]
pub struct LinkConfig {
    /// `host:port` of the broker.
    pub addr: String,
    /// The name the broker's certificate must carry. [`LinkConfig::new`] takes `localhost`.
    pub server_name: String,
    /// DER certificates of the CAs that the broker's certificate may chain to.
    pub ca: Vec<Vec<u8>>,
    /// Our certificate chain, DER, leaf first; the subject's CN is our identity.
    pub chain: Vec<Vec<u8>>,
    /// Our private key, PKCS#8 DER.
    pub key: Vec<u8>,
    /// The MQTT client id, under which the broker keeps the session: the identity in the certificate.
    pub client_id: String,
    /// Topic filters, subscribed with QoS 1 at each new session.
    pub subscriptions: Vec<String>,
    /// How long the broker keeps the session without us. Seven days.
    pub session_expiry: Duration,
    /// A silent connection counts as dead after one and a half times this. 30 seconds.
    pub keep_alive: Duration,
    /// How long [`crate::RelayLink::connect`] goes on when nobody listens at the address. 10 seconds.
    pub patience: Duration,
    /// How many deliveries the consumer holds unacknowledged at most (MQTT's receive maximum). 64.
    pub receive_maximum: u16,
}

impl LinkConfig {
    /// A configuration with the defaults named at the fields; `identity` is the client id (`hub:<id>`, `provider:<name>`).
    pub fn new(
        addr: impl Into<String>,
        identity: impl Into<String>,
        ca: Vec<u8>,
        chain: Vec<Vec<u8>>,
        key: Vec<u8>,
    ) -> Self {
        Self {
            addr: addr.into(),
            server_name: "localhost".to_owned(),
            ca: vec![ca],
            chain,
            key,
            client_id: identity.into(),
            subscriptions: Vec::new(),
            session_expiry: Duration::from_secs(7 * 24 * 60 * 60),
            keep_alive: Duration::from_secs(30),
            patience: Duration::from_secs(10),
            receive_maximum: 64,
        }
    }

    /// The same, listening to `filter` too.
    pub fn subscribe(mut self, filter: impl Into<String>) -> Self {
        self.subscriptions.push(filter.into());
        self
    }

    /// TLS 1.3 with our certificate. The crypto provider is named, so that no process-wide default is needed.
    pub(crate) fn tls(&self) -> Result<(Arc<ClientConfig>, ServerName<'static>), LinkError> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        for ca in &self.ca {
            roots
                .add(CertificateDer::from(ca.clone()))
                .map_err(LinkError::Certificates)?;
        }
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map_err(|error| LinkError::Config(error.to_string()))?;
        let chain = self
            .chain
            .iter()
            .cloned()
            .map(CertificateDer::from)
            .collect();
        let key = PrivateKeyDer::try_from(self.key.clone())
            .map_err(|error| LinkError::Config(format!("the private key: {error}")))?;
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])
            .map_err(LinkError::Certificates)?
            .with_webpki_verifier(verifier)
            .with_client_auth_cert(chain, key)
            .map_err(LinkError::Certificates)?;
        let name = ServerName::try_from(self.server_name.clone())
            .map_err(|error| LinkError::Config(format!("the server name: {error}")))?;
        Ok((Arc::new(tls), name))
    }
}

/// Never shows the key.
impl fmt::Debug for LinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkConfig")
            .field("addr", &self.addr)
            .field("server_name", &self.server_name)
            .field("client_id", &self.client_id)
            .field("subscriptions", &self.subscriptions)
            .finish_non_exhaustive()
    }
}
