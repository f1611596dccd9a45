//! Fields (JCVM 3.0.5 §7.5: getfield, putfield, getstatic, putstatic), behind the firewall (JCRE 3.0.5 §6.2.8.1 and
//! §6.2.8.3).

use super::inner::Inner;
use super::operands::Operands;
use super::{Machine, Refusal, arith};
use crate::class::{Classes, is_subclass};
use crate::error::{Fault, Stop};
use crate::exception::Exception;
use crate::firewall;
use crate::heap::{Body, Heap};
use crate::ids::{ContextId, ObjRef};
use crate::memory::Atomicity;
use crate::package::Entry;
use crate::word::Word;

impl Inner<'_> {
    /// An object on the operand stack, and which of its fields.
    #[inline(always)]
    pub(super) fn field(&mut self) -> Result<(ObjRef, Entry), Fault> {
        let index = self.u1()?.into();
        Ok((self.pop_reference()?, self.entry(index)?))
    }

    /// The same with a wide index.
    #[inline(always)]
    pub(super) fn field_w(&mut self) -> Result<(ObjRef, Entry), Fault> {
        let index = self.u2()?;
        Ok((self.pop_reference()?, self.entry(index)?))
    }

    /// `this`, and which of its fields.
    #[inline(always)]
    pub(super) fn field_of_this(&mut self) -> Result<(ObjRef, Entry), Fault> {
        let index = self.u1()?.into();
        Ok((this(self.locals)?, self.entry(index)?))
    }

    #[inline(always)]
    fn entry(&self, index: u16) -> Result<Entry, Fault> {
        self.package.entry(index).ok_or(Fault::IllegalInstruction)
    }

    #[inline(always)]
    fn words(&self, obj: ObjRef, entry: Entry) -> Result<(&[u16], usize), Refusal> {
        words(self.heap, self.classes, self.active.context, obj, entry)
    }

    #[inline(always)]
    fn word(&self, obj: ObjRef, entry: Entry) -> Result<u16, Refusal> {
        let (words, at) = self.words(obj, entry)?;
        words.get(at).copied().ok_or(Fault::NoSuchMember.into())
    }

    /// §7.5 getfield_a and its other forms
    #[inline(always)]
    pub(super) fn get_a(&mut self, (obj, entry): (ObjRef, Entry)) -> Result<(), Refusal> {
        let word = self.word(obj, entry)?;
        Ok(self.push_reference(ObjRef(word))?)
    }

    /// §7.5 getfield_b, getfield_s and their other forms: bytes are kept widened.
    #[inline(always)]
    pub(super) fn get_s(&mut self, (obj, entry): (ObjRef, Entry)) -> Result<(), Refusal> {
        let word = self.word(obj, entry)?;
        Ok(self.push_short(word.cast_signed())?)
    }

    /// §7.5 getfield_i and its other forms
    #[inline(always)]
    pub(super) fn get_i(&mut self, (obj, entry): (ObjRef, Entry)) -> Result<(), Refusal> {
        let (words, at) = self.words(obj, entry)?;
        let Some(&[high, low]) = words.get(at..at + 2) else {
            return Err(Fault::NoSuchMember.into());
        };
        let value = (u32::from(high) << 16 | u32::from(low)).cast_signed();
        Ok(self.push_int(value)?)
    }
}

impl Machine<'_> {
    #[inline(always)]
    pub(super) fn field_byte_index(
        &mut self,
        handler: impl Fn(&mut Self, Entry) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let index = self.u1()?.into();
        let entry = self.entry(index)?;
        handler(self, entry)
    }

    #[inline(always)]
    pub(super) fn field_short_index(
        &mut self,
        handler: impl Fn(&mut Self, Entry) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let entry = self.entry_u2()?;
        handler(self, entry)
    }

    /// Which of an object's words the entry names, if the active context may use them.
    #[inline(always)]
    fn place(&self, obj: ObjRef, entry: Entry) -> Result<usize, Refusal> {
        let (heap, classes) = (&self.vm.heap, &self.vm.classes);
        words(heap, classes, self.context(), obj, entry).map(|(_, at)| at)
    }

    #[inline(always)]
    fn put_a(&mut self, obj: ObjRef, entry: Entry, value: ObjRef) -> Result<(), Stop> {
        let place = self.object(obj).and_then(|_| {
            if !value.is_null() && !firewall::may_store(self.context(), self.object(value)?) {
                return Err(Exception::Security.into());
            }
            self.place(obj, entry)
        });
        let place = self.grant(place)?;
        self.vm.store(obj, place, value.0.into(), Atomicity::Atomic)
    }

    #[inline(always)]
    fn put_s(&mut self, obj: ObjRef, entry: Entry, value: i16) -> Result<(), Stop> {
        let place = self.place(obj, entry);
        let place = self.grant(place)?;
        self.vm
            .store(obj, place, value.cast_unsigned().into(), Atomicity::Atomic)
    }

    fn put_i(&mut self, obj: ObjRef, entry: Entry, value: i32) -> Result<(), Stop> {
        let place = self.place(obj, entry);
        let place = self.grant(place)?;
        self.vm.store_int_field(obj, place, value.cast_unsigned())
    }

    /// §7.5 putfield_a, putfield_a_w
    pub(super) fn putfield_a(&mut self, entry: Entry) -> Result<(), Stop> {
        let value = self.pop_reference()?;
        let obj = self.pop_reference()?;
        self.put_a(obj, entry, value)
    }

    /// §7.5 putfield_b, putfield_b_w
    #[inline(always)]
    pub(super) fn putfield_b(&mut self, entry: Entry) -> Result<(), Stop> {
        let value = self.pop_short()?;
        let obj = self.pop_reference()?;
        self.put_s(obj, entry, arith::s2b(value))
    }

    /// §7.5 putfield_s, putfield_s_w
    #[inline(always)]
    pub(super) fn putfield_s(&mut self, entry: Entry) -> Result<(), Stop> {
        let value = self.pop_short()?;
        let obj = self.pop_reference()?;
        self.put_s(obj, entry, value)
    }

    /// §7.5 putfield_i, putfield_i_w
    pub(super) fn putfield_i(&mut self, entry: Entry) -> Result<(), Stop> {
        let value = self.pop_int()?;
        let obj = self.pop_reference()?;
        self.put_i(obj, entry, value)
    }

    /// §7.5 putfield_a_this
    pub(super) fn put_a_this(&mut self) -> Result<(), Stop> {
        let index = self.u1()?.into();
        let (entry, value) = (self.entry(index)?, self.pop_reference()?);
        let this = this(self.locals())?;
        self.put_a(this, entry, value)
    }

    /// §7.5 putfield_b_this
    pub(super) fn put_b_this(&mut self) -> Result<(), Stop> {
        let index = self.u1()?.into();
        let (entry, value) = (self.entry(index)?, self.pop_short()?);
        let this = this(self.locals())?;
        self.put_s(this, entry, arith::s2b(value))
    }

    /// §7.5 putfield_s_this
    pub(super) fn put_s_this(&mut self) -> Result<(), Stop> {
        let index = self.u1()?.into();
        let (entry, value) = (self.entry(index)?, self.pop_short()?);
        let this = this(self.locals())?;
        self.put_s(this, entry, value)
    }

    /// §7.5 putfield_i_this
    pub(super) fn put_i_this(&mut self) -> Result<(), Stop> {
        let index = self.u1()?.into();
        let (entry, value) = (self.entry(index)?, self.pop_int()?);
        let this = this(self.locals())?;
        self.put_i(this, entry, value)
    }

    fn static_bytes<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let Entry::StaticPrimitive { package, offset } = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction);
        };
        let statics = self
            .vm
            .statics
            .get(usize::from(package.0))
            .ok_or(Fault::NoSuchMember)?;
        let field = statics
            .bytes
            .get(offset.into()..)
            .and_then(|rest| rest.first_chunk());
        field.copied().ok_or(Fault::NoSuchMember)
    }

    fn put_static_bytes<const N: usize>(&mut self, value: [u8; N]) -> Result<(), Stop> {
        match self.entry_u2()? {
            Entry::StaticPrimitive { package, offset } => {
                self.vm.store_static_bytes(package, offset, value)
            }
            _ => Err(Fault::IllegalInstruction.into()),
        }
    }

    /// §7.5 getstatic_a
    pub(super) fn getstatic_a(&mut self) -> Result<(), Fault> {
        let Entry::StaticReference { package, index } = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction);
        };
        let statics = self
            .vm
            .statics
            .get(usize::from(package.0))
            .ok_or(Fault::NoSuchMember)?;
        let value = *statics
            .refs
            .get(usize::from(index))
            .ok_or(Fault::NoSuchMember)?;
        self.push_reference(value)
    }

    /// §7.5 getstatic_b
    pub(super) fn getstatic_b(&mut self) -> Result<(), Fault> {
        let value = self.static_bytes().map(i8::from_be_bytes)?;
        self.push_short(value.into())
    }

    /// §7.5 getstatic_s
    pub(super) fn getstatic_s(&mut self) -> Result<(), Fault> {
        let value = self.static_bytes().map(i16::from_be_bytes)?;
        self.push_short(value)
    }

    /// §7.5 getstatic_i
    pub(super) fn getstatic_i(&mut self) -> Result<(), Fault> {
        let value = self.static_bytes().map(i32::from_be_bytes)?;
        self.push_int(value)
    }

    /// §7.5 putstatic_a
    pub(super) fn putstatic_a(&mut self) -> Result<(), Stop> {
        let Entry::StaticReference { package, index } = self.entry_u2()? else {
            return Err(Fault::IllegalInstruction.into());
        };
        let value = self.pop_reference()?;
        if !value.is_null() && !firewall::may_store(self.context(), self.vm.heap.get(value)?) {
            return Err(self.vm.throw_vm(Exception::Security));
        }
        self.vm.store_static_reference(package, index, value)
    }

    /// §7.5 putstatic_b
    pub(super) fn putstatic_b(&mut self) -> Result<(), Stop> {
        let [_, low] = self.pop_short()?.to_be_bytes();
        self.put_static_bytes([low])
    }

    /// §7.5 putstatic_s
    pub(super) fn putstatic_s(&mut self) -> Result<(), Stop> {
        let value = self.pop_short()?;
        self.put_static_bytes(value.to_be_bytes())
    }

    /// §7.5 putstatic_i
    pub(super) fn putstatic_i(&mut self) -> Result<(), Stop> {
        let value = self.pop_int()?;
        self.put_static_bytes(value.to_be_bytes())
    }
}

/// The words of an object's fields and which of them the entry names, if a context may use them.
#[inline(always)]
fn words<'a>(
    heap: &'a Heap,
    classes: &Classes,
    context: ContextId,
    obj: ObjRef,
    entry: Entry,
) -> Result<(&'a [u16], usize), Refusal> {
    let Entry::Field { class, word, .. } = entry else {
        return Err(Fault::IllegalInstruction.into());
    };
    let object = heap.object(obj)?;
    if !firewall::may_use_fields(context, object) {
        return Err(Exception::Security.into());
    }
    match &object.body {
        Body::Instance {
            class: actual,
            words,
        } if is_subclass(classes, *actual, class) => Ok((words, word.into())),
        _ => Err(Fault::TypeConfusion.into()),
    }
}

/// `this`, of the forms that read or write its fields.
#[inline(always)]
fn this(locals: &[Word]) -> Result<ObjRef, Fault> {
    let word = locals.first().ok_or(Fault::LocalVariable)?;
    word.as_reference().ok_or(Fault::TypeConfusion)
}
