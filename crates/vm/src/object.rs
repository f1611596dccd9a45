//! Objects as natives see them: made, asked, read and written, the firewall checked against the context that they name.

use alloc::vec::Vec;
use core::ops::Range;

use crate::class::{OBJECT, Origin, api_index};
use crate::error::{Fault, Stop};
use crate::exception::{Exception, Refusal};
use crate::firewall;
use crate::heap::{Body, Object};
use crate::ids::{ClassIndex, ContextId, ObjRef, Owner};
use crate::layout::FieldKind;
use crate::memory::{ArrayKind, Atomicity, EntryPoint, Storage};
use crate::value::Value;
use crate::vm::Vm;

/// How many bytes are copied, filled, compared or made in the time of a branch.
const BYTES_A_STEP: u64 = 64;

impl Vm {
    /// A new object of an API class or interface, fields zero and null. Abstract classes and interfaces too: the object
    /// stands for the implementation that the platform gives out.
    pub fn new_instance(
        &mut self,
        class: &str,
        owner: Owner,
        storage: Storage,
    ) -> Result<ObjRef, Stop> {
        let class = self.api_class_by_name(class).ok_or(Fault::NoSuchMember)?;
        self.new_object(class, owner, storage)
    }

    pub(crate) fn new_object(
        &mut self,
        class: ClassIndex,
        owner: Owner,
        storage: Storage,
    ) -> Result<ObjRef, Stop> {
        let words = self.class(class).ok_or(Fault::NoSuchMember)?.words;
        if !self.heap.find_room(storage, usize::from(words) * 2) {
            return Err(self.throw_vm(Exception::NoResource));
        }
        let words = alloc::vec![0; words.into()].into_boxed_slice();
        self.allocate(owner, storage, Body::Instance { class, words })
    }

    /// A new array, its elements zero or null. Throws `NegativeArraySizeException`, or `SystemException` when there is
    /// no room.
    pub fn new_array(
        &mut self,
        kind: ArrayKind,
        length: i16,
        owner: Owner,
        storage: Storage,
    ) -> Result<ObjRef, Stop> {
        let Ok(length) = usize::try_from(length) else {
            return Err(self.throw_vm(Exception::NegativeArraySize));
        };
        let size = match kind {
            ArrayKind::Boolean | ArrayKind::Byte => length,
            ArrayKind::Short | ArrayKind::Ref(_) => length * 2,
            ArrayKind::Int => length * 4,
        };
        if !self.heap.find_room(storage, size) {
            let transient = matches!(storage, Storage::ClearOnReset | Storage::ClearOnDeselect);
            let lack = if transient {
                Exception::NoTransientSpace
            } else {
                Exception::NoResource
            };
            return Err(self.throw_vm(lack));
        }
        self.charge(u64::try_from(size).unwrap_or(u64::MAX) / BYTES_A_STEP)?;
        self.allocate(owner, storage, Body::new_array(kind, length))
    }

    fn allocate(&mut self, owner: Owner, storage: Storage, body: Body) -> Result<ObjRef, Stop> {
        match self.heap.add(Object {
            owner,
            storage,
            flags: 0,
            body,
        }) {
            Some(obj) => {
                // What lives for the session is the JCRE's and no part of an applet's transaction.
                if storage != Storage::Session {
                    self.note_created(obj);
                }
                Ok(obj)
            }
            None => Err(self.throw_vm(Exception::NoResource)),
        }
    }

    /// The class of an element of a reference array, for [`ArrayKind::Ref`].
    pub fn class_index(&mut self, class: &str) -> Option<ClassIndex> {
        self.api_class_by_name(class)
    }

    /// Makes an object of the JCRE's an entry point (JCRE 3.0.5 §6.2.1).
    pub fn set_entry_point(&mut self, obj: ObjRef, kind: EntryPoint) -> Result<(), Fault> {
        let object = self.heap.get_mut(obj)?;
        object.flags |= match kind {
            EntryPoint::Permanent => Object::PERMANENT,
            EntryPoint::Temporary => Object::TEMPORARY,
        };
        self.heap.mark_dirty(obj);
        Ok(())
    }

    /// Makes an array of the JCRE's global (JCRE 3.0.5 §6.2.2).
    pub fn set_global_array(&mut self, array: ObjRef) -> Result<(), Fault> {
        let object = self.heap.get_mut(array)?;
        if matches!(object.body, Body::Instance { .. }) {
            return Err(Fault::TypeConfusion);
        }
        object.flags |= Object::GLOBAL;
        self.heap.mark_dirty(array);
        Ok(())
    }

    /// Takes objects away at once and makes every reference to them null. For objects of the JCRE's that it gave out for a
    /// time only.
    pub fn discard(&mut self, objects: &[ObjRef]) {
        self.free(objects);
    }

    /// Whether it is a global array.
    pub fn is_global_array(&self, obj: ObjRef) -> Result<bool, Fault> {
        Ok(self.heap.get(obj)?.has(Object::GLOBAL))
    }

    /// Who owns an object.
    pub fn owner(&self, obj: ObjRef) -> Result<Owner, Fault> {
        Ok(self.heap.get(obj)?.owner)
    }

    /// How an object's content is kept.
    pub fn storage(&self, obj: ObjRef) -> Result<Storage, Fault> {
        Ok(self.heap.get(obj)?.storage)
    }

    /// An API class's name; for an applet's class that of its nearest superclass in the API; `None` for an array.
    pub fn class_name(&self, obj: ObjRef) -> Result<Option<&'static str>, Fault> {
        let Body::Instance { class, .. } = &self.heap.get(obj)?.body else {
            return Ok(None);
        };
        let class = self.class(*class).ok_or(Fault::NoSuchMember)?;
        let names =
            class
                .ancestors
                .iter()
                .rev()
                .filter_map(|index| match self.class(*index)?.origin {
                    Origin::Api(row) => Some(row.get().name),
                    Origin::Package { .. } => None,
                });
        Ok(names.into_iter().next())
    }

    /// Whether the object is an instance of an API class or interface. An array is an `Object` only.
    pub fn is_instance(&self, obj: ObjRef, class: &str) -> Result<bool, Fault> {
        let row = hydra_cap::api::class(class).ok_or(Fault::NoSuchMember)?;
        self.is_instance_of(obj, row.id)
    }

    /// [`Self::is_instance`] for a class that is known when this is compiled, see [`hydra_cap::api::class_id`].
    pub fn is_instance_of(
        &self,
        obj: ObjRef,
        class: hydra_cap::api::ClassId,
    ) -> Result<bool, Fault> {
        let object = self.heap.get(obj)?;
        Ok(self.is_subclass(self.class_of(object), api_index(class)))
    }

    /// Whether the object's class implements a shareable interface.
    pub fn is_shareable(&self, obj: ObjRef) -> Result<bool, Fault> {
        let class = self.class_of(self.heap.get(obj)?);
        Ok(self.class(class).is_some_and(|class| class.shareable))
    }

    #[inline]
    pub(crate) fn class_of(&self, object: &Object) -> ClassIndex {
        match &object.body {
            Body::Instance { class, .. } => *class,
            _ => OBJECT,
        }
    }

    /// An array's kind and length; `None` for an instance.
    pub fn array(&self, obj: ObjRef) -> Result<Option<(ArrayKind, u16)>, Fault> {
        let body = &self.heap.get(obj)?.body;
        Ok(body
            .array_kind()
            .map(|kind| (kind, u16::try_from(body.len()).unwrap_or(u16::MAX))))
    }

    /// A native field word, with the JCRE's rights.
    pub fn field(&self, obj: ObjRef, word: u16) -> Result<Value, Fault> {
        let Body::Instance { class, words } = &self.heap.get(obj)?.body else {
            return Err(Fault::TypeConfusion);
        };
        let value = *words.get(usize::from(word)).ok_or(Fault::NoSuchMember)?;
        Ok(
            match self
                .class(*class)
                .ok_or(Fault::NoSuchMember)?
                .field_kind(word)
            {
                FieldKind::Ref => Value::Ref(ObjRef(value)),
                FieldKind::Short => Value::Short(value.cast_signed()),
            },
        )
    }

    /// Writes a native field word, with the JCRE's rights. A reference always takes part in the transaction in
    /// progress, since what it refers to may.
    pub fn set_field(
        &mut self,
        obj: ObjRef,
        word: u16,
        value: Value,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        let kinds = (self.field(obj, word)?, value);
        match kinds {
            (Value::Short(_), Value::Short(value)) => {
                self.store(obj, word.into(), value.cast_unsigned().into(), atomicity)
            }
            (Value::Ref(_), Value::Ref(value)) => {
                if !value.is_null() {
                    self.heap.get(value)?;
                }
                self.store(obj, word.into(), value.0.into(), Atomicity::Atomic)
            }
            _ => Err(Fault::TypeConfusion.into()),
        }
    }

    /// The kind of each field word of an object.
    pub fn field_kinds(&self, obj: ObjRef) -> Result<Vec<FieldKind>, Fault> {
        let Body::Instance { class, .. } = &self.heap.get(obj)?.body else {
            return Err(Fault::TypeConfusion);
        };
        let class = self.class(*class).ok_or(Fault::NoSuchMember)?;
        Ok((0..class.words)
            .map(|word| class.field_kind(word))
            .collect())
    }

    /// An object that `context` passes to the API, if it may use it.
    #[inline(always)]
    fn accessible(&self, obj: ObjRef, context: ContextId) -> Result<&Object, Refusal> {
        if obj.is_null() {
            return Err(Exception::NullPointer.into());
        }
        let object = self.heap.get(obj)?;
        let allowed = match object.body {
            Body::Instance { .. } => firewall::may_name(context, object),
            _ => firewall::may_use_array(context, object),
        };
        if allowed && firewall::may_use_transient(context, object, self.selected) {
            return Ok(object);
        }
        Err(Exception::Security.into())
    }

    /// Whether `context` may use an object that it passes to the API: throws `NullPointerException` or
    /// `SecurityException`.
    pub fn check_access(&mut self, obj: ObjRef, context: ContextId) -> Result<(), Stop> {
        match self.accessible(obj, context) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Whether `context` may let a native keep a reference that it passes: throws `SecurityException` for temporary entry
    /// points and global arrays (JCRE 3.0.5 §6.2.1, §6.2.2).
    pub fn check_store(&mut self, obj: ObjRef, context: ContextId) -> Result<(), Stop> {
        if obj.is_null() || firewall::may_store(context, self.heap.get(obj)?) {
            return Ok(());
        }
        Err(self.throw_vm(Exception::Security))
    }

    /// The bytes of a byte or boolean array, if `context` may read it; else throws as [`check_access`](Self::check_access).
    pub fn bytes(&mut self, array: ObjRef, context: ContextId) -> Result<&[u8], Stop> {
        self.check_access(array, context)?;
        Ok(self.own_bytes(array)?)
    }

    /// The bytes of a byte or boolean array, with the JCRE's rights.
    pub fn own_bytes(&self, array: ObjRef) -> Result<&[u8], Fault> {
        self.heap.get(array)?.body.bytes()
    }

    /// The bytes of an array that lives for the session, with the JCRE's rights, to write: no transaction and no medium
    /// knows of them. A fault for any other array.
    pub fn session_bytes(&mut self, array: ObjRef) -> Result<&mut [u8], Fault> {
        let object = self.heap.get_mut(array)?;
        if object.storage != Storage::Session || object.has(Object::SENSITIVE) {
            return Err(Fault::TypeConfusion);
        }
        object.body.bytes_mut()
    }

    /// Where in an array these bytes are.
    #[inline(always)]
    fn place(
        &self,
        array: ObjRef,
        offset: i16,
        length: i16,
        context: ContextId,
    ) -> Result<Range<usize>, Refusal> {
        let size = self.accessible(array, context)?.body.bytes()?.len();
        range(size, offset, length)
    }

    /// Takes the steps that an applet's bytes are worth; the runtime's own are free.
    #[inline(always)]
    fn charge_bytes(&mut self, length: i16, context: ContextId) -> Result<(), Fault> {
        match u64::try_from(length) {
            Ok(length) if context != ContextId::JCRE => self.charge(length / BYTES_A_STEP),
            _ => Ok(()),
        }
    }

    /// `length` bytes from `offset`; throws `ArrayIndexOutOfBoundsException` if they are not all inside.
    pub fn byte_range(
        &mut self,
        array: ObjRef,
        offset: i16,
        length: i16,
        context: ContextId,
    ) -> Result<&[u8], Stop> {
        self.charge_bytes(length, context)?;
        match self.place(array, offset, length, context) {
            Ok(range) => Ok(self.own_bytes(array)?.get(range).unwrap_or_default()),
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Two such ranges, the first checked before the second.
    pub fn byte_ranges(
        &mut self,
        (first, first_offset): (ObjRef, i16),
        (second, second_offset): (ObjRef, i16),
        length: i16,
        context: ContextId,
    ) -> Result<(&[u8], &[u8]), Stop> {
        self.charge_bytes(length, context)?;
        let places = self
            .place(first, first_offset, length, context)
            .and_then(|place| Ok((place, self.place(second, second_offset, length, context)?)));
        match places {
            Ok((a, b)) => Ok((
                self.own_bytes(first)?.get(a).unwrap_or_default(),
                self.own_bytes(second)?.get(b).unwrap_or_default(),
            )),
            Err(refusal) => Err(self.refuse(refusal)),
        }
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
        let place = match i16::try_from(bytes.len()) {
            Ok(length) => {
                self.charge_bytes(length, context)?;
                self.place(array, offset, length, context)
            }
            // No array is as long.
            Err(_) => self
                .accessible(array, context)
                .and(Err(Exception::ArrayIndexOutOfBounds.into())),
        };
        match place {
            Ok(place) => {
                if self.is_settled((array, place.clone()), context, |now| now == bytes)? {
                    return Ok(());
                }
                self.store_bytes(array, place.start, bytes, atomicity)
            }
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Sets bytes of a byte or boolean array to a value.
    pub fn fill_bytes(
        &mut self,
        (array, offset): (ObjRef, i16),
        length: i16,
        value: u8,
        context: ContextId,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        self.charge_bytes(length, context)?;
        match self.place(array, offset, length, context) {
            Ok(place) => {
                let same = |now: &[u8]| now.iter().all(|byte| *byte == value);
                if self.is_settled((array, place.clone()), context, same)? {
                    return Ok(());
                }
                self.store_range(array, place, atomicity, |bytes| bytes.fill(value))
            }
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Copies within or between byte arrays; they may overlap.
    pub fn copy_bytes(
        &mut self,
        (from, from_offset): (ObjRef, i16),
        (to, to_offset): (ObjRef, i16),
        length: i16,
        context: ContextId,
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        self.charge_bytes(length, context)?;
        let places = || {
            let from_size = self.accessible(from, context)?.body.bytes()?.len();
            let to_size = self.accessible(to, context)?.body.bytes()?.len();
            let source = range(from_size, from_offset, length)?;
            Ok((source, range(to_size, to_offset, length)?))
        };
        match places() {
            Ok((source, target)) => {
                let now = self.own_bytes(from)?.get(source.clone());
                if self.is_settled((to, target.clone()), context, |old| now == Some(old))? {
                    return Ok(());
                }
                self.copy_range((from, source), (to, target.start), atomicity)
            }
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// An element of an array of any kind.
    pub fn element(
        &mut self,
        array: ObjRef,
        index: i16,
        context: ContextId,
    ) -> Result<Value, Stop> {
        self.check_access(array, context)?;
        let found =
            usize::try_from(index)
                .ok()
                .and_then(|i| match &self.heap.get(array).ok()?.body {
                    Body::Boolean(bytes) | Body::Byte(bytes) => bytes
                        .get(i)
                        .map(|byte| Value::Short(byte.cast_signed().into())),
                    Body::Short(shorts) => shorts.get(i).copied().map(Value::Short),
                    Body::Int(ints) => ints.get(i).copied().map(Value::Int),
                    Body::Refs { refs, .. } => refs.get(i).copied().map(Value::Ref),
                    Body::Instance { .. } => None,
                });
        found.ok_or_else(|| self.throw_vm(Exception::ArrayIndexOutOfBounds))
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
        let before = self.element(array, index, context)?;
        let index = usize::try_from(index).map_err(|_| Fault::NoSuchMember)?;
        match (before, value) {
            (Value::Short(_), Value::Short(value)) => {
                self.store(array, index, value.cast_unsigned().into(), atomicity)
            }
            (Value::Int(_), Value::Int(value)) => {
                self.store(array, index, value.cast_unsigned(), atomicity)
            }
            (Value::Ref(_), Value::Ref(value)) => {
                if !value.is_null() {
                    let object = self.heap.get(value)?;
                    let element = match &self.heap.get(array)?.body {
                        Body::Refs { element, .. } => *element,
                        _ => return Err(Fault::TypeConfusion.into()),
                    };
                    if !firewall::may_store(context, object) {
                        return Err(self.throw_vm(Exception::Security));
                    }
                    if !self.is_subclass(self.class_of(object), element) {
                        return Err(self.throw_vm(Exception::ArrayStore));
                    }
                }
                self.store(array, index, value.0.into(), Atomicity::Atomic)
            }
            _ => Err(Fault::TypeConfusion.into()),
        }
    }
}

/// A range of an array of this size.
#[inline(always)]
fn range(size: usize, offset: i16, length: i16) -> Result<Range<usize>, Refusal> {
    match (usize::try_from(offset), usize::try_from(length)) {
        (Ok(offset), Ok(length)) if offset + length <= size => Ok(offset..offset + length),
        _ => Err(Exception::ArrayIndexOutOfBounds.into()),
    }
}
