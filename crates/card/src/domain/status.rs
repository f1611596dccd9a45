//! GPCS 2.3.1 §11.4 GET STATUS

use alloc::vec::Vec;

use hydra_gp::{GetStatus, Occurrence, StatusEntry, StatusScope};
use hydra_vm::Vm;
use hydra_wire::{Response, StatusWord};

use super::session::Session;
use crate::card::Card;
use crate::open::Lifetime;
use crate::open::registry::{self, Entry, EntryId, Kind};

/// The most data that a short response has room for at security level 33: whole cipher blocks with at least a byte of
/// padding, and a MAC of eight.
const ROOM: usize = 239;

impl Card {
    pub(super) fn get_status(
        &mut self,
        domain: &Entry,
        session: &mut Session,
        question: GetStatus,
    ) -> Result<Response, StatusWord> {
        let (question, given) = match (question.occurrence, session.listing.take()) {
            (Occurrence::First, _) => (question, 0),
            // §11.4.2.2: a continuation of nothing is refused.
            (Occurrence::Next, Some((first, given)))
                if first.scope == question.scope && first.name == question.name =>
            {
                (first, given)
            }
            (Occurrence::Next, _) => return Err(StatusWord::CONDITIONS_NOT_SATISFIED),
        };
        let issuer = domain.kind == Kind::Issuer;
        if question.scope == StatusScope::IssuerDomain && !issuer {
            return Err(StatusWord::INCORRECT_P1P2);
        }
        let vm = self.runtime.vm();
        let matching: Vec<Entry> = registry::all(vm)
            .filter(|entry| in_scope(question.scope, entry))
            .filter(|entry| {
                question.scope == StatusScope::IssuerDomain || entry.aid.starts_with(&question.name)
            })
            .filter(|entry| issuer || belongs_to(vm, entry, domain.id))
            .collect();
        if matching.len() <= given {
            return Err(StatusWord::DATA_NOT_FOUND);
        }
        let mut data = Vec::new();
        let mut shown = given;
        for entry in &matching[given..] {
            let template = status_entry(vm, question.scope, entry).to_bytes(&question.tags);
            if !data.is_empty() && data.len() + template.len() > ROOM {
                break;
            }
            data.extend(template);
            shown += 1;
        }
        let sw = if shown < matching.len() {
            session.listing = Some((question, shown));
            StatusWord::MORE_DATA
        } else {
            StatusWord::NO_ERROR
        };
        Ok(Response { data, sw })
    }
}

fn in_scope(scope: StatusScope, entry: &Entry) -> bool {
    match scope {
        StatusScope::IssuerDomain => entry.kind == Kind::Issuer,
        StatusScope::Applications => {
            matches!(entry.kind, Kind::Domain | Kind::Terminal | Kind::Applet(_))
        }
        StatusScope::LoadFiles | StatusScope::LoadFilesAndModules => {
            matches!(entry.kind, Kind::LoadFile(_))
        }
    }
}

/// §11.4.2.3: a domain without Global Registry sees what is associated with it, directly or not.
pub(super) fn belongs_to(vm: &Vm, entry: &Entry, domain: EntryId) -> bool {
    let mut above = entry.domain;
    loop {
        if above == domain {
            return true;
        }
        match registry::get(vm, above) {
            Some(next) if next.domain != above => above = next.domain,
            _ => return false,
        }
    }
}

fn status_entry(vm: &Vm, scope: StatusScope, entry: &Entry) -> StatusEntry {
    let name = |id| registry::get(vm, id).map(|entry: Entry| entry.aid);
    let life_cycle = match entry.kind {
        Kind::Issuer => Lifetime::load(vm).state as u8,
        _ => entry.life_cycle,
    };
    let mut status = StatusEntry::new(&entry.aid, life_cycle);
    status.domain = name(entry.domain);
    match &entry.kind {
        Kind::Issuer | Kind::Domain | Kind::Terminal => status.privileges = Some(entry.privileges),
        Kind::Applet(applet) => {
            status.privileges = Some(entry.privileges);
            status.load_file = name(applet.load_file);
        }
        Kind::LoadFile(file) => {
            status.version = Some((file.version[0], file.version[1]));
            if scope == StatusScope::LoadFilesAndModules {
                status.modules = file.modules.clone();
            }
        }
    }
    status
}
