//! OPEN (GPCS 2.3.1 §6): the registry, logical channels, application selection and command dispatch.

pub(crate) mod channel;
mod platform;
pub(crate) mod records;
pub(crate) mod registry;
mod secure_channel;
mod select;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hydra_crypto::Random;
use hydra_gp::CardState;
use hydra_vm::Vm;

use crate::outbox::policy;
use crate::vt::{queue, route};
use channel::Channel;
use records::{Fields, Owned};
use registry::{EntryId, Kind};

/// OPEN's part of a card: where randomness comes from, and the state of the logical channels, which lasts until reset.
/// What lasts longer are records in the VM.
pub(crate) struct Open {
    pub(crate) random: Box<dyn Random + Send>,
    /// Open channels by number: 0 to 19 are the host's, the others the virtual terminal's.
    pub(crate) channels: BTreeMap<u8, Box<Channel>>,
    /// The terminal's channels on which applets of its routes stay selected.
    pub(crate) terminal: Vec<(EntryId, u8)>,
    /// The card's life cycle state, and when it was read: each command asks for it.
    state: Option<(u64, CardState)>,
}

impl Open {
    /// OPEN as after a reset.
    pub(crate) fn new(random: Box<dyn Random + Send>) -> Self {
        let mut open = Self {
            random,
            channels: BTreeMap::new(),
            terminal: Vec::new(),
            state: None,
        };
        open.reset();
        open
    }

    /// Closes every channel but the basic one, where the ISD is selected (GPCS 2.3.1 §6.4.2.1.1).
    pub(crate) fn reset(&mut self) {
        self.channels.clear();
        self.terminal.clear();
        self.channels.insert(0, Channel::new(EntryId::ISSUER));
    }

    /// The card's life cycle state.
    pub(crate) fn card_state(&mut self, vm: &Vm) -> CardState {
        let now = vm.record_writes();
        match self.state {
            Some((read, state)) if read == now => state,
            _ => {
                let state = Lifetime::load(vm).state;
                self.state = Some((now, state));
                state
            }
        }
    }

    /// Finds a record of OPEN's that can't be read; a card with one does not start.
    pub(crate) fn unreadable(vm: &Vm) -> Option<u32> {
        let entries = registry::entries(vm)
            .zip(vm.records(records::ENTRIES..records::ENTRIES_END))
            .find(|(entry, _)| entry.is_none())
            .map(|(_, (key, _))| key);
        let issuer = match registry::get(vm, EntryId::ISSUER) {
            Some(entry) if entry.kind == Kind::Issuer => None,
            _ => Some(records::ENTRIES + u32::from(EntryId::ISSUER.0)),
        };
        let card = match Lifetime::try_load(vm) {
            Some(_) => None,
            None => Some(records::CARD),
        };
        let domain_key = registry::all(vm)
            .filter(|entry| entry.kind == Kind::Domain)
            .map(|entry| Owned::DomainKey.key(entry.id))
            .find(|key| vm.record_get(*key).map(<[u8]>::len) != Some(32));
        entries
            .or(issuer)
            .or(card)
            .or(domain_key)
            .or_else(|| route::unreadable(vm))
            .or_else(|| policy::unreadable(vm))
            .or_else(|| queue::unreadable(vm))
    }
}

/// What a card keeps from its making to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) card_id: [u8; 8],
    /// The card's life cycle state, which is the ISD's too.
    pub(crate) state: CardState,
    /// How many domain keys were drawn, so that no draw has the name of another.
    pub(crate) keys_drawn: u32,
}

impl Lifetime {
    /// Present on every card that started.
    pub(crate) fn load(vm: &Vm) -> Self {
        Self::try_load(vm).unwrap_or(Self {
            card_id: [0; 8],
            state: CardState::Terminated,
            keys_drawn: 0,
        })
    }

    pub(crate) fn store(&self, vm: &mut Vm) {
        let mut out = Vec::new();
        out.extend(self.card_id);
        out.push(self.state as u8);
        out.extend(self.keys_drawn.to_be_bytes());
        vm.record_put(records::CARD, &out);
    }

    fn try_load(vm: &Vm) -> Option<Self> {
        let mut fields = Fields(vm.record_get(records::CARD)?);
        let lifetime = Self {
            card_id: fields.array()?,
            state: CardState::from_byte(fields.byte()?)?,
            keys_drawn: fields.u32()?,
        };
        fields.is_empty().then_some(lifetime)
    }
}
