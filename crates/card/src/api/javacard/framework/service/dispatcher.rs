//! A dispatcher keeps its services in an array of references, in the order in which they were added, and their phases
//! in a byte array.

use alloc::vec::Vec;

use hydra_cap::api::{ClassId, Virtual, class_id, virtual_method};
use hydra_vm::{ArrayKind, Atomicity, ContextId, ObjRef, Stop, Storage, Value};

use super::basic_service::{self, OUTPUT, ServiceReason};
use crate::api::Cx;
use crate::api::javacard::framework::apdu as framework_apdu;
use crate::runtime::ApduState;

/// The word that holds the services.
const SERVICES: u16 = 0;
/// The word that holds the phase of each.
const PHASES: u16 = 1;

const SERVICE: &str = "javacard/framework/service/Service";
const ISO: &str = "javacard/framework/ISOException";

const EXCEPTION: ClassId = class_id("java/lang/Exception");

/// `PROCESS_INPUT_DATA`, `PROCESS_COMMAND` and `PROCESS_OUTPUT_DATA`, with their methods.
const METHODS: [(i8, Virtual); 3] = [
    (1, method("processDataIn")),
    (2, method("processCommand")),
    (3, method("processDataOut")),
];
const OUTPUT_PHASE: i8 = 3;

const fn method(name: &'static str) -> Virtual {
    virtual_method(SERVICE, name, "(Ljavacard/framework/APDU;)Z")
}

/// `Dispatcher(short maxServices)`
pub(crate) fn construct(cx: &mut Cx<'_>, this: ObjRef, most: i16) -> Result<(), Stop> {
    if most < 0 {
        return cx.service_error(ServiceReason::IllegalParam);
    }
    let kind = ArrayKind::Ref(cx.vm.class_index(SERVICE));
    let owner = cx.vm.caller();
    let services = cx.vm.new_array(kind, most, owner, Storage::Persistent)?;
    cx.set_object(this, SERVICES, services)?;
    let phases = cx.new_own_bytes(most, Storage::Persistent)?;
    cx.set_object(this, PHASES, phases)
}

/// `addService`: does nothing if it is there for this phase already.
pub(crate) fn add_service(
    cx: &mut Cx<'_>,
    this: ObjRef,
    service: ObjRef,
    phase: i8,
) -> Result<(), Stop> {
    check(cx, service, phase)?;
    cx.check_store(service)?;
    let mut entries = entries(cx, this)?;
    if entries.contains(&(service, phase)) {
        return Ok(());
    }
    entries.push((service, phase));
    set_entries(cx, this, &entries)
}

/// `removeService`: does nothing if it is not there for this phase.
pub(crate) fn remove_service(
    cx: &mut Cx<'_>,
    this: ObjRef,
    service: ObjRef,
    phase: i8,
) -> Result<(), Stop> {
    check(cx, service, phase)?;
    let before = entries(cx, this)?;
    let mut after = before.clone();
    after.retain(|entry| *entry != (service, phase));
    if after.len() == before.len() {
        return Ok(());
    }
    set_entries(cx, this, &after)
}

/// `dispatch`: throws the ISOException that ends a command which was processed; else what a service threw, or null.
pub(crate) fn dispatch(
    cx: &mut Cx<'_>,
    this: ObjRef,
    apdu: ObjRef,
    phase: i8,
) -> Result<ObjRef, Stop> {
    basic_service::accessible(cx, apdu)?;
    if !METHODS.iter().any(|(known, _)| *known == phase) {
        return cx.service_error(ServiceReason::IllegalParam);
    }
    match run(cx, this, apdu, phase)? {
        Outcome::Processed(status) => cx.throw(ISO, status),
        Outcome::Exception(exception) => Ok(exception),
        Outcome::NotProcessed => Ok(ObjRef::NULL),
    }
}

/// `process`: all phases; 6D00 if no service processed the command, 6F00 if one threw.
pub(crate) fn process(cx: &mut Cx<'_>, this: ObjRef, apdu: ObjRef) -> Result<(), Stop> {
    basic_service::accessible(cx, apdu)?;
    match run(cx, this, apdu, 1)? {
        // 9000 needs no exception.
        Outcome::Processed(-0x7000) => Ok(()),
        Outcome::Processed(status) => cx.throw(ISO, status),
        Outcome::Exception(_) => cx.throw(ISO, 0x6F00),
        Outcome::NotProcessed => cx.throw(ISO, 0x6D00),
    }
}

/// How the phases ended.
enum Outcome {
    /// The output is sent; the status word.
    Processed(i16),
    /// A service threw this.
    Exception(ObjRef),
    /// No service processed the command.
    NotProcessed,
}

fn run(cx: &mut Cx<'_>, this: ObjRef, apdu: ObjRef, from: i8) -> Result<Outcome, Stop> {
    for (phase, method) in METHODS.into_iter().filter(|(phase, _)| *phase >= from) {
        if phase == OUTPUT_PHASE && cx.state.apdu.state != ApduState::Outgoing {
            break;
        }
        let services = entries(cx, this)?;
        let services = services.into_iter().filter(|(_, known)| *known == phase);
        for (service, _) in services {
            match call(cx, service, method, apdu) {
                Ok(true) => break,
                Ok(false) => {}
                Err(Stop::Thrown(exception)) if cx.vm.is_instance_of(exception, EXCEPTION)? => {
                    return Ok(Outcome::Exception(exception));
                }
                Err(stop) => return Err(stop),
            }
        }
    }
    if cx.state.apdu.state < ApduState::Outgoing {
        return Ok(Outcome::NotProcessed);
    }
    let length = basic_service::output_length(cx)?;
    let status = basic_service::status_word(cx)?;
    framework_apdu::set_outgoing_length(cx, apdu, length)?;
    framework_apdu::send_bytes(cx, apdu, OUTPUT, length)?;
    Ok(Outcome::Processed(status))
}

/// Calls a service as the applet would.
fn call(cx: &mut Cx<'_>, service: ObjRef, method: Virtual, apdu: ObjRef) -> Result<bool, Stop> {
    let target = cx.vm.find_virtual(service, method)?;
    let owner = cx.vm.caller();
    let args = [Value::Ref(service), Value::Ref(apdu)];
    let result = cx.invoke(target, &args, owner)?;
    Ok(matches!(result, Some(Value::Short(done)) if done != 0))
}

fn check(cx: &mut Cx<'_>, service: ObjRef, phase: i8) -> Result<(), Stop> {
    if service.is_null() || !METHODS.iter().any(|(known, _)| *known == phase) {
        return cx.service_error(ServiceReason::IllegalParam);
    }
    cx.check_object(service)
}

/// The services and their phases, in their order.
fn entries(cx: &mut Cx<'_>, this: ObjRef) -> Result<Vec<(ObjRef, i8)>, Stop> {
    let services = cx.object(this, SERVICES)?;
    let phases = cx.object(this, PHASES)?;
    let phases = cx.own_bytes(phases)?;
    let mut entries = Vec::new();
    for (phase, index) in phases.into_iter().zip(0..) {
        match cx.vm.element(services, index, ContextId::JCRE)? {
            Value::Ref(service) if !service.is_null() => {
                entries.push((service, phase.cast_signed()));
            }
            _ => break,
        }
    }
    Ok(entries)
}

/// Writes all entries; all or nothing.
fn set_entries(cx: &mut Cx<'_>, this: ObjRef, entries: &[(ObjRef, i8)]) -> Result<(), Stop> {
    let services = cx.object(this, SERVICES)?;
    let array = cx.object(this, PHASES)?;
    let mut phases = cx.own_bytes(array)?;
    if entries.len() > phases.len() {
        return cx.service_error(ServiceReason::DispatchTableFull);
    }
    let all = entries.iter().copied().map(Some);
    let slots = all.chain(core::iter::repeat(None));
    cx.whole(|cx| {
        for ((phase, entry), index) in phases.iter_mut().zip(slots).zip(0..) {
            let (service, known) = entry.unwrap_or((ObjRef::NULL, 0));
            *phase = known.cast_unsigned();
            let value = Value::Ref(service);
            cx.vm
                .set_element(services, index, value, ContextId::JCRE, Atomicity::Atomic)?;
        }
        cx.own_write(array, 0, &phases, Atomicity::Atomic)
    })
}
