//! The small CA that the demo makes for the links to the relay. The issuer's CA, which certifies domain keys, is another.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::WorldError;

/// A certificate authority for TLS, alive as long as the demo.
pub(crate) struct Pki {
    certificate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A party's certificate and private key, DER.
pub(crate) struct Credentials {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Vec<u8>,
}

impl Pki {
    /// A new authority.
    pub(crate) fn new() -> Result<Self, WorldError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Hydra demo link CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.der().to_vec();
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's certificate, DER.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.certificate.clone()
    }

    /// Credentials for the relay itself.
    pub(crate) fn relay(&self) -> Result<Credentials, WorldError> {
        let params = CertificateParams::new(vec!["localhost".to_owned()])?;
        self.issue(params, "relay", ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Credentials for a client: `hub:<id>` or `provider:<name>`.
    pub(crate) fn client(&self, identity: &str) -> Result<Credentials, WorldError> {
        self.issue(
            CertificateParams::default(),
            identity,
            ExtendedKeyUsagePurpose::ClientAuth,
        )
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Credentials, WorldError> {
        let key = KeyPair::generate()?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Credentials {
            chain: vec![certificate.der().to_vec()],
            key: key.serialize_der(),
        })
    }
}
