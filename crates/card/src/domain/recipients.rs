//! The recipients that a domain may seal to (protocols §3, `E3`).

use alloc::string::String;
use alloc::vec::Vec;
use hydra_crypto::PublicKey;
use hydra_message::Destination;
use hydra_vm::Vm;
use hydra_wire::{StatusWord, tlv};

use crate::open::records::{Fields, Owned, push_lv};
use crate::open::registry::EntryId;

/// Who stands behind a destination.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    pub(crate) name: String,
    pub(crate) point: PublicKey,
}

/// The recipient of a destination.
pub(crate) fn find(vm: &Vm, domain: EntryId, destination: Destination) -> Option<Recipient> {
    let (_, point, name) = load(vm, domain)
        .into_iter()
        .find(|(to, _, _)| *to == destination.byte())?;
    Some(Recipient {
        name: String::from_utf8(name).ok()?,
        point: PublicKey::from_bytes(&point).ok()?,
    })
}

/// STORE DATA `E3` to an SSD: sets or replaces the recipient of a destination. The point must lie on the curve.
pub(crate) fn store(vm: &mut Vm, domain: EntryId, value: &[u8]) -> Result<(), StatusWord> {
    let wrong = StatusWord::WRONG_DATA;
    let field = |tag| tlv::find(value, tag).ok().flatten().ok_or(wrong);
    let destination = match field(0x54)? {
        [byte] => Destination::from_byte(*byte).ok_or(wrong)?,
        _ => return Err(wrong),
    };
    let point: [u8; 65] = field(0x57)?.try_into().map_err(|_| wrong)?;
    PublicKey::from_bytes(&point).map_err(|_| wrong)?;
    let name = field(0x58)?;
    if !(1..=32).contains(&name.len()) || core::str::from_utf8(name).is_err() {
        return Err(wrong);
    }
    let mut all = load(vm, domain);
    all.retain(|(to, _, _)| *to != destination.byte());
    all.push((destination.byte(), point, name.to_vec()));
    let mut out = Vec::new();
    for (to, point, name) in all {
        out.push(to);
        out.extend(point);
        push_lv(&mut out, &name);
    }
    vm.record_put(Owned::Recipients.key(domain), &out);
    Ok(())
}

fn load(vm: &Vm, domain: EntryId) -> Vec<(u8, [u8; 65], Vec<u8>)> {
    let mut all = Vec::new();
    let mut fields = Fields(vm.record_get(Owned::Recipients.key(domain)).unwrap_or(&[]));
    while let (Some(to), Some(point), Some(name)) = (fields.byte(), fields.array(), fields.lv()) {
        all.push((to, point, name.to_vec()));
    }
    all
}
