//! The JCRE's own objects behind the interfaces of `org.globalplatform`: made when first asked for, kept for good, since
//! applets may keep references to them.

use hydra_vm::{ObjRef, Owner, Stop, Storage, Value, Vm};

use super::AppletRef;

/// The record of the one `SecureChannel` object: its handle.
const SECURE_CHANNEL: u32 = 0x8003_0000;
/// Records of `GPRegistryEntry` objects: this and the instance's number.
const ENTRIES: u32 = 0x8004_0000;
/// The end of both.
const END: u32 = 0x8005_0000;

/// The word of a `GPRegistryEntry` that holds the number of the instance.
const INSTANCE: u16 = 0;

/// The `SecureChannel`: which session it stands for depends on the caller and its channel.
pub(crate) fn secure_channel(vm: &mut Vm) -> Result<ObjRef, Stop> {
    match known(vm, SECURE_CHANNEL) {
        Some(object) => Ok(object),
        None => make(vm, SECURE_CHANNEL, "org/globalplatform/SecureChannel"),
    }
}

/// The `GPRegistryEntry` of an applet instance.
pub(crate) fn registry_entry(vm: &mut Vm, applet: AppletRef) -> Result<ObjRef, Stop> {
    let key = ENTRIES + u32::from(applet.0);
    if let Some(object) = known(vm, key) {
        return Ok(object);
    }
    let object = make(vm, key, "org/globalplatform/GPRegistryEntry")?;
    let number = Value::Short(applet.0.cast_signed());
    vm.set_field(object, INSTANCE, number, hydra_vm::Atomicity::Atomic)?;
    Ok(object)
}

/// The instance that a `GPRegistryEntry` is of. It may have been deleted since.
pub(crate) fn instance_of(vm: &Vm, entry: ObjRef) -> Result<AppletRef, Stop> {
    match vm.field(entry, INSTANCE)? {
        Value::Short(number) => Ok(hydra_vm::AppletId(number.cast_unsigned())),
        _ => Err(hydra_vm::Fault::TypeConfusion.into()),
    }
}

/// Lets go of an instance's entry.
pub(crate) fn forget(vm: &mut Vm, applet: AppletRef) {
    vm.record_delete(ENTRIES + u32::from(applet.0));
}

/// What the garbage collector may not free.
pub(crate) fn roots(vm: &Vm) -> impl Iterator<Item = ObjRef> + '_ {
    vm.records(SECURE_CHANNEL..END)
        .filter_map(|(_, bytes)| handle(bytes))
}

fn known(vm: &Vm, key: u32) -> Option<ObjRef> {
    vm.record_get(key).and_then(handle)
}

fn handle(bytes: &[u8]) -> Option<ObjRef> {
    bytes.try_into().ok().map(u16::from_be_bytes).map(ObjRef)
}

fn make(vm: &mut Vm, key: u32, class: &str) -> Result<ObjRef, Stop> {
    let object = vm.new_instance(class, Owner::JCRE, Storage::Persistent)?;
    vm.record_put(key, &object.0.to_be_bytes());
    Ok(object)
}
