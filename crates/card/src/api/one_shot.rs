//! The `OneShot` classes (API 3.0.5): objects of the JCRE's that applets borrow for one computation.
//!
//! They are temporary entry points, so that applets can't keep them; each belongs to the context that opened it until it
//! is closed or the applet's entry point method returns, and is used again for the next that opens one.

use hydra_vm::{
    Atomicity, ContextId, EntryPoint, FieldKind, ObjRef, Owner, Stop, Storage, Value, Vm,
};

use super::{CryptoReason, Cx};
use crate::runtime::State;

/// One that has been made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneShot {
    pub(crate) object: ObjRef,
    class: &'static str,
    /// Who opened it; nobody has if it is closed.
    opened: Option<ContextId>,
}

/// How many of a class may be open at once.
const MOST: usize = 8;

/// `open`: one of a class for the calling context. `SystemException.NO_RESOURCE` if too many are open.
pub(crate) fn open(cx: &mut Cx<'_>, class: &'static str) -> Result<ObjRef, Stop> {
    let context = cx.context();
    let mut of_class = cx
        .state
        .one_shots
        .iter_mut()
        .filter(|one| one.class == class);
    if let Some(free) = of_class.find(|one| one.opened.is_none()) {
        free.opened = Some(context);
        return Ok(free.object);
    }
    if cx
        .state
        .one_shots
        .iter()
        .filter(|one| one.class == class)
        .count()
        >= MOST
    {
        return cx.throw("javacard/framework/SystemException", 5);
    }
    let object = cx.vm.new_instance(class, Owner::JCRE, Storage::Session)?;
    cx.vm.set_entry_point(object, EntryPoint::Temporary)?;
    cx.state.running.remove(&object);
    cx.state.one_shots.push(OneShot {
        object,
        class,
        opened: Some(context),
    });
    Ok(object)
}

/// Throws unless it is open (`ILLEGAL_USE`) and the caller's (`SecurityException`).
pub(crate) fn enter(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    let context = cx.context();
    match opened(cx.state, this) {
        None => cx.crypto_error(CryptoReason::IllegalUse),
        Some(opener) if opener != context => cx.throw("java/lang/SecurityException", 0),
        Some(_) => Ok(()),
    }
}

/// [`enter`], where the object may be one of another kind.
pub(crate) fn enter_any(cx: &mut Cx<'_>, object: ObjRef) -> Result<(), Stop> {
    if cx.state.one_shots.iter().any(|one| one.object == object) {
        enter(cx, object)?;
    }
    Ok(())
}

/// What the classes do not support: `ILLEGAL_USE`, always.
pub(crate) fn unsupported<T>(cx: &mut Cx<'_>) -> Result<T, Stop> {
    cx.crypto_error(CryptoReason::IllegalUse)
}

/// `close`: nothing if it is not open.
pub(crate) fn close(cx: &mut Cx<'_>, this: ObjRef) -> Result<(), Stop> {
    let context = cx.context();
    match opened(cx.state, this) {
        None => Ok(()),
        Some(opener) if opener != context => cx.throw("java/lang/SecurityException", 0),
        Some(_) => release(cx.state, cx.vm, this),
    }
}

/// Takes back what is open, when an applet's entry point method has returned.
pub(crate) fn close_all(state: &mut State, vm: &mut Vm) {
    for index in 0..state.one_shots.len() {
        if let OneShot {
            object,
            opened: Some(_),
            ..
        } = state.one_shots[index]
        {
            // The object is there: it is a root, and only a reset takes it.
            let _ = release(state, vm, object);
        }
    }
}

fn opened(state: &State, this: ObjRef) -> Option<ContextId> {
    let mut all = state.one_shots.iter();
    all.find(|one| one.object == this)?.opened
}

/// Forgets what the object was opened for, and the key that it refers to.
fn release(state: &mut State, vm: &mut Vm, object: ObjRef) -> Result<(), Stop> {
    state.running.remove(&object);
    if let Some(one) = state.one_shots.iter_mut().find(|one| one.object == object) {
        one.opened = None;
    }
    for (word, kind) in (0..).zip(vm.field_kinds(object)?) {
        let empty = match kind {
            FieldKind::Short => Value::Short(0),
            FieldKind::Ref => Value::Ref(ObjRef::NULL),
        };
        vm.set_field(object, word, empty, Atomicity::NonAtomic)?;
    }
    Ok(())
}
