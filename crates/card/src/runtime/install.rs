use alloc::vec::Vec;

use hydra_vm::{ObjRef, Owner, PackageId, Stop, Value};
use hydra_wire::{Aid, StatusWord};

use super::{Apdu, AppletRef, Instance, Platform, Runtime, callback};
use crate::api::{Env, one_shot};

/// An installation in progress.
#[derive(Clone, Debug)]
pub(crate) struct Installing {
    pub(crate) applet: AppletRef,
    pub(crate) package: PackageId,
    module: Aid,
    /// The AID that the instance must register with.
    pub(crate) aid: Aid,
    /// The applet and AID objects, once it registered.
    pub(crate) registered: Option<(ObjRef, ObjRef)>,
}

impl Runtime {
    /// Installs an applet (JCRE 3.0.5 §11.2): calls its `install` with the instance AID, privileges and parameters,
    /// each after its length (GPCS 2.3.1 §11.5.2.3.7). It is successful once the applet is registered, whatever is thrown
    /// afterwards (JCRE 3.0.5 §3.1); but not if a fault stopped it, nor if memory ran out, which INSTALL tells with 6A84
    /// (GPCS 2.3.1 §11.5.3.2).
    ///
    /// Unless it is successful, the applet's context is as before and nobody refers to what it made. What other contexts
    /// did when it called them stays, and so do PIN tries, the count of random draws, and the instance's number, which
    /// nobody gets again.
    pub fn install(
        &mut self,
        platform: &mut dyn Platform,
        package: PackageId,
        module: &Aid,
        aid: &Aid,
        privileges: &[u8],
        parameters: &[u8],
    ) -> Result<AppletRef, StatusWord> {
        if self.applet_by_aid(aid).is_some() {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let method = self
            .vm
            .install_method(package, module)
            .ok_or(StatusWord::DATA_NOT_FOUND)?;
        let mut data = Vec::new();
        for part in [aid.as_bytes(), privileges, parameters] {
            data.push(u8::try_from(part.len()).map_err(|_| StatusWord::WRONG_DATA)?);
            data.extend_from_slice(part);
        }
        let length = u8::try_from(data.len())
            .ok()
            .filter(|length| i16::from(*length) <= Apdu::BUFFER)
            .ok_or(StatusWord::WRONG_DATA)?;

        self.before_entry();
        let Some(applet) = Instance::next(&mut self.vm) else {
            return Err(StatusWord::NOT_ENOUGH_MEMORY);
        };
        self.vm.begin_installation(package);
        self.state.installing = Some(Installing {
            applet,
            package,
            module: module.clone(),
            aid: aid.clone(),
            registered: None,
        });
        self.update_selected();
        let owner = Owner::applet(package, applet);
        // `bLength` is a byte: applets mask it.
        let args = [
            Value::Ref(self.state.apdu.buffer),
            Value::Short(0),
            Value::Short(i16::from(length.cast_signed())),
        ];
        let result = self.state.apdu.fill(&mut self.vm, &data).and_then(|()| {
            self.vm.set_step_limit(Some(self.vm.limits().steps));
            let mut env = Env {
                state: &mut self.state,
                platform,
            };
            self.vm.invoke(&mut env, method, &args, owner)
        });
        one_shot::close_all(&mut self.state, &mut self.vm);
        // JCRE 3.0.5 §7.4: a transaction ends when `install` does. A registration in it is then none.
        if self.vm.depth() > 0 && self.vm.abort().is_ok() {
            self.state.forget_aborted(&self.vm);
        }
        let registered = self
            .state
            .installing
            .take()
            .and_then(Installing::into_instance)
            .filter(|instance| instance.is_sound(&self.vm, applet));
        let result = match (result, registered) {
            (Ok(_), Some(instance)) => Ok(instance),
            (Err(Stop::Thrown(thrown)), Some(instance)) if !self.is_lack_of_memory(thrown) => {
                // Nobody but who asks is told of it.
                let _ = self.status(Stop::Thrown(thrown));
                Ok(instance)
            }
            (Err(stop), _) => Err(self.install_status(stop)),
            (Ok(_), None) => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
        };
        match result {
            Ok(instance) => {
                self.vm.finish_installation();
                instance.put(&mut self.vm, applet);
                self.state.instances.insert(applet, instance);
                self.update_selected();
                self.finish_call();
                Ok(applet)
            }
            Err(status) => {
                self.vm.undo_installation();
                Instance::delete(&mut self.vm, applet);
                self.drop_global_arrays();
                self.state.deletion_requested = false;
                let vm = &self.vm;
                self.state.forget_aborted(vm);
                self.state
                    .one_shots
                    .retain(|one| vm.owner(one.object).is_ok());
                self.update_selected();
                Err(status)
            }
        }
    }

    /// Deletes applet instances (JCRE 3.0.5 §11.3.4.1), and their package if that goes with them (JCRE 3.0.5 §11.3.4.2,
    /// §11.3.4.3), all or nothing: 6985 if one is selected, if others than these refer to their objects, if another
    /// package imports theirs, or if an object of its classes is left.
    pub fn uninstall(
        &mut self,
        platform: &mut dyn Platform,
        applets: &[AppletRef],
        package: Option<PackageId>,
    ) -> Result<(), StatusWord> {
        if package.is_some_and(|package| self.vm.is_imported(package)) {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        for applet in applets {
            if !self.state.instances.contains_key(applet) {
                return Err(StatusWord::DATA_NOT_FOUND);
            }
            if self.state.is_selected(*applet) {
                return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
            }
        }
        for applet in applets {
            let listens = self.applet(*applet).is_some_and(|instance| {
                self.vm
                    .is_instance_of(instance.object, callback::APPLET_EVENT)
                    == Ok(true)
            });
            if listens {
                // Whatever it does, it goes.
                if let Err(stop) = self.call(platform, *applet, callback::UNINSTALL, &[]) {
                    self.status(stop);
                }
                self.abort_transaction();
            }
        }
        // Garbage needs nobody.
        self.collect();
        if applets
            .iter()
            .any(|applet| self.is_needed(*applet, applets, package))
        {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let before = package.map(|_| (self.vm.clone(), self.state.instances.clone()));
        for applet in applets {
            self.state.instances.remove(applet);
            Instance::delete(&mut self.vm, *applet);
            self.vm.delete_objects_of(*applet);
        }
        let unloaded = match package {
            Some(package) => self.unload(package),
            None => {
                self.collect();
                Ok(())
            }
        };
        unloaded.map_err(|error| {
            if let Some((vm, instances)) = before {
                self.vm = vm;
                self.state.instances = instances;
            }
            error.into()
        })
    }

    /// Whether anybody but `going`, and a package that goes with them, refers to an applet's objects.
    fn is_needed(
        &self,
        applet: AppletRef,
        going: &[AppletRef],
        package: Option<PackageId>,
    ) -> bool {
        if going.len() == 1 {
            return self.vm.referenced_from_other(applet, package);
        }
        let mut rest = self.vm.clone();
        for other in going.iter().filter(|other| **other != applet) {
            rest.delete_objects_of(*other);
        }
        rest.referenced_from_other(applet, package)
    }

    /// Whether it is `SystemException.NO_TRANSIENT_SPACE` or `NO_RESOURCE`.
    fn is_lack_of_memory(&mut self, exception: ObjRef) -> bool {
        let system = self
            .vm
            .is_instance(exception, "javacard/framework/SystemException");
        system == Ok(true) && matches!(self.vm.reason(exception), Some(2 | 5))
    }

    fn install_status(&mut self, stop: Stop) -> StatusWord {
        if let Stop::Thrown(exception) = stop
            && self.is_lack_of_memory(exception)
        {
            return StatusWord::NOT_ENOUGH_MEMORY;
        }
        // An applet may not call its failure a success, or a warning.
        match self.status(stop) {
            status if matches!(status.0 >> 8, 0x90..=0x9F | 0x61..=0x63) => StatusWord::UNKNOWN,
            status => status,
        }
    }
}

impl Installing {
    fn into_instance(self) -> Option<Instance> {
        let (object, aid_object) = self.registered?;
        Some(Instance {
            aid: self.aid,
            module: self.module,
            package: self.package,
            object,
            aid_object,
        })
    }
}
