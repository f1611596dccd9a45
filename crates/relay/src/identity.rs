//! Who a client is: what its certificate says, and nothing else.

use std::fmt;
use std::str::FromStr;

use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef};

/// id-at-commonName (X.520).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// The longest id or name, in bytes.
const NAME_MAX: usize = 64;

/// A party of the relay: the subject's CN of its certificate (docs/protocols.md §9).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// `hub:<id>`
    Hub(String),
    /// `provider:<name>`
    Provider(String),
}

impl Identity {
    /// The identity in a certificate, which the TLS layer has verified already: its subject has exactly one CN, and that is one of ours.
    pub fn of_certificate(der: &[u8]) -> Result<Self, IdentityError> {
        let certificate = Certificate::from_der(der)
            .map_err(|error| IdentityError::Certificate(error.to_string()))?;
        let names = certificate.tbs_certificate().subject().iter();
        let mut names = names.filter(|attribute| attribute.oid == COMMON_NAME);
        let (Some(name), None) = (names.next(), names.next()) else {
            return Err(IdentityError::CommonNames);
        };
        let text = match name.value.decode_as::<Utf8StringRef<'_>>() {
            Ok(text) => text.as_str().to_owned(),
            Err(_) => match name.value.decode_as::<PrintableStringRef<'_>>() {
                Ok(text) => text.as_str().to_owned(),
                Err(error) => return Err(IdentityError::Certificate(error.to_string())),
            },
        };
        text.parse()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub(id) => write!(f, "hub:{id}"),
            Self::Provider(name) => write!(f, "provider:{name}"),
        }
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let foreign = || IdentityError::Foreign(text.to_owned());
        let (kind, name) = text.split_once(':').ok_or_else(foreign)?;
        if !is_name(name) {
            return Err(foreign());
        }
        match kind {
            "hub" => Ok(Self::Hub(name.to_owned())),
            "provider" => Ok(Self::Provider(name.to_owned())),
            _ => Err(foreign()),
        }
    }
}

/// Whether this may be a hub's id or a provider's name: nothing that means something in a topic.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// Why a certificate or a text names no party.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The certificate can't be read.
    #[error("the certificate can't be read: {0}")]
    Certificate(String),
    /// The subject has no CN, or several.
    #[error("the certificate's subject has not exactly one common name")]
    CommonNames,
    /// The CN is not of the form `hub:<id>` or `provider:<name>`.
    #[error("`{0}` is neither hub:<id> nor provider:<name>")]
    Foreign(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_read_what_they_write() {
        for text in ["hub:00A1", "provider:supplier", "provider:a.b-c"] {
            assert_eq!(text.parse::<Identity>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        for text in [
            "",
            "hub",
            "hub:",
            "hub:+",
            "hub:#",
            "hub:a/b",
            "hub:a b",
            "cert:hub:a",
            "cert:00ff",
            "Hub:a",
            "hub:a:b",
            "issuer",
        ] {
            assert_eq!(
                text.parse::<Identity>(),
                Err(IdentityError::Foreign(text.to_owned()))
            );
        }
        assert!(
            format!("hub:{}", "a".repeat(65))
                .parse::<Identity>()
                .is_err()
        );
    }
}
