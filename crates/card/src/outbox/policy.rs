//! The outbox policy (protocols §3, `E2`): stands for the householder's consent until the consent applet does.

use alloc::vec::Vec;
use hydra_message::{Destination, Purpose};
use hydra_vm::Vm;
use hydra_wire::{Aid, StatusWord, tlv};

use crate::open::records::{self, Fields, push_lv};
use crate::vt::Port;

/// What one domain may send, to whom, through which port, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) domain: Aid,
    pub(crate) purpose: Purpose,
    pub(crate) destination: Destination,
    pub(crate) port: Port,
    pub(crate) granted: bool,
    /// Sealed bytes that may still leave.
    pub(crate) budget: u32,
}

impl Policy {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        push_lv(&mut out, self.domain.as_bytes());
        out.push(self.purpose.byte());
        out.push(self.destination.byte());
        push_lv(&mut out, self.port.as_bytes());
        out.push(u8::from(self.granted));
        out.extend(self.budget.to_be_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let policy = Self {
            domain: fields.aid()?,
            purpose: Purpose::from_byte(fields.byte()?)?,
            destination: Destination::from_byte(fields.byte()?)?,
            port: Port::new(fields.lv()?)?,
            granted: fields.byte()? == 1,
            budget: fields.u32()?,
        };
        fields.is_empty().then_some(policy)
    }

    fn covers(&self, domain: &Aid, purpose: Purpose, destination: Destination) -> bool {
        self.domain == *domain && self.purpose == purpose && self.destination == destination
    }
}

/// The policy for what a domain sends, with the key of its record.
pub(crate) fn find(
    vm: &Vm,
    domain: &Aid,
    purpose: Purpose,
    destination: Destination,
) -> Option<(u32, Policy)> {
    table(vm).find(|(_, policy)| policy.covers(domain, purpose, destination))
}

/// Takes `spent` sealed bytes off the budget of the policy whose record has this key.
pub(crate) fn spend(
    vm: &mut Vm,
    key: u32,
    mut policy: Policy,
    spent: usize,
) -> Result<(), StatusWord> {
    policy.budget = u32::try_from(spent)
        .ok()
        .and_then(|spent| policy.budget.checked_sub(spent))
        .ok_or(StatusWord::NOT_ENOUGH_MEMORY)?;
    vm.record_put(key, &policy.encode());
    Ok(())
}

/// STORE DATA `E2` to the ISD: sets or replaces the policy of a domain, purpose and destination.
pub(crate) fn store(vm: &mut Vm, value: &[u8]) -> Result<(), StatusWord> {
    let wrong = StatusWord::WRONG_DATA;
    let field = |tag| tlv::find(value, tag).ok().flatten().ok_or(wrong);
    let byte = |tag| match field(tag)? {
        [byte] => Ok(*byte),
        _ => Err(wrong),
    };
    let policy = Policy {
        domain: Aid::new(field(0x4F)?).map_err(|_| wrong)?,
        purpose: Purpose::from_byte(byte(0x53)?).ok_or(wrong)?,
        destination: Destination::from_byte(byte(0x54)?).ok_or(wrong)?,
        port: Port::new(field(0x50)?).ok_or(wrong)?,
        granted: match byte(0x55)? {
            0x00 => false,
            0x01 => true,
            _ => return Err(wrong),
        },
        budget: u32::from_be_bytes(field(0x56)?.try_into().map_err(|_| wrong)?),
    };
    let key = find(vm, &policy.domain, policy.purpose, policy.destination)
        .map(|(key, _)| key)
        .or_else(|| {
            (records::POLICIES..records::POLICIES_END).find(|key| vm.record_get(*key).is_none())
        })
        .ok_or(StatusWord::NOT_ENOUGH_MEMORY)?;
    vm.record_put(key, &policy.encode());
    Ok(())
}

/// Removes what was granted to a domain that is deleted: a later domain of the same name asks anew.
pub(crate) fn remove_domain(vm: &mut Vm, domain: &Aid) {
    let keys: Vec<u32> = table(vm)
        .filter(|(_, policy)| policy.domain == *domain)
        .map(|(key, _)| key)
        .collect();
    for key in keys {
        vm.record_delete(key);
    }
}

/// The key of the first policy that can't be read.
pub(crate) fn unreadable(vm: &Vm) -> Option<u32> {
    vm.records(records::POLICIES..records::POLICIES_END)
        .find(|(_, bytes)| Policy::decode(bytes).is_none())
        .map(|(key, _)| key)
}

fn table(vm: &Vm) -> impl Iterator<Item = (u32, Policy)> + '_ {
    vm.records(records::POLICIES..records::POLICIES_END)
        .filter_map(|(key, bytes)| Some((key, Policy::decode(bytes)?)))
}
