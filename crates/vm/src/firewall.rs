//! The rules of access of JCRE 3.0.5 §6.2.8, each as a function of the active context and the object.
//!
//! They answer whether, and for calls in which context; to throw is the caller's.

use crate::heap::Object;
use crate::ids::{ContextId, Owner};
use crate::memory::Storage;

/// JCRE 3.0.5 §6.2.8.1 to §6.2.8.3: whether `context` may keep a reference to `object` in a field or array.
#[inline(always)]
pub(crate) fn may_store(context: ContextId, object: &Object) -> bool {
    context == ContextId::JCRE || !object.has(Object::TEMPORARY | Object::GLOBAL)
}

/// JCRE 3.0.5 §6.2.8.2: whether `context` may use an array's content.
#[inline(always)]
pub(crate) fn may_use_array(context: ContextId, array: &Object) -> bool {
    array.owner.context == context || array.has(Object::GLOBAL) || context == ContextId::JCRE
}

/// JCRE 3.0.5 §5.1: content that is cleared at deselection is only within reach of the currently selected applet's
/// context.
#[inline(always)]
pub(crate) fn may_use_transient(context: ContextId, object: &Object, selected: ContextId) -> bool {
    object.storage != Storage::ClearOnDeselect || context == ContextId::JCRE || context == selected
}

/// JCRE 3.0.5 §6.2.8.3: whether `context` may use an object's fields, itself or through a method of the API that
/// `invokespecial` calls on it.
#[inline(always)]
pub(crate) fn may_use_fields(context: ContextId, object: &Object) -> bool {
    object.owner.context == context || context == ContextId::JCRE
}

/// JCRE 3.0.5 §6.2.8.4, §6.2.8.5 and §6.2.8.11: on whose behalf a virtual method, or one of an interface that is not
/// shareable, runs; none if the call is refused.
#[inline(always)]
pub(crate) fn virtual_call(active: Owner, object: &Object) -> Option<Owner> {
    if object.owner.context == active.context {
        return Some(active);
    }
    (object.is_entry_point() || object.has(Object::GLOBAL) || active.context == ContextId::JCRE)
        .then_some(object.owner)
}

/// What a call through a shareable interface is checked against.
pub(crate) struct SharedCall {
    /// The object's class implements a shareable interface.
    pub(crate) class_is_shareable: bool,
    /// The owner is active on another logical channel and not multiselectable.
    pub(crate) owner_is_busy: bool,
}

/// JCRE 3.0.5 §6.2.8.6: on whose behalf a method of a shareable interface runs; none if the call is refused.
#[inline(always)]
pub(crate) fn shareable_call(active: Owner, object: &Object, call: &SharedCall) -> Option<Owner> {
    if object.owner.context == active.context {
        return Some(active);
    }
    if call.owner_is_busy {
        return None;
    }
    (call.class_is_shareable || active.context == ContextId::JCRE).then_some(object.owner)
}

/// JCRE 3.0.5 §6.2.8.7 to §6.2.8.9: whether `context` may throw an object, or cast it to a class or to an interface
/// that is not shareable.
#[inline(always)]
pub(crate) fn may_name(context: ContextId, object: &Object) -> bool {
    object.owner.context == context || object.is_entry_point() || context == ContextId::JCRE
}

/// JCRE 3.0.5 §6.2.8.10: whether `context` may cast an object to a shareable interface.
#[inline(always)]
pub(crate) fn may_share(context: ContextId, object: &Object, class_is_shareable: bool) -> bool {
    object.owner.context == context || class_is_shareable || context == ContextId::JCRE
}
