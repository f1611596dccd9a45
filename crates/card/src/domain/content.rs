//! Card content (GPCS 2.3.1 §9.3, §9.5): INSTALL, LOAD, DELETE.
//!
//! Each command is checked in full before it changes anything; what it changes becomes durable in one step.

use alloc::vec::Vec;

use hydra_cap::CapFile;
use hydra_cap::verify::{Fault, Imports, Rule, verify};
use hydra_crypto::{SecretKey, ct_eq, sha1, sha256};
use hydra_gp::load_file::Loading;
use hydra_gp::{Delete, InstallApplication, InstallForLoad, Load, MakeSelectable, Privileges};
use hydra_vm::{AppletId, LinkError, PackageId, Vm};
use hydra_wire::{Aid, Response, StatusWord, tlv};

use super::done;
use super::session::{LoadRequest, Session};
use crate::card::{Card, LoadRefusal, LoadVerification};
use crate::open::Lifetime;
use crate::open::records::Owned;
use crate::open::registry::{self, Applet, Entry, EntryId, Kind, LoadFile};
use crate::outbox::policy;

/// What a load file may be larger than its code: DAP blocks, tags, what is not kept.
const LOAD_FILE_SLACK: usize = 65_536;

impl Card {
    /// §11.5.2.3.1 INSTALL [for load]
    pub(super) fn install_for_load(
        &mut self,
        domain: &Entry,
        session: &mut Session,
        request: InstallForLoad,
    ) -> Result<Response, StatusWord> {
        no_token(&request.token)?;
        let vm = self.runtime.vm();
        if is_taken(vm, &request.load_file) {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        // SHA-1 and SHA-256 are told apart by their lengths (§C.2).
        if !matches!(request.hash.len(), 0 | 20 | 32) {
            return Err(StatusWord::WRONG_DATA);
        }
        let target = match &request.domain {
            None => domain.clone(),
            Some(aid) => registry::by_aid(vm, aid.as_bytes())
                .filter(Entry::is_domain)
                .ok_or(StatusWord::DATA_NOT_FOUND)?,
        };
        accepts_content(&target)?;
        session.loading = Some(LoadRequest {
            load_file: request.load_file,
            domain: target.id,
            hash: request.hash,
            blocks: Loading::new(vm.free_code().saturating_add(LOAD_FILE_SLACK)),
        });
        Ok(done())
    }

    /// §11.6 LOAD. With the last block the load file is read, checked and linked; after any error the load is given up.
    pub(super) fn load(
        &mut self,
        session: &mut Session,
        load: &Load,
    ) -> Result<Response, StatusWord> {
        let mut request = session
            .loading
            .take()
            .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let Some(file) = request.blocks.take(load)? else {
            session.loading = Some(request);
            return Ok(done());
        };
        // §9.3.5: a DAP block is for a domain that verifies DAPs, and there is none.
        if !file.dap_blocks.is_empty() {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let hash_fits = match request.hash.len() {
            0 => true,
            20 => ct_eq(&sha1(&file.data_block), &request.hash),
            _ => ct_eq(&sha256(&file.data_block), &request.hash),
        };
        let cap = CapFile::from_load_file(&file.data_block).map_err(|error| {
            self.load_refusal = Some(LoadRefusal::Unreadable(error));
            StatusWord::WRONG_DATA
        })?;
        // §11.5.2.3.1: the announced AID is the one in the file.
        if !hash_fits || *cap.aid() != request.load_file {
            return Err(StatusWord::WRONG_DATA);
        }
        let modules: Vec<Aid> = cap
            .applets()
            .iter()
            .map(|applet| applet.aid.clone())
            .collect();
        let vm = self.runtime.vm();
        // A file of the extended form has AIDs beside its own.
        let taken = cap
            .packages()
            .iter()
            .any(|package| is_taken(vm, &package.aid));
        if taken || is_taken(vm, cap.aid()) || registry::get(vm, request.domain).is_none() {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let id = registry::free_id(vm).ok_or(StatusWord::NOT_ENOUGH_MEMORY)?;
        if self.load_verification == LoadVerification::On {
            let faults = faults(vm, &cap);
            if !faults.is_empty() {
                self.load_refusal = Some(LoadRefusal::Unsound(faults));
                return Err(StatusWord::WRONG_DATA);
            }
        }
        let package = self.runtime.load(&cap).map_err(|error| {
            let status = link_status(&error);
            self.load_refusal = Some(LoadRefusal::Unlinked(error));
            status
        })?;
        let version = cap.header().version;
        let entry = Entry {
            id,
            aid: request.load_file,
            kind: Kind::LoadFile(LoadFile {
                package: Some(package.0),
                version: [version.major, version.minor],
                code: cap.code_hash(),
                modules,
            }),
            life_cycle: registry::LOADED,
            privileges: Privileges::NONE,
            domain: request.domain,
        };
        let vm = self.runtime.vm_mut();
        registry::clear_owned(vm, id);
        registry::put(vm, &entry);
        Ok(done())
    }

    /// §11.5.2.3.2 INSTALL [for install], or [for install and make selectable]: `life_cycle` tells which.
    pub(super) fn install(
        &mut self,
        request: &InstallApplication,
        life_cycle: u8,
    ) -> Result<Response, StatusWord> {
        no_token(&request.token)?;
        no_implicit_selection(&request.parameters)?;
        let missing = StatusWord::DATA_NOT_FOUND;
        let vm = self.runtime.vm();
        let file = registry::by_aid(vm, request.load_file.as_bytes()).ok_or(missing)?;
        let Kind::LoadFile(loaded) = &file.kind else {
            return Err(missing);
        };
        if !loaded.modules.contains(&request.module) {
            return Err(missing);
        }
        if is_taken(vm, &request.instance) {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let target = registry::get(vm, file.domain).ok_or(missing)?;
        accepts_content(&target)?;
        let id = registry::free_id(vm).ok_or(StatusWord::NOT_ENOUGH_MEMORY)?;
        let kind = match loaded.package {
            None => {
                self.make_domain(id, request.privileges)?;
                Kind::Domain
            }
            Some(package) => {
                // The other privileges that an application could have do nothing yet.
                let known = Privileges::GLOBAL_REGISTRY
                    | Privileges::GLOBAL_LOCK
                    | Privileges::CARD_LOCK
                    | Privileges::CARD_TERMINATE;
                if request.privileges.without(known) != Privileges::NONE {
                    return Err(StatusWord::WRONG_DATA);
                }
                let instance = self.runtime.install(
                    &mut self.open,
                    PackageId(package),
                    &request.module,
                    &request.instance,
                    request.privileges.shortest(),
                    request.application_parameters(),
                )?;
                registry::clear_owned(self.runtime.vm_mut(), id);
                Kind::Applet(Applet {
                    instance: instance.0,
                    load_file: file.id,
                    module: request.module.clone(),
                })
            }
        };
        let entry = Entry {
            id,
            aid: request.instance.clone(),
            kind,
            life_cycle,
            privileges: request.privileges,
            domain: file.domain,
        };
        registry::put(self.runtime.vm_mut(), &entry);
        Ok(done())
    }

    /// OPEN draws the key of a new security domain (protocols §2).
    fn make_domain(&mut self, id: EntryId, privileges: Privileges) -> Result<(), StatusWord> {
        let domain = Privileges::SECURITY_DOMAIN;
        if !privileges.contains(domain)
            || privileges.without(domain | Privileges::TRUSTED_PATH) != Privileges::NONE
        {
            return Err(StatusWord::WRONG_DATA);
        }
        let vm = self.runtime.vm_mut();
        let mut lifetime = Lifetime::load(vm);
        let key = SecretKey::draw(
            &mut *self.open.random,
            "domain key",
            lifetime.keys_drawn.into(),
        );
        lifetime.keys_drawn += 1;
        lifetime.store(vm);
        registry::clear_owned(vm, id);
        vm.record_put(Owned::DomainKey.key(id), &*key.to_bytes());
        Ok(())
    }

    /// §11.5.2.3.3 INSTALL [for make selectable]
    pub(super) fn make_selectable(
        &mut self,
        request: &MakeSelectable,
    ) -> Result<Response, StatusWord> {
        no_token(&request.token)?;
        no_implicit_selection(&request.parameters)?;
        if request.privileges.contains(Privileges::CARD_RESET) {
            return Err(StatusWord::WRONG_DATA);
        }
        let vm = self.runtime.vm_mut();
        let mut entry = registry::by_aid(vm, request.instance.as_bytes())
            .filter(|entry| matches!(entry.kind, Kind::Domain | Kind::Applet(_)))
            .ok_or(StatusWord::DATA_NOT_FOUND)?;
        if entry.life_cycle != registry::INSTALLED {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        entry.life_cycle = registry::SELECTABLE;
        registry::put(vm, &entry);
        Ok(done())
    }

    /// §11.2 DELETE [card content], for the domain that is selected on channel `at`.
    pub(super) fn delete(&mut self, at: u8, delete: &Delete) -> Result<Response, StatusWord> {
        let (aid, related) = match delete {
            Delete::Object { aid, token } => {
                no_token(token)?;
                (aid, false)
            }
            Delete::ObjectAndRelated { aid, token } => {
                no_token(token)?;
                (aid, true)
            }
            Delete::Key { .. } => return Err(StatusWord::WRONG_DATA),
        };
        let in_use = StatusWord::CONDITIONS_NOT_SATISFIED;
        let entry = registry::by_aid(self.runtime.vm(), aid.as_bytes())
            .ok_or(StatusWord::DATA_NOT_FOUND)?;
        match &entry.kind {
            Kind::Issuer | Kind::Terminal => return Err(in_use),
            Kind::Domain => self.delete_domain(at, &entry)?,
            Kind::Applet(_) => self.delete_applets(at, &[&entry], None)?,
            Kind::LoadFile(LoadFile { package: None, .. }) => return Err(in_use),
            Kind::LoadFile(LoadFile {
                package: Some(package),
                ..
            }) => self.delete_load_file(at, &entry, PackageId(*package), related)?,
        }
        Ok(done())
    }

    /// §9.5.1: a domain goes when nothing is associated with it and nobody has it selected.
    fn delete_domain(&mut self, at: u8, domain: &Entry) -> Result<(), StatusWord> {
        let vm = self.runtime.vm();
        let has_content = registry::all(vm).any(|entry| entry.domain == domain.id);
        if has_content || self.is_selected_elsewhere(at, domain.id) {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let vm = self.runtime.vm_mut();
        policy::remove_domain(vm, &domain.aid);
        registry::remove(vm, domain.id);
        Ok(())
    }

    /// §9.5.1, §9.5.3: applications, and the package of their load file if it goes with them.
    fn delete_applets(
        &mut self,
        at: u8,
        applets: &[&Entry],
        package: Option<PackageId>,
    ) -> Result<(), StatusWord> {
        if applets
            .iter()
            .any(|entry| self.is_selected_elsewhere(at, entry.id))
        {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        for entry in applets {
            self.leave_terminal(entry.id);
        }
        let instances: Vec<AppletId> = applets
            .iter()
            .filter_map(|entry| match &entry.kind {
                Kind::Applet(applet) => Some(AppletId(applet.instance)),
                _ => None,
            })
            .collect();
        self.runtime
            .uninstall(&mut self.open, &instances, package)?;
        for entry in applets {
            registry::remove(self.runtime.vm_mut(), entry.id);
        }
        Ok(())
    }

    /// §9.5.2, §9.5.3
    fn delete_load_file(
        &mut self,
        at: u8,
        file: &Entry,
        package: PackageId,
        related: bool,
    ) -> Result<(), StatusWord> {
        let applets: Vec<Entry> = registry::all(self.runtime.vm())
            .filter(
                |entry| matches!(&entry.kind, Kind::Applet(applet) if applet.load_file == file.id),
            )
            .collect();
        if !applets.is_empty() && !related {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let applets: Vec<&Entry> = applets.iter().collect();
        self.delete_applets(at, &applets, Some(package))?;
        registry::remove(self.runtime.vm_mut(), file.id);
        Ok(())
    }

    /// Whether a host or a script has the application selected on another channel. An applet that merely stays selected
    /// for a route of the virtual terminal is not in anybody's use.
    fn is_selected_elsewhere(&self, at: u8, id: EntryId) -> bool {
        self.open.channels.iter().any(|(number, channel)| {
            *number != at && channel.selected == id && !self.open.terminal.contains(&(id, *number))
        })
    }
}

/// Whether an application, a load file or a package of the platform has this AID.
fn is_taken(vm: &hydra_vm::Vm, aid: &Aid) -> bool {
    registry::by_aid(vm, aid.as_bytes()).is_some() || vm.has_package(aid)
}

/// §9.3.5: a domain takes content unless it is locked or not yet selectable. Its provider's consent is the issuer's
/// affair: the card knows no delegated management.
fn accepts_content(domain: &Entry) -> Result<(), StatusWord> {
    if domain.is_domain() && domain.is_selectable() {
        Ok(())
    } else {
        Err(StatusWord::CONDITIONS_NOT_SATISFIED)
    }
}

/// §11.5.2.3: where no token is expected, one is an error.
fn no_token(token: &[u8]) -> Result<(), StatusWord> {
    if token.is_empty() {
        Ok(())
    } else {
        Err(StatusWord::WRONG_DATA)
    }
}

/// The ISD is selected wherever nothing else is (§6.4.1); a request (`EF`{`CF`}) to have it otherwise is not passed over.
fn no_implicit_selection(parameters: &[u8]) -> Result<(), StatusWord> {
    let system = tlv::find(parameters, 0xEF).map_err(|_| StatusWord::WRONG_DATA)?;
    let asked = match system {
        Some(value) => tlv::find(value, 0xCF).map_err(|_| StatusWord::WRONG_DATA)?,
        None => None,
    };
    match asked {
        None => Ok(()),
        Some(_) => Err(StatusWord::WRONG_DATA),
    }
}

/// What the verifier finds in a file that has a Descriptor component; one without stands on the VM's checks alone.
/// Imports that are not there are the linker's to refuse, with a status word of their own.
fn faults(vm: &Vm, cap: &CapFile) -> Vec<Fault> {
    if cap.descriptor().is_none() {
        return Vec::new();
    }
    let loaded = vm.packages().map(|(_, package)| package.cap_file());
    // What was read once can be read again; an import that could not would be unknown here and in the linker.
    let loaded: Vec<CapFile> = loaded.filter_map(Result::ok).collect();
    let files: Vec<&CapFile> = loaded.iter().collect();
    let imports = Imports {
        exports: &[],
        files: &files,
    };
    let mut faults = verify(cap, &imports).faults;
    faults.retain(|fault| !matches!(fault.rule, Rule::ImportUnknown | Rule::ImportVersion));
    faults
}

fn link_status(error: &LinkError) -> StatusWord {
    match error {
        LinkError::MissingImport(_) | LinkError::ImportVersion(_) => {
            StatusWord::IMPORT_NOT_AVAILABLE
        }
        LinkError::Duplicate(_) => StatusWord::CONDITIONS_NOT_SATISFIED,
        LinkError::TooManyPackages | LinkError::NoSpace => StatusWord::NOT_ENOUGH_MEMORY,
        _ => StatusWord::WRONG_DATA,
    }
}
