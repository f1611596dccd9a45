//! What a domain has sent: counters and the hashes that chain its messages.

use alloc::vec::Vec;
use hydra_message::{Destination, Digest, Purpose};
use hydra_vm::Vm;

use crate::open::records::{Fields, Owned};
use crate::open::registry::EntryId;

/// Counters for each destination and, for each purpose and destination, the hash of the last COSE_Sign1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    counters: Vec<(u8, u32)>,
    hashes: Vec<(u8, u8, Digest)>,
}

impl Sent {
    pub(crate) fn load(vm: &Vm, domain: EntryId) -> Self {
        vm.record_get(Owned::Sent.key(domain))
            .and_then(Self::decode)
            .unwrap_or_default()
    }

    pub(crate) fn store(&self, vm: &mut Vm, domain: EntryId) {
        vm.record_put(Owned::Sent.key(domain), &self.encode());
    }

    /// How many messages went there.
    pub(crate) fn counter(&self, destination: Destination) -> u32 {
        self.counters
            .iter()
            .find(|(to, _)| *to == destination.byte())
            .map_or(0, |(_, counter)| *counter)
    }

    /// The hash that the next message names: zeros for the first.
    pub(crate) fn previous(&self, purpose: Purpose, destination: Destination) -> Digest {
        self.hashes
            .iter()
            .find(|(what, to, _)| *what == purpose.byte() && *to == destination.byte())
            .map_or([0; 32], |(_, _, hash)| *hash)
    }

    /// Counts a message whose COSE_Sign1 has this hash.
    pub(crate) fn count(&mut self, purpose: Purpose, destination: Destination, hash: Digest) {
        let (what, to) = (purpose.byte(), destination.byte());
        let counter = self.counter(destination).saturating_add(1);
        self.counters.retain(|(other, _)| *other != to);
        self.counters.push((to, counter));
        self.hashes
            .retain(|(other_what, other_to, _)| (*other_what, *other_to) != (what, to));
        self.hashes.push((what, to, hash));
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.push(u8::try_from(self.counters.len()).unwrap_or(u8::MAX));
        for (to, counter) in &self.counters {
            out.push(*to);
            out.extend(counter.to_be_bytes());
        }
        for (what, to, hash) in &self.hashes {
            out.extend([*what, *to]);
            out.extend(hash);
        }
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let mut sent = Self::default();
        for _ in 0..fields.byte()? {
            sent.counters.push((fields.byte()?, fields.u32()?));
        }
        while !fields.is_empty() {
            sent.hashes
                .push((fields.byte()?, fields.byte()?, fields.array()?));
        }
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_share_a_counter_but_not_a_chain() {
        let mut sent = Sent::default();
        sent.count(Purpose::Statement, Destination::Householder, [1; 32]);
        sent.count(Purpose::Intervals, Destination::Householder, [2; 32]);
        assert_eq!(sent.counter(Destination::Householder), 2);
        assert_eq!(sent.counter(Destination::Provider), 0);
        assert_eq!(
            sent.previous(Purpose::Statement, Destination::Householder),
            [1; 32]
        );
        assert_eq!(
            sent.previous(Purpose::Intervals, Destination::Householder),
            [2; 32]
        );
        assert_eq!(
            sent.previous(Purpose::Statement, Destination::Provider),
            [0; 32]
        );
        assert_eq!(Sent::decode(&sent.encode()), Some(sent));
    }
}
