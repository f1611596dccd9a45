//! The secure channel of the calling applet, through its security domain, on the channel of the command.

use alloc::vec::Vec;

use hydra_vm::{Atomicity, ContextId, ObjRef, Stop};
use hydra_wire::{Command, Response, StatusWord};

use crate::api::Cx;
use crate::api::javacard::framework::apdu as framework_apdu;
use crate::runtime::{ApduState, AppletRef, Direction};

/// Where a command's data begins, and where `processSecurity` leaves the answer.
const CDATA: i16 = 5;
/// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
const COMMANDS: [u8; 2] = [0x50, 0x82];

/// `processSecurity`: the length of the answer in the buffer.
pub(crate) fn process_security(cx: &mut Cx<'_>, _: ObjRef, apdu: ObjRef) -> Result<i16, Stop> {
    cx.check_object(apdu)?;
    let buffer = cx.state.apdu.buffer;
    let header = cx.vm.byte_range(buffer, 0, 4, ContextId::JCRE)?.to_vec();
    let &[cla, ins, p1, p2] = header.as_slice() else {
        return cx.out_of_bounds();
    };
    if cla & 0x80 == 0 {
        return refuse(cx, StatusWord::CLA_NOT_SUPPORTED);
    }
    if !COMMANDS.contains(&ins) {
        return refuse(cx, StatusWord::INS_NOT_SUPPORTED);
    }
    let data = received(cx, apdu)?;
    let command = with_data(Command::new(cla, ins, p1, p2), &data);
    let at = caller(cx)?;
    let state = &mut *cx.state;
    let mut durable = |vm: &mut hydra_vm::Vm, key| state.commit_record(vm, key).is_ok();
    let answer = cx
        .platform
        .process_security(cx.vm, at, &command, &mut durable);
    let answer = allowed(cx, answer)?;
    cx.own_write(buffer, CDATA, &answer, Atomicity::NonAtomic)?;
    length(cx, answer.len())
}

/// `wrap`: the response data without the status bytes behind it.
pub(crate) fn wrap(
    cx: &mut Cx<'_>,
    _: ObjRef,
    array: ObjRef,
    offset: i16,
    count: i16,
) -> Result<i16, Stop> {
    let bytes = cx.bytes(array, offset, count)?;
    let Some((data, status)) = bytes.split_last_chunk::<2>() else {
        return refuse(cx, StatusWord::WRONG_LENGTH);
    };
    let response = Response {
        data: data.to_vec(),
        sw: StatusWord(u16::from_be_bytes(*status)),
    };
    let at = caller(cx)?;
    let wrapped = cx.platform.wrap(cx.vm, at, response);
    let wrapped = allowed(cx, wrapped)?;
    cx.write(array, offset, &wrapped)?;
    length(cx, wrapped.len())
}

/// `unwrap`: a whole command, with an Lc of 00 where there is no data.
pub(crate) fn unwrap(
    cx: &mut Cx<'_>,
    _: ObjRef,
    array: ObjRef,
    offset: i16,
    count: i16,
) -> Result<i16, Stop> {
    let bytes = cx.bytes(array, offset, count)?;
    let Some((&[cla, ins, p1, p2], rest)) = bytes.split_first_chunk::<4>() else {
        return cx.out_of_bounds();
    };
    let data = match rest.split_first() {
        Some((nc, rest)) => rest.get(..usize::from(*nc)),
        None => Some(&[][..]),
    };
    let Some(data) = data else {
        return cx.out_of_bounds();
    };
    let command = with_data(Command::new(cla, ins, p1, p2), data);
    let at = caller(cx)?;
    let plain = cx.platform.unwrap(cx.vm, at, &command);
    let Some(plain) = allowed(cx, plain)? else {
        return Ok(count);
    };
    let mut out = Vec::from([plain.cla, plain.ins, plain.p1, plain.p2]);
    // Shorter than it came.
    out.push(u8::try_from(plain.data.len()).unwrap_or_default());
    out.extend(&plain.data);
    cx.write(array, offset, &out)?;
    length(cx, out.len())
}

/// `decryptData`
pub(crate) fn decrypt_data(
    cx: &mut Cx<'_>,
    _: ObjRef,
    array: ObjRef,
    offset: i16,
    count: i16,
) -> Result<i16, Stop> {
    convert(cx, (array, offset, count), Direction::Decrypt)
}

/// `encryptData`
pub(crate) fn encrypt_data(
    cx: &mut Cx<'_>,
    _: ObjRef,
    array: ObjRef,
    offset: i16,
    count: i16,
) -> Result<i16, Stop> {
    convert(cx, (array, offset, count), Direction::Encrypt)
}

/// `resetSecurity`
pub(crate) fn reset_security(cx: &mut Cx<'_>, _: ObjRef) -> Result<(), Stop> {
    let at = caller(cx)?;
    cx.platform.reset_security(cx.vm, at);
    Ok(())
}

/// `getSecurityLevel`
pub(crate) fn get_security_level(cx: &mut Cx<'_>, _: ObjRef) -> Result<i8, Stop> {
    let at = caller(cx)?;
    Ok(cx.platform.security_level(cx.vm, at).cast_signed())
}

fn convert(
    cx: &mut Cx<'_>,
    (array, offset, count): (ObjRef, i16, i16),
    direction: Direction,
) -> Result<i16, Stop> {
    let data = cx.bytes(array, offset, count)?;
    let at = caller(cx)?;
    let converted = cx.platform.sensitive_data(cx.vm, at, &data, direction);
    let converted = allowed(cx, converted)?;
    cx.write(array, offset, &converted)?;
    length(cx, converted.len())
}

/// The command's data, received if it was not.
fn received(cx: &mut Cx<'_>, apdu: ObjRef) -> Result<Vec<u8>, Stop> {
    let mut total = match cx.state.apdu.state {
        ApduState::Initial => framework_apdu::set_incoming_and_receive(cx, apdu)?,
        ApduState::FullIncoming => framework_apdu::get_incoming_length(cx, apdu)?,
        _ => return refuse(cx, StatusWord::CONDITIONS_NOT_SATISFIED),
    };
    let offset = framework_apdu::get_offset_cdata(cx, apdu)?;
    while cx.state.apdu.state == ApduState::PartialIncoming {
        match framework_apdu::receive_bytes(cx, apdu, offset + total)? {
            0 => break,
            more => total += more,
        }
    }
    let buffer = cx.state.apdu.buffer;
    let data = cx.vm.byte_range(buffer, offset, total, ContextId::JCRE)?;
    Ok(data.to_vec())
}

fn with_data(command: Command, data: &[u8]) -> Command {
    if data.is_empty() {
        command
    } else {
        command.with_data(data)
    }
}

/// The calling applet and the channel of its command.
fn caller(cx: &mut Cx<'_>) -> Result<(AppletRef, u8), Stop> {
    match cx.applet() {
        Some(applet) => Ok((applet, cx.state.channel)),
        None => refuse(cx, StatusWord::CONDITIONS_NOT_SATISFIED),
    }
}

/// The value, or an ISOException.
fn allowed<T>(cx: &mut Cx<'_>, result: Result<T, StatusWord>) -> Result<T, Stop> {
    match result {
        Ok(value) => Ok(value),
        Err(status) => refuse(cx, status),
    }
}

fn refuse<T>(cx: &mut Cx<'_>, status: StatusWord) -> Result<T, Stop> {
    cx.throw("javacard/framework/ISOException", status.0.cast_signed())
}

fn length(cx: &mut Cx<'_>, count: usize) -> Result<i16, Stop> {
    match i16::try_from(count) {
        Ok(count) => Ok(count),
        Err(_) => cx.out_of_bounds(),
    }
}
