//! Command dispatch, SELECT and MANAGE CHANNEL (GPCS 2.3.1 §6.3, §6.4).

use alloc::vec;
use alloc::vec::Vec;

use hydra_gp::command::ins;
use hydra_gp::{
    CardState, Command as GpCommand, FileInformation, ManageChannel, Occurrence, Select,
};
use hydra_vm::AppletId;
use hydra_wire::{Command, Response, StatusWord, tlv};

use super::channel::{Channel, HOST_CHANNELS};
use super::registry::{self, Answering, Entry, EntryId, Kind};
use crate::card::{Card, Mute};

impl Card {
    /// Carries out a command on a logical channel: OPEN's own commands here, the others by the selected application.
    pub(crate) fn dispatch(&mut self, at: u8, command: &Command) -> Result<Response, Mute> {
        let state = self.open.card_state(self.runtime.vm());
        if state == CardState::Terminated {
            return self.terminated(at, command);
        }
        self.runtime.on_channel(at);
        let interindustry = command.cla & 0x80 == 0;
        if interindustry && matches!(command.ins, ins::SELECT | ins::MANAGE_CHANNEL) {
            match GpCommand::try_from(command) {
                Ok(GpCommand::Select(select)) if state == CardState::Locked => {
                    return Ok(self.select_locked(at, &select, command));
                }
                Ok(GpCommand::ManageChannel(
                    ManageChannel::Open | ManageChannel::OpenNumber(_),
                )) if state == CardState::Locked => {
                    return Ok(StatusWord::FUNCTION_NOT_SUPPORTED.into());
                }
                Ok(GpCommand::Select(select)) => return Ok(self.select(at, &select, command)),
                Ok(GpCommand::ManageChannel(manage)) => return Ok(self.manage(at, manage)),
                // GPCS 2.3.1 §11.9.1: a SELECT of another kind is the application's.
                Err(_) if command.ins == ins::SELECT && command.p1 != 0x04 => {}
                Err(error) => return Ok(error.status().into()),
                Ok(_) => return Ok(StatusWord::INS_NOT_SUPPORTED.into()),
            }
        }
        // An applet that is selected stays in the registry, so there is no need to look there.
        if let Some(selected) = self.runtime.selection(at) {
            let open = &mut self.open;
            return Ok(self.runtime.process_selected(open, at, &selected, command));
        }
        let Some(channel) = self.open.channels.get(&at) else {
            return Ok(StatusWord::CHANNEL_NOT_SUPPORTED.into());
        };
        let selected = channel.selected;
        match registry::answering(self.runtime.vm(), selected) {
            Some(Answering::Domain) => match registry::get(self.runtime.vm(), selected) {
                Some(domain) => self.domain_command(at, &domain, command),
                None => Ok(StatusWord::COMMAND_NOT_ALLOWED.into()),
            },
            Some(Answering::Terminal) => self.terminal_command(command),
            Some(Answering::Applet(applet)) => {
                Ok(self.runtime.process(&mut self.open, at, applet, command))
            }
            // JCRE 3.0.5 §4.6
            None => Ok(StatusWord::SELECT_FAILED.into()),
        }
    }

    /// GPCS 2.3.1 §5.1.1.5, §9.6.4: a terminated card has no sessions, and the issuer's domain, which has the Final Application
    /// privilege, answers GET DATA on the basic channel.
    fn terminated(&mut self, at: u8, command: &Command) -> Result<Response, Mute> {
        let open: Vec<u8> = self.open.channels.keys().copied().collect();
        for number in open {
            self.close_channel(number);
        }
        self.open.channels.insert(0, Channel::new(EntryId::ISSUER));
        let issuer = registry::get(self.runtime.vm(), EntryId::ISSUER);
        match (GpCommand::try_from(command), issuer) {
            (Ok(GpCommand::GetData(_)), Some(issuer)) if at == 0 => {
                self.domain_command(at, &issuer, command)
            }
            _ => Ok(StatusWord::FUNCTION_NOT_SUPPORTED.into()),
        }
    }

    /// GPCS 2.3.1 §6.4.2.1.2, §6.4.3.1.2: on a locked card only the issuer's domain is selected, with a warning, and only on
    /// the basic channel; another one is closed.
    fn select_locked(&mut self, at: u8, select: &Select, command: &Command) -> Response {
        if at != 0 {
            self.close_channel(at);
            return StatusWord::FUNCTION_NOT_SUPPORTED.into();
        }
        let issuer = registry::get(self.runtime.vm(), EntryId::ISSUER)
            .filter(|issuer| issuer.aid.starts_with(&select.name));
        match issuer.map(|issuer| self.try_select(at, &issuer, command)) {
            Some(Ok(response)) => Response {
                data: response.data,
                sw: StatusWord::CARD_LOCKED,
            },
            _ => StatusWord::FUNCTION_NOT_SUPPORTED.into(),
        }
    }

    /// GPCS 2.3.1 §6.4.2.1.2, §6.4.3.1.2 explicit selection. On a channel that is not open it opens it (JCRE 3.0.5 §4.5).
    fn select(&mut self, at: u8, select: &Select, command: &Command) -> Response {
        let current = self.open.channels.get(&at).map(|channel| channel.selected);
        let candidates = self.candidates(select, current);
        let mut refused = None;
        for entry in &candidates {
            match self.try_select(at, entry, command) {
                Ok(response) if entry.answers_itself() => return response,
                Ok(_) if select.information == FileInformation::None => {
                    return StatusWord::NO_ERROR.into();
                }
                Ok(response) => return response,
                Err(status) => refused = Some(status),
            }
        }
        if let Some(status) = refused {
            return status.into();
        }
        // GPCS 2.3.1 §6.4.2.1.2: no match at all; a selected applet gets the command to see.
        if select.occurrence == Occurrence::First
            && let Some(applet) = self.runtime.selected(at)
        {
            return self.runtime.process(&mut self.open, at, applet, command);
        }
        StatusWord::NOT_FOUND.into()
    }

    /// The selectable entries that the name means, in the order in which they are tried: for the first occurrence a full
    /// match goes before partial ones, else the registry's order decides.
    fn candidates(&self, select: &Select, current: Option<EntryId>) -> Vec<Entry> {
        let vm = self.runtime.vm();
        if select.name.is_empty() {
            return registry::get(vm, EntryId::ISSUER).into_iter().collect();
        }
        let mut found: Vec<Entry> = registry::all(vm)
            .filter(|entry| entry.is_selectable() && entry.aid.starts_with(&select.name))
            .collect();
        match (select.occurrence, current) {
            (Occurrence::First, _) => {
                found.sort_by_key(|entry| entry.aid.as_bytes() != select.name);
            }
            (Occurrence::Next, Some(current)) => found.retain(|entry| entry.id > current),
            (Occurrence::Next, None) => found.clear(),
        }
        found
    }

    /// Selects one entry on a channel; an error when it can't be selected there and another may be tried.
    pub(crate) fn try_select(
        &mut self,
        at: u8,
        entry: &Entry,
        command: &Command,
    ) -> Result<Response, StatusWord> {
        let state = self.open.card_state(self.runtime.vm());
        if state >= CardState::Locked && entry.kind != Kind::Issuer {
            return Err(StatusWord::FUNCTION_NOT_SUPPORTED);
        }
        let response = match &entry.kind {
            Kind::Issuer | Kind::Domain => {
                self.runtime.deselect(&mut self.open, at);
                Response::ok(domain_fci(entry))
            }
            Kind::Terminal => {
                self.runtime.deselect(&mut self.open, at);
                let name = tlv::object(0x84, entry.aid.as_bytes());
                Response::ok(tlv::object(0x6F, &name))
            }
            Kind::Applet(applet) => {
                let applet = AppletId(applet.instance);
                match self.runtime.select(&mut self.open, at, applet, command) {
                    Ok(response) => response,
                    Err(status) => {
                        // JCRE 3.0.5 §4.5.2: if the applet itself refused, nothing is selected any more.
                        if status == StatusWord::SELECT_FAILED
                            && let Some(channel) = self.open.channels.get_mut(&at)
                        {
                            *channel = Channel::new(EntryId::NONE);
                        }
                        return Err(status);
                    }
                }
            }
            Kind::LoadFile(_) => return Err(StatusWord::NOT_FOUND),
        };
        self.open.channels.insert(at, Channel::new(entry.id));
        Ok(response)
    }

    /// GPCS 2.3.1 §11.7 MANAGE CHANNEL
    fn manage(&mut self, from: u8, manage: ManageChannel) -> Response {
        if from >= HOST_CHANNELS {
            return StatusWord::CHANNEL_NOT_SUPPORTED.into();
        }
        if !self.open.channels.contains_key(&from) {
            return StatusWord::CHANNEL_NOT_SUPPORTED.into();
        }
        match manage {
            ManageChannel::Open => {
                let free =
                    (1..HOST_CHANNELS).find(|number| !self.open.channels.contains_key(number));
                match free {
                    Some(number) => match self.open_channel(from, number) {
                        Ok(()) => Response::ok(vec![number]),
                        Err(status) => status.into(),
                    },
                    None => StatusWord::CHANNEL_NOT_SUPPORTED.into(),
                }
            }
            ManageChannel::OpenNumber(number) => {
                if self.open.channels.contains_key(&number) {
                    return StatusWord::INCORRECT_P1P2.into();
                }
                match self.open_channel(from, number) {
                    Ok(()) => StatusWord::NO_ERROR.into(),
                    Err(status) => status.into(),
                }
            }
            ManageChannel::Close(number) => {
                if self.open.channels.contains_key(&number) {
                    self.close_channel(number);
                    StatusWord::NO_ERROR.into()
                } else {
                    StatusWord::CHANNEL_ALREADY_CLOSED.into()
                }
            }
        }
    }

    /// From the basic channel the ISD is selected on the new one, from another what is selected there (GPCS 2.3.1 §6.4.2.2,
    /// §6.4.3.2).
    fn open_channel(&mut self, from: u8, number: u8) -> Result<(), StatusWord> {
        let selected = match self.open.channels.get(&from) {
            Some(channel) if from != 0 => channel.selected,
            _ => EntryId::ISSUER,
        };
        if let Some(Kind::Applet(applet)) =
            registry::get(self.runtime.vm(), selected).map(|entry| entry.kind)
        {
            let applet = AppletId(applet.instance);
            self.runtime
                .select_implicitly(&mut self.open, number, applet)?;
        }
        self.open.channels.insert(number, Channel::new(selected));
        Ok(())
    }

    /// Ends the application session on a channel and closes it.
    pub(crate) fn close_channel(&mut self, number: u8) {
        self.runtime.deselect(&mut self.open, number);
        self.open.channels.remove(&number);
    }
}

/// GPCS 2.3.1 §11.9.3.1 file control information of a security domain: its name, and the most data a command may have.
fn domain_fci(entry: &Entry) -> Vec<u8> {
    let mut content = tlv::object(0x84, entry.aid.as_bytes());
    tlv::push(&mut content, 0xA5, &tlv::object(0x9F65, &[0xFF]));
    tlv::object(0x6F, &content)
}
