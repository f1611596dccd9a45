//! What the runtime asks of OPEN on behalf of applets.

use alloc::vec::Vec;

use hydra_crypto::Random as _;
use hydra_gp::{ApplicationState, CardState, Privileges};
use hydra_vm::Vm;
use hydra_wire::{Command, Response, StatusWord};

use super::registry;
use super::{Lifetime, Open};
use crate::outbox;
use crate::runtime::{AppletRef, CardEnd, Direction, Platform};

impl Platform for Open {
    fn draw(&mut self, _vm: &mut Vm, purpose: &str, counter: u64, out: &mut [u8]) {
        self.random.draw(purpose, counter, out);
    }

    fn outbox_send(
        &mut self,
        vm: &mut Vm,
        applet: AppletRef,
        purpose: u8,
        destination: u8,
        message: &[u8],
    ) -> Result<u16, StatusWord> {
        let counter = outbox::send(
            vm,
            &mut *self.random,
            applet.0,
            purpose,
            destination,
            message,
        )?;
        let [_, _, high, low] = counter.to_be_bytes();
        Ok(u16::from_be_bytes([high, low]))
    }

    fn card_state(&mut self, vm: &mut Vm) -> u8 {
        Lifetime::load(vm).state as u8
    }

    /// GPCS 2.3.1 §9.6.3, §9.6.4
    fn end_card(&mut self, vm: &mut Vm, by: AppletRef, end: CardEnd) -> bool {
        let (privilege, next) = match end {
            CardEnd::Lock => (Privileges::CARD_LOCK, CardState::Locked),
            CardEnd::Terminate => (Privileges::CARD_TERMINATE, CardState::Terminated),
        };
        let mut lifetime = Lifetime::load(vm);
        let allowed = has(vm, by, privilege) && lifetime.state.may_become(next);
        if allowed {
            lifetime.state = next;
            lifetime.store(vm);
        }
        allowed
    }

    /// An applet that asks while it is being installed has no entry yet: it is INSTALLED.
    fn application_state(&mut self, vm: &mut Vm, applet: AppletRef) -> u8 {
        registry::by_instance(vm, applet.0).map_or(registry::INSTALLED, |entry| entry.life_cycle)
    }

    /// GPCS 2.3.1 §5.3.1: once SELECTABLE, an application moves among the states of its own; it can't unlock itself or
    /// go back to INSTALLED.
    fn set_application_state(&mut self, vm: &mut Vm, applet: AppletRef, state: u8) -> bool {
        let Some(mut entry) = registry::by_instance(vm, applet.0) else {
            return false;
        };
        let allowed = entry.is_selectable()
            && ApplicationState::from_byte(state).is_some_and(ApplicationState::is_selectable);
        if allowed {
            entry.life_cycle = state;
            registry::put(vm, &entry);
        }
        allowed
    }

    fn privileges(&mut self, vm: &mut Vm, applet: AppletRef) -> [u8; 3] {
        registry::by_instance(vm, applet.0).map_or([0; 3], |entry| entry.privileges.to_bytes())
    }

    fn is_associated(&mut self, vm: &mut Vm, applet: AppletRef, domain: &[u8]) -> bool {
        registry::by_instance(vm, applet.0)
            .and_then(|entry| registry::get(vm, entry.domain))
            .is_some_and(|entry| entry.aid.as_bytes() == domain)
    }

    /// GPCS 2.3.1 §5.3.1.4: who has the Global Lock privilege may lock another, and unlock it again; an application may
    /// lock itself, but not unlock itself.
    fn set_state_of(&mut self, vm: &mut Vm, by: AppletRef, of: AppletRef, state: u8) -> bool {
        let lock = state & registry::LOCKED != 0;
        let Some(mut entry) = registry::by_instance(vm, of.0) else {
            return false;
        };
        let locked = entry.life_cycle & registry::LOCKED != 0;
        let global = has(vm, by, Privileges::GLOBAL_LOCK);
        if by == of && !lock && !locked {
            return self.set_application_state(vm, of, state);
        }
        let allowed = match (lock, locked) {
            (true, _) => by == of || global,
            (false, true) => by != of && global,
            (false, false) => false,
        };
        if allowed {
            entry.life_cycle = if lock {
                entry.life_cycle | registry::LOCKED
            } else {
                entry.life_cycle & !registry::LOCKED
            };
            registry::put(vm, &entry);
        }
        allowed
    }

    fn process_security(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        command: &Command,
        durable: &mut dyn FnMut(&mut Vm, u32) -> bool,
    ) -> Result<Vec<u8>, StatusWord> {
        self.secure_command(vm, at, command, durable)
    }

    fn unwrap(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        command: &Command,
    ) -> Result<Option<Command>, StatusWord> {
        self.unwrap_command(vm, at, command)
    }

    fn wrap(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        response: Response,
    ) -> Result<Vec<u8>, StatusWord> {
        self.wrap_response(vm, at, response)
    }

    fn sensitive_data(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        data: &[u8],
        direction: Direction,
    ) -> Result<Vec<u8>, StatusWord> {
        self.convert_sensitive(vm, at, data, direction)
    }

    fn reset_security(&mut self, vm: &mut Vm, at: (AppletRef, u8)) {
        self.end_secure_channel(vm, at);
    }

    fn security_level(&mut self, vm: &mut Vm, at: (AppletRef, u8)) -> u8 {
        self.level(vm, at)
    }
}

/// Whether an application has a privilege.
fn has(vm: &Vm, applet: AppletRef, privilege: Privileges) -> bool {
    registry::by_instance(vm, applet.0).is_some_and(|entry| entry.privileges.contains(privilege))
}
