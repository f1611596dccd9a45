//! The Common Service Format: once a command is processed, the buffer has the status word in the place of P1 and P2,
//! the length of the output in the place of Lc, and the output behind it.

use hydra_vm::{Atomicity, ContextId, ObjRef, Stop};

use crate::api::Cx;
use crate::api::javacard::framework::{apdu, applet};
use crate::runtime::{Apdu, ApduState};

const EXCEPTION: &str = "javacard/framework/service/ServiceException";

/// Where the status word is.
pub(crate) const STATUS: i16 = 2;
/// Where the length of the output is.
pub(crate) const LENGTH: i16 = 4;
/// Where the output begins.
pub(crate) const OUTPUT: i16 = 5;

/// `ServiceException`'s reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceReason {
    IllegalParam = 1,
    DispatchTableFull = 2,
    CommandDataTooLong = 3,
    CannotAccessInCommand = 4,
    CannotAccessOutCommand = 5,
}

impl Cx<'_> {
    /// `ServiceException` with this reason.
    pub(crate) fn service_error<T>(&mut self, reason: ServiceReason) -> Result<T, Stop> {
        self.throw(EXCEPTION, reason as i16)
    }
}

/// `BasicService()`
pub(crate) fn construct(_: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    Ok(())
}

/// `processDataIn`, unless the service has its own: not done.
pub(crate) fn process_data_in(_: &mut Cx<'_>, _: ObjRef, _: ObjRef) -> Result<bool, Stop> {
    Ok(false)
}

/// `processCommand`, unless the service has its own: not done.
pub(crate) fn process_command(_: &mut Cx<'_>, _: ObjRef, _: ObjRef) -> Result<bool, Stop> {
    Ok(false)
}

/// `processDataOut`, unless the service has its own: not done.
pub(crate) fn process_data_out(_: &mut Cx<'_>, _: ObjRef, _: ObjRef) -> Result<bool, Stop> {
    Ok(false)
}

/// `receiveInData`: all of the command's data, if it is not there yet; its length.
pub(crate) fn receive_in_data(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i16, Stop> {
    incoming(cx, apdu)?;
    let length = cx.state.apdu.incoming_length();
    if cx.state.apdu.state == ApduState::FullIncoming {
        return Ok(length);
    }
    let offset = cx.state.apdu.offset_cdata();
    if length > Apdu::BUFFER - offset {
        return cx.service_error(ServiceReason::CommandDataTooLong);
    }
    let received = cx.state.apdu.set_incoming_and_receive(cx.vm)?;
    let mut total = cx.apdu(received)?;
    while total < length {
        let received = cx.state.apdu.receive(cx.vm, offset + total)?;
        match cx.apdu(received)? {
            0 => break,
            more => total += more,
        }
    }
    Ok(total)
}

/// `setProcessed`: begins the output, if it has not begun.
pub(crate) fn set_processed(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<(), Stop> {
    accessible(cx, apdu)?;
    if cx.state.apdu.state >= ApduState::Outgoing {
        return Ok(());
    }
    match cx.state.apdu.set_outgoing() {
        Ok(_) => Ok(()),
        Err(_) => cx.service_error(ServiceReason::CannotAccessOutCommand),
    }
}

/// `isProcessed`
pub(crate) fn is_processed(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<bool, Stop> {
    accessible(cx, apdu)?;
    Ok(cx.state.apdu.state >= ApduState::Outgoing)
}

/// `setOutputLength`: at most 256, which is written as 0 like in an APDU.
pub(crate) fn set_output_length(
    cx: &mut Cx<'_>,
    _: ObjRef,
    apdu: ObjRef,
    length: i16,
) -> Result<(), Stop> {
    accessible(cx, apdu)?;
    if !(0..=256).contains(&length) {
        return cx.service_error(ServiceReason::IllegalParam);
    }
    cx.state.apdu.full_output = length == 256;
    write(cx, LENGTH, &length.to_be_bytes()[1..])
}

/// `getOutputLength`
pub(crate) fn get_output_length(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i16, Stop> {
    outgoing(cx, apdu)?;
    output_length(cx)
}

/// `setStatusWord`
pub(crate) fn set_status_word(
    cx: &mut Cx<'_>,
    _: ObjRef,
    apdu: ObjRef,
    status: i16,
) -> Result<(), Stop> {
    accessible(cx, apdu)?;
    write(cx, STATUS, &status.to_be_bytes())
}

/// `getStatusWord`
pub(crate) fn get_status_word(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i16, Stop> {
    outgoing(cx, apdu)?;
    status_word(cx)
}

/// `fail`: processed, with this status and no output.
pub(crate) fn fail(cx: &mut Cx<'_>, this: ObjRef, apdu: ObjRef, status: i16) -> Result<bool, Stop> {
    set_processed(cx, this, apdu)?;
    set_output_length(cx, this, apdu, 0)?;
    set_status_word(cx, this, apdu, status)?;
    Ok(true)
}

/// `succeed`: processed, with 9000.
pub(crate) fn succeed(cx: &mut Cx<'_>, this: ObjRef, apdu: ObjRef) -> Result<bool, Stop> {
    succeed_with_status_word(cx, this, apdu, 0x9000u16.cast_signed())
}

/// `succeedWithStatusWord`: processed, with this status.
pub(crate) fn succeed_with_status_word(
    cx: &mut Cx<'_>,
    this: ObjRef,
    apdu: ObjRef,
    status: i16,
) -> Result<bool, Stop> {
    set_processed(cx, this, apdu)?;
    set_status_word(cx, this, apdu, status)?;
    Ok(true)
}

/// `getCLA`
pub(crate) fn get_cla(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i8, Stop> {
    accessible(cx, apdu)?;
    header(cx, 0)
}

/// `getINS`
pub(crate) fn get_ins(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i8, Stop> {
    accessible(cx, apdu)?;
    header(cx, 1)
}

/// `getP1`: not once the status word has its place.
pub(crate) fn get_p1(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i8, Stop> {
    incoming(cx, apdu)?;
    header(cx, 2)
}

/// `getP2`: not once the status word has its place.
pub(crate) fn get_p2(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i8, Stop> {
    incoming(cx, apdu)?;
    header(cx, 3)
}

/// `selectingApplet`
pub(crate) fn selecting_applet(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    applet::selecting_applet(cx, this)
}

/// The output's length in the buffer.
pub(super) fn output_length(cx: &mut Cx<'_>) -> Result<i16, Stop> {
    match header(cx, LENGTH)? {
        0 if cx.state.apdu.full_output => Ok(256),
        length => Ok(length.cast_unsigned().into()),
    }
}

/// The status word in the buffer.
pub(super) fn status_word(cx: &mut Cx<'_>) -> Result<i16, Stop> {
    let (high, low) = (header(cx, STATUS)?, header(cx, STATUS + 1)?);
    Ok(i16::from_be_bytes([
        high.cast_unsigned(),
        low.cast_unsigned(),
    ]))
}

/// `NullPointerException` without an APDU; there is only one.
pub(super) fn accessible(cx: &mut Cx<'_>, apdu: ObjRef) -> Result<(), Stop> {
    cx.check_object(apdu)?;
    apdu::check(cx, apdu)
}

/// Throws unless P1, P2 and the data are in the buffer, or can still come.
fn incoming(cx: &mut Cx<'_>, apdu: ObjRef) -> Result<(), Stop> {
    accessible(cx, apdu)?;
    match cx.state.apdu.state {
        ApduState::Initial | ApduState::FullIncoming => Ok(()),
        _ => cx.service_error(ServiceReason::CannotAccessInCommand),
    }
}

/// Throws unless the command is processed.
fn outgoing(cx: &mut Cx<'_>, apdu: ObjRef) -> Result<(), Stop> {
    accessible(cx, apdu)?;
    if cx.state.apdu.state >= ApduState::Outgoing {
        Ok(())
    } else {
        cx.service_error(ServiceReason::CannotAccessOutCommand)
    }
}

fn header(cx: &mut Cx<'_>, offset: i16) -> Result<i8, Stop> {
    let buffer = cx.state.apdu.buffer;
    match cx.vm.byte_range(buffer, offset, 1, ContextId::JCRE)? {
        [byte] => Ok(byte.cast_signed()),
        _ => cx.out_of_bounds(),
    }
}

fn write(cx: &mut Cx<'_>, offset: i16, bytes: &[u8]) -> Result<(), Stop> {
    let buffer = cx.state.apdu.buffer;
    cx.own_write(buffer, offset, bytes, Atomicity::NonAtomic)
}
