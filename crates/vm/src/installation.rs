//! What an installation that fails leaves behind: nothing of its own.
//!
//! An applet's `install` may use transactions, so the undo log does not reach back to its beginning. What its context
//! had then is kept here instead and put back: static fields and persistent objects of the package. Objects that are new
//! in the context are gone, and references to them null, whoever kept them. Everything else is others' and stays: what
//! servers did when they were called, the card's own records, and what never takes part in a transaction.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::heap::{Body, Object};
use crate::ids::{ContextId, ObjRef, PackageId};
use crate::memory::Storage;
use crate::package::Statics;
use crate::persist::Changes;
use crate::vm::Vm;

/// An installation in progress: what there was of its context before.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    package: PackageId,
    statics: Statics,
    /// The objects, with the content of those that are persistent.
    objects: BTreeMap<ObjRef, Option<Body>>,
}

impl Installation {
    /// A persistent object's content before, if the object is the context's and was there.
    pub(crate) fn body_mut(&mut self, obj: ObjRef) -> Option<&mut Body> {
        self.objects.get_mut(&obj)?.as_mut()
    }
}

impl Vm {
    /// Begins the installation of an applet of this package.
    pub fn begin_installation(&mut self, package: PackageId) {
        let context = ContextId::from(package);
        let own = self
            .heap
            .iter()
            .filter(|(_, object)| object.owner.context == context);
        let objects = own
            .map(|(obj, object)| {
                let persistent = object.storage == Storage::Persistent;
                (obj, persistent.then(|| object.body.clone()))
            })
            .collect();
        let statics = self.statics.get(usize::from(package.0));
        self.installation = Some(Installation {
            package,
            statics: statics.cloned().unwrap_or_default(),
            objects,
        });
    }

    /// The installation succeeded: what it did stays.
    pub fn finish_installation(&mut self) {
        self.installation = None;
    }

    /// The installation failed (JCRE 3.0.5 §11.2): its context is as it was, and a transaction in progress is aborted.
    pub fn undo_installation(&mut self) {
        if self.transaction.is_some() {
            // There is one, so this can't fail.
            let _ = self.abort();
        }
        let Some(before) = self.installation.take() else {
            return;
        };
        let context = ContextId::from(before.package);
        let own = self
            .heap
            .iter()
            .filter(|(_, object)| object.owner.context == context);
        let gone: Vec<ObjRef> = own
            .map(|(obj, _)| obj)
            .filter(|obj| !before.objects.contains_key(obj))
            .collect();
        for (obj, body) in before.objects {
            let (Some(body), Ok(object)) = (body, self.heap.get_mut(obj)) else {
                continue;
            };
            if object.body != body {
                object.body = body;
                self.heap.mark_dirty(obj);
                self.heap.seal(obj);
            }
        }
        self.set_statics(before.package, before.statics);
        self.free(&gone);
    }

    /// What makes one array of the card's own lasting now, and nothing else: its content without the transaction and
    /// without the installation in progress. Nothing if the array itself is as new as these.
    pub fn take_array(&mut self, array: ObjRef) -> Changes {
        if (self.heap.get(array)).is_ok_and(|object| object.has(Object::NEW)) {
            return Changes::new();
        }
        self.without_transaction(|vm| {
            let mut installation = vm.installation.take();
            let changes = match &mut installation {
                Some(before) => vm.array_before(array, before),
                None => vm.object_change(array),
            };
            vm.installation = installation;
            changes
        })
    }

    fn array_before(&mut self, array: ObjRef, before: &mut Installation) -> Changes {
        let context = ContextId::from(before.package);
        let is_own = (self.heap.get(array)).is_ok_and(|object| object.owner.context == context);
        if !is_own {
            return self.object_change(array);
        }
        let Some(body) = before.body_mut(array) else {
            return Changes::new();
        };
        let mut swap = |vm: &mut Self| {
            if let Ok(object) = vm.heap.get_mut(array) {
                core::mem::swap(&mut object.body, body);
            }
        };
        swap(self);
        let changes = self.object_change(array);
        swap(self);
        changes
    }
}
