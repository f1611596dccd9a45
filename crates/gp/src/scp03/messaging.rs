use alloc::vec::Vec;

use hydra_crypto::{aes_cbc_decrypt, aes_cbc_encrypt, aes_ecb_encrypt, cmac, ct_eq};
use hydra_wire::{Command, Response, StatusWord};

use super::derivation::SessionKeys;
use super::{Mode, SecurityLevel};

/// The arithmetic of secure messaging, the same for both ends: MAC chain, encryption counter, padding.
#[derive(Clone)]
pub(super) struct Messaging {
    pub(super) keys: SessionKeys,
    pub(super) mode: Mode,
    pub(super) level: SecurityLevel,
    pub(super) step: Step,
}

/// Where a command stands in the session: its response is bound to it by these two.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// MAC chaining value: the whole C-MAC of the last command.
    pub(super) chain: [u8; 16],
    /// Number of the command since EXTERNAL AUTHENTICATE.
    pub(super) counter: u128,
}

impl Step {
    pub(super) const START: Self = Self {
        chain: [0; 16],
        counter: 0,
    };

    /// The vector that begins the encryption of this command (Amendment D §6.2.6).
    fn command_iv(self, keys: &SessionKeys) -> [u8; 16] {
        aes_ecb_encrypt(&keys.enc, &self.counter.to_be_bytes())
    }

    /// The vector that begins the encryption of its response (Amendment D §6.2.7).
    fn response_iv(self, keys: &SessionKeys) -> [u8; 16] {
        let mut block = self.counter.to_be_bytes();
        block[0] = 0x80;
        aes_ecb_encrypt(&keys.enc, &block)
    }
}

/// Why secure messaging does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The MAC is missing or wrong.
    Mac,
    /// What was decrypted is not padded.
    Padding,
}

/// Whether the class byte says that GlobalPlatform secure messaging is there.
pub(super) fn is_secured(cla: u8) -> bool {
    if cla & 0x40 == 0 {
        cla & 0x0C == 0x04
    } else {
        cla & 0x20 != 0
    }
}

pub(super) fn with_security(cla: u8) -> u8 {
    if cla & 0x40 == 0 {
        (cla & !0x0C) | 0x04
    } else {
        cla | 0x20
    }
}

fn without_security(cla: u8) -> u8 {
    if cla & 0x40 == 0 {
        cla & !0x0C
    } else {
        cla & !0x20
    }
}

impl Messaging {
    /// The C-MAC over a command whose data is as it will travel, but without the MAC (Amendment D §6.2.4). The class
    /// byte goes in as on channel 0, so that a command may change channels on its way.
    fn command_mac(&self, command: &Command) -> [u8; 16] {
        let mut header = Vec::from([
            (command.cla & 0x90) | 0x04,
            command.ins,
            command.p1,
            command.p2,
        ]);
        let [_, _, _, _, _, length, high, low] =
            ((command.data.len() + self.mode.len()) as u64).to_be_bytes();
        // Three bytes cover what a command can carry; `length` is zero for all that `to_bytes` accepts.
        if command.extended {
            header.extend([length, high, low]);
        } else {
            header.push(low);
        }
        cmac(&self.keys.mac, &[&self.step.chain, &header, &command.data])
    }

    /// Appends the C-MAC and moves the chain on.
    pub(super) fn seal_mac(&mut self, command: &mut Command) {
        let sealed = command.data.len() + self.mode.len();
        command.extended |= sealed > 255 || command.ne.is_some_and(|ne| ne > 256);
        let mac = self.command_mac(command);
        command.data.extend_from_slice(&mac[..self.mode.len()]);
        self.step.chain = mac;
    }

    /// Takes the C-MAC off, checks it and moves the chain on.
    pub(super) fn open_mac(&mut self, command: &mut Command) -> Result<(), Broken> {
        let len = command
            .data
            .len()
            .checked_sub(self.mode.len())
            .ok_or(Broken::Mac)?;
        let received = command.data.split_off(len);
        let mac = self.command_mac(command);
        if !ct_eq(&mac[..self.mode.len()], &received) {
            return Err(Broken::Mac);
        }
        self.step.chain = mac;
        Ok(())
    }

    /// A plain command as it travels.
    pub(super) fn wrap_command(&mut self, mut command: Command) -> Command {
        self.step.counter += 1;
        if !self.level.has_c_mac() {
            return command;
        }
        command.cla = with_security(command.cla);
        if self.level.has_c_decryption() && !command.data.is_empty() {
            let iv = self.step.command_iv(&self.keys);
            command.data = encrypt(&self.keys, &iv, &command.data);
        }
        self.seal_mac(&mut command);
        command
    }

    /// A command as it came, checked and made plain.
    pub(super) fn unwrap_command(&mut self, mut command: Command) -> Result<Command, Broken> {
        self.step.counter += 1;
        if !self.level.has_c_mac() {
            return Ok(command);
        }
        self.open_mac(&mut command)?;
        if self.level.has_c_decryption() && !command.data.is_empty() {
            let iv = self.step.command_iv(&self.keys);
            command.data = decrypt(&self.keys, &iv, &command.data)?;
        }
        command.cla = without_security(command.cla);
        Ok(command)
    }

    /// A response as it travels (Amendment D §6.2.5, §6.2.7). An error's status word goes bare, without data.
    pub(super) fn wrap_response(&self, step: Step, mut response: Response) -> Response {
        if !self.level.has_r_mac() {
            return response;
        }
        if !is_protected(response.sw) {
            return Response::status(response.sw);
        }
        if self.level.has_r_encryption() && !response.data.is_empty() {
            let iv = step.response_iv(&self.keys);
            response.data = encrypt(&self.keys, &iv, &response.data);
        }
        let mac = self.response_mac(step, &response);
        response.data.extend_from_slice(&mac[..self.mode.len()]);
        response
    }

    /// A response as it came, checked and made plain.
    pub(super) fn unwrap_response(
        &self,
        step: Step,
        mut response: Response,
    ) -> Result<Response, Broken> {
        if !self.level.has_r_mac() {
            return Ok(response);
        }
        if !is_protected(response.sw) {
            return if response.data.is_empty() {
                Ok(response)
            } else {
                Err(Broken::Mac)
            };
        }
        let len = response
            .data
            .len()
            .checked_sub(self.mode.len())
            .ok_or(Broken::Mac)?;
        let received = response.data.split_off(len);
        let mac = self.response_mac(step, &response);
        if !ct_eq(&mac[..self.mode.len()], &received) {
            return Err(Broken::Mac);
        }
        if self.level.has_r_encryption() && !response.data.is_empty() {
            let iv = step.response_iv(&self.keys);
            response.data = decrypt(&self.keys, &iv, &response.data)?;
        }
        Ok(response)
    }

    fn response_mac(&self, step: Step, response: &Response) -> [u8; 16] {
        cmac(
            &self.keys.rmac,
            &[&step.chain, &response.data, &response.sw.0.to_be_bytes()],
        )
    }
}

/// Whether a response with this status carries data and a MAC: success and warnings (Amendment D §6.2.5).
fn is_protected(sw: StatusWord) -> bool {
    sw.is_success() || matches!(sw.0 >> 8, 0x62 | 0x63)
}

/// AES-CBC after padding with 80 00… to whole blocks, always at least one byte (Amendment D §4.1.4).
fn encrypt(keys: &SessionKeys, iv: &[u8; 16], data: &[u8]) -> Vec<u8> {
    let mut padded = zeroize::Zeroizing::new(Vec::with_capacity(data.len() + 16));
    padded.extend_from_slice(data);
    padded.push(0x80);
    let whole = padded.len().next_multiple_of(16);
    padded.resize(whole, 0);
    // Padded to whole blocks just now.
    aes_cbc_encrypt(&keys.enc, iv, &padded).unwrap_or_default()
}

fn decrypt(keys: &SessionKeys, iv: &[u8; 16], data: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut plain = aes_cbc_decrypt(&keys.enc, iv, data).map_err(|_| Broken::Padding)?;
    let end = plain.iter().rposition(|byte| *byte != 0);
    match end {
        // A whole block is never padding: that would be data that was padded twice.
        Some(end) if plain[end] == 0x80 && plain.len() - end <= 16 => {
            plain.truncate(end);
            Ok(plain)
        }
        _ => Err(Broken::Padding),
    }
}
