use alloc::vec::Vec;

use hydra_crypto::SecretKey;
use hydra_wire::Aid;

use crate::cbor::{Reader, written};
use crate::payload::aid;
use crate::sign1::sign1;
use crate::{Digest, Error, Point, Sign1};

/// What an attestation says about a domain key and the code that speaks with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The card.
    pub card_id: [u8; 8],
    /// The security domain.
    pub domain: Aid,
    /// The domain's public key.
    pub point: Point,
    /// The applet instance that called the outbox and the SHA-256 of its package's code; `None` when the domain itself
    /// is asked for the attestation of its key.
    pub code: Option<(Aid, Digest)>,
}

/// Makes an attestation: a COSE_Sign1 by the card's attestation key, with that key's certificates, if it has any yet.
pub fn attest(subject: &Subject, x5chain: &[Vec<u8>], key: &SecretKey) -> Result<Vec<u8>, Error> {
    let payload = written(|w| {
        w.map(5)?;
        w.u8(1)?.bytes(&subject.card_id)?;
        w.u8(2)?.bytes(subject.domain.as_bytes())?;
        w.u8(3)?.bytes(&subject.point)?;
        match &subject.code {
            Some((instance, hash)) => {
                w.u8(4)?.bytes(instance.as_bytes())?;
                w.u8(5)?.bytes(hash)?.ok()
            }
            None => w.u8(4)?.null()?.u8(5)?.null()?.ok(),
        }
    })?;
    sign1(&payload, x5chain, None, key)
}

/// An attestation taken apart, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The signature and the certificates of the attestation key.
    pub sign1: Sign1,
    /// What it says.
    pub subject: Subject,
}

impl Attestation {
    /// Reads an attestation.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let sign1 = Sign1::parse(bytes)?;
        let mut r = Reader::new(&sign1.payload)?;
        r.map_of(5, "the five entries of an attestation")?;
        r.exactly(1, "key 1, card id")?;
        let card_id = r.bytes_of("a card id of 8 bytes")?;
        r.exactly(2, "key 2, domain")?;
        let domain = aid(&mut r)?;
        r.exactly(3, "key 3, domain public key")?;
        let point = r.bytes_of("a point of 65 bytes")?;
        r.exactly(4, "key 4, instance")?;
        let code = if r.is_null() {
            r.null("null")?;
            r.exactly(5, "key 5, code hash")?;
            r.null("null, as the instance is")?;
            None
        } else {
            let instance = aid(&mut r)?;
            r.exactly(5, "key 5, code hash")?;
            Some((instance, r.bytes_of("a hash of 32 bytes")?))
        };
        Ok(Self {
            subject: Subject {
                card_id,
                domain,
                point,
                code,
            },
            sign1,
        })
    }
}
