//! What is on a card, as its owner sees it from outside of every channel: for tools that hold the card's memory.

use alloc::vec::Vec;

use hydra_gp::{CardState, Privileges};
use hydra_vm::Storage;
use hydra_wire::Aid;

use crate::card::Card;
use crate::open::Lifetime;
use crate::open::registry::{self, Kind};

/// A card's identity, state, content and room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Names the card in its messages.
    pub card_id: [u8; 8],
    /// The card's life cycle state (GPCS 2.3.1 §5.1.1).
    pub state: CardState,
    /// The registry, in the order of its entries.
    pub entries: Vec<InventoryEntry>,
    /// Bytes free for persistent objects.
    pub free_persistent: usize,
    /// Bytes free for content that a reset clears.
    pub free_reset: usize,
    /// Bytes free for content that a deselection clears.
    pub free_deselect: usize,
}

/// An entry of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryEntry {
    /// Its AID.
    pub aid: Aid,
    /// What it is.
    pub kind: InventoryKind,
    /// Its life cycle state as GPCS 2.3.1 §11.1.1 codes it; of the issuer security domain the card's.
    pub life_cycle: u8,
    /// Its privileges.
    pub privileges: Privileges,
    /// The security domain that it belongs to; the issuer's own is itself.
    pub domain: Option<Aid>,
}

/// What an entry of the registry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InventoryKind {
    /// The issuer security domain.
    IssuerDomain,
    /// A supplementary security domain.
    Domain,
    /// The virtual terminal.
    Terminal,
    /// An instance of this module of this load file.
    Applet {
        /// The load file, if it is still listed.
        load_file: Option<Aid>,
        /// The module.
        module: Aid,
    },
    /// An executable load file.
    LoadFile {
        /// Package version, major and minor.
        version: [u8; 2],
        /// SHA-256 over its components without Descriptor and Debug; zeros for what is part of the platform.
        code: [u8; 32],
        /// Its modules.
        modules: Vec<Aid>,
    },
}

impl Card {
    /// What is on the card now.
    pub fn inventory(&self) -> Inventory {
        let vm = self.runtime.vm();
        let lifetime = Lifetime::load(vm);
        let aid = |id| registry::get(vm, id).map(|entry| entry.aid);
        let entries = registry::all(vm)
            .map(|entry| InventoryEntry {
                kind: match entry.kind {
                    Kind::Issuer => InventoryKind::IssuerDomain,
                    Kind::Domain => InventoryKind::Domain,
                    Kind::Terminal => InventoryKind::Terminal,
                    Kind::Applet(applet) => InventoryKind::Applet {
                        load_file: aid(applet.load_file),
                        module: applet.module,
                    },
                    Kind::LoadFile(file) => InventoryKind::LoadFile {
                        version: file.version,
                        code: file.code,
                        modules: file.modules,
                    },
                },
                life_cycle: match entry.id {
                    registry::EntryId::ISSUER => lifetime.state as u8,
                    _ => entry.life_cycle,
                },
                aid: entry.aid,
                privileges: entry.privileges,
                domain: aid(entry.domain),
            })
            .collect();
        Inventory {
            card_id: lifetime.card_id,
            state: lifetime.state,
            entries,
            free_persistent: vm.free_bytes(Storage::Persistent),
            free_reset: vm.free_bytes(Storage::ClearOnReset),
            free_deselect: vm.free_bytes(Storage::ClearOnDeselect),
        }
    }
}
