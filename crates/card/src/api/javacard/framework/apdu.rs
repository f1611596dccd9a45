use core::ops::Range;

use hydra_vm::{Fault, ObjRef, Stop};

use crate::api::{Cx, class_byte};
use crate::card::Protocol;
use crate::runtime::{Apdu, ApduFault, ApduState};

/// `getInBlockSize`
pub(crate) fn get_in_block_size(cx: &mut Cx<'_>) -> Result<i16, Stop> {
    Ok(cx.state.apdu.in_block())
}

/// `getOutBlockSize`
pub(crate) fn get_out_block_size(cx: &mut Cx<'_>) -> Result<i16, Stop> {
    Ok(cx.state.apdu.out_block())
}

/// `getProtocol`: the type, on the default medium.
pub(crate) fn get_protocol(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    Ok(match cx.state.apdu.protocol {
        Protocol::T0 => 0,
        Protocol::T1 => 1,
    })
}

/// `getNAD`: there is one terminal.
pub(crate) fn get_nad(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    check(cx, this)?;
    Ok(0)
}

/// `waitExtension`: nothing waits. Not in the one block of a response without chaining (JCRE 3.0.5 §9.4.1.1).
pub(crate) fn wait_extension(cx: &mut Cx<'_>) -> Result<(), Stop> {
    current(cx)?;
    let allowed = if cx.state.apdu.no_chaining {
        Err(ApduFault::IllegalUse)
    } else {
        Ok(())
    };
    cx.apdu(allowed)
}

/// `getCurrentAPDU`: only the applet that processes a command has one.
pub(crate) fn get_current_apdu(cx: &mut Cx<'_>) -> Result<ObjRef, Stop> {
    current(cx)
}

/// `getCurrentAPDUBuffer`
pub(crate) fn get_current_apdu_buffer(cx: &mut Cx<'_>) -> Result<ObjRef, Stop> {
    current(cx)?;
    Ok(cx.state.apdu.buffer)
}

/// `getCLAChannel`: the channel that the command came on.
pub(crate) fn get_cla_channel(cx: &mut Cx<'_>) -> Result<i8, Stop> {
    Ok(cx.state.channel.cast_signed())
}

/// `getBuffer`
pub(crate) fn get_buffer(cx: &mut Cx<'_>, this: ObjRef) -> Result<ObjRef, Stop> {
    check(cx, this)?;
    Ok(cx.state.apdu.buffer)
}

/// `getCurrentState`
pub(crate) fn get_current_state(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    check(cx, this)?;
    Ok(cx.state.apdu.state as i8)
}

/// `setIncomingAndReceive`
pub(crate) fn set_incoming_and_receive(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    check(cx, this)?;
    let result = cx.state.apdu.set_incoming_and_receive(cx.vm)?;
    cx.apdu(result)
}

/// `receiveBytes`
pub(crate) fn receive_bytes(cx: &mut Cx<'_>, this: ObjRef, offset: i16) -> Result<i16, Stop> {
    check(cx, this)?;
    let result = cx.state.apdu.receive(cx.vm, offset)?;
    cx.apdu(result)
}

/// `getIncomingLength`: Nc, once receiving began.
pub(crate) fn get_incoming_length(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    check(cx, this)?;
    receiving(cx)?;
    Ok(cx.state.apdu.incoming_length())
}

/// `getOffsetCdata`: 5, or 7 with an extended Lc; once receiving began.
pub(crate) fn get_offset_cdata(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    check(cx, this)?;
    receiving(cx)?;
    Ok(cx.state.apdu.offset_cdata())
}

/// `setOutgoing`
pub(crate) fn set_outgoing(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    check(cx, this)?;
    let result = cx.state.apdu.set_outgoing();
    cx.apdu(result)
}

/// `setOutgoingNoChaining`
pub(crate) fn set_outgoing_no_chaining(cx: &mut Cx<'_>, this: ObjRef) -> Result<i16, Stop> {
    let ne = set_outgoing(cx, this)?;
    cx.state.apdu.no_chaining = true;
    Ok(ne)
}

/// `setOutgoingLength`
pub(crate) fn set_outgoing_length(cx: &mut Cx<'_>, this: ObjRef, length: i16) -> Result<(), Stop> {
    check(cx, this)?;
    let result = cx.state.apdu.set_outgoing_length(length);
    cx.apdu(result)
}

/// `sendBytes`: from the buffer.
pub(crate) fn send_bytes(
    cx: &mut Cx<'_>,
    this: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    check(cx, this)?;
    let checked = Apdu::range(offset, length).and_then(|range| {
        cx.state.apdu.check_send(length)?;
        Ok(range)
    });
    let range = cx.apdu(checked)?;
    send(cx, range)
}

/// `sendBytesLong`: from an array of the applet's.
pub(crate) fn send_bytes_long(
    cx: &mut Cx<'_>,
    this: ObjRef,
    data: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    check(cx, this)?;
    let bytes = cx.bytes(data, offset, length)?;
    let checked = cx.state.apdu.check_send(length);
    cx.apdu(checked)?;
    cx.state.apdu.send(&bytes);
    Ok(())
}

/// `setOutgoingAndSend`
pub(crate) fn set_outgoing_and_send(
    cx: &mut Cx<'_>,
    this: ObjRef,
    offset: i16,
    length: i16,
) -> Result<(), Stop> {
    check(cx, this)?;
    let checked = Apdu::range(offset, length).and_then(|range| {
        cx.state.apdu.set_outgoing_for(length)?;
        Ok(range)
    });
    let range = cx.apdu(checked)?;
    send(cx, range)
}

/// `isCommandChainingCLA`
pub(crate) fn is_command_chaining_cla(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    check(cx, this)?;
    Ok(class_byte::is_chaining(cx.state.apdu.class))
}

/// `isSecureMessagingCLA`
pub(crate) fn is_secure_messaging_cla(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    check(cx, this)?;
    Ok(class_byte::is_secure_messaging(cx.state.apdu.class))
}

/// `isISOInterindustryCLA`
pub(crate) fn is_iso_interindustry_cla(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    check(cx, this)?;
    Ok(class_byte::is_interindustry(cx.state.apdu.class))
}

/// `isValidCLA`
pub(crate) fn is_valid_cla(cx: &mut Cx<'_>, this: ObjRef) -> Result<bool, Stop> {
    check(cx, this)?;
    Ok(class_byte::is_valid(cx.state.apdu.class))
}

/// `getLogicalChannelEncoding`: `LC_ENCODING_TYPE_4` (0 to 3) or `LC_ENCODING_TYPE_4_TYPE_16`.
pub(crate) fn get_logical_channel_encoding(cx: &mut Cx<'_>, this: ObjRef) -> Result<i8, Stop> {
    check(cx, this)?;
    Ok(if cx.state.apdu.class & 0x40 == 0 {
        1
    } else {
        2
    })
}

fn send(cx: &mut Cx<'_>, range: Range<usize>) -> Result<(), Stop> {
    let bytes = cx.vm.own_bytes(cx.state.apdu.buffer)?.get(range);
    cx.state.apdu.send(bytes.ok_or(Fault::NoSuchMember)?);
    Ok(())
}

/// `SecurityException` for an object that is not the JCRE's one APDU (JCRE 3.0.5 §6.2.1): it stands for no command.
pub(crate) fn check(cx: &mut Cx<'_>, apdu: ObjRef) -> Result<(), Stop> {
    if apdu == cx.state.apdu.object {
        Ok(())
    } else {
        cx.throw("java/lang/SecurityException", 0)
    }
}

/// The APDU object, if the caller is the applet that processes a command.
fn current(cx: &mut Cx<'_>) -> Result<ObjRef, Stop> {
    if cx.state.processing.is_some() && cx.applet() == cx.state.processing {
        Ok(cx.state.apdu.object)
    } else {
        cx.throw("java/lang/SecurityException", 0)
    }
}

fn receiving(cx: &mut Cx<'_>) -> Result<(), Stop> {
    let result = match cx.state.apdu.state {
        ApduState::PartialIncoming | ApduState::FullIncoming => Ok(()),
        _ => Err(ApduFault::IllegalUse),
    };
    cx.apdu(result)
}
