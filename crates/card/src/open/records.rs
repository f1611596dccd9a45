//! Where OPEN keeps what: the keys of its records in the VM's record store, and how a record's fields are laid out.
//!
//! Records share the VM's undo log and its commits, so the registry, the domains' keys, the outbox queue and the
//! applets' objects change together or not at all.

use alloc::vec::Vec;
use hydra_wire::Aid;

use super::registry::EntryId;

/// The card's life cycle state and card id.
pub(crate) const CARD: u32 = 0x0001;
/// The attestation key: the private half, 32 bytes.
pub(crate) const ATTESTATION_KEY: u32 = 0x0002;
/// The number of the next output of the queue.
pub(crate) const NEXT_OUTPUT: u32 = 0x0003;
/// The card's profile.
pub(crate) const PROFILE: u32 = 0x0004;
/// First key of the virtual terminal's routes, one record each.
pub(crate) const ROUTES: u32 = 0x0100;
/// First key of the scripts seen, one record for each route.
pub(crate) const SEEN: u32 = 0x0200;
/// First key of the outbox policies, one record each.
pub(crate) const POLICIES: u32 = 0x0300;
/// One past the last policy.
pub(crate) const POLICIES_END: u32 = 0x0700;
/// How many routes there can be.
pub(crate) const ROUTE_LIMIT: u32 = SEEN - ROUTES;
/// First key of the registry's entries: this plus the entry's id.
pub(crate) const ENTRIES: u32 = 0x1000;
/// One past the last key of the registry's entries.
pub(crate) const ENTRIES_END: u32 = 0x1E00;
/// First key of what belongs to one entry: this plus sixteen times the entry's id plus an [`Owned`].
const OWNED: u32 = 0x2000;
/// First key of the output queue: this plus the output's number.
pub(crate) const QUEUE: u32 = 0x0001_0000;
/// One past the last key of the output queue; the runtime's records begin here.
pub(crate) const QUEUE_END: u32 = 0x8000_0000;

/// A record that belongs to a registry entry and goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owned {
    /// A domain's P-256 key: the private half, 32 bytes.
    DomainKey = 0,
    /// A domain's SCP03 key sets.
    KeySets = 1,
    /// The sequence counters of the key sets; apart from the keys because they become durable on their own.
    SequenceCounters = 2,
    /// The certificate chain of the domain's key (for the ISD: of the attestation key).
    Chain = 3,
    /// The recipients that the domain may seal to.
    Recipients = 4,
    /// The outbox's counters and previous hashes.
    Sent = 5,
    /// The attestation of an application, or of a domain itself.
    Attestation = 6,
    /// Data objects stored with STORE DATA and given back by GET DATA unread.
    Objects = 7,
}

impl Owned {
    const ALL: [Self; 8] = [
        Self::DomainKey,
        Self::KeySets,
        Self::SequenceCounters,
        Self::Chain,
        Self::Recipients,
        Self::Sent,
        Self::Attestation,
        Self::Objects,
    ];

    /// The key of this record of `entry`.
    pub(crate) fn key(self, entry: EntryId) -> u32 {
        OWNED + u32::from(entry.0) * 16 + self as u32
    }

    /// The keys of all records that can belong to `entry`.
    pub(crate) fn keys(entry: EntryId) -> impl Iterator<Item = u32> {
        Self::ALL.into_iter().map(move |owned| owned.key(entry))
    }
}

/// Reads a record's fields one after another; `None` once the bytes run out.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A field preceded by its length in one byte.
    pub(crate) fn lv(&mut self) -> Option<&'a [u8]> {
        let len = self.byte()?;
        self.bytes(usize::from(len))
    }

    pub(crate) fn aid(&mut self) -> Option<Aid> {
        Aid::new(self.lv()?).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a field of at most 255 bytes with its length before it; what is longer is cut off.
pub(crate) fn push_lv(out: &mut Vec<u8>, value: &[u8]) {
    let len = u8::try_from(value.len()).unwrap_or(u8::MAX);
    out.push(len);
    out.extend_from_slice(&value[..usize::from(len)]);
}
