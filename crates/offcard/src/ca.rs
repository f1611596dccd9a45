//! The Card Issuer's certification authority: one root, which certifies the attestation keys of cards and the keys of
//! security domains, and the check of chains that end in it.
//!
//! A certificate's subject says what its key is for, and a chain is checked for one subject, so that no domain's
//! key passes for an attestation key or for that of another domain or card. There is no certificate request: the card has
//! attested the key, or its manufacturing record has.

use hydra_crypto::{PublicKey, Random, SecretKey};
use hydra_wire::{Aid, hex, tlv};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
    SigningKey,
};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};
use x509_cert::der::{Decode, Encode};

use crate::Seconds;

/// What a certified key is for: the common name of its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertifiedKey {
    /// The attestation key of a card.
    Attestation {
        /// The card.
        card_id: [u8; 8],
    },
    /// The key of a security domain of a card.
    Domain {
        /// The card.
        card_id: [u8; 8],
        /// The domain.
        domain: Aid,
    },
}

impl CertifiedKey {
    fn common_name(&self) -> String {
        match self {
            Self::Attestation { card_id } => format!("attestation:{}", hex::encode(card_id)),
            Self::Domain { card_id, domain } => {
                format!("domain:{domain}@{}", hex::encode(card_id))
            }
        }
    }
}

/// The certification authority: its key and its root certificate.
pub struct CertificationAuthority {
    key: CaKey,
    params: CertificateParams,
    root: Vec<u8>,
}

impl std::fmt::Debug for CertificationAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CertificationAuthority(…)")
    }
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("making a certificate for {subject}")]
pub struct IssueError {
    subject: String,
    source: rcgen::Error,
}

impl CertificationAuthority {
    /// An authority with this key; the same key and name always give the same root certificate.
    pub fn new(name: &str, key: SecretKey) -> Result<Self, IssueError> {
        let key = CaKey::new(key);
        let mut params = parameters(name, &key.point, serial(&key.point));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params
            .self_signed(&key)
            .map_err(|source| IssueError {
                subject: name.to_owned(),
                source,
            })?
            .der()
            .to_vec();
        Ok(Self { key, params, root })
    }

    /// An authority whose key is drawn from `random`.
    pub fn draw(name: &str, random: &mut dyn Random) -> Result<Self, IssueError> {
        Self::new(name, SecretKey::draw(random, "issuer certification key", 0))
    }

    /// The root certificate, DER: what everybody who checks a chain has to be given.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// The authority's private key, for keeping it.
    pub fn key(&self) -> &SecretKey {
        &self.key.secret
    }

    /// Certifies a key: the chain to store on the card, leaf first, the root left out. The serial number is the beginning
    /// of the hash of subject and key, so issuing again gives the same certificate.
    pub fn issue(&self, what: &CertifiedKey, key: &PublicKey) -> Result<Vec<Vec<u8>>, IssueError> {
        let subject = what.common_name();
        let failed = |source| IssueError {
            subject: subject.clone(),
            source,
        };
        let point = key.to_bytes();
        let serial = serial(&[subject.as_bytes(), &point].concat());
        let mut params = parameters(&subject, &point, serial);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&Point(point), &issuer).map_err(failed)?;
        Ok(vec![certificate.der().to_vec()])
    }
}

/// The root that chains must end in.
#[derive(Clone, Debug)]
pub struct TrustRoot {
    der: Vec<u8>,
}

/// Why a chain is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The message carries no certificate.
    #[error("no certificate")]
    Empty,
    /// More certificates than a leaf and one between it and the root.
    #[error("{0} certificates are too many")]
    TooMany(usize),
    /// The chain does not end in the root.
    #[error("the certificate chain: {0}")]
    Path(String),
    /// Bytes that are no certificate, or not in its one encoding.
    #[error("no certificate in DER")]
    Malformed,
    /// The certificate is for another key's use.
    #[error("the certificate is for {found}, not {expected}")]
    Subject {
        /// Whom the certificate names.
        found: String,
        /// Who should be named.
        expected: String,
    },
    /// The certified key is not on P-256.
    #[error("the certified key is no key of the curve P-256")]
    Key,
}

impl TrustRoot {
    /// Trust in this root certificate, DER.
    pub fn new(der: &[u8]) -> Result<Self, ChainError> {
        webpki::anchor_from_trusted_cert(&CertificateDer::from(der))
            .map_err(|error| ChainError::Path(error.to_string()))?;
        Ok(Self { der: der.to_vec() })
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Checks a chain (RFC 5280 §6), leaf first, and that its leaf is for `what`; gives the certified key.
    pub fn verify(
        &self,
        chain: &[Vec<u8>],
        what: &CertifiedKey,
        now: Seconds,
    ) -> Result<PublicKey, ChainError> {
        let (leaf, between) = chain.split_first().ok_or(ChainError::Empty)?;
        if between.len() > 1 {
            return Err(ChainError::TooMany(chain.len()));
        }
        let path = |error: webpki::Error| ChainError::Path(error.to_string());
        let root = CertificateDer::from(self.der.as_slice());
        let anchor: TrustAnchor<'_> = webpki::anchor_from_trusted_cert(&root).map_err(path)?;
        let leaf_der = CertificateDer::from(leaf.as_slice());
        let between: Vec<CertificateDer<'_>> = between
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let algorithms: [&dyn SignatureVerificationAlgorithm; 1] =
            [webpki::ring::ECDSA_P256_SHA256];
        EndEntityCert::try_from(&leaf_der)
            .map_err(path)?
            .verify_for_usage(
                &algorithms,
                &[anchor],
                &between,
                UnixTime::since_unix_epoch(std::time::Duration::from_secs(now)),
                // No certificate of ours names an extended usage; one that does is not ours.
                KeyUsage::client_auth(),
                None,
                None,
            )
            .map_err(path)?;

        let certificate =
            x509_cert::Certificate::from_der(leaf).map_err(|_| ChainError::Malformed)?;
        // One spelling: what the path check passed over would otherwise be free to change.
        if certificate.to_der().map_err(|_| ChainError::Malformed)? != *leaf {
            return Err(ChainError::Malformed);
        }
        let tbs = certificate.tbs_certificate();
        let expected = format!("CN={}", what.common_name());
        let found = tbs.subject().to_string();
        if found != expected {
            return Err(ChainError::Subject { found, expected });
        }
        tbs.subject_public_key_info()
            .subject_public_key
            .as_bytes()
            .and_then(|point| PublicKey::from_bytes(point).ok())
            .ok_or(ChainError::Key)
    }
}

/// Keys on cards live as long as the cards: no expiry (RFC 5280 §4.1.2.5), from before any card.
fn parameters(name: &str, point: &[u8; 65], serial: SerialNumber) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after =
        rcgen::date_time_ymd(9999, 12, 31) + (time::Duration::DAY - time::Duration::SECOND);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(serial);
    params.key_identifier_method = KeyIdMethod::PreSpecified(hydra_crypto::sha1(point).to_vec());
    params
}

/// 16 bytes, positive and not zero (RFC 5280 §4.1.2.2).
fn serial(of: &[u8]) -> SerialNumber {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hydra_crypto::sha256(of)[..16]);
    bytes[0] = bytes[0] & 0x7F | 0x40;
    SerialNumber::from_slice(&bytes)
}

struct Point([u8; 65]);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

struct CaKey {
    secret: SecretKey,
    point: [u8; 65],
}

impl CaKey {
    fn new(secret: SecretKey) -> Self {
        let point = secret.public().to_bytes();
        Self { secret, point }
    }
}

impl PublicKeyData for CaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for CaKey {
    /// Ecdsa-Sig-Value, DER (RFC 3279 §2.2.3).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.secret.sign(message);
        let mut value = Vec::new();
        for number in signature.chunks(32) {
            let first = number.iter().position(|byte| *byte != 0).unwrap_or(31);
            let number = &number[first..];
            // An INTEGER is signed: a leading bit would make it negative.
            let sign: &[u8] = if number[0] & 0x80 != 0 { &[0] } else { &[] };
            tlv::push(&mut value, 0x02, &[sign, number].concat());
        }
        Ok(tlv::object(0x30, &value))
    }
}
