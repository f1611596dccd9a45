//! The secure channel that an applet has through its security domain (`org.globalplatform.SecureChannel`): the session
//! lives on the logical channel on which the applet is selected, and ends with the selection.

use alloc::vec::Vec;

use hydra_crypto::{aes_cbc_decrypt, aes_cbc_encrypt};
use hydra_gp::command::ins;
use hydra_vm::Vm;
use hydra_wire::{Command, Response, StatusWord};

use super::Open;
use super::registry::{self, Entry};
use crate::domain::Beginning;
use crate::domain::session::SecureChannel;
use crate::runtime::{AppletRef, Direction};

/// Entity authentication has occurred.
const AUTHENTICATED: u8 = 0x80;

impl Open {
    pub(super) fn secure_command(
        &mut self,
        vm: &mut Vm,
        at: (AppletRef, u8),
        command: &Command,
        durable: &mut dyn FnMut(&mut Vm, u32) -> bool,
    ) -> Result<Vec<u8>, StatusWord> {
        let entry = registry::by_instance(vm, at.0.0);
        let domain = entry.and_then(|entry| registry::get(vm, entry.domain));
        let domain = domain.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        if command.cla & 0x80 == 0 {
            return Err(StatusWord::CLA_NOT_SUPPORTED);
        }
        match command.ins {
            ins::INITIALIZE_UPDATE => {
                // A counter that an abort took back would give the same challenge again.
                if vm.depth() > 0 {
                    return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
                }
                *self.session(vm, at)? = SecureChannel::None;
                let (pending, response) = begin(vm, &domain, command, durable)?;
                *self.session(vm, at)? = SecureChannel::Pending(pending);
                Ok(response.data)
            }
            ins::EXTERNAL_AUTHENTICATE => {
                let session = self.session(vm, at)?;
                match core::mem::take(session) {
                    SecureChannel::Pending(pending) => {
                        *session = SecureChannel::Open(pending.external_authenticate(command)?);
                        Ok(Vec::new())
                    }
                    SecureChannel::None | SecureChannel::Open(_) => {
                        Err(StatusWord::CONDITIONS_NOT_SATISFIED)
                    }
                }
            }
            _ => Err(StatusWord::INS_NOT_SUPPORTED),
        }
    }

    pub(super) fn unwrap_command(
        &mut self,
        vm: &Vm,
        at: (AppletRef, u8),
        command: &Command,
    ) -> Result<Option<Command>, StatusWord> {
        let SecureChannel::Open(open) = self.session(vm, at)? else {
            return Ok(None);
        };
        if !open.is_open() {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let secured = if command.cla & 0x40 == 0 {
            command.cla & 0x0C != 0
        } else {
            command.cla & 0x20 != 0
        };
        if !secured || !open.level().has_c_mac() {
            return Ok(None);
        }
        // Every failure to verify is 6982 to the applet.
        open.unwrap(command)
            .map(Some)
            .map_err(|_| StatusWord::SECURITY_STATUS_NOT_SATISFIED)
    }

    pub(super) fn wrap_response(
        &mut self,
        vm: &Vm,
        at: (AppletRef, u8),
        response: Response,
    ) -> Result<Vec<u8>, StatusWord> {
        match self.session(vm, at)? {
            SecureChannel::Open(open) if open.is_open() => Ok(open.wrap(response).data),
            SecureChannel::Open(_) => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
            SecureChannel::None | SecureChannel::Pending(_) => Ok(response.data),
        }
    }

    /// Amendment D §6.2.8: AES-CBC under the DEK, with an initial value of zeros and no padding.
    pub(super) fn convert_sensitive(
        &mut self,
        vm: &Vm,
        at: (AppletRef, u8),
        data: &[u8],
        direction: Direction,
    ) -> Result<Vec<u8>, StatusWord> {
        let open = match self.session(vm, at)? {
            SecureChannel::Open(open) if open.is_open() => open,
            _ => return Err(StatusWord::CONDITIONS_NOT_SATISFIED),
        };
        let zeros = [0; 16];
        let converted = match direction {
            Direction::Encrypt => aes_cbc_encrypt(open.dek(), &zeros, data),
            Direction::Decrypt => aes_cbc_decrypt(open.dek(), &zeros, data),
        };
        converted.map_err(|_| StatusWord::WRONG_LENGTH)
    }

    pub(super) fn end_secure_channel(&mut self, vm: &Vm, at: (AppletRef, u8)) {
        if let Ok(session) = self.session(vm, at) {
            *session = SecureChannel::None;
        }
    }

    pub(super) fn level(&mut self, vm: &Vm, at: (AppletRef, u8)) -> u8 {
        match self.session(vm, at) {
            Ok(SecureChannel::Open(open)) if open.is_open() => AUTHENTICATED | open.level().byte(),
            _ => 0,
        }
    }

    /// The session of the applet, which must be the one that is selected on the channel: 6985.
    fn session(
        &mut self,
        vm: &Vm,
        (applet, channel): (AppletRef, u8),
    ) -> Result<&mut SecureChannel, StatusWord> {
        let entry = registry::by_instance(vm, applet.0);
        self.channels
            .get_mut(&channel)
            .filter(|channel| entry.is_some_and(|entry| entry.id == channel.selected))
            .map(|channel| &mut channel.session.secure_channel)
            .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }
}

fn begin(
    vm: &mut Vm,
    domain: &Entry,
    command: &Command,
    durable: &mut dyn FnMut(&mut Vm, u32) -> bool,
) -> Result<(hydra_gp::scp03::CardPending, Response), StatusWord> {
    let beginning = Beginning::of(vm, domain.id, command)?;
    if !durable(vm, beginning.record()) {
        return Err(StatusWord::UNKNOWN);
    }
    beginning.answer(vm, domain)
}
