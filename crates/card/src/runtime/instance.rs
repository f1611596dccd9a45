use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hydra_vm::{ContextId, ObjRef, Owner, PackageId, Vm};
use hydra_wire::Aid;

use super::AppletRef;

/// Records of instances: this and the instance's number.
const INSTANCES: u32 = 0x8000_0000;
/// Records of how often an instance drew random bytes: this and the instance's number.
const DRAWS: u32 = 0x8001_0000;
/// The number that the next instance gets.
const NEXT: u32 = 0x8002_0000;

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

    /// Reads every instance; `None` if a record is malformed.
    pub(crate) fn read_all(vm: &Vm) -> Option<BTreeMap<AppletRef, Self>> {
        vm.records(INSTANCES..DRAWS)
            .map(|(key, bytes)| {
                let applet = u16::try_from(key - INSTANCES).ok()?;
                Some((hydra_vm::AppletId(applet), Self::from_bytes(bytes)?))
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

    /// How many draws the instance made so far; counts one more.
    pub(crate) fn next_draw(vm: &mut Vm, applet: AppletRef) -> u64 {
        let key = DRAWS + u32::from(applet.0);
        let draws = vm
            .record_get(key)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        vm.record_put(key, &(draws + 1).to_be_bytes());
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
