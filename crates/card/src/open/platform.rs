//! What the runtime asks of OPEN on behalf of applets.

use hydra_crypto::Random as _;
use hydra_gp::ApplicationState;
use hydra_vm::Vm;
use hydra_wire::StatusWord;

use super::registry;
use super::{Lifetime, Open};
use crate::outbox;
use crate::runtime::{AppletRef, Platform};

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
}
