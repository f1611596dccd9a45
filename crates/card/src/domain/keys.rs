//! A security domain's keys: SCP03 key sets with their sequence counters, and whose set a domain uses.

use alloc::vec::Vec;
use hydra_gp::KeySet;
use hydra_gp::scp03::MAX_SEQUENCE;
use hydra_vm::Vm;
use hydra_wire::StatusWord;
use zeroize::Zeroizing;

use crate::open::records::{Fields, Owned, push_lv};
use crate::open::registry::{self, EntryId};

/// How many key sets one domain can hold.
const KEY_SET_LIMIT: usize = 8;

/// The domain's own key sets, oldest first.
pub(crate) fn own_sets(vm: &Vm, domain: EntryId) -> Vec<KeySet> {
    let mut sets = Vec::new();
    let mut fields = Fields(vm.record_get(Owned::KeySets.key(domain)).unwrap_or(&[]));
    while let Some(set) = fields.lv().and_then(KeySet::from_bytes) {
        sets.push(set);
    }
    sets
}

/// The key set of this version that the domain opens secure channels with, and the domain that it belongs to:
/// a domain without keys uses those of the domain it is associated with (GPCS 2.3.1 §7.5). Version `00` is any.
pub(crate) fn find(vm: &Vm, domain: EntryId, version: u8) -> Option<(EntryId, KeySet)> {
    let mut holder = domain;
    let sets = loop {
        let sets = own_sets(vm, holder);
        if !sets.is_empty() {
            break sets;
        }
        let parent = registry::get(vm, holder)?.domain;
        if parent == holder {
            return None;
        }
        holder = parent;
    };
    sets.into_iter()
        .find(|set| version == 0 || set.version == version)
        .map(|set| (holder, set))
}

/// Puts a key set: a new one (`replaces` = 0) or in place of an older version. Its sequence counter starts at zero
/// (SCP03 1.1.1 §6.2.2.1).
pub(crate) fn put(
    vm: &mut Vm,
    domain: EntryId,
    replaces: u8,
    set: &KeySet,
) -> Result<(), StatusWord> {
    let mut sets = own_sets(vm, domain);
    let taken = sets
        .iter()
        .any(|other| other.version == set.version && other.version != replaces);
    if taken {
        return Err(StatusWord::WRONG_DATA);
    }
    let version = set.version;
    if replaces == 0 {
        if sets.len() == KEY_SET_LIMIT {
            return Err(StatusWord::NOT_ENOUGH_MEMORY);
        }
        sets.push(set.clone());
    } else {
        let old = sets
            .iter_mut()
            .find(|old| old.version == replaces)
            .ok_or(StatusWord::DATA_NOT_FOUND)?;
        // GPCS 2.3.1 §11.8.2.3.3: a key is replaced by one of its kind and size.
        if old.enc.len() != set.enc.len() {
            return Err(StatusWord::WRONG_DATA);
        }
        *old = set.clone();
    }
    write_sets(vm, domain, &sets);
    let mut counters = counters(vm, domain);
    counters.retain(|(other, _)| *other != version && *other != replaces);
    counters.push((version, 0));
    write_counters(vm, domain, &counters);
    Ok(())
}

/// Deletes the key set of this version. The last one stays: without it nobody could speak to the domain, or worse,
/// its parent could again.
pub(crate) fn delete(vm: &mut Vm, domain: EntryId, version: u8) -> Result<(), StatusWord> {
    let mut sets = own_sets(vm, domain);
    let before = sets.len();
    sets.retain(|set| set.version != version);
    if sets.len() == before {
        return Err(StatusWord::DATA_NOT_FOUND);
    }
    if sets.is_empty() {
        return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
    }
    write_sets(vm, domain, &sets);
    let mut counters = counters(vm, domain);
    counters.retain(|(other, _)| *other != version);
    write_counters(vm, domain, &counters);
    Ok(())
}

/// The sequence counter of a key set.
pub(crate) fn counter(vm: &Vm, holder: EntryId, version: u8) -> u32 {
    counters(vm, holder)
        .into_iter()
        .find(|(other, _)| *other == version)
        .map_or(0, |(_, counter)| counter)
}

/// Counts one INITIALIZE UPDATE and returns the new value; `None` when the counter is at its end.
pub(crate) fn count_up(vm: &mut Vm, holder: EntryId, version: u8) -> Option<u32> {
    let next = counter(vm, holder, version) + 1;
    if next > MAX_SEQUENCE {
        return None;
    }
    let mut all = counters(vm, holder);
    all.retain(|(other, _)| *other != version);
    all.push((version, next));
    write_counters(vm, holder, &all);
    Some(next)
}

fn write_sets(vm: &mut Vm, domain: EntryId, sets: &[KeySet]) {
    let mut out = Zeroizing::new(Vec::new());
    for set in sets {
        push_lv(&mut out, &set.to_bytes());
    }
    vm.record_put(Owned::KeySets.key(domain), &out);
}

fn counters(vm: &Vm, domain: EntryId) -> Vec<(u8, u32)> {
    let mut counters = Vec::new();
    let mut fields = Fields(
        vm.record_get(Owned::SequenceCounters.key(domain))
            .unwrap_or(&[]),
    );
    while let (Some(version), Some(counter)) = (fields.byte(), fields.u32()) {
        counters.push((version, counter));
    }
    counters
}

fn write_counters(vm: &mut Vm, domain: EntryId, counters: &[(u8, u32)]) {
    let mut out = Vec::with_capacity(counters.len() * 5);
    for (version, counter) in counters {
        out.push(*version);
        out.extend(counter.to_be_bytes());
    }
    vm.record_put(Owned::SequenceCounters.key(domain), &out);
}
