//! Transactions, and the one way by which anything lasting is written.
//!
//! An undo log keeps what cells held before. A commit forgets it, an abort writes it back. While a transaction is open, the
//! log also tells what the card looked like without it, which is what goes into non-volatile memory.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use crate::error::{Fault, Stop};
use crate::exception::Exception;
use crate::heap::{Body, Object};
use crate::ids::{ContextId, ObjRef, PackageId};
use crate::memory::{Atomicity, Storage};
use crate::vm::Vm;

/// What a cell held.
#[derive(Clone, Debug)]
enum Undo {
    Element {
        obj: ObjRef,
        index: u16,
        old: u32,
    },
    /// The two words of an int field.
    Int {
        obj: ObjRef,
        index: u16,
        old: [u16; 2],
    },
    Bytes {
        obj: ObjRef,
        offset: u16,
        old: Box<[u8]>,
    },
    StaticReference {
        package: PackageId,
        index: u16,
        old: ObjRef,
    },
    StaticBytes {
        package: PackageId,
        offset: u16,
        size: u8,
        old: [u8; 4],
    },
    Record {
        key: u32,
        old: Option<Vec<u8>>,
    },
}

impl Undo {
    fn size(&self) -> usize {
        match self {
            Self::Element { .. }
            | Self::Int { .. }
            | Self::StaticReference { .. }
            | Self::StaticBytes { .. } => 8,
            Self::Bytes { old, .. } => 8 + old.len(),
            Self::Record { old, .. } => 8 + old.as_ref().map_or(0, Vec::len),
        }
    }
}

/// A transaction in progress.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    log: Vec<Undo>,
    size: usize,
    /// What the log may take.
    limit: usize,
    /// The records that the log remembers.
    records: BTreeSet<u32>,
    created: Vec<ObjRef>,
}

/// Where the undo log was when writes began that belong together.
#[derive(Debug)]
pub struct Savepoint {
    /// Entries, their size, and objects of the transaction in progress; none if one was begun for this.
    within: Option<(usize, usize, usize)>,
}

impl Transaction {
    fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// What an abort puts back of one byte of an array: the oldest of what the log remembers.
    fn undone(&mut self, array: ObjRef, index: usize) -> Option<&mut u8> {
        self.log.iter_mut().find_map(|undo| match undo {
            Undo::Bytes { obj, offset, old } if *obj == array => {
                old.get_mut(index.checked_sub((*offset).into())?)
            }
            _ => None,
        })
    }
}

impl Vm {
    /// Begins a transaction.
    pub fn begin(&mut self) -> Result<(), Fault> {
        if self.transaction.is_some() {
            return Err(Fault::NoTransaction);
        }
        self.transaction = Some(Transaction::with_limit(self.limits.commit));
        Ok(())
    }

    /// Begins writes of which all are done or none, in a transaction or not.
    pub fn begin_whole(&mut self) -> Savepoint {
        let within = self.transaction.as_ref().map(|transaction| {
            let (entries, objects) = (&transaction.log, &transaction.created);
            (entries.len(), transaction.size, objects.len())
        });
        if within.is_none() {
            // No applet's, so the commit buffer's size is no limit.
            self.transaction = Some(Transaction::with_limit(usize::MAX));
        }
        Savepoint { within }
    }

    /// All of them are done.
    pub fn finish_whole(&mut self, since: &Savepoint) -> Result<(), Fault> {
        match since.within {
            Some(_) => Ok(()),
            None => self.commit(),
        }
    }

    /// None of them is.
    pub fn undo_whole(&mut self, since: &Savepoint) -> Result<(), Fault> {
        let Some((entries, size, objects)) = since.within else {
            return self.abort();
        };
        let transaction = self.transaction.as_mut().ok_or(Fault::NoTransaction)?;
        let undone = transaction.log.split_off(entries);
        let created = transaction.created.split_off(objects);
        transaction.size = size;
        for undo in &undone {
            if let Undo::Record { key, .. } = undo {
                transaction.records.remove(key);
            }
        }
        self.put_back(undone, &created);
        Ok(())
    }

    /// 0 or 1.
    pub fn depth(&self) -> u8 {
        self.transaction.is_some().into()
    }

    /// Bytes that the commit buffer can still take.
    pub fn commit_capacity_left(&self) -> usize {
        match &self.transaction {
            Some(transaction) => transaction.limit.saturating_sub(transaction.size),
            None => self.limits.commit,
        }
    }

    /// Makes everything since [`begin`](Self::begin) lasting.
    pub fn commit(&mut self) -> Result<(), Fault> {
        let transaction = self.transaction.take().ok_or(Fault::NoTransaction)?;
        for obj in transaction.created {
            if let Ok(object) = self.heap.get_mut(obj) {
                object.flags &= !Object::NEW;
            }
            self.heap.mark_dirty(obj);
        }
        for undo in transaction.log {
            self.mark_changed(&undo);
        }
        Ok(())
    }

    /// Undoes everything since [`begin`](Self::begin). Objects made since are gone, and references to them are null
    /// (JCRE 3.0.5 §7.6.3).
    pub fn abort(&mut self) -> Result<(), Fault> {
        let transaction = self.transaction.take().ok_or(Fault::NoTransaction)?;
        self.put_back(transaction.log, &transaction.created);
        Ok(())
    }

    fn put_back(&mut self, log: Vec<Undo>, created: &[ObjRef]) {
        for mut undo in log.into_iter().rev() {
            self.exchange(&mut undo);
            self.mark_changed(&undo);
            if let Undo::Element { obj, .. } | Undo::Int { obj, .. } | Undo::Bytes { obj, .. } =
                undo
            {
                self.heap.seal(obj);
            }
        }
        self.free(created);
    }

    fn mark_changed(&mut self, undo: &Undo) {
        match *undo {
            Undo::Element { obj, .. } | Undo::Int { obj, .. } | Undo::Bytes { obj, .. } => {
                self.heap.mark_dirty(obj);
            }
            Undo::StaticReference { package, .. } | Undo::StaticBytes { package, .. } => {
                self.dirty_statics.insert(package);
            }
            Undo::Record { key, .. } => {
                self.mark_record(key);
            }
        }
    }

    /// Puts back what the log remembers, and lets it remember what was there instead.
    fn exchange(&mut self, undo: &mut Undo) {
        match undo {
            Undo::Element { obj, index, old } => {
                if let Ok(object) = self.heap.get_mut(*obj)
                    && let Some(now) = object.body.replace((*index).into(), *old)
                {
                    *old = now;
                }
            }
            Undo::Int { obj, index, old } => {
                if let Ok(object) = self.heap.get_mut(*obj)
                    && let Some(now) = object.body.int_field_mut((*index).into())
                {
                    now.swap_with_slice(old);
                }
            }
            Undo::Bytes { obj, offset, old } => {
                if let Ok(Object {
                    body: Body::Byte(bytes) | Body::Boolean(bytes),
                    ..
                }) = self.heap.get_mut(*obj)
                {
                    let from = usize::from(*offset);
                    if let Some(now) = bytes.get_mut(from..from + old.len()) {
                        now.swap_with_slice(old);
                    }
                }
            }
            Undo::StaticReference {
                package,
                index,
                old,
            } => {
                let field = self.statics.get_mut(usize::from(package.0));
                if let Some(field) =
                    field.and_then(|statics| statics.refs.get_mut(usize::from(*index)))
                {
                    core::mem::swap(field, old);
                }
            }
            Undo::StaticBytes {
                package,
                offset,
                size,
                old,
            } => {
                let from = usize::from(*offset);
                let size = usize::from(*size);
                let field = self.statics.get_mut(usize::from(package.0));
                if let (Some(field), Some(old)) = (
                    field.and_then(|statics| statics.bytes.get_mut(from..from + size)),
                    old.get_mut(..size),
                ) {
                    field.swap_with_slice(old);
                }
            }
            Undo::Record { key, old } => {
                let now = match old.take() {
                    Some(bytes) => self.records.insert(*key, bytes),
                    None => self.records.remove(key),
                };
                *old = now;
            }
        }
    }

    /// Runs `look` on the card as it would be if the transaction in progress were undone.
    pub(crate) fn without_transaction<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let Some(mut transaction) = self.transaction.take() else {
            return look(self);
        };
        transaction
            .log
            .iter_mut()
            .rev()
            .for_each(|undo| self.exchange(undo));
        let seen = look(self);
        transaction
            .log
            .iter_mut()
            .for_each(|undo| self.exchange(undo));
        self.transaction = Some(transaction);
        seen
    }

    /// Notes an object made in the transaction in progress.
    pub(crate) fn note_created(&mut self, obj: ObjRef) {
        if let Some(transaction) = &mut self.transaction {
            transaction.created.push(obj);
            if let Ok(object) = self.heap.get_mut(obj) {
                object.flags |= Object::NEW;
            }
        }
    }

    fn log(&mut self, undo: Undo) -> Result<(), Stop> {
        let Some(transaction) = &mut self.transaction else {
            return Ok(());
        };
        let size = transaction.size + undo.size();
        if size > transaction.limit {
            // TransactionException.BUFFER_FULL
            return Err(self.throw_vm(Exception::TransactionBufferFull));
        }
        transaction.size = size;
        transaction.log.push(undo);
        Ok(())
    }

    /// Writes a record of the card's own. It takes part in the transaction in progress, whatever its size.
    pub fn record_put(&mut self, key: u32, bytes: &[u8]) {
        let old = self.records.insert(key, bytes.to_vec());
        self.note_record(key, old);
    }

    /// Writes a record of the card's own that takes no part in transactions, as a counter must not go back. A record is
    /// written this way always or never.
    pub fn record_put_lasting(&mut self, key: u32, bytes: &[u8]) {
        self.records.insert(key, bytes.to_vec());
        self.mark_record(key);
    }

    /// Deletes one; whether it was there.
    pub fn record_delete(&mut self, key: u32) -> bool {
        let old = self.records.remove(&key);
        let found = old.is_some();
        if found {
            self.note_record(key, old);
        }
        found
    }

    fn mark_record(&mut self, key: u32) {
        self.dirty_records.insert(key);
        self.record_writes += 1;
    }

    fn note_record(&mut self, key: u32, old: Option<Vec<u8>>) {
        self.mark_record(key);
        if let Some(transaction) = &mut self.transaction
            && transaction.records.insert(key)
        {
            transaction.log.push(Undo::Record { key, old });
        }
    }

    /// Writes one field word or array element at an index that is inside; `value` is cut to the cell.
    #[inline]
    pub(crate) fn store(
        &mut self,
        obj: ObjRef,
        index: usize,
        value: u32,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        let object = self.heap.get_mut(obj)?;
        if object.has(Object::SENSITIVE) {
            return self.guarded(obj, |vm| vm.store(obj, index, value, atomicity));
        }
        if object.storage != Storage::Persistent {
            object
                .body
                .replace(index, value)
                .ok_or(Fault::NoSuchMember)?;
            return Ok(());
        }
        if self.transaction.is_some() && atomicity == Atomicity::Atomic && !object.has(Object::NEW)
        {
            return self.store_logged(obj, index, value);
        }
        let old = object.body.replace(index, value);
        if old.ok_or(Fault::NoSuchMember)? != object.body.cut(value) {
            self.heap.mark_dirty(obj);
        }
        Ok(())
    }

    #[cold]
    fn store_logged(&mut self, obj: ObjRef, index: usize, value: u32) -> Result<(), Stop> {
        let old = self
            .heap
            .get_mut(obj)?
            .body
            .replace(index, value)
            .ok_or(Fault::NoSuchMember)?;
        let undo = Undo::Element {
            obj,
            index: u16::try_from(index).unwrap_or(u16::MAX),
            old,
        };
        if let Err(stop) = self.log(undo) {
            self.heap.get_mut(obj)?.body.replace(index, old);
            return Err(stop);
        }
        self.heap.mark_dirty(obj);
        Ok(())
    }

    /// Writes an int field, which has two words, at an index that is inside. Both or neither (JCRE 3.0.5 §7.1).
    pub(crate) fn store_int_field(
        &mut self,
        obj: ObjRef,
        index: usize,
        value: u32,
    ) -> Result<(), Stop> {
        let [a, b, c, d] = value.to_be_bytes();
        let new = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        let object = self.heap.get_mut(obj)?;
        let is_logged = object.storage == Storage::Persistent && !object.has(Object::NEW);
        let words = object.body.int_field_mut(index);
        let old = *words.ok_or(Fault::NoSuchMember)?;
        if old == new && self.transaction.is_none() {
            return Ok(());
        }
        if is_logged {
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            self.log(Undo::Int { obj, index, old })?;
        }
        let words = self.heap.get_mut(obj)?.body.int_field_mut(index);
        *words.ok_or(Fault::NoSuchMember)? = new;
        self.heap.mark_dirty(obj);
        Ok(())
    }

    /// Writes bytes of a byte or boolean array within its bounds.
    pub(crate) fn store_bytes(
        &mut self,
        obj: ObjRef,
        offset: usize,
        bytes: &[u8],
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        let range = offset..offset + bytes.len();
        self.store_range(obj, range, atomicity, |place| place.copy_from_slice(bytes))
    }

    /// Lets `write` write a range of a byte or boolean array.
    #[inline]
    pub(crate) fn store_range(
        &mut self,
        obj: ObjRef,
        range: Range<usize>,
        atomicity: Atomicity,
        write: impl FnOnce(&mut [u8]),
    ) -> Result<(), Stop> {
        let object = self.heap.get(obj)?;
        if object.has(Object::SENSITIVE) {
            return self.guarded(obj, |vm| vm.store_range(obj, range, atomicity, write));
        }
        let lasts = object.storage == Storage::Persistent;
        if lasts {
            self.log_range(obj, &range, atomicity)?;
        }
        let object = self.heap.get_mut(obj)?;
        let place = object.body.bytes_mut()?.get_mut(range);
        write(place.ok_or(Fault::NoSuchMember)?);
        if lasts {
            self.heap.mark_dirty(obj);
        }
        Ok(())
    }

    /// Copies a range within or between byte or boolean arrays, to as many bytes from `at`.
    pub(crate) fn copy_range(
        &mut self,
        (from, range): (ObjRef, Range<usize>),
        (to, at): (ObjRef, usize),
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        let object = self.heap.get(to)?;
        if object.has(Object::SENSITIVE) {
            return self.guarded(to, |vm| vm.copy_range((from, range), (to, at), atomicity));
        }
        let target = at..at + range.len();
        let lasts = object.storage == Storage::Persistent;
        if lasts {
            self.log_range(to, &target, atomicity)?;
        }
        if from == to {
            let bytes = self.heap.get_mut(to)?.body.bytes_mut()?;
            if range.end.max(target.end) > bytes.len() {
                return Err(Fault::NoSuchMember.into());
            }
            bytes.copy_within(range, at);
        } else {
            let (from, to) = self.heap.get_two(from, to)?;
            let from = from.body.bytes()?.get(range).ok_or(Fault::NoSuchMember)?;
            let place = to.body.bytes_mut()?.get_mut(target);
            place.ok_or(Fault::NoSuchMember)?.copy_from_slice(from);
        }
        if lasts {
            self.heap.mark_dirty(to);
        }
        Ok(())
    }

    /// Whether a range of an array lasts as it is and `same` says of it that a write would not change it, so that the
    /// write can be left out: it would cost the medium a write and a sync. In a transaction none is, for each takes its
    /// part of the commit buffer; nor are the runtime's own, which may be secrets that no time must tell of.
    #[inline(always)]
    pub(crate) fn is_settled(
        &self,
        (array, range): (ObjRef, Range<usize>),
        context: ContextId,
        same: impl FnOnce(&[u8]) -> bool,
    ) -> Result<bool, Fault> {
        let object = self.heap.get(array)?;
        if context == ContextId::JCRE
            || object.storage != Storage::Persistent
            || object.has(Object::DIRTY | Object::SENSITIVE)
            || self.transaction.is_some()
        {
            return Ok(false);
        }
        Ok(object.body.bytes()?.get(range).is_some_and(same))
    }

    /// Lets the transaction in progress remember what a range of a persistent array holds, if it must.
    fn log_range(
        &mut self,
        obj: ObjRef,
        range: &Range<usize>,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        if self.transaction.is_none() || atomicity != Atomicity::Atomic {
            return Ok(());
        }
        let object = self.heap.get(obj)?;
        if object.has(Object::NEW) {
            return Ok(());
        }
        let place = object.body.bytes()?.get(range.clone());
        let old = place.ok_or(Fault::NoSuchMember)?.into();
        self.log(Undo::Bytes {
            obj,
            offset: u16::try_from(range.start).unwrap_or(u16::MAX),
            old,
        })
    }

    /// Lets `change` see to what an abort, or an installation that fails, would put back of these bytes of an array of the
    /// card's own, so that neither takes back what must last.
    pub fn amend<const N: usize>(
        &mut self,
        array: ObjRef,
        offset: u16,
        change: impl Fn(&mut [u8; N]),
    ) -> Result<(), Fault> {
        let from = usize::from(offset);
        let before = self.installation.as_mut();
        if let Some(Body::Byte(content)) = before.and_then(|before| before.body_mut(array)) {
            let part = content.get_mut(from..).and_then(<[u8]>::first_chunk_mut);
            change(part.ok_or(Fault::NoSuchMember)?);
        }
        let now = self.own_bytes(array)?.get(from..);
        let mut part = *now
            .and_then(<[u8]>::first_chunk)
            .ok_or(Fault::NoSuchMember)?;
        let Some(transaction) = &mut self.transaction else {
            return Ok(());
        };
        for (index, byte) in (from..).zip(&mut part) {
            if let Some(old) = transaction.undone(array, index) {
                *byte = *old;
            }
        }
        change(&mut part);
        for (index, byte) in (from..).zip(part) {
            if let Some(old) = transaction.undone(array, index) {
                *old = byte;
            }
        }
        Ok(())
    }

    pub(crate) fn store_static_reference(
        &mut self,
        package: PackageId,
        index: u16,
        value: ObjRef,
    ) -> Result<(), Stop> {
        let field = self
            .statics
            .get(usize::from(package.0))
            .and_then(|statics| statics.refs.get(usize::from(index)));
        let old = *field.ok_or(Fault::NoSuchMember)?;
        if old == value && self.transaction.is_none() {
            return Ok(());
        }
        self.log(Undo::StaticReference {
            package,
            index,
            old,
        })?;
        self.statics[usize::from(package.0)].refs[usize::from(index)] = value;
        self.dirty_statics.insert(package);
        Ok(())
    }

    pub(crate) fn store_static_bytes<const N: usize>(
        &mut self,
        package: PackageId,
        offset: u16,
        value: [u8; N],
    ) -> Result<(), Stop> {
        let from = usize::from(offset);
        let statics = self.statics.get(usize::from(package.0));
        let field = statics
            .and_then(|statics| statics.bytes.get(from..from + N))
            .ok_or(Fault::NoSuchMember)?;
        if self.transaction.is_some() {
            let mut old = [0; 4];
            old[..N].copy_from_slice(field);
            let size = u8::try_from(N).unwrap_or_default();
            self.log(Undo::StaticBytes {
                package,
                offset,
                size,
                old,
            })?;
        } else if *field == value {
            return Ok(());
        }
        self.statics[usize::from(package.0)].bytes[from..from + N].copy_from_slice(&value);
        self.dirty_statics.insert(package);
        Ok(())
    }

    /// Takes objects away and makes every reference to them null.
    pub(crate) fn free(&mut self, gone: &[ObjRef]) {
        if gone.is_empty() {
            return;
        }
        let mut dead = alloc::vec![false; self.heap.handles()];
        for obj in gone {
            if let Some(dead) = dead.get_mut(usize::from(obj.0)) {
                *dead = true;
            }
            self.heap.remove(*obj);
        }
        let is_dead = |obj: ObjRef| dead.get(usize::from(obj.0)).copied().unwrap_or_default();
        let mut changed = Vec::new();
        for (obj, object) in self.heap.iter_mut() {
            let mut touched = false;
            match &mut object.body {
                Body::Refs { refs, .. } => {
                    for reference in refs.iter_mut().filter(|reference| is_dead(**reference)) {
                        *reference = ObjRef::NULL;
                        touched = true;
                    }
                }
                Body::Instance { class, words } => {
                    let class = self
                        .classes
                        .get(usize::from(class.0))
                        .and_then(Option::as_ref);
                    for &(first, count) in class.iter().flat_map(|class| class.references.iter()) {
                        for word in words.iter_mut().skip(first.into()).take(count.into()) {
                            if is_dead(ObjRef(*word)) {
                                *word = 0;
                                touched = true;
                            }
                        }
                    }
                }
                Body::Boolean(_) | Body::Byte(_) | Body::Short(_) | Body::Int(_) => {}
            }
            if touched {
                changed.push(obj);
            }
        }
        changed.into_iter().for_each(|obj| {
            self.heap.mark_dirty(obj);
            self.heap.seal(obj);
        });
        for (package, statics) in (0..=u8::MAX).zip(&mut self.statics) {
            for field in statics.refs.iter_mut().filter(|field| is_dead(**field)) {
                *field = ObjRef::NULL;
                self.dirty_statics.insert(PackageId(package));
            }
        }
        let top = self.sp;
        for word in self.stack.iter_mut().take(top) {
            if word.as_reference().is_some_and(is_dead) {
                *word = crate::word::Word::reference(ObjRef::NULL);
            }
        }
        self.exceptions.retain(|_, obj| !is_dead(*obj));
    }
}
