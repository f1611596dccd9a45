//! A small CA.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// A certificate authority.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
}

/// A certificate and its key. `chain` is leaf first.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Vec<u8>,
    pub(crate) chain_pem: String,
    pub(crate) key_pem: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) enum Validity {
    Now,
    Expired,
    NotYet,
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = common_names(&[name]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap();
        Self {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The relay's certificate, for `localhost`.
    pub(crate) fn server(&self) -> Certified {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name = common_names(&["relay"]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// A client's certificate.
    pub(crate) fn client(&self, common_name: &str) -> Certified {
        self.client_with(&[common_name], Validity::Now)
    }

    pub(crate) fn client_with(&self, names: &[&str], validity: Validity) -> Certified {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_names(names);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let (from, to) = match validity {
            Validity::Now => (2020, 2100),
            Validity::Expired => (2020, 2021),
            Validity::NotYet => (2099, 2100),
        };
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Certified {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certified {
            chain: vec![certificate.der().to_vec()],
            key: key.serialize_der(),
            chain_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        }
    }
}

impl Certified {
    /// What somebody with this certificate can do who is no CA: sign one for another name all the same.
    pub(crate) fn forge(&self, common_name: &str) -> Certified {
        let key = KeyPair::try_from(self.key.clone()).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = common_names(&["hub:a"]);
        let forger = Ca {
            issuer: Issuer::new(params, key),
            der: Vec::new(),
            pem: String::new(),
        };
        let mut forged = forger.client(common_name);
        forged.chain.extend(self.chain.clone());
        forged
    }
}

/// A subject with one common name or two. (A `DistinguishedName` holds each type once; the second goes by its OID.)
fn common_names(names: &[&str]) -> DistinguishedName {
    let second = DnType::CustomDnType(vec![2, 5, 4, 3]);
    let mut distinguished = DistinguishedName::new();
    for (kind, name) in [DnType::CommonName, second].into_iter().zip(names) {
        distinguished.push(kind, *name);
    }
    distinguished
}
