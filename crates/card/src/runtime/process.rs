use alloc::vec::Vec;

use hydra_cap::api::Virtual;
use hydra_vm::{Clear, ContextId, Fault, MethodRef, ObjRef, Owner, Stop, Value};
use hydra_wire::{Command, Response, StatusWord};

use super::{Apdu, AppletRef, Platform, Runtime, callback};
use crate::api::{Env, one_shot};

/// The most arguments that a method of an applet is called with, the applet included.
const MOST_ARGUMENTS: usize = 8;

impl Runtime {
    /// Selects an applet on a channel (JCRE 3.0.5 §4.5) and lets it answer the command that selected it. The status
    /// word alone when it was not selected: 6985 if it can't be active twice, 6999 if it refused.
    pub fn select(
        &mut self,
        platform: &mut dyn Platform,
        channel: u8,
        applet: AppletRef,
        command: &Command,
    ) -> Result<Response, StatusWord> {
        self.select_implicitly(platform, channel, applet)?;
        match self.selection(channel) {
            Some(selected) => Ok(self.run(platform, channel, &selected, command, Selecting::Yes)),
            None => Err(StatusWord::SELECT_FAILED),
        }
    }

    /// Selects an applet on a channel without a command for it, as MANAGE CHANNEL does (JCRE 3.0.5 §4.4).
    pub fn select_implicitly(
        &mut self,
        platform: &mut dyn Platform,
        channel: u8,
        applet: AppletRef,
    ) -> Result<(), StatusWord> {
        let Some(instance) = self.state.instances.get(&applet) else {
            return Err(StatusWord::NOT_FOUND);
        };
        let context = instance.context();
        let elsewhere: Vec<AppletRef> = self
            .state
            .channels
            .iter()
            .filter(|(other, selected)| **other != channel && selected.context() == context)
            .map(|(_, selected)| selected.applet)
            .collect();
        if !elsewhere.is_empty() {
            let mut all = elsewhere.iter().chain([&applet]);
            if !all.all(|applet| self.is_multiselectable(*applet)) {
                return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
            }
        }
        self.deselect(platform, channel);

        self.on_channel(channel);
        let Some(selected) = Selected::new(self, applet) else {
            return Err(StatusWord::NOT_FOUND);
        };
        self.state.channels.insert(channel, selected);
        self.update_selected();
        let again = [Value::boolean(elsewhere.contains(&applet))];
        let (method, args) = if elsewhere.is_empty() {
            (callback::SELECT, &[][..])
        } else {
            (callback::MULTI_SELECT, &again[..])
        };
        let accepted = self
            .state
            .apdu
            .fill(&mut self.vm, &[])
            .and_then(|()| self.call(platform, applet, method, args));
        self.abort_transaction();
        match accepted {
            Ok(Some(Value::Short(accepted))) if accepted != 0 => Ok(()),
            result => {
                if let Err(stop) = result {
                    self.status(stop);
                }
                self.leave(channel, applet);
                Err(StatusWord::SELECT_FAILED)
            }
        }
    }

    /// Hands a command to the applet that is selected on a channel.
    pub fn process(
        &mut self,
        platform: &mut dyn Platform,
        channel: u8,
        applet: AppletRef,
        command: &Command,
    ) -> Response {
        match self.selection(channel) {
            Some(selected) if selected.applet == applet => {
                self.process_selected(platform, channel, &selected, command)
            }
            _ => StatusWord::COMMAND_NOT_ALLOWED.into(),
        }
    }

    /// What is selected on a channel, if it is an applet.
    pub(crate) fn selection(&self, channel: u8) -> Option<Selected> {
        self.state.channels.get(&channel).copied()
    }

    /// Hands a command to what is selected on its channel.
    pub(crate) fn process_selected(
        &mut self,
        platform: &mut dyn Platform,
        channel: u8,
        selected: &Selected,
        command: &Command,
    ) -> Response {
        self.run(platform, channel, selected, command, Selecting::No)
    }

    /// Deselects the applet on a channel, if there is one (JCRE 3.0.5 §4.6). Whatever it does, it is deselected.
    pub fn deselect(&mut self, platform: &mut dyn Platform, channel: u8) {
        let Some(applet) = self.selected(channel) else {
            return;
        };
        let Some(context) = self.applet(applet).map(super::Instance::context) else {
            return;
        };
        self.on_channel(channel);
        let result = if self.state.active_in_context(context) == 1 {
            self.call(platform, applet, callback::DESELECT, &[])
        } else {
            let still_active = self
                .state
                .channels
                .iter()
                .any(|(other, active)| *other != channel && active.applet == applet);
            self.call(
                platform,
                applet,
                callback::MULTI_DESELECT,
                &[Value::boolean(still_active)],
            )
        };
        if let Err(stop) = result {
            self.status(stop);
        }
        self.abort_transaction();
        self.leave(channel, applet);
    }

    /// Hands data of its security domain to an application: a whole STORE DATA command (GPCS 2.3.1 §7.3.3), through
    /// `org.globalplatform.Personalization` if it implements that, else `org.globalplatform.Application`.
    pub fn process_data(
        &mut self,
        platform: &mut dyn Platform,
        applet: AppletRef,
        data: &[u8],
    ) -> Result<Vec<u8>, StatusWord> {
        let Some(instance) = self.state.instances.get(&applet) else {
            return Err(StatusWord::NOT_FOUND);
        };
        let object = instance.object;
        let length = i16::try_from(data.len())
            .ok()
            .filter(|length| *length <= Apdu::BUFFER)
            .ok_or(StatusWord::WRONG_LENGTH)?;
        let answers = self.vm.is_instance_of(object, callback::PERSONALIZATION) == Ok(true);
        if !answers && self.vm.is_instance_of(object, callback::APPLICATION) != Ok(true) {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let buffer = self.state.apdu.buffer;
        let result = self
            .state
            .apdu
            .fill(&mut self.vm, data)
            .and_then(|()| {
                let input = [Value::Ref(buffer), Value::Short(0), Value::Short(length)];
                if answers {
                    let output = [Value::Ref(buffer), Value::Short(0)];
                    let args = [&input[..], &output[..]].concat();
                    self.call(platform, applet, callback::PROCESS_DATA_WITH_ANSWER, &args)
                } else {
                    self.call(platform, applet, callback::PROCESS_DATA, &input)
                }
            })
            .and_then(|value| match value {
                Some(Value::Short(length)) => self
                    .vm
                    .byte_range(buffer, 0, length, ContextId::JCRE)
                    .map(<[u8]>::to_vec),
                _ => Ok(Vec::new()),
            })
            .map_err(|stop| self.status(stop));
        self.finish_call();
        result
    }

    fn run(
        &mut self,
        platform: &mut dyn Platform,
        channel: u8,
        selected: &Selected,
        command: &Command,
        selecting: Selecting,
    ) -> Response {
        let extended = selected.extended;
        // JCRE 3.0.5 §9.4.3: the others see short lengths only.
        if command.data.len() > 255 && !extended {
            return StatusWord::WRONG_LENGTH.into();
        }
        self.on_channel(channel);
        self.state.selecting = selecting == Selecting::Yes;
        self.state.processing = Some(selected.applet);
        let apdu = self.state.apdu.object;
        let result = self
            .state
            .apdu
            .begin(&mut self.vm, command, extended)
            .and_then(|()| {
                let args = [Value::Ref(selected.object), Value::Ref(apdu)];
                self.enter(platform, selected.owner, selected.process?, &args)
            });
        let sw = match result {
            Ok(_) => StatusWord::NO_ERROR,
            Err(stop) => self.status(stop),
        };
        self.state.processing = None;
        self.state.selecting = false;
        let mut data = self.state.apdu.take_response();
        self.finish_call();
        // A warning goes with what was sent before it, and so does the announcement of more (61xx, ISO/IEC 7816-4 §5.6);
        // an error takes it back.
        if !(sw.is_success_or_warning() || sw.0 >> 8 == 0x61 || sw.0 >> 12 == 9) {
            data.clear();
        }
        Response { data, sw }
    }

    /// Invokes a method of an applet in its context.
    pub(super) fn call(
        &mut self,
        platform: &mut dyn Platform,
        applet: AppletRef,
        method: Virtual,
        args: &[Value],
    ) -> Result<Option<Value>, Stop> {
        let Some(instance) = self.state.instances.get(&applet) else {
            return Err(Stop::Fault(Fault::NoSuchMember));
        };
        let owner = instance.owner(applet);
        let object = instance.object;
        let method = self.vm.find_virtual(object, method)?;
        let mut all = [Value::Ref(object); MOST_ARGUMENTS];
        let all = all
            .get_mut(..=args.len())
            .ok_or(Stop::Fault(Fault::Signature))?;
        all[1..].copy_from_slice(args);
        self.enter(platform, owner, method, all)
    }

    /// Gives control to an applet's entry point.
    fn enter(
        &mut self,
        platform: &mut dyn Platform,
        owner: Owner,
        method: MethodRef,
        args: &[Value],
    ) -> Result<Option<Value>, Stop> {
        self.before_entry();
        self.vm.set_step_limit(Some(self.vm.limits().steps));
        let mut env = Env {
            state: &mut self.state,
            platform,
        };
        let result = self.vm.invoke(&mut env, method, args, owner);
        one_shot::close_all(&mut self.state, &mut self.vm);
        result
    }

    /// What the runtime does when it has control again: no transaction outlives a command (JCRE 3.0.5 §7.6.2), and
    /// objects are deleted between commands: when an applet asked for it, and when memory is low.
    pub(super) fn finish_call(&mut self) {
        self.abort_transaction();
        if core::mem::take(&mut self.state.deletion_requested) || self.vm.is_memory_low() {
            self.collect();
        }
    }

    /// The status word for what ended a method (JCRE 3.0.5 §3.3): the reason of an ISOException, 6F00 for all else.
    pub(super) fn status(&mut self, stop: Stop) -> StatusWord {
        match stop {
            Stop::Thrown(exception) => {
                let iso = self.vm.is_instance_of(exception, callback::ISO_EXCEPTION);
                match self.vm.reason(exception) {
                    Some(reason) if iso == Ok(true) => StatusWord(reason.cast_unsigned()),
                    reason => {
                        let class = self.vm.api_class_name(exception).unwrap_or_default();
                        self.state.uncaught = Some(Uncaught { class, reason });
                        StatusWord::UNKNOWN
                    }
                }
            }
            Stop::Fault(fault) => {
                self.state.fault = Some(fault);
                StatusWord::UNKNOWN
            }
        }
    }

    pub(super) fn is_multiselectable(&self, applet: AppletRef) -> bool {
        self.applet(applet).is_some_and(|instance| {
            self.vm
                .is_instance_of(instance.object, callback::MULTI_SELECTABLE)
                == Ok(true)
        })
    }

    /// Ends an applet's selection on a channel; the last of its context takes CLEAR_ON_DESELECT content along.
    fn leave(&mut self, channel: u8, applet: AppletRef) {
        self.state.channels.remove(&channel);
        if let Some(context) = self.applet(applet).map(super::Instance::context)
            && self.state.active_in_context(context) == 0
        {
            self.vm.clear_transient(Clear::Deselect(context));
        }
        self.update_selected();
    }
}

/// An exception that an applet let through, so that the terminal got 6F00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncaught {
    /// Its class, or the nearest of its superclasses that is of the API.
    pub class: &'static str,
    /// Its reason, of an exception that has one.
    pub reason: Option<i16>,
}

impl core::fmt::Display for Uncaught {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.class)?;
        match self.reason {
            Some(reason) => write!(f, " with reason {reason}"),
            None => Ok(()),
        }
    }
}

/// An applet that is selected on a channel, with what each command asks of it. It stays for as long as it is selected, and
/// so do its class and its methods.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selected {
    pub(crate) applet: AppletRef,
    object: ObjRef,
    owner: Owner,
    /// Its `process`; a fault if it has none.
    process: Result<MethodRef, Fault>,
    /// Whether it takes extended lengths (`javacardx.apdu.ExtendedLength`).
    extended: bool,
}

impl Selected {
    fn new(runtime: &mut Runtime, applet: AppletRef) -> Option<Self> {
        let instance = runtime.state.instances.get(&applet)?;
        let (object, owner) = (instance.object, instance.owner(applet));
        let vm = &mut runtime.vm;
        Some(Self {
            applet,
            object,
            owner,
            process: vm.find_virtual(object, callback::PROCESS),
            extended: vm.is_instance_of(object, callback::EXTENDED_LENGTH) == Ok(true),
        })
    }

    pub(crate) fn context(&self) -> ContextId {
        self.owner.context
    }
}

/// Whether the command is the one that selects the applet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Selecting {
    Yes,
    No,
}
