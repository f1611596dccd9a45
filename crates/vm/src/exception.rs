//! The exceptions that the VM itself throws, and the JCRE's own instances of all of them.

use hydra_cap::api::{ClassId, class_id};

use crate::class::{Origin, api_index};
use crate::error::{Fault, Stop};
use crate::heap::{Body, Object};
use crate::ids::{ClassIndex, ObjRef, Owner};
use crate::memory::{Atomicity, EntryPoint, Storage};
use crate::vm::Vm;

/// What the VM throws (JCVM 3.0.5 §7.2; the instruction pages of §7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exception {
    NullPointer,
    Arithmetic,
    ArrayIndexOutOfBounds,
    ArrayStore,
    ClassCast,
    NegativeArraySize,
    Security,
    /// SystemException.NO_RESOURCE
    NoResource,
    /// SystemException.NO_TRANSIENT_SPACE
    NoTransientSpace,
    /// TransactionException.BUFFER_FULL
    TransactionBufferFull,
}

impl Exception {
    fn class(self) -> ClassId {
        match self {
            Self::NullPointer => const { class_id("java/lang/NullPointerException") },
            Self::Arithmetic => const { class_id("java/lang/ArithmeticException") },
            Self::ArrayIndexOutOfBounds => {
                const { class_id("java/lang/ArrayIndexOutOfBoundsException") }
            }
            Self::ArrayStore => const { class_id("java/lang/ArrayStoreException") },
            Self::ClassCast => const { class_id("java/lang/ClassCastException") },
            Self::NegativeArraySize => const { class_id("java/lang/NegativeArraySizeException") },
            Self::Security => const { class_id("java/lang/SecurityException") },
            Self::NoResource | Self::NoTransientSpace => {
                const { class_id("javacard/framework/SystemException") }
            }
            Self::TransactionBufferFull => {
                const { class_id("javacard/framework/TransactionException") }
            }
        }
    }

    const fn reason(self) -> i16 {
        match self {
            Self::NoTransientSpace => 2,
            Self::TransactionBufferFull => 3,
            Self::NoResource => 5,
            _ => 0,
        }
    }
}

/// Why an access is not granted, before an exception has been made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Exception(Exception),
    Fault(Fault),
}

impl From<Exception> for Refusal {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Vm {
    #[cold]
    pub(crate) fn refuse(&mut self, refusal: Refusal) -> Stop {
        match refusal {
            Refusal::Fault(fault) => fault.into(),
            Refusal::Exception(exception) => self.throw_vm(exception),
        }
    }

    #[cold]
    pub(crate) fn throw_vm(&mut self, exception: Exception) -> Stop {
        self.throw_known(exception.class(), exception.reason())
    }

    /// Throws the JCRE's own instance of an exception class (`javacard/framework/ISOException`), with a reason if the
    /// class has one. The instance is a temporary entry point object: applets can't keep it.
    pub fn throw(&mut self, class: &str, reason: i16) -> Stop {
        match hydra_cap::api::class(class) {
            Some(class) => self.throw_known(class.id, reason),
            None => Fault::NoSuchMember.into(),
        }
    }

    /// [`Self::throw`] for a class that is known when this is compiled, see [`hydra_cap::api::class_id`].
    pub fn throw_known(&mut self, class: ClassId, reason: i16) -> Stop {
        let class = self.api_class(class);
        let instance = match self.exceptions.get(&class) {
            Some(instance) => *instance,
            None => match self.new_exception(class) {
                Ok(instance) => instance,
                Err(stop) => return stop,
            },
        };
        // Only classes below CardException and CardRuntimeException have a reason.
        if self.reason(instance).is_some() {
            let reason = reason.cast_unsigned().into();
            if let Err(stop) = self.store(instance, 0, reason, Atomicity::NonAtomic) {
                return stop;
            }
        }
        Stop::Thrown(instance)
    }

    fn new_exception(&mut self, class: ClassIndex) -> Result<ObjRef, Stop> {
        // Not through the allocator: it throws when there is no room.
        let words = self.class(class).ok_or(Fault::NoSuchMember)?.words;
        let body = Body::Instance {
            class,
            words: alloc::vec![0; words.into()].into_boxed_slice(),
        };
        let object = Object {
            owner: Owner::JCRE,
            storage: Storage::Session,
            flags: 0,
            body,
        };
        let instance = self.heap.add(object).ok_or(Fault::StackOverflow)?;
        self.set_entry_point(instance, EntryPoint::Temporary)?;
        self.exceptions.insert(class, instance);
        Ok(instance)
    }

    /// The name of an object's class, or of the nearest of its superclasses that is of the API.
    pub fn api_class_name(&self, obj: ObjRef) -> Option<&'static str> {
        let class = self.class(self.class_of(self.heap.get(obj).ok()?))?;
        let above = class.ancestors.iter().rev();
        above
            .filter_map(|index| self.class(*index))
            .find_map(|class| match class.origin {
                Origin::Api(id) => Some(id.get().name),
                Origin::Package { .. } => None,
            })
    }

    /// The reason of an exception that has one.
    pub fn reason(&self, exception: ObjRef) -> Option<i16> {
        let Ok(Object {
            body: Body::Instance { class, words },
            ..
        }) = self.heap.get(exception)
        else {
            return None;
        };
        const WITH_REASON: [ClassId; 2] = [
            class_id("javacard/framework/CardRuntimeException"),
            class_id("javacard/framework/CardException"),
        ];
        let has = WITH_REASON
            .iter()
            .any(|id| self.is_subclass(*class, api_index(*id)));
        has.then(|| words.first().map(|word| word.cast_signed()))
            .flatten()
    }
}
