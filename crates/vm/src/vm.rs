//! The virtual machine's state and what the runtime does with it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use hydra_cap::CapFile;
use hydra_wire::Aid;

use crate::error::{Fault, Stop};
use crate::host::{Host, Observer};
use crate::ids::{AppletId, ContextId, ObjRef, Owner, PackageId};
use crate::layout::{ApiLayout, FieldKind};
use crate::link::LinkError;
use crate::persist::{Changes, RecordKey, RestoreError};
use crate::value::{MethodRef, Value};
use crate::{ArrayKind, Atomicity, Clear, EntryPoint, Limits, Storage};

/// All state of bytecode execution.
#[derive(Clone)]
pub struct Vm {}

#[allow(
    unused_variables,
    clippy::todo,
    reason = "signatures first: bodies come next"
)]
impl Vm {
    /// An empty card.
    pub fn new(layout: ApiLayout, limits: Limits) -> Self {
        todo!()
    }
    /// Rebuilds a card from its records.
    pub fn restore(
        layout: ApiLayout,
        limits: Limits,
        records: impl IntoIterator<Item = (RecordKey, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        todo!()
    }

    // --- packages
    /// Links a package; its static fields get their first values. Takes part in no transaction.
    pub fn link(&mut self, cap: &CapFile) -> Result<PackageId, LinkError> {
        todo!()
    }
    /// Forgets a package. Fails if another package imports it or an object of its classes is left.
    pub fn unlink(&mut self, package: PackageId) -> Result<(), LinkError> {
        todo!()
    }
    /// The packages, by number.
    pub fn packages(&self) -> impl Iterator<Item = (PackageId, &CapFile)> {
        core::iter::empty()
    }
    /// The package with this AID.
    pub fn package_by_aid(&self, aid: &Aid) -> Option<PackageId> {
        todo!()
    }
    /// The install method of an applet module.
    pub fn install_method(&self, package: PackageId, module: &Aid) -> Option<MethodRef> {
        todo!()
    }

    // --- execution
    /// Invokes a method on behalf of `owner` and runs it to its end. Natives may call this again.
    pub fn invoke(
        &mut self,
        host: &mut dyn Host,
        method: MethodRef,
        args: &[Value],
        owner: Owner,
    ) -> Result<Option<Value>, Stop> {
        todo!()
    }
    /// The method that `obj` has for a virtual or interface method of an API class or interface,
    /// `find_virtual(applet, "javacard/framework/Applet", "process(Ljavacard/framework/APDU;)V")`.
    pub fn find_virtual(
        &mut self,
        obj: ObjRef,
        class: &str,
        method: &str,
    ) -> Result<MethodRef, Fault> {
        todo!()
    }
    /// On whose behalf the running code runs: in a native, its caller. The JCRE when nothing runs.
    pub fn caller(&self) -> Owner {
        todo!()
    }
    /// The caller's context.
    pub fn caller_context(&self) -> ContextId {
        self.caller().context
    }
    /// Who was active before the last context switch (JCRE 3.0.5 §6.2.4); the JCRE if it was the runtime.
    pub fn previous(&self) -> Owner {
        todo!()
    }
    /// Watches execution from now on.
    pub fn observe(&mut self, observer: Option<Arc<dyn Observer>>) {
        todo!()
    }
    /// How many branches and calls code may still make before [`Fault::StepLimit`]; `None` for no limit.
    pub fn set_step_limit(&mut self, limit: Option<u64>) {
        todo!()
    }
    /// The contexts whose applet is currently selected: CLEAR_ON_DESELECT objects of others are out of reach (JCRE 3.0.5 §5.1).
    pub fn set_selected(&mut self, contexts: &[ContextId]) {
        todo!()
    }
    /// Applet instances that are not multiselectable and active on another logical channel: their
    /// shareable objects refuse calls (JCRE 3.0.5 §6.2.8.6).
    pub fn set_busy(&mut self, applets: &[AppletId]) {
        todo!()
    }

    // --- exceptions
    /// Throws the JCRE's own instance of an exception class (`javacard/framework/ISOException`), with a reason if it has one.
    pub fn throw(&mut self, class: &str, reason: i16) -> Stop {
        todo!()
    }
    /// The reason of an exception that has one.
    pub fn reason(&self, exception: ObjRef) -> Option<i16> {
        todo!()
    }

    // --- objects
    /// A new object of an API class or interface, fields zero and null. Abstract classes and interfaces too: the
    /// object stands for the implementation that the platform gives out.
    pub fn new_instance(
        &mut self,
        class: &str,
        owner: Owner,
        storage: Storage,
    ) -> Result<ObjRef, Stop> {
        todo!()
    }
    /// A new array. `element` of a reference array is `java/lang/Object` unless said with [`ArrayKind::Ref`].
    pub fn new_array(
        &mut self,
        kind: ArrayKind,
        length: i16,
        owner: Owner,
        storage: Storage,
    ) -> Result<ObjRef, Stop> {
        todo!()
    }
    /// Makes an object of the JCRE's an entry point (JCRE 3.0.5 §6.2.1).
    pub fn set_entry_point(&mut self, obj: ObjRef, kind: EntryPoint) -> Result<(), Fault> {
        todo!()
    }
    /// Makes an array of the JCRE's global (JCRE 3.0.5 §6.2.2).
    pub fn set_global_array(&mut self, array: ObjRef) -> Result<(), Fault> {
        todo!()
    }
    /// Who owns an object.
    pub fn owner(&self, obj: ObjRef) -> Result<Owner, Fault> {
        todo!()
    }
    /// How an object's content is kept.
    pub fn storage(&self, obj: ObjRef) -> Result<Storage, Fault> {
        todo!()
    }
    /// An API class's name, for an applet's class that of its nearest API superclass; `None` for an array.
    pub fn class_name(&self, obj: ObjRef) -> Result<Option<&'static str>, Fault> {
        todo!()
    }
    /// Whether the object is an instance of an API class or interface.
    pub fn is_instance(&self, obj: ObjRef, class: &str) -> Result<bool, Fault> {
        todo!()
    }
    /// An array's kind and length; `None` for an instance.
    pub fn array(&self, obj: ObjRef) -> Result<Option<(ArrayKind, u16)>, Fault> {
        todo!()
    }
    /// A native field word, with the JCRE's rights.
    pub fn field(&self, obj: ObjRef, word: u16) -> Result<Value, Fault> {
        todo!()
    }
    /// Writes a native field word, with the JCRE's rights.
    pub fn set_field(
        &mut self,
        obj: ObjRef,
        word: u16,
        value: Value,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        todo!()
    }
    /// The kind of each field word of an object.
    pub fn field_kinds(&self, obj: ObjRef) -> Result<Vec<FieldKind>, Fault> {
        todo!()
    }

    /// The bytes of a byte or boolean array, if `context` may read it: else throws as the JCRE's firewall does.
    pub fn bytes(&mut self, array: ObjRef, context: ContextId) -> Result<&[u8], Stop> {
        todo!()
    }
    /// `length` bytes from `offset`; throws `ArrayIndexOutOfBoundsException` outside of the array.
    pub fn byte_range(
        &mut self,
        array: ObjRef,
        offset: i16,
        length: i16,
        context: ContextId,
    ) -> Result<&[u8], Stop> {
        todo!()
    }
    /// Writes bytes into a byte or boolean array.
    pub fn write_bytes(
        &mut self,
        array: ObjRef,
        offset: i16,
        bytes: &[u8],
        context: ContextId,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        todo!()
    }
    /// Copies within or between byte arrays, overlap allowed, without an allocation where the target is not journaled.
    pub fn copy_bytes(
        &mut self,
        from: ObjRef,
        from_offset: i16,
        to: ObjRef,
        to_offset: i16,
        length: i16,
        context: ContextId,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        todo!()
    }
    /// An element of an array of any kind.
    pub fn element(
        &mut self,
        array: ObjRef,
        index: i16,
        context: ContextId,
    ) -> Result<Value, Stop> {
        todo!()
    }
    /// Writes an element of an array of any kind.
    pub fn set_element(
        &mut self,
        array: ObjRef,
        index: i16,
        value: Value,
        context: ContextId,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        todo!()
    }
    /// Whether `context` may use the object as an argument to an API method: throws `NullPointerException` or `SecurityException`.
    pub fn check_access(&mut self, obj: ObjRef, context: ContextId) -> Result<(), Stop> {
        todo!()
    }
    /// Whether the object's class implements a shareable interface.
    pub fn is_shareable(&self, obj: ObjRef) -> Result<bool, Fault> {
        todo!()
    }

    // --- transactions
    /// Begins a transaction.
    pub fn begin(&mut self) -> Result<(), Fault> {
        todo!()
    }
    /// Makes everything since `begin` lasting.
    pub fn commit(&mut self) -> Result<(), Fault> {
        todo!()
    }
    /// Undoes everything since `begin`; objects created since are gone and references to them null (JCRE 3.0.5 §7.6.3).
    pub fn abort(&mut self) -> Result<(), Fault> {
        todo!()
    }
    /// 0 or 1.
    pub fn depth(&self) -> u8 {
        todo!()
    }
    /// Bytes that the commit buffer can still take.
    pub fn commit_capacity_left(&self) -> usize {
        todo!()
    }

    // --- card records
    /// Writes a record of the card's own.
    pub fn record_put(&mut self, key: u32, bytes: &[u8]) {
        todo!()
    }
    /// Reads one.
    pub fn record_get(&self, key: u32) -> Option<&[u8]> {
        todo!()
    }
    /// Deletes one; whether it was there.
    pub fn record_delete(&mut self, key: u32) -> bool {
        todo!()
    }
    /// The records with a key in `range`, by key.
    pub fn records(&self, range: core::ops::Range<u32>) -> impl Iterator<Item = (u32, &[u8])> {
        core::iter::empty()
    }
    /// A record's key in [`Changes`].
    pub fn record_key(key: u32) -> RecordKey {
        todo!()
    }

    // --- memory
    /// Clears transient objects (JCRE 3.0.5 §5.1) and, on reset, forgets what was only for the session.
    pub fn clear_transient(&mut self, what: Clear) {
        todo!()
    }
    /// What changed since the last call, as records. Uncommitted effects of an open transaction are left out: their old values are in.
    pub fn take_changes(&mut self) -> Changes {
        todo!()
    }
    /// Like `take_changes`, but only this record; it is then no longer among the changes.
    pub fn take_record(&mut self, key: RecordKey) -> Option<Changes> {
        todo!()
    }
    /// Frees what can't be reached from `roots`, static fields, and running frames. Call it between commands.
    pub fn collect(&mut self, roots: &[ObjRef]) -> usize {
        todo!()
    }
    /// Whether an object of another owner, or a static field, refers to an object that this applet instance owns (JCRE 3.0.5 §11.3.4.1).
    pub fn referenced_from_other(&self, applet: AppletId) -> bool {
        todo!()
    }
    /// Frees every object that an applet instance owns.
    pub fn delete_objects_of(&mut self, applet: AppletId) -> usize {
        todo!()
    }
    /// Bytes free for objects of this storage.
    pub fn free_bytes(&self, storage: Storage) -> usize {
        todo!()
    }
}

#[allow(dead_code, reason = "kept until the bodies come")]
type Unused = String;
