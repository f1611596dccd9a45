//! The output queue: what waits for the hub, oldest first, each output a record of its own.

use alloc::vec::Vec;
use hydra_vm::Vm;
use hydra_wire::{FrameKind, tlv};

use super::route::Port;
use crate::open::records::{self, Fields, push_lv};

/// One output: something that leaves the card when the hub fetches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) correlation: u32,
    pub(crate) port: Port,
    pub(crate) kind: FrameKind,
    pub(crate) payload: Vec<u8>,
}

impl Output {
    /// What FETCH answers: `D0`{`59` correlation, `50` port, `5C` kind, `5A` payload}.
    pub(crate) fn to_object(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.payload.len() + 64);
        tlv::push(&mut content, 0x59, &self.correlation.to_be_bytes());
        tlv::push(&mut content, 0x50, self.port.as_bytes());
        tlv::push(&mut content, 0x5C, &[self.kind as u8]);
        tlv::push(&mut content, 0x5A, &self.payload);
        tlv::object(0xD0, &content)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.payload.len() + 40);
        out.extend(self.correlation.to_be_bytes());
        out.push(self.kind as u8);
        push_lv(&mut out, self.port.as_bytes());
        out.extend_from_slice(&self.payload);
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let correlation = fields.u32()?;
        let kind = match fields.byte()? {
            0x01 => FrameKind::Message,
            0x02 => FrameKind::Script,
            0x03 => FrameKind::ScriptResponse,
            _ => return None,
        };
        let port = Port::new(fields.lv()?)?;
        Some(Self {
            correlation,
            port,
            kind,
            payload: fields.0.to_vec(),
        })
    }
}

/// Adds an output at the end. `correlation` is the exchange's; without one, the output's own number is its correlation.
/// Once all the numbers of outputs are used up ([`has_numbers`]) nothing is added.
pub(crate) fn push(
    vm: &mut Vm,
    correlation: Option<u32>,
    port: Port,
    kind: FrameKind,
    payload: Vec<u8>,
) {
    if !has_numbers(vm, 1) {
        return;
    }
    let number = next_number(vm);
    let output = Output {
        correlation: correlation.unwrap_or(number),
        port,
        kind,
        payload,
    };
    vm.record_put(records::QUEUE + number, &output.encode());
    vm.record_put(records::NEXT_OUTPUT, &(number + 1).to_be_bytes());
}

/// Whether this many outputs more can be numbered.
pub(crate) fn has_numbers(vm: &Vm, outputs: u32) -> bool {
    next_number(vm) <= records::QUEUE_END - records::QUEUE - outputs
}

/// The oldest output and the key of its record.
pub(crate) fn oldest(vm: &Vm) -> Option<(u32, Output)> {
    outputs(vm).next()
}

/// The oldest output for any port but these.
pub(crate) fn oldest_but_for(vm: &Vm, excluded: &[&[u8]]) -> Option<Output> {
    outputs(vm)
        .map(|(_, output)| output)
        .find(|output| !excluded.contains(&output.port.as_bytes()))
}

/// The oldest output for this port and the key of its record.
pub(crate) fn oldest_for(vm: &Vm, port: &[u8]) -> Option<(u32, Output)> {
    outputs(vm).find(|(_, output)| output.port.as_bytes() == port)
}

/// Forgets an output by the key that [`oldest`] gave.
pub(crate) fn forget(vm: &mut Vm, key: u32) {
    vm.record_delete(key);
}

/// Whether each output can be read; the key of the first that can't.
pub(crate) fn unreadable(vm: &Vm) -> Option<u32> {
    vm.records(records::QUEUE..records::QUEUE_END)
        .find(|(_, bytes)| Output::decode(bytes).is_none())
        .map(|(key, _)| key)
}

fn outputs(vm: &Vm) -> impl Iterator<Item = (u32, Output)> + '_ {
    vm.records(records::QUEUE..records::QUEUE_END)
        .filter_map(|(key, bytes)| Some((key, Output::decode(bytes)?)))
}

fn next_number(vm: &Vm) -> u32 {
    vm.record_get(records::NEXT_OUTPUT)
        .and_then(|bytes| Fields(bytes).u32())
        .unwrap_or(1)
}
