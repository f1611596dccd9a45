use bytes::Bytes;

use crate::Identity;

/// One thing that the relay must remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The party has a session, which outlives its connection by `expiry` seconds.
    Session {
        /// Whose.
        party: Identity,
        /// Seconds.
        expiry: u32,
    },
    /// The party's session is over, with its subscriptions and its queue.
    Ended {
        /// Whose.
        party: Identity,
    },
    /// The party has been away since then, in seconds since 1970.
    Away {
        /// Who.
        party: Identity,
        /// Seconds since 1970 UTC.
        since: u64,
    },
    /// The party has subscribed.
    Subscribed {
        /// Who.
        party: Identity,
        /// To what.
        filter: String,
    },
    /// The party has unsubscribed.
    Unsubscribed {
        /// Who.
        party: Identity,
        /// From what.
        filter: String,
    },
    /// A message taken into care.
    Message {
        /// Its number: one, two, three…
        number: u64,
        /// For whom.
        to: Identity,
        /// Where it was published.
        topic: String,
        /// What.
        payload: Bytes,
    },
    /// The message needs no more care: its receiver has acknowledged it, or may not have it any more.
    Settled {
        /// The message's number.
        number: u64,
        /// For whom it was.
        to: Identity,
    },
    /// What has gone through a topic so far.
    Metered {
        /// The topic.
        topic: String,
        /// Messages.
        messages: u64,
        /// Bytes of payload.
        bytes: u64,
    },
}

impl Record {
    /// Appends the record's bytes.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Session { party, expiry } => {
                out.push(0x01);
                put_text(out, &party.to_string());
                out.extend(expiry.to_be_bytes());
            }
            Self::Ended { party } => {
                out.push(0x02);
                put_text(out, &party.to_string());
            }
            Self::Away { party, since } => {
                out.push(0x03);
                put_text(out, &party.to_string());
                out.extend(since.to_be_bytes());
            }
            Self::Subscribed { party, filter } => {
                out.push(0x04);
                put_text(out, &party.to_string());
                put_text(out, filter);
            }
            Self::Unsubscribed { party, filter } => {
                out.push(0x05);
                put_text(out, &party.to_string());
                put_text(out, filter);
            }
            Self::Message {
                number,
                to,
                topic,
                payload,
            } => {
                out.push(0x06);
                out.extend(number.to_be_bytes());
                put_text(out, &to.to_string());
                put_text(out, topic);
                out.extend_from_slice(payload);
            }
            Self::Settled { number, to } => {
                out.push(0x07);
                out.extend(number.to_be_bytes());
                put_text(out, &to.to_string());
            }
            Self::Metered {
                topic,
                messages,
                bytes,
            } => {
                out.push(0x08);
                put_text(out, topic);
                out.extend(messages.to_be_bytes());
                out.extend(bytes.to_be_bytes());
            }
        }
    }

    /// The record that these bytes are, all of them.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (tag, mut rest) = bytes.split_first()?;
        let rest = &mut rest;
        let record = match tag {
            0x01 => Self::Session {
                party: take_party(rest)?,
                expiry: u32::from_be_bytes(take(rest)?),
            },
            0x02 => Self::Ended {
                party: take_party(rest)?,
            },
            0x03 => Self::Away {
                party: take_party(rest)?,
                since: u64::from_be_bytes(take(rest)?),
            },
            0x04 => Self::Subscribed {
                party: take_party(rest)?,
                filter: take_text(rest)?,
            },
            0x05 => Self::Unsubscribed {
                party: take_party(rest)?,
                filter: take_text(rest)?,
            },
            0x06 => Self::Message {
                number: u64::from_be_bytes(take(rest)?),
                to: take_party(rest)?,
                topic: take_text(rest)?,
                payload: Bytes::copy_from_slice(std::mem::take(rest)),
            },
            0x07 => Self::Settled {
                number: u64::from_be_bytes(take(rest)?),
                to: take_party(rest)?,
            },
            0x08 => Self::Metered {
                topic: take_text(rest)?,
                messages: u64::from_be_bytes(take(rest)?),
                bytes: u64::from_be_bytes(take(rest)?),
            },
            _ => return None,
        };
        rest.is_empty().then_some(record)
    }
}

/// Topics, filters and identities are MQTT strings: 65,535 bytes at most.
fn put_text(out: &mut Vec<u8>, text: &str) {
    let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend(len.to_be_bytes());
    out.extend_from_slice(&text.as_bytes()[..usize::from(len)]);
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (value, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*value)
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let len = usize::from(u16::from_be_bytes(take(bytes)?));
    let (text, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

fn take_party(bytes: &mut &[u8]) -> Option<Identity> {
    take_text(bytes)?.parse().ok()
}
