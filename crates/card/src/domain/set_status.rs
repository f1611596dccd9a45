//! GPCS 2.3.1 §11.10 SET STATUS

use hydra_gp::{CardState, SetStatus, SetStatusScope};
use hydra_wire::{Response, StatusWord};

use super::status::belongs_to;
use crate::card::Card;
use crate::open::Lifetime;
use crate::open::registry::{self, Entry, Kind, LOCKED};

impl Card {
    /// The card's state is the issuer's domain's to change (§11.10.2.2); a domain locks and unlocks what is associated with it.
    pub(super) fn set_status(
        &mut self,
        domain: &Entry,
        request: &SetStatus,
    ) -> Result<Response, StatusWord> {
        let issuer = domain.kind == Kind::Issuer;
        let vm = self.runtime.vm_mut();
        if request.scope == SetStatusScope::Card {
            let next = CardState::from_byte(request.state).ok_or(StatusWord::WRONG_DATA)?;
            let mut lifetime = Lifetime::load(vm);
            if !issuer || !lifetime.state.may_become(next) {
                return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
            }
            lifetime.state = next;
            lifetime.store(vm);
            return Ok(Response::ok(alloc::vec![]));
        }
        let mut entry = registry::by_aid(vm, &request.aid)
            .filter(|entry| matches!(entry.kind, Kind::Domain | Kind::Terminal | Kind::Applet(_)))
            .filter(|entry| issuer || belongs_to(vm, entry, domain.id))
            .ok_or(StatusWord::DATA_NOT_FOUND)?;
        // Its current state is refused.
        if (request.state ^ entry.life_cycle) & LOCKED == 0 {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        entry.life_cycle ^= LOCKED;
        registry::put(vm, &entry);
        Ok(Response::ok(alloc::vec![]))
    }
}
