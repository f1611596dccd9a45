//! Objects and the memory they live in.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::class::OBJECT;
use crate::error::Fault;
use crate::exception::{Exception, Refusal};
use crate::ids::{ClassIndex, ObjRef, Owner};
use crate::memory::{ArrayKind, Limits, Storage};

/// What an object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Fields, a word each; which are references is the class's to say.
    Instance {
        class: ClassIndex,
        words: Box<[u16]>,
    },
    Boolean(Box<[u8]>),
    Byte(Box<[u8]>),
    Short(Box<[i16]>),
    Int(Box<[i32]>),
    Refs {
        element: ClassIndex,
        refs: Box<[ObjRef]>,
    },
}

impl Body {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Instance { words, .. } => words.len(),
            Self::Boolean(bytes) | Self::Byte(bytes) => bytes.len(),
            Self::Short(shorts) => shorts.len(),
            Self::Int(ints) => ints.len(),
            Self::Refs { refs, .. } => refs.len(),
        }
    }

    /// Bytes that the content takes on a card.
    pub(crate) fn size(&self) -> usize {
        self.len()
            * match self {
                Self::Boolean(_) | Self::Byte(_) => 1,
                Self::Instance { .. } | Self::Short(_) | Self::Refs { .. } => 2,
                Self::Int(_) => 4,
            }
    }

    pub(crate) fn array_kind(&self) -> Option<ArrayKind> {
        match self {
            Self::Instance { .. } => None,
            Self::Boolean(_) => Some(ArrayKind::Boolean),
            Self::Byte(_) => Some(ArrayKind::Byte),
            Self::Short(_) => Some(ArrayKind::Short),
            Self::Int(_) => Some(ArrayKind::Int),
            Self::Refs { element, .. } => Some(ArrayKind::Ref(Some(*element))),
        }
    }

    /// Puts `value` at an index that is inside, keeps the bits that fit, and gives what was there.
    pub(crate) fn replace(&mut self, index: usize, value: u32) -> Option<u32> {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a cell keeps the low bits of what is stored in it"
        )]
        let (byte, half) = (value as u8, value as u16);
        Some(match self {
            Self::Instance { words, .. } => core::mem::replace(words.get_mut(index)?, half).into(),
            Self::Boolean(bytes) | Self::Byte(bytes) => {
                core::mem::replace(bytes.get_mut(index)?, byte).into()
            }
            Self::Short(shorts) => core::mem::replace(shorts.get_mut(index)?, half.cast_signed())
                .cast_unsigned()
                .into(),
            Self::Int(ints) => {
                core::mem::replace(ints.get_mut(index)?, value.cast_signed()).cast_unsigned()
            }
            Self::Refs { refs, .. } => core::mem::replace(refs.get_mut(index)?, ObjRef(half))
                .0
                .into(),
        })
    }

    /// What a cell keeps of a value.
    #[inline(always)]
    pub(crate) fn cut(&self, value: u32) -> u32 {
        match self {
            Self::Boolean(_) | Self::Byte(_) => value & 0xFF,
            Self::Int(_) => value,
            Self::Instance { .. } | Self::Short(_) | Self::Refs { .. } => value & 0xFFFF,
        }
    }

    /// The bytes of a byte or boolean array.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> Result<&[u8], Fault> {
        match self {
            Self::Boolean(bytes) | Self::Byte(bytes) => Ok(bytes),
            _ => Err(Fault::TypeConfusion),
        }
    }

    #[inline(always)]
    pub(crate) fn bytes_mut(&mut self) -> Result<&mut [u8], Fault> {
        match self {
            Self::Boolean(bytes) | Self::Byte(bytes) => Ok(bytes),
            _ => Err(Fault::TypeConfusion),
        }
    }

    /// The two words of an int field, of an instance.
    pub(crate) fn int_field_mut(&mut self, index: usize) -> Option<&mut [u16; 2]> {
        match self {
            Self::Instance { words, .. } => words.get_mut(index..)?.first_chunk_mut(),
            _ => None,
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Self::Instance { words, .. } => words.fill(0),
            Self::Boolean(bytes) | Self::Byte(bytes) => bytes.fill(0),
            Self::Short(shorts) => shorts.fill(0),
            Self::Int(ints) => ints.fill(0),
            Self::Refs { refs, .. } => refs.fill(ObjRef::NULL),
        }
    }

    pub(crate) fn new_array(kind: ArrayKind, length: usize) -> Self {
        match kind {
            ArrayKind::Boolean => Self::Boolean(vec![0; length].into_boxed_slice()),
            ArrayKind::Byte => Self::Byte(vec![0; length].into_boxed_slice()),
            ArrayKind::Short => Self::Short(vec![0; length].into_boxed_slice()),
            ArrayKind::Int => Self::Int(vec![0; length].into_boxed_slice()),
            ArrayKind::Ref(element) => Self::Refs {
                element: element.unwrap_or(OBJECT),
                refs: vec![ObjRef::NULL; length].into_boxed_slice(),
            },
        }
    }
}

/// An object with what the firewall and the memory manager know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) owner: Owner,
    pub(crate) storage: Storage,
    pub(crate) flags: u8,
    pub(crate) body: Body,
}

impl Object {
    /// A global array.
    pub(crate) const GLOBAL: u8 = 0x01;
    /// A permanent JCRE entry point object.
    pub(crate) const PERMANENT: u8 = 0x02;
    /// A temporary JCRE entry point object.
    pub(crate) const TEMPORARY: u8 = 0x04;
    /// Among the changes that are not yet taken.
    pub(crate) const DIRTY: u8 = 0x08;
    /// Made in the transaction in progress.
    pub(crate) const NEW: u8 = 0x10;
    /// An integrity-sensitive array.
    pub(crate) const SENSITIVE: u8 = 0x20;

    #[inline(always)]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    #[inline(always)]
    pub(crate) fn is_entry_point(&self) -> bool {
        self.has(Self::PERMANENT | Self::TEMPORARY)
    }
}

/// What an object costs beside its content, on a card.
const HEADER: usize = 8;

/// All objects, by handle.
#[derive(Clone, Debug)]
pub(crate) struct Heap {
    /// Index 0 is null and always empty.
    slots: Vec<Option<Object>>,
    free: Vec<u16>,
    /// Handles of persistent objects that changed, or went, since the last [`Self::take_dirty`].
    dirty: Vec<u16>,
    /// Checksums of integrity-sensitive arrays, by handle.
    pub(crate) seals: BTreeMap<u16, u32>,
    limits: [usize; 3],
    used: [usize; 3],
    /// How much may be in use, and how many handles, until garbage is worth looking for.
    collect_at: ([usize; 3], usize),
    /// Whether there was no room for an object since the last collection.
    was_short: bool,
}

impl Heap {
    pub(crate) fn new(limits: &Limits) -> Self {
        let mut heap = Self {
            slots: vec![None],
            free: Vec::new(),
            dirty: Vec::new(),
            seals: BTreeMap::new(),
            limits: [
                limits.persistent,
                limits.transient_reset,
                limits.transient_deselect,
            ],
            used: [0; 3],
            collect_at: ([0; 3], 0),
            was_short: false,
        };
        heap.look_again();
        heap
    }

    /// At first and after a collection: when to look for garbage. Memory is low in the last eighth of it; after a
    /// collection that freed little, in the last half of what is left.
    pub(crate) fn look_again(&mut self) {
        let next = |limit: usize, used: usize| {
            let low = limit - limit / 8;
            low.max(used + limit.saturating_sub(used).div_ceil(2))
        };
        let bytes = [0, 1, 2].map(|i| next(self.limits[i], self.used[i]));
        let handles = next(usize::from(u16::MAX), self.handles_used());
        self.collect_at = (bytes, handles);
        self.was_short = false;
    }

    /// Whether there is so little room that garbage is worth looking for.
    pub(crate) fn is_low(&self) -> bool {
        let (bytes, handles) = self.collect_at;
        self.was_short || self.handles_used() >= handles || (0..3).any(|i| self.used[i] >= bytes[i])
    }

    fn handles_used(&self) -> usize {
        self.slots.len() - 1 - self.free.len()
    }

    fn has_handle(&self) -> bool {
        !self.free.is_empty() || self.slots.len() <= usize::from(u16::MAX)
    }

    fn charges(storage: Storage, size: usize) -> [usize; 3] {
        match storage {
            Storage::Persistent => [HEADER + size, 0, 0],
            Storage::ClearOnReset => [HEADER, size, 0],
            Storage::ClearOnDeselect => [HEADER, 0, size],
            Storage::Session => [0; 3],
        }
    }

    pub(crate) fn free_bytes(&self, storage: Storage) -> usize {
        let kind = match storage {
            Storage::Persistent => 0,
            Storage::ClearOnReset | Storage::Session => 1,
            Storage::ClearOnDeselect => 2,
        };
        if !self.has_handle() {
            return 0;
        }
        self.limits[kind].saturating_sub(self.used[kind])
    }

    /// Whether another object of this size has room; if not, a collection is due.
    pub(crate) fn find_room(&mut self, storage: Storage, size: usize) -> bool {
        let charges = Self::charges(storage, size);
        let found =
            (0..3).all(|i| self.used[i] + charges[i] <= self.limits[i]) && self.has_handle();
        self.was_short |= !found;
        found
    }

    /// Adds an object, if there is room.
    pub(crate) fn add(&mut self, object: Object) -> Option<ObjRef> {
        if !self.find_room(object.storage, object.body.size()) {
            return None;
        }
        let handle = match self.free.pop() {
            Some(handle) => handle,
            None => {
                let handle = u16::try_from(self.slots.len()).ok()?;
                self.slots.push(None);
                handle
            }
        };
        self.place(handle, object);
        self.mark_dirty(ObjRef(handle));
        Some(ObjRef(handle))
    }

    fn place(&mut self, handle: u16, object: Object) {
        let charges = Self::charges(object.storage, object.body.size());
        for (used, charge) in self.used.iter_mut().zip(charges) {
            *used += charge;
        }
        self.slots[usize::from(handle)] = Some(object);
    }

    /// Puts an object back under its handle, when a card is restored.
    pub(crate) fn restore(&mut self, handle: u16, object: Object) {
        let index = usize::from(handle);
        if self.slots.len() <= index {
            self.slots.resize(index + 1, None);
        }
        self.place(handle, object);
    }

    /// After the last [`Self::restore`]: finds the handles that are free.
    pub(crate) fn restored(&mut self) {
        self.slots.shrink_to_fit();
        self.free = (1..self.slots.len())
            .rev()
            .filter(|index| self.slots[*index].is_none())
            .filter_map(|index| u16::try_from(index).ok())
            .collect();
        self.look_again();
        self.seal_all();
    }

    #[inline(always)]
    pub(crate) fn get(&self, obj: ObjRef) -> Result<&Object, Fault> {
        match self.slots.get(usize::from(obj.0)) {
            Some(Some(object)) => Ok(object),
            _ => Err(Fault::DanglingReference),
        }
    }

    /// The object that code refers to.
    #[inline(always)]
    pub(crate) fn object(&self, obj: ObjRef) -> Result<&Object, Refusal> {
        if obj.is_null() {
            return Err(Exception::NullPointer.into());
        }
        Ok(self.get(obj)?)
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, obj: ObjRef) -> Result<&mut Object, Fault> {
        match self.slots.get_mut(usize::from(obj.0)) {
            Some(Some(object)) => Ok(object),
            _ => Err(Fault::DanglingReference),
        }
    }

    /// Two different objects.
    #[inline(always)]
    pub(crate) fn get_two(
        &mut self,
        first: ObjRef,
        second: ObjRef,
    ) -> Result<(&mut Object, &mut Object), Fault> {
        let handles = [usize::from(first.0), usize::from(second.0)];
        match self.slots.get_disjoint_mut(handles) {
            Ok([Some(first), Some(second)]) => Ok((first, second)),
            _ => Err(Fault::DanglingReference),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ObjRef, &Object)> {
        let numbered = (0..=u16::MAX).zip(&self.slots);
        numbered
            .filter_map(|(handle, object)| object.as_ref().map(|object| (ObjRef(handle), object)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (ObjRef, &mut Object)> {
        let numbered = (0..=u16::MAX).zip(&mut self.slots);
        numbered
            .filter_map(|(handle, object)| object.as_mut().map(|object| (ObjRef(handle), object)))
    }

    /// One more than the highest handle.
    pub(crate) fn handles(&self) -> usize {
        self.slots.len()
    }

    /// Notes that an object has changed, unless it is noted or lives only for the session.
    #[inline(always)]
    pub(crate) fn mark_dirty(&mut self, obj: ObjRef) {
        if let Some(Some(object)) = self.slots.get_mut(usize::from(obj.0))
            && !object.has(Object::DIRTY)
            && object.storage != Storage::Session
        {
            object.flags |= Object::DIRTY;
            self.dirty.push(obj.0);
        }
    }

    pub(crate) fn remove(&mut self, obj: ObjRef) {
        let Some(object) = self
            .slots
            .get_mut(usize::from(obj.0))
            .and_then(Option::take)
        else {
            return;
        };
        let charges = Self::charges(object.storage, object.body.size());
        for (used, charge) in self.used.iter_mut().zip(charges) {
            *used = used.saturating_sub(charge);
        }
        if !object.has(Object::DIRTY) && object.storage != Storage::Session {
            self.dirty.push(obj.0);
        }
        if object.has(Object::SENSITIVE) {
            self.seals.remove(&obj.0);
        }
        self.free.push(obj.0);
    }

    /// Whether no object is noted as changed.
    pub(crate) fn is_clean(&self) -> bool {
        self.dirty.is_empty()
    }

    /// The handles that changed, each once, in order; `keep` says which stay noted.
    pub(crate) fn take_dirty(&mut self, keep: impl Fn(&Object) -> bool) -> Vec<u16> {
        let mut taken = core::mem::take(&mut self.dirty);
        taken.sort_unstable();
        taken.dedup();
        taken.retain(|handle| match self.slots.get_mut(usize::from(*handle)) {
            Some(Some(object)) if keep(object) => {
                self.dirty.push(*handle);
                false
            }
            Some(Some(object)) => {
                object.flags &= !Object::DIRTY;
                true
            }
            _ => true,
        });
        taken
    }
}
