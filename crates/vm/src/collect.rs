//! Garbage collection and the deletion of an applet's objects.

use alloc::vec;
use alloc::vec::Vec;

use crate::heap::{Body, Object};
use crate::ids::{AppletId, ObjRef, PackageId};
use crate::vm::Vm;

impl Vm {
    /// Frees what can't be reached from `roots`, static fields, and running frames; how many objects. Call it between
    /// commands: references that a native still holds are not roots.
    pub fn collect(&mut self, roots: &[ObjRef]) -> usize {
        let mut marked = vec![false; self.heap.handles()];
        let mut pending = roots.to_vec();
        pending.extend(
            self.statics
                .iter()
                .flat_map(|statics| statics.refs.iter().copied()),
        );
        pending.extend(
            self.stack
                .iter()
                .take(self.sp)
                .filter_map(|word| word.as_reference()),
        );
        pending.extend(self.exceptions.values().copied());
        while let Some(obj) = pending.pop() {
            if let (Some(mark), Ok(object)) =
                (marked.get_mut(usize::from(obj.0)), self.heap.get(obj))
                && !core::mem::replace(mark, true)
            {
                self.references(object, |reference| pending.push(reference));
            }
        }
        let dead: Vec<ObjRef> = self
            .heap
            .iter()
            .map(|(obj, _)| obj)
            .filter(|obj| !marked[usize::from(obj.0)])
            .collect();
        dead.iter().for_each(|obj| self.heap.remove(*obj));
        self.heap.look_again();
        dead.len()
    }

    /// Whether memory has become so low that a collection is due.
    pub fn is_memory_low(&self) -> bool {
        self.heap.is_low()
    }

    /// Calls `visit` with each reference that an object holds.
    pub(crate) fn references(&self, object: &Object, mut visit: impl FnMut(ObjRef)) {
        match &object.body {
            Body::Refs { refs, .. } => refs
                .iter()
                .filter(|obj| !obj.is_null())
                .for_each(|obj| visit(*obj)),
            Body::Instance { class, words } => {
                for &(first, count) in self
                    .class(*class)
                    .iter()
                    .flat_map(|class| class.references.iter())
                {
                    let held = words.iter().skip(first.into()).take(count.into());
                    held.filter(|word| **word != 0)
                        .for_each(|word| visit(ObjRef(*word)));
                }
            }
            Body::Boolean(_) | Body::Byte(_) | Body::Short(_) | Body::Int(_) => {}
        }
    }

    /// Whether an object of another owner, or a static field, refers to an object that this applet instance owns
    /// (JCRE 3.0.5 §11.3.4.1). The JCRE's own references do not count: they go with the instance. Neither do the static
    /// fields of a package that goes too (JCRE 3.0.5 §11.3.4.3).
    pub fn referenced_from_other(&self, applet: AppletId, going: Option<PackageId>) -> bool {
        let owned = |obj: ObjRef| {
            self.heap
                .get(obj)
                .is_ok_and(|object| object.owner.applet == applet)
        };
        let going = going.map(|package| usize::from(package.0));
        let staying = self.statics.iter().enumerate();
        if staying
            .filter(|(package, _)| Some(*package) != going)
            .flat_map(|(_, statics)| &statics.refs)
            .any(|obj| owned(*obj))
        {
            return true;
        }
        let others = self.heap.iter().filter(|(_, object)| {
            object.owner.applet != applet && object.owner.context != crate::ids::ContextId::JCRE
        });
        let mut found = false;
        others
            .for_each(|(_, object)| self.references(object, |reference| found |= owned(reference)));
        found
    }

    /// Frees every object that an applet instance owns, and makes references to them null; how many.
    pub fn delete_objects_of(&mut self, applet: AppletId) -> usize {
        let owned = self
            .heap
            .iter()
            .filter(|(_, object)| object.owner.applet == applet);
        let owned: Vec<ObjRef> = owned.map(|(obj, _)| obj).collect();
        self.free(&owned);
        owned.len()
    }
}
