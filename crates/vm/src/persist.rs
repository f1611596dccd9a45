//! What lasts, as records: packages, static fields, objects, and the card's own records.
//!
//! A record is rewritten whole when anything in it changes. Together, the records of any moment between two calls of
//! [`Vm::take_changes`] make a card that never had a transaction open.
//!
//! | kind (top byte of the key) | number | content |
//! |---|---|---|
//! | 01 | package | load file of the package |
//! | 02 | package | static fields: count of references u2, references u2 each, bytes |
//! | 03 | handle | object: kind, storage, flags, context (1 each), applet u2, class, length u2, content if persistent |
//! | 04 | key | a record of the card's own, as it is |
//!
//! Images of earlier builds hold these records: whoever changes what one means raises the version of the records, which
//! their owner keeps, and makes the step from the version before (`hydra-card`, `runtime::migrate`; `vectors/image`).
//!
//! A class is `00`, length and AID of an API package, class token; or `01`, package, offset u2.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use hydra_cap::{CapFile, api};

use crate::class::Origin;
use crate::heap::{Body, Object};
use crate::ids::{AppletId, ClassIndex, ContextId, ObjRef, Owner, PackageId};
use crate::layout::ApiLayout;
use crate::link::{LinkError, kept};
use crate::memory::{Clear, Limits, Storage};
use crate::package::Statics;
use crate::vm::Vm;

/// The name of a record: its kind in the top byte, a number below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(pub u64);

impl From<RecordKey> for u64 {
    fn from(key: RecordKey) -> Self {
        key.0
    }
}

const PACKAGE: u8 = 1;
const STATICS: u8 = 2;
const OBJECT: u8 = 3;
const CARD: u8 = 4;

/// What of an object's flags lasts.
const LASTING_FLAGS: u8 =
    Object::GLOBAL | Object::PERMANENT | Object::TEMPORARY | Object::SENSITIVE;

/// The most bytes of an object's record before its content: kind to applet, class, length.
const RECORD_HEAD: usize = 6 + 19 + 2;

impl RecordKey {
    fn new(kind: u8, number: u32) -> Self {
        Self(u64::from(kind) << 56 | u64::from(number))
    }

    fn kind(self) -> u8 {
        let [kind, ..] = self.0.to_be_bytes();
        kind
    }

    /// The number below the kind, if the bytes between them are zero.
    fn number(self) -> Option<u32> {
        u32::try_from(self.0 & 0x00FF_FFFF_FFFF_FFFF).ok()
    }
}

/// What changed: a record's new bytes, or `None` when it is gone.
pub type Changes = Vec<(RecordKey, Option<Vec<u8>>)>;

/// Why records do not make a card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// A record is malformed at this offset.
    Record {
        /// Which.
        key: RecordKey,
        /// The byte.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A package's CAP file can't be linked again.
    Package(LinkError),
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record {
                key,
                offset,
                reason,
            } => write!(f, "record {:016X}, offset {offset}: {reason}", key.0),
            Self::Package(error) => write!(f, "a package can't be linked: {error}"),
        }
    }
}

impl core::error::Error for RestoreError {}

impl Vm {
    /// What changed since the last call. Effects of a transaction in progress are left out: the values before it are in.
    pub fn take_changes(&mut self) -> Changes {
        if self.heap.is_clean()
            && self.dirty_packages.is_empty()
            && self.dirty_statics.is_empty()
            && self.dirty_records.is_empty()
        {
            return Changes::new();
        }
        let handles = self.heap.take_dirty(|object| object.has(Object::NEW));
        let packages = core::mem::take(&mut self.dirty_packages);
        let statics = core::mem::take(&mut self.dirty_statics);
        let records = core::mem::take(&mut self.dirty_records);
        let count = packages.len() + statics.len() + handles.len() + records.len();
        self.without_transaction(|vm| {
            let mut changes = Changes::with_capacity(count);
            changes.extend(packages.iter().map(|id| {
                let key = RecordKey::new(PACKAGE, id.0.into());
                (key, vm.package_record(*id))
            }));
            changes.extend(statics.iter().map(|id| {
                let key = RecordKey::new(STATICS, id.0.into());
                (key, vm.statics_record(*id))
            }));
            changes.extend(handles.iter().map(|handle| {
                let key = RecordKey::new(OBJECT, (*handle).into());
                (key, vm.object_record(ObjRef(*handle)))
            }));
            changes.extend(records.iter().map(|key| {
                let record = vm.records.get(key).cloned();
                (RecordKey::new(CARD, *key), record)
            }));
            changes
        })
    }

    /// Every record there is, as it was when changes were taken last. Like them it is without the effects of a transaction in
    /// progress.
    pub fn everything(&mut self) -> Vec<(RecordKey, Vec<u8>)> {
        self.without_transaction(|vm| {
            let packages = vm.linked().flat_map(|package| {
                let id = package.id;
                let [file, statics] =
                    [PACKAGE, STATICS].map(|kind| RecordKey::new(kind, id.0.into()));
                [
                    (file, vm.package_record(id)),
                    (statics, vm.statics_record(id)),
                ]
            });
            let objects = vm.heap.iter();
            let objects = objects
                .filter(|(_, object)| !object.has(Object::NEW))
                .map(|(obj, _)| (RecordKey::new(OBJECT, obj.0.into()), vm.object_record(obj)));
            let records = vm.records.iter();
            let records =
                records.map(|(key, bytes)| (RecordKey::new(CARD, *key), Some(bytes.clone())));
            let all = packages.chain(objects).chain(records);
            all.filter_map(|(key, record)| Some((key, record?)))
                .collect()
        })
    }

    /// Like [`take_changes`](Self::take_changes), but only one of the card's own records, which then is no longer among
    /// the changes; `None` if it is not.
    pub fn take_record(&mut self, key: RecordKey) -> Option<Changes> {
        let number = key.number().filter(|_| key.kind() == CARD)?;
        if !self.dirty_records.remove(&number) {
            return None;
        }
        let value = self.without_transaction(|vm| vm.records.get(&number).cloned());
        Some(vec![(key, value)])
    }

    /// One object as it is, among the changes or not.
    pub(crate) fn object_change(&self, obj: ObjRef) -> Changes {
        let key = RecordKey::new(OBJECT, obj.0.into());
        vec![(key, self.object_record(obj))]
    }

    /// The key that a record of the card's own has among [`Changes`].
    pub fn record_key(key: u32) -> RecordKey {
        RecordKey::new(CARD, key)
    }

    /// Reads a record of the card's own.
    pub fn record_get(&self, key: u32) -> Option<&[u8]> {
        self.records.get(&key).map(Vec::as_slice)
    }

    /// How often any of the card's own records was written since the card was started: while it is the same, so are they.
    pub fn record_writes(&self) -> u64 {
        self.record_writes
    }

    /// The card's own records with a key in `range`, by key.
    pub fn records(&self, range: core::ops::Range<u32>) -> impl Iterator<Item = (u32, &[u8])> {
        self.records
            .range(range)
            .map(|(key, bytes)| (*key, bytes.as_slice()))
    }

    /// Clears transient objects (JCRE 3.0.5 §5.1). A reset also undoes a transaction or an installation in progress, stops what runs, and
    /// forgets the objects of the session.
    pub fn clear_transient(&mut self, what: Clear) {
        if what == Clear::Reset {
            self.undo_installation();
            self.sp = 0;
            self.frames.clear();
            self.exceptions.clear();
            let session = self
                .heap
                .iter()
                .filter(|(_, object)| object.storage == Storage::Session);
            let session: Vec<ObjRef> = session.map(|(obj, _)| obj).collect();
            self.free(&session);
        }
        let mut sensitive = Vec::new();
        for (obj, object) in self.heap.iter_mut() {
            let clear = match (what, object.storage) {
                (Clear::Reset, Storage::ClearOnReset | Storage::ClearOnDeselect) => true,
                (Clear::Deselect(context), Storage::ClearOnDeselect) => {
                    object.owner.context == context
                }
                _ => false,
            };
            if clear {
                object.body.clear();
                if object.has(Object::SENSITIVE) {
                    sensitive.push(obj);
                }
            }
        }
        sensitive.into_iter().for_each(|obj| self.heap.seal(obj));
    }

    fn package_record(&self, id: PackageId) -> Option<Vec<u8>> {
        self.package(id).map(|package| package.file.to_vec())
    }

    fn statics_record(&self, id: PackageId) -> Option<Vec<u8>> {
        self.package(id)?;
        let statics = self.statics.get(usize::from(id.0))?;
        let mut bytes = Vec::new();
        put_u2(&mut bytes, statics.refs.len());
        statics
            .refs
            .iter()
            .for_each(|obj| self.put_reference(&mut bytes, *obj));
        bytes.extend_from_slice(&statics.bytes);
        Some(bytes)
    }

    /// A reference to what will not be there after a restart is null then.
    fn put_reference(&self, bytes: &mut Vec<u8>, obj: ObjRef) {
        let lasts = self
            .heap
            .get(obj)
            .is_ok_and(|object| object.storage != Storage::Session);
        bytes.extend_from_slice(&(if lasts { obj.0 } else { 0 }).to_be_bytes());
    }

    fn object_record(&self, obj: ObjRef) -> Option<Vec<u8>> {
        let object = self
            .heap
            .get(obj)
            .ok()
            .filter(|object| object.storage != Storage::Session)?;
        let (kind, class) = match &object.body {
            Body::Instance { class, .. } => (0, Some(*class)),
            Body::Boolean(_) => (1, None),
            Body::Byte(_) => (2, None),
            Body::Short(_) => (3, None),
            Body::Int(_) => (4, None),
            Body::Refs { element, .. } => (5, Some(*element)),
        };
        let storage = match object.storage {
            Storage::Persistent | Storage::Session => 0,
            Storage::ClearOnReset => 1,
            Storage::ClearOnDeselect => 2,
        };
        let flags = object.flags & LASTING_FLAGS;
        let mut bytes = Vec::with_capacity(RECORD_HEAD + object.body.size());
        bytes.extend_from_slice(&[kind, storage, flags, object.owner.context.0]);
        bytes.extend_from_slice(&object.owner.applet.0.to_be_bytes());
        if let Some(class) = class {
            self.put_class(&mut bytes, class);
        }
        put_u2(&mut bytes, object.body.len());
        if object.storage == Storage::Persistent {
            match &object.body {
                Body::Instance { class, words } => {
                    let class = self.class(*class)?;
                    for (i, word) in (0..).zip(words.iter()) {
                        if class.is_reference(i) {
                            self.put_reference(&mut bytes, ObjRef(*word));
                        } else {
                            bytes.extend_from_slice(&word.to_be_bytes());
                        }
                    }
                }
                Body::Boolean(content) | Body::Byte(content) => bytes.extend_from_slice(content),
                Body::Short(shorts) => {
                    bytes.extend(shorts.iter().flat_map(|short| short.to_be_bytes()))
                }
                Body::Int(ints) => bytes.extend(ints.iter().flat_map(|int| int.to_be_bytes())),
                Body::Refs { refs, .. } => refs
                    .iter()
                    .for_each(|obj| self.put_reference(&mut bytes, *obj)),
            }
        }
        Some(bytes)
    }

    fn put_class(&self, bytes: &mut Vec<u8>, class: ClassIndex) {
        match self.class(class).map(|class| class.origin) {
            Some(Origin::Package { package, offset }) => {
                bytes.extend_from_slice(&[1, package.0]);
                bytes.extend_from_slice(&offset.to_be_bytes());
            }
            Some(Origin::Api(row)) => {
                let (aid, token) = (row.get().package().aid, row.get().token);
                bytes.push(0);
                // AIDs have 5 to 16 bytes.
                bytes.push(u8::try_from(aid.len()).unwrap_or_default());
                bytes.extend_from_slice(aid);
                bytes.push(token);
            }
            None => bytes.push(0xFF),
        }
    }

    /// Rebuilds a card from its records.
    pub fn restore(
        layout: ApiLayout,
        limits: Limits,
        records: impl IntoIterator<Item = (RecordKey, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        let mut records: BTreeMap<RecordKey, Vec<u8>> = records.into_iter().collect();
        let mut vm = Self::new(layout, limits);
        let others = records.split_off(&RecordKey::new(STATICS, 0));
        vm.restore_packages(records)?;
        for (key, bytes) in others {
            let reader = &mut Reader {
                key,
                bytes: &bytes,
                at: 0,
            };
            match (key.kind(), key.number()) {
                (STATICS, Some(number)) => vm.restore_statics(reader, number)?,
                (OBJECT, Some(number)) => {
                    let handle = u16::try_from(number).ok().filter(|handle| *handle != 0);
                    let handle = handle.ok_or(reader.error("no handle"))?;
                    let object = vm.restore_object(reader)?;
                    vm.heap.restore(handle, object);
                }
                (CARD, Some(number)) => {
                    vm.records.insert(number, bytes);
                }
                _ => return Err(reader.error("no such kind of record")),
            }
        }
        vm.heap.restored();
        vm.classes.shrink_to_fit();
        vm.statics.shrink_to_fit();
        vm.check_references()?;
        vm.dirty_packages.clear();
        vm.dirty_statics.clear();
        Ok(vm)
    }

    /// Links the packages again, those that others import before these.
    fn restore_packages(
        &mut self,
        records: BTreeMap<RecordKey, Vec<u8>>,
    ) -> Result<(), RestoreError> {
        let mut waiting = Vec::new();
        for (key, bytes) in records {
            let error = |reason| RestoreError::Record {
                key,
                offset: 0,
                reason,
            };
            if key.kind() != PACKAGE {
                return Err(error("no such kind of record"));
            }
            let id = key
                .number()
                .and_then(|number| u8::try_from(number).ok())
                .filter(|id| (1..0x80).contains(id));
            let id = PackageId(id.ok_or(error("no package number"))?);
            let cap = CapFile::from_load_file(&bytes).map_err(|_| error("no CAP file"))?;
            waiting.push((id, kept(&cap), cap));
        }
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut failure = None;
            waiting.retain(|(id, file, cap)| match self.link_as(cap, file, *id) {
                Ok(()) => false,
                Err(error) => {
                    failure = Some(error);
                    true
                }
            });
            if let Some(error) = failure.filter(|_| waiting.len() == before) {
                return Err(RestoreError::Package(error));
            }
        }
        Ok(())
    }

    fn restore_statics(
        &mut self,
        reader: &mut Reader<'_>,
        number: u32,
    ) -> Result<(), RestoreError> {
        let id = u8::try_from(number)
            .map(PackageId)
            .map_err(|_| reader.error("no package number"))?;
        let package = self.package(id).ok_or(reader.error("no such package"))?;
        let sizes = package.statics;
        let count = reader.u2()?;
        let refs = (0..count)
            .map(|_| reader.u2().map(ObjRef))
            .collect::<Result<Vec<_>, _>>()?;
        let bytes = reader.rest().to_vec();
        if refs.len() != sizes.references || bytes.len() != sizes.bytes {
            return Err(reader.error("not the package's static fields"));
        }
        self.set_statics(id, Statics { refs, bytes });
        Ok(())
    }

    fn restore_object(&mut self, reader: &mut Reader<'_>) -> Result<Object, RestoreError> {
        let [kind, storage, flags, context] = reader.array()?;
        let applet = AppletId(reader.u2()?);
        let owner = Owner {
            context: ContextId(context),
            applet,
        };
        let storage = match storage {
            0 => Storage::Persistent,
            1 => Storage::ClearOnReset,
            2 => Storage::ClearOnDeselect,
            _ => return Err(reader.error("no kind of storage")),
        };
        if flags & !LASTING_FLAGS != 0 {
            return Err(reader.error("unknown flag"));
        }
        let class = if matches!(kind, 0 | 5) {
            Some(self.restore_class(reader)?)
        } else {
            None
        };
        let length = usize::from(reader.u2()?);
        let mut body = match (kind, class) {
            (0, Some(class)) => {
                if self
                    .class(class)
                    .is_none_or(|class| usize::from(class.words) != length)
                {
                    return Err(reader.error("not as many fields as the class has"));
                }
                Body::Instance {
                    class,
                    words: vec![0; length].into_boxed_slice(),
                }
            }
            (1, _) => Body::new_array(crate::ArrayKind::Boolean, length),
            (2, _) => Body::new_array(crate::ArrayKind::Byte, length),
            (3, _) => Body::new_array(crate::ArrayKind::Short, length),
            (4, _) => Body::new_array(crate::ArrayKind::Int, length),
            (5, Some(class)) => Body::new_array(crate::ArrayKind::Ref(Some(class)), length),
            _ => return Err(reader.error("no kind of object")),
        };
        if storage == Storage::Persistent {
            for i in 0..length {
                let value = match kind {
                    1 | 2 => reader.array().map(|[byte]| byte.into())?,
                    4 => reader.array().map(u32::from_be_bytes)?,
                    _ => reader.u2()?.into(),
                };
                body.replace(i, value);
            }
        }
        reader.end()?;
        Ok(Object {
            owner,
            storage,
            flags,
            body,
        })
    }

    fn restore_class(&mut self, reader: &mut Reader<'_>) -> Result<ClassIndex, RestoreError> {
        let [kind, first] = reader.array()?;
        let class = if kind == 1 {
            let offset = reader.u2()?;
            self.package(PackageId(first))
                .and_then(|package| package.class_at(offset))
        } else {
            let aid = reader.take(first.into())?;
            let [token] = reader.array()?;
            let row = api::package_by_aid(aid).and_then(|package| package.class(token));
            row.filter(|_| kind == 0).map(|row| self.api_class(row.id))
        };
        class.ok_or(reader.error("no such class"))
    }

    /// Every reference must lead to an object.
    fn check_references(&self) -> Result<(), RestoreError> {
        let dangling = |kind, number: u16| RestoreError::Record {
            key: RecordKey::new(kind, number.into()),
            offset: 0,
            reason: "a reference leads to no object",
        };
        for (obj, object) in self.heap.iter() {
            let mut all_there = true;
            self.references(object, |reference| {
                all_there &= self.heap.get(reference).is_ok()
            });
            if !all_there {
                return Err(dangling(OBJECT, obj.0));
            }
        }
        for (package, statics) in (0..).zip(&self.statics) {
            if statics
                .refs
                .iter()
                .any(|obj| !obj.is_null() && self.heap.get(*obj).is_err())
            {
                return Err(dangling(STATICS, package));
            }
        }
        Ok(())
    }
}

fn put_u2(bytes: &mut Vec<u8>, value: usize) {
    // Counts of cells are shorts everywhere in the VM.
    bytes.extend_from_slice(&u16::try_from(value).unwrap_or(u16::MAX).to_be_bytes());
}

struct Reader<'a> {
    key: RecordKey,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, reason: &'static str) -> RestoreError {
        RestoreError::Record {
            key: self.key,
            offset: self.at,
            reason,
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], RestoreError> {
        let bytes = self.rest().get(..size).ok_or(self.error("cut short"))?;
        self.at += size;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        let bytes = *self
            .rest()
            .first_chunk::<N>()
            .ok_or(self.error("cut short"))?;
        self.at += N;
        Ok(bytes)
    }

    fn u2(&mut self) -> Result<u16, RestoreError> {
        self.array().map(u16::from_be_bytes)
    }

    fn end(&self) -> Result<(), RestoreError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.error("bytes left over"))
        }
    }
}
