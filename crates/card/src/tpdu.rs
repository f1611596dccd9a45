//! Commands as T=0 carries them (ISO/IEC 7816-3 §12.2): a header with P3, and data one way. What a response does not fit in
//! waits for GET RESPONSE, or for the command to come again with the right length. A command with more data than P3 can
//! count comes in ENVELOPE commands.

use alloc::vec::Vec;
use core::mem::take;

use hydra_wire::{Command, Response, StatusWord};

use crate::card::{Card, INS_GET_RESPONSE, Mute};

/// ISO/IEC 7816-4 §11.7.2 ENVELOPE
const INS_ENVELOPE: u8 = 0xC2;
/// Bytes of the longest command APDU: header, and Lc, data and Le in their extended form.
const LONGEST_APDU: usize = 4 + 3 + 65_535 + 2;

/// A response that the host has been told the length of.
pub(crate) enum Waiting {
    /// GET RESPONSE fetches it (61xx).
    Fetched(Response),
    /// The command that it answers must come again, with this response's length as P3 (6Cxx).
    Repeated([u8; 4], Response),
}

impl Card {
    /// One command of the host.
    pub(crate) fn exchange_tpdu(&mut self, tpdu: &[u8]) -> Result<Response, Mute> {
        let Some(command) = read(tpdu) else {
            return Ok(StatusWord::WRONG_LENGTH.into());
        };
        let at = match Self::channel_of(&command) {
            Ok(at) => at,
            Err(sw) => return Ok(sw.into()),
        };
        let header = [command.cla, command.ins, command.p1, command.p2];
        let (waiting, enclosed) = match self.open.channels.get_mut(&at) {
            Some(channel) => (channel.waiting.take(), take(&mut channel.enclosed)),
            None => (None, Vec::new()),
        };
        if command.cla & 0x80 == 0
            && command.ins == INS_ENVELOPE
            && (!enclosed.is_empty() || begins_extended(&command.data))
        {
            return self.long_command(at, enclosed, &command);
        }
        let le = command
            .ne
            .map(|ne| usize::try_from(ne).unwrap_or(usize::MAX));
        let response = match waiting {
            // In whichever class: many hosts fetch in that of the command.
            Some(Waiting::Fetched(rest)) if command.ins == INS_GET_RESPONSE => {
                let waits = rest.data.len();
                // The card must send as many bytes as P3 says.
                if le.is_none_or(|le| le > waits) {
                    self.keep(at, Waiting::Fetched(rest));
                    return Ok(told(0x6C00, waits).into());
                }
                rest
            }
            Some(Waiting::Repeated(of, response))
                if of == header && le == Some(response.data.len()) =>
            {
                response
            }
            _ => {
                self.runtime.take_no_chaining();
                self.dispatch(at, &command)?
            }
        };
        let length = response.data.len();
        Ok(match le {
            // Case 2 with too large a P3 (JCRE 3.0.5 §9.4.1): the command comes again, unless the applet wants no chaining.
            Some(le) if 0 < length && length < le && !self.runtime.take_no_chaining() => {
                self.keep(at, Waiting::Repeated(header, response));
                told(0x6C00, length).into()
            }
            Some(le) if length == 0 || length == le => response,
            Some(le) if length > le => self.part(at, response, le),
            // Cases 1, 3 and 4: no room at all.
            _ if length == 0 => response,
            _ => self.part(at, response, 0),
        })
    }

    /// A part of a long command, or no data and so its end (JCRE 3.0.5 §9.4.4.1): the command is carried out, and all of
    /// its response is to be fetched.
    fn long_command(
        &mut self,
        at: u8,
        mut enclosed: Vec<u8>,
        envelope: &Command,
    ) -> Result<Response, Mute> {
        if (envelope.p1, envelope.p2) != (0, 0) {
            return Ok(StatusWord::INCORRECT_P1P2.into());
        }
        if !envelope.data.is_empty() {
            enclosed.extend_from_slice(&envelope.data);
            if enclosed.len() > LONGEST_APDU {
                return Ok(StatusWord::WRONG_LENGTH.into());
            }
            if let Some(channel) = self.open.channels.get_mut(&at) {
                channel.enclosed = enclosed;
            }
            return Ok(StatusWord::NO_ERROR.into());
        }
        let Ok(command) = Command::parse(&enclosed) else {
            return Ok(StatusWord::WRONG_LENGTH.into());
        };
        if Self::channel_of(&command) != Ok(at) {
            return Ok(StatusWord::CLA_NOT_SUPPORTED.into());
        }
        let response = self.dispatch(at, &command)?;
        Ok(match response.data.len() {
            0 => response,
            _ => self.part(at, response, 0),
        })
    }

    /// So many bytes of a response; the rest waits.
    pub(crate) fn part(&mut self, at: u8, mut response: Response, room: usize) -> Response {
        let data = response.data.split_off(room);
        let given = core::mem::replace(&mut response.data, data);
        let sw = told(0x6100, response.data.len());
        self.keep(at, Waiting::Fetched(response));
        Response { data: given, sw }
    }

    fn keep(&mut self, at: u8, waiting: Waiting) {
        if let Some(channel) = self.open.channels.get_mut(&at) {
            channel.waiting = Some(waiting);
        }
    }
}

/// 61xx or 6Cxx; 00 is 256 or more.
fn told(sw: u16, length: usize) -> StatusWord {
    StatusWord(sw | u16::from(u8::try_from(length).unwrap_or(0)))
}

/// Whether data begins like a command APDU with Lc in its extended form. Other data of an ENVELOPE is the applet's.
fn begins_extended(data: &[u8]) -> bool {
    matches!(data, [_, _, _, _, 0, high, low, ..] if (*high, *low) != (0, 0))
}

/// A header alone is case 1. Le after data has no place in a TPDU; a host that sends it all the same means it.
fn read(tpdu: &[u8]) -> Option<Command> {
    let [cla, ins, p1, p2, rest @ ..] = tpdu else {
        return None;
    };
    let mut command = Command::new(*cla, *ins, *p1, *p2);
    match rest {
        [] => {}
        [p3] => command.ne = Some(if *p3 == 0 { 256 } else { u32::from(*p3) }),
        [p3, body @ ..] => {
            let length = usize::from(*p3);
            if length == 0 || !(length..=length + 1).contains(&body.len()) {
                return None;
            }
            command.data = Vec::from(&body[..length]);
        }
    }
    Some(command)
}
