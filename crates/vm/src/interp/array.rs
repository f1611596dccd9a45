//! Arrays (JCVM 3.0.5 §7.5: xaload, xastore, arraylength), behind the firewall (JCRE 3.0.5 §6.2.8.2).

use super::inner::Inner;
use super::operands::Operands;
use super::{Machine, Refusal};
use crate::error::{Fault, Stop};
use crate::exception::Exception;
use crate::firewall;
use crate::heap::{Body, Heap, Object};
use crate::ids::{ContextId, ObjRef};
use crate::memory::Atomicity;

impl Inner<'_> {
    /// An array that the active context may use.
    #[inline(always)]
    fn array(&self, array: ObjRef) -> Result<&Body, Refusal> {
        usable(self.heap, array, self.active.context, *self.selected).map(|object| &object.body)
    }

    /// §7.5 baload
    #[inline(always)]
    pub(super) fn baload(&mut self) -> Result<(), Refusal> {
        let (array, index) = pop_place(self)?;
        let value = match self.array(array)? {
            Body::Byte(bytes) | Body::Boolean(bytes) => element(bytes, index)?,
            _ => return Err(Fault::TypeConfusion.into()),
        };
        Ok(self.push_short(value.cast_signed().into())?)
    }

    /// §7.5 saload
    #[inline(always)]
    pub(super) fn saload(&mut self) -> Result<(), Refusal> {
        let (array, index) = pop_place(self)?;
        let value = match self.array(array)? {
            Body::Short(shorts) => element(shorts, index)?,
            _ => return Err(Fault::TypeConfusion.into()),
        };
        Ok(self.push_short(value)?)
    }

    /// §7.5 iaload
    #[inline(always)]
    pub(super) fn iaload(&mut self) -> Result<(), Refusal> {
        let (array, index) = pop_place(self)?;
        let value = match self.array(array)? {
            Body::Int(ints) => element(ints, index)?,
            _ => return Err(Fault::TypeConfusion.into()),
        };
        Ok(self.push_int(value)?)
    }

    /// §7.5 aaload
    #[inline(always)]
    pub(super) fn aaload(&mut self) -> Result<(), Refusal> {
        let (array, index) = pop_place(self)?;
        let value = match self.array(array)? {
            Body::Refs { refs, .. } => element(refs, index)?,
            _ => return Err(Fault::TypeConfusion.into()),
        };
        Ok(self.push_reference(value)?)
    }

    /// §7.5 arraylength
    #[inline(always)]
    pub(super) fn arraylength(&mut self) -> Result<(), Refusal> {
        let array = self.pop_reference()?;
        let length = match self.array(array)? {
            Body::Instance { .. } => return Err(Fault::TypeConfusion.into()),
            body => i16::try_from(body.len()).unwrap_or(i16::MAX),
        };
        Ok(self.push_short(length)?)
    }
}

impl Machine<'_> {
    /// An array that the active context may use.
    #[inline(always)]
    fn array(&self, array: ObjRef) -> Result<&Object, Refusal> {
        usable(&self.vm.heap, array, self.context(), self.vm.selected)
    }

    #[inline(always)]
    fn pop_place_and_short(&mut self) -> Result<(ObjRef, i16, i16), Fault> {
        let [array, index, value] = *self.top()?;
        self.regs.sp -= 3;
        match (array.as_reference(), index.as_short(), value.as_short()) {
            (Some(array), Some(index), Some(value)) => Ok((array, index, value)),
            _ => Err(Fault::TypeConfusion),
        }
    }

    /// §7.5 bastore: byte and boolean arrays, the low 8 bits.
    #[inline(always)]
    pub(super) fn bastore(&mut self) -> Result<(), Stop> {
        let (array, index, value) = self.pop_place_and_short()?;
        let place = self.array(array).and_then(|object| match &object.body {
            Body::Byte(_) | Body::Boolean(_) => inside(&object.body, index),
            _ => Err(Fault::TypeConfusion.into()),
        });
        let place = self.grant(place)?;
        self.vm.store(
            array,
            place,
            value.cast_unsigned().into(),
            Atomicity::Atomic,
        )
    }

    /// §7.5 sastore
    #[inline(always)]
    pub(super) fn sastore(&mut self) -> Result<(), Stop> {
        let (array, index, value) = self.pop_place_and_short()?;
        let place = self.array(array).and_then(|object| match &object.body {
            Body::Short(_) => inside(&object.body, index),
            _ => Err(Fault::TypeConfusion.into()),
        });
        let place = self.grant(place)?;
        self.vm.store(
            array,
            place,
            value.cast_unsigned().into(),
            Atomicity::Atomic,
        )
    }

    /// §7.5 iastore
    pub(super) fn iastore(&mut self) -> Result<(), Stop> {
        let value = self.pop_int()?;
        let (array, index) = pop_place(self)?;
        let place = self.array(array).and_then(|object| match &object.body {
            Body::Int(_) => inside(&object.body, index),
            _ => Err(Fault::TypeConfusion.into()),
        });
        let place = self.grant(place)?;
        self.vm
            .store(array, place, value.cast_unsigned(), Atomicity::Atomic)
    }

    /// §7.5 aastore
    pub(super) fn aastore(&mut self) -> Result<(), Stop> {
        let value = self.pop_reference()?;
        let (array, index) = pop_place(self)?;
        let place = self.reference_place(array, index, value);
        let place = self.grant(place)?;
        self.vm
            .store(array, place, value.0.into(), Atomicity::Atomic)
    }

    fn reference_place(&self, array: ObjRef, index: i16, value: ObjRef) -> Result<usize, Refusal> {
        // The reference's own rule comes before the array's: JCRE 3.0.5 §6.2.8.2.
        self.object(array)?;
        if !value.is_null() && !firewall::may_store(self.context(), self.object(value)?) {
            return Err(Exception::Security.into());
        }
        let object = self.array(array)?;
        let Body::Refs { element, .. } = &object.body else {
            return Err(Fault::TypeConfusion.into());
        };
        let place = inside(&object.body, index)?;
        if !value.is_null()
            && !self
                .vm
                .is_subclass(self.vm.class_of(self.object(value)?), *element)
        {
            return Err(Exception::ArrayStore.into());
        }
        Ok(place)
    }
}

/// An array that a context may use.
#[inline(always)]
fn usable(
    heap: &Heap,
    array: ObjRef,
    context: ContextId,
    selected: ContextId,
) -> Result<&Object, Refusal> {
    let object = heap.object(array)?;
    if firewall::may_use_array(context, object)
        && firewall::may_use_transient(context, object, selected)
    {
        Ok(object)
    } else {
        Err(Exception::Security.into())
    }
}

#[inline(always)]
fn pop_place(operands: &mut impl Operands) -> Result<(ObjRef, i16), Fault> {
    let [array, index] = *operands.top()?;
    operands.registers().sp -= 2;
    let place = array.as_reference().zip(index.as_short());
    place.ok_or(Fault::TypeConfusion)
}

/// An array element at an index, copied.
#[inline(always)]
fn element<T: Copy>(elements: &[T], index: i16) -> Result<T, Refusal> {
    let found = usize::try_from(index)
        .ok()
        .and_then(|index| elements.get(index));
    found
        .copied()
        .ok_or(Refusal::Exception(Exception::ArrayIndexOutOfBounds))
}

/// Whether an index is inside an array.
fn inside(body: &Body, index: i16) -> Result<usize, Refusal> {
    let found = usize::try_from(index)
        .ok()
        .filter(|index| *index < body.len());
    found.ok_or(Refusal::Exception(Exception::ArrayIndexOutOfBounds))
}
