//! The Java Card runtime environment: applet instances, selection, APDU processing, and what of it is durable.
//!
//! It owns the VM and the journal. What an application *is* to GlobalPlatform (its domain, privileges, life cycle) is
//! OPEN's business; the runtime asks it through [`Platform`].

mod apdu;
pub(crate) mod callback;
mod install;
mod instance;
mod migrate;
mod platform;
mod process;
pub(crate) mod service;

pub(crate) use apdu::{Apdu, ApduFault, ApduState};
pub(crate) use install::Installing;
pub use instance::Instance;
pub use platform::{CardEnd, Direction, Platform};
use process::Selected;
pub use process::Uncaught;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use hydra_cap::CapFile;
use hydra_vm::{
    AppletId, ArrayKind, Changes, Clear, ContextId, EntryPoint, Fault, LinkError, ObjRef, Owner,
    PackageId, RestoreError, Stop, Vm,
};
use hydra_wire::{Aid, StatusWord};
use zeroize::Zeroizing;

use crate::api;
use crate::card::Protocol;
use crate::nvm::{Journal, Medium, NvmError, Storage};
use crate::open::records::PROFILE;
use crate::profile::Profile;

/// An applet instance, as numbered by the runtime; stable over the card's life and never given out twice.
pub type AppletRef = AppletId;

/// A buffer for natives that is larger than this is not kept.
const KEPT: usize = 1024;

/// The medium a card lives on.
pub type CardStorage = Box<dyn Storage + Send>;

/// The Java Card runtime environment of one card.
pub struct Runtime {
    vm: Vm,
    state: State,
}

/// Everything of the runtime but the VM, so that natives can hold both.
pub(crate) struct State {
    journal: Journal<CardStorage>,
    pub(crate) instances: BTreeMap<AppletRef, Instance>,
    /// The applet selected on each logical channel.
    pub(crate) channels: BTreeMap<u8, Selected>,
    /// The channel of the command in progress.
    pub(crate) channel: u8,
    /// The applet whose `process` runs, if one does.
    pub(crate) processing: Option<AppletRef>,
    /// Whether it is being told of its selection.
    pub(crate) selecting: bool,
    pub(crate) apdu: Apdu,
    pub(crate) installing: Option<Installing>,
    /// Whether an applet asked for object deletion (JCRE 3.0.5 §7.7).
    pub(crate) deletion_requested: bool,
    /// The last fault that stopped an applet.
    pub(crate) fault: Option<Fault>,
    /// The last exception that an applet let through, other than an `ISOException`.
    pub(crate) uncaught: Option<Uncaught>,
    /// Computations in progress, by the object that holds them; like CLEAR_ON_RESET content, they go at reset.
    pub(crate) running: BTreeMap<ObjRef, api::Running>,
    /// The `OneShot` objects that have been made since the last reset.
    pub(crate) one_shots: Vec<api::one_shot::OneShot>,
    /// A buffer for what natives work on, kept for the next one.
    scratch: Vec<u8>,
    /// What the last sensitive method left for `SensitiveResult`.
    pub(crate) kept: api::Kept,
    /// The global arrays that applets made since the runtime last had control.
    pub(crate) global_arrays: Vec<ObjRef>,
}

impl Runtime {
    /// A new card on a medium, whatever that held. Nothing of it is durable before the first commit.
    pub fn create(
        medium: impl Into<Medium<CardStorage>>,
        profile: Profile,
    ) -> Result<Self, OpenError> {
        let journal = Journal::format(medium.into().holding(migrate::VERSION))?;
        let mut vm = Vm::new(api::LAYOUT, profile.limits);
        vm.record_put(PROFILE, &profile.encode());
        Self::with(vm, journal)
    }

    /// The card on a medium, in the state of its last commit, just powered on.
    pub fn open(medium: impl Into<Medium<CardStorage>>) -> Result<Self, OpenError> {
        let (mut journal, mut records) = Journal::open(medium.into().holding(migrate::VERSION))?;
        migrate::up_to_date(&mut journal, &mut records)?;
        // Cards made before there were profiles have none.
        let profile = match records.get(&Vm::record_key(PROFILE).0) {
            Some(bytes) => Profile::decode(bytes).ok_or(OpenError::Profile)?,
            None => Profile::STANDARD,
        };
        let records = records
            .into_iter()
            .map(|(key, bytes)| (hydra_vm::RecordKey(key), bytes));
        let vm = Vm::restore(api::LAYOUT, profile.limits, records)?;
        Self::with(vm, journal)
    }

    fn with(vm: Vm, journal: Journal<CardStorage>) -> Result<Self, OpenError> {
        let instances = Instance::read_all(&vm).ok_or(OpenError::Instances)?;
        let mut runtime = Self {
            vm,
            state: State {
                journal,
                instances,
                channels: BTreeMap::new(),
                channel: 0,
                processing: None,
                selecting: false,
                apdu: Apdu::default(),
                installing: None,
                deletion_requested: false,
                fault: None,
                uncaught: None,
                running: BTreeMap::new(),
                one_shots: Vec::new(),
                scratch: Vec::new(),
                kept: api::Kept::default(),
                global_arrays: Vec::new(),
            },
        };
        runtime.power_on()?;
        Ok(runtime)
    }

    /// Resets the card: transient content is cleared, nothing is selected, a transaction in progress is undone. What
    /// was not committed stays to be committed, as it does on a card that loses no power.
    pub fn reset(&mut self, protocol: Protocol) -> Result<(), OpenError> {
        self.abort_transaction();
        self.vm.clear_transient(Clear::Reset);
        self.state.channels.clear();
        self.state.processing = None;
        self.state.selecting = false;
        self.state.installing = None;
        self.state.running.clear();
        // They went with the session.
        self.state.global_arrays.clear();
        self.state.one_shots.clear();
        self.state.apdu.protocol = protocol;
        self.power_on()
    }

    /// Whether the applet of the last command sent its response without chaining (`setOutgoingNoChaining`).
    pub(crate) fn take_no_chaining(&mut self) -> bool {
        core::mem::take(&mut self.state.apdu.no_chaining)
    }

    /// Takes a response back whose room is used for the next, unless it is large.
    pub(crate) fn recycle_response(&mut self, response: Vec<u8>) {
        self.state.apdu.recycle_response(response);
    }

    /// Makes everything that changed durable: one step, one sync. An open transaction's effects are not among it.
    pub fn commit(&mut self) -> Result<(), NvmError> {
        self.state.commit(&mut self.vm)
    }

    /// Makes one record of the card's own durable now, and nothing else.
    pub fn commit_record(&mut self, key: u32) -> Result<(), NvmError> {
        self.state.commit_record(&mut self.vm, key)
    }

    /// The VM, with the card's records.
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// The VM, with the card's records.
    pub fn vm_mut(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// The last fault that stopped an applet since this was asked: a sign of code that no converter made.
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.state.fault.take()
    }

    /// The last exception that an applet let through since this was asked, other than an `ISOException`.
    pub fn take_uncaught(&mut self) -> Option<Uncaught> {
        self.state.uncaught.take()
    }

    /// Links a package.
    pub fn load(&mut self, cap: &CapFile) -> Result<PackageId, LinkError> {
        match self.vm.link(cap) {
            Err(LinkError::NoSpace) => {
                self.collect();
                self.vm.link(cap)
            }
            linked => linked,
        }
    }

    /// Removes a package that has no applet instances, no importing packages and no objects left.
    pub fn unload(&mut self, package: PackageId) -> Result<(), UnloadError> {
        if let Some((applet, _)) = self
            .state
            .instances
            .iter()
            .find(|(_, instance)| instance.package == package)
        {
            return Err(UnloadError::HasApplet(*applet));
        }
        self.collect();
        self.vm.unlink(package).map_err(UnloadError::Link)
    }

    /// The applet instances.
    pub fn applets(&self) -> impl Iterator<Item = (AppletRef, &Instance)> {
        self.state
            .instances
            .iter()
            .map(|(applet, instance)| (*applet, instance))
    }

    /// An applet instance.
    pub fn applet(&self, applet: AppletRef) -> Option<&Instance> {
        self.state.instances.get(&applet)
    }

    /// The applet instance with this AID.
    pub fn applet_by_aid(&self, aid: &Aid) -> Option<AppletRef> {
        self.state.by_aid(aid.as_bytes())
    }

    /// The applet that is selected on a channel.
    pub fn selected(&self, channel: u8) -> Option<AppletRef> {
        Some(self.selection(channel)?.applet)
    }

    /// Frees objects that nothing refers to.
    pub fn collect(&mut self) {
        self.drop_global_arrays();
        let services = service::roots(&self.vm);
        let roots: Vec<ObjRef> = self.state.roots().chain(services).collect();
        self.vm.collect(&roots);
        let vm = &self.vm;
        self.state.running.retain(|obj, _| vm.owner(*obj).is_ok());
    }

    /// Makes the JCRE's objects for this session.
    fn power_on(&mut self) -> Result<(), OpenError> {
        let vm = &mut self.vm;
        let mut make = || {
            let session = hydra_vm::Storage::Session;
            let object = vm.new_instance("javacard/framework/APDU", Owner::JCRE, session)?;
            vm.set_entry_point(object, EntryPoint::Temporary)?;
            let buffer = vm.new_array(ArrayKind::Byte, Apdu::BUFFER, Owner::JCRE, session)?;
            vm.set_global_array(buffer)?;
            Ok::<_, Stop>((object, buffer))
        };
        let (object, buffer) = make().map_err(|stop| match stop {
            Stop::Fault(fault) => OpenError::Fault(fault),
            Stop::Thrown(_) => OpenError::NoMemory,
        })?;
        self.state.apdu = Apdu::new(object, buffer, self.state.apdu.protocol);
        self.update_selected();
        Ok(())
    }

    /// Before control goes to one of an applet's entry points: no result is kept, no global array is left (JCRE 3.0.5
    /// §6.2.2).
    fn before_entry(&mut self) {
        self.state.kept = api::Kept::default();
        self.drop_global_arrays();
    }

    fn drop_global_arrays(&mut self) {
        if !self.state.global_arrays.is_empty() {
            let arrays = core::mem::take(&mut self.state.global_arrays);
            self.vm.discard(&arrays);
        }
    }

    fn abort_transaction(&mut self) {
        if self.vm.depth() > 0 {
            // There is one, so this can't fail.
            let _ = self.vm.abort();
            self.state.forget_aborted(&self.vm);
        }
    }

    /// Before anything is done on a channel: the applet that is selected there becomes the currently selected one
    /// (JCRE 3.0.5 §4.2).
    pub(crate) fn on_channel(&mut self, channel: u8) {
        if self.state.channel != channel {
            self.state.channel = channel;
            self.update_selected();
        }
    }

    /// Tells the VM whose context is the currently selected applet's, and which applets refuse shareable calls because
    /// they are active on another channel (JCRE 3.0.5 §6.2.8.6).
    fn update_selected(&mut self) {
        let state = &self.state;
        let current = state.channels.get(&state.channel).map(Selected::context);
        // An applet being installed may make CLEAR_ON_DESELECT objects (JCRE 3.0.5 §5.1).
        let installing = state.installing.as_ref().map(|new| new.package.into());
        let selected = installing.or(current).unwrap_or(ContextId::JCRE);
        let elsewhere: Vec<ContextId> = state
            .channels
            .values()
            .map(Selected::context)
            .filter(|context| Some(*context) != current)
            .collect();
        let mut busy = Vec::new();
        if !elsewhere.is_empty() {
            let active = state.instances.iter().filter(|(applet, instance)| {
                elsewhere.contains(&instance.context()) && !self.is_multiselectable(**applet)
            });
            busy.extend(active.map(|(applet, _)| *applet));
        }
        self.vm.set_selected(selected);
        self.vm.set_busy(busy);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("applets", &self.state.instances)
            .field("channels", &self.state.channels)
            .finish_non_exhaustive()
    }
}

impl State {
    /// An empty buffer. What is in it goes with it, unless it comes back.
    pub(crate) fn buffer(&mut self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(core::mem::take(&mut self.scratch))
    }

    /// Takes a buffer back, and what is in it out.
    pub(crate) fn recycle(&mut self, mut buffer: Zeroizing<Vec<u8>>) {
        if buffer.capacity() > KEPT {
            return;
        }
        let mut buffer = core::mem::take(&mut *buffer);
        // It stays within reach, so these writes are never left out; byte by byte, as `zeroize` writes, they would take as
        // long as a cipher.
        buffer.resize(buffer.capacity(), 0);
        buffer.fill(0);
        buffer.clear();
        self.scratch = buffer;
    }

    /// Makes everything that changed durable, but for an open transaction's effects.
    pub(crate) fn commit(&mut self, vm: &mut Vm) -> Result<(), NvmError> {
        let changes = vm.take_changes();
        self.journal.commit_all(&changes, || vm.everything())
    }

    /// Makes one record of the card's own durable now, and nothing else.
    pub(crate) fn commit_record(&mut self, vm: &mut Vm, key: u32) -> Result<(), NvmError> {
        let changes = vm.take_record(Vm::record_key(key));
        self.write(changes.unwrap_or_default())
    }

    /// Makes one array of the card's own durable now, and nothing else.
    pub(crate) fn commit_array(&mut self, vm: &mut Vm, array: ObjRef) -> Result<(), NvmError> {
        let changes = vm.take_array(array);
        self.write(changes)
    }

    /// After a transaction was aborted: the computations of objects that went with it are gone too, since others may get
    /// their handles (JCRE 3.0.5 §7.6.3), and an applet that registered in it did not register.
    pub(crate) fn forget_aborted(&mut self, vm: &Vm) {
        self.running.retain(|obj, _| vm.owner(*obj).is_ok());
        if let api::Kept::Reference(kept) = self.kept
            && vm.owner(kept).is_err()
        {
            self.kept = api::Kept::default();
        }
        if let Some(installing) = &mut self.installing {
            // Its AID object was made in that transaction, and nothing since that could have its handle.
            let gone = |&mut (_, aid): &mut (ObjRef, ObjRef)| vm.owner(aid).is_err();
            installing.registered.take_if(gone);
        }
    }

    fn write(&mut self, changes: Changes) -> Result<(), NvmError> {
        self.journal.commit(&changes)
    }

    /// The instance with exactly this AID.
    pub(crate) fn by_aid(&self, aid: &[u8]) -> Option<AppletRef> {
        self.instances
            .iter()
            .find(|(_, instance)| instance.aid.as_bytes() == aid)
            .map(|(applet, _)| *applet)
    }

    /// Whether the applet is selected on any channel.
    pub(crate) fn is_selected(&self, applet: AppletRef) -> bool {
        let mut selected = self.channels.values();
        selected.any(|selected| selected.applet == applet)
    }

    /// On how many channels an applet of this context is selected.
    pub(crate) fn active_in_context(&self, context: ContextId) -> usize {
        self.channels
            .values()
            .filter(|selected| selected.context() == context)
            .count()
    }

    /// What the garbage collector may not free.
    fn roots(&self) -> impl Iterator<Item = ObjRef> {
        self.instances
            .values()
            .flat_map(|instance| [instance.object, instance.aid_object])
            .chain([self.apdu.object, self.apdu.buffer])
            .chain(self.one_shots.iter().map(|one| one.object))
    }
}

/// Why a card can't be made or opened; it is mute.
#[derive(Debug)]
pub enum OpenError {
    /// The medium.
    Nvm(NvmError),
    /// What the medium holds is whole, but no card.
    Restore(RestoreError),
    /// The records of the applet instances are malformed.
    Instances,
    /// The record of the card's profile is malformed.
    Profile,
    /// No memory for the runtime's own objects.
    NoMemory,
    /// The VM stopped while the runtime's own objects were made.
    Fault(Fault),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nvm(error) => error.fmt(f),
            Self::Restore(error) => error.fmt(f),
            Self::Instances => f.write_str("the applet instances' records are malformed"),
            Self::Profile => f.write_str("the record of the card's profile is malformed"),
            Self::NoMemory => f.write_str("no memory for the runtime's own objects"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Their words are this error's own.
            Self::Nvm(error) => error.source(),
            Self::Restore(error) => error.source(),
            Self::Instances | Self::Profile | Self::NoMemory | Self::Fault(_) => None,
        }
    }
}

impl From<NvmError> for OpenError {
    fn from(error: NvmError) -> Self {
        Self::Nvm(error)
    }
}

impl From<RestoreError> for OpenError {
    fn from(error: RestoreError) -> Self {
        Self::Restore(error)
    }
}

/// Why a package stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnloadError {
    /// An applet instance of it is there.
    HasApplet(AppletRef),
    /// The VM's reason.
    Link(LinkError),
}

impl fmt::Display for UnloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasApplet(applet) => write!(f, "applet instance {} is there", applet.0),
            Self::Link(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for UnloadError {}

impl From<UnloadError> for StatusWord {
    /// GPCS 2.3.1 §11.2.3.2: 6985 when others depend on it, 6A88 when it is not there.
    fn from(error: UnloadError) -> Self {
        match error {
            UnloadError::HasApplet(_) | UnloadError::Link(LinkError::InUse) => {
                Self::CONDITIONS_NOT_SATISFIED
            }
            UnloadError::Link(_) => Self::DATA_NOT_FOUND,
        }
    }
}
