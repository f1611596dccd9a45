//! Attestations (protocols §8): what OPEN, with the card's attestation key, says about a domain's key and about the code
//! that speaks with it. An application has no part in making its own.

use alloc::vec::Vec;

use hydra_crypto::SecretKey;
use hydra_message::{Subject, attest};
use hydra_vm::Vm;
use hydra_wire::{Aid, StatusWord};

use crate::domain::chain;
use crate::open::Lifetime;
use crate::open::records::{self, Owned};
use crate::open::registry::{self, Entry, EntryId, Kind};

/// The domain's private key.
pub(crate) fn domain_key(vm: &Vm, domain: EntryId) -> Result<SecretKey, StatusWord> {
    secret(vm, Owned::DomainKey.key(domain))
}

/// The card's attestation key.
pub(crate) fn attestation_key(vm: &Vm) -> Result<SecretKey, StatusWord> {
    secret(vm, records::ATTESTATION_KEY)
}

/// The attestation of a domain's key alone.
pub(crate) fn of_domain(vm: &mut Vm, domain: &Entry) -> Result<Vec<u8>, StatusWord> {
    cached(vm, domain.id, |vm| subject(vm, domain, None))
}

/// The attestation of an applet's code and of the key of its domain.
pub(crate) fn of_applet(vm: &mut Vm, instance: &Aid) -> Result<Vec<u8>, StatusWord> {
    let missing = StatusWord::DATA_NOT_FOUND;
    let entry = registry::by_aid(vm, instance.as_bytes()).ok_or(missing)?;
    cached(vm, entry.id, |vm| {
        let Kind::Applet(applet) = &entry.kind else {
            return Err(missing);
        };
        let domain = registry::get(vm, entry.domain).ok_or(missing)?;
        let code = match registry::get(vm, applet.load_file).map(|file| file.kind) {
            Some(Kind::LoadFile(file)) => file.code,
            _ => return Err(missing),
        };
        subject(vm, &domain, Some((entry.aid.clone(), code)))
    })
}

/// Forgets all attestations: they carry the chain of the attestation key, which has changed.
pub(crate) fn forget_all(vm: &mut Vm) {
    let ids: Vec<EntryId> = registry::all(vm).map(|entry| entry.id).collect();
    for id in ids {
        vm.record_delete(Owned::Attestation.key(id));
    }
}

/// Signing is dear and an attestation never changes, so it is made once and kept.
fn cached(
    vm: &mut Vm,
    entry: EntryId,
    subject: impl FnOnce(&Vm) -> Result<Subject, StatusWord>,
) -> Result<Vec<u8>, StatusWord> {
    let record = Owned::Attestation.key(entry);
    if let Some(made) = vm.record_get(record) {
        return Ok(made.to_vec());
    }
    let subject = subject(vm)?;
    let made = attest(
        &subject,
        &chain::load(vm, EntryId::ISSUER),
        &attestation_key(vm)?,
    )
    .map_err(|_| StatusWord::UNKNOWN)?;
    vm.record_put(record, &made);
    Ok(made)
}

fn subject(vm: &Vm, domain: &Entry, code: Option<(Aid, [u8; 32])>) -> Result<Subject, StatusWord> {
    Ok(Subject {
        card_id: Lifetime::load(vm).card_id,
        domain: domain.aid.clone(),
        point: domain_key(vm, domain.id)?.public().to_bytes(),
        code,
    })
}

fn secret(vm: &Vm, key: u32) -> Result<SecretKey, StatusWord> {
    vm.record_get(key)
        .and_then(|bytes| bytes.try_into().ok())
        .and_then(|bytes| SecretKey::from_bytes(bytes).ok())
        .ok_or(StatusWord::DATA_NOT_FOUND)
}
