use alloc::vec::Vec;

use hydra_vm::Vm;
use hydra_wire::{Command, Response, StatusWord};

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

    /// Locks or terminates the card for an applet; whether it may.
    fn end_card(&mut self, vm: &mut Vm, by: AppletRef, end: CardEnd) -> bool;

    /// An application's life cycle state (GPCS 2.3.1 §11.1.1).
    fn application_state(&mut self, vm: &mut Vm, applet: AppletRef) -> u8;

    /// An application asks for another life cycle state of its own; whether it got it.
    fn set_application_state(&mut self, vm: &mut Vm, applet: AppletRef, state: u8) -> bool;

    /// An application's privileges as GPCS 2.3.1 §11.1.2 codes them; none while it is being installed.
    fn privileges(&mut self, vm: &mut Vm, applet: AppletRef) -> [u8; 3];

    /// Whether an application is associated with the security domain of this AID.
    fn is_associated(&mut self, vm: &mut Vm, applet: AppletRef, domain: &[u8]) -> bool;

    /// An application asks for the life cycle state of another (GPCS 2.3.1 §5.3.1); whether that got it.
    fn set_state_of(&mut self, vm: &mut Vm, by: AppletRef, of: AppletRef, state: u8) -> bool;

    /// Carries out a command of the secure channel that an application has through its security domain on a channel:
    /// INITIALIZE UPDATE or EXTERNAL AUTHENTICATE; its response data. `durable` makes a record lasting.
    fn process_security(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        command: &Command,
        durable: &mut dyn FnMut(&mut Vm, u32) -> bool,
    ) -> Result<Vec<u8>, StatusWord>;

    /// Takes the protection off a command; `None` if it stays as it is.
    fn unwrap(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        command: &Command,
    ) -> Result<Option<Command>, StatusWord>;

    /// Protects a response; its data then.
    fn wrap(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        response: Response,
    ) -> Result<Vec<u8>, StatusWord>;

    /// Encrypts or decrypts data with the key for sensitive data.
    fn sensitive_data(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        data: &[u8],
        direction: Direction,
    ) -> Result<Vec<u8>, StatusWord>;

    /// Ends the secure channel.
    fn reset_security(&mut self, vm: &mut Vm, at: (AppletRef, u8));

    /// What the secure channel protects, as `org.globalplatform.SecureChannel` codes it.
    fn security_level(&mut self, vm: &mut Vm, at: (AppletRef, u8)) -> u8;
}

/// What an applet may ask for the whole card (`GPSystem.lockCard`, `GPSystem.terminateCard`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardEnd {
    /// Until it is unlocked, only the final application is selected.
    Lock,
    /// For good.
    Terminate,
}

/// Which way [`Platform::sensitive_data`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To ciphertext.
    Encrypt,
    /// To plaintext.
    Decrypt,
}
