//! The virtual machine's state.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use hydra_cap::api;
use hydra_wire::Aid;

use crate::class::{Classes, Target};
use crate::error::Fault;
use crate::heap::Heap;
use crate::host::Observer;
use crate::ids::{AppletId, ClassIndex, ContextId, ObjRef, Owner, PackageId};
use crate::installation::Installation;
use crate::interp::Frame;
use crate::layout::ApiLayout;
use crate::memory::Limits;
use crate::package::{Package, Statics};
use crate::share::CodeSharing;
use crate::transaction::Transaction;
use crate::value::MethodRef;
use crate::word::Word;

/// All state of bytecode execution: packages, objects, the card's own records, the transaction, the stack.
///
/// Code is shared between clones; a clone taken before a risky step can be put back if it fails.
#[derive(Clone)]
pub struct Vm {
    pub(crate) layout: ApiLayout,
    pub(crate) limits: Limits,
    /// By index: those of the API, once they were asked for, then those of packages.
    pub(crate) classes: Classes,
    /// By number; 0 is none.
    pub(crate) packages: Vec<Option<Arc<Package>>>,
    pub(crate) statics: Vec<Statics>,
    pub(crate) heap: Heap,
    pub(crate) records: BTreeMap<u32, Vec<u8>>,
    pub(crate) record_writes: u64,
    pub(crate) dirty_records: BTreeSet<u32>,
    pub(crate) dirty_statics: BTreeSet<PackageId>,
    pub(crate) dirty_packages: BTreeSet<PackageId>,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) installation: Option<Installation>,
    pub(crate) exceptions: BTreeMap<ClassIndex, ObjRef>,
    pub(crate) stack: Vec<Word>,
    pub(crate) sp: usize,
    /// How much of the stack may hold something.
    pub(crate) high: usize,
    pub(crate) frames: Vec<Frame>,
    /// The method that was entered last, so that it need not be looked for again: it is there until packages change.
    pub(crate) entered: Option<(PackageId, u32)>,
    pub(crate) nesting: usize,
    pub(crate) selected: ContextId,
    pub(crate) busy: Vec<AppletId>,
    pub(crate) steps: u64,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) sharing: Option<Arc<dyn CodeSharing>>,
}

impl core::fmt::Debug for Vm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Not the content: it may be keys.
        f.debug_struct("Vm")
            .field("packages", &self.linked().count())
            .field("objects", &self.heap.iter().count())
            .finish()
    }
}

impl Vm {
    /// An empty card.
    pub fn new(layout: ApiLayout, limits: Limits) -> Self {
        let mut vm = Self {
            heap: Heap::new(&limits),
            layout,
            limits,
            classes: vec![None; api::CLASS_COUNT],
            packages: Vec::new(),
            statics: Vec::new(),
            records: BTreeMap::new(),
            record_writes: 0,
            dirty_records: BTreeSet::new(),
            dirty_statics: BTreeSet::new(),
            dirty_packages: BTreeSet::new(),
            transaction: None,
            installation: None,
            exceptions: BTreeMap::new(),
            stack: Vec::new(),
            sp: 0,
            high: 0,
            frames: Vec::new(),
            entered: None,
            nesting: 0,
            selected: ContextId::JCRE,
            busy: Vec::new(),
            steps: u64::MAX,
            observer: None,
            sharing: None,
        };
        // Arrays have it before anything asks for it.
        vm.api_class(api::class_id("java/lang/Object"));
        vm
    }

    pub(crate) fn package(&self, id: PackageId) -> Option<&Arc<Package>> {
        self.packages.get(usize::from(id.0))?.as_ref()
    }

    pub(crate) fn linked(&self) -> impl Iterator<Item = &Arc<Package>> {
        self.packages.iter().flatten()
    }

    pub(crate) fn set_package(&mut self, id: PackageId, package: Option<Arc<Package>>) {
        let index = usize::from(id.0);
        if self.packages.len() <= index {
            self.packages.resize(index + 1, None);
        }
        self.packages[index] = package;
        self.entered = None;
        self.dirty_packages.insert(id);
    }

    /// Sets a package's static fields, and gives those it had.
    pub(crate) fn set_statics(&mut self, id: PackageId, statics: Statics) -> Statics {
        let index = usize::from(id.0);
        if self.statics.len() <= index {
            self.statics.resize(index + 1, Statics::default());
        }
        self.dirty_statics.insert(id);
        core::mem::replace(&mut self.statics[index], statics)
    }

    /// The packages, by number.
    pub fn packages(&self) -> impl Iterator<Item = (PackageId, &Package)> {
        self.linked().map(|package| (package.id, &**package))
    }

    /// The package, or file of the extended form, with this AID.
    pub fn package_by_aid(&self, aid: &Aid) -> Option<PackageId> {
        self.packages()
            .find(|(_, package)| package.aid == *aid)
            .map(|(id, _)| id)
    }

    /// Whether an AID is that of a package of the API, of a loaded file, or of a public package in one.
    pub fn has_package(&self, aid: &Aid) -> bool {
        let mut loaded = self.linked().flat_map(|file| {
            let packages = file.packages.iter().map(|package| &package.aid);
            packages.chain([&file.aid])
        });
        api::package_by_aid(aid.as_bytes()).is_some() || loaded.any(|known| known == aid)
    }

    /// The install method of an applet module.
    pub fn install_method(&self, package: PackageId, module: &Aid) -> Option<MethodRef> {
        let applet = self
            .package(package)?
            .applets
            .iter()
            .find(|applet| applet.aid == *module)?;
        Some(MethodRef::Code {
            package,
            offset: applet.install_method,
        })
    }

    /// The method that `obj` has for a virtual or interface method of an API class or interface, see
    /// [`hydra_cap::api::virtual_method`].
    pub fn find_virtual(&mut self, obj: ObjRef, method: api::Virtual) -> Result<MethodRef, Fault> {
        let index = self.api_class(method.class);
        let actual = self.class_of(self.heap.get(obj)?);
        if !self.is_subclass(actual, index) {
            return Err(Fault::TypeConfusion);
        }
        let (actual, named) = (
            self.class(actual).ok_or(Fault::NoSuchMember)?,
            self.class(index).ok_or(Fault::NoSuchMember)?,
        );
        let slot = match actual.implements(index) {
            Some(implemented) => implemented.slots.get(usize::from(method.token)),
            None => named.public.get(usize::from(method.token)),
        };
        let found = slot
            .and_then(|slot| actual.methods.get(usize::from(*slot)))
            .ok_or(Fault::NoSuchMember)?;
        match found.target {
            Target::Code { package, offset } => Ok(MethodRef::Code { package, offset }),
            Target::Native(method) => Ok(MethodRef::Native(method)),
            Target::Abstract => Err(Fault::AbstractMethod),
        }
    }

    /// On whose behalf code runs: in a native, its caller. The JCRE when nothing runs.
    pub fn caller(&self) -> Owner {
        self.frames.last().map_or(Owner::JCRE, |frame| frame.owner)
    }

    /// The caller's context.
    pub fn caller_context(&self) -> ContextId {
        self.caller().context
    }

    /// Who was active before the last context switch (JCRE 3.0.5 §6.2.4); the JCRE if it was the runtime.
    pub fn previous(&self) -> Owner {
        let active = self.caller_context();
        for frame in self.frames.iter().rev() {
            if frame.owner.context != active {
                return frame.owner;
            }
            if frame.is_entry() {
                break;
            }
        }
        Owner::JCRE
    }

    /// Watches execution from now on.
    pub fn observe(&mut self, observer: Option<Arc<dyn Observer>>) {
        self.observer = observer;
    }

    /// How many branches and calls code may still make before [`Fault::StepLimit`]; `None` for no limit.
    pub fn set_step_limit(&mut self, limit: Option<u64>) {
        self.steps = limit.unwrap_or(u64::MAX);
    }

    /// Takes what work is worth from the limit.
    #[inline(always)]
    pub fn charge(&mut self, steps: u64) -> Result<(), Fault> {
        self.steps = self.steps.checked_sub(steps).ok_or(Fault::StepLimit)?;
        Ok(())
    }

    /// The context of the currently selected applet (JCRE 3.0.5 §4.2), the JCRE's if there is none: CLEAR_ON_DESELECT
    /// objects are out of reach for all others (JCRE 3.0.5 §5.1).
    pub fn set_selected(&mut self, context: ContextId) {
        self.selected = context;
    }

    /// Whether the currently selected applet is of this context, or the context is the JCRE's.
    pub fn is_selected(&self, context: ContextId) -> bool {
        context == ContextId::JCRE || self.selected == context
    }

    /// Applet instances that are not multiselectable and active on another logical channel: their shareable objects
    /// refuse calls (JCRE 3.0.5 §6.2.8.6).
    pub fn set_busy(&mut self, applets: Vec<AppletId>) {
        self.busy = applets;
    }

    /// Whether an applet instance is one of these.
    pub fn is_busy(&self, applet: AppletId) -> bool {
        self.busy.contains(&applet)
    }

    /// How much there is of everything.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Bytes free for load files.
    pub fn free_code(&self) -> usize {
        let used: usize = self.linked().map(|package| package.file.len()).sum();
        self.limits.code.saturating_sub(used)
    }

    /// Bytes free for objects of this storage.
    pub fn free_bytes(&self, storage: crate::Storage) -> usize {
        self.heap.free_bytes(storage)
    }
}
