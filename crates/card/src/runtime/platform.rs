use hydra_vm::Vm;
use hydra_wire::StatusWord;

use super::AppletRef;

/// What the runtime asks of the card around it (OPEN). The card's records are in the VM, which is passed along.
pub trait Platform {
    /// Fills `out` with random bytes for a purpose and a counter that never comes twice for it.
    fn draw(&mut self, vm: &mut Vm, purpose: &str, counter: u64, out: &mut [u8]);

    /// Takes a message of an applet into the outbox; the counter it got. Part of the transaction in progress.
    fn outbox_send(
        &mut self,
        vm: &mut Vm,
        applet: AppletRef,
        purpose: u8,
        destination: u8,
        message: &[u8],
    ) -> Result<u16, StatusWord>;

    /// The card's life cycle state (GPCS 2.3.1 §11.1.1).
    fn card_state(&mut self, vm: &mut Vm) -> u8;

    /// An application's life cycle state (GPCS 2.3.1 §11.1.1).
    fn application_state(&mut self, vm: &mut Vm, applet: AppletRef) -> u8;

    /// An application asks for another life cycle state of its own; whether it got it.
    fn set_application_state(&mut self, vm: &mut Vm, applet: AppletRef, state: u8) -> bool;
}
