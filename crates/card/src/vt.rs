//! The virtual terminal (protocols §4): takes messages from ports, plays them to applets and domains as ISO 7816
//! commands on channels of its own, and gives out what waits for the hub.
//!
//! No host session can see or block these channels: their numbers have no place in a class byte.

pub(crate) mod queue;
pub(crate) mod route;

pub(crate) use route::Port;

use alloc::vec::Vec;

use hydra_gp::command::ins;
use hydra_vm::AppletId;
use hydra_wire::{Aid, Command, FrameKind, Response, StatusWord, tlv};

use crate::card::{Card, Mute};
use crate::open::channel::{APPLET_CHANNELS, Channel};
use crate::open::registry::{self, Entry, EntryId, Kind};
use route::{Route, Target};

/// ETSI TS 102 221 §11.2.2 ENVELOPE
const ENVELOPE: u8 = 0xC2;
/// ETSI TS 102 221 §11.2.3 FETCH
const FETCH: u8 = 0x12;
/// ETSI TS 102 221 §11.2.4 TERMINAL RESPONSE
const TERMINAL_RESPONSE: u8 = 0x14;

/// Result of TERMINAL RESPONSE: the hub has the output in its care.
const TAKEN: u8 = 0x00;
/// Result of TERMINAL RESPONSE: the hub will try again later.
const LATER: u8 = 0x01;

impl Card {
    /// Carries out a command to the virtual terminal.
    pub(crate) fn terminal_command(&mut self, command: &Command) -> Result<Response, Mute> {
        let proprietary = command.cla & 0x80 != 0;
        let plain = Command {
            cla: command.cla & 0x80,
            ..command.clone()
        };
        if !proprietary || plain.clone().on_channel(command.channel()).cla != command.cla {
            return Ok(StatusWord::CLA_NOT_SUPPORTED.into());
        }
        let answer = match command.ins {
            ENVELOPE | FETCH | TERMINAL_RESPONSE if (command.p1, command.p2) != (0, 0) => {
                Err(StatusWord::INCORRECT_P1P2)
            }
            ENVELOPE => self.envelope(&command.data)?,
            FETCH => return Ok(self.fetch(&command.data)),
            TERMINAL_RESPONSE => self.terminal_response(&command.data),
            _ => Err(StatusWord::INS_NOT_SUPPORTED),
        };
        Ok(match answer {
            Ok(data) => Response {
                data,
                sw: self.waiting(),
            },
            Err(status) => status.into(),
        })
    }

    /// A message from a port. It is one durable step: nothing is committed before the answer is known, but the
    /// sequence counter of a secure channel that a script opens.
    fn envelope(&mut self, data: &[u8]) -> Result<Result<Vec<u8>, StatusWord>, Mute> {
        let Some((port, correlation, payload)) = read_envelope(data) else {
            return Ok(Err(StatusWord::WRONG_DATA));
        };
        let Some((place, Route { port, target })) = route::find(self.runtime.vm(), port) else {
            return Ok(Err(StatusWord::DATA_NOT_FOUND));
        };
        match target {
            Target::Applet { aid, header } => Ok(self
                .play(&aid, header, payload)
                .map(|response| tlv::object(0x5B, &response.to_bytes()))),
            Target::Script => {
                let vm = self.runtime.vm_mut();
                if !queue::has_numbers(vm, 1) {
                    return Ok(Err(StatusWord::NOT_ENOUGH_MEMORY));
                }
                if !route::seen_before(vm, place, correlation) {
                    let response = self.run_script(payload)?;
                    let vm = self.runtime.vm_mut();
                    let kind = FrameKind::ScriptResponse;
                    queue::push(vm, Some(correlation), port, kind, response);
                }
                Ok(Ok(Vec::new()))
            }
        }
    }

    /// One command to an applet, on the terminal's channel for it. The applet stays selected there.
    fn play(
        &mut self,
        aid: &Aid,
        [cla, ins, p1, p2]: [u8; 4],
        payload: &[u8],
    ) -> Result<Response, StatusWord> {
        let entry = registry::by_aid(self.runtime.vm(), aid.as_bytes())
            .filter(Entry::is_selectable)
            .ok_or(StatusWord::NOT_FOUND)?;
        let Kind::Applet(applet) = &entry.kind else {
            return Err(StatusWord::NOT_FOUND);
        };
        let instance = AppletId(applet.instance);
        let at = match self.open.terminal.iter().find(|(id, _)| *id == entry.id) {
            Some((_, at)) => *at,
            None => {
                let at = self.free_channel();
                let select = Command::select(aid).with_le(256);
                match self.try_select(at, &entry, &select) {
                    Ok(response) if response.sw.is_success_or_warning() => {}
                    Ok(response) => {
                        self.close_channel(at);
                        return Ok(response.sw.into());
                    }
                    Err(status) => return Ok(status.into()),
                }
                self.open.terminal.push((entry.id, at));
                at
            }
        };
        let command = Command::new(cla, ins, p1, p2)
            .with_data(payload)
            .with_le(256);
        Ok(self.runtime.process(&mut self.open, at, instance, &command))
    }

    /// A channel of the terminal's that is free; when there is none, that of the applet selected longest ago becomes so.
    fn free_channel(&mut self) -> u8 {
        let free = APPLET_CHANNELS
            .into_iter()
            .find(|number| !self.open.channels.contains_key(number));
        match (free, self.open.terminal.first().copied()) {
            (Some(number), _) => number,
            (None, Some((oldest, number))) => {
                self.leave_terminal(oldest);
                number
            }
            (None, None) => *APPLET_CHANNELS.start(),
        }
    }

    /// Ends the terminal's selection of an applet, if there is one.
    pub(crate) fn leave_terminal(&mut self, applet: EntryId) {
        if let Some(place) = self.open.terminal.iter().position(|(id, _)| *id == applet) {
            let (_, number) = self.open.terminal.remove(place);
            self.close_channel(number);
        }
    }

    /// The oldest output, but for those to ports that the data names as away: `50` port, repeated.
    fn fetch(&self, data: &[u8]) -> Response {
        let Ok(objects) = tlv::parse(data) else {
            return StatusWord::WRONG_DATA.into();
        };
        if objects.iter().any(|object| object.tag != 0x50) {
            return StatusWord::WRONG_DATA.into();
        }
        let away: Vec<&[u8]> = objects.iter().map(|object| object.value).collect();
        match queue::oldest_but_for(self.runtime.vm(), &away) {
            Some(output) => Response::ok(output.to_object()),
            None => StatusWord::DATA_NOT_FOUND.into(),
        }
    }

    /// What became of the oldest output of a port. One that is not the oldest was confirmed before: the hub repeats
    /// itself after a crash, and nothing happens.
    fn terminal_response(&mut self, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        let wrong = StatusWord::WRONG_DATA;
        let objects = tlv::parse(data).map_err(|_| wrong)?;
        let [correlation, port, kind, result] = objects.as_slice() else {
            return Err(wrong);
        };
        if (correlation.tag, port.tag, kind.tag, result.tag) != (0x59, 0x50, 0x5C, 0x5D) {
            return Err(wrong);
        }
        let correlation = u32::from_be_bytes(correlation.value.try_into().map_err(|_| wrong)?);
        let ([kind], [result @ (TAKEN | LATER)]) = (kind.value, result.value) else {
            return Err(wrong);
        };
        let vm = self.runtime.vm_mut();
        if let Some((key, output)) = queue::oldest_for(vm, port.value)
            && (output.correlation, output.kind as u8) == (correlation, *kind)
            && *result == TAKEN
        {
            queue::forget(vm, key);
        }
        Ok(Vec::new())
    }

    /// 9000, or 91xx when output waits: its length, FF for 255 and more.
    fn waiting(&self) -> StatusWord {
        match queue::oldest(self.runtime.vm()) {
            Some((_, output)) => {
                let length = u8::try_from(output.to_object().len()).unwrap_or(u8::MAX);
                StatusWord(0x9100 | u16::from(length))
            }
            None => StatusWord::NO_ERROR,
        }
    }

    /// A channel for a script, where the ISD is selected as on any channel that is newly opened.
    pub(crate) fn open_internal(&mut self, number: u8) {
        self.open
            .channels
            .insert(number, Channel::new(EntryId::ISSUER));
    }

    /// Whether a script may send this command: to security domains only, since a script needs no secure channel to
    /// begin with, and applets would take its commands for those of a home device.
    pub(crate) fn script_may(&self, command: &Command) -> Result<(), StatusWord> {
        if command.channel() != 0 || command.cla & 0x80 == 0 && command.ins == ins::MANAGE_CHANNEL {
            return Err(StatusWord::CHANNEL_NOT_SUPPORTED);
        }
        if command.cla & 0x80 == 0 && command.ins == ins::SELECT && !command.data.is_empty() {
            let domain = registry::by_aid(self.runtime.vm(), &command.data)
                .is_some_and(|entry| entry.is_domain());
            if command.p1 != 0x04 || command.p2 != 0x00 || !domain {
                return Err(StatusWord::NOT_FOUND);
            }
        }
        Ok(())
    }
}

/// `E4`{`50` port, `59` correlation, `5A` payload}, nothing before, between or after.
fn read_envelope(data: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let objects = tlv::parse(data).ok()?;
    let [tlv::Tlv { tag: 0xE4, value }] = objects.as_slice() else {
        return None;
    };
    let objects = tlv::parse(value).ok()?;
    let [port, correlation, payload] = objects.as_slice() else {
        return None;
    };
    if (port.tag, correlation.tag, payload.tag) != (0x50, 0x59, 0x5A) {
        return None;
    }
    let correlation = u32::from_be_bytes(correlation.value.try_into().ok()?);
    Some((port.value, correlation, payload.value))
}
