use hydra_vm::{ObjRef, Stop};

use crate::api::Cx;

/// `Outbox.send`: hands a message to the card's outbox; the low 16 bits of its counter. What the outbox refuses comes
/// back as an ISOException.
pub(crate) fn send(
    cx: &mut Cx<'_>,
    purpose: i8,
    destination: i8,
    message: ObjRef,
    offset: i16,
    length: i16,
) -> Result<i16, Stop> {
    let bytes = cx.bytes(message, offset, length)?;
    let Some(applet) = cx.applet() else {
        return cx.throw("java/lang/SecurityException", 0);
    };
    let sent = cx.platform.outbox_send(
        cx.vm,
        applet,
        purpose.cast_unsigned(),
        destination.cast_unsigned(),
        &bytes,
    );
    match sent {
        Ok(counter) => Ok(counter.cast_signed()),
        Err(sw) => cx.throw("javacard/framework/ISOException", sw.0.cast_signed()),
    }
}
