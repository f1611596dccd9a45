use hydra_vm::{ArrayKind, Atomicity, Fault, ObjRef, Owner, Stop, Storage, Value};

use super::aid;
use crate::api::{Cx, cost};
use crate::runtime::{AppletRef, callback};

/// The Java Card platform version: 3.0.5, whose Classic API is there whole.
const VERSION: i16 = 0x0305;

const SYSTEM: &str = "javacard/framework/SystemException";
const TRANSACTION: &str = "javacard/framework/TransactionException";
const SECURITY: &str = "java/lang/SecurityException";

/// `beginTransaction`
pub(crate) fn begin_transaction(cx: &mut Cx<'_>) -> Result<(), Stop> {
    if cx.vm.depth() > 0 {
        // IN_PROGRESS
        return cx.throw(TRANSACTION, 1);
    }
    Ok(cx.vm.begin()?)
}

/// `commitTransaction`
pub(crate) fn commit_transaction(cx: &mut Cx<'_>) -> Result<(), Stop> {
    if cx.vm.depth() == 0 {
        // NOT_IN_PROGRESS
        return cx.throw(TRANSACTION, 2);
    }
    cx.charge(cost::TRANSACTION)?;
    Ok(cx.vm.commit()?)
}

/// `abortTransaction`
pub(crate) fn abort_transaction(cx: &mut Cx<'_>) -> Result<(), Stop> {
    if cx.vm.depth() == 0 {
        return cx.throw(TRANSACTION, 2);
    }
    cx.charge(cost::TRANSACTION)?;
    cx.vm.abort()?;
    cx.state.forget_aborted(cx.vm);
    Ok(())
}

/// `getTransactionDepth`
pub(crate) fn get_transaction_depth(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    Ok(i8::from(cx.vm.depth() > 0))
}

/// `getMaxCommitCapacity`
pub(crate) fn get_max_commit_capacity(cx: &mut Cx<'_>) -> Result<i16, Stop> {
    Ok(clamp(cx.vm.limits().commit))
}

/// `getUnusedCommitCapacity`
pub(crate) fn get_unused_commit_capacity(cx: &mut Cx<'_>) -> Result<i16, Stop> {
    Ok(clamp(cx.vm.commit_capacity_left()))
}

/// `getVersion`
pub(crate) fn get_version(_: &mut Cx<'_>) -> Result<i16, Stop> {
    Ok(VERSION)
}

/// `getAID`: of the applet whose context is active; null before it registered.
pub(crate) fn get_aid(cx: &mut Cx<'_>) -> Result<ObjRef, Stop> {
    Ok(cx
        .applet()
        .map_or(ObjRef::NULL, |applet| aid_of(cx, applet)))
}

/// `getPreviousContextAID`: of the applet whose context was active before; null if that was the JCRE's.
pub(crate) fn get_previous_context_aid(cx: &mut Cx<'_>) -> Result<ObjRef, Stop> {
    let applet = cx.vm.previous().applet;
    Ok(aid_of(cx, applet))
}

/// `lookupAID`: the JCRE's AID object of an installed applet, or null.
pub(crate) fn lookup_aid(
    cx: &mut Cx<'_>,
    array: ObjRef,
    offset: i16,
    length: i8,
) -> Result<ObjRef, Stop> {
    let bytes = cx.bytes(array, offset, i16::from(length))?;
    Ok(cx
        .state
        .by_aid(&bytes)
        .map_or(ObjRef::NULL, |applet| aid_of(cx, applet)))
}

/// `isAppletActive`: on any channel.
pub(crate) fn is_applet_active(cx: &mut Cx<'_>, aid: ObjRef) -> Result<bool, Stop> {
    Ok(named(cx, aid)?.is_some_and(|applet| cx.state.is_selected(applet)))
}

/// `getAppletShareableInterfaceObject` (JCRE 3.0.5 §6.2.7.2): asks the server applet on the caller's behalf; null if
/// there is none or it does not share.
pub(crate) fn get_applet_shareable_interface_object(
    cx: &mut Cx<'_>,
    server: ObjRef,
    parameter: i8,
) -> Result<ObjRef, Stop> {
    let client = get_aid(cx)?;
    let Some(applet) = named(cx, server)? else {
        return Ok(ObjRef::NULL);
    };
    let Some(instance) = cx.state.instances.get(&applet).cloned() else {
        return Ok(ObjRef::NULL);
    };
    if cx.vm.is_busy(applet) {
        return cx.throw(SECURITY, 0);
    }
    let method = cx
        .vm
        .find_virtual(instance.object, callback::GET_SHAREABLE)?;
    let args = [
        Value::Ref(instance.object),
        Value::Ref(client),
        Value::Short(i16::from(parameter)),
    ];
    match cx.invoke(method, &args, instance.owner(applet))? {
        Some(Value::Ref(shared)) if shared.is_null() => Ok(shared),
        Some(Value::Ref(shared)) if cx.vm.is_shareable(shared)? => Ok(shared),
        Some(Value::Ref(_)) => Ok(ObjRef::NULL),
        _ => Err(Fault::Signature.into()),
    }
}

/// `getAssignedChannel`: the channel of the command in progress.
pub(crate) fn get_assigned_channel(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    Ok(cx.state.channel.cast_signed())
}

/// `isTransient`: `NOT_A_TRANSIENT_OBJECT`, `CLEAR_ON_RESET` or `CLEAR_ON_DESELECT`.
pub(crate) fn is_transient(cx: &mut Cx<'_>, obj: ObjRef) -> Result<i8, Stop> {
    if obj.is_null() {
        return Ok(0);
    }
    Ok(match cx.vm.storage(obj)? {
        Storage::Persistent => 0,
        Storage::ClearOnReset | Storage::Session => 1,
        Storage::ClearOnDeselect => 2,
    })
}

/// `makeTransientBooleanArray`
pub(crate) fn make_transient_boolean_array(
    cx: &mut Cx<'_>,
    length: i16,
    event: i8,
) -> Result<ObjRef, Stop> {
    make_transient(cx, ArrayKind::Boolean, length, event)
}

/// `makeTransientByteArray`
pub(crate) fn make_transient_byte_array(
    cx: &mut Cx<'_>,
    length: i16,
    event: i8,
) -> Result<ObjRef, Stop> {
    make_transient(cx, ArrayKind::Byte, length, event)
}

/// `makeTransientShortArray`
pub(crate) fn make_transient_short_array(
    cx: &mut Cx<'_>,
    length: i16,
    event: i8,
) -> Result<ObjRef, Stop> {
    make_transient(cx, ArrayKind::Short, length, event)
}

/// `makeTransientObjectArray`
pub(crate) fn make_transient_object_array(
    cx: &mut Cx<'_>,
    length: i16,
    event: i8,
) -> Result<ObjRef, Stop> {
    make_transient(cx, ArrayKind::Ref(None), length, event)
}

/// `getAvailableMemory(byte)`: at most 32767.
pub(crate) fn get_available_memory_byte(cx: &mut Cx<'_>, kind: i8) -> Result<i16, Stop> {
    available(cx, kind).map(clamp)
}

/// `getAvailableMemory(short[], short, byte)`: all 32 bits, high half first.
pub(crate) fn get_available_memory_shorts_short_byte(
    cx: &mut Cx<'_>,
    target: ObjRef,
    offset: i16,
    kind: i8,
) -> Result<(), Stop> {
    let bytes = u32::try_from(available(cx, kind)?).unwrap_or(u32::MAX);
    let [a, b, c, d] = bytes.to_be_bytes();
    let context = cx.context();
    cx.check_object(target)?;
    // The second half first: if that fits, so does the first, unless the offset is -1.
    let Some(next) = offset.checked_add(1).filter(|next| *next > 0) else {
        return cx.out_of_bounds();
    };
    for (index, half) in [(next, [c, d]), (offset, [a, b])] {
        let value = Value::Short(i16::from_be_bytes(half));
        cx.vm
            .set_element(target, index, value, context, Atomicity::NonAtomic)?;
    }
    Ok(())
}

/// `isObjectDeletionSupported`
pub(crate) fn is_object_deletion_supported(_: &mut Cx<'_>) -> Result<bool, Stop> {
    Ok(true)
}

/// `requestObjectDeletion`: done when the command is over.
pub(crate) fn request_object_deletion(cx: &mut Cx<'_>) -> Result<(), Stop> {
    cx.state.deletion_requested = true;
    Ok(())
}

/// `makeGlobalArray`: of the JCRE's, within everybody's reach until control is back at the runtime (JCRE 3.0.5
/// §6.2.2).
pub(crate) fn make_global_array(cx: &mut Cx<'_>, kind: i8, length: i16) -> Result<ObjRef, Stop> {
    let kind = array_kind(cx, kind)?;
    let size = content_size(Some((kind, length.unsigned_abs())));
    if size > free_bytes(cx, Storage::ClearOnReset)? {
        // NO_TRANSIENT_SPACE
        return cx.throw(SYSTEM, 2);
    }
    let array = cx
        .vm
        .new_array(kind, length, Owner::JCRE, Storage::Session)?;
    cx.vm.set_global_array(array)?;
    cx.state.global_arrays.push(array);
    Ok(array)
}

/// `ARRAY_TYPE_BOOLEAN` to `ARRAY_TYPE_OBJECT`.
pub(crate) fn array_kind(cx: &mut Cx<'_>, kind: i8) -> Result<ArrayKind, Stop> {
    Ok(match kind {
        1 => ArrayKind::Boolean,
        2 => ArrayKind::Byte,
        3 => ArrayKind::Short,
        4 => ArrayKind::Int,
        5 => ArrayKind::Ref(None),
        // ILLEGAL_VALUE
        _ => return cx.throw(SYSTEM, 1),
    })
}

/// Bytes of an array's content.
fn content_size(array: Option<(ArrayKind, u16)>) -> usize {
    array.map_or(0, |(kind, length)| {
        usize::from(length)
            * match kind {
                ArrayKind::Boolean | ArrayKind::Byte => 1,
                ArrayKind::Short | ArrayKind::Ref(_) => 2,
                ArrayKind::Int => 4,
            }
    })
}

/// The transient array that `makeTransient…Array` gives out.
pub(crate) fn make_transient(
    cx: &mut Cx<'_>,
    kind: ArrayKind,
    length: i16,
    event: i8,
) -> Result<ObjRef, Stop> {
    let storage = match event {
        1 => Storage::ClearOnReset,
        2 => Storage::ClearOnDeselect,
        // ILLEGAL_VALUE
        _ => return cx.throw(SYSTEM, 1),
    };
    let owner = cx.vm.caller();
    if storage == Storage::ClearOnDeselect && !cx.vm.is_selected(owner.context) {
        // ILLEGAL_TRANSIENT
        return cx.throw(SYSTEM, 3);
    }
    cx.vm.new_array(kind, length, owner, storage)
}

fn available(cx: &mut Cx<'_>, kind: i8) -> Result<usize, Stop> {
    let storage = match kind {
        0 => Storage::Persistent,
        1 => Storage::ClearOnReset,
        2 => Storage::ClearOnDeselect,
        _ => return cx.throw(SYSTEM, 1),
    };
    free_bytes(cx, storage)
}

/// Bytes free; global arrays take their room from CLEAR_ON_RESET memory.
fn free_bytes(cx: &Cx<'_>, storage: Storage) -> Result<usize, Stop> {
    let mut taken = 0;
    if storage == Storage::ClearOnReset {
        for array in &cx.state.global_arrays {
            taken += content_size(cx.vm.array(*array)?);
        }
    }
    Ok(cx.vm.free_bytes(storage).saturating_sub(taken))
}

/// The applet that an AID object names.
fn named(cx: &mut Cx<'_>, object: ObjRef) -> Result<Option<AppletRef>, Stop> {
    if object.is_null() {
        return cx.null_pointer();
    }
    cx.check_object(object)?;
    let bytes = aid::content(cx, object)?;
    Ok(cx.state.by_aid(&bytes))
}

fn aid_of(cx: &Cx<'_>, applet: AppletRef) -> ObjRef {
    match (cx.state.instances.get(&applet), &cx.state.installing) {
        (Some(instance), _) => instance.aid_object,
        (None, Some(installing)) if installing.applet == applet => installing
            .registered
            .map_or(ObjRef::NULL, |(_, aid_object)| aid_object),
        _ => ObjRef::NULL,
    }
}

fn clamp(bytes: usize) -> i16 {
    i16::try_from(bytes).unwrap_or(i16::MAX)
}
