use alloc::vec::Vec;

use hydra_cap::api::MethodId;
use hydra_vm::{
    Args, ArrayKind, Atomicity, ContextId, Fault, Host, MethodRef, ObjRef, Owner, Stop, Storage,
    Value, Vm,
};

use super::cost;
use crate::runtime::{ApduFault, AppletRef, Platform, State};

/// The host that runs natives: everything of the card but the VM.
pub(crate) struct Env<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) platform: &'a mut dyn Platform,
}

impl Host for Env<'_> {
    fn native(&mut self, vm: &mut Vm, method: MethodId, args: Args) -> Result<Option<Value>, Stop> {
        let mut cx = Cx {
            vm,
            state: &mut *self.state,
            platform: &mut *self.platform,
        };
        match super::NATIVES.get(usize::from(method.0)) {
            Some(native) => native(&mut cx, args),
            None => Err(Fault::NoNative.into()),
        }
    }
}

/// What a native works with.
///
/// Arrays that an applet passed are read and written with the *caller's* rights, through the firewall; words and
/// arrays that belong to the native itself with the JCRE's.
pub(crate) struct Cx<'a> {
    pub(crate) vm: &'a mut Vm,
    pub(crate) state: &'a mut State,
    pub(crate) platform: &'a mut dyn Platform,
}

impl Cx<'_> {
    /// Throws the JCRE's own instance of an exception.
    pub(crate) fn throw<T>(&mut self, class: &str, reason: i16) -> Result<T, Stop> {
        Err(self.vm.throw(class, reason))
    }

    /// Throws what a method that is not there throws.
    pub(super) fn refuse(&mut self, kind: &str) -> Result<Option<Value>, Stop> {
        match kind {
            "no-such-algorithm" => self.no_such_algorithm(),
            "illegal-use" => self.throw("javacard/framework/SystemException", 6),
            "no-such-bio-template" => self.throw("javacardx/biometry/BioException", 3),
            "unsupported-bio-type" => self.throw("javacardx/biometry1toN/Bio1toNException", 3),
            "no-such-subsystem" => self.throw("javacardx/external/ExternalException", 1),
            "invalid-certificate-type" => {
                self.throw("javacardx/security/cert/CertificateException", 2)
            }
            // The object is an applet's and does not implement what its class must.
            _ => Err(Fault::AbstractMethod.into()),
        }
    }

    /// `CryptoException.NO_SUCH_ALGORITHM`
    pub(crate) fn no_such_algorithm<T>(&mut self) -> Result<T, Stop> {
        self.throw(CRYPTO, 3)
    }

    /// `CryptoException` with this reason.
    pub(crate) fn crypto_error<T>(&mut self, reason: CryptoReason) -> Result<T, Stop> {
        // The reasons are small.
        self.throw(CRYPTO, reason as i16)
    }

    pub(crate) fn null_pointer<T>(&mut self) -> Result<T, Stop> {
        self.throw("java/lang/NullPointerException", 0)
    }

    pub(crate) fn out_of_bounds<T>(&mut self) -> Result<T, Stop> {
        self.throw("java/lang/ArrayIndexOutOfBoundsException", 0)
    }

    pub(crate) fn arithmetic<T>(&mut self) -> Result<T, Stop> {
        self.throw("java/lang/ArithmeticException", 0)
    }

    /// `TransactionException.BUFFER_FULL` unless the commit buffer takes this much more of a persistent object, so that
    /// several writes to it are done all or not at all.
    pub(crate) fn reserve(&mut self, obj: ObjRef, bytes: usize) -> Result<(), Stop> {
        let logged = self.vm.depth() > 0 && self.vm.storage(obj)? == Storage::Persistent;
        if logged && self.vm.commit_capacity_left() < bytes {
            return self.throw("javacard/framework/TransactionException", 3);
        }
        Ok(())
    }

    /// Takes what a native's work is worth from the command's limit of steps.
    pub(crate) fn charge(&mut self, steps: u64) -> Result<(), Stop> {
        Ok(self.vm.charge(steps)?)
    }

    /// The same for bytes through a cipher, a digest or a generator.
    pub(crate) fn charge_processed(&mut self, length: i16) -> Result<(), Stop> {
        self.charge(cost::bytes(usize::try_from(length).unwrap_or_default()))
    }

    /// Writes several things: all or, if an exception is thrown, none.
    pub(crate) fn whole<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let since = self.vm.begin_whole();
        let written = write(self);
        match written {
            Ok(_) => self.vm.finish_whole(&since)?,
            Err(_) => self.vm.undo_whole(&since)?,
        }
        written
    }

    /// The value, or an `APDUException`.
    pub(crate) fn apdu<T>(&mut self, result: Result<T, ApduFault>) -> Result<T, Stop> {
        match result {
            Ok(value) => Ok(value),
            Err(fault) => self.throw("javacard/framework/APDUException", fault as i16),
        }
    }

    /// The context of the calling applet.
    pub(crate) fn context(&self) -> ContextId {
        self.vm.caller_context()
    }

    /// The calling applet, if it is one.
    pub(crate) fn applet(&self) -> Option<AppletRef> {
        Some(self.vm.caller().applet).filter(|applet| applet.0 != 0)
    }

    /// Bytes of an array of the applet's.
    pub(crate) fn bytes(
        &mut self,
        array: ObjRef,
        offset: i16,
        length: i16,
    ) -> Result<Vec<u8>, Stop> {
        let context = self.context();
        self.vm
            .byte_range(array, offset, length, context)
            .map(<[u8]>::to_vec)
    }

    /// Appends bytes of an array of the applet's to a message.
    pub(crate) fn read_into(
        &mut self,
        (array, offset, length): (ObjRef, i16, i16),
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        self.charge_processed(length)?;
        let context = self.context();
        out.extend_from_slice(self.vm.byte_range(array, offset, length, context)?);
        Ok(())
    }

    /// The input of the last step of a computation: null stands for no bytes, as the reference VM and cards have it.
    pub(crate) fn last_input(&self, input: (ObjRef, i16, i16)) -> (ObjRef, i16, i16) {
        match input {
            (ObjRef::NULL, 0, 0) => (self.state.apdu.buffer, 0, 0),
            input => input,
        }
    }

    /// A number of bytes as natives return it; more than an array can hold do not fit it.
    pub(crate) fn length(&mut self, bytes: usize) -> Result<i16, Stop> {
        match i16::try_from(bytes) {
            Ok(length) => Ok(length),
            Err(_) => self.out_of_bounds(),
        }
    }

    /// Writes into an array of the applet's as `arrayCopyNonAtomic` does.
    pub(crate) fn write(&mut self, array: ObjRef, offset: i16, bytes: &[u8]) -> Result<(), Stop> {
        let context = self.context();
        self.vm
            .write_bytes(array, offset, bytes, context, Atomicity::NonAtomic)
    }

    /// Throws unless the applet may use these bytes of an array.
    pub(crate) fn check(&mut self, array: ObjRef, offset: i16, length: i16) -> Result<(), Stop> {
        let context = self.context();
        self.vm
            .byte_range(array, offset, length, context)
            .map(|_| ())
    }

    /// Throws unless the applet may use an object that it passed.
    pub(crate) fn check_object(&mut self, obj: ObjRef) -> Result<(), Stop> {
        let context = self.context();
        self.vm.check_access(obj, context)
    }

    /// Throws unless the applet may keep a reference (JCRE 3.0.5 §6.2.1, §6.2.2).
    pub(crate) fn check_store(&mut self, value: ObjRef) -> Result<(), Stop> {
        let context = self.context();
        self.vm.check_store(value, context)
    }

    /// A native short word.
    pub(crate) fn short(&self, obj: ObjRef, word: u16) -> Result<i16, Stop> {
        match self.vm.field(obj, word)? {
            Value::Short(value) => Ok(value),
            _ => Err(Fault::TypeConfusion.into()),
        }
    }

    pub(crate) fn set_short(&mut self, obj: ObjRef, word: u16, value: i16) -> Result<(), Stop> {
        self.vm
            .set_field(obj, word, Value::Short(value), Atomicity::Atomic)
    }

    /// A native reference word.
    pub(crate) fn object(&self, obj: ObjRef, word: u16) -> Result<ObjRef, Stop> {
        match self.vm.field(obj, word)? {
            Value::Ref(value) => Ok(value),
            _ => Err(Fault::TypeConfusion.into()),
        }
    }

    /// Keeps a reference, which may be one that the applet passed: to nothing that the applet could not keep itself.
    pub(crate) fn set_object(&mut self, obj: ObjRef, word: u16, value: ObjRef) -> Result<(), Stop> {
        self.check_store(value)?;
        self.vm
            .set_field(obj, word, Value::Ref(value), Atomicity::Atomic)
    }

    /// The content of an array of the native's own; empty for null.
    pub(crate) fn own_bytes(&mut self, array: ObjRef) -> Result<Vec<u8>, Stop> {
        if array.is_null() {
            return Ok(Vec::new());
        }
        self.vm.bytes(array, ContextId::JCRE).map(<[u8]>::to_vec)
    }

    /// Writes into an array of the native's own.
    pub(crate) fn own_write(
        &mut self,
        array: ObjRef,
        offset: i16,
        bytes: &[u8],
        atomicity: Atomicity,
    ) -> Result<(), Stop> {
        self.vm
            .write_bytes(array, offset, bytes, ContextId::JCRE, atomicity)
    }

    /// A new byte array of the native's own, charged to the calling applet.
    pub(crate) fn new_own_bytes(&mut self, length: i16, storage: Storage) -> Result<ObjRef, Stop> {
        let owner = self.vm.caller();
        self.vm.new_array(ArrayKind::Byte, length, owner, storage)
    }

    /// A new object of an API class that the calling applet owns.
    pub(crate) fn new_object(&mut self, class: &str) -> Result<ObjRef, Stop> {
        let owner = self.vm.caller();
        let object = self.vm.new_instance(class, owner, Storage::Persistent)?;
        // The handle may have been another object's.
        self.state.running.remove(&object);
        Ok(object)
    }

    /// Invokes a method on behalf of another owner.
    pub(crate) fn invoke(
        &mut self,
        method: MethodRef,
        args: &[Value],
        owner: Owner,
    ) -> Result<Option<Value>, Stop> {
        let mut env = Env {
            state: &mut *self.state,
            platform: &mut *self.platform,
        };
        self.vm.invoke(&mut env, method, args, owner)
    }
}

const CRYPTO: &str = "javacard/security/CryptoException";

/// `CryptoException`'s reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CryptoReason {
    IllegalValue = 1,
    UninitializedKey = 2,
    InvalidInit = 4,
    IllegalUse = 5,
}
