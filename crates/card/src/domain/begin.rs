//! The beginning of a secure channel (Amendment D §7.1.1), for a security domain's own commands and for those that its
//! applications hand on.

use alloc::vec::Vec;

use hydra_gp::scp03::{CardPending, CardSession};
use hydra_gp::{Command as GpCommand, InitializeUpdate, KeySet};
use hydra_vm::Vm;
use hydra_wire::{Command, Response, StatusWord};

use super::{diversification_data, keys};
use crate::open::Lifetime;
use crate::open::records::Owned;
use crate::open::registry::{Entry, EntryId};

/// An INITIALIZE UPDATE whose sequence counter is counted, but not yet durable: nothing may be derived from it before
/// it is, so that no power cut gives a second try at the same challenge.
pub(crate) struct Beginning {
    holder: EntryId,
    keys: KeySet,
    counter: u32,
    host_challenge: Vec<u8>,
}

impl Beginning {
    /// Counts up for the keys that the command names: 6A88 without them, 6985 at the counter's end.
    pub(crate) fn of(vm: &mut Vm, domain: EntryId, command: &Command) -> Result<Self, StatusWord> {
        let InitializeUpdate {
            key_version,
            host_challenge,
        } = match GpCommand::try_from(command) {
            Ok(GpCommand::InitializeUpdate(request)) => request,
            Ok(_) => return Err(StatusWord::INS_NOT_SUPPORTED),
            Err(error) => return Err(error.status()),
        };
        let (holder, keys) =
            keys::find(vm, domain, key_version).ok_or(StatusWord::DATA_NOT_FOUND)?;
        let counter =
            keys::count_up(vm, holder, keys.version).ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        Ok(Self {
            holder,
            keys,
            counter,
            host_challenge: host_challenge.to_vec(),
        })
    }

    /// The record that must be durable before [`Self::answer`].
    pub(crate) fn record(&self) -> u32 {
        Owned::SequenceCounters.key(self.holder)
    }

    /// The card's challenge and cryptogram.
    pub(crate) fn answer(
        self,
        vm: &Vm,
        domain: &Entry,
    ) -> Result<(CardPending, Response), StatusWord> {
        CardSession::initialize_update(
            &self.keys,
            self.counter,
            &domain.aid,
            &diversification_data(&Lifetime::load(vm)),
            &self.host_challenge,
        )
    }
}
