use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hydra_cap::api::{ClassId, class_id};
use hydra_vm::{ContextId, ObjRef, Owner, PackageId, Vm};
use hydra_wire::Aid;

use super::AppletRef;

/// Records of instances: this and the instance's number.
const INSTANCES: u32 = 0x8000_0000;
/// Records of how often an instance drew random bytes: this and the instance's number.
const DRAWS: u32 = 0x8001_0000;
/// The number that the next instance gets.
const NEXT: u32 = 0x8002_0000;

const APPLET: ClassId = class_id("javacard/framework/Applet");
const AID: ClassId = class_id("javacard/framework/AID");

/// An applet instance that registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its AID.
    pub aid: Aid,
    /// The AID of its applet class.
    pub module: Aid,
    /// Its package.
    pub package: PackageId,
    /// The applet object.
    pub object: ObjRef,
    /// The JCRE's AID object for it.
    pub aid_object: ObjRef,
}

impl Instance {
    /// The firewall context that it shares with its package.
    pub fn context(&self) -> ContextId {
        self.package.into()
    }

    /// The owner of what it makes.
    pub fn owner(&self, applet: AppletRef) -> Owner {
        Owner::applet(self.package, applet)
    }

    /// Whether its objects are what they should be: the applet's own, and the JCRE's.
    pub(crate) fn is_sound(&self, vm: &Vm, applet: AppletRef) -> bool {
        vm.owner(self.object) == Ok(self.owner(applet))
            && vm.is_instance_of(self.object, APPLET) == Ok(true)
            && vm.owner(self.aid_object) == Ok(Owner::JCRE)
            && vm.is_instance_of(self.aid_object, AID) == Ok(true)
    }

    /// Reads every instance; `None` if a record is malformed, or an object is not there.
    pub(crate) fn read_all(vm: &Vm) -> Option<BTreeMap<AppletRef, Self>> {
        vm.records(INSTANCES..DRAWS)
            .map(|(key, bytes)| {
                let applet = u16::try_from(key - INSTANCES).ok()?;
                let applet = hydra_vm::AppletId(applet);
                let instance = Self::from_bytes(bytes)?;
                instance.is_sound(vm, applet).then_some((applet, instance))
            })
            .collect()
    }

    pub(crate) fn put(&self, vm: &mut Vm, applet: AppletRef) {
        vm.record_put(INSTANCES + u32::from(applet.0), &self.to_bytes());
    }

    pub(crate) fn delete(vm: &mut Vm, applet: AppletRef) {
        vm.record_delete(INSTANCES + u32::from(applet.0));
        vm.record_delete(DRAWS + u32::from(applet.0));
        super::service::forget(vm, applet);
    }

    /// A number that no instance had before.
    pub(crate) fn next(vm: &mut Vm) -> Option<AppletRef> {
        let next = match vm.record_get(NEXT) {
            Some(bytes) => u16::from_be_bytes(bytes.try_into().ok()?),
            None => 1,
        };
        vm.record_put(NEXT, &next.checked_add(1)?.to_be_bytes());
        Some(hydra_vm::AppletId(next))
    }

    /// How many draws the instance made so far; counts one more, whatever becomes of the transaction in progress: no draw
    /// may come twice.
    pub(crate) fn next_draw(vm: &mut Vm, applet: AppletRef) -> u64 {
        let key = DRAWS + u32::from(applet.0);
        let draws = vm
            .record_get(key)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        vm.record_put_lasting(key, &(draws + 1).to_be_bytes());
        draws
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.push(self.package.0);
        out.extend(self.object.0.to_be_bytes());
        out.extend(self.aid_object.0.to_be_bytes());
        for aid in [&self.aid, &self.module] {
            let bytes = aid.as_bytes();
            // An AID has at most 16 bytes.
            out.push(u8::try_from(bytes.len()).unwrap_or_default());
            out.extend_from_slice(bytes);
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[package, a, b, c, d, len], rest) = bytes.split_first_chunk()?;
        let (aid, rest) = rest.split_at_checked(usize::from(len))?;
        let (len, module) = rest.split_first()?;
        if module.len() != usize::from(*len) {
            return None;
        }
        Some(Self {
            aid: Aid::new(aid).ok()?,
            module: Aid::new(module).ok()?,
            package: PackageId(package),
            object: ObjRef(u16::from_be_bytes([a, b])),
            aid_object: ObjRef(u16::from_be_bytes([c, d])),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hydra_vm::{Limits, Storage};

    #[test]
    fn an_instance_has_its_own_applet_object_and_the_jcre_s_aid() {
        let mut vm = Vm::new(crate::api::LAYOUT, Limits::default());
        let (package, applet) = (PackageId(1), hydra_vm::AppletId(3));
        let own = Owner::applet(package, applet);
        let other = Owner::applet(package, hydra_vm::AppletId(4));
        let mut make = |class, owner| vm.new_instance(class, owner, Storage::Persistent).unwrap();
        let object = make("javacard/framework/Applet", own);
        let aid_object = make("javacard/framework/AID", Owner::JCRE);
        let wrong = [
            (make("javacard/framework/Applet", other), aid_object),
            (make("javacard/framework/OwnerPIN", own), aid_object),
            (ObjRef(900), aid_object),
            (object, make("javacard/framework/AID", own)),
            (object, make("javacard/framework/APDU", Owner::JCRE)),
            (object, ObjRef::NULL),
        ];
        let mut read = |(object, aid_object)| {
            let instance = Instance {
                aid: Aid::new(&[1; 5]).unwrap(),
                module: Aid::new(&[2; 5]).unwrap(),
                package,
                object,
                aid_object,
            };
            instance.put(&mut vm, applet);
            Instance::read_all(&vm)
        };
        assert!(read((object, aid_object)).is_some_and(|all| all.contains_key(&applet)));
        for wrong in wrong {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
