//! The GlobalPlatform registry (GPCS 2.3.1 §6.5): what is on the card, in which state, and who answers for it.
//!
//! One record an entry. Nothing is cached: an aborted transaction takes the registry back with everything else.

use alloc::vec::Vec;
use hydra_gp::Privileges;
use hydra_vm::{AppletId, Vm};
use hydra_wire::Aid;

use super::records::{self, Fields, Owned, push_lv};

/// Names an entry; free ids are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId(pub(crate) u16);

impl EntryId {
    /// The issuer security domain is the first entry and is never deleted.
    pub(crate) const ISSUER: Self = Self(1);
    /// No entry.
    pub(crate) const NONE: Self = Self(0);
}

/// One entry of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) aid: Aid,
    pub(crate) kind: Kind,
    /// GPCS 2.3.1 §11.1.1; of the issuer's domain the card's own (see [`super::Lifetime`]), so unused here.
    pub(crate) life_cycle: u8,
    /// GPCS 2.3.1 §11.1.2.
    pub(crate) privileges: Privileges,
    /// The associated security domain; of the issuer's domain itself.
    pub(crate) domain: EntryId,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The issuer security domain.
    Issuer,
    /// A supplementary security domain.
    Domain,
    /// The virtual terminal.
    Terminal,
    /// An instance of a loaded applet.
    Applet(Applet),
    /// An executable load file.
    LoadFile(LoadFile),
}

/// Who answers the commands of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    /// The issuer security domain, or another.
    Domain,
    /// The virtual terminal.
    Terminal,
    /// An instance of a loaded applet.
    Applet(AppletId),
}

/// An instance of a loaded applet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applet {
    /// The runtime's name for the instance.
    pub(crate) instance: u16,
    pub(crate) load_file: EntryId,
    pub(crate) module: Aid,
}

/// An executable load file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadFile {
    /// The VM's package; `None` for what is part of the platform.
    pub(crate) package: Option<u8>,
    /// Major and minor version of the package.
    pub(crate) version: [u8; 2],
    /// The code hash that attestations name: SHA-256 over the components without Descriptor and Debug.
    pub(crate) code: [u8; 32],
    pub(crate) modules: Vec<Aid>,
}

/// GPCS 2.3.1 §11.1.1: LOADED, of a load file.
pub(crate) const LOADED: u8 = 0x01;
/// GPCS 2.3.1 §11.1.1: INSTALLED, of an application or security domain.
pub(crate) const INSTALLED: u8 = 0x03;
/// GPCS 2.3.1 §11.1.1: SELECTABLE, of an application or security domain.
pub(crate) const SELECTABLE: u8 = 0x07;
/// GPCS 2.3.1 §11.1.1: PERSONALIZED, of a security domain.
pub(crate) const PERSONALIZED: u8 = 0x0F;
/// GPCS 2.3.1 §11.1.1: the bit that says LOCKED; the rest is the state before.
pub(crate) const LOCKED: u8 = 0x80;

impl Entry {
    /// Whether the entry is a security domain.
    pub(crate) fn is_domain(&self) -> bool {
        matches!(self.kind, Kind::Issuer | Kind::Domain)
    }

    /// Whether the entry answers SELECT with code of its own.
    pub(crate) fn answers_itself(&self) -> bool {
        matches!(self.kind, Kind::Applet(_))
    }

    /// Whether SELECT may find the entry: an application that was made selectable and is not locked.
    pub(crate) fn is_selectable(&self) -> bool {
        match self.kind {
            Kind::Issuer => true,
            Kind::LoadFile(_) => false,
            Kind::Domain | Kind::Terminal | Kind::Applet(_) => {
                self.life_cycle & LOCKED == 0 && self.life_cycle & SELECTABLE == SELECTABLE
            }
        }
    }

    /// Who answers commands when the entry of these bytes is selected.
    fn answering(bytes: &[u8]) -> Option<Answering> {
        let mut fields = Fields(bytes);
        let kind = fields.byte()?;
        Some(match kind {
            0 | 1 => Answering::Domain,
            2 => Answering::Terminal,
            3 => {
                // Life cycle, privileges, domain.
                fields.bytes(6)?;
                let length = fields.byte()?;
                fields.bytes(length.into())?;
                Answering::Applet(AppletId(fields.u16()?))
            }
            _ => return None,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.push(match self.kind {
            Kind::Issuer => 0,
            Kind::Domain => 1,
            Kind::Terminal => 2,
            Kind::Applet(_) => 3,
            Kind::LoadFile(_) => 4,
        });
        out.push(self.life_cycle);
        out.extend(self.privileges.to_bytes());
        out.extend(self.domain.0.to_be_bytes());
        push_lv(&mut out, self.aid.as_bytes());
        match &self.kind {
            Kind::Issuer | Kind::Domain | Kind::Terminal => {}
            Kind::Applet(applet) => {
                out.extend(applet.instance.to_be_bytes());
                out.extend(applet.load_file.0.to_be_bytes());
                push_lv(&mut out, applet.module.as_bytes());
            }
            Kind::LoadFile(file) => {
                out.extend(file.package.map_or([0, 0], |package| [1, package]));
                out.extend(file.version);
                out.extend(file.code);
                for module in &file.modules {
                    push_lv(&mut out, module.as_bytes());
                }
            }
        }
        out
    }

    fn decode(id: EntryId, bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let kind = fields.byte()?;
        let life_cycle = fields.byte()?;
        let privileges = Privileges::from_bytes(fields.bytes(3)?)?;
        let domain = EntryId(fields.u16()?);
        let aid = fields.aid()?;
        let kind = match kind {
            0 => Kind::Issuer,
            1 => Kind::Domain,
            2 => Kind::Terminal,
            3 => Kind::Applet(Applet {
                instance: fields.u16()?,
                load_file: EntryId(fields.u16()?),
                module: fields.aid()?,
            }),
            4 => {
                let [loaded, package] = fields.array()?;
                let version = fields.array()?;
                let code = fields.array()?;
                let mut modules = Vec::new();
                while !fields.is_empty() {
                    modules.push(fields.aid()?);
                }
                Kind::LoadFile(LoadFile {
                    package: (loaded != 0).then_some(package),
                    version,
                    code,
                    modules,
                })
            }
            _ => return None,
        };
        fields.is_empty().then_some(Self {
            id,
            aid,
            kind,
            life_cycle,
            privileges,
            domain,
        })
    }
}

/// All entries, in the order of their ids; `None` in place of an entry that can't be read.
pub(crate) fn entries(vm: &Vm) -> impl Iterator<Item = Option<Entry>> + '_ {
    vm.records(records::ENTRIES..records::ENTRIES_END)
        .map(|(key, bytes)| {
            let id = u16::try_from(key - records::ENTRIES).ok()?;
            Entry::decode(EntryId(id), bytes)
        })
}

/// All readable entries. `Open::unreadable` has found at start that this is all of them.
pub(crate) fn all(vm: &Vm) -> impl Iterator<Item = Entry> + '_ {
    entries(vm).flatten()
}

/// The entry of this id.
pub(crate) fn get(vm: &Vm, id: EntryId) -> Option<Entry> {
    let bytes = vm.record_get(records::ENTRIES + u32::from(id.0))?;
    Entry::decode(id, bytes)
}

/// Who answers for the entry of this id, found without reading the rest of it.
pub(crate) fn answering(vm: &Vm, id: EntryId) -> Option<Answering> {
    Entry::answering(vm.record_get(records::ENTRIES + u32::from(id.0))?)
}

/// The application, domain or load file with exactly this AID.
pub(crate) fn by_aid(vm: &Vm, aid: &[u8]) -> Option<Entry> {
    all(vm).find(|entry| entry.aid.as_bytes() == aid)
}

/// The entry of a loaded applet's instance.
pub(crate) fn by_instance(vm: &Vm, instance: u16) -> Option<Entry> {
    all(vm).find(|entry| matches!(&entry.kind, Kind::Applet(applet) if applet.instance == instance))
}

/// An id that no entry has, or `None` when the registry is full.
pub(crate) fn free_id(vm: &Vm) -> Option<EntryId> {
    (records::ENTRIES + 1..records::ENTRIES_END)
        .find(|key| vm.record_get(*key).is_none())
        .and_then(|key| u16::try_from(key - records::ENTRIES).ok())
        .map(EntryId)
}

/// Writes an entry, new or changed.
pub(crate) fn put(vm: &mut Vm, entry: &Entry) {
    vm.record_put(records::ENTRIES + u32::from(entry.id.0), &entry.encode());
}

/// Removes an entry and every record that belongs to it.
pub(crate) fn remove(vm: &mut Vm, id: EntryId) {
    vm.record_delete(records::ENTRIES + u32::from(id.0));
    clear_owned(vm, id);
}

/// Removes what an earlier entry of this id may have left: a sequence counter is made durable before the rest of its
/// command, so it can outlive a power cut that took its domain.
pub(crate) fn clear_owned(vm: &mut Vm, id: EntryId) {
    for key in Owned::keys(id) {
        vm.record_delete(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aid(text: &str) -> Aid {
        text.parse().expect("an AID")
    }

    #[test]
    fn every_kind_of_entry_comes_back_as_it_was() {
        let kinds = [
            Kind::Issuer,
            Kind::Domain,
            Kind::Terminal,
            Kind::Applet(Applet {
                instance: 7,
                load_file: EntryId(3),
                module: aid("F0485944520202"),
            }),
            Kind::LoadFile(LoadFile {
                package: Some(4),
                version: [1, 2],
                code: [9; 32],
                modules: alloc::vec![aid("F0485944520202"), aid("F048594452020201")],
            }),
        ];
        for kind in kinds {
            let entry = Entry {
                id: EntryId(5),
                aid: aid("A000000151000000"),
                kind,
                life_cycle: SELECTABLE,
                privileges: Privileges::SECURITY_DOMAIN,
                domain: EntryId::ISSUER,
            };
            let bytes = entry.encode();
            let answering = match &entry.kind {
                Kind::Issuer | Kind::Domain => Some(Answering::Domain),
                Kind::Terminal => Some(Answering::Terminal),
                Kind::Applet(applet) => Some(Answering::Applet(AppletId(applet.instance))),
                Kind::LoadFile(_) => None,
            };
            assert_eq!(Entry::answering(&bytes), answering);
            assert_eq!(Entry::decode(entry.id, &bytes), Some(entry));
            for cut in 0..bytes.len() {
                // A module list may end anywhere between two AIDs; everything else must be whole.
                if let Some(short) = Entry::decode(EntryId(5), &bytes[..cut]) {
                    assert!(matches!(short.kind, Kind::LoadFile(_)));
                }
            }
        }
    }
}
