//! Command scripts (ETSI TS 102 226 §5.2): many commands in one message, run without anything between them.

use alloc::vec::Vec;

use hydra_gp::script::{CommandScript, ResponseScript};
use hydra_wire::{Command, Response, StatusWord};

use crate::card::{Card, Mute};
use crate::open::channel::SCRIPT_CHANNEL;

impl Card {
    /// Runs a script on a channel of its own, which is closed afterwards, up to the first command that fails; answers
    /// the response script.
    pub(crate) fn run_script(&mut self, script: &[u8]) -> Result<Vec<u8>, Mute> {
        let script = match CommandScript::parse(script) {
            Ok(script) => script,
            Err(error) => return Ok(ResponseScript::refused(error.reason()).to_bytes()),
        };
        self.open_internal(SCRIPT_CHANNEL);
        let responses = self.run_commands(&script.commands);
        self.close_channel(SCRIPT_CHANNEL);
        Ok(ResponseScript::new(responses?).to_bytes())
    }

    fn run_commands(&mut self, commands: &[Command]) -> Result<Vec<Response>, Mute> {
        let mut responses = Vec::new();
        for command in commands {
            let response = match self.script_may(command) {
                Ok(()) => self.dispatch(SCRIPT_CHANNEL, command)?,
                Err(status) => status.into(),
            };
            let goes_on = goes_on(response.sw);
            responses.push(response);
            if !goes_on {
                break;
            }
        }
        Ok(responses)
    }
}

/// Protocols §4: a script ends with the first status word other than 9000, 61xx, 62xx, 63xx.
fn goes_on(sw: StatusWord) -> bool {
    sw.is_success() || matches!(sw.0 >> 8, 0x61..=0x63)
}
