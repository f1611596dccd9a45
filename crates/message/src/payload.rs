use alloc::string::String;
use alloc::vec::Vec;

use hydra_wire::Aid;

use crate::cbor::{Reader, written};
use crate::{Content, Digest, Disclosure, Error, Purpose, Salt};

/// Names of recipients have 1 to 32 bytes, so that a sealed message never changes its size class by its name alone.
pub(crate) const NAME_MAX: usize = 32;

/// Everything about a message that the secure element adds to what the applet said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// The security domain that signs.
    pub sender: &'a Aid,
    /// The applet instance that spoke.
    pub instance: &'a Aid,
    /// The card.
    pub card_id: [u8; 8],
    /// The recipient's name, as its key is stored in the domain.
    pub recipient: &'a str,
    /// What the message is for.
    pub purpose: Purpose,
    /// 1, 2, 3… for each domain and destination.
    pub counter: u32,
    /// SHA-256 of the previous COSE_Sign1 of this domain, purpose and destination; zeros for the first.
    pub previous: Digest,
}

impl Outgoing<'_> {
    /// The payload for the provider: hidden claims are there as hashes alone.
    pub fn payload(&self, content: &Content<'_>, salts: &[Salt]) -> Result<Vec<u8>, Error> {
        let disclosures = content.disclosures(salts)?;
        self.write(content, &disclosures, 10)
    }

    /// The payload for the householder: the same, and what opens every hidden claim.
    pub fn copy_payload(&self, content: &Content<'_>, salts: &[Salt]) -> Result<Vec<u8>, Error> {
        let disclosures = content.disclosures(salts)?;
        let mut out = self.write(content, &disclosures, 11)?;
        out.extend(written(|w| {
            w.u8(11)?.array(disclosures.len() as u64)?.ok()
        })?);
        for disclosure in &disclosures {
            out.extend(disclosure.to_bytes()?);
        }
        Ok(out)
    }

    fn write(
        &self,
        content: &Content<'_>,
        disclosures: &[Disclosure],
        entries: u64,
    ) -> Result<Vec<u8>, Error> {
        if self.recipient.is_empty() || self.recipient.len() > NAME_MAX {
            return Err(Error::TooLong {
                what: "a recipient's name (1 to 32 bytes)",
            });
        }
        let mut out = written(|w| {
            w.map(entries)?;
            w.u8(1)?.bytes(self.sender.as_bytes())?;
            w.u8(2)?.bytes(self.instance.as_bytes())?;
            w.u8(3)?.bytes(&self.card_id)?;
            w.u8(4)?.str(self.recipient)?;
            w.u8(5)?.u8(self.purpose.byte())?;
            w.u8(6)?.u32(self.counter)?;
            w.u8(7)?.null()?;
            w.u8(8)?.bytes(&self.previous)?;
            w.u8(9)?.ok()
        })?;
        out.extend_from_slice(content.claims());
        let hashes = disclosures
            .iter()
            .map(Disclosure::digest)
            .collect::<Result<Vec<Digest>, Error>>()?;
        out.extend(written(|w| {
            w.u8(10)?.array(hashes.len() as u64)?;
            for hash in &hashes {
                w.bytes(hash)?;
            }
            Ok(())
        })?);
        Ok(out)
    }
}

/// A signed payload as its recipient reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The security domain that signed.
    pub sender: Aid,
    /// The applet instance that spoke.
    pub instance: Aid,
    /// The card.
    pub card_id: [u8; 8],
    /// Whom it is for.
    pub recipient: String,
    /// What it is for.
    pub purpose: Purpose,
    /// 1, 2, 3… for each domain and destination.
    pub counter: u32,
    /// SHA-256 of the previous COSE_Sign1 of this domain, purpose and destination.
    pub previous: Digest,
    /// The map of claims, encoded; [`crate::Statement`] and its like read it.
    pub claims: Vec<u8>,
    /// Hashes of the hidden claims.
    pub hidden: Vec<Digest>,
    /// What opens them, in their order; in the householder's copy alone. Each has been checked against its hash.
    pub disclosures: Option<Vec<Disclosure>>,
}

impl Payload {
    /// Reads a payload, and checks each disclosure against its hidden claim.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes)?;
        let entries = r.unexpected("a payload map of 10 or 11 entries");
        let copy = match r.map("a payload map")? {
            10 => false,
            11 => true,
            _ => return Err(entries),
        };
        r.exactly(1, "key 1, sender")?;
        let sender = aid(&mut r)?;
        r.exactly(2, "key 2, instance")?;
        let instance = aid(&mut r)?;
        r.exactly(3, "key 3, card id")?;
        let card_id = r.bytes_of("a card id of 8 bytes")?;
        r.exactly(4, "key 4, recipient")?;
        let wrong_name = r.unexpected("a recipient's name of 1 to 32 bytes");
        let recipient = r.text("a recipient's name")?;
        if recipient.is_empty() || recipient.len() > NAME_MAX {
            return Err(wrong_name);
        }
        r.exactly(5, "key 5, purpose")?;
        let unknown = r.unexpected("a purpose, 1 to 3");
        let purpose = Purpose::from_byte(r.u8("a purpose")?).ok_or(unknown)?;
        r.exactly(6, "key 6, counter")?;
        let zero = r.unexpected("a counter of 1 or more");
        let counter = r.u32("a counter")?;
        if counter == 0 {
            return Err(zero);
        }
        r.exactly(7, "key 7, time bound")?;
        r.null("null for the time bound")?;
        r.exactly(8, "key 8, previous hash")?;
        let previous = r.bytes_of("a hash of 32 bytes")?;
        r.exactly(9, "key 9, claims")?;
        if !r.is_map() {
            return Err(r.unexpected("a map of claims"));
        }
        let claims = r.item()?.to_vec();
        r.exactly(10, "key 10, hidden")?;
        let count = r.array("an array of hidden claims")?;
        let mut hidden = Vec::new();
        for _ in 0..count {
            hidden.push(r.bytes_of("a hash of 32 bytes")?);
        }
        let disclosures = if copy {
            r.exactly(11, "key 11, disclosures")?;
            r.array_of(count, "as many disclosures as hidden claims")?;
            let mut disclosures = Vec::new();
            for (index, hash) in hidden.iter().enumerate() {
                let disclosure = Disclosure::read(&mut r)?;
                if disclosure.digest()? != *hash {
                    return Err(Error::Disclosure { index });
                }
                disclosures.push(disclosure);
            }
            Some(disclosures)
        } else {
            None
        };
        Ok(Self {
            sender,
            instance,
            card_id,
            recipient: recipient.into(),
            purpose,
            counter,
            previous,
            claims,
            hidden,
            disclosures,
        })
    }
}

pub(crate) fn aid(r: &mut Reader<'_>) -> Result<Aid, Error> {
    let error = r.unexpected("an AID of 5 to 16 bytes");
    Aid::new(r.bytes("an AID")?).map_err(|_| error)
}
