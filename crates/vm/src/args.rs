//! The arguments of natives, read where the caller left them.

use hydra_cap::api::Param;

use crate::class::api_index;
use crate::error::Fault;
use crate::heap::Body;
use crate::ids::ObjRef;
use crate::vm::Vm;
use crate::word::Word;

/// The arguments of a native on the operand stack, `this` first unless it is static. Each is named by the number of its
/// first word: an int has two, everything else one.
///
/// They are there until the native returns; each but `this` is checked to be of the type that it is read as.
#[derive(Clone, Copy, Debug)]
pub struct Args {
    base: usize,
}

impl Args {
    pub(crate) fn at(base: usize) -> Self {
        Self { base }
    }

    #[inline(always)]
    fn word(self, vm: &Vm, word: usize) -> Result<Word, Fault> {
        let found = vm.stack.get(self.base + word);
        found.copied().ok_or(Fault::OperandStack)
    }

    /// A boolean, byte or short.
    #[inline(always)]
    pub fn short(self, vm: &Vm, word: usize) -> Result<i16, Fault> {
        self.word(vm, word)?.as_short().ok_or(Fault::TypeConfusion)
    }

    /// An int.
    #[inline]
    pub fn int(self, vm: &Vm, word: usize) -> Result<i32, Fault> {
        let (high, low) = (self.word(vm, word)?, self.word(vm, word + 1)?);
        Word::as_int(high, low).ok_or(Fault::TypeConfusion)
    }

    /// `this`, an object of the method's class: whatever calls a method of an object has looked for it in that object's
    /// class, or compared the two.
    #[inline(always)]
    pub fn this(self, vm: &Vm) -> Result<ObjRef, Fault> {
        let this = self.word(vm, 0)?.as_reference();
        this.ok_or(Fault::TypeConfusion)
    }

    /// Null, or a reference to an object of a parameter's type.
    #[inline(always)]
    pub fn reference(self, vm: &Vm, word: usize, param: Param) -> Result<ObjRef, Fault> {
        let obj = self.word(vm, word)?.as_reference();
        let obj = obj.ok_or(Fault::TypeConfusion)?;
        if vm.fits(obj, param)? {
            Ok(obj)
        } else {
            Err(Fault::TypeConfusion)
        }
    }
}

impl Vm {
    /// Whether a reference may be passed as a parameter of this type.
    #[inline(always)]
    pub(crate) fn fits(&self, obj: ObjRef, param: Param) -> Result<bool, Fault> {
        if obj.is_null() {
            return Ok(true);
        }
        let object = self.heap.get(obj)?;
        Ok(match param {
            Param::Short | Param::Int => false,
            Param::Booleans => matches!(object.body, Body::Boolean(_)),
            Param::Bytes => matches!(object.body, Body::Byte(_)),
            Param::Shorts => matches!(object.body, Body::Short(_)),
            Param::Ints => matches!(object.body, Body::Int(_)),
            Param::References => matches!(object.body, Body::Refs { .. }),
            Param::Instance(class) => self.is_subclass(self.class_of(object), api_index(class)),
        })
    }
}
