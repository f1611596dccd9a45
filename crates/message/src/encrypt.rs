use alloc::vec::Vec;

use hydra_crypto::{AesKey, PublicKey, SecretKey, TAG as GCM_TAG, gcm_open, gcm_seal};
use hydra_wire::size_class;
use zeroize::Zeroize;

use crate::Error;
use crate::cbor::{Reader, written};
use crate::payload::NAME_MAX;

/// COSE_Encrypt, tagged (RFC 9052 §5.1).
const TAG: u64 = 96;
/// `{1: 1}`: A128GCM (RFC 9053 §4.1).
const PROTECTED: [u8; 3] = [0xA1, 0x01, 0x01];
/// `{1: -25}`: ECDH-ES + HKDF-256 (RFC 9053 §6.3).
const RECIPIENT_PROTECTED: [u8; 4] = [0xA1, 0x01, 0x38, 0x18];
/// Bytes that the relay's frame puts before the message.
const FRAME_HEADER: usize = 10;

/// To whom a message is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient<'a> {
    /// The recipient's public point.
    pub point: &'a PublicKey,
    /// Its name: the key identifier.
    pub name: &'a str,
}

/// Seals a COSE_Sign1 for one recipient, padded so that the relay's frame around it fills its size class.
///
/// The ephemeral key must be used for this one message.
pub fn seal(
    sign1: &[u8],
    recipient: &Recipient<'_>,
    ephemeral: &SecretKey,
    iv: [u8; 12],
) -> Result<Vec<u8>, Error> {
    if recipient.name.is_empty() || recipient.name.len() > NAME_MAX {
        return Err(Error::TooLong {
            what: "a recipient's name (1 to 32 bytes)",
        });
    }
    let key = content_key(ephemeral, recipient.point)?;
    let point = ephemeral.public().to_bytes();
    let around = |ciphertext: &[u8]| {
        written(|w| {
            w.tag(minicbor::data::Tag::new(TAG))?.array(4)?;
            w.bytes(&PROTECTED)?;
            w.map(1)?.u8(5)?.bytes(&iv)?;
            w.bytes(ciphertext)?;
            w.array(1)?.array(3)?.bytes(&RECIPIENT_PROTECTED)?;
            w.map(2)?.u8(4)?.bytes(recipient.name.as_bytes())?;
            // A COSE_Key of type EC2 on P-256 (RFC 9053 §7.1.1).
            w.i8(-1)?.map(4)?.u8(1)?.u8(2)?.i8(-1)?.u8(1)?;
            w.i8(-2)?
                .bytes(&point[1..33])?
                .i8(-3)?
                .bytes(&point[33..])?;
            w.bytes(&[])?.ok()
        })
    };

    let mut plaintext = sign1.to_vec();
    plaintext.push(0x80);
    // The head of the ciphertext grows with its length by at most two bytes between this measure and the last, so
    // the frame may stay a byte or two short of its class, and the frame's own zeros fill it.
    let mut placeholder = plaintext.clone();
    placeholder.resize(plaintext.len() + GCM_TAG, 0);
    let measured = FRAME_HEADER + around(&placeholder)?.len();
    placeholder.resize(placeholder.len() + size_class(measured) - measured, 0);
    let over = (FRAME_HEADER + around(&placeholder)?.len()) - size_class(measured);
    let padded = (placeholder.len() - GCM_TAG).saturating_sub(over);
    plaintext.resize(padded.max(plaintext.len()), 0);

    around(&gcm_seal(&key, &iv, &associated()?, &plaintext))
}

/// A sealed message as everybody can read it: to whom it is, and nothing of what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The recipient's name: the key identifier.
    pub recipient: &'a [u8],
    iv: [u8; 12],
    ciphertext: &'a [u8],
    /// The ephemeral public point.
    point: [u8; 65],
}

impl<'a> Sealed<'a> {
    /// Takes a message apart; nothing in it is free.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes)?;
        r.tag(TAG, "tag 96, COSE_Encrypt")?;
        r.array_of(4, "the four fields of COSE_Encrypt")?;
        let wrong = r.unexpected("the protected header {1: 1}");
        if r.bytes("a protected header")? != PROTECTED {
            return Err(wrong);
        }
        r.map_of(1, "one unprotected header")?;
        r.exactly(5, "header 5, iv")?;
        let iv: [u8; 12] = r.bytes_of("an iv of 12 bytes")?;
        let ciphertext = r.bytes("a ciphertext")?;
        r.array_of(1, "one recipient")?;
        r.array_of(3, "the three fields of COSE_recipient")?;
        let wrong = r.unexpected("the protected header {1: -25}");
        if r.bytes("a protected header")? != RECIPIENT_PROTECTED {
            return Err(wrong);
        }
        r.map_of(2, "two unprotected headers")?;
        r.exactly(4, "header 4, kid")?;
        let recipient = r.bytes("a recipient's name")?;
        r.exactly(-1, "header -1, ephemeral key")?;
        r.map_of(4, "a COSE_Key of four entries")?;
        r.exactly(1, "key type")?;
        r.exactly(2, "key type 2, EC2")?;
        r.exactly(-1, "curve")?;
        r.exactly(1, "curve 1, P-256")?;
        r.exactly(-2, "x coordinate")?;
        let x: [u8; 32] = r.bytes_of("32 bytes")?;
        r.exactly(-3, "y coordinate")?;
        let y: [u8; 32] = r.bytes_of("32 bytes")?;
        r.bytes_of::<0>("an empty ciphertext")?;
        let mut point = [4; 65];
        point[1..33].copy_from_slice(&x);
        point[33..].copy_from_slice(&y);
        Ok(Self {
            recipient,
            iv,
            ciphertext,
            point,
        })
    }

    /// Opens it with the recipient's key, and returns the COSE_Sign1 without its padding.
    pub fn open(&self, key: &SecretKey) -> Result<Vec<u8>, Error> {
        let point = PublicKey::from_bytes(&self.point).map_err(|_| Error::Point)?;
        let key = content_key(key, &point)?;
        let mut plaintext =
            gcm_open(&key, &self.iv, &associated()?, self.ciphertext).map_err(|_| Error::Sealed)?;
        let end = plaintext
            .iter()
            .rposition(|byte| *byte != 0)
            .filter(|last| plaintext[*last] == 0x80)
            .ok_or(Error::Padding)?;
        plaintext.truncate(end);
        Ok(plaintext)
    }
}

/// Opens a sealed message that names `name`, and returns the COSE_Sign1 without its padding.
pub fn open(sealed: &[u8], name: &str, key: &SecretKey) -> Result<Vec<u8>, Error> {
    let sealed = Sealed::parse(sealed)?;
    if sealed.recipient != name.as_bytes() {
        return Err(Error::Recipient);
    }
    sealed.open(key)
}

/// The content key (RFC 9053 §5.1 and §5.2): HKDF-SHA-256 of the shared secret, without salt, over COSE_KDF_Context.
fn content_key(secret: &SecretKey, point: &PublicKey) -> Result<AesKey, Error> {
    let shared = secret.ecdh(point);
    let context = written(|w| {
        w.array(4)?.u8(1)?;
        for _party in 0..2 {
            w.array(3)?.null()?.null()?.null()?;
        }
        w.array(2)?.u8(128)?.bytes(&RECIPIENT_PROTECTED)?.ok()
    })?;
    let mut key = [0; 16];
    hydra_crypto::hkdf_sha256(&[], &*shared, &context, &mut key)
        .map_err(|_| Error::TooLong { what: "a key" })?;
    let content_key = AesKey::aes128(&key);
    key.zeroize();
    Ok(content_key)
}

/// `["Encrypt", protected, h'']` (RFC 9052 §5.3).
fn associated() -> Result<Vec<u8>, Error> {
    written(|w| {
        w.array(3)?
            .str("Encrypt")?
            .bytes(&PROTECTED)?
            .bytes(&[])?
            .ok()
    })
}
