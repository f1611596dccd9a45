//! The certificate chain of a domain's key; of the ISD, that of the attestation key (protocols §3, `7F21`).

use alloc::vec::Vec;
use hydra_vm::Vm;
use hydra_wire::{StatusWord, tlv};

use crate::open::records::{Fields, Owned};
use crate::open::registry::EntryId;

/// The certificates, leaf first.
pub(crate) fn load(vm: &Vm, domain: EntryId) -> Vec<Vec<u8>> {
    let mut chain = Vec::new();
    let mut fields = Fields(vm.record_get(Owned::Chain.key(domain)).unwrap_or(&[]));
    while let Some(certificate) = fields.u16().and_then(|len| fields.bytes(usize::from(len))) {
        chain.push(certificate.to_vec());
    }
    chain
}

/// Replaces the chain.
pub(crate) fn store(vm: &mut Vm, domain: EntryId, chain: &[&[u8]]) -> Result<(), StatusWord> {
    let mut out = Vec::new();
    for certificate in chain {
        let len = u16::try_from(certificate.len()).map_err(|_| StatusWord::WRONG_DATA)?;
        // Not read further: who checks a chain checks it whole. But a certificate is one DER SEQUENCE.
        match tlv::parse(certificate).as_deref() {
            Ok([sequence]) if sequence.tag == 0x30 => {}
            _ => return Err(StatusWord::WRONG_DATA),
        }
        out.extend(len.to_be_bytes());
        out.extend_from_slice(certificate);
    }
    vm.record_put(Owned::Chain.key(domain), &out);
    Ok(())
}

/// GET DATA `BF21`: the chain as it was stored.
pub(crate) fn get(vm: &Vm, domain: EntryId) -> Option<Vec<u8>> {
    let chain = load(vm, domain);
    if chain.is_empty() {
        return None;
    }
    let mut value = Vec::new();
    for certificate in chain {
        tlv::push(&mut value, 0x7F21, &certificate);
    }
    Some(tlv::object(0xBF21, &value))
}
