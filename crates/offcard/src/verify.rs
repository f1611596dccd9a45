//! What has to hold before a signed message is believed: signature, certificate chains, attestation, and that code, domain
//! and card are the expected ones. Counters and previous hashes are [`Streams`]' part.

use std::collections::BTreeMap;

use hydra_message::{Attestation, Digest, Error, Payload, Purpose, Sign1};
use hydra_wire::Aid;

use crate::Seconds;
use crate::ca::{CertifiedKey, ChainError, TrustRoot};

/// Who is expected to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// The card.
    pub card_id: [u8; 8],
    /// The security domain that signs.
    pub domain: Aid,
    /// The applet that speaks through it.
    pub instance: Aid,
    /// SHA-256 of the code that the applet has to be.
    pub code_hash: Digest,
}

/// A message that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When it came.
    pub at: Seconds,
    /// The COSE_Sign1.
    pub sign1: Vec<u8>,
    /// Its SHA-256, which the next message of its kind names.
    pub digest: Digest,
    /// What was signed.
    pub payload: Payload,
}

/// Why a message is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not open, does not read, or the signature is wrong.
    #[error("the message: {0}")]
    Message(Error),
    /// The attestation does not read, or its signature is wrong.
    #[error("the attestation: {0}")]
    Attestation(Error),
    /// The message carries no attestation.
    #[error("no attestation")]
    Unattested,
    /// The certificates of the domain's key.
    #[error("the domain's key: {0}")]
    DomainChain(ChainError),
    /// The certificates of the attestation key.
    #[error("the attestation key: {0}")]
    AttestationChain(ChainError),
    /// Certificate and attestation are about different keys.
    #[error("the attestation is about another key")]
    OtherKey,
    /// Not the card, domain or applet that was expected, or message and attestation differ in them.
    #[error("the {what} is not the expected one")]
    OtherSpeaker {
        /// What differs.
        what: &'static str,
    },
    /// The code is not the code that was vetted.
    #[error("the applet is other code than was vetted")]
    OtherCode,
    /// The message is signed for somebody else.
    #[error("the message is for {0}")]
    OtherRecipient(String),
    /// A message with this counter came before, and said something else.
    #[error("another message had the counter {0} before")]
    CounterReused(u32),
    /// The message does not name the one before it.
    #[error("the message does not continue the one before it")]
    Chain,
    /// The claims are not those of the purpose.
    #[error("the claims: {0}")]
    Claims(Error),
    /// The statement is about something else than was agreed.
    #[error("the statement's {what} is not what was agreed")]
    Terms {
        /// What differs.
        what: &'static str,
    },
    /// The purpose is none that this recipient takes from this domain.
    #[error("a message of purpose {0:?} has no business here")]
    Purpose(Purpose),
    /// No home of this hub is known here.
    #[error("no home is known at hub {0}")]
    UnknownHub(String),
    /// The relay's frame does not read.
    #[error("the frame: {0}")]
    Frame(hydra_wire::FrameError),
    /// A frame of a kind that a server does not receive, or in answer to nothing.
    #[error("a frame of this kind is not expected")]
    Unexpected,
}

/// Checks a COSE_Sign1 for `recipient` by one of the `speakers`, at the time `now`.
pub fn verify(
    sign1: &[u8],
    recipient: &str,
    speakers: &[Speaker],
    root: &TrustRoot,
    now: Seconds,
) -> Result<Verified, Refusal> {
    let signed = Sign1::parse(sign1).map_err(Refusal::Message)?;
    let payload = Payload::parse(&signed.payload).map_err(Refusal::Message)?;
    let speaker = speakers
        .iter()
        .find(|speaker| speaker.domain == payload.sender && speaker.card_id == payload.card_id)
        .ok_or(Refusal::OtherSpeaker { what: "domain" })?;

    let domain = CertifiedKey::Domain {
        card_id: speaker.card_id,
        domain: speaker.domain.clone(),
    };
    let key = root
        .verify(&signed.x5chain, &domain, now)
        .map_err(Refusal::DomainChain)?;
    signed.verify(&key).map_err(Refusal::Message)?;

    let attestation = signed.attestation.as_deref().ok_or(Refusal::Unattested)?;
    let attestation = Attestation::parse(attestation).map_err(Refusal::Attestation)?;
    let attester = CertifiedKey::Attestation {
        card_id: speaker.card_id,
    };
    let attestation_key = root
        .verify(&attestation.sign1.x5chain, &attester, now)
        .map_err(Refusal::AttestationChain)?;
    attestation
        .sign1
        .verify(&attestation_key)
        .map_err(Refusal::Attestation)?;
    if attestation.sign1.attestation.is_some() {
        return Err(Refusal::Attestation(Error::Signature));
    }

    let subject = &attestation.subject;
    if subject.point != key.to_bytes() {
        return Err(Refusal::OtherKey);
    }
    if subject.card_id != speaker.card_id {
        return Err(Refusal::OtherSpeaker { what: "card" });
    }
    if subject.domain != speaker.domain {
        return Err(Refusal::OtherSpeaker { what: "domain" });
    }
    let (instance, code_hash) = subject.code.as_ref().ok_or(Refusal::OtherCode)?;
    if *instance != speaker.instance || payload.instance != speaker.instance {
        return Err(Refusal::OtherSpeaker { what: "applet" });
    }
    if *code_hash != speaker.code_hash {
        return Err(Refusal::OtherCode);
    }
    if payload.recipient != recipient {
        return Err(Refusal::OtherRecipient(payload.recipient));
    }
    Ok(Verified {
        at: now,
        sign1: sign1.to_vec(),
        digest: signed.digest(),
        payload,
    })
}

/// The counters and hash chains of what one recipient gets: each message once, in order, none left out.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    streams: BTreeMap<([u8; 8], Aid), Stream>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    /// Digests of the messages 1, 2, 3….
    digests: Vec<Digest>,
    last: BTreeMap<Purpose, Digest>,
    kinds: BTreeMap<Purpose, u64>,
    /// Came before one that is still missing.
    early: BTreeMap<u32, Verified>,
}

/// What a message does to its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It came before.
    Duplicate,
    /// A message before it is missing; it is kept until that one comes.
    Early {
        /// The counter of the first that is missing.
        missing: u32,
    },
    /// It is next, and those kept before follow it.
    Next(Vec<Verified>),
}

impl Streams {
    /// Takes a verified message. An error refuses it and changes nothing but what of those kept early is refused too.
    pub fn admit(&mut self, message: Verified) -> Result<Admission, Refusal> {
        let key = (message.payload.card_id, message.payload.sender.clone());
        let stream = self.streams.entry(key).or_default();
        let counter = message.payload.counter;
        let received = u32::try_from(stream.digests.len()).unwrap_or(u32::MAX);
        if counter <= received {
            let place = usize::try_from(counter - 1).unwrap_or(usize::MAX);
            return if stream.digests.get(place) == Some(&message.digest) {
                Ok(Admission::Duplicate)
            } else {
                Err(Refusal::CounterReused(counter))
            };
        }
        if counter > received + 1 {
            let missing = received + 1;
            return match stream.early.get(&counter) {
                Some(early) if early.digest != message.digest => {
                    Err(Refusal::CounterReused(counter))
                }
                Some(_) => Ok(Admission::Duplicate),
                None => {
                    stream.early.insert(counter, message);
                    Ok(Admission::Early { missing })
                }
            };
        }
        stream.append(&message)?;
        let mut admitted = vec![message];
        while let Some(entry) = stream.early.first_entry() {
            let next = u32::try_from(stream.digests.len()).unwrap_or(u32::MAX) + 1;
            if *entry.key() != next {
                break;
            }
            let early = entry.remove();
            if stream.append(&early).is_err() {
                break;
            }
            admitted.push(early);
        }
        Ok(Admission::Next(admitted))
    }

    /// Whether this message is in its place of its stream.
    pub fn contains(&self, message: &Verified) -> bool {
        let key = (message.payload.card_id, message.payload.sender.clone());
        let place = usize::try_from(message.payload.counter).map(|counter| counter - 1);
        self.streams.get(&key).is_some_and(|stream| {
            place.is_ok_and(|place| stream.digests.get(place) == Some(&message.digest))
        })
    }

    /// How many messages of each purpose were admitted.
    pub fn kinds(&self) -> BTreeMap<Purpose, u64> {
        let mut kinds = BTreeMap::new();
        for stream in self.streams.values() {
            for (purpose, count) in &stream.kinds {
                *kinds.entry(*purpose).or_default() += count;
            }
        }
        kinds
    }

    /// Messages that wait for one that is missing.
    pub fn early(&self) -> usize {
        self.streams.values().map(|stream| stream.early.len()).sum()
    }
}

impl Stream {
    fn append(&mut self, message: &Verified) -> Result<(), Refusal> {
        let purpose = message.payload.purpose;
        let last = self.last.get(&purpose).copied().unwrap_or([0; 32]);
        if message.payload.previous != last {
            return Err(Refusal::Chain);
        }
        self.digests.push(message.digest);
        self.last.insert(purpose, message.digest);
        *self.kinds.entry(purpose).or_default() += 1;
        Ok(())
    }
}
