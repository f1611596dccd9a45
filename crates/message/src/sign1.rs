use alloc::vec::Vec;

use hydra_crypto::{PublicKey, SecretKey, sha256};

use crate::cbor::{Reader, Writer, written};
use crate::{Digest, Error};

/// COSE_Sign1, tagged (RFC 9052 §4.2).
const TAG: u64 = 18;
/// `{1: -7}`: ES256 (RFC 9053 §2.1).
pub(crate) const PROTECTED: [u8; 3] = [0xA1, 0x01, 0x26];
/// x5chain (RFC 9360 §2).
const X5CHAIN: i64 = 33;
/// Our own label, in the range for private use (RFC 9052 §11.1).
const ATTESTATION: i64 = -70_001;

/// Signs `payload` and carries the certificates, leaf first, and the attestation of the key beside it.
pub fn sign1(
    payload: &[u8],
    x5chain: &[Vec<u8>],
    attestation: Option<&[u8]>,
    key: &SecretKey,
) -> Result<Vec<u8>, Error> {
    let signature = key.sign(&to_be_signed(payload)?);
    written(|w| {
        w.tag(minicbor::data::Tag::new(TAG))?.array(4)?;
        w.bytes(&PROTECTED)?;
        w.map(u64::from(!x5chain.is_empty()) + u64::from(attestation.is_some()))?;
        write_chain(w, x5chain)?;
        if let Some(attestation) = attestation {
            w.i64(ATTESTATION)?.bytes(attestation)?;
        }
        w.bytes(payload)?.bytes(&signature)?.ok()
    })
}

/// One certificate is a byte string, more are an array (RFC 9360 §2).
fn write_chain(
    w: &mut Writer<'_>,
    x5chain: &[Vec<u8>],
) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
    match x5chain {
        [] => {}
        [one] => {
            w.i64(X5CHAIN)?.bytes(one)?;
        }
        several => {
            w.i64(X5CHAIN)?.array(several.len() as u64)?;
            for certificate in several {
                w.bytes(certificate)?;
            }
        }
    }
    Ok(())
}

/// `["Signature1", protected, h'', payload]` (RFC 9052 §4.4).
fn to_be_signed(payload: &[u8]) -> Result<Vec<u8>, Error> {
    written(|w| {
        w.array(4)?.str("Signature1")?.bytes(&PROTECTED)?;
        w.bytes(&[])?.bytes(payload)?.ok()
    })
}

/// A COSE_Sign1 taken apart; nothing about it is proven before [`verify`](Self::verify), and the signature does not
/// cover the chain: its own signatures do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign1 {
    /// DER certificates, leaf first.
    pub x5chain: Vec<Vec<u8>>,
    /// The attestation of the signing key, itself a COSE_Sign1.
    pub attestation: Option<Vec<u8>>,
    /// What was signed.
    pub payload: Vec<u8>,
    signature: [u8; 64],
    digest: Digest,
}

impl Sign1 {
    /// Reads a tagged COSE_Sign1 with ES256, deterministic and with no header that the protocol does not have.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes)?;
        r.tag(TAG, "tag 18, COSE_Sign1")?;
        r.array_of(4, "the four fields of COSE_Sign1")?;
        let wrong = r.unexpected("the protected header {1: -7}");
        if r.bytes("a protected header")? != PROTECTED {
            return Err(wrong);
        }
        let mut x5chain = Vec::new();
        let mut attestation = None;
        for _ in 0..r.map("unprotected headers")? {
            let unknown = r.unexpected("header 33 or -70001");
            match r.i64("a header label")? {
                X5CHAIN => read_chain(&mut r, &mut x5chain)?,
                ATTESTATION => attestation = Some(r.bytes("an attestation")?.to_vec()),
                _ => return Err(unknown),
            }
        }
        Ok(Self {
            x5chain,
            attestation,
            payload: r.bytes("a payload")?.to_vec(),
            signature: r.bytes_of("a signature of 64 bytes")?,
            digest: sha256(bytes),
        })
    }

    /// Checks the signature with the signer's public key.
    pub fn verify(&self, signer: &PublicKey) -> Result<(), Error> {
        let message = to_be_signed(&self.payload)?;
        signer
            .verify(&message, &self.signature)
            .map_err(|_| Error::Signature)
    }

    /// SHA-256 of the whole COSE_Sign1, tag included: what the next message names as its previous.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

fn read_chain(r: &mut Reader<'_>, chain: &mut Vec<Vec<u8>>) -> Result<(), Error> {
    if !r.is_array() {
        chain.push(r.bytes("a certificate")?.to_vec());
        return Ok(());
    }
    let few = r.unexpected("two or more certificates");
    let count = r.array("certificates")?;
    if count < 2 {
        return Err(few);
    }
    for _ in 0..count {
        chain.push(r.bytes("a certificate")?.to_vec());
    }
    Ok(())
}
