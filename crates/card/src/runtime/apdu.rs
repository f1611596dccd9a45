use alloc::vec::Vec;
use core::ops::Range;

use hydra_vm::{Fault, ObjRef, Stop, Vm};
use hydra_wire::Command;

use crate::card::Protocol;

/// The state of the one APDU object (JCRE 3.0.5 §9.4): the command's data on its way in, the response's on its way out.
///
/// In either protocol applets receive and send any length: what T=0 carries in parts, [`crate::tpdu`] parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Apdu {
    /// The APDU object, a temporary entry point.
    pub(crate) object: ObjRef,
    /// Its buffer, a global array.
    pub(crate) buffer: ObjRef,
    pub(crate) state: ApduState,
    pub(crate) protocol: Protocol,
    /// The class byte as it came, whatever becomes of the buffer.
    pub(crate) class: u8,
    data: Vec<u8>,
    received: usize,
    ne: u32,
    /// Whether the applet takes extended lengths (`javacardx.apdu.ExtendedLength`).
    extended_applet: bool,
    /// Whether Lc is in its extended form in the buffer.
    extended_lc: bool,
    response: Vec<u8>,
    response_length: usize,
    /// Whether `setOutgoingAndSend` sent it all, so that there is nothing left to send, not even no bytes.
    at_once: bool,
    /// Whether the applet asked for a response in one block (`setOutgoingNoChaining`).
    pub(crate) no_chaining: bool,
    /// `BasicService.setOutputLength` was told 256, which one byte can't say.
    pub(crate) full_output: bool,
}

/// `APDU.STATE_…` in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ApduState {
    #[default]
    Initial,
    PartialIncoming,
    FullIncoming,
    Outgoing,
    OutgoingLengthKnown,
    PartialOutgoing,
    FullOutgoing,
}

/// `APDUException`'s reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApduFault {
    IllegalUse = 1,
    BufferBounds = 2,
    BadLength = 3,
}

impl Apdu {
    /// Bytes of the buffer: a header and the longest short command or response.
    pub(crate) const BUFFER: i16 = 261;
    const LENGTH: usize = 261;

    pub(crate) fn new(object: ObjRef, buffer: ObjRef, protocol: Protocol) -> Self {
        Self {
            object,
            buffer,
            protocol,
            ..Self::default()
        }
    }

    /// Bytes that come in one go at least (`getInBlockSize`): T=0 brings single bytes, T=1 the blocks of the ATR's IFSC.
    pub(crate) fn in_block(&self) -> i16 {
        match self.protocol {
            Protocol::T0 => 1,
            Protocol::T1 => 254,
        }
    }

    /// Bytes that go in one go at most (`getOutBlockSize`): under T=0 the longest response with its status word.
    pub(crate) fn out_block(&self) -> i16 {
        match self.protocol {
            Protocol::T0 => 258,
            Protocol::T1 => 254,
        }
    }

    /// Takes a command: the header goes into the buffer, the data waits to be received.
    pub(crate) fn begin(
        &mut self,
        vm: &mut Vm,
        command: &Command,
        extended_applet: bool,
    ) -> Result<(), Stop> {
        self.state = ApduState::Initial;
        self.class = command.cla;
        self.data.clone_from(&command.data);
        self.received = 0;
        // A case 1 or 3 command leaves the length to the applet. JCRE 3.0.5 §9.4.4.1: T=0 has no Ne above 256, so 256
        // is as much as the applet can send.
        self.ne = match (self.protocol, command.ne.unwrap_or(256)) {
            (Protocol::T0, 256) if extended_applet => 32_767,
            (_, ne) => ne,
        };
        self.extended_applet = extended_applet;
        self.extended_lc = extended_applet && command.extended;
        self.response.clear();
        self.response_length = 0;
        self.at_once = false;
        self.no_chaining = false;
        self.full_output = false;
        let [.., high, low] = match command.data.len() {
            0 => command.ne.unwrap_or(0).to_be_bytes(),
            nc => u32::try_from(nc).unwrap_or(u32::MAX).to_be_bytes(),
        };
        let length = if self.extended_lc {
            [0, high, low]
        } else {
            [low, 0, 0]
        };
        let [a, b, c] = length;
        let header = [command.cla, command.ins, command.p1, command.p2, a, b, c];
        let header = &header[..if self.extended_lc { 7 } else { 5 }];
        // Under T=1 the data has come with the header, and applets exist that read it before they receive it. Cards, and
        // the reference VM, have it there.
        let here = match self.protocol {
            Protocol::T0 => 0,
            Protocol::T1 => self.data.len().min(Self::LENGTH - header.len()),
        };
        lay(vm.session_bytes(self.buffer)?, header, &self.data[..here])
    }

    /// The data sent so far.
    pub(crate) fn take_response(&mut self) -> Vec<u8> {
        self.data.clear();
        core::mem::take(&mut self.response)
    }

    /// Room for the next response, if it is no more than a short one takes.
    pub(crate) fn recycle_response(&mut self, response: Vec<u8>) {
        if response.capacity() <= Self::LENGTH {
            self.response = response;
            self.response.clear();
        }
    }

    /// Where the command's data begins in the buffer.
    pub(crate) fn offset_cdata(&self) -> i16 {
        if self.extended_lc { 7 } else { 5 }
    }

    /// Nc, the length of the command's data.
    pub(crate) fn incoming_length(&self) -> i16 {
        i16::try_from(self.data.len()).unwrap_or(i16::MAX)
    }

    /// `setIncomingAndReceive`
    pub(crate) fn set_incoming_and_receive(
        &mut self,
        vm: &mut Vm,
    ) -> Result<Result<i16, ApduFault>, Stop> {
        if self.state != ApduState::Initial {
            return Ok(Err(ApduFault::IllegalUse));
        }
        self.state = ApduState::PartialIncoming;
        self.receive(vm, self.offset_cdata())
    }

    /// `receiveBytes`
    pub(crate) fn receive(
        &mut self,
        vm: &mut Vm,
        offset: i16,
    ) -> Result<Result<i16, ApduFault>, Stop> {
        if !matches!(
            self.state,
            ApduState::PartialIncoming | ApduState::FullIncoming
        ) {
            return Ok(Err(ApduFault::IllegalUse));
        }
        let left = self.data.len() - self.received;
        let room = usize::try_from(offset)
            .ok()
            .and_then(|offset| Self::LENGTH.checked_sub(offset));
        let block = usize::try_from(self.in_block()).unwrap_or_default();
        let Some(room) = room.filter(|room| *room >= left.min(block)) else {
            return Ok(Err(ApduFault::BufferBounds));
        };
        let count = left.min(room);
        let from = Self::LENGTH - room;
        vm.session_bytes(self.buffer)?[from..from + count]
            .copy_from_slice(&self.data[self.received..self.received + count]);
        self.received += count;
        self.state = if self.received == self.data.len() {
            ApduState::FullIncoming
        } else {
            ApduState::PartialIncoming
        };
        // No more than the buffer's length.
        Ok(Ok(i16::try_from(count).unwrap_or(i16::MAX)))
    }

    /// `setOutgoing`: Ne.
    pub(crate) fn set_outgoing(&mut self) -> Result<i16, ApduFault> {
        if self.state > ApduState::FullIncoming {
            return Err(ApduFault::IllegalUse);
        }
        self.state = ApduState::Outgoing;
        let most = if self.extended_applet { 32_767 } else { 256 };
        Ok(i16::try_from(self.ne.min(most)).unwrap_or(i16::MAX))
    }

    /// `setOutgoingLength`
    pub(crate) fn set_outgoing_length(&mut self, length: i16) -> Result<(), ApduFault> {
        if self.state != ApduState::Outgoing {
            return Err(ApduFault::IllegalUse);
        }
        self.response_length = self.checked_length(length)?;
        self.state = ApduState::OutgoingLengthKnown;
        Ok(())
    }

    /// Bytes of the buffer, if it has them.
    pub(crate) fn range(offset: i16, length: i16) -> Result<Range<usize>, ApduFault> {
        match (usize::try_from(offset), usize::try_from(length)) {
            (Ok(offset), Ok(length)) if offset + length <= Self::LENGTH => {
                Ok(offset..offset + length)
            }
            _ => Err(ApduFault::BufferBounds),
        }
    }

    /// Whether so many bytes may be sent now; when all were sent, none.
    pub(crate) fn check_send(&self, length: i16) -> Result<(), ApduFault> {
        let sending = matches!(
            self.state,
            ApduState::OutgoingLengthKnown | ApduState::PartialOutgoing | ApduState::FullOutgoing
        );
        let fits = usize::try_from(length)
            .is_ok_and(|length| self.response.len() + length <= self.response_length);
        if sending && fits && !self.at_once {
            Ok(())
        } else {
            Err(ApduFault::IllegalUse)
        }
    }

    /// `sendBytes` and `sendBytesLong`, once checked.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if self.response.is_empty() {
            // Room for the status word, which comes last.
            self.response.reserve_exact(self.response_length + 2);
        }
        self.response.extend_from_slice(bytes);
        self.state = if self.response.len() == self.response_length {
            ApduState::FullOutgoing
        } else {
            ApduState::PartialOutgoing
        };
    }

    /// `setOutgoingAndSend`, all of it but the bytes.
    pub(crate) fn set_outgoing_for(&mut self, length: i16) -> Result<(), ApduFault> {
        if self.state > ApduState::FullIncoming {
            return Err(ApduFault::IllegalUse);
        }
        self.response_length = self.checked_length(length)?;
        self.at_once = true;
        self.state = ApduState::OutgoingLengthKnown;
        Ok(())
    }

    fn checked_length(&self, length: i16) -> Result<usize, ApduFault> {
        let most = if self.extended_applet { i16::MAX } else { 256 };
        usize::try_from(length)
            .ok()
            .filter(|_| length <= most)
            .ok_or(ApduFault::BadLength)
    }

    /// Puts bytes into the buffer, zeros behind them: what was there may be another applet's (JCRE 3.0.5 §6.2.2).
    pub(crate) fn fill(&self, vm: &mut Vm, bytes: &[u8]) -> Result<(), Stop> {
        lay(vm.session_bytes(self.buffer)?, bytes, &[])
    }
}

/// Puts two parts one after another, and zeros behind them.
fn lay(buffer: &mut [u8], first: &[u8], second: &[u8]) -> Result<(), Stop> {
    let too_long = || Stop::Fault(Fault::NoSuchMember);
    let (place, rest) = buffer
        .split_at_mut_checked(first.len())
        .ok_or_else(too_long)?;
    place.copy_from_slice(first);
    let (place, rest) = rest
        .split_at_mut_checked(second.len())
        .ok_or_else(too_long)?;
    place.copy_from_slice(second);
    rest.fill(0);
    Ok(())
}
