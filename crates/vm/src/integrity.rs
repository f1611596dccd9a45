//! Integrity-sensitive arrays (`javacard.framework.SensitiveArrays`): beside the content there is a checksum of it,
//! which every write checks before and renews after, so that memory that changed by itself is noticed.
//!
//! The checksums live as long as the VM; what lasts is checksummed by the medium it lasts on.

use crate::error::{Fault, Stop};
use crate::exception::Exception;
use crate::heap::{Body, Heap, Object};
use crate::ids::ObjRef;
use crate::memory::Atomicity;
use crate::vm::Vm;

impl Vm {
    /// Makes an array integrity-sensitive.
    pub fn set_integrity_sensitive(&mut self, array: ObjRef) -> Result<(), Fault> {
        let object = self.heap.get_mut(array)?;
        if matches!(object.body, Body::Instance { .. }) {
            return Err(Fault::TypeConfusion);
        }
        object.flags |= Object::SENSITIVE;
        self.heap.seal(array);
        self.heap.mark_dirty(array);
        Ok(())
    }

    /// Whether it is an integrity-sensitive array.
    pub fn is_integrity_sensitive(&self, obj: ObjRef) -> Result<bool, Fault> {
        Ok(self.heap.get(obj)?.has(Object::SENSITIVE))
    }

    /// Whether an integrity-sensitive array holds what was last written to it.
    pub fn is_intact(&self, array: ObjRef) -> Result<bool, Fault> {
        Ok(self.heap.seal_of(array) == Some(checksum(&self.heap.get(array)?.body)))
    }

    /// Sets every element of an array to zero or null, whatever it held; takes part in the transaction in progress.
    pub fn clear_array(&mut self, array: ObjRef) -> Result<(), Stop> {
        self.heap.seal(array);
        let length = self.heap.get(array)?.body.len();
        match self.heap.get(array)?.body {
            Body::Byte(_) | Body::Boolean(_) => {
                self.store_bytes(array, 0, &alloc::vec![0; length], Atomicity::Atomic)
            }
            _ => (0..length).try_for_each(|index| self.store(array, index, 0, Atomicity::Atomic)),
        }
    }

    /// Runs a write of an integrity-sensitive array: throws `SecurityException` if something else wrote to it before.
    #[cold]
    pub(crate) fn guarded(
        &mut self,
        array: ObjRef,
        write: impl FnOnce(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if !self.is_intact(array)? {
            return Err(self.throw_vm(Exception::Security));
        }
        self.heap.get_mut(array)?.flags &= !Object::SENSITIVE;
        let result = write(self);
        self.heap.get_mut(array)?.flags |= Object::SENSITIVE;
        self.heap.seal(array);
        result
    }
}

impl Heap {
    /// Renews an object's checksum, if it has one.
    pub(crate) fn seal(&mut self, obj: ObjRef) {
        if let Ok(object) = self.get(obj)
            && object.has(Object::SENSITIVE)
        {
            let seal = checksum(&object.body);
            self.seals.insert(obj.0, seal);
        }
    }

    /// Renews the checksums of all that have one.
    pub(crate) fn seal_all(&mut self) {
        let sensitive = self
            .iter()
            .filter(|(_, object)| object.has(Object::SENSITIVE));
        self.seals = sensitive
            .map(|(obj, object)| (obj.0, checksum(&object.body)))
            .collect();
    }

    fn seal_of(&self, obj: ObjRef) -> Option<u32> {
        self.seals.get(&obj.0).copied()
    }
}

/// FNV-1a over the content: any one changed byte changes it.
fn checksum(body: &Body) -> u32 {
    let mut sum = 0x811C_9DC5u32;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            sum = (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    match body {
        Body::Boolean(content) | Body::Byte(content) => add(content),
        Body::Short(content) => content.iter().for_each(|value| add(&value.to_be_bytes())),
        Body::Int(content) => content.iter().for_each(|value| add(&value.to_be_bytes())),
        Body::Refs { refs, .. } => refs.iter().for_each(|value| add(&value.0.to_be_bytes())),
        Body::Instance { words, .. } => words.iter().for_each(|value| add(&value.to_be_bytes())),
    }
    sum
}

#[cfg(test)]
mod tests {
    use crate::heap::Body;
    use crate::{ApiLayout, ArrayKind, Atomicity, Clear, ContextId, Limits, Owner, Stop, Storage};
    use crate::{ObjRef, Value, Vm};

    fn vm() -> Vm {
        Vm::new(ApiLayout::new(), Limits::default())
    }

    fn array(vm: &mut Vm, kind: ArrayKind, storage: Storage) -> ObjRef {
        let array = vm.new_array(kind, 4, Owner::JCRE, storage).unwrap();
        vm.set_integrity_sensitive(array).unwrap();
        array
    }

    fn zero(value: Value) -> Value {
        match value {
            Value::Short(_) => Value::Short(0),
            Value::Int(_) => Value::Int(0),
            Value::Ref(_) => Value::Ref(ObjRef::NULL),
        }
    }

    fn put(vm: &mut Vm, array: ObjRef, value: Value) -> Result<(), Stop> {
        vm.set_element(array, 1, value, ContextId::JCRE, Atomicity::Atomic)
    }

    #[test]
    fn every_way_of_writing_keeps_an_array_intact() {
        for (kind, value) in [
            (ArrayKind::Boolean, Value::Short(1)),
            (ArrayKind::Byte, Value::Short(7)),
            (ArrayKind::Short, Value::Short(-7)),
            (ArrayKind::Int, Value::Int(1 << 20)),
        ] {
            let mut vm = vm();
            let array = array(&mut vm, kind, Storage::Persistent);
            put(&mut vm, array, value).unwrap();
            assert_eq!(vm.is_intact(array), Ok(true), "{kind:?}");
            vm.begin().unwrap();
            put(&mut vm, array, zero(value)).unwrap();
            // What is durable meanwhile is the card without the transaction.
            vm.take_changes();
            assert_eq!(vm.is_intact(array), Ok(true), "{kind:?}");
            vm.abort().unwrap();
            assert_eq!(vm.is_intact(array), Ok(true), "{kind:?}");
            assert_eq!(vm.element(array, 1, ContextId::JCRE), Ok(value));
            vm.clear_array(array).unwrap();
            assert_eq!(vm.is_intact(array), Ok(true), "{kind:?}");
            assert_eq!(vm.element(array, 1, ContextId::JCRE), Ok(zero(value)));
        }
    }

    #[test]
    fn bytes_objects_resets_and_restarts_keep_it_too() {
        let mut vm = vm();
        let bytes = array(&mut vm, ArrayKind::Byte, Storage::ClearOnReset);
        let jcre = ContextId::JCRE;
        vm.write_bytes(bytes, 0, &[1, 2, 3], jcre, Atomicity::NonAtomic)
            .unwrap();
        vm.copy_bytes((bytes, 0), (bytes, 1), 3, jcre, Atomicity::NonAtomic)
            .unwrap();
        assert_eq!(vm.bytes(bytes, jcre), Ok(&[1, 1, 2, 3][..]));
        assert_eq!(vm.is_intact(bytes), Ok(true));
        vm.clear_transient(Clear::Reset);
        assert_eq!(vm.is_intact(bytes), Ok(true));
        let objects = array(&mut vm, ArrayKind::Ref(None), Storage::Persistent);
        put(&mut vm, objects, Value::Ref(bytes)).unwrap();
        let records = vm.take_changes();
        let records = records
            .into_iter()
            .filter_map(|(key, bytes)| Some((key, bytes?)));
        let restored = Vm::restore(ApiLayout::new(), Limits::default(), records).unwrap();
        for array in [bytes, objects] {
            assert_eq!(restored.is_integrity_sensitive(array), Ok(true));
            assert_eq!(restored.is_intact(array), Ok(true));
        }
        // A reference that goes with its object.
        vm.discard(&[bytes]);
        assert_eq!(vm.is_intact(objects), Ok(true));
    }

    #[test]
    fn what_changes_by_itself_is_noticed_and_not_written_to() {
        let mut vm = vm();
        let array = array(&mut vm, ArrayKind::Byte, Storage::Persistent);
        for bit in 0..8 {
            if let Body::Byte(bytes) = &mut vm.heap.get_mut(array).unwrap().body {
                bytes[2] ^= 1 << bit;
            }
            assert_eq!(vm.is_intact(array), Ok(false));
            assert!(matches!(
                put(&mut vm, array, Value::Short(5)),
                Err(Stop::Thrown(_))
            ));
            let jcre = ContextId::JCRE;
            let write = vm.write_bytes(array, 0, &[9], jcre, Atomicity::Atomic);
            assert!(matches!(write, Err(Stop::Thrown(_))));
            // Clearing does not look.
            vm.clear_array(array).unwrap();
            assert_eq!(vm.is_intact(array), Ok(true));
        }
    }
}
