//! GPCS 2.3.1 §11.11 STORE DATA: to the domain itself, or handed to an application that is being personalised

use alloc::vec::Vec;

use hydra_gp::{DataEncryption, DataFormat, StoreData};
use hydra_vm::{AppletId, Vm};
use hydra_wire::{Aid, Response, StatusWord, tlv};

use super::session::{Session, Storing};
use super::{chain, recipients};
use crate::attestation;
use crate::card::Card;
use crate::open::records::Owned;
use crate::open::registry::{self, Entry, EntryId, Kind};
use crate::outbox::policy;
use crate::vt::route;

/// The most that one sequence of STORE DATA commands to a domain may bring: a chain of certificates fits several times.
const LIMIT: usize = 16_384;

impl Card {
    /// §11.5.2.3.6 INSTALL [for personalization]: the STORE DATA commands that follow are this application's.
    pub(super) fn install_for_personalization(
        &mut self,
        domain: &Entry,
        session: &mut Session,
        instance: &Aid,
    ) -> Result<Response, StatusWord> {
        let entry = registry::by_aid(self.runtime.vm(), instance.as_bytes())
            .ok_or(StatusWord::DATA_NOT_FOUND)?;
        let applet = matches!(entry.kind, Kind::Applet(_));
        if !applet || entry.domain != domain.id || entry.life_cycle & registry::LOCKED != 0 {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        session.personalizing = Some(entry.id);
        Ok(super::done())
    }

    pub(super) fn store_data(
        &mut self,
        domain: &Entry,
        session: &mut Session,
        block: &StoreData,
    ) -> Result<Response, StatusWord> {
        // §11.11.2.2: blocks count from 00; the last one, or an error, ends the sequence.
        let mut storing = session.storing.take().unwrap_or_default();
        let personalizing = session.personalizing.take();
        if block.block != storing.next {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        storing.next = storing.next.wrapping_add(1);
        let answer = match personalizing {
            Some(application) => self.personalize(application, block)?,
            None => {
                self.store(domain, &mut storing, block)?;
                Vec::new()
            }
        };
        if !block.last {
            session.storing = Some(storing);
            session.personalizing = personalizing;
        }
        if !answer.is_empty() && !block.response {
            return Err(StatusWord::INCORRECT_P1P2);
        }
        Ok(Response::ok(answer))
    }

    /// §7.3.2: the command as the application would have received it, without secure messaging.
    fn personalize(
        &mut self,
        application: EntryId,
        block: &StoreData,
    ) -> Result<Vec<u8>, StatusWord> {
        let entry =
            registry::get(self.runtime.vm(), application).ok_or(StatusWord::DATA_NOT_FOUND)?;
        let Kind::Applet(applet) = entry.kind else {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        };
        let mut command = block.to_apdu();
        command.ne = None;
        if command.data.is_empty() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.runtime.process_data(
            &mut self.open,
            AppletId(applet.instance),
            &command.to_bytes(),
        )
    }

    fn store(
        &mut self,
        domain: &Entry,
        storing: &mut Storing,
        block: &StoreData,
    ) -> Result<(), StatusWord> {
        let readable = block.encryption == DataEncryption::None
            && matches!(block.format, DataFormat::BerTlv | DataFormat::Unspecified);
        if !readable {
            return Err(StatusWord::INCORRECT_P1P2);
        }
        if storing.bytes.len() + block.data.len() > LIMIT {
            return Err(StatusWord::NOT_ENOUGH_MEMORY);
        }
        storing.bytes.extend_from_slice(&block.data);
        if !block.last {
            return Ok(());
        }
        let vm = self.runtime.vm_mut();
        vm.begin().map_err(|_| StatusWord::UNKNOWN)?;
        let stored = store_objects(vm, domain, &storing.bytes);
        let ended = match stored {
            Ok(()) => vm.commit(),
            Err(_) => vm.abort(),
        };
        ended.map_err(|_| StatusWord::UNKNOWN)?;
        stored
    }
}

/// Everything in one sequence is stored, or nothing.
fn store_objects(vm: &mut Vm, domain: &Entry, bytes: &[u8]) -> Result<(), StatusWord> {
    let issuer = domain.kind == Kind::Issuer;
    let objects = tlv::parse(bytes).map_err(|_| StatusWord::WRONG_DATA)?;
    if objects.is_empty() {
        return Err(StatusWord::WRONG_DATA);
    }
    let mut certificates = Vec::new();
    for object in objects {
        match (object.tag, issuer) {
            (0x42 | 0x45 | 0x5F50, _) => put_object(vm, domain.id, object.tag, object.value)?,
            (0x7F21, _) => certificates.push(object.value),
            (0xE1, true) => route::store(vm, object.value)?,
            (0xE2, true) => policy::store(vm, object.value)?,
            (0xE3, false) => recipients::store(vm, domain.id, object.value)?,
            _ => return Err(StatusWord::WRONG_DATA),
        }
    }
    if !certificates.is_empty() {
        chain::store(vm, domain.id, &certificates)?;
        if issuer {
            attestation::forget_all(vm);
        }
    }
    Ok(())
}

/// The value of an object that was stored to be given back as it is.
pub(super) fn object(vm: &Vm, domain: EntryId, tag: u32) -> Option<Vec<u8>> {
    let all = vm.record_get(Owned::Objects.key(domain))?;
    tlv::find(all, tag).ok().flatten().map(<[u8]>::to_vec)
}

fn put_object(vm: &mut Vm, domain: EntryId, tag: u32, value: &[u8]) -> Result<(), StatusWord> {
    let key = Owned::Objects.key(domain);
    let before = vm.record_get(key).map(<[u8]>::to_vec).unwrap_or_default();
    let mut after = Vec::new();
    for object in tlv::iter(&before).flatten() {
        if object.tag != tag {
            tlv::push(&mut after, object.tag, object.value);
        }
    }
    tlv::push(&mut after, tag, value);
    if after.len() > LIMIT {
        return Err(StatusWord::NOT_ENOUGH_MEMORY);
    }
    vm.record_put(key, &after);
    Ok(())
}
